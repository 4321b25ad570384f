//! Which booking a payment belongs to, inside one shop (SPEC §5.3). By keys only: never amount, date or name.

use super::placement::transaction_ids;
use crate::domain::booking::Booking;
use crate::domain::finding::NoBooking;
use crate::domain::ids::Digits;
use crate::domain::payment::{Observation, Payment};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::MatchKey;
use crate::domain::text::{CodeKind, code_parts};
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::hash::Hash;

/// Candidates named on an `ambiguous_booking`; more help nobody and would make the report grow with their square.
const CANDIDATES_NAMED: usize = 20;

/// Column H of a payment: of its newest observation that has one, as return rows may leave it blank.
pub fn column_h(payment: &Payment) -> &str {
    column_h_of(payment.observations.iter())
}

/// [`column_h`] of a payment with these observations, oldest first.
pub(super) fn column_h_of<'a>(observations: impl DoubleEndedIterator<Item = &'a Observation>) -> &'a str {
    let mut newest_first = observations.rev().map(|observation| observation.booking_ref.trim());
    newest_first.find(|text| !text.is_empty()).unwrap_or("")
}

/// Where a payment's keys lead; bookings are positions in the list the index was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// To this booking, by this key; `other` is where column H leads instead of the Order ID.
    Booking { at: usize, key: MatchKey, other: Option<usize> },
    /// To several that no prefix separates.
    Ambiguous(Vec<usize>),
    /// Nowhere.
    Missing(NoBooking),
}

/// What a key leads to.
#[derive(Clone, Debug)]
enum Hit {
    One(usize),
    Several(Vec<usize>),
}

/// The bookings of a shop by each key.
pub(super) struct Index<'a> {
    by_transaction: HashMap<&'a str, Hit>,
    by_cart: Numbers,
    by_product: Numbers,
}

impl<'a> Index<'a> {
    /// Indexes `bookings`, which are sorted by cart code.
    pub(super) fn new(shop: &Shop, bookings: &[&'a Booking]) -> Self {
        let carts: Vec<_> = bookings.iter().map(|b| code_parts(b.cart.as_str(), CodeKind::Cart)).collect();
        let prefixes: Vec<&str> = carts.iter().map(|parts| parts.as_ref().map_or("", |p| &*p.prefix)).collect();
        let own: Vec<bool> = prefixes.iter().map(|p| shop.booking_prefixes.iter().any(|own| own == p)).collect();
        let mut by_transaction: HashMap<&str, Hit> = HashMap::new();
        let several = prefixes.windows(2).any(|pair| pair[0] != pair[1]);
        let (mut by_cart, mut by_product) =
            (Numbers::new(bookings.len(), several), Numbers::new(bookings.len(), several));
        for (at, booking) in bookings.iter().enumerate() {
            for id in transaction_ids(booking) {
                push(&mut by_transaction, id, at);
            }
            if let Some(parts) = &carts[at] {
                by_cart.add(parts.digits, prefixes[at], at);
            }
            for line in &booking.lines {
                if let Some(parts) = code_parts(line.product_code.as_str(), CodeKind::Product) {
                    by_product.add(parts.digits, prefixes[at], at);
                }
            }
        }
        decide(&mut by_transaction, &own);
        Self { by_transaction, by_cart: by_cart.decide(&own), by_product: by_product.decide(&own) }
    }

    /// Follows the keys of `payment` in their order; the first that hits decides (SPEC §5.3).
    pub(super) fn link(&self, payment: &Payment) -> Link {
        let written = column_h(payment);
        let number = code_parts(written, CodeKind::Cart);
        let on = |numbers: &'_ Numbers| number.as_ref().and_then(|n| numbers.get(n.digits, &n.prefix).cloned());
        if let Some(hit) = self.by_transaction.get(payment.order_id.as_str()) {
            let mut link = hit.link(MatchKey::TransactionId);
            if let Link::Booking { at, other, .. } = &mut link {
                *other = on(&self.by_cart).and_then(|hit| hit.elsewhere(*at));
            }
            return link;
        }
        if let Some(hit) = on(&self.by_cart) {
            return hit.link(MatchKey::CartDigits);
        }
        if let Some(hit) = on(&self.by_product) {
            return hit.link(MatchKey::ProductDigits);
        }
        Link::Missing(match (written.is_empty(), number.is_some()) {
            (true, _) => NoBooking::Blank,
            (false, false) => NoBooking::NotANumber,
            (false, true) => NoBooking::NotAmongBookings,
        })
    }
}

impl Hit {
    fn link(&self, key: MatchKey) -> Link {
        match self {
            Self::One(at) => Link::Booking { at: *at, key, other: None },
            Self::Several(candidates) => Link::Ambiguous(candidates.clone()),
        }
    }

    /// Where this leads if not to `at`.
    fn elsewhere(&self, at: usize) -> Option<usize> {
        match self {
            Self::One(other) => (*other != at).then_some(*other),
            Self::Several(others) if others.contains(&at) => None,
            Self::Several(others) => others.first().copied(),
        }
    }

    /// One candidate, or the only one whose prefix is the shop's own, or several.
    fn decide(&mut self, own: &[bool]) {
        let Self::Several(candidates) = self else { return };
        let mut ours = candidates.iter().filter(|at| own[**at]);
        match (ours.next(), ours.next()) {
            (Some(one), None) => *self = Self::One(*one),
            _ => candidates.truncate(CANDIDATES_NAMED),
        }
    }
}

fn decide<K>(gathered: &mut HashMap<K, Hit>, own: &[bool]) {
    gathered.values_mut().for_each(|hit| hit.decide(own));
}

/// Adds a candidate. They come in order, so a repetition is always the last one.
fn push<K: Eq + Hash>(gathered: &mut HashMap<K, Hit>, key: K, at: usize) {
    match gathered.entry(key) {
        Entry::Vacant(entry) => {
            entry.insert(Hit::One(at));
        }
        Entry::Occupied(mut entry) => match entry.get_mut() {
            Hit::One(one) if *one == at => {}
            Hit::One(one) => {
                let candidates = vec![*one, at];
                entry.insert(Hit::Several(candidates));
            }
            Hit::Several(candidates) if candidates.last() == Some(&at) => {}
            Hit::Several(candidates) => candidates.push(at),
        },
    }
}

/// Bookings by digits, and by digits with the cart's prefix where column H carries one.
struct Numbers {
    by_digits: HashMap<Digits, Hit>,
    by_code: HashMap<(Digits, usize), Hit>,
    /// The prefixes seen, by number: a shop has few.
    prefixes: HashMap<String, usize>,
    /// Whether there are several; of one alone the digits say the same as the whole code.
    several: bool,
}

impl Numbers {
    fn new(bookings: usize, several: bool) -> Self {
        let by_code = HashMap::with_capacity(if several { bookings } else { 0 });
        Self { by_digits: HashMap::with_capacity(bookings), by_code, prefixes: HashMap::new(), several }
    }

    fn add(&mut self, digits: Digits, prefix: &str, at: usize) {
        push(&mut self.by_digits, digits, at);
        if !self.several {
            return;
        }
        let number = match self.prefixes.get(prefix) {
            Some(number) => *number,
            None => {
                let number = self.prefixes.len();
                self.prefixes.insert(prefix.to_owned(), number);
                number
            }
        };
        push(&mut self.by_code, (digits, number), at);
    }

    fn decide(mut self, own: &[bool]) -> Self {
        decide(&mut self.by_digits, own);
        decide(&mut self.by_code, own);
        self
    }

    fn get(&self, digits: Digits, prefix: &str) -> Option<&Hit> {
        let number = if prefix.is_empty() { None } else { self.prefixes.get(prefix) };
        let with_prefix = number.and_then(|number| self.by_code.get(&(digits, *number)));
        with_prefix.or_else(|| self.by_digits.get(&digits))
    }
}
