//! Sales, windows, scope, findings over time and the proof.

use crate::facts::{AS_OF, at, booked, cart, day, facts, line, paid, period, run, seen, shop};
use std::sync::Arc;
use totsugo::domain::booking::{Booking, LineStatus, PaymentStatus, Price};
use totsugo::domain::calendar::Calendar;
use totsugo::domain::dates::{Day, Period};
use totsugo::domain::finding::{Code, FindingRecord, Note, finding_id};
use totsugo::domain::ids::ShopId;
use totsugo::domain::intake::RowCounts;
use totsugo::domain::money::Yen;
use totsugo::domain::policy::{Policy, Shop};
use totsugo::domain::reconciliation::{FileSummary, Operation, Reconciliation, Risk, Totals};
use totsugo::reconcile::{reconcile, sales_by_day, window};

const SALE: &str = "2026-11-05 即時売上 5000";

fn starting(words: &str, start: Option<&str>) -> Booking {
    let mut booking = booked("MZ1", words);
    booking.lines[0].start_at = start.map(at);
    booking
}

#[test]
fn r19_window_of_every_day_2019_to_2032() {
    let policy = Policy::default();
    let mut sold = day("2019-01-01");
    while sold < day("2033-01-01") {
        for (age, left, operation) in [
            (0, 364, Operation::Void),
            (363, 1, Operation::CrossMonthReturn),
            (364, 0, Operation::CrossMonthReturn),
            (365, -1, Operation::CrossMonthReturn),
            (366, -2, Operation::Closed),
        ] {
            let found = window(sold, &policy, sold.plus(age));
            assert_eq!((found.days_left, found.operation), (left, operation), "{sold} + {age}");
        }
        let end = window(sold, &policy, sold.month_end()).operation;
        assert_eq!(end, if sold == sold.month_end() { Operation::Void } else { Operation::Return });
        assert_eq!(window(sold, &policy, sold.month_end().plus(1)).operation, Operation::CrossMonthReturn);
        sold = sold.plus(1);
    }
}

#[test]
fn r19_leap_days_and_short_windows() {
    let days = |sold: &str, cancel_window_days: i32| {
        let policy = Policy { cancel_window_days, ..Policy::default() };
        let window = window(day(sold), &policy, day(AS_OF));
        (window.last_safe_day.to_string(), window.last_possible_day.to_string(), window.days_left)
    };
    let dates = |safe: &str, possible: &str, left| (safe.to_owned(), possible.to_owned(), left);
    assert_eq!(days("2024-03-01", 365), dates("2025-02-28", "2025-03-01", -633));
    assert_eq!(days("2024-03-01", 180), dates("2024-08-27", "2024-08-28", -818));
    assert_eq!(days("2023-03-01", 365), dates("2024-02-28", "2024-02-29", -999));
    assert_eq!(days("2024-02-29", 365), dates("2025-02-27", "2025-02-28", -634));
    assert_eq!(days("2025-12-02", 365), dates("2026-12-01", "2026-12-02", 8));
}

#[test]
fn r19_cancellation_list_from_d_334_to_d_365() {
    for (age, listed) in [(333, false), (334, true), (363, true), (364, true), (365, true), (366, false)] {
        let as_of = day("2026-11-05").plus(age).to_string();
        let result = run(&shop(), &facts(vec![paid("A", "", SALE)], Vec::new()), &as_of);
        assert_eq!(result.cancellation.len(), usize::from(listed), "{age}");
    }
}

#[test]
fn risks_of_the_cancellation_list() {
    let sale = "2025-12-02 即時売上 5000";
    for (words, start, risk, travels) in [
        ("CANCELLED REFUND 5000", Some("2027-01-01"), Risk::RefundDue, 0),
        ("TIMEOUT NOT_PAID 5000", None, Risk::RefundDue, 0),
        ("CONFIRMED PAID_IN_FULL 5000", Some("2026-12-02"), Risk::TravelsLater, 1),
        ("CONFIRMED PAID_IN_FULL 5000", Some("2026-12-01"), Risk::NotTravelled, 0),
        ("CONFIRMED PAID_IN_FULL 5000", Some(AS_OF), Risk::NotTravelled, 0),
        ("CONFIRMED PAID_IN_FULL 5000", None, Risk::NotTravelled, 0),
        ("CONFIRMED PAID_IN_FULL 5000", Some("2026-11-22"), Risk::Travelled, 0),
    ] {
        let known = facts(vec![paid("A", "1", sale)], vec![starting(words, start)]);
        let result = run(&shop(), &known, AS_OF);
        let found: Vec<_> = result.cancellation.iter().map(|e| (e.risk, e.window.days_left)).collect();
        assert_eq!((found, result.travels_after_window), (vec![(risk, 8)], travels), "{words} {start:?}");
    }
    let alone = run(&shop(), &facts(vec![paid("A", "", sale)], Vec::new()), AS_OF);
    assert_eq!(alone.cancellation[0].risk, Risk::NoBooking);
    // Nothing is kept of a booking that never came about, whatever the payment list says of it.
    let mut dead = starting("ERROR PAID_IN_FULL 5000", Some("2027-01-01"));
    dead.lines[0].paid = Some(Yen::new(5_000));
    assert_eq!(
        run(&shop(), &facts(vec![paid("A", "1", sale)], vec![dead]), AS_OF).cancellation[0].risk,
        Risk::RefundDue
    );
    // Of 8,000 yen 3,000 went back, as Bókun says; what is held is the fee, and one yen more is due.
    for (yen, risk) in [("5000", Risk::Travelled), ("5001", Risk::RefundDue)] {
        let mut kept = starting("CANCELLED REFUND 8000", Some("2026-11-22"));
        (kept.lines[0].paid, kept.lines[0].refunded) = (Some(Yen::new(8_000)), Some(Yen::new(3_000)));
        let known = facts(vec![paid("A", "1", &format!("2025-12-02 即時売上 {yen}"))], vec![kept]);
        assert_eq!(run(&shop(), &known, AS_OF).cancellation[0].risk, risk, "{yen}");
    }
}

#[test]
fn the_cancellation_list_comes_worst_first() {
    let payments = vec![
        paid("E", "", "2025-12-02 即時売上 100"),
        paid("A", "", "2025-12-02 即時売上 100"),
        paid("B", "", "2025-12-02 即時売上 900"),
        paid("C", "", "2025-12-01 即時売上 100"),
        paid("D", "1", "2025-12-03 即時売上 5000"),
    ];
    let known = facts(payments, vec![starting("CANCELLED REFUND 5000", None)]);
    let result = run(&shop(), &known, AS_OF);
    let listed: Vec<_> = result.cancellation.iter().map(|e| (e.risk, e.payment.order_id.as_str())).collect();
    let alone = |id| (Risk::NoBooking, id);
    assert_eq!(listed, [(Risk::RefundDue, "D"), alone("C"), alone("B"), alone("A"), alone("E")]);
}

#[test]
fn r10_sales_by_every_cut() {
    let named = |status, yen, product: &str| {
        let mut line = line(status, PaymentStatus::PaidInFull, yen);
        line.product = Arc::from(product);
        line
    };
    let lines = [(LineStatus::Confirmed, "A"), (LineStatus::Confirmed, "B"), (LineStatus::Cancelled, "C")];
    let booking = cart("MZ1", lines.map(|(status, product)| named(status, 3_333, product)).to_vec());
    let payments = vec![
        paid("A", "1", "2026-10-31 即時売上 7;2026-11-05 即時売上 10008;2026-11-20 即時売上 9997;2026-11-23 返品 9997"),
        paid("B", "", "2026-11-06 取消 500"),
        paid("C", "", "2026-11-07 即時売上 1;2026-11-07 即時売上 2"),
    ];
    let by_day = sales_by_day(&facts(payments.clone(), Vec::new()), period());
    let sales = run(&shop(), &facts(payments, vec![booking]), AS_OF).sales;
    let totals = |count, gross, refunds| Totals { count, gross: Yen::new(gross), refunds: Yen::new(refunds) };
    let row = |name: &str, totals| (name.to_owned(), totals);
    assert_eq!(sales.total, totals(1, 10_501, -511));
    assert_eq!(sales.by_day.len(), 22);
    assert_eq!(sales.by_day[4], (day("2026-11-05"), totals(0, 10_001, 0)));
    let mut sold: Vec<_> = sales.by_day.clone();
    sold.retain(|(_, totals)| *totals != Totals::default());
    assert_eq!(sold, by_day.into_iter().collect::<Vec<_>>(), "the days alone say the same");
    assert_eq!(sales.by_month, [row("2026-11", totals(1, 10_501, -511))]);
    assert_eq!(sales.by_status, [row("即時売上", totals(0, 10_001, -11)), row("取消", totals(1, 500, -500))]);
    assert_eq!(sales.by_method, [row("クレジットカード", totals(1, 10_501, -511))]);
    let products = [row("A", totals(0, 5_001, -6)), row("B", totals(0, 5_000, -5)), row("", totals(1, 500, -500))];
    assert_eq!(sales.by_product, products);
}

#[test]
fn a_line_that_costs_nothing_sells_nothing() {
    let mut gift = line(LineStatus::Confirmed, PaymentStatus::PaidInFull, 0);
    gift.product = Arc::from("Gift");
    let booking = cart("MZ1", vec![line(LineStatus::Confirmed, PaymentStatus::PaidInFull, 5_000), gift]);
    let sales = run(&shop(), &facts(vec![paid("A", "1", "2026-11-05 即時売上 5000")], vec![booking]), AS_OF).sales;
    let products: Vec<_> = sales.by_product.iter().map(|(product, totals)| (product.as_str(), totals.gross)).collect();
    assert_eq!(products, [("Tour", Yen::new(5_000))]);
}

#[test]
fn r10_a_sale_counts_once_by_product_with_the_first_line() {
    let mut booking = cart("MZ1", vec![line(LineStatus::Confirmed, PaymentStatus::PaidInFull, 0); 2]);
    booking.lines[1].total = Price::Yen(Yen::new(5_000));
    for (line, product) in booking.lines.iter_mut().zip(["A", "B"]) {
        line.product = Arc::from(product);
    }
    let sales = run(&shop(), &facts(vec![paid("A", "1", SALE)], vec![booking]), AS_OF).sales;
    let shown: Vec<_> = sales.by_product.iter().map(|(name, sold)| (name.as_str(), sold.count, sold.gross)).collect();
    assert_eq!(shown, [("B", 0, Yen::new(5_000)), ("A", 1, Yen::ZERO)], "the largest net first");
}

#[test]
fn a_cart_of_several_lines_names_each_status_and_product_once() {
    let mut booking = cart("MZ1", vec![line(LineStatus::Confirmed, PaymentStatus::PaidInFull, 1_000); 4]);
    booking.lines[3].status = LineStatus::Cancelled;
    for (line, product) in booking.lines.iter_mut().zip(["B", "A", "", "B"]) {
        line.product = Arc::from(product);
    }
    let result = run(&shop(), &facts(Vec::new(), vec![booking]), AS_OF);
    let shown = result.findings[0].group.booking.as_ref().expect("the booking");
    assert_eq!((&*shown.status, &*shown.products), ("CONFIRMED, CANCELLED", "B / A"));
}

fn record(code: Code, key: &str, cleared: Option<&str>) -> FindingRecord {
    FindingRecord {
        id: finding_id(&shop().id, key, code),
        shop: shop().id,
        code,
        key: key.to_owned(),
        first_seen: day("2026-11-13"),
        cleared: cleared.map(day),
        note: Note { state: "対応中".to_owned(), ..Note::default() },
    }
}

fn with_ledger(ledger: &[FindingRecord], period: Period) -> Reconciliation {
    with_calendar(ledger, &Calendar::default(), period)
}

fn with_calendar(ledger: &[FindingRecord], calendar: &Calendar, period: Period) -> Reconciliation {
    let known = facts(vec![paid("A", "", SALE), paid("B", "1", SALE)], vec![booked("MZ1", "CANCELLED REFUND 5000")]);
    reconcile(&shop(), &known, ledger, &[], calendar, period, day(AS_OF))
}

#[test]
fn c12_ages_of_findings_count_the_offices_own_business_days() {
    let usual = Calendar::default();
    let own = Calendar {
        year_end_from: (11, 16),
        year_end_to: (11, 17),
        closed: vec![day("2026-11-18")],
        open: vec![day("2026-11-14")],
    };
    let ledger = [record(Code::CancelledNotRefunded, "MZ1", None)];
    let age = |calendar: &Calendar| {
        let result = with_calendar(&ledger, calendar, period());
        result.findings.iter().find(|finding| finding.id == ledger[0].id).map(|finding| finding.age_business_days)
    };
    // First seen on Friday the 13th, as of Monday the 23rd, a holiday.
    assert_eq!(age(&usual), Some(5));
    assert_eq!(age(&own), Some(3), "three days closed, a Saturday open");
}

#[test]
fn r20_findings_keep_id_first_date_and_note_and_clear_by_themselves() {
    let gone = record(Code::AmountMismatch, "MZ1", None);
    let other_shop = FindingRecord { shop: ShopId::new("S2"), ..record(Code::NotCaptured, "Q", None) };
    let ledger = [
        record(Code::PaymentWithoutBooking, "A", None),
        record(Code::CancelledNotRefunded, "MZ1", Some("2026-11-20")),
        gone.clone(),
        record(Code::AmountMismatch, "MZ2", Some("2026-11-20")),
        other_shop,
    ];
    let result = with_ledger(&ledger, period());
    assert_eq!(result.cleared.iter().map(|record| &record.id).collect::<Vec<_>>(), [&gone.id]);
    assert!(result.balanced(), "{:?}", result.checks);
    for finding in &result.findings {
        let shown = (finding.first_seen, finding.age_business_days, finding.note.state.as_str(), finding.carried);
        assert_eq!(shown, (day("2026-11-13"), 5, "対応中", false), "{:?}", finding.code);
    }
    let fresh = with_ledger(&[], period());
    assert!(fresh.findings.iter().all(|f| f.first_seen == day(AS_OF) && f.age_business_days == 0));
}

#[test]
fn r20_a_finding_keeps_its_id_however_its_cart_is_spelled() {
    let id = |cart: &str| {
        let known = facts(vec![paid("B", "1", SALE)], vec![booked(cart, "CANCELLED REFUND 5000")]);
        let result = run(&shop(), &known, AS_OF);
        assert_eq!(result.findings[0].key, cart, "shown as it is written");
        result.findings[0].id.clone()
    };
    assert!(["MZ-1", "mz1", "ＭＺ１", "MZ 1"].into_iter().all(|cart| id(cart) == id("MZ1")));
}

#[test]
fn r21_open_findings_outside_the_period_are_carried() {
    let later = Period::new(day("2026-11-20"), day("2026-11-22")).expect("a period");
    let result = with_ledger(&[], later);
    assert!(result.findings.len() == 2 && result.findings.iter().all(|finding| finding.carried));
    assert!(result.balanced(), "{:?}", result.checks);
}

#[test]
fn findings_come_worst_first() {
    let payments = vec![
        paid("A", "", "2026-11-05 即時売上 100"),
        paid("B", "", "2026-11-05 即時売上 900"),
        paid("C", "", "2026-11-04 即時売上 100"),
        paid("D", "1", SALE),
    ];
    let bookings = vec![booked("MZ1", "TIMEOUT NOT_PAID 5000"), booked("MZ2", "CONFIRMED PAID_IN_FULL 7")];
    let result = run(&shop(), &facts(payments, bookings), AS_OF);
    let keys: Vec<_> = result.findings.iter().map(|finding| finding.key.as_str()).collect();
    assert_eq!(keys, ["MZ1", "B", "C", "A", "MZ2"]);
}

#[test]
fn what_expires_today_comes_before_what_is_closed_and_larger_amounts_first() {
    let payments = vec![
        paid("A", "1", "2025-11-05 即時売上 9000"),
        paid("B", "2", "2025-11-23 即時売上 10"),
        paid("C", "3", "2025-11-24 即時売上 20"),
    ];
    let cancelled = ["MZ1", "MZ2", "MZ3"].map(|cart| booked(cart, "CANCELLED REFUND 1"));
    let unpaid = [("MZ4", 7), ("MZ5", 800), ("MZ6", 90)];
    let unpaid = unpaid.map(|(cart, yen)| booked(cart, &format!("CONFIRMED PAID_IN_FULL {yen}")));
    let bookings = cancelled.into_iter().chain(unpaid).collect();
    let result = run(&shop(), &facts(payments, bookings), AS_OF);
    let keys: Vec<_> = result.findings.iter().map(|finding| finding.key.as_str()).collect();
    assert_eq!(keys, ["MZ2", "MZ3", "MZ1", "MZ5", "MZ6", "MZ4"]);
}

#[test]
fn amounts_come_before_deadlines_that_are_far_away() {
    let payments = vec![
        paid("A", "", "2025-12-23 即時売上 10"),
        paid("B", "", "2025-12-24 即時売上 20"),
        paid("C", "", "2025-12-25 即時売上 30"),
        paid("D", "", "2026-11-14 即時売上 99999999"),
        paid("E", "5", "2026-11-05 即時売上 9000"),
    ];
    let bookings = vec![
        booked("MZ5", "CONFIRMED PAID_IN_FULL 9001"),
        booked("MZ6", "CONFIRMED PAID_IN_FULL 800"),
        // Both sides agree, and the larger amount is at stake.
        booked("MZ7", "CONFIRMED NOT_PAID 500"),
        booked("MZ8", "CONFIRMED NOT_PAID 700"),
    ];
    let agreed = [paid("F", "7", "2026-11-04 即時売上 500"), paid("G", "8", "2026-11-05 即時売上 700")];
    let known = facts(payments.into_iter().chain(agreed).collect(), bookings);
    let keys = |shop: &Shop| -> Vec<String> {
        run(shop, &known, AS_OF).findings.iter().map(|finding| finding.key.clone()).collect()
    };
    // 29 days are left for A, 30 for B and 31 for C.
    let mut shop = shop();
    assert_eq!(shop.policy.expiring_within_days, 30);
    assert_eq!(keys(&shop), ["A", "B", "D", "MZ6", "C", "MZ5", "MZ8", "MZ7"]);
    shop.policy.expiring_within_days = 400;
    assert_eq!(keys(&shop), ["A", "B", "C", "MZ7", "MZ5", "MZ8", "D", "MZ6"]);
}

#[test]
fn r17_a_lost_row_breaks_the_proof() {
    let mut rows = RowCounts { read: 3, new: 2, ..RowCounts::default() };
    let file = |rows| FileSummary {
        rejected: Vec::new(),
        name: "a.csv".to_owned(),
        layout: String::new(),
        digest: String::new(),
        rows,
        hidden_rows: 0,
        unknown_columns: Vec::new(),
        dropped_columns: Vec::new(),
        yen: Yen::ZERO,
        covers: None,
    };
    let reconciled = |rows| {
        reconcile(
            &shop(),
            &facts(Vec::new(), Vec::new()),
            &[],
            &[file(rows)],
            &Calendar::default(),
            period(),
            day(AS_OF),
        )
    };
    let broken = reconciled(rows);
    let failed: Vec<_> = broken.checks.iter().filter(|check| !check.balances()).collect();
    assert_eq!((failed.len(), failed[0].name.as_str(), failed[0].left, failed[0].right), (1, "rows_read", 3, 2));
    rows.rejected = 1;
    assert!(reconciled(rows).balanced());
}

#[test]
fn r17_the_proof_counts_what_the_facts_hold() {
    let payments = vec![
        paid("A", "1", SALE),
        paid("B", "", "2026-11-06 即時売上 700"),
        paid("C", "", "2026-10-06 即時売上 9"),
        paid("D", "", "2026-11-06 決済失敗 7"),
    ];
    let bookings = vec![booked("MZ1", "CONFIRMED PAID_IN_FULL 5000"), booked("MZ2", "CONFIRMED NOT_PAID 3")];
    let open = [record(Code::AmountMismatch, "MZ1", None), record(Code::PaymentWithoutBooking, "C", None)];
    let known = facts(payments, bookings);
    let mut result = reconcile(&shop(), &known, &open, &[], &Calendar::default(), period(), day(AS_OF));
    let said: Vec<_> = result.checks.iter().map(|check| (check.name.as_str(), check.left, check.right)).collect();
    let expected = [
        ("rows_read", 0),
        ("payments_of_period", 3),
        ("payments_of_period_yen", 5_700),
        ("bookings_of_period", 2),
        ("bookings_of_period_yen", 5_003),
        ("sales_yen", 5_700),
        ("sales_by_day_yen", 5_700),
        ("sales_by_month_yen", 5_700),
        ("sales_by_status_yen", 5_700),
        ("sales_by_method_yen", 5_700),
        ("sales_by_product_yen", 5_700),
        // Two were open, one of them is cleared and another one raised.
        ("findings", 2),
    ];
    assert_eq!(said, expected.map(|(name, number)| (name, number, number)));
    assert!(result.balanced());
    result.checks[5].left += 1;
    assert!(!result.balanced(), "a yen too much in one of them");
}

#[test]
fn r08_column_h_of_the_newest_row_that_has_one() {
    let mut payment = paid("A", "1", SALE);
    payment.observations.push(seen("2026-11-06", "即時売上", 5_000, " "));
    let known = facts(vec![payment], vec![booked("MZ1", "CONFIRMED PAID_IN_FULL 5000")]);
    let result = run(&shop(), &known, AS_OF);
    assert_eq!(&*result.matched[0].payments[0].booking_ref, "1");
    assert_eq!(result.freshness.payments.map(|at| at.day()), Day::parse("2026-11-06"));
}
