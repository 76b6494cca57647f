//! The store: what was observed in earlier runs, in one SQLite file. The only crate that knows SQL.
//!
//! | layer | modules |
//! |---|---|
//! | the file: open, recognise, migrate, set aside | `schema`, `connection`, `set_aside`, `error` |
//! | who may do what | [`Reader`] has no method that writes; a [`Store`] is a reader that also writes |
//! | small ids for big things | `codec`, `intern`, [`Importer`] |
//! | what is kept | `load` with `dense`, `record`, `environment`, `session`, `outline`, `stat`, `garbage`, `totals` |
//!
//! All writing happens in short transactions, each of which holds the file's lock for itself, so
//! that a killed process leaves the store as it was before and two sessions can take turns.
//! Whatever goes wrong is a [`StoreError`] that names its remedy; the caller then runs more tests,
//! never fewer. The schema, with what each column is for, is `schema.sql`; the reasons behind it
//! and the measurements are in `docs/design/store.md`.

mod codec;
mod connection;
mod dense;
mod environment;
mod error;
mod garbage;
mod ids;
mod importer;
mod intern;
mod load;
mod marks;
mod outline;
mod reader;
mod record;
mod schema;
mod session;
mod set_aside;
mod stat;
mod store;
mod totals;

pub use environment::Environment;
pub use error::{BatchError, StoreError, Unusable};
pub use garbage::Collected;
pub use ids::{EnvironmentId, SessionId, TraceId};
pub use importer::Importer;
pub use load::{LastRun, Loaded, StoredSubject, StoredTrace};
pub use reader::Reader;
pub use record::{KEPT_TRACES, Recorded};
pub use schema::SCHEMA_VERSION;
pub use set_aside::SetAside;
pub use stat::{FileStat, StatRecord};
pub use store::{Opened, Store};
pub use totals::{LastSession, Totals};
