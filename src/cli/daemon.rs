//! `daemon`: runs the schedules until stopped.

use super::notices::pick;
use super::{Exit, failed, prepare};
use crate::clock;
use crate::daemon::{self, DaemonError, Service};
use crate::run::{LockError, Workshop};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Runs until a signal stops it; what happens meanwhile is in the log.
pub(super) fn daemon(workshop: &Workshop, config: Option<&Path>) -> Exit {
    let language = workshop.language();
    // Kept to the end: what still waits to be written is written when it is dropped.
    let _log = match daemon::start_log(&workshop.config.daemon) {
        Ok(log) => log,
        Err(error) => return failed(&error),
    };
    let file: Option<PathBuf> = config.map(Path::to_path_buf);
    let ended = daemon::serve(Service {
        workshop: workshop.at(clock::now()),
        reload: Box::new(move || prepare(file.as_deref())),
        clock: Arc::new(clock::now),
    });
    match ended {
        Ok(()) => Exit::Completed,
        Err(DaemonError::Schedules(problems)) => {
            for problem in problems {
                complain!("{}", problem.sentence(language));
            }
            Exit::Usage
        }
        Err(DaemonError::Lock(LockError::Taken)) => {
            let ja = "別の totsugo daemon が動いています。";
            complain!("{}", pick(language, ja, "Another totsugo daemon is running."));
            Exit::Busy
        }
        Err(error) => failed(&error),
    }
}
