//! One instance at a time, by a lock of the operating system that ends with the process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

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
    #[error(transparent)]
    Io(#[from] io::Error),
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
        if let Some(folder) = database.parent() {
            crate::durable::create_folder(folder)?;
        }
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(database.with_extension(extension))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Taken),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}
