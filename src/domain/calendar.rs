//! Japanese business days: weekends, 祝日 and the turn of the year (SPEC §5.6, §8 `days`).
//!
//! The rules are those of 国民の祝日に関する法律 as in force from 2020, with the two Olympic years' moves. Equinoxes come
//! from the usual approximation, good for 1980–2099; the tests hold it against the published days of 2020–2035.

use super::dates::Day;

/// Whether `day` is one on which Japanese offices work: no weekend, no 祝日, not 12-29 to 01-03.
pub fn is_business_day(day: Day) -> bool {
    const SATURDAY: u32 = 5;
    day.weekday() < SATURDAY && !is_year_end(day) && !is_holiday(day)
}

/// Business days after `earlier` up to and including `later`; zero if `later` is not the later one (SPEC §5.6).
pub fn business_days_between(earlier: Day, later: Day) -> u32 {
    let days = (1..=later.since(earlier).max(0)).map(|ahead| earlier.plus(ahead)).filter(|day| is_business_day(*day));
    u32::try_from(days.count()).unwrap_or(u32::MAX)
}

/// Whether `day` is a 祝日, a substitute (振替休日) or a citizens' holiday (国民の休日).
pub fn is_holiday(day: Day) -> bool {
    is_named_holiday(day) || is_substitute(day) || (is_named_holiday(day.plus(-1)) && is_named_holiday(day.plus(1)))
}

/// The year-end closing, which no law names and every office keeps.
fn is_year_end(day: Day) -> bool {
    matches!((day.month(), day.day_of_month()), (12, 29..=31) | (1, 1..=3))
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
    fn business_days_skip_weekends_holidays_and_the_turn_of_the_year() {
        for (earlier, later, days) in [
            ("2026-11-20", "2026-11-23", 0),
            ("2026-11-20", "2026-11-24", 1),
            ("2026-12-28", "2027-01-04", 1),
            ("2026-09-18", "2026-09-24", 1),
            ("2026-11-24", "2026-11-20", 0),
            ("2026-11-24", "2026-11-24", 0),
        ] {
            assert_eq!(business_days_between(day(earlier), day(later)), days, "{earlier} {later}");
        }
    }
}
