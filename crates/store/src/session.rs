//! Sessions: the order in which things were used.

use crate::error::StoreError;
use crate::{EnvironmentId, SessionId, Store};

/// How many sessions are remembered. Their order matters longer, but that is in their numbers.
const KEPT_SESSIONS: i64 = 200;

impl Store {
    /// Begins a session in `environment`; `name` is what the caller knows it by. Its id is greater
    /// than that of every session before, also of one that is still running elsewhere.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn begin_session(
        &mut self,
        environment: EnvironmentId,
        name: &str,
    ) -> Result<SessionId, StoreError> {
        self.write(|transaction| {
            let insert = "INSERT INTO sessions (environment, name) VALUES (?1, ?2)";
            transaction.execute(insert, (environment, name))?;
            let session = SessionId(transaction.last_insert_rowid());
            let update = "UPDATE environments SET last_session = ?2 WHERE id = ?1";
            transaction.execute(update, (environment, session))?;
            let delete = "DELETE FROM sessions WHERE id <= ?1";
            transaction.execute(delete, [session.0 - KEPT_SESSIONS])?;
            Ok(session)
        })
    }

    /// Notes that the session came to its end.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn finish_session(&mut self, session: SessionId) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE sessions SET finished_at = strftime('%Y-%m-%dT%H:%M:%SZ') WHERE id = ?1",
                [session],
            )?;
            Ok(())
        })
    }
}
