//! Whether the history still says what was stored (FAULTS S05, S08).
//!
//! Each file record is sealed: its rows, its yen and a digest over all rows it brought, chained to the record before.
//! The digest is taken by reading the rows back, so that a seal vouches for what the database holds, not for what we
//! meant to write. At start the newest record is looked at, `check` and `restore` look at all of them.

use super::{Result, Store, StoreError};
use hashbrown::HashMap;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use sha2::{Digest, Sha256};

/// All that a file brought, in an order of its own. Columns that later files may change are left out: what these
/// must say follows from the rest, see [`replay`].
const ROWS: [&str; 7] = [
    "SELECT first_line, last_line, \"rows\", disposition, reason FROM row_disposition WHERE file_id = ?1 \
     ORDER BY first_line, last_line, disposition, reason",
    "SELECT shop, \"new\", \"update\", same, stale, conflict, excluded, rejected, yen, covers_from, covers_to \
     FROM file_shop WHERE file_id = ?1 ORDER BY shop",
    "SELECT cart_key, disposition, \"rows\", repeated, yen, covers_from, covers_to FROM file_cart WHERE file_id = ?1 \
     ORDER BY cart_key",
    "SELECT p.shop, p.order_id, o.at, o.status, o.amount, o.booking_ref, o.method, o.line \
     FROM observation o JOIN payment p ON p.id = o.payment_id WHERE o.file_id = ?1 ORDER BY o.line",
    "SELECT id, cart_key, cart, rank, content FROM cart_version WHERE file_id = ?1 ORDER BY id",
    "SELECT l.version_id, l.position, l.product_code, l.status, l.payment_status, l.created_at, l.start_at, l.total, \
     l.currency, l.written_total, l.channel, l.product, l.customer, l.external_ref, l.transaction_id, l.paid, \
     l.refunded, l.line FROM cart_version v JOIN booking_line l ON l.version_id = v.id WHERE v.file_id = ?1 \
     ORDER BY v.id, l.position",
    "SELECT entry_key, line, cart_key, cart, reference, payment_type, at, amount, currency, written_amount, \
     transaction_id FROM payment_entry WHERE file_id = ?1 ORDER BY line",
];

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
struct Pieces {
    digest: Sha256,
    bytes: Vec<u8>,
}

impl Pieces {
    const LENGTH: usize = 1 << 14;

    fn new() -> Self {
        Self { digest: Sha256::new(), bytes: Vec::with_capacity(2 * Self::LENGTH) }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() >= Self::LENGTH {
            self.digest.update(&self.bytes);
            self.bytes.clear();
        }
    }

    /// Adds a row; every value with its type and length, so that no two rows give the same bytes.
    fn row(&mut self, row: &Row<'_>, columns: usize) -> rusqlite::Result<()> {
        for at in 0..columns {
            let (kind, bytes): (u8, &[u8]) = match row.get_ref(at)? {
                ValueRef::Null => (0, &[]),
                ValueRef::Integer(number) => {
                    self.push(&[1]);
                    self.push(&number.to_le_bytes());
                    continue;
                }
                ValueRef::Real(number) => {
                    self.push(&[2]);
                    self.push(&number.to_bits().to_le_bytes());
                    continue;
                }
                ValueRef::Text(bytes) => (3, bytes),
                ValueRef::Blob(bytes) => (4, bytes),
            };
            self.push(&[kind]);
            self.push(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            self.push(bytes);
        }
        Ok(())
    }

    fn end(mut self) -> [u8; 32] {
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

fn seal_of(connection: &Connection, file: i64, before: Option<&[u8]>, beside: &Beside) -> Result<Seal> {
    let mut rows = Pieces::new();
    for (number, query) in (0_u8..).zip(ROWS) {
        rows.push(&[number]);
        let mut statement = connection.prepare_cached(query)?;
        let columns = statement.column_count();
        let mut found = statement.query([file])?;
        while let Some(row) = found.next()? {
            rows.push(&[0xff]);
            rows.row(row, columns)?;
        }
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
pub(super) fn seal(connection: &Connection, file: i64, beside: &Beside) -> Result<()> {
    let before: Option<Vec<u8>> = connection.query_row("SELECT head FROM installation", [], |row| row.get(0))?;
    let seal = seal_of(connection, file, before.as_deref(), beside)?;
    connection
        .prepare_cached("UPDATE file SET rows_digest = ?2, chain = ?3 WHERE id = ?1")?
        .execute(params![file, seal.rows, seal.chain])?;
    connection.prepare_cached("UPDATE installation SET head = ?1")?.execute([seal.chain])?;
    Ok(())
}

/// Seals every record of a history that an earlier version wrote.
pub(super) fn seal_all(connection: &Connection) -> Result<()> {
    connection.execute(
        "UPDATE file SET reach = (SELECT max(l.created_at) FROM cart_version v JOIN booking_line l \
         ON l.version_id = v.id WHERE v.file_id = file.id), \
         yen = coalesce((SELECT sum(yen) FROM file_shop WHERE file_id = file.id), 0) \
         + coalesce((SELECT sum(yen) FROM file_cart WHERE file_id = file.id), 0) \
         + coalesce((SELECT sum(amount) FROM payment_entry WHERE file_id = file.id), 0)",
        [],
    )?;
    let mut files = connection.prepare("SELECT id FROM file ORDER BY id")?;
    for file in files.query_map([], |row| row.get(0))? {
        seal(connection, file?, &Beside::default())?;
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
    fn verify(&self, connection: &Connection, before: Option<&[u8]>) -> Result<()> {
        let seal = seal_of(connection, self.id, before, &self.beside)?;
        let accounted: (i64, Option<i64>) = connection.query_row(
            "SELECT coalesce((SELECT sum(\"rows\") FROM row_disposition WHERE file_id = ?1), 0), \
             (SELECT sum(yen) FROM (SELECT yen FROM file_shop WHERE file_id = ?1 \
             UNION ALL SELECT yen FROM file_cart WHERE file_id = ?1))",
            [self.id],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
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

const SEALED: &str = "SELECT id, name, rows_read, yen, rows_digest, chain, hidden_rows, unknown_columns, dropped_columns \
                      FROM file";

/// The newest seal.
pub(super) fn head(connection: &Connection) -> Result<Option<Vec<u8>>> {
    let head = connection.query_row("SELECT head FROM installation", [], |row| row.get(0)).optional()?;
    Ok(head.flatten())
}

/// Holds the newest file record against its seal: cheap, however long the history is.
pub(super) fn verify_newest(connection: &Connection) -> Result<()> {
    // One view of the whole: somebody else may be storing a file.
    let _view = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let head = head(connection)?;
    let mut statement = connection.prepare(&format!("{SEALED} ORDER BY id DESC LIMIT 2"))?;
    let newest = statement.query_map([], Sealed::read)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut newest = newest.into_iter();
    let Some(last) = newest.next() else {
        return if head.is_none() { Ok(()) } else { Err(StoreError::Altered { file: "…".to_owned() }) };
    };
    if last.chain.is_none() || last.chain != head {
        return Err(last.altered());
    }
    last.verify(connection, newest.next().and_then(|before| before.chain).as_deref())
}

/// Holds every file record against its seal, and what later files changed against what they say.
pub(super) fn verify_all(connection: &Connection) -> Result<Verified> {
    let _view = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let mut verified = Verified::default();
    let mut before: Option<Vec<u8>> = None;
    let mut statement = connection.prepare(&format!("{SEALED} ORDER BY id"))?;
    for record in statement.query_map([], Sealed::read)? {
        let record = record?;
        record.verify(connection, before.as_deref())?;
        verified.files += 1;
        verified.rows += record.rows_read.unsigned_abs();
        before = record.chain;
    }
    if before != head(connection)? {
        return Err(StoreError::Altered { file: "…".to_owned() });
    }
    replay(connection)?;
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
fn replay(connection: &Connection) -> Result<()> {
    let mut carts: HashMap<String, Vec<Version>> = HashMap::new();
    let mut statement = connection.prepare(
        "SELECT c.cart_key, c.disposition, f.id, f.folder, f.reach FROM file_cart c JOIN file f ON f.id = c.file_id \
         ORDER BY f.id",
    )?;
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
        verify_all(&self.connection)
    }
}
