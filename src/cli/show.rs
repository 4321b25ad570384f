//! `show KEY`: everything known of one booking number or Order ID.

use super::lists::with_store;
use super::notices::pick;
use super::{Exit, failed};
use crate::domain::booking::{Booking, Price};
use crate::domain::dates::Period;
use crate::domain::payment::{EventKind, Payment};
use crate::domain::reconciliation::{Finding, Reconciliation, ShopFacts};
use crate::domain::text::{CodeKind, code_parts};
use crate::locale::Language;
use crate::locale::findings::{code_name, next_step, reason};
use crate::reconcile::{self, Placed};
use crate::run::Workshop;
use crate::store::Store;

/// Shows what is known of `key`: a booking number with or without prefix, a product code, or an Order ID.
pub(super) fn show(workshop: &Workshop, key: &str) -> Exit {
    with_store(workshop, |store| match lines(workshop, store, key) {
        Ok(lines) if lines.is_empty() => {
            complain!(
                "{key}: {}",
                pick(workshop.language(), "該当する取引・予約はありません。", "no such payment or booking.")
            );
            Exit::Attention
        }
        Ok(lines) => {
            say!("{}", lines.join("\n"));
            Exit::Completed
        }
        Err(error) => failed(&error),
    })
}

fn lines(workshop: &Workshop, store: &Store, key: &str) -> Result<Vec<String>, crate::store::StoreError> {
    let shops: Vec<_> = workshop.config.shops.iter().map(|shop| shop.shop.clone()).collect();
    let Placed { by_shop, .. } = reconcile::place(&shops, store.payments()?, store.bookings()?);
    let today = workshop.today();
    let mut out = Vec::new();
    let Some(period) = Period::named("month-to-date", today) else { return Ok(out) };
    for shop in &shops {
        let Some(facts) = by_shop.get(&shop.id) else { continue };
        let result = reconcile::reconcile(
            shop,
            facts,
            &store.findings(Some(&shop.id))?,
            &[],
            &workshop.config.calendar,
            period,
            today,
        );
        let (orders, carts) = related(facts, &result, key);
        let payments: Vec<&Payment> =
            facts.payments.iter().filter(|p| orders.contains(&p.order_id.to_string())).collect();
        let bookings: Vec<&Booking> = facts.bookings.iter().filter(|b| carts.contains(&b.cart.to_string())).collect();
        if payments.is_empty() && bookings.is_empty() {
            continue;
        }
        out.push(format!("{} {}", shop.id, shop.name));
        payments.iter().for_each(|payment| out.extend(payment_lines(workshop.language(), payment)));
        bookings.iter().for_each(|booking| out.extend(booking_lines(workshop.language(), booking)));
        for line in result.cancellation.iter().filter(|line| orders.contains(&line.payment.order_id.to_string())) {
            let label = pick(workshop.language(), "取消期限", "cancellation window");
            out.push(format!(
                "  {label}: {} / {} ({})",
                line.window.last_safe_day, line.window.last_possible_day, line.window.days_left
            ));
        }
        for finding in result.findings.iter().filter(|f| touches(f, &orders, &carts)) {
            out.extend(finding_lines(workshop.language(), finding));
        }
    }
    Ok(out)
}

/// The Order IDs and carts that `key` names, and those that stand with them in a finding.
fn related(facts: &ShopFacts, result: &Reconciliation, key: &str) -> (Vec<String>, Vec<String>) {
    let digits = code_parts(key, CodeKind::Cart).map(|parts| parts.digits);
    let names = |code: &str, kind| digits.is_some() && code_parts(code, kind).map(|parts| parts.digits) == digits;
    let mut orders: Vec<String> = facts
        .payments
        .iter()
        .filter(|p| p.order_id.as_str() == key || p.newest().is_some_and(|o| names(&o.booking_ref, CodeKind::Cart)))
        .map(|p| p.order_id.to_string())
        .collect();
    let in_group = |carts: &[String], orders: &[String], f: &Finding| touches(f, orders, carts);
    let mut carts: Vec<String> = facts
        .bookings
        .iter()
        .filter(|b| {
            names(b.cart.as_str(), CodeKind::Cart)
                || b.lines.iter().any(|line| names(line.product_code.as_str(), CodeKind::Product))
                || b.lines.iter().any(|line| orders.iter().any(|order| **order == *line.transaction_id))
                || b.entries.iter().any(|entry| orders.iter().any(|order| **order == *entry.transaction_id))
        })
        .map(|b| b.cart.to_string())
        .collect();
    let groups = result.findings.iter().filter(|f| in_group(&carts, &orders, f)).map(|f| &f.group);
    let groups = groups.chain(result.matched.iter().filter(|group| {
        group.payments.iter().any(|p| orders.contains(&p.order_id.to_string()))
            || group.booking.as_ref().is_some_and(|b| carts.contains(&b.cart.to_string()))
    }));
    let mut more_orders = Vec::new();
    let mut more_carts = Vec::new();
    for group in groups {
        more_orders.extend(group.payments.iter().map(|p| p.order_id.to_string()));
        more_carts.extend(group.booking.iter().map(|b| b.cart.to_string()));
    }
    orders.extend(more_orders);
    carts.extend(more_carts);
    (orders, carts)
}

fn touches(finding: &Finding, orders: &[String], carts: &[String]) -> bool {
    finding.group.payments.iter().any(|p| orders.contains(&p.order_id.to_string()))
        || finding.group.booking.as_ref().is_some_and(|b| carts.contains(&b.cart.to_string()))
}

fn payment_lines(language: Language, payment: &Payment) -> Vec<String> {
    let events = reconcile::money_events(payment);
    let mut lines = vec![format!(
        "  {} {}  {} ¥{}",
        pick(language, "取引", "payment"),
        payment.order_id,
        pick(language, "残高", "held"),
        events.held
    )];
    for o in &payment.observations {
        lines.push(format!(
            "    {}  {}  ¥{}  H={}  {}:{}",
            o.at,
            o.status.label(),
            o.amount,
            o.booking_ref,
            o.source.file,
            o.source.line
        ));
    }
    for event in &events.list {
        let kind = match event.kind {
            EventKind::Sale => pick(language, "売上", "sale"),
            EventKind::Change => pick(language, "金額変更", "change"),
            EventKind::Refund => pick(language, "返金", "refund"),
        };
        lines.push(format!("    → {} {kind} ¥{}", event.day, event.amount));
    }
    lines
}

fn booking_lines(language: Language, booking: &Booking) -> Vec<String> {
    let mut lines = vec![format!("  {} {}", pick(language, "予約", "booking"), booking.cart)];
    for line in &booking.lines {
        let total = match &line.total {
            Price::Yen(yen) => format!("¥{yen}"),
            Price::Foreign { currency, written } => format!("{currency} {written}"),
        };
        lines.push(format!(
            "    {}  {} / {}  {total}  {} {}  {}  {}:{}",
            line.product_code,
            line.status.word(),
            line.payment_status.word(),
            pick(language, "出発", "starts"),
            line.start_at.map_or_else(|| "—".to_owned(), |at| at.to_string()),
            line.product,
            line.source.file,
            line.source.line
        ));
    }
    lines
}

fn finding_lines(language: Language, finding: &Finding) -> Vec<String> {
    vec![
        format!("  {} {}: {}", finding.id, code_name(language, finding.code), reason(language, finding)),
        format!("    {}", next_step(language, finding)),
    ]
}
