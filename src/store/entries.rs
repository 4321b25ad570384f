//! The rows of Bókun's payment list, each as often as it said something else.

use super::bookings::{price_columns, read_price, read_source};
use super::facts::FileNames;
use super::files::RowOutcome;
use super::words::{WordReader, Words};
use super::{Result, unexpected};
use crate::domain::booking::{PaymentEntry, PaymentType};
use crate::domain::dates::Moment;
use crate::domain::ids::{CartCode, FileDigest};
use crate::domain::intake::Disposition;
use crate::domain::text::code_key;
use hashbrown::HashMap;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction, params};
use std::sync::Arc;

/// Saves the rows of a payment list: by payment reference, without one as often as they stand (FAULTS S11).
pub(super) fn save(
    transaction: &Transaction<'_>,
    file: i64,
    entries: &[PaymentEntry],
    outcomes: &mut Vec<RowOutcome>,
) -> Result<()> {
    let mut find = transaction.prepare_cached(
        "SELECT at, cart_key, payment_type, amount, currency, written_amount, transaction_id FROM payment_entry \
         WHERE entry_key = ?1 ORDER BY file_id DESC, line DESC LIMIT 1",
    )?;
    let mut save = transaction.prepare_cached(
        "INSERT INTO payment_entry (entry_key, cart_key, cart, reference, payment_type, at, amount, \
         currency, written_amount, transaction_id, file_id, line) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut seen = HashMap::new();
    for entry in entries {
        let cart_key = code_key(entry.cart.as_str());
        let says = Says::of(entry, &cart_key);
        let key = entry_key(entry, &says, &mut seen);
        let disposition =
            find.query_row([&key], |row| Ok(says.against(&Says::read(row)?))).optional()?.unwrap_or(Disposition::New);
        if matches!(disposition, Disposition::New | Disposition::Update) {
            save.execute(params![
                key,
                says.cart_key,
                entry.cart.as_str(),
                &*entry.reference,
                says.payment_type,
                says.at,
                says.amount,
                says.currency,
                says.written,
                says.transaction_id,
                file,
                entry.source.line
            ])?;
        }
        outcomes.push(RowOutcome { line: entry.source.line, disposition, reason: None });
    }
    Ok(())
}

/// What a row of a payment list says, in the columns that later rows of its key may change.
#[derive(PartialEq, Eq)]
struct Says<'a> {
    at: i64,
    cart_key: &'a str,
    payment_type: &'a str,
    amount: Option<i64>,
    currency: &'a str,
    written: Option<&'a str>,
    transaction_id: &'a str,
}

impl<'a> Says<'a> {
    fn of(entry: &'a PaymentEntry, cart_key: &'a str) -> Self {
        let (amount, currency, written) = price_columns(&entry.amount);
        Self {
            at: entry.at.number(),
            cart_key,
            payment_type: entry.payment_type.word(),
            amount,
            currency,
            written,
            transaction_id: &entry.transaction_id,
        }
    }

    fn read(row: &'a Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            at: row.get(0)?,
            cart_key: row.get_ref(1)?.as_str()?,
            payment_type: row.get_ref(2)?.as_str()?,
            amount: row.get(3)?,
            currency: row.get_ref(4)?.as_str()?,
            written: row.get_ref(5)?.as_str_or_null()?,
            transaction_id: row.get_ref(6)?.as_str()?,
        })
    }

    /// What the row is, given what is stored under its key.
    fn against(&self, known: &Self) -> Disposition {
        if self == known {
            Disposition::Same
        } else if self.at >= known.at {
            // Of one date the later arrival holds, as with carts: else nobody could correct an amount.
            Disposition::Update
        } else {
            Disposition::Stale
        }
    }
}

/// By what a row is known again: its payment reference; without one what it says, with its number among the rows of the
/// file that say the same (FAULTS S11).
fn entry_key(entry: &PaymentEntry, says: &Says<'_>, seen: &mut HashMap<String, u32>) -> String {
    if !entry.reference.is_empty() {
        return format!("{}:{}", if entry.is_refund() { "refund" } else { "ref" }, entry.reference);
    }
    let amount = says.amount.map(|yen| yen.to_string()).unwrap_or_default();
    let text = [
        says.cart_key,
        says.payment_type,
        &says.at.to_string(),
        &amount,
        says.currency,
        says.transaction_id,
        says.written.unwrap_or_default(),
    ]
    .join("\u{1f}");
    let digest = FileDigest::of(text.as_bytes());
    let nth = seen.entry(text).and_modify(|nth| *nth += 1).or_insert(1);
    format!("row:{nth}:{digest}")
}

/// Reads the payment list cart by cart.
pub(super) struct Entries<'c> {
    /// None: there is no payment list, as at most merchants.
    statement: Option<CachedStatement<'c>>,
    files: FileNames,
    words: WordReader,
}

impl<'c> Entries<'c> {
    pub(super) fn prepare(connection: &'c Connection, files: &FileNames, words: &Words) -> Result<Self> {
        let is_there = connection.prepare_cached("SELECT 1 FROM payment_entry LIMIT 1")?.exists([])?;
        let prepared = || {
            connection.prepare_cached(
                "SELECT e.cart, e.reference, e.payment_type, e.at, e.amount, e.currency, e.written_amount, \
                 e.transaction_id, e.file_id, e.line FROM payment_entry e \
                 WHERE e.cart_key = ?1 AND NOT EXISTS (SELECT 1 FROM payment_entry n WHERE n.entry_key = e.entry_key \
                 AND (n.file_id, n.line) > (e.file_id, e.line))",
            )
        };
        let statement = is_there.then(prepared).transpose()?;
        Ok(Self { statement, files: Arc::clone(files), words: WordReader::of(words) })
    }

    /// The newest rows for a cart, sorted.
    pub(super) fn of(&mut self, cart_key: &str) -> Result<Vec<PaymentEntry>> {
        let mut entries = Vec::new();
        let Some(statement) = &mut self.statement else { return Ok(entries) };
        let mut rows = statement.query([cart_key])?;
        while let Some(row) = rows.next()? {
            let word = row.get_ref(2)?.as_str().unwrap_or_default();
            entries.push(PaymentEntry {
                reference: Arc::from(row.get_ref(1)?.as_str().unwrap_or_default()),
                cart: CartCode::new(row.get_ref(0)?.as_str().unwrap_or_default()),
                payment_type: PaymentType::read(word).ok_or_else(|| unexpected("payment type", word))?,
                at: Moment::from_number(row.get(3)?),
                amount: read_price(row, 4, &mut self.words)?,
                transaction_id: Arc::from(row.get_ref(7)?.as_str().unwrap_or_default()),
                source: read_source(row, 8, &self.files)?,
            });
        }
        entries.sort();
        Ok(entries)
    }
}
