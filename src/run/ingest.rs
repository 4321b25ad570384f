//! One file, from the inbox to the archive or the held folder (SPEC §4.4). One bad file never stops the others.

use super::{Effect, Notice, RunError, Workshop};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::{Fault, Normalised, Place, Problem, RowCounts};
use crate::durable;
use crate::inbox::{self, Arrival, Scan};
use crate::locale::problems::problem as problem_sentence;
use crate::normalise::{Context, normalise};
use crate::reconcile;
use crate::report::json::FileJson;
use crate::store::{HeldFile, KnownFile, NewFile, Store};
use std::io;

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its rows are in the history.
    Stored,
    /// Its content was known; nothing counts again.
    Duplicate,
    /// It cannot be accepted as it is; nothing of it counts.
    Held,
}

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
pub struct Intake {
    /// Every file, in the order taken in.
    pub files: Vec<FileOutcome>,
    /// What needs the operator.
    pub notices: Vec<Notice>,
}

impl FileOutcome {
    /// The entry of SPEC §9.
    pub fn json(&self) -> FileJson {
        let outcome = match self.outcome {
            Outcome::Stored => "stored",
            Outcome::Duplicate => "duplicate",
            Outcome::Held => "held",
        };
        FileJson {
            name: self.name.clone(),
            layout: self.layout.clone(),
            sha256: self.digest.clone(),
            outcome: outcome.to_owned(),
            reason: self.reason.clone(),
            rows: self.rows.into(),
        }
    }
}

/// Takes in every complete file that `scan` found.
///
/// # Errors
/// When the history cannot be used: then nothing more is safe to move.
pub fn ingest(workshop: &Workshop, store: &mut Store, scan: &Scan, effect: Effect) -> Result<Intake, RunError> {
    forget_gone(workshop, store)?;
    let mut intake = Intake::default();
    intake.notices.extend(scan.growing.iter().cloned().map(Notice::StillGrowing));
    intake.notices.extend(scan.foreign.iter().cloned().map(Notice::NotAFile));
    for arrival in &scan.arrivals {
        match take_in(workshop, store, arrival, effect)? {
            Ok(outcome) => intake.files.push(outcome),
            // A file that vanished between the looks is simply not there any more (FAULTS A04).
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                intake.notices.push(Notice::FileFailed { name: arrival.name.clone(), why: error.to_string() });
            }
        }
    }
    Ok(intake)
}

/// A held file that a person took out of the held folder is held no longer; the trail says so.
fn forget_gone(workshop: &Workshop, store: &Store) -> Result<(), RunError> {
    for held in store.held()? {
        if !workshop.config.paths.held.join(&held.name).exists() {
            let at = workshop.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false);
            store.log_act(&at, "gone", &held.name, "")?;
            store.remove_held(&held.name)?;
        }
    }
    Ok(())
}

/// What a file turned out to be.
enum Decision {
    Store(Normalised),
    Duplicate(KnownFile),
    Hold(Vec<Problem>),
}

/// The inner result is the file's own: an I/O error leaves it in the inbox for the next run.
fn take_in(
    workshop: &Workshop,
    store: &mut Store,
    arrival: &Arrival,
    effect: Effect,
) -> Result<io::Result<FileOutcome>, RunError> {
    let limit_mb = workshop.config.intake.max_file_mb;
    let content = match durable::read_limited(&arrival.path, limit_mb.saturating_mul(1 << 20)) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            let problem = Problem { place: Place::default(), fault: Fault::TooLarge { limit_mb } };
            return hold(workshop, store, arrival, None, &[problem], effect);
        }
        Err(error) => return Ok(Err(error)),
    };
    let digest = FileDigest::of(&content);
    let folder = arrival.folder.as_deref().map(ShopId::new);
    match decide(workshop, store, arrival, &content, digest, folder.as_ref())? {
        Decision::Hold(problems) => hold(workshop, store, arrival, Some((&content, digest)), &problems, effect),
        Decision::Duplicate(known) => {
            if let Err(error) = archive(workshop, arrival, &content, effect) {
                return Ok(Err(error));
            }
            let name = arrival.name.clone();
            let rows = RowCounts::default();
            let (layout, digest) = (Some(known.layout), digest.to_string());
            Ok(Ok(FileOutcome { name, layout, digest, outcome: Outcome::Duplicate, reason: None, rows }))
        }
        Decision::Store(normalised) => {
            let file = NewFile { digest, name: &arrival.name, folder: folder.as_ref(), normalised: &normalised };
            let rows = store.save_file(&file, reconcile::disposition)?;
            // Stored is stored: should the move fail, the next run finds the content known and finishes it.
            if let Err(error) = archive(workshop, arrival, &content, effect) {
                return Ok(Err(error));
            }
            let name = arrival.name.clone();
            let (layout, digest) = (Some(normalised.layout), digest.to_string());
            Ok(Ok(FileOutcome { name, layout, digest, outcome: Outcome::Stored, reason: None, rows }))
        }
    }
}

fn decide(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    content: &[u8],
    digest: FileDigest,
    folder: Option<&ShopId>,
) -> Result<Decision, RunError> {
    let fault = |fault| Decision::Hold(vec![Problem { place: Place::default(), fault }]);
    let shops: Vec<ShopId> = workshop.config.shops.iter().map(|shop| shop.shop.id.clone()).collect();
    if let Some(found) = folder.filter(|folder| !shops.contains(folder)) {
        return Ok(fault(Fault::UnknownShop { found: found.to_string() }));
    }
    if let Some(known) = store.known_file(digest)? {
        let elsewhere = known.folder.is_some() && folder.is_some() && known.folder.as_ref() != folder;
        return Ok(if elsewhere { fault(Fault::KnownForOtherShop) } else { Decision::Duplicate(known) });
    }
    let max_rejects = |id: &ShopId| {
        let shop = workshop.config.shops.iter().find(|shop| shop.shop.id == *id);
        shop.map_or(0, |shop| shop.shop.policy.max_rejects)
    };
    let context = Context {
        layouts: &workshop.layouts,
        folder,
        shops: &shops,
        max_rejects: folder.map_or_else(|| shops.iter().map(max_rejects).min().unwrap_or(0), max_rejects),
        latest: workshop.today().plus(1),
    };
    Ok(match normalise(content, &arrival.name, &context) {
        Ok(normalised) => Decision::Store(normalised),
        Err(problems) => Decision::Hold(problems),
    })
}

fn archive(workshop: &Workshop, arrival: &Arrival, content: &[u8], effect: Effect) -> io::Result<()> {
    if effect == Effect::Real {
        inbox::archive(&workshop.config.paths.archive, arrival, content, workshop.today())?;
    }
    Ok(())
}

fn hold(
    workshop: &Workshop,
    store: &Store,
    arrival: &Arrival,
    content: Option<(&[u8], FileDigest)>,
    problems: &[Problem],
    effect: Effect,
) -> Result<io::Result<FileOutcome>, RunError> {
    let sentences: Vec<String> =
        problems.iter().map(|problem| problem_sentence(workshop.language(), &arrival.name, problem)).collect();
    let reason = sentences.join("\n");
    let digest = content.map(|(_, digest)| digest.to_string()).unwrap_or_default();
    let mut name = arrival.name.clone();
    if effect == Effect::Real {
        let text = format!("{reason}\n");
        match inbox::hold(&workshop.config.paths.held, arrival, content.map(|(bytes, _)| bytes), &text) {
            Ok(held_name) => name = held_name,
            Err(error) => return Ok(Err(error)),
        }
    }
    store.add_held(&HeldFile {
        name,
        digest: digest.clone(),
        original: arrival.name.clone(),
        shop: shop_of_held(workshop, arrival, content.map(|(bytes, _)| bytes)),
        reason: reason.clone(),
        since: workshop.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
    })?;
    Ok(Ok(FileOutcome {
        name: arrival.name.clone(),
        layout: None,
        digest,
        outcome: Outcome::Held,
        reason: Some(reason),
        rows: RowCounts::default(),
    }))
}

/// The shop a held file is told to: its folder's, else the only configured shop ID that its bytes contain.
fn shop_of_held(workshop: &Workshop, arrival: &Arrival, content: Option<&[u8]>) -> Option<ShopId> {
    let shops = || workshop.config.shops.iter().map(|shop| &shop.shop.id);
    if let Some(folder) = &arrival.folder {
        return shops().find(|id| id.as_str() == folder).cloned();
    }
    let head = content?.get(..1 << 20).or(content)?;
    let contains = |id: &&ShopId| head.windows(id.as_str().len()).any(|window| window == id.as_str().as_bytes());
    let mut named = shops().filter(contains);
    named.next().filter(|_| named.next().is_none()).cloned()
}
