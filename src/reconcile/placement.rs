//! Which shop a booking belongs to (SPEC §4.3). Places by evidence or not at all; never guesses.

use super::matching::column_h;
use crate::domain::booking::Booking;
use crate::domain::ids::{CartCode, Digits, ShopId};
use crate::domain::payment::Payment;
use crate::domain::policy::Shop;
use crate::domain::reconciliation::ShopFacts;
use crate::domain::text::{CodeKind, code_parts};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::hash::Hash;

/// Payments and bookings by shop, and what no rule places (SPEC §4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// Every configured shop has an entry.
    pub by_shop: BTreeMap<ShopId, ShopFacts>,
    /// Carts for the operator.
    pub unplaced: Vec<CartCode>,
}

/// Gives every payment and booking to its shop (SPEC §4.3). Linear in the facts.
pub fn place(shops: &[Shop], payments: Vec<Payment>, bookings: Vec<Booking>) -> Placed {
    let mut placed = Placed::default();
    for shop in shops {
        placed.by_shop.entry(shop.id.clone()).or_default();
    }
    let homes = homes(shops, &payments, &bookings);
    for (booking, home) in bookings.into_iter().zip(homes) {
        match home {
            Some(shop) => placed.by_shop.entry(shop).or_default().bookings.push(booking),
            None => placed.unplaced.push(booking.cart),
        }
    }
    for payment in payments {
        placed.by_shop.entry(payment.shop.clone()).or_default().payments.push(payment);
    }
    for facts in placed.by_shop.values_mut() {
        facts.payments.sort_by(|a, b| a.order_id.cmp(&b.order_id));
        facts.bookings.sort_by(|a, b| a.cart.cmp(&b.cart));
    }
    placed.unplaced.sort();
    placed
}

/// The shop of each booking, in their order.
fn homes(shops: &[Shop], payments: &[Payment], bookings: &[Booking]) -> Vec<Option<ShopId>> {
    let desk = Desk::new(shops);
    let provisional: Vec<Option<&ShopId>> = bookings.iter().map(|booking| desk.provisional(booking)).collect();
    let by_order = seen_at(payments.iter().map(|payment| (payment.order_id.as_str(), &payment.shop)));
    let homeless = provisional.iter().any(Option::is_none);
    let numbered = payments.iter().filter(|_| homeless).filter_map(|payment| {
        let digits = code_parts(column_h(payment), CodeKind::Cart)?.digits;
        Some((digits, &payment.shop))
    });
    let by_digits = seen_at(numbered);
    let mut homes = Vec::with_capacity(bookings.len());
    for (booking, provisional) in bookings.iter().zip(provisional) {
        let matched = transaction_ids(booking).fold(Seen::Nowhere, |seen, id| seen.and(by_order.get(id)));
        homes.push(match (matched, provisional) {
            (Seen::At(shop), _) => Some(shop.clone()),
            (Seen::Several(seen), Some(shop)) => seen.contains(shop).then(|| shop.clone()),
            (Seen::Several(_), None) => None,
            (Seen::Nowhere, Some(shop)) => Some(shop.clone()),
            (Seen::Nowhere, None) => by_number(booking, &by_digits).cloned(),
        });
    }
    homes
}

/// Keys 2 and 3 of a booking that nothing else places: the payments of exactly one shop must hit it.
fn by_number<'a>(booking: &Booking, by_digits: &HashMap<Digits, Seen<'a>>) -> Option<&'a ShopId> {
    let cart = code_parts(booking.cart.as_str(), CodeKind::Cart);
    let of_cart = cart.and_then(|parts| by_digits.get(&parts.digits));
    let products = booking.lines.iter().filter_map(|line| code_parts(line.product_code.as_str(), CodeKind::Product));
    let seen = match of_cart {
        Some(seen) => Seen::Nowhere.and(Some(seen)),
        None => products.fold(Seen::Nowhere, |seen, parts| seen.and(by_digits.get(&parts.digits))),
    };
    match seen {
        Seen::At(shop) => Some(shop),
        Seen::Nowhere | Seen::Several(_) => None,
    }
}

/// The Transaction IDs that a booking names, in its lines or its payment list.
pub(super) fn transaction_ids(booking: &Booking) -> impl Iterator<Item = &str> {
    let lines = booking.lines.iter().map(|line| line.transaction_id.trim());
    let entries = booking.entries.iter().map(|entry| entry.transaction_id.trim());
    lines.chain(entries).filter(|id| !id.is_empty())
}

/// In which shops a key was seen among the payments.
#[derive(Clone, Debug)]
enum Seen<'a> {
    Nowhere,
    At(&'a ShopId),
    Several(HashSet<&'a ShopId>),
}

impl<'a> Seen<'a> {
    fn and(self, other: Option<&Self>) -> Self {
        match other {
            None | Some(Self::Nowhere) => self,
            Some(Self::At(shop)) => self.also(shop),
            Some(Self::Several(shops)) => shops.iter().fold(self, |seen, shop| seen.also(shop)),
        }
    }

    fn also(self, shop: &'a ShopId) -> Self {
        match self {
            Self::Nowhere => Self::At(shop),
            Self::At(one) if one == shop => Self::At(one),
            Self::At(one) => Self::Several(HashSet::from([one, shop])),
            Self::Several(mut shops) => {
                shops.insert(shop);
                Self::Several(shops)
            }
        }
    }
}

fn seen_at<'a, K: Eq + Hash>(keys: impl Iterator<Item = (K, &'a ShopId)>) -> HashMap<K, Seen<'a>> {
    let mut map = HashMap::new();
    for (key, shop) in keys {
        let seen = map.entry(key).or_insert(Seen::Nowhere);
        *seen = std::mem::replace(seen, Seen::Nowhere).also(shop);
    }
    map
}

/// What the configuration alone says about a booking.
struct Desk<'a> {
    ids: HashSet<&'a ShopId>,
    by_prefix: HashMap<&'a str, Seen<'a>>,
    only: Option<&'a ShopId>,
}

impl<'a> Desk<'a> {
    fn new(shops: &'a [Shop]) -> Self {
        let prefixes = shops.iter().flat_map(|shop| shop.booking_prefixes.iter().map(|p| (p.as_str(), &shop.id)));
        let only = match shops {
            [only] => Some(&only.id),
            _ => None,
        };
        Self { ids: shops.iter().map(|shop| &shop.id).collect(), by_prefix: seen_at(prefixes), only }
    }

    /// Folder, else prefix, else the only shop.
    fn provisional(&self, booking: &Booking) -> Option<&'a ShopId> {
        let folder = booking.folder.as_ref().and_then(|folder| self.ids.get(folder).copied());
        folder.or_else(|| self.of_prefix(booking.cart.as_str())).or(self.only)
    }

    fn of_prefix(&self, cart: &str) -> Option<&'a ShopId> {
        let prefix = code_parts(cart, CodeKind::Cart)?.prefix;
        match self.by_prefix.get(prefix.as_str())? {
            Seen::At(shop) => Some(shop),
            Seen::Nowhere | Seen::Several(_) => None,
        }
    }
}
