//! What holds for all facts: one bucket per item, a balanced proof, and no influence of order.

use crate::facts::{AS_OF, at, booked, day, entry, facts, paid, period, seen, shop};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use totsugo::domain::booking::{Booking, LineStatus, PaymentStatus, PaymentType};
use totsugo::domain::calendar::Calendar;
use totsugo::domain::dates::Period;
use totsugo::domain::ids::{CartCode, OrderId, ProductCode};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::{Observation, Payment, STATUSES};
use totsugo::domain::reconciliation::{Item, Reconciliation, ShopFacts};
use totsugo::reconcile::{money_events, reconcile};

/// How often each Order ID and cart code is shown.
fn shown(result: &Reconciliation) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    let groups = result.matched.iter().chain(result.findings.iter().map(|finding| &finding.group));
    for group in groups {
        for payment in &group.payments {
            *count.entry(payment.order_id.to_string()).or_default() += 1;
        }
        if let Some(booking) = &group.booking {
            *count.entry(booking.cart.to_string()).or_default() += 1;
        }
    }
    for rest in result.awaiting.iter().chain(&result.excluded) {
        let id = match &rest.item {
            Item::Payment(view) => view.order_id.to_string(),
            Item::Booking(view) => view.cart.to_string(),
        };
        *count.entry(id).or_default() += 1;
    }
    count
}

fn everything() -> Period {
    Period::new(day("2026-10-01"), day("2026-12-31")).expect("a period")
}

fn check_whole(known: &ShopFacts) {
    let result = reconcile(&shop(), known, &[], &[], &Calendar::default(), everything(), day(AS_OF));
    assert!(result.balanced(), "{:?}", result.checks);
    let payments = known.payments.iter().map(|payment| payment.order_id.to_string());
    let expected = payments.chain(known.bookings.iter().map(|booking| booking.cart.to_string()));
    assert_eq!(shown(&result), expected.map(|id| (id, 1)).collect::<BTreeMap<_, _>>(), "{known:?}");
}

#[test]
fn r16_every_mix_of_state_payment_status_and_money_has_one_verdict() {
    let labels = STATUSES.iter().map(|(label, _, _)| *label).chain(["NEWSTATE"]);
    let mut histories: Vec<String> = labels.map(|label| format!("2026-11-05 {label} 5000")).collect();
    histories.extend([
        String::new(),
        "2026-11-05 即時売上 4000".to_owned(),
        "2026-11-05 即時売上 6000".to_owned(),
        "2026-11-05 即時売上 5000;2026-11-06 返品 5000".to_owned(),
        "2026-11-05 即時売上 5000;2026-11-05 返品 5000".to_owned(),
        "2026-11-05 即時売上 5000;2026-11-06 返品 5000;2026-11-07 即時売上 5000".to_owned(),
    ]);
    for (status, payment_status) in
        LineStatus::ALL.iter().flat_map(|one| PaymentStatus::ALL.iter().map(move |other| (one, other)))
    {
        for history in &histories {
            for count in 0..=2 {
                let ids = ["A", "B"].into_iter().take(count).filter(|_| !history.is_empty());
                let payments = ids.map(|id| paid(id, "1", history)).collect();
                let words = format!("{} {} 5000", status.word(), payment_status.word());
                check_whole(&facts(payments, vec![booked("MZ1", &words)]));
            }
        }
    }
}

fn observation() -> impl Strategy<Value = Observation> {
    let label = prop_oneof![
        4 => Just("即時売上"),
        2 => prop::sample::select(vec!["返品", "取消", "月跨り返品", "仮売上", "決済失敗", "返品受付", "NEWSTATE"]),
    ];
    (
        0_u32..50,
        0_u32..2,
        label,
        prop::sample::select(vec![5_000_i64, 4_000, 0]),
        prop::sample::select(vec!["1", "2", "MZ3", "", "x"]),
    )
        .prop_map(|(days, hour, label, yen, column_h)| {
            let when = day("2026-10-05").plus(i32::try_from(days).expect("small"));
            seen(&format!("{when} 1{hour}:00"), label, yen, column_h)
        })
}

pub(crate) fn payments() -> impl Strategy<Value = Vec<Payment>> {
    prop::collection::vec(prop::collection::btree_set(observation(), 1..5), 0..8).prop_map(|all| {
        let one = |(at, observations): (usize, std::collections::BTreeSet<_>)| Payment {
            shop: shop().id,
            order_id: OrderId::new(&format!("P{at}")),
            observations: observations.into_iter().collect(),
        };
        all.into_iter().enumerate().map(one).collect()
    })
}

fn line_words() -> impl Strategy<Value = String> {
    let status = prop::sample::select(LineStatus::ALL.to_vec());
    let payment = prop::sample::select(PaymentStatus::ALL.to_vec());
    (status, payment, prop::sample::select(vec![0, 4_000, 5_000]))
        .prop_map(|(status, payment, yen)| format!("{} {} {yen}", status.word(), payment.word()))
}

fn booking() -> impl Strategy<Value = Booking> {
    let lines = prop::collection::vec(line_words(), 1..3);
    (lines, 0..50, prop::option::of(0..8), prop::option::of(0_i64..3), any::<bool>()).prop_map(
        |(words, days, order, paid, listed)| {
            let mut booking = booked("MZ1", &words[0]);
            booking.lines.extend(words[1..].iter().flat_map(|words| booked("MZ1", words).lines));
            for line in &mut booking.lines {
                line.created_at = at(&day("2026-10-05").plus(days).to_string());
            }
            booking.lines[0].paid = paid.map(|yen| Yen::new(yen * 2_500));
            let id = order.map_or(String::new(), |order| format!("P{order}"));
            if listed {
                booking.entries = vec![entry(PaymentType::WebPayment, 5_000, &id)];
            } else {
                booking.lines[0].transaction_id = Arc::from(id.as_str());
            }
            booking
        },
    )
}

/// Carts whose numbers meet: two prefixes for one number, and product numbers of other carts.
pub(crate) fn bookings() -> impl Strategy<Value = Vec<Booking>> {
    prop::collection::vec(booking(), 0..6).prop_map(|mut all| {
        for (nth, booking) in all.iter_mut().enumerate() {
            booking.cart = CartCode::new(&format!("{}{}", ["MZ", "GET-"][nth % 2], 1 + nth / 2));
            booking.lines[0].product_code = ProductCode::new(&format!("REY-T{}", 3 - nth.min(2)));
        }
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn r16_r17_every_item_stands_in_exactly_one_bucket(payments in payments(), bookings in bookings()) {
        check_whole(&facts(payments, bookings));
    }

    #[test]
    fn r21_a_part_of_the_time_balances_and_shows_nothing_twice(payments in payments(), bookings in bookings()) {
        let result = reconcile(&shop(), &facts(payments, bookings), &[], &[], &Calendar::default(), period(), day(AS_OF));
        prop_assert!(result.balanced(), "{:?}", result.checks);
        prop_assert!(shown(&result).values().all(|times| *times == 1));
    }

    #[test]
    fn r01_the_order_of_facts_does_not_matter(
        (payments, shuffled) in payments().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        (bookings, mixed) in bookings().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let one = reconcile(&shop(), &facts(payments, bookings), &[], &[], &Calendar::default(), period(), day(AS_OF));
        let other = reconcile(&shop(), &facts(shuffled, mixed), &[], &[], &Calendar::default(), period(), day(AS_OF));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn r02_events_add_up_to_what_is_held(payments in payments()) {
        for payment in payments {
            let events = money_events(&payment);
            let moved: Yen = events.list.iter().map(|event| event.amount).sum();
            prop_assert!(events.sale_not_seen || moved == events.held, "{payment:?} {events:?}");
        }
    }
}
