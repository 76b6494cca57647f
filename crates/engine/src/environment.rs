//! The environment: what all tests of a run depend on at once. Traces belong to one environment;
//! another one starts with none, and coming back finds its own again.
//!
//! In it: the interpreter and how it was started, the platform, pytest and the plugins in use with what they require,
//! ini values, options that can change an outcome, and the name that `--testmon-env` or `environment_expression` gives. Left
//! out: what changes only the report or the choice of tests. An option that is not known is in: a
//! project's own `--runslow` decides which tests skip, and in doubt tests run.

use std::collections::BTreeSet;

use crate::packages::{Packages, normalise};

/// The component that lists the distributions whose version makes no difference.
const IGNORED: &str = "ignored packages";

/// The environment as pytest tells it.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentFacts {
    /// From `--testmon-env` or `environment_expression`; empty for the default.
    pub name: String,
    /// Implementation and version.
    pub interpreter: String,
    /// Operating system and machine.
    pub platform: String,
    /// pytest's version.
    pub pytest: String,
    /// All flags of the interpreter, those that are not set as `0` or `False`.
    pub flags: Vec<(String, String)>,
    /// The filters of warnings that it was started with.
    pub warnings: Vec<String>,
    /// The directories of the project that imports were looked up in at the start, relative to the rootdir.
    pub import_path: Vec<String>,
    /// The working directory, relative to the rootdir.
    pub directory: String,
    /// `name version` of each distribution with a plugin in use.
    pub plugins: Vec<String>,
    /// Plugins named by `-p` or in `PYTEST_PLUGINS`, as given.
    pub early_plugins: Vec<String>,
    /// All ini options with their values.
    pub ini: Vec<(String, String)>,
    /// Options given on the command line, in `addopts` or in `PYTEST_ADDOPTS`, with their values.
    pub options: Vec<(String, String)>,
    /// Name and version of what pytest and the plugins in use require ([`plugin_requirements`]).
    pub requirements: Vec<(String, String)>,
    /// Distributions whose version is to make no difference.
    pub ignored_distributions: Vec<String>,
}

/// The interpreter's flags that change what code does.
const ACTING_FLAGS: &[&str] = &["bytes_warning", "dev_mode", "optimize", "utf8_mode"];

/// pytest's own plugins that outcomes depend on: without them fixtures, marks or checks are missing.
const ACTING_PLUGINS: &[&str] = &[
    "assertion",
    "capture",
    "doctest",
    "logging",
    "monkeypatch",
    "pytester",
    "python",
    "recwarn",
    "skipping",
    "subtests",
    "threadexception",
    "tmpdir",
    "unittest",
    "unraisableexception",
    "warnings",
];

/// Ini options that change no outcome: reporting, logging to the terminal or a file (but for the levels, which lower
/// that of the root logger), where things are kept,
/// and which files are looked at for tests.
const HARMLESS_INI: &[&str] = &[
    "addopts",
    "cache_dir",
    "console_output_style",
    "environment_expression",
    "faulthandler_exit_on_timeout",
    "faulthandler_timeout",
    "junit_duration_report",
    "junit_family",
    "junit_log_passing_tests",
    "junit_logging",
    "junit_suite_name",
    "log_cli",
    "log_cli_date_format",
    "log_cli_format",
    "log_file",
    "log_file_date_format",
    "log_file_format",
    "log_file_mode",
    "looponfailroots",
    "max_warnings",
    "minversion",
    "norecursedirs",
    "required_plugins",
    "rsyncdirs",
    "rsyncignore",
    "testmon_ignore_dependencies",
    "testpaths",
    "tmp_path_retention_count",
    "tmp_path_retention_policy",
    "truncation_limit_chars",
    "truncation_limit_lines",
    "verbosity_assertions",
    "verbosity_subtests",
    "verbosity_test_cases",
];

/// Options of pytest and of common plugins that change no outcome: what is reported and how, which
/// tests are chosen, in which order and by how many processes they run, where output goes.
const HARMLESS_OPTIONS: &[&str] = &[
    "basetemp",
    "cacheclear",
    "cacheshow",
    "capture",
    "code_highlight",
    "collectonly",
    "color",
    "continue_on_collection_errors",
    "cov_append",
    "cov_branch",
    "cov_config",
    "cov_context",
    "cov_fail_under",
    "cov_precision",
    "cov_report",
    "cov_reset",
    "cov_source",
    "debug",
    "deselect",
    "disable_plugin_autoload",
    "disable_warnings",
    "dist",
    "distload",
    "doctestreport",
    "durations",
    "durations_min",
    "environment_expression",
    "exitfirst",
    "failedfirst",
    "fold_skipped",
    "force_short_summary",
    "fulltrace",
    "help",
    "htmlpath",
    "ignore",
    "ignore_glob",
    "inifilename",
    "json_report_file",
    "junitprefix",
    "keepduplicates",
    "keyword",
    "last_failed_no_failures",
    "lf",
    "loadscopereorder",
    "log_cli_date_format",
    "log_cli_format",
    "log_file",
    "log_file_date_format",
    "log_file_format",
    "log_file_mode",
    "looponfail",
    "markexpr",
    "max_warnings",
    "maxfail",
    "maxprocesses",
    "maxschedchunk",
    "maxworkerrestart",
    "newfirst",
    "no-testmon",
    "no_cov",
    "no_cov_on_fail",
    "no_header",
    "no_summary",
    "numprocesses",
    "override_ini",
    "p",
    "pastebin",
    "plugins",
    "px",
    "pyargs",
    "random_order_bucket",
    "random_order_seed",
    "randomly_dont_reorganize",
    "randomly_seed",
    "report_log",
    "reportchars",
    "rootdir",
    "rsyncdir",
    "rsyncignore",
    "self_contained_html",
    "setuponly",
    "setupplan",
    "setupshow",
    "show_fixtures_per_test",
    "showcapture",
    "showfixtures",
    "showlocals",
    "stepwise",
    "stepwise_reset",
    "stepwise_skip",
    "strict",
    "tbstyle",
    "testmon",
    "testmon_forceselect",
    "testmon_nocollect",
    "testmon_noselect",
    "testrunuid",
    "tmnet",
    "trace",
    "traceconfig",
    "tx",
    "usepdb",
    "usepdb_cls",
    "verbose",
    "version",
    "xfail_tb",
    "xmlpath",
];

impl EnvironmentFacts {
    /// The components that identify it, by name, sorted.
    #[must_use]
    pub fn components(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut components = vec![
            pair("environment", &self.name),
            pair("Python", &self.interpreter),
            pair("platform", &self.platform),
            pair("pytest", &self.pytest),
        ];
        for (name, value) in &self.flags {
            if ACTING_FLAGS.contains(&name.as_str()) && !matches!(value.as_str(), "0" | "False") {
                components.push((format!("Python flag {name}"), value.clone()));
            }
        }
        for (name, value) in [
            ("Python warnings", self.warnings.join(" ")),
            ("import path", self.import_path.join(" ")),
            ("working directory", self.directory.clone()),
        ] {
            if !value.is_empty() {
                components.push(pair(name, &value));
            }
        }
        for plugin in &self.plugins {
            let (name, version) = plugin.rsplit_once(' ').unwrap_or((plugin, ""));
            if name != "testmonx" {
                components.push((format!("plugin {name}"), version.to_owned()));
            }
        }
        let ignored: BTreeSet<String> =
            self.ignored_distributions.iter().map(|name| normalise(name)).collect();
        let ignored: Vec<String> = ignored.into_iter().collect();
        for (name, version) in &self.requirements {
            components.push((format!("package {name}"), version.clone()));
        }
        if !ignored.is_empty() {
            components.push(pair(IGNORED, &ignored.join(" ")));
        }
        for plugin in &self.early_plugins {
            // That another one is switched off shows in the list of those in use.
            let counts = plugin.strip_prefix("no:").is_none_or(|it| ACTING_PLUGINS.contains(&it));
            if counts {
                components.push((format!("plugin {plugin}"), "-p".to_owned()));
            }
        }
        let named =
            |what: &str, name: &str, value: &str| (format!("{what} {name}"), value.to_owned());
        for (name, value) in &self.ini {
            if !HARMLESS_INI.contains(&name.as_str()) {
                components.push(named("ini option", name, value));
            }
        }
        for (name, value) in &self.options {
            if !HARMLESS_OPTIONS.contains(&name.as_str()) {
                components.push(named("option", name, value));
            }
        }
        components.sort();
        components
    }
}

/// The distributions that the environment with these components ignores.
#[must_use]
pub(crate) fn ignored_distributions(components: &[(String, String)]) -> Vec<String> {
    let listed = components.iter().filter(|(name, _)| name == IGNORED);
    listed.flat_map(|(_, names)| names.split(' ')).map(str::to_owned).collect()
}

/// Name and version of what pytest and the distributions in `plugins` (`name version` each) require
/// directly, so far as it is installed: pluggy, say. What these require in turn is left to the tests
/// that import it.
#[must_use]
pub fn plugin_requirements(packages: &Packages, plugins: &[String]) -> Vec<(String, String)> {
    let names = plugins.iter().map(|plugin| plugin.split(' ').next().unwrap_or(plugin));
    let requiring: BTreeSet<String> = names.chain(["pytest"]).map(normalise).collect();
    let required = requiring.iter().flat_map(|name| packages.installed_requirements(name));
    let required: BTreeSet<String> = required.filter(|name| !requiring.contains(name)).collect();
    let version = |name: String| packages.version(&name).map(str::to_owned).map(|of| (name, of));
    required.into_iter().filter_map(version).collect()
}

/// The components in which two environments differ, each as "name: old → new".
#[must_use]
pub fn differences(old: &[(String, String)], new: &[(String, String)]) -> Vec<String> {
    let value = |of: &[(String, String)], name: &str| {
        of.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    };
    let mut names: Vec<&str> = old.iter().chain(new).map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| match (value(old, name), value(new, name)) {
            (Some(old), Some(new)) if old == new => None,
            (Some(old), Some(new)) => Some(format!("{name}: {old} → {new}")),
            (Some(_), None) => Some(format!("{name}: gone")),
            (None, Some(new)) => Some(format!("{name}: new, {new}")),
            (None, None) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> EnvironmentFacts {
        EnvironmentFacts { interpreter: "CPython 3.12.1".into(), ..EnvironmentFacts::default() }
    }

    #[test]
    fn reporting_makes_no_difference_and_unknown_options_do() {
        let verbose = EnvironmentFacts {
            options: vec![("verbose".into(), "2".into()), ("tbstyle".into(), "'short'".into())],
            plugins: vec!["testmonx 9.9".into()],
            ..facts()
        };
        assert_eq!(verbose.components(), facts().components());
        let slow = EnvironmentFacts { options: vec![("runslow".into(), "True".into())], ..facts() };
        assert_ne!(slow.components(), facts().components());
    }

    #[test]
    fn how_the_interpreter_was_started_counts() {
        let started = EnvironmentFacts {
            flags: [("optimize", "1"), ("dev_mode", "False"), ("quiet", "1")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            warnings: vec!["error".into()],
            import_path: vec![".".into(), "lib".into()],
            directory: "tests".into(),
            ..facts()
        };
        assert_eq!(
            differences(&facts().components(), &started.components()),
            [
                "Python flag optimize: new, 1",
                "Python warnings: new, error",
                "import path: new, . lib",
                "working directory: new, tests",
            ]
        );
    }

    #[test]
    fn what_plugins_require_counts() {
        let upgraded =
            EnvironmentFacts { requirements: vec![("pluggy".into(), "1.6".into())], ..facts() };
        assert_eq!(
            differences(&facts().components(), &upgraded.components()),
            ["package pluggy: new, 1.6"]
        );
    }

    #[test]
    fn the_ignored_distributions_are_found_again() {
        let listed = vec!["zope.event".into(), "Attrs".into(), "attrs".into()];
        let ignoring = EnvironmentFacts { ignored_distributions: listed, ..facts() };
        assert_eq!(ignored_distributions(&ignoring.components()), ["attrs", "zope-event"]);
        assert_eq!(ignored_distributions(&facts().components()), Vec::<String>::new());
    }

    #[test]
    fn differences_are_named() {
        let newer = EnvironmentFacts {
            interpreter: "CPython 3.13.0".into(),
            plugins: vec!["pytest-cov 7.1.0".into()],
            ..facts()
        };
        assert_eq!(
            differences(&facts().components(), &newer.components()),
            ["Python: CPython 3.12.1 → CPython 3.13.0", "plugin pytest-cov: new, 7.1.0",]
        );
    }

    #[test]
    fn lists_have_no_duplicates() {
        for list in [HARMLESS_INI, HARMLESS_OPTIONS] {
            let distinct: std::collections::BTreeSet<_> = list.iter().collect();
            assert_eq!(distinct.len(), list.len());
        }
    }
}
