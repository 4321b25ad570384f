//! What a shop's report came to last, with a seal over that and over all it was worked out from. Forgetting is harmless.

use super::{Result, Store, integrity};
use crate::domain::ids::{FileDigest, ShopId};
use rusqlite::{OptionalExtension, params};
use sha2::{Digest, Sha256};

/// What stands for all facts and notes: the newest seal, which follows from all before it, and the newest note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactsMark {
    newest_file: Option<Vec<u8>>,
    newest_note: i64,
}

fn seal(basis: FileDigest, result: &str) -> [u8; 32] {
    Sha256::new().chain_update(basis.0).chain_update(result.as_bytes()).finalize().into()
}

impl Store {
    /// What stands for all facts and notes: it changes whenever a file or a note is stored.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn facts_mark(&self) -> Result<FactsMark> {
        let newest_note = self.connection.query_row("SELECT coalesce(max(id), 0) FROM note", [], |row| row.get(0))?;
        Ok(FactsMark { newest_file: integrity::head(&self.connection)?, newest_note })
    }

    /// What was remembered of `shop`, if it was worked out from `basis`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remembered(&self, shop: &ShopId, basis: FileDigest) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached("SELECT seal, result FROM remembered WHERE shop = ?1")?;
        let found = statement
            .query_row([shop.as_str()], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?)))
            .optional()?;
        Ok(found.filter(|(found, result)| *found == seal(basis, result)).map(|(_, result)| result))
    }

    /// Remembers of each shop the result with what it was worked out from, instead of what was remembered before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remember(&mut self, results: &[(ShopId, FileDigest, String)]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for (shop, basis, result) in results {
            transaction
                .prepare_cached("INSERT OR REPLACE INTO remembered (shop, seal, result) VALUES (?1, ?2, ?3)")?
                .execute(params![shop.as_str(), seal(*basis, result), result])?;
        }
        Ok(transaction.commit()?)
    }
}
