//! Which slots have come due since the last look, and which of them run.

use super::{CatchUp, Schedule};
use crate::domain::calendar::Calendar;
use crate::domain::dates::{Day, Period};
use chrono::{DateTime, Duration, Utc};

/// A slot seen this long after its time was missed: nothing was running that would have seen it. Looks are a minute apart.
pub const MISSED_AFTER: Duration = Duration::minutes(3);

/// A run that begins this long after its planned time, or after the end of its waiting, is marked 遅延.
pub const LATE_AFTER: Duration = Duration::minutes(15);

/// How long a slot rests whose inbox is not available.
pub const INBOX_REST: Duration = Duration::minutes(5);

/// How many slots one look lists, so that a long downtime is worked off in pieces.
const AT_ONCE: usize = 500;

/// What is to be run when (schedule, planned time), and for which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The schedule's name.
    pub schedule: String,
    /// The planned time.
    pub planned: DateTime<Utc>,
    /// The as-of date, from the planned time.
    pub as_of: Day,
    /// The period, from the as-of date.
    pub period: Period,
}

/// A slot that came due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The slot.
    pub slot: Slot,
    /// Why it is recorded as skipped instead of run.
    pub skipped: Option<&'static str>,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Slots in order of their planned time.
    pub slots: Vec<Listed>,
    /// Up to when the schedule has been looked at, this moment included.
    pub through: DateTime<Utc>,
    /// Whether more slots came due than one look lists.
    pub is_partial: bool,
}

/// The slots of `schedule` with `through < planned ≤ now`, each to run or skipped by its `catch_up`.
///
/// A clock that went back lists nothing and keeps `through`, so that no slot is listed twice (FAULTS C02).
pub fn list(schedule: &Schedule, calendar: &Calendar, through: DateTime<Utc>, now: DateTime<Utc>) -> Listing {
    if now <= through {
        return Listing { slots: Vec::new(), through, is_partial: false };
    }
    // One more than are listed tells whether any are left.
    let mut due: Vec<DateTime<Utc>> =
        schedule.firings(through, calendar).take_while(|planned| *planned <= now).take(AT_ONCE + 1).collect();
    let is_partial = due.len() > AT_ONCE;
    due.truncate(AT_ONCE);
    let reached = due.last().copied().filter(|_| is_partial).unwrap_or(now);
    // Within a partial look every slot may be followed by a later one, so none of them is the latest.
    let newest = due.last().copied().filter(|_| !is_partial);
    let skipped = |planned: DateTime<Utc>| {
        let missed = now - planned > MISSED_AFTER;
        match schedule.catch_up {
            CatchUp::Skip if missed => Some("missed; catch_up = skip"),
            CatchUp::Latest if missed && newest != Some(planned) => Some("missed; catch_up = latest"),
            CatchUp::Each | CatchUp::Latest | CatchUp::Skip => None,
        }
    };
    let slots =
        due.into_iter().map(|planned| Listed { slot: schedule.slot(planned), skipped: skipped(planned) }).collect();
    Listing { slots, through: reached, is_partial }
}

/// How long a slot rests after its `attempts`-th attempt failed.
pub fn retry_after(attempts: u32) -> Duration {
    match attempts {
        0 | 1 => Duration::minutes(1),
        2 => Duration::minutes(5),
        3 => Duration::minutes(15),
        _ => Duration::minutes(30),
    }
}
