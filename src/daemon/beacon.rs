//! Signs of life: readiness and watchdog of systemd, a ping after success, figures for Prometheus. None of them can stop
//! a run, and none of them names a guest or a yen.

use crate::config::Daemon;
use crate::durable;
use crate::store::{Result, Store};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

/// How long the ping may take.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Tells the service manager that slots are being looked at.
pub(super) fn ready() {
    #[cfg(target_os = "linux")]
    tell(&[sd_notify::NotifyState::Ready]);
}

/// Tells the service manager that the process ends on purpose.
pub(super) fn stopping() {
    #[cfg(target_os = "linux")]
    tell(&[sd_notify::NotifyState::Stopping]);
}

/// Feeds the watchdog: called only when something was finished since the last time.
pub(super) fn feed() {
    #[cfg(target_os = "linux")]
    tell(&[sd_notify::NotifyState::Watchdog]);
}

/// How often the watchdog is to be fed, if there is one.
pub(super) fn feed_every() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return sd_notify::watchdog_enabled().map(|limit| limit / 3);
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
fn tell(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "no service manager was told");
    }
}

/// Calls the ping address, if there is one. Nothing but the call itself is sent.
pub(super) fn ping(daemon: &Daemon) {
    use ureq::tls::{RootCerts, TlsConfig};
    let Some(url) = &daemon.ping_url else { return };
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    let agent = ureq::Agent::config_builder().timeout_global(Some(PING_TIMEOUT)).tls_config(tls).build().new_agent();
    match agent.get(url).call() {
        Ok(_) => tracing::debug!("pinged"),
        // The address may hold a secret path: it is not logged.
        Err(error) => tracing::warn!(%error, "the ping address did not answer"),
    }
}

/// Writes the figures for Prometheus, if a file is named.
pub(super) fn write_metrics(daemon: &Daemon, store: &Store, schedules: &[String]) {
    let Some(path) = &daemon.metrics_file else { return };
    if let Err(error) = metrics(store, schedules).map_err(|e| e.to_string()).and_then(|text| replace(path, &text)) {
        tracing::warn!(%error, "the metrics file was not written");
    }
}

fn replace(path: &Path, text: &str) -> std::result::Result<(), String> {
    durable::replace(path, text.as_bytes()).map_err(|error| error.to_string())
}

/// The text format of Prometheus: counts and times of the service, nothing of the business.
fn metrics(store: &Store, schedules: &[String]) -> Result<String> {
    let mut text = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: Vec<(String, i64)>| {
        let _ = writeln!(text, "# HELP totsugo_{name} {help}\n# TYPE totsugo_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(text, "totsugo_{name}{labels} {value}");
        }
    };
    let (mut slots, mut last, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
    for name in schedules {
        let counts = store.slot_counts(name)?;
        let label = name.replace('\\', "\\\\").replace('"', "\\\"");
        for (state, count) in [("completed", counts.completed), ("skipped", counts.skipped), ("failed", counts.failed)]
        {
            slots.push((format!("{{schedule=\"{label}\",state=\"{state}\"}}"), count.try_into().unwrap_or(i64::MAX)));
        }
        let planned = counts.last_completed.map_or(0, |at| at.timestamp());
        last.push((format!("{{schedule=\"{label}\"}}"), planned));
        attempts.push((format!("{{schedule=\"{label}\"}}"), i64::from(counts.is_failing)));
    }
    family("slots_total", "counter", "Slots that ended, by state.", slots);
    family("slot_last_completed_timestamp_seconds", "gauge", "Planned time of the newest completed slot.", last);
    family("slot_failing", "gauge", "Whether the newest slot that was to run failed.", attempts);
    let held = store.held()?.len().try_into().unwrap_or(i64::MAX);
    family("held_files", "gauge", "Files that are held.", vec![(String::new(), held)]);
    Ok(text)
}
