//! What the name of an attribute reaches in each class.

use rustc_hash::{FxHashMap, FxHashSet};

use super::classes::{ClassId, ClassInfo, Classes, absence};
use super::modules::ModuleId;
use super::resolve::Resolver;
use super::vertices::{Item, VertexId, fixed};
use super::words::Word;
use crate::source::bindings::is_implicit;

/// Of more names than this that a class inherits or its instances have, it is told all at once that it does not bind
/// them: of each of a hundred classes that share a base with hundreds of methods, that would be one fact for each.
const FEW_NAMES: usize = 32;

/// What the names of attributes reach, worked out for a class when it is first asked for.
#[derive(Debug, Default)]
pub(super) struct Tables {
    by_class: FxHashMap<ClassId, Table>,
    /// Who has an entry for a name, of the classes whose table was needed so far.
    owners: FxHashMap<Word, Vec<(ClassId, VertexId)>>,
    /// The classes with a name of their own that begins in a way that was asked for.
    alike: FxHashMap<Word, FxHashSet<ClassId>>,
    marks: Marks,
}

/// What each attribute's name reaches in a class, and the names as they are bound there.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<(Word, VertexId)>,
    /// The symbols that are looked up without being told to.
    pub(super) implicit: Vec<VertexId>,
    /// Names bound in the class or one of its bases, or stored on its instances, ascending.
    names: Vec<Word>,
}

impl Table {
    /// Whether the class has this name, as far as the source tells.
    pub(super) fn has(&self, name: Word) -> bool {
        self.names.binary_search(&name).is_ok()
    }
}

impl Classes {
    /// What each attribute's name reaches in a class.
    pub(super) fn table(&mut self, id: ClassId, resolver: &mut Resolver<'_>) -> &Table {
        if !self.tables.by_class.contains_key(&id) {
            let mut marks = std::mem::take(&mut self.tables.marks);
            let table = self.make_table(id, &mut marks, resolver);
            let tables = &mut self.tables;
            tables.marks = marks;
            for (name, vertex) in &table.entries {
                tables.owners.entry(*name).or_default().push((id, *vertex));
            }
            tables.by_class.insert(id, table);
        }
        self.tables.by_class.entry(id).or_default()
    }

    /// The classes that have something for this name, of those whose table was asked for.
    pub(super) fn owners(&self, name: Word) -> &[(ClassId, VertexId)] {
        self.tables.owners.get(&name).map_or(&[], |owners| owners)
    }

    /// Whether a class has a name, inherited ones and those of instances included, that begins like this.
    pub(super) fn has_alike(&mut self, id: ClassId, prefix: Word, resolver: &Resolver<'_>) -> bool {
        let Self { all, tables, .. } = self;
        let owners = tables.alike.entry(prefix).or_insert_with(|| {
            let text = resolver.words.text(prefix);
            let begins = |info: &ClassInfo| {
                let Some(source) = resolver.modules.source(info.module) else { return false };
                let bindings = source.bindings();
                let symbols = bindings.symbols_of(Some(info.class));
                let stored = &bindings.classes[info.class as usize].stored;
                let mut names =
                    symbols.map(|at| bindings.symbols[at].name).chain(stored.iter().copied());
                names.any(|name| bindings.name(name).starts_with(text))
            };
            (0..).zip(all.iter()).filter(|(_, info)| begins(info)).map(|(id, _)| id).collect()
        });
        all[id as usize].order.iter().any(|base| owners.contains(base))
    }

    fn make_table(&self, id: ClassId, marks: &mut Marks, resolver: &mut Resolver<'_>) -> Table {
        let mut table = Table::default();
        let order = &self.get(id).order;
        marks.begin(resolver.words.len());
        for (at, base) in order.iter().enumerate() {
            let ClassInfo { module, class, .. } = *self.get(*base);
            let Some(source) = resolver.modules.source(module) else { continue };
            let first = resolver.modules.get(module).first;
            let bindings = source.bindings();
            for symbol in bindings.symbols_of(Some(class)) {
                let name = source.words[bindings.symbols[symbol].name.0 as usize];
                marks.bound_up_to(name, at);
                if at == 0 {
                    let vertex = fixed(first, bindings, Item::Symbol(symbol as u32));
                    table.entries.push((name, vertex));
                    if is_implicit(resolver.words.text(name)) {
                        table.implicit.push(vertex);
                    }
                }
            }
            for stored in &bindings.classes[class as usize].stored {
                // Set on instances: a property of the name anywhere would be in the way.
                marks.bound_up_to(source.words[stored.0 as usize], order.len());
            }
        }
        for (at, base) in order.iter().enumerate() {
            let ClassInfo { module, class, .. } = *self.get(*base);
            marks.begin_base();
            if let Some(source) = resolver.modules.source(module) {
                let bindings = source.bindings();
                for symbol in bindings.symbols_of(Some(class)) {
                    marks.binds(source.words[bindings.symbols[symbol].name.0 as usize]);
                }
            }
            // Which implicit names a class has is told by its skeleton.
            let is_told = |name: &Word| is_implicit(resolver.words.text(*name));
            let mut lacking: Vec<Word> = marks.not_bound(at).filter(|it| !is_told(it)).collect();
            lacking.sort_unstable();
            table.entries.extend(absences(module, class, &lacking, resolver));
        }
        self.find_abstract(id, &mut table, resolver);
        self.find_outside(id, &mut table, resolver);
        table.entries.sort_unstable();
        table.entries.dedup();
        table.names = marks.names();
        table
    }
}

/// What says that a class lacks these names, by name.
fn absences(
    module: ModuleId,
    class: u32,
    names: &[Word],
    resolver: &mut Resolver<'_>,
) -> Vec<(Word, VertexId)> {
    let of_all = (names.len() > FEW_NAMES).then(|| Item::Lacks(class, resolver.words.set(names)));
    let item = |name| match absence(resolver.modules, module, class, name) {
        Item::Absent(..) => of_all.unwrap_or(Item::Absent(Some(class), name)),
        of_module => of_module,
    };
    let items: Vec<(Word, Item)> = names.iter().map(|name| (*name, item(*name))).collect();
    items.into_iter().map(|(name, item)| (name, resolver.vertices.number(module, item))).collect()
}

impl Classes {
    /// A class can be instantiated if all that is abstract in its bases is overridden: where that is done, and that
    /// it is not, counts for who has the class. What the overrides do counts only for who calls them.
    fn find_abstract(&self, id: ClassId, table: &mut Table, resolver: &Resolver<'_>) {
        let order = self.get(id).order.iter().map(|base| self.get(*base));
        let sources = order.filter_map(|info| Some((info, resolver.modules.source(info.module)?)));
        let mut names: Vec<Word> = sources
            .flat_map(|(info, source)| {
                let names = &source.bindings().classes[info.class as usize].abstract_methods;
                names.iter().map(|name| source.words[name.0 as usize])
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        let is_it = |(name, _): &&(Word, VertexId)| names.binary_search(name).is_ok();
        table.implicit.extend(table.entries.iter().filter(is_it).map(|(_, vertex)| *vertex));
    }
}

impl Classes {
    /// What bases outside of the project call by name counts for who has the class, and what else they have for who
    /// mentions it: that the class binds it, or does not.
    fn find_outside(&self, id: ClassId, table: &mut Table, resolver: &mut Resolver<'_>) {
        let infos = || self.get(id).order.iter().map(|base| self.get(*base));
        let called = infos().flat_map(|info| &info.called);
        let called = words_of(called, resolver);
        let members = words_of(infos().flat_map(|info| &info.from_outside), resolver);
        if called.is_empty() && members.is_empty() {
            return;
        }
        let ClassInfo { module, class, .. } = *self.get(id);
        let Some(source) = resolver.modules.source(module) else { return };
        let first = resolver.modules.get(module).first;
        let bindings = source.bindings();
        let own: FxHashMap<Word, usize> = bindings
            .symbols_of(Some(class))
            .map(|at| (source.words[bindings.symbols[at].name.0 as usize], at))
            .collect();
        let bound = called.iter().filter_map(|name| own.get(name));
        let bound = bound.map(|at| fixed(first, bindings, Item::Symbol(*at as u32)));
        table.implicit.extend(bound);
        for (names, is_called) in [(called, true), (members, false)] {
            let lacking: Vec<Word> =
                names.into_iter().filter(|name| !own.contains_key(name)).collect();
            if lacking.is_empty() {
                continue;
            }
            let lacks = Item::Lacks(class, resolver.words.set(&lacking));
            let lacks = resolver.vertices.number(module, lacks);
            if is_called {
                table.implicit.push(lacks);
            } else {
                table.entries.extend(lacking.into_iter().map(|name| (name, lacks)));
            }
        }
    }
}

/// The numbers of names, ascending and each once.
fn words_of<'a>(
    names: impl Iterator<Item = &'a &'static str>,
    resolver: &mut Resolver<'_>,
) -> Vec<Word> {
    let mut words: Vec<Word> = names.map(|name| resolver.words.number(name)).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Notes about the names of one class while its table is made, by number of the name: a thousand classes have
/// hundreds each.
#[derive(Debug, Default)]
struct Marks {
    /// Where in `names` a name stands, and for which table that holds.
    places: Vec<(u32, u32)>,
    /// The base that was the last to bind a name.
    binders: Vec<u32>,
    table: u32,
    base: u32,
    /// Each name with the last place of the order that binds it.
    names: Vec<(Word, usize)>,
}

impl Marks {
    /// Begins another table, in a program with so many names.
    fn begin(&mut self, names: usize) {
        self.places.resize(self.places.len().max(names), (0, 0));
        self.binders.resize(self.binders.len().max(names), 0);
        self.table += 1;
        self.names.clear();
    }

    /// Notes that a name is bound at this place of the order; of several, the last counts.
    fn bound_up_to(&mut self, name: Word, at: usize) {
        let (place, table) = &mut self.places[name.0 as usize];
        if *table == self.table {
            self.names[*place as usize].1 = at;
        } else {
            (*place, *table) = (self.names.len() as u32, self.table);
            self.names.push((name, at));
        }
    }

    /// Goes to the next base.
    fn begin_base(&mut self) {
        self.base += 1;
    }

    /// Notes that the base binds a name.
    fn binds(&mut self, name: Word) {
        self.binders[name.0 as usize] = self.base;
    }

    /// The names that are bound behind this place of the order, and not by the base.
    fn not_bound(&self, at: usize) -> impl Iterator<Item = Word> {
        let is_it = move |(name, end): &&(Word, usize)| {
            at < *end && self.binders[name.0 as usize] != self.base
        };
        self.names.iter().filter(is_it).map(|(name, _)| *name)
    }

    /// All names, ascending.
    fn names(&self) -> Vec<Word> {
        let mut names: Vec<Word> = self.names.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }
}
