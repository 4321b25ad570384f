//! Bookings: every version of a cart as some file showed it.

use super::entries::Entries;
use super::facts::FileNames;
use super::files::{RowOutcome, disposition_name, widen};
use super::integrity::Written;
use super::sealed::{RowWriter, Value};
use super::words::{WordReader, WordWriter, Words};
use super::{Result, unexpected};
use crate::domain::booking::{Booking, BookingLine, LineStatus, PaymentStatus, Price, SnapshotAge, plain_start};
use crate::domain::dates::{Day, Moment};
use crate::domain::ids::{CartCode, FileDigest, ProductCode, ShopId};
use crate::domain::intake::{CartSnapshot, Disposition, Source, reach};
use crate::domain::money::Yen;
use crate::domain::text::code_key;
use rusqlite::{CachedStatement, Connection, Row, Transaction, params};
use std::fmt::Write;
use std::sync::Arc;

/// The yen and the currency of a price as columns: `(yen, currency, written)`.
pub(super) fn price_columns(price: &Price) -> (Option<i64>, &str, Option<&str>) {
    match price {
        Price::Yen(yen) => (Some(yen.get()), "JPY", None),
        Price::Foreign { currency, written } => (None, currency, Some(written)),
    }
}

/// The price in three columns from `at`.
pub(super) fn read_price(row: &Row<'_>, at: usize, words: &mut WordReader) -> rusqlite::Result<Price> {
    match row.get::<_, Option<i64>>(at)? {
        Some(yen) => Ok(Price::Yen(Yen::new(yen))),
        None => Ok(Price::Foreign {
            currency: words.read(row.get_ref(at + 1)?)?,
            written: Arc::from(row.get_ref(at + 2)?.as_str_or_null()?.unwrap_or_default()),
        }),
    }
}

/// A digest over what a snapshot says, without where it was read. The form is stored, so it is spelled out here.
fn content(lines: &[BookingLine], text: &mut String) -> [u8; 32] {
    text.clear();
    let end = |text: &mut String| text.push('\u{1f}');
    let number = |text: &mut String, number: Option<i64>| {
        if let Some(number) = number {
            // Writing into a text cannot fail.
            let _ = write!(text, "{number}");
        }
        end(text);
    };
    for line in lines {
        let (total, currency, written) = price_columns(&line.total);
        for word in [line.product_code.as_str(), line.status.word(), line.payment_status.word()] {
            text.push_str(word);
            end(text);
        }
        number(text, Some(line.created_at.number()));
        number(text, line.start_at.map(Moment::number));
        number(text, total);
        for word in [
            currency,
            written.unwrap_or_default(),
            &line.channel,
            &line.product,
            &line.customer,
            &line.external_ref,
            &line.transaction_id,
        ] {
            text.push_str(word);
            end(text);
        }
        number(text, line.paid.map(Yen::get));
        number(text, line.refunded.map(Yen::get));
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
    words: &mut WordWriter<'_>,
    outcomes: &mut Vec<RowOutcome>,
) -> Result<Written> {
    let Some(reach) = reach(carts) else { return Ok(Written::new()) };
    let mut versions = Versions::prepare(transaction, file, folder, reach)?;
    // By code: the carts of a shop then lie side by side, so that one shop is read without the pages of all others.
    let mut carts: Vec<&CartSnapshot> = carts.iter().collect();
    carts.sort_by(|a, b| a.cart.cmp(&b.cart));
    for snapshot in carts {
        let disposition = versions.save(snapshot, words)?;
        for line in &snapshot.lines {
            outcomes.push(RowOutcome { line: line.source.line, disposition, reason: None });
        }
        for line in &snapshot.repeated {
            outcomes.push(RowOutcome { line: *line, disposition: Disposition::Same, reason: None });
        }
    }
    Ok(vec![versions.versions.end(transaction, file)?, versions.lines.end(transaction, file)?])
}

/// The control totals of a cart's rows in a file.
struct Tally {
    rows: i64,
    repeated: i64,
    yen: Yen,
    covers: Option<(Day, Day)>,
}

impl Tally {
    fn of(snapshot: &CartSnapshot) -> Self {
        let days = snapshot.lines.iter().map(|line| line.created_at.day());
        Self {
            rows: i64::try_from(snapshot.lines.len()).unwrap_or(i64::MAX),
            repeated: i64::try_from(snapshot.repeated.len()).unwrap_or(i64::MAX),
            yen: snapshot.lines.iter().filter_map(|line| line.total.yen()).sum(),
            covers: days.fold(None, |covers, day| Some(widen(covers, day, day))),
        }
    }
}

/// The columns of a cart's version; those that later files change come last.
const VERSION: [&str; 16] = [
    "cart_key",
    "cart",
    "file_id",
    "rank",
    "content",
    "first_line_id",
    "disposition",
    "\"rows\"",
    "repeated",
    "yen",
    "covers_from",
    "covers_to",
    "plain_start",
    "folder",
    "reach",
    "is_current",
];

/// What stands for the start of a plain cart's tour where no line states one: a day before every tour.
pub(super) const NO_START: i32 = 0;

/// How many of them no later file changes.
const SEALED_OF_VERSION: usize = 13;

/// The columns of a booking's line.
const LINE: [&str; 17] = [
    "version_id",
    "product_code",
    "status",
    "payment_status",
    "created_at",
    "start_at",
    "total",
    "currency",
    "written_total",
    "channel",
    "product",
    "customer",
    "external_ref",
    "transaction_id",
    "paid",
    "refunded",
    "line",
];

/// Saves carts as versions, with the control totals of their rows.
struct Versions<'t> {
    file: i64,
    folder: Option<&'t ShopId>,
    reach: Moment,
    find: CachedStatement<'t>,
    retire: CachedStatement<'t>,
    renew: CachedStatement<'t>,
    repeat: CachedStatement<'t>,
    versions: RowWriter<'t>,
    lines: RowWriter<'t>,
    /// Kept for [`content`].
    text: String,
}

impl<'t> Versions<'t> {
    fn prepare(transaction: &'t Transaction<'t>, file: i64, folder: Option<&'t ShopId>, reach: Moment) -> Result<Self> {
        let prepare = |sql| transaction.prepare_cached(sql);
        Ok(Self {
            file,
            folder,
            reach,
            find: prepare("SELECT id, rank, reach, content FROM cart_version WHERE cart_key = ?1 AND is_current = 1")?,
            retire: prepare("UPDATE cart_version SET is_current = 0 WHERE id = ?1")?,
            renew: prepare(
                "UPDATE cart_version SET reach = max(reach, ?2), folder = coalesce(folder, ?3) WHERE id = ?1",
            )?,
            repeat: prepare(
                "INSERT INTO file_cart (file_id, version_id, \"rows\", repeated, yen, covers_from, covers_to) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            versions: RowWriter::prepare(transaction, "cart_version", &VERSION, SEALED_OF_VERSION)?,
            lines: RowWriter::prepare(transaction, "booking_line", &LINE, LINE.len())?,
            text: String::new(),
        })
    }

    /// Saves one cart where it says something new, its control totals in any case, and says what it was.
    fn save(&mut self, snapshot: &CartSnapshot, words: &mut WordWriter<'_>) -> Result<Disposition> {
        let key = code_key(snapshot.cart.as_str());
        let age = SnapshotAge::of(&snapshot.lines, self.reach);
        let content = content(&snapshot.lines, &mut self.text);
        let tally = Tally::of(snapshot);
        // Most carts are new: one search of the index tells, and stores them.
        if self.insert(&key, snapshot, (age, &content, &tally), Disposition::New, words)? {
            return Ok(Disposition::New);
        }
        let current = self.find.query_row([&key], |row| {
            let age = SnapshotAge { rank: row.get(1)?, reach: Moment::from_number(row.get(2)?) };
            Ok(Current { id: row.get(0)?, age, content: row.get(3)? })
        })?;
        if current.content == content {
            self.renew.execute(params![current.id, self.reach.number(), self.folder.map(ShopId::as_str)])?;
            self.repeat.execute(params![
                self.file,
                current.id,
                tally.rows,
                tally.repeated,
                tally.yen.get(),
                tally.covers.map(|(from, _)| from.number()),
                tally.covers.map(|(_, to)| to.number())
            ])?;
            return Ok(Disposition::Same);
        }
        let disposition = if age.replaces(current.age) {
            self.retire.execute([current.id])?;
            Disposition::Update
        } else {
            Disposition::Stale
        };
        self.insert(&key, snapshot, (age, &content, &tally), disposition, words)?;
        Ok(disposition)
    }

    /// Inserts a version with its lines; `false` if the cart has a current one already.
    fn insert(
        &mut self,
        key: &str,
        snapshot: &CartSnapshot,
        (age, content, tally): (SnapshotAge, &[u8; 32], &Tally),
        disposition: Disposition,
        words: &mut WordWriter<'_>,
    ) -> Result<bool> {
        let version = self.versions.next();
        let is_new = self.versions.insert(&[
            key.into(),
            snapshot.cart.as_str().into(),
            self.file.into(),
            age.rank.into(),
            Value::Bytes(content),
            self.lines.next().into(),
            disposition_name(disposition).into(),
            tally.rows.into(),
            tally.repeated.into(),
            tally.yen.get().into(),
            tally.covers.map(|(from, _)| i64::from(from.number())).into(),
            tally.covers.map(|(_, to)| i64::from(to.number())).into(),
            plain_start(&snapshot.lines).map(|start| i64::from(start.map_or(NO_START, Day::number))).into(),
            self.folder.map(ShopId::as_str).into(),
            self.reach.number().into(),
            i64::from(disposition != Disposition::Stale).into(),
        ])?;
        if !is_new {
            return Ok(false);
        }
        for line in &snapshot.lines {
            let (total, currency, written) = price_columns(&line.total);
            self.lines.insert(&[
                version.into(),
                line.product_code.as_str().into(),
                words.put(line.status.word())?,
                words.put(line.payment_status.word())?,
                line.created_at.number().into(),
                line.start_at.map(Moment::number).into(),
                total.into(),
                words.put(currency)?,
                written.into(),
                words.put(&line.channel)?,
                words.put(&line.product)?,
                (&*line.customer).into(),
                (&*line.external_ref).into(),
                (&*line.transaction_id).into(),
                line.paid.map(Yen::get).into(),
                line.refunded.map(Yen::get).into(),
                line.source.line.into(),
            ])?;
        }
        Ok(true)
    }
}

/// Reads carts line by line.
pub(super) struct Lines<'c> {
    statement: CachedStatement<'c>,
    files: FileNames,
    words: WordReader,
}

impl<'c> Lines<'c> {
    pub(super) fn prepare(connection: &'c Connection, files: &FileNames, words: &Words) -> Result<Self> {
        let statement = connection.prepare_cached(
            "SELECT v.cart_key, v.cart, v.folder, l.product_code, l.status, l.payment_status, l.created_at, \
             l.start_at, l.total, l.currency, l.written_total, l.channel, l.product, l.customer, l.external_ref, \
             l.transaction_id, l.paid, l.refunded, v.file_id, l.line, v.id \
             FROM cart_version v CROSS JOIN booking_line l \
             ON l.id BETWEEN v.first_line_id AND v.first_line_id + v.\"rows\" - 1 WHERE v.id BETWEEN ?1 AND ?2 \
             ORDER BY v.id, l.id",
        )?;
        Ok(Self { statement, files: Arc::clone(files), words: WordReader::of(words) })
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
            let line = read_line(row, &mut self.words, &self.files)?;
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

/// File and line in two columns from `at`.
pub(super) fn read_source(row: &Row<'_>, at: usize, files: &FileNames) -> rusqlite::Result<Source> {
    let file = files.get(&row.get::<_, i64>(at)?).map_or_else(|| Arc::from(""), Arc::clone);
    Ok(Source { file, line: row.get(at + 1)? })
}

/// Columns 3 to 19 of the query over booking lines.
fn read_line(row: &Row<'_>, words: &mut WordReader, files: &FileNames) -> Result<BookingLine> {
    let status = words.read(row.get_ref(4)?)?;
    let payment_status = words.read(row.get_ref(5)?)?;
    Ok(BookingLine {
        product_code: ProductCode::new(row.get_ref(3)?.as_str().map_err(rusqlite::Error::from)?),
        status: LineStatus::read(&status).ok_or_else(|| unexpected("booking status", &*status))?,
        payment_status: PaymentStatus::read(&payment_status)
            .ok_or_else(|| unexpected("payment status", &*payment_status))?,
        created_at: Moment::from_number(row.get(6)?),
        start_at: row.get::<_, Option<i64>>(7)?.map(Moment::from_number),
        total: read_price(row, 8, words)?,
        channel: words.read(row.get_ref(11)?)?,
        product: words.read(row.get_ref(12)?)?,
        customer: words.alone(row.get_ref(13)?)?,
        external_ref: words.alone(row.get_ref(14)?)?,
        transaction_id: words.alone(row.get_ref(15)?)?,
        paid: row.get::<_, Option<i64>>(16)?.map(Yen::new),
        refunded: row.get::<_, Option<i64>>(17)?.map(Yen::new),
        source: read_source(row, 18, files)?,
    })
}
