//! Held files: which files lie in the held folder, and why.

use super::{Result, Store};
use crate::domain::ids::ShopId;
use rusqlite::params;

/// A file that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFile {
    /// Its name in the held folder, unique there.
    pub name: String,
    /// Digest of its content, hexadecimal.
    pub digest: String,
    /// Its name relative to the inbox.
    pub original: String,
    /// The shop it is told to, if one is known.
    pub shop: Option<ShopId>,
    /// Why, in the language of the installation.
    pub reason: String,
    /// When it was held, RFC 3339.
    pub since: String,
}

impl Store {
    /// Remembers a held file.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_held(&self, held: &HeldFile) -> Result<()> {
        self.connection.execute(
            "INSERT OR REPLACE INTO held (name, digest, original, shop, reason, since) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                held.name,
                held.digest,
                held.original,
                held.shop.as_ref().map(ShopId::as_str),
                held.reason,
                held.since
            ],
        )?;
        Ok(())
    }

    /// Forgets a held file that was released, discarded or is gone.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove_held(&self, name: &str) -> Result<bool> {
        Ok(self.connection.execute("DELETE FROM held WHERE name = ?1", [name])? > 0)
    }

    /// All held files, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn held(&self) -> Result<Vec<HeldFile>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT name, digest, original, shop, reason, since FROM held ORDER BY name")?;
        let rows = statement.query_map([], |row| {
            Ok(HeldFile {
                name: row.get(0)?,
                digest: row.get(1)?,
                original: row.get(2)?,
                shop: row.get::<_, Option<String>>(3)?.map(|id| ShopId::new(&id)),
                reason: row.get(4)?,
                since: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
