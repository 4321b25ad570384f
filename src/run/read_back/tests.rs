//! Workbooks made of something else than what they are compared with: each difference is found out.

use super::*;
use crate::domain::booking::State;
use crate::domain::dates::{Day, Moment, Period};
use crate::domain::finding::{Code, Note, Severity};
use crate::domain::ids::{CartCode, FindingId, OrderId};
use crate::domain::intake::Source;
use crate::domain::money::Yen;
use crate::domain::reconciliation::{
    BookingView, Cause, Expiring, Finding, Freshness, MatchGroup, Operation, Reason, Risk, Rule, Sales, Trend, Wait,
    Window,
};
use crate::report::{Edition, workbook};

const SHOPS: [(&str, &str); 2] = [("9200000000001", "A"), ("9200000000002", "B")];

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn noon() -> Moment {
    Moment::new(day("2026-11-05"), 12, 0, 0).expect("a moment")
}

fn source() -> Source {
    Source { file: "a.csv".into(), line: 2 }
}

fn payment(order: &str, held: i64) -> PaymentView {
    PaymentView {
        order_id: OrderId::new(order),
        key: None,
        status: "即時売上".into(),
        newest_at: noon(),
        sale_date: Some(day("2026-11-05")),
        sale_date_estimated: false,
        sale_not_seen: false,
        held: Yen::new(held),
        observed: Yen::new(held),
        method: "クレジットカード".into(),
        booking_ref: " _x0041_ =1 <&> \"".into(),
        source: source(),
        in_period: true,
    }
}

fn booking(cart: &str, expected: i64, foreign: Option<&str>) -> BookingView {
    BookingView {
        listed: Box::default(),
        cart: CartCode::new(cart),
        state: State::Live,
        status: "CONFIRMED".into(),
        expected: Yen::new(expected),
        foreign: foreign.map(Into::into),
        products: "富士山".into(),
        customer: "".into(),
        created_at: noon(),
        start: Some(day("2026-12-01")),
        source: source(),
        in_period: true,
    }
}

fn group(orders: &[(&str, i64)], booking: Option<BookingView>) -> MatchGroup {
    let payments: Vec<PaymentView> = orders.iter().map(|(order, held)| payment(order, *held)).collect();
    let actual = payments.iter().map(|payment| payment.held).sum();
    MatchGroup { payments, booking, actual }
}

fn finding(id: &str, group: MatchGroup) -> Finding {
    Finding {
        id: FindingId::new(id),
        code: Code::AmountMismatch,
        severity: Severity::High,
        key: "K".to_owned(),
        group,
        reason: Reason::Plain,
        window: None,
        holdings: Vec::new(),
        suggestion: None,
        carried: false,
        first_seen: day("2026-11-20"),
        age_business_days: 1,
        note: Note::default(),
    }
}

/// A shop with rows on every sheet, among them amounts in another currency and several payments of one booking.
fn filled(shop: usize) -> Reconciliation {
    let (id, name) = SHOPS[shop];
    let totals = Totals { count: 2, gross: Yen::new(9_000), refunds: Yen::new(-1_000) };
    let cut = |name: &str| vec![(name.to_owned(), totals)];
    let window = Window {
        sale_date: day("2026-11-05"),
        last_safe_day: day("2027-05-03"),
        last_possible_day: day("2027-05-04"),
        days_left: 161,
        operation: Operation::Return,
    };
    let expiring = Expiring { risk: Risk::NoBooking, window, payment: payment("P-5", 700), booking: None };
    let rest = |item, cause| RestItem { item, cause };
    Reconciliation {
        shop: ShopId::new(id),
        shop_name: name.to_owned(),
        period: Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period"),
        as_of: day("2026-11-23"),
        sales: Sales {
            total: totals,
            by_day: vec![(day("2026-11-05"), totals)],
            by_month: cut("2026-11"),
            by_status: cut("即時売上"),
            by_method: cut(""),
            by_product: cut("富士山"),
        },
        matched: vec![
            group(&[("P-1", 100), ("P-2", 200)], Some(booking("MZ1", 300, None))),
            group(&[("P-3", 50)], Some(booking("MZ2", 0, Some("USD")))),
            group(&[], Some(booking("MZ3", 0, None))),
        ],
        findings: vec![
            finding("F-00000001", group(&[("P-4", 400), ("P-6", 1)], Some(booking("MZ4", 500, None)))),
            finding("F-00000002", group(&[("P-5", 700)], None)),
        ],
        cancellation: vec![expiring],
        travels_after_window: 0,
        awaiting: vec![rest(Item::Payment(payment("P-7", 70)), Cause::Wait(Wait::Grace))],
        excluded: vec![rest(Item::Booking(booking("MZ9", 10, None)), Cause::Rule(Rule::Free))],
        freshness: Freshness::default(),
        checks: Vec::new(),
        cleared: Vec::new(),
        trend: Trend::default(),
    }
}

fn made_of(reconciliation: &Reconciliation, language: Language, with_matched: bool) -> Vec<u8> {
    made_with(&[], reconciliation, language, with_matched)
}

fn made_with(changes: &[Change], reconciliation: &Reconciliation, language: Language, with_matched: bool) -> Vec<u8> {
    let edition = Edition {
        language,
        reconciliation,
        revision: 1,
        files: &[],
        held: &[],
        changes,
        with_customer: false,
        with_matched,
        installation: "i",
        expiring_within_days: 30,
    };
    workbook(&edition).expect("a workbook")
}

fn verdict(bytes: &[u8], result: &Reconciliation, alter: impl FnOnce(&mut Expected<'_>)) -> Result<(), String> {
    verdict_with(&[], bytes, result, alter)
}

fn verdict_with(
    changes: &[Change],
    bytes: &[u8],
    result: &Reconciliation,
    alter: impl FnOnce(&mut Expected<'_>),
) -> Result<(), String> {
    let ids: Vec<ShopId> = SHOPS.iter().map(|(id, _)| ShopId::new(id)).collect();
    let shops: Vec<(&ShopId, &str)> = ids.iter().zip(SHOPS).map(|(id, (_, name))| (id, name)).collect();
    let (language, installation) = (Language::Ja, "i");
    let (revision, with_matched) = (1, true);
    let mut expected = Expected { language, result, shops: &shops, installation, revision, with_matched, changes };
    alter(&mut expected);
    read_back(bytes, &expected)
}

#[test]
fn x01_a_workbook_of_another_shop_is_found_out_before_it_is_mailed() {
    let results = [filled(0), filled(1)];
    for (at, written) in results.iter().enumerate() {
        let bytes = made_of(written, Language::Ja, true);
        for (other, result) in results.iter().enumerate() {
            assert_eq!(verdict(&bytes, result, |_| {}).is_ok(), at == other, "{at} {other}");
        }
        assert!(verdict(bytes.get(..bytes.len() / 2).unwrap_or_default(), written, |_| {}).is_err(), "half a file");
        assert!(verdict(&bytes, written, |expected| expected.installation = "j").is_err(), "another installation");
        assert!(verdict(&bytes, written, |expected| expected.revision = 2).is_err(), "another revision");
        let short = made_of(written, Language::Ja, false);
        assert!(verdict(&short, written, |_| {}).is_err(), "the matched rows are missing");
        assert_eq!(verdict(&short, written, |expected| expected.with_matched = false), Ok(()));
        let english = made_of(written, Language::En, true);
        assert_eq!(verdict(&english, written, |expected| expected.language = Language::En), Ok(()));
    }
}

#[test]
fn x01_one_foreign_row_one_missing_row_or_one_changed_amount_is_found_on_any_sheet() {
    type Alter = fn(&mut Reconciliation);
    let planted: [(&str, Alter); 17] = [
        ("要確認", |r| r.findings.push(finding("F-00000003", group(&[("B-1", 1)], None)))),
        ("要確認", |r| r.findings[1].id = FindingId::new("F-00000003")),
        ("要確認", |r| r.findings[0].group.payments[1].order_id = OrderId::new("B-1")),
        ("要確認", |r| r.findings[0].group.booking = Some(booking("MZ8", 500, None))),
        ("要確認", |r| r.findings[1].group.actual = Yen::new(701)),
        ("missing", |r| drop(r.findings.pop())),
        ("取消期限", |r| r.cancellation[0].payment.order_id = OrderId::new("B-1")),
        ("取消期限", |r| r.cancellation[0].payment.held = Yen::new(701)),
        ("missing", |r| r.cancellation.clear()),
        ("突合明細", |r| r.matched.insert(0, group(&[("B-1", 1)], None))),
        ("突合明細", |r| r.matched[2].booking = Some(booking("MZ8", 0, None))),
        ("突合明細", |r| r.matched[0].payments[0].held = Yen::new(101)),
        ("突合明細", |r| drop(r.matched.remove(1))),
        ("対象外・待ち", |r| {
            r.awaiting.push(RestItem { item: Item::Payment(payment("B-1", 1)), cause: Cause::Wait(Wait::Grace) })
        }),
        ("対象外・待ち", |r| r.excluded[0].item = Item::Booking(booking("MZ9", 11, None))),
        ("売上集計", |r| r.sales.by_day[0].1.gross = Yen::new(9_001)),
        ("売上集計", |r| r.sales.by_product[0].1.count = 3),
    ];
    let own = filled(0);
    for (at, (sheet, plant)) in planted.into_iter().enumerate() {
        let mut other = own.clone();
        plant(&mut other);
        let said = verdict(&made_of(&other, Language::Ja, true), &own, |_| {}).expect_err("found out");
        assert!(said.contains(sheet), "{at}: {said}");
        for word in ["B-1", "MZ8", "701"] {
            assert!(!said.contains(word), "{at}: no content in {said}");
        }
    }
}

#[test]
fn x01_the_name_of_another_shop_in_any_cell_is_found() {
    let mut other = filled(0);
    other.findings[0].note.text = "9200000000002".to_owned();
    let said = verdict(&made_of(&other, Language::Ja, true), &filled(0), |_| {});
    assert_eq!(said.expect_err("found out"), "要確認: another shop is named");
}

#[test]
fn x01_a_tour_a_guest_or_a_note_may_bear_the_name_of_another_shop() {
    let mut own = filled(0);
    let (_, name) = SHOPS[1];
    own.findings[0].note.assignee = name.to_owned();
    own.matched[0].booking.as_mut().expect("a booking").products = std::sync::Arc::from(name);
    own.sales.by_product[0].0 = name.to_owned();
    assert_eq!(verdict(&made_of(&own, Language::Ja, true), &own, |_| {}), Ok(()));
}

#[test]
fn x01_a_tour_that_bore_the_name_of_another_shop_stands_in_the_changes() {
    let own = filled(0);
    let (_, name) = SHOPS[1];
    let renamed = |item: String| Change { item, before: Some("9,000".to_owned()), after: None };
    for cut in ["product", "method"] {
        let changes = [renamed(format!("sales.{cut}.{name}"))];
        let bytes = made_with(&changes, &own, Language::Ja, true);
        assert_eq!(verdict_with(&changes, &bytes, &own, |_| {}), Ok(()), "{cut}");
        assert!(verdict(&bytes, &own, |_| {}).is_err(), "{cut}: of whoever has no such change");
    }
}

#[test]
fn orders_too_many_for_a_cell_are_compared_as_far_as_they_are_shown() {
    let payments: Vec<PaymentView> = ["P-10", "P-11", "P-12"].map(|order| payment(order, 1)).to_vec();
    let orders = Orders::Each(&payments);
    for good in ["P-10\nP-11\nP-12", "P-10\nP-1…", "P-…", "P-10\n…"] {
        assert!(orders.are(good, "…"), "{good}");
    }
    for bad in ["", "P-10\nP-11", "P-10\nP-2…", "P-11\nP-1…", "P-10\nP-11\nP-12\nP-13", "P-10\nP-11\nP-12\n…"] {
        assert!(!orders.are(bad, "…"), "{bad}");
    }
}
