//! What a new observation is, given the stored ones (SPEC §4.4). Decides; the store does.

use super::events::events_of;
use crate::domain::intake::Disposition;
use crate::domain::payment::Observation;

/// SPEC §4.4: what `new` is, given the payment's stored observations in their order.
pub fn disposition(known: &[Observation], new: &Observation) -> Disposition {
    let Some(newest) = known.last() else {
        return Disposition::New;
    };
    if known.iter().any(|one| one.says_same(new)) {
        Disposition::Same
    } else if known.iter().any(|one| one.contradicts(new)) {
        Disposition::Conflict
    } else if new.at > newest.at || moves_money(known, new) {
        Disposition::Update
    } else {
        Disposition::Stale
    }
}

/// Whether the money events change with `new` among the known ones.
fn moves_money(known: &[Observation], new: &Observation) -> bool {
    let mut all: Vec<&Observation> = known.iter().collect();
    let before = events_of(&all);
    all.insert(known.partition_point(|one| one < new), new);
    events_of(&all) != before
}
