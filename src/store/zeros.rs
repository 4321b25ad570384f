//! Order IDs of a shop that differ by zeros in front alone: a spreadsheet took them off one of the two (FAULTS N03).

use super::Result;
use super::sealed::Value;
use crate::domain::ids::OrderId;
use crate::domain::intake::PaymentRow;
use hashbrown::hash_map::EntryRef;
use hashbrown::{HashMap, HashSet};
use rusqlite::{CachedStatement, OptionalExtension, Row, Transaction, params};

/// A stored row with the counterpart of an Order ID.
pub(super) struct Counterpart {
    pub(super) order_id: OrderId,
    pub(super) file: i64,
    pub(super) line: u32,
}

/// Finds counterparts of Order IDs of which nothing is stored.
pub(super) struct Zeros<'t> {
    shortened: CachedStatement<'t>,
    padded: CachedStatement<'t>,
    all_padded: CachedStatement<'t>,
    /// By shop, once asked for: its all-digit Order IDs that begin with zeros, without these. Of few merchants there are any,
    /// and how many zeros are gone nobody knows: an index cannot be asked.
    without_zeros: HashMap<String, HashSet<Box<str>>>,
}

impl<'t> Zeros<'t> {
    pub(super) fn prepare(transaction: &'t Transaction<'t>) -> Result<Self> {
        Ok(Self {
            shortened: transaction.prepare_cached(
                "SELECT order_id, file_id, line FROM observation WHERE shop = ?1 AND order_id = ?2 ORDER BY id LIMIT 1",
            )?,
            padded: transaction.prepare_cached(
                "SELECT order_id, file_id, line FROM observation WHERE shop = ?1 AND order_id >= '0' AND order_id < '1' \
                 AND ltrim(order_id, '0') = ?2 ORDER BY id LIMIT 1",
            )?,
            all_padded: transaction.prepare_cached(
                "SELECT order_id FROM observation WHERE shop = ?1 AND order_id >= '0' AND order_id < '1' \
                 AND order_id NOT GLOB '*[^0-9]*'",
            )?,
            without_zeros: HashMap::new(),
        })
    }

    /// The counterpart of an Order ID that nothing is stored of and that is about to be stored; `shop` is its shop's word.
    pub(super) fn counterpart(&mut self, shop: Value<'_>, row: &PaymentRow) -> Result<Option<Counterpart>> {
        let order_id = row.order_id.as_str();
        if !order_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let rest = order_id.trim_start_matches('0');
        if rest.len() < order_id.len() {
            if let Some(known) = self.without_zeros.get_mut(row.shop.as_str()) {
                known.insert(rest.into());
            }
            return Ok(self.shortened.query_row(params![shop, rest], counterpart).optional()?);
        }
        let known = match self.without_zeros.entry_ref(row.shop.as_str()) {
            EntryRef::Occupied(known) => known.into_mut(),
            EntryRef::Vacant(unasked) => {
                let all = self
                    .all_padded
                    .query_map([shop], |row| Ok(row.get_ref(0)?.as_str()?.trim_start_matches('0').into()))?;
                unasked.insert(all.collect::<rusqlite::Result<_>>()?)
            }
        };
        if !known.contains(rest) {
            return Ok(None);
        }
        Ok(self.padded.query_row(params![shop, rest], counterpart).optional()?)
    }
}

fn counterpart(row: &Row<'_>) -> rusqlite::Result<Counterpart> {
    Ok(Counterpart { order_id: OrderId::new(row.get_ref(0)?.as_str()?), file: row.get(1)?, line: row.get(2)? })
}
