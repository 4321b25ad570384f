//! Rows of 取引集計 → observations (SPEC §4.1). Must not know encodings, other rows' history or what money follows.

use super::layout::Field;
use super::{Refusal, Row, Taken, fields};
use crate::domain::ids::{OrderId, ShopId};
use crate::domain::intake::{Fault, PaymentRow, Problem};
use crate::domain::money::Yen;
use crate::domain::payment::{Observation, Status};
use crate::domain::text::Texts;
use hashbrown::HashMap;

/// The largest total row.
const TOTAL_LIMIT: Yen = Yen::new(999_999_999_999_999);
/// Long Order IDs in a file before most of them being rounded is no accident.
const LONG_IDS: u64 = 8;

/// The accepted rows so far.
#[derive(Default)]
pub(super) struct Payments {
    rows: Vec<PaymentRow>,
    sum: Yen,
    totals: Vec<(Problem, Yen)>,
    long_ids: u64,
    rounded: Option<(u64, Problem)>,
    statuses: HashMap<String, Status>,
    texts: Texts,
}

impl Payments {
    /// Takes one row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<Taken, Refusal> {
        if row.is_total(Field::OrderId) {
            return self.total(row);
        }
        // First of all, so that no message of another shop's row reaches this one.
        let shop = shop(row, self.rows.last().map(|before| &before.shop))?;
        let order_id = order_id(row)?;
        let written = row.filled(Field::Status)?;
        let at = row.moment(Field::At, row.context.latest)?;
        let amount = row.yen(Field::Amount)?.ok_or_else(|| row.reject(Field::Amount, Fault::Blank))?;
        let amount = amount + row.yen(Field::Tax)?.unwrap_or(Yen::ZERO);
        if amount > Yen::ROW_LIMIT {
            return Err(row.reject_amount(Field::Amount, &amount.to_string()));
        }
        let booking_ref = row.identifier(Field::BookingRef)?;
        self.watch_rounding(row, &order_id);
        let status = match self.statuses.get(&*written) {
            Some(status) => status.clone(),
            None => {
                let status = Status::read(&written);
                self.statuses.insert(written.into_owned(), status.clone());
                status
            }
        };
        let method = row.shared(Field::Method, &mut self.texts);
        let booking_ref = self.texts.alone(&booking_ref);
        let observation = Observation { at, status, amount, booking_ref, method, source: row.source() };
        self.sum += amount;
        self.rows.push(PaymentRow { shop, order_id, observation });
        Ok(Taken::Accepted)
    }

    fn total(&mut self, row: &Row<'_>) -> Result<Taken, Refusal> {
        let read = |field| {
            let text = row.text(field);
            if text.is_empty() {
                return Ok(None);
            }
            let read = fields::yen(&text, TOTAL_LIMIT);
            read.map(Some).ok_or_else(|| row.reject_amount(field, &text))
        };
        let stated = read(Field::Amount)?.ok_or_else(|| row.reject(Field::Amount, Fault::Blank))?;
        let stated = stated + read(Field::Tax)?.unwrap_or(Yen::ZERO);
        self.totals.push((row.problem(Field::Amount, Fault::Blank), stated));
        Ok(Taken::Excluded("total_row"))
    }

    /// N04: counts long Order IDs and those among them that end as rounded ones do.
    fn watch_rounding(&mut self, row: &Row<'_>, order_id: &OrderId) {
        let Some(rounded) = fields::is_rounded(order_id.as_str()) else { return };
        self.long_ids += 1;
        if rounded {
            let found = order_id.as_str().to_owned();
            let (count, _) = self
                .rounded
                .get_or_insert_with(|| (0, row.problem(Field::OrderId, Fault::DamagedIdentifier { found })));
            *count += 1;
        }
    }

    /// Hands the rows so far to `take` and lets go of them, if they are as many as `enough`.
    pub(super) fn hand_over(&mut self, enough: usize, take: &mut dyn FnMut(&[PaymentRow])) {
        if self.rows.len() >= enough {
            take(&self.rows);
            self.rows.clear();
        }
    }

    /// All rows that are left, if totals and identifiers hold.
    pub(super) fn finish(self) -> Result<Vec<PaymentRow>, Problem> {
        if let Some((count, problem)) = self.rounded
            && self.long_ids >= LONG_IDS
            && count * 2 > self.long_ids
        {
            return Err(problem);
        }
        check_totals(&self.totals, self.sum)?;
        Ok(self.rows)
    }
}

/// P07: every stated total equals the sum of the rows.
pub(super) fn check_totals(totals: &[(Problem, Yen)], calculated: Yen) -> Result<(), Problem> {
    match totals.iter().find(|(_, stated)| *stated != calculated) {
        None => Ok(()),
        Some((problem, stated)) => {
            let fault = Fault::TotalDiffers { stated: *stated, calculated };
            Err(Problem { place: problem.place.clone(), fault })
        }
    }
}

fn order_id(row: &Row<'_>) -> Result<OrderId, Refusal> {
    let written = row.identifier(Field::OrderId)?;
    if written.is_empty() {
        return Err(row.reject(Field::OrderId, Fault::Blank));
    }
    let narrow = fields::narrow(&written);
    if OrderId::is_valid(&narrow) {
        return Ok(OrderId::new(&narrow));
    }
    let fault = Fault::Identifier { found: written.to_string(), expected: "[-0-9A-Za-z]{1,27}" };
    Err(row.reject(Field::OrderId, fault))
}

/// The shop of a row, which is mostly that of the row before.
fn shop(row: &Row<'_>, before: Option<&ShopId>) -> Result<ShopId, Refusal> {
    if !row.has_column(Field::Shop) {
        return row.context.folder.cloned().ok_or_else(|| row.hold(Field::Shop, Fault::NoShop));
    }
    let written = row.identifier(Field::Shop)?;
    if written.is_empty() {
        return Err(row.reject(Field::Shop, Fault::Blank));
    }
    let narrow = fields::narrow(&written);
    let Some(shop) = before.into_iter().chain(row.context.shops).find(|shop| shop.as_str() == narrow) else {
        return Err(row.hold(Field::Shop, Fault::UnknownShop { found: written.to_string() }));
    };
    match row.context.folder {
        Some(folder) if folder != shop => {
            let fault = Fault::OtherShop { found: shop.to_string(), folder: folder.to_string() };
            Err(row.hold(Field::Shop, fault))
        }
        Some(_) | None => Ok(shop.clone()),
    }
}
