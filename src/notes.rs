//! Our own workbook come back: the notes that finance wrote into 要確認, and nothing else of it (SPEC §5.7).
//!
//! Rows may have been sorted, filtered or deleted and columns moved: what a note belongs to is said by the finding ID
//! beside it. Pure: the history decides what of it is news.

use crate::domain::dates::{Day, Moment};
use crate::domain::ids::FindingId;
use crate::domain::intake::{Fault, Place, Problem};
use crate::domain::notebook::{INSTALLATION, LAYOUT, Mark, NoteField};
use crate::locale::{Language, Text, sheets as words};
use crate::read::properties::properties;
use crate::read::{self, COLUMN_LIMIT, Cell, Plan, Sink};
use chrono::{DateTime, FixedOffset, Timelike};
use hashbrown::{HashMap, HashSet};

/// The columns that are read: whose note, then the fields of [`NoteField::ALL`].
pub const COLUMNS: [Text; 4] = [words::FINDING_ID, words::WORK_STATE, words::ASSIGNEE, words::MEMO];

/// What a returned workbook says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    /// Its mark; `None` where it is ours but the mark is damaged.
    pub mark: Option<Mark>,
    /// When it was last saved by a person's program; `None` where it says nothing of the kind.
    pub saved: Option<Moment>,
}

/// The notes of a returned workbook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notebook {
    /// Its rows, in the order they stand in.
    pub rows: Vec<NotebookRow>,
    /// Cells and rows that are not believed.
    pub refused: Vec<Problem>,
}

/// One row of 要確認.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotebookRow {
    /// Its number, from 1.
    pub line: u32,
    /// The finding; `None` where the row has notes and no ID.
    pub finding: Option<FindingId>,
    /// The fields in the order of [`NoteField::ALL`]; `None` where the cell is not believed.
    pub fields: [Option<String>; 3],
}

/// The cover of a workbook of ours; `None` for any other file, however it is named.
pub fn cover(bytes: &[u8], jst: FixedOffset) -> Option<Cover> {
    let found = properties(bytes);
    let property = |name: &str| found.custom.get(name).map(String::as_str);
    property(INSTALLATION)?;
    // Written by us and never saved since: the two are the same.
    let modified = found.modified.as_ref().filter(|modified| found.created.as_ref() != Some(*modified));
    let saved = modified.and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.with_timezone(&jst));
    let saved = saved.and_then(|at| Moment::new(Day::from_naive(at.date_naive()), at.hour(), at.minute(), at.second()));
    Some(Cover { mark: Mark::read(property), saved })
}

/// Reads the notes of a workbook of ours.
///
/// # Errors
/// Why the file must be held: it cannot be read, or its sheet of findings is gone.
pub fn read(bytes: &[u8]) -> Result<Notebook, Vec<Problem>> {
    let mut intake = Intake { notebook: Notebook::default(), language: Language::Ja };
    let reading = read::rows(bytes, &mut intake)?;
    if !reading.headed {
        let missing = COLUMNS.map(|column| column.ja.to_owned()).to_vec();
        let fault =
            Fault::NoLayout { nearest: LAYOUT.to_owned(), missing, found: Box::default(), similar: Box::default() };
        return Err(vec![Problem { place: Place::default(), fault }]);
    }
    intake.drop_contradictions();
    Ok(intake.notebook)
}

struct Intake {
    notebook: Notebook,
    /// The language of its headings, by which problems name a column.
    language: Language,
}

impl Sink for Intake {
    fn heading(&mut self, _: &'static str, line: u32, cells: &[String]) -> Result<Option<Plan>, Vec<Problem>> {
        let mut slots = Vec::with_capacity(COLUMNS.len());
        for wanted in COLUMNS {
            let is_it = |cell: &String| [wanted.ja, wanted.en].contains(&cell.trim());
            let mut places = cells.iter().enumerate().filter(|(_, cell)| is_it(cell)).map(|(at, _)| at);
            let Some(first) = places.next() else { return Ok(None) };
            if places.next().is_some() {
                let fault = Fault::DuplicateColumn { heading: wanted.ja.to_owned() };
                return Err(vec![Problem { place: Place { line: Some(line), column: None }, fault }]);
            }
            slots.push(Some(first));
        }
        let is_english = cells.iter().any(|cell| cell.trim() == words::WORK_STATE.en);
        self.language = if is_english { Language::En } else { Language::Ja };
        // What people scribble beside the table is no harm.
        let mut headings = cells.to_vec();
        headings.resize(COLUMN_LIMIT.max(cells.len()), String::new());
        let line_breaks = vec![true; headings.len()];
        Ok(Some(Plan { slots, headings, line_breaks, aside: Vec::new() }))
    }

    fn row(&mut self, line: u32, cells: &[Cell<'_>]) -> Result<(), Vec<Problem>> {
        let mut texts = COLUMNS.map(|_| None);
        for ((cell, column), text) in cells.iter().zip(COLUMNS).zip(&mut texts) {
            *text = self.believe(line, column, cell);
        }
        let [id, state, assignee, note] = texts;
        let state = state.and_then(|state| self.state(line, &state));
        let fields = [state, assignee, note];
        let finding = id.filter(|id| !id.is_empty()).map(|id| FindingId::new(&id));
        if finding.is_some() || fields.iter().flatten().any(|field| !field.is_empty()) {
            self.notebook.rows.push(NotebookRow { line, finding, fields });
        }
        Ok(())
    }
}

impl Intake {
    fn refuse(&mut self, line: u32, column: Text, fault: Fault) {
        let place = Place { line: Some(line), column: Some(column.of(self.language).to_owned()) };
        self.notebook.refused.push(Problem { place, fault });
    }

    /// The text of a cell, whatever its type; a formula counts by what it showed.
    fn believe(&mut self, line: u32, column: Text, cell: &Cell<'_>) -> Option<String> {
        match cell {
            Cell::Empty => Some(String::new()),
            Cell::Text(text) => Some(text.trim().to_owned()),
            Cell::Integer(number) => Some(number.to_string()),
            Cell::Decimal(digits) => Some(digits.clone()),
            Cell::Date(at) if at.second_of_day() == 0 => Some(at.day().to_string()),
            Cell::Date(at) => Some(at.to_string()),
            Cell::Problem(found) => {
                self.refuse(line, column, Fault::CellWithoutValue { found: found.clone() });
                None
            }
        }
    }

    /// 対応状況 as it is kept: the Japanese word, empty for 未対応.
    fn state(&mut self, line: u32, written: &str) -> Option<String> {
        let known = words::kept_work_state(written);
        if known.is_none() {
            self.refuse(line, words::WORK_STATE, Fault::UnknownWorkState { found: written.to_owned() });
        }
        known.map(str::to_owned)
    }

    /// A finding whose rows were copied and say different things says nothing: which of them was meant, nobody knows.
    fn drop_contradictions(&mut self) {
        let contradicted = contradicted(&self.notebook.rows);
        let mut lines = Vec::new();
        for row in &mut self.notebook.rows {
            let Some(id) = row.finding.as_ref().filter(|id| contradicted.contains(*id)) else { continue };
            lines.push((row.line, id.to_string()));
            row.fields = NoteField::ALL.map(|_| None);
        }
        for (line, id) in lines {
            self.refuse(line, words::FINDING_ID, Fault::ContradictoryNote { id });
        }
    }
}

/// Findings of which two rows say different things.
fn contradicted(rows: &[NotebookRow]) -> HashSet<FindingId> {
    let mut first = HashMap::new();
    let of_finding = rows.iter().filter_map(|row| row.finding.as_ref().map(|id| (id, &row.fields)));
    of_finding.filter(|(id, fields)| first.entry(*id).or_insert(*fields) != fields).map(|(id, _)| id.clone()).collect()
}
