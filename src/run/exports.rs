//! Whether the export of a day is in (SPEC §8 `wait_for_exports_until`, FAULTS A20).

use super::Workshop;
use crate::domain::dates::Day;
use crate::domain::ids::ShopId;
use crate::domain::intake::Kind;
use crate::schedule::Slot;
use crate::store::{Store, StoreError};

/// The shops whose export of a slot's day is not in (SPEC §8 `wait_for_exports_until`).
///
/// # Errors
/// When the history cannot be read.
pub fn exports_not_in(workshop: &Workshop, store: &Store, slot: &Slot) -> Result<Vec<ShopId>, StoreError> {
    let mut missing = Vec::new();
    for shop in &workshop.config.shops {
        if !has_export_of(workshop, store, &shop.shop.id, slot.as_of)? {
            missing.push(shop.shop.id.clone());
        }
    }
    Ok(missing)
}

/// Whether the export of `shop` for the day before `as_of` is in. A file without any row is in too, and is that of the shop in
/// whose folder it lay, else of the only one (FAULTS P06).
pub(super) fn has_export_of(workshop: &Workshop, store: &Store, shop: &ShopId, as_of: Day) -> Result<bool, StoreError> {
    if store.has_payments_of(shop, as_of)? {
        return Ok(true);
    }
    let layouts = &workshop.layouts;
    let is_of_payments = |name: &str| layouts.iter().any(|of| of.kind() == Kind::Payments && of.name() == name);
    let is_only = workshop.config.shops.len() == 1;
    let is_of_shop = |folder: Option<String>| folder.map_or(is_only, |folder| folder == shop.as_str());
    Ok(store.arrived_since(as_of)?.into_iter().any(|(layout, folder)| is_of_payments(&layout) && is_of_shop(folder)))
}
