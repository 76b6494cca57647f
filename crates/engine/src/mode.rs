//! What the command line asks for: select, record, reorder, or nothing. The rules are
//! pytest-testmon's, so that people can switch without learning new ones.

/// The options that decide, as given.
#[derive(Clone, Debug, Default)]
pub struct Switches {
    /// `--testmon`.
    pub testmon: bool,
    /// `--testmon-noselect`.
    pub noselect: bool,
    /// `--testmon-nocollect`.
    pub nocollect: bool,
    /// `--testmon-forceselect`.
    pub forceselect: bool,
    /// `--no-testmon`.
    pub no_testmon: bool,
    /// `--tmnet`.
    pub tmnet: bool,
    /// `--collect-only`.
    pub collect_only: bool,
    /// Options that narrow the run by themselves, as a person would name them: `-k`, `-m`, `--lf`,
    /// `a node ID`.
    pub narrowed_by: Vec<String>,
}

/// What a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Leave fresh tests out.
    pub selects: bool,
    /// Trace, and write to the store.
    pub records: bool,
    /// Run the tests most likely to fail first.
    pub reorders: bool,
}

/// Options that cannot be satisfied; a usage error.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SwitchError {
    /// `--tmnet`.
    #[error(
        "--tmnet is not supported: testmonx keeps its data in a local file (drop the option; set TESTMON_DATAFILE to choose the file)"
    )]
    Tmnet,
}

impl Switches {
    /// The mode that they ask for, with the reason if selection is switched off by another option;
    /// `None` if testmonx is not to do anything.
    ///
    /// # Errors
    /// If an option is given that is not supported.
    pub fn mode(&self) -> Result<Option<(Mode, Option<String>)>, SwitchError> {
        if self.no_testmon {
            return Ok(None);
        }
        if self.tmnet {
            return Err(SwitchError::Tmnet);
        }
        if !(self.testmon || self.noselect || self.nocollect || self.forceselect) {
            return Ok(None);
        }
        let is_narrowed = !self.narrowed_by.is_empty();
        let selects = self.forceselect || !(self.noselect || is_narrowed);
        let mode = Mode {
            selects,
            records: !(self.nocollect || self.collect_only),
            reorders: self.noselect && !selects,
        };
        let why = (is_narrowed && !selects && !self.noselect)
            .then(|| format!("selection is off because of {}", self.narrowed_by.join(", ")));
        Ok(Some((mode, why)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(switches: Switches) -> Option<(bool, bool, bool)> {
        let (mode, _) = switches.mode().unwrap()?;
        Some((mode.selects, mode.records, mode.reorders))
    }

    #[test]
    fn as_in_pytest_testmon() {
        let none = Switches::default;
        assert_eq!(mode(none()), None);
        assert_eq!(mode(Switches { testmon: true, ..none() }), Some((true, true, false)));
        assert_eq!(mode(Switches { noselect: true, ..none() }), Some((false, true, true)));
        assert_eq!(mode(Switches { nocollect: true, ..none() }), Some((true, false, false)));
        assert_eq!(mode(Switches { testmon: true, no_testmon: true, ..none() }), None);
        let narrowed = || vec!["-k".to_owned()];
        let by_k = Switches { testmon: true, narrowed_by: narrowed(), ..none() };
        assert_eq!(mode(by_k.clone()), Some((false, true, false)));
        let (_, why) = by_k.mode().unwrap().unwrap();
        assert_eq!(why.as_deref(), Some("selection is off because of -k"));
        let forced = Switches { forceselect: true, narrowed_by: narrowed(), ..none() };
        assert_eq!(mode(forced), Some((true, true, false)));
        let listing = Switches { testmon: true, collect_only: true, ..none() };
        assert_eq!(mode(listing), Some((true, false, false)));
        assert_eq!(Switches { tmnet: true, ..none() }.mode(), Err(SwitchError::Tmnet));
    }
}
