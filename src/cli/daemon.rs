//! `daemon`: runs the schedules until stopped.

use super::notices::pick;
use super::trouble::daemon_ended;
use super::{Exit, failed, prepare};
use crate::clock;
use crate::daemon::{self, LogError, Service};
use crate::run::Workshop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs until a signal stops it; what happens meanwhile is in the log.
pub(super) fn daemon(workshop: &Workshop, config: Option<&Path>) -> Exit {
    // Kept to the end: what still waits to be written is written when it is dropped.
    let _log = match daemon::start_log(&workshop.config.daemon) {
        Ok(log) => log,
        Err(LogError::File { path, reason }) => {
            let ja = "記録ファイルを開けません。[daemon] の log_file とフォルダーの権限をご確認ください";
            let en = "The log file cannot be opened; check log_file in [daemon] and the folder's permissions";
            complain!("{}: {} ({reason})", path.display(), pick(workshop.language(), ja, en));
            return Exit::Failed;
        }
        Err(LogError::Twice(why)) => return failed(&why),
    };
    let file: Option<PathBuf> = config.map(Path::to_path_buf);
    let ended = daemon::serve(Service {
        workshop: workshop.at(clock::now()),
        reload: Box::new(move || prepare(file.as_deref())),
        clock: Arc::new(clock::now),
    });
    match ended {
        Ok(()) => Exit::Completed,
        Err(error) => daemon_ended(workshop, &error),
    }
}
