//! What pytest was asked for, taken from the plugin's plain values.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use testmonx_engine::{self as engine, Installed as _};

/// `testmonx._invocation.switches`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Switches {
    testmon: bool,
    noselect: bool,
    nocollect: bool,
    forceselect: bool,
    no_testmon: bool,
    tmnet: bool,
    collect_only: bool,
    narrowed_by: Vec<String>,
}

impl From<Switches> for engine::Switches {
    fn from(switches: Switches) -> Self {
        Self {
            testmon: switches.testmon,
            noselect: switches.noselect,
            nocollect: switches.nocollect,
            forceselect: switches.forceselect,
            no_testmon: switches.no_testmon,
            tmnet: switches.tmnet,
            collect_only: switches.collect_only,
            narrowed_by: switches.narrowed_by,
        }
    }
}

/// `testmonx._invocation.environment`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Environment {
    name: String,
    interpreter: String,
    platform: String,
    pytest: String,
    flags: Vec<(String, String)>,
    warnings: Vec<String>,
    path: Vec<PathBuf>,
    directory: PathBuf,
    /// The metadata of the distributions with plugins in use.
    plugins: Vec<String>,
    early_plugins: Vec<String>,
    ini: Vec<(String, String)>,
    options: Vec<(String, String)>,
    ignored_distributions: Vec<String>,
}

/// `testmonx._interpreter.installation`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Installation {
    path: Vec<PathBuf>,
    libraries: Vec<PathBuf>,
    standard: Vec<PathBuf>,
    standard_modules: Vec<String>,
    ignored: Vec<String>,
}

impl From<Installation> for engine::Installation {
    fn from(installation: Installation) -> Self {
        Self {
            path: installation.path,
            libraries: installation.libraries,
            standard: installation.standard,
            standard_modules: installation.standard_modules.into_iter().collect(),
            ignored: installation.ignored,
        }
    }
}

impl Environment {
    /// `packages` are needed by whoever opens the store; `None` in a worker.
    fn facts(
        self,
        root: &Path,
        libraries: &[PathBuf],
        packages: Option<&engine::Packages>,
    ) -> engine::EnvironmentFacts {
        let environment = self;
        let in_project = |place: &PathBuf| {
            let is_library = libraries.iter().any(|library| place.starts_with(library));
            let inner = place.strip_prefix(root).ok().filter(|_| !is_library)?;
            Some(if inner.as_os_str().is_empty() {
                ".".to_owned()
            } else {
                inner.display().to_string()
            })
        };
        let directory = in_project(&environment.directory).filter(|directory| directory != ".");
        let plugins = environment.plugins.iter();
        let plugins: BTreeSet<String> = plugins.filter_map(|text| engine::identity(text)).collect();
        let plugins: Vec<String> = plugins.into_iter().collect();
        engine::EnvironmentFacts {
            name: environment.name,
            interpreter: environment.interpreter,
            platform: environment.platform,
            pytest: environment.pytest,
            flags: environment.flags,
            warnings: environment.warnings,
            import_path: environment.path.iter().filter_map(in_project).collect(),
            directory: directory.unwrap_or_default(),
            requirements: packages
                .map(|packages| engine::plugin_requirements(packages, &plugins))
                .unwrap_or_default(),
            plugins,
            early_plugins: environment.early_plugins,
            // How processes find each other changes no outcome.
            ini: environment
                .ini
                .into_iter()
                .filter(|(name, _)| !engine::Settings::has_option(name))
                .collect(),
            options: environment.options,
            ignored_distributions: environment.ignored_distributions,
        }
    }
}

/// `testmonx._invocation.place`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Place {
    root: PathBuf,
    ini_file: Option<PathBuf>,
    prefix: String,
    datafile: String,
    role: String,
    settings: Vec<(String, Option<String>, String)>,
    coordination: Option<(Vec<u8>, (u32, u32))>,
    worker: String,
}

/// All of it as the engine wants it.
pub(crate) fn invocation(
    place: Place,
    switches: Switches,
    environment: Environment,
    installation: Installation,
    variables: engine::Variables,
) -> engine::Invocation {
    let libraries = installation.libraries.clone();
    let installation = engine::Installation::from(installation);
    let packages = engine::Packages::new(&place.root, &installation);
    let role = match &*place.role {
        "controller" => engine::Role::Controller,
        "worker" => engine::Role::Worker,
        _ => engine::Role::Single,
    };
    engine::Invocation {
        environment: environment.facts(
            &place.root,
            &libraries,
            (role != engine::Role::Worker).then_some(&packages),
        ),
        installed: (role != engine::Role::Single).then(|| packages.distributions()),
        installation,
        variables,
        root: place.root,
        ini_file: place.ini_file,
        prefix: place.prefix,
        datafile: place.datafile,
        switches: switches.into(),
        settings: place
            .settings
            .into_iter()
            .map(|(name, variable, ini)| engine::Given { name, variable, ini })
            .collect(),
        role,
        coordination: place.coordination.map(|(state, (index, of))| engine::WorkerInput {
            state,
            share: engine::Share { index, of },
        }),
        worker: place.worker,
    }
}
