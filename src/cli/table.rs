//! Lists as people read them: a table that fits the terminal, or a block for each row where a table would tear words apart.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use unicode_width::UnicodeWidthStr;

/// Up to this many columns a cell is kept on one line; a longer one is text and may wrap.
const KEPT: usize = 24;

/// What the border takes of each column, and once more at the end.
const BORDER: usize = 3;

/// Rows under headings.
pub(super) struct List {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl List {
    /// An empty list; `headings` are separated by commas.
    pub(super) fn new(headings: &'static str) -> Self {
        Self { headings: headings.split(',').collect(), rows: Vec::new() }
    }

    /// Adds a row; what is missing at its end is empty.
    pub(super) fn add(&mut self, row: impl IntoIterator<Item = String>) {
        let mut row: Vec<String> = row.into_iter().collect();
        row.resize(self.headings.len(), String::new());
        self.rows.push(row);
    }

    /// Prints it as wide as this terminal is, and as wide as it is in a pipe; `empty` where there is no row.
    pub(super) fn print(&self, empty: &str) {
        if self.rows.is_empty() {
            say!("{empty}");
        } else {
            let width = Table::new().width().map(usize::from);
            let text = self.text(width);
            say!("{}", if width.is_none() { unpadded(&text) } else { text });
        }
    }

    /// The list within `width` columns.
    fn text(&self, width: Option<usize>) -> String {
        let kept: Vec<usize> = (0..self.headings.len()).map(|column| self.widest(column).min(KEPT)).collect();
        let least = kept.iter().map(|kept| kept + BORDER).sum::<usize>() + 1;
        match width {
            Some(width) if least > width => self.blocks(),
            _ => self.table(width, &kept),
        }
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).flat_map(|cell| cell.lines());
        let heading = self.headings.get(column).copied().into_iter();
        cells.chain(heading).map(UnicodeWidthStr::width).max().unwrap_or_default()
    }

    fn table(&self, width: Option<usize>, kept: &[usize]) -> String {
        let mut table = Table::new();
        table.set_header(self.headings.clone()).add_rows(&self.rows);
        if let Some(width) = width.and_then(|width| u16::try_from(width).ok()) {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
            let padded = |kept: &usize| u16::try_from(kept + BORDER - 1).unwrap_or(u16::MAX);
            table.set_constraints(kept.iter().map(|kept| ColumnConstraint::LowerBoundary(Width::Fixed(padded(kept)))));
        }
        table.to_string()
    }

    /// A block for each row: the first cell, and below it every other that says something.
    fn blocks(&self) -> String {
        let block = |row: &Vec<String>| {
            let cells =
                self.headings.iter().zip(row).enumerate().filter(|(at, (_, cell))| *at == 0 || !cell.is_empty());
            let lines = cells.map(|(at, (heading, cell))| {
                let indent = if at == 0 { "" } else { "  " };
                format!("{indent}{heading}: {}", cell.replace('\n', "\n    "))
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        self.rows.iter().map(block).collect::<Vec<_>>().join("\n\n")
    }
}

/// `table` with a last column no wider than its cells: in a pipe one long note would pad every row.
fn unpadded(table: &str) -> String {
    let before_last = table.lines().next().and_then(|top| top.trim_end_matches('+').rfind('+')).unwrap_or_default();
    let is_rule = |line: &str| line.bytes().all(|byte| b"+-=|".contains(&byte));
    let line = |line: &str| match (line.get(..before_last + BORDER), line.strip_suffix('|')) {
        (Some(kept), row) if is_rule(line) => format!("{kept}{}", if row.is_some() { '|' } else { '+' }),
        (_, Some(row)) => format!("{} |", row.trim_end()),
        (_, None) => line.to_owned(),
    };
    table.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        let mut list = List::new("所見ID,区分,初出日,メモ");
        let memo = "旅行会社へ確認中です。返金は済んでいるとのことですが、明細がまだ届いていません。";
        for (id, kind) in [("F-1A2B3C4D", "取消済・未返金"), ("F-5E6F7A8B", "結果通知不達の疑い")] {
            list.add([id, kind, "2026-11-23", memo].map(str::to_owned));
        }
        list.add([String::from("F-00000000")]);
        list
    }

    #[test]
    fn at_any_width_nothing_sticks_out_and_no_id_is_torn() {
        for width in [30, 60, 80, 120, 200] {
            let text = list().text(Some(width));
            for id in ["F-1A2B3C4D", "F-5E6F7A8B", "F-00000000", "2026-11-23"] {
                assert!(text.contains(id), "{width}: {id} is not in:\n{text}");
            }
            if text.starts_with('+') {
                let widest = text.lines().map(UnicodeWidthStr::width).max();
                assert!(widest <= Some(width), "{width}: {widest:?}\n{text}");
            }
        }
        assert!(list().text(Some(60)).starts_with("所見ID: F-1A2B3C4D\n  区分: 取消済・未返金\n"));
        assert!(list().text(Some(120)).starts_with('+'));
        let blocks = list().text(Some(30));
        assert!(blocks.ends_with("\n\n所見ID: F-00000000"), "empty cells are left out:\n{blocks}");
    }

    #[test]
    fn in_a_pipe_a_row_is_one_line_and_not_padded() {
        let text = unpadded(&list().text(None));
        assert!(text.lines().all(|line| !line.ends_with("  |") && !line.ends_with("---+")), "{text}");
        assert!(text.lines().any(|line| line.contains("F-1A2B3C4D") && line.contains("明細がまだ届いていません。")));
    }
}
