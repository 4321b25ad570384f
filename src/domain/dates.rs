//! Business days and moments, always in Japan Standard Time. Wraps chrono's calendar; never asks what time it is.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, SecondsFormat, Utc};
use std::fmt;

/// Japan Standard Time, which has no summer time.
pub const JST: FixedOffset = match FixedOffset::east_opt(9 * 3_600) {
    Some(offset) => offset,
    None => panic!("nine hours are less than a day"),
};

/// A moment as it stands in history and messages: RFC 3339 to the second, in JST.
pub fn stamp(moment: impl Into<DateTime<Utc>>) -> String {
    moment.into().with_timezone(&JST).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// A calendar day in JST, as days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day of year, month and day of month, if there is such a day.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self::from_naive)
    }

    /// The day that chrono calls `date`.
    pub fn from_naive(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }

    /// Days since 1970-01-01, the form that is stored.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The inverse of [`Day::number`].
    pub const fn from_number(days: i32) -> Self {
        Self(days)
    }

    /// chrono's form of this day.
    pub fn naive(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(NaiveDate::MAX)
    }

    /// The day `days` later, or earlier if negative.
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Whole days from `earlier` to this day; negative if this day is the earlier one.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Calendar year.
    pub fn year(self) -> i32 {
        self.naive().year()
    }

    /// Month, 1 to 12.
    pub fn month(self) -> u32 {
        self.naive().month()
    }

    /// Day of the month, 1 to 31.
    pub fn day_of_month(self) -> u32 {
        self.naive().day()
    }

    /// Weekday, 0 = Monday to 6 = Sunday.
    pub fn weekday(self) -> u32 {
        self.naive().weekday().num_days_from_monday()
    }

    /// The first day of this day's month.
    pub fn month_start(self) -> Self {
        self.plus(1 - i32::try_from(self.day_of_month()).unwrap_or(1))
    }

    /// The last day of this day's month.
    pub fn month_end(self) -> Self {
        self.month_start().plus(31).month_start().plus(-1)
    }

    /// Reads `YYYY-MM-DD`, strictly.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return None;
        }
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
        let year = i32::try_from(digits(text.get(0..4)?)?).ok()?;
        Self::new(year, digits(text.get(5..7)?)?, digits(text.get(8..10)?)?)
    }

    /// Midnight at the start of this day.
    pub fn start(self) -> Moment {
        Moment(i64::from(self.0) * 86_400)
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = self.naive();
        if f.width().is_none() { fmt::Display::fmt(&date, f) } else { f.pad(&date.to_string()) }
    }
}

/// A second of JST civil time, as seconds since 1970-01-01 00:00:00 JST.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment `hour`:`minute`:`second` of `day`; `None` beyond 23:59:59.
    pub fn new(day: Day, hour: u32, minute: u32, second: u32) -> Option<Self> {
        (hour < 24 && minute < 60 && second < 60)
            .then(|| Self(i64::from(day.0) * 86_400 + i64::from(hour * 3_600 + minute * 60 + second)))
    }

    /// Seconds since 1970-01-01 00:00:00 JST, the form that is stored.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The inverse of [`Moment::number`].
    pub const fn from_number(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The JST day this moment lies in.
    pub fn day(self) -> Day {
        Day(i32::try_from(self.0.div_euclid(86_400)).unwrap_or(i32::MAX))
    }

    /// Seconds since midnight.
    pub fn second_of_day(self) -> u32 {
        u32::try_from(self.0.rem_euclid(86_400)).unwrap_or(0)
    }
}

/// `YYYY-MM-DD HH:MM:SS`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.second_of_day();
        write!(f, "{} {:02}:{:02}:{:02}", self.day(), s / 3_600, s / 60 % 60, s % 60)
    }
}

/// A span of days, both ends included; never empty or reversed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    from: Day,
    to: Day,
}

impl Period {
    /// From `from` to `to`, both included; `None` if reversed.
    pub fn new(from: Day, to: Day) -> Option<Self> {
        (from <= to).then_some(Self { from, to })
    }

    /// One day.
    pub const fn day(day: Day) -> Self {
        Self { from: day, to: day }
    }

    /// First day.
    pub const fn from(self) -> Day {
        self.from
    }

    /// Last day.
    pub const fn to(self) -> Day {
        self.to
    }

    /// Whether `day` lies in the period.
    pub fn contains(self, day: Day) -> bool {
        self.from <= day && day <= self.to
    }

    /// Reads a period name of SPEC §3 relative to `as_of`: `yesterday`, `last-7-days`, `month-to-date`,
    /// `previous-month`, `YYYY-MM`.
    pub fn named(name: &str, as_of: Day) -> Option<Self> {
        let yesterday = as_of.plus(-1);
        match name {
            "yesterday" => Self::new(yesterday, yesterday),
            "last-7-days" => Self::new(as_of.plus(-7), yesterday),
            "month-to-date" => Self::new(yesterday.month_start(), yesterday),
            "previous-month" => {
                let last = as_of.month_start().plus(-1);
                Self::new(last.month_start(), last)
            }
            month => {
                let first = Day::parse(&format!("{month}-01"))?;
                Self::new(first, first.month_end())
            }
        }
    }
}

/// `YYYY-MM-DD..YYYY-MM-DD`.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a day")
    }

    #[test]
    fn days_are_parsed_strictly() {
        for bad in [
            "2026-2-01",
            "2026-02-29",
            "2026/02/01",
            "2026/02-01",
            "2026-02/01",
            "20260201",
            "2026-02-01 ",
            "+026-02-01",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        assert_eq!(day("2024-02-29").plus(365).to_string(), "2025-02-28");
        assert_eq!(format!("{}|{:>12}", day("0099-02-09"), day("2026-12-31")), "0099-02-09|  2026-12-31");
        assert_eq!(["1969-12-31", "1970-01-03"].map(|date| day(date).number()), [-1, 2]);
    }

    #[test]
    fn c11_month_to_date_never_loses_the_last_day() {
        let mut as_of = day("2020-01-01");
        while as_of < day("2030-01-01") {
            let period = Period::named("month-to-date", as_of).expect("never empty");
            assert_eq!(period.to(), as_of.plus(-1));
            assert_eq!(period.from(), period.to().month_start());
            as_of = as_of.plus(1);
        }
        let first = Period::named("month-to-date", day("2026-12-01"));
        assert_eq!(first, Period::named("2026-11", day("2026-12-01")));
    }

    #[test]
    fn names_of_periods_are_relative_to_the_as_of_date() {
        let as_of = day("2026-11-23");
        let named = |name| Period::named(name, as_of).map(|p| p.to_string());
        assert_eq!(named("yesterday").as_deref(), Some("2026-11-22..2026-11-22"));
        assert_eq!(named("last-7-days").as_deref(), Some("2026-11-16..2026-11-22"));
        assert_eq!(named("previous-month").as_deref(), Some("2026-10-01..2026-10-31"));
        assert_eq!(named("2024-02").as_deref(), Some("2024-02-01..2024-02-29"));
        assert_eq!(named("tomorrow"), None);
    }

    #[test]
    fn a_moment_lies_in_its_day_to_the_second_before_1970_too() {
        for (date, hour, minute, second, text) in [
            ("2026-11-23", 0, 0, 0, "2026-11-23 00:00:00"),
            ("2026-11-23", 23, 59, 58, "2026-11-23 23:59:58"),
            ("1969-12-31", 6, 30, 5, "1969-12-31 06:30:05"),
        ] {
            let moment = Moment::new(day(date), hour, minute, second).expect("a moment");
            assert_eq!((moment.to_string().as_str(), moment.day()), (text, day(date)));
            assert_eq!(Moment::from_number(moment.number()), moment);
        }
        for (hour, minute, second) in [(24, 0, 0), (0, 60, 0), (0, 0, 60)] {
            assert_eq!(Moment::new(day("2026-11-23"), hour, minute, second), None);
        }
    }

    #[test]
    fn both_ends_belong_to_a_period() {
        let period = Period::new(day("2026-11-02"), day("2026-11-04")).expect("a period");
        let within = |date| period.contains(day(date));
        assert_eq!(
            ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"].map(within),
            [false, true, true, true, false]
        );
        assert_eq!(Period::new(period.to(), period.from()), None, "reversed");
        assert_eq!(Period::day(day("2026-11-02")).to_string(), "2026-11-02..2026-11-02");
    }
}
