//! Observations → money events, and what a new observation is.

use crate::facts::{paid, seen};
use totsugo::domain::intake::Disposition;
use totsugo::domain::payment::{EventKind, Money, STATUSES};
use totsugo::reconcile::{disposition, money_events};

/// The events as `sale +12000 2026-11-05`, then what is held, D and the marks.
fn moved(history: &str) -> String {
    let events = money_events(&paid("A", "", history));
    let kind = |kind| match kind {
        EventKind::Sale => "sale",
        EventKind::Change => "change",
        EventKind::Refund => "refund",
    };
    let one = |e: &totsugo::domain::payment::MoneyEvent| format!("{} {:+} {}", kind(e.kind), e.amount.get(), e.day);
    let mut words: Vec<String> = events.list.iter().map(one).collect();
    words.push(format!("held {}", events.held.get()));
    words.extend(events.sale_date.map(|day| format!("D {day}")));
    let marks = [
        (events.estimated, "estimated"),
        (events.sale_not_seen, "not-seen"),
        (events.reverted, "reverted"),
        (events.conflict, "conflict"),
        (events.ever_taken, "taken"),
    ];
    words.extend(marks.into_iter().filter(|(set, _)| *set).map(|(_, mark)| mark.to_owned()));
    words.join(", ")
}

#[test]
fn r02_r05_r06_r07_worked_sequences_of_the_domain_notes() {
    for (history, expected) in [
        ("2026-11-05 即時売上 12000", "sale +12000 2026-11-05, held 12000, D 2026-11-05, taken"),
        (
            "2026-11-05 即時売上 12000;2026-11-10 即時売上 9000",
            "sale +12000 2026-11-05, change -3000 2026-11-10, held 9000, D 2026-11-05, taken",
        ),
        (
            "2026-11-05 即時売上 12000;2026-11-10 即時売上 9000;2026-12-02 月跨り返品 9000",
            "sale +12000 2026-11-05, change -3000 2026-11-10, refund -9000 2026-12-02, held 0, D 2026-11-05, taken",
        ),
        (
            "2026-11-05 取消 12000",
            "sale +12000 2026-11-05, refund -12000 2026-11-05, held 0, D 2026-11-05, estimated, taken",
        ),
        ("2026-12-02 月跨り返品 9000", "refund -9000 2026-12-02, held 0, not-seen, taken"),
        ("2026-11-05 仮売上 8000;2026-11-07 実売上 8000", "sale +8000 2026-11-07, held 8000, D 2026-11-07, taken"),
        (
            "2026-11-05 即時売上 5000;2026-11-06 返品 5000;2026-11-08 即時売上 5000",
            "sale +5000 2026-11-05, refund -5000 2026-11-06, sale +5000 2026-11-08, held 5000, D 2026-11-08, reverted, taken",
        ),
        ("2026-11-05 即時売上 5000;2026-11-09 返品受付 5000", "sale +5000 2026-11-05, held 5000, D 2026-11-05, taken"),
        ("2026-11-05 即時売上 5000;2026-11-05 即時売上 4000", "held 0, conflict"),
        (
            "2026-11-05 仮売上 8000;2026-11-05 12:00 取消 8000",
            "sale +8000 2026-11-05, refund -8000 2026-11-05, held 0, D 2026-11-05, estimated, taken",
        ),
        (
            "2026-11-05 取消 8000;2026-11-06 返品 8000",
            "sale +8000 2026-11-05, refund -8000 2026-11-05, held 0, D 2026-11-05, estimated, taken",
        ),
        (
            "2026-11-05 即時売上 5000;2026-11-06 返品 4000",
            "sale +5000 2026-11-05, refund -5000 2026-11-06, held 0, D 2026-11-05, taken",
        ),
        ("2026-11-05 即時売上 5000;2026-11-06 NEWSTATE 0", "sale +5000 2026-11-05, held 5000, D 2026-11-05, taken"),
        ("2026-11-05 決済失敗 5000;2026-11-06 仮売上取消 5000", "held 0"),
    ] {
        assert_eq!(moved(history), expected, "{history}");
    }
}

/// In the second the amount of 11-05 stays in doubt, but not that money was taken that day: counted from the row that
/// settled it, the cancellation window would close days after GMO-PG refuses.
#[test]
fn r04_a_later_row_settles_a_contradiction() {
    for (history, expected) in [
        (
            "2026-11-05 即時売上 5000;2026-11-05 即時売上 4000;2026-11-09 返品受付 4000",
            "sale +4000 2026-11-05, held 4000, D 2026-11-05, taken",
        ),
        (
            "2026-11-05 即時売上 5000;2026-11-05 即時売上 4000;2026-11-09 即時売上 3000",
            "sale +3000 2026-11-09, held 3000, D 2026-11-05, taken",
        ),
        (
            "2026-11-05 即時売上 5000;2026-11-05 取消 5000;2026-11-09 返品 5000",
            "sale +5000 2026-11-05, refund -5000 2026-11-09, held 0, D 2026-11-05, taken",
        ),
    ] {
        assert_eq!(moved(history), expected, "{history}");
    }
}

#[test]
fn r05_every_label_alone() {
    for (label, _, money) in STATUSES {
        let expected = match (money, label) {
            (Money::Taken, _) => "sale +700 2026-11-05, held 700, D 2026-11-05, taken",
            (Money::Reversed, "月跨り返品") => "refund -700 2026-11-05, held 0, not-seen, taken",
            (Money::Reversed, _) => {
                "sale +700 2026-11-05, refund -700 2026-11-05, held 0, D 2026-11-05, estimated, taken"
            }
            (Money::None | Money::HeldOnly | Money::Pending | Money::Unknown, _) => "held 0",
        };
        assert_eq!(moved(&format!("2026-11-05 {label} 700")), expected, "{label}");
    }
}

#[test]
fn r01_r03_r04_dispositions() {
    let known = paid("A", "1", "2026-11-05 即時売上 5000;2026-11-09 月跨り返品 5000").observations;
    let is = |when, label, yen, h| disposition(&known, &seen(when, label, yen, h));
    assert_eq!(disposition(&[], &known[0]), Disposition::New);
    assert_eq!(is("2026-11-05", "即時売上", 5_000, "1"), Disposition::Same);
    assert_eq!(is("2026-11-05", "即時売上", 4_000, "1"), Disposition::Conflict);
    assert_eq!(is("2026-11-09", "返品", 5_000, "1"), Disposition::Conflict);
    assert_eq!(is("2026-11-10", "即時売上", 5_000, "1"), Disposition::Update);
    assert_eq!(is("2026-11-04", "仮売上", 5_000, "1"), Disposition::Stale);
    assert_eq!(is("2026-11-04", "即時売上", 5_000, "1"), Disposition::Update);
    assert_eq!(is("2026-11-05", "即時売上", 5_000, "2"), Disposition::Stale);
    let late = paid("A", "", "2026-12-02 月跨り返品 9000").observations;
    assert_eq!(disposition(&late, &seen("2026-11-05", "即時売上", 9_000, "")), Disposition::Update);
}

#[test]
fn r03_a_row_is_stale_only_where_it_says_nothing_new() {
    let known = paid("A", "1", "2026-11-05 即時売上 5000").observations;
    for (when, label, column_h, expected) in [
        ("2026-11-06", "返品受付", "1", Disposition::Update),
        ("2026-11-05", "即時売上", "2", Disposition::Update),
        ("2026-11-05", "即時売上", "0", Disposition::Stale),
        ("2026-11-05", "即時売上", "", Disposition::Stale),
        ("2026-11-04", "仮売上", "2", Disposition::Stale),
    ] {
        let new = seen(when, label, 5_000, column_h);
        assert_eq!(disposition(&known, &new), expected, "{when} {label} {column_h}");
    }
    let blank = paid("A", "", "2026-11-05 即時売上 5000").observations;
    let numbered = seen("2026-11-04", "仮売上", 5_000, "2");
    assert_eq!(disposition(&blank, &numbered), Disposition::Update, "the only column H");
}

#[test]
fn r02_a_late_row_counts_where_its_time_puts_it() {
    let known = paid("A", "", "2026-11-05 即時売上 5000;2026-11-10 即時売上 5000").observations;
    for (yen, expected) in [(5_000, Disposition::Stale), (4_000, Disposition::Update)] {
        assert_eq!(disposition(&known, &seen("2026-11-07", "即時売上", yen, "")), expected, "{yen}");
    }
}
