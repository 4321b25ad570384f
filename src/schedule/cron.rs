//! A cron expression, read by the same parser as the ticker's (FAULTS C06): seconds first, weekday 0 or 7 is Sunday,
//! and day of month and weekday must both hold.

use chrono::{DateTime, Duration, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};

/// A valid cron expression with six fields.
#[derive(Clone, Debug)]
pub struct Cron {
    text: String,
    inner: croner::Cron,
}

/// What is wrong with a cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CronFault {
    /// Neither five fields nor six, but this many.
    Fields(usize),
    /// It cannot be read; the parser's words.
    Unreadable(String),
    /// It never fires, such as on 30 February.
    NeverFires,
    /// It fires every second, which a `*` in the first of six fields does.
    EverySecond,
}

/// How many successive firings are looked at for [`CronFault::EverySecond`].
const LOOKED_AT: usize = 120;

impl Cron {
    /// Reads five fields (the second is then 0) or six (second, minute, hour, day, month, weekday).
    ///
    /// # Errors
    /// What is wrong with it (FAULTS C07).
    pub fn parse(text: &str) -> Result<Self, CronFault> {
        let fields = text.split_whitespace().collect::<Vec<_>>();
        let text = match fields.as_slice() {
            [_, _, _, _, _] => format!("0 {}", fields.join(" ")),
            [_, _, _, _, _, _] => fields.join(" "),
            other => return Err(CronFault::Fields(other.len())),
        };
        let parser = CronParser::builder().seconds(Seconds::Required).dom_and_dow(true).build();
        let inner = parser.parse(&text).map_err(|error| CronFault::Unreadable(error.to_string()))?;
        let cron = Self { text, inner };
        let mut at = Utc.timestamp_opt(0, 0).single().unwrap_or_default();
        for looked_at in 0..LOOKED_AT {
            match cron.next(at, Tz::UTC) {
                None if looked_at == 0 => return Err(CronFault::NeverFires),
                None => break,
                Some(next) if looked_at > 0 && (next - at).num_seconds() < 2 => return Err(CronFault::EverySecond),
                Some(next) => at = next,
            }
        }
        Ok(cron)
    }

    /// The six fields.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first time after `moment` in `zone`.
    ///
    /// A time that summer time leaves out happens once, when the gap ends; one that it repeats happens once (FAULTS C05).
    /// The parser is asked in wall-clock time only: with a zone it lets times before a gap happen twice.
    pub fn next(&self, moment: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let mut wall = moment.with_timezone(&zone).naive_local().and_utc();
        // In a repeated hour wall-clock times may lie in the past; a day holds no more of them than seconds.
        for _ in 0..86_400 {
            wall = self.inner.find_next_occurrence(&wall, false).ok()?;
            match at_wall_clock(wall.naive_utc(), zone) {
                Some(next) if next > moment => return Some(next),
                _ => {}
            }
        }
        None
    }
}

/// The moment at which clocks in `zone` show `wall`: the first of two, or the end of the gap that leaves it out.
pub(super) fn at_wall_clock(wall: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    if let Some(there) = zone.from_local_datetime(&wall).earliest() {
        return Some(there.with_timezone(&Utc));
    }
    let offset = |moment: DateTime<Utc>| zone.offset_from_utc_datetime(&moment.naive_utc()).fix();
    let old = offset(wall.and_utc() - Duration::days(2));
    // By the old offset this time is after the change; a day before it is before the change. The first second after
    // the change lies between them.
    let mut after = old.from_local_datetime(&wall).earliest()?.with_timezone(&Utc);
    let mut before = after - Duration::days(1);
    while after - before > Duration::seconds(1) {
        let middle = before + Duration::seconds((after - before).num_seconds() / 2);
        if offset(middle) == old { before = middle } else { after = middle }
    }
    Some(after)
}

impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
