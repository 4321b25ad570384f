//! Guarded clean-up by age: off unless `[retention]` asks for it, planned before anything is removed, and never of
//! anything that the history has not recorded (SPEC §10, promise 5 holds as long as it is off).

use super::{RunError, Workshop};
use crate::domain::dates::Day;
use crate::domain::ids::FileDigest;
use crate::durable;
use crate::store::Store;
use std::path::{Path, PathBuf};

/// A file that may be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removable {
    /// Where it lies.
    pub path: PathBuf,
    /// Which key of `[retention]` lets it go.
    pub rule: &'static str,
    /// The day its age is counted from.
    pub since: Day,
}

/// What `[retention]` lets go of today, by path.
///
/// - `archive_days`: originals whose content is in the history and came in longer ago.
/// - `held_days`: held files that a person discarded longer ago; never one that is still held.
/// - `reports_days`: workbooks of earlier as-of dates that a later revision replaced; never the last revision.
///
/// # Errors
/// When the history or a folder cannot be read.
pub fn removable(workshop: &Workshop, store: &Store) -> Result<Vec<Removable>, RunError> {
    let (config, today) = (&workshop.config, workshop.today());
    let last = |days: u32| today.plus(-i32::try_from(days).unwrap_or(i32::MAX));
    let mut found = Vec::new();
    let mut add = |path: PathBuf, rule, since: Option<Day>, last: Day| {
        found.extend(since.filter(|since| *since < last).map(|since| Removable { path, rule, since }));
    };
    if let Some(days) = config.retention.archive_days {
        let limit = config.intake.max_file_mb.saturating_mul(1 << 20);
        for path in files_below(&config.paths.archive)? {
            // What cannot be read whole is not known, so it stays.
            let Ok(content) = durable::read_limited(&path, limit) else { continue };
            let since = store.arrival_of(FileDigest::of(&content))?;
            add(path, "archive_days", since, last(days));
        }
    }
    if let Some(days) = config.retention.held_days {
        for path in files_below(&config.paths.held.join("discarded"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let since = store.discarded_on(&name)?;
            add(path, "held_days", since, last(days));
        }
    }
    if let Some(days) = config.retention.reports_days {
        for (workbook, as_of) in store.replaced_workbooks()? {
            let path = config.root.join(workbook);
            if path.is_file() && path.starts_with(&config.paths.reports) {
                add(path, "reports_days", Some(as_of), last(days));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Removes one file, after the trail of the history names it.
///
/// # Errors
/// When the trail cannot be written or the file cannot be removed.
pub fn remove(workshop: &Workshop, store: &Store, item: &Removable) -> Result<(), RunError> {
    let path = item.path.strip_prefix(&workshop.config.root).unwrap_or(&item.path).to_string_lossy().into_owned();
    store.log_act(&workshop.stamp(), "clean", &path, &format!("{} {}", item.rule, item.since))?;
    std::fs::remove_file(&item.path).map_err(|source| RunError::Io { path: item.path.clone(), source })
}

/// Regular files in `folder` and its sub-folders; links are not followed.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = folders.pop() {
        let fault = |source| RunError::Io { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(fault(error)),
        };
        for entry in entries {
            let entry = entry.map_err(fault)?;
            let kind = entry.file_type().map_err(fault)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    Ok(files)
}
