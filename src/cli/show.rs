//! `show KEY`: everything known of one booking number or Order ID.

use super::lists::with_store;
use super::notices::pick;
use super::{Exit, print_json};
use crate::domain::booking::{Booking, PaymentEntry, Price};
use crate::domain::dates::{Day, Period};
use crate::domain::finding::Note;
use crate::domain::ids::OrderId;
use crate::domain::intake::Source;
use crate::domain::payment::{EventKind, Payment};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{Expiring, Finding, Operation, Reconciliation, ShopFacts, Window};
use crate::domain::text::{CodeKind, code_parts};
use crate::locale::Language;
use crate::locale::findings::{code_name, days_left_words, next_step, reason};
use crate::locale::sheets::{ASSIGNEE, MEMO, WORK_STATE, sale_unseen, work_state, yen};
use crate::reconcile;
use crate::report::json::{cancellation, finding};
use crate::run::{Workshop, place};
use crate::store::{Store, StoreError};
use serde_json::{Value, json};
use std::collections::HashSet;

/// What one shop knows of a key.
struct Known<'a> {
    shop: &'a Shop,
    payments: Vec<&'a Payment>,
    bookings: Vec<&'a Booking>,
    cancellation: Vec<&'a Expiring>,
    findings: Vec<&'a Finding>,
    as_of: Day,
}

/// Shows what is known of `key`: a booking number with or without prefix, a product code, or an Order ID.
pub(super) fn show(workshop: &Workshop, key: &str, as_json: bool) -> Exit {
    let language = workshop.language();
    with_store(workshop, |store| {
        let is_known = if as_json {
            let shops = known(workshop, store, key, |shop| vec![known_json(language, shop)])?;
            if print_json(&json!({"schema": 1, "key": key, "shops": shops})).is_err() {
                return Ok(Exit::Failed);
            }
            !shops.is_empty()
        } else {
            let lines = known(workshop, store, key, |shop| known_lines(language, shop))?;
            lines.iter().for_each(|line| say!("{line}"));
            !lines.is_empty()
        };
        if is_known {
            return Ok(Exit::Completed);
        }
        let ja = "該当する取引・予約はありません。番号を確かめるか、まだ inbox にあれば totsugo ingest で取り込んでください。";
        let en = "no such payment or booking. Look at the number; if its export still lies in the inbox, use totsugo ingest.";
        complain!("{key}: {}", pick(language, ja, en));
        Ok(Exit::Attention)
    })
}

/// What `told` makes of each shop that knows `key`.
fn known<T>(
    workshop: &Workshop,
    store: &Store,
    key: &str,
    told: impl Fn(&Known<'_>) -> Vec<T>,
) -> Result<Vec<T>, StoreError> {
    let placed = place(&workshop.config, store.facts()?, None)?;
    let today = workshop.today();
    let mut out = Vec::new();
    let Some(period) = Period::named("month-to-date", today) else { return Ok(out) };
    for shop in workshop.config.shops.iter().map(|shop| &shop.shop) {
        let facts = placed.facts(&shop.id)?;
        let result = reconcile::reconcile(
            shop,
            &facts,
            &store.findings(Some(&shop.id))?,
            &[],
            &workshop.config.calendar,
            period,
            today,
        );
        let related = Related::to(key, shop, &facts, &result);
        let named = |payment: &OrderId| related.orders.contains(payment.as_str());
        let known = Known {
            shop,
            payments: facts.payments.iter().filter(|p| named(&p.order_id)).collect(),
            bookings: facts.bookings.iter().filter(|b| related.carts.contains(b.cart.as_str())).collect(),
            cancellation: result.cancellation.iter().filter(|line| named(&line.payment.order_id)).collect(),
            findings: result.findings.iter().filter(|f| related.touches(f)).collect(),
            as_of: today,
        };
        if !known.payments.is_empty() || !known.bookings.is_empty() {
            out.extend(told(&known));
        }
    }
    Ok(out)
}

fn known_lines(language: Language, known: &Known<'_>) -> Vec<String> {
    let mut out = vec![format!("{} {}", known.shop.id, known.shop.name)];
    for payment in &known.payments {
        out.extend(payment_lines(language, payment));
        out.extend(deadline(known, payment).map(|window| format!("    {}", deadline_words(language, &window))));
    }
    for booking in &known.bookings {
        out.extend(booking_lines(language, booking));
        out.extend(booking.entries.iter().map(|entry| entry_line(language, entry)));
    }
    known.findings.iter().for_each(|finding| out.extend(finding_lines(language, finding)));
    out
}

/// The same as a document; findings and windows as in `run --json`, with reason and next step.
fn known_json(language: Language, known: &Known<'_>) -> Value {
    let source = |source: &Source| format!("{}:{}", source.file, source.line);
    let payments = known.payments.iter().map(|payment| {
        let events = reconcile::money_events(payment);
        let observations = payment.observations.iter().map(|o| {
            json!({"at": o.at.to_string(), "status": o.status.label(), "yen": o.amount.get(),
                   "booking_ref": &*o.booking_ref, "source": source(&o.source)})
        });
        let moved = events.list.iter().map(|event| {
            let kind = match event.kind {
                EventKind::Sale => "sale",
                EventKind::Change => "change",
                EventKind::Refund => "refund",
            };
            json!({"day": event.day.to_string(), "kind": kind, "yen": event.amount.get()})
        });
        json!({"order_id": payment.order_id.to_string(), "held_yen": events.held.get(),
               "observations": observations.collect::<Vec<_>>(), "events": moved.collect::<Vec<_>>()})
    });
    let bookings = known.bookings.iter().map(|booking| {
        let lines = booking.lines.iter().map(|line| {
            let (total, currency) = match &line.total {
                Price::Yen(yen) => (yen.get().to_string(), "JPY"),
                Price::Foreign { currency, written } => (written.to_string(), &**currency),
            };
            json!({"product_code": line.product_code.to_string(), "status": line.status.word(),
                   "payment_status": line.payment_status.word(), "total": total, "currency": currency,
                   "start_at": line.start_at.map(|at| at.to_string()), "product": &*line.product,
                   "source": source(&line.source)})
        });
        json!({"cart": booking.cart.to_string(), "lines": lines.collect::<Vec<_>>()})
    });
    let findings = known.findings.iter().map(|found| {
        json!({"finding": finding(found), "reason": reason(language, found), "next_step": next_step(language, found)})
    });
    json!({
        "shop_id": known.shop.id.as_str(), "payments": payments.collect::<Vec<_>>(),
        "bookings": bookings.collect::<Vec<_>>(),
        "cancellation": known.cancellation.iter().map(|line| cancellation(line)).collect::<Vec<_>>(),
        "findings": findings.collect::<Vec<_>>(),
    })
}

/// The payments and bookings that a key stands for.
#[derive(Default)]
struct Related<'f> {
    orders: HashSet<&'f str>,
    carts: HashSet<&'f str>,
}

impl<'f> Related<'f> {
    /// Those that `key` names, and those that belong to them or stand with them in a finding.
    fn to(key: &str, shop: &Shop, facts: &'f ShopFacts, result: &'f Reconciliation) -> Self {
        let digits = code_parts(key, CodeKind::Cart).map(|parts| parts.digits);
        let names = |code: &str, kind| digits.is_some() && code_parts(code, kind).map(|parts| parts.digits) == digits;
        let mut related = Self::default();
        let named = |p: &&Payment| p.order_id.as_str() == key || names(reconcile::column_h(p), CodeKind::Cart);
        related.orders.extend(facts.payments.iter().filter(named).map(|p| p.order_id.as_str()));
        let is_named = |booking: &Booking| {
            let mut ids = booking.lines.iter().map(|line| &*line.transaction_id);
            let mut listed = booking.entries.iter().map(|entry| &*entry.transaction_id);
            names(booking.cart.as_str(), CodeKind::Cart)
                || booking.lines.iter().any(|line| names(line.product_code.as_str(), CodeKind::Product))
                || ids.any(|id| related.orders.contains(id))
                || listed.any(|id| related.orders.contains(id))
        };
        related.carts.extend(facts.bookings.iter().filter(|booking| is_named(booking)).map(|b| b.cart.as_str()));
        let pairs = reconcile::pairs(shop, facts);
        let pairs: Vec<_> = pairs.iter().map(|(p, booking)| (p.order_id.as_str(), booking.cart.as_str())).collect();
        let led_to = pairs.iter().filter(|(order, _)| related.orders.contains(order));
        related.carts.extend(led_to.map(|(_, cart)| *cart));
        let paid_by = pairs.iter().filter(|(_, cart)| related.carts.contains(cart));
        related.orders.extend(paid_by.map(|(order, _)| *order));
        let together: Vec<_> = result.findings.iter().filter(|f| related.touches(f)).map(|f| &f.group).collect();
        related.orders.extend(together.iter().flat_map(|group| &group.payments).map(|p| p.order_id.as_str()));
        related.carts.extend(together.iter().filter_map(|group| group.booking.as_ref()).map(|b| b.cart.as_str()));
        related
    }

    fn touches(&self, finding: &Finding) -> bool {
        finding.group.payments.iter().any(|p| self.orders.contains(p.order_id.as_str()))
            || finding.group.booking.as_ref().is_some_and(|b| self.carts.contains(b.cart.as_str()))
    }
}

fn price(price: &Price) -> String {
    match price {
        Price::Yen(amount) => yen(*amount),
        Price::Foreign { currency, written } => format!("{currency} {written}"),
    }
}

/// The cancellation window of what `payment` holds, however far away its end is.
fn deadline(known: &Known<'_>, payment: &Payment) -> Option<Window> {
    let events = reconcile::money_events(payment);
    reconcile::window_of(events.held, events.sale_date, &known.shop.policy, known.as_of)
}

fn deadline_words(language: Language, window: &Window) -> String {
    let Window { last_safe_day: safe, last_possible_day: last, days_left, operation, .. } = window;
    let left = match (operation, days_left) {
        (Operation::Closed, _) => pick(language, "期限切れ", "closed").to_owned(),
        (_, ..=-1) => pick(language, "安全期限を過ぎています", "the safe day has passed").to_owned(),
        (_, days) => days_left_words(language, *days),
    };
    match language {
        Language::Ja => format!("取消期限: 安全期限 {safe}・最終期限 {last}（{left}）"),
        Language::En => format!("cancel by: last safe day {safe}, last possible day {last} ({left})"),
    }
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
            "    {}  {}  ¥{}  {}: {}  {}:{}",
            o.at,
            o.status.label(),
            o.amount,
            pick(language, "加盟店自由項目1", "column H"),
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
        lines.push(format!("    → {} {kind} {}", event.day, yen(event.amount)));
    }
    lines.extend(sale_unseen(language, events.estimated, events.lacks_sale()).map(|mark| format!("    ! {mark}")));
    lines
}

fn booking_lines(language: Language, booking: &Booking) -> Vec<String> {
    let mut lines = vec![format!("  {} {}", pick(language, "予約", "booking"), booking.cart)];
    for line in &booking.lines {
        lines.push(format!(
            "    {}  {} / {}  {}  {} {}  {}  {}:{}",
            line.product_code,
            line.status.word(),
            line.payment_status.word(),
            price(&line.total),
            pick(language, "出発", "starts"),
            line.start_at.map_or_else(|| "—".to_owned(), |at| at.to_string()),
            line.product,
            line.source.file,
            line.source.line
        ));
    }
    lines
}

/// A row of the payment list: these decide what the booking should have brought, where there are any.
fn entry_line(language: Language, entry: &PaymentEntry) -> String {
    let mut line = format!("    {}", pick(language, "支払一覧", "payment list"));
    let amount = price(&entry.amount);
    let (at, kind) = (entry.at.to_string(), entry.payment_type.word());
    for part in [&*entry.reference, &at, kind, &amount, &entry.transaction_id].into_iter().filter(|p| !p.is_empty()) {
        line.push_str("  ");
        line.push_str(part);
    }
    format!("{line}  {}:{}", entry.source.file, entry.source.line)
}

fn finding_lines(language: Language, finding: &Finding) -> Vec<String> {
    let Note { state, assignee, text } = &finding.note;
    let noted = [
        (WORK_STATE, work_state(language, state).to_owned()),
        (ASSIGNEE, assignee.clone()),
        (MEMO, text.replace('\n', " / ")),
    ];
    let noted = noted.iter().filter(|(_, value)| !value.is_empty());
    let noted: Vec<String> = noted.map(|(name, value)| format!("{}: {value}", name.of(language))).collect();
    vec![
        format!("  {} {}: {}", finding.id, code_name(language, finding.code), reason(language, finding)),
        format!("    {}", next_step(language, finding)),
        format!("    {}", noted.join("  ")),
    ]
}
