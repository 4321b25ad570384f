//! One table per finding code of SPEC §5.4, and the rest: matched, awaiting, excluded.

use crate::facts::{AS_OF, at, booked, cart, day, entry, facts, line, outcome, paid, run, shop, told};
use std::sync::Arc;
use totsugo::domain::booking::{Booking, LineStatus, PaymentStatus, PaymentType, Price};
use totsugo::domain::finding::{Code, NoBooking, Severity};
use totsugo::domain::ids::OrderId;
use totsugo::domain::money::Yen;
use totsugo::domain::payment::Payment;
use totsugo::domain::policy::{ExcludeRule, Shop};
use totsugo::domain::reconciliation::{Cause, Operation, Reason, Said, Wait};

/// What one cart `MZ1` with `words` and payments `A`, `B` … with these histories becomes.
fn becomes(words: &str, histories: &[&str]) -> String {
    let payments = payments(histories);
    outcome(payments, vec![booked("MZ1", words)])
}

fn payments(histories: &[&str]) -> Vec<Payment> {
    ["A", "B", "C"].into_iter().zip(histories).map(|(id, history)| paid(id, "1", history)).collect()
}

fn with(words: &str, change: impl FnOnce(&mut Booking)) -> Booking {
    let mut booking = booked("MZ1", words);
    change(&mut booking);
    booking
}

fn foreign(booking: &mut Booking) {
    booking.lines[0].total = Price::Foreign { currency: Arc::from("USD"), written: Arc::from("100") };
}

const SALE: &str = "2026-11-05 即時売上 5000";
const RETURNED: &str = "2026-11-05 即時売上 5000;2026-11-06 返品 5000";

#[test]
fn r16_one_booking_with_its_payments() {
    for (words, histories, expected) in [
        ("CONFIRMED PAID_IN_FULL 5000", &[SALE][..], "matched MZ1 A"),
        ("CANCELLED REFUND 5000", &[RETURNED], "matched MZ1 A"),
        ("TIMEOUT NOT_PAID 5000", &[RETURNED], "matched MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &["2026-11-05 NEWSTATE 5000"], "unknown_status MZ1 A"),
        (
            "CONFIRMED PAID_IN_FULL 5000",
            &["2026-11-05 即時売上 5000;2026-11-05 即時売上 1"],
            "observation_conflict MZ1 A",
        ),
        ("TIMEOUT NOT_PAID 5000", &[SALE], "paid_but_dead MZ1 A"),
        ("CANCELLED REFUND 5000", &[SALE], "cancelled_not_refunded MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &[SALE, SALE], "duplicate_payment MZ1 A B"),
        ("CONFIRMED NOT_PAID 5000", &[SALE], "notification_missing MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &[RETURNED], "refunded_not_cancelled MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &["2026-11-05 仮売上 5000"], "not_captured MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &[], "booking_without_payment MZ1"),
        ("CONFIRMED DEPOSIT 5000", &[], "booking_without_payment MZ1"),
        ("CONFIRMED OVERPAID 5000", &["2026-11-05 決済失敗 5000"], "booking_without_payment MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 6000", &[SALE], "amount_mismatch MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 4000", &[SALE], "amount_mismatch MZ1 A"),
        ("CONFIRMED REFUND 4000", &[], "amount_mismatch MZ1"),
        (
            "CONFIRMED PAID_IN_FULL 5000",
            &["2026-11-05 即時売上 5000;2026-11-06 返品 5000;2026-11-08 即時売上 5000"],
            "status_reverted MZ1 A",
        ),
        ("CONFIRMED PAID_IN_FULL 5000", &[SALE, "2026-11-05 決済失敗 5000"], "matched MZ1 A | no_money B"),
        ("CONFIRMED PAID_IN_FULL 5000", &["2026-11-05 即時売上 3000", "2026-11-06 即時売上 2000"], "matched MZ1 A B"),
        ("RESERVED PAID_IN_FULL 5000", &[SALE], "awaiting A | awaiting MZ1"),
        ("RESERVED NOT_PAID 5000", &[], "awaiting MZ1"),
        ("CONFIRMED FREE 5000", &[], "free MZ1"),
        ("CONFIRMED PAID_IN_FULL 0", &[], "free MZ1"),
        ("CONFIRMED INVOICED 5000", &[], "not_web_payment MZ1"),
        ("CONFIRMED NOT_PAID 5000", &[], "not_paid MZ1"),
        ("CONFIRMED NOT_PAID 5000", &["2026-11-05 期限切れ 5000"], "no_money A | not_paid MZ1"),
        ("CONFIRMED NOT_PAID 5000", &["2026-11-05 決済開始 5000"], "no_money A | not_paid MZ1"),
        ("CANCELLED NOT_PAID 5000", &[], "cancelled_unpaid MZ1"),
        ("REJECTED NOT_PAID 5000", &[], "dead MZ1"),
    ] {
        assert_eq!(becomes(words, histories), expected, "{words} {histories:?}");
    }
}

#[test]
fn r14_amounts_by_what_the_files_state() {
    let check = |booking: Booking, histories: &[&str], expected: &str| {
        assert_eq!(outcome(payments(histories), vec![booking.clone()]), expected, "{booking:?} {histories:?}");
    };
    let kept_fee = |booking: &mut Booking| {
        booking.lines[0].paid = Some(Yen::new(8_000));
        booking.lines[0].refunded = Some(Yen::new(3_000));
    };
    check(with("CANCELLED REFUND 8000", kept_fee), &[SALE], "matched MZ1 A");
    check(with("CANCELLED REFUND 8000", kept_fee), &[RETURNED], "refund_mismatch MZ1 A");
    check(with("CONFIRMED PAID_IN_FULL 9000", kept_fee), &[SALE], "matched MZ1 A");
    let none_by_card = |booking: &mut Booking| booking.lines[0].paid = Some(Yen::ZERO);
    check(with("CONFIRMED PAID_IN_FULL 9000", none_by_card), &[], "free MZ1");
    check(with("CONFIRMED PAID_IN_FULL 9000", none_by_card), &[SALE], "amount_mismatch MZ1 A");
    check(booked("MZ1", "CONFIRMED DEPOSIT 9000"), &[SALE], "matched MZ1 A");
    check(booked("MZ1", "CONFIRMED DEPOSIT 4000"), &[SALE], "amount_mismatch MZ1 A");
    check(booked("MZ1", "CONFIRMED DEPOSIT 4000"), &[SALE, SALE], "duplicate_payment MZ1 A B");
    check(with("CONFIRMED PAID_IN_FULL 1", foreign), &[SALE], "currency_mismatch MZ1 A");
    check(with("CONFIRMED PAID_IN_FULL 1", foreign), &[], "booking_without_payment MZ1");
    let entries = |list: &[(PaymentType, i64)]| {
        let entries = list.iter().map(|(kind, yen)| entry(*kind, *yen, "")).collect();
        with("CONFIRMED PAID_IN_FULL 9000", |booking| booking.entries = entries)
    };
    check(entries(&[(PaymentType::WebPayment, 6_000), (PaymentType::WebPayment, -1_000)]), &[SALE], "matched MZ1 A");
    check(entries(&[(PaymentType::WebPayment, 5_000), (PaymentType::Cash, 4_000)]), &[SALE], "matched MZ1 A");
    // A list of one month may hold the refund alone: it says nothing of what was paid before.
    let refund_alone = |booking: &mut Booking| booking.entries = vec![entry(PaymentType::WebPayment, -5_000, "")];
    check(with("CANCELLED REFUND 5000", refund_alone), &[RETURNED], "matched MZ1 A");
    check(with("CANCELLED REFUND 5000", refund_alone), &[SALE], "cancelled_not_refunded MZ1 A");
    check(with("CONFIRMED DEPOSIT 9000", refund_alone), &[SALE], "matched MZ1 A");
    check(entries(&[(PaymentType::WebPayment, -1_000)]), &[], "booking_without_payment MZ1");
    check(entries(&[(PaymentType::Cash, 9_000)]), &[], "not_web_payment MZ1");
    check(entries(&[(PaymentType::Cash, 9_000)]), &[SALE], "amount_mismatch MZ1 A");
    // Paid and given back according to Bókun, and GMO-PG knows of neither: it once passed as `free`.
    check(
        entries(&[(PaymentType::WebPayment, 9_000), (PaymentType::WebPayment, -9_000)]),
        &[],
        "booking_without_payment MZ1",
    );
    check(
        entries(&[(PaymentType::WebPayment, 9_000), (PaymentType::WebPayment, -9_000)]),
        &[RETURNED],
        "refunded_not_cancelled MZ1 A",
    );
    let partly = cart(
        "MZ1",
        vec![
            line(LineStatus::Cancelled, PaymentStatus::Refund, 4_000),
            line(LineStatus::Confirmed, PaymentStatus::PaidInFull, 5_000),
        ],
    );
    check(partly, &[SALE], "matched MZ1 A");
}

#[test]
fn r16_payments_of_no_booking() {
    for (history, expected) in [
        (SALE, "payment_without_booking A"),
        (RETURNED, "returned A"),
        ("2026-11-05 月跨り返品 5000", "returned A"),
        ("2026-11-05 決済失敗 5000", "no_money A"),
        ("2026-11-05 決済開始 5000", "no_money A"),
        ("2026-11-05 仮売上 5000", "not_captured A"),
        ("2026-11-04 仮売上 5000;2026-11-05 注文確定受付 5000", "not_captured A"),
        ("2026-11-04 仮売上 5000;2026-11-05 キャンセル受付 5000", "not_captured A"),
        ("2026-11-04 決済失敗 5000;2026-11-05 注文確定受付 5000", "no_money A"),
        ("2026-11-23 仮売上 5000", ""),
        ("2026-11-22 仮売上 5000", "awaiting A"),
        ("2026-11-05 NEWSTATE 5000", "unknown_status A"),
        ("2026-11-05 即時売上 5000;2026-11-05 返品 5000", "observation_conflict A"),
        (
            "2026-11-05 即時売上 5000;2026-11-06 返品 5000;2026-11-07 即時売上 5000;2026-11-08 返品 5000",
            "status_reverted A",
        ),
    ] {
        let bookings = vec![with("REJECTED NOT_PAID 1", |b| b.lines[0].created_at = at("2020-01-01"))];
        assert_eq!(outcome(vec![paid("A", "77", history)], bookings), expected, "{history}");
    }
}

#[test]
fn reasons_say_what_is_wrong() {
    for (column_h, why) in
        [("", NoBooking::Blank), ("電話予約", NoBooking::NotANumber), ("77", NoBooking::NotAmongBookings)]
    {
        let result = run(&shop(), &facts(vec![paid("A", column_h, SALE)], Vec::new()), AS_OF);
        assert_eq!(result.findings[0].reason, Reason::NoBooking(why));
    }
    let reason = |words: &str, history: &str, as_of: &str| {
        let known = facts(payments(&[history]), vec![booked("MZ1", words)]);
        let result = run(&shop(), &known, as_of);
        let finding = result.findings.first().expect("a finding");
        (finding.code, finding.severity, finding.reason.clone())
    };
    let stated = |history: &str, as_of: &str| {
        let mut booking = booked("MZ1", "CANCELLED REFUND 5000");
        (booking.lines[0].paid, booking.lines[0].refunded) = (Some(Yen::new(5_000)), Some(Yen::new(5_000)));
        let result = run(&shop(), &facts(payments(&[history]), vec![booking]), as_of);
        let finding = result.findings.first().expect("a finding");
        (finding.code, finding.severity, finding.reason.clone())
    };
    let unknown = reason("CONFIRMED PAID_IN_FULL 5000", "2026-11-05 NEWSTATE 5000", AS_OF);
    let said = Said { order_id: OrderId::new("A"), label: Arc::from("NEWSTATE"), amount: Yen::new(5_000) };
    assert_eq!(unknown, (Code::UnknownStatus, Severity::High, Reason::Unknown(vec![(said, None)])));
    for (as_of, severity, operation) in [
        ("2026-11-05", Severity::High, Operation::Void),
        ("2026-11-30", Severity::High, Operation::Return),
        ("2026-12-01", Severity::High, Operation::CrossMonthReturn),
        ("2027-10-04", Severity::High, Operation::CrossMonthReturn),
        ("2027-10-05", Severity::Critical, Operation::CrossMonthReturn),
        ("2027-11-05", Severity::Critical, Operation::CrossMonthReturn),
        ("2027-11-06", Severity::Critical, Operation::Closed),
    ] {
        let (code, found, reason) = stated(SALE, as_of);
        assert_eq!((code, found), (Code::CancelledNotRefunded, severity), "{as_of}");
        let last_safe_day = day("2027-11-04");
        let days_left = last_safe_day.since(day(as_of));
        let last_possible_day = day("2027-11-05");
        assert_eq!(reason, Reason::Window { last_safe_day, last_possible_day, days_left, operation }, "{as_of}");
    }
}

#[test]
fn r19_a_closed_window_makes_urgent_but_does_not_speak_for_the_other_payments() {
    let closed = "2025-11-05 即時売上 5000";
    let known = |histories: &[&str]| facts(payments(histories), vec![booked("MZ1", "CANCELLED REFUND 5000")]);
    let finding = run(&shop(), &known(&[closed, SALE]), AS_OF).findings.remove(0);
    assert_eq!((finding.code, finding.severity), (Code::CancelledNotRefunded, Severity::Critical));
    let window = finding.window.expect("money is held");
    assert_eq!((window.last_safe_day, window.operation), (day("2027-11-04"), Operation::Return));
    let holdings: Vec<_> = finding.holdings.iter().map(|h| (h.order_id.as_str(), h.window.is_closed())).collect();
    assert_eq!(holdings, [("A", true), ("B", false)]);
    let both = ["2025-11-06 即時売上 5000", closed];
    let window = run(&shop(), &known(&both), AS_OF).findings[0].window.expect("money is held");
    assert_eq!((window.last_safe_day, window.operation), (day("2026-11-04"), Operation::Closed));
}

#[test]
fn r13_grace_and_awaiting_to_the_day() {
    // A payment of 11-10 with bookings known up to `reach`; then a booking of 11-10 with payments up to `reach`.
    for (as_of, reach, awaiting) in [
        ("2026-11-10", "2026-11-30", true),
        ("2026-11-11", "2026-11-30", true),
        ("2026-11-12", "2026-11-30", false),
        ("2026-11-17", "2026-11-09", true),
        ("2026-11-17", "2026-11-10 09:59", true),
        ("2026-11-17", "2026-11-10 10:00", false),
        ("2026-11-18", "2026-11-09", false),
    ] {
        for label in ["即時売上", "仮売上"] {
            let other = with("REJECTED NOT_PAID 1", |booking| booking.lines[0].created_at = at(reach));
            let known = facts(vec![paid("A", "77", &format!("2026-11-10 {label} 5000"))], vec![other]);
            let told = told(&run(&shop(), &known, as_of));
            assert_eq!(told.contains(&"awaiting A".to_owned()), awaiting, "{as_of} {reach} {label} {told:?}");
        }
        let booking = with("CONFIRMED PAID_IN_FULL 5000", |booking| booking.lines[0].created_at = at("2026-11-10"));
        let known = facts(vec![paid("Z", "", &format!("{reach} 決済失敗 1"))], vec![booking]);
        let told = told(&run(&shop(), &known, as_of));
        assert_eq!(told.contains(&"awaiting MZ1".to_owned()), awaiting, "{as_of} {reach} {told:?}");
    }
    let waits = |booking: Booking, reach: &str, as_of| {
        let other = with("REJECTED NOT_PAID 1", |booking| booking.lines[0].created_at = at(reach));
        let payments = vec![paid("A", "77", "2026-11-10 即時売上 5000"), paid("Z", "", &format!("{reach} 決済失敗 1"))];
        let result = run(&shop(), &facts(payments, vec![booking, other]), as_of);
        let behind = [result.are_payments_behind(), result.are_bookings_behind()];
        (result.awaiting.into_iter().map(|item| item.cause).collect::<Vec<_>>(), behind)
    };
    let waiting = || with("PENDING NOT_PAID 5000", |booking| booking.lines[0].created_at = at("2026-11-02"));
    let unpaid = || with("CONFIRMED PAID_IN_FULL 5000", |booking| booking.lines[0].created_at = at("2026-11-10"));
    let is = |waits: &[Wait]| waits.iter().copied().map(Cause::Wait).collect::<Vec<_>>();
    assert_eq!(waits(waiting(), "2026-11-09", "2026-11-11"), (is(&[Wait::Confirmation, Wait::Grace]), [false, false]));
    assert_eq!(
        waits(waiting(), "2026-11-09", "2026-11-14"),
        (is(&[Wait::Confirmation, Wait::Bookings]), [false, true])
    );
    assert_eq!(waits(unpaid(), "2026-11-09", "2026-11-11"), (is(&[Wait::Grace, Wait::Grace]), [false, false]));
    let alone = facts(vec![paid("A", "77", "2026-11-10 即時売上 5000")], Vec::new());
    assert_eq!(told(&run(&shop(), &alone, "2026-11-17")), ["awaiting A"]);
    assert_eq!(told(&run(&shop(), &alone, "2026-11-18")), ["payment_without_booking A"]);
}

#[test]
fn shop_rules_and_cut_over_date_take_items_out_by_name() {
    let mut shop = shop();
    shop.exclude = vec![ExcludeRule { name: "ota".to_owned(), channel: vec!["viator.com".to_owned()] }];
    let ota = |words| with(words, |booking| booking.lines[0].channel = Arc::from("Ｖｉａｔｏｒ.com"));
    let told_of = |shop: &Shop, payments, booking| told(&run(shop, &facts(payments, vec![booking]), AS_OF)).join(" | ");
    assert_eq!(told_of(&shop, Vec::new(), ota("CONFIRMED PAID_IN_FULL 5000")), "ota MZ1");
    assert_eq!(told_of(&shop, payments(&[SALE]), ota("CONFIRMED PAID_IN_FULL 9000")), "amount_mismatch MZ1 A");
    let failed = payments(&["2026-11-05 決済失敗 5000"]);
    assert_eq!(told_of(&shop, failed, ota("CONFIRMED PAID_IN_FULL 5000")), "no_money A | ota MZ1");
    let pending = payments(&["2026-11-05 決済開始 5000"]);
    assert_eq!(told_of(&shop, pending, ota("CONFIRMED PAID_IN_FULL 5000")), "ota A | ota MZ1");
    for (history, expected) in [
        ("2026-11-05 NEWSTATE 5000", "unknown_status MZ1 A"),
        ("2026-11-05 即時売上 5000;2026-11-05 即時売上 1", "observation_conflict MZ1 A"),
    ] {
        assert_eq!(told_of(&shop, payments(&[history]), ota("CONFIRMED PAID_IN_FULL 5000")), expected, "{history}");
    }
    shop.policy.history_start = Some(day("2026-11-06"));
    let old = told_of(&shop, payments(&[SALE]), booked("MZ1", "CANCELLED REFUND 5000"));
    assert_eq!(old, "before_history_start A | before_history_start MZ1");
    shop.policy.history_start = Some(day("2026-11-05"));
    let new = told_of(&shop, payments(&[SALE]), booked("MZ1", "CANCELLED REFUND 5000"));
    assert_eq!(new, "cancelled_not_refunded MZ1 A");
}

#[test]
fn what_is_settled_outside_the_period_stands_nowhere() {
    for (created, sale, expected) in [
        ("2026-10-05", "2026-10-06 即時売上 5000", ""),
        ("2026-11-05", "2026-10-06 即時売上 5000", "matched MZ1 A"),
        ("2026-10-05", "2026-11-06 即時売上 5000", "matched MZ1 A"),
        ("2026-11-23", "2026-11-23 即時売上 5000", ""),
    ] {
        let booking = with("CONFIRMED PAID_IN_FULL 5000", |booking| booking.lines[0].created_at = at(created));
        assert_eq!(outcome(payments(&[sale]), vec![booking]), expected, "{created} {sale}");
    }
}

#[test]
fn a_failed_attempt_waits_with_the_live_booking_that_waits_for_it() {
    let booking = with("CONFIRMED PAID_IN_FULL 5000", |booking| booking.lines[0].created_at = at("2026-11-22"));
    assert_eq!(outcome(payments(&["2026-11-20 決済失敗 5000"]), vec![booking]), "awaiting A | awaiting MZ1");
}

#[test]
fn r16_the_first_row_that_applies_decides() {
    let conflict = "2026-11-05 即時売上 5000;2026-11-05 即時売上 1";
    let reverted = "2026-11-05 即時売上 5000;2026-11-06 返品 5000;2026-11-08 即時売上 5000";
    for (words, histories, expected) in [
        ("CANCELLED REFUND 5000", &["2026-11-05 NEWSTATE 1", conflict, SALE][..], "unknown_status MZ1 A B C"),
        ("CANCELLED REFUND 5000", &[SALE, conflict], "observation_conflict MZ1 A B"),
        ("TIMEOUT NOT_PAID 5000", &[reverted], "paid_but_dead MZ1 A"),
        ("CONFIRMED NOT_PAID 5000", &[SALE, SALE], "duplicate_payment MZ1 A B"),
        ("CONFIRMED NOT_PAID 6000", &[reverted], "notification_missing MZ1 A"),
        ("CONFIRMED NOT_PAID 6000", &[RETURNED], "refunded_not_cancelled MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 6000", &[reverted], "amount_mismatch MZ1 A"),
        ("RESERVED PAID_IN_FULL 6000", &[reverted], "status_reverted MZ1 A"),
        ("CONFIRMED PAID_IN_FULL 5000", &[SALE, "2026-11-06 仮売上 5000"], "matched MZ1 A B"),
    ] {
        assert_eq!(becomes(words, histories), expected, "{words} {histories:?}");
    }
    for words in ["CANCELLED REFUND 1", "TIMEOUT NOT_PAID 1", "CONFIRMED NOT_PAID 1"] {
        assert_eq!(outcome(payments(&[SALE]), vec![with(words, foreign)]), "currency_mismatch MZ1 A", "{words}");
    }
}
