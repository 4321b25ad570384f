//! Where files go: accepted originals to the archive, refused ones to the held folder. Nothing is overwritten or
//! deleted.

use super::Arrival;
use crate::domain::dates::Day;
use crate::durable;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Moves an accepted original to `archive/<yyyy-mm>/`; returns its new place.
///
/// `content` is what was read: if the original was replaced meanwhile, our copy is archived and the newcomer stays in
/// the inbox as a new file (FAULTS A05).
///
/// # Errors
/// When the archive cannot be written; the original is still in the inbox then.
pub fn archive(archive: &Path, arrival: &Arrival, content: &[u8], today: Day) -> io::Result<PathBuf> {
    let folder = archive.join(format!("{:04}-{:02}", today.year(), today.month()));
    durable::create_folder(&folder)?;
    put(arrival, content, &folder)
}

/// Moves a refused original to the held folder, with `<name>.reason.txt` beside it; returns its new name there.
///
/// # Errors
/// When the held folder cannot be written; the original is still in the inbox then.
pub fn hold(held: &Path, arrival: &Arrival, content: Option<&[u8]>, reason: &str) -> io::Result<String> {
    durable::create_folder(held)?;
    let place = match content {
        Some(content) => put(arrival, content, held)?,
        None => {
            let target = durable::free_name(held, &plain_name(arrival));
            durable::move_new(&arrival.path, &target)?;
            target
        }
    };
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let reason_file = held.join(format!("{name}.reason.txt"));
    match durable::write_new(&reason_file, reason.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&reason_file)?;
            durable::write_new(&reason_file, reason.as_bytes())?;
        }
        other => other?,
    }
    Ok(name)
}

/// Moves a held file back to the inbox, under its original name or the next free one.
///
/// # Errors
/// When it is not there or cannot be moved.
pub fn put_back(held: &Path, name: &str, inbox: &Path, original: &str) -> io::Result<()> {
    let target = inbox.join(original);
    let folder = target.parent().unwrap_or(inbox).to_owned();
    let file_name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    durable::move_new(&held.join(name), &durable::free_name(&folder, &file_name))?;
    forget_reason(held, name)
}

/// Moves a held file to `held/discarded/`: it no longer counts as held, and is not deleted.
///
/// # Errors
/// When it is not there or cannot be moved.
pub fn discard(held: &Path, name: &str) -> io::Result<()> {
    let folder = held.join("discarded");
    durable::move_new(&held.join(name), &durable::free_name(&folder, name))?;
    forget_reason(held, name)
}

fn forget_reason(held: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(held.join(format!("{name}.reason.txt"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn put(arrival: &Arrival, content: &[u8], folder: &Path) -> io::Result<PathBuf> {
    let target = durable::free_name(folder, &plain_name(arrival));
    if arrival.is_unchanged() {
        durable::move_new(&arrival.path, &target)?;
    } else {
        durable::write_new(&target, content)?;
    }
    Ok(target)
}

/// The file's own name as one that is safe in any folder: no separators, no control characters, not too long.
fn plain_name(arrival: &Arrival) -> String {
    let name = arrival.name.rsplit('/').next().unwrap_or_default();
    let safe: String =
        name.chars().map(|c| if c.is_control() || r#"/\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    let mut short = String::new();
    for c in safe.trim_matches(['.', ' ']).chars() {
        if short.len() + c.len_utf8() > 180 {
            break;
        }
        short.push(c);
    }
    if short.is_empty() { "file".to_owned() } else { short }
}
