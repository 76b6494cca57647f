//! The use cases of testmonx: a session as single process, controller or worker, and `status`.
//! The only crate that brings facts, store and coordination together; it knows no Python.

mod disk;
mod environment;
mod journal;
mod keeper;
mod looking;
mod mode;
pub mod observer;
mod opening;
mod packages;
mod plan;
mod project;
mod recorder;
mod run;
mod session;
mod status;
mod survey;
mod texts;
mod variables;
mod witness;

pub use environment::{EnvironmentFacts, plugin_requirements};
pub use journal::{Journal, JournalError, Journals, Origin};
pub use mode::{Mode, SwitchError, Switches};
pub use opening::{DATAFILE, store_path};
pub use packages::{Installation, Packages, Place, identity};
pub use plan::Arrangement;
pub use project::Project;
pub use recorder::{Recorder, SpanId};
pub use session::{Invocation, Planned, Role, Session, Share, UsageError, WorkerInput};
pub use status::{FileStatus, Status, StatusError, status};
pub use variables::{Variables, value_digest};
pub use witness::{Access, Keeper, Looker, Sight, Witness};

pub use testmonx_core::RelPath;
pub use testmonx_core::trace::NodeId;
pub use testmonx_core::world::Installed;
pub use testmonx_xdist::{Given, Settings};
