//! Rows of a bookings file → carts, rows of a payment list → entries (SPEC §4.2). Must not know payments or matching.

use super::layout::Field;
use super::payments::check_totals;
use super::{Refusal, Row, Taken, fields};
use crate::domain::booking::{BookingLine, LineStatus, PaymentEntry, PaymentStatus, PaymentType, Price};
use crate::domain::dates::Day;
use crate::domain::ids::{CartCode, ProductCode};
use crate::domain::intake::{CartSnapshot, Fault, Kind, Problem};
use crate::domain::money::Yen;
use crate::domain::text::{Texts, code_key};
use hashbrown::HashMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Up to so many lines of a cart are looked through one by one: nearly all carts have one or two.
const FEW: usize = 16;

/// The carts so far.
#[derive(Default)]
pub(super) struct Bookings {
    carts: Vec<CartSnapshot>,
    /// Where a cart stands, by the key its spellings share.
    by_code: HashMap<Box<str>, usize>,
    /// Where a line with a product code stands, of carts with many lines: cart, code → line of the cart.
    lines: HashMap<(usize, ProductCode), usize>,
    texts: Texts,
}

impl Bookings {
    /// Takes one row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<Taken, Refusal> {
        let cart = cart(row)?;
        let line = booking_line(row, &mut self.texts)?;
        let next = self.carts.len();
        let at = *self.by_code.entry(code_key(cart.as_str()).into_boxed_str()).or_insert(next);
        if at == next {
            // Room for the one line that most carts have: the usual growth would take four times as much.
            self.carts.push(CartSnapshot { cart, lines: Vec::with_capacity(1), repeated: Vec::new() });
        }
        let Some(snapshot) = self.carts.get_mut(at) else { return Ok(Taken::Accepted) };
        if !line.product_code.as_str().is_empty() {
            let known = if snapshot.lines.len() < FEW {
                snapshot.lines.iter().position(|known| known.product_code == line.product_code)
            } else {
                let next = snapshot.lines.len();
                Some(*self.lines.entry((at, line.product_code.clone())).or_insert(next))
            };
            if let Some(known) = known.and_then(|known| snapshot.lines.get(known)) {
                if !known.says_same(&line) {
                    let fault = Fault::ContradictoryLine { code: line.product_code.to_string() };
                    return Err(row.hold(Field::ProductCode, fault));
                }
                snapshot.repeated.push(line.source.line);
                return Ok(Taken::Accepted);
            }
        }
        snapshot.lines.push(line);
        if snapshot.lines.len() == FEW {
            let lines = snapshot.lines.iter().enumerate();
            self.lines.extend(lines.map(|(nth, known)| ((at, known.product_code.clone()), nth)));
        }
        Ok(Taken::Accepted)
    }

    /// All carts.
    pub(super) fn finish(self) -> Vec<CartSnapshot> {
        self.carts
    }
}

fn cart(row: &Row<'_>) -> Result<CartCode, Refusal> {
    let written = row.identifier(Field::Cart)?;
    if written.is_empty() {
        return Err(row.reject(Field::Cart, Fault::Blank));
    }
    Ok(CartCode::new(&written))
}

fn booking_line(row: &Row<'_>, texts: &mut Texts) -> Result<BookingLine, Refusal> {
    let currency = currency(row)?;
    let start_at = match row.text(Field::StartAt).is_empty() {
        true => None,
        false => Some(row.moment(Field::StartAt, tours_end())?),
    };
    let yen = currency == "JPY";
    let optional = |field| if yen { row.yen(field) } else { Ok(None) };
    Ok(BookingLine {
        product_code: ProductCode::new(&row.identifier(Field::ProductCode)?),
        status: row.word(Field::Status, LineStatus::read, LineStatus::ALL.iter().map(|status| status.word()))?,
        payment_status: row.word(
            Field::PaymentStatus,
            PaymentStatus::read,
            PaymentStatus::ALL.iter().map(|status| status.word()),
        )?,
        created_at: row.moment(Field::CreatedAt, row.context.latest)?,
        start_at,
        total: price(row, Field::Total, &currency, Sign::Never)?,
        channel: row.shared(Field::Channel, texts),
        product: row.shared(Field::Product, texts),
        customer: row.alone(Field::Customer, texts),
        external_ref: row.alone(Field::ExternalRef, texts),
        transaction_id: texts.alone(&row.identifier(Field::TransactionId)?),
        paid: optional(Field::PaidAmount)?,
        refunded: optional(Field::RefundedAmount)?,
        source: row.source(),
    })
}

/// The last day a tour may start on: tours are booked ahead, but not this far.
fn tours_end() -> Day {
    Day::new(2099, 12, 31).unwrap_or(Day::from_number(0))
}

/// The ISO code of a row's currency.
fn currency(row: &Row<'_>) -> Result<Cow<'static, str>, Refusal> {
    let written = row.filled(Field::Currency)?;
    if written == "JPY" {
        return Ok(Cow::Borrowed("JPY"));
    }
    let word = row.layout.word(Field::Currency, &written).unwrap_or(&written);
    if let Some(code) = currency_code(word) {
        return Ok(Cow::Owned(code));
    }
    Err(row.reject(Field::Currency, Fault::Identifier { found: written.to_string(), expected: "ISO 4217 (JPY)" }))
}

fn currency_code(word: &str) -> Option<String> {
    let code = fields::narrow(word).to_ascii_uppercase();
    (code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(code)
}

/// The word of ours that a text is.
type ReadWord = fn(&str) -> Option<String>;

/// The words of ours that a column may have.
pub(super) struct Vocabulary {
    pub(super) read: ReadWord,
    /// The same, of texts that are never looked up in the layout.
    pub(super) read_first: ReadWord,
    /// All of them, for a message.
    pub(super) known: String,
}

/// What the words of a layout may stand for in `field`; nothing where they are not asked for.
pub(super) fn vocabulary(kind: Kind, field: Field) -> Option<Vocabulary> {
    let (read, known): (ReadWord, Vec<&str>) = match (kind, field) {
        (Kind::Bookings, Field::Status) => (
            |text| LineStatus::read(text).map(|status| status.word().to_owned()),
            LineStatus::ALL.iter().map(|status| status.word()).collect(),
        ),
        (Kind::Bookings, Field::PaymentStatus) => (
            |text| PaymentStatus::read(text).map(|status| status.word().to_owned()),
            PaymentStatus::ALL.iter().map(|status| status.word()).collect(),
        ),
        (Kind::PaymentList, Field::PaymentType) => (
            |text| PaymentType::read(text).map(|kind| kind.word().to_owned()),
            PaymentType::ALL.iter().map(|kind| kind.word()).collect(),
        ),
        (Kind::Bookings | Kind::PaymentList, Field::Currency) => {
            let read_first = |text: &str| (text == "JPY").then(|| text.to_owned());
            return Some(Vocabulary { read: currency_code, read_first, known: "JPY, USD, EUR, …".to_owned() });
        }
        _ => return None,
    };
    Some(Vocabulary { read, read_first: read, known: known.join(", ") })
}

/// Whether an amount may be negative.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Never,
    Allowed,
}

fn price(row: &Row<'_>, field: Field, currency: &str, sign: Sign) -> Result<Price, Refusal> {
    let written = row.filled(field)?;
    let wrong = || row.reject_amount(field, &written);
    if currency == "JPY" {
        let yen = match sign {
            Sign::Never => fields::yen(&written, Yen::ROW_LIMIT),
            Sign::Allowed => fields::signed_yen(&written, Yen::ROW_LIMIT),
        };
        return yen.map(Price::Yen).ok_or_else(wrong);
    }
    let signed = fields::narrow(&written).starts_with('-');
    if !fields::is_decimal(&written) || (signed && sign == Sign::Never) {
        return Err(wrong());
    }
    Ok(Price::Foreign { currency: Arc::from(currency), written: Arc::from(&*written) })
}

/// The entries of a payment list so far.
#[derive(Default)]
pub(super) struct PaymentList {
    entries: Vec<PaymentEntry>,
    /// Where the payment, and the refund, of a reference stands.
    by_reference: HashMap<(Arc<str>, bool), usize>,
    texts: Texts,
    sum: Yen,
    totals: Vec<(Problem, Yen)>,
}

impl PaymentList {
    /// Takes one row.
    pub(super) fn row(&mut self, row: &Row<'_>) -> Result<Taken, Refusal> {
        if row.is_total(Field::Cart) {
            let written = row.filled(Field::Amount)?;
            let stated = fields::signed_yen(&written, Yen::new(999_999_999_999_999))
                .ok_or_else(|| row.reject_amount(Field::Amount, &written))?;
            self.totals.push((row.problem(Field::Amount, Fault::Blank), stated));
            return Ok(Taken::Excluded("total_row"));
        }
        let cart = cart(row)?;
        let amount = price(row, Field::Amount, &currency(row)?, Sign::Allowed)?;
        let entry = PaymentEntry {
            reference: row.alone(Field::Reference, &mut self.texts),
            cart,
            payment_type: row.word(
                Field::PaymentType,
                PaymentType::read,
                PaymentType::ALL.iter().map(|kind| kind.word()),
            )?,
            at: row.moment(Field::At, row.context.latest)?,
            amount,
            transaction_id: self.texts.alone(&row.identifier(Field::TransactionId)?),
            source: row.source(),
        };
        if !entry.reference.is_empty() {
            let key = (Arc::clone(&entry.reference), entry.is_refund());
            let at = *self.by_reference.entry(key).or_insert(self.entries.len());
            if self.entries.get(at).is_some_and(|known| !known.says_same(&entry)) {
                let reference = entry.reference.to_string();
                return Err(row.hold(Field::Reference, Fault::ContradictoryPayment { reference }));
            }
        }
        self.sum += entry.amount.yen().unwrap_or(Yen::ZERO);
        self.entries.push(entry);
        Ok(Taken::Accepted)
    }

    /// All entries, if the totals hold.
    pub(super) fn finish(self) -> Result<Vec<PaymentEntry>, Problem> {
        check_totals(&self.totals, self.sum)?;
        Ok(self.entries)
    }
}
