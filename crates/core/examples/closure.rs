//! Measures what bindings cost: `closure [DIRECTORY]`.
//!
//! Parses all Python files under the directory, then works out the closures of tests of a synthetic
//! project: 100 modules, 2,000 tests that run 300 functions each.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use testmonx_core::bindings::{Body, ModuleId, Program, Roots};
use testmonx_core::source::{Outline, SourceModel};
use testmonx_core::world::Outlines;
use testmonx_core::{Digest, RelPath};

const MODULES: usize = 100;
const TESTS: usize = 2_000;
const RAN: usize = 300;

fn main() {
    if let Some(directory) = std::env::args().nth(1) {
        parse_all(Path::new(&directory));
    }
    let mut program = Program::new();
    let mut bodies: Vec<Body> = Vec::new();
    for number in 0..MODULES {
        let text = module(number);
        let Ok(model) = SourceModel::parse(text.as_bytes()) else { continue };
        let functions = model.functions().len();
        let path = RelPath::new(&format!("pkg/m{number}.py"));
        let id = program.add(path, Digest::of(text.as_bytes()), Some(Arc::new(model)));
        program.name(id, &format!("pkg.m{number}"), "pkg");
        bodies.extend((0..functions).map(|function| Body { module: id, function }));
    }
    let tests: Vec<Roots> = (0..TESTS).map(|test| roots(test, &bodies)).collect();
    let mut parts = std::collections::HashSet::new();
    let mut facts = 0;
    let started = cpu();
    let first = program.closure(&tests[0], &Nothing);
    println!("first closure {:?}, {} functions in all", (cpu() - started), bodies.len());
    drop(first);
    for round in ["cold", "again"] {
        let started = cpu();
        for reached in program.closures(&tests, &Nothing) {
            facts += reached.part.map_or(0, |part| program.facts(part).len());
            parts.extend(reached.part);
        }
        let all = cpu() - started;
        println!(
            "{TESTS} tests of {RAN} functions, {round}: {:?}; {} facts a test, {} parts",
            all,
            facts / TESTS,
            parts.len()
        );
        facts = 0;
    }
}

/// What this thread has spent on a processor: other work of the machine makes no difference.
fn cpu() -> Duration {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let spent = schedule.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(spent.unwrap_or(0))
}

/// The functions that one test runs: most of them as the other tests of its file do.
fn roots(test: usize, bodies: &[Body]) -> Roots {
    let file = test / 20;
    let shared = (0..RAN * 5 / 6).map(|step| bodies[(file * 61 + step * 7) % bodies.len()]);
    let own = (0..RAN / 6).map(|step| bodies[(test * 37 + step) % bodies.len()]);
    let bodies: Vec<Body> = shared.chain(own).collect();
    let modules: Vec<ModuleId> = bodies.first().map(|body| body.module).into_iter().collect();
    Roots { bodies, modules, ..Roots::default() }
}

fn module(number: usize) -> String {
    let mut text = String::from("import os\nimport re\n");
    for other in [1, 2, 3, 5, 8].map(|step| number.saturating_sub(step)) {
        text += &format!("from .m{other} import C{other}_0, f{other}_1, K{other}_2 as k{other}\n");
        text += &format!("from . import m{other}\n");
    }
    for at in 0..20 {
        text += &format!("K{number}_{at} = {{'a': {at}, 'b': K{number}_{}}}\n", at.max(1) - 1);
    }
    for at in 0..6 {
        let base = if at > 0 { format!("(C{number}_{})", at - 1) } else { String::new() };
        text +=
            &format!("class C{number}_{at}{base}:\n    attr{at} = K{number}_{at}\n    other = 1\n");
        for method in 0..6 {
            text += &format!(
                "    def m{method}(self, x=K{number}_{method}):\n        self.v{method} = x\n        return self.attr{at} + self.m{}(x)\n",
                (method + 1) % 6
            );
        }
    }
    for at in 0..30 {
        let other = number.saturating_sub(at % 4 + 1);
        text += &format!(
            "def f{number}_{at}(x, y=K{number}_{}):\n    z = C{number}_{}()\n    return len(x) + m{other}.K{other}_{} + z.m{}(k{other} if y else None)\n",
            at % 20,
            at % 6,
            at % 20,
            at % 6,
            other = [1, 2, 3, 5, 8].map(|step| number.saturating_sub(step))[at % 5]
        );
        let _ = other;
    }
    text
}

fn parse_all(directory: &Path) {
    let mut files = Vec::new();
    collect(directory, &mut files);
    let bytes: usize = files.iter().map(Vec::len).sum();
    let started = cpu();
    let models: Vec<SourceModel> =
        files.iter().filter_map(|file| SourceModel::parse(file).ok()).collect();
    let parsed = cpu() - started;
    let started = cpu();
    let outlines: usize =
        models.iter().map(|model| model.outline()).filter(|it| it.block("f").is_some()).count();
    println!(
        "{} files, {:.1} MB: parsed {:?} ({:.1} MB/s), outlined {:?} ({outlines})",
        files.len(),
        bytes as f64 / 1e6,
        parsed,
        bytes as f64 / 1e6 / parsed.as_secs_f64(),
        (cpu() - started)
    );
}

fn collect(directory: &Path, files: &mut Vec<Vec<u8>>) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            files.extend(std::fs::read(path));
        }
    }
}

/// A tree with nothing in it but what is loaded.
struct Nothing;

impl Outlines for Nothing {
    fn outline(&self, _path: &RelPath) -> Option<Arc<Outline>> {
        None
    }
}
