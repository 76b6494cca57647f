//! Ids of rows, one type each, so that one cannot be taken for another.

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlResult, ToSqlOutput, ValueRef};
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
            pub struct $name(pub(crate) i64);

            impl ToSql for $name {
                fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                    self.0.to_sql()
                }
            }

            impl FromSql for $name {
                fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                    i64::column_result(value).map(Self)
                }
            }
        )*
    };
}

ids! {
    /// An environment of one store; another store numbers its own.
    EnvironmentId,
    /// A session of one store. A later session has the greater id, whatever the clock says.
    SessionId,
    /// A trace of one store. Never given to another trace, also after the trace is dropped.
    TraceId,
}

impl EnvironmentId {
    /// Its number, for messages between processes that use the same store.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}
