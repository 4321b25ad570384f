//! Which carts of the history belong to which shop (SPEC §4.3), before any of them is read whole.

use crate::config::Config;
use crate::domain::ids::{CartCode, ShopId};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{FileSummary, ShopFacts};
use crate::reconcile::{Desk, Home};
use crate::store::{CartTally, CartTotals, Facts, Reader, Result, Version};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;

/// More carts than this make a shop large.
const LARGE: usize = 80_000;

/// The carts of each shop.
pub struct Placed {
    facts: Facts,
    carts: HashMap<ShopId, Vec<Version>>,
    files: BTreeMap<ShopId, Vec<FileSummary>>,
    /// Carts that no rule places, for the operator.
    pub unplaced: Vec<CartCode>,
}

/// Places every cart, and counts what each file brought each shop.
///
/// # Errors
/// When the history cannot be read.
pub fn place(config: &Config, facts: Facts) -> Result<Placed> {
    let shops: Vec<Shop> = config.shops.iter().map(|shop| shop.shop.clone()).collect();
    let reader = facts.reader()?;
    let Homes { shops, carts, totals, mut unplaced, .. } = homes(&shops, &reader)?;
    unplaced.sort();
    let files = reader.file_summaries(&shops, totals)?;
    Ok(Placed { facts, carts: shops.into_iter().zip(carts).collect(), files, unplaced })
}

impl Placed {
    /// The files that brought rows of `shop`.
    pub fn files(&self, shop: &ShopId) -> &[FileSummary] {
        self.files.get(shop).map_or(&[], Vec::as_slice)
    }

    /// Whether all that is known of `shop` fills a good part of the memory that a run may take.
    pub fn is_large(&self, shop: &ShopId) -> bool {
        self.carts.get(shop).is_some_and(|carts| carts.len() > LARGE)
    }

    /// Reads all that is known of `shop`, on the thread that asks.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn facts(&self, shop: &ShopId) -> Result<ShopFacts> {
        let reader = self.facts.reader()?;
        let carts = self.carts.get(shop).map_or(&[][..], Vec::as_slice);
        Ok(ShopFacts { payments: reader.payments(shop)?, bookings: reader.bookings(carts)? })
    }
}

/// Carts on their way to their shops.
#[derive(Default)]
struct Homes {
    /// The shops that have carts.
    shops: Vec<ShopId>,
    /// The carts of each.
    carts: Vec<Vec<Version>>,
    /// The position of a shop.
    at: HashMap<ShopId, usize>,
    /// What files brought each of them.
    totals: CartTotals,
    unplaced: Vec<CartCode>,
}

impl Homes {
    fn give(&mut self, shop: ShopId, version: Version, tally: &CartTally) {
        let at = match self.at.get(&shop) {
            Some(at) => *at,
            None => {
                self.shops.push(shop.clone());
                self.carts.push(Vec::new());
                self.at.insert(shop, self.carts.len() - 1);
                self.carts.len() - 1
            }
        };
        self.totals.add(at, tally);
        if let Some(carts) = self.carts.get_mut(at) {
            carts.push(version);
        }
    }

    /// Counts what files brought that did not bring the newest version of a cart.
    fn count_others(&mut self, reader: &Reader) -> Result<()> {
        let mut shop_of: Option<HashMap<Version, usize>> = None;
        let Self { carts, totals, .. } = self;
        reader.other_tallies(|version, tally| {
            let shop_of = shop_of.get_or_insert_with(|| {
                (0..).zip(&*carts).flat_map(|(at, carts)| carts.iter().map(move |version| (*version, at))).collect()
            });
            if let Some(at) = shop_of.get(&version) {
                totals.add(*at, &tally);
            }
        })
    }
}

fn homes(shops: &[Shop], reader: &Reader) -> Result<Homes> {
    let mut desk = Desk::new(shops);
    let named = reader.transactions()?;
    let wanted: HashSet<&str> = named.values().flatten().map(|id| id.trim()).collect();
    if !wanted.is_empty() {
        reader.order_ids(|shop, order_id| {
            if wanted.contains(order_id) {
                desk.tell_order(order_id, shop);
            }
        })?;
    }
    let mut homes = Homes::default();
    let mut unknown = Vec::new();
    reader.carts(|card| {
        let ids = named.get(&card.version).into_iter().flatten();
        match desk.home(card.cart, card.folder, ids.map(|id| &**id)) {
            Home::At(shop) => homes.give(shop, card.version, &card.tally),
            Home::Disputed => homes.unplaced.push(CartCode::new(card.cart)),
            Home::Unknown => unknown.push((card.version, card.tally)),
        }
    })?;
    if !unknown.is_empty() {
        for shop in reader.shops()? {
            reader.payments(&shop)?.iter().for_each(|payment| desk.tell_number(payment));
        }
    }
    for (version, tally) in unknown {
        for booking in reader.bookings(&[version])? {
            match desk.by_number(&booking) {
                Some(shop) => homes.give(shop, version, &tally),
                None => homes.unplaced.push(booking.cart),
            }
        }
    }
    homes.count_others(reader)?;
    Ok(homes)
}
