//! A workbook of plain data → `.xlsx` bytes. The only file that knows `rust_xlsxwriter`, its floats and its traps.

mod format;
mod measure;
mod pages;

use super::workbook::{At, Body, Book, Cell, Chart, MAX_ROWS, Rule, Sheet, Style, Target, Value, a1};
use format::{FONT, Formats, Shape, base};
use measure::{Rows, heights, pixels, widths};
use rust_xlsxwriter::{
    ChartFont, ChartType, Color, ConditionalFormatFormula, DataValidation, DataValidationErrorStyle, DocProperties,
    ExcelDateTime, Format, Formula, IntoExcelData, ProtectionOptions, Url, Workbook, Worksheet, XlsxError,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The most UTF-16 units a cell can hold.
const MAX_TEXT: usize = 32_767;
/// Bodies longer than this are written row by row without being kept in memory.
const LONG: usize = 500;
/// How an equation that holds is marked, and one that does not.
const TRUE: &str = "✓";
const FALSE: &str = "✗";
/// 1970-01-01 as Excel counts days.
const EPOCH: i64 = 25_569;
/// 1900-03-01: Excel takes 1900 for a leap year and counts the days before otherwise.
const FIRST_SERIAL: i64 = 61;

/// Writes the workbook.
pub(super) fn bytes(book: &Book<'_>) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    workbook.set_default_format(&base(), 20, 72)?;
    workbook.set_zip_compression_level(2);
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

fn write_sheet(
    target: &mut Worksheet,
    sheet: &Sheet<'_>,
    book: &Book<'_>,
    formats: &mut Formats,
) -> Result<(), XlsxError> {
    target.set_name(&sheet.name)?;
    let widths = widths(sheet);
    let heights = heights(sheet, &widths);
    page(target, sheet, &widths, &heights, book)?;
    for (column, width) in &widths {
        target.set_column_width_pixels(*column, pixels(*width))?;
    }
    for (row, height) in heights {
        target.set_row_height_pixels(row, height)?;
    }
    let usual = sheet.body.as_ref().map(|body| set_usual(target, body, formats)).transpose()?.unwrap_or_default();
    for (at, cell) in &sheet.cells {
        let link = sheet.links.get(at);
        let format = formats.of(cell.style, Shape::of(&cell.value), link.is_some());
        if let Some(last) = sheet.merged.get(at) {
            target.merge_range(at.0, at.1, at.0, *last, "", format)?;
        }
        // The link first: what the cell shows is written over it.
        if let Some(Target { sheet, at: to }) = link {
            let url = Url::new(format!("internal:'{sheet}'!{}", a1(*to))).set_text(".");
            target.write_url_with_format(at.0, at.1, url, format)?;
        }
        write_cell(target, *at, cell, Some(format), book.cut)?;
    }
    if let Some(body) = &sheet.body {
        write_body(target, body, &widths, &usual, formats, book.cut)?;
        if body.rows > 0 {
            decorate(target, sheet, body, book)?;
        }
    }
    if sheet.is_protected {
        protect(target);
    }
    if let Some((row, first, last, bottom)) = sheet.filter {
        target.autofilter(row, first, bottom, last)?;
    }
    if let Some(chart) = &sheet.chart {
        write_chart(target, chart)?;
    }
    Ok(())
}

/// Drop-down lists and colours of the body, and the cell that is selected first.
fn decorate(target: &mut Worksheet, sheet: &Sheet<'_>, body: &Body<'_>, book: &Book<'_>) -> Result<(), XlsxError> {
    let first = body.heading_row + 1;
    let last = body.heading_row + u32::try_from(body.rows).unwrap_or(0);
    let width = u16::try_from(body.headings.len()).unwrap_or(u16::MAX);
    target.set_selection(first, 0, first, 0)?;
    for choices in &sheet.choices {
        let list = DataValidation::new()
            .allow_list_strings(&choices.words)?
            .set_error_style(DataValidationErrorStyle::Stop)
            .set_error_message(book.choose)?;
        target.add_data_validation(first, choices.column, last, choices.column, &list)?;
    }
    let bands = || ConditionalFormatFormula::new().set_rule("=MOD(ROW(),2)=1").set_format(format::band());
    let mut apart = sheet.coloured.clone();
    for rule in &sheet.rules {
        // A blank cell counts as 0 unless it is asked for.
        let (column, formula, style) = match rule {
            Rule::AtMost { column, limit, style } => {
                let cell = a1((first, *column));
                (*column, format!("=AND(ISNUMBER({cell}),{cell}<={limit})"), *style)
            }
            Rule::Done { column, word } => {
                let cell = a1((first, *column));
                let formula = format!("=${cell}=\"{word}\"");
                let rule = ConditionalFormatFormula::new().set_rule(formula.as_str());
                target.add_conditional_format(first, 0, last, width - 1, &rule.set_format(format::done()))?;
                continue;
            }
        };
        let rule = ConditionalFormatFormula::new().set_rule(formula.as_str()).set_stop_if_true(true);
        target.add_conditional_format(first, column, last, column, &rule.set_format(format::marked(style)))?;
        apart.push(column);
    }
    // The bands of a column that a rule colours stand behind its rules, in the same list: LibreOffice takes the first
    // that applies of one list, not of several.
    apart.sort_unstable();
    apart.dedup();
    for column in apart.iter().filter(|column| !sheet.coloured.contains(column)) {
        target.add_conditional_format(first, *column, last, *column, &bands())?;
    }
    let mut from = 0;
    for coloured in apart.into_iter().chain([width]) {
        if from < coloured {
            target.add_conditional_format(first, from, last, coloured - 1, &bands())?;
        }
        from = coloured + 1;
    }
    Ok(())
}

/// Against slips, not against people: filters and widths stay free, and there is no password.
fn protect(target: &mut Worksheet) {
    target.protect_with_options(&ProtectionOptions {
        sort: true,
        use_autofilter: true,
        format_columns: true,
        format_rows: true,
        ..ProtectionOptions::default()
    });
}

/// Frozen and repeated headings, A4 landscape one page wide, footer.
fn page(
    target: &mut Worksheet,
    sheet: &Sheet<'_>,
    widths: &BTreeMap<u16, u16>,
    heights: &BTreeMap<u32, u32>,
    book: &Book<'_>,
) -> Result<(), XlsxError> {
    if let Some((row, column)) = sheet.frozen {
        target.set_freeze_panes(row + 1, column)?;
        // A sheet two pages wide says on both of them which row is which.
        if sheet.two_pages_wide && column > 0 {
            target.set_repeat_columns(0, column - 1)?;
            target.set_page_order(true);
        }
    }
    if sheet.body.is_none() {
        target.set_screen_gridlines(false);
    }
    if let Some((first, last)) = sheet.repeated {
        target.set_repeat_rows(first, last)?;
    }
    if let Some(tab) = sheet.tab {
        target.set_tab_color(Color::RGB(tab));
    }
    target
        .set_paper_size(9)
        .set_landscape()
        .set_print_fit_to_pages(1 + u16::from(sheet.two_pages_wide), u16::from(sheet.one_page))
        .set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
    let text = clean(&book.footer).replace('&', "&&");
    // Pages that are fitted know no breaks of their own.
    if !sheet.one_page && (sheet.whole.is_some() || !sheet.tables.is_empty()) {
        let scale = pages::scale(sheet, widths, heights);
        target.set_print_scale(scale).set_page_breaks(&pages::breaks(sheet, scale))?;
    }
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
    let style = |at: u16| if body.inputs.contains(&at) { Style::InputHeading } else { Style::Heading };
    let heading = |(at, heading): (u16, &&'static str)| Cell::text(*heading).styled(style(at));
    let headings: Vec<Cell> = (0_u16..).zip(&body.headings).map(heading).collect();
    let rows = std::iter::once(headings).chain((0..body.rows).map(|at| (body.row)(at)));
    let mut measure = Rows::of(widths);
    for (row, mut cells) in (body.heading_row..).zip(rows) {
        if let Some(height) = measure.fit(&mut cells) {
            target.set_row_height_pixels(row, height)?;
        }
        for (column, cell) in (0_u16..).zip(&cells) {
            let look = (cell.style, Shape::of(&cell.value));
            let is_usual = usual.get(usize::from(column)) == Some(&look);
            let format = if is_usual { None } else { Some(formats.of(look.0, look.1, false)) };
            write_cell(target, (row, column), cell, format, cut)?;
        }
    }
    Ok(())
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
        Value::Moment(moment) => match i64::from(moment.day().number()) + EPOCH {
            serial if serial >= FIRST_SERIAL => {
                write(target, row, column, ExcelDateTime::parse_from_str(&moment.to_string())?, format)?
            }
            _ => write(target, row, column, moment.to_string().as_str(), format)?,
        },
        Value::Sum { formula, result } => {
            write(target, row, column, Formula::new(formula).set_result(result.to_string()), format)?
        }
        Value::Check { formula, result } => {
            let formula = format!("=IF({formula},\"{TRUE}\",\"{FALSE}\")");
            write(target, row, column, Formula::new(formula).set_result(if *result { TRUE } else { FALSE }), format)?
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

/// What most cells of each column of a body look like.
///
/// The writer hashes the whole format of every cell that names one, which costs more than writing the cell; one that
/// names none takes its column's.
type Usual = Vec<(Style, Shape)>;

/// Sets the usual formats of a body's columns. Only plain looks: a column's format reaches to the sheet's end.
fn set_usual(target: &mut Worksheet, body: &Body<'_>, formats: &mut Formats) -> Result<Usual, XlsxError> {
    let mut usual = Usual::new();
    if body.rows == 0 {
        return Ok(usual);
    }
    for (column, cell) in (0_u16..).zip((body.row)(0)) {
        let is_plain = matches!(cell.style, Style::Small | Style::SmallWrap | Style::Wrap | Style::Grey);
        let look = if is_plain { cell.style } else { Style::Plain };
        let look = (look, Shape::of(&cell.value));
        target.set_column_format(column, formats.of(look.0, look.1, false))?;
        usual.push(look);
    }
    Ok(usual)
}

/// Excel knows only floats; every amount and every sum that a merchant can reach is below 2^53, and so exact.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "an amount is bounded by Yen::ROW_LIMIT; sums of a shop stay far below 2^53"
)]
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

fn write_chart(target: &mut Worksheet, chart: &Chart) -> Result<(), XlsxError> {
    let mut font = ChartFont::new();
    font.set_name(FONT).set_size(8);
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
    // About ten names have room below the columns.
    let every = u16::try_from((last - first).div_ceil(10)).unwrap_or(u16::MAX).max(1);
    // Below the lowest column, also where days with more refunds than sales go below zero.
    let low = rust_xlsxwriter::ChartAxisLabelPosition::Low;
    drawn.x_axis().set_font(&font).set_num_format("m/d").set_label_interval(every).set_label_position(low);
    drawn.y_axis().set_font(&font).set_num_format("#,##0");
    if chart.from_zero {
        drawn.y_axis().set_min(0);
    }
    // A filter that hides rows leaves its size alone.
    drawn.set_object_movement(rust_xlsxwriter::ObjectMovement::MoveButDontSizeWithCells);
    drawn.set_width(chart.size.0).set_height(chart.size.1).set_alt_text(&chart.title);
    target.insert_chart(chart.at.0, chart.at.1, &drawn)?;
    Ok(())
}

const _: () = assert!(MAX_ROWS == 1_048_576, "the writer refuses more rows");
