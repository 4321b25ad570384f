//! The one place where the stages meet: inbox → read → normalise → store → reconcile → report → mail.
//!
//! Free of rules: what a row is, what a finding is and what a sheet shows is decided elsewhere.

mod ahead;
mod clean;
mod exports;
mod ingest;
mod lasting;
mod lock;
mod looking;
mod mailing;
mod message;
mod notices;
mod own;
mod placing;
mod publish;
mod read_back;
mod reading;
mod remembered;
mod returned;
mod shop_report;
mod side_by_side;
mod timing;
mod words;

pub use clean::{Removable, removable, remove};
pub use exports::exports_not_in;
pub use ingest::{FileOutcome, Intake, ingest};
pub use lasting::{Remaining, inbox_trouble, remaining};
pub use lock::{Lock, LockError};
pub use mailing::{deliveries, is_stuck, send_due, state_name, tell_intake};
pub use notices::sentence;
pub use own::{OwnPlace, is_sentinel, own_place};
pub use placing::{Placed, place};
pub use publish::{Issued, publish};
pub use reading::examine_file;
pub use timing::{Stage, Step, Timings, Watcher};
pub use words::{inbox_words, os_words, stopped_words, store_words};

use crate::clock;
use crate::config::Config;
use crate::domain::dates::{Day, Period, stamp};
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::intake::Outcome;
use crate::inbox;
use crate::locale::Language;
use crate::mail;
use crate::normalise::Layout;
use crate::post::{PostError, Stop, Timeouts, Trouble};
use crate::report::json::{RunJson, SCHEMA};
use crate::schedule::Slot;
use crate::store::{self, RunRecord, Store, StoreError};
use crate::templates::{self, TemplateError};
use chrono::{DateTime, FixedOffset, Utc};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything a run may use; made once, so that a run keeps the configuration it began with.
#[derive(Clone)]
pub struct Workshop {
    /// The validated configuration.
    pub config: Config,
    /// Layouts, built in or overridden.
    pub layouts: Vec<Layout>,
    /// Mail templates, already checked.
    pub templates: mail::Templates,
    /// What time it is.
    pub now: DateTime<FixedOffset>,
    /// The account that works here, for the trail of acts.
    pub user: String,
    /// Names the remote file system a path lies on, if it is one; replaced in tests.
    pub remote: fn(&Path) -> Option<&'static str>,
    /// Whether mail is left for the next start.
    pub stop: Stop,
}

/// What a run is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The period.
    pub period: Period,
    /// The as-of date.
    pub as_of: Day,
    /// Only these shops; all if empty.
    pub shops: Vec<ShopId>,
    /// Whether anything may change.
    pub effect: Effect,
    /// Whether a new revision is issued even if no figure changed.
    pub reissue: bool,
    /// Whether reports are mailed.
    pub mail: bool,
    /// The slot of a schedule that the run is for; `None` if a person asked for it.
    pub slot: Option<SlotOrder>,
}

/// The slot that a run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotOrder {
    /// The slot.
    pub slot: Slot,
    /// Whether it begins long after its planned time (遅延).
    pub is_late: bool,
}

/// Whether a run changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Files move, the history grows, reports are written.
    Real,
    /// `--dry-run`: everything is worked out on a throw-away copy of the history, nothing is written.
    Rehearsal,
}

/// Something the operator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A file is still being written and was left where it is.
    StillGrowing(String),
    /// A file is open in a spreadsheet program, whose lock file lies beside it.
    InUse {
        /// Its name.
        name: String,
        /// Whether that has lasted so long that somebody must close it (FAULTS A03).
        is_long: bool,
    },
    /// A file was taken in or is held, and cannot be moved out of the inbox (FAULTS A13).
    CannotLeave {
        /// Its name.
        name: String,
        /// Whether it is held.
        is_held: bool,
        /// What the system said.
        why: String,
        /// Whether a person was told within the last day.
        was_told: bool,
    },
    /// Something in the inbox is no regular file.
    NotAFile(String),
    /// A file could not be read, moved or stored.
    FileFailed {
        /// Its name.
        name: String,
        /// What the system said.
        why: String,
    },
    /// Notes in a returned workbook that are not believed, a sentence each; the rest of it was taken in.
    NotesRefused(Vec<String>),
    /// Rejected rows that `max_rejects` tolerates, a sentence each; the rest of the file counts.
    RowsRejected(Vec<String>),
    /// Bookings that no rule of SPEC §4.3 places.
    UnplacedBookings(Vec<String>),
    /// A source of a shop has never arrived.
    MissingExport {
        /// The shop.
        shop: ShopId,
        /// `GMO-PG` or `Bókun`.
        source: &'static str,
    },
    /// The export of the day of a shop was not in when the slot ran (FAULTS A20).
    ExportNotIn(ShopId),
    /// The slot planned at this time ran late (FAULTS C01).
    Late {
        /// The schedule.
        schedule: String,
        /// The planned time, RFC 3339 in JST.
        planned: String,
    },
    /// A report has nobody to go to.
    NoRecipients(ShopId),
    /// The workbook of the revision that holds is not where it was issued.
    WorkbookGone {
        /// The shop.
        shop: ShopId,
        /// Where it was, relative to the configuration's folder.
        workbook: String,
    },
    /// Mail is queued and not yet sent.
    MailWaiting(u64),
    /// Mail was refused, or may not have arrived, and nobody has sent it again or settled it yet (FAULTS M04, M10).
    MailUndelivered(u64),
    /// A recipient did not simply get the message.
    Mail(Trouble),
    /// Reports had left that the history, restored from an older copy, did not know (FAULTS S06).
    Restored(u64),
    /// The operator is told of this for the first time: who hears about which shop (FAULTS K05).
    NewRecipient(String),
}

impl Notice {
    /// Whether it makes the exit code 1; a shop without recipients is valid and rows may be tolerated: merely said (FAULTS
    /// K04).
    pub const fn needs_operator(&self) -> bool {
        !matches!(self, Self::NoRecipients(_) | Self::NewRecipient(_) | Self::Late { .. } | Self::RowsRejected(_))
    }

    /// Whether a person was told of the same within the last day, so that it need not be said in full again.
    pub const fn was_told(&self) -> bool {
        matches!(self, Self::CannotLeave { was_told: true, .. })
    }
}

/// What a run did.
#[derive(Debug)]
pub struct Report {
    /// The document of SPEC §9.
    pub json: RunJson,
    /// What was issued, shop by shop.
    pub issued: Vec<Issued>,
    /// What needs the operator.
    pub notices: Vec<Notice>,
    /// Shops whose proof does not balance or whose report failed, with the reason.
    pub failures: Vec<(ShopId, String)>,
}

/// What stops a run as a whole: exit code 3.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The drop folder is not available.
    #[error(transparent)]
    Inbox(#[from] inbox::InboxError),
    /// The clock stands before what was recorded already, or before this version was made (FAULTS C04).
    #[error("the clock says {now}, but {latest} has been seen")]
    Clock {
        /// What the clock says.
        now: String,
        /// The latest time known.
        latest: String,
    },
    /// The history cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database lies on a file system of another machine (FAULTS S04): exit code 2.
    #[error("{}: a database must not lie on {kind}", path.display())]
    RemoteDatabase {
        /// The database.
        path: PathBuf,
        /// The file system.
        kind: &'static str,
    },
    /// The database is gone or empty while what came out of it is there (FAULTS S07).
    #[error("{}: missing or empty, while {} holds files", path.display(), folder.display())]
    DatabaseMissing {
        /// The database.
        path: PathBuf,
        /// The folder that shows that there was a history.
        folder: PathBuf,
    },
    /// Mail cannot be handled.
    #[error(transparent)]
    Post(#[from] PostError),
    /// A file or folder cannot be used.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What keeps a run from starting: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum PreparationError {
    /// A template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A layout cannot be used.
    #[error("{0}")]
    Layout(crate::normalise::LayoutError),
}

impl Workshop {
    /// Loads layouts and templates for `config`.
    ///
    /// # Errors
    /// When an override is broken; there is never a quiet fall-back to the built-in (FAULTS K10).
    pub fn prepare(config: Config, now: DateTime<FixedOffset>) -> Result<Self, PreparationError> {
        templates::check_places(&config.paths.templates, config.language)?;
        let mut layouts: Vec<Layout> = Vec::new();
        for file in templates::layouts(&config.paths.templates)? {
            let layout = Layout::parse(&file.name, &file.text).map_err(PreparationError::Layout)?;
            // A copy beside the built-in one: every export would fit both and be held.
            if let Some(known) = layouts.iter().find(|known| known.name() == layout.name()) {
                return Err(PreparationError::Layout(layout.named_like(known, &file.name, &file.text)));
            }
            layouts.push(layout);
        }
        let templates = templates::mail(&config.paths.templates, config.language)?;
        let (user, remote, stop) = (String::new(), store::remote_file_system, Stop::default());
        Ok(Self { config, layouts, templates, now, user, remote, stop })
    }

    /// The same, at another time.
    #[must_use]
    pub fn at(&self, now: DateTime<FixedOffset>) -> Self {
        Self { now, ..self.clone() }
    }

    /// Checks that the clock can be right, and notes the time (FAULTS C04).
    ///
    /// # Errors
    /// [`RunError::Clock`] if it cannot, or when the history cannot be used.
    pub fn check_clock(&self, store: &Store) -> Result<(), RunError> {
        let now = self.now.with_timezone(&Utc);
        let released = clock::released();
        let latest = if now < released { Some(released) } else { store.see_clock(now)? };
        match latest {
            None => Ok(()),
            Some(latest) => Err(RunError::Clock { now: stamp(now), latest: stamp(latest) }),
        }
    }

    /// Today's business date in JST.
    pub fn today(&self) -> Day {
        Day::from_naive(self.now.date_naive())
    }

    /// What time it is as it stands in the history: RFC 3339 to the second, in JST.
    pub fn stamp(&self) -> String {
        stamp(self.now)
    }

    /// The language of workbook, mail and messages.
    pub const fn language(&self) -> Language {
        self.config.language
    }

    /// Opens the history; a rehearsal gets a throw-away copy.
    ///
    /// # Errors
    /// When it cannot be opened or copied, lies where it must not, or is gone while its files are there.
    pub fn open_store(&self, effect: Effect) -> Result<OpenStore, RunError> {
        self.check_place()?;
        self.check_presence()?;
        self.open_or_begin(effect)
    }

    /// Opens the history, beginning a new one where there is none: for a person who takes named files in again.
    ///
    /// # Errors
    /// When it cannot be opened, or lies where it must not.
    pub fn open_or_begin_store(&self) -> Result<OpenStore, RunError> {
        self.check_place()?;
        self.open_or_begin(Effect::Real)
    }

    /// FAULTS S04.
    ///
    /// # Errors
    /// When the database lies on a file system of another machine.
    pub fn check_place(&self) -> Result<(), RunError> {
        let path = &self.config.paths.database;
        (self.remote)(path).map_or(Ok(()), |kind| Err(RunError::RemoteDatabase { path: path.clone(), kind }))
    }

    /// FAULTS S07: a history is not begun quietly where there has been one.
    ///
    /// # Errors
    /// When the database is missing or empty while the archive or the reports hold files.
    pub fn check_presence(&self) -> Result<(), RunError> {
        let paths = &self.config.paths;
        let is_used = |folder: &&PathBuf| match std::fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_some(),
            // Who cannot look must not take it for empty.
            Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        };
        if store::may_hold_history(&paths.database) {
            return Ok(());
        }
        [&paths.archive, &paths.reports].into_iter().find(is_used).map_or(Ok(()), |folder| {
            Err(RunError::DatabaseMissing { path: paths.database.clone(), folder: folder.clone() })
        })
    }

    fn open_or_begin(&self, effect: Effect) -> Result<OpenStore, RunError> {
        let database = &self.config.paths.database;
        let io_error = |source| RunError::Io { path: database.clone(), source };
        let installation = self.new_installation();
        let (mut store, copy) = match effect {
            Effect::Real => {
                if let Some(folder) = database.parent() {
                    crate::durable::create_folder(folder).map_err(io_error)?;
                }
                (Store::open(database, &installation)?, None)
            }
            Effect::Rehearsal => {
                let folder = tempfile::tempdir().map_err(io_error)?;
                let copy = folder.path().join("totsugo.db");
                if database.exists() {
                    Store::copy(database, &copy)?;
                }
                (Store::open(&copy, &installation)?, Some(folder))
            }
        };
        store.acting_as(&self.user);
        Ok(OpenStore { store, _copy: copy })
    }

    /// The id a new history gets: out of the shops and the sender, so that the same merchant's workbooks are the same
    /// bytes wherever they are made.
    fn new_installation(&self) -> String {
        let mut parts: Vec<&str> = self.config.shops.iter().map(|shop| shop.shop.id.as_str()).collect();
        parts.sort_unstable();
        parts.push(self.config.mail.from.written());
        FileDigest::of(parts.join("\0").as_bytes()).to_string().chars().take(16).collect()
    }
}

/// The open history, with the folder of its throw-away copy if it is one.
pub struct OpenStore {
    /// The history.
    pub store: Store,
    _copy: Option<tempfile::TempDir>,
}

/// Takes in what lies in the inbox, then reports: the whole of `totsugo run`.
///
/// # Errors
/// When the inbox, the history or a folder cannot be used. A shop that fails alone is in [`Report::failures`].
pub fn run(workshop: &Workshop, order: &Order, timings: &Timings<'_>) -> Result<Report, RunError> {
    let mut open = workshop.open_store(order.effect)?;
    let store = &mut open.store;
    if order.effect == Effect::Real {
        workshop.check_clock(store)?;
        // Which configuration a run had is the last one before it in the trail.
        store.log_if_new(&workshop.stamp(), "configuration", "totsugo.toml", &workshop.config.digest)?;
    }
    let record = RunRecord { started: workshop.stamp(), period: order.period, as_of: order.as_of };
    let scan = timings.of(Stage::Look, || {
        inbox::scan(
            &workshop.config.paths.inbox,
            workshop.config.intake.sentinel.as_deref(),
            Duration::from_secs(workshop.config.intake.settle_seconds),
        )
    })?;
    let found = mailing::recover(workshop, store)?;
    let Intake { files, mut notices } = ingest(workshop, store, &scan, order.effect, timings)?;
    let (number, name) = store.begin_run(&record)?;
    notices.extend(found);
    if let Some(of) = &order.slot {
        store.link_run(number, &of.slot)?;
        notices.extend(slot_notices(workshop, store, of)?);
    }
    let mut published = publish(workshop, store, number, &record, order, timings)?;
    notices.append(&mut published.notices);
    if order.effect == Effect::Real {
        let mailed = mailing::send(workshop, store, order, &notices, &mut published, Timeouts::RFC)?;
        notices.extend(mailed);
    }
    let held = !store.held()?.is_empty() || files.iter().any(|file| file.outcome == Outcome::Held);
    let exit_code =
        if !published.failures.is_empty() { 3 } else { i32::from(held || notices.iter().any(Notice::needs_operator)) };
    store.end_run(
        number,
        if exit_code == 3 {
            "failed"
        } else if exit_code == 1 {
            "problems"
        } else {
            "completed"
        },
    )?;
    let json = RunJson {
        schema: SCHEMA,
        run: name,
        period: order.period.into(),
        as_of: order.as_of.to_string(),
        files: files.iter().map(FileOutcome::json).collect(),
        shops: published.shops,
        exit_code,
        timings_ms: timings.json(),
    };
    Ok(Report { json, issued: published.issued, notices, failures: published.failures })
}

/// What a run for a slot says besides its reports: that it is late, and which shops' exports of the day are not in.
fn slot_notices(workshop: &Workshop, store: &Store, of: &SlotOrder) -> Result<Vec<Notice>, StoreError> {
    let planned = stamp(of.slot.planned);
    let late = of.is_late.then(|| Notice::Late { schedule: of.slot.schedule.clone(), planned });
    let missing = exports_not_in(workshop, store, &of.slot)?.into_iter().map(Notice::ExportNotIn);
    Ok(late.into_iter().chain(missing).collect())
}
