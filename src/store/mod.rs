//! The history in an embedded SQLite database: all SQL of the program stands in this folder.
//!
//! Knows the nouns of `domain` and nothing of how files are read, reconciled, reported or mailed. One file is one
//! transaction; a commit is durable before its original leaves the inbox (`synchronous = FULL`).

mod acts;
mod backup;
mod bookings;
mod entries;
mod facts;
mod files;
mod findings;
mod held;
mod integrity;
mod lasting;
mod notes;
mod opening;
mod outbox;
mod payments;
mod place;
mod remembered;
mod reports;
mod retention;
mod sealed;
mod sent;
mod slots;
mod summaries;
mod told;
mod upgrade;
mod words;
mod zeros;

pub use acts::Act;
pub use backup::Restored;
pub use facts::{CartCard, Facts, Reader, Version};
pub use files::{KnownFile, NewFile, Saved, TakeRows};
pub use findings::OpenFinding;
pub use held::HeldFile;
pub use integrity::Verified;
pub use lasting::Lasting;
pub use notes::ReturnedFile;
pub use opening::may_hold_history;
pub use outbox::{Delivery, DueDelivery, DueMessage, NewMessage, ReportKey, Step, UnknownMail};
pub use place::remote_file_system;
pub use remembered::FactsMark;
pub use reports::{HistoryRun, HistoryShop, ReportRecord, RunRecord, ShopRun};
pub use sent::{Found, SentReport};
pub use slots::{CLOCK_TOLERANCE, LedgerSlot, SlotCounts, SlotEnd, SlotState};
pub use summaries::{Brought, CartTally, CartTotals};

use rusqlite::{Connection, ErrorCode};
use std::io;
use std::path::PathBuf;

/// The open history.
pub struct Store {
    connection: Connection,
    /// As it was given: SQLite says nothing of a path that is not UTF-8.
    path: PathBuf,
    installation: String,
    user: String,
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A migration failed.
    #[error("database schema: {0}")]
    Migration(#[from] rusqlite_migration::Error),
    /// A stored value is none that this program writes.
    #[error("database holds an unexpected {what}: {found}")]
    Unexpected {
        /// Which value.
        what: &'static str,
        /// What stands there.
        found: String,
    },
    /// SQLite's check found damage.
    #[error("database is damaged: {0}")]
    Damaged(String),
    /// What is stored of a file is not what was stored (FAULTS S08).
    #[error("database was altered: what it holds of {file} is not what was stored")]
    Altered {
        /// The file's name.
        file: String,
    },
    /// A newer program wrote the database (FAULTS S13).
    #[error("database has schema {found}, written by totsugo {program}; this is totsugo {own} with schema {known}")]
    Newer {
        /// The database's schema.
        found: usize,
        /// The newest schema this program knows.
        known: usize,
        /// The version that wrote it, where it says so.
        program: String,
        /// This program's version.
        own: &'static str,
    },
    /// A file beside the database cannot be written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// Whether another program keeps the database busy (FAULTS S10).
    pub fn is_busy(&self) -> bool {
        self.code() == Some(ErrorCode::DatabaseBusy) || self.code() == Some(ErrorCode::DatabaseLocked)
    }

    /// Whether the contents of the database cannot be trusted.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Altered { .. } | Self::Unexpected { .. })
            || matches!(self.code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
    }

    fn code(&self) -> Option<ErrorCode> {
        if let Self::Sqlite(error) = self {
            error.sqlite_error_code()
        } else if let Self::Migration(rusqlite_migration::Error::RusqliteError { err, .. }) = self {
            err.sqlite_error_code()
        } else {
            None
        }
    }
}

/// Results of this module.
pub type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// The id of this installation, as written into workbooks.
    pub fn installation(&self) -> &str {
        &self.installation
    }
}

/// An unexpected stored value as an error.
fn unexpected(what: &'static str, found: impl Into<String>) -> StoreError {
    StoreError::Unexpected { what, found: found.into() }
}
