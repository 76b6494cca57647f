//! `variable`: the value of an environment variable, for those who looked it up; keyed by its name.

use super::{FactKind, Kind};
use crate::world::{Surroundings, World};
use crate::{Digest, Fact, RelPath};

pub(super) struct VariableKind;

/// The fact of the value, or the lack of one, that the environment variable `name` has in these surroundings.
#[must_use]
pub fn variable_fact(name: &str, surroundings: &dyn Surroundings) -> Fact {
    Fact::new(Kind::Variable, name, digest(name, surroundings))
}

fn digest<S: Surroundings + ?Sized>(name: &str, surroundings: &S) -> Digest {
    // That it is not set is no value, not even the empty one.
    surroundings.variable(name).unwrap_or_else(|| Digest::of(b"not set"))
}

impl FactKind for VariableKind {
    fn name(&self) -> &'static str {
        "variable"
    }

    fn file(&self, _key: &str) -> Option<RelPath> {
        None
    }

    fn subject(&self, key: &str) -> String {
        format!("{key} (environment variable)")
    }

    fn digest_now(&self, key: &str, world: &dyn World) -> Option<Digest> {
        Some(digest(key, world))
    }

    fn describe(&self, key: &str, _is_gone: bool) -> String {
        format!("environment variable `{key}` changed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One(Option<Digest>);

    impl Surroundings for One {
        fn variable(&self, name: &str) -> Option<Digest> {
            self.0.filter(|_| name == "MODE")
        }
    }

    #[test]
    fn not_set_is_another_value_than_an_empty_one() {
        let fact = |value| variable_fact("MODE", &One(value));
        let of = |value: &[u8]| fact(Some(Digest::of(value)));
        assert_eq!(of(b"fast"), of(b"fast"));
        assert_ne!(of(b"fast"), of(b"slow"));
        assert_ne!(of(b""), fact(None));
    }
}
