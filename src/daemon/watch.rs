//! Looks at the schedule files and writes what came due into the ledger.

use super::alerts::{self, Alert, NO_SCHEDULE, Standing};
use crate::config::{self, ConfigError};
use crate::domain::calendar::{Calendar, KNOWN_YEARS};
use crate::domain::dates::stamp;
use crate::locale::Language;
use crate::run::{self, Effect, RunError, Workshop};
use crate::schedule::{self, Days, Schedule};
use crate::store::Store;
use chrono::{DateTime, Datelike, Duration, Utc};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// How many pieces of a long downtime one look lists; the next look goes on.
const PIECES: usize = 20;

/// How long before a year beyond the table of holidays the operator hears of it.
const CALENDAR_WARNING: Duration = Duration::days(60);

/// The schedules in force, and what was told about them.
#[derive(Default)]
pub struct Watch {
    known: BTreeMap<PathBuf, Schedule>,
    previous: BTreeSet<String>,
    /// Whether the last look saw any schedule file, valid or not.
    saw_any: bool,
    standing: Standing,
}

impl Watch {
    /// The schedules in force, by name; each name once.
    pub fn schedules(&self) -> Vec<Schedule> {
        let by_name: BTreeMap<&str, &Schedule> = self.known.values().map(|s| (s.name.as_str(), s)).collect();
        by_name.into_values().cloned().collect()
    }

    /// Reads the schedule files; of one that is not valid the last valid version stays in force (FAULTS C13).
    pub fn read(&mut self, folder: &Path, calendar: &Calendar, language: Language) -> Vec<ConfigError> {
        let files = match config::schedules(folder, calendar, language) {
            Ok(files) => files,
            Err(error) => return vec![error],
        };
        let there: HashSet<&PathBuf> = files.iter().map(|file| &file.path).collect();
        self.known.retain(|path, _| there.contains(path));
        let mut problems = Vec::new();
        for file in files {
            match file.schedule {
                Ok(schedule) => drop(self.known.insert(file.path, schedule)),
                Err(error) => problems.push(error),
            }
        }
        problems
    }

    /// One look: files, clock, and every schedule's slots up to now. What goes wrong is told; the next look tries again.
    pub fn look(&mut self, workshop: &Workshop) {
        let config = &workshop.config;
        let problems = self.read(&config.paths.schedules, &config.calendar, config.language);
        let sees_any = !self.known.is_empty() || !problems.is_empty();
        // As with one that is gone: an editor may take the only file away for a moment.
        let none = (!sees_any && !self.saw_any)
            .then(|| Alert::NoSchedule { folder: config.paths.schedules.display().to_string() });
        self.saw_any = sees_any;
        let problems = problems.iter().map(|error| Alert::Schedule { why: error.sentence(config.language) }).collect();
        self.standing.are(workshop, "schedule", problems);
        self.standing.are(workshop, NO_SCHEDULE, none.into_iter().collect());
        let listed = workshop.open_store(Effect::Real).and_then(|mut open| self.list(workshop, &mut open.store));
        match listed {
            Ok(()) => {
                self.standing.are(workshop, "clock", Vec::new());
                self.standing.are(workshop, "ledger", Vec::new());
            }
            Err(RunError::Clock { latest, .. }) => self.standing.are(workshop, "clock", vec![Alert::Clock { latest }]),
            Err(error) => {
                let why = run::stopped_words(config.language, &error);
                self.standing.are(workshop, "ledger", vec![Alert::Ledger { why }]);
            }
        }
    }

    fn list(&mut self, workshop: &Workshop, store: &mut Store) -> Result<(), RunError> {
        workshop.check_clock(store)?;
        let now = workshop.now.with_timezone(&Utc);
        let schedules = self.schedules();
        for schedule in &schedules {
            list_schedule(workshop, store, schedule, now)?;
        }
        // An editor may take a file away for a moment: a schedule is gone when two looks in a row miss it.
        let current: BTreeSet<String> = schedules.iter().map(|schedule| schedule.name.clone()).collect();
        let names: Vec<&str> = current.union(&self.previous).map(String::as_str).collect();
        for (schedule, through) in store.gone_schedules(&names)? {
            // Before it is forgotten: killed in between, the next process finds it again, and that it was told.
            alerts::tell(workshop, &Alert::ScheduleGone { schedule: schedule.clone(), through: stamp(through) });
            store.retire_schedule(&schedule, now)?;
        }
        self.previous = current;
        let soon = schedule::business_day(now + CALENDAR_WARNING).naive().year();
        let counts = schedules.iter().any(|schedule| schedule.days != Days::All);
        let ends = (counts && !KNOWN_YEARS.contains(&soon)).then_some(Alert::CalendarEnds(soon));
        self.standing.are(workshop, "calendar", ends.into_iter().collect());
        Ok(())
    }
}

/// Records the slots of `schedule` up to `now`, and tells how many of them are skipped.
fn list_schedule(
    workshop: &Workshop,
    store: &mut Store,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Result<(), RunError> {
    let mut through = store.looked_through(&schedule.name, now)?;
    let mut listings = Vec::new();
    for _ in 0..PIECES {
        let listing = schedule::list(schedule, &workshop.config.calendar, through, now);
        through = listing.through;
        let is_partial = listing.is_partial;
        listings.push(listing);
        if !is_partial {
            break;
        }
    }
    let slots = listings.iter().flat_map(|listing| &listing.slots);
    let mut skipped = slots.filter(|listed| listed.skipped.is_some()).map(|listed| listed.slot.planned);
    if let Some(first) = skipped.next() {
        let (first, count) = (stamp(first), skipped.count() + 1);
        // Before they are recorded: killed in between, the next process finds them again, and that they were told.
        alerts::tell(workshop, &Alert::Skipped { schedule: schedule.name.clone(), first, count });
    }
    for listing in &listings {
        store.record_slots(&schedule.name, listing, now)?;
    }
    Ok(())
}
