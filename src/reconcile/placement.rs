//! Which shop a booking belongs to (SPEC §4.3). Places by evidence or not at all; never guesses.

use super::matching::column_h;
use crate::domain::booking::Booking;
use crate::domain::ids::{Digits, ShopId};
use crate::domain::payment::Payment;
use crate::domain::policy::Shop;
use crate::domain::text::{CodeKind, code_parts};
use hashbrown::{HashMap, HashSet};
use std::borrow::Cow;
use std::hash::Hash;

/// Gives bookings to shops (SPEC §4.3), one at a time: what the payments of all shops say is told first, and no booking
/// needs the others.
pub struct Desk<'a> {
    ids: HashMap<&'a str, &'a ShopId>,
    by_prefix: HashMap<&'a str, Seen>,
    only: Option<&'a ShopId>,
    by_order: HashMap<Box<str>, Seen>,
    by_digits: HashMap<Digits, Seen>,
    /// Numbers that are looked for, with the shops in which a booking that has its place answers to each.
    answered: HashMap<(CodeKind, Digits), HashSet<ShopId>>,
}

/// Where a booking belongs, as far as its codes tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home<'d> {
    /// To this shop.
    At(Cow<'d, ShopId>),
    /// To none: payments of several shops claim it, and nothing separates them.
    Disputed,
    /// To none yet: [`Desk::by_number`] may tell.
    Unknown,
}

impl<'a> Desk<'a> {
    /// What the configuration alone says.
    pub fn new(shops: &'a [Shop]) -> Self {
        let mut by_prefix = HashMap::new();
        for shop in shops {
            shop.booking_prefixes.iter().for_each(|prefix| note(&mut by_prefix, prefix.as_str(), &shop.id));
        }
        let only = match shops {
            [only] => Some(&only.id),
            _ => None,
        };
        let ids = shops.iter().map(|shop| (shop.id.as_str(), &shop.id)).collect();
        Self { ids, by_prefix, only, by_order: HashMap::new(), by_digits: HashMap::new(), answered: HashMap::new() }
    }

    /// Tells that `shop` has a payment with an Order ID that some booking names as its Transaction ID.
    pub fn tell_order(&mut self, order_id: &str, shop: &ShopId) {
        note(&mut self.by_order, Box::from(order_id), shop);
    }

    /// Tells what a payment's column H says, for bookings that nothing else places.
    pub fn tell_number(&mut self, payment: &Payment) {
        if let Some(parts) = code_parts(column_h(payment), CodeKind::Cart) {
            note(&mut self.by_digits, parts.digits, &payment.shop);
        }
    }

    /// Begins to look for the numbers of a booking that nothing else places, as far as payments claim them.
    pub fn look_for(&mut self, booking: &Booking) {
        for (kind, digits) in numbers(booking) {
            if self.by_digits.contains_key(&digits) {
                self.answered.entry((CodeKind::Cart, digits)).or_default();
                if kind == CodeKind::Product {
                    self.answered.entry((kind, digits)).or_default();
                }
            }
        }
    }

    /// Whether a number is looked for that only products may have.
    pub fn looks_for_products(&self) -> bool {
        self.answered.keys().any(|(kind, _)| *kind == CodeKind::Product)
    }

    /// Whether a cart or product with this `code` answers to a number that is looked for.
    pub fn is_looked_for(&self, code: &str, kind: CodeKind) -> bool {
        code_parts(code, kind).is_some_and(|parts| self.answered.contains_key(&(kind, parts.digits)))
    }

    /// Tells that a booking of `shop`, which has its place, has this `code`: payments of the shop with its number are that
    /// booking's.
    pub fn tell_answer(&mut self, code: &str, kind: CodeKind, shop: &ShopId) {
        let shops = code_parts(code, kind).and_then(|parts| self.answered.get_mut(&(kind, parts.digits)));
        if let Some(shops) = shops {
            shops.insert(shop.clone());
        }
    }

    /// The shop of the payment that a booking matched by Transaction ID, else of its folder, else of its prefix, else
    /// the only one.
    pub fn home<'d, 't>(
        &'d self,
        cart: &str,
        folder: Option<&str>,
        transaction_ids: impl IntoIterator<Item = &'t str>,
    ) -> Home<'d> {
        let named = transaction_ids.into_iter().filter_map(|id| self.by_order.get(id.trim()));
        let matched = named.fold(Seen::Nowhere, |seen, other| seen.and(other));
        let provisional = || {
            let folder = folder.and_then(|folder| self.ids.get(folder).copied());
            folder.or_else(|| self.of_prefix(cart)).or(self.only)
        };
        // Of a long history hardly any is matched: to count the holders of a shop's ID would make threads wait.
        match matched {
            Seen::At(shop) => Home::At(Cow::Owned(shop)),
            Seen::Several(seen) => provisional()
                .filter(|shop| seen.contains(*shop))
                .map_or(Home::Disputed, |shop| Home::At(Cow::Borrowed(shop))),
            Seen::Nowhere => provisional().map_or(Home::Unknown, |shop| Home::At(Cow::Borrowed(shop))),
        }
    }

    /// Keys 2 and 3 of a booking that nothing else places: the payments of exactly one shop must hit it, and no other booking
    /// of that shop by the same key or one before.
    pub fn by_number(&self, booking: &Booking) -> Option<ShopId> {
        let hit = |wanted: CodeKind| {
            let mut shops = HashSet::new();
            for (_, digits) in numbers(booking).filter(|(kind, _)| *kind == wanted) {
                let is_answered = |shop: &ShopId, kind| {
                    self.answered.get(&(kind, digits)).is_some_and(|answered| answered.contains(shop))
                };
                let claimed = self.by_digits.get(&digits).into_iter().flat_map(Seen::shops);
                shops.extend(claimed.filter(|shop| {
                    !is_answered(shop, CodeKind::Cart) && (wanted == CodeKind::Cart || !is_answered(shop, wanted))
                }));
            }
            shops
        };
        let by_cart = hit(CodeKind::Cart);
        let shops = if by_cart.is_empty() { hit(CodeKind::Product) } else { by_cart };
        let mut shops = shops.into_iter();
        shops.next().filter(|_| shops.next().is_none()).cloned()
    }

    fn of_prefix(&self, cart: &str) -> Option<&ShopId> {
        let prefix = code_parts(cart, CodeKind::Cart)?.prefix;
        match self.by_prefix.get(prefix.as_str())? {
            Seen::At(shop) => Some(shop),
            Seen::Nowhere | Seen::Several(_) => None,
        }
    }
}

/// The Transaction IDs that a booking names, in its lines or its payment list.
pub(super) fn transaction_ids(booking: &Booking) -> impl Iterator<Item = &str> {
    let lines = booking.lines.iter().map(|line| line.transaction_id.trim());
    let entries = booking.entries.iter().map(|entry| entry.transaction_id.trim());
    lines.chain(entries).filter(|id| !id.is_empty())
}

/// The numbers of a booking: of its cart, then of its products.
fn numbers(booking: &Booking) -> impl Iterator<Item = (CodeKind, Digits)> {
    let cart = std::iter::once((CodeKind::Cart, booking.cart.as_str()));
    let products = booking.lines.iter().map(|line| (CodeKind::Product, line.product_code.as_str()));
    cart.chain(products).filter_map(|(kind, code)| Some((kind, code_parts(code, kind)?.digits)))
}

/// In which shops a key was seen.
#[derive(Clone, Debug)]
enum Seen {
    Nowhere,
    At(ShopId),
    Several(HashSet<ShopId>),
}

impl Seen {
    fn shops(&self) -> impl Iterator<Item = &ShopId> {
        let (one, several) = match self {
            Self::Nowhere => (None, None),
            Self::At(shop) => (Some(shop), None),
            Self::Several(shops) => (None, Some(shops)),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    fn and(self, other: &Self) -> Self {
        match other {
            Self::Nowhere => self,
            Self::At(shop) => self.also(shop),
            Self::Several(shops) => shops.iter().fold(self, Self::also),
        }
    }

    fn also(self, shop: &ShopId) -> Self {
        match self {
            Self::Nowhere => Self::At(shop.clone()),
            Self::At(one) if one == *shop => Self::At(one),
            Self::At(one) => Self::Several(HashSet::from([one, shop.clone()])),
            Self::Several(mut shops) => {
                shops.insert(shop.clone());
                Self::Several(shops)
            }
        }
    }
}

fn note<K: Eq + Hash>(seen: &mut HashMap<K, Seen>, key: K, shop: &ShopId) {
    let known = seen.entry(key).or_insert(Seen::Nowhere);
    *known = std::mem::replace(known, Seen::Nowhere).also(shop);
}
