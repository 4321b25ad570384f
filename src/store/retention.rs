//! What the history knows about files that may be cleaned up: nothing it has not recorded is ever named here.

use super::{Result, Store};
use crate::domain::dates::Day;
use crate::domain::ids::FileDigest;
use chrono::DateTime;
use rusqlite::OptionalExtension;

impl Store {
    /// The JST day on which the content with `digest` came in, if it is recorded with its day.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn arrival_of(&self, digest: FileDigest) -> Result<Option<Day>> {
        let at: Option<i64> = self
            .connection
            .query_row(
                "SELECT a.at FROM file f JOIN file_arrival a ON a.file_id = f.id WHERE f.digest = ?1",
                [digest.0.as_slice()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(at.and_then(|at| DateTime::from_timestamp(at, 0)).map(crate::schedule::business_day))
    }

    /// The JST day on which a person last discarded a held file that got this name in `held/discarded/`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn discarded_on(&self, name: &str) -> Result<Option<Day>> {
        let at: Option<String> = self.connection.query_row(
            "SELECT max(at) FROM act WHERE act = 'discard' AND subject = ?1",
            [name],
            |row| row.get(0),
        )?;
        Ok(at.and_then(|at| Day::parse(at.get(..10)?)))
    }

    /// Workbooks that a later revision of the same shop and period replaced, with their as-of dates.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn replaced_workbooks(&self) -> Result<Vec<(String, Day)>> {
        let mut statement = self.connection.prepare(
            "SELECT r.workbook, r.as_of FROM report r WHERE r.revision < (SELECT max(l.revision) FROM report l \
             WHERE l.shop = r.shop AND l.period_from = r.period_from AND l.period_to = r.period_to) ORDER BY r.workbook",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, Day::from_number(row.get(1)?))))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
