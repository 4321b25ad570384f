//! Whether the history still says what was stored (FAULTS S05, S08).
//!
//! Each file record is sealed: its rows, its yen and a digest over all rows it brought, chained to the record before.
//! The digest is over what was meant to be written, so that whatever the database says otherwise is found, from whenever
//! it is. At start the newest record is looked at, `check` and `restore` look at all of them.

use super::{Result, Store, StoreError, opening, upgrade};
use hashbrown::HashMap;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

/// How a schema holds what files brought, as far as seals vouch for it.
pub(super) struct Form {
    /// All that a file brought, in an order of its own. Columns that later files may change are left out: what these
    /// must say follows from the rest, see [`replay`].
    pub(super) rows: &'static [(&'static str, &'static str)],
    /// Whether each table has a digest of its own, so that its rows can be sealed as they are written.
    pub(super) by_table: bool,
    /// The rows that a file accounts for, and their yen.
    pub(super) accounted: &'static str,
    /// What became of each cart in each file.
    pub(super) became: &'static str,
    /// Tables in which every row lies within the range of a file.
    pub(super) ranges: &'static [&'static str],
}

/// What became of the rows of a file; as all schemas hold it.
pub(super) const DISPOSITIONS: &str = "SELECT first_line, last_line, \"rows\", disposition, reason \
     FROM row_disposition WHERE file_id = ?1 ORDER BY first_line, last_line, disposition, reason";
/// The control totals of a file by shop; as all schemas hold them.
pub(super) const SHOP_TOTALS: &str = "SELECT shop, \"new\", \"update\", same, stale, conflict, excluded, rejected, \
     yen, covers_from, covers_to FROM file_shop WHERE file_id = ?1 ORDER BY shop";
/// The rows of a payment list; as all schemas hold them.
pub(super) const ENTRIES: &str = "SELECT entry_key, line, cart_key, cart, reference, payment_type, at, amount, \
     currency, written_amount, transaction_id FROM payment_entry WHERE file_id = ?1 ORDER BY line";

/// The form of today.
pub(super) const NARROW: Form = Form {
    rows: &[
        ("row_disposition", DISPOSITIONS),
        ("file_shop", SHOP_TOTALS),
        (
            "file_cart",
            "SELECT version_id, \"rows\", repeated, yen, covers_from, covers_to FROM file_cart WHERE file_id = ?1 \
             ORDER BY version_id",
        ),
        ("file_range", "SELECT rows_of, first_id, last_id FROM file_range WHERE file_id = ?1 ORDER BY rows_of"),
        (
            "word",
            "SELECT w.id, w.text FROM file_range r CROSS JOIN word w ON w.id BETWEEN r.first_id AND r.last_id \
             WHERE r.file_id = ?1 AND r.rows_of = 'word' ORDER BY w.id",
        ),
        (
            "observation",
            "SELECT o.id, o.shop, o.order_id, o.at, o.status, o.amount, o.booking_ref, o.method, o.file_id, o.line \
             FROM file_range r CROSS JOIN observation o ON o.id BETWEEN r.first_id AND r.last_id \
             WHERE r.file_id = ?1 AND r.rows_of = 'observation' ORDER BY o.id",
        ),
        (
            "cart_version",
            "SELECT v.id, v.cart_key, v.cart, v.file_id, v.rank, v.content, v.first_line_id, v.disposition, v.\"rows\", \
             v.repeated, v.yen, v.covers_from, v.covers_to, v.plain_start \
             FROM file_range r CROSS JOIN cart_version v ON v.id BETWEEN r.first_id AND r.last_id \
             WHERE r.file_id = ?1 AND r.rows_of = 'cart_version' ORDER BY v.id",
        ),
        (
            "booking_line",
            "SELECT l.id, l.version_id, l.product_code, l.status, l.payment_status, l.created_at, l.start_at, l.total, \
             l.currency, l.written_total, l.channel, l.product, l.customer, l.external_ref, l.transaction_id, l.paid, \
             l.refunded, l.line FROM file_range r CROSS JOIN booking_line l ON l.id BETWEEN r.first_id AND r.last_id \
             WHERE r.file_id = ?1 AND r.rows_of = 'booking_line' ORDER BY l.id",
        ),
        ("payment_entry", ENTRIES),
    ],
    by_table: true,
    accounted: "SELECT coalesce((SELECT sum(\"rows\") FROM row_disposition WHERE file_id = ?1), 0), \
                (SELECT sum(yen) FROM (SELECT yen FROM file_shop WHERE file_id = ?1 \
                UNION ALL SELECT yen FROM file_cart WHERE file_id = ?1 UNION ALL SELECT v.yen FROM file_range r \
                CROSS JOIN cart_version v ON v.id BETWEEN r.first_id AND r.last_id \
                WHERE r.file_id = ?1 AND r.rows_of = 'cart_version'))",
    became: "SELECT cart_key, disposition, file_id FROM cart_version UNION ALL \
             SELECT v.cart_key, 'same', c.file_id FROM file_cart c JOIN cart_version v ON v.id = c.version_id",
    ranges: &["word", "observation", "cart_version", "booking_line"],
};

/// The form of `schema`.
fn form_of(schema: usize) -> &'static Form {
    if schema < upgrade::NARROW_ROWS { &upgrade::WIDE } else { &NARROW }
}

const RECORD: &str = "SELECT digest, name, folder, layout, encoding, rows_read, yen, reach FROM file WHERE id = ?1";

/// What a file record is sealed with.
struct Seal {
    rows: [u8; 32],
    chain: [u8; 32],
}

/// What the seals vouch for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// File records.
    pub files: u64,
    /// Rows read from them.
    pub rows: u64,
}

/// Bytes on their way into a digest, handed over in pieces that it is fast on.
pub(super) struct Pieces {
    digest: Sha256,
    bytes: Vec<u8>,
}

impl Pieces {
    const LENGTH: usize = 1 << 14;

    pub(super) fn new() -> Self {
        Self { digest: Sha256::new(), bytes: Vec::with_capacity(2 * Self::LENGTH) }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= Self::LENGTH {
            self.digest.update(&self.bytes);
            self.bytes.clear();
        }
    }

    /// Begins a row of values.
    pub(super) fn begin_row(&mut self) {
        self.push(&[0xff]);
    }

    /// Adds a value with its type and length, so that no two rows give the same bytes.
    pub(super) fn value(&mut self, value: ValueRef<'_>) {
        let (kind, bytes): (u8, &[u8]) = match value {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(number) => {
                self.push(&[1]);
                self.push(&number.to_le_bytes());
                return;
            }
            ValueRef::Real(number) => {
                self.push(&[2]);
                self.push(&number.to_bits().to_le_bytes());
                return;
            }
            ValueRef::Text(bytes) => (3, bytes),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        self.push(&[kind]);
        self.push(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        self.push(bytes);
    }

    fn row(&mut self, row: &Row<'_>, columns: usize) -> rusqlite::Result<()> {
        for at in 0..columns {
            self.value(row.get_ref(at)?);
        }
        Ok(())
    }

    /// All rows that `query` finds for `file`.
    fn rows(&mut self, connection: &Connection, query: &str, file: i64) -> Result<()> {
        let mut statement = connection.prepare_cached(query)?;
        let columns = statement.column_count();
        let mut found = statement.query([file])?;
        while let Some(row) = found.next()? {
            self.begin_row();
            self.row(row, columns)?;
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> [u8; 32] {
        self.digest.update(&self.bytes);
        self.digest.finalize().into()
    }
}

/// What was seen besides the rows; sealed where there is any, so that older seals stay valid.
#[derive(Default)]
pub(super) struct Beside {
    /// Rows that the sheet hides.
    pub(super) hidden_rows: i64,
    /// Headings that the layout does not know, one on each line.
    pub(super) unknown_columns: String,
    /// Headings of secret columns, one on each line.
    pub(super) dropped_columns: String,
}

impl Beside {
    fn push_to(&self, chain: &mut Pieces) {
        if self.hidden_rows != 0 {
            chain.push(&self.hidden_rows.to_le_bytes());
        }
        for (what, headings) in [(0_u8, &self.unknown_columns), (1, &self.dropped_columns)] {
            if !headings.is_empty() {
                chain.push(&[what]);
                chain.push(headings.as_bytes());
            }
        }
    }
}

/// Digests of the rows that a file brought to tables, as they were written.
pub(super) type Written = Vec<(&'static str, [u8; 32])>;

fn seal_of(
    connection: &Connection,
    form: &Form,
    (file, written): (i64, &Written),
    before: Option<&[u8]>,
    beside: &Beside,
) -> Result<Seal> {
    let mut rows = Pieces::new();
    for (number, (table, query)) in (0_u8..).zip(form.rows) {
        rows.push(&[number]);
        if !form.by_table {
            rows.rows(connection, query, file)?;
            continue;
        }
        let digest = match written.iter().find(|(of, _)| of == table) {
            Some((_, digest)) => *digest,
            None => {
                let mut own = Pieces::new();
                own.rows(connection, query, file)?;
                own.end()
            }
        };
        rows.push(&digest);
    }
    let rows = rows.end();
    let mut chain = Pieces::new();
    chain.push(before.unwrap_or_default());
    let mut statement = connection.prepare_cached(RECORD)?;
    let columns = statement.column_count();
    statement.query_row([file], |row| chain.row(row, columns))?;
    chain.push(&rows);
    beside.push_to(&mut chain);
    Ok(Seal { rows, chain: chain.end() })
}

/// Seals the newest file record, within the transaction that stores it.
pub(super) fn seal(connection: &Connection, file: i64, written: &Written, beside: &Beside) -> Result<()> {
    seal_as(connection, &NARROW, (file, written), beside)
}

fn seal_as(connection: &Connection, form: &Form, (file, written): (i64, &Written), beside: &Beside) -> Result<()> {
    let before: Option<Vec<u8>> = connection.query_row("SELECT head FROM installation", [], |row| row.get(0))?;
    let seal = seal_of(connection, form, (file, written), before.as_deref(), beside)?;
    connection
        .prepare_cached("UPDATE file SET rows_digest = ?2, chain = ?3 WHERE id = ?1")?
        .execute(params![file, seal.rows, seal.chain])?;
    connection.prepare_cached("UPDATE installation SET head = ?1")?.execute([seal.chain])?;
    Ok(())
}

/// Seals every record of `schema` anew.
pub(super) fn seal_all(connection: &Connection, schema: usize) -> Result<()> {
    connection.execute("UPDATE installation SET head = NULL", [])?;
    for record in records(connection, schema, "id")? {
        seal_as(connection, form_of(schema), (record.id, &Written::new()), &record.beside)?;
    }
    Ok(())
}

/// A stored record with its seal.
struct Sealed {
    id: i64,
    name: String,
    rows_read: i64,
    yen: Option<i64>,
    rows: Option<Vec<u8>>,
    chain: Option<Vec<u8>>,
    beside: Beside,
}

impl Sealed {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            name: String::from_utf8_lossy(row.get_ref(1)?.as_bytes()?).into_owned(),
            rows_read: row.get(2)?,
            yen: row.get(3)?,
            rows: row.get(4)?,
            chain: row.get(5)?,
            beside: Beside { hidden_rows: row.get(6)?, unknown_columns: row.get(7)?, dropped_columns: row.get(8)? },
        })
    }

    /// Holds the record and its rows against the seal.
    fn verify(&self, connection: &Connection, form: &Form, before: Option<&[u8]>) -> Result<()> {
        let seal = seal_of(connection, form, (self.id, &Written::new()), before, &self.beside)?;
        let accounted: (i64, Option<i64>) =
            connection.query_row(form.accounted, [self.id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let agrees = self.rows.as_deref() == Some(seal.rows.as_slice())
            && self.chain.as_deref() == Some(seal.chain.as_slice())
            && accounted.0 == self.rows_read
            && accounted.1.is_none_or(|yen| self.yen == Some(yen));
        if agrees { Ok(()) } else { Err(self.altered()) }
    }

    fn altered(&self) -> StoreError {
        StoreError::Altered { file: self.name.clone() }
    }
}

/// The records of `schema` with their seals, in `order`.
fn records(connection: &Connection, schema: usize, order: &str) -> Result<Vec<Sealed>> {
    // What was seen besides the rows has been recorded since later schemas only.
    let hidden_rows = if schema < 6 { "0" } else { "hidden_rows" };
    let columns = if schema < 8 { "'', ''" } else { "unknown_columns, dropped_columns" };
    let mut statement = connection.prepare(&format!(
        "SELECT id, name, rows_read, yen, rows_digest, chain, {hidden_rows}, {columns} FROM file ORDER BY {order}"
    ))?;
    let records = statement.query_map([], Sealed::read)?;
    Ok(records.collect::<rusqlite::Result<_>>()?)
}

/// The newest seal.
pub(super) fn head(connection: &Connection) -> Result<Option<Vec<u8>>> {
    let head = connection.query_row("SELECT head FROM installation", [], |row| row.get(0)).optional()?;
    Ok(head.flatten())
}

/// Holds the newest file record against its seal: cheap, however long the history is.
pub(super) fn verify_newest(connection: &Connection, schema: usize) -> Result<()> {
    // One view of the whole: somebody else may be storing a file.
    let _view = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let head = head(connection)?;
    let mut newest = records(connection, schema, "id DESC LIMIT 2")?.into_iter();
    let Some(last) = newest.next() else {
        return if head.is_none() { Ok(()) } else { Err(StoreError::Altered { file: "…".to_owned() }) };
    };
    if last.chain.is_none() || last.chain != head {
        return Err(last.altered());
    }
    last.verify(connection, form_of(schema), newest.next().and_then(|before| before.chain).as_deref())
}

/// Holds every file record against its seal, and what later files changed against what they say.
pub(super) fn verify_all(connection: &Connection, schema: usize) -> Result<Verified> {
    let _view = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    verify_records(connection, schema)
}

/// As [`verify_all`], within a transaction.
pub(super) fn verify_records(connection: &Connection, schema: usize) -> Result<Verified> {
    let form = form_of(schema);
    let mut verified = Verified::default();
    let mut before: Option<Vec<u8>> = None;
    for record in records(connection, schema, "id")? {
        record.verify(connection, form, before.as_deref())?;
        verified.files += 1;
        verified.rows += record.rows_read.unsigned_abs();
        before = record.chain;
    }
    if before != head(connection)? {
        return Err(StoreError::Altered { file: "…".to_owned() });
    }
    // A row that no file's range holds was not brought by any file.
    for table in form.ranges {
        let is_whole = format!(
            "SELECT (SELECT count(*) FROM {table}) = (SELECT coalesce(sum(last_id - first_id + 1), 0) FROM file_range \
             WHERE rows_of = '{table}')"
        );
        if !connection.query_row(&is_whole, [], |row| row.get(0))? {
            return Err(StoreError::Altered { file: "…".to_owned() });
        }
    }
    replay(connection, form)?;
    Ok(verified)
}

/// The columns of a cart's version that later files may change.
struct Version {
    file: i64,
    folder: Option<String>,
    /// None where a record sealed at an upgrade does not say how far its file reaches.
    reach: Option<i64>,
    is_current: bool,
}

/// Works out again which version of each cart counts, its folder and its reach, from what each file says became of
/// the cart, and compares.
fn replay(connection: &Connection, form: &Form) -> Result<()> {
    let mut carts: HashMap<String, Vec<Version>> = HashMap::new();
    let mut statement = connection.prepare(&format!(
        "SELECT c.cart_key, c.disposition, f.id, f.folder, f.reach FROM ({}) c JOIN file f ON f.id = c.file_id ORDER BY f.id",
        form.became
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (file, folder, reach) = (row.get(2)?, row.get::<_, Option<String>>(3)?, row.get(4)?);
        let versions = carts.entry(row.get(0)?).or_default();
        let current = versions.iter_mut().find(|version| version.is_current);
        let disposition: String = row.get(1)?;
        if disposition == "same" {
            if let Some(current) = current {
                current.reach = current.reach.zip(reach).map(|(known, reach): (i64, i64)| known.max(reach));
                current.folder = current.folder.take().or(folder);
            }
            continue;
        }
        let is_current = disposition != "stale";
        if let Some(current) = current.filter(|_| is_current) {
            current.is_current = false;
        }
        versions.push(Version { file, folder, reach, is_current });
    }
    let mut stored = connection.prepare(
        "SELECT v.cart_key, v.file_id, v.folder, v.reach, v.is_current, f.name \
         FROM cart_version v JOIN file f ON f.id = v.file_id",
    )?;
    let mut rows = stored.query([])?;
    while let Some(row) = rows.next()? {
        let (file, folder, reach): (i64, Option<String>, i64) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let versions = carts.get(row.get_ref(0)?.as_str().unwrap_or_default());
        let expected = versions.and_then(|versions| versions.iter().find(|version| version.file == file));
        let agrees = expected.is_some_and(|expected| {
            expected.folder == folder
                && expected.reach.is_none_or(|expected| expected == reach)
                && i64::from(expected.is_current) == row.get(4).unwrap_or(-1)
        });
        if !agrees {
            return Err(StoreError::Altered { file: row.get(5)? });
        }
    }
    Ok(())
}

/// SQLite's own checks: `quick_check` of the structure, `integrity_check` of the indexes too.
pub(super) fn structure(connection: &Connection, pragma: &str) -> Result<()> {
    let answer: String = connection.query_row(&format!("PRAGMA {pragma}(1)"), [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(StoreError::Damaged(answer)) }
}

impl Store {
    /// Looks at the whole history: SQLite's integrity check, references, and every file record against its seal.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with SQLite's first finding, [`StoreError::Altered`] with the file whose rows differ.
    pub fn verify(&self) -> Result<Verified> {
        structure(&self.connection, "integrity_check")?;
        let stray = self.connection.prepare("PRAGMA foreign_key_check")?.exists([])?;
        if stray {
            return Err(StoreError::Damaged("foreign_key_check".to_owned()));
        }
        verify_all(&self.connection, opening::known_schema(&self.connection)?)
    }
}
