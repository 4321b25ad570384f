//! Where the pages of a sheet of several tables end: between two of them wherever a page holds the next one whole.

use super::super::workbook::Sheet;
use super::measure::{USUAL, pixels};
use std::collections::BTreeMap;

/// A4 landscape between the margins, in pixels; LibreOffice draws charts a little wider.
const WIDTH: u32 = 980;
const HEIGHT: u32 = 690;
/// A row that nothing makes higher, in pixels.
const ROW: u32 = 20;
/// Rows left free for a title that is drawn higher.
const SPARE: u32 = 2;

/// The scale in percent at which all columns, and the chart beside them, stand on one page, as what is to stay whole does.
pub(super) fn scale(sheet: &Sheet<'_>, widths: &BTreeMap<u16, u16>, heights: &BTreeMap<u32, u32>) -> u16 {
    let before = |end: u16| (0..end).map(|column| pixels(widths.get(&column).copied().unwrap_or(USUAL))).sum::<u32>();
    let columns = before(widths.last_key_value().map_or(0, |(last, _)| *last + 1));
    let chart = sheet.chart.as_ref().map_or(0, |chart| before(chart.at.1) + chart.size.0);
    let height = |last: u32| (0..=last + SPARE).map(|row| heights.get(&row).copied().unwrap_or(ROW)).sum::<u32>();
    let percent = (WIDTH * 100 / columns.max(chart).max(1)).min(HEIGHT * 100 / sheet.whole.map_or(1, height));
    u16::try_from(percent.clamp(10, 100)).unwrap_or(100)
}

/// The rows that pages begin with.
pub(super) fn breaks(sheet: &Sheet<'_>, scale: u16) -> Vec<u32> {
    let rows = HEIGHT * 100 / u32::from(scale) / ROW - SPARE;
    let below_repeated = rows - sheet.repeated.map_or(0, |(first, last)| last + 1 - first).min(rows / 2);
    let mut breaks: Vec<u32> = sheet.whole.map(|last| last + 1).into_iter().collect();
    let (mut top, mut room, mut is_free) = (0, rows, true);
    for &(first, last) in &sheet.tables {
        if !is_free && last >= top + room {
            (top, room) = (first, below_repeated);
            breaks.push(top);
        }
        while last >= top + room {
            // The total is never left alone.
            (top, room) = ((top + room).min(last - 1), below_repeated);
            breaks.push(top);
        }
        is_free = false;
    }
    breaks
}
