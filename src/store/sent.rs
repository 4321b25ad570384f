//! Reports that left before an older copy of the history was restored (FAULTS S06): found, and taken up.

use super::outbox::{ReportKey, Step, log};
use super::{Result, Store, unexpected};
use crate::domain::delivery::State;
use rusqlite::{OptionalExtension, params};

/// What the history knows of a report's mail to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A delivery in this state.
    Delivery {
        /// Its number.
        id: i64,
        /// Its state.
        state: State,
        /// How often it was sent again on purpose.
        resent: u32,
    },
    /// Nothing at all.
    Nothing,
}

/// A report that left and that the history does not know: it was restored from an older copy (FAULTS S06).
#[derive(Clone, Debug)]
pub struct SentReport<'a> {
    /// Which report.
    pub key: ReportKey,
    /// The digest of its figures.
    pub digest: &'a str,
    /// Its workbook, relative to the installation's folder.
    pub workbook: &'a str,
    /// Its Message-ID.
    pub message_id: &'a str,
    /// Recipient, state, and how often it was sent again.
    pub deliveries: &'a [(String, State, u32)],
    /// When it is restored, RFC 3339.
    pub at: &'a str,
}

impl Store {
    /// What is known of a report's mail to `recipient`.
    ///
    /// # Errors
    /// When the database cannot be read, or holds a state that is none.
    pub fn find_delivery(&self, key: &ReportKey, recipient: &str) -> Result<Found> {
        let mut statement = self.connection.prepare_cached(
            "SELECT d.id, d.state, d.resent FROM delivery d JOIN message m ON m.id = d.message WHERE m.shop = ?1 \
             AND m.period_from = ?2 AND m.period_to = ?3 AND m.revision = ?4 AND d.recipient = ?5",
        )?;
        let (from, to) = (key.period.0.number(), key.period.1.number());
        let found = statement
            .query_row(params![key.shop.as_str(), from, to, key.revision, recipient], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
            })
            .optional()?;
        let Some((id, state, resent)) = found else { return Ok(Found::Nothing) };
        let state = State::named(&state).ok_or_else(|| unexpected("mail state", state))?;
        Ok(Found::Delivery { id, state, resent })
    }

    /// Sets the state of a delivery to what the record beside the database knows.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_delivery(&mut self, delivery: i64, at: &str, state: State) -> Result<()> {
        self.step(&[delivery], at, &Step { state, began: None, due: None, words: "", at_once: false })
    }

    /// The digest of a report's figures and its workbook, for the record of what left.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn report_named(&self, key: &ReportKey) -> Result<Option<(String, String)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT digest, workbook FROM report WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 \
             AND revision = ?4",
        )?;
        let (from, to) = (key.period.0.number(), key.period.1.number());
        let key = params![key.shop.as_str(), from, to, key.revision];
        Ok(statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Of a report that no message was ever made for: whether its proof balanced when it was issued; `None` of any other.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unmailed(&self, key: &ReportKey) -> Result<Option<bool>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT coalesce((SELECT balanced FROM run_shop s WHERE s.run_id = r.run_id AND s.shop = r.shop), 1) \
             FROM report r WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 AND revision = ?4 AND NOT EXISTS \
             (SELECT 1 FROM message m WHERE m.shop = r.shop AND m.period_from = r.period_from \
             AND m.period_to = r.period_to AND m.revision = r.revision)",
        )?;
        let (from, to) = (key.period.0.number(), key.period.1.number());
        Ok(statement.query_row(params![key.shop.as_str(), from, to, key.revision], |row| row.get(0)).optional()?)
    }

    /// Takes up a report that left before this history was restored: it counts as sent, and the next revision comes
    /// after it (FAULTS S06). Its bytes are gone, so it cannot be sent again from here; a message that the history has
    /// for it stays as it is. `false` where its Message-ID is that of another report's message: none of ours says so.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn restore_sent(&mut self, sent: &SentReport<'_>) -> Result<bool> {
        let transaction = self.connection.transaction()?;
        let (shop, revision) = (sent.key.shop.as_str(), sent.key.revision);
        let (from, to) = (sent.key.period.0.number(), sent.key.period.1.number());
        let known = {
            let mut statement = transaction.prepare(
                "SELECT 1 FROM report WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 AND revision = ?4",
            )?;
            statement.exists(params![shop, from, to, revision])?
        };
        if !known {
            transaction.execute(
                "INSERT INTO run (name, period_from, period_to, as_of, outcome) VALUES (?1, ?2, ?3, ?3, 'problems')",
                params![sent.at, from, to],
            )?;
            let run = transaction.last_insert_rowid();
            transaction
                .execute("UPDATE run SET name = ?2 WHERE id = ?1", params![run, format!("{}#{run}", sent.at)])?;
            transaction.execute(
                "INSERT INTO report (shop, period_from, period_to, revision, run_id, as_of, digest, workbook) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?3, ?6, ?7)",
                params![shop, from, to, revision, run, sent.digest, sent.workbook],
            )?;
        }
        transaction.execute(
            "INSERT OR IGNORE INTO message (shop, period_from, period_to, revision, message_id, sender, queued, content) \
             VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, X'')",
            params![shop, from, to, revision, sent.message_id, sent.at],
        )?;
        // It may be there under another Message-ID, which follows from the recipients.
        let message: Option<i64> = transaction
            .query_row(
                "SELECT id FROM message WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 AND revision = ?4",
                params![shop, from, to, revision],
                |row| row.get(0),
            )
            .optional()?;
        let Some(message) = message else { return Ok(false) };
        for (recipient, state, resent) in sent.deliveries {
            transaction.execute(
                "INSERT INTO delivery (message, recipient, state, resent) VALUES (?1, ?2, ?3, ?4)",
                params![message, recipient, state.name(), resent],
            )?;
            log(&transaction, transaction.last_insert_rowid(), sent.at, state.name(), "totsugo.sent.jsonl")?;
        }
        transaction.commit()?;
        Ok(true)
    }
}
