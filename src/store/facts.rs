//! Facts as reconciling needs them, shop by shop, over connections of their own: shops can be read side by side, and no
//! more of the history stands in memory than is being worked on.

use super::bookings::Lines;
use super::bookings::NO_START;
use super::entries::Entries;
use super::payments::ObservationReader;
use super::summaries::CartTally;
use super::words::{self, WordReader, Words};
use super::{Result, Store};
use crate::domain::booking::Booking;
use crate::domain::dates::{Day, Moment};
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::money::Yen;
use crate::domain::payment::Payment;
use crate::domain::quiet::{CartNote, ObservationNote};
use hashbrown::{HashMap, HashSet};
use rusqlite::{Connection, OpenFlags, Row, Statement};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Stored files by number, under the names that 出典 gives them.
pub(super) type FileNames = Arc<HashMap<i64, Arc<str>>>;

/// What reads the facts of one history, on any thread.
#[derive(Debug)]
pub struct Facts {
    database: PathBuf,
    files: FileNames,
    words: Words,
    /// Connections over which nobody reads at the moment: a new one would have to learn the schema and every question anew.
    idle: Mutex<Vec<Connection>>,
}

/// Which cart version: its number in the history.
pub type Version = i64;

/// What decides on the shop of a cart before it is read whole (SPEC §4.3), with what became of the cart in one file.
#[derive(Clone, Debug)]
pub struct CartCard<'a> {
    /// Its newest version.
    pub version: Version,
    /// Cart code as exported.
    pub cart: &'a str,
    /// The shop's sub-folder its file was dropped in, if any.
    pub folder: Option<&'a str>,
    /// What became of it in the file.
    pub tally: CartTally,
    /// Whether the file is that of its newest version: of each cart one card.
    pub is_newest: bool,
    /// [`CartNote::plain_start`]; of its newest version alone.
    pub plain_start: Option<Option<Day>>,
}

impl CartCard<'_> {
    /// What it takes to tell whether the cart is quiet, of the card of its newest version.
    pub fn note(&self) -> CartNote<'_> {
        let Self { version, cart, plain_start, .. } = *self;
        CartNote { version, cart, created: self.tally.first_day(), yen: self.tally.yen(), plain_start }
    }
}

/// Reads facts on one thread; it sees what was committed when it first asked.
pub struct Reader {
    pub(super) connection: Connection,
    files: FileNames,
    words: Words,
}

impl Store {
    /// What reads the facts of this history.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn facts(&self) -> Result<Facts> {
        // Readers have caches of their own: what storing left in this one would only stand in memory beside them.
        self.connection.execute_batch("PRAGMA shrink_memory")?;
        let mut statement = self.connection.prepare("SELECT id, name FROM file")?;
        let names = statement.query_map([], |row| Ok((row.get(0)?, Arc::from(row.get_ref(1)?.as_str()?))))?;
        let files = Arc::new(names.collect::<rusqlite::Result<_>>()?);
        Ok(Facts { database: self.path.clone(), files, words: words::all(&self.connection)?, idle: Mutex::default() })
    }
}

impl Facts {
    /// Answers `ask`, which reads on this thread and changes nothing.
    ///
    /// # Errors
    /// When the database cannot be opened or `ask` fails.
    pub fn read<T>(&self, ask: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let known = idle().pop();
        let connection = known.map_or_else(|| self.connect(), Ok)?;
        // One view for as long as it reads: each question alone would take and release the locks.
        connection.execute_batch("BEGIN")?;
        // Names of its own: threads that counted the holders of the same ones would wait for each other.
        let files = Arc::new(self.files.iter().map(|(file, name)| (*file, Arc::from(&**name))).collect());
        let reader = Reader { connection, files, words: Arc::clone(&self.words) };
        let answer = ask(&reader)?;
        reader.connection.execute_batch("COMMIT")?;
        idle().push(reader.connection);
        Ok(answer)
    }

    fn connect(&self) -> Result<Connection> {
        let connection = Connection::open_with_flags(
            &self.database,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(super::opening::PATIENCE)?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        connection.pragma_update(None, "cache_size", -4_096)?;
        Ok(connection)
    }
}

impl Reader {
    /// Every shop that has payments, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn shops(&self) -> Result<Vec<ShopId>> {
        // Each shop is one step through the index, however many payments it has.
        let mut statement = self.connection.prepare(
            "WITH RECURSIVE known (shop) AS (SELECT min(shop) FROM observation UNION ALL \
             SELECT (SELECT min(shop) FROM observation WHERE shop > known.shop) FROM known WHERE known.shop IS NOT NULL) \
             SELECT shop FROM known WHERE shop IS NOT NULL",
        )?;
        let mut words = WordReader::of(&self.words);
        let shops = statement.query_map([], |row| Ok(ShopId::new(&words.read(row.get_ref(0)?)?)))?;
        let mut shops: Vec<ShopId> = shops.collect::<rusqlite::Result<_>>()?;
        shops.sort();
        Ok(shops)
    }

    /// The payments of `shop` with all their observations, by Order ID.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn payments(&self, shop: &ShopId) -> Result<Vec<Payment>> {
        let mut known = self.connection.prepare_cached("SELECT id FROM observation WHERE shop = ?1")?;
        let known = known.query_map([words::find(&self.connection, shop.as_str())?], |row| row.get(0))?;
        let mut rows: Vec<i64> = known.collect::<rusqlite::Result<_>>()?;
        // In the order in which they are stored: pages are then read one after the other, and once.
        rows.sort_unstable();
        self.payments_of(shop, &rows)
    }

    /// The payments of `shop` that these rows of observations make, by Order ID; the rows ascend.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn payments_of(&self, shop: &ShopId, rows: &[i64]) -> Result<Vec<Payment>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT order_id, at, status, amount, booking_ref, method, file_id, line FROM observation \
             WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
        )?;
        let mut reader = ObservationReader::of(&self.files, &self.words);
        let mut payments: Vec<Payment> = Vec::with_capacity(rows.len());
        each_row(&mut statement, rows, |row| {
            let (order_id, observation) = (row.get_ref(0)?.as_str().unwrap_or_default(), reader.read(row, 1)?);
            if let Some(payment) = payments.last_mut().filter(|payment| payment.order_id.as_str() == order_id) {
                payment.observations.push(observation);
                return Ok(());
            }
            let order_id = OrderId::new(order_id);
            payments.push(Payment { shop: shop.clone(), order_id, observations: vec![observation] });
            Ok(())
        })?;
        // Each file brought its rows by Order ID: what is sorted here is a few ascending runs.
        payments.sort_by(|a, b| a.order_id.cmp(&b.order_id));
        payments.dedup_by(|next, payment| {
            let is_same = next.order_id == payment.order_id;
            if is_same {
                payment.observations.append(&mut next.observations);
            }
            is_same
        });
        payments.iter_mut().filter(|payment| payment.observations.len() > 1).for_each(|one| one.observations.sort());
        Ok(payments)
    }

    /// The first and the last version of any cart; a range without any where there are no carts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn versions(&self) -> Result<(Version, Version)> {
        // Asked for together, the two ends would be looked for in all rows.
        let ends = "SELECT coalesce((SELECT min(id) FROM cart_version), 1), \
                    coalesce((SELECT max(id) FROM cart_version), 0)";
        Ok(self.connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// Hands over a card for each of these versions: what became of its cart in the version's file.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn carts(&self, versions: RangeInclusive<Version>, mut each: impl FnMut(CartCard<'_>)) -> Result<()> {
        // What the payment list says of a cart is not in the note; most merchants have no such list.
        let has_list = self.connection.prepare_cached("SELECT 1 FROM payment_entry LIMIT 1")?.exists([])?;
        let plain = if has_list {
            "iif(EXISTS (SELECT 1 FROM payment_entry e WHERE e.cart_key = v.cart_key), NULL, plain_start)"
        } else {
            "plain_start"
        };
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id, cart, folder, is_current, {plain}, file_id, disposition, \"rows\", repeated, yen, covers_from, \
             covers_to FROM cart_version v WHERE id BETWEEN ?1 AND ?2"
        ))?;
        let mut newest = self.connection.prepare_cached(
            "SELECT n.id, n.cart, n.folder FROM cart_version v CROSS JOIN cart_version n \
             ON n.cart_key = v.cart_key AND n.is_current = 1 WHERE v.id = ?1",
        )?;
        let mut rows = statement.query([versions.start(), versions.end()])?;
        while let Some(row) = rows.next()? {
            let (is_newest, tally) = (row.get(3)?, CartTally::read(row, 5)?);
            if is_newest {
                let start = row.get::<_, Option<i32>>(4)?;
                let plain_start = start.map(|day| (day != NO_START).then(|| Day::from_number(day)));
                each(CartCard { is_newest, plain_start, ..card(row, tally)? });
            } else if let Some(row) = newest.query([row.get::<_, Version>(0)?])?.next()? {
                each(card(row, tally)?);
            }
        }
        Ok(())
    }

    /// Hands over a card for each cart that a file repeated word for word.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn repeated_carts(&self, mut each: impl FnMut(CartCard<'_>)) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT n.id, n.cart, n.folder, c.file_id, 'same', c.\"rows\", c.repeated, c.yen, c.covers_from, c.covers_to \
             FROM file_cart c CROSS JOIN cart_version v ON v.id = c.version_id CROSS JOIN cart_version n \
             ON n.id = iif(v.is_current, v.id, (SELECT id FROM cart_version WHERE cart_key = v.cart_key \
             AND is_current = 1))",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            each(card(row, CartTally::read(row, 3)?)?);
        }
        Ok(())
    }

    /// The Transaction IDs that carts name, in their lines or in the payment list, by version.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transactions(&self) -> Result<HashMap<Version, Vec<Box<str>>>> {
        let mut statement = self.connection.prepare(
            "SELECT l.version_id, l.transaction_id FROM booking_line l INDEXED BY booking_line_transaction \
             CROSS JOIN cart_version v ON v.id = l.version_id WHERE l.transaction_id <> '' AND v.is_current = 1 \
             UNION ALL SELECT v.id, e.transaction_id FROM payment_entry e \
             CROSS JOIN cart_version v ON v.cart_key = e.cart_key AND v.is_current = 1 WHERE e.transaction_id <> '' \
             AND NOT EXISTS (SELECT 1 FROM payment_entry n WHERE n.entry_key = e.entry_key \
             AND (n.file_id, n.line) > (e.file_id, e.line))",
        )?;
        let mut named: HashMap<Version, Vec<Box<str>>> = HashMap::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            named.entry(row.get(0)?).or_default().push(Box::from(row.get_ref(1)?.as_str().unwrap_or_default()));
        }
        Ok(named)
    }

    /// Hands over every observation of `shop` as far as it takes to find the quiet groups; `named` are the Order IDs that
    /// bookings name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn observation_notes(
        &self,
        shop: &ShopId,
        named: &HashSet<Box<str>>,
        mut each: impl FnMut(ObservationNote<'_>),
    ) -> Result<()> {
        let word = words::find(&self.connection, shop.as_str())?;
        let mut known =
            self.connection.prepare_cached("SELECT id, order_id FROM observation WHERE shop = ?1 ORDER BY order_id")?;
        let (mut rows, mut involved) = (Vec::new(), HashSet::new());
        let (mut before, mut last) = (String::new(), None);
        let mut found = known.query([word])?;
        while let Some(row) = found.next()? {
            let (id, order_id): (i64, &str) = (row.get(0)?, row.get_ref(1)?.as_str().unwrap_or_default());
            if before == order_id {
                involved.extend(last);
                involved.insert(id);
            } else {
                before.clear();
                before.push_str(order_id);
            }
            if named.contains(order_id) {
                involved.insert(id);
            }
            rows.push(id);
            last = Some(id);
        }
        rows.sort_unstable();
        let mut statement = self
            .connection
            .prepare_cached("SELECT id, at, status, amount, booking_ref FROM observation WHERE id BETWEEN ?1 AND ?2")?;
        let mut reader = ObservationReader::of(&self.files, &self.words);
        each_row(&mut statement, &rows, |row| {
            let id = row.get(0)?;
            each(ObservationNote {
                row: id,
                is_plain: !involved.contains(&id),
                at: Moment::from_number(row.get(1)?),
                status: &reader.status(row.get_ref(2)?)?,
                amount: Yen::new(row.get(3)?),
                booking_ref: row.get_ref(4)?.as_str().unwrap_or_default(),
            });
            Ok(())
        })
    }

    /// Hands over the lines of these versions: version, product code, Creation date.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn line_notes(&self, versions: &[Version], mut each: impl FnMut(Version, &str, Moment)) -> Result<()> {
        let mut statement = self.connection.prepare_cached(
            "SELECT l.version_id, l.product_code, l.created_at FROM booking_line l WHERE l.id BETWEEN \
             (SELECT first_line_id FROM cart_version WHERE id = ?1) AND \
             (SELECT first_line_id + \"rows\" - 1 FROM cart_version WHERE id = ?2)",
        )?;
        each_row(&mut statement, versions, |row| {
            let code = row.get_ref(1)?.as_str().unwrap_or_default();
            each(row.get(0)?, code, Moment::from_number(row.get(2)?));
            Ok(())
        })
    }

    /// Hands over every Order ID with its shop.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn order_ids(&self, mut each: impl FnMut(&ShopId, &str)) -> Result<()> {
        let mut statement = self.connection.prepare("SELECT order_id FROM observation WHERE shop = ?1")?;
        for shop in self.shops()? {
            let mut rows = statement.query([words::find(&self.connection, shop.as_str())?])?;
            while let Some(row) = rows.next()? {
                each(&shop, row.get_ref(0)?.as_str().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// The bookings of these versions as the newest files say, by cart code.
    ///
    /// # Errors
    /// When the database cannot be read or holds a value that this program does not write.
    pub fn bookings(&self, versions: &[Version]) -> Result<Vec<Booking>> {
        let mut lines = Lines::prepare(&self.connection, &self.files, &self.words)?;
        let mut entries = Entries::prepare(&self.connection, &self.files, &self.words)?;
        let mut bookings = Vec::with_capacity(versions.len());
        for run in runs(versions) {
            lines.read(run, &mut entries, &mut bookings)?;
        }
        bookings.sort_by(|a, b| a.cart.cmp(&b.cart));
        Ok(bookings)
    }
}

/// The card of a cart whose version, code and folder stand first in `row`.
fn card<'r>(row: &'r Row<'_>, tally: CartTally) -> Result<CartCard<'r>> {
    let cart = row.get_ref(1)?.as_str().unwrap_or_default();
    let folder = row.get_ref(2)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(CartCard { version: row.get(0)?, cart, folder, tally, is_newest: false, plain_start: None })
}

/// Hands over what `statement`, which asks for a run of numbers, finds for all of `numbers`.
fn each_row(
    statement: &mut Statement<'_>,
    numbers: &[i64],
    mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> Result<()> {
    for (first, last) in runs(numbers) {
        let mut found = statement.query([first, last])?;
        while let Some(row) = found.next()? {
            each(row)?;
        }
    }
    Ok(())
}

/// First and last of each run of neighbours. What belongs to one shop mostly lies side by side: a run of it is then one
/// question.
fn runs(numbers: &[i64]) -> impl Iterator<Item = (i64, i64)> {
    let runs = numbers.chunk_by(|number, next| number.checked_add(1) == Some(*next));
    runs.filter_map(|run| Some((*run.first()?, *run.last()?)))
}
