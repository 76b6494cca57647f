//! What functions change without naming it, when they run for a statement at import.

use super::case::Case;

/// What does not come out as `edits` say, for a test of `get`, if `register` has this body and a plug-in calls it.
fn failures(body: &str, edits: &str) -> Vec<String> {
    let helpers = ["put", "table", "Holder.fill"];
    let is_called = |name: &&str| body.contains(name.rsplit('.').next().unwrap_or(name));
    let ran = helpers.into_iter().filter(is_called);
    let ran: String = ran.map(|name| format!("import: plug.py 2 ran reg.py {name}\n")).collect();
    let text = format!(
        "## {body}
`reg.py`
```py
import bisect
REG = {{'a': {{}}}}
SIZE = 3
def get(): return REG, SIZE, ALIAS
def put(table, k, v): table[k] = v
def table(): return REG
ALIAS = table
class Holder:
    def __init__(self, child): self.child = child
    def fill(self, k, v): self.child.x = v
HOLDER = Holder(REG)
def register(k, v):
    {body}
```
`plug.py`
```py
import reg
FOUND = reg.register('x', 1)
```
`test_a.py`
```py
import plug, reg
def test(): return reg.get()
```
ran: test_a.py test
ran: reg.py get
import: plug.py 2 ran reg.py register
{ran}{edits}
"
    );
    Case::all(&text).iter().flat_map(Case::failures).collect()
}

#[test]
fn what_is_filled_is_found_behind_a_part_a_local_name_or_a_call() {
    let edits = "stale: plug.py | 'x', 1 | 'x', 2
stale: plug.py |  | OTHER = reg.register('y', 2)
stale: reg.py | def register(k, v):\\n | def register(k, v):\\n    k = k + k\\n";
    for body in [
        "REG['a'][k] = v",
        "REG[k].append(v)",
        "REG['a'].x = v",
        "part = REG['a']; part.add(v)",
        "part = REG['a']; part[k] = v",
        "part = REG.get('a'); part.x = v",
        "[part.append(v) for part in [REG]]",
        "for part in [REG]: part[k] = v",
        "with REG as part: part.add(v)",
        "put(REG, k, v)",
        "table()[k] = v",
        "table().add(v)",
        "(lambda part: part.append(v))(REG)",
        "getattr(REG, 'append')(v)",
        "bisect.insort(REG, v)",
        "vars(REG)[k] = v",
        "HOLDER.fill(REG, v)",
    ] {
        let failures = failures(body, edits);
        assert!(failures.is_empty(), "{failures:#?}");
    }
}

#[test]
fn what_a_function_makes_itself_is_nobody_elses_and_a_number_cannot_change() {
    for body in [
        "found = {}; found[k] = REG",
        "found = [v for v in REG]; found.append(SIZE)",
        "found = dict(REG); found.x = v",
        "found = 0; found += SIZE",
        "return REG.get(k)",
        "k[SIZE] = v",
        "if k is not REG: k.x = v",
        "k.x = ALIAS",
    ] {
        let failures = failures(body, "fresh: plug.py | 'x', 1 | 'x', 2");
        assert!(failures.is_empty(), "{failures:#?}");
    }
}

#[test]
fn a_statement_that_fills_a_part_fills_the_whole() {
    let text = "## a part with a name
`reg.py`
```py
REG = {'a': {}}
OTHER = {}
part = REG['a']
part['x'] = 1
own = dict(OTHER)
own['y'] = 1
```
`test_a.py`
```py
import reg
def test(): return reg.REG, reg.OTHER
```
ran: test_a.py test
stale: reg.py | part['x'] = 1 | part['x'] = 2
fresh: reg.py | own['y'] = 1 | own['y'] = 2
";
    let failures: Vec<String> = Case::all(text).iter().flat_map(Case::failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn an_object_inside_of_another_is_what_was_put_there() {
    let text = "## objects inside of objects
`core.py`
```py
class Child: pass
CHILD = Child()
GIVEN = Child()
OTHER = Child()
class Base:
    def __init__(self, given):
        self.child = CHILD
        self.given = given
        self.other = None
    def look(self): return OTHER
class App(Base):
    def fill(self, v):
        self.child.x = v
    def fill_given(self, v):
        self.given.x = v
APP = App(GIVEN)
```
`plug.py`
```py
from core import APP
APP.fill(1)
APP.fill_given(2)
```
`test_a.py`
```py
import core, plug
def test(): return core.CHILD.x, core.GIVEN.x
```
ran: test_a.py test
import: plug.py 2 ran core.py App.fill
import: plug.py 3 ran core.py App.fill_given
stale: plug.py | fill(1) | fill(3)
stale: plug.py | fill_given(2) | fill_given(3)
## and not what was put elsewhere
`core.py`
```py
class Child: pass
CHILD = Child()
OTHER = Child()
class App:
    def __init__(self): self.child = CHILD
    def look(self): return OTHER
    def fill(self, v): self.child.x = v
APP = App()
```
`plug.py`
```py
from core import APP
APP.fill(1)
```
`test_a.py`
```py
import core, plug
def test(): return core.OTHER
```
ran: test_a.py test
import: plug.py 2 ran core.py App.fill
fresh: plug.py | fill(1) | fill(3)
";
    let failures: Vec<String> = Case::all(text).iter().flat_map(Case::failures).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}
