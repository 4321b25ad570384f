//! How many findings were open in the weeks before: out of the ledger's dates alone, so that a second run for the same
//! as-of date says the same.

use super::finding::Ledger;
use crate::domain::dates::Day;
use crate::domain::finding::Code;
use crate::domain::reconciliation::{Finding, Trend};

/// Weeks looked back.
const WEEKS: i32 = 5;

/// Open findings by kind, a week apart, from the first finding on; empty where nothing is known of earlier.
pub(super) fn trend(ledger: &Ledger<'_>, findings: &[Finding], as_of: Day) -> Trend {
    let earlier = || ledger.all().filter(|record| record.first_seen < as_of);
    let Some(first) = earlier().map(|record| record.first_seen).min() else { return Trend::default() };
    let past = (1..=WEEKS).rev().map(|week| as_of.plus(-7 * week));
    let days: Vec<Day> = past.filter(|day| *day >= first).chain([as_of]).collect();
    let mut trend = Trend { days, ..Trend::default() };
    let last = trend.days.len().saturating_sub(1);
    let mut count = |code: Code, at: usize| {
        let counts = trend.open.entry(code).or_insert_with(|| vec![0; last + 1]);
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    };
    for record in earlier() {
        for (at, day) in trend.days.iter().enumerate().take(last) {
            if record.first_seen <= *day && record.cleared.is_none_or(|cleared| cleared > *day) {
                count(record.code, at);
            }
        }
    }
    for finding in findings {
        count(finding.code, last);
    }
    trend
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::finding::{FindingRecord, Note, finding_id};
    use crate::domain::ids::ShopId;

    fn record(key: &str, code: Code, first_seen: Day, cleared: Option<Day>) -> FindingRecord {
        let shop = ShopId::new("S");
        let id = finding_id(&shop, key, code);
        FindingRecord { id, shop, code, key: key.to_owned(), first_seen, cleared, note: Note::default() }
    }

    #[test]
    fn a_second_run_for_the_same_day_says_the_same() {
        let as_of = Day::from_number(20_000);
        let mut records = vec![
            record("a", Code::AmountMismatch, as_of.plus(-15), None),
            record("b", Code::AmountMismatch, as_of.plus(-10), Some(as_of.plus(-3))),
            record("c", Code::KeyConflict, as_of.plus(-7), None),
        ];
        let first = trend(&Ledger::of_shop(&ShopId::new("S"), &records), &[], as_of);
        assert_eq!(first.days, [as_of.plus(-14), as_of.plus(-7), as_of]);
        assert_eq!(first.open[&Code::AmountMismatch], [1, 2, 0]);
        assert_eq!(first.open[&Code::KeyConflict], [0, 1, 0]);
        // The first run closed what is open no longer, and opened what is new.
        for record in records.iter_mut().filter(|record| record.cleared.is_none()) {
            record.cleared = Some(as_of);
        }
        records.push(record("d", Code::PaidButDead, as_of, None));
        assert_eq!(trend(&Ledger::of_shop(&ShopId::new("S"), &records), &[], as_of), first);
        let of_today = [record("d", Code::PaidButDead, as_of, None)];
        for records in [&[][..], &of_today] {
            assert_eq!(trend(&Ledger::of_shop(&ShopId::new("S"), records), &[], as_of), Trend::default());
        }
    }

    #[test]
    fn a_finding_is_not_open_on_the_day_it_was_cleared() {
        let as_of = Day::from_number(20_000);
        let records = [record("a", Code::AmountMismatch, as_of.plus(-14), Some(as_of.plus(-7)))];
        let trend = trend(&Ledger::of_shop(&ShopId::new("S"), &records), &[], as_of);
        assert_eq!(trend.open[&Code::AmountMismatch], [1, 0, 0]);
    }
}
