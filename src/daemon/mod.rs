//! Nights without anyone watching (SPEC §8): looks at what is due, runs it, and says that it lives.
//!
//! The slot ledger in `store` decides what is due and what is done; the ticker only wakes. Runs are blocking work beside
//! the async threads. Nothing here knows what a run does.

mod alerts;
mod beacon;
mod executor;
mod log;
mod ticker;
mod watch;

pub use alerts::{Alert, runs_nothing};
pub use executor::{Executor, Work};
pub use log::{LogError, start_log};
pub use watch::Watch;

use crate::config::ConfigError;
use crate::post::Stop;
use crate::run::{Effect, LockError, RunError, Workshop};
use crate::schedule::Schedule;
use chrono::{DateTime, FixedOffset};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{self, MissedTickBehavior};

/// How long after a stop signal a run may still come to its end, and a mail to the reply after its final dot; what is cut
/// off is resumed at the next start. A stop may take ten seconds (FAULTS G01).
const GRACE: Duration = Duration::from_secs(8);

/// How often the ledger is looked at whether the ticker fires or not.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Where the time comes from.
pub type Clock = Arc<dyn Fn() -> DateTime<FixedOffset> + Send + Sync>;

/// What the daemon is given.
pub struct Service {
    /// The configuration, layouts and templates it starts with.
    pub workshop: Workshop,
    /// Reads them again, for SIGHUP; what it says is told if that fails.
    pub reload: Box<dyn Fn() -> Result<Workshop, String> + Send + Sync>,
    /// Where the time comes from.
    pub clock: Clock,
}

/// Why the daemon ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Schedules are not valid: exit code 2.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Schedules(Vec<ConfigError>),
    /// Another daemon, or the lock file: exit code 4 or 3.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The history cannot be used: exit code 3.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Threads or signals are not to be had: exit code 3.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A worker ended unasked (FAULTS G04): exit code 3, so that the service manager starts it anew.
    #[error("a worker of the daemon ended unasked: {0}")]
    WorkerDied(String),
}

/// What the parts of the daemon share.
struct Shared {
    workshop: Mutex<Arc<Workshop>>,
    schedules: Mutex<Vec<Schedule>>,
    clock: Clock,
    stop: Stop,
    progress: AtomicU64,
}

impl Shared {
    /// What everybody works with now; a run keeps what it began with (FAULTS K11).
    fn workshop(&self) -> Arc<Workshop> {
        Arc::clone(&lock(&self.workshop))
    }

    /// The same at this moment.
    fn workshop_now(&self) -> Workshop {
        Workshop { stop: self.stop.clone(), ..self.workshop().at((self.clock)()) }
    }

    /// Something was finished: what feeds the watchdog.
    fn progressed(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// The content of a lock whatever happened to its last holder: what is in it is replaced whole, never half.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the schedules until a signal stops it.
///
/// # Errors
/// When it cannot start, or a part of it ended unasked.
pub fn serve(service: Service) -> Result<(), DaemonError> {
    let _lock = crate::run::Lock::take_as_daemon(&service.workshop.config.paths.database)?;
    drop(service.workshop.open_store(Effect::Real)?);
    let mut watch = Watch::default();
    let config = &service.workshop.config;
    let problems = watch.read(&config.paths.schedules, &config.calendar, config.language);
    if !problems.is_empty() {
        return Err(DaemonError::Schedules(problems));
    }
    let shared = Arc::new(Shared {
        workshop: Mutex::new(Arc::new(service.workshop)),
        schedules: Mutex::new(watch.schedules()),
        clock: service.clock,
        stop: Stop::default(),
        progress: AtomicU64::new(0),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let ended = runtime.block_on(until_stopped(&shared, watch, service.reload));
    // What still blocks is abandoned: the process ends, the ledger says `running`, the next start resumes it.
    runtime.shutdown_background();
    ended
}

async fn until_stopped(
    shared: &Arc<Shared>,
    watch: Watch,
    reload: Box<dyn Fn() -> Result<Workshop, String> + Send + Sync>,
) -> Result<(), DaemonError> {
    let (wake, ticks) = (Arc::new(Notify::new()), mpsc::channel(64));
    let mut work = tokio::spawn(work(Arc::clone(shared), Arc::clone(&wake)));
    let looks = Looks { shared: Arc::clone(shared), watch, reload: Arc::from(reload), wake: Arc::clone(&wake) };
    let mut looking = tokio::spawn(looks.run(ticks.0, ticks.1));
    let ended = tokio::select! {
        signal = stop_signal() => signal.map_err(DaemonError::Io),
        ended = &mut work => Err(DaemonError::WorkerDied(format!("executor: {ended:?}"))),
        ended = &mut looking => Err(match ended {
            Ok(Err(error)) => error,
            other => DaemonError::WorkerDied(format!("looks: {:?}", other.err())),
        }),
    };
    shared.stop.set();
    beacon::stopping();
    tracing::info!("stopping");
    wake.notify_one();
    looking.abort();
    if ended.is_ok() && time::timeout(GRACE, work).await.is_err() {
        tracing::warn!("a run was cut off; it is resumed at the next start");
    }
    ended
}

/// Works off what is due, one slot at a time, whenever it is woken.
async fn work(shared: Arc<Shared>, wake: Arc<Notify>) -> Result<(), String> {
    let mut executor = Executor::default();
    loop {
        let shared_there = Arc::clone(&shared);
        let (back, did) = tokio::task::spawn_blocking(move || {
            let shared = &*shared_there;
            let schedules = lock(&shared.schedules).clone();
            let did =
                executor.work(&shared.workshop_now(), &schedules, &|| shared.stop.is_set(), &|| shared.progressed());
            (executor, did)
        })
        .await
        .map_err(|_| "panicked".to_owned())?;
        executor = back;
        shared.progressed();
        if shared.stop.is_set() {
            return Ok(());
        }
        if did == Work::Nothing {
            wake.notified().await;
        }
    }
}

/// The part that looks at schedules and clock, and wakes the other.
struct Looks {
    shared: Arc<Shared>,
    watch: Watch,
    reload: Arc<dyn Fn() -> Result<Workshop, String> + Send + Sync>,
    wake: Arc<Notify>,
}

impl Looks {
    async fn run(mut self, ticks: mpsc::Sender<()>, mut ticked: Receiver<()>) -> Result<(), DaemonError> {
        let mut ticker = ticker::Ticker::new(ticks);
        let mut hangups = Hangups::new()?;
        let mut every = time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut feeding = time::interval(beacon::feed_every().unwrap_or(LOOK_EVERY));
        feeding.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut fed, mut is_ready) = (0, false);
        loop {
            let rereads = tokio::select! {
                _ = every.tick() => false,
                Some(()) = ticked.recv() => false,
                () = hangups.next() => true,
                _ = feeding.tick() => {
                    let progress = self.shared.progress.load(Ordering::Relaxed);
                    if progress != fed {
                        beacon::feed();
                        fed = progress;
                    }
                    self.wake.notify_one();
                    continue;
                }
            };
            self = self.look(rereads).await?;
            ticker.set(self.watch.schedules()).await;
            if !is_ready {
                beacon::ready();
                let schedules = self.watch.schedules().len();
                if schedules == 0 {
                    let folder = self.shared.workshop().config.paths.schedules.display().to_string();
                    tracing::warn!(folder, "no schedule: nothing will run before there is one");
                }
                tracing::info!(schedules, "ready");
                is_ready = true;
            }
            self.wake.notify_one();
        }
    }

    /// One look, as blocking work.
    async fn look(mut self, rereads: bool) -> Result<Self, DaemonError> {
        let look = tokio::task::spawn_blocking(move || {
            if rereads {
                let database = self.shared.workshop().config.paths.database.clone();
                match (self.reload)() {
                    Ok(workshop) if workshop.config.paths.database != database => {
                        // The lock and the slots belong to the old one.
                        let why = "paths.database: restart the daemon to change it".to_owned();
                        alerts::tell(&self.shared.workshop_now(), &Alert::Configuration { why });
                    }
                    Ok(workshop) => {
                        *lock(&self.shared.workshop) = Arc::new(workshop);
                        tracing::info!("configuration read again");
                    }
                    Err(why) => alerts::tell(&self.shared.workshop_now(), &Alert::Configuration { why }),
                }
            }
            let workshop = self.shared.workshop_now();
            self.watch.look(&workshop);
            *lock(&self.shared.schedules) = self.watch.schedules();
            self
        });
        look.await.map_err(|_| DaemonError::WorkerDied("look: panicked".to_owned()))
    }
}

/// Requests to read the configuration again: SIGHUP, where there is such a signal.
struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending().await
    }
}

/// Waits for SIGTERM, SIGINT or Ctrl-C.
async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupt = tokio::signal::ctrl_c() => interrupt,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
