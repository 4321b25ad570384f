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
use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
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
    let mut seen: HashMap<String, u32> = HashMap::new();
    for entry in entries {
        let cart_key = code_key(entry.cart.as_str());
        let (amount, currency, written) = price_columns(&entry.amount);
        let says = (
            entry.at.number(),
            cart_key.clone(),
            entry.payment_type.word().to_owned(),
            amount,
            currency.to_owned(),
            written.map(str::to_owned),
            entry.transaction_id.to_string(),
        );
        let key = if entry.reference.is_empty() {
            let amount = amount.map(|yen| yen.to_string()).unwrap_or_default();
            let parts =
                [&*says.1, &*says.2, &says.0.to_string(), &amount, &*says.4, &*says.6, written.unwrap_or_default()];
            let text = parts.join("\u{1f}");
            let nth = seen.entry(text.clone()).and_modify(|nth| *nth += 1).or_insert(1);
            format!("row:{nth}:{}", FileDigest::of(text.as_bytes()))
        } else {
            format!("{}:{}", if entry.is_refund() { "refund" } else { "ref" }, entry.reference)
        };
        let known = find
            .query_row([&key], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
            })
            .optional()?;
        let disposition = match known {
            None => Disposition::New,
            Some(known) if known == says => Disposition::Same,
            // Of one date the later arrival holds, as with carts: else nobody could correct an amount.
            Some(known) if says.0 >= known.0 => Disposition::Update,
            Some(_) => Disposition::Stale,
        };
        if matches!(disposition, Disposition::New | Disposition::Update) {
            save.execute(params![
                key,
                cart_key,
                entry.cart.as_str(),
                &*entry.reference,
                entry.payment_type.word(),
                entry.at.number(),
                amount,
                currency,
                written,
                &*entry.transaction_id,
                file,
                entry.source.line
            ])?;
        }
        outcomes.push(RowOutcome { line: entry.source.line, disposition, reason: None });
    }
    Ok(())
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
