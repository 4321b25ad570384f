//! `clean`: removes what `[retention]` lets go of, or shows it.

use super::notices::pick;
use super::{Exit, failed, lock};
use crate::run::{self, Effect, Workshop};

/// Shows or removes what is old enough. Without `[retention]` there is nothing.
pub(super) fn clean(workshop: &Workshop, is_rehearsal: bool) -> Exit {
    let language = workshop.language();
    let _lock = match lock(workshop) {
        Ok(lock) => lock,
        Err(exit) => return exit,
    };
    let open = match workshop.open_store(if is_rehearsal { Effect::Rehearsal } else { Effect::Real }) {
        Ok(open) => open,
        Err(error) => return failed(&error),
    };
    if !is_rehearsal && let Err(error) = workshop.check_clock(&open.store) {
        return failed(&error);
    }
    let items = match run::removable(workshop, &open.store) {
        Ok(items) => items,
        Err(error) => return failed(&error),
    };
    for item in &items {
        say!("{}  ({} {})", item.path.display(), item.rule, item.since);
        if !is_rehearsal && let Err(error) = run::remove(workshop, &open.store, item) {
            return failed(&error);
        }
    }
    match (items.is_empty(), is_rehearsal) {
        (true, _) => say!("{}", pick(language, "削除できるものはありません。", "There is nothing to remove.")),
        (false, true) => {
            say!("{}", pick(language, "予行（--dry-run）: 何も削除していません。", "Dry run: nothing was removed."));
        }
        (false, false) => {}
    }
    Exit::Completed
}
