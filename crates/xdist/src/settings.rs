//! The settings of the coordination: environment variables, and ini options of the same name in
//! lower case. The variable wins. A value that makes no sense is a usage error.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How controller and workers find each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `TESTMON_XDIST_CONTROLLER_PRECREATION`: whether the handshake through files is made.
    pub precreation: bool,
    /// `TESTMON_XDIST_DEBUG`: whether the hand-over is shown.
    pub debug: bool,
    /// `TESTMON_XDIST_WORKER_TIMEOUT`: how long one side waits for the other.
    pub worker_timeout: Duration,
    /// `TESTMON_XDIST_CHECK_INTERVAL`: the wait before the second look.
    pub check_interval: Duration,
    /// `TESTMON_XDIST_BACKOFF_FACTOR`: how much longer each wait is than the one before.
    pub backoff_factor: f64,
    /// `TESTMON_XDIST_MAX_INTERVAL`: the longest wait.
    pub max_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            precreation: false,
            debug: false,
            worker_timeout: Duration::from_secs(30),
            check_interval: Duration::from_millis(100),
            backoff_factor: 1.5,
            max_interval: Duration::from_secs(2),
        }
    }
}

/// One setting as it was found.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The ini option's name.
    pub name: String,
    /// The environment variable's value, if it is set.
    pub variable: Option<String>,
    /// The ini option's value; empty if it is not given.
    pub ini: String,
}

/// A setting whose value makes no sense.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// The value is not one of those that are allowed.
    #[error("{name} is `{value}` in {source_name} (allowed: {allowed})")]
    Value {
        /// As it is written there.
        name: String,
        /// What was found.
        value: String,
        /// Where it was found.
        source_name: String,
        /// What could stand there.
        allowed: &'static str,
    },
    /// There is no such setting.
    #[error("there is no setting `{name}` (a bug of testmonx: report it)")]
    Unknown {
        /// What was asked for.
        name: String,
    },
}

const BOOL: &str = "true, yes, on, 1, false, no, off, 0";
const SECONDS: &str = "a number of seconds from 0.001 to 86400";
const FACTOR: &str = "a number from 1 to 100";

const PREFIX: &str = "testmon_xdist_";

impl Settings {
    /// Whether the ini option `name` is one of these settings.
    #[must_use]
    pub fn has_option(name: &str) -> bool {
        name.starts_with(PREFIX)
    }

    /// The settings that were given, and the defaults of the others. `ini_file` names the file that
    /// ini options come from.
    ///
    /// # Errors
    /// If a value makes no sense.
    pub fn of(given: &[Given], ini_file: &str) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        for one in given {
            let variable = one.variable.as_deref().map(str::trim).filter(|value| !value.is_empty());
            let (value, name, source_name) = match variable {
                Some(value) => (value, one.name.to_uppercase(), "the environment"),
                None => (one.ini.trim(), one.name.clone(), ini_file),
            };
            if !value.is_empty() {
                settings.set(&one.name, value).map_err(|allowed| match allowed {
                    Some(allowed) => SettingError::Value {
                        name,
                        value: value.to_owned(),
                        source_name: source_name.to_owned(),
                        allowed,
                    },
                    None => SettingError::Unknown { name: one.name.clone() },
                })?;
            }
        }
        Ok(settings)
    }

    /// Sets one; the error says what is allowed, or nothing if there is no such setting.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Option<&'static str>> {
        let bool = || truth(value).ok_or(Some(BOOL));
        let seconds = || {
            let seconds = number(value, 0.001, 86_400.0).ok_or(Some(SECONDS))?;
            Ok::<_, Option<&'static str>>(Duration::from_secs_f64(seconds))
        };
        match name.strip_prefix(PREFIX).ok_or(None)? {
            "controller_precreation" => self.precreation = bool()?,
            "debug" => self.debug = bool()?,
            "worker_timeout" => self.worker_timeout = seconds()?,
            "check_interval" => self.check_interval = seconds()?,
            "backoff_factor" => {
                self.backoff_factor = number(value, 1.0, 100.0).ok_or(Some(FACTOR))?;
            }
            "max_interval" => self.max_interval = seconds()?,
            _ => return Err(None),
        }
        Ok(())
    }
}

fn truth(value: &str) -> Option<bool> {
    match &*value.to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn number(value: &str, least: f64, most: f64) -> Option<f64> {
    value.parse().ok().filter(|number| (least..=most).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, variable: Option<&str>, ini: &str) -> Given {
        Given {
            name: format!("{PREFIX}{name}"),
            variable: variable.map(str::to_owned),
            ini: ini.to_owned(),
        }
    }

    fn of(name: &str, variable: Option<&str>, ini: &str) -> Result<Settings, SettingError> {
        Settings::of(&[given(name, variable, ini)], "`pytest.ini`")
    }

    #[test]
    fn nothing_given_is_the_default() {
        assert_eq!(Settings::of(&[], ""), Ok(Settings::default()));
        assert_eq!(of("debug", None, ""), Ok(Settings::default()));
        assert_eq!(of("debug", Some(""), ""), Ok(Settings::default()), "set to nothing is not set");
        let default = Settings::default();
        assert!(!default.precreation && !default.debug);
        assert_eq!(default.worker_timeout, Duration::from_secs(30));
    }

    #[test]
    fn the_ways_to_say_yes_and_no() {
        for yes in ["true", "True", "YES", "on", "1", " on "] {
            assert!(of("controller_precreation", Some(yes), "").unwrap().precreation, "{yes}");
            assert!(of("debug", None, yes).unwrap().debug, "{yes}");
        }
        for no in ["false", "No", "off", "0"] {
            assert!(!of("controller_precreation", Some(no), "true").unwrap().precreation, "{no}");
        }
    }

    #[test]
    fn the_variable_wins() {
        let settings = of("worker_timeout", Some("5"), "7").unwrap();
        assert_eq!(settings.worker_timeout, Duration::from_secs(5));
        let settings = of("worker_timeout", Some(" "), "7.5").unwrap();
        assert_eq!(settings.worker_timeout, Duration::from_millis(7500));
    }

    #[test]
    fn a_nonsense_ini_value_is_hidden_by_a_variable() {
        assert!(of("debug", Some("1"), "perhaps").is_ok());
    }

    #[test]
    fn each_setting_reaches_its_place() {
        let all = [
            given("controller_precreation", Some("1"), ""),
            given("debug", Some("1"), ""),
            given("worker_timeout", Some("1"), ""),
            given("check_interval", None, "0.5"),
            given("backoff_factor", None, "3"),
            given("max_interval", Some("4"), ""),
        ];
        let expected = Settings {
            precreation: true,
            debug: true,
            worker_timeout: Duration::from_secs(1),
            check_interval: Duration::from_millis(500),
            backoff_factor: 3.0,
            max_interval: Duration::from_secs(4),
        };
        assert_eq!(Settings::of(&all, ""), Ok(expected));
    }

    #[test]
    fn nonsense_is_named_with_its_source_and_what_is_allowed() {
        let error = of("worker_timeout", Some("soon"), "").unwrap_err().to_string();
        let expected = "TESTMON_XDIST_WORKER_TIMEOUT is `soon` in the environment \
                        (allowed: a number of seconds from 0.001 to 86400)";
        assert_eq!(error, expected);
        let error = of("debug", None, "perhaps").unwrap_err().to_string();
        let expected = "testmon_xdist_debug is `perhaps` in `pytest.ini` \
                        (allowed: true, yes, on, 1, false, no, off, 0)";
        assert_eq!(error, expected);
    }

    #[test]
    fn numbers_have_their_bounds() {
        for nonsense in ["0", "-1", "nan", "inf", "1e9", "", "1,5", "1s"] {
            let is_refused = of("worker_timeout", Some(nonsense), "").is_err();
            assert_eq!(is_refused, !nonsense.is_empty(), "{nonsense}");
        }
        for nonsense in ["0.9", "0", "101", "nan"] {
            assert!(of("backoff_factor", Some(nonsense), "").is_err(), "{nonsense}");
        }
        assert!(of("check_interval", Some("0.001"), "").is_ok());
        assert!(of("max_interval", Some("86400"), "").is_ok());
    }

    #[test]
    fn a_setting_that_does_not_exist() {
        let error = of("colour", Some("red"), "").unwrap_err();
        assert_eq!(error, SettingError::Unknown { name: "testmon_xdist_colour".into() });
        assert!(Settings::has_option("testmon_xdist_debug"));
        assert!(!Settings::has_option("testpaths"));
    }
}
