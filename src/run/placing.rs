//! Which carts of the history belong to which shop (SPEC §4.3), before any of them is read whole.

use crate::config::Config;
use crate::domain::ids::{CartCode, ShopId};
use crate::domain::policy::Shop;
use crate::domain::reconciliation::{FileSummary, ShopFacts};
use crate::reconcile::{Desk, Home};
use crate::store::{Facts, Reader, Result, Version};
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
    let (carts, mut unplaced) = homes(&shops, &reader)?;
    unplaced.sort();
    let ids: Vec<ShopId> = carts.keys().cloned().collect();
    let places =
        (0..).zip(&ids).flat_map(|(at, shop)| carts.get(shop).into_iter().flatten().map(move |cart| (*cart, at)));
    let files = reader.file_summaries(&ids, &places.collect())?;
    Ok(Placed { facts, carts, files, unplaced })
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

type Homes = (HashMap<ShopId, Vec<Version>>, Vec<CartCode>);

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
    let (mut carts, mut unplaced) = (HashMap::<ShopId, Vec<Version>>::new(), Vec::new());
    let mut unknown = Vec::new();
    reader.carts(|card| {
        let ids = named.get(&card.version).into_iter().flatten();
        match desk.home(card.cart, card.folder, ids.map(|id| &**id)) {
            Home::At(shop) => carts.entry(shop).or_default().push(card.version),
            Home::Disputed => unplaced.push(CartCode::new(card.cart)),
            Home::Unknown => unknown.push(card.version),
        }
    })?;
    if !unknown.is_empty() {
        for shop in reader.shops()? {
            reader.payments(&shop)?.iter().for_each(|payment| desk.tell_number(payment));
        }
    }
    for version in unknown {
        for booking in reader.bookings(&[version])? {
            match desk.by_number(&booking) {
                Some(shop) => carts.entry(shop).or_default().push(version),
                None => unplaced.push(booking.cart),
            }
        }
    }
    Ok((carts, unplaced))
}
