//! Where files go: accepted originals to the archive, refused ones to the held folder. Nothing is overwritten or
//! deleted.

use super::{Arrival, look_at, look_if_there};
use crate::domain::dates::Day;
use crate::domain::text::is_obeyed;
use crate::durable::{self, Content};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Moves an accepted original to `archive/<yyyy-mm>/`, below it to the shop's folder it came from; returns its place.
///
/// One that a person took in from the archive stays where it is.
///
/// `content` is what was read: if the original was replaced meanwhile, our copy is archived and the newcomer stays in
/// the inbox as a new file (FAULTS A05).
///
/// # Errors
/// When the archive cannot be written; the original is still in the inbox then.
pub fn archive(archive: &Path, arrival: &Arrival, content: &Content, today: Day) -> io::Result<PathBuf> {
    if arrival.is_archived {
        return Ok(arrival.path.clone());
    }
    let month = archive.join(format!("{:04}-{:02}", today.year(), today.month()));
    let folder = arrival.folder.as_ref().map_or_else(|| month.clone(), |shop| month.join(plain_name(shop)));
    durable::create_folder(&folder)
        .and_then(|()| put(arrival, content, &folder))
        .map_err(|error| towards(&folder, &error))
}

/// `error` with the folder that a file was to move to: whoever reads of it must know which of the two to look at.
fn towards(folder: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("→ {}: {error}", folder.display()))
}

/// The name a refused original gets in the held folder; `is_taken` says which names stand for other files.
pub fn held_name(held: &Path, arrival: &Arrival, content: Option<&Content>, is_taken: impl Fn(&str) -> bool) -> String {
    let own = plain_name(own_name(arrival));
    let wanted = content.and_then(|content| names(held, &own, content).pop()).unwrap_or(own);
    let first = durable::free_name(held, &wanted);
    let plain = |path: PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let first = plain(first);
    if !is_taken(&first) {
        return first;
    }
    let numbered = |n: u32| plain(durable::free_name(held, &format!("{n}_{first}")));
    (2..).map(numbered).find(|name| !is_taken(name)).unwrap_or(first)
}

/// Moves a refused original to the held folder as `name`, with `<name>.reason.txt` beside it.
///
/// # Errors
/// When the reason cannot be written, or the original cannot leave the inbox; it is still there then.
pub fn hold(held: &Path, arrival: &Arrival, content: Option<&Content>, name: &str, reason: &str) -> io::Result<()> {
    let target = held.join(name);
    durable::create_folder(held)
        .and_then(|()| write_reason(held, name, reason))
        .and_then(|()| match content {
            _ if is_moved_already(arrival, &target)? => fs::remove_file(&arrival.path),
            Some(content) => move_read(arrival, content, &target),
            None => durable::move_new(&arrival.path, &target),
        })
        .map_err(|error| towards(held, &error))
}

fn write_reason(held: &Path, name: &str, reason: &str) -> io::Result<()> {
    let reason_file = held.join(format!("{name}.reason.txt"));
    match durable::write_new(&reason_file, reason.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(&reason_file)?;
            durable::write_new(&reason_file, reason.as_bytes())
        }
        other => other,
    }
}

/// Moves a held file back to the inbox, under its original name or the next free one.
///
/// # Errors
/// When it is not there or cannot be moved.
pub fn put_back(held: &Path, name: &str, inbox: &Path, original: &str) -> io::Result<()> {
    let target = inbox.join(original);
    let folder = target.parent().unwrap_or(inbox).to_owned();
    let file_name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match durable::move_new(&held.join(name), &durable::free_name(&folder, &plain_name(&file_name))) {
        // It never left the inbox.
        Err(error) if error.kind() == io::ErrorKind::NotFound && target.exists() => {}
        other => other?,
    }
    forget_reason(held, name)
}

/// Moves a held file to `held/discarded/`: it no longer counts as held, and is not deleted. Returns its name there, which
/// is another one where a file of that name was discarded before.
///
/// # Errors
/// When it cannot be moved.
pub fn discard(held: &Path, name: &str) -> io::Result<String> {
    let target = durable::free_name(&held.join("discarded"), name);
    let chosen = match durable::move_new(&held.join(name), &target) {
        // It could not leave the inbox, so there is nothing to set aside.
        Err(error) if error.kind() == io::ErrorKind::NotFound => name.to_owned(),
        other => other.map(|()| target.file_name().unwrap_or_default().to_string_lossy().into_owned())?,
    };
    forget_reason(held, name)?;
    Ok(chosen)
}

/// Removes the reason of a file that is held no longer.
///
/// # Errors
/// When it is there and cannot be removed.
pub fn forget_reason(held: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(held.join(format!("{name}.reason.txt"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn put(arrival: &Arrival, content: &Content, folder: &Path) -> io::Result<PathBuf> {
    let names = names(folder, &plain_name(own_name(arrival)), content);
    for there in names.iter().map(|name| folder.join(name)) {
        if is_moved_already(arrival, &there)? {
            fs::remove_file(&arrival.path)?;
            return Ok(there);
        }
    }
    let target = durable::free_name(folder, names.last().map_or("", String::as_str));
    move_read(arrival, content, &target)?;
    Ok(target)
}

/// Moves what was read to `target`: the original, or our copy where another file has taken its place.
fn move_read(arrival: &Arrival, content: &Content, target: &Path) -> io::Result<()> {
    if arrival.is_unchanged()? {
        durable::move_new(&arrival.path, target)?;
        keep_newcomer(arrival, content, target)
    } else {
        content.write_new(target)
    }
}

/// What was moved is what was read; a file that took its place in the last moment goes back to the inbox, and our copy
/// to the archive (FAULTS A05).
fn keep_newcomer(arrival: &Arrival, content: &Content, target: &Path) -> io::Result<()> {
    let is_ours = look_at(target)? == Some(arrival.look) || content.is_at(target).unwrap_or(false);
    if is_ours {
        return Ok(());
    }
    let folder = arrival.path.parent().unwrap_or_else(|| Path::new(""));
    durable::move_new(target, &durable::free_name(folder, &plain_name(own_name(arrival))))?;
    content.write_new(target)
}

/// Whether an earlier move linked the file to `target` and was stopped before it let go of the inbox (FAULTS A22).
///
/// # Errors
/// When either cannot be looked at.
pub fn is_moved_already(arrival: &Arrival, target: &Path) -> io::Result<bool> {
    let is_there = arrival.look.identity.is_some() && look_if_there(target)? == Some(arrival.look);
    Ok(is_there && arrival.is_unchanged()?)
}

/// The names for a file in `folder`, the wanted one last: its own; where that is taken, with part of the digest before its
/// extension (FAULTS A08).
fn names(folder: &Path, own: &str, content: &Content) -> Vec<String> {
    let mut names = vec![own.to_owned()];
    if folder.join(own).exists() {
        let digest = content.digest().map(|digest| digest.to_string()).unwrap_or_default();
        let part: String = digest.chars().take(8).collect();
        names.push(match own.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => format!("{stem}-{part}.{extension}"),
            _ => format!("{own}-{part}"),
        });
    }
    names
}

/// The file's name without its folder.
fn own_name(arrival: &Arrival) -> &str {
    arrival.name.rsplit('/').next().unwrap_or_default()
}

/// `name` as one that is safe in any folder on any system: no separators, no control characters, no device, short.
fn plain_name(name: &str) -> String {
    /// Names that Windows takes for devices, whatever the extension.
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];
    let safe: String = name.chars().map(|c| if is_obeyed(c) || r#"/\:*?"<>|"#.contains(c) { '_' } else { c }).collect();
    let mut short = String::new();
    for c in safe.trim_matches(['.', ' ']).chars() {
        if short.len() + c.len_utf8() > 180 {
            break;
        }
        short.push(c);
    }
    let stem = short.split('.').next().unwrap_or_default().trim_end_matches(|c: char| c.is_ascii_digit());
    if short.is_empty() || DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        short.insert_str(0, "file_");
    }
    short
}
