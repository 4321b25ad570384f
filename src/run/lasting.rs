//! What one look into the inbox cannot tell and the looks before it can: folders that are gone, locks that stay, files
//! that do not leave (FAULTS A03, A12, A13); and what a look left in the inbox, for `status`.

use super::{Notice, RunError, Workshop};
use crate::inbox::{self, InboxError, Scan};
use crate::store::{Lasting, Store, StoreError};
use chrono::{DateTime, TimeDelta};
use std::collections::BTreeSet;

/// How long a file may be open before somebody must close it.
const OPEN_FOR_LONG: TimeDelta = TimeDelta::hours(4);

/// How long a condition that was told is not told again.
const TOLD_FOR: TimeDelta = TimeDelta::hours(24);

/// An inbox from which every known shop's folder is gone is not mounted; a sentinel file says it better.
///
/// # Errors
/// [`InboxError::FoldersGone`].
pub(super) fn check_folders(workshop: &Workshop, store: &mut Store, scan: &Scan) -> Result<(), RunError> {
    let Some(folders) = &scan.folders else { return Ok(()) };
    if let Some(gone) = folders_gone(workshop, store, folders)? {
        return Err(gone.into());
    }
    let is_shop = |name: &&String| is_shop(workshop, name);
    Ok(store.keep_inbox_folders(&folders.iter().filter(is_shop).cloned().collect())?)
}

fn is_shop(workshop: &Workshop, name: &str) -> bool {
    workshop.config.shops.iter().any(|shop| shop.shop.id.as_str() == name)
}

/// Whether every shop's folder that the last look saw is missing among `folders`.
fn folders_gone(
    workshop: &Workshop,
    store: &Store,
    folders: &BTreeSet<String>,
) -> Result<Option<InboxError>, StoreError> {
    let mut known: Vec<String> = store.inbox_folders()?.into_iter().collect();
    known.retain(|name| is_shop(workshop, name));
    let is_told_by_sentinel = workshop.config.intake.sentinel.is_some();
    let are_gone = !is_told_by_sentinel && !known.is_empty() && !known.iter().any(|name| folders.contains(name));
    Ok(are_gone.then(|| InboxError::FoldersGone { path: workshop.config.paths.inbox.clone(), folders: known }))
}

/// What a run would find wrong with the inbox itself; without a history only what one look tells.
///
/// # Errors
/// When the history cannot be read.
pub fn inbox_trouble(workshop: &Workshop, store: Option<&Store>) -> Result<Option<InboxError>, StoreError> {
    match (inbox::folders(&workshop.config.paths.inbox, workshop.config.intake.sentinel.as_deref()), store) {
        (Err(error), _) => Ok(Some(error)),
        (Ok(folders), Some(store)) => folders_gone(workshop, store, &folders),
        (Ok(_), None) => Ok(None),
    }
}

/// A notice for each file that is open elsewhere.
///
/// Lock files are timed by our own clock from the look that first saw them: the file server's may be hours off.
pub(super) fn in_use(workshop: &Workshop, store: &mut Store, scan: &Scan) -> Result<Vec<Notice>, RunError> {
    if scan.folders.is_some() {
        let names: BTreeSet<&str> = scan.in_use.iter().map(String::as_str).collect();
        store.keep_lasting(Lasting::InUse, &names, &workshop.stamp())?;
    }
    let mut notices = Vec::new();
    for name in &scan.in_use {
        let since = store.lasts_since(Lasting::InUse, name)?;
        let is_long = since.is_some_and(|since| !is_within(workshop, &since, OPEN_FOR_LONG));
        notices.push(Notice::InUse { name: name.clone(), is_long });
    }
    Ok(notices)
}

/// Remembers which files this look leaves in the inbox because they are not complete or cannot be read.
pub(super) fn remember_left(workshop: &Workshop, store: &mut Store, notices: &[Notice]) -> Result<(), RunError> {
    let (mut growing, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for notice in notices {
        if let Notice::StillGrowing(name) = notice {
            growing.insert(name.as_str());
        } else if let Notice::FileFailed { name, .. } = notice {
            failed.insert(name.as_str());
        }
    }
    for (kind, names) in [(Lasting::Growing, growing), (Lasting::Failed, failed)] {
        store.keep_lasting(kind, &names, &workshop.stamp())?;
    }
    Ok(())
}

/// A file that the last look left in the inbox, and that still lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Its name relative to the inbox.
    pub name: String,
    /// Why it was left.
    pub why: Lasting,
    /// Since when, RFC 3339.
    pub since: String,
    /// Whether somebody must see to it: what is being written or was opened just now only needs time.
    pub needs_operator: bool,
}

/// What the last look into the inbox left there.
///
/// # Errors
/// When the history cannot be read.
pub fn remaining(workshop: &Workshop, store: &Store) -> Result<Vec<Remaining>, RunError> {
    let mut remaining = Vec::new();
    for why in Lasting::ALL {
        for (name, since) in store.lasting(why)? {
            // A folder that cannot be looked at says nothing of its files.
            if workshop.config.paths.inbox.join(&name).try_exists().unwrap_or(true) {
                let needs_operator = match why {
                    Lasting::Growing => false,
                    Lasting::InUse => !is_within(workshop, &since, OPEN_FOR_LONG),
                    Lasting::Failed | Lasting::CannotLeave => true,
                };
                remaining.push(Remaining { name, why, since, needs_operator });
            }
        }
    }
    Ok(remaining)
}

/// A file that was dealt with and could not be moved.
pub(super) struct Stuck {
    pub(super) name: String,
    pub(super) is_held: bool,
    /// What the system said.
    pub(super) why: String,
}

/// A notice for each file that could not be moved; one that was told within a day says so.
pub(super) fn cannot_leave(workshop: &Workshop, store: &mut Store, stuck: Vec<Stuck>) -> Result<Vec<Notice>, RunError> {
    let names: BTreeSet<&str> = stuck.iter().map(|stuck| stuck.name.as_str()).collect();
    store.keep_lasting(Lasting::CannotLeave, &names, &workshop.stamp())?;
    let mut notices = Vec::new();
    for Stuck { name, is_held, why } in stuck {
        let last = store.last_told(Lasting::CannotLeave, &name)?;
        let was_told = last.is_some_and(|last| is_within(workshop, &last, TOLD_FOR));
        if !was_told {
            store.told(Lasting::CannotLeave, &name, &workshop.stamp())?;
        }
        notices.push(Notice::CannotLeave { name, is_held, why, was_told });
    }
    Ok(notices)
}

/// Whether `since` lies at most `span` ago; a time that cannot be read or lies ahead counts as just now.
fn is_within(workshop: &Workshop, since: &str, span: TimeDelta) -> bool {
    DateTime::parse_from_rfc3339(since).map_or(true, |since| workshop.now.signed_duration_since(since) < span)
}
