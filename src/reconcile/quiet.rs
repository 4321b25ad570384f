//! Groups of which no report of a period can say anything: matched outside it, agreeing to the yen, their window neither near
//! nor too short. Told from a few facts of each side, so that a long history need not be read whole; whoever is in doubt is
//! not quiet. What they add to the rest is their [`Background`].

use super::window::{is_listed, window};
use crate::domain::dates::{Day, Moment, Period};
use crate::domain::ids::Digits;
use crate::domain::money::Yen;
use crate::domain::payment::{EventKind, Money};
use crate::domain::policy::{Policy, Shop};
use crate::domain::quiet::{Background, CartNote, Loud, ObservationNote};
use crate::domain::text::code_digits;
use hashbrown::{HashMap, HashSet};

/// Finds the quiet groups of one shop: first all observations and all carts are told, then the lines of all carts.
pub struct Quiet {
    policy: Policy,
    period: Period,
    as_of: Day,
    /// What the payments' column H claims.
    claims: Vec<(Digits, Claim)>,
    /// Carts that have a number.
    carts: Vec<(Digits, Cart)>,
    loud: Loud,
    /// Of a day, if a sale on it can be quiet: the last day on which its money can safely be given back.
    quiet_days: HashMap<Day, Option<Day>>,
}

/// An observation that claims a number.
#[derive(Clone, Copy)]
struct Claim {
    row: i64,
    /// If it could be quiet: one sale of a positive amount, and held ever since.
    sale: Option<Sale>,
}

#[derive(Clone, Copy)]
struct Sale {
    at: Moment,
    amount: Yen,
    last_safe_day: Day,
}

/// A cart that has a number.
#[derive(Clone, Copy)]
struct Cart {
    version: i64,
    /// If it could be quiet.
    plain: Option<Plain>,
}

#[derive(Clone, Copy)]
struct Plain {
    yen: Yen,
    start: Option<Day>,
}

impl Quiet {
    /// For the report of `period` as of `as_of`.
    pub fn new(shop: &Shop, period: Period, as_of: Day) -> Self {
        let (claims, carts, quiet_days) = (Vec::new(), Vec::new(), HashMap::new());
        Self { policy: shop.policy.clone(), period, as_of, claims, carts, loud: Loud::default(), quiet_days }
    }

    /// Takes over what another one of the same shop, period and as-of date was told.
    pub fn append(&mut self, mut other: Self) {
        self.claims.append(&mut other.claims);
        self.carts.append(&mut other.carts);
        self.loud.rows.append(&mut other.loud.rows);
        self.loud.versions.append(&mut other.loud.versions);
    }

    /// Makes room for so many observations.
    pub fn expect_observations(&mut self, count: usize) {
        self.claims.reserve_exact(count);
    }

    /// Tells of an observation.
    pub fn observation(&mut self, note: ObservationNote<'_>) {
        let Some(digits) = code_digits(note.booking_ref.trim()) else {
            self.loud.rows.push(note.row);
            return;
        };
        let is_sale = note.is_plain && note.status.money() == Money::Taken && note.amount.is_positive();
        let last_safe_day = if is_sale { self.if_quiet(note.at.day()) } else { None };
        let sale = last_safe_day.map(|last_safe_day| Sale { at: note.at, amount: note.amount, last_safe_day });
        self.claims.push((digits, Claim { row: note.row, sale }));
    }

    /// The last safe day of a sale on `day`, if the report can say nothing of that day.
    fn if_quiet(&mut self, day: Day) -> Option<Day> {
        *self.quiet_days.entry(day).or_insert_with(|| {
            let window = window(day, &self.policy, self.as_of);
            (!self.period.contains(day) && !is_listed(&window, &self.policy)).then_some(window.last_safe_day)
        })
    }

    /// Tells of a cart.
    pub fn cart(&mut self, note: CartNote<'_>) {
        let Some(digits) = code_digits(note.cart) else {
            self.loud.versions.push(note.version);
            return;
        };
        let start = note.plain_start.filter(|_| note.created.is_some_and(|day| !self.period.contains(day)));
        let plain = start.map(|start| Plain { yen: note.yen, start });
        self.carts.push((digits, Cart { version: note.version, plain }));
    }

    /// Pairs claims and carts, when all of them are told.
    pub fn pair(self) -> Paired {
        let Self { mut claims, mut carts, mut loud, .. } = self;
        // Each side was told in the order of its own codes, so that most of it is in order.
        claims.sort_by_key(|(digits, _)| *digits);
        carts.sort_by_key(|(digits, _)| *digits);
        let (mut pairs, mut unmet) = (Vec::new(), HashSet::new());
        let mut carts = carts.chunk_by(|a, b| a.0 == b.0).peekable();
        for claims in claims.chunk_by(|a, b| a.0 == b.0) {
            let [(digits, claim), ..] = claims else { continue };
            while let Some(before) = carts.next_if(|carts| carts.first().is_some_and(|(cart, _)| cart < digits)) {
                loud.versions.extend(before.iter().map(|(_, cart)| cart.version));
            }
            let carts =
                carts.next_if(|carts| carts.first().is_some_and(|(cart, _)| cart == digits)).unwrap_or_default();
            if let ([_], [(_, cart)]) = (claims, carts)
                && let Some((sale, plain)) = claim.sale.zip(cart.plain)
                && plain.yen == sale.amount
                // Tours that start after the money could safely be given back are counted.
                && plain.start.is_none_or(|start| start <= sale.last_safe_day)
            {
                pairs.push(Pair { row: claim.row, version: cart.version, at: sale.at, amount: sale.amount });
                continue;
            }
            loud.rows.extend(claims.iter().map(|(_, claim)| claim.row));
            loud.versions.extend(carts.iter().map(|(_, cart)| cart.version));
            if carts.is_empty() {
                unmet.insert(*digits);
            }
        }
        loud.versions.extend(carts.flatten().map(|(_, cart)| cart.version));
        Paired { pairs, unmet, hit: HashSet::new(), loud, newest_booking: None }
    }
}

/// A payment and a cart that are a quiet group, unless a claim meets a product of the cart.
struct Pair {
    row: i64,
    version: i64,
    at: Moment,
    amount: Yen,
}

/// The quiet groups of one shop, while the lines of all carts are told.
pub struct Paired {
    pairs: Vec<Pair>,
    /// Numbers that payments claim and no cart has: a product may have them.
    unmet: HashSet<Digits>,
    /// Carts that a payment claims by a product's number.
    hit: HashSet<i64>,
    loud: Loud,
    newest_booking: Option<Moment>,
}

impl Paired {
    /// Tells of a line of the cart `version`.
    pub fn line(&mut self, version: i64, product_code: &str, created: Moment) {
        self.newest_booking = self.newest_booking.max(Some(created));
        if code_digits(product_code).is_some_and(|digits| self.unmet.contains(&digits)) {
            self.hit.insert(version);
        }
    }

    /// What must be read whole, and what the rest adds.
    pub fn finish(self) -> (Loud, Background) {
        let Self { pairs, hit, mut loud, newest_booking, .. } = self;
        let mut background = Background { newest_booking, ..Background::default() };
        for Pair { row, version, at, amount } in pairs {
            if hit.contains(&version) {
                loud.rows.push(row);
                loud.versions.push(version);
            } else {
                background.sales.entry(at.day()).or_default().add(EventKind::Sale, amount);
                background.newest_payment = background.newest_payment.max(Some(at));
            }
        }
        loud.rows.sort_unstable();
        loud.versions.sort_unstable();
        (loud, background)
    }
}
