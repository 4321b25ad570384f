//! What the operator was told: faults until they are over, and who hears about which shop (FAULTS M21, K05).

use super::outbox::queue;
use super::{NewMessage, Result, Store};
use crate::domain::ids::ShopId;
use rusqlite::params;

impl Store {
    /// Of these pairs, those the operator was not told of yet (FAULTS K05).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn untold_pairs(&self, pairs: &[(String, ShopId)]) -> Result<Vec<(String, ShopId)>> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM address_shop WHERE address = ?1 AND shop = ?2")?;
        let mut untold = Vec::new();
        for (address, shop) in pairs {
            if !statement.exists(params![address, shop.as_str()])? {
                untold.push((address.clone(), shop.clone()));
            }
        }
        Ok(untold)
    }

    /// Whether any pair of address and shop is known: before the first, an installation's own set is no news.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn knows_pairs(&self) -> Result<bool> {
        Ok(self.connection.prepare_cached("SELECT 1 FROM address_shop LIMIT 1")?.exists([])?)
    }

    /// Records that the operator was told of these pairs, together with the message that tells it, if there is one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn tell_operator(
        &mut self,
        message: Option<&NewMessage>,
        faults: &[String],
        pairs: &[(String, ShopId)],
        at: &str,
    ) -> Result<()> {
        let transaction = self.connection.transaction()?;
        if let Some(message) = message {
            queue(&transaction, None, message)?;
        }
        for fault in faults {
            transaction.execute("INSERT OR IGNORE INTO told (fault, at) VALUES (?1, ?2)", params![fault, at])?;
        }
        for (address, shop) in pairs {
            transaction.execute(
                "INSERT OR IGNORE INTO address_shop (address, shop, told) VALUES (?1, ?2, ?3)",
                params![address, shop.as_str(), at],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// What the operator was told and is not over: fault and when.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn faults_told(&self) -> Result<Vec<(String, String)>> {
        let mut statement = self.connection.prepare_cached("SELECT fault, at FROM told ORDER BY fault")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets faults that are over, so that they are told again should they come back.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_told(&self, faults: &[String]) -> Result<()> {
        for fault in faults {
            self.connection.execute("DELETE FROM told WHERE fault = ?1", [fault])?;
        }
        Ok(())
    }
}
