//! A finished workbook, read back by other code than wrote it, before anything of it is mailed: it holds its own shop's
//! rows and totals, and nobody else's (SPEC §10 promise 8, FAULTS X01). Streamed: a long sheet costs its cells once.

use crate::domain::ids::ShopId;
use crate::domain::reconciliation::{Reconciliation, ShopFacts};
use crate::locale::Language;
use crate::locale::sheets as words;
use crate::read::{self, Cell};
use std::collections::HashSet;

/// What a workbook may hold.
pub(super) struct Expected<'a> {
    pub(super) language: Language,
    pub(super) result: &'a Reconciliation,
    pub(super) facts: &'a ShopFacts,
    /// Every shop of the configuration.
    pub(super) shops: &'a [(&'a ShopId, &'a str)],
}

/// Within how many rows from the top every sheet names its shop.
const SHOP_ROWS: u32 = 3;

/// Compares the workbook in `bytes` with what it was made of.
///
/// # Errors
/// The first thing that is not this shop's, by sheet and row, without its content.
pub(super) fn read_back(bytes: &[u8], expected: &Expected<'_>) -> Result<(), String> {
    let mut look = Look::new(expected);
    read::every_row(bytes, |sheet, row, cells| look.row(sheet, row, cells))
        .map_err(|_| "the finished workbook cannot be read back".to_owned())?;
    look.verdict()
}

struct Look<'a> {
    expected: &'a Expected<'a>,
    orders: HashSet<&'a str>,
    carts: HashSet<&'a str>,
    findings: HashSet<&'a str>,
    foreign: HashSet<&'a str>,
    sheet: String,
    named: bool,
    columns: Vec<(usize, Kind)>,
    seen: HashSet<String>,
    numbers: HashSet<i64>,
    wrong: Option<String>,
}

/// What a column identifies.
#[derive(Clone, Copy)]
enum Kind {
    Order,
    Cart,
    Finding,
}

impl<'a> Look<'a> {
    fn new(expected: &'a Expected<'a>) -> Self {
        let (own, name) = (&expected.result.shop, expected.result.shop_name.as_str());
        let others = expected.shops.iter().filter(|(id, _)| *id != own);
        let foreign = others.flat_map(|(id, other)| [id.as_str(), *other]).filter(|word| !word.is_empty());
        // A payment without a booking stands with what its column H says.
        let written = expected.facts.payments.iter().flat_map(|payment| &payment.observations);
        let written = written.map(|observation| &*observation.booking_ref);
        let carts = expected.facts.bookings.iter().map(|booking| booking.cart.as_str()).chain(written).collect();
        Self {
            expected,
            orders: expected.facts.payments.iter().map(|payment| payment.order_id.as_str()).collect(),
            carts,
            findings: expected.result.findings.iter().map(|finding| finding.id.as_str()).collect(),
            foreign: foreign.filter(|word| *word != name).collect(),
            sheet: String::new(),
            named: true,
            columns: Vec::new(),
            seen: HashSet::new(),
            numbers: HashSet::new(),
            wrong: None,
        }
    }

    fn row(&mut self, sheet: &str, row: u32, cells: &[(usize, Cell<'_>)]) {
        if self.wrong.is_some() {
            return;
        }
        if self.sheet != sheet {
            self.leave_sheet();
            sheet.clone_into(&mut self.sheet);
            (self.named, self.columns) = (false, Vec::new());
        }
        if row <= SHOP_ROWS {
            let own = format!("({})", self.expected.result.shop);
            self.named |= cells.iter().any(|(_, cell)| matches!(cell, Cell::Text(text) if text.contains(&own)));
        }
        let is_heading = self.columns.is_empty();
        for (column, cell) in cells {
            match cell {
                Cell::Text(text) if is_heading => self.heading(*column, text),
                Cell::Text(text) => self.text(row, *column, text),
                Cell::Integer(number) if self.sheet == words::SALES.of(self.expected.language) => {
                    self.numbers.insert(*number);
                }
                Cell::Integer(_) | Cell::Decimal(_) | Cell::Date(_) | Cell::Empty | Cell::Problem(_) => {}
            }
        }
    }

    fn heading(&mut self, column: usize, text: &str) {
        let language = self.expected.language;
        let headings =
            [(words::ORDER_ID, Kind::Order), (words::BOOKING, Kind::Cart), (words::FINDING_ID, Kind::Finding)];
        let kind = headings.into_iter().find(|(heading, _)| heading.of(language) == text);
        self.columns.extend(kind.map(|(_, kind)| (column, kind)));
        self.is_foreign(text);
    }

    fn is_foreign(&mut self, text: &str) {
        if self.foreign.contains(text.trim()) {
            self.wrong = Some(format!("{}: another shop is named", self.sheet));
        }
    }

    fn text(&mut self, row: u32, column: usize, text: &str) {
        self.is_foreign(text);
        let Some((_, kind)) = self.columns.iter().find(|(at, _)| *at == column) else { return };
        let own = match kind {
            Kind::Order => &self.orders,
            Kind::Cart => &self.carts,
            Kind::Finding => &self.findings,
        };
        let is_own = own.contains(text) || text.split([',', '、', '\n']).all(|part| own.contains(part.trim()));
        if matches!(kind, Kind::Finding) {
            self.seen.insert(text.to_owned());
        }
        if !is_own {
            self.wrong = Some(format!("{}: row {row} is not of this shop", self.sheet));
        }
    }

    fn leave_sheet(&mut self) {
        if !self.named && self.wrong.is_none() {
            self.wrong = Some(format!("{}: does not name this shop", self.sheet));
        }
    }

    fn verdict(mut self) -> Result<(), String> {
        self.leave_sheet();
        let total = &self.expected.result.sales.total;
        let missing = [total.gross, total.refunds, total.net()].iter().any(|yen| !self.numbers.contains(&yen.get()));
        let lost = self.findings.iter().any(|id| !self.seen.contains(*id));
        match self.wrong {
            Some(wrong) => Err(wrong),
            None if self.sheet.is_empty() => Err("no sheet at all".to_owned()),
            None if missing => Err("the sales totals differ".to_owned()),
            None if lost => Err("a finding is missing".to_owned()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};
    use crate::domain::calendar::Calendar;
    use crate::domain::dates::{Day, Period};
    use crate::reconcile;
    use crate::report::{Edition, workbook};
    use std::collections::BTreeMap;
    use std::path::Path;

    fn shops() -> Config {
        let text = "[[shops]]\nid = \"9200000000001\"\nname = \"A\"\n[[shops]]\nid = \"9200000000002\"\nname = \"B\"\n";
        parse(text, Path::new("/x/totsugo.toml"), &BTreeMap::new()).expect("valid")
    }

    #[test]
    fn x01_a_workbook_of_another_shop_is_found_out_before_it_is_mailed() {
        let (config, facts) = (shops(), ShopFacts::default());
        let day = |text| Day::parse(text).expect("a day");
        let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
        let results: Vec<Reconciliation> = config
            .shops
            .iter()
            .map(|shop| {
                reconcile::reconcile(&shop.shop, &facts, &[], &[], &Calendar::default(), period, day("2026-11-23"))
            })
            .collect();
        let known: Vec<_> = config.shops.iter().map(|shop| (&shop.shop.id, shop.shop.name.as_str())).collect();
        for (made_of, written) in results.iter().enumerate() {
            let edition = Edition {
                language: Language::Ja,
                reconciliation: written,
                revision: 1,
                files: &[],
                held: &[],
                changes: &[],
                with_customer: false,
                with_matched: true,
                installation: "i",
                expiring_within_days: 30,
            };
            let bytes = workbook(&edition).expect("a workbook");
            for (other, result) in results.iter().enumerate() {
                let expected = Expected { language: Language::Ja, result, facts: &facts, shops: &known };
                assert_eq!(read_back(&bytes, &expected).is_ok(), made_of == other, "{made_of} {other}");
            }
            let cut = bytes.get(..bytes.len() / 2).unwrap_or_default();
            let expected = Expected { language: Language::Ja, result: written, facts: &facts, shops: &known };
            assert!(read_back(cut, &expected).is_err(), "half a file");
        }
    }
}
