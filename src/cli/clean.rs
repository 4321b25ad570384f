//! `clean`: removes what `[retention]` lets go of, or shows it.

use super::notices::pick;
use super::trouble::stopped;
use super::{Exit, lock, print_json};
use crate::run::{self, Effect, Removable, RunError, Workshop};
use serde_json::json;

/// Shows or removes what is old enough. Without `[retention]` there is nothing.
pub(super) fn clean(workshop: &Workshop, is_rehearsal: bool, as_json: bool) -> Exit {
    let items = match lock(workshop) {
        Ok(_lock) => cleaned(workshop, is_rehearsal, as_json),
        Err(exit) => return exit,
    };
    let items = match items {
        Ok(items) => items,
        Err(error) => return stopped(workshop, &error),
    };
    if as_json {
        let one = |item: &Removable| json!({"path": item.path.display().to_string(), "rule": item.rule, "since": item.since.to_string()});
        let list: Vec<_> = items.iter().map(one).collect();
        let document = json!({"schema": 1, "removed": !is_rehearsal, "files": list});
        return if print_json(&document).is_ok() { Exit::Completed } else { Exit::Failed };
    }
    let language = workshop.language();
    match (items.is_empty(), is_rehearsal) {
        (true, _) => say!("{}", pick(language, "削除できるものはありません。", "There is nothing to remove.")),
        (false, true) => {
            say!("{}", pick(language, "予行（--dry-run）: 何も削除していません。", "Dry run: nothing was removed."));
        }
        (false, false) => {}
    }
    Exit::Completed
}

/// Removes, or rehearses to remove, and says what.
fn cleaned(workshop: &Workshop, is_rehearsal: bool, as_json: bool) -> Result<Vec<Removable>, RunError> {
    let open = workshop.open_store(if is_rehearsal { Effect::Rehearsal } else { Effect::Real })?;
    if !is_rehearsal {
        workshop.check_clock(&open.store)?;
    }
    let items = run::removable(workshop, &open.store)?;
    for item in &items {
        if !is_rehearsal {
            run::remove(workshop, &open.store, item)?;
        }
        // Said one by one, so that a fault on the way hides nothing that is gone.
        if !as_json {
            say!("{}  ({} {})", item.path.display(), item.rule, item.since);
        }
    }
    Ok(items)
}
