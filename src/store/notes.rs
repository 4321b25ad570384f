//! Notes on findings: every entry is kept, the latest of each field holds (SPEC §5.7).

use super::files::disposition_name;
use super::{Result, Store, integrity};
use crate::domain::dates::Period;
use crate::domain::finding::Note;
use crate::domain::ids::{FileDigest, FindingId, ShopId};
use crate::domain::intake::Disposition;
use crate::domain::notebook::{LAYOUT, NoteEntry};
use hashbrown::HashMap;
use rusqlite::{OptionalExtension, Transaction, params};

/// A workbook of ours that came back.
#[derive(Clone, Copy, Debug)]
pub struct ReturnedFile<'a> {
    /// Digest of its content.
    pub digest: FileDigest,
    /// Name relative to the inbox.
    pub name: &'a str,
    /// The shop's sub-folder it lay in.
    pub folder: Option<&'a ShopId>,
    /// What became of each row.
    pub rows: &'a [(u32, Disposition)],
}

impl Store {
    /// The notes that the workbook of a report showed, by finding; none where the history does not know the report.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn notes_shown(&self, shop: &ShopId, period: Period, revision: u32) -> Result<HashMap<FindingId, Note>> {
        let run: Option<i64> = self
            .connection
            .query_row(
                "SELECT run_id FROM report WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 AND revision = ?4",
                params![shop.as_str(), period.from().number(), period.to().number(), revision],
                |row| row.get(0),
            )
            .optional()?;
        let mut shown: HashMap<FindingId, Note> = HashMap::new();
        let Some(run) = run else { return Ok(shown) };
        let mut statement = self.connection.prepare(
            "SELECT n.finding_id, n.field, n.value FROM note n JOIN finding f ON f.id = n.finding_id \
             WHERE f.shop = ?1 AND n.after_run < ?2 ORDER BY n.written, n.id",
        )?;
        let mut rows = statement.query(params![shop.as_str(), run])?;
        while let Some(row) = rows.next()? {
            let note = shown.entry(FindingId::new(&row.get::<_, String>(0)?)).or_default();
            let value = row.get(2)?;
            match row.get::<_, String>(1)?.as_str() {
                "state" => note.state = value,
                "assignee" => note.assignee = value,
                _ => note.text = value,
            }
        }
        Ok(shown)
    }

    /// Stores a returned workbook with its entries, all or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_returned(&mut self, file: &ReturnedFile<'_>, entries: &[NoteEntry]) -> Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO file (digest, name, folder, layout, encoding, rows_read) VALUES (?1, ?2, ?3, ?4, 'XLSX', ?5)",
            params![
                file.digest.0.as_slice(),
                file.name,
                file.folder.map(ShopId::as_str),
                LAYOUT,
                i64::try_from(file.rows.len()).unwrap_or(i64::MAX)
            ],
        )?;
        let id = transaction.last_insert_rowid();
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO row_disposition (file_id, first_line, last_line, \"rows\", disposition) \
                 VALUES (?1, ?2, ?2, 1, ?3)",
            )?;
            for (line, disposition) in file.rows {
                insert.execute(params![id, line, disposition_name(*disposition)])?;
            }
        }
        write(&transaction, entries, file.name)?;
        integrity::seal(&transaction, id, &Vec::new(), &integrity::Beside::default())?;
        transaction.commit()?;
        Ok(())
    }

    /// Stores what a person said on the command line, with its line in the trail, all or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_notes(&mut self, entries: &[NoteEntry], at: &str, act: &str, reason: &str) -> Result<()> {
        let transaction = self.connection.transaction()?;
        write(&transaction, entries, act)?;
        if let Some(entry) = entries.first() {
            transaction.execute(
                "INSERT INTO act (at, user, act, subject, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
                [at, &self.user, act, entry.finding.as_str(), reason],
            )?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// When each field of a finding was last written, in seconds; fields never written are left out.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn note_times(&self, shop: &ShopId) -> Result<HashMap<(FindingId, String), i64>> {
        let mut statement = self.connection.prepare(
            "SELECT n.finding_id, n.field, max(n.written) FROM note n JOIN finding f ON f.id = n.finding_id \
             WHERE f.shop = ?1 GROUP BY n.finding_id, n.field",
        )?;
        let times = statement.query_map([shop.as_str()], |row| {
            Ok(((FindingId::new(&row.get::<_, String>(0)?), row.get(1)?), row.get(2)?))
        })?;
        Ok(times.collect::<rusqlite::Result<_>>()?)
    }
}

/// Keeps the entries and lets the latest of each field stand at its finding.
fn write(transaction: &Transaction<'_>, entries: &[NoteEntry], source: &str) -> Result<()> {
    let mut keep = transaction.prepare_cached(
        "INSERT INTO note (finding_id, field, value, written, after_run, source) \
         VALUES (?1, ?2, ?3, ?4, (SELECT coalesce(max(id), 0) FROM run), ?5)",
    )?;
    for entry in entries {
        let (id, field) = (entry.finding.as_str(), entry.field.as_str());
        keep.execute(params![id, field, entry.value, entry.written.number(), source])?;
        let latest: String = transaction.query_row(
            "SELECT value FROM note WHERE finding_id = ?1 AND field = ?2 ORDER BY written DESC, id DESC LIMIT 1",
            [id, field],
            |row| row.get(0),
        )?;
        transaction.execute(&format!("UPDATE finding SET {field} = ?2 WHERE id = ?1"), [id, latest.as_str()])?;
    }
    Ok(())
}
