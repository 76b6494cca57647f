//! Code objects of CPython 3.11, 3.12 and 3.13, recorded, and the blocks that they belong to.
//!
//! `data/code_objects.txt` lists every code object that CPython makes of the sources beside it, with
//! the named function that it stands in, as the nesting of `co_consts` has it.

use super::model;
use crate::source::{CodeBlock, SourceModel};

const RECORDED: &str = include_str!("data/code_objects.txt");

/// The block of a code object as the record writes it: `qualname:firstlineno`.
fn block(model: &SourceModel, qualname: &str, line: u32) -> String {
    match model.block_of_code(qualname, line) {
        CodeBlock::Function(index) => {
            let function = &model.functions()[index];
            assert!((function.first_line()..=function.last_line()).contains(&line));
            let name = function.name().split('#').next().unwrap_or_default();
            format!("{name}:{}", function.first_line())
        }
        CodeBlock::ModuleLevel => "<module>".into(),
        CodeBlock::Unknown => "unknown".into(),
    }
}

#[test]
fn every_recorded_code_object_finds_its_block() {
    let plain = model(include_str!("data/plain.py"));
    let generic = model(include_str!("data/generic.py"));
    let mut count = 0;
    for row in RECORDED.lines().filter(|row| !row.starts_with('#')) {
        let fields: Vec<_> = row.split('\t').collect();
        let [file, line, qualname, expected, versions] = fields[..] else {
            panic!("not a row: {row}")
        };
        let model = if file == "plain.py" { &plain } else { &generic };
        let found = block(model, qualname, line.parse().unwrap());
        assert_eq!(found, expected, "{qualname} at {file}:{line} of CPython {versions}");
        count += 1;
    }
    assert!(count > 80, "{count} rows");
}

/// 3.14 makes a function for the annotations of each function, class and module (PEP 649). It is
/// beside the function, and runs when somebody asks for the annotations.
#[test]
fn annotations_of_314_belong_to_what_defines_the_annotated() {
    let model = model("x: int\ndef f():\n    def g(a: int): pass\n    class C:\n        x: int\n");
    for (qualname, line, expected) in [
        ("__annotate__", 1, "<module>"),
        ("f.__annotate__", 2, "<module>"),
        ("f.<locals>.g.__annotate__", 3, "f:2"),
        ("f.<locals>.C.__annotate__", 5, "f:2"),
        ("f.<locals>.g.__annotate__.<locals>.<lambda>", 3, "f:2"),
    ] {
        assert_eq!(block(&model, qualname, line), expected, "{qualname}");
    }
}

#[test]
fn code_of_other_sources_is_unknown() {
    let model = model("def f():\n    return 1\n");
    for (qualname, line) in [("g", 1), ("f", 2), ("f.<locals>.g", 2), ("g.<locals>.<lambda>", 2)] {
        assert_eq!(model.block_of_code(qualname, line), CodeBlock::Unknown, "{qualname}:{line}");
    }
    assert_eq!(model.block_of_code("f.<locals>.<lambda>", 9), CodeBlock::Unknown);
    assert_eq!(model.block_of_code("", 1), CodeBlock::Unknown);
}
