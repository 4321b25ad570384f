//! Wakes the looks at a schedule's times. Its firings may be late, doubled or lost: the ledger is the truth, and a look
//! each minute finds what it missed.

use crate::schedule::Schedule;
use tokio::sync::mpsc::Sender;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// The ticker for the schedules it was last given.
pub(super) struct Ticker {
    scheduler: Option<JobScheduler>,
    schedules: Vec<Schedule>,
    ticks: Sender<()>,
}

impl Ticker {
    /// A ticker without schedules; what it ticks goes to `ticks`.
    pub(super) const fn new(ticks: Sender<()>) -> Self {
        Self { scheduler: None, schedules: Vec::new(), ticks }
    }

    /// Ticks for `schedules` from now on. Where that cannot be, the look each minute stands in.
    pub(super) async fn set(&mut self, schedules: Vec<Schedule>) {
        if self.schedules == schedules {
            return;
        }
        if let Some(mut old) = self.scheduler.take()
            && let Err(error) = old.shutdown().await
        {
            tracing::warn!(%error, "the old ticker did not stop");
        }
        match Self::start(&schedules, &self.ticks).await {
            Ok(scheduler) => self.scheduler = Some(scheduler),
            Err(error) => tracing::warn!(%error, "no ticker; slots are found by the look each minute"),
        }
        self.schedules = schedules;
    }

    async fn start(schedules: &[Schedule], ticks: &Sender<()>) -> Result<JobScheduler, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        for schedule in schedules {
            let ticks = ticks.clone();
            // A full channel means that a look is due anyway; a panic here would end the job for good.
            let tick = move |_, _| {
                let ticks = ticks.clone();
                Box::pin(async move {
                    let _ = ticks.try_send(());
                }) as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
            };
            scheduler.add(Job::new_async_tz(schedule.cron.as_str(), schedule.timezone, tick)?).await?;
        }
        scheduler.start().await?;
        Ok(scheduler)
    }
}
