//! Short ways to write facts down, and to ask where an item went.

use std::sync::Arc;
use totsugo::domain::booking::{Booking, BookingLine, LineStatus, PaymentEntry, PaymentStatus, PaymentType, Price};
use totsugo::domain::calendar::Calendar;
use totsugo::domain::dates::{Day, Moment, Period};
use totsugo::domain::ids::{CartCode, OrderId, ProductCode, ShopId};
use totsugo::domain::intake::Source;
use totsugo::domain::money::Yen;
use totsugo::domain::payment::{Observation, Payment, Status};
use totsugo::domain::policy::{Policy, Shop};
use totsugo::domain::reconciliation::{Cause, Item, Reconciliation, RestItem, ShopFacts};
use totsugo::reconcile::reconcile;

pub(crate) const AS_OF: &str = "2026-11-23";

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).expect(text)
}

/// `YYYY-MM-DD` or `YYYY-MM-DD HH:MM`.
pub(crate) fn at(text: &str) -> Moment {
    let number = |part: &str| part.parse::<u32>().expect(text);
    let (hour, minute) = text.get(11..16).map_or((10, 0), |time| (number(&time[..2]), number(&time[3..])));
    Moment::new(day(&text[..10]), hour, minute, 0).expect(text)
}

pub(crate) fn source() -> Source {
    Source { file: Arc::from("a.csv"), line: 2 }
}

pub(crate) fn shop() -> Shop {
    Shop {
        id: ShopId::new("9200000000001"),
        name: "富士山".to_owned(),
        booking_prefixes: vec!["MZ".to_owned()],
        exclude: Vec::new(),
        policy: Policy::default(),
    }
}

pub(crate) fn period() -> Period {
    Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period")
}

pub(crate) fn seen(when: &str, label: &str, yen: i64, column_h: &str) -> Observation {
    Observation {
        at: at(when),
        status: Status::read(label),
        amount: Yen::new(yen),
        booking_ref: Arc::from(column_h),
        method: Arc::from("クレジットカード"),
        source: source(),
    }
}

/// A payment; `history` is `when label yen` per observation, separated by `;`.
pub(crate) fn paid(order_id: &str, column_h: &str, history: &str) -> Payment {
    let one = |text: &str| {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [when @ .., label, yen] = words.as_slice() else { panic!("{text}") };
        seen(&when.join(" "), label, yen.parse().expect(text), column_h)
    };
    let mut observations: Vec<Observation> = history.split(';').map(one).collect();
    observations.sort();
    Payment { shop: shop().id, order_id: OrderId::new(order_id), observations }
}

pub(crate) fn line(status: LineStatus, payment_status: PaymentStatus, yen: i64) -> BookingLine {
    BookingLine {
        product_code: ProductCode::new(""),
        status,
        payment_status,
        created_at: at("2026-11-05 09:00"),
        start_at: Some(at("2026-12-20 09:00")),
        total: Price::Yen(Yen::new(yen)),
        channel: Arc::from("Web"),
        product: Arc::from("Tour"),
        customer: Arc::from(""),
        external_ref: Arc::from(""),
        transaction_id: Arc::from(""),
        paid: None,
        refunded: None,
        source: source(),
    }
}

pub(crate) fn cart(code: &str, lines: Vec<BookingLine>) -> Booking {
    Booking { cart: CartCode::new(code), folder: None, lines, entries: Vec::new() }
}

/// A cart of one line: `CONFIRMED PAID_IN_FULL 12000`.
pub(crate) fn booked(code: &str, words: &str) -> Booking {
    let words: Vec<&str> = words.split_whitespace().collect();
    let status = LineStatus::read(words[0]).expect("a status");
    let payment = PaymentStatus::read(words[1]).expect("a payment status");
    cart(code, vec![line(status, payment, words[2].parse().expect("yen"))])
}

pub(crate) fn entry(payment_type: PaymentType, yen: i64, transaction_id: &str) -> PaymentEntry {
    PaymentEntry {
        reference: Arc::from(""),
        cart: CartCode::new(""),
        payment_type,
        at: at("2026-11-05"),
        amount: Price::Yen(Yen::new(yen)),
        transaction_id: Arc::from(transaction_id),
        source: source(),
    }
}

pub(crate) fn facts(payments: Vec<Payment>, bookings: Vec<Booking>) -> ShopFacts {
    ShopFacts { payments, bookings, ..ShopFacts::default() }
}

pub(crate) fn run(shop: &Shop, facts: &ShopFacts, as_of: &str) -> Reconciliation {
    let result = reconcile(shop, facts, &[], &[], &Calendar::default(), period(), day(as_of));
    let broken: Vec<_> = result.checks.iter().filter(|check| !check.balances()).collect();
    assert!(broken.is_empty(), "{broken:?}");
    result
}

/// Every shown item as `bucket id id …`, sorted: what a test compares.
pub(crate) fn told(result: &Reconciliation) -> Vec<String> {
    let rest = |bucket: &str, item: &RestItem| {
        let id = match &item.item {
            Item::Payment(view) => view.order_id.to_string(),
            Item::Booking(view) => view.cart.to_string(),
        };
        format!(
            "{} {id}",
            match &item.cause {
                Cause::Rule(rule) => rule.as_str(),
                Cause::Wait(_) => bucket,
            }
        )
    };
    let group = |bucket: &str, group: &totsugo::domain::reconciliation::MatchGroup| {
        let mut words = vec![bucket.to_owned()];
        words.extend(group.booking.iter().map(|booking| booking.cart.to_string()));
        words.extend(group.payments.iter().map(|payment| payment.order_id.to_string()));
        words.join(" ")
    };
    let mut all: Vec<String> = result.matched.iter().map(|one| group("matched", one)).collect();
    all.extend(result.findings.iter().map(|one| group(one.code.as_str(), &one.group)));
    all.extend(result.awaiting.iter().map(|one| rest("awaiting", one)));
    all.extend(result.excluded.iter().map(|one| rest("excluded", one)));
    all.sort();
    all
}

/// Reconciles with the default shop on [`AS_OF`] and tells where everything went, separated by ` | `.
pub(crate) fn outcome(payments: Vec<Payment>, bookings: Vec<Booking>) -> String {
    told(&run(&shop(), &facts(payments, bookings), AS_OF)).join(" | ")
}
