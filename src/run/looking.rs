//! What can be told of a file without the history: its content, its digest, its table.

use super::reading::{examine_file, guarded, may_be_growing, read_table};
use super::{Effect, Stage, Step, Timings, Workshop};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Kind, Normalised, Problem};
use crate::durable::{self, Content};
use crate::inbox::Arrival;
use crate::normalise::Layout;
use crate::{notes, read};
use hashbrown::HashSet;
use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The size in bytes up to which a file and its rows are kept in memory from judging it to storing it.
pub(super) const KEPT: u64 = 48 << 20;
/// So many bytes of a file suggest what it is.
const GLANCE: u64 = 4 << 10;

/// Why a file was left in the inbox for the next run.
pub(super) enum Left {
    Growing,
    Gone,
    Failed(io::Error),
    /// A workbook of ours whose findings no run has looked for yet, with what is said of it.
    TooEarly(Vec<String>),
}

/// What a look at a file brought.
pub(super) enum Looked {
    /// Nothing now.
    Left(Left),
    /// It is above `max_file_mb` and was not read.
    TooLarge,
    Seen(Box<Seen>),
}

/// What the first bytes of a file suggest, to plan by: nothing is decided on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    /// The kind of the layout that fits its heading.
    pub(super) kind: Option<Kind>,
    /// Whether its size says how much it holds: it is not packed.
    pub(super) is_text: bool,
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
    /// Reads the first bytes of an arrival; they may well suggest nothing.
    pub(super) fn glance(&self, arrival: &Arrival) -> Glance {
        if arrival.is_no_file_any_more() {
            return Glance::default();
        }
        let head = durable::head(&arrival.path, GLANCE).unwrap_or_default();
        let whole_lines = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let lines = head.get(..whole_lines).unwrap_or_default();
        if !read::is_text(lines) {
            return Glance::default();
        }
        let layout = examine_file(self.workshop, arrival, lines).layout;
        let layouts = &self.workshop.layouts;
        let kind = layout.and_then(|name| layouts.iter().find(|layout| layout.name() == name)).map(Layout::kind);
        Glance { kind, is_text: true }
    }

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
        match arrival.is_unchanged() {
            Ok(true) if !may_be_growing(workshop, arrival, &content) => {}
            Ok(_) => return Looked::Left(Left::Growing),
            Err(error) => return Looked::Left(Left::Failed(error)),
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
