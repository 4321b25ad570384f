//! Runs and the reports they issued. What a run decided for a shop, its mail included, is one transaction.

use super::facts::Reader;
use super::outbox::{self, NewMessage, ReportKey};
use super::{LedgerSlot, Result, Store, findings, unexpected};
use crate::domain::dates::{Day, Period, stamp};
use crate::domain::delivery::MailWord;
use crate::domain::finding::{FindingRecord, Severity};
use crate::domain::ids::ShopId;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A run about to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRecord {
    /// When it started, RFC 3339 in JST; with the number it is the run's identity.
    pub started: String,
    /// The period.
    pub period: Period,
    /// The as-of date.
    pub as_of: Day,
}

/// The latest report of a shop and period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRecord {
    /// Its revision, from 1.
    pub revision: u32,
    /// Digest over its figures.
    pub digest: String,
    /// Its workbook, relative to the installation's folder.
    pub workbook: String,
}

/// What a run decided for one shop.
#[derive(Debug)]
pub struct ShopRun<'a> {
    /// The shop.
    pub shop: &'a ShopId,
    /// The report with its figures as text, if a new one was issued.
    pub report: Option<(&'a ReportRecord, &'a str)>,
    /// The revision that holds now.
    pub revision: u32,
    /// What becomes of its mail, as of the end of its work; [`Store::history`] follows it from there.
    pub mail: MailWord,
    /// Whether the proof balanced.
    pub balanced: bool,
    /// Matched groups of the period.
    pub matched: u64,
    /// The findings that are open now, with their urgency; `None` leaves the findings as they are (a run for an earlier
    /// as-of date).
    pub open: Option<&'a [(FindingRecord, Severity)]>,
    /// Number of open findings.
    pub findings: u64,
    /// The message to queue.
    pub message: Option<&'a NewMessage>,
}

/// A past run, newest first in [`Store::history`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRun {
    /// Its identity: start and number; for a slot without a run its planned time and state.
    pub name: String,
    /// The schedule and the planned time of its slot, if it was for one.
    pub slot: Option<(String, DateTime<Utc>)>,
    /// The period.
    pub period: (Day, Day),
    /// The as-of date.
    pub as_of: Day,
    /// `completed`, `problems`, `failed`, `skipped`.
    pub outcome: String,
    /// Its shops.
    pub shops: Vec<HistoryShop>,
}

/// One shop of a past run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryShop {
    /// The shop.
    pub shop: String,
    /// The revision that held after the run.
    pub revision: u32,
    /// What became of its mail.
    pub mail: MailWord,
    /// Whether its proof balanced.
    pub balanced: bool,
    /// Matched groups.
    pub matched: u64,
    /// Open findings.
    pub findings: u64,
}

impl Store {
    /// Records that a run begins; returns its number and its identity `<start>#<number>`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_run(&self, run: &RunRecord) -> Result<(i64, String)> {
        self.connection.execute(
            "INSERT INTO run (name, period_from, period_to, as_of, outcome) VALUES (?1, ?2, ?3, ?4, 'failed')",
            params![run.started, run.period.from().number(), run.period.to().number(), run.as_of.number()],
        )?;
        let number = self.connection.last_insert_rowid();
        let name = format!("{}#{number}", run.started);
        self.connection.execute("UPDATE run SET name = ?2 WHERE id = ?1", params![number, name])?;
        Ok((number, name))
    }

    /// Records how a run ended.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end_run(&self, number: i64, outcome: &str) -> Result<()> {
        self.connection.execute("UPDATE run SET outcome = ?2 WHERE id = ?1", params![number, outcome])?;
        Ok(())
    }

    /// The latest report of a shop and period.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn latest_report(&self, shop: &ShopId, period: Period) -> Result<Option<ReportRecord>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT revision, digest, workbook FROM report \
             WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 ORDER BY revision DESC LIMIT 1",
        )?;
        let found = statement
            .query_row(params![shop.as_str(), period.from().number(), period.to().number()], |row| {
                Ok(ReportRecord { revision: row.get(0)?, digest: row.get(1)?, workbook: row.get(2)? })
            })
            .optional()?;
        Ok(found)
    }

    /// The figures of a report as text, to compare the next revision with; empty where they are not known.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn figures(&self, shop: &ShopId, period: Period, revision: u32) -> Result<String> {
        figures(&self.connection, shop, period, revision)
    }

    /// The periods that were reported of `shop` and begin before `day`, each with its newest as-of date; the last reported
    /// first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn periods_before(&self, shop: &ShopId, day: Day) -> Result<Vec<(Period, Day)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT period_from, period_to, max(as_of) FROM report r WHERE shop = ?1 AND period_from < ?2 \
             AND EXISTS (SELECT 1 FROM report_figures f WHERE f.shop = r.shop AND f.period_from = r.period_from \
             AND f.period_to = r.period_to AND f.revision = r.revision) GROUP BY period_from, period_to ORDER BY max(run_id) DESC, period_from, period_to",
        )?;
        let ends = statement.query_map(params![shop.as_str(), day.number()], |row| {
            Ok((Day::from_number(row.get(0)?), Day::from_number(row.get(1)?), Day::from_number(row.get(2)?)))
        })?;
        let ends = ends.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(ends.into_iter().filter_map(|(from, to, as_of)| Some((Period::new(from, to)?, as_of))).collect())
    }

    /// The newest as-of date, up to `last` if that is given, that findings of `shop` were computed for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn newest_as_of(&self, shop: &ShopId, last: Option<Day>) -> Result<Option<Day>> {
        let newest: Option<i32> = self
            .connection
            .prepare_cached(
                "SELECT max(r.as_of) FROM run r JOIN run_shop s ON s.run_id = r.id \
                 WHERE s.shop = ?1 AND (?2 IS NULL OR r.as_of <= ?2)",
            )?
            .query_row(params![shop.as_str(), last.map(Day::number)], |row| row.get(0))?;
        Ok(newest.map(Day::from_number))
    }

    /// Records what a run decided for a shop: findings, report and messages, all or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_shop_run(&mut self, run: i64, record: &RunRecord, shop_run: &ShopRun<'_>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let (from, to) = (record.period.from().number(), record.period.to().number());
        let shop = shop_run.shop.as_str();
        if let Some(open) = shop_run.open {
            findings::replace_open(&transaction, shop_run.shop, open, record.as_of)?;
        }
        if let Some((report, figures)) = shop_run.report {
            let day = record.as_of.number();
            transaction
                .prepare_cached(
                    "INSERT INTO report (shop, period_from, period_to, revision, run_id, as_of, digest, workbook) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .execute(params![shop, from, to, report.revision, run, day, report.digest, report.workbook])?;
            transaction
                .prepare_cached(
                    "INSERT INTO report_figures (shop, period_from, period_to, revision, figures) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![shop, from, to, report.revision, figures])?;
        }
        if let Some(message) = shop_run.message {
            let period = (record.period.from(), record.period.to());
            let key = ReportKey { shop: shop_run.shop.clone(), period, revision: shop_run.revision };
            outbox::queue(&transaction, Some(&key), message)?;
        }
        transaction
            .prepare_cached(
                "INSERT INTO run_shop (run_id, shop, revision, mail, balanced, matched, findings) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                run,
                shop,
                shop_run.revision,
                shop_run.mail.name(),
                shop_run.balanced,
                i64::try_from(shop_run.matched).unwrap_or(i64::MAX),
                i64::try_from(shop_run.findings).unwrap_or(i64::MAX)
            ])?;
        transaction.commit()?;
        Ok(())
    }

    /// Past runs, newest first, of one shop or of all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn history(&self, shop: Option<&ShopId>) -> Result<Vec<HistoryRun>> {
        let mut shops = self.connection.prepare(
            "SELECT shop, revision, mail, balanced, matched, findings FROM run_shop \
             WHERE run_id = ?1 AND (?2 IS NULL OR shop = ?2) ORDER BY shop",
        )?;
        let mut statement = self.connection.prepare(
            "SELECT id, name, period_from, period_to, as_of, outcome, schedule, slot FROM run ORDER BY id DESC",
        )?;
        let mut rows = statement.query([])?;
        let mut history = Vec::new();
        while let Some(row) = rows.next()? {
            let period = (Day::from_number(row.get(2)?), Day::from_number(row.get(3)?));
            let mut of_run = Vec::new();
            let mut found = shops.query(params![row.get::<_, i64>(0)?, shop.map(ShopId::as_str)])?;
            while let Some(row) = found.next()? {
                let mut of_shop = shop_in_history(row)?;
                self.follow_mail(period, &mut of_shop)?;
                of_run.push(of_shop);
            }
            if shop.is_some() && of_run.is_empty() {
                continue;
            }
            let planned = row.get::<_, Option<i64>>(7)?.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            history.push(HistoryRun {
                name: row.get(1)?,
                slot: row.get::<_, Option<String>>(6)?.zip(planned),
                period,
                as_of: Day::from_number(row.get(4)?),
                outcome: row.get(5)?,
                shops: of_run,
            });
        }
        if shop.is_none() {
            history.extend(self.slots_without_run()?.into_iter().map(slot_in_history));
            // Runs by their start, slots without one by their planned time: what is newest stands first.
            let moment = |run: &HistoryRun| {
                let (start, number) = run.name.split_once('#').unwrap_or((&run.name, ""));
                let start = DateTime::parse_from_rfc3339(start).map_or(i64::MIN, |start| start.timestamp());
                (start, number.parse::<i64>().unwrap_or(0))
            };
            history.sort_by_cached_key(|run| std::cmp::Reverse(moment(run)));
        }
        Ok(history)
    }

    /// What became by now of the mail that a run queued: its recipients' states say it, whoever changed them.
    fn follow_mail(&self, period: (Day, Day), of_shop: &mut HistoryShop) -> Result<()> {
        if !matches!(of_shop.mail, MailWord::None | MailWord::Blocked) {
            let key = ReportKey { shop: ShopId::new(&of_shop.shop), period, revision: of_shop.revision };
            let states = self.report_states(&key)?;
            if !states.is_empty() {
                of_shop.mail = MailWord::of(&states);
            }
        }
        Ok(())
    }
}

fn shop_in_history(row: &Row<'_>) -> Result<HistoryShop> {
    let mail: String = row.get(2)?;
    Ok(HistoryShop {
        shop: row.get(0)?,
        revision: row.get(1)?,
        mail: MailWord::named(&mail).ok_or_else(|| unexpected("word for mail", mail))?,
        balanced: row.get(3)?,
        matched: row.get::<_, i64>(4)?.unsigned_abs(),
        findings: row.get::<_, i64>(5)?.unsigned_abs(),
    })
}

/// A slot that never had a run, as it stands in the history.
fn slot_in_history(ledger: LedgerSlot) -> HistoryRun {
    let LedgerSlot { slot, state, .. } = ledger;
    HistoryRun {
        name: format!("{}#{}", stamp(slot.planned), state.as_str()),
        slot: Some((slot.schedule, slot.planned)),
        period: (slot.period.from(), slot.period.to()),
        as_of: slot.as_of,
        outcome: state.as_str().to_owned(),
        shops: Vec::new(),
    }
}

impl Reader {
    /// As [`Store::figures`], on the thread that asks.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn figures(&self, shop: &ShopId, period: Period, revision: u32) -> Result<String> {
        figures(&self.connection, shop, period, revision)
    }
}

fn figures(connection: &Connection, shop: &ShopId, period: Period, revision: u32) -> Result<String> {
    let mut statement = connection.prepare_cached(
        "SELECT figures FROM report_figures WHERE shop = ?1 AND period_from = ?2 AND period_to = ?3 AND revision = ?4",
    )?;
    let key = params![shop.as_str(), period.from().number(), period.to().number(), revision];
    Ok(statement.query_row(key, |row| row.get(0)).optional()?.unwrap_or_default())
}
