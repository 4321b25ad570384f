//! What each stored file brought each shop: the control totals of 検算 (SPEC §6).

use super::Result;
use super::facts::Reader;
use super::files::{ShopTotals, disposition_named};
use crate::domain::dates::{Day, Moment};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Disposition, RowCounts};
use crate::domain::money::Yen;
use crate::domain::notebook;
use crate::domain::reconciliation::FileSummary;
use hashbrown::HashMap;
use rusqlite::Row;
use std::collections::BTreeMap;

/// What became of one cart, or of one row of the payment list, in one file.
#[derive(Clone, Debug)]
pub struct CartTally {
    file: i64,
    disposition: Disposition,
    rows: u64,
    repeated: u64,
    yen: Yen,
    covers: Option<(Day, Day)>,
}

impl CartTally {
    /// Columns from `at`: file_id, disposition, rows, repeated, yen, covers_from, covers_to.
    pub(super) fn read(row: &Row<'_>, at: usize) -> Result<Self> {
        Ok(Self {
            file: row.get(at)?,
            disposition: disposition_named(row.get_ref(at + 1)?.as_str().unwrap_or_default())?,
            rows: row.get::<_, i64>(at + 2)?.unsigned_abs(),
            repeated: row.get::<_, i64>(at + 3)?.unsigned_abs(),
            yen: Yen::new(row.get(at + 4)?),
            covers: read_covers(row, at + 5)?,
        })
    }

    /// The sum of its lines in yen.
    pub(super) const fn yen(&self) -> Yen {
        self.yen
    }

    /// The first day on which a line of it was created.
    pub(super) fn first_day(&self) -> Option<Day> {
        self.covers.map(|(first, _)| first)
    }
}

/// First and last day in two columns from `at`.
fn read_covers(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<(Day, Day)>> {
    let covers = row.get::<_, Option<i32>>(at)?.zip(row.get::<_, Option<i32>>(at + 1)?);
    Ok(covers.map(|(from, to)| (Day::from_number(from), Day::from_number(to))))
}

/// The control totals of bookings files, by shop and file.
#[derive(Default)]
pub struct CartTotals(HashMap<(usize, i64), ShopTotals>);

impl CartTotals {
    /// Counts a cart for the shop that it belongs to, by the shop's position in a list.
    pub fn add(&mut self, shop: usize, tally: &CartTally) {
        let totals = self.0.entry((shop, tally.file)).or_default();
        totals.rows.add_all(tally.disposition, tally.rows);
        totals.rows.add_all(Disposition::Same, tally.repeated);
        totals.yen += tally.yen;
        totals.widen(tally.covers);
    }

    /// Adds those of `others`, of the shop at each place what belongs to the shop that `positions` says.
    pub fn append(&mut self, others: Self, positions: &[usize]) {
        for ((shop, file), more) in others.0 {
            let Some(shop) = positions.get(shop) else { continue };
            self.0.entry((*shop, file)).or_default().append(more);
        }
    }
}

/// What a file of payments brought a shop.
#[derive(Debug)]
pub struct Brought {
    /// Its new and changed rows.
    pub rows: u64,
    /// The days they cover.
    pub covers: Option<(Day, Day)>,
}

/// A stored file, whatever shops its rows belong to.
struct Stored {
    summary: FileSummary,
    folder: Option<ShopId>,
    rows_read: u64,
    yen: Yen,
    /// Its rows by disposition.
    rows: RowCounts,
}

impl Reader {
    /// The rows of the payment list by the key of their cart; rows that a file repeated belong to none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn listed(&self) -> Result<HashMap<String, Vec<CartTally>>> {
        let mut statement = self.connection.prepare(
            "SELECT file_id, cart_key, at, amount, entry_key FROM payment_entry ORDER BY entry_key, file_id, line",
        )?;
        let mut listed: HashMap<String, Vec<CartTally>> = HashMap::new();
        let mut before = String::new();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = row.get_ref(4)?.as_str().unwrap_or_default();
            let disposition = if before == key { Disposition::Update } else { Disposition::New };
            key.clone_into(&mut before);
            let day = Moment::from_number(row.get(2)?).day();
            let yen = Yen::new(row.get::<_, Option<i64>>(3)?.unwrap_or_default());
            let (file, covers) = (row.get(0)?, Some((day, day)));
            let tally = CartTally { file, disposition, rows: 1, repeated: 0, yen, covers };
            listed.entry(row.get(1)?).or_default().push(tally);
        }
        Ok(listed)
    }

    /// The stored files that hold rows of each shop, with that shop's control totals (SPEC §6 検算).
    ///
    /// `carts` are the totals of carts, by position in `shops`: a bookings file is listed for every shop it holds carts of.
    /// Rows that name no shop, and files without rows, are those of the folder the file lay in, else of the `only` shop.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn file_summaries(
        &self,
        shops: &[ShopId],
        carts: CartTotals,
        only: Option<&ShopId>,
    ) -> Result<BTreeMap<ShopId, Vec<FileSummary>>> {
        let mut by_file: BTreeMap<i64, BTreeMap<ShopId, ShopTotals>> = self.payment_totals()?;
        for ((shop, file), totals) in carts.0 {
            if let Some(shop) = shops.get(shop) {
                by_file.entry(file).or_default().entry(shop.clone()).or_default().append(totals);
            }
        }
        let mut summaries: BTreeMap<ShopId, Vec<FileSummary>> = BTreeMap::new();
        for (file, stored) in self.stored_files()? {
            let mut by_shop = by_file.remove(&file).unwrap_or_default();
            let mut told = RowCounts::default();
            by_shop.values().for_each(|totals| told += totals.rows);
            let rest = stored.rows.without(told);
            let home = stored.folder.as_ref().or(only);
            if let Some(home) = home {
                let yen = stored.yen - by_shop.values().map(|totals| totals.yen).sum();
                by_shop.entry(home.clone()).or_default().append(ShopTotals { rows: rest, yen, covers: None });
            } else if by_shop.len() == 1 {
                // Whose carts no rule places is open, but not whose rows were left out of a file of one shop.
                let rows = RowCounts { excluded: rest.excluded, rejected: rest.rejected, ..RowCounts::default() };
                let rows = RowCounts { read: rows.accounted(), ..rows };
                by_shop.values_mut().for_each(|totals| totals.rows += rows);
            }
            // All rows of one shop: then what was read is held against what became of it.
            let is_whole = home.is_some() && by_shop.len() == 1;
            for (shop, mut totals) in by_shop {
                if is_whole {
                    totals.rows.read = stored.rows_read;
                }
                let mut summary =
                    FileSummary { rows: totals.rows, yen: totals.yen, covers: totals.covers, ..stored.summary.clone() };
                if totals.rows.rejected == 0 {
                    summary.rejected.clear();
                }
                summaries.entry(shop).or_default().push(summary);
            }
        }
        for files in summaries.values_mut() {
            files.sort_by(|a, b| (&a.layout, &a.name, &a.digest).cmp(&(&b.layout, &b.name, &b.digest)));
        }
        Ok(summaries)
    }

    /// What each file of payments brought each shop: new and changed rows, and the days they cover.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn payments_brought(&self) -> Result<HashMap<ShopId, Vec<Brought>>> {
        let mut brought: HashMap<ShopId, Vec<Brought>> = HashMap::new();
        for (shop, totals) in self.payment_totals()?.into_values().flatten() {
            let ShopTotals { rows, covers, .. } = totals;
            brought.entry(shop).or_default().push(Brought { rows: rows.new + rows.update, covers });
        }
        Ok(brought)
    }

    /// What the rows of payments came to, by file and shop.
    fn payment_totals(&self) -> Result<BTreeMap<i64, BTreeMap<ShopId, ShopTotals>>> {
        let mut by_file: BTreeMap<i64, BTreeMap<ShopId, ShopTotals>> = BTreeMap::new();
        let mut statement = self.connection.prepare(
            "SELECT file_id, shop, \"new\", \"update\", same, stale, conflict, excluded, rejected, yen, covers_from, \
             covers_to FROM file_shop",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let count = |at: usize| row.get::<_, i64>(at).map(|n| n.unsigned_abs());
            let mut counts = RowCounts {
                read: 0,
                new: count(2)?,
                update: count(3)?,
                same: count(4)?,
                stale: count(5)?,
                conflict: count(6)?,
                excluded: count(7)?,
                rejected: count(8)?,
            };
            counts.read = counts.accounted();
            let totals = ShopTotals { rows: counts, yen: Yen::new(row.get(9)?), covers: read_covers(row, 10)? };
            by_file.entry(row.get(0)?).or_default().insert(ShopId::new(&row.get::<_, String>(1)?), totals);
        }
        Ok(by_file)
    }

    /// Every file but our own workbooks.
    fn stored_files(&self) -> Result<BTreeMap<i64, Stored>> {
        let mut statement = self.connection.prepare(
            "SELECT id, name, layout, digest, hidden_rows, unknown_columns, dropped_columns, folder, rows_read, yen \
             FROM file WHERE layout <> ?1",
        )?;
        let files = statement.query_map([notebook::LAYOUT], |row| {
            let digest: [u8; 32] = row.get(3)?;
            let summary = FileSummary {
                name: row.get(1)?,
                layout: row.get(2)?,
                digest: FileDigest(digest).to_string(),
                rows: RowCounts::default(),
                hidden_rows: row.get::<_, i64>(4)?.unsigned_abs(),
                unknown_columns: headings(&row.get::<_, String>(5)?),
                dropped_columns: headings(&row.get::<_, String>(6)?),
                yen: Yen::ZERO,
                covers: None,
                rejected: Vec::new(),
            };
            let folder = row.get::<_, Option<String>>(7)?.map(|shop| ShopId::new(&shop));
            let (rows_read, yen) = (row.get::<_, i64>(8)?.unsigned_abs(), row.get::<_, Option<i64>>(9)?);
            let yen = Yen::new(yen.unwrap_or_default());
            Ok((row.get(0)?, Stored { summary, folder, rows_read, yen, rows: RowCounts::default() }))
        })?;
        let mut files: BTreeMap<i64, Stored> = files.collect::<rusqlite::Result<_>>()?;
        let mut statement = self.connection.prepare(
            "SELECT file_id, disposition, \"rows\", reason FROM row_disposition ORDER BY file_id, first_line",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let Some(file) = files.get_mut(&row.get(0)?) else { continue };
            let disposition = disposition_named(row.get_ref(1)?.as_str().unwrap_or_default())?;
            file.rows.add_all(disposition, row.get::<_, i64>(2)?.unsigned_abs());
            if disposition == Disposition::Rejected {
                file.summary.rejected.extend(row.get::<_, Option<String>>(3)?);
            }
        }
        Ok(files)
    }
}

/// Headings that are stored one on each line.
fn headings(stored: &str) -> Vec<String> {
    stored.lines().map(str::to_owned).collect()
}
