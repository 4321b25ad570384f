//! Random merchants: mostly what happens every day, often what should not, always within one seed.

use super::dice::Dice;
use super::merchant::{Content, File, LineRow, ListRow, Merchant, PaymentRow, Shop};
use chrono::{Duration, NaiveDate, NaiveDateTime};

const LABELS: &[&str] = &[
    "即時売上",
    "即時売上",
    "即時売上",
    "実売上",
    "CAPTURE",
    "即時 売上",
    "取消",
    "返品",
    "ＶＯＩＤ",
    "月跨り返品",
    "月跨ぎ返品",
    "月跨返品",
    "キャンセル",
    "ｷｬﾝｾﾙ",
    "決済失敗",
    "未決済",
    "未決済（3D登録済）",
    "仮売上",
    "簡易オーソリ",
    "仮売上取消",
    "返品受付",
    "決済完了",
    "未知の状態",
    "期限切れ",
];
const TAKEN: &[&str] = &["即時売上", "即時売上", "即時売上", "実売上", "CAPTURE", "決済完了", "即時 売上"];
const STATUSES: &[&str] = &[
    "CONFIRMED",
    "CONFIRMED",
    "CONFIRMED",
    "CONFIRMED",
    "Confirmed",
    "ARRIVED",
    "No show",
    "PENDING",
    "CART",
    "CANCELLED",
    "CANCELLED",
    "cancelled",
    "TIMEOUT",
    "ERROR",
    "REJECTED",
];
const PAYMENT_STATUSES: &[&str] = &[
    "PAID_IN_FULL",
    "PAID_IN_FULL",
    "PAID_IN_FULL",
    "Paid in full",
    "NOT_PAID",
    "DEPOSIT",
    "OVERPAID",
    "REFUND",
    "FREE",
    "INVOICED",
];
const PREFIXES: &[&str] = &["MZ", "KY", "NAG"];
const PRICES: &[i64] = &[3_000, 3_000, 5_000, 9_999, 12_000, 1, 0];

struct Maker {
    dice: Dice,
    merchant: Merchant,
    payments: Vec<PaymentRow>,
    lines: Vec<LineRow>,
    list: Vec<ListRow>,
}

/// The merchant of `seed`.
pub(crate) fn merchant(seed: u64) -> Merchant {
    let mut dice = Dice::new(seed);
    let as_of = day(2025, 3, 1) + Duration::days(dice.range(0, 500));
    let from = as_of - Duration::days(dice.range(1, 40));
    let to = from + Duration::days(dice.range(0, 40).min((as_of - from).num_days()));
    let shops = shops(&mut dice, as_of);
    let merchant = Merchant { shops, files: Vec::new(), as_of, from, to };
    let mut maker = Maker { dice, merchant, payments: Vec::new(), lines: Vec::new(), list: Vec::new() };
    for number in 0..maker.dice.range(4, 30) {
        maker.deal(number);
    }
    maker.files();
    maker.merchant
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day")
}

fn shops(dice: &mut Dice, as_of: NaiveDate) -> Vec<Shop> {
    let count = dice.range(1, 3);
    let several_prefixes = dice.chance(30);
    (0..count)
        .map(|number| Shop {
            id: format!("920000000000{}", number + 1),
            prefixes: match several_prefixes && count == 1 {
                true => vec!["MZ".to_owned(), "KY".to_owned()],
                false => vec![PREFIXES[usize::try_from(number).expect("small")].to_owned()],
            },
            exclude: if dice.chance(40) { vec![("OTA".to_owned(), vec!["Viator".to_owned()])] } else { Vec::new() },
            window: *dice.pick(&[365, 365, 180, 30]),
            expiring: *dice.pick(&[30, 30, 10, 0]),
            grace: *dice.pick(&[1, 1, 0, 3]),
            awaiting_max: *dice.pick(&[7, 7, 3, 10]),
            history_start: dice.chance(25).then(|| as_of - Duration::days(dice.range(3, 60))),
        })
        .collect()
}

impl Maker {
    /// A moment in the past, often close to an edge that a rule looks at.
    fn moment(&mut self) -> NaiveDateTime {
        let shop = self.merchant.shops[0].clone();
        let edges = [
            1,
            shop.grace,
            shop.grace + 1,
            shop.awaiting_max,
            shop.awaiting_max + 1,
            shop.window,
            shop.window - 1,
            shop.window + 1,
            shop.window - shop.expiring - 1,
            shop.window - shop.expiring,
            0,
            (self.merchant.as_of - self.merchant.from).num_days(),
            (self.merchant.as_of - self.merchant.to).num_days(),
        ];
        let back = match self.dice.range(1, 10) {
            1..=3 => *self.dice.pick(&edges),
            4 => self.dice.range(0, 400),
            _ => self.dice.range(0, 45),
        };
        let time = *self.dice.pick(&[(0, 0, 0), (23, 59, 59), (10, 0, 0), (9, 30, 15)]);
        (self.merchant.as_of - Duration::days(back)).and_hms_opt(time.0, time.1, time.2).expect("a time")
    }

    fn later(&mut self, at: NaiveDateTime) -> NaiveDateTime {
        let step = *self.dice.pick(&[60, 3_600, 86_400, 5 * 86_400, 40 * 86_400]);
        let latest = self.merchant.as_of.and_hms_opt(23, 59, 59).expect("a time");
        (at + Duration::seconds(step)).min(latest)
    }

    /// One guest: a cart, or none; payments, or none; and what went wrong between them.
    fn deal(&mut self, number: i64) {
        let shop = self.dice.pick(&self.merchant.shops).clone();
        let prefix = match self.dice.chance(6) {
            true => "ZZ".to_owned(),
            false => self.dice.pick(&shop.prefixes).clone(),
        };
        // Few numbers, so that carts and products meet by chance.
        let digits = if self.dice.chance(12) { 1_100_000 + number % 3 } else { 1_100_100 + number };
        let order = format!("{}{number:05}", self.dice.pick(&["OD-", "bok", "2026"]));
        let created = self.moment();
        let cart = match self.dice.range(1, 12) {
            1 => format!("{prefix}-{digits}"),
            2 => format!("{prefix}00{digits}"),
            3 => prefix.to_lowercase() + &digits.to_string(),
            _ => format!("{prefix}{digits}"),
        };
        let mut total = 0;
        let mut products = Vec::new();
        if self.dice.chance(85) {
            total = self.booking(&cart, &prefix, number, &order, created, &mut products);
        }
        let attempts = *self.dice.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
        for attempt in 0..attempts {
            let order = if attempt == 0 { order.clone() } else { format!("{order}-{attempt}") };
            let reference = self.reference(&prefix, digits, &products);
            let amount = if self.dice.chance(75) { total.max(1) } else { *self.dice.pick(&[3_000, 5_000, 1]) };
            self.payment(&shop.id, &order, &reference, amount, created);
        }
    }

    fn reference(&mut self, prefix: &str, digits: i64, products: &[String]) -> String {
        match self.dice.range(1, 20) {
            1 => String::new(),
            2 => "電話予約".to_owned(),
            3 => format!("{prefix}{digits}"),
            4 => format!("000{digits}"),
            5 => (1_100_000 + self.dice.range(0, 3)).to_string(),
            6 | 7 if !products.is_empty() => {
                let product: &String = self.dice.pick(products);
                product.chars().filter(char::is_ascii_digit).collect()
            }
            8 => "9999999".to_owned(),
            9 => digits
                .to_string()
                .chars()
                .map(|digit| char::from_u32(digit as u32 + 0xFEE0).expect("full width"))
                .collect(),
            _ => digits.to_string(),
        }
    }

    fn payment(&mut self, shop: &str, order: &str, reference: &str, amount: i64, created: NaiveDateTime) {
        let mut at = if self.dice.chance(70) { created } else { self.moment() };
        let mut amount = amount;
        let mut label = if self.dice.chance(75) { *self.dice.pick(TAKEN) } else { *self.dice.pick(LABELS) };
        for _ in 0..*self.dice.pick(&[1, 1, 1, 1, 2, 2, 3, 4]) {
            let tax = match self.dice.range(1, 8) {
                1 if amount > 100 => Some(100),
                2..=4 => Some(0),
                _ => None,
            };
            let row = PaymentRow {
                shop: shop.to_owned(),
                order: order.to_owned(),
                label: label.to_owned(),
                at,
                amount: amount - tax.unwrap_or(0),
                tax,
                // A return row may leave column H blank.
                reference: if self.dice.chance(5) { String::new() } else { reference.to_owned() },
            };
            self.payments.push(row);
            if !self.dice.chance(12) {
                let before = at;
                at = self.later(at);
                if at == before {
                    break;
                }
            }
            label = *self.dice.pick(LABELS);
            if self.dice.chance(25) && amount > 1_000 {
                amount -= 1_000;
            }
        }
    }

    fn booking(
        &mut self,
        cart: &str,
        prefix: &str,
        number: i64,
        order: &str,
        created: NaiveDateTime,
        products: &mut Vec<String>,
    ) -> i64 {
        let currency = if self.dice.chance(5) { "USD" } else { "JPY" };
        let channel = *self.dice.pick(&["Website", "Website", "ｖｉａｔｏｒ", "Viator ", ""]);
        let transaction = match self.dice.range(1, 40) {
            1..=10 => order.to_owned(),
            // Somebody else's: it may lead into another shop, or to two carts.
            11 => self.payments.last().map_or(String::new(), |row| row.order.clone()),
            _ => String::new(),
        };
        let mut payment_status = *self.dice.pick(PAYMENT_STATUSES);
        let mut status = *self.dice.pick(STATUSES);
        let mut total = 0;
        let stated = currency == "JPY" && self.dice.chance(15);
        for line in 0..*self.dice.pick(&[1, 1, 1, 2, 3]) {
            if self.dice.chance(15) {
                status = *self.dice.pick(STATUSES);
            }
            if self.dice.chance(5) {
                payment_status = *self.dice.pick(PAYMENT_STATUSES);
            }
            let product = match self.dice.range(1, 10) {
                1 => format!("{prefix}-T{}", 1_100_000 + number % 3),
                2 => format!("{prefix}T000{}", 7_000_000 + number * 10 + line),
                _ => format!("{prefix}-T{}", 7_000_000 + number * 10 + line),
            };
            let price = *self.dice.pick(PRICES);
            total += price;
            let ahead = self.dice.range(-10, 400);
            let paid = (stated && line == 0).then(|| *self.dice.pick(&[0, 3_000, 5_000, 12_000]));
            let row = LineRow {
                cart: cart.to_owned(),
                product: product.clone(),
                status: status.to_owned(),
                payment_status: payment_status.to_owned(),
                created,
                start: (!self.dice.chance(5)).then(|| created + Duration::days(ahead)),
                total: price,
                currency: currency.to_owned(),
                channel: channel.to_owned(),
                transaction: transaction.clone(),
                paid,
                refunded: paid.and_then(|paid| self.dice.chance(40).then_some(paid / 3)),
            };
            let spelled = |cart: &str| cart.to_uppercase().replace('-', "");
            let stands = |known: &LineRow| known.product == product && spelled(&known.cart) == spelled(cart);
            if !self.lines.iter().any(stands) {
                products.push(product);
                self.lines.push(row);
            }
        }
        if self.dice.chance(15) {
            self.listed(cart, order, total, currency, created, number);
        }
        total
    }

    fn listed(&mut self, cart: &str, order: &str, total: i64, currency: &str, at: NaiveDateTime, number: i64) {
        let kind = *self.dice.pick(&["WEB_PAYMENT", "Web payment", "ウェブ決済", "CASH", "VOUCHER", "POINT_OF_SALE"]);
        let with_id = self.dice.chance(60);
        let paid = if self.dice.chance(70) { total } else { 5_000 };
        let row = ListRow {
            reference: format!("PAY-{number}"),
            cart: cart.to_owned(),
            kind: kind.to_owned(),
            at,
            amount: paid,
            currency: currency.to_owned(),
            transaction: if with_id { order.to_owned() } else { String::new() },
        };
        if self.dice.chance(35) {
            let amount = -(paid / 2);
            self.list.push(ListRow {
                reference: format!("PAY-{number}-R"),
                amount,
                transaction: String::new(),
                ..row.clone()
            });
            // A list of one month holds the refund of a payment of the month before alone.
            if self.dice.chance(25) {
                return;
            }
        }
        self.list.push(row);
    }

    /// Exports: split, repeated in part, in any order, of one shop or of all, and an older snapshot of some carts.
    fn files(&mut self) {
        let mut files = Vec::new();
        let mut rows = std::mem::take(&mut self.payments);
        self.dice.shuffle(&mut rows);
        let pieces = usize::try_from(self.dice.range(1, 4)).expect("small");
        for piece in rows.chunks(rows.len().div_ceil(pieces).max(1)) {
            let mut piece = piece.to_vec();
            for row in &rows {
                if self.dice.chance(10) && !piece.iter().any(|known| known.order == row.order && known.at == row.at) {
                    piece.push(row.clone());
                }
            }
            let only = piece.iter().all(|row| row.shop == piece[0].shop);
            let folder = (only && self.dice.chance(50)).then(|| piece[0].shop.clone());
            files.push(File { folder, content: Content::Payments(piece) });
        }
        self.snapshots(&mut files);
        if !self.list.is_empty() {
            let rows = std::mem::take(&mut self.list);
            files.push(File { folder: None, content: Content::PaymentList(rows) });
        }
        self.dice.shuffle(&mut files);
        self.merchant.files = files;
    }

    /// The bookings, with a snapshot from before something changed in front of them.
    fn snapshots(&mut self, files: &mut Vec<File>) {
        let lines = std::mem::take(&mut self.lines);
        if lines.is_empty() {
            return;
        }
        let folder =
            (self.merchant.shops.len() == 1 && self.dice.chance(30)).then(|| self.merchant.shops[0].id.clone());
        if self.dice.chance(60) {
            let mut older = lines.clone();
            for line in &mut older {
                line.status = (*self.dice.pick(STATUSES)).to_owned();
                line.payment_status = (*self.dice.pick(PAYMENT_STATUSES)).to_owned();
            }
            let kept = usize::try_from(self.dice.range(1, i64::try_from(older.len()).expect("few"))).expect("small");
            let cart = older[kept - 1].cart.clone();
            older.retain({
                let mut carts: Vec<String> = Vec::new();
                move |line| {
                    if carts.last() == Some(&cart) && line.cart != cart {
                        return false;
                    }
                    carts.push(line.cart.clone());
                    true
                }
            });
            files.push(File { folder: folder.clone(), content: Content::Bookings(older) });
        }
        files.push(File { folder, content: Content::Bookings(lines) });
    }
}
