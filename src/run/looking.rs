//! What can be told of a file without the history: its content, its digest, its table. Of long backlogs
//! several are looked at side by side, and while those before are being stored.

use super::reading::{guarded, may_be_growing, read_table};
use super::side_by_side::{side_by_side, workers};
use super::{Effect, Stage, Step, Timings, Workshop};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Normalised, Problem};
use crate::durable::Content;
use crate::inbox::Arrival;
use crate::{notes, read};
use hashbrown::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The size in bytes up to which a file and its rows are kept in memory from judging it to storing it.
const KEPT: u64 = 48 << 20;
/// The size in bytes that files looked at and not yet stored may have together: their rows take two to three times as much
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
    pub(super) known: Mutex<HashSet<FileDigest>>,
    /// Digests of what is held where it lies: not read again (FAULTS P20).
    pub(super) held: HashSet<String>,
}

impl Looking<'_> {
    pub(super) fn look(&self, arrival: &Arrival) -> Looked {
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
            let is_first = self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
            let is_new = is_first && !self.held.contains(&digest.to_string());
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

/// Looks at the arrivals on all cores and settles them on this thread, in their order.
///
/// # Errors
/// The first that `settle` gives; what comes behind is left alone.
pub(super) fn look_ahead<E>(
    arrivals: &[Arrival],
    look: impl Fn(&Arrival) -> Looked + Sync,
    mut settle: impl FnMut(&Arrival, Looked) -> Result<(), E>,
) -> Result<(), E> {
    let bytes: u64 = arrivals.iter().map(|arrival| arrival.look.size()).sum();
    if arrivals.len() < 2 || bytes < LONG_BACKLOG {
        return arrivals.iter().try_for_each(|arrival| settle(arrival, look(arrival)));
    }
    let queue = Queue::default();
    let tasks: Vec<(usize, &Arrival)> = arrivals.iter().enumerate().collect();
    let mut done = Ok(());
    side_by_side(
        &tasks,
        |(nth, arrival)| {
            // Whoever waits for room must not wait for one that is gone.
            let _closing = Closing(&queue);
            queue.enter(*nth, arrival.look.size()).then(|| {
                let looked = look(arrival);
                queue.looked();
                looked
            })
        },
        |(_, arrival), looked| {
            let Some(looked) = looked.filter(|_| done.is_ok()) else { return };
            queue.settling();
            done = settle(arrival, looked);
            queue.settled(arrival.look.size());
            if done.is_err() {
                queue.close();
            }
        },
    );
    done
}

/// Lets a file be looked at once there is room for it.
struct Queue {
    /// So many threads are busy at most, and so many files ahead of the one being settled: packed ones say little of what
    /// they hold.
    workers: usize,
    state: Mutex<Ahead>,
    changed: Condvar,
}

/// How far looking is.
#[derive(Default)]
struct Ahead {
    /// How many files were settled.
    settled: usize,
    /// How many threads are busy: those that look, and the one that settles, which nobody should hold up.
    busy: usize,
    /// Bytes of files that are looked at and not settled.
    bytes: u64,
    is_closed: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self { workers: workers(), state: Mutex::default(), changed: Condvar::new() }
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, Ahead> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for the `nth` file; `false` once nothing more is to be looked at.
    fn enter(&self, nth: usize, size: u64) -> bool {
        let mut state = self.state();
        while !state.is_closed {
            let ahead = nth - state.settled;
            let has_room = ahead == 0 || ahead <= self.workers && state.bytes + size <= TOGETHER;
            if has_room && state.busy < self.workers {
                state.busy += 1;
                state.bytes += size;
                return true;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        false
    }

    fn looked(&self) {
        self.state().busy -= 1;
        self.changed.notify_all();
    }

    fn settling(&self) {
        self.state().busy += 1;
    }

    fn settled(&self, bytes: u64) {
        let mut state = self.state();
        state.bytes -= bytes;
        state.settled += 1;
        state.busy -= 1;
        drop(state);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

/// Ends the looking where a thread panics.
struct Closing<'q>(&'q Queue);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.close();
        }
    }
}
