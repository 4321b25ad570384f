//! What can be told of a file without the history: its content, its digest, its table. Of long backlogs the next file is
//! looked at while the one before is being stored.

use super::reading::{guarded, may_be_growing, read_table};
use super::{Effect, Stage, Step, Timings, Workshop};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Normalised, Problem};
use crate::durable::Content;
use crate::inbox::Arrival;
use crate::{notes, read};
use hashbrown::HashSet;
use std::io;
use std::path::Path;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

/// The size in bytes up to which a file and its rows are kept in memory from judging it to storing it.
const KEPT: u64 = 48 << 20;
/// The size in bytes that a file being stored and the next one may have together: their rows take two to three times as much
/// memory.
const TOGETHER: u64 = 192 << 20;
/// Below so many bytes in all a second thread brings nothing.
const LONG_BACKLOG: u64 = 1 << 20;

/// Why a file was left in the inbox for the next run.
pub(super) enum Left {
    Growing,
    Gone,
    Failed(io::Error),
}

/// What a look at a file brought.
pub(super) enum Looked {
    /// Nothing now.
    Left(Left),
    /// It is above `max_file_mb` and was not read.
    TooLarge,
    Seen(Box<Seen>),
}

/// A file that was read.
pub(super) struct Seen {
    pub(super) content: Content,
    pub(super) digest: FileDigest,
    /// What it says, or why it must be held; not asked of content that is known, nor of our own workbooks.
    pub(super) table: Option<Result<Normalised, Vec<Problem>>>,
}

/// The shop's sub-folder that a file lies in.
pub(super) fn folder_of(arrival: &Arrival) -> Option<ShopId> {
    arrival.folder.as_deref().map(ShopId::new)
}

/// Looks at one file after the other.
pub(super) struct Looking<'w> {
    pub(super) workshop: &'w Workshop,
    pub(super) effect: Effect,
    pub(super) timings: &'w Timings<'w>,
    /// Content that is stored, or was looked at.
    pub(super) known: HashSet<FileDigest>,
    /// Digests of what is held where it lies: not read again (FAULTS P20).
    pub(super) held: HashSet<String>,
}

impl Looking<'_> {
    pub(super) fn look(&mut self, arrival: &Arrival) -> Looked {
        let Self { workshop, timings, .. } = *self;
        timings.tell(Step::File(arrival.name.clone()));
        // A pipe would never end, a link would lead elsewhere (FAULTS A09).
        if arrival.is_no_file_any_more() {
            return Looked::Left(Left::Growing);
        }
        let content = match timings.of(Stage::Read, || self.read_whole(arrival)) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Looked::TooLarge,
            Err(error) => return Looked::Left(Left::Failed(error)),
        };
        timings.tell(Step::FileRead);
        // What was read is what was looked at, or it is not the whole of anything (FAULTS A05).
        if !arrival.is_unchanged() || may_be_growing(workshop, arrival, &content) {
            return Looked::Left(Left::Growing);
        }
        let seen = timings.of(Stage::Read, || {
            let digest = content.digest()?;
            let is_new = self.known.insert(digest) && !self.held.contains(&digest.to_string());
            let table = if is_new { self.table(arrival, &content, digest)? } else { None };
            Ok(Seen { content, digest, table })
        });
        seen.map_or_else(|error| Looked::Left(Left::Failed(error)), |seen| Looked::Seen(Box::new(seen)))
    }

    /// Reads all of an arrival; a large text file into a copy beside the history, that of a dry run elsewhere.
    fn read_whole(&self, arrival: &Arrival) -> io::Result<Content> {
        let config = &self.workshop.config;
        let limit = config.intake.max_file_mb.saturating_mul(1 << 20);
        let beside = config.paths.database.parent().filter(|folder| *folder != Path::new(""));
        let elsewhere = std::env::temp_dir();
        let folder = match self.effect {
            Effect::Real => beside.unwrap_or_else(|| Path::new(".")),
            Effect::Rehearsal => &elsewhere,
        };
        Content::read(&arrival.path, limit, KEPT, read::is_text, folder)
    }

    fn table(
        &self,
        arrival: &Arrival,
        content: &Content,
        digest: FileDigest,
    ) -> io::Result<Option<Result<Normalised, Vec<Problem>>>> {
        // What may be a workbook of ours is compared with the history, in its turn.
        let is_ours = |bytes: &[u8]| guarded(bytes, || Ok(notes::cover(bytes, *self.workshop.now.offset()).is_some()));
        if let Content::Bytes(bytes) = content
            && !read::is_text(bytes)
            && is_ours(bytes) != Ok(false)
        {
            return Ok(None);
        }
        let folder = folder_of(arrival);
        read_table(self.workshop, folder.as_ref(), &arrival.name, (content, digest), &mut |_| {}).map(Some)
    }
}

/// Looks at each arrival and settles it, in their order; of a long backlog one is looked at ahead, on a thread of its own,
/// unless it and the one before are too large to stand in memory together.
///
/// # Errors
/// The first that `settle` gives; what comes behind is left alone.
pub(super) fn one_ahead<E>(
    arrivals: &[Arrival],
    mut look: impl FnMut(&Arrival) -> Looked + Send,
    mut settle: impl FnMut(&Arrival, Looked) -> Result<(), E>,
) -> Result<(), E> {
    let bytes: u64 = arrivals.iter().map(|arrival| arrival.look.size()).sum();
    if arrivals.len() < 2 || bytes < LONG_BACKLOG {
        return arrivals.iter().try_for_each(|arrival| settle(arrival, look(arrival)));
    }
    thread::scope(|scope| {
        let (send, receive) = sync_channel(0);
        let (settled, is_settled) = channel();
        scope.spawn(move || {
            let (mut before, mut done) = (0, 0);
            for (nth, arrival) in arrivals.iter().enumerate() {
                let size = arrival.look.size();
                while before + size > TOGETHER && done < nth {
                    let Ok(()) = is_settled.recv() else { return };
                    done += 1;
                }
                before = size;
                if send.send(look(arrival)).is_err() {
                    return;
                }
            }
        });
        arrivals.iter().zip(receive).try_for_each(|(arrival, looked)| {
            settle(arrival, looked)?;
            // Once the last file is looked at, nobody asks any more.
            settled.send(()).unwrap_or_default();
            Ok(())
        })
    })
}
