//! How wide columns and how high rows must be, for the fonts that stand in where 游ゴシック is not installed too.

use super::super::workbook::{Cell, Sheet, Style, Value};
use hashbrown::{Equivalent, HashMap};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthChar;

/// So many rows of a body decide the widths of its columns.
const WIDTH_SAMPLE: usize = 500;
/// Widest column that follows from its cells, in half-width characters.
const WIDEST: u16 = 40;
/// Widest column of small print, e.g. 出典 with two files.
const WIDEST_SMALL: u16 = 72;
/// The highest row that Excel knows, in pixels.
const HIGHEST: u32 = 540;
/// What a cell keeps free at its sides, in pixels.
const MARGIN: u32 = 6;
/// The width of a column that none is given.
pub(super) const USUAL: u16 = 8;
/// An indent, in pixels.
const INDENT: u32 = 12;
/// The button of a filter, in pixels.
const BUTTON: u32 = 18;

/// The pixels of a column that is so many half-width characters wide.
pub(super) fn pixels(width: u16) -> u32 {
    u32::from(width) * 7 + 12
}

/// What a style's text takes.
struct Print {
    points: u32,
    is_bold: bool,
    is_indented: bool,
    wraps: bool,
}

impl Print {
    const fn of(style: Style) -> Self {
        let is_small = matches!(style, Style::SmallWrap | Style::TinyWrap | Style::SmallInput | Style::TinyInput);
        let is_heading = matches!(style, Style::Heading | Style::InputHeading);
        let is_bold = matches!(
            style,
            Style::Total | Style::Red | Style::Orange | Style::Yellow | Style::YellowText | Style::Green
        );
        Self {
            points: style.points(),
            is_bold: is_heading || is_bold,
            is_indented: !is_heading,
            wraps: is_heading || matches!(style, Style::Wrap | Style::Input) || is_small,
        }
    }

    /// The height of a line in pixels; 游ゴシック stands far apart.
    const fn line(&self) -> u32 {
        match self.points {
            ..8 => 11,
            8..10 => 15,
            10.. => 21,
        }
    }

    /// What `pixels` of a column hold of this print, in thousandths of its em. LibreOffice draws columns a twelfth
    /// narrower where Noto Sans CJK stands in.
    const fn room(&self, pixels: u32) -> u32 {
        let side = if self.is_indented { INDENT } else { 0 };
        let room = (pixels * 11 / 12).saturating_sub(MARGIN + side) * 750 / self.points;
        if self.is_bold { room / 11 * 10 } else { room }
    }

    /// The half-width characters of a column that holds so many thousandths of this print's em, and `more` pixels.
    fn width(&self, ems: u32, more: u32) -> u16 {
        let ems = if self.is_bold { ems * 11 / 10 } else { ems };
        let side = if self.is_indented { INDENT } else { 0 };
        let pixels = ((ems * self.points).div_ceil(750) + MARGIN + side + more) * 12 / 11;
        u16::try_from(pixels.saturating_sub(12).div_ceil(7)).unwrap_or(u16::MAX)
    }
}

/// [`em`] of every ASCII character: most of a long sheet's text.
const ASCII: [u32; 128] = {
    let mut ems = [0; 128];
    let mut at = 0;
    while at < 128 {
        ems[at] = latin(at as u8 as char);
        at += 1;
    }
    ems
};

/// What a character takes in thousandths of an em: Latin ones vary with the font, and the widths of columns with them.
fn em(c: char) -> u32 {
    match ASCII.get(c as usize) {
        Some(ems) => *ems,
        None => u32::try_from(c.width_cjk().unwrap_or(0)).unwrap_or(0) * 500,
    }
}

const fn latin(c: char) -> u32 {
    match c {
        'm' | 'w' | 'M' | 'W' | '%' | '@' => 900,
        ' ' | '.' | ',' | ':' | ';' | '/' | '|' | '!' | '\'' | 'i' | 'j' | 'l' | 'I' => 300,
        '-' | '(' | ')' | '[' | ']' | 'f' | 'r' | 't' => 390,
        'A'..='Z' => 660,
        _ => 580,
    }
}

fn ems(line: &str) -> u32 {
    line.chars().map(em).sum()
}

/// Whether a line may not begin with it.
const fn closes(c: char) -> bool {
    matches!(
        c,
        '、' | '。'
            | '）'
            | '」'
            | '』'
            | '】'
            | '・'
            | 'ー'
            | '〜'
            | '～'
            | '…'
            | '：'
            | 'っ'
            | 'ゃ'
            | 'ゅ'
            | 'ょ'
    ) || matches!(c, 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | '々' | ' ')
}

/// Whether a line may end between two characters.
fn breaks(before: char, after: char) -> bool {
    // LibreOffice keeps a closing mark with the Latin word or number behind it too.
    if closes(after) || matches!(before, '（' | '「' | '『' | '【') || closes(before) && after.is_ascii_alphanumeric()
    {
        return before == ' ' && !closes(after);
    }
    matches!(before, ' ' | '-') || !before.is_ascii() || !after.is_ascii()
}

/// Lines that a line of text takes where each has so much room.
fn lines_of(line: &str, room: u32) -> u32 {
    let room = room.max(1_000);
    // No character takes more than an em, none has more bytes than it takes thirds of one.
    if u32::try_from(line.len()).is_ok_and(|bytes| bytes * 980 <= room) || line.is_ascii() && ems(line) <= room {
        return 1;
    }
    let (mut lines, mut used, mut word) = (1, 0, 0);
    let mut before = None;
    for c in line.chars() {
        if before.is_some_and(|before| breaks(before, c)) {
            (used, word) = (used + word, 0);
        }
        word += em(c);
        if used + word > room && c != ' ' {
            // The word goes to the next line, or is cut where it is longer than one.
            lines += 1;
            (used, word) = if used > 0 { (0, word) } else { (0, em(c)) };
        }
        before = Some(c);
    }
    lines
}

fn text_lines(text: &str, room: u32) -> u32 {
    text.lines().map(|line| lines_of(line, room)).sum()
}

/// The height in pixels of so many lines, where one is not enough.
fn taller(lines: u32, print: &Print) -> Option<u32> {
    (lines > 1).then(|| lines * print.line() + 6)
}

/// Heights of the rows of a body. The same few products, statuses and methods come in all of them: what was measured is
/// kept.
pub(super) struct Rows {
    widths: Vec<u16>,
    measured: HashMap<(u32, Box<str>), u32>,
}

impl Rows {
    /// So many texts are kept: those that never come again must not fill the memory.
    const KEPT: usize = 4_096;

    /// For columns of these widths.
    pub(super) fn of(widths: &BTreeMap<u16, u16>) -> Self {
        let last = widths.last_key_value().map_or(0, |(last, _)| *last);
        let widths = (0..=last).map(|column| widths.get(&column).copied().unwrap_or(USUAL)).collect();
        Self { widths, measured: HashMap::new() }
    }

    /// The height in pixels that wrapped texts need, where one line is not enough; what no row is high enough for stands
    /// smaller.
    pub(super) fn fit(&mut self, cells: &mut [Cell]) -> Option<u32> {
        let mut highest = self.height(cells);
        while highest > Some(HIGHEST) && self.shrink(cells) {
            highest = self.height(cells);
        }
        highest.map(|height| height.min(HIGHEST))
    }

    fn height(&mut self, cells: &[Cell]) -> Option<u32> {
        cells.iter().enumerate().map(|(column, cell)| self.height_of(column, cell)).max().flatten()
    }

    fn height_of(&mut self, column: usize, cell: &Cell) -> Option<u32> {
        let print = Print::of(cell.style);
        let Value::Text(text) = &cell.value else { return None };
        if !print.wraps {
            return None;
        }
        let room = print.room(pixels(self.widths.get(column).copied().unwrap_or(USUAL)));
        taller(self.lines(text, room), &print)
    }

    /// Gives what is too high the next smaller print; whether there was one.
    fn shrink(&mut self, cells: &mut [Cell]) -> bool {
        let mut has_shrunk = false;
        for (column, cell) in cells.iter_mut().enumerate() {
            if let (true, Some(style)) = (self.height_of(column, cell) > Some(HIGHEST), cell.style.smaller()) {
                cell.style = style;
                has_shrunk = true;
            }
        }
        has_shrunk
    }

    fn lines(&mut self, text: &str, room: u32) -> u32 {
        if text.is_ascii() {
            return text_lines(text, room);
        }
        if let Some(lines) = self.measured.get(&Measured(room, text)) {
            return *lines;
        }
        let lines = text_lines(text, room);
        if self.measured.len() < Self::KEPT {
            self.measured.insert((room, Box::from(text)), lines);
        }
        lines
    }
}

/// A text with the room it has, as it is looked for.
#[derive(Hash)]
struct Measured<'t>(u32, &'t str);

impl Equivalent<(u32, Box<str>)> for Measured<'_> {
    fn equivalent(&self, key: &(u32, Box<str>)) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}

/// Heights in pixels of rows above the body: what the sheet fixes, and what wrapped texts over several columns need.
pub(super) fn heights(sheet: &Sheet<'_>, widths: &BTreeMap<u16, u16>) -> BTreeMap<u32, u32> {
    let mut heights: BTreeMap<u32, u32> =
        sheet.heights.iter().map(|(row, height)| (*row, u32::from(*height))).collect();
    for ((row, column), cell) in &sheet.cells {
        let print = Print::of(cell.style);
        let Value::Text(text) = &cell.value else { continue };
        if !print.wraps {
            continue;
        }
        let last = sheet.merged.get(&(*row, *column)).copied().unwrap_or(*column);
        let room = (*column..=last).map(|column| pixels(widths.get(&column).copied().unwrap_or(USUAL))).sum();
        if let Some(wanted) = taller(text_lines(text, print.room(room)), &print) {
            let height = heights.entry(*row).or_insert(0);
            *height = (*height).max(wanted.min(HIGHEST));
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
        !matches!(
            style,
            Style::Title | Style::Banner | Style::Subtitle | Style::Section | Style::VerdictOpen | Style::VerdictClear
        )
    };
    for ((_, column), cell) in
        sheet.cells.iter().filter(|(at, cell)| below_head(cell.style) && !sheet.merged.contains_key(at))
    {
        need(*column, width(cell));
    }
    if let Some(body) = &sheet.body {
        for (column, heading) in (0_u16..).zip(&body.headings) {
            need(column, Print::of(Style::Heading).width(ems(heading), BUTTON).min(WIDEST));
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
    let print = Print::of(cell.style);
    let number = |number: i64| print.width(ems(&crate::domain::money::Yen::new(number).to_string()), 0).max(9);
    match &cell.value {
        Value::Empty => 0,
        Value::Text(text) => {
            let widest =
                if cell.style == Style::Small || cell.style == Style::SmallWrap { WIDEST_SMALL } else { WIDEST };
            print.width(text.lines().map(ems).max().unwrap_or(0), 0).min(widest)
        }
        Value::Number(value) => number(*value),
        Value::Sum { result, .. } => number(*result),
        Value::Day(_) => 12,
        Value::Moment(_) => 21,
        Value::Check { .. } => 8,
    }
}
