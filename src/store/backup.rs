//! Copies of the history by SQLite's own backup, which a running writer does not harm, and the way back.

use super::opening::{beside, looking};
use super::{Result, Store, StoreError, Verified, integrity};
use crate::durable;
use rusqlite::Connection;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a restore did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the restored history holds.
    pub verified: Verified,
    /// Where the database that it replaced is kept.
    pub kept: Option<PathBuf>,
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::Io { path: path.to_owned(), source }
}

/// Copies `source` to the new file `target`, whole or not at all.
fn copy_whole(source: &Connection, target: &Path) -> Result<()> {
    let aside = beside(target, ".part");
    if aside.exists() {
        std::fs::remove_file(&aside).map_err(io_error(&aside))?;
    }
    let copied = source
        .backup("main", &aside, None)
        .map_err(StoreError::from)
        .and_then(|()| durable::place_new(&aside, target).map_err(io_error(target)));
    if copied.is_err() && aside.exists() {
        std::fs::remove_file(&aside).map_err(io_error(&aside))?;
    }
    copied
}

/// A name beside `path` that is free.
fn free_beside(path: &Path, ending: &str) -> PathBuf {
    let named = beside(path, ending);
    let name = named.file_name().unwrap_or_default().to_string_lossy().into_owned();
    durable::free_name(path.parent().unwrap_or_else(|| Path::new("")), &name)
}

/// Keeps the history as it is before its schema changes (FAULTS S13).
pub(super) fn before_upgrade(connection: &Connection, path: &Path, schema: usize) -> Result<()> {
    copy_whole(connection, &free_beside(path, &format!(".schema{schema}.bak")))
}

/// Looks at everything a copy holds; one of before the seals has its structure only.
fn inspect(path: &Path) -> Result<Verified> {
    let (connection, schema) = Store::look_at(path)?;
    let is_ours = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'installation'")?.exists([])?;
    if !is_ours {
        return Err(StoreError::Damaged("no history of totsugo".to_owned()));
    }
    if schema < 2 { Ok(Verified::default()) } else { integrity::verify_all(&connection, schema) }
}

impl Store {
    /// Copies the history at `from` to the new file `to`, by SQLite's own API, so that a running writer does no harm.
    ///
    /// # Errors
    /// When either cannot be opened or copied.
    pub fn copy(from: &Path, to: &Path) -> Result<()> {
        let source = Connection::open_with_flags(from, looking(from))?;
        source.busy_timeout(Duration::from_secs(60))?;
        source.backup("main", to, None)?;
        Ok(())
    }

    /// Writes a copy of the history to the new file `target` and looks at all it holds.
    ///
    /// # Errors
    /// When `target` exists (nothing is overwritten), cannot be written, or does not hold what was stored.
    pub fn back_up(&self, target: &Path) -> Result<Verified> {
        if target.exists() {
            return Err(io_error(target)(io::ErrorKind::AlreadyExists.into()));
        }
        copy_whole(&self.connection, target)?;
        inspect(target)
    }

    /// Says what the copy at `file` holds; nothing is changed.
    ///
    /// # Errors
    /// When it is no history of ours, damaged, altered, or newer than this program.
    pub fn inspect(file: &Path) -> Result<Verified> {
        inspect(file)
    }

    /// Puts the copy at `file` in the place of `database`, which is kept beside it.
    ///
    /// The copy is looked at before anything is touched. A stop in the middle leaves either the old database or none,
    /// and no database where there was one is recognised at the next start (FAULTS S07).
    ///
    /// # Errors
    /// When the copy is no history of ours, damaged, altered or newer, or a file cannot be moved.
    pub fn restore(file: &Path, database: &Path) -> Result<Restored> {
        inspect(file)?;
        let (source, _) = Self::look_at(file)?;
        let fresh = free_beside(database, ".restored");
        copy_whole(&source, &fresh)?;
        let verified = inspect(&fresh)?;
        // In doubt nothing moves: a database that is only out of sight would lose its log below.
        let is_there = |path: &Path| path.try_exists().map_err(io_error(path));
        let kept = is_there(database)?.then(|| free_beside(database, ".replaced"));
        // The log belongs to the database that is replaced; beside the new one it would do harm.
        let mut moves: Vec<(PathBuf, PathBuf)> = kept.iter().map(|kept| (database.to_owned(), kept.clone())).collect();
        for ending in ["-wal", "-shm"] {
            let log = beside(database, ending);
            if is_there(&log)? {
                let aside = match &kept {
                    Some(kept) => beside(kept, ending),
                    None => free_beside(database, &format!("{ending}.old")),
                };
                moves.push((log, aside));
            }
        }
        moves.push((fresh, database.to_owned()));
        for (at, (from, to)) in moves.iter().enumerate() {
            if let Err(error) = durable::move_new(from, to) {
                // What was moved before goes back, the log before its database; not where only the flush failed and the new
                // database may be in place. Best effort: the error that matters is the one returned.
                if is_there(from).is_ok_and(|is| is) && is_there(to).is_ok_and(|is| !is) {
                    moves.iter().take(at).rev().for_each(|(from, to)| drop(durable::move_new(to, from)));
                }
                return Err(io_error(from)(error));
            }
        }
        Ok(Restored { verified, kept })
    }
}
