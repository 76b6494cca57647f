//! Environments: what a trace is good for.

use rusqlite::{Connection, OptionalExtension};
use testmonx_core::Digest;

use crate::error::{Fault, StoreError};
use crate::{EnvironmentId, Reader, SessionId, Store};

/// Interpreter, platform, plugins and whatever else makes outcomes differ for all tests at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its id in the store.
    pub id: EnvironmentId,
    /// What it consists of, as name and value, sorted.
    pub components: Vec<(String, String)>,
    /// The last session in it, if there was one.
    pub last_session: Option<SessionId>,
}

impl Store {
    /// The id of the environment with these components, in any order; it is added if it is new.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn environment(
        &mut self,
        components: &[(String, String)],
    ) -> Result<EnvironmentId, StoreError> {
        let components = sorted(components);
        self.write(|transaction| {
            if let Some(id) = find(transaction, &components)? {
                return Ok(id);
            }
            let digest = digest(&components);
            let insert = "INSERT INTO environments (digest) VALUES (?1)";
            transaction.execute(insert, [digest.as_bytes()])?;
            let id = EnvironmentId(transaction.last_insert_rowid());
            let insert = "INSERT INTO components (environment, name, value) VALUES (?1, ?2, ?3)";
            let mut insert = transaction.prepare(insert)?;
            for (name, value) in &components {
                insert.execute((id, name, value))?;
            }
            Ok(id)
        })
    }
}

impl Reader {
    /// The id of the environment with these components, in any order, if the store knows it.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn find_environment(
        &self,
        components: &[(String, String)],
    ) -> Result<Option<EnvironmentId>, StoreError> {
        self.read(|connection| find(connection, &sorted(components)))
    }

    /// Whether there is an environment with this number ([`EnvironmentId::number`]).
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn has_environment(&self, number: i64) -> Result<bool, StoreError> {
        let select = "SELECT EXISTS (SELECT 1 FROM environments WHERE id = ?1)";
        self.read(|connection| Ok(connection.query_row(select, [number], |row| row.get(0))?))
    }

    /// All environments, the last used first.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn environments(&self) -> Result<Vec<Environment>, StoreError> {
        self.read(|connection| {
            let mut select = connection.prepare(
                "SELECT id, last_session FROM environments ORDER BY last_session DESC, id DESC",
            )?;
            let rows = select.query_and_then((), |row| {
                let (id, last) = (row.get(0)?, row.get(1)?);
                let last_session = (last != SessionId(0)).then_some(last);
                let components = read_components(connection, id)?;
                Ok(Environment { id, components, last_session })
            })?;
            rows.collect()
        })
    }
}

fn sorted(components: &[(String, String)]) -> Vec<(String, String)> {
    let mut components = components.to_vec();
    components.sort_unstable();
    components.dedup();
    components
}

fn digest(sorted: &[(String, String)]) -> Digest {
    Digest::of_value("environment", sorted)
}

fn find(
    connection: &Connection,
    sorted: &[(String, String)],
) -> Result<Option<EnvironmentId>, Fault> {
    let mut select = connection.prepare("SELECT id FROM environments WHERE digest = ?1")?;
    let id = select.query_row([digest(sorted).as_bytes()], |row| row.get(0)).optional()?;
    match id {
        Some(id) if read_components(connection, id)? != sorted => {
            Err(Fault::damaged("an environment is not what was written"))
        }
        id => Ok(id),
    }
}

fn read_components(
    connection: &Connection,
    environment: EnvironmentId,
) -> Result<Vec<(String, String)>, Fault> {
    let mut select = connection.prepare_cached(
        "SELECT name, value FROM components WHERE environment = ?1 ORDER BY name, value",
    )?;
    let rows = select.query_map([environment], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
