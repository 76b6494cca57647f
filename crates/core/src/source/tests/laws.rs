//! Laws of the digests, over generated modules.

use std::fmt::Write;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::outline;

/// A line of code that fits in any block.
fn statement() -> impl Strategy<Value = String> {
    let name = || select(vec!["a", "b", "c", "self", "f0"]);
    prop_oneof![
        (name(), name(), 0..9u8).prop_map(|(a, b, n)| format!("{a} = {b} + {n}")),
        (name(), name()).prop_map(|(a, b)| format!("{a}({b}, key='{a}')")),
        (name(), name()).prop_map(|(a, b)| format!("{a} = [{b} for {b} in {a} if {b}]")),
        (name(), 0..9u8).prop_map(|(a, n)| format!("if {a} > {n}: {a} = lambda x={n}: x")),
        (name(), name()).prop_map(|(a, b)| format!("{a} = f'{{{b}!r:>3}} {a}'")),
        (name(), name()).prop_map(|(a, b)| format!("with {a} as {b}: {b}.x[1:{a}] = {{**{a}}}")),
    ]
}

/// A module of functions, methods and statements between them.
#[derive(Clone, Debug)]
struct Module {
    /// Each top-level item: a statement, a function's body, or the bodies of a class's methods.
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
enum Item {
    Statement(String),
    Function(Vec<String>),
    Class(Vec<Vec<String>>),
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        statement().prop_map(Item::Statement),
        vec(statement(), 1..4).prop_map(Item::Function),
        vec(vec(statement(), 1..3), 1..3).prop_map(Item::Class),
    ]
}

fn module() -> impl Strategy<Value = Module> {
    vec(item(), 1..8).prop_map(|items| Module { items })
}

/// How a module is laid out.
#[derive(Clone, Debug)]
struct Layout {
    indent: &'static str,
    newline: &'static str,
    blank_lines: usize,
    comment: &'static str,
    docstrings: bool,
}

fn layout() -> impl Strategy<Value = Layout> {
    (
        select(vec![" ", "    ", "\t"]),
        select(vec!["\n", "\r\n", "\r"]),
        0..3usize,
        select(vec!["", "  # a comment", "  # 'another'"]),
        any::<bool>(),
    )
        .prop_map(|(indent, newline, blank_lines, comment, docstrings)| Layout {
            indent,
            newline,
            blank_lines,
            comment,
            docstrings,
        })
}

const PLAIN: Layout =
    Layout { indent: "    ", newline: "\n", blank_lines: 0, comment: "", docstrings: false };

impl Module {
    fn text(&self, layout: &Layout) -> String {
        let mut text = String::new();
        let mut line = |depth: usize, code: &str| {
            let Layout { indent, newline, blank_lines, comment, .. } = layout;
            let _ = write!(text, "{}{code}{comment}{newline}", indent.repeat(depth));
            text.push_str(&newline.repeat(*blank_lines));
        };
        let mut body = |depth: usize, head: &str, body: &[String]| {
            line(depth, head);
            if layout.docstrings && head.ends_with(':') {
                line(depth + 1, "'''Says what it does.'''");
            }
            body.iter().for_each(|code| line(depth + 1, code));
        };
        for (at, item) in self.items.iter().enumerate() {
            match item {
                Item::Statement(code) => body(0, code, &[]),
                Item::Function(code) => body(0, &format!("def f{at}(a, b=1):"), code),
                Item::Class(methods) => {
                    body(0, &format!("class C{at}:"), &[]);
                    for (method, code) in methods.iter().enumerate() {
                        body(1, &format!("def m{method}(self):"), code);
                    }
                }
            }
        }
        text
    }

    /// The bodies, each with its block's name.
    fn bodies(&mut self) -> Vec<(String, &mut Vec<String>)> {
        let items = self.items.iter_mut().enumerate();
        items
            .flat_map(|(at, item)| match item {
                Item::Statement(_) => Vec::new(),
                Item::Function(code) => vec![(format!("f{at}"), code)],
                Item::Class(methods) => {
                    let methods = methods.iter_mut().enumerate();
                    methods.map(|(m, code)| (format!("C{at}.m{m}"), code)).collect()
                }
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blind_to_layout_comments_and_docstrings(module in module(), layout in layout()) {
        let (plain, laid_out) = (outline(&module.text(&PLAIN)), outline(&module.text(&layout)));
        prop_assert_eq!(plain.module(), laid_out.module());
        for (name, _) in module.clone().bodies() {
            prop_assert!(plain.block(&name).is_some());
            prop_assert_eq!(plain.block(&name), laid_out.block(&name));
        }
        if !layout.docstrings {
            prop_assert_eq!(plain, laid_out);
        }
    }

    #[test]
    fn an_edit_of_a_body_changes_its_digest_alone(module in module(), which in any::<Index>()) {
        let mut edited = module.clone();
        let mut bodies = edited.bodies();
        prop_assume!(!bodies.is_empty());
        let which = which.index(bodies.len());
        bodies[which].1.push("edited()".into());
        let edited_name = bodies[which].0.clone();

        let (before, after) = (outline(&module.text(&PLAIN)), outline(&edited.text(&PLAIN)));
        prop_assert_eq!(before.module(), after.module());
        prop_assert_eq!(before.docstrings(), after.docstrings());
        for (name, _) in module.clone().bodies() {
            let is_same = before.block(&name) == after.block(&name);
            prop_assert_eq!(is_same, name != edited_name, "{}", name);
        }
    }

    #[test]
    fn a_new_function_changes_the_module_level_alone(module in module(), body in vec(statement(), 1..4)) {
        let mut longer = module.clone();
        longer.items.push(Item::Function(body));
        let (before, after) = (outline(&module.text(&PLAIN)), outline(&longer.text(&PLAIN)));
        prop_assert_ne!(before.module(), after.module());
        for (name, _) in module.clone().bodies() {
            prop_assert_eq!(before.block(&name), after.block(&name));
        }
    }

    #[test]
    fn moved_bodies_keep_their_digests(module in module()) {
        let text = module.text(&PLAIN);
        let moved = format!("import os\n\n{text}");
        let (before, after) = (outline(&text), outline(&moved));
        for (name, _) in module.clone().bodies() {
            prop_assert_eq!(before.block(&name), after.block(&name));
        }
    }

    #[test]
    fn outlines_survive_storage(module in module(), layout in layout()) {
        let outline = outline(&module.text(&layout));
        let bytes = postcard::to_stdvec(&outline).unwrap();
        prop_assert_eq!(postcard::from_bytes::<super::Outline>(&bytes).unwrap(), outline);
    }
}
