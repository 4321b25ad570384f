//! The one place where the stages meet: inbox → read → normalise → store → reconcile → report → mail.
//!
//! Free of rules: what a row is, what a finding is and what a sheet shows is decided elsewhere.

mod ingest;
mod lock;
mod mailing;
mod message;
mod notices;
mod publish;
mod read_back;
mod reading;
mod shop_report;
mod side_by_side;
mod timing;

pub use ingest::{FileOutcome, Intake, Outcome, ingest};
pub use lock::{Lock, LockError};
pub use mailing::{send_due, state_name};
pub use notices::sentence;
pub use publish::{Issued, publish};
pub use reading::examine_file;
pub use timing::{Stage, Timings};

use crate::config::Config;
use crate::domain::dates::{Day, Period};
use crate::domain::ids::{FileDigest, ShopId};
use crate::inbox;
use crate::locale::Language;
use crate::mail;
use crate::normalise::Layout;
use crate::post::{PostError, Timeouts, Trouble};
use crate::report::json::{PeriodJson, RunJson, SCHEMA};
use crate::store::{RunRecord, Store, StoreError};
use crate::templates::{self, TemplateError};
use chrono::{DateTime, FixedOffset};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a run may use; made once, so that a run keeps the configuration it began with.
pub struct Workshop {
    /// The validated configuration.
    pub config: Config,
    /// Layouts, built in or overridden.
    pub layouts: Vec<Layout>,
    /// Mail templates, already checked.
    pub templates: mail::Templates,
    /// What time it is.
    pub now: DateTime<FixedOffset>,
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
    InUse(String),
    /// Something in the inbox is no regular file.
    NotAFile(String),
    /// A file could not be read, moved or stored.
    FileFailed {
        /// Its name.
        name: String,
        /// What the system said.
        why: String,
    },
    /// Bookings that no rule of SPEC §4.3 places.
    UnplacedBookings(Vec<String>),
    /// A source of a shop has never arrived.
    MissingExport {
        /// The shop.
        shop: ShopId,
        /// `GMO` or `Bókun`.
        source: &'static str,
    },
    /// A report has nobody to go to.
    NoRecipients(ShopId),
    /// Mail is queued and not yet sent.
    MailWaiting(u64),
    /// A recipient did not simply get the message.
    Mail(Trouble),
    /// Reports had left that the history, restored from an older copy, did not know (FAULTS S06).
    Restored(u64),
    /// The operator is told of this for the first time: who hears about which shop (FAULTS K05).
    NewRecipient(String),
}

impl Notice {
    /// Whether it makes the exit code 1; a shop without recipients is valid and merely said (FAULTS K04).
    pub const fn needs_operator(&self) -> bool {
        !matches!(self, Self::NoRecipients(_) | Self::NewRecipient(_))
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
    /// The history cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
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
        let mut layouts = Vec::new();
        for file in templates::layouts(&config.paths.templates)? {
            layouts.push(Layout::parse(&file.name, &file.text).map_err(PreparationError::Layout)?);
        }
        let templates = templates::mail(&config.paths.templates, config.language)?;
        Ok(Self { config, layouts, templates, now })
    }

    /// Today's business date in JST.
    pub fn today(&self) -> Day {
        Day::from_naive(self.now.date_naive())
    }

    /// What time it is as it stands in the history: RFC 3339 to the second, in JST.
    pub fn stamp(&self) -> String {
        self.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    }

    /// The language of workbook, mail and messages.
    pub const fn language(&self) -> Language {
        self.config.language
    }

    /// Opens the history; a rehearsal gets a throw-away copy.
    ///
    /// # Errors
    /// When it cannot be opened or copied.
    pub fn open_store(&self, effect: Effect) -> Result<OpenStore, RunError> {
        let database = &self.config.paths.database;
        let io_error = |source| RunError::Io { path: database.clone(), source };
        let installation = self.new_installation();
        match effect {
            Effect::Real => {
                if let Some(folder) = database.parent() {
                    crate::durable::create_folder(folder).map_err(io_error)?;
                }
                Ok(OpenStore { store: Store::open(database, &installation)?, _copy: None })
            }
            Effect::Rehearsal => {
                let folder = tempfile::tempdir().map_err(io_error)?;
                let copy = folder.path().join("totsugo.db");
                if database.exists() {
                    Store::copy(database, &copy)?;
                }
                Ok(OpenStore { store: Store::open(&copy, &installation)?, _copy: Some(folder) })
            }
        }
    }

    /// The id a new history gets: out of the shops and the sender, so that the same merchant's workbooks are the same
    /// bytes wherever they are made.
    fn new_installation(&self) -> String {
        let mut parts: Vec<&str> = self.config.shops.iter().map(|shop| shop.shop.id.as_str()).collect();
        parts.sort_unstable();
        parts.push(&self.config.mail.from);
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
pub fn run(workshop: &Workshop, order: &Order) -> Result<Report, RunError> {
    let timings = Timings::start();
    let mut open = workshop.open_store(order.effect)?;
    let store = &mut open.store;
    let record = RunRecord { started: workshop.stamp(), period: order.period, as_of: order.as_of };
    let scan = timings.of(Stage::Look, || {
        inbox::scan(
            &workshop.config.paths.inbox,
            workshop.config.intake.sentinel.as_deref(),
            Duration::from_secs(workshop.config.intake.settle_seconds),
        )
    })?;
    let found = mailing::recover(workshop, store)?;
    let Intake { files, mut notices } = ingest(workshop, store, &scan, order.effect, &timings)?;
    let (number, name) = store.begin_run(&record)?;
    notices.extend(found);
    let mut published = publish(workshop, store, number, &record, order, &timings)?;
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
        period: PeriodJson { from: order.period.from().to_string(), to: order.period.to().to_string() },
        as_of: order.as_of.to_string(),
        files: files.iter().map(FileOutcome::json).collect(),
        shops: published.shops,
        exit_code,
        timings_ms: timings.json(),
    };
    Ok(Report { json, issued: published.issued, notices, failures: published.failures })
}
