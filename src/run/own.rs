//! What belongs to this installation itself, so that nothing of our own is moved or taken in as input (FAULTS K08).

use crate::config::{Config, Token, Transport};
use std::path::{Path, PathBuf};

/// Why a named path must not be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPlace {
    /// It is ours, or lies in a folder of ours.
    Itself,
    /// It is a folder around this file or folder of ours.
    Around(PathBuf),
}

/// Whether `named` is a file or folder that the installation itself lives by, or lies in or around one.
///
/// The inbox and the archive are input. Links are followed; what is not there is nobody's.
pub fn own_place(config: &Config, named: &Path) -> Option<OwnPlace> {
    let named = named.canonicalize().ok()?;
    let paths = &config.paths;
    let own: Vec<PathBuf> = places(config).iter().filter_map(|path| path.canonicalize().ok()).collect();
    let inputs = [&paths.inbox, &paths.archive].into_iter().filter_map(|path| path.canonicalize().ok());
    // The folder that lies closest around it decides: the inbox may lie in a folder of ours.
    let depth = |path: &PathBuf| named.starts_with(path).then(|| path.components().count());
    let (closest, closest_input) = (own.iter().filter_map(depth).max(), inputs.filter_map(|path| depth(&path)).max());
    let is_ours = closest.is_some_and(|own| closest_input.is_none_or(|input| input < own));
    if is_ours || lies_beside(&paths.database, &named) || is_sentinel(config, &named) {
        return Some(OwnPlace::Itself);
    }
    own.into_iter().find(|own| own.starts_with(&named)).map(OwnPlace::Around)
}

/// Whether `path` is the file by which a mounted inbox is known: it stays where it is.
pub fn is_sentinel(config: &Config, path: &Path) -> bool {
    let sentinel = config.intake.sentinel.as_ref().map(|name| config.paths.inbox.join(name));
    let sentinel = sentinel.and_then(|sentinel| sentinel.canonicalize().ok());
    sentinel.is_some() && sentinel == path.canonicalize().ok()
}

/// Files and folders that are not there as input.
fn places(config: &Config) -> Vec<PathBuf> {
    let paths = &config.paths;
    let mut own = vec![config.file.clone(), paths.database.clone()];
    own.extend(["lock", "daemon.lock", "sent.jsonl"].map(|extension| paths.database.with_extension(extension)));
    own.extend([&paths.held, &paths.reports, &paths.outbox, &paths.schedules, &paths.templates].map(Clone::clone));
    own.extend(config.daemon.log_file.iter().chain(&config.daemon.metrics_file).cloned());
    if let Transport::Smtp(server) = &config.mail.transport {
        own.extend(server.password_file.iter().chain(&server.ca_file).cloned());
        if let Some(Token::File(file)) = &server.token {
            own.push(file.clone());
        }
    }
    own
}

/// Whether `named` is the log of the database or a copy that was put aside beside it: their names begin with its own.
fn lies_beside(database: &Path, named: &Path) -> bool {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = database.parent().and_then(|folder| folder.canonicalize().ok());
    folder.as_deref() == named.parent() && name(named).starts_with(&name(database))
}
