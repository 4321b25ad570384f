//! Files: what was read, and what became of every row. One transaction a file.

use super::integrity::{self, Beside, Written};
use super::words::WordWriter;
use super::{Result, Store, bookings, entries, payments, unexpected};
use crate::domain::dates::{Day, Moment};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Disposition, Normalised, PaymentRow, Problem, RowCounts, Rows, reach};
use crate::domain::money::Yen;
use crate::domain::payment::Observation;
use hashbrown::HashSet;
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeMap;

/// A file to be stored.
#[derive(Debug)]
pub struct NewFile<'a> {
    /// Digest of its content.
    pub digest: FileDigest,
    /// Name relative to the inbox.
    pub name: &'a str,
    /// The shop's sub-folder it lay in.
    pub folder: Option<&'a ShopId>,
    /// Its rows.
    pub normalised: &'a Normalised,
    /// Why each rejected row was, a sentence each.
    pub reasons: &'a [String],
}

/// The rows of a file that was stored, or why it must be held.
pub type Saved = std::result::Result<RowCounts, Problem>;

/// Takes the next rows of a file.
pub type TakeRows<'t> = &'t mut dyn FnMut(&[PaymentRow]);

/// A file whose content is known already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its number.
    pub id: i64,
    /// Rows that were read from it.
    pub rows_read: u64,
    /// Its name when it was stored.
    pub name: String,
    /// The shop's folder it lay in then.
    pub folder: Option<ShopId>,
    /// The layout that fitted.
    pub layout: String,
    /// The shops its payments belong to.
    pub shops: Vec<ShopId>,
}

impl KnownFile {
    /// Whether this content lies wrongly in `folder`: it came in for another shop (FAULTS A07, A17). Exports without any row
    /// are the same for all shops.
    pub fn belongs_elsewhere(&self, folder: &ShopId) -> bool {
        let is_of_another = self.folder.as_ref().is_some_and(|known| known != folder);
        self.rows_read > 0 && (is_of_another || self.shops.iter().any(|shop| shop != folder))
    }
}

/// The control totals of one shop within a file.
#[derive(Default)]
pub(super) struct ShopTotals {
    pub(super) rows: RowCounts,
    pub(super) yen: Yen,
    pub(super) covers: Option<(Day, Day)>,
}

impl ShopTotals {
    /// Counts one accepted row.
    pub(super) fn add(&mut self, disposition: Disposition, yen: Yen, day: Day) {
        self.rows.add(disposition);
        self.yen += yen;
        self.widen(Some((day, day)));
    }

    /// Adds those of more rows.
    pub(super) fn append(&mut self, more: Self) {
        self.rows += more.rows;
        self.yen += more.yen;
        self.widen(more.covers);
    }

    pub(super) fn widen(&mut self, covers: Option<(Day, Day)>) {
        if let Some((from, to)) = covers {
            self.covers = Some(widen(self.covers, from, to));
        }
    }
}

/// The span `covers` widened to hold `from` and `to`.
pub(super) fn widen(covers: Option<(Day, Day)>, from: Day, to: Day) -> (Day, Day) {
    covers.map_or((from, to), |(first, last)| (first.min(from), last.max(to)))
}

/// The name a disposition is stored under.
pub(super) const fn disposition_name(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::New => "new",
        Disposition::Update => "update",
        Disposition::Same => "same",
        Disposition::Stale => "stale",
        Disposition::Conflict => "conflict",
        Disposition::Excluded => "excluded",
        Disposition::Rejected => "rejected",
    }
}

pub(super) fn disposition_named(name: &str) -> Result<Disposition> {
    [
        Disposition::New,
        Disposition::Update,
        Disposition::Same,
        Disposition::Stale,
        Disposition::Conflict,
        Disposition::Excluded,
        Disposition::Rejected,
    ]
    .into_iter()
    .find(|d| disposition_name(*d) == name)
    .ok_or_else(|| unexpected("disposition", name))
}

/// A row's line with what became of it.
pub(super) struct RowOutcome {
    pub(super) line: u32,
    pub(super) disposition: Disposition,
    pub(super) reason: Option<Box<str>>,
}

impl Store {
    /// The stored file with this content, if any.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn known_file(&self, digest: FileDigest) -> Result<Option<KnownFile>> {
        let mut file =
            self.connection.prepare_cached("SELECT id, name, folder, layout, rows_read FROM file WHERE digest = ?1")?;
        let known = file
            .query_row([digest.0.as_slice()], |row| {
                Ok(KnownFile {
                    id: row.get(0)?,
                    rows_read: row.get::<_, i64>(4)?.unsigned_abs(),
                    name: row.get(1)?,
                    folder: row.get::<_, Option<String>>(2)?.map(|id| ShopId::new(&id)),
                    layout: row.get(3)?,
                    shops: Vec::new(),
                })
            })
            .optional()?;
        let Some(mut known) = known else { return Ok(None) };
        let mut shops = self.connection.prepare_cached("SELECT shop FROM file_shop WHERE file_id = ?1")?;
        let found = shops.query_map([known.id], |row| Ok(ShopId::new(row.get_ref(0)?.as_str()?)))?;
        known.shops = found.collect::<rusqlite::Result<_>>()?;
        Ok(Some(known))
    }

    /// Notes that a stored file came in once more just now: an export that says what the last one said is the export of its
    /// day all the same (FAULTS A20).
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn came_again(&self, known: &KnownFile) -> Result<()> {
        let mut statement =
            self.connection.prepare_cached("UPDATE file_arrival SET at = max(at, unixepoch()) WHERE file_id = ?1")?;
        statement.execute([known.id])?;
        Ok(())
    }

    /// The digests of all stored content.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn digests(&self) -> Result<HashSet<FileDigest>> {
        let mut statement = self.connection.prepare_cached("SELECT digest FROM file")?;
        let digests = statement.query_map([], |row| row.get(0).map(FileDigest))?;
        Ok(digests.collect::<rusqlite::Result<_>>()?)
    }

    /// Stores a file: its record, every row's disposition and its control totals, all or nothing.
    ///
    /// `dispose` says what an observation is, given the stored ones of its payment (SPEC §4.4). The inner error says why the
    /// history does not go with the file, which must be held then (FAULTS N03).
    ///
    /// # Errors
    /// When the database cannot be written. After either error nothing of the file is stored.
    pub fn save_file(
        &mut self,
        file: &NewFile<'_>,
        dispose: fn(&[Observation], &Observation) -> Disposition,
    ) -> Result<Saved> {
        self.save_pieces(file, dispose, &mut |_| {})
    }

    /// As [`Store::save_file`], for a file with more payment rows than memory should hold: `pieces` hands them over in
    /// file order, behind those of [`NewFile::normalised`].
    ///
    /// # Errors
    /// As [`Store::save_file`], and when the rows handed over are not as many as were read.
    pub fn save_pieces(
        &mut self,
        file: &NewFile<'_>,
        dispose: fn(&[Observation], &Observation) -> Disposition,
        pieces: &mut dyn FnMut(TakeRows<'_>),
    ) -> Result<Saved> {
        // Every reference within is to a row that this very transaction stores or has just found: to look each of them up
        // again would be a good part of the cost. `check` and `restore` look all of them up.
        self.connection.pragma_update(None, "foreign_keys", "OFF")?;
        let saved = self.save_rows(file, dispose, pieces);
        self.connection.pragma_update(None, "foreign_keys", "ON")?;
        saved
    }

    fn save_rows(
        &mut self,
        file: &NewFile<'_>,
        dispose: fn(&[Observation], &Observation) -> Disposition,
        pieces: &mut dyn FnMut(TakeRows<'_>),
    ) -> Result<Saved> {
        let transaction = self.connection.transaction()?;
        let beside = beside(file.normalised);
        let id = save_record(&transaction, file, &beside)?;
        let mut words = WordWriter::prepare(&transaction)?;
        let mut stored = Stored::with_room_for(file.normalised.rows_read);
        match &file.normalised.rows {
            Rows::Payments(rows) => {
                let writer = payments::Writer::prepare(&transaction, id, dispose)?;
                if let Some(refused) = stored.payments((&transaction, id), writer, rows, pieces, &mut words)? {
                    return Ok(Err(refused));
                }
            }
            Rows::Bookings(carts) => {
                let written = bookings::save(&transaction, id, file.folder, carts, &mut words, &mut stored.outcomes)?;
                stored.written.extend(written);
            }
            Rows::PaymentList(entries) => entries::save(&transaction, id, entries, &mut stored.outcomes)?,
        }
        stored.leave_out(file);
        stored.written.push(words.rows().end(&transaction, id)?);
        save_outcomes(&transaction, id, &mut stored.outcomes)?;
        save_totals(&transaction, id, &stored.totals)?;
        integrity::seal(&transaction, id, &stored.written, &beside)?;
        let counts = stored.counts();
        if counts.read != file.normalised.rows_read {
            return Err(unexpected("row count", format!("{} of {}", counts.read, file.normalised.rows_read)));
        }
        transaction.commit()?;
        Ok(Ok(counts))
    }
}

fn beside(file: &Normalised) -> Beside {
    Beside {
        hidden_rows: i64::try_from(file.hidden_rows).unwrap_or(i64::MAX),
        unknown_columns: file.unknown_columns.join("\n"),
        dropped_columns: file.dropped_columns.join("\n"),
    }
}

/// Stores the file's own record; its number.
fn save_record(transaction: &Transaction<'_>, file: &NewFile<'_>, beside: &Beside) -> Result<i64> {
    let rows_read = i64::try_from(file.normalised.rows_read).unwrap_or(i64::MAX);
    transaction.execute(
        "INSERT INTO file (digest, name, folder, layout, encoding, rows_read, yen, reach, hidden_rows, \
         unknown_columns, dropped_columns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            file.digest.0.as_slice(),
            file.name,
            file.folder.map(ShopId::as_str),
            file.normalised.layout,
            file.normalised.encoding,
            rows_read,
            total_of(&file.normalised.rows).get(),
            reach_of(&file.normalised.rows),
            beside.hidden_rows,
            beside.unknown_columns,
            beside.dropped_columns
        ],
    )?;
    Ok(transaction.last_insert_rowid())
}

/// What the rows of a file came to so far.
struct Stored {
    outcomes: Vec<RowOutcome>,
    totals: BTreeMap<ShopId, ShopTotals>,
    written: Written,
}

impl Stored {
    fn with_room_for(rows: u64) -> Self {
        let outcomes = Vec::with_capacity(usize::try_from(rows).unwrap_or_default());
        Self { outcomes, totals: BTreeMap::new(), written: Written::new() }
    }

    /// Stores the rows of 取引集計, `rows` and then those of `pieces`, and what they sum up to.
    fn payments(
        &mut self,
        (transaction, file): (&Transaction<'_>, i64),
        mut writer: payments::Writer<'_>,
        rows: &[PaymentRow],
        pieces: &mut dyn FnMut(TakeRows<'_>),
        words: &mut WordWriter<'_>,
    ) -> Result<Option<Problem>> {
        let Self { outcomes, totals, written } = self;
        let mut taken = writer.take(rows, words, outcomes, totals);
        pieces(&mut |rows| {
            if taken.is_ok() {
                taken = writer.take(rows, words, outcomes, totals);
            }
        });
        taken?;
        let refused = writer.refusal();
        if refused.is_none() {
            written.push(writer.rows().end(transaction, file)?);
            let yen: Yen = totals.values().map(|total| total.yen).sum();
            transaction.execute("UPDATE file SET yen = ?2 WHERE id = ?1", params![file, yen.get()])?;
        }
        Ok(refused)
    }

    /// Takes in the rows that were excluded and rejected; where all are of one shop, they count as its.
    fn leave_out(&mut self, file: &NewFile<'_>) {
        let Normalised { excluded, rejected, .. } = file.normalised;
        for (line, rule) in excluded {
            let reason = Some(rule.as_str().into());
            self.outcomes.push(RowOutcome { line: *line, disposition: Disposition::Excluded, reason });
        }
        for (nth, problem) in rejected.iter().enumerate() {
            let reason = file.reasons.get(nth).map(|reason| reason.as_str().into());
            let line = problem.place.line.unwrap_or(0);
            self.outcomes.push(RowOutcome { line, disposition: Disposition::Rejected, reason });
        }
        let only_shop = file.folder.cloned().or_else(|| match self.totals.len() {
            1 => self.totals.keys().next().cloned(),
            _ => None,
        });
        if let Some(totals) = only_shop.and_then(|shop| self.totals.get_mut(&shop)) {
            excluded.iter().for_each(|_| totals.rows.add(Disposition::Excluded));
            rejected.iter().for_each(|_| totals.rows.add(Disposition::Rejected));
        }
    }

    fn counts(&self) -> RowCounts {
        let mut counts = RowCounts::default();
        for outcome in &self.outcomes {
            counts.add(outcome.disposition);
        }
        counts
    }
}

/// The yen that the accepted rows of a file state; those of payments are summed up while they are stored.
fn total_of(rows: &Rows) -> Yen {
    match rows {
        Rows::Payments(_) => Yen::ZERO,
        Rows::Bookings(carts) => carts.iter().flat_map(|cart| &cart.lines).filter_map(|line| line.total.yen()).sum(),
        Rows::PaymentList(entries) => entries.iter().filter_map(|entry| entry.amount.yen()).sum(),
    }
}

/// How far the data of a bookings file reaches.
fn reach_of(rows: &Rows) -> Option<i64> {
    match rows {
        Rows::Bookings(carts) => reach(carts).map(Moment::number),
        Rows::Payments(_) | Rows::PaymentList(_) => None,
    }
}

fn save_outcomes(transaction: &Transaction<'_>, file: i64, outcomes: &mut [RowOutcome]) -> Result<()> {
    outcomes.sort_by_key(|outcome| outcome.line);
    let mut insert = transaction.prepare_cached(
        "INSERT INTO row_disposition (file_id, first_line, last_line, \"rows\", disposition, reason) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for group in outcomes.chunk_by(|a, b| a.disposition == b.disposition && a.reason == b.reason && a.line != b.line) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        insert.execute(params![
            file,
            first.line,
            last.line,
            i64::try_from(group.len()).unwrap_or(i64::MAX),
            disposition_name(first.disposition),
            first.reason
        ])?;
    }
    Ok(())
}

fn save_totals(transaction: &Transaction<'_>, file: i64, totals: &BTreeMap<ShopId, ShopTotals>) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "INSERT INTO file_shop (file_id, shop, \"new\", \"update\", same, stale, conflict, excluded, rejected, yen, \
         covers_from, covers_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    for (shop, total) in totals {
        let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let rows = &total.rows;
        insert.execute(params![
            file,
            shop.as_str(),
            count(rows.new),
            count(rows.update),
            count(rows.same),
            count(rows.stale),
            count(rows.conflict),
            count(rows.excluded),
            count(rows.rejected),
            total.yen.get(),
            total.covers.map(|c| c.0.number()),
            total.covers.map(|c| c.1.number())
        ])?;
    }
    Ok(())
}
