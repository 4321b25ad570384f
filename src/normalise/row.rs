//! One row of a table with what is needed to read its fields (SPEC §4). Must not know what its kind of content means.

use super::dates::{self, DateForm};
use super::layout::{Field, Layout};
use super::{Context, Refusal, Zones, fields};
use crate::domain::dates::{Day, Moment};
use crate::domain::intake::{Fault, Problem, Source};
use crate::domain::money::Yen;
use crate::domain::text::{Texts, trimmed};
use crate::read::{self, Cell};
use std::borrow::Cow;
use std::sync::Arc;

/// The first day of 2010: nothing that is reconciled is older.
const EARLIEST: Day = Day::from_number(14_610);

/// One row with what is needed to read its fields.
pub(super) struct Row<'r> {
    pub(super) line: u32,
    pub(super) cells: &'r [Cell<'r>],
    pub(super) layout: &'r Layout,
    pub(super) columns: &'r [Option<usize>],
    pub(super) headings: &'r [String],
    pub(super) file: &'r Arc<str>,
    pub(super) context: &'r Context<'r>,
    pub(super) zones: &'r Zones,
}

impl<'r> Row<'r> {
    pub(super) fn cell(&self, field: Field) -> &'r Cell<'r> {
        self.cells.get(field as usize).unwrap_or(&Cell::Empty)
    }

    pub(super) fn has_column(&self, field: Field) -> bool {
        self.columns.get(field as usize).is_some_and(Option::is_some)
    }

    pub(super) fn source(&self) -> Source {
        Source { file: Arc::clone(self.file), line: self.line }
    }

    pub(super) fn problem(&self, field: Field, fault: Fault) -> Problem {
        let column = self.columns.get(field as usize).copied().flatten();
        read::at(self.line, column.and_then(|column| self.headings.get(column)).cloned(), fault)
    }

    pub(super) fn reject(&self, field: Field, fault: Fault) -> Refusal {
        Refusal::Reject(self.problem(field, fault))
    }

    pub(super) fn reject_amount(&self, field: Field, found: &str) -> Refusal {
        self.reject(field, Fault::Amount { found: found.to_owned(), kind: self.layout.kind() })
    }

    pub(super) fn hold(&self, field: Field, fault: Fault) -> Refusal {
        Refusal::Hold(self.problem(field, fault))
    }

    /// Looks at every used cell once: two or more must not say what their headings say (D05), none may lack its value (P16),
    /// and those that look like card numbers are counted by column (N17).
    pub(super) fn look(&self, cards: &mut [(u64, u64)]) -> Result<(), Problem> {
        let (mut same, mut valueless) = (0, None);
        for (cell, column) in self.cells.iter().zip(self.columns) {
            let Some((column, cards)) = column.and_then(|column| Some((column, cards.get_mut(column)?))) else {
                continue;
            };
            match cell {
                Cell::Text(text) => {
                    let value = trimmed(text);
                    let bare = if value.starts_with('\u{feff}') { value.trim_start_matches('\u{feff}') } else { value };
                    same += usize::from(self.headings.get(column).is_some_and(|heading| heading == bare));
                    count_card(cards, value.as_bytes());
                }
                Cell::Integer(number) => count_card(cards, number.to_string().as_bytes()),
                Cell::Problem(found) if valueless.is_none() => valueless = Some((column, found)),
                Cell::Empty | Cell::Decimal(_) | Cell::Date(_) | Cell::Problem(_) => {}
            }
        }
        if same >= 2 {
            return Err(read::at(self.line, None, Fault::HeadingRepeated));
        }
        match valueless {
            None => Ok(()),
            Some((column, found)) => {
                let heading = self.headings.get(column).cloned();
                Err(read::at(self.line, heading, Fault::CellWithoutValue { found: found.clone() }))
            }
        }
    }

    /// Heading and value of every used column, in the order of the file; no card number among them.
    pub(super) fn shown(&self) -> Vec<(String, String)> {
        let mut used: Vec<(usize, &Cell<'_>)> =
            self.columns.iter().zip(self.cells).filter_map(|(column, cell)| Some(((*column)?, cell))).collect();
        used.sort_by_key(|(column, _)| *column);
        let value = |cell: &Cell<'_>| {
            let text = text_of(cell);
            if fields::is_card_number(text.as_bytes()) { "*".repeat(text.len()) } else { text.into_owned() }
        };
        used.iter().map(|(at, cell)| (self.headings.get(*at).cloned().unwrap_or_default(), value(cell))).collect()
    }

    /// The cell as text, trimmed.
    pub(super) fn text(&self, field: Field) -> Cow<'r, str> {
        text_of(self.cell(field))
    }

    /// The cell as one of few texts that many rows share.
    pub(super) fn shared(&self, field: Field, texts: &mut Texts) -> Arc<str> {
        texts.share(&self.text(field))
    }

    /// The cell as a text of its own.
    pub(super) fn alone(&self, field: Field, texts: &mut Texts) -> Arc<str> {
        texts.alone(&self.text(field))
    }

    pub(super) fn filled(&self, field: Field) -> Result<Cow<'r, str>, Refusal> {
        let text = self.text(field);
        if text.is_empty() { Err(self.reject(field, Fault::Blank)) } else { Ok(text) }
    }

    /// An identifier as text; one that a spreadsheet damaged holds the file (N01, N02, N04).
    pub(super) fn identifier(&self, field: Field) -> Result<Cow<'r, str>, Refusal> {
        /// Excel keeps fifteen digits of a number.
        const LONGEST: i64 = 1_000_000_000_000_000;
        let text = self.text(field);
        let damaged = match self.cell(field) {
            Cell::Empty | Cell::Problem(_) => false,
            Cell::Text(_) => fields::is_damaged(&fields::narrow(&text)),
            Cell::Integer(number) => !(0..LONGEST).contains(number),
            Cell::Decimal(_) | Cell::Date(_) => true,
        };
        if damaged { Err(self.hold(field, Fault::DamagedIdentifier { found: text.into_owned() })) } else { Ok(text) }
    }

    /// A moment by the layout's forms or from a date cell, not before 2010.
    pub(super) fn moment(&self, field: Field, latest: Day) -> Result<Moment, Refusal> {
        let text = self.filled(field)?;
        let read = match self.cell(field) {
            Cell::Date(moment) => Some((*moment, None)),
            Cell::Text(text) => dates::date(self.layout.dates(), text),
            Cell::Empty | Cell::Integer(_) | Cell::Decimal(_) | Cell::Problem(_) => None,
        };
        let Some((moment, zone)) = read else {
            let forms: Vec<&str> = self.layout.dates().iter().map(DateForm::pattern).collect();
            let is_ambiguous = dates::is_ambiguous_date(&text);
            let fault = Fault::Date { found: text.into_owned(), expected: forms.join(" | ") };
            return Err(if is_ambiguous { self.hold(field, fault) } else { self.reject(field, fault) });
        };
        if self.layout.has_contradicting_dates()
            && let Cell::Text(written) = self.cell(field)
        {
            let forms = dates::contradicting(self.layout.dates(), written);
            if !forms.is_empty() {
                return Err(self.hold(field, Fault::AmbiguousDate { found: text.into_owned(), forms }));
            }
        }
        if let Some(seen) = self.zones.get(field as usize)
            && seen.replace(Some(zone)).is_some_and(|before| before != zone)
        {
            return Err(self.hold(field, Fault::MixedZones { found: text.into_owned() }));
        }
        if moment.day() < EARLIEST || moment.day() > latest {
            return Err(self.reject(field, Fault::ImplausibleDate { found: text.into_owned() }));
        }
        Ok(moment)
    }

    /// Unsigned whole yen; `None` where blank.
    pub(super) fn yen(&self, field: Field) -> Result<Option<Yen>, Refusal> {
        let text = self.text(field);
        if text.is_empty() {
            return Ok(None);
        }
        let read = fields::yen(&text, Yen::ROW_LIMIT);
        read.map(Some).ok_or_else(|| self.reject_amount(field, &text))
    }

    /// A value out of a closed set, through the layout's words; an unknown one holds the file (N12).
    pub(super) fn word<T: Copy>(
        &self,
        field: Field,
        read: impl Fn(&str) -> Option<T>,
        known: impl Iterator<Item = &'static str>,
    ) -> Result<T, Refusal> {
        let written = self.text(field);
        if written.is_empty() {
            return Err(self.hold(field, Fault::Blank));
        }
        let value = read(&written).or_else(|| self.layout.word(field, &written).and_then(&read));
        value.ok_or_else(|| {
            let expected = known.collect::<Vec<_>>().join(", ");
            self.hold(field, Fault::UnknownWord { found: written.into_owned(), expected })
        })
    }

    /// Whether this row is a total by the layout's rule: its `key` is blank and a used cell carries a label.
    pub(super) fn is_total(&self, key: Field) -> bool {
        self.text(key).is_empty()
            && self.cells.iter().any(|cell| matches!(cell, Cell::Text(text) if self.layout.is_total_label(text)))
    }
}

/// Counts a value, and whether it looks like a card number (N17).
pub(super) fn count_card((cards, values): &mut (u64, u64), value: &[u8]) {
    if !value.is_empty() {
        *values += 1;
        *cards += u64::from(fields::is_card_number(value));
    }
}

/// A cell as text, trimmed; nothing where it has no value.
pub(super) fn text_of<'r>(cell: &'r Cell<'r>) -> Cow<'r, str> {
    match cell {
        Cell::Empty | Cell::Problem(_) => Cow::Borrowed(""),
        Cell::Text(text) => Cow::Borrowed(trimmed(text)),
        Cell::Integer(number) => Cow::Owned(number.to_string()),
        Cell::Decimal(text) => Cow::Borrowed(text),
        Cell::Date(moment) => Cow::Owned(moment.to_string()),
    }
}
