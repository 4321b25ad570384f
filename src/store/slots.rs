//! The slot ledger: the truth about what is due, at work, done or skipped (SPEC §8, FAULTS section C).

use super::{Result, Store, unexpected};
use crate::domain::dates::{Day, JST, Period};
use crate::domain::ids::ShopId;
use crate::schedule::{Listing, Slot};
use chrono::{DateTime, Duration, Utc};
use rusqlite::{OptionalExtension, Row, params};

/// How far the clock may stand before the latest recorded time (FAULTS C04).
pub const CLOCK_TOLERANCE: Duration = Duration::hours(1);

/// Where a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotState {
    /// Recorded, not begun, or to be tried again.
    Planned,
    /// Begun; found at a start, the process that began it is gone.
    Running,
    /// Done, nothing needs anybody.
    Completed,
    /// Done, something needs the operator.
    Problems,
    /// Given up after the last attempt.
    Failed,
    /// Not run, for the recorded reason.
    Skipped,
}

impl SlotState {
    /// The word that stands in the ledger and in `history --json`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Problems => "problems",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let all = [Self::Planned, Self::Running, Self::Completed, Self::Problems, Self::Failed, Self::Skipped];
        all.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether it will not change any more.
    pub const fn is_closed(self) -> bool {
        !matches!(self, Self::Planned | Self::Running)
    }
}

/// A slot as it stands in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSlot {
    /// What and when.
    pub slot: Slot,
    /// Where it stands.
    pub state: SlotState,
    /// Why it was skipped, or why its last attempt failed.
    pub reason: Option<String>,
    /// Attempts begun.
    pub attempts: u32,
    /// It rests until then.
    pub not_before: DateTime<Utc>,
    /// The shops that are still to be done after a failed attempt; empty: all.
    pub shops: Vec<ShopId>,
    /// When it was closed.
    pub ended: Option<DateTime<Utc>>,
}

/// How often the slots of a schedule ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotCounts {
    /// Completed, with problems or without.
    pub completed: u64,
    /// Skipped, with a reason.
    pub skipped: u64,
    /// Given up.
    pub failed: u64,
    /// The planned time of the newest completed one.
    pub last_completed: Option<DateTime<Utc>>,
    /// Whether the newest closed slot that was to run failed.
    pub is_failing: bool,
    /// The oldest one that is still open.
    pub open: Option<DateTime<Utc>>,
    /// Up to when the schedule was looked at: every planned time until then has its slot.
    pub through: Option<DateTime<Utc>>,
}

/// Why a slot was closed, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotEnd {
    /// Done.
    Done {
        /// Whether something needs the operator.
        needs_operator: bool,
    },
    /// The attempt failed; these shops are left, all if empty.
    Failed {
        /// Why, without figures or names of guests.
        why: String,
        /// The shops that failed.
        shops: Vec<ShopId>,
    },
    /// What it needs is not there: no attempt, however often (FAULTS A12).
    Postponed {
        /// Why, as above.
        why: String,
    },
}

/// Seconds since 1970-01-01 00:00:00 UTC at which `day` begins in Japan.
fn midnight(day: Day) -> i64 {
    day.start().number() - i64::from(JST.local_minus_utc())
}

const COLUMNS: &str = "schedule, planned, period_from, period_to, as_of, state, reason, attempts, not_before, \
                       failed_shops, ended";

impl Store {
    /// Checks the clock against the latest recorded time and moves that on.
    ///
    /// Gives the latest recorded time if the clock stands more than an hour before it (FAULTS C04); nothing is changed then.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn see_clock(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        let latest: Option<i64> =
            self.connection.query_row("SELECT latest FROM clock", [], |row| row.get(0)).optional()?;
        let latest = latest.map(moment).transpose()?;
        match latest {
            Some(latest) if now + CLOCK_TOLERANCE < latest => Ok(Some(latest)),
            Some(latest) if now <= latest => Ok(None),
            _ => {
                self.connection.execute(
                    "INSERT INTO clock (id, latest) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET latest = ?1",
                    [now.timestamp()],
                )?;
                Ok(None)
            }
        }
    }

    /// Takes `now` as right although later times are recorded: the act of a person.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn accept_clock(&self, now: DateTime<Utc>) -> Result<()> {
        self.connection.execute("UPDATE clock SET latest = ?1", [now.timestamp()])?;
        Ok(())
    }

    /// Up to when `schedule` has been looked at; a new name starts at `now` (FAULTS C13).
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn looked_through(&self, schedule: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
        let insert = "INSERT INTO schedule (name, through) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        self.connection.execute(insert, params![schedule, now.timestamp()])?;
        let through =
            self.connection.query_row("SELECT through FROM schedule WHERE name = ?1", [schedule], |row| row.get(0))?;
        moment(through)
    }

    /// Records what a look at `schedule` found, all or nothing; a slot that is there already stays as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn record_slots(&mut self, schedule: &str, listing: &Listing, now: DateTime<Utc>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        for listed in &listing.slots {
            let slot = &listed.slot;
            let state = if listed.skipped.is_some() { SlotState::Skipped } else { SlotState::Planned };
            transaction.execute(
                "INSERT INTO slot (schedule, planned, period_from, period_to, as_of, state, reason, not_before, listed, \
                 ended) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?2, ?8, ?9) ON CONFLICT (schedule, planned) DO NOTHING",
                params![
                    slot.schedule,
                    slot.planned.timestamp(),
                    slot.period.from().number(),
                    slot.period.to().number(),
                    slot.as_of.number(),
                    state.as_str(),
                    listed.skipped,
                    now.timestamp(),
                    listed.skipped.map(|_| now.timestamp()),
                ],
            )?;
        }
        transaction.execute(
            "UPDATE schedule SET through = max(through, ?2) WHERE name = ?1",
            params![schedule, listing.through.timestamp()],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// The schedules that are no longer among `names`, with how far each was looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn gone_schedules(&self, names: &[&str]) -> Result<Vec<(String, DateTime<Utc>)>> {
        let mut statement = self.connection.prepare("SELECT name, through FROM schedule ORDER BY name")?;
        let mut rows = statement.query([])?;
        let mut gone = Vec::new();
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            if !names.contains(&name.as_str()) {
                gone.push((name, moment(row.get(1)?)?));
            }
        }
        Ok(gone)
    }

    /// Forgets a schedule; its planned slots are recorded as skipped. One that is running may come to its end.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn retire_schedule(&mut self, name: &str, now: DateTime<Utc>) -> Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "UPDATE slot SET state = 'skipped', reason = 'schedule removed', ended = ?2 \
             WHERE schedule = ?1 AND state = 'planned'",
            params![name, now.timestamp()],
        )?;
        transaction.execute("DELETE FROM schedule WHERE name = ?1", [name])?;
        transaction.commit()?;
        Ok(())
    }
}

impl Store {
    /// Records slots as skipped that a gone process left running and whose schedule is gone too. Only for the one who runs
    /// slots: nobody else knows that none is at work.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn skip_orphans(&self, now: DateTime<Utc>) -> Result<()> {
        self.connection.execute(
            "UPDATE slot SET state = 'skipped', reason = 'schedule removed', ended = ?1 \
             WHERE state = 'running' AND schedule NOT IN (SELECT name FROM schedule)",
            [now.timestamp()],
        )?;
        Ok(())
    }

    /// Open slots in the order in which they run: by planned time, then by name of the schedule (FAULTS C08).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open_slots(&self) -> Result<Vec<LedgerSlot>> {
        self.slots_where("state IN ('planned', 'running') ORDER BY planned, schedule")
    }

    /// Slots that were closed without any run: skipped, or failed before one began; newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn slots_without_run(&self) -> Result<Vec<LedgerSlot>> {
        self.slots_where(
            "state IN ('skipped', 'failed') AND NOT EXISTS (SELECT 1 FROM run r WHERE r.schedule = slot.schedule \
             AND r.slot = slot.planned) ORDER BY planned DESC, schedule",
        )
    }

    /// All slots by planned time, then by name of the schedule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn all_slots(&self) -> Result<Vec<LedgerSlot>> {
        self.slots_where("1 ORDER BY planned, schedule")
    }

    fn slots_where(&self, condition: &str) -> Result<Vec<LedgerSlot>> {
        let mut statement = self.connection.prepare(&format!("SELECT {COLUMNS} FROM slot WHERE {condition}"))?;
        let mut rows = statement.query([])?;
        let mut slots = Vec::new();
        while let Some(row) = rows.next()? {
            slots.push(ledger_slot(row)?);
        }
        Ok(slots)
    }

    /// Records that an attempt begins; gives its number, or `None` if the slot is closed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin_slot(&self, slot: &Slot) -> Result<Option<u32>> {
        let attempts = self.connection.query_row(
            "UPDATE slot SET state = 'running', attempts = attempts + 1 \
             WHERE schedule = ?1 AND planned = ?2 AND state IN ('planned', 'running') RETURNING attempts",
            params![slot.schedule, slot.planned.timestamp()],
            |row| row.get(0),
        );
        Ok(attempts.optional()?)
    }

    /// Records how an attempt ended; a slot that is closed stays as it is. After `most` failed attempts it is closed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end_slot(
        &self,
        slot: &Slot,
        end: &SlotEnd,
        most: u32,
        now: DateTime<Utc>,
        not_before: DateTime<Utc>,
    ) -> Result<SlotState> {
        let key = (&slot.schedule, slot.planned.timestamp());
        match end {
            SlotEnd::Done { needs_operator } => {
                let state = if *needs_operator { SlotState::Problems } else { SlotState::Completed };
                self.connection.execute(
                    "UPDATE slot SET state = ?3, reason = NULL, failed_shops = NULL, ended = ?4 \
                     WHERE schedule = ?1 AND planned = ?2 AND state = 'running'",
                    params![key.0, key.1, state.as_str(), now.timestamp()],
                )?;
            }
            SlotEnd::Failed { why, shops } => {
                let left: Vec<&str> = shops.iter().map(ShopId::as_str).collect();
                let left = Some(left.join(",")).filter(|left| !left.is_empty());
                self.connection.execute(
                    "UPDATE slot SET state = CASE WHEN attempts >= ?3 THEN 'failed' ELSE 'planned' END, reason = ?4, \
                     failed_shops = coalesce(?5, failed_shops), not_before = ?6, \
                     ended = CASE WHEN attempts >= ?3 THEN ?7 END \
                     WHERE schedule = ?1 AND planned = ?2 AND state = 'running'",
                    params![key.0, key.1, most, why, left, not_before.timestamp(), now.timestamp()],
                )?;
            }
            SlotEnd::Postponed { why } => {
                self.connection.execute(
                    "UPDATE slot SET state = 'planned', reason = ?3, attempts = max(attempts - 1, 0), not_before = ?4 \
                     WHERE schedule = ?1 AND planned = ?2 AND state = 'running'",
                    params![key.0, key.1, why, not_before.timestamp()],
                )?;
            }
        }
        let state: String = self.connection.query_row(
            "SELECT state FROM slot WHERE schedule = ?1 AND planned = ?2",
            params![key.0, key.1],
            |row| row.get(0),
        )?;
        SlotState::parse(&state).ok_or_else(|| unexpected("slot state", state))
    }

    /// How the run of a slot ended whose process was gone before the slot was closed, if it ended (FAULTS C09): whether
    /// something needed the operator.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn finished_run_of(&self, slot: &Slot) -> Result<Option<bool>> {
        let outcome: Option<String> = self
            .connection
            .query_row(
                "SELECT outcome FROM run WHERE schedule = ?1 AND slot = ?2 AND outcome IN ('completed', 'problems') \
                 ORDER BY id DESC LIMIT 1",
                params![slot.schedule, slot.planned.timestamp()],
                |row| row.get(0),
            )
            .optional()?;
        Ok(outcome.map(|outcome| outcome == "problems"))
    }

    /// Notes that `run` works on a slot, for `history`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn link_run(&self, run: i64, slot: &Slot) -> Result<()> {
        self.connection.execute(
            "UPDATE run SET schedule = ?2, slot = ?3 WHERE id = ?1",
            params![run, slot.schedule, slot.planned.timestamp()],
        )?;
        Ok(())
    }

    /// How the slots of `schedule` ended so far.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn slot_counts(&self, schedule: &str) -> Result<SlotCounts> {
        let row = self.connection.query_row(
            "SELECT count(*) FILTER (WHERE state IN ('completed', 'problems')), count(*) FILTER (WHERE state = 'skipped'), \
             count(*) FILTER (WHERE state = 'failed'), max(planned) FILTER (WHERE state IN ('completed', 'problems')), \
             max(planned) FILTER (WHERE state = 'failed'), min(planned) FILTER (WHERE state IN ('planned', 'running')), \
             (SELECT through FROM schedule WHERE name = ?1) FROM slot WHERE schedule = ?1",
            [schedule],
            |row| {
                Ok((
                    (row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?),
                    (row.get::<_, Option<i64>>(3)?, row.get::<_, Option<i64>>(4)?),
                    (row.get::<_, Option<i64>>(5)?, row.get::<_, Option<i64>>(6)?),
                ))
            },
        )?;
        let ((completed, skipped, failed), (last_completed, last_failed), (open, through)) = row;
        Ok(SlotCounts {
            completed: completed.unsigned_abs(),
            skipped: skipped.unsigned_abs(),
            failed: failed.unsigned_abs(),
            last_completed: last_completed.map(moment).transpose()?,
            is_failing: last_failed > last_completed,
            open: open.map(moment).transpose()?,
            through: through.map(moment).transpose()?,
        })
    }

    /// Whether payments of `shop` reach the day before `as_of`, or a file with some came in on `as_of` or later (SPEC §8
    /// `wait_for_exports_until`).
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_payments_of(&self, shop: &ShopId, as_of: Day) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM file_shop WHERE shop = ?1 AND covers_to >= ?2) OR EXISTS (SELECT 1 FROM file_shop s \
             JOIN file_arrival a ON a.file_id = s.file_id WHERE s.shop = ?1 AND a.at >= ?3)",
        )?;
        Ok(statement.query_row(params![shop.as_str(), as_of.plus(-1).number(), midnight(as_of)], |row| row.get(0))?)
    }

    /// Layout and folder of each file that came in on `day` or later.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn arrived_since(&self, day: Day) -> Result<Vec<(String, Option<String>)>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT f.layout, f.folder FROM file f JOIN file_arrival a ON a.file_id = f.id WHERE a.at >= ?1 ORDER BY f.id",
        )?;
        let files = statement.query_map([midnight(day)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(files.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest run that completed, with problems or without: its start as it stands in the history. What a restore
    /// took up of reports that had left is recorded as a run of no shop, and is none.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_success(&self) -> Result<Option<String>> {
        let name: Option<String> = self
            .connection
            .query_row(
                "SELECT name FROM run WHERE outcome IN ('completed', 'problems') \
                 AND EXISTS (SELECT 1 FROM run_shop s WHERE s.run_id = run.id) ORDER BY id DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .optional()?;
        Ok(name.and_then(|name| name.split_once('#').map(|(started, _)| started.to_owned())))
    }
}

fn moment(seconds: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).ok_or_else(|| unexpected("time", seconds.to_string()))
}

fn ledger_slot(row: &Row<'_>) -> Result<LedgerSlot> {
    let (from, to) = (Day::from_number(row.get(2)?), Day::from_number(row.get(3)?));
    let state: String = row.get(5)?;
    let shops: Option<String> = row.get(9)?;
    Ok(LedgerSlot {
        slot: Slot {
            schedule: row.get(0)?,
            planned: moment(row.get(1)?)?,
            as_of: Day::from_number(row.get(4)?),
            period: Period::new(from, to).ok_or_else(|| unexpected("period", format!("{from}..{to}")))?,
        },
        state: SlotState::parse(&state).ok_or_else(|| unexpected("slot state", state))?,
        reason: row.get(6)?,
        attempts: row.get(7)?,
        not_before: moment(row.get(8)?)?,
        shops: shops.iter().flat_map(|shops| shops.split(',')).map(ShopId::new).collect(),
        ended: row.get::<_, Option<i64>>(10)?.map(moment).transpose()?,
    })
}
