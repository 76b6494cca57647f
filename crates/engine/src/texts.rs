//! What a session says: the header, the summary, and the words in both.

/// How many changed files and packages are named before the rest is counted.
const NAMED_FILES: usize = 6;

/// How many differences between two environments are named before the rest is counted.
const NAMED_DIFFERENCES: usize = 4;

/// What is to be said of the records at the start of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Records {
    /// They cannot be used.
    Unusable,
    /// There were none at all.
    NewStore,
    /// There were none for this environment; what differs from the last one used.
    NewEnvironment(Vec<String>),
    /// They were compared with the tree.
    Compared {
        /// The files and packages whose changes matter to some test, by name.
        changed: Vec<String>,
        /// How many known tests have to run.
        affected: usize,
        /// How many of them only because they failed the last time.
        failed: usize,
        /// How many tests are known.
        known: usize,
    },
}

impl Records {
    /// The files whose changes matter.
    #[must_use]
    pub fn changed(&self) -> Vec<String> {
        match self {
            Self::Compared { changed, .. } => changed.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        }
    }

    /// One phrase.
    #[must_use]
    pub fn phrase(&self) -> String {
        match self {
            Self::Unusable => "without records, all tests run".to_owned(),
            Self::NewStore => "new store, all tests run".to_owned(),
            Self::NewEnvironment(differences) if differences.is_empty() => {
                "new environment, all tests run".to_owned()
            }
            Self::NewEnvironment(differences) => {
                let named = enumerate(differences, NAMED_DIFFERENCES);
                format!("new environment ({named}), all tests run")
            }
            Self::Compared { known: 0, .. } => "no test is known yet, all tests run".to_owned(),
            Self::Compared { changed, affected: 0, known, .. } if changed.is_empty() => {
                format!("nothing changed, {} fresh", tests(*known))
            }
            Self::Compared { changed, affected, failed, known } => {
                let mut phrase = if changed.is_empty() {
                    "nothing changed".to_owned()
                } else {
                    format!("changed: {}", enumerate(changed, NAMED_FILES))
                };
                phrase.push_str(&format!("; {affected} of {} affected", tests(*known)));
                if *failed > 0 {
                    phrase.push_str(&format!(" ({failed} failed the last time)"));
                }
                phrase
            }
        }
    }
}

/// What people call the environment with this name.
#[must_use]
pub fn environment_name(name: &str) -> &str {
    if name.is_empty() { "default" } else { name }
}

/// The header's line.
#[must_use]
pub fn header(records: &Records, environment: &str, note: Option<&str>) -> String {
    let name = environment_name(environment);
    let mut line = format!("testmonx: {}; environment: {name}", records.phrase());
    if let Some(note) = note {
        line.push_str("; ");
        line.push_str(note);
    }
    line
}

/// The summary's line, with what was saved.
#[must_use]
pub fn summary(ran: usize, left_out: usize, saved_micros: u64, is_recording: bool) -> String {
    let mut line = format!("testmonx: {} ran", tests(ran));
    if left_out > 0 {
        line.push_str(&format!(", {left_out} left out, {} saved", seconds(saved_micros)));
    }
    if !is_recording {
        line.push_str(", nothing recorded");
    }
    line
}

/// `1 test`, `2 tests`.
#[must_use]
pub fn tests(count: usize) -> String {
    format!("{count} {}", if count == 1 { "test" } else { "tests" })
}

fn seconds(micros: u64) -> String {
    format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000)
}

fn enumerate<T: ToString>(things: &[T], limit: usize) -> String {
    let named: Vec<String> = things.iter().take(limit).map(ToString::to_string).collect();
    let named = named.join(", ");
    if things.len() > limit { format!("{named} and {} more", things.len() - limit) } else { named }
}

#[cfg(test)]
mod wording {
    use super::*;

    fn compared(changed: &[&str], affected: usize, failed: usize) -> Records {
        let changed = changed.iter().map(ToString::to_string).collect();
        Records::Compared { changed, affected, failed, known: 20 }
    }

    #[test]
    fn headers() {
        assert_eq!(
            header(&compared(&["a.py", "b.py"], 3, 0), "", None),
            "testmonx: changed: a.py, b.py; 3 of 20 tests affected; environment: default"
        );
        assert_eq!(compared(&[], 0, 0).phrase(), "nothing changed, 20 tests fresh");
        assert_eq!(
            compared(&[], 1, 1).phrase(),
            "nothing changed; 1 of 20 tests affected (1 failed the last time)"
        );
        assert_eq!(
            compared(&["1", "2", "3", "4", "5", "6", "7", "8"], 1, 0).phrase(),
            "changed: 1, 2, 3, 4, 5, 6 and 2 more; 1 of 20 tests affected"
        );
        assert_eq!(
            header(&Records::NewStore, "ci", Some("selection is off because of -k")),
            "testmonx: new store, all tests run; environment: ci; selection is off because of -k"
        );
    }

    #[test]
    fn summaries() {
        assert_eq!(
            summary(3, 17, 1_250_000, true),
            "testmonx: 3 tests ran, 17 left out, 1.25 s saved"
        );
        assert_eq!(summary(1, 0, 0, false), "testmonx: 1 test ran, nothing recorded");
    }
}
