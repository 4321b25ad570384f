//! What one file says, read behind a border: whatever goes wrong inside, the run goes on (FAULTS P20).

use super::Workshop;
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Fault, Normalised, PaymentRow, Place, Problem};
use crate::domain::notebook::LAYOUT;
use crate::durable::Content;
use crate::inbox::Arrival;
use crate::normalise::{Context, Examined, TIME_LIMIT, examine, normalise, normalise_in_pieces};
use crate::notes;
use crate::read::{self, Table};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

/// How long a file that does not end as its format must may still be growing (FAULTS A02, A10).
const MAY_GROW: Duration = Duration::from_secs(600);

/// A problem of the whole file.
pub(super) fn whole(fault: Fault) -> Vec<Problem> {
    vec![Problem { place: Place::default(), fault }]
}

/// Whether somebody may still be writing the file: it does not end as its format must and was touched just now.
pub(super) fn may_be_growing(workshop: &Workshop, arrival: &Arrival, content: &Content) -> bool {
    workshop.config.intake.settle_seconds > 0
        && !ends_whole(content).unwrap_or(false)
        && arrival.look.is_within(MAY_GROW, workshop.now.into())
}

/// Reads and normalises a file by the rules of its folder. `digest` is its content's.
///
/// Of a file too large to be kept, payment rows are not kept either: they go to `take` piece by piece and count only if
/// the whole file is accepted in the end.
///
/// # Errors
/// When our own copy cannot be read. The inner error says why the file must be held.
pub(super) fn read_table(
    workshop: &Workshop,
    folder: Option<&ShopId>,
    name: &str,
    (content, digest): (&Content, FileDigest),
    take: &mut dyn FnMut(&[PaymentRow]),
) -> io::Result<Result<Normalised, Vec<Problem>>> {
    with_table(content, |table| {
        guarded_as(
            || digest,
            || {
                with_context(workshop, folder, |context| match table {
                    Table::Bytes(bytes) => normalise(bytes, name, context),
                    Table::Text(_) => normalise_in_pieces(table, name, context, take),
                })
            },
        )
    })
}

/// Hands over the payment rows of a file that [`read_table`] accepted. However long whoever takes them needs.
pub(super) fn read_again(
    workshop: &Workshop,
    folder: Option<&ShopId>,
    name: &str,
    (content, digest): (&Content, FileDigest),
    take: &mut dyn FnMut(&[PaymentRow]),
) {
    let mut work = |table: Table<'_>| {
        with_context(workshop, folder, |context| {
            normalise_in_pieces(table, name, &Context { is_late: &|| false, ..*context }, take)
        })
    };
    // The same bytes give the same rows. Were it not so, the store would miss some and take back the file.
    drop(with_table(content, |table| guarded_as(|| digest, || work(table))));
}

fn with_table<T>(content: &Content, work: impl FnOnce(Table<'_>) -> T) -> io::Result<T> {
    match content {
        Content::Bytes(bytes) => Ok(work(Table::Bytes(bytes))),
        Content::Copy(file) => {
            let mut input = Watched { file, failed: RefCell::new(None) };
            let done = work(Table::Text(&mut input));
            input.failed.into_inner().map_or(Ok(done), Err)
        }
    }
}

/// Our own copy of a file: where the disk fails, the file is not to blame.
struct Watched<'f> {
    file: &'f File,
    failed: RefCell<Option<io::Error>>,
}

impl Watched<'_> {
    fn watched<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done {
            *self.failed.borrow_mut() = Some(error.kind().into());
        }
        done
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer);
        self.watched(read)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.file.seek(to);
        self.watched(at)
    }
}

/// Whether a file ends as its format must; of a large text file its last line end says so.
fn ends_whole(content: &Content) -> io::Result<bool> {
    match content {
        Content::Bytes(bytes) => Ok(read::ends_whole(bytes)),
        Content::Copy(file) => {
            let (mut file, mut last) = (file, Vec::new());
            file.seek(SeekFrom::End(-2))?;
            file.read_to_end(&mut last)?;
            Ok(read::ends_whole(&last))
        }
    }
}

/// Says how a file would be read; nothing is taken in.
pub fn examine_file(workshop: &Workshop, arrival: &Arrival, content: &[u8]) -> Examined {
    let folder = arrival.folder.as_deref().map(ShopId::new);
    let examined = guarded(content, || {
        if notes::cover(content, *workshop.now.offset()).is_some() {
            return Ok(examine_notes(content));
        }
        Ok(with_context(workshop, folder.as_ref(), |context| examine(content, &arrival.name, context)))
    });
    examined.unwrap_or_else(|problems| Examined { problems, ..Examined::default() })
}

/// A workbook of ours, looked at for the notes in it.
fn examine_notes(content: &[u8]) -> Examined {
    let (rows, problems, accepted) = match notes::read(content) {
        Ok(notebook) => (notebook.rows.len(), notebook.refused, true),
        Err(problems) => (0, problems, false),
    };
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    let columns = notes::COLUMNS.map(|column| column.ja.to_owned()).to_vec();
    Examined {
        layout: Some(LAYOUT.to_owned()),
        encoding: Some("XLSX"),
        columns,
        rows,
        problems,
        accepted,
        ..Examined::default()
    }
}

fn with_context<T>(workshop: &Workshop, folder: Option<&ShopId>, work: impl FnOnce(&Context<'_>) -> T) -> T {
    let shops: Vec<ShopId> = workshop.config.shops.iter().map(|shop| shop.shop.id.clone()).collect();
    let max_rejects = |id: &ShopId| {
        let shop = workshop.config.shops.iter().find(|shop| shop.shop.id == *id);
        shop.map_or(0, |shop| shop.shop.policy.max_rejects)
    };
    let begun = Instant::now();
    work(&Context {
        layouts: &workshop.layouts,
        folder,
        shops: &shops,
        max_rejects: folder.map_or_else(|| shops.iter().map(max_rejects).min().unwrap_or(0), max_rejects),
        latest: workshop.today().plus(1),
        is_late: &|| begun.elapsed() > TIME_LIMIT,
    })
}

/// Does `work`; a panic inside becomes a problem of the file.
pub(super) fn guarded<T>(content: &[u8], work: impl FnOnce() -> Result<T, Vec<Problem>>) -> Result<T, Vec<Problem>> {
    guarded_as(|| FileDigest::of(content), work)
}

fn guarded_as<T>(
    digest: impl FnOnce() -> FileDigest,
    work: impl FnOnce() -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    // Nothing that the work could have left half done outlives it.
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let id = digest().to_string().chars().take(12).collect();
        Err(whole(Fault::Unreadable { id }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p20_a_panic_in_a_parser_holds_the_file_as_unreadable() {
        let taken = guarded::<()>(b"odd", || panic!("planted"));
        let Err(problems) = taken else { panic!("not held") };
        let id = FileDigest::of(b"odd").to_string()[..12].to_owned();
        assert_eq!(problems, whole(Fault::Unreadable { id }));
        let english = crate::locale::problems::problem(crate::locale::Language::En, "a.csv", &problems[0]);
        assert!(english.contains("could not be read"), "{english}");
        assert_eq!(guarded(b"", || Ok(1)), Ok(1));
    }
}
