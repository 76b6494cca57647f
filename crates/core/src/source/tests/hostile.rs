//! Sources that nobody should write: they may be refused, and never end the process.

use crate::source::{SourceModel, Unparsable};

const SYNTHETIC: &str = "# -*- coding: utf-8 -*-
'''Modül.'''
from __future__ import annotations
import os.path as p, sys
if TYPE_CHECKING:
    from x import y
type A[T: (int, str), *Ts, **P] = dict[T, 'é']
@dec(lambda q: f'{q!r:>{w}} {q=}' rf'\\d{q}', b'\\xff' b'')
async def f(a, /, b: int = 0x1F, *c, d=1_0.5e-3j, **e) -> 'ü':
    '''Doc\\ud800.'''
    async with a as (b, *c), d: await e
    async for x in y: yield [z async for z in x if z]
    else: return
    match x:
        case {'k': [1, *_], **rest} | Cls(1, k=None) as n if n: pass
    try:
        global g
        def g(): nonlocal_ = yield from a
    except* (A, B) as err: raise X from err
    finally: x[1:2, ::3], y.z = {**a, 'b': not b}, {1, 2}
class C[T](B, metaclass=M):
    x: int = 1 if a else -2
    def m(self): return super().m() + (lambda *, k=1: k)()
    del x
t'{a}{b=}'
";

/// A small generator of numbers with a fixed seed (Knuth's MMIX).
fn numbers() -> impl Iterator<Item = usize> {
    let mut state: u64 = 0x5eed;
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    })
}

#[test]
fn the_synthetic_source_is_python() {
    assert_eq!(SourceModel::parse(SYNTHETIC.as_bytes()).unwrap().functions().len(), 3);
}

#[test]
fn cut_anywhere() {
    let bytes = SYNTHETIC.as_bytes();
    for end in 0..bytes.len() {
        let _ = SourceModel::parse(&bytes[..end]);
        let _ = SourceModel::parse(&bytes[end..]);
    }
}

#[test]
fn spliced_and_mangled() {
    let bytes = SYNTHETIC.as_bytes();
    let mut numbers = numbers();
    let mut below = |end: usize| numbers.next().unwrap_or(0) % end;
    for _ in 0..3_000 {
        let mut source = bytes.to_vec();
        for _ in 0..=below(4) {
            let (at, from) = (below(source.len()), below(bytes.len()));
            let length = below(40).min(bytes.len() - from);
            match below(3) {
                0 => source[at] = below(256) as u8,
                1 => drop(source.splice(at..at, bytes[from..from + length].iter().copied())),
                _ => drop(source.drain(at..(at + length).min(source.len()))),
            }
            if source.is_empty() {
                break;
            }
        }
        let _ = SourceModel::parse(&source).map(|model| {
            for function in model.functions() {
                let name = function.name().split('#').next().unwrap_or_default();
                let block = model.block_of_code(name, function.first_line());
                assert_ne!(block, crate::source::CodeBlock::Unknown);
            }
        });
    }
}

#[test]
fn deep_sources_parse_or_are_refused() {
    let deep = |depth: usize| {
        [
            format!("x = {}a", "a + ".repeat(depth)),
            format!("x = {}a", "-".repeat(depth)),
            format!("x = a{}", ".b()".repeat(depth)),
            format!("x = {}a{}", "(".repeat(depth), ")".repeat(depth)),
            format!("x = {}a{}", "[".repeat(depth), "]".repeat(depth)),
            format!("x = {}c", "a if b else ".repeat(depth)),
            format!("x = {}c", "lambda: ".repeat(depth)),
        ]
    };
    for source in deep(2_000) {
        SourceModel::parse(source.as_bytes()).unwrap();
    }
    for source in deep(40_000) {
        let refused = SourceModel::parse(source.as_bytes());
        assert!(matches!(refused, Ok(_) | Err(Unparsable::TooDeep)));
    }
    let nested: String = (0..90).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    SourceModel::parse(format!("{nested}{}y", " ".repeat(90)).as_bytes()).unwrap();
}

#[test]
fn errors_say_where() {
    let error = SourceModel::parse(b"x = 1\ny = = 2\n").unwrap_err().to_string();
    assert!(error.starts_with("syntax error at line 2: "), "{error}");
    assert!(SourceModel::parse(b"x = '\0'").is_ok_and(|model| model.functions().is_empty()));
}
