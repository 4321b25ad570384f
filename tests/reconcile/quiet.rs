//! A history without its quiet groups, but with what they add, is reported like the whole history.

use crate::facts::{AS_OF, at, booked, day, facts, paid, period, seen, shop};
use crate::properties::{bookings, payments};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::collections::HashSet;
use totsugo::domain::booking::{Booking, plain_start};
use totsugo::domain::calendar::Calendar;
use totsugo::domain::dates::{Day, Period};
use totsugo::domain::ids::{CartCode, OrderId, ProductCode};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::Payment;
use totsugo::domain::quiet::{CartNote, ObservationNote};
use totsugo::domain::reconciliation::ShopFacts;
use totsugo::reconcile::{Quiet, reconcile, sales_by_day};

/// What the history would read of `known` for the report of `period` as of `as_of`.
fn loud(known: &ShopFacts, period: Period, as_of: Day) -> ShopFacts {
    let shop = shop();
    let lines = known.bookings.iter().flat_map(|booking| &booking.lines).map(|line| line.transaction_id.trim());
    let entries = known.bookings.iter().flat_map(|booking| &booking.entries).map(|entry| entry.transaction_id.trim());
    let named: HashSet<&str> = lines.chain(entries).filter(|id| !id.is_empty()).collect();
    let mut quiet = Quiet::new(&shop, period, as_of);
    let rows = known.payments.iter().flat_map(|payment| payment.observations.iter().map(move |one| (payment, one)));
    for (row, (payment, one)) in (0..).zip(rows.clone()) {
        quiet.observation(ObservationNote {
            row,
            is_plain: payment.observations.len() == 1 && !named.contains(payment.order_id.as_str()),
            at: one.at,
            status: &one.status,
            amount: one.amount,
            booking_ref: &one.booking_ref,
        });
    }
    for (version, booking) in (0..).zip(&known.bookings) {
        quiet.cart(CartNote {
            version,
            cart: booking.cart.as_str(),
            created: booking.created_at().map(|at| at.day()),
            yen: booking.lines.iter().filter_map(|line| line.total.yen()).sum(),
            plain_start: plain_start(&booking.lines).filter(|_| booking.entries.is_empty()),
        });
    }
    let mut quiet = quiet.pair();
    for (version, booking) in (0..).zip(&known.bookings) {
        for line in &booking.lines {
            quiet.line(version, line.product_code.as_str(), line.created_at);
        }
    }
    let (loud, background) = quiet.finish();
    let orders: HashSet<&OrderId> =
        (0..).zip(rows).filter(|(row, _)| loud.rows.contains(row)).map(|(_, (payment, _))| &payment.order_id).collect();
    let is_loud = |version: i64| loud.versions.contains(&version);
    ShopFacts {
        payments: known.payments.iter().filter(|payment| orders.contains(&payment.order_id)).cloned().collect(),
        bookings: (0..).zip(&known.bookings).filter(|(nth, _)| is_loud(*nth)).map(|(_, one)| one.clone()).collect(),
        background,
    }
}

/// A payment and a booking that mostly agree, of some day in the two years before; their numbers now and then meet others'.
fn ordinary() -> impl Strategy<Value = (Payment, Booking)> {
    let yen = prop_oneof![9 => Just(5_000_i64), 1 => Just(4_000), 1 => Just(0)];
    let words = prop_oneof![
        9 => Just("CONFIRMED PAID_IN_FULL 5000"),
        1 => Just("CANCELLED PAID_IN_FULL 5000"),
        1 => Just("ARRIVED DEPOSIT 5000"),
        1 => Just("PENDING PAID_IN_FULL 5000"),
    ];
    let label = prop_oneof![9 => Just("即時売上"), 1 => Just("返品"), 1 => Just("仮売上")];
    let starts = prop_oneof![5 => 1_i32..300, 1 => 300..500, 1 => -40..1];
    (0_u32..1_000_000, 10_u32..40, 1..42_u32, 0_i32..700, starts, (yen, words, label), any::<bool>()).prop_map(
        |(id, number, product, ago, ahead, (yen, words, label), twice)| {
            let sold = day(AS_OF).plus(-ago);
            let payment = Payment {
                shop: shop().id,
                order_id: OrderId::new(&format!("Q{id}")),
                observations: vec![seen(&format!("{sold} 12:00"), label, yen, &number.to_string())],
            };
            let mut booking = booked("MZ1", words);
            booking.cart = CartCode::new(&format!("MZ-{number}"));
            if twice && yen == 5_000 {
                booking.lines[0].total = totsugo::domain::booking::Price::Yen(Yen::new(3_000));
                booking.lines.extend(booked("MZ1", "CONFIRMED PAID_IN_FULL 2000").lines);
            }
            for line in &mut booking.lines {
                line.created_at = at(&sold.to_string());
                line.start_at = Some(at(&sold.plus(ahead).to_string()));
                line.product_code = ProductCode::new(&format!("MZ-T{product}"));
            }
            (payment, booking)
        },
    )
}

#[test]
fn r16_r21_reports_do_not_tell_whether_quiet_groups_were_read() {
    let hidden = Cell::new(0);
    let strategy = (payments(), bookings(), prop::collection::vec(ordinary(), 0..12), 0..3_usize);
    let run = |(mut payments, mut bookings, ordinary, which): (Vec<Payment>, Vec<Booking>, Vec<_>, usize)| {
        let (more_payments, more_bookings): (Vec<Payment>, Vec<Booking>) = ordinary.into_iter().unzip();
        payments.extend(more_payments);
        bookings.extend(more_bookings);
        payments.sort_by(|a, b| a.order_id.cmp(&b.order_id));
        payments.dedup_by(|a, b| a.order_id == b.order_id);
        bookings.sort_by(|a, b| a.cart.cmp(&b.cart));
        bookings.dedup_by(|a, b| a.cart == b.cart);
        let whole = facts(payments, bookings);
        let days = [period(), Period::new(day("2026-09-01"), day("2026-09-30")).expect("a month"), period()];
        let as_of = [day(AS_OF), day(AS_OF), day(AS_OF).plus(200)][which];
        let part = loud(&whole, days[which], as_of);
        hidden.set(hidden.get() + whole.bookings.len() - part.bookings.len());
        prop_assert_eq!(
            whole.payments.len() - part.payments.len(),
            whole.bookings.len() - part.bookings.len(),
            "of a quiet group both sides are hidden"
        );
        let report = |known| reconcile(&shop(), known, &[], &[], &Calendar::default(), days[which], as_of);
        prop_assert_eq!(report(&part), report(&whole));
        let long = Period::new(day("2024-01-01"), day("2027-12-31")).expect("years");
        prop_assert_eq!(sales_by_day(&part, long), sales_by_day(&whole, long));
        Ok(())
    };
    TestRunner::new(Config { cases: 1_500, ..Config::default() }).run(&strategy, run).expect("no difference");
    assert!(hidden.get() > 1_500, "only {} groups were quiet", hidden.get());
}

#[test]
fn r19_r21_groups_are_quiet_to_the_day() {
    for (sold, created, start, is_quiet) in [
        ("2026-10-31", "2026-10-31", "2027-10-30", true),
        ("2026-10-31", "2026-10-31", "2027-10-31", false),
        ("2026-11-01", "2026-10-31", "2026-12-20", false),
        ("2026-10-31", "2026-11-01", "2026-12-20", false),
        ("2025-12-25", "2025-12-25", "2026-12-20", true),
        ("2025-12-24", "2025-12-24", "2026-12-20", false),
        ("2025-11-23", "2025-11-23", "2025-12-20", false),
        ("2025-11-22", "2025-11-22", "2025-12-20", true),
    ] {
        let mut booking = booked("MZ1", "CONFIRMED PAID_IN_FULL 5000");
        (booking.lines[0].created_at, booking.lines[0].start_at) = (at(created), Some(at(start)));
        let whole = facts(vec![paid("A", "1", &format!("{sold} 即時売上 5000"))], vec![booking]);
        let part = loud(&whole, period(), day(AS_OF));
        assert_eq!(
            (part.payments.is_empty(), part.bookings.is_empty()),
            (is_quiet, is_quiet),
            "{sold} {created} {start}"
        );
    }
}
