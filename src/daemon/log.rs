//! Log lines for journald or a file: what happened to which slot, never a guest, never a yen (FAULTS G07).

use crate::clock;
use crate::config::{Daemon, LogForm};
use chrono::SecondsFormat;
use std::io::Write;
use std::path::{Path, PathBuf};
use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How many log files of a day each are kept.
const KEPT: usize = 30;

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log file cannot be used.
    #[error("{}: {reason}", path.display())]
    File {
        /// Where it is to be.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is one already.
    #[error("{0}")]
    Twice(String),
}

/// How many lines wait for a reader that does not read; further ones are lost.
const WAITING: usize = 4_096;

/// Sends log lines of this process to stderr and to the log file, if one is named, until the guard is dropped.
///
/// A thread of its own writes them: a full pipe or a hung disk holds no run up (FAULTS G03).
///
/// # Errors
/// When the file cannot be opened, or the process logs already.
pub fn start_log(daemon: &Daemon) -> Result<WorkerGuard, LogError> {
    let file = daemon.log_file.as_deref().map(rotated).transpose()?;
    let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING).thread_name("log");
    let (writer, guard) = builder.finish(Both { file });
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(false)
        .with_timer(Jst)
        // A log that cannot be written stops nothing (FAULTS G03).
        .log_internal_errors(false)
        .with_writer(writer);
    // Our own events only: what the ticker says of itself helps nobody.
    let ours = filter_fn(|event| *event.level() <= Level::INFO && event.target().starts_with(env!("CARGO_PKG_NAME")));
    let started = match daemon.log {
        LogForm::Text => tracing_subscriber::registry().with(lines.with_filter(ours)).try_init(),
        LogForm::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false).with_span_list(false);
            tracing_subscriber::registry().with(lines.with_filter(ours)).try_init()
        }
    };
    started.map(|()| guard).map_err(|error| LogError::Twice(error.to_string()))
}

/// The time of a log line: in JST, as everywhere else.
struct Jst;

impl FormatTime for Jst {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        w.write_str(&clock::now().to_rfc3339_opts(SecondsFormat::Millis, false))
    }
}

fn rotated(path: &Path) -> Result<RollingFileAppender, LogError> {
    let fault = |reason: String| LogError::File { path: path.to_path_buf(), reason };
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    crate::durable::create_folder(folder).map_err(|error| fault(error.to_string()))?;
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(name)
        .filename_suffix(ending)
        .max_log_files(KEPT)
        .build(folder)
        .map_err(|error| fault(error.to_string()))
}

/// One line to stderr and to the file; that one of them cannot be written does not keep it from the other.
struct Both {
    file: Option<RollingFileAppender>,
}

impl Write for Both {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        drop(std::io::stderr().write_all(line));
        if let Some(file) = &mut self.file {
            drop(file.write_all(line));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if let Some(file) = &mut self.file {
            drop(file.flush());
        }
        Ok(())
    }
}
