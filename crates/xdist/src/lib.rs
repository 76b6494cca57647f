//! Controller/worker coordination under pytest-xdist.
//!
//! The controller alone writes to the store: before it starts a worker it creates the environment
//! and the session, selects, and publishes one immutable [`CoordinationState`]. A worker selects the
//! same tests from the state and sends [`Observations`] back.
//!
//! | what | modules |
//! |---|---|
//! | what travels | `state`, `plan`, `compact`, `observations`, `wire` |
//! | who takes part | `owner` (is it still alive?), `site` (is it the same project and installation?) |
//! | the handshake through files, if it is asked for | `directory`, `acknowledgement`, `join`, `watch`, `backoff` |
//! | what can be set, what can go wrong, what debugging shows | `settings`, `error`, `log` |
//!
//! How it works as a whole, with all messages, is `docs/xdist.md`.

mod acknowledgement;
mod backoff;
mod compact;
mod directory;
mod error;
mod join;
mod log;
mod observations;
mod owner;
mod plan;
mod settings;
mod site;
mod state;
mod watch;
mod wire;

pub use directory::{Claim, DIRECTORY, READY, sweep};
pub use error::{CoordinationError, StateError};
pub use join::{Joined, Joining};
pub use log::Log;
pub use observations::Observations;
pub use owner::Owner;
pub use plan::Plan;
pub use settings::{Given, SettingError, Settings};
pub use site::Site;
pub use state::{Changed, CoordinationState, EnvironmentRef, StoreRef, salvage_plan};
pub use watch::{Report, Watch};
pub use wire::PROTOCOL_VERSION;
