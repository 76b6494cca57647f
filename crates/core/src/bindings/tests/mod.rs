//! Each rule by example, and the laws that hold for all.
//!
//! The examples are Markdown that a person can read: the files of a small project, what ran, and
//! edits, each of which must make the test stale or leave it fresh.

mod absences;
mod case;
mod laws;
mod project;
mod unnamed;

use case::Case;

const CASES: &[(&str, &str)] = &[
    ("names", include_str!("cases/names.md")),
    ("annotations", include_str!("cases/annotations.md")),
    ("classes", include_str!("cases/classes.md")),
    ("statements", include_str!("cases/statements.md")),
    ("effects", include_str!("cases/effects.md")),
    ("functions", include_str!("cases/functions.md")),
    ("widenings", include_str!("cases/widenings.md")),
    ("pytest", include_str!("cases/pytest.md")),
];

#[test]
fn every_case_holds() {
    let mut failures = Vec::new();
    let mut edits = 0;
    for (file, text) in CASES {
        for case in Case::all(text) {
            edits += case.edits.len();
            failures
                .extend(case.failures().into_iter().map(|failure| format!("{file}: {failure}")));
        }
    }
    assert!(failures.is_empty(), "{} of {edits} edits:\n{}", failures.len(), failures.join("\n"));
    assert!(edits > 150, "{edits} edits");
}
