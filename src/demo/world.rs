//! The demo's world: what guests booked and paid, before anybody exported it. Ordinary days come out of a fixed seed.

use super::DemoError;
use super::scenarios::{SCENARIOS, Scenario};
use crate::domain::dates::{Day, Moment};

/// One thing GMO said about a payment.
pub(super) struct Observed {
    /// 処理日時.
    pub(super) at: Moment,
    /// The first day on which an export says so.
    pub(super) seen: Day,
    /// 取引状態.
    pub(super) label: String,
    /// 利用金額.
    pub(super) yen: u32,
}

/// A payment with all that is said about it, oldest first.
pub(super) struct Payment {
    /// Order ID.
    pub(super) order_id: String,
    /// Column H.
    pub(super) booking_ref: String,
    /// Oldest first.
    pub(super) observed: Vec<Observed>,
}

/// A product booking.
#[derive(Clone)]
pub(super) struct Line {
    /// Cart confirmation code.
    pub(super) cart: String,
    /// Product confirmation code.
    pub(super) code: String,
    /// Booking status.
    pub(super) status: String,
    /// Payment status.
    pub(super) payment_status: String,
    /// Creation date.
    pub(super) created: Moment,
    /// Start of the tour.
    pub(super) start: Moment,
    /// Index of the product.
    pub(super) product: usize,
    /// Guests.
    pub(super) guests: u32,
    /// Yen, or cents of a dollar.
    pub(super) price: u32,
    /// Whether the price is in dollars.
    pub(super) dollars: bool,
    /// Booking channel.
    pub(super) channel: String,
    /// Who booked.
    pub(super) customer: &'static str,
    /// What our own form or the payment list says beyond Bókun's file.
    pub(super) extra: Extra,
}

/// What another file than `bokun-bookings` says of a booking.
#[derive(Clone, Default)]
pub(super) struct Extra {
    /// In our own form instead of Bókun's.
    pub(super) own: bool,
    /// With rows in the payment list.
    pub(super) list: bool,
    /// Paid.
    pub(super) paid: Option<u32>,
    /// Given back.
    pub(super) back: Option<u32>,
    /// Transaction ID.
    pub(super) transaction: String,
    /// Payment type, where it is not the web.
    pub(super) payment_type: Option<String>,
}

/// What belongs to one shop.
#[derive(Default)]
pub(super) struct World {
    /// Its payments.
    pub(super) payments: Vec<Payment>,
    /// Its product bookings.
    pub(super) lines: Vec<Line>,
}

/// Products: ID, title, yen per guest; three a shop.
pub(super) const PRODUCTS: [(u32, &str, u32); 6] = [
    (41_001, "富士山一周サイクリング", 13_200),
    (41_002, "河口湖 朝のE-Bikeツアー", 8_800),
    (41_003, "富士五湖 夕景ライド", 6_600),
    (52_001, "京都 路地裏さんぽ", 5_500),
    (52_002, "嵐山 竹林と茶道体験", 9_900),
    (52_003, "伏見 酒蔵めぐり", 7_700),
];

const CUSTOMERS: [&str; 8] = [
    "Sample, Anna",
    "Example, Ben",
    "見本, 太郎",
    "見本, 花子",
    "Test, Chloé",
    "Muster, Dieter",
    "サンプル, 次郎",
    "Ejemplo, Elena",
];

/// SplitMix64: small, well spread, and the same everywhere.
pub(super) struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`.
    fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit.max(1))).unwrap_or(0)
    }

    fn order_id(&mut self, day: Day) -> String {
        format!("{}-{:08X}", day.to_string().replace('-', ""), self.next() >> 32)
    }

    fn customer(&mut self) -> &'static str {
        CUSTOMERS.get(self.below(8) as usize).copied().unwrap_or_default()
    }
}

/// The world of shop `number`, counted from 1: its special cases and its ordinary days.
pub(super) fn world(number: usize) -> Result<World, DemoError> {
    let mut rng = Rng(0x7073_7567_6f00 + number as u64);
    let mut world = World::default();
    for (index, scenario) in SCENARIOS.iter().filter(|scenario| scenario.shop == number).enumerate() {
        special(&mut world, scenario, index, &mut rng).ok_or(DemoError::Scenario { key: scenario.key })?;
    }
    ordinary(&mut world, number, &mut rng).ok_or(DemoError::Calendar)?;
    Ok(world)
}

fn day(word: &str) -> Option<Day> {
    if word.len() == 5 { Day::parse(&format!("2026-{word}")) } else { Day::parse(word) }
}

fn digits(code: &str) -> String {
    code.chars().filter(char::is_ascii_digit).collect()
}

fn special(world: &mut World, scenario: &Scenario, index: usize, rng: &mut Rng) -> Option<()> {
    let without = scenario.booking.is_empty();
    if !without {
        for (at, words) in scenario.booking.split(" + ").enumerate() {
            world.lines.push(special_line(scenario, words, index * 4 + at, rng)?);
        }
    }
    if !scenario.payments.is_empty() {
        for words in scenario.payments.split(" ; ") {
            let mut payment = special_payment(words, rng)?;
            if without {
                payment.order_id = scenario.key.to_owned();
            } else if !words.contains("H=") {
                payment.booking_ref = digits(scenario.key);
            }
            world.payments.push(payment);
        }
    }
    Some(())
}

fn special_line(scenario: &Scenario, words: &str, index: usize, rng: &mut Rng) -> Option<Line> {
    let mut words = words.split(' ');
    let (status, payment_status) = (words.next()?, words.next()?);
    let (created, start) = (day(words.next()?)?, day(words.next()?)?);
    let price = words.next()?.parse().ok()?;
    let mut line = Line {
        cart: scenario.key.to_owned(),
        code: format!("{}T5{}90{index:03}", scenario.key.get(..2)?, scenario.shop),
        status: status.to_owned(),
        payment_status: payment_status.to_owned(),
        created: Moment::new(created, 9, rng.below(30), 0)?,
        start: Moment::new(start, 9, 0, 0)?,
        product: (scenario.shop - 1) * 3 + rng.below(3) as usize,
        guests: 2,
        price,
        dollars: false,
        channel: "Website".to_owned(),
        customer: rng.customer(),
        extra: Extra::default(),
    };
    for word in words {
        match word.split_once('=') {
            Some(("code", code)) => line.code = code.to_owned(),
            Some(("paid", yen)) => line.extra.paid = Some(yen.parse().ok()?),
            Some(("back", yen)) => line.extra.back = Some(yen.parse().ok()?),
            Some(("tx", id)) => line.extra.transaction = id.to_owned(),
            Some(("type", name)) => line.extra.payment_type = Some(name.to_owned()),
            Some(_) => return None,
            None if word == "USD" => line.dollars = true,
            None if word == "own" => line.extra.own = true,
            None if word == "list" => line.extra.list = true,
            None => line.channel = word.strip_prefix('@')?.to_owned(),
        }
    }
    Some(line)
}

fn special_payment(words: &str, rng: &mut Rng) -> Option<Payment> {
    let mut payment = Payment { order_id: String::new(), booking_ref: String::new(), observed: Vec::new() };
    let mut rest: Vec<&str> = Vec::new();
    let mut same_second = false;
    for word in words.split(' ') {
        match word.split_once('=') {
            Some(("H", text)) => payment.booking_ref = text.to_owned(),
            Some(("id", id)) => payment.order_id = id.to_owned(),
            Some(_) => return None,
            None if word == "→" => same_second = false,
            None if word == "≠" => same_second = true,
            None => rest.push(word),
        }
        if let [label, on, yen] = rest.as_slice() {
            let seen = day(on)?;
            let hour = 10 + u32::try_from(payment.observed.len()).ok()?;
            let at = match payment.observed.last() {
                Some(last) if same_second => last.at,
                _ => Moment::new(seen, hour, rng.below(60), rng.below(60))?,
            };
            payment.observed.push(Observed { at, seen, label: (*label).to_owned(), yen: yen.parse().ok()? });
            rest.clear();
        }
    }
    if payment.order_id.is_empty() {
        payment.order_id = rng.order_id(payment.observed.first()?.seen);
    }
    rest.is_empty().then_some(payment)
}

/// Two or three bookings a day from October on, a few of them cancelled, split or paid at the second attempt.
fn ordinary(world: &mut World, number: usize, rng: &mut Rng) -> Option<()> {
    let last = Day::new(2026, 11, 22)?;
    let mut today = Day::new(2026, 10, 1)?;
    let mut cart = if number == 1 { 1_101_000 } else { 2_201_000 };
    let prefix = if number == 1 { "MZ" } else { "KY" };
    while today <= last {
        for _ in 0..(if today.month() == 10 { 2 } else { 3 }) {
            cart += 1 + rng.below(7);
            let created = Moment::new(today, 8 + rng.below(13), rng.below(60), 0)?;
            ordinary_cart(world, number, &format!("{prefix}{cart}"), created, rng)?;
        }
        today = today.plus(1);
    }
    Some(())
}

fn ordinary_cart(world: &mut World, number: usize, cart: &str, created: Moment, rng: &mut Rng) -> Option<()> {
    let last = Day::new(2026, 11, 22)?;
    let kind = rng.below(20);
    let later = created.day().plus(1 + i32::try_from(rng.below(9)).ok()?);
    let kind = if later > last && kind < 4 { 9 } else { kind };
    let mut lines = Vec::new();
    for part in 0..(if kind == 2 || kind == 3 { 2 } else { 1 }) {
        let product = (number - 1) * 3 + rng.below(3) as usize;
        let guests = 1 + rng.below(4);
        let lead = 3 + i32::try_from(rng.below(45)).ok()?;
        lines.push(Line {
            cart: cart.to_owned(),
            code: format!("{}T{}{part}", cart.get(..2)?, digits(cart)),
            status: "CONFIRMED".to_owned(),
            payment_status: "PAID_IN_FULL".to_owned(),
            created,
            start: Moment::new(created.day().plus(lead), 9, 30, 0)?,
            product,
            guests,
            price: PRODUCTS.get(product)?.2 * guests,
            dollars: false,
            channel: (if rng.below(4) == 0 { "Payment link" } else { "Website" }).to_owned(),
            customer: rng.customer(),
            extra: Extra::default(),
        });
    }
    let total = lines.iter().map(|line| line.price).sum();
    let paid_at = Moment::from_number(created.number() + 120 + i64::from(rng.below(480)));
    let observed = |at: Moment, label: &str, yen| Observed { at, seen: at.day(), label: label.to_owned(), yen };
    let later = Moment::new(later, 10 + rng.below(8), rng.below(60), rng.below(60))?;
    let mut seen = vec![observed(paid_at, "即時売上", total)];
    match kind {
        0 | 1 => {
            let label = if later.day().month() == created.day().month() { "返品" } else { "月跨り返品" };
            seen.push(observed(later, label, total));
        }
        3 => seen.push(observed(later, "即時売上", lines.first()?.price)),
        5 => seen = vec![observed(Moment::from_number(paid_at.number() + 1_800), "取消", total)],
        _ => {}
    }
    for line in lines.iter_mut().skip(usize::from(kind == 3)).filter(|_| matches!(kind, 0 | 1 | 3 | 5)) {
        line.status = "CANCELLED".to_owned();
        line.payment_status = "REFUND".to_owned();
    }
    if kind == 4 {
        let failed = Moment::from_number(created.number() + 60);
        let order_id = rng.order_id(failed.day());
        let observed = vec![observed(failed, "決済失敗", total)];
        world.payments.push(Payment { order_id, booking_ref: digits(cart), observed });
    }
    let order_id = rng.order_id(created.day());
    world.payments.push(Payment { order_id, booking_ref: digits(cart), observed: seen });
    world.lines.append(&mut lines);
    Some(())
}
