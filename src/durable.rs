//! Every file we write or move goes through here: written aside, flushed, then renamed; never overwriting.

use crate::domain::ids::FileDigest;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Makes everything this process creates from now on readable by its own user only, whatever the umask was (FAULTS G09).
///
/// The database, its log, workbooks and mails hold what guests paid. Elsewhere than on Unix the folder's own rights decide.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_bits_truncate(0o077));
}

/// Whether this process may do everything on this machine, and a hostile file that took it over could too (FAULTS G09).
pub fn is_all_powerful() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    false
}

/// The number of the account this process runs under, such as `uid 1000`; empty where accounts have none.
pub fn account() -> String {
    #[cfg(unix)]
    return format!("uid {}", rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    String::new()
}

/// Creates `folder` and its parents.
///
/// # Errors
/// When it cannot be created.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// What lies in `folder` by name, without hidden entries and leftovers; nothing if there is no such folder.
///
/// # Errors
/// When the folder cannot be listed.
pub fn visible(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if !name.starts_with('.') && !is_leftover(&name) {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether an editor or a package manager left a file of this name beside the one it stands for.
fn is_leftover(name: &str) -> bool {
    const ENDINGS: [&str; 6] = ["~", ".bak", ".orig", ".swp", ".rpmnew", ".rpmsave"];
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || [".dpkg-", ".ucf-"].iter().any(|part| name.contains(part))
}

/// Writes `bytes` to `target`, whole or not at all.
///
/// # Errors
/// `AlreadyExists` when there is a file of that name; otherwise whatever writing or flushing says.
pub fn write_new(target: &Path, bytes: &[u8]) -> io::Result<()> {
    write_all_new(target, bytes)
}

fn write_all_new(target: &Path, mut content: impl Read) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let aside = write_aside(folder, target, &mut content)?;
    let linked = rename_new(&aside, target);
    if linked.is_err() {
        // Best effort: the error that matters is the one returned.
        drop(fs::remove_file(&aside));
    }
    linked?;
    sync_folder(folder)
}

/// `content`, flushed, in a file of `folder` that will become `target`.
fn write_aside(folder: &Path, target: &Path, content: &mut impl Read) -> io::Result<PathBuf> {
    create_folder(folder)?;
    let aside = aside_of(target);
    let written = create_aside(&aside).and_then(|mut file| {
        io::copy(content, &mut file)?;
        file.sync_all()
    });
    if written.is_err() {
        // Best effort: the error that matters is the one returned.
        drop(fs::remove_file(&aside));
    }
    written.map(|()| aside)
}

/// A new file at `aside`. What a killed process left there goes first and is never written to: it may be a second name of
/// the finished file, where renaming takes two steps.
fn create_aside(aside: &Path) -> io::Result<File> {
    let create = || OpenOptions::new().write(true).create_new(true).open(aside);
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(aside)?;
            create()
        }
        other => other,
    }
}

/// Removes the second name that a finished `target` has where a process was killed between the two steps of a rename.
///
/// Best effort: it does no harm where it stays.
pub fn forget_aside(target: &Path) {
    drop(fs::remove_file(aside_of(target)));
}

/// Flushes the finished file `aside` and gives it the name `target`, without overwriting.
///
/// # Errors
/// `AlreadyExists` when there is a file of that name; otherwise whatever a step says, with `aside` still in place.
pub fn place_new(aside: &Path, target: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).open(aside)?.sync_all()?;
    rename_new(aside, target)?;
    sync_folder(target.parent().unwrap_or_else(|| Path::new(".")))
}

/// Writes `bytes` to `target` in place of what is there: readers see the old or the new, never half.
///
/// For files that are made anew all the time; what was issued once goes through [`write_new`].
///
/// # Errors
/// Whatever writing or flushing says.
pub fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    let aside = write_aside(folder, target, &mut { bytes })?;
    fs::rename(&aside, target).inspect_err(|_| drop(fs::remove_file(&aside)))?;
    sync_folder(folder)
}

/// Appends `line` to the file at `target`, flushed before it returns; a line that a crash cut is ended first.
///
/// # Errors
/// Whatever opening, writing or flushing says.
pub fn append_line(target: &Path, line: &str) -> io::Result<()> {
    let is_new = !target.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(target)?;
    let mut bytes = Vec::new();
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    if last != [b'\n'] {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    file.write_all(&bytes)?;
    file.sync_all()?;
    if is_new { sync_folder(target.parent().unwrap_or_else(|| Path::new("."))) } else { Ok(()) }
}

/// Moves `source` to `target` without overwriting; across devices by copy, flush, compare and remove.
///
/// # Errors
/// `AlreadyExists` when there is a file of that name; otherwise whatever a step says, with `source` still in place.
pub fn move_new(source: &Path, target: &Path) -> io::Result<()> {
    let folder = target.parent().unwrap_or_else(|| Path::new("."));
    create_folder(folder)?;
    match rename_new(source, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            copy_new(source, target)?;
            fs::remove_file(source).inspect_err(|_| drop(fs::remove_file(target)))
        }
        other => other.and_then(|()| sync_folder(folder)),
    }
}

/// Copies `source` to `target` piece by piece, flushed and compared, without overwriting.
fn copy_new(source: &Path, target: &Path) -> io::Result<()> {
    let aside = aside_of(target);
    let copied = copy_compared(source, &aside).and_then(|()| rename_new(&aside, target));
    if copied.is_err() {
        // Best effort: the error that matters is the one returned.
        drop(fs::remove_file(&aside));
    }
    copied?;
    sync_folder(target.parent().unwrap_or_else(|| Path::new(".")))
}

fn copy_compared(source: &Path, aside: &Path) -> io::Result<()> {
    let mut copy = create_aside(aside)?;
    io::copy(&mut File::open(source)?, &mut copy)?;
    copy.sync_all()?;
    if is_same(File::open(source)?, File::open(aside)?)? {
        Ok(())
    } else {
        Err(io::Error::other("the copy differs from its original"))
    }
}

/// Whether both give the same bytes.
fn is_same(one: impl Read, other: impl Read) -> io::Result<bool> {
    let (mut one, mut other) = (io::BufReader::new(one), io::BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if left.get(..length) != right.get(..length) || (length == 0 && left.len() != right.len()) {
            return Ok(false);
        }
        if length == 0 {
            return Ok(true);
        }
        one.consume(length);
        other.consume(length);
    }
}

/// The first of `name`, `name (2)`, … that does not exist in `folder`, numbered before the extension.
pub fn free_name(folder: &Path, name: &str) -> PathBuf {
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, format!(".{extension}")),
        _ => (name, String::new()),
    };
    let first = folder.join(name);
    if !first.exists() {
        return first;
    }
    (2_u32..).map(|n| folder.join(format!("{stem} ({n}){extension}"))).find(|path| !path.exists()).unwrap_or(first)
}

/// Reads the first bytes of `path`, at most `limit`.
///
/// # Errors
/// Whatever reading says.
pub fn head(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut head)?;
    Ok(head)
}

/// Reads `path` whole, refusing more than `limit` bytes.
///
/// # Errors
/// `FileTooLarge` beyond the limit; otherwise whatever reading says.
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let expected = file.metadata()?.len();
    if expected > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0));
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// What a file held when it was read: our own copy, whatever becomes of the file.
#[derive(Debug)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// Too large for that: in a file without a name, gone with this process.
    Copy(File),
}

impl Content {
    /// Reads `path` whole, refusing more than `limit` bytes; above `kept` bytes, and where `may_copy` says so of the
    /// first bytes, into a file on the disk of `folder`.
    ///
    /// # Errors
    /// `FileTooLarge` beyond the limit; otherwise whatever reading or copying says.
    pub fn read(path: &Path, limit: u64, kept: u64, may_copy: fn(&[u8]) -> bool, folder: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let expected = file.metadata()?.len();
        let mut head = Vec::new();
        if expected > kept && expected <= limit {
            (&mut file).take(HEAD).read_to_end(&mut head)?;
        }
        if head.is_empty() || !may_copy(&head) {
            return read_limited(path, limit).map(Self::Bytes);
        }
        let mut copy = tempfile::tempfile_in(folder)?;
        file.seek(SeekFrom::Start(0))?;
        let length = io::copy(&mut file.take(limit.saturating_add(1)), &mut copy)?;
        if length > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(Self::Copy(copy)) }
    }

    /// All of it, from the start.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
            Self::Copy(file) => {
                let mut file: &File = file;
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
        })
    }

    /// Its first bytes, at most a mebibyte.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.reader()?.take(HEAD).read_to_end(&mut head)?;
        Ok(head)
    }

    /// What it *is*.
    ///
    /// # Errors
    /// Whatever the disk says.
    pub fn digest(&self) -> io::Result<FileDigest> {
        match self {
            Self::Bytes(bytes) => Ok(FileDigest::of(bytes)),
            Self::Copy(_) => FileDigest::of_all(self.reader()?),
        }
    }

    /// Whether the file at `path` holds the same.
    ///
    /// # Errors
    /// Whatever reading says.
    pub fn is_at(&self, path: &Path) -> io::Result<bool> {
        is_same(self.reader()?, File::open(path)?)
    }

    /// Writes it to `target`, as [`write_new`] does.
    ///
    /// # Errors
    /// As [`write_new`].
    pub fn write_new(&self, target: &Path) -> io::Result<()> {
        write_all_new(target, self.reader()?)
    }
}

/// How much the first look at a file takes.
const HEAD: u64 = 1 << 20;

fn aside_of(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".part");
    target.with_file_name(name)
}

/// Renames without overwriting, in one step where the system can.
fn rename_new(source: &Path, target: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, source, CWD, target, RenameFlags::NOREPLACE) {
            // A file system or a system that does not know the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            other => return Ok(other?),
        }
    }
    link_new(source, target)
}

/// Renames in two steps: a hard link refuses an existing target, where the file system has links.
fn link_new(source: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(source, target) {
        // A source that stays (a read-only inbox) is not moved, so it must not lie in both places.
        Ok(()) => fs::remove_file(source).inspect_err(|_| drop(fs::remove_file(target))),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::AlreadyExists | io::ErrorKind::CrossesDevices | io::ErrorKind::NotFound
            ) =>
        {
            Err(error)
        }
        Err(_) if target.exists() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(source, target),
    }
}

/// Makes a rename durable, where folders can be flushed.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // A bare file name lies in the folder "".
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x08_an_existing_file_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a.xlsx");
        write_new(&target, b"first").expect("written");
        let again = write_new(&target, b"second").expect_err("refused");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        let other = folder.path().join("b");
        fs::write(&other, b"third").expect("written");
        assert_eq!(move_new(&other, &target).expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).expect("still there"), b"first");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 2, "nothing is left aside");
    }

    #[test]
    fn x08_a_file_system_without_the_flag_overwrites_nothing_either() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, target) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&source, b"first").expect("written");
        link_new(&source, &target).expect("moved");
        assert!(!source.exists());
        fs::write(&source, b"second").expect("written");
        assert_eq!(link_new(&source, &target).expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).expect("still there"), b"first");
    }

    #[test]
    fn s01_x08_what_a_killed_process_left_aside_is_never_written_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a.xlsx");
        write_new(&target, b"issued").expect("written");
        // Killed between the two steps of a rename: the finished file has two names.
        fs::hard_link(&target, aside_of(&target)).expect("a second name");
        let again = write_new(&target, b"other").expect_err("refused");
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&target).expect("still there"), b"issued");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left aside");
        fs::hard_link(&target, aside_of(&target)).expect("a second name");
        replace(&target, b"anew").expect("written");
        assert_eq!(fs::read(&target).expect("read"), b"anew");
    }

    #[test]
    fn s02_a_write_that_fails_leaves_nothing_aside() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("no more"))
            }
        }
        let folder = tempfile::tempdir().expect("a folder");
        let error = write_all_new(&folder.path().join("a"), Failing).expect_err("it fails");
        assert_eq!(error.to_string(), "no more");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 0);
    }

    #[test]
    fn a13_a_copy_to_another_device_is_whole_and_overwrites_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, target) = (folder.path().join("a"), folder.path().join("b"));
        for size in [0, 1, 8_192, 100_001] {
            let bytes: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
            fs::write(&source, &bytes).expect("written");
            copy_new(&source, &target).expect("copied");
            assert_eq!(fs::read(&target).expect("read"), bytes);
            assert_eq!(copy_new(&source, &target).expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
            fs::remove_file(&target).expect("removed");
            assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "nothing is left aside");
        }
    }

    #[test]
    fn free_names_count_up_before_the_extension() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.csv"), b"").expect("written");
        assert_eq!(free_name(folder.path(), "a.csv"), folder.path().join("a (2).csv"));
        assert_eq!(free_name(folder.path(), "b"), folder.path().join("b"));
    }
}
