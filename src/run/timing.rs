//! A run as it goes on: how long each stage took (`timings_ms` of `--json`), and what is being done, for who watches.

use crate::domain::ids::ShopId;
use crate::report::json::TimingsJson;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stage of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Two looks at the inbox, with the wait between them.
    Look,
    /// Reading, hashing, decoding, parsing and normalising.
    Read,
    /// Storing rows, dispositions and control totals.
    Store,
    /// Moving originals to the archive.
    Archive,
    /// Reading the history.
    Load,
    /// Matching, verdicts, sales and proof; summed over the shops, which are worked out side by side.
    Reconcile,
    /// Writing sheets; summed over the shops.
    Render,
    /// Reading finished workbooks back before they are mailed; summed over the shops.
    ReadBack,
    /// Composing messages; summed over the shops.
    Compose,
    /// Writing workbooks, history and outbox.
    Save,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// So much is about to be taken in.
    TakingIn {
        /// Files.
        files: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// This file's turn has come.
    File(String),
    /// Its bytes are read; nothing is stored.
    FileRead,
    /// What became of it is in the history; it lies in the inbox still.
    FileKnown,
    /// A file of so many bytes was dealt with, or left for the next time.
    FileDone(u64),
    /// The history is being read.
    Reading,
    /// The reports of so many shops are being worked out.
    Reporting(u64),
    /// A shop's report is being worked out; told by the thread that does it.
    Shop(ShopId),
    /// One shop's report is saved.
    ShopDone,
}

/// Somebody who watches a run.
pub type Watcher<'w> = Box<dyn Fn(Step) + Sync + 'w>;

/// Stopwatches of all stages, which may run on several threads at once, and who is told of every step.
pub struct Timings<'w> {
    started: Instant,
    nanoseconds: [AtomicU64; 10],
    watcher: Option<Watcher<'w>>,
}

impl<'w> Timings<'w> {
    /// All at zero, and the clock of the whole run started.
    pub fn start() -> Self {
        Self { started: Instant::now(), nanoseconds: Default::default(), watcher: None }
    }

    /// As [`Timings::start`], with somebody who is told of every step.
    pub fn watched(watcher: Watcher<'w>) -> Self {
        Self { watcher: Some(watcher), ..Self::start() }
    }

    /// Tells who watches.
    pub fn tell(&self, step: Step) {
        if let Some(watcher) = &self.watcher {
            watcher(step);
        }
    }

    /// Does `work` and adds its time to `stage`.
    pub fn of<R>(&self, stage: Stage, work: impl FnOnce() -> R) -> R {
        let started = Instant::now();
        let result = work();
        let spent = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some(sum) = self.nanoseconds.get(stage as usize) {
            sum.fetch_add(spent, Ordering::Relaxed);
        }
        result
    }

    /// What was measured so far.
    pub fn json(&self) -> TimingsJson {
        let of = |stage: Stage| {
            let sum = self.nanoseconds.get(stage as usize).map_or(0, |sum| sum.load(Ordering::Relaxed));
            milliseconds(Duration::from_nanos(sum))
        };
        TimingsJson {
            look: of(Stage::Look),
            read: of(Stage::Read),
            store: of(Stage::Store),
            archive: of(Stage::Archive),
            load: of(Stage::Load),
            reconcile: of(Stage::Reconcile),
            render: of(Stage::Render),
            read_back: of(Stage::ReadBack),
            compose: of(Stage::Compose),
            save: of(Stage::Save),
            total: milliseconds(self.started.elapsed()),
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
