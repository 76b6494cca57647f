//! Outlines: what the parser said about the contents of source files, so that only new contents are
//! parsed.

use rusqlite::OptionalExtension;
use testmonx_core::Digest;
use testmonx_core::source::Outline;

use crate::codec::RowHash;
use crate::error::{Fault, StoreError};
use crate::{Reader, Store};

impl Reader {
    /// The outlines of these contents under `version` of the parser's rules, in the same order;
    /// `None` where the content must be parsed.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub fn outlines(
        &self,
        version: u32,
        contents: &[Digest],
    ) -> Result<Vec<Option<Outline>>, StoreError> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT body, hash FROM outlines WHERE content = ?1 AND version = ?2",
            )?;
            let mut outlines = Vec::with_capacity(contents.len());
            for content in contents {
                let row = select.query_row((content.as_bytes(), version), |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
                });
                let outline = row.optional()?.map(|(body, hash)| {
                    if outline_hash(content, version, &body) != hash {
                        return Err(Fault::damaged("an outline is not what was written"));
                    }
                    // An encoding that a version of testmonx changed is as good as no outline.
                    Ok(postcard::from_bytes(&body).ok())
                });
                outlines.push(outline.transpose()?.flatten());
            }
            Ok(outlines)
        })
    }
}

impl Store {
    /// Remembers outlines under `version` of the parser's rules.
    ///
    /// # Errors
    ///
    /// If it fails nothing was written.
    pub fn put_outlines<'a>(
        &mut self,
        version: u32,
        outlines: impl IntoIterator<Item = (Digest, &'a Outline)>,
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(
                "INSERT OR REPLACE INTO outlines (content, version, body, session, hash)
                 VALUES (?1, ?2, ?3, (SELECT coalesce(max(id), 0) FROM sessions), ?4)",
            )?;
            for (content, outline) in outlines {
                // One that cannot be encoded is parsed again the next time.
                if let Ok(body) = postcard::to_stdvec(outline) {
                    let hash = outline_hash(&content, version, &body);
                    insert.execute((content.as_bytes(), version, body, hash))?;
                }
            }
            Ok(())
        })
    }
}

fn outline_hash(content: &Digest, version: u32, body: &[u8]) -> i64 {
    RowHash::default().bytes(content.as_bytes()).number(version.into()).bytes(body).finish()
}
