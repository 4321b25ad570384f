//! SPEC §5 again, as simple as it can be said: every list is walked, nothing is looked up, nothing is kept.
//! Written from the contract; it shares no code and no type with the product.

use super::merchant::{Content, LineRow, ListRow, Merchant, PaymentRow, Shop};
use chrono::{Days, NaiveDate, NaiveDateTime};
use unicode_normalization::UnicodeNormalization;

/// Labels by what they mean for money (SPEC §5.1), each with its API code.
const TAKEN: &[&str] = &["即時売上", "実売上", "決済完了", "支払い完了", "capture", "sales", "paysuccess"];
const REVERSED: &[&str] =
    &["取消", "返品", "月跨り返品", "月跨ぎ返品", "月跨返品", "キャンセル", "void", "return", "returnx", "cancel"];
const OVER_THE_MONTH: &[&str] = &["月跨り返品", "月跨ぎ返品", "月跨返品", "returnx"];
const NONE: &[&str] = &[
    "未決済",
    "未決済(3d登録済)",
    "未決済(3ds登録済)",
    "有効性チェック",
    "要求成功",
    "決済失敗",
    "期限切れ",
    "仮売上取消",
    "取引停止",
    "取引中",
    "認証処理中",
    "unprocessed",
    "authenticated",
    "check",
    "reqsuccess",
    "payfail",
    "expired",
    "stop",
    "trading",
    "authprocess",
];
const HELD_ONLY: &[&str] = &["仮売上", "簡易オーソリ", "auth", "sauth"];
const PENDING: &[&str] = &[
    "返品受付",
    "キャンセル受付",
    "注文金額変更受付",
    "注文確定受付",
    "決済開始",
    "reqreturn",
    "reqcancel",
    "reqchange",
    "reqsales",
    "paystart",
];

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Money {
    Taken,
    Reversed { over_the_month: bool },
    None,
    HeldOnly,
    Pending,
    Unknown,
}

/// Width, case and spaces folded.
pub(crate) fn fold(text: &str) -> String {
    text.nfkc().filter(|sign| !sign.is_whitespace()).collect::<String>().to_lowercase()
}

fn money(label: &str) -> Money {
    let label = fold(label);
    let is = |list: &[&str]| list.contains(&label.as_str());
    match () {
        () if is(TAKEN) => Money::Taken,
        () if is(REVERSED) => Money::Reversed { over_the_month: is(OVER_THE_MONTH) },
        () if is(NONE) => Money::None,
        () if is(HELD_ONLY) => Money::HeldOnly,
        () if is(PENDING) => Money::Pending,
        () => Money::Unknown,
    }
}

/// A code without width, case, spaces and hyphens.
pub(crate) fn code(text: &str) -> String {
    fold(text).to_uppercase().replace('-', "")
}

/// Letters in front and digits without leading zeros; nothing where the code has another form.
pub(crate) fn prefix_and_digits(text: &str, product: bool) -> Option<(String, String)> {
    let text = code(text);
    let digits_at = text.find(|sign: char| sign.is_ascii_digit())?;
    let (mut prefix, digits) = text.split_at(digits_at);
    if !digits.chars().all(|sign| sign.is_ascii_digit()) || !prefix.chars().all(|sign| sign.is_ascii_alphabetic()) {
        return None;
    }
    if product && let Some(rest) = prefix.strip_suffix('T') {
        prefix = rest;
    }
    let digits = digits.trim_start_matches('0');
    Some((prefix.to_owned(), if digits.is_empty() { "0".to_owned() } else { digits.to_owned() }))
}

/// One payment with all that was observed of it.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) shop: String,
    pub(crate) order: String,
    /// Ordered by time, each content once.
    pub(crate) seen: Vec<PaymentRow>,
    /// Kind, day, yen.
    pub(crate) events: Vec<(Event, NaiveDate, i64)>,
    /// What is held now.
    pub(crate) held: i64,
    /// Whether money was ever taken, seen or deduced.
    pub(crate) taken: bool,
    /// Date of the current sale.
    pub(crate) sale: Option<NaiveDate>,
    /// Rule 5.
    pub(crate) reverted: bool,
    /// Rule 6, not settled by a later row.
    pub(crate) conflict: bool,
}

/// What moves money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Sale,
    Change,
    Refund,
}

fn amount(row: &PaymentRow) -> i64 {
    row.amount + row.tax.unwrap_or(0)
}

impl Payment {
    pub(crate) fn newest(&self) -> &PaymentRow {
        self.seen.last().expect("a payment was observed")
    }

    /// Column H of the newest row that has one.
    pub(crate) fn reference(&self) -> &str {
        let written = self.seen.iter().rev().map(|row| row.reference.trim());
        written.into_iter().find(|text| !text.is_empty()).unwrap_or("")
    }

    /// Of the newest label; while something is pending, what was held before it is still held.
    pub(crate) fn money(&self) -> Money {
        let newest = money(&self.newest().label);
        let settled: Vec<Money> =
            self.seen.iter().map(|row| money(&row.label)).filter(|m| *m != Money::Pending).collect();
        if newest == Money::Pending && settled.last() == Some(&Money::HeldOnly) { Money::HeldOnly } else { newest }
    }

    pub(crate) fn day(&self) -> NaiveDate {
        self.newest().at.date()
    }

    pub(crate) fn in_period(&self, merchant: &Merchant) -> bool {
        self.seen.iter().any(|row| (merchant.from..=merchant.to).contains(&row.at.date()))
    }
}

/// All payments, out of every file.
pub(crate) fn payments(merchant: &Merchant) -> Vec<Payment> {
    let mut payments: Vec<Payment> = Vec::new();
    for file in &merchant.files {
        let Content::Payments(rows) = &file.content else { continue };
        for row in rows {
            let known = payments.iter_mut().find(|payment| payment.shop == row.shop && payment.order == row.order);
            match known {
                Some(payment) => payment.seen.push(row.clone()),
                None => payments.push(Payment {
                    shop: row.shop.clone(),
                    order: row.order.clone(),
                    seen: vec![row.clone()],
                    events: Vec::new(),
                    held: 0,
                    taken: false,
                    sale: None,
                    reverted: false,
                    conflict: false,
                }),
            }
        }
    }
    for payment in &mut payments {
        // At one time: by content, so that no file decides what is newest.
        payment.seen.sort_by_key(|row| (row.at, same_label(&row.label), amount(row), row.reference.clone()));
        follow_the_money(payment);
    }
    payments
}

/// SPEC §5.2.
fn follow_the_money(payment: &mut Payment) {
    let (settled, conflict) = settled(&payment.seen);
    payment.conflict = conflict;
    let mut current: Option<i64> = None;
    let mut reversed = false;
    let mut doubtful: Option<NaiveDate> = None;
    for moment in settled {
        let row = match moment {
            Moment::Says(row) => row,
            Moment::Doubtful(day) => {
                if current.is_none() && doubtful.is_none() {
                    doubtful = Some(day);
                }
                continue;
            }
        };
        let at = row.at;
        let day = at.date();
        match (money(&row.label), current) {
            (Money::Taken, None) => {
                payment.events.push((Event::Sale, day, amount(&row)));
                payment.sale = Some(doubtful.take().unwrap_or(day));
                payment.reverted |= reversed;
                payment.taken = true;
                current = Some(amount(&row));
            }
            (Money::Taken, Some(before)) => {
                if before != amount(&row) {
                    payment.events.push((Event::Change, day, amount(&row) - before));
                }
                current = Some(amount(&row));
            }
            (Money::Reversed { .. }, Some(before)) => {
                payment.events.push((Event::Refund, day, -before));
                current = None;
                reversed = true;
            }
            (Money::Reversed { over_the_month }, None) => {
                if !reversed {
                    if !over_the_month {
                        payment.events.push((Event::Sale, day, amount(&row)));
                    }
                    payment.events.push((Event::Refund, day, -amount(&row)));
                    payment.taken = true;
                }
                doubtful = None;
                reversed = true;
            }
            (Money::None | Money::HeldOnly | Money::Pending | Money::Unknown, _) => {}
        }
    }
    payment.held = current.unwrap_or(0);
}

/// What a moment of a payment says.
enum Moment {
    Says(PaymentRow),
    /// Money was taken on this day, of an amount in doubt.
    Doubtful(NaiveDate),
}

/// Rule 6, oldest first, and whether the newest moment contradicts itself. What becomes of a contradiction that a later
/// row settled is open in SPEC §5.2: the product believes the row with the next later amount, a sale first; where there
/// is none, it believes no amount, but that money was taken that day if every row says so.
fn settled(seen: &[PaymentRow]) -> (Vec<Moment>, bool) {
    let mut times: Vec<NaiveDateTime> = seen.iter().map(|row| row.at).collect();
    times.dedup();
    let mut moments = Vec::new();
    let mut later: Option<i64> = None;
    for at in times.into_iter().rev() {
        let rows: Vec<&PaymentRow> = seen.iter().filter(|row| row.at == at).collect();
        let same = |one: &PaymentRow, other: &PaymentRow| {
            same_label(&one.label) == same_label(&other.label) && amount(one) == amount(other)
        };
        let believed = if rows.iter().all(|row| same(row, rows[0])) {
            Some(rows[0])
        } else {
            let Some(later) = later else { return (Vec::new(), true) };
            let fitting = || rows.iter().filter(|row| amount(row) == later);
            let sale = fitting().find(|row| money(&row.label) == Money::Taken);
            sale.or_else(|| fitting().min_by_key(|row| same_label(&row.label))).copied()
        };
        match believed {
            Some(row) => {
                later = Some(amount(row));
                moments.push(Moment::Says(row.clone()));
            }
            None if rows.iter().all(|row| money(&row.label) == Money::Taken) => {
                moments.push(Moment::Doubtful(at.date()))
            }
            None => {}
        }
    }
    moments.reverse();
    (moments, false)
}

/// Two spellings of one label are one label.
fn same_label(label: &str) -> String {
    let folded = fold(label);
    let pairs = [
        ("月跨ぎ返品", "月跨り返品"),
        ("月跨返品", "月跨り返品"),
        ("returnx", "月跨り返品"),
        ("capture", "即時売上"),
        ("sales", "実売上"),
        ("void", "取消"),
        ("return", "返品"),
        ("cancel", "キャンセル"),
        ("auth", "仮売上"),
        ("payfail", "決済失敗"),
        ("未決済(3ds登録済)", "未決済(3d登録済)"),
    ];
    pairs.iter().find(|(from, _)| *from == folded).map_or(folded, |(_, to)| (*to).to_owned())
}

/// The state of a cart or of a line (SPEC §5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Waiting,
    Cancelled,
    Dead,
}

/// One cart as the files say now.
#[derive(Clone, Debug)]
pub(crate) struct Cart {
    pub(crate) code: String,
    pub(crate) folder: Option<String>,
    pub(crate) lines: Vec<LineRow>,
    /// Rows of the payment list.
    pub(crate) list: Vec<ListRow>,
    rank: (usize, NaiveDateTime, bool),
}

fn line_state(line: &LineRow) -> State {
    match fold(&line.status).replace(['_', '-'], "").as_str() {
        "confirmed" | "arrived" | "noshow" => State::Live,
        "pending" | "reserved" | "requested" | "cart" => State::Waiting,
        "cancelled" => State::Cancelled,
        "timeout" | "aborted" | "error" | "rejected" => State::Dead,
        other => panic!("the generator does not write {other}"),
    }
}

fn state(lines: &[LineRow]) -> State {
    let any = |wanted| lines.iter().any(|line| line_state(line) == wanted);
    match () {
        () if any(State::Live) => State::Live,
        () if any(State::Waiting) => State::Waiting,
        () if any(State::Cancelled) => State::Cancelled,
        () => State::Dead,
    }
}

impl Cart {
    pub(crate) fn state(&self) -> State {
        state(&self.lines)
    }

    /// Lines neither cancelled nor dead.
    pub(crate) fn standing(&self) -> Vec<&LineRow> {
        let stands = |line: &&LineRow| matches!(line_state(line), State::Live | State::Waiting);
        self.lines.iter().filter(stands).collect()
    }

    pub(crate) fn created(&self) -> NaiveDate {
        self.created_at().date()
    }

    pub(crate) fn created_at(&self) -> NaiveDateTime {
        self.lines.iter().map(|line| line.created).min().expect("a cart has lines")
    }

    pub(crate) fn start(&self) -> Option<NaiveDate> {
        let start = |lines: &[&LineRow]| lines.iter().filter_map(|line| line.start).map(|at| at.date()).min();
        start(&self.standing()).or_else(|| start(&self.lines.iter().collect::<Vec<_>>()))
    }

    pub(crate) fn foreign(&self) -> bool {
        let standing = self.standing();
        match standing.is_empty() {
            false => standing.iter().any(|line| line.currency != "JPY"),
            true => self.lines.iter().any(|line| line.currency != "JPY"),
        }
    }

    pub(crate) fn web(&self) -> Vec<&ListRow> {
        self.list
            .iter()
            .filter(|row| ["webpayment", "ウェブ決済"].contains(&&*fold(&row.kind).replace('_', "")))
            .collect()
    }

    /// Whether a file states that money was paid by web.
    pub(crate) fn says_paid(&self) -> bool {
        let listed = self.web().into_iter().any(|row| row.currency == "JPY" && row.amount > 0);
        listed || self.lines.iter().any(|line| line.paid.is_some_and(|paid| paid > 0))
    }

    pub(crate) fn transactions(&self) -> Vec<&str> {
        let lines = self.lines.iter().map(|line| line.transaction.as_str());
        let list = self.list.iter().map(|row| row.transaction.as_str());
        lines.chain(list).filter(|id| !id.is_empty()).collect()
    }

    /// The payment status. Of several, open in SPEC §5.4, the product takes the one of a standing line that claims most.
    pub(crate) fn payment_status(&self) -> &'static str {
        let standing = self.standing();
        let lines: Vec<&LineRow> = if standing.is_empty() { self.lines.iter().collect() } else { standing };
        let says = |word: &str| lines.iter().any(|l| fold(&l.payment_status).replace(['_', '-'], "") == word);
        let order = ["deposit", "paidinfull", "overpaid", "refund", "invoiced", "notpaid", "free"];
        order.into_iter().find(|word| says(word)).expect("a known payment status")
    }

    pub(crate) fn has_status(&self, words: &[&str]) -> bool {
        words.contains(&self.payment_status())
    }

    pub(crate) fn is_in(&self, merchant: &Merchant) -> bool {
        (merchant.from..=merchant.to).contains(&self.created())
    }
}

/// All carts. Which snapshot is the later one is open in SPEC §4.2: the product compares how far the cart has come
/// (waiting, live or dead, cancelled), then the newest Creation date in the file, then the arrival.
pub(crate) fn carts(merchant: &Merchant) -> Vec<Cart> {
    let mut carts: Vec<Cart> = Vec::new();
    for file in &merchant.files {
        let Content::Bookings(rows) = &file.content else { continue };
        let Some(reach) = rows.iter().map(|row| row.created).max() else { continue };
        let mut done: Vec<String> = Vec::new();
        for row in rows {
            if done.contains(&code(&row.cart)) {
                continue;
            }
            done.push(code(&row.cart));
            let lines: Vec<LineRow> =
                rows.iter().filter(|other| code(&other.cart) == code(&row.cart)).cloned().collect();
            let cancelled = lines.iter().filter(|line| line_state(line) == State::Cancelled).count();
            let is_settled = matches!(state(&lines), State::Live | State::Dead);
            let cart = Cart {
                code: row.cart.clone(),
                folder: file.folder.clone(),
                lines,
                list: Vec::new(),
                rank: (cancelled, reach, is_settled),
            };
            match carts.iter_mut().find(|known| code(&known.code) == code(&cart.code)) {
                Some(known) if known.rank <= cart.rank => *known = cart,
                Some(_) => {}
                None => carts.push(cart),
            }
        }
    }
    for file in &merchant.files {
        let Content::PaymentList(rows) = &file.content else { continue };
        for row in rows {
            if let Some(cart) = carts.iter_mut().find(|cart| code(&cart.code) == code(&row.cart)) {
                cart.list.retain(|known| row.reference.is_empty() || known.reference != row.reference);
                cart.list.push(row.clone());
            }
        }
    }
    carts
}

/// SPEC §4.3 without its first rule: the sub-folder, the prefixes, the only shop.
pub(crate) fn place(cart: &Cart, merchant: &Merchant) -> Option<String> {
    if let Some(folder) = &cart.folder {
        return Some(folder.clone());
    }
    let prefix = prefix_and_digits(&cart.code, false).map(|(prefix, _)| prefix);
    let owners: Vec<&Shop> = merchant
        .shops
        .iter()
        .filter(|shop| prefix.as_ref().is_some_and(|prefix| shop.prefixes.contains(prefix)))
        .collect();
    match (owners.as_slice(), merchant.shops.as_slice()) {
        ([shop], _) => Some(shop.id.clone()),
        ([], [only]) => Some(only.id.clone()),
        _ => None,
    }
}

/// `day` and `days` more.
pub(crate) fn after(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_days(Days::new(u64::try_from(days).expect("a span"))).expect("a day of this era")
}
