//! The use cases of testmonx: a session as single process, controller or worker, and `status`.
//! The only crate that brings facts, store and coordination together; it knows no Python.

mod disk;
mod distributions;
mod environment;
mod keeper;
mod mode;
pub mod observer;
mod opening;
mod plan;
mod project;
mod recorder;
mod run;
mod session;
mod status;
mod survey;
mod texts;

pub use distributions::installed_distributions;
pub use environment::EnvironmentFacts;
pub use mode::{Mode, SwitchError, Switches};
pub use opening::{DATAFILE, store_path};
pub use plan::Arrangement;
pub use project::Project;
pub use recorder::{Access, Recorder, SpanId};
pub use session::{Invocation, Planned, Role, Session, UsageError, WorkerInput};
pub use status::{FileStatus, Status, StatusError, status};
pub use testmonx_core::RelPath;
pub use testmonx_core::trace::NodeId;
pub use testmonx_xdist::{Given, Settings};
