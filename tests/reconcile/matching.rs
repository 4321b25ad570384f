//! Keys, prefixes and the shop of a booking (SPEC §4.3, §5.3).

use crate::facts::{AS_OF, booked, entry, facts, outcome, paid, run, shop};
use std::sync::Arc;
use totsugo::domain::booking::{Booking, PaymentType, Price};
use totsugo::domain::ids::{CartCode, ProductCode, ShopId};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::Payment;
use totsugo::domain::policy::Shop;
use totsugo::domain::reconciliation::{MatchKey, Reason};
use totsugo::reconcile::{Desk, Home};

const WORDS: &str = "CONFIRMED PAID_IN_FULL 5000";
const SALE: &str = "2026-11-05 即時売上 5000";

fn by_transaction(code: &str, transaction_id: &str) -> Booking {
    let mut booking = booked(code, WORDS);
    booking.lines[0].transaction_id = Arc::from(transaction_id);
    booking
}

fn with_product(code: &str, product: &str) -> Booking {
    let mut booking = booked(code, WORDS);
    booking.lines[0].product_code = ProductCode::new(product);
    booking
}

#[test]
fn r12_every_key_in_its_order() {
    let listed = || {
        let mut booking = booked("MZ9", WORDS);
        booking.entries = vec![entry(PaymentType::WebPayment, 5_000, "A")];
        booking
    };
    for (column_h, booking, key) in [
        ("", by_transaction("MZ9", "A"), MatchKey::TransactionId),
        ("", listed(), MatchKey::TransactionId),
        ("1102481", booked("MZ1102481", WORDS), MatchKey::CartDigits),
        ("0001102481", booked("mz-1102481", WORDS), MatchKey::CartDigits),
        ("MZ-1102481", booked("ＭＺ１１０２４８１", WORDS), MatchKey::CartDigits),
        ("106159471", booked("GET-106159471", WORDS), MatchKey::CartDigits),
        ("9091665", with_product("NAG-5165423", "REY-T9091665"), MatchKey::ProductDigits),
    ] {
        let result = run(&shop(), &facts(vec![paid("A", column_h, SALE)], vec![booking]), AS_OF);
        assert_eq!(result.matched[0].payments[0].key, Some(key), "{column_h}");
    }
    let collide = vec![booked("MZ7", WORDS), with_product("MZ8", "MZ-T7")];
    assert_eq!(outcome(vec![paid("A", "7", SALE)], collide), "booking_without_payment MZ8 | matched MZ7 A");
}

#[test]
fn r11_conflicts_and_ambiguity_are_findings() {
    let carts = vec![by_transaction("MZ1", "A"), booked("MZ2", "CONFIRMED NOT_PAID 1")];
    let result = run(&shop(), &facts(vec![paid("A", "2", SALE)], carts), AS_OF);
    let keys = Reason::Keys { by_transaction: CartCode::new("MZ1"), by_digits: CartCode::new("MZ2") };
    assert_eq!((result.findings[0].key.as_str(), &result.findings[0].reason), ("MZ1", &keys));

    let free = |code| booked(code, "CONFIRMED FREE 0");
    for (column_h, carts, expected) in [
        ("5", vec![free("AA5"), free("BB5")], "ambiguous_booking A | free AA5 | free BB5"),
        ("5", vec![free("AA5"), booked("MZ5", WORDS)], "free AA5 | matched MZ5 A"),
        ("AA5", vec![booked("AA5", WORDS), free("MZ5")], "free MZ5 | matched AA5 A"),
        ("CC5", vec![free("AA5"), booked("MZ5", WORDS)], "free AA5 | matched MZ5 A"),
        ("5", vec![free("AA5"), free("BB5"), booked("MZ5", WORDS)], "free AA5 | free BB5 | matched MZ5 A"),
    ] {
        assert_eq!(outcome(vec![paid("A", column_h, SALE)], carts), expected, "{column_h}");
    }
    let failed = vec![paid("A", "5", "2026-11-05 決済失敗 5000")];
    assert_eq!(outcome(failed, vec![free("AA5"), free("BB5")]), "free AA5 | free BB5 | no_money A");
    let both = vec![by_transaction("AA1", "A"), by_transaction("BB1", "A")];
    assert!(outcome(vec![paid("A", "", SALE)], both).starts_with("ambiguous_booking A"));
}

#[test]
fn r11_column_h_that_leads_to_several_others_contradicts_the_order_id() {
    let free = |code| booked(code, "CONFIRMED FREE 0");
    let key = |carts: Vec<Booking>| {
        let result = run(&shop(), &facts(vec![paid("A", "5", SALE)], carts), AS_OF);
        result.findings.first().map(|finding| finding.reason.clone())
    };
    let keys = Reason::Keys { by_transaction: CartCode::new("MZ1"), by_digits: CartCode::new("AA5") };
    assert_eq!(key(vec![by_transaction("MZ1", "A"), free("AA5"), free("BB5")]), Some(keys));
    assert_eq!(key(vec![by_transaction("AA5", "A"), free("BB5")]), None, "one of them is the booking itself");
}

#[test]
fn r11_a_number_that_one_cart_carries_twice_is_one_candidate() {
    let twice = |code: &str, product: &str| {
        let mut booking = with_product(code, product);
        booking.lines.push(booking.lines[0].clone());
        booking.lines[1].total = Price::Yen(Yen::ZERO);
        booking
    };
    let alone = vec![twice("XX1", "AB-T5")];
    assert_eq!(outcome(vec![paid("A", "5", SALE)], alone), "matched XX1 A");
    let second = vec![with_product("AA1", "AB-T5"), twice("MZ2", "AB-T5")];
    assert_eq!(outcome(vec![paid("A", "5", SALE)], second), "booking_without_payment AA1 | matched MZ2 A");
}

#[test]
fn r09_equal_amount_and_day_only_suggest() {
    let known = facts(vec![paid("A", "", SALE)], vec![booked("MZ2", WORDS), booked("MZ1", WORDS)]);
    let result = run(&shop(), &known, AS_OF);
    assert!(result.matched.is_empty());
    let others: Vec<_> = result.findings.iter().map(|f| f.suggestion.as_ref().map(|s| s.other.as_str())).collect();
    assert_eq!(others, [Some("MZ1"), Some("A"), Some("A")]);
}

#[test]
fn r09_a_live_booking_that_is_paid_is_suggested_to_nobody_and_a_cancelled_one_is() {
    for (words, expected) in [(WORDS, None), ("CANCELLED REFUND 5000", Some("MZ1"))] {
        let known = facts(vec![paid("A", "1", SALE), paid("B", "", SALE)], vec![booked("MZ1", words)]);
        let result = run(&shop(), &known, AS_OF);
        let loose = result.findings.iter().find(|finding| finding.key == "B").expect("a finding");
        assert_eq!(loose.suggestion.as_ref().map(|other| other.other.as_str()), expected, "{words}");
    }
}

fn two_shops() -> Vec<Shop> {
    let second = Shop { id: ShopId::new("S2"), booking_prefixes: vec!["NAG".to_owned()], ..shop() };
    vec![shop(), second]
}

fn at_second(payment: Payment) -> Payment {
    Payment { shop: ShopId::new("S2"), ..payment }
}

/// The shop a cart went to; `-` = unplaced.
fn placed(shops: &[Shop], payments: Vec<Payment>, booking: Booking) -> String {
    let mut desk = Desk::new(shops);
    let ids: Vec<&str> = booking.lines.iter().map(|line| &*line.transaction_id).filter(|id| !id.is_empty()).collect();
    for payment in &payments {
        if ids.contains(&payment.order_id.as_str()) {
            desk.tell_order(payment.order_id.as_str(), &payment.shop);
        }
        desk.tell_number(payment);
    }
    let folder = booking.folder.as_ref().map(ShopId::as_str);
    let home = match desk.home(booking.cart.as_str(), folder, ids) {
        Home::At(shop) => Some(shop.into_owned()),
        Home::Disputed => None,
        Home::Unknown => desk.by_number(&booking),
    };
    home.map_or_else(|| "-".to_owned(), |shop| shop.to_string())
}

#[test]
fn r15_the_shop_of_a_booking() {
    let first = shop().id.to_string();
    let shops = two_shops();
    let in_folder = |mut booking: Booking| {
        booking.folder = Some(ShopId::new("S2"));
        booking
    };
    let ours = || paid("A", "", SALE);
    let theirs = || at_second(paid("A", "", SALE));
    assert_eq!(placed(&shops, Vec::new(), booked("MZ1", WORDS)), first, "prefix");
    assert_eq!(placed(&shops, Vec::new(), booked("nag-1", WORDS)), "S2", "prefix, folded");
    assert_eq!(placed(&shops, Vec::new(), in_folder(booked("MZ1", WORDS))), "S2", "folder before prefix");
    assert_eq!(placed(&shops, Vec::new(), booked("XX1", WORDS)), "-", "nothing");
    assert_eq!(placed(&shops[..1], Vec::new(), booked("XX1", WORDS)), first, "the only shop");
    assert_eq!(placed(&shops, vec![theirs()], by_transaction("MZ1", "A")), "S2", "payment before prefix");
    let twice = vec![ours(), theirs()];
    assert_eq!(placed(&shops, twice.clone(), by_transaction("MZ1", "A")), first, "several: provisional");
    assert_eq!(placed(&shops, twice, by_transaction("XX1", "A")), "-", "several, none provisional");
    let numbered = at_second(paid("B", "1", SALE));
    assert_eq!(placed(&shops, vec![numbered.clone()], booked("MZ1", WORDS)), first, "digits never move");
    assert_eq!(placed(&shops, vec![numbered.clone()], booked("XX1", WORDS)), "S2", "digits place the homeless");
    assert_eq!(placed(&shops, vec![numbered.clone()], with_product("XX5", "XX-T1")), "S2", "product digits too");
    let twice = vec![numbered.clone(), at_second(paid("C", "1", SALE))];
    assert_eq!(placed(&shops, twice, booked("XX1", WORDS)), "S2", "digits of one shop twice");
    assert_eq!(placed(&shops, vec![numbered, paid("C", "1", SALE)], booked("XX1", WORDS)), "-", "digits of two shops");
}
