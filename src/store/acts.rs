//! The trail of what people did: released, discarded, backed up, restored, configured. Rows are added, never changed.

use super::{Result, Store};
use rusqlite::{OptionalExtension as _, params};

/// One act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// When, RFC 3339.
    pub at: String,
    /// The account it was done under, as the system names it.
    pub user: String,
    /// `release`, `discard`, `gone`, `backup`, `restore`, `configuration` …
    pub act: String,
    /// What it was done to.
    pub subject: String,
    /// Why, in the person's words.
    pub reason: String,
}

impl Store {
    /// From here on, acts are logged under this account.
    pub fn acting_as(&mut self, user: &str) {
        user.clone_into(&mut self.user);
    }

    /// Writes an act into the trail.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn log_act(&self, at: &str, act: &str, subject: &str, reason: &str) -> Result<()> {
        self.connection.execute(
            "INSERT INTO act (at, user, act, subject, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            [at, &self.user, act, subject, reason],
        )?;
        Ok(())
    }

    /// Writes `act` on `subject` with the reason `now` into the trail, unless the last such act says the same.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn log_if_new(&self, at: &str, act: &str, subject: &str, now: &str) -> Result<()> {
        let query = "SELECT reason FROM act WHERE act = ?1 AND subject = ?2 ORDER BY id DESC LIMIT 1";
        let last = self.connection.query_row(query, [act, subject], |row| row.get::<_, String>(0)).optional()?;
        if last.as_deref() == Some(now) { Ok(()) } else { self.log_act(at, act, subject, now) }
    }

    /// The trail, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn acts(&self) -> Result<Vec<Act>> {
        let mut statement =
            self.connection.prepare("SELECT at, user, act, subject, reason FROM act ORDER BY id DESC")?;
        let rows = statement.query_map(params![], |row| {
            Ok(Act { at: row.get(0)?, user: row.get(1)?, act: row.get(2)?, subject: row.get(3)?, reason: row.get(4)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
