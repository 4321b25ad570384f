//! Payments and their observations.

use super::Result;
use super::facts::FileNames;
use super::files::{RowOutcome, ShopTotals};
use super::sealed::{RowWriter, Value};
use super::words::{WordReader, WordWriter, Words};
use super::zeros::{Counterpart, Zeros};
use crate::domain::dates::Moment;
use crate::domain::ids::ShopId;
use crate::domain::intake::{Disposition, Fault, PaymentRow, Place, Problem, Source};
use crate::domain::money::Yen;
use crate::domain::payment::{Observation, Status};
use hashbrown::HashMap;
use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Row, Transaction, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Reads observations with shared texts and statuses.
pub(super) struct ObservationReader {
    files: FileNames,
    words: WordReader,
    statuses: HashMap<i64, Status>,
    nowhere: Arc<str>,
}

impl ObservationReader {
    /// Names their files out of `files`.
    pub(super) fn of(files: &FileNames, words: &Words) -> Self {
        let files = Arc::clone(files);
        Self { files, words: WordReader::of(words), statuses: HashMap::new(), nowhere: Arc::from("") }
    }

    /// Columns from `first`: at, status, amount, booking_ref, method, file_id, line.
    pub(super) fn read(&mut self, row: &Row<'_>, first: usize) -> rusqlite::Result<Observation> {
        let file = self.files.get(&row.get::<_, i64>(first + 5)?).unwrap_or(&self.nowhere);
        Ok(Observation {
            source: Source { file: Arc::clone(file), line: row.get(first + 6)? },
            at: Moment::from_number(row.get(first)?),
            status: self.status(row.get_ref(first + 1)?)?,
            amount: Yen::new(row.get(first + 2)?),
            booking_ref: self.words.alone(row.get_ref(first + 3)?)?,
            method: self.words.read(row.get_ref(first + 4)?)?,
        })
    }

    /// The status that a word column stands for.
    pub(super) fn status(&mut self, word: ValueRef<'_>) -> rusqlite::Result<Status> {
        let ValueRef::Integer(number) = word else { return Ok(Status::read(word.as_str()?)) };
        if let Some(status) = self.statuses.get(&number) {
            return Ok(status.clone());
        }
        let status = Status::read(&self.words.read(word)?);
        self.statuses.insert(number, status.clone());
        Ok(status)
    }
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

/// The columns of an observation.
const COLUMNS: [&str; 9] = ["shop", "order_id", "at", "status", "amount", "booking_ref", "method", "file_id", "line"];

/// Saves the observations of a file that say something new, with every row's disposition, as the rows come.
pub(super) struct Writer<'t> {
    has_any: CachedStatement<'t>,
    find: CachedStatement<'t>,
    name_of: CachedStatement<'t>,
    zeros: Zeros<'t>,
    /// Why the file must be held after all; nothing more is stored of it then.
    refusal: Option<Problem>,
    rows: RowWriter<'t>,
    file: i64,
    /// The name by which rows of this file are told from those of others.
    name: Arc<str>,
    dispose: fn(&[Observation], &Observation) -> Disposition,
    /// Reads what is stored with the words of before the rows being taken, and how many these were.
    reader: ObservationReader,
    words: usize,
}

impl<'t> Writer<'t> {
    pub(super) fn prepare(
        transaction: &'t Transaction<'t>,
        file: i64,
        dispose: fn(&[Observation], &Observation) -> Disposition,
    ) -> Result<Self> {
        let name = Arc::from("this file");
        Ok(Self {
            has_any: transaction.prepare_cached("SELECT 1 FROM observation WHERE shop = ?1")?,
            find: transaction.prepare_cached(
                "SELECT at, status, amount, booking_ref, method, file_id, line FROM observation \
                 WHERE shop = ?1 AND order_id = ?2",
            )?,
            name_of: transaction.prepare_cached("SELECT name FROM file WHERE id = ?1")?,
            zeros: Zeros::prepare(transaction)?,
            refusal: None,
            rows: RowWriter::prepare(transaction, "observation", &COLUMNS, COLUMNS.len())?,
            file,
            name,
            dispose,
            reader: ObservationReader::of(&FileNames::default(), &Words::default()),
            words: 0,
        })
    }

    /// Takes the next rows in file order: their lines ascend over all calls.
    pub(super) fn take(
        &mut self,
        rows: &[PaymentRow],
        words: &mut WordWriter<'_>,
        outcomes: &mut Vec<RowOutcome>,
        totals: &mut BTreeMap<ShopId, ShopTotals>,
    ) -> Result<()> {
        // By payment: the index grows page by page, and one shop is read without the pages of all others. Stable: rows
        // of one payment stay in file order.
        let mut rows: Vec<&PaymentRow> = rows.iter().collect();
        rows.sort_by(|a, b| (&a.shop, &a.order_id).cmp(&(&b.shop, &b.order_id)));
        let begun = outcomes.len();
        if self.words != words.count() {
            let files = Arc::new(HashMap::from([(self.file, Arc::clone(&self.name))]));
            (self.reader, self.words) = (ObservationReader::of(&files, &words.all()), words.count());
        }
        for of_shop in rows.chunk_by(|a, b| a.shop == b.shop) {
            if self.refusal.is_some() {
                break;
            }
            let Some(shop) = of_shop.first().map(|row| &row.shop) else { continue };
            let word = words.put(shop.as_str())?;
            let is_known = self.has_any.exists([word])?;
            let total = totals.entry(shop.clone()).or_default();
            for payment in of_shop.chunk_by(|a, b| a.order_id == b.order_id) {
                self.payment((word, is_known), payment, words, (outcomes, begun), total)?;
            }
        }
        if let Some(taken) = outcomes.get_mut(begun..) {
            taken.sort_unstable_by_key(|outcome| outcome.line);
        }
        Ok(())
    }

    /// Takes the rows of one payment.
    fn payment(
        &mut self,
        (shop, shop_is_known): (Value<'_>, bool),
        rows: &[&PaymentRow],
        words: &mut WordWriter<'_>,
        (outcomes, begun): (&mut Vec<RowOutcome>, usize),
        total: &mut ShopTotals,
    ) -> Result<()> {
        let mut known = Vec::new();
        if let Some(row) = rows.first().filter(|_| shop_is_known) {
            let mut found = self.find.query(params![shop, row.order_id.as_str()])?;
            while let Some(found) = found.next()? {
                known.push(self.reader.read(found, 0)?);
            }
            known.sort();
        }
        if let Some(row) = rows.first().filter(|_| known.is_empty() && self.refusal.is_none())
            && let Some(other) = self.zeros.counterpart(shop, row)?
        {
            self.refusal = Some(self.lost_zeros(row, other)?);
        }
        if self.refusal.is_some() {
            return Ok(());
        }
        for (nth, PaymentRow { order_id, observation, .. }) in (1..).zip(rows) {
            let disposition = (self.dispose)(&known, observation);
            total.add(disposition, observation.amount, observation.at.day());
            // A later row can make an earlier one of the same file a conflict; of no other file.
            if disposition == Disposition::Conflict
                && let Some(earlier) = self.earlier(&known, observation.at)
                && let Some(outcome) = outcome_of(outcomes, begun, earlier)
            {
                total.rows.recount(outcome.disposition, Disposition::Conflict);
                outcome.disposition = Disposition::Conflict;
            }
            if disposition != Disposition::Same {
                let status = words.put(observation.status.label())?;
                let method = words.put(&observation.method)?;
                self.rows.insert(&[
                    shop,
                    order_id.as_str().into(),
                    observation.at.number().into(),
                    status,
                    observation.amount.get().into(),
                    (&*observation.booking_ref).into(),
                    method,
                    self.file.into(),
                    observation.source.line.into(),
                ])?;
                if nth < rows.len() {
                    let source = Source { file: Arc::clone(&self.name), line: observation.source.line };
                    known.push(Observation { source, ..observation.clone() });
                    known.sort();
                }
            }
            outcomes.push(RowOutcome { line: observation.source.line, disposition, reason: None });
        }
        Ok(())
    }

    /// N03: that `row` and `other` are one Order ID with and without its zeros. Within one file it is said of the one without.
    fn lost_zeros(&mut self, row: &PaymentRow, other: Counterpart) -> Result<Problem> {
        let (mut found, mut line) = (row.order_id.clone(), row.observation.source.line);
        let Counterpart { order_id: mut other, file, line: mut at } = other;
        let file = if file == self.file {
            if found.as_str().len() > other.as_str().len() {
                (found, line, other, at) = (other, at, found, line);
            }
            None
        } else {
            Some(self.name_of.query_row([file], |row| row.get(0))?)
        };
        let fault = Fault::LostZeros { found: found.to_string(), other: other.to_string(), file, line: at };
        Ok(Problem { place: Place { line: Some(line), column: Some("オーダーID".to_owned()) }, fault })
    }

    /// Why the file must be held after all, if it must.
    pub(super) fn refusal(&mut self) -> Option<Problem> {
        self.refusal.take()
    }

    /// The line of the last stored row of this file among `known` at the same time.
    fn earlier(&self, known: &[Observation], at: Moment) -> Option<u32> {
        let own = known.iter().filter(|one| one.at == at && one.source.file == self.name);
        own.map(|one| one.source.line).max()
    }

    /// The rows that were stored.
    pub(super) fn rows(self) -> RowWriter<'t> {
        self.rows
    }
}
