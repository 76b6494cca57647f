//! Controller/worker coordination under pytest-xdist.
//!
//! The controller alone writes to the store: before it starts a worker it creates the environment
//! and the session, selects, and publishes one immutable [`CoordinationState`]. A worker opens no
//! store at all; it selects the same tests from the state and sends [`Observations`] back.

mod state;

pub use state::{CoordinationState, Observations, PROTOCOL_VERSION, Plan, StateError};
