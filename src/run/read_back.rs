//! A finished workbook, read back by other code than wrote it, before anything of it is mailed: it holds its own shop's
//! rows and totals, all of them, and nobody else's (SPEC §10 promise 8, FAULTS X01). Streamed: a long sheet costs its
//! cells once, and no row is kept.

use crate::domain::ids::ShopId;
use crate::domain::notebook::Mark;
use crate::domain::reconciliation::{BookingView, Item, PaymentView, Reconciliation, RestItem, Totals};
use crate::locale::Language;
use crate::locale::changes::named;
use crate::locale::{Text, sheets as words};
use crate::read::{self, Cell};
use crate::report::figures::Change;
use std::collections::HashSet;

/// What a workbook must hold.
pub(super) struct Expected<'a> {
    pub(super) language: Language,
    pub(super) result: &'a Reconciliation,
    /// Every shop of the configuration.
    pub(super) shops: &'a [(&'a ShopId, &'a str)],
    pub(super) installation: &'a str,
    pub(super) revision: u32,
    /// Whether the sheet of matched rows is part of it.
    pub(super) with_matched: bool,
    /// What it says otherwise than the reports before it.
    pub(super) changes: &'a [Change],
}

/// Within how many rows from the top every sheet names its shop.
const SHOP_ROWS: u32 = 3;

/// Compares the workbook in `bytes` with what it was made of.
///
/// # Errors
/// The first thing that is not this shop's, by sheet and row, without its content.
pub(super) fn read_back(bytes: &[u8], expected: &Expected<'_>) -> Result<(), String> {
    let mut look = Look::new(expected);
    let properties = read::properties::properties(bytes).custom;
    let mark = Mark::read(|name| properties.get(name).map(String::as_str));
    if !mark.is_some_and(|mark| look.is_own(&mark)) {
        return Err("the document properties are not this report's".to_owned());
    }
    read::every_row(bytes, |sheet, row, cells| look.row(sheet, row, cells))
        .map_err(|_| "the finished workbook cannot be read back".to_owned())?;
    look.verdict()
}

/// What identifies a row of a listing, and its amounts.
struct Line<'a> {
    finding: &'a str,
    orders: Orders<'a>,
    booking: &'a str,
    /// GMO's or the only one, the booking's, the difference; an absent one stands as an empty cell.
    amounts: [Option<i64>; 3],
}

enum Orders<'a> {
    One(&'a str),
    Each(&'a [PaymentView]),
}

type Lines<'a> = Box<dyn Iterator<Item = Line<'a>> + 'a>;

/// The listings, in the order in which their rows are awaited.
const LISTINGS: [Text; 4] = [words::EXCEPTIONS, words::CANCELLATION, words::MATCHED, words::EXCLUDED];

/// The field of a listing that a column holds.
#[derive(Clone, Copy)]
enum Field {
    Finding,
    Orders,
    Booking,
    Amount(usize),
}

const FIELDS: [(Text, Field); 8] = [
    (words::FINDING_ID, Field::Finding),
    (words::ORDER_ID, Field::Orders),
    (words::BOOKING, Field::Booking),
    (words::GMO_YEN, Field::Amount(0)),
    (words::BALANCE, Field::Amount(0)),
    (words::AMOUNT, Field::Amount(0)),
    (words::BOOKING_YEN, Field::Amount(1)),
    (words::DIFFERENCE, Field::Amount(2)),
];

/// A sheet as far as what is expected of it goes.
enum Part {
    Sales,
    Listing(usize),
    Other,
}

struct Look<'a> {
    expected: &'a Expected<'a>,
    own: String,
    foreign: HashSet<&'a str>,
    /// Lengths that a foreign word may have: most texts need no look into the set.
    lengths: Vec<bool>,
    lines: [Lines<'a>; 4],
    sales: Box<dyn Iterator<Item = [i64; 4]> + 'a>,
    sheet: String,
    part: Part,
    named: bool,
    columns: Vec<(usize, Field)>,
    /// The integers of the row above the headings: the totals.
    above: Vec<(usize, i64)>,
    sums: [i64; 3],
    wrong: Option<String>,
}

impl<'a> Look<'a> {
    fn new(expected: &'a Expected<'a>) -> Self {
        let result = expected.result;
        let (own, name) = (&result.shop, result.shop_name.as_str());
        let others = expected.shops.iter().filter(|(id, _)| *id != own);
        let foreign: HashSet<&str> = others
            .flat_map(|(id, other)| [id.as_str(), *other])
            .filter(|word| !word.is_empty() && *word != name)
            .collect();
        let mut lengths = vec![false; foreign.iter().map(|word| word.len() + 1).max().unwrap_or(0)];
        for word in &foreign {
            if let Some(length) = lengths.get_mut(word.len()) {
                *length = true;
            }
        }
        let lines: [Lines<'a>; 4] =
            [findings(result), cancellation(result), matched(result, expected.with_matched), rest(result)];
        Self {
            expected,
            own: format!("({own})"),
            foreign,
            lengths,
            lines,
            sales: sales(result),
            sheet: String::new(),
            part: Part::Other,
            named: true,
            columns: Vec::new(),
            above: Vec::new(),
            sums: [0; 3],
            wrong: None,
        }
    }

    fn is_own(&self, mark: &Mark) -> bool {
        let Expected { result, installation, revision, .. } = self.expected;
        mark.shop == result.shop
            && mark.period == result.period
            && mark.revision == *revision
            && mark.installation == *installation
    }

    fn row(&mut self, sheet: &str, row: u32, cells: &[(usize, Cell<'_>)]) {
        if self.wrong.is_some() {
            return;
        }
        if self.sheet != sheet {
            self.leave_sheet();
            self.enter_sheet(sheet);
        }
        if row <= SHOP_ROWS {
            self.named |= cells.iter().any(|(_, cell)| matches!(cell, Cell::Text(text) if text.contains(&self.own)));
        }
        if cells.iter().any(|(_, cell)| matches!(cell, Cell::Text(text) if self.is_foreign(text))) {
            self.wrong = Some(format!("{sheet}: another shop is named"));
            return;
        }
        let agrees = match self.part {
            Part::Sales => self.sales_row(cells),
            Part::Listing(_) if self.columns.is_empty() => self.heading(cells),
            Part::Listing(listing) => self.listing_row(listing, cells),
            Part::Other => true,
        };
        if !agrees && self.wrong.is_none() {
            self.wrong = Some(format!("{sheet}: row {row} is not what this shop's report says"));
        }
    }

    fn enter_sheet(&mut self, sheet: &str) {
        let language = self.expected.language;
        let is = |name: Text| {
            let rest = sheet.strip_prefix(name.of(language));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
        };
        self.part = if is(words::SALES) {
            Part::Sales
        } else {
            LISTINGS.into_iter().position(is).map_or(Part::Other, Part::Listing)
        };
        sheet.clone_into(&mut self.sheet);
        (self.named, self.sums) = (false, [0; 3]);
        self.columns.clear();
        self.above.clear();
    }

    fn is_foreign(&mut self, text: &str) -> bool {
        let text = text.trim();
        if !self.lengths.get(text.len()).is_some_and(|is_one| *is_one) || !self.foreign.contains(text) {
            return false;
        }
        // Asked once for each word.
        let is_own = says(self.expected, text);
        if is_own {
            self.foreign.remove(text);
        }
        !is_own
    }

    /// A row of 売上集計 with figures is the next of them.
    fn sales_row(&mut self, cells: &[(usize, Cell<'_>)]) -> bool {
        let figure = |wanted| cells.iter().find(|(column, _)| *column == wanted).and_then(|(_, cell)| integer_of(cell));
        let figures = [1, 2, 3, 4].map(figure);
        figures.iter().all(Option::is_none) || self.sales.next().map(|next| next.map(Some)) == Some(figures)
    }

    fn heading(&mut self, cells: &[(usize, Cell<'_>)]) -> bool {
        let language = self.expected.language;
        for (column, cell) in cells {
            if let Cell::Text(text) = cell {
                let field = FIELDS.into_iter().find(|(heading, _)| heading.of(language) == text);
                self.columns.extend(field.map(|(_, field)| (*column, field)));
            }
        }
        if self.columns.is_empty() {
            let integers = cells.iter().filter_map(|(column, cell)| Some((*column, integer_of(cell)?)));
            self.above = integers.collect();
        }
        true
    }

    /// A row below the headings is the next of its listing.
    fn listing_row(&mut self, listing: usize, cells: &[(usize, Cell<'_>)]) -> bool {
        let Some(line) = self.lines.get_mut(listing).and_then(Iterator::next) else { return false };
        for (sum, amount) in self.sums.iter_mut().zip(line.amounts) {
            *sum = sum.saturating_add(amount.unwrap_or(0));
        }
        self.columns.iter().all(|(wanted, field)| {
            let at = cells.binary_search_by_key(wanted, |(column, _)| *column);
            let cell = at.ok().and_then(|at| cells.get(at));
            let text = match cell {
                Some((_, Cell::Text(text))) => text,
                _ => "",
            };
            match field {
                Field::Finding => text == line.finding,
                Field::Orders => line.orders.are(text, words::CUT.of(self.expected.language)),
                Field::Booking => text.trim() == line.booking.trim(),
                Field::Amount(which) => {
                    let found = cell.and_then(|(_, cell)| integer_of(cell));
                    line.amounts.get(*which) == Some(&found)
                }
            }
        })
    }

    fn leave_sheet(&mut self) {
        let mut amounts = self.columns.iter().filter_map(|(column, field)| match field {
            Field::Amount(which) => Some((*column, self.sums.get(*which).copied().unwrap_or(0))),
            Field::Finding | Field::Orders | Field::Booking => None,
        });
        let why = if !self.named {
            "does not name this shop"
        } else if !amounts.all(|total| self.above.contains(&total)) {
            "the totals differ"
        } else {
            return;
        };
        self.wrong.get_or_insert_with(|| format!("{}: {why}", self.sheet));
    }

    fn verdict(mut self) -> Result<(), String> {
        self.leave_sheet();
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        if self.sales.next().is_some() {
            return Err("sales are missing".to_owned());
        }
        if self.lines.iter_mut().any(|lines| lines.next().is_some()) {
            return Err("rows are missing".to_owned());
        }
        Ok(())
    }
}

/// Whether a product, a guest or a note is called `word`, or was in a report before: a tour may well bear the name of another
/// shop.
fn says(expected: &Expected<'_>, word: &str) -> bool {
    let Expected { result, changes, language, .. } = expected;
    let is_called = |booking: &BookingView| {
        booking.products.split(" / ").any(|product| product.trim() == word)
            || [&booking.products, &booking.customer].iter().any(|text| text.trim() == word)
    };
    let groups = result.matched.iter().chain(result.findings.iter().map(|finding| &finding.group));
    let rest = result.awaiting.iter().chain(&result.excluded).filter_map(|rest| match &rest.item {
        Item::Booking(booking) => Some(booking),
        Item::Payment(_) => None,
    });
    let windows = result.cancellation.iter().filter_map(|line| line.booking.as_ref());
    let mut bookings = groups.filter_map(|group| group.booking.as_ref()).chain(rest).chain(windows);
    let mut notes = result.findings.iter().flat_map(|finding| [&finding.note.assignee, &finding.note.text]);
    let mut labels = result.sales.by_product.iter().chain(&result.sales.by_method).map(|(label, _)| label);
    let was_called = changes.iter().any(|change| named(*language, &change.item).item.trim() == word);
    was_called
        || labels.any(|label| label.trim() == word)
        || bookings.any(is_called)
        || notes.any(|note| note.trim() == word)
}

const fn integer_of(cell: &Cell<'_>) -> Option<i64> {
    if let Cell::Integer(number) = cell { Some(*number) } else { None }
}

impl Orders<'_> {
    /// Whether `text` names exactly these; a text too long for a cell ends with `cut`.
    fn are(&self, text: &str, cut: &str) -> bool {
        match self {
            Self::One(order) => text == *order,
            Self::Each([]) => text.is_empty(),
            Self::Each(payments) => {
                let mut orders = payments.iter().map(|payment| payment.order_id.as_str());
                let between = words::between_orders(payments.len());
                let Some(begun) = text.strip_suffix(cut) else { return text.split(between).eq(orders) };
                let (whole, last) = begun.rsplit_once(between).unwrap_or(("", begun));
                (whole.is_empty() || whole.split(between).all(|order| orders.next() == Some(order)))
                    && orders.next().is_some_and(|order| order.starts_with(last))
            }
        }
    }
}

fn findings(result: &Reconciliation) -> Lines<'_> {
    Box::new(result.findings.iter().map(|finding| {
        let (gmo, booking) = (finding.group.actual, finding.group.booking.as_ref());
        let expected = booking.map(|booking| booking.expected);
        let shown = booking.filter(|booking| booking.foreign.is_none()).map(|booking| booking.expected.get());
        let difference = expected.map_or(gmo, |expected| gmo - expected);
        Line {
            finding: finding.id.as_str(),
            orders: Orders::Each(&finding.group.payments),
            booking: booking.map_or("", |booking| booking.cart.as_str()),
            amounts: [Some(gmo.get()), shown, Some(difference.get())],
        }
    }))
}

fn cancellation(result: &Reconciliation) -> Lines<'_> {
    Box::new(result.cancellation.iter().map(|line| Line {
        finding: "",
        orders: Orders::One(line.payment.order_id.as_str()),
        booking: line.booking.as_ref().map_or("", |booking| booking.cart.as_str()),
        amounts: [Some(line.payment.held.get()), None, None],
    }))
}

/// One line per payment, the booking's amount on the first; one for a group without payments.
fn matched(result: &Reconciliation, is_included: bool) -> Lines<'_> {
    let groups = if is_included { result.matched.as_slice() } else { &[] };
    Box::new(groups.iter().flat_map(|group| {
        let booking = group.booking.as_ref();
        let expected = booking.filter(|booking| booking.foreign.is_none()).map(|booking| booking.expected.get());
        (0..group.payments.len().max(1)).map(move |at| {
            let payment = group.payments.get(at);
            Line {
                finding: "",
                orders: Orders::One(payment.map_or("", |payment| payment.order_id.as_str())),
                booking: booking.map_or("", |booking| booking.cart.as_str()),
                amounts: [payment.map(|payment| payment.held.get()), expected.filter(|_| at == 0), None],
            }
        })
    }))
}

fn rest(result: &Reconciliation) -> Lines<'_> {
    Box::new(result.awaiting.iter().chain(&result.excluded).map(|RestItem { item, .. }| match item {
        Item::Payment(payment) => Line {
            finding: "",
            orders: Orders::One(payment.order_id.as_str()),
            booking: &payment.booking_ref,
            amounts: [Some(payment.observed.get()), None, None],
        },
        Item::Booking(booking) => Line {
            finding: "",
            orders: Orders::One(""),
            booking: booking.cart.as_str(),
            amounts: [booking.foreign.is_none().then_some(booking.expected.get()), None, None],
        },
    }))
}

/// The figures of 売上集計 from top to bottom: each cut and its total, which is that of the period.
fn sales(result: &Reconciliation) -> Box<dyn Iterator<Item = [i64; 4]> + '_> {
    let sales = &result.sales;
    let figures = |totals: &Totals| {
        let count = i64::try_from(totals.count).unwrap_or(i64::MAX);
        [count, totals.gross.get(), totals.refunds.get(), totals.net().get()]
    };
    let days = sales.by_day.iter().map(|(_, totals)| totals).chain([&sales.total]);
    let cuts = [&sales.by_month, &sales.by_status, &sales.by_method, &sales.by_product].into_iter();
    let cuts = cuts.flat_map(move |cut| cut.iter().map(|(_, totals)| totals).chain([&sales.total]));
    Box::new(days.chain(cuts).map(figures))
}

#[cfg(test)]
mod tests;
