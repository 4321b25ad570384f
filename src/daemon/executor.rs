//! Works off the ledger, one slot at a time, in a fixed order (FAULTS C08, C09). Blocking; knows nothing of threads.

use super::alerts::{self, Alert, Standing};
use super::beacon;
use crate::domain::dates::stamp;
use crate::domain::ids::ShopId;
use crate::inbox::{self, InboxError};
use crate::locale::pick;
use crate::post::Timeouts;
use crate::run::{self, Effect, Lock, LockError, Notice, Order, Report, RunError, SlotOrder, Timings, Workshop};
use crate::schedule::{self, INBOX_REST, LATE_AFTER, MAX_ATTEMPTS, Schedule};
use crate::store::{LedgerSlot, SlotEnd, SlotState, Store};
use chrono::{DateTime, Utc};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How long to rest between two tries for the lock that a run by hand holds.
const LOCK_REST: Duration = Duration::from_millis(200);

/// What [`Executor::work`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A slot was tried; there may be more.
    Slot,
    /// Nothing is due now.
    Nothing,
}

/// Works off open slots.
#[derive(Debug, Default)]
pub struct Executor {
    /// What kept it from working since it last could.
    broken: Vec<Alert>,
    standing: Standing,
}

impl Executor {
    /// Tries the first slot that is due.
    ///
    /// `stops` says whether to leave off waiting. `progressed` hears of every file and every shop that a run comes to,
    /// and of every pass of a wait that is meant to last: a hang is silence (FAULTS C10).
    pub fn work(
        &mut self,
        workshop: &Workshop,
        schedules: &[Schedule],
        stops: &dyn Fn() -> bool,
        progressed: &(dyn Fn() + Sync),
    ) -> Work {
        let job = Job { workshop, schedules, stops, progressed, inbox: Cell::new(None) };
        let done = job.first_due();
        if let Some(looked) = job.inbox.take() {
            let alert = |error| Alert::Inbox { why: run::inbox_words(workshop.language(), &error) };
            self.standing.are(workshop, "inbox", looked.err().map(alert).into_iter().collect());
        }
        match done {
            Ok(did) => {
                self.broken.clear();
                self.standing.are(workshop, "work", Vec::new());
                did
            }
            Err(error) => {
                // Each is told once, also where two of them take turns; the look each minute leads here again.
                let alert = Alert::Ledger { why: run::stopped_words(workshop.language(), &error) };
                if !self.broken.contains(&alert) {
                    self.broken.push(alert);
                }
                self.standing.are(workshop, "work", self.broken.clone());
                Work::Nothing
            }
        }
    }
}

/// One pass over the ledger.
struct Job<'a> {
    workshop: &'a Workshop,
    schedules: &'a [Schedule],
    stops: &'a dyn Fn() -> bool,
    progressed: &'a (dyn Fn() + Sync),
    /// Whether the inbox was available, if it was looked into.
    inbox: Cell<Option<Result<(), InboxError>>>,
}

impl Job<'_> {
    fn first_due(&self) -> Result<Work, RunError> {
        let mut open = self.workshop.open_store(Effect::Real)?;
        let store = &mut open.store;
        if let Err(error) = self.workshop.check_clock(store) {
            // The look tells of a wrong clock.
            return if matches!(error, RunError::Clock { .. }) { Ok(Work::Nothing) } else { Err(error) };
        }
        let now = self.workshop.now.with_timezone(&Utc);
        store.skip_orphans(now)?;
        self.errands(store);
        self.send_due(store)?;
        // Slots of one schedule run in their order: one that rests or waits holds back those behind it.
        let mut held_back: BTreeSet<String> = BTreeSet::new();
        for ledger in store.open_slots()? {
            let name = &ledger.slot.schedule;
            if (self.stops)() || held_back.contains(name) {
                continue;
            }
            let Some(schedule) = self.schedules.iter().find(|schedule| schedule.name == *name) else { continue };
            let may_begin = ledger.not_before <= now && self.is_ready(store, schedule, &ledger, now)?;
            if !may_begin {
                held_back.insert(name.clone());
                continue;
            }
            let Some(_lock) = self.lock()? else { return Ok(Work::Nothing) };
            return self.attempt(store, schedule, &ledger).map(|()| Work::Slot);
        }
        Ok(Work::Nothing)
    }

    /// Whether a slot need not wait for exports any more: all are in, or its time is up (FAULTS C14).
    fn is_ready(
        &self,
        store: &mut Store,
        schedule: &Schedule,
        ledger: &LedgerSlot,
        now: DateTime<Utc>,
    ) -> Result<bool, RunError> {
        let Some(until) = schedule.waits_until(ledger.slot.planned) else { return Ok(true) };
        if now >= until || ledger.attempts > 0 {
            return Ok(true);
        }
        // What lies in the inbox may be what is waited for. A run by hand that holds the lock takes it in as well.
        match Lock::take(&self.workshop.config.paths.database) {
            Ok(_lock) => match self.take_in(store) {
                Err(RunError::Inbox(error)) => {
                    self.inbox.set(Some(Err(error)));
                    return Ok(false);
                }
                taken => {
                    taken?;
                    self.inbox.set(Some(Ok(())));
                }
            },
            Err(LockError::Taken) => return Ok(false),
            Err(error) => return Err(self.lock_error(error)),
        }
        Ok(run::exports_not_in(self.workshop, store, &ledger.slot)?.is_empty())
    }

    /// Takes in what lies in the inbox, without reporting.
    fn take_in(&self, store: &mut Store) -> Result<(), RunError> {
        let config = &self.workshop.config;
        let settle = Duration::from_secs(config.intake.settle_seconds);
        let scan = inbox::scan(&config.paths.inbox, config.intake.sentinel.as_deref(), settle)?;
        let intake = run::ingest(self.workshop, store, &scan, Effect::Real, &self.timings())?;
        self.log(&run::tell_intake(self.workshop, store, intake)?);
        Ok(())
    }

    /// Logs what was found; of entries that do not count only how many they are, as they may hold figures (FAULTS G07).
    fn log<'n>(&self, notices: impl IntoIterator<Item = &'n Notice>) {
        for notice in notices {
            if let Notice::NotesRefused(entries) | Notice::RowsRejected(entries) = notice {
                tracing::warn!(entries = entries.len(), "entries of a file do not count");
            } else {
                tracing::warn!("{}", run::sentence(self.workshop.language(), notice));
            }
        }
    }

    /// Takes the lock that runs by hand take too, waiting for them; `None` if the daemon is to stop.
    fn lock(&self) -> Result<Option<Lock>, RunError> {
        loop {
            match Lock::take(&self.workshop.config.paths.database) {
                Ok(lock) => return Ok(Some(lock)),
                Err(LockError::Taken) if (self.stops)() => return Ok(None),
                Err(LockError::Taken) => {
                    (self.progressed)();
                    std::thread::sleep(LOCK_REST);
                }
                Err(error) => return Err(self.lock_error(error)),
            }
        }
    }

    fn lock_error(&self, error: LockError) -> RunError {
        let path = self.workshop.config.paths.database.with_extension("lock");
        match error {
            LockError::Io { path, source } => RunError::Io { path, source },
            LockError::Taken => RunError::Io { path, source: std::io::ErrorKind::WouldBlock.into() },
        }
    }

    /// One attempt at a slot, recorded before it begins and when it ends.
    fn attempt(&self, store: &mut Store, schedule: &Schedule, ledger: &LedgerSlot) -> Result<(), RunError> {
        let slot = &ledger.slot;
        let (attempts, end) = if ledger.state == SlotState::Running && ledger.attempts >= MAX_ATTEMPTS {
            // Every attempt ended with its process: one more would do no better.
            let ja = "試すたびに、途中でプロセスが終了しました";
            let why = pick(self.workshop.language(), ja, "the process ended during each attempt").to_owned();
            (ledger.attempts, SlotEnd::Failed { why, shops: Vec::new() })
        } else {
            let Some(attempt) = store.begin_slot(slot)? else { return Ok(()) };
            let planned = stamp(slot.planned);
            tracing::info!(schedule = slot.schedule, slot = planned, attempt, "slot begins");
            let end = match store.finished_run_of(slot)? {
                Some(needs_operator) => SlotEnd::Done { needs_operator },
                None => self.run(schedule, ledger),
            };
            (attempt, end)
        };
        if let SlotEnd::Failed { why, shops } = &end
            && attempts >= MAX_ATTEMPTS
        {
            // Before the slot is closed: killed in between, the next process closes it and finds that it was told.
            let (schedule, planned) = (slot.schedule.clone(), stamp(slot.planned));
            let (shops, why) = (shops.clone(), why.clone());
            alerts::tell(self.workshop, &Alert::SlotFailed { schedule, planned, shops, why });
        }
        let now = self.workshop.now.with_timezone(&Utc);
        let rest = match end {
            SlotEnd::Postponed { .. } => INBOX_REST,
            SlotEnd::Done { .. } | SlotEnd::Failed { .. } => schedule::retry_after(ledger.attempts.saturating_add(1)),
        };
        let state = store.end_slot(slot, &end, MAX_ATTEMPTS, now, now + rest)?;
        tracing::info!(schedule = slot.schedule, slot = stamp(slot.planned), state = state.as_str(), "slot ends");
        self.errands(store);
        match end {
            SlotEnd::Done { .. } => beacon::ping(&self.workshop.config.daemon),
            SlotEnd::Failed { .. } if state == SlotState::Failed => {}
            SlotEnd::Failed { why, shops } => {
                let shops = shops.iter().map(ShopId::as_str).collect::<Vec<_>>().join(",");
                tracing::warn!(why, shops, "the slot is tried again later");
            }
            SlotEnd::Postponed { why } => tracing::warn!(why, "the slot stays due"),
        }
        Ok(())
    }

    /// What is to be done after every slot and every minute besides.
    fn errands(&self, store: &Store) {
        let names: Vec<String> = self.schedules.iter().map(|schedule| schedule.name.clone()).collect();
        beacon::write_metrics(&self.workshop.config.daemon, store, &names);
    }

    /// Sends mail that a retry is due for, and what the operator is told (SPEC §7); a run by hand goes first.
    ///
    /// The lock is taken only where something is due: an idle daemon stands in nobody's way (FAULTS S09).
    fn send_due(&self, store: &mut Store) -> Result<(), RunError> {
        if !store.is_mail_due(self.workshop.now.timestamp())? {
            return Ok(());
        }
        let lock = Lock::take(&self.workshop.config.paths.database);
        if matches!(lock, Err(LockError::Taken)) {
            return Ok(());
        }
        let _lock = lock.map_err(|error| self.lock_error(error))?;
        self.log(&run::send_due(self.workshop, store, Timeouts::RFC)?);
        Ok(())
    }

    /// Stopwatches that tell of every step.
    fn timings(&self) -> Timings<'_> {
        Timings::watched(Box::new(|_| (self.progressed)()))
    }

    /// The run of a slot. A panic in it is a failed attempt and nothing more (FAULTS G04).
    fn run(&self, schedule: &Schedule, ledger: &LedgerSlot) -> SlotEnd {
        let slot = &ledger.slot;
        let due = schedule.waits_until(slot.planned).unwrap_or(slot.planned);
        let order = Order {
            period: slot.period,
            as_of: slot.as_of,
            shops: ledger.shops.clone(),
            effect: Effect::Real,
            reissue: false,
            mail: schedule.mail,
            slot: Some(SlotOrder {
                slot: slot.clone(),
                is_late: self.workshop.now.with_timezone(&Utc) - due > LATE_AFTER,
            }),
        };
        let ended = catch_unwind(AssertUnwindSafe(|| run::run(self.workshop, &order, &self.timings())));
        if let Ok(Ok(report)) = &ended {
            self.inbox.set(Some(Ok(())));
            // While mail does not leave, nothing but the log and `status` can say why.
            self.log(report.notices.iter().filter(|notice| matches!(notice, Notice::Mail(_))));
        }
        match ended {
            Ok(Ok(report)) if report.failures.is_empty() => {
                tracing::info!(run = report.json.run, notices = report.notices.len(), "run ends");
                SlotEnd::Done { needs_operator: report.json.exit_code != 0 }
            }
            Ok(Ok(report)) => self.failed_shops(&report),
            Ok(Err(RunError::Inbox(error))) => {
                let why = run::inbox_words(self.workshop.language(), &error);
                self.inbox.set(Some(Err(error)));
                SlotEnd::Postponed { why }
            }
            Ok(Err(error)) => {
                let why = run::stopped_words(self.workshop.language(), &error);
                SlotEnd::Failed { why, shops: Vec::new() }
            }
            Err(_) => SlotEnd::Failed {
                why: pick(self.workshop.language(), "内部エラー", "internal error").to_owned(),
                shops: Vec::new(),
            },
        }
    }

    /// The shops that failed, without the reasons: those may hold figures, which no log does (FAULTS G07).
    fn failed_shops(&self, report: &Report) -> SlotEnd {
        let shops: Vec<ShopId> = report.failures.iter().map(|(shop, _)| shop.clone()).collect();
        SlotEnd::Failed {
            why: pick(self.workshop.language(), "レポートを発行できませんでした", "no report was issued").to_owned(),
            shops,
        }
    }
}
