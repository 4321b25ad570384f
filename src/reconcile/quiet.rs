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
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};

/// Finds the quiet groups of one shop: first all observations are told, then all carts, then all their lines.
pub struct Quiet<'a> {
    policy: &'a Policy,
    period: Period,
    as_of: Day,
    /// What the payments' column H claims.
    claims: HashMap<Digits, Sole<Sale>>,
    /// Numbers of carts, where payments claim them.
    carts: HashMap<Digits, Sole<Plain>>,
    /// Carts that a payment claims by a product's number.
    hit: HashSet<i64>,
    loud: Loud,
    newest_booking: Option<Moment>,
}

/// Those of one side that have a number: `T` is what is kept of one that could be quiet.
enum Sole<T> {
    /// One that could be quiet.
    One(i64, T),
    /// Several, or one that cannot.
    Loud(Vec<i64>),
}

/// A sale.
struct Sale {
    at: Moment,
    amount: Yen,
}

/// A plain cart.
struct Plain {
    yen: Yen,
    start: Option<Day>,
}

/// Adds the one found again by `id`, with what is kept of it if it could be quiet.
fn add<T>(known: &mut HashMap<Digits, Sole<T>>, digits: Digits, id: i64, kept: Option<T>) {
    match known.entry(digits) {
        Entry::Vacant(entry) => {
            entry.insert(kept.map_or_else(|| Sole::Loud(vec![id]), |kept| Sole::One(id, kept)));
        }
        Entry::Occupied(mut entry) => match entry.get_mut() {
            Sole::One(one, _) => {
                let ids = vec![*one, id];
                entry.insert(Sole::Loud(ids));
            }
            Sole::Loud(ids) => ids.push(id),
        },
    }
}

impl<'a> Quiet<'a> {
    /// For the report of `period` as of `as_of`.
    pub fn new(shop: &'a Shop, period: Period, as_of: Day) -> Self {
        Self {
            policy: &shop.policy,
            period,
            as_of,
            claims: HashMap::new(),
            carts: HashMap::new(),
            hit: HashSet::new(),
            loud: Loud::default(),
            newest_booking: None,
        }
    }

    /// Tells of an observation.
    pub fn observation(&mut self, note: ObservationNote<'_>) {
        let Some(digits) = code_digits(note.booking_ref.trim()) else {
            self.loud.rows.push(note.row);
            return;
        };
        let day = note.at.day();
        // One sale of a positive amount is one event on its day, and held ever since.
        let could_be = note.is_plain
            && note.status.money() == Money::Taken
            && note.amount.is_positive()
            && !self.period.contains(day)
            && !is_listed(&window(day, self.policy, self.as_of), self.policy);
        let sale = could_be.then_some(Sale { at: note.at, amount: note.amount });
        add(&mut self.claims, digits, note.row, sale);
    }

    /// Tells of a cart.
    pub fn cart(&mut self, note: CartNote<'_>) {
        let Some(digits) = code_digits(note.cart) else {
            self.loud.versions.push(note.version);
            return;
        };
        let start = note.plain_start.filter(|_| note.created.is_some_and(|day| !self.period.contains(day)));
        add(&mut self.carts, digits, note.version, start.map(|start| Plain { yen: note.yen, start }));
    }

    /// Tells of a line of the cart `version`, when all carts are told: a claim that no cart meets may meet its product.
    pub fn line(&mut self, version: i64, product_code: &str, created: Moment) {
        self.newest_booking = self.newest_booking.max(Some(created));
        if let Some(digits) = code_digits(product_code)
            && self.claims.contains_key(&digits)
            && !self.carts.contains_key(&digits)
        {
            self.hit.insert(version);
        }
    }

    /// What must be read whole, and what the rest adds.
    pub fn finish(self) -> (Loud, Background) {
        let Self { policy, as_of, claims, mut carts, hit, mut loud, newest_booking, .. } = self;
        let mut background = Background { newest_booking, ..Background::default() };
        for (digits, claim) in claims {
            let (row, Sale { at, amount }) = match claim {
                Sole::One(row, sale) => (row, sale),
                Sole::Loud(rows) => {
                    loud.rows.extend(rows);
                    continue;
                }
            };
            let is_quiet = matches!(carts.get(&digits), Some(Sole::One(version, cart))
                if cart.yen == amount && !hit.contains(version) && !is_late(cart.start, at.day(), policy, as_of));
            if is_quiet {
                carts.remove(&digits);
                background.sales.entry(at.day()).or_default().add(EventKind::Sale, amount);
                background.newest_payment = background.newest_payment.max(Some(at));
            } else {
                loud.rows.push(row);
            }
        }
        for cart in carts.into_values() {
            match cart {
                Sole::One(version, _) => loud.versions.push(version),
                Sole::Loud(versions) => loud.versions.extend(versions),
            }
        }
        loud.rows.sort_unstable();
        loud.versions.sort_unstable();
        (loud, background)
    }
}

/// Whether the tour starts after the money could safely be given back: such bookings are counted.
fn is_late(start: Option<Day>, sale: Day, policy: &Policy, as_of: Day) -> bool {
    start.is_some_and(|start| start > window(sale, policy, as_of).last_safe_day)
}
