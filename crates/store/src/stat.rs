//! What files looked like when they were last read, so that an untouched file is not read again.

use rusqlite::Row;
use testmonx_core::{Digest, RelPath};

use crate::error::StoreError;
use crate::{Reader, Store};

/// What the file system says of a file without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileStat {
    /// In bytes.
    pub size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// When anything about the file changed, in nanoseconds since 1970.
    pub ctime_ns: i64,
    /// Which file it is.
    pub inode: u64,
}

/// A file whose content was read. Holds for this machine only, and may be lost.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatRecord {
    /// The file.
    pub path: RelPath,
    /// What it looked like when it was read.
    pub stat: FileStat,
    /// The digest of its content.
    pub content: Digest,
    /// When it was read, in nanoseconds since 1970. A file whose times are not older could have
    /// changed since without looking different.
    pub recorded_at_ns: i64,
}

impl Reader {
    /// All files on record, sorted by path.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn stats(&self) -> Result<Vec<StatRecord>, StoreError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT path, size, mtime, ctime, inode, content, recorded FROM stats
                 ORDER BY path",
            )?;
            let rows = select.query_map((), read)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<StatRecord> {
    Ok(StatRecord {
        path: RelPath::new(row.get_ref(0)?.as_str()?),
        stat: FileStat {
            size: row.get::<_, i64>(1)?.cast_unsigned(),
            mtime_ns: row.get(2)?,
            ctime_ns: row.get(3)?,
            inode: row.get::<_, i64>(4)?.cast_unsigned(),
        },
        content: Digest::from_bytes(row.get(5)?),
        recorded_at_ns: row.get(6)?,
    })
}

impl Store {
    /// Puts files on record, in place of what was known of them, and strikes off those in `gone`.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn put_stats(
        &mut self,
        records: &[StatRecord],
        gone: &[RelPath],
    ) -> Result<(), StoreError> {
        if records.is_empty() && gone.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO stats
                 (path, size, mtime, ctime, inode, content, recorded)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for StatRecord { path, stat, content, recorded_at_ns } in records {
                insert.execute((
                    path.as_str(),
                    stat.size.cast_signed(),
                    stat.mtime_ns,
                    stat.ctime_ns,
                    stat.inode.cast_signed(),
                    content.as_bytes(),
                    recorded_at_ns,
                ))?;
            }
            let mut delete = transaction.prepare_cached("DELETE FROM stats WHERE path = ?1")?;
            for path in gone {
                delete.execute([path.as_str()])?;
            }
            Ok(())
        })
    }
}
