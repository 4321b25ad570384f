//! Bookings: every version of a cart as some file showed it, and the rows of the payment list.

use super::facts::FileNames;
use super::files::{RowOutcome, disposition_name, widen};
use super::{Result, unexpected};
use crate::domain::booking::{
    Booking, BookingLine, LineStatus, PaymentEntry, PaymentStatus, PaymentType, Price, SnapshotAge,
};
use crate::domain::dates::Moment;
use crate::domain::ids::{CartCode, FileDigest, ProductCode, ShopId};
use crate::domain::intake::{CartSnapshot, Disposition, Source, reach};
use crate::domain::money::Yen;
use crate::domain::text::{Texts, code_key};
use hashbrown::HashMap;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Transaction, params};
use std::sync::Arc;

/// The yen and the currency of a price as columns: `(yen, currency, written)`.
fn price_columns(price: &Price) -> (Option<i64>, &str, Option<&str>) {
    match price {
        Price::Yen(yen) => (Some(yen.get()), "JPY", None),
        Price::Foreign { currency, written } => (None, currency, Some(written)),
    }
}

/// The price in three columns from `at`.
fn read_price(row: &Row<'_>, at: usize, texts: &mut Texts) -> rusqlite::Result<Price> {
    match row.get::<_, Option<i64>>(at)? {
        Some(yen) => Ok(Price::Yen(Yen::new(yen))),
        None => Ok(Price::Foreign {
            currency: texts.share(row.get_ref(at + 1)?.as_str()?),
            written: texts.share(&row.get::<_, Option<String>>(at + 2)?.unwrap_or_default()),
        }),
    }
}

/// A digest over what a snapshot says, without where it was read. The form is stored, so it is spelled out here.
fn content(lines: &[BookingLine]) -> [u8; 32] {
    let mut text = String::new();
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    for line in lines {
        let (total, currency, written) = price_columns(&line.total);
        for part in [
            line.product_code.as_str(),
            line.status.word(),
            line.payment_status.word(),
            &line.created_at.number().to_string(),
            &number(line.start_at.map(Moment::number)),
            &number(total),
            currency,
            written.unwrap_or_default(),
            &line.channel,
            &line.product,
            &line.customer,
            &line.external_ref,
            &line.transaction_id,
            &number(line.paid.map(Yen::get)),
            &number(line.refunded.map(Yen::get)),
        ] {
            text.push_str(part);
            text.push('\u{1f}');
        }
        text.push('\u{1e}');
    }
    FileDigest::of(text.as_bytes()).0
}

struct Current {
    id: i64,
    age: SnapshotAge,
    content: [u8; 32],
}

/// Saves the carts of a bookings file as new versions where they say something new.
pub(super) fn save(
    transaction: &Transaction<'_>,
    file: i64,
    folder: Option<&ShopId>,
    carts: &[CartSnapshot],
    outcomes: &mut Vec<RowOutcome>,
) -> Result<()> {
    let Some(reach) = reach(carts) else { return Ok(()) };
    let mut versions = Versions::prepare(transaction, file, folder, reach)?;
    // By code: the carts of a shop then lie side by side, so that one shop is read without the pages of all others.
    let mut carts: Vec<&CartSnapshot> = carts.iter().collect();
    carts.sort_by(|a, b| a.cart.cmp(&b.cart));
    for snapshot in carts {
        let disposition = versions.save(snapshot)?;
        for line in &snapshot.lines {
            outcomes.push(RowOutcome { line: line.source.line, disposition, reason: None });
        }
        for line in &snapshot.repeated {
            outcomes.push(RowOutcome { line: *line, disposition: Disposition::Same, reason: None });
        }
    }
    Ok(())
}

/// Saves carts as versions, with the control totals of their rows.
struct Versions<'t> {
    transaction: &'t Transaction<'t>,
    file: i64,
    folder: Option<&'t ShopId>,
    reach: Moment,
    insert: CachedStatement<'t>,
    insert_line: CachedStatement<'t>,
    find: CachedStatement<'t>,
    retire: CachedStatement<'t>,
    renew: CachedStatement<'t>,
    tally: CachedStatement<'t>,
}

impl<'t> Versions<'t> {
    fn prepare(
        transaction: &'t Transaction<'t>,
        file: i64,
        folder: Option<&'t ShopId>,
        reach: Moment,
    ) -> rusqlite::Result<Self> {
        let prepare = |sql| transaction.prepare_cached(sql);
        Ok(Self {
            transaction,
            file,
            folder,
            reach,
            insert: prepare(
                "INSERT INTO cart_version (cart_key, cart, folder, file_id, reach, rank, content, is_current) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            )?,
            insert_line: prepare(
                "INSERT INTO booking_line (version_id, position, product_code, status, payment_status, created_at, \
                 start_at, total, currency, written_total, channel, product, customer, external_ref, transaction_id, \
                 paid, refunded, line) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            )?,
            find: prepare("SELECT id, rank, reach, content FROM cart_version WHERE cart_key = ?1 AND is_current = 1")?,
            retire: prepare("UPDATE cart_version SET is_current = 0 WHERE id = ?1")?,
            renew: prepare(
                "UPDATE cart_version SET reach = max(reach, ?2), folder = coalesce(folder, ?3) WHERE id = ?1",
            )?,
            tally: prepare(
                "INSERT INTO file_cart (file_id, cart_key, disposition, \"rows\", repeated, yen, covers_from, \
                 covers_to) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?,
        })
    }

    /// Saves one cart where it says something new, its control totals in any case, and says what it was.
    fn save(&mut self, snapshot: &CartSnapshot) -> Result<Disposition> {
        let key = code_key(snapshot.cart.as_str());
        let disposition = self.version(&key, snapshot)?;
        let yen: Yen = snapshot.lines.iter().filter_map(|line| line.total.yen()).sum();
        let days = snapshot.lines.iter().map(|line| line.created_at.day());
        let covers = days.fold(None, |covers, day| Some(widen(covers, day, day)));
        self.tally.execute(params![
            self.file,
            key,
            disposition_name(disposition),
            i64::try_from(snapshot.lines.len()).unwrap_or(i64::MAX),
            i64::try_from(snapshot.repeated.len()).unwrap_or(i64::MAX),
            yen.get(),
            covers.map(|(from, _)| from.number()),
            covers.map(|(_, to)| to.number())
        ])?;
        Ok(disposition)
    }

    /// Saves one cart where it says something new.
    fn version(&mut self, key: &str, snapshot: &CartSnapshot) -> Result<Disposition> {
        let age = SnapshotAge::of(&snapshot.lines, self.reach);
        let content = content(&snapshot.lines);
        // Most carts are new: one search of the index tells, and stores them.
        if self.insert(key, snapshot, age, &content, Disposition::New)? {
            return Ok(Disposition::New);
        }
        let current = self.find.query_row([key], |row| {
            let age = SnapshotAge { rank: row.get(1)?, reach: Moment::from_number(row.get(2)?) };
            Ok(Current { id: row.get(0)?, age, content: row.get(3)? })
        })?;
        if current.content == content {
            self.renew.execute(params![current.id, self.reach.number(), self.folder.map(ShopId::as_str)])?;
            return Ok(Disposition::Same);
        }
        let disposition = if age.replaces(current.age) {
            self.retire.execute([current.id])?;
            Disposition::Update
        } else {
            Disposition::Stale
        };
        self.insert(key, snapshot, age, &content, disposition)?;
        Ok(disposition)
    }

    /// Inserts a version with its lines; `false` if the cart has a current one already.
    fn insert(
        &mut self,
        key: &str,
        snapshot: &CartSnapshot,
        age: SnapshotAge,
        content: &[u8; 32],
        disposition: Disposition,
    ) -> Result<bool> {
        let inserted = self.insert.execute(params![
            key,
            snapshot.cart.as_str(),
            self.folder.map(ShopId::as_str),
            self.file,
            self.reach.number(),
            age.rank,
            content.as_slice(),
            i64::from(disposition != Disposition::Stale)
        ])?;
        if inserted == 0 {
            return Ok(false);
        }
        let version = self.transaction.last_insert_rowid();
        for (position, line) in (0_i64..).zip(&snapshot.lines) {
            let (total, currency, written) = price_columns(&line.total);
            self.insert_line.execute(params![
                version,
                position,
                line.product_code.as_str(),
                line.status.word(),
                line.payment_status.word(),
                line.created_at.number(),
                line.start_at.map(Moment::number),
                total,
                currency,
                written,
                &*line.channel,
                &*line.product,
                &*line.customer,
                &*line.external_ref,
                &*line.transaction_id,
                line.paid.map(Yen::get),
                line.refunded.map(Yen::get),
                line.source.line
            ])?;
        }
        Ok(true)
    }
}

/// Saves the rows of a payment list: by payment reference, without one as often as they stand (FAULTS S11).
pub(super) fn save_entries(
    transaction: &Transaction<'_>,
    file: i64,
    entries: &[PaymentEntry],
    outcomes: &mut Vec<RowOutcome>,
) -> Result<()> {
    let mut find = transaction.prepare_cached(
        "SELECT cart_key, payment_type, at, amount, currency, transaction_id FROM payment_entry WHERE entry_key = ?1 \
         ORDER BY file_id DESC, line DESC LIMIT 1",
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
            cart_key.clone(),
            entry.payment_type.word().to_owned(),
            entry.at.number(),
            amount,
            currency.to_owned(),
            entry.transaction_id.to_string(),
        );
        let key = if entry.reference.is_empty() {
            let amount = amount.map(|yen| yen.to_string()).unwrap_or_default();
            let parts =
                [&*says.0, &*says.1, &says.2.to_string(), &amount, &*says.4, &*says.5, written.unwrap_or_default()];
            let text = parts.join("\u{1f}");
            let nth = seen.entry(text.clone()).and_modify(|nth| *nth += 1).or_insert(1);
            format!("row:{nth}:{}", FileDigest::of(text.as_bytes()))
        } else {
            format!("ref:{}", entry.reference)
        };
        let known = find
            .query_row([&key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))
            .optional()?;
        let disposition = match known {
            None => Disposition::New,
            Some(known) if known == says => Disposition::Same,
            Some(known) if says.2 >= known.2 => Disposition::Update,
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

/// Reads carts line by line.
pub(super) struct Lines<'c> {
    statement: CachedStatement<'c>,
    files: FileNames,
    texts: Texts,
}

impl<'c> Lines<'c> {
    pub(super) fn prepare(connection: &'c Connection, files: &FileNames) -> Result<Self> {
        let statement = connection.prepare_cached(
            "SELECT v.cart_key, v.cart, v.folder, l.product_code, l.status, l.payment_status, l.created_at, \
             l.start_at, l.total, l.currency, l.written_total, l.channel, l.product, l.customer, l.external_ref, \
             l.transaction_id, l.paid, l.refunded, v.file_id, l.line, v.id \
             FROM cart_version v JOIN booking_line l ON l.version_id = v.id WHERE v.id BETWEEN ?1 AND ?2 \
             ORDER BY v.id, l.position",
        )?;
        Ok(Self { statement, files: Arc::clone(files), texts: Texts::default() })
    }

    /// Adds the bookings of the versions `first` to `last` to `bookings`, with the rows of the payment list for their carts.
    pub(super) fn read(
        &mut self,
        (first, last): (i64, i64),
        entries: &mut Entries<'_>,
        bookings: &mut Vec<Booking>,
    ) -> Result<()> {
        let mut version: Option<i64> = None;
        let mut rows = self.statement.query([first, last])?;
        while let Some(row) = rows.next()? {
            let line = read_line(row, &mut self.texts, &self.files)?;
            let next: i64 = row.get(20)?;
            if let Some(booking) = bookings.last_mut().filter(|_| version == Some(next)) {
                booking.lines.push(line);
                continue;
            }
            version = Some(next);
            let word = |at: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
            bookings.push(Booking {
                cart: CartCode::new(word(1)?),
                folder: row.get::<_, Option<String>>(2)?.map(|id| ShopId::new(&id)),
                lines: vec![line],
                entries: entries.of(word(0)?)?,
            });
        }
        Ok(())
    }
}

/// Reads the payment list cart by cart.
pub(super) struct Entries<'c> {
    /// None: there is no payment list, as at most merchants.
    statement: Option<CachedStatement<'c>>,
    files: FileNames,
    texts: Texts,
}

impl<'c> Entries<'c> {
    pub(super) fn prepare(connection: &'c Connection, files: &FileNames) -> Result<Self> {
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
        Ok(Self { statement, files: Arc::clone(files), texts: Texts::default() })
    }

    /// The newest rows for a cart, sorted.
    fn of(&mut self, cart_key: &str) -> Result<Vec<PaymentEntry>> {
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
                amount: read_price(row, 4, &mut self.texts)?,
                transaction_id: Arc::from(row.get_ref(7)?.as_str().unwrap_or_default()),
                source: read_source(row, 8, &self.files, &mut self.texts)?,
            });
        }
        entries.sort();
        Ok(entries)
    }
}

/// File and line in two columns from `at`.
fn read_source(row: &Row<'_>, at: usize, files: &FileNames, texts: &mut Texts) -> rusqlite::Result<Source> {
    let file = files.get(&row.get::<_, i64>(at)?).map_or_else(|| texts.share(""), Arc::clone);
    Ok(Source { file, line: row.get(at + 1)? })
}

/// Columns 3 to 19 of the query over booking lines.
fn read_line(row: &Row<'_>, texts: &mut Texts, files: &FileNames) -> Result<BookingLine> {
    let word = |at: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(at)?.as_str()?) };
    Ok(BookingLine {
        product_code: ProductCode::new(word(3)?),
        status: LineStatus::read(word(4)?).ok_or_else(|| unexpected("booking status", word(4).unwrap_or_default()))?,
        payment_status: PaymentStatus::read(word(5)?)
            .ok_or_else(|| unexpected("payment status", word(5).unwrap_or_default()))?,
        created_at: Moment::from_number(row.get(6)?),
        start_at: row.get::<_, Option<i64>>(7)?.map(Moment::from_number),
        total: read_price(row, 8, texts)?,
        channel: texts.share(word(11)?),
        product: texts.share(word(12)?),
        customer: texts.alone(word(13)?),
        external_ref: texts.alone(word(14)?),
        transaction_id: texts.alone(word(15)?),
        paid: row.get::<_, Option<i64>>(16)?.map(Yen::new),
        refunded: row.get::<_, Option<i64>>(17)?.map(Yen::new),
        source: read_source(row, 18, files, texts)?,
    })
}
