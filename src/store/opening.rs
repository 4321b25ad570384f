//! Opening the history: what is there is looked at first, and in doubt nothing of it is changed (FAULTS S05, S08, S13).

use super::{Result, Store, StoreError, backup, integrity, upgrade};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use rusqlite_migration::{M, Migrations};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a database that another program keeps busy is waited for (FAULTS S10).
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Up to this size the structure is looked at whenever the history is opened; above it after an unclean end and by
/// `check`, so that a start stays fast.
const ALWAYS_CHECKED: u64 = 32 << 20;

/// This program's version.
pub(super) const OWN: &str = env!("CARGO_PKG_VERSION");

/// The migrations in order; a released one is never edited.
pub(super) fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("migrations/0001_history.sql")),
        M::up_with_hook(include_str!("migrations/0002_seal.sql"), upgrade::first_seals),
        M::up(include_str!("migrations/0003_notes.sql")),
        M::up(include_str!("migrations/0004_slots.sql")),
        M::up(include_str!("migrations/0005_outbox.sql")),
        M::up(include_str!("migrations/0006_hidden_rows.sql")),
        M::up(include_str!("migrations/0007_facts.sql")),
        M::up(include_str!("migrations/0008_other_columns.sql")),
        M::up_with_hook("", upgrade::narrow_rows),
    ])
}

/// How many migrations `database` has seen; a schema that this program does not know is refused.
pub(super) fn known_schema(connection: &Connection) -> Result<usize> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    let known = migrations().pending_migrations(connection)?;
    if known >= 0 {
        return Ok(found);
    }
    let program = connection.query_row("SELECT program FROM installation", [], |row| row.get::<_, Option<String>>(0));
    let program = program.ok().flatten().unwrap_or_else(|| "?".to_owned());
    Err(StoreError::Newer { found, known: found.saturating_sub(known.unsigned_abs() as usize), program, own: OWN })
}

/// Switches to the write-ahead log. SQLite does not wait for this switch as it does for a write, so that of two
/// processes that begin a history together one is told that it is busy (FAULTS S09): it waits here.
fn log_ahead(connection: &Connection, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL").map_err(StoreError::from) {
            Err(error) if error.is_busy() && begun.elapsed() < patience => thread::sleep(Duration::from_millis(10)),
            done => return done,
        }
    }
}

/// `database` with `ending` appended to its name.
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// How `database` is opened so that looking at it changes nothing, and leaves nothing beside it.
///
/// A reader that may not write leaves `-wal` and `-shm` behind it, one that may removes them when it closes, and would
/// merge what a crash left there. So the rights follow what lies there.
pub(super) fn looking(database: &Path) -> OpenFlags {
    if beside(database, "-wal").exists() { OpenFlags::SQLITE_OPEN_READ_ONLY } else { OpenFlags::SQLITE_OPEN_READ_WRITE }
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// Whether the file at `path` can hold a history: one that is empty, or only a first page with nothing in its log, is what a
/// failed copy or repair leaves (FAULTS S07).
pub fn may_hold_history(path: &Path) -> bool {
    const PAGE: u64 = 4_096;
    size(path) > PAGE || (size(path) > 0 && size(&beside(path, "-wal")) > 0)
}

/// Makes the tables of a new history in one step, unless another process that began at the same moment has.
fn begin(connection: &mut Connection) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if known_schema(&transaction)? == 0 {
        transaction.execute_batch(include_str!("schema.sql"))?;
        let all = migrations().pending_migrations(&transaction)?;
        transaction.pragma_update(None, "user_version", all)?;
    }
    Ok(transaction.commit()?)
}

/// Brings the schema up to date; another process that began at the same moment may do a part of it.
fn migrate(connection: &mut Connection) -> Result<()> {
    let mut pending = migrations().pending_migrations(connection)?;
    while let Err(error) = migrations().to_latest(connection) {
        // Overtaken if there is less to do than before; else it is a fault.
        let left = migrations().pending_migrations(connection)?;
        if left >= pending {
            return Err(error.into());
        }
        pending = left;
    }
    Ok(())
}

impl Store {
    /// Opens the history at `path`, creating it or bringing its schema up to date.
    ///
    /// `installation` is stored in a new database and identifies our own workbooks when they come back.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database of ours, is damaged or altered, is newer than this program, or
    /// stays locked for a minute. Nothing is changed then.
    pub fn open(path: &Path, installation: &str) -> Result<Self> {
        Self::open_patiently(path, installation, PATIENCE)
    }

    /// As [`Store::open`], waiting for a busy database no longer than `patience`.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_patiently(path: &Path, installation: &str, patience: Duration) -> Result<Self> {
        let (is_new, was_unclean) = (size(path) == 0, size(&beside(path, "-wal")) > 0);
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(patience)?;
        // What a crash left in the log stays there until we know that we may touch it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let schema = if is_new { 0 } else { known_schema(&connection)? };
        if !is_new && (was_unclean || size(path) <= ALWAYS_CHECKED) {
            integrity::structure(&connection, "quick_check")?;
        }
        let has_tables = schema == 0 && connection.prepare("SELECT 1 FROM sqlite_schema")?.exists([])?;
        // Another process may have begun the history between the two looks.
        if has_tables && known_schema(&connection)? == 0 {
            return Err(StoreError::Damaged("no history of totsugo".to_owned()));
        }
        log_ahead(&connection, patience)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        if schema == 0 {
            begin(&mut connection)?;
        }
        if migrations().pending_migrations(&connection)? > 0 {
            backup::before_upgrade(&connection, path, schema)?;
            migrate(&mut connection)?;
            connection.execute("UPDATE installation SET program = ?1", [OWN])?;
        }
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // 32 MiB of pages, and a log of as much before it is merged: a page is then written once or twice, not often.
        connection.pragma_update(None, "cache_size", -32_768)?;
        connection.pragma_update(None, "wal_autocheckpoint", 8_192)?;
        integrity::verify_newest(&connection, known_schema(&connection)?)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        // The questions asked once for each shop or file are more than the 16 that are kept otherwise.
        connection.set_prepared_statement_cache_capacity(64);
        connection.set_transaction_behavior(TransactionBehavior::Immediate);
        let known = connection.query_row("SELECT id FROM installation", [], |row| row.get::<_, String>(0));
        let installation = match known {
            Ok(id) => id,
            Err(rusqlite::Error::QueryReturnedNoRows) => {
                connection.execute("INSERT INTO installation (id, program) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1 FROM installation)", [installation, OWN])?;
                installation.to_owned()
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Self { connection, path: path.to_owned(), installation, user: String::new() })
    }

    /// Opens the copy at `path` for looking at it; nothing is changed.
    ///
    /// # Errors
    /// When it is no database of ours, damaged, or newer than this program.
    pub(super) fn look_at(path: &Path) -> Result<(Connection, usize)> {
        let connection = Connection::open_with_flags(path, looking(path))?;
        connection.busy_timeout(PATIENCE)?;
        let schema = known_schema(&connection)?;
        integrity::structure(&connection, "integrity_check")?;
        Ok((connection, schema))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a database consists of, and how many rows each table has, without regard to how the SQL is laid out.
    fn consists_of(connection: &Connection) -> Vec<(String, String)> {
        let mut parts = connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema").expect("SQL");
        let parts = parts.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect("parts");
        let mut consists_of = Vec::new();
        for part in parts {
            let (kind, name, sql): (String, String, String) = part.expect("a part");
            let words = sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<String>();
            let mut words = words.replace('(', " ( ").replace(')', " ) ").replace(',', " , ");
            if kind == "table" {
                let count = format!("SELECT count(*) FROM {name}");
                let rows: i64 = connection.query_row(&count, [], |row| row.get(0)).expect("a table");
                words.push_str(&rows.to_string());
            }
            consists_of.push((name, words.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        consists_of.sort();
        consists_of
    }

    #[test]
    fn a_new_history_is_what_the_migrations_come_to() {
        let mut upgraded = Connection::open_in_memory().expect("a database");
        migrations().to_latest(&mut upgraded).expect("migrated");
        let mut new = Connection::open_in_memory().expect("a database");
        begin(&mut new).expect("begun");
        begin(&mut new).expect("begun by another process already");
        assert_eq!(consists_of(&new), consists_of(&upgraded));
        let schema = |connection: &Connection| known_schema(connection).expect("a schema");
        assert_eq!(schema(&new), schema(&upgraded));
        assert_eq!(migrations().pending_migrations(&new), Ok(0));
    }
}
