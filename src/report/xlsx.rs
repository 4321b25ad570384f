//! A workbook of plain data → `.xlsx` bytes. The only file that knows `rust_xlsxwriter`, its floats and its traps.

use super::workbook::{At, Body, Book, Cell, Chart, MAX_ROWS, Sheet, Style, Value};
use hashbrown::HashMap;
use rust_xlsxwriter::{
    ChartFont, ChartType, Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder,
    FormatUnderline, Formula, IntoExcelData, Url, Workbook, Worksheet, XlsxError,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr;

const FONT: &str = "游ゴシック";
const YEN: &str = "#,##0;[Red]-#,##0";
const DATE: &str = "yyyy-mm-dd";
const NAVY: u32 = 0x001F_3864;
/// 1970-01-01 as Excel counts days.
const EPOCH: i64 = 25_569;
/// 1900-03-01: Excel takes 1900 for a leap year and counts the days before otherwise.
const FIRST_SERIAL: i64 = 61;
/// The most UTF-16 units a cell can hold.
const MAX_TEXT: usize = 32_767;
/// Bodies longer than this are written row by row without being kept in memory.
const LONG: usize = 500;
/// So many rows of a body decide the widths of its columns.
const WIDTH_SAMPLE: usize = 500;
/// Widest column that follows from its cells, in half-width characters.
const WIDEST: u16 = 40;
/// Widest column of small print, e.g. 出典 with two files.
const WIDEST_SMALL: u16 = 72;
/// Height in pixels of a line of wrapped text; 游ゴシック stands far apart.
const LINE: u32 = 21;

/// Writes the workbook.
pub(super) fn bytes(book: &Book<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_default_format(&base(), 20, 72)?;
    workbook.set_zip_compression_level(3);
    let created = ExcelDateTime::parse_from_str(&book.created.to_string())?;
    let mut properties =
        DocProperties::new().set_title(&book.title).set_author("totsugo").set_creation_datetime(&created);
    for (name, value) in &book.properties {
        properties = properties.set_custom_property(*name, value.as_str());
    }
    workbook.set_properties(&properties);
    let mut formats = Formats::default();
    for (at, sheet) in book.sheets.iter().enumerate() {
        let long = sheet.body.as_ref().is_some_and(|body| body.rows > LONG);
        let target = if long { workbook.add_worksheet_with_constant_memory()? } else { workbook.add_worksheet() };
        write_sheet(target, sheet, book, &mut formats)?;
        if at == 0 {
            target.set_active(true);
        }
    }
    workbook.save_to_buffer()
}

fn base() -> Format {
    Format::new().set_font_name(FONT).set_font_size(10).set_font_charset(128).set_align(FormatAlign::VerticalCenter)
}

/// What a value needs of its format besides the style.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Text,
    Number,
    Day,
    Link,
    Truth,
}

impl Shape {
    const fn of(value: &Value) -> Self {
        match value {
            Value::Empty | Value::Text(_) => Self::Text,
            Value::Check { .. } => Self::Truth,
            Value::Number(_) | Value::Sum { .. } => Self::Number,
            Value::Day(_) => Self::Day,
            Value::Link(_) => Self::Link,
        }
    }
}

/// Each format is built once.
#[derive(Default)]
struct Formats(HashMap<(Style, Shape), Format>);

impl Formats {
    fn of(&mut self, style: Style, shape: Shape) -> &Format {
        self.0.entry((style, shape)).or_insert_with(|| format(style, shape))
    }
}

/// What most cells of each column of a long body look like.
///
/// The writer hashes the whole format of every cell that names one, which costs more than writing the cell; one that
/// names none takes its column's.
type Usual = Vec<(Style, Shape)>;

/// Sets the usual formats of a long body's columns. Only plain looks: a column's format reaches to the sheet's end.
fn set_usual(target: &mut Worksheet, body: &Body<'_>, formats: &mut Formats) -> Result<Usual, XlsxError> {
    let mut usual = Usual::new();
    if body.rows <= LONG {
        return Ok(usual);
    }
    for (column, cell) in (0_u16..).zip((body.row)(0)) {
        let is_plain = matches!(cell.style, Style::Plain | Style::Small | Style::SmallWrap | Style::Wrap | Style::Grey);
        let look = if is_plain { cell.style } else { Style::Plain };
        let look = (look, Shape::of(&cell.value));
        target.set_column_format(column, formats.of(look.0, look.1))?;
        usual.push(look);
    }
    Ok(usual)
}

fn format(style: Style, shape: Shape) -> Format {
    let format = match shape {
        Shape::Text => base(),
        Shape::Number => base().set_num_format(YEN),
        // LibreOffice else shows the number 1 where an operand has a number format; Excel shows TRUE in any case.
        Shape::Truth => base().set_num_format("\"TRUE\";\"TRUE\";\"FALSE\""),
        Shape::Day => base().set_num_format(DATE).set_align(FormatAlign::Center),
        Shape::Link => base().set_font_color(Color::RGB(0x0005_63C1)).set_underline(FormatUnderline::Single),
    };
    let filled = |format: Format, fill: u32, ink: u32| {
        format
            .set_background_color(Color::RGB(fill))
            .set_font_color(Color::RGB(ink))
            .set_bold()
            .set_align(FormatAlign::Center)
    };
    let boxed = |format: Format| format.set_border(FormatBorder::Thin).set_border_color(Color::RGB(0x00BF_BFBF));
    match style {
        Style::Plain if shape == Shape::Text => format.set_indent(1),
        Style::Plain => format,
        Style::Value => format.set_align(FormatAlign::Left).set_indent(1),
        Style::Wrap => format.set_text_wrap().set_indent(1),
        Style::SmallWrap => {
            format.set_text_wrap().set_indent(1).set_font_size(8).set_font_color(Color::RGB(0x0059_5959))
        }
        Style::Small => format.set_indent(1).set_font_size(8).set_font_color(Color::RGB(0x0059_5959)),
        Style::Title => format.set_font_size(16).set_bold().set_font_color(Color::RGB(NAVY)),
        Style::Subtitle => format.set_font_size(9).set_font_color(Color::RGB(0x0059_5959)),
        Style::Section => format.set_font_size(11).set_bold().set_font_color(Color::RGB(NAVY)),
        Style::Heading => boxed(filled(format, NAVY, 0x00FF_FFFF).set_text_wrap()),
        Style::Label => format.set_font_color(Color::RGB(0x0059_5959)),
        Style::Total => format
            .set_bold()
            .set_background_color(Color::RGB(0x00DD_E6F3))
            .set_border_top(FormatBorder::Thin)
            .set_border_bottom(FormatBorder::Thin),
        Style::Input => boxed(format.set_background_color(Color::RGB(0x00FF_FBE6)).set_text_wrap()),
        Style::Box => boxed(format),
        Style::Red => filled(format, 0x00F8_CBCB, 0x009C_0006),
        Style::Orange => filled(format, 0x00FC_E0C5, 0x007F_3F00),
        Style::Yellow => filled(format, 0x00FF_F2CC, 0x007F_6000),
        Style::Green => filled(format, 0x00E2_EFDA, 0x0037_5623),
        Style::Grey => format.set_indent(1).set_font_color(Color::RGB(0x0080_8080)),
        Style::VerdictOpen => filled(format, 0x00FC_E0C5, 0x009C_0006).set_font_size(14),
        Style::VerdictClear => filled(format, 0x00E2_EFDA, 0x0037_5623).set_font_size(14),
    }
}

fn write_sheet(
    target: &mut Worksheet,
    sheet: &Sheet<'_>,
    book: &Book<'_>,
    formats: &mut Formats,
) -> Result<(), XlsxError> {
    target.set_name(&sheet.name)?;
    page(target, sheet, book)?;
    let widths = widths(sheet);
    for (column, width) in &widths {
        target.set_column_width_pixels(*column, u32::from(*width) * 7 + 12)?;
    }
    for (row, height) in &sheet.heights {
        target.set_row_height_pixels(*row, u32::from(*height))?;
    }
    let usual = sheet.body.as_ref().map(|body| set_usual(target, body, formats)).transpose()?.unwrap_or_default();
    for (at, cell) in &sheet.cells {
        let format = formats.of(cell.style, Shape::of(&cell.value));
        if let Some(last) = sheet.merged.get(at) {
            target.merge_range(at.0, at.1, at.0, *last, "", format)?;
        }
        write_cell(target, *at, cell, Some(format), book.cut)?;
    }
    if let Some(body) = &sheet.body {
        write_body(target, body, &widths, &usual, formats, book.cut)?;
        let first = body.heading_row + 1;
        let last = body.heading_row + u32::try_from(body.rows).unwrap_or(0);
        for choices in sheet.choices.iter().filter(|_| body.rows > 0) {
            let list = DataValidation::new().allow_list_strings(&choices.words)?;
            target.add_data_validation(first, choices.column, last, choices.column, &list)?;
        }
    }
    if let Some((row, first, last, bottom)) = sheet.filter {
        target.autofilter(row, first, bottom, last)?;
    }
    if let Some(chart) = &sheet.chart {
        write_chart(target, chart)?;
    }
    Ok(())
}

/// Frozen and repeated headings, A4 landscape one page wide, footer.
fn page(target: &mut Worksheet, sheet: &Sheet<'_>, book: &Book<'_>) -> Result<(), XlsxError> {
    if let Some((row, column)) = sheet.frozen {
        target.set_freeze_panes(row + 1, column)?;
        if sheet.body.is_some() {
            target.set_repeat_rows(row, row)?;
            // A sheet two pages wide says on both of them which row is which.
            if sheet.two_pages_wide && column > 0 {
                target.set_repeat_columns(0, column - 1)?;
                target.set_page_order(true);
            }
        }
    } else {
        target.set_screen_gridlines(false);
    }
    if let Some(tab) = sheet.tab {
        target.set_tab_color(Color::RGB(tab));
    }
    target
        .set_paper_size(9)
        .set_landscape()
        .set_print_fit_to_pages(1 + u16::from(sheet.two_pages_wide), u16::from(sheet.one_page))
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
    let text: String = clean(&book.footer).replace('&', "&&").chars().take(150).collect();
    target.set_footer(format!("&L&\"{FONT}\"&8 {text}&C&\"{FONT}\"&8&A&R&\"{FONT}\"&8&P / &N"));
    Ok(())
}

fn write_body(
    target: &mut Worksheet,
    body: &Body<'_>,
    widths: &BTreeMap<u16, u16>,
    usual: &[(Style, Shape)],
    formats: &mut Formats,
    cut: &str,
) -> Result<(), XlsxError> {
    let headings: Vec<Cell> = body.headings.iter().map(|heading| Cell::text(*heading).styled(Style::Heading)).collect();
    let rows = std::iter::once(headings).chain((0..body.rows).map(|at| (body.row)(at)));
    for (row, cells) in (body.heading_row..).zip(rows) {
        if let Some(height) = height(&cells, widths) {
            target.set_row_height_pixels(row, height)?;
        }
        for (column, cell) in (0_u16..).zip(&cells) {
            let look = (cell.style, Shape::of(&cell.value));
            let is_usual = usual.get(usize::from(column)) == Some(&look);
            let format = if is_usual { None } else { Some(formats.of(look.0, look.1)) };
            write_cell(target, (row, column), cell, format, cut)?;
        }
    }
    Ok(())
}

/// The height in pixels that wrapped texts need, where one line is not enough.
fn height(cells: &[Cell], widths: &BTreeMap<u16, u16>) -> Option<u32> {
    let lines = |(column, cell): (u16, &Cell)| {
        let Value::Text(text) = &cell.value else { return 1 };
        let spare = if cell.style == Style::Heading { 0 } else { 3 };
        if !matches!(cell.style, Style::Heading | Style::Wrap | Style::SmallWrap | Style::Input) {
            return 1;
        }
        let room = widths.get(&column).copied().unwrap_or(8).saturating_sub(spare).max(2);
        text.lines().map(|line| u32::from(text_width(line).div_ceil(room)).max(1)).sum()
    };
    let most = (0_u16..).zip(cells).map(lines).max().unwrap_or(1);
    (most > 1).then(|| (most * LINE + 6).min(540))
}

fn write_cell(
    target: &mut Worksheet,
    (row, column): At,
    cell: &Cell,
    format: Option<&Format>,
    cut: &str,
) -> Result<(), XlsxError> {
    match &cell.value {
        Value::Empty => match format.filter(|_| cell.style != Style::Plain) {
            Some(format) => target.write_blank(row, column, format)?,
            None => target,
        },
        Value::Text(text) => write(target, row, column, shorten(text, cut).as_ref(), format)?,
        Value::Number(number) => write(target, row, column, float(*number), format)?,
        Value::Day(day) => match i64::from(day.number()) + EPOCH {
            serial if serial >= FIRST_SERIAL => write(target, row, column, float(serial), format)?,
            _ => write(target, row, column, day.to_string().as_str(), format)?,
        },
        Value::Sum { formula, result } => {
            write(target, row, column, Formula::new(formula).set_result(result.to_string()), format)?
        }
        Value::Check { formula, result } => {
            let result = if *result { "TRUE" } else { "FALSE" };
            write(target, row, column, Formula::new(formula).set_result(result), format)?
        }
        Value::Link(sheet) => {
            write(target, row, column, Url::new(format!("internal:'{sheet}'!A1")).set_text(sheet), format)?
        }
    };
    Ok(())
}

/// Writes one value; without a format it takes its column's.
fn write<'w>(
    target: &'w mut Worksheet,
    row: u32,
    column: u16,
    value: impl IntoExcelData,
    format: Option<&Format>,
) -> Result<&'w mut Worksheet, XlsxError> {
    match format {
        Some(format) => target.write_with_format(row, column, value, format),
        None => target.write(row, column, value),
    }
}

/// Excel knows only floats; sums of yen stay far below 2^53, so every one is exact.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "bounded by Yen::ROW_LIMIT × rows, below 2^53")]
const fn float(number: i64) -> f64 {
    number as f64
}

/// Without the two code points that XML cannot carry; control characters are escaped by the writer.
fn clean(text: &str) -> Cow<'_, str> {
    let unwritable = ['\u{fffe}', '\u{ffff}'];
    if text.is_ascii() || !text.contains(unwritable) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(unwritable, "\u{fffd}"))
}

/// Cut with a mark where it is longer than a cell can hold.
fn shorten<'t>(text: &'t str, cut: &str) -> Cow<'t, str> {
    let text = clean(text);
    if text.len() <= MAX_TEXT || text.encode_utf16().count() <= MAX_TEXT {
        return text;
    }
    let room = MAX_TEXT.saturating_sub(cut.encode_utf16().count());
    let mut used = 0;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            used += c.len_utf16();
            used <= room
        })
        .collect();
    short.push_str(cut);
    Cow::Owned(short)
}

/// Widths of columns in half-width characters: what the sheet fixes, else what its cells need.
fn widths(sheet: &Sheet<'_>) -> BTreeMap<u16, u16> {
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
        Value::Text(text) | Value::Link(text) => (spacious(text) + 2).min(WIDEST),
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

fn write_chart(target: &mut Worksheet, chart: &Chart) -> Result<(), XlsxError> {
    let mut font = ChartFont::new();
    font.set_name(FONT).set_size(9);
    let mut title = ChartFont::new();
    title.set_name(FONT).set_size(11).set_bold();
    let mut drawn = rust_xlsxwriter::Chart::new(ChartType::Column);
    let (first, last) = chart.rows;
    let (names, values) = chart.columns;
    drawn
        .add_series()
        .set_categories((chart.sheet.as_str(), first, names, last, names))
        .set_values((chart.sheet.as_str(), first, values, last, values))
        .set_name(&chart.title)
        .set_format(
            rust_xlsxwriter::ChartFormat::new()
                .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(Color::RGB(0x002F_5597))),
        );
    drawn.title().set_name(&chart.title).set_font(&title);
    drawn.legend().set_hidden();
    drawn.x_axis().set_font(&font).set_num_format("m/d");
    drawn.y_axis().set_font(&font).set_num_format("#,##0");
    drawn.set_width(chart.size.0).set_height(chart.size.1).set_alt_text(&chart.title);
    target.insert_chart(chart.at.0, chart.at.1, &drawn)?;
    Ok(())
}

const _: () = assert!(MAX_ROWS == 1_048_576, "the writer refuses more rows");
