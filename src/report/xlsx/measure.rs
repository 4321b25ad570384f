//! How wide columns and how high rows must be, for the fonts that stand in where 游ゴシック is not installed too.

use super::super::workbook::{Cell, Sheet, Style, Value};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

/// So many rows of a body decide the widths of its columns.
const WIDTH_SAMPLE: usize = 500;
/// Widest column that follows from its cells, in half-width characters.
const WIDEST: u16 = 40;
/// Widest column of small print, e.g. 出典 with two files.
const WIDEST_SMALL: u16 = 72;
/// Height in pixels of a line of wrapped text; 游ゴシック stands far apart.
const LINE: u32 = 21;
/// The same for small print.
const SMALL_LINE: u32 = 15;

/// The height in pixels that wrapped texts need, where one line is not enough.
pub(super) fn height(cells: &[Cell], widths: &BTreeMap<u16, u16>) -> Option<u32> {
    let wanted = |(column, cell): (u16, &Cell)| {
        let Value::Text(text) = &cell.value else { return None };
        let spare = if matches!(cell.style, Style::Heading | Style::InputHeading) { 0 } else { 3 };
        if !matches!(cell.style, Style::Heading | Style::InputHeading | Style::Wrap | Style::SmallWrap | Style::Input) {
            return None;
        }
        let room = widths.get(&column).copied().unwrap_or(8).saturating_sub(spare).max(2);
        let (room, height) = if cell.style == Style::SmallWrap { (small(room), SMALL_LINE) } else { (room, LINE) };
        let lines: u32 = text.lines().map(|line| lines_of(line, room)).sum();
        (lines > 1).then(|| (lines * height + 6).min(540))
    };
    (0_u16..).zip(cells).filter_map(wanted).max()
}

/// How many characters of small print fit where `room` of the usual size do.
const fn small(room: u16) -> u16 {
    room / 5 * 6
}

/// Lines that a text takes in a room of so many half-width characters; latin letters of stand-in fonts are wider.
fn lines_of(line: &str, room: u16) -> u32 {
    u32::from(spacious(line).div_ceil(room.max(2))).max(1)
}

/// Heights in pixels of rows above the body: what the sheet fixes, and what wrapped texts over several columns need.
pub(super) fn heights(sheet: &Sheet<'_>, widths: &BTreeMap<u16, u16>) -> BTreeMap<u32, u32> {
    let mut heights: BTreeMap<u32, u32> =
        sheet.heights.iter().map(|(row, height)| (*row, u32::from(*height))).collect();
    let wraps = |style| matches!(style, Style::Wrap | Style::SmallWrap | Style::Heading);
    for ((row, column), cell) in sheet.cells.iter().filter(|(_, cell)| wraps(cell.style)) {
        let last = sheet.merged.get(&(*row, *column)).copied().unwrap_or(*column);
        let room: u16 = (*column..=last).map(|column| widths.get(&column).copied().unwrap_or(8)).sum();
        let spare = if cell.style == Style::Wrap { 5 } else { 0 };
        let Value::Text(text) = &cell.value else { continue };
        let lines: u32 = text.lines().map(|line| lines_of(line, room.saturating_sub(spare))).sum();
        if lines > 1 {
            let height = heights.entry(*row).or_insert(0);
            *height = (*height).max((lines * LINE + 6).min(540));
        }
    }
    heights
}

/// Widths of columns in half-width characters: what the sheet fixes, else what its cells need.
pub(super) fn widths(sheet: &Sheet<'_>) -> BTreeMap<u16, u16> {
    let mut widths: BTreeMap<u16, u16> = BTreeMap::new();
    let mut need = |column: u16, width: u16| {
        let entry = widths.entry(column).or_insert(6);
        *entry = (*entry).max(width);
    };
    let below_head = |style: Style| {
        !matches!(style, Style::Title | Style::Subtitle | Style::Section | Style::VerdictOpen | Style::VerdictClear)
    };
    for ((_, column), cell) in
        sheet.cells.iter().filter(|(at, cell)| below_head(cell.style) && !sheet.merged.contains_key(at))
    {
        need(*column, width(cell));
    }
    if let Some(body) = &sheet.body {
        for (column, heading) in (0_u16..).zip(&body.headings) {
            need(column, (text_width(heading) + 3).min(WIDEST));
        }
        for at in 0..body.rows.min(WIDTH_SAMPLE) {
            for (column, cell) in (0_u16..).zip((body.row)(at)) {
                need(column, width(&cell));
            }
        }
    }
    widths.extend(&sheet.widths);
    widths
}

fn width(cell: &Cell) -> u16 {
    let number = |number: i64| spacious(&crate::domain::money::Yen::new(number).to_string()) + 2;
    match &cell.value {
        Value::Empty => 0,
        Value::Text(text) if cell.style == Style::Heading => text_width(text) + 3,
        Value::Text(text) if cell.style == Style::Small => (text_width(text) / 10 * 9 + 4).min(WIDEST_SMALL),
        Value::Text(text) => (spacious(text) + 2).min(WIDEST),
        Value::Number(value) => number(*value).max(9),
        Value::Sum { result, .. } => number(*result).max(9),
        Value::Day(_) => 12,
        Value::Check { .. } => 8,
    }
}

/// The width with room for the wider Latin letters of the fonts that stand in where 游ゴシック is not installed.
fn spacious(text: &str) -> u16 {
    let latin = text.lines().map(|line| line.chars().filter(char::is_ascii).count()).max().unwrap_or(0);
    text_width(text) + u16::try_from(latin.div_ceil(5)).unwrap_or(WIDEST).min(WIDEST)
}

fn text_width(text: &str) -> u16 {
    let widest = text.lines().map(UnicodeWidthStr::width_cjk).max().unwrap_or(0);
    u16::try_from(widest).unwrap_or(u16::MAX / 2).min(u16::MAX / 2)
}
