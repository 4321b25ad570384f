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
/// Zeros that rounding leaves, added up over a file, before they are no accident: an ID ends in n zeros by chance once in 10ⁿ,
/// so this many come together once in a million files.
const ZEROS: u64 = 6;
/// So many rounded payments are told apart. With as many being most of a file, no number of others makes it an accident.
const TOLD_APART: usize = 16;

/// The accepted rows so far.
#[derive(Default)]
pub(super) struct Payments {
    rows: Vec<PaymentRow>,
    sum: Yen,
    totals: Vec<(Problem, Yen)>,
    rounding: Rounding,
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
        self.rounding.watch(row, &order_id, &booking_ref);
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

    /// Hands the rows so far to `take` and lets go of them, if they are as many as `enough`.
    pub(super) fn hand_over(&mut self, enough: usize, take: &mut dyn FnMut(&[PaymentRow])) {
        if self.rows.len() >= enough {
            take(&self.rows);
            self.rows.clear();
        }
    }

    /// All rows that are left, if totals and identifiers hold.
    pub(super) fn finish(self) -> Result<Vec<PaymentRow>, Problem> {
        if let Some(problem) = self.rounding.problem() {
            return Err(problem);
        }
        check_totals(&self.totals, self.sum)?;
        Ok(self.rows)
    }
}

/// N04: the long Order IDs of a file, and those among them that end as rounded ones do.
#[derive(Default)]
struct Rounding {
    /// Rows with a rounded one, and rows with another one.
    rounded: u64,
    others: u64,
    /// The first rounded payments, by Order ID and column H: rows of one payment are one accident, while two payments that
    /// became one ID show by column H.
    payments: Vec<(OrderId, String)>,
    zeros: u64,
    first: Option<Problem>,
}

impl Rounding {
    fn watch(&mut self, row: &Row<'_>, order_id: &OrderId, booking_ref: &str) {
        let Some(zeros) = fields::rounded_digits(order_id.as_str()) else { return };
        if zeros == 0 {
            self.others += 1;
            return;
        }
        self.rounded += 1;
        let is_told = |(id, reference): &(OrderId, String)| id == order_id && reference == booking_ref;
        if self.payments.len() < TOLD_APART && !self.payments.iter().any(is_told) {
            self.payments.push((order_id.clone(), booking_ref.to_owned()));
            self.zeros += zeros;
        }
        if self.first.is_none() {
            let found = order_id.as_str().to_owned();
            self.first = Some(row.problem(Field::OrderId, Fault::DamagedIdentifier { found }));
        }
    }

    /// The first rounded ID, where most are and that is no accident. Each other ID is worth a zero: it makes more choices of
    /// which ones are rounded.
    fn problem(self) -> Option<Problem> {
        let is_no_accident = self.payments.len() >= TOLD_APART || self.zeros >= ZEROS + self.others;
        self.first.filter(|_| self.rounded > self.others && is_no_accident)
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
