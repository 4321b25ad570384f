//! The history in an embedded SQLite database: all SQL of the program stands in this folder.
//!
//! Knows the nouns of `domain` and nothing of how files are read, reconciled, reported or mailed. One file is one
//! transaction; a commit is durable before its original leaves the inbox (`synchronous = FULL`).

mod bookings;
mod files;
mod findings;
mod held;
mod outbox;
mod payments;
mod reports;
mod sent;

pub use files::{KnownFile, NewFile};
pub use held::HeldFile;
pub use outbox::{Delivery, DueDelivery, DueMessage, NewMessage, ReportKey, Step};
pub use reports::{HistoryRun, HistoryShop, ReportRecord, RunRecord, ShopRun};
pub use sent::{Found, SentReport};

use rusqlite::{Connection, OpenFlags};
use rusqlite_migration::{M, Migrations};
use std::path::Path;
use std::time::Duration;

/// The migrations in order; a released one is never edited.
const MIGRATIONS: &[M<'_>] =
    &[M::up(include_str!("migrations/0001_history.sql")), M::up(include_str!("migrations/0002_outbox.sql"))];

/// The open history.
pub struct Store {
    connection: Connection,
    installation: String,
}

/// Why the history cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error.
    #[error("database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A migration failed, or the database is newer than this program.
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
    /// `integrity_check` found damage.
    #[error("database is damaged: {0}")]
    Damaged(String),
}

/// Results of this module.
pub type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens the history at `path`, creating it or bringing its schema up to date.
    ///
    /// `installation` is stored in a new database and identifies our own workbooks when they come back.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database of ours, is newer than this program, or stays locked.
    pub fn open(path: &Path, installation: &str) -> Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(60))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        Migrations::from_slice(MIGRATIONS).to_latest(&mut connection)?;
        let known = connection.query_row("SELECT id FROM installation", [], |row| row.get::<_, String>(0));
        let installation = match known {
            Ok(id) => id,
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                connection.execute("INSERT INTO installation (id) VALUES (?1)", [installation])?;
                installation.to_owned()
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { connection, installation })
    }

    /// Copies the history at `from` to the new file `to`, by SQLite's own API, so that a running writer does no harm.
    ///
    /// A reader that may not write leaves `-wal` and `-shm` behind it, one that may removes them when it closes, and
    /// would merge what a crash left there. So the rights follow what lies beside the database: nothing changes.
    ///
    /// # Errors
    /// When either cannot be opened or copied.
    pub fn copy(from: &Path, to: &Path) -> Result<()> {
        let mut wal = from.as_os_str().to_owned();
        wal.push("-wal");
        let rights =
            if Path::new(&wal).exists() { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE };
        let source = Connection::open_with_flags(from, rights)?;
        source.busy_timeout(Duration::from_secs(60))?;
        source.backup("main", to, None)?;
        Ok(())
    }

    /// The id of this installation, as written into workbooks.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Runs SQLite's integrity check.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with SQLite's first finding.
    pub fn check_integrity(&self) -> Result<()> {
        let answer: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if answer == "ok" { Ok(()) } else { Err(StoreError::Damaged(answer)) }
    }

    /// Writes an act of a person (release, discard) into the trail.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn log_act(&self, at: &str, act: &str, subject: &str, reason: &str) -> Result<()> {
        self.connection.execute(
            "INSERT INTO act (at, act, subject, reason) VALUES (?1, ?2, ?3, ?4)",
            [at, act, subject, reason],
        )?;
        Ok(())
    }
}

/// An unexpected stored value as an error.
fn unexpected(what: &'static str, found: impl Into<String>) -> StoreError {
    StoreError::Unexpected { what, found: found.into() }
}
