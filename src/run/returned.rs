//! Our own workbook in the inbox: what of its notes is news, and what is not believed (SPEC §5.7, FAULTS R20).
//!
//! A note is news where the cell differs from what the workbook showed when it was made. So a workbook that lay about
//! for weeks brings what was written in it and takes nothing away that was written elsewhere meanwhile. Where both
//! were written, the later one holds: of a workbook the time it was saved, else the time it arrived.

use super::reading::{guarded, whole};
use super::{RunError, Workshop};
use crate::domain::dates::{Day, Moment};
use crate::domain::finding::Note;
use crate::domain::ids::{FindingId, ShopId};
use crate::domain::intake::{Disposition, Fault, Place, Problem, RowCounts};
use crate::domain::notebook::{Mark, NoteEntry, NoteField};
use crate::notes::{self, Notebook, NotebookRow};
use crate::store::Store;
use chrono::Timelike;
use hashbrown::{HashMap, HashSet};

/// What a returned workbook brings.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Notes that are news.
    pub(super) entries: Vec<NoteEntry>,
    /// What became of each row.
    pub(super) rows: Vec<(u32, Disposition)>,
    /// The same, counted.
    pub(super) counts: RowCounts,
    /// What is not believed, for the operator.
    pub(super) refused: Vec<Problem>,
    /// Whether no run has looked for findings of the shop yet, say after a rebuild: its notes have no place so far (FAULTS
    /// S07).
    pub(super) is_too_early: bool,
}

/// Reads `content` if it is a workbook of ours; `None` for any other file.
///
/// # Errors
/// When the history cannot be read. A workbook that must be held is the inner error.
pub(super) fn receive(
    workshop: &Workshop,
    store: &Store,
    content: &[u8],
    folder: Option<&ShopId>,
) -> Result<Option<Result<Received, Vec<Problem>>>, RunError> {
    let read = guarded(content, || match notes::cover(content, *workshop.now.offset()) {
        None => Ok(None),
        Some(cover) => {
            let mark = admit(workshop, store.installation(), cover.mark, folder).map_err(whole)?;
            Ok(Some((mark, cover.saved, notes::read(content)?)))
        }
    });
    let (mark, saved, notebook) = match read {
        Ok(None) => return Ok(None),
        Ok(Some(read)) => read,
        Err(problems) => return Ok(Some(Err(problems))),
    };
    let written = saved.filter(|saved| *saved <= workshop.moment()).unwrap_or_else(|| workshop.moment());
    let history = History {
        known: store.findings(Some(&mark.shop))?.into_iter().map(|f| (f.id, f.note)).collect(),
        shown: store.notes_shown(&mark.shop, mark.period, mark.revision)?,
        times: store.note_times(&mark.shop)?,
    };
    let is_too_early = store.newest_as_of(&mark.shop, None)?.is_none();
    Ok(Some(Ok(Received { is_too_early, ..history.compare(notebook, written) })))
}

/// Whether a workbook with this mark may speak: ours, of a shop that is configured, and not in another shop's folder.
fn admit(workshop: &Workshop, installation: &str, mark: Option<Mark>, folder: Option<&ShopId>) -> Result<Mark, Fault> {
    let mark = mark.filter(|mark| mark.installation == installation).ok_or(Fault::ForeignWorkbook)?;
    let found = mark.shop.to_string();
    if !workshop.config.shops.iter().any(|shop| shop.shop.id == mark.shop) {
        return Err(Fault::UnknownShop { found });
    }
    match folder.filter(|folder| **folder != mark.shop) {
        Some(folder) => Err(Fault::OtherShop { found, folder: folder.to_string() }),
        None => Ok(mark),
    }
}

/// What is known of the notes of one shop.
struct History {
    known: HashMap<FindingId, Note>,
    shown: HashMap<FindingId, Note>,
    times: HashMap<(FindingId, String), i64>,
}

impl History {
    fn compare(&self, notebook: Notebook, written: Moment) -> Received {
        let Notebook { rows, mut refused } = notebook;
        let doubted: HashSet<u32> = refused.iter().filter_map(|problem| problem.place.line).collect();
        let mut received = Received::default();
        let mut seen = HashSet::new();
        for row in rows {
            let mut disposition = self.row(&row, written, &mut seen, &mut received.entries, &mut refused);
            if doubted.contains(&row.line) {
                disposition = Disposition::Rejected;
            }
            received.rows.push((row.line, disposition));
            received.counts.add(disposition);
        }
        received.refused = refused;
        received
    }

    fn row(
        &self,
        row: &NotebookRow,
        written: Moment,
        seen: &mut HashSet<FindingId>,
        entries: &mut Vec<NoteEntry>,
        refused: &mut Vec<Problem>,
    ) -> Disposition {
        let known = row.finding.as_ref().and_then(|id| self.known.get_key_value(id));
        let Some((id, now)) = known else {
            let found = row.finding.as_ref().map(FindingId::to_string).unwrap_or_default();
            let place = Place { line: Some(row.line), column: None };
            refused.push(Problem { place, fault: Fault::UnknownFinding { found } });
            return Disposition::Rejected;
        };
        if !seen.insert(id.clone()) {
            return Disposition::Same;
        }
        let unwritten = Note::default();
        let shown = self.shown.get(id).unwrap_or(&unwritten);
        let mut disposition = Disposition::Same;
        for (field, value) in NoteField::ALL.into_iter().zip(&row.fields) {
            let Some(value) = value.as_ref().filter(|value| *value != field.of(shown)) else { continue };
            let later = self.times.get(&(id.clone(), field.as_str().to_owned()));
            if value == field.of(now) {
                continue;
            }
            if later.is_some_and(|later| *later > written.number()) {
                if disposition == Disposition::Same {
                    disposition = Disposition::Stale;
                }
            } else {
                disposition = Disposition::Update;
            }
            // An older note is kept too; the later one stands.
            entries.push(NoteEntry { finding: id.clone(), field, value: value.clone(), written });
        }
        disposition
    }
}

impl Workshop {
    /// The present moment in JST, as findings and notes are stamped.
    pub fn moment(&self) -> Moment {
        let (day, now) = (Day::from_naive(self.now.date_naive()), self.now);
        Moment::new(day, now.hour(), now.minute(), now.second()).unwrap_or_else(|| day.start())
    }
}
