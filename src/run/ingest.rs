//! One file, from the inbox to the archive or the held folder (SPEC §4.4). One bad file never stops the others.

use super::ahead::look_ahead;
use super::lasting::Stuck;
use super::looking::{Left, Looked, Looking, Seen, folder_of};
use super::reading::{read_again, read_table, whole};
use super::returned::{Received, receive};
use super::{Effect, Notice, RunError, Stage, Step, Timings, Workshop, lasting};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Fault, Normalised, Outcome, Problem, RowCounts};
use crate::domain::notebook::LAYOUT;
use crate::durable::Content;
use crate::inbox::{self, Arrival, Scan};
use crate::locale::problems::problem as problem_sentence;
use crate::reconcile;
use crate::report::json::FileJson;
use crate::store::{HeldFile, KnownFile, Lasting, NewFile, ReturnedFile, Store};
use std::io;
use std::sync::Mutex;

/// A file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOutcome {
    /// Its name relative to the inbox.
    pub name: String,
    /// The layout that fitted.
    pub layout: Option<String>,
    /// SHA-256 of its content, hexadecimal; empty where it was not read.
    pub digest: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is held, in the configured language.
    pub reason: Option<String>,
    /// Its rows.
    pub rows: RowCounts,
}

/// What taking in brought.
#[derive(Debug, Default)]
#[must_use = "it holds what the operator must hear of"]
pub struct Intake {
    /// Every file, in the order of arrival.
    pub files: Vec<FileOutcome>,
    /// What needs the operator.
    pub notices: Vec<Notice>,
}

impl FileOutcome {
    /// The entry of SPEC §9.
    pub fn json(&self) -> FileJson {
        FileJson {
            name: self.name.clone(),
            layout: self.layout.clone(),
            sha256: self.digest.clone(),
            outcome: self.outcome,
            reason: self.reason.clone(),
            rows: self.rows,
        }
    }
}

/// Takes in every complete file that `scan` found.
///
/// # Errors
/// When the history cannot be used, then nothing more is safe to move; or when the inbox is not what it was.
pub fn ingest(
    workshop: &Workshop,
    store: &mut Store,
    scan: &Scan,
    effect: Effect,
    timings: &Timings<'_>,
) -> Result<Intake, RunError> {
    lasting::check_folders(workshop, store, scan)?;
    forget_gone(workshop, store)?;
    let mut intake = Intake::default();
    intake.notices.extend(scan.growing.iter().cloned().map(Notice::StillGrowing));
    intake.notices.extend(lasting::in_use(workshop, store, scan)?);
    intake.notices.extend(scan.foreign.iter().cloned().map(Notice::NotAFile));
    timings.tell(Step::TakingIn {
        files: scan.arrivals.len(),
        bytes: scan.arrivals.iter().map(|arrival| arrival.look.size()).sum(),
    });
    let mut stuck = Vec::new();
    let held = held_where_it_lies(workshop, store)?.into_iter().map(|held| held.digest).collect();
    let known = Mutex::new(store.digests()?);
    let looking = Looking { workshop, effect, timings, known, held };
    let mut settled = Vec::with_capacity(scan.arrivals.len());
    look_ahead(
        &scan.arrivals,
        |arrival| looking.glance(arrival),
        |arrival| looking.look(arrival),
        |nth, arrival, looked| -> Result<(), RunError> {
            let name = arrival.name.clone();
            let (mut outcome, mut notice) = (None, None);
            match take_in(workshop, store, arrival, looked, effect, timings)? {
                Ok(taken) => {
                    let is_held = taken.outcome.outcome == Outcome::Held;
                    (outcome, notice) = (Some(taken.outcome), taken.notice);
                    if let Some(error) = taken.moved.err().filter(|error| error.kind() != io::ErrorKind::NotFound) {
                        stuck.push(Stuck { name, is_held, why: error.to_string() });
                    }
                }
                Err(Left::Gone) => {}
                // A file that vanished between the looks is simply not there any more (FAULTS A04).
                Err(Left::Failed(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(Left::Failed(error)) => notice = Some(Notice::FileFailed { name, why: error.to_string() }),
                Err(Left::TooEarly(sentences)) => notice = Some(Notice::NotesRefused(sentences)),
                Err(Left::Growing) => notice = Some(Notice::StillGrowing(name)),
            }
            settled.push((nth, outcome, notice));
            timings.tell(Step::FileDone(arrival.look.size()));
            Ok(())
        },
    )?;
    settled.sort_unstable_by_key(|(nth, ..)| *nth);
    for (_, outcome, notice) in settled {
        intake.files.extend(outcome);
        intake.notices.extend(notice);
    }
    if scan.folders.is_some() {
        lasting::remember_left(workshop, store, &intake.notices)?;
        intake.notices.extend(lasting::cannot_leave(workshop, store, stuck)?);
    }
    Ok(intake)
}

/// A held file that a person took out of the held folder is held no longer; the trail says so. A folder that is not there or
/// cannot be looked at says nothing: it may be a share that is not mounted.
fn forget_gone(workshop: &Workshop, store: &Store) -> Result<(), RunError> {
    if !workshop.config.paths.held.is_dir() {
        return Ok(());
    }
    for held in store.held()? {
        // One that could not be moved is held where it lies; what else bears its name is looked at in its turn.
        let places = [workshop.config.paths.held.join(&held.name), workshop.config.paths.inbox.join(&held.original)];
        if !places.iter().any(|place| place.try_exists().unwrap_or(true)) {
            store.log_act(&workshop.stamp(), "gone", &held.name, "")?;
            store.remove_held(&held.name)?;
        }
    }
    Ok(())
}

/// What a file turned out to be.
enum Decision {
    Store(Normalised),
    Notes(Received),
    Duplicate(KnownFile),
    Hold(Vec<Problem>),
}

/// A file that was dealt with. Stored is stored: should the move fail, the next run finds the content known and
/// finishes it.
struct Taken {
    outcome: FileOutcome,
    notice: Option<Notice>,
    moved: io::Result<()>,
}

/// Decides on what was seen of a file, and does it.
fn take_in(
    workshop: &Workshop,
    store: &mut Store,
    arrival: &Arrival,
    looked: Looked,
    effect: Effect,
    timings: &Timings<'_>,
) -> Result<Result<Taken, Left>, RunError> {
    let Seen { content, digest, table } = match looked {
        Looked::Left(left) => return Ok(Err(left)),
        Looked::TooLarge => {
            let limit_mb = workshop.config.intake.max_file_mb;
            let reason = reason(workshop, arrival, &whole(Fault::TooLarge { limit_mb }));
            return hold(workshop, store, arrival, None, reason, effect);
        }
        Looked::Seen(seen) => *seen,
    };
    if let Some(reason) = still_held(workshop, store, arrival, digest)? {
        return hold(workshop, store, arrival, Some((&content, digest)), reason, effect);
    }
    let folder = folder_of(arrival);
    let mut notice = None;
    let decision = timings.of(Stage::Read, || decide(workshop, store, arrival, (&content, digest), table))?;
    let (outcome, layout, rows) = match decision {
        Decision::Hold(problems) => {
            let reason = reason(workshop, arrival, &problems);
            return hold(workshop, store, arrival, Some((&content, digest)), reason, effect);
        }
        Decision::Duplicate(known) => {
            store.came_again(&known)?;
            (Outcome::Duplicate, known.layout, RowCounts::default())
        }
        Decision::Store(normalised) => {
            let reasons = sentences(workshop, arrival, &normalised.rejected);
            let (name, folder) = (arrival.name.as_str(), folder.as_ref());
            let file = NewFile { digest, name, folder, normalised: &normalised, reasons: &reasons };
            let saved = timings.of(Stage::Store, || {
                store.save_pieces(&file, reconcile::disposition, &mut |take| {
                    // The payments of a file too large to be kept are read again; of any other they are at hand.
                    if let Content::Copy(_) = content {
                        read_again(workshop, folder, &arrival.name, (&content, digest), take);
                    }
                })
            })?;
            let rows = match saved {
                Ok(rows) => rows,
                Err(problem) => {
                    let reason = reason(workshop, arrival, &[problem]);
                    return hold(workshop, store, arrival, Some((&content, digest)), reason, effect);
                }
            };
            notice = (!reasons.is_empty()).then_some(Notice::RowsRejected(reasons));
            (Outcome::Stored, normalised.layout, rows)
        }
        Decision::Notes(received) => {
            let sentences = sentences(workshop, arrival, &received.refused);
            if !received.is_too_early {
                let file = ReturnedFile { digest, name: &arrival.name, folder: folder.as_ref(), rows: &received.rows };
                timings.of(Stage::Store, || store.save_returned(&file, &received.entries))?;
            } else if !arrival.is_archived {
                return Ok(Err(Left::TooEarly(sentences)));
            }
            notice = (!sentences.is_empty()).then_some(Notice::NotesRefused(sentences));
            (Outcome::Stored, LAYOUT.to_owned(), received.counts)
        }
    };
    timings.tell(Step::FileKnown);
    let (name, layout, digest) = (arrival.name.clone(), Some(layout), digest.to_string());
    let outcome = FileOutcome { name, layout, digest, outcome, reason: None, rows };
    let released = let_go(workshop, store, arrival, |_| true, effect)?;
    let moved = released.and_then(|()| timings.of(Stage::Archive, || archive(workshop, arrival, &content, effect)));
    Ok(Ok(Taken { outcome, notice, moved }))
}

/// `table`: what was read of it ahead of its turn, if anything.
fn decide(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    (content, digest): (&Content, FileDigest),
    table: Option<Result<Normalised, Vec<Problem>>>,
) -> Result<Decision, RunError> {
    let folder = folder_of(arrival);
    let is_configured = |id: &&ShopId| workshop.config.shops.iter().any(|shop| shop.shop.id == **id);
    if let Some(found) = folder.as_ref().filter(|folder| !is_configured(folder)) {
        return Ok(Decision::Hold(whole(Fault::UnknownShop { found: found.to_string() })));
    }
    if let Some(known) = store.known_file(digest)? {
        let elsewhere = folder.is_some_and(|folder| known.belongs_elsewhere(&folder));
        return Ok(if elsewhere {
            Decision::Hold(whole(Fault::KnownForOtherShop))
        } else {
            Decision::Duplicate(known)
        });
    }
    let table = match table {
        Some(table) => table,
        None => {
            if let Content::Bytes(bytes) = content
                && let Some(received) = receive(workshop, store, bytes, folder.as_ref())?
            {
                return Ok(received.map_or_else(Decision::Hold, Decision::Notes));
            }
            read_table(workshop, folder.as_ref(), &arrival.name, (content, digest), &mut |_| {})
                .map_err(|source| RunError::Io { path: arrival.path.clone(), source })?
        }
    };
    Ok(table.map_or_else(Decision::Hold, Decision::Store))
}

fn archive(workshop: &Workshop, arrival: &Arrival, content: &Content, effect: Effect) -> io::Result<()> {
    if effect == Effect::Real {
        inbox::archive(&workshop.config.paths.archive, arrival, content, workshop.today())?;
    }
    Ok(())
}

fn sentences(workshop: &Workshop, arrival: &Arrival, problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| problem_sentence(workshop.language(), &arrival.name, problem)).collect()
}

fn reason(workshop: &Workshop, arrival: &Arrival, problems: &[Problem]) -> String {
    sentences(workshop, arrival, problems).join("\n")
}

/// The reason of a file that is held where it lies, as it could not leave the inbox: while it stays the same it is not
/// read again before a person releases it (FAULTS P20).
fn still_held(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    digest: FileDigest,
) -> Result<Option<String>, RunError> {
    let digest = digest.to_string();
    let is_it = |held: &HeldFile| held.original == arrival.name && held.digest == digest;
    Ok(held_where_it_lies(workshop, store)?.into_iter().find(is_it).map(|held| held.reason))
}

/// The held files that could not leave the inbox; one that a person put back there is released.
fn held_where_it_lies(workshop: &Workshop, store: &Store) -> Result<Vec<HeldFile>, RunError> {
    let mut held = Vec::new();
    for file in store.held()?.into_iter().filter(|held| is_out(workshop, held)) {
        if store.lasts_since(Lasting::CannotLeave, &file.original)?.is_some() {
            held.push(file);
        }
    }
    Ok(held)
}

/// Whether a held file is not in the held folder.
fn is_out(workshop: &Workshop, held: &HeldFile) -> bool {
    !workshop.config.paths.held.join(&held.name).try_exists().unwrap_or(true)
}

/// Ends the holds, of those that `which` names, whose file is out of the held folder: what lies in the inbox under its
/// name is that file, put back or where it always was, or another one that took its place.
fn let_go(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    which: impl Fn(&HeldFile) -> bool,
    effect: Effect,
) -> Result<io::Result<()>, RunError> {
    let mut held = store.held()?;
    held.retain(|held| held.original == arrival.name && which(held) && is_out(workshop, held));
    for HeldFile { name, .. } in held {
        if effect == Effect::Real
            && let Err(error) = inbox::forget_reason(&workshop.config.paths.held, &name)
        {
            return Ok(Err(error));
        }
        store.log_act(&workshop.stamp(), "gone", &name, "")?;
        store.remove_held(&name)?;
    }
    Ok(Ok(()))
}

fn hold(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    content: Option<(&Content, FileDigest)>,
    reason: String,
    effect: Effect,
) -> Result<Result<Taken, Left>, RunError> {
    let digest = content.map(|(_, digest)| digest.to_string()).unwrap_or_default();
    let content = content.map(|(content, _)| content);
    let mut moved = Ok(());
    // An original that a person took in from the archive stays there, whatever it turns out to be.
    if !arrival.is_archived {
        let paths = &workshop.config.paths;
        let known = store.held()?;
        let is_taken = |name: &str| known.iter().any(|held| held.name == name && held.original != arrival.name);
        // A move that was stopped before it let go of the inbox is finished under its name.
        let mut begun = known.iter().filter(|held| held.original == arrival.name);
        let begun = begun.find(|held| inbox::is_moved_already(arrival, &paths.held.join(&held.name)).unwrap_or(false));
        let name =
            begun.map_or_else(|| inbox::held_name(&paths.held, arrival, content, is_taken), |begun| begun.name.clone());
        // The record first: a stop between the two leaves a file that is known as held where it lies.
        store.add_held(&HeldFile {
            name: name.clone(),
            digest: digest.clone(),
            original: arrival.name.clone(),
            shop: shop_of_held(workshop, arrival, content),
            reason: reason.clone(),
            since: workshop.stamp(),
        })?;
        let others = let_go(workshop, store, arrival, |held| held.name != name, effect)?;
        if effect == Effect::Real {
            moved = others.and_then(|()| inbox::hold(&paths.held, arrival, content, &name, &format!("{reason}\n")));
        }
        if let Err(error) = &moved
            && error.kind() == io::ErrorKind::NotFound
        {
            store.remove_held(&name)?;
            return Ok(Err(inbox::forget_reason(&paths.held, &name).map_or_else(Left::Failed, |()| Left::Gone)));
        }
    }
    let outcome = FileOutcome {
        name: arrival.name.clone(),
        layout: None,
        digest,
        outcome: Outcome::Held,
        reason: Some(reason),
        rows: RowCounts::default(),
    };
    Ok(Ok(Taken { outcome, notice: None, moved }))
}

/// The shop a held file is told to: its folder's, else the only configured shop ID that its bytes contain.
fn shop_of_held(workshop: &Workshop, arrival: &Arrival, content: Option<&Content>) -> Option<ShopId> {
    let shops = || workshop.config.shops.iter().map(|shop| &shop.shop.id);
    if let Some(folder) = &arrival.folder {
        return shops().find(|id| id.as_str() == folder).cloned();
    }
    let head = content?.head().ok()?;
    let contains = |id: &&ShopId| head.windows(id.as_str().len()).any(|window| window == id.as_str().as_bytes());
    let mut named = shops().filter(contains);
    named.next().filter(|_| named.next().is_none()).cloned()
}
