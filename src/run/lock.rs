//! One instance at a time, by a lock of the operating system that ends with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held as long as this instance may change anything.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the lock was not obtained.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another instance is at work: exit code 4.
    #[error("another instance of totsugo is at work")]
    Taken,
    /// The lock file cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// Where it is to be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the lock beside `database`, at once or not at all.
    ///
    /// # Errors
    /// [`LockError::Taken`] while another process holds it.
    pub fn take(database: &Path) -> Result<Self, LockError> {
        Self::take_file(database, "lock")
    }

    /// Takes the lock of the daemon beside `database`: held while it waits too, when others may work.
    ///
    /// # Errors
    /// [`LockError::Taken`] while another daemon holds it.
    pub fn take_as_daemon(database: &Path) -> Result<Self, LockError> {
        Self::take_file(database, "daemon.lock")
    }

    fn take_file(database: &Path, extension: &str) -> Result<Self, LockError> {
        let path = database.with_extension(extension);
        let open = || {
            path.parent().map_or(Ok(()), crate::durable::create_folder)?;
            OpenOptions::new().create(true).truncate(false).write(true).open(&path)
        };
        let taken = open().map_err(TryLockError::Error).and_then(|file| file.try_lock().map(|()| Self { _file: file }));
        taken.map_err(|error| match error {
            TryLockError::WouldBlock => LockError::Taken,
            TryLockError::Error(source) => LockError::Io { path, source },
        })
    }
}
