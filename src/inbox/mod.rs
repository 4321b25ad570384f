//! The drop folder: what lies in it, whether it is complete, and where its files go afterwards.
//!
//! Knows names, sizes and times, never what a file says. Sub-folders `inbox/<shop id>/` are read too (SPEC §2).

mod archive;

pub use archive::{archive, discard, forget_reason, held_name, hold, is_moved_already, put_back};

use crate::domain::text::is_obeyed;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A complete file in the drop folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it lies.
    pub path: PathBuf,
    /// Its name relative to the inbox, with `/`, control characters made visible.
    pub name: String,
    /// The name of the sub-folder it lies in, if any.
    pub folder: Option<String>,
    /// Size and time at the last look.
    pub look: Look,
    /// Whether it lies in the archive already, where it stays.
    pub is_archived: bool,
}

/// What one look at a file shows; two equal looks some seconds apart mean that it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    size: u64,
    modified: Option<SystemTime>,
    /// Device and number of the file, where the system numbers files.
    identity: Option<(u64, u64)>,
}

impl Look {
    /// Size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Whether the file was last written within `span` of `now`; a clock that is further ahead or behind says nothing.
    pub fn is_within(&self, span: Duration, now: SystemTime) -> bool {
        let distance = |modified: SystemTime| now.duration_since(modified).unwrap_or_else(|ahead| ahead.duration());
        self.modified.is_some_and(|modified| distance(modified) < span)
    }
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Complete files, in the order they are taken in: shorter names first, then by name, so that the result does
    /// not depend on the order of arrival (SPEC §10, promise 2) and a copy comes after its original. Names that carry
    /// a date or a number go oldest first by that; times of files are never compared with each other (FAULTS A14).
    pub arrivals: Vec<Arrival>,
    /// Names that are still being written.
    pub growing: Vec<String>,
    /// Names whose lock file says that a spreadsheet program has them open (FAULTS A03).
    pub in_use: Vec<String>,
    /// Names that are no regular files: links, folders called `x.csv`, sockets.
    pub foreign: Vec<String>,
    /// The sub-folders seen; none where single files were named.
    pub folders: Option<BTreeSet<String>>,
}

/// Why the drop folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InboxError {
    /// The folder is gone or unreadable: "not available" is never "no files" (FAULTS A12).
    #[error("{}: {source}", path.display())]
    Unavailable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The sentinel file is missing, so the share counts as not mounted.
    #[error("{}: the sentinel file {sentinel} is missing", path.display())]
    NotMounted {
        /// The folder.
        path: PathBuf,
        /// The file expected in it.
        sentinel: String,
    },
    /// Every shop's folder that the last look saw is gone, so the share counts as not mounted.
    #[error("{}: all folders are gone: {}", path.display(), folders.join(", "))]
    FoldersGone {
        /// The folder.
        path: PathBuf,
        /// What was in it.
        folders: Vec<String>,
    },
}

/// Looks through `inbox` twice, `settle` apart, and returns the files on which both looks agree.
///
/// # Errors
/// When the folder or its sentinel is not there.
pub fn scan(inbox: &Path, sentinel: Option<&str>, settle: Duration) -> Result<Scan, InboxError> {
    let first = Listing::of_mounted(inbox, sentinel)?;
    let second = if settle.is_zero() || first.looks.is_empty() {
        first.clone()
    } else {
        std::thread::sleep(settle);
        Listing::of(inbox)?
    };
    Ok(agreeing(&first, second, sentinel))
}

/// The sub-folders of `inbox`, if it is available.
///
/// # Errors
/// When the folder or its sentinel is not there.
pub fn folders(inbox: &Path, sentinel: Option<&str>) -> Result<BTreeSet<String>, InboxError> {
    Listing::of_mounted(inbox, sentinel).map(|listing| listing.folders)
}

/// What two looks agree on.
fn agreeing(first: &Listing, second: Listing, sentinel: Option<&str>) -> Scan {
    let mut found = Scan { foreign: second.foreign, folders: Some(second.folders), ..Scan::default() };
    for (path, arrival) in second.looks {
        if sentinel.is_some_and(|sentinel| arrival.name == sentinel) {
            continue;
        }
        if second.locked.contains(&path) {
            found.in_use.push(arrival.name);
        } else if first.looks.get(&path).is_some_and(|before| before.look == arrival.look) {
            found.arrivals.push(arrival);
        } else {
            found.growing.push(arrival.name);
        }
    }
    found.foreign.sort();
    found.arrivals.sort_by_cached_key(|file| (file.name.chars().count(), file.name.clone()));
    found
}

/// Looks at files named by a person, wherever they lie; nothing is waited for.
///
/// A file below `inbox` or `archive` is placed as a scan would place it: its shop's folder is the one it lies in.
/// A folder stands for all regular files below it, oldest first, as they came in.
///
/// # Errors
/// When a path cannot be looked at or is neither a regular file nor a folder.
pub fn named(paths: &[PathBuf], inbox: &Path, archive: &Path) -> Result<Vec<Arrival>, InboxError> {
    let whole = |folder: &Path| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let (inbox, archive) = (whole(inbox), whole(archive));
    let mut found = Vec::new();
    for path in paths {
        let unavailable = |source| InboxError::Unavailable { path: path.clone(), source };
        if fs::symlink_metadata(path).map_err(unavailable)?.is_dir() {
            let mut below = below(path).map_err(unavailable)?;
            below.sort_by(|a, b| (a.1.modified, &a.0).cmp(&(b.1.modified, &b.0)));
            for (path, look) in below {
                found.push(placed(path, look, &inbox, &archive).map_err(unavailable)?);
            }
        } else {
            let look = look_at(path).map_err(unavailable)?;
            let look = look.ok_or_else(|| unavailable(io::ErrorKind::InvalidInput.into()))?;
            found.push(placed(path.clone(), look, &inbox, &archive).map_err(unavailable)?);
        }
    }
    Ok(found)
}

/// The regular files below `folder`, without those of other programs.
fn below(folder: &Path) -> io::Result<Vec<(PathBuf, Look)>> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if let Some(look) = look_at(&entry.path())?
                && !is_passing(&entry.file_name().to_string_lossy())
            {
                found.push((entry.path(), look));
            }
        }
    }
    Ok(found)
}

fn placed(path: PathBuf, look: Look, inbox: &Path, archive: &Path) -> io::Result<Arrival> {
    let full = fs::canonicalize(&path)?;
    let parent = full.parent().unwrap_or(inbox);
    // The archive repeats the inbox's folders below each month.
    let in_archive = |below: &Path| below.components().skip(1).collect::<PathBuf>();
    let folder = match parent.strip_prefix(archive) {
        Ok(below) => Some(in_archive(below)),
        Err(_) => parent.strip_prefix(inbox).ok().map(Path::to_owned),
    };
    // Names in the history have `/` on every system.
    let slashed = |below: PathBuf| below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let folder = folder.map(|below| visible(&slashed(below))).filter(|below| !below.is_empty());
    let name = visible(&path.file_name().unwrap_or_default().to_string_lossy());
    let name = folder.as_ref().map_or_else(|| name.clone(), |folder| format!("{folder}/{name}"));
    let is_archived = parent.starts_with(archive);
    Ok(Arrival { path, name, folder, look, is_archived })
}

impl Arrival {
    /// Whether the file still looks as it did when it was taken in; one that is gone does not.
    ///
    /// # Errors
    /// When it cannot be looked at: that says nothing of the file.
    pub fn is_unchanged(&self) -> io::Result<bool> {
        Ok(look_if_there(&self.path)? == Some(self.look))
    }

    /// Whether something that is no regular file has taken its place.
    pub fn is_no_file_any_more(&self) -> bool {
        matches!(look_at(&self.path), Ok(None))
    }
}

/// One look through the folder.
#[derive(Clone, Default)]
struct Listing {
    looks: BTreeMap<PathBuf, Arrival>,
    /// Files whose lock file lies beside them.
    locked: BTreeSet<PathBuf>,
    foreign: Vec<String>,
    folders: BTreeSet<String>,
}

impl Listing {
    fn of_mounted(inbox: &Path, sentinel: Option<&str>) -> Result<Self, InboxError> {
        if let Some(sentinel) = sentinel
            && !inbox.join(sentinel).exists()
        {
            return Err(InboxError::NotMounted { path: inbox.to_owned(), sentinel: sentinel.to_owned() });
        }
        Self::of(inbox)
    }

    fn of(inbox: &Path) -> Result<Self, InboxError> {
        let mut listing = Self::default();
        listing.look_into(inbox, None)?;
        Ok(listing)
    }

    fn look_into(&mut self, folder: &Path, shop: Option<&str>) -> Result<(), InboxError> {
        let unavailable = |source| InboxError::Unavailable { path: folder.to_owned(), source };
        for entry in fs::read_dir(folder).map_err(unavailable)? {
            let entry = entry.map_err(unavailable)?;
            let file_name = entry.file_name().to_string_lossy().into_owned();
            if let Some(locked) = locked_by(&file_name) {
                self.locked.insert(folder.join(locked));
            }
            if is_passing(&file_name) {
                continue;
            }
            let shown = visible(&file_name);
            let name = shop.map_or_else(|| shown.clone(), |shop| format!("{shop}/{shown}"));
            let path = entry.path();
            let kind = entry.file_type().map_err(unavailable)?;
            if kind.is_dir() && shop.is_none() && !file_name.contains('.') {
                self.look_into(&path, Some(&shown))?;
                self.folders.insert(shown);
                continue;
            }
            // A file that vanished between listing and looking is simply not there any more.
            match look_at(&path) {
                Ok(Some(look)) => {
                    self.looks.insert(
                        path.clone(),
                        Arrival { path, name, folder: shop.map(str::to_owned), look, is_archived: false },
                    );
                }
                Ok(None) => self.foreign.push(name),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(())
    }
}

/// What lies at `path`, if anything does and it is a regular file.
fn look_if_there(path: &Path) -> io::Result<Option<Look>> {
    match look_at(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other,
    }
}

fn look_at(path: &Path) -> io::Result<Option<Look>> {
    let metadata = fs::symlink_metadata(path)?;
    Ok(metadata.is_file().then(|| Look {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        identity: identity(&metadata),
    }))
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
const fn identity(_: &fs::Metadata) -> Option<(u64, u64)> {
    None
}

/// The file that a lock file of Excel (`~$book.xlsx`) or LibreOffice (`.~lock.book.xlsx#`) stands for.
fn locked_by(name: &str) -> Option<&str> {
    name.strip_prefix("~$").or_else(|| name.strip_prefix(".~lock.")?.strip_suffix('#'))
}

/// Names of what is being written or locked by other programs, and of what Windows itself puts into folders: nobody's data
/// (FAULTS A03).
fn is_passing(name: &str) -> bool {
    const OF_WINDOWS: [&str; 5] =
        ["thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "system volume information"];
    let lower = name.to_lowercase();
    name.starts_with('.')
        || name.starts_with("~$")
        || OF_WINDOWS.contains(&lower.as_str())
        || [".part", ".crdownload", ".tmp", ".filepart"].iter().any(|ending| lower.ends_with(ending))
}

/// `name` with a mark in place of each character that a terminal would obey (FAULTS A15, G06).
fn visible(name: &str) -> String {
    name.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use std::io::Write as _;

    /// xorshift64*: one seed, one writer.
    fn dice(state: &mut u64) -> usize {
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        usize::try_from(state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap_or_default()
    }

    /// Looks, looks again, reads and looks once more, as taking in does, while somebody copies the file in pieces of any
    /// size. What is taken is the file as it stood from the first look to the last; before its end it is taken only if
    /// the copy stood still all the while, and not even then unless it ended with a whole line.
    #[test]
    fn a01_a_file_being_copied_is_never_taken_in_part() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        let whole: Vec<u8> =
            (0..12).flat_map(|n| format!("A-{n},2026/11/01 09:05:07,12000\r\n").into_bytes()).collect();
        let (mut early, mut complete) = (0, 0);
        for seed in 1..=10_000_u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut written = dice(&mut state) % whole.len();
            fs::write(&path, &whole[..written]).expect("begun");
            // The copier writes at some of these moments, and at the last of them for certain until it is done.
            let mut copy = |always: bool| {
                let is_writing = written < whole.len() && (always || dice(&mut state).is_multiple_of(4));
                if is_writing {
                    let more = (1 + dice(&mut state) % whole.len()).min(whole.len() - written);
                    let mut file = fs::File::options().append(true).open(&path).expect("opens");
                    file.write_all(&whole[written..written + more]).expect("written");
                    written += more;
                }
                is_writing
            };
            loop {
                let first = Listing::of(folder.path()).expect("a look");
                let mut moved = copy(false);
                let scan = agreeing(&first, Listing::of(folder.path()).expect("a look"), None);
                assert_eq!(
                    (scan.arrivals.len(), scan.growing.len()),
                    if moved { (0, 1) } else { (1, 0) },
                    "seed {seed}"
                );
                moved |= copy(false);
                let taken = fs::read(&path).expect("read");
                moved |= copy(false);
                let is_whole = read::ends_whole(&taken)
                    && scan.arrivals.iter().all(|arrival| arrival.is_unchanged().expect("a look"));
                if !scan.arrivals.is_empty() && is_whole {
                    assert!(!moved, "seed {seed}: taken while it was written");
                    assert!(taken.ends_with(b"\r") || taken.ends_with(b"\n"), "seed {seed}");
                    assert!(whole.starts_with(&taken), "seed {seed}");
                    early += u32::from(taken.len() < whole.len());
                    complete += u32::from(taken.len() == whole.len());
                    break;
                }
                copy(true);
            }
        }
        assert_eq!(early + complete, 10_000);
        assert!(complete > 9_000, "{early} stood still at the end of a line");
    }
}
