//! SPEC §5.3 to §5.6 again: which payment belongs to which cart, what each group is, and what a report says.

use super::merchant::{Merchant, Shop};
use super::rules::{Cart, Event, Money, Payment, State, after, carts, fold, payments, place, prefix_and_digits};
use chrono::NaiveDateTime;
use std::collections::BTreeMap;

/// How a payment found its cart, if it did.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hit {
    Cart { at: usize, conflict: bool },
    Ambiguous,
    Nothing,
}

/// A booking with its payments, or a payment alone.
struct Group<'a> {
    cart: Option<&'a Cart>,
    payments: Vec<&'a Payment>,
    conflict: bool,
    ambiguous: bool,
}

/// What a group comes to.
enum Verdict {
    Finding {
        code: &'static str,
        severity: &'static str,
    },
    Matched,
    Awaiting,
    /// A live booking waits for its money, and its failed attempts with it.
    AwaitingMoney,
    /// The rule of the booking, the rule of its payments.
    Excluded {
        rule: String,
    },
}

/// What the report of each shop says, one line for each figure, sorted.
pub(crate) fn report(merchant: &Merchant) -> BTreeMap<String, Vec<String>> {
    let payments = payments(merchant);
    let carts = carts(merchant);
    let homes = homes(&carts, &payments, merchant);
    let hits: Vec<Hit> = payments.iter().map(|payment| find(payment, &carts, &homes, merchant)).collect();
    let mut report = BTreeMap::new();
    for shop in &merchant.shops {
        let mut groups = Vec::new();
        for (at, cart) in carts.iter().enumerate() {
            let is_mine = |hit: &Hit| matches!(hit, Hit::Cart { at: mine, .. } if *mine == at);
            let members: Vec<(&Payment, &Hit)> = payments.iter().zip(&hits).filter(|(_, hit)| is_mine(hit)).collect();
            if homes[at].as_ref() == Some(&shop.id) {
                let conflicting = |hit: &Hit| matches!(hit, Hit::Cart { conflict: true, .. });
                let conflict = members.iter().any(|(payment, hit)| conflicting(hit) && !is_attempt(payment, true));
                let payments = members.into_iter().map(|(payment, _)| payment).collect();
                groups.push(Group { cart: Some(cart), payments, conflict, ambiguous: false });
            }
        }
        for (payment, hit) in payments.iter().zip(&hits).filter(|(payment, _)| payment.shop == shop.id) {
            if !matches!(hit, Hit::Cart { .. }) {
                let ambiguous = *hit == Hit::Ambiguous;
                groups.push(Group { cart: None, payments: vec![payment], conflict: false, ambiguous });
            }
        }
        report.insert(shop.id.clone(), say(merchant, shop, &groups));
    }
    report
}

/// Where SPEC §4.3 puts a cart.
enum Place {
    In(String),
    /// Payments of several shops name it.
    Disputed,
    /// Neither a payment nor the configuration names it.
    Open,
}

fn sorted_shops(payments: &[Payment], of: impl Fn(&Payment) -> bool) -> Vec<String> {
    let mut shops: Vec<String> = payments.iter().filter(|payment| of(payment)).map(|one| one.shop.clone()).collect();
    shops.sort();
    shops.dedup();
    shops
}

/// The shop of the payment that names it, else the configuration.
fn named_place(cart: &Cart, payments: &[Payment], merchant: &Merchant) -> Place {
    let configured = place(cart, merchant);
    let by_id = sorted_shops(payments, |payment| cart.transactions().contains(&payment.order.as_str()));
    match by_id.as_slice() {
        [] => configured.map_or(Place::Open, Place::In),
        [only] => Place::In(only.clone()),
        several => configured.filter(|shop| several.contains(shop)).map_or(Place::Disputed, Place::In),
    }
}

fn number(code: &str, is_product: bool) -> Option<String> {
    prefix_and_digits(code, is_product).map(|(_, digits)| digits)
}

/// Of every cart its shop: where nothing names one, the shop whose payments hit it by number, if they are of one shop, no
/// booking names them, and no other booking of that shop is hit by the same key or one before.
fn homes(carts: &[Cart], payments: &[Payment], merchant: &Merchant) -> Vec<Option<String>> {
    let places: Vec<Place> = carts.iter().map(|cart| named_place(cart, payments, merchant)).collect();
    let has = |shop: &String, is_hit: &dyn Fn(&Cart) -> bool| {
        let mut others = carts.iter().zip(&places);
        others.any(|(other, place)| matches!(place, Place::In(of) if of == shop) && is_hit(other))
    };
    let is_named = |payment: &Payment| carts.iter().any(|cart| cart.transactions().contains(&payment.order.as_str()));
    let by_number = |cart: &Cart| {
        let hit = |wanted: &[String], is_product: bool| {
            let mut shops = Vec::new();
            for digits in wanted {
                let claims = |payment: &Payment| {
                    !is_named(payment) && number(payment.reference(), false).as_ref() == Some(digits)
                };
                let is_cart = |other: &Cart| number(&other.code, false).as_ref() == Some(digits);
                let is_answer = |other: &Cart| {
                    let of = |line: &super::merchant::LineRow| number(&line.product, true).as_ref() == Some(digits);
                    is_cart(other) || (is_product && other.lines.iter().any(of))
                };
                shops.extend(sorted_shops(payments, claims).into_iter().filter(|shop| !has(shop, &is_answer)));
            }
            shops.sort();
            shops.dedup();
            shops
        };
        let mut shops = hit(&number(&cart.code, false).into_iter().collect::<Vec<_>>(), false);
        if shops.is_empty() {
            let products: Vec<String> = cart.lines.iter().filter_map(|line| number(&line.product, true)).collect();
            shops = hit(&products, true);
        }
        if shops.len() == 1 { shops.pop() } else { None }
    };
    let home = |(cart, place): (&Cart, &Place)| match place {
        Place::In(shop) => Some(shop.clone()),
        Place::Disputed => None,
        Place::Open => by_number(cart),
    };
    carts.iter().zip(&places).map(home).collect()
}

/// SPEC §5.3.
fn find(payment: &Payment, carts: &[Cart], homes: &[Option<String>], merchant: &Merchant) -> Hit {
    let mine = |at: &usize| homes[*at].as_ref() == Some(&payment.shop);
    let named = |at: &usize| carts[*at].transactions().contains(&payment.order.as_str());
    let mut by_id: Vec<usize> = (0..carts.len()).filter(mine).filter(named).collect();
    let shop = merchant.shops.iter().find(|shop| shop.id == payment.shop).expect("a configured shop");
    let ours = |at: &usize| {
        prefix_and_digits(&carts[*at].code, false).is_some_and(|(prefix, _)| shop.prefixes.contains(&prefix))
    };
    // An Order ID that several carts name is open in SPEC §5.3: the prefix rule separates here as it does for digits.
    if by_id.iter().filter(|at| ours(at)).count() == 1 {
        by_id.retain(ours);
    }
    let written = prefix_and_digits(payment.reference(), false);
    let by_cart = by_digits(payment, carts, homes, merchant, written.as_ref(), false);
    match by_id.as_slice() {
        [at] => {
            let conflict = !by_cart.is_empty() && !by_cart.contains(at);
            return Hit::Cart { at: *at, conflict };
        }
        [] => {}
        _ => return Hit::Ambiguous,
    }
    match by_cart.as_slice() {
        [at] => return Hit::Cart { at: *at, conflict: false },
        [] => {}
        _ => return Hit::Ambiguous,
    }
    match by_digits(payment, carts, homes, merchant, written.as_ref(), true).as_slice() {
        [at] => Hit::Cart { at: *at, conflict: false },
        [] => Hit::Nothing,
        _ => Hit::Ambiguous,
    }
}

/// Carts of the payment's shop whose own digits, or a product's, are those of column H; where several are, those
/// that a prefix rule of the shop names.
fn by_digits(
    payment: &Payment,
    carts: &[Cart],
    homes: &[Option<String>],
    merchant: &Merchant,
    written: Option<&(String, String)>,
    product: bool,
) -> Vec<usize> {
    let Some((prefix, digits)) = written else { return Vec::new() };
    let shop = merchant.shops.iter().find(|shop| shop.id == payment.shop).expect("a configured shop");
    let mut found: Vec<(usize, String)> = Vec::new();
    for (at, cart) in carts.iter().enumerate() {
        if homes[at].as_ref() != Some(&shop.id) {
            continue;
        }
        let codes: Vec<&str> = match product {
            false => vec![&cart.code],
            true => cart.lines.iter().map(|line| line.product.as_str()).collect(),
        };
        for written in codes {
            let own = prefix_and_digits(&cart.code, false).map_or_else(String::new, |(prefix, _)| prefix);
            if prefix_and_digits(written, product).is_some_and(|(_, number)| number == *digits)
                && !found.iter().any(|(known, _)| *known == at)
            {
                found.push((at, own));
            }
        }
    }
    if found.len() > 1 && !prefix.is_empty() && found.iter().any(|(_, own)| own == prefix) {
        found.retain(|(_, own)| own == prefix);
    }
    // A prefix rule separates only what it leaves alone.
    if found.len() > 1 && found.iter().filter(|(_, own)| shop.prefixes.contains(own)).count() == 1 {
        found.retain(|(_, own)| shop.prefixes.contains(own));
    }
    found.into_iter().map(|(at, _)| at).collect()
}

impl Group<'_> {
    fn held(&self) -> i64 {
        self.payments.iter().map(|payment| payment.held).sum()
    }

    fn taken(&self) -> bool {
        self.payments.iter().any(|payment| payment.taken)
    }

    /// What the guest should have paid and not got back (SPEC §5.4).
    fn expected(&self) -> i64 {
        let Some(cart) = self.cart else { return 0 };
        if cart.foreign() {
            return 0;
        }
        let of_lines = || cart.standing().iter().map(|line| line.total).sum();
        self.stated().unwrap_or_else(of_lines)
    }

    /// What a file says of it, if that is not less than nothing.
    fn stated(&self) -> Option<i64> {
        let cart = self.cart?;
        let stated = if cart.lines.iter().any(|line| line.paid.is_some()) {
            let sum =
                |of: fn(&super::merchant::LineRow) -> Option<i64>| -> i64 { cart.lines.iter().filter_map(of).sum() };
            sum(|line| line.paid) - sum(|line| line.refunded)
        } else {
            // A list that names web payments in another currency alone states no yen.
            let web = cart.web();
            let in_yen: Vec<i64> = web.iter().filter(|row| row.currency == "JPY").map(|row| row.amount).collect();
            if in_yen.is_empty() && (cart.list.is_empty() || !web.is_empty()) {
                return None;
            }
            in_yen.iter().sum()
        };
        Some(stated).filter(|yen| *yen >= 0)
    }
}

/// How far each side's data reaches, for a shop.
struct Reach {
    payments: Option<NaiveDateTime>,
    bookings: Option<NaiveDateTime>,
}

/// A payment that came to nothing: never took money, and nothing is under way. It says nothing about its booking.
fn is_attempt(payment: &Payment, with_booking: bool) -> bool {
    let idle = match payment.money() {
        Money::None => true,
        Money::Pending => !with_booking,
        Money::Taken | Money::Reversed { .. } | Money::HeldOnly | Money::Unknown => false,
    };
    idle && !payment.taken && !payment.conflict
}

/// Whether the other side may simply lag (SPEC §5.4, awaiting).
fn may_wait(at: NaiveDateTime, other: Option<NaiveDateTime>, merchant: &Merchant, shop: &Shop) -> bool {
    let age = (merchant.as_of - at.date()).num_days();
    age <= shop.grace || (age <= shop.awaiting_max && other.is_none_or(|newest| at > newest))
}

fn finding(code: &'static str, severity: &'static str) -> Verdict {
    Verdict::Finding { code, severity }
}

fn judge(group: &Group<'_>, reach: &Reach, merchant: &Merchant, shop: &Shop) -> Verdict {
    if let Some(start) = shop.history_start {
        let old_cart = group.cart.is_none_or(|cart| cart.created() < start);
        if old_cart && group.payments.iter().all(|payment| payment.day() < start) {
            return Verdict::Excluded { rule: "before_history_start".to_owned() };
        }
    }
    if let Some(rule) = own_rule(group, shop) {
        return Verdict::Excluded { rule };
    }
    if group.payments.iter().any(|payment| payment.money() == Money::Unknown) {
        return finding("unknown_status", "high");
    }
    if group.payments.iter().any(|payment| payment.conflict) {
        return finding("observation_conflict", "high");
    }
    if group.conflict {
        return finding("key_conflict", "high");
    }
    if group.ambiguous && !is_attempt(group.payments[0], false) {
        return finding("ambiguous_booking", "high");
    }
    let held = group.held();
    let only_held = |payment: &&&Payment| payment.money() == Money::HeldOnly && !payment.taken;
    let stuck: Vec<&&Payment> = group.payments.iter().filter(only_held).collect();
    let Some(cart) = group.cart else {
        let payment = group.payments[0];
        let waits = may_wait(payment.newest().at, reach.bookings, merchant, shop);
        return match () {
            () if held > 0 && waits => Verdict::Awaiting,
            () if held > 0 => finding("payment_without_booking", "high"),
            () if !stuck.is_empty() && waits => Verdict::Awaiting,
            () if !stuck.is_empty() => finding("not_captured", "high"),
            () if payment.reverted => finding("status_reverted", "normal"),
            () if payment.taken => Verdict::Excluded { rule: "returned".to_owned() },
            () => Verdict::Excluded { rule: "no_money".to_owned() },
        };
    };
    with_booking(group, cart, held, &stuck, reach, merchant, shop)
}

/// A rule of the shop takes a booking out while no money moved, as far as is known (open in SPEC §5.4).
fn own_rule(group: &Group<'_>, shop: &Shop) -> Option<String> {
    let moved = |payment: &&Payment| payment.taken || payment.conflict || payment.money() == Money::Unknown;
    if group.payments.iter().any(moved) {
        return None;
    }
    let lines = &group.cart?.lines;
    let named =
        |channels: &[String]| lines.iter().any(|line| channels.iter().any(|one| fold(one) == fold(&line.channel)));
    shop.exclude.iter().find(|(_, channels)| named(channels)).map(|(name, _)| name.clone())
}

fn with_booking(
    group: &Group<'_>,
    cart: &Cart,
    held: i64,
    stuck: &[&&Payment],
    reach: &Reach,
    merchant: &Merchant,
    shop: &Shop,
) -> Verdict {
    let expected = group.expected();
    let state = cart.state();
    let free = cart.has_status(&["free"]) || cart.lines.iter().all(|line| line.currency == "JPY" && line.total == 0);
    let elsewhere = cart.has_status(&["invoiced"]) || (!cart.list.is_empty() && cart.web().is_empty());
    let not_paid = cart.has_status(&["notpaid"]);
    if cart.foreign() && held > 0 {
        return finding("currency_mismatch", "normal");
    }
    if state == State::Dead && held > 0 {
        return finding("paid_but_dead", "critical");
    }
    if state == State::Cancelled && held > expected {
        let worst = group.payments.iter().filter(|payment| payment.held > 0).filter_map(|payment| payment.sale).min();
        let left = worst.map_or(i64::MAX, |sale| (after(sale, shop.window - 1) - merchant.as_of).num_days());
        return finding("cancelled_not_refunded", if left <= shop.expiring { "critical" } else { "high" });
    }
    if state == State::Cancelled && held < expected {
        return finding("refund_mismatch", "high");
    }
    let live = state == State::Live;
    if live && held > expected && group.payments.iter().filter(|payment| payment.held > 0).count() > 1 {
        return finding("duplicate_payment", "critical");
    }
    if live && held > 0 && not_paid {
        return finding("notification_missing", "high");
    }
    if live && group.taken() && held == 0 {
        return finding("refunded_not_cancelled", "high");
    }
    if !group.taken() && !stuck.is_empty() {
        let waits = stuck.iter().all(|payment| may_wait(payment.newest().at, reach.bookings, merchant, shop));
        return if waits { Verdict::Awaiting } else { finding("not_captured", "high") };
    }
    let claims = cart.has_status(&["paidinfull", "deposit", "overpaid"]) && !free && !elsewhere;
    if live && !group.taken() && claims && (cart.foreign() || cart.says_paid() || expected > 0) {
        let waits = may_wait(cart.created_at(), reach.payments, merchant, shop);
        return if waits { Verdict::AwaitingMoney } else { finding("booking_without_payment", "high") };
    }
    let deposit = cart.has_status(&["deposit"]) && group.stated().is_none() && held > 0 && held <= expected;
    let comparable = !cart.foreign() && (group.taken() || !(free || elsewhere || not_paid));
    if live && comparable && held != expected && !deposit {
        return finding("amount_mismatch", "high");
    }
    if group.payments.iter().any(|payment| payment.reverted) {
        return finding("status_reverted", "normal");
    }
    if state == State::Waiting {
        return Verdict::Awaiting;
    }
    if group.taken() {
        return Verdict::Matched;
    }
    let rule = match state {
        _ if free => "free",
        _ if elsewhere => "not_web_payment",
        State::Live if not_paid => "not_paid",
        State::Cancelled => "cancelled_unpaid",
        State::Dead => "dead",
        State::Live | State::Waiting => "free",
    };
    Verdict::Excluded { rule: rule.to_owned() }
}

fn say(merchant: &Merchant, shop: &Shop, groups: &[Group<'_>]) -> Vec<String> {
    let mine = groups.iter().flat_map(|group| &group.payments);
    let reach = Reach {
        payments: mine.clone().map(|payment| payment.newest().at).max(),
        bookings: groups
            .iter()
            .filter_map(|group| group.cart)
            .flat_map(|cart| &cart.lines)
            .map(|line| line.created)
            .max(),
    };
    let mut lines = Vec::new();
    let [mut groups_matched, mut payments_matched, mut bookings_matched, mut yen_matched] = [0_i64; 4];
    let mut awaiting = (0, 0);
    let mut excluded: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let count = |cart: Option<&Cart>| i64::from(cart.is_some_and(|cart| cart.is_in(merchant)));
    for group in groups {
        let count_in = |of: &dyn Fn(&&&Payment) -> bool| {
            let inside = group.payments.iter().filter(|payment| payment.in_period(merchant)).filter(of).count();
            i64::try_from(inside).expect("few")
        };
        let attempt = |payment: &&&Payment| is_attempt(payment, group.cart.is_some());
        let (all, failed) = (count_in(&|_| true), count_in(&attempt));
        let verdict = judge(group, &reach, merchant, shop);
        windows(&mut lines, group, &verdict, merchant, shop);
        // Failed attempts stand apart from what their booking is, unless it waits for its money or is too old.
        let together = match &verdict {
            Verdict::Finding { code, .. } => *code == "booking_without_payment",
            Verdict::AwaitingMoney => true,
            Verdict::Excluded { rule } => rule == "before_history_start" || group.cart.is_none(),
            Verdict::Matched | Verdict::Awaiting => false,
        };
        let inside = if together { all } else { all - failed };
        if !together {
            excluded.entry("no_money".to_owned()).or_default().0 += failed;
        }
        match verdict {
            Verdict::Finding { code, severity } => {
                let members = group.payments.iter().filter(|payment| together || !attempt(payment));
                let mut orders: Vec<&str> = members.map(|payment| payment.order.as_str()).collect();
                orders.sort_unstable();
                let booking = group.cart.map_or("null", |cart| &cart.code);
                lines.push(format!(
                    "finding {code} {severity} {orders:?} {booking} gmo {} booking {} difference {}",
                    group.held(),
                    group.expected(),
                    group.held() - group.expected()
                ));
            }
            Verdict::Matched => {
                // An attempt that stands apart does not bring its group into the period either.
                if inside + count(group.cart) > 0 {
                    groups_matched += 1;
                    payments_matched += inside;
                    bookings_matched += count(group.cart);
                    yen_matched += group.held();
                }
            }
            Verdict::Awaiting | Verdict::AwaitingMoney => {
                awaiting.0 += inside;
                awaiting.1 += count(group.cart);
            }
            Verdict::Excluded { rule } => {
                let named = ["before_history_start", "OTA"].contains(&rule.as_str()) || group.cart.is_none();
                let payment_rule = if named { rule.clone() } else { "no_money".to_owned() };
                excluded.entry(payment_rule).or_default().0 += inside;
                excluded.entry(rule).or_default().1 += count(group.cart);
            }
        }
    }
    lines.push(format!("matched {groups_matched} {payments_matched} {bookings_matched} yen {yen_matched}"));
    lines.push(format!("awaiting {} {}", awaiting.0, awaiting.1));
    for (rule, (payments, bookings)) in excluded {
        if payments + bookings > 0 {
            lines.push(format!("excluded {rule} {payments} {bookings}"));
        }
    }
    lines.push(sales(mine, merchant));
    lines.sort();
    lines
}

fn sales<'a>(payments: impl Iterator<Item = &'a &'a Payment>, merchant: &Merchant) -> String {
    let [mut count, mut gross, mut refunds] = [0_i64; 3];
    for (kind, day, yen) in payments.flat_map(|payment| &payment.events) {
        if !(merchant.from..=merchant.to).contains(day) {
            continue;
        }
        count += i64::from(*kind == Event::Sale);
        if *yen > 0 {
            gross += yen;
        } else {
            refunds += yen;
        }
    }
    format!("sales {count} {gross} {refunds} {}", gross + refunds)
}

/// SPEC §5.5.
fn windows(lines: &mut Vec<String>, group: &Group<'_>, verdict: &Verdict, merchant: &Merchant, shop: &Shop) {
    if matches!(verdict, Verdict::Excluded { rule } if rule == "before_history_start") {
        return;
    }
    for payment in &group.payments {
        let Some(sale) = payment.sale.filter(|_| payment.held > 0) else { continue };
        let (safe, possible) = (after(sale, shop.window - 1), after(sale, shop.window));
        let left = (safe - merchant.as_of).num_days();
        if left > shop.expiring || possible < merchant.as_of {
            continue;
        }
        // Open in SPEC §5.5: a kept fee is not due; money of a dead booking is; who has travelled does not travel later.
        let risk = match group.cart {
            None => "no_booking",
            Some(cart) => {
                let kept = cart.state() == State::Cancelled && group.held() <= group.expected();
                let gone = matches!(cart.state(), State::Cancelled | State::Dead);
                match cart.start() {
                    _ if gone && !kept => "refund_due",
                    Some(start) if start < merchant.as_of => "travelled",
                    Some(start) if start > safe => "travels_later",
                    Some(_) | None => "not_travelled",
                }
            }
        };
        let booking = group.cart.map_or("null", |cart| &cart.code);
        lines.push(format!(
            "cancellation {} {booking} {risk} {sale} {safe} {possible} {left} {}",
            payment.order, payment.held
        ));
    }
}
