//! Conditions that last from one look into the inbox to the next: since when, and when a person was told.

use super::{Result, Store};
use rusqlite::{OptionalExtension, params};
use std::collections::BTreeSet;

/// A kind of condition, remembered by subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// The file is still being written (FAULTS A01, A02).
    Growing,
    /// A lock file lies beside the file (FAULTS A03).
    InUse,
    /// The file could not be read (FAULTS A04).
    Failed,
    /// The file was taken in and cannot leave the inbox (FAULTS A13).
    CannotLeave,
}

impl Lasting {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Growing, Self::InUse, Self::Failed, Self::CannotLeave];

    const fn name(self) -> &'static str {
        match self {
            Self::Growing => "growing",
            Self::InUse => "in_use",
            Self::Failed => "failed",
            Self::CannotLeave => "cannot_leave",
        }
    }
}

impl Store {
    /// Remembers which subjects the condition holds for at `now`; those it holds for no longer are forgotten.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_lasting(&mut self, kind: Lasting, subjects: &BTreeSet<&str>, now: &str) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let known: Vec<String> = transaction
            .prepare("SELECT subject FROM lasting WHERE kind = ?1")?
            .query_map([kind.name()], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for gone in known.iter().filter(|known| !subjects.contains(known.as_str())) {
            transaction.execute("DELETE FROM lasting WHERE kind = ?1 AND subject = ?2", [kind.name(), gone])?;
        }
        for new in subjects.iter().filter(|subject| !known.iter().any(|known| known == *subject)) {
            transaction
                .execute("INSERT INTO lasting (kind, subject, since) VALUES (?1, ?2, ?3)", [kind.name(), new, now])?;
        }
        Ok(transaction.commit()?)
    }

    /// What the condition holds for, each with the time since when, RFC 3339.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lasting(&self, kind: Lasting) -> Result<Vec<(String, String)>> {
        let mut statement =
            self.connection.prepare("SELECT subject, since FROM lasting WHERE kind = ?1 ORDER BY subject")?;
        let subjects = statement.query_map([kind.name()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(subjects.collect::<rusqlite::Result<_>>()?)
    }

    /// Since when the condition holds, RFC 3339.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn lasts_since(&self, kind: Lasting, subject: &str) -> Result<Option<String>> {
        let found = self.connection.query_row(
            "SELECT since FROM lasting WHERE kind = ?1 AND subject = ?2",
            [kind.name(), subject],
            |row| row.get(0),
        );
        Ok(found.optional()?)
    }

    /// When a person was last told of the condition, RFC 3339.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_told(&self, kind: Lasting, subject: &str) -> Result<Option<String>> {
        let found = self.connection.query_row(
            "SELECT told FROM lasting WHERE kind = ?1 AND subject = ?2",
            [kind.name(), subject],
            |row| row.get::<_, Option<String>>(0),
        );
        Ok(found.optional()?.flatten())
    }

    /// Remembers that a person was told of the condition at `now`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn told(&self, kind: Lasting, subject: &str, now: &str) -> Result<()> {
        self.connection.execute(
            "UPDATE lasting SET told = ?3 WHERE kind = ?1 AND subject = ?2",
            params![kind.name(), subject, now],
        )?;
        Ok(())
    }

    /// The shop folders that the last look into the inbox saw.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn inbox_folders(&self) -> Result<BTreeSet<String>> {
        let mut statement = self.connection.prepare("SELECT name FROM inbox_folder")?;
        let names = statement.query_map([], |row| row.get(0))?;
        Ok(names.collect::<rusqlite::Result<_>>()?)
    }

    /// Remembers the shop folders that this look saw.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn keep_inbox_folders(&mut self, folders: &BTreeSet<String>) -> Result<()> {
        if self.inbox_folders()? == *folders {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        transaction.execute("DELETE FROM inbox_folder", [])?;
        for folder in folders {
            transaction.execute("INSERT INTO inbox_folder (name) VALUES (?1)", [folder])?;
        }
        Ok(transaction.commit()?)
    }
}
