//! A workbook as plain data: sheets of typed cells, before any Excel library sees them.

use crate::domain::dates::{Day, Moment};
use crate::domain::money::Yen;
use std::collections::BTreeMap;

/// The most rows a sheet can have.
pub(super) const MAX_ROWS: usize = 1_048_576;

/// What a cell holds. Formulas carry their result, so that previews and phones show it too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing, but with a style.
    Empty,
    /// Text, whatever it begins with.
    Text(String),
    /// A whole number: yen or a count.
    Number(i64),
    /// A real date.
    Day(Day),
    /// A real date with its time.
    Moment(Moment),
    /// A formula and the number it gives.
    Sum {
        /// The formula with its `=`.
        formula: String,
        /// Its result.
        result: i64,
    },
    /// A formula and the truth it gives, shown as ✓ or ✗.
    Check {
        /// What is true or not, without `=`.
        formula: String,
        /// Its result.
        result: bool,
    },
}

/// How a cell looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Style {
    /// Ordinary text, number or date, by the value.
    #[default]
    Plain,
    /// A value beside its label, always at the left.
    Value,
    /// Text that wraps.
    Wrap,
    /// Identifiers and small print.
    Small,
    /// Small print that wraps.
    SmallWrap,
    /// Smaller still, where a row would be higher than Excel allows.
    TinyWrap,
    /// Title of the sheet.
    Title,
    /// The same over all columns, smaller where it is longer than they are wide.
    Banner,
    /// Line under the title.
    Subtitle,
    /// Title of a table.
    Section,
    /// Heading of a column.
    Heading,
    /// Heading of a column for a person to fill in.
    InputHeading,
    /// Label beside a value.
    Label,
    /// Total line.
    Total,
    /// For a person to fill in.
    Input,
    /// The same in small print.
    SmallInput,
    /// The same in the smallest print.
    TinyInput,
    /// An empty box for a stamp or signature.
    Box,
    /// Red: critical, refund due, ✗.
    Red,
    /// Orange: high.
    Orange,
    /// Yellow: normal.
    Yellow,
    /// The same among texts: it begins where they do.
    YellowText,
    /// Green: all is well.
    Green,
    /// Grey: for completeness.
    Grey,
    /// Verdict with something open.
    VerdictOpen,
    /// Verdict with nothing open.
    VerdictClear,
}

impl Style {
    /// The same in the next smaller print, for texts that no row is high enough for.
    pub(super) fn smaller(self) -> Option<Self> {
        let sizes = [[Self::Wrap, Self::SmallWrap, Self::TinyWrap], [Self::Input, Self::SmallInput, Self::TinyInput]];
        let next = |sizes: &[Self; 3]| sizes.windows(2).find(|pair| pair.first() == Some(&self))?.last().copied();
        sizes.iter().find_map(next)
    }

    /// The size of its letters where rows are measured.
    pub(super) const fn points(self) -> u32 {
        if matches!(self, Self::TinyWrap | Self::TinyInput) {
            6
        } else if matches!(self, Self::Small | Self::SmallWrap | Self::SmallInput) {
            8
        } else {
            10
        }
    }
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// What it holds.
    pub(super) value: Value,
    /// How it looks.
    pub(super) style: Style,
}

impl Cell {
    /// Nothing at all.
    pub(super) const fn empty() -> Self {
        Self { value: Value::Empty, style: Style::Plain }
    }

    /// Text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { value: Value::Text(text.into()), style: Style::Plain }
    }

    /// An amount.
    pub(super) const fn yen(yen: Yen) -> Self {
        Self { value: Value::Number(yen.get()), style: Style::Plain }
    }

    /// A number.
    pub(super) fn count(count: impl TryInto<i64>) -> Self {
        Self { value: Value::Number(count.try_into().unwrap_or(i64::MAX)), style: Style::Plain }
    }

    /// A date, or nothing.
    pub(super) fn day(day: impl Into<Option<Day>>) -> Self {
        Self { value: day.into().map_or(Value::Empty, Value::Day), style: Style::Plain }
    }

    /// A formula with its number.
    pub(super) const fn sum(formula: String, result: i64) -> Self {
        Self { value: Value::Sum { formula, result }, style: Style::Total }
    }

    /// The same cell in another style.
    pub(super) fn styled(mut self, style: Style) -> Self {
        self.style = style;
        self
    }
}

/// Row and column, both from 0.
pub(super) type At = (u32, u16);

/// The name of a cell, e.g. `C5`.
pub(super) fn a1((row, column): At) -> String {
    let mut letters = String::new();
    let mut left = u32::from(column) + 1;
    while left > 0 {
        let digit = u8::try_from((left - 1) % 26).unwrap_or(0);
        letters.insert(0, char::from(b'A' + digit));
        left = (left - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

/// A range of one column, rows `first` to `last`, never reversed.
pub(super) fn column_range(column: u16, first: u32, last: u32) -> String {
    format!("{}:{}", a1((first, column)), a1((last.max(first), column)))
}

/// A long table at the foot of a sheet; its rows are made one by one, so that none need be kept.
pub(super) struct Body<'a> {
    /// The row of its headings.
    pub(super) heading_row: u32,
    /// Its columns.
    pub(super) headings: Vec<&'static str>,
    /// Columns for a person to fill in.
    pub(super) inputs: Vec<u16>,
    /// How many rows it has.
    pub(super) rows: usize,
    /// Makes the row with this number.
    pub(super) row: Box<dyn Fn(usize) -> Vec<Cell> + 'a>,
}

/// A drop-down list on a column of the body.
pub(super) struct Choices {
    /// The column.
    pub(super) column: u16,
    /// The words.
    pub(super) words: Vec<&'static str>,
}

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The sheet.
    pub(super) sheet: String,
    /// The cell.
    pub(super) at: At,
}

/// A colour of the body that follows its values, so that it stays right when rows are sorted or filled in.
pub(super) enum Rule {
    /// Numbers of a column up to a limit; the first rule that applies holds.
    AtMost {
        /// The column.
        column: u16,
        /// The limit, included.
        limit: i64,
        /// Its look.
        style: Style,
    },
    /// Rows whose column holds this word step back.
    Done {
        /// The column.
        column: u16,
        /// The word.
        word: &'static str,
    },
}

/// A column chart over a range of another sheet.
pub(super) struct Chart {
    /// Where its upper left corner lies.
    pub(super) at: At,
    /// Title.
    pub(super) title: String,
    /// The sheet with the data.
    pub(super) sheet: String,
    /// Column of the names, column of the values.
    pub(super) columns: (u16, u16),
    /// First and last row of the data.
    pub(super) rows: (u32, u32),
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// Whether the columns stand on zero, so that their heights compare; not where one is negative.
    pub(super) from_zero: bool,
}

/// A sheet.
#[derive(Default)]
pub(super) struct Sheet<'a> {
    /// Its name.
    pub(super) name: String,
    /// Cells above the body, or all cells.
    pub(super) cells: BTreeMap<At, Cell>,
    /// Ranges of cells drawn as one, by their first cell: last column.
    pub(super) merged: BTreeMap<At, u16>,
    /// Heights of rows in pixels, where they differ.
    pub(super) heights: BTreeMap<u32, u16>,
    /// Widths in half-width characters where they are fixed; the rest follows from the cells.
    pub(super) widths: BTreeMap<u16, u16>,
    /// The long table.
    pub(super) body: Option<Body<'a>>,
    /// Drop-down lists.
    pub(super) choices: Vec<Choices>,
    /// Cells that lead to another sheet.
    pub(super) links: BTreeMap<At, Target>,
    /// Colours of the body that follow its values.
    pub(super) rules: Vec<Rule>,
    /// Columns of the body with colours of their own, which bands would cover.
    pub(super) coloured: Vec<u16>,
    /// Whether only [`Style::Input`] may be changed; without a password, against slips.
    pub(super) is_protected: bool,
    /// A chart.
    pub(super) chart: Option<Chart>,
    /// Rows that stay in sight: the last one, and the columns left of this one.
    pub(super) frozen: Option<At>,
    /// First and last row that every printed page begins with, from the page on which they stand.
    pub(super) repeated: Option<(u32, u32)>,
    /// The last row of what stands whole on the first page, where there are more.
    pub(super) whole: Option<u32>,
    /// First and last rows of tables that a page's end should not part.
    pub(super) tables: Vec<(u32, u32)>,
    /// A heading row with filters: row, first and last column, last row.
    pub(super) filter: Option<(u32, u16, u16, u32)>,
    /// Whether it is printed on one page.
    pub(super) one_page: bool,
    /// Whether it is printed two pages wide, the frozen columns on both, because one would be too small to read.
    pub(super) two_pages_wide: bool,
    /// Colour of the tab.
    pub(super) tab: Option<u32>,
}

impl Sheet<'_> {
    /// An empty sheet.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Puts a cell somewhere.
    pub(super) fn put(&mut self, at: At, cell: Cell) {
        self.cells.insert(at, cell);
    }

    /// Puts cells side by side.
    pub(super) fn put_row(&mut self, (row, column): At, cells: impl IntoIterator<Item = Cell>) {
        for (at, cell) in (column..).zip(cells) {
            self.put((row, at), cell);
        }
    }

    /// Puts the headings of a small table.
    pub(super) fn put_headings(&mut self, at: At, headings: &[&'static str]) {
        self.put_row(at, headings.iter().map(|heading| Cell::text(*heading).styled(Style::Heading)));
    }

    /// Lets a cell lead to another sheet.
    pub(super) fn link(&mut self, at: At, sheet: &str, target: At) {
        self.links.insert(at, Target { sheet: sheet.to_owned(), at: target });
    }

    /// Draws the cells from `at` to column `last` as one.
    pub(super) fn merge(&mut self, at: At, last: u16) {
        self.merged.insert(at, last);
    }
}

/// The whole workbook.
pub(super) struct Book<'a> {
    /// Its sheets in order.
    pub(super) sheets: Vec<Sheet<'a>>,
    /// Title in the document properties.
    pub(super) title: String,
    /// The instant in the document properties, never the present one.
    pub(super) created: Day,
    /// Custom document properties.
    pub(super) properties: [(&'static str, String); 5],
    /// Text in the footer.
    pub(super) footer: String,
    /// What is said where a drop-down's words are not kept to.
    pub(super) choose: &'static str,
    /// Mark of a text that was cut.
    pub(super) cut: &'static str,
}
