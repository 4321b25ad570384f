//! Japanese business days: weekends, 祝日 and the turn of the year (SPEC §5.6, §8 `days`).
//!
//! The rules are those of 国民の祝日に関する法律 as in force from 2020, with the two Olympic years' moves. Equinoxes come
//! from the usual approximation, good for 1980–2099; the tests hold it against the published days of 2020–2035.

use super::dates::Day;
use std::ops::RangeInclusive;

/// The years whose holidays are tested against a maintained source. Beyond them Monday to Friday count (FAULTS C12).
pub const KNOWN_YEARS: RangeInclusive<i32> = 2020..=2035;

/// The business days of one office: 祝日 by law, the turn of the year and single days as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// First day of the year-end closing, as month and day of month.
    pub year_end_from: (u32, u32),
    /// Last day of the year-end closing, as month and day of month.
    pub year_end_to: (u32, u32),
    /// Further days on which the office is closed, such as a holiday that a new law names.
    pub closed: Vec<Day>,
    /// Days on which the office works although they would not count.
    pub open: Vec<Day>,
}

/// The closing that every office keeps and no law names: 12-29 to 01-03.
impl Default for Calendar {
    fn default() -> Self {
        Self { year_end_from: (12, 29), year_end_to: (1, 3), closed: Vec::new(), open: Vec::new() }
    }
}

impl Calendar {
    /// Whether `day` is a business day: no weekend, no 祝日, not in the year-end closing; single days as configured.
    pub fn is_business_day(&self, day: Day) -> bool {
        const SATURDAY: u32 = 5;
        if self.open.contains(&day) || self.closed.contains(&day) {
            return self.open.contains(&day);
        }
        day.weekday() < SATURDAY && !self.is_year_end(day) && !is_holiday(day)
    }

    fn is_year_end(&self, day: Day) -> bool {
        let (from, to) = (self.year_end_from, self.year_end_to);
        let date = (day.month(), day.day_of_month());
        if from <= to { from <= date && date <= to } else { from <= date || date <= to }
    }
}

/// Whether `day` is the first business day of its month.
pub fn is_first_business_day(calendar: &Calendar, day: Day) -> bool {
    let before = i32::try_from(day.day_of_month()).unwrap_or(1) - 1;
    calendar.is_business_day(day) && !(1..=before).any(|back| calendar.is_business_day(day.plus(-back)))
}

/// Business days of `calendar` after `earlier` up to and including `later`; zero if `later` is not the later one
/// (SPEC §5.6).
pub fn business_days_between(calendar: &Calendar, earlier: Day, later: Day) -> u32 {
    let days = (1..=later.since(earlier).max(0)).map(|ahead| earlier.plus(ahead));
    u32::try_from(days.filter(|day| calendar.is_business_day(*day)).count()).unwrap_or(u32::MAX)
}

/// Whether `day` is a 祝日, a substitute (振替休日) or a citizens' holiday (国民の休日) of the known years.
pub fn is_holiday(day: Day) -> bool {
    KNOWN_YEARS.contains(&day.year())
        && (is_named_holiday(day)
            || is_substitute(day)
            || (is_named_holiday(day.plus(-1)) && is_named_holiday(day.plus(1))))
}

/// A holiday on a Sunday moves its rest to the next day that is no holiday itself.
fn is_substitute(day: Day) -> bool {
    const SUNDAY: u32 = 6;
    let mut before = day.plus(-1);
    while is_named_holiday(before) {
        if before.weekday() == SUNDAY {
            return !is_named_holiday(day);
        }
        before = before.plus(-1);
    }
    false
}

/// The holidays that the law names, before substitutes.
fn is_named_holiday(day: Day) -> bool {
    let (year, month, date) = (day.year(), day.month(), day.day_of_month());
    let olympic = match year {
        2020 => Some([(7, 23), (7, 24), (8, 10)]),
        2021 => Some([(7, 22), (7, 23), (8, 8)]),
        _ => None,
    };
    if let (Some(moved), 7 | 8 | 10) = (olympic, month) {
        return moved.contains(&(month, date));
    }
    match month {
        1 => date == 1 || is_monday(day, 2),
        2 => date == 11 || date == 23,
        3 => date == equinox(year, 20_843_100),
        4 => date == 29,
        5 => (3..=5).contains(&date),
        7 => is_monday(day, 3),
        8 => date == 11,
        9 => is_monday(day, 3) || date == equinox(year, 23_248_800),
        10 => is_monday(day, 2),
        11 => date == 3 || date == 23,
        _ => false,
    }
}

/// Whether `day` is the `nth` Monday of its month.
fn is_monday(day: Day, nth: u32) -> bool {
    day.weekday() == 0 && (day.day_of_month() - 1) / 7 + 1 == nth
}

/// Day of the month of an equinox, in millionths of a day: mean day of 1980, drift of the tropical year, leap days.
fn equinox(year: i32, mean_1980: i32) -> u32 {
    let years = year - 1980;
    u32::try_from((mean_1980 + 242_194 * years) / 1_000_000 - years / 4).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).expect("a day")
    }

    #[test]
    fn equinoxes_are_the_published_ones() {
        let spring = [20, 20, 21, 21, 20, 20, 20, 21, 20, 20, 20, 21, 20, 20, 20, 21];
        let autumn = [22, 23, 23, 23, 22, 23, 23, 23, 22, 23, 23, 23, 22, 23, 23, 23];
        for (year, (spring, autumn)) in (2020..=2035).zip(spring.into_iter().zip(autumn)) {
            assert_eq!((equinox(year, 20_843_100), equinox(year, 23_248_800)), (spring, autumn), "{year}");
        }
    }

    #[test]
    fn holidays_of_whole_years_are_the_published_ones() {
        let published = [
            (2020, "0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0723 0724 0810 0921 0922 1103 1123"),
            (2021, "0101 0111 0211 0223 0320 0429 0503 0504 0505 0722 0723 0808 0809 0920 0923 1103 1123"),
            (
                2024,
                "0101 0108 0211 0212 0223 0320 0429 0503 0504 0505 0506 0715 0811 0812 0916 0922 0923 1014 1103 1104 1123",
            ),
            (2026, "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123"),
        ];
        for (year, days) in published {
            let first = Day::new(year, 1, 1).expect("a day");
            let found: Vec<String> = (0..366)
                .map(|ahead| first.plus(ahead))
                .filter(|day| day.year() == year && is_holiday(*day))
                .map(|day| format!("{:02}{:02}", day.month(), day.day_of_month()))
                .collect();
            assert_eq!(found.join(" "), days, "{year}");
        }
        assert!(is_holiday(day("2032-09-21")), "citizens' holiday");
    }

    #[test]
    fn c12_holidays_are_those_of_a_maintained_source() {
        let golden = include_str!("../../tests/golden/holidays.txt");
        let published: Vec<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
        let (first, last) = (day("2020-01-01"), day("2035-12-31"));
        let found: Vec<String> = (0..=last.since(first))
            .map(|ahead| first.plus(ahead))
            .filter(|day| is_holiday(*day))
            .map(|day| day.to_string())
            .collect();
        assert_eq!(found, published);
    }

    #[test]
    fn c12_beyond_the_known_years_monday_to_friday_count() {
        let calendar = Calendar::default();
        assert!(!calendar.is_business_day(day("2035-11-23")), "Labour Thanksgiving Day of a known year");
        assert!(calendar.is_business_day(day("2036-02-11")), "a Monday of an unknown year");
        assert!(!calendar.is_business_day(day("2036-02-10")), "a Sunday");
    }

    #[test]
    fn c12_the_closing_and_single_days_are_the_offices_own() {
        let calendar = Calendar {
            year_end_from: (12, 27),
            year_end_to: (1, 5),
            closed: vec![day("2026-08-13")],
            open: vec![day("2026-11-23")],
        };
        for (date, works) in [
            ("2027-12-27", false),
            ("2027-01-05", false),
            ("2027-01-06", true),
            ("2026-08-13", false),
            ("2026-11-23", true),
            ("2026-12-25", true),
        ] {
            assert_eq!(calendar.is_business_day(day(date)), works, "{date}");
        }
    }

    #[test]
    fn c12_each_month_has_one_first_business_day() {
        let calendar = Calendar::default();
        let mut first = Vec::new();
        let mut today = day("2026-09-01");
        while today < day("2027-03-01") {
            if is_first_business_day(&calendar, today) {
                first.push(today.to_string());
            }
            today = today.plus(1);
        }
        assert_eq!(first, ["2026-09-01", "2026-10-01", "2026-11-02", "2026-12-01", "2027-01-04", "2027-02-01"]);
    }

    #[test]
    fn business_days_skip_weekends_holidays_and_the_turn_of_the_year() {
        for (earlier, later, days) in [
            ("2026-11-20", "2026-11-23", 0),
            ("2026-11-20", "2026-11-24", 1),
            ("2026-12-28", "2027-01-04", 1),
            ("2026-09-18", "2026-09-24", 1),
            ("2026-11-24", "2026-11-20", 0),
            ("2026-11-24", "2026-11-24", 0),
        ] {
            assert_eq!(
                business_days_between(&Calendar::default(), day(earlier), day(later)),
                days,
                "{earlier} {later}"
            );
        }
    }

    #[test]
    fn c12_a_closing_may_lie_within_one_year() {
        let summer = Calendar { year_end_from: (8, 12), year_end_to: (8, 14), ..Calendar::default() };
        let works = |date| summer.is_business_day(day(date));
        assert_eq!(
            ["2026-08-10", "2026-08-12", "2026-08-14", "2026-08-17", "2026-12-30"].map(works),
            [true, false, false, true, true]
        );
    }
}
