//! Payments and their observations.

use super::facts::FileNames;
use super::files::{RowOutcome, ShopTotals};
use super::{Result, Store};
use crate::domain::dates::Moment;
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::intake::{Disposition, PaymentRow, Source};
use crate::domain::money::Yen;
use crate::domain::payment::{Observation, Status};
use crate::domain::text::Texts;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use rusqlite::{CachedStatement, Row, Transaction, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads observations with shared texts and statuses.
pub(super) struct ObservationReader {
    files: FileNames,
    texts: Texts,
    statuses: HashMap<String, Status>,
    nowhere: Arc<str>,
}

impl ObservationReader {
    /// Names their files out of `files`.
    pub(super) fn of(files: &FileNames) -> Self {
        let (texts, statuses) = (Texts::default(), HashMap::new());
        Self { files: Arc::clone(files), texts, statuses, nowhere: Arc::from("") }
    }

    /// Columns from `first`: at, status, amount, booking_ref, method, file, line.
    pub(super) fn read(&mut self, row: &Row<'_>, first: usize) -> rusqlite::Result<Observation> {
        let written = row.get_ref(first + 1)?.as_str()?;
        let status = match self.statuses.get(written) {
            Some(status) => status.clone(),
            None => self.statuses.entry(written.to_owned()).or_insert_with(|| Status::read(written)).clone(),
        };
        let file = self.files.get(&row.get::<_, i64>(first + 5)?).unwrap_or(&self.nowhere);
        Ok(Observation {
            at: Moment::from_number(row.get(first)?),
            status,
            amount: Yen::new(row.get(first + 2)?),
            booking_ref: self.texts.alone(row.get_ref(first + 3)?.as_str()?),
            method: self.texts.share(row.get_ref(first + 4)?.as_str()?),
            source: Source { file: Arc::clone(file), line: row.get(first + 6)? },
        })
    }
}

impl Store {
    /// The first row whose Order ID is all digits and unknown, while the shop has it with zeros in front (FAULTS N03).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn shortened_order_id<'r>(&self, rows: &'r [PaymentRow]) -> Result<Option<&'r PaymentRow>> {
        let mut padded: HashMap<&ShopId, HashSet<String>> = HashMap::new();
        let mut known = self.connection.prepare_cached("SELECT 1 FROM payment WHERE shop = ?1 AND order_id = ?2")?;
        for row in rows.iter().filter(|row| may_be_shortened(&row.order_id)) {
            let without_zeros = match padded.entry(&row.shop) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => entry.insert(self.without_zeros(&row.shop)?),
            };
            if without_zeros.contains(row.order_id.as_str())
                && !known.exists([row.shop.as_str(), row.order_id.as_str()])?
            {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Whether any shop has an all-digit Order ID that begins with a zero.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_zeros_in_front(&self) -> Result<bool> {
        for shop in self.facts()?.reader()?.shops()? {
            if !self.without_zeros(&shop)?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The shop's all-digit Order IDs that begin with zeros, without these.
    fn without_zeros(&self, shop: &ShopId) -> Result<HashSet<String>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT order_id FROM payment WHERE shop = ?1 AND order_id >= '0' AND order_id < '1' \
             AND order_id NOT GLOB '*[^0-9]*'",
        )?;
        let found = statement
            .query_map([shop.as_str()], |row| Ok(row.get_ref(0)?.as_str()?.trim_start_matches('0').to_owned()))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}

/// Whether an Order ID could be the rest of one that began with zeros.
fn may_be_shortened(order_id: &OrderId) -> bool {
    let text = order_id.as_str();
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The outcome of the row on `line`: among those before `begun`, which stand by line, or behind, where the rows of its
/// payment were the last ones taken.
fn outcome_of(outcomes: &mut [RowOutcome], begun: usize, line: u32) -> Option<&mut RowOutcome> {
    let (before, taken) = outcomes.split_at_mut_checked(begun)?;
    match before.binary_search_by_key(&line, |outcome| outcome.line) {
        Ok(at) => before.get_mut(at),
        Err(_) => taken.iter_mut().rev().find(|outcome| outcome.line == line),
    }
}

/// Saves the observations of a file that say something new, with every row's disposition, as the rows come.
pub(super) struct Writer<'t> {
    find: CachedStatement<'t>,
    insert_payment: CachedStatement<'t>,
    load: CachedStatement<'t>,
    earlier: CachedStatement<'t>,
    insert: CachedStatement<'t>,
    transaction: &'t Transaction<'t>,
    file: i64,
    dispose: fn(&[Observation], &Observation) -> Disposition,
    reader: ObservationReader,
}

impl<'t> Writer<'t> {
    pub(super) fn prepare(
        transaction: &'t Transaction<'t>,
        file: i64,
        dispose: fn(&[Observation], &Observation) -> Disposition,
    ) -> Result<Self> {
        Ok(Self {
            find: transaction.prepare_cached("SELECT id FROM payment WHERE shop = ?1 AND order_id = ?2")?,
            insert_payment: transaction
                .prepare_cached("INSERT INTO payment (shop, order_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?,
            load: transaction.prepare_cached(
                "SELECT at, status, amount, booking_ref, method, file_id, line FROM observation WHERE payment_id = ?1",
            )?,
            earlier: transaction.prepare_cached(
                "SELECT max(line) FROM observation WHERE payment_id = ?1 AND at = ?2 AND file_id = ?3",
            )?,
            insert: transaction.prepare_cached(
                "INSERT INTO observation (payment_id, at, status, amount, booking_ref, method, file_id, line) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
            transaction,
            file,
            dispose,
            reader: ObservationReader::of(&FileNames::default()),
        })
    }

    /// Takes the next rows in file order: their lines ascend over all calls.
    pub(super) fn take(
        &mut self,
        rows: &[PaymentRow],
        outcomes: &mut Vec<RowOutcome>,
        totals: &mut BTreeMap<ShopId, ShopTotals>,
    ) -> Result<()> {
        // By payment: the index grows page by page, and one shop is read without the pages of all others. Stable: rows
        // of one payment stay in file order.
        let mut rows: Vec<&PaymentRow> = rows.iter().collect();
        rows.sort_by(|a, b| (&a.shop, &a.order_id).cmp(&(&b.shop, &b.order_id)));
        let begun = outcomes.len();
        for row in rows {
            let observation = &row.observation;
            let (id, known) = self.payment(row)?;
            let disposition = (self.dispose)(&known, observation);
            if !totals.contains_key(&row.shop) {
                totals.insert(row.shop.clone(), ShopTotals::default());
            }
            let total = totals.get_mut(&row.shop);
            if let Some(total) = total {
                total.add(disposition, observation.amount, observation.at.day());
                // A later row can make an earlier one of the same file a conflict; of no other file.
                if disposition == Disposition::Conflict
                    && let Some(earlier) = self.earlier(id, observation.at)?
                    && let Some(outcome) = outcome_of(outcomes, begun, earlier)
                {
                    total.rows.recount(outcome.disposition, Disposition::Conflict);
                    outcome.disposition = Disposition::Conflict;
                }
            }
            if disposition != Disposition::Same {
                self.insert.execute(params![
                    id,
                    observation.at.number(),
                    observation.status.label(),
                    observation.amount.get(),
                    &*observation.booking_ref,
                    &*observation.method,
                    self.file,
                    observation.source.line
                ])?;
            }
            outcomes.push(RowOutcome { line: observation.source.line, disposition, reason: None });
        }
        if let Some(taken) = outcomes.get_mut(begun..) {
            taken.sort_by_key(|outcome| outcome.line);
        }
        Ok(())
    }

    /// The payment of a row, made if need be, with what is known of it.
    fn payment(&mut self, row: &PaymentRow) -> Result<(i64, Vec<Observation>)> {
        let payment = [row.shop.as_str(), row.order_id.as_str()];
        let mut known = Vec::new();
        // Most rows are new payments: one search of the index tells, and stores them.
        if self.insert_payment.execute(payment)? == 1 {
            return Ok((self.transaction.last_insert_rowid(), known));
        }
        let id = self.find.query_row(payment, |found| found.get::<_, i64>(0))?;
        let mut found = self.load.query([id])?;
        while let Some(found) = found.next()? {
            known.push(self.reader.read(found, 0)?);
        }
        known.sort();
        Ok((id, known))
    }

    /// The line of the last stored row of this file on the same payment at the same time.
    fn earlier(&mut self, payment: i64, at: Moment) -> Result<Option<u32>> {
        Ok(self.earlier.query_row(params![payment, at.number(), self.file], |row| row.get(0))?)
    }
}
