//! The files of `paths.schedules`: as written → as valid (SPEC §8). [`parse_schedule`] is pure; [`schedules`] reads.

use super::problem::{ConfigProblem, Fault};
use super::schema::{SCHEDULE, nearest};
use super::service::{ServiceFault, problem};
use super::written::{self, Section, Text};
use super::{ConfigError, decode};
use crate::domain::calendar::Calendar;
use crate::domain::dates::{Day, Period};
use crate::durable;
use crate::locale::Language;
use crate::schedule::{CatchUp, Cron, Days, Schedule};
use chrono::{TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use std::path::{Path, PathBuf};

/// The longest name of a schedule.
const NAME_CHARACTERS: usize = 64;

/// A schedule file: the schedule, or all that is wrong with it.
#[derive(Clone, Debug)]
pub struct ScheduleFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub schedule: Result<Schedule, ConfigError>,
}

/// The schedule that `text` makes, or all that is wrong with it.
///
/// # Errors
/// Every problem with its place.
pub fn parse_schedule(text: &str, calendar: &Calendar) -> Result<Schedule, Vec<ConfigProblem>> {
    named_schedule(text, calendar).map(|(schedule, _)| schedule)
}

/// The schedule and where its name stands.
fn named_schedule(text: &str, calendar: &Calendar) -> Result<(Schedule, Text), Vec<ConfigProblem>> {
    let (section, mut problems) = written::read_file(text, SCHEDULE);
    let schedule = schedule(&section, calendar, &mut problems);
    problems.sort_by(|a, b| (a.line, a.column, &a.key).cmp(&(b.line, b.column, &b.key)));
    problems.dedup();
    schedule.filter(|_| problems.is_empty()).ok_or(problems)
}

fn schedule(section: &Section, calendar: &Calendar, problems: &mut Vec<ConfigProblem>) -> Option<(Schedule, Text)> {
    let word = |key| section.text(key).map(|text| text.text.as_str());
    let name = section.text("name").cloned();
    if let Some(name) = &name {
        if name.text.is_empty() {
            problems.push(name.place.problem("\"\"", Fault::Empty));
        } else if name.text.chars().count() > NAME_CHARACTERS {
            problems.push(problem(&name.place, &name.text, ServiceFault::NameLong));
        }
    }
    let cron = section.text("cron").and_then(|text| {
        let complain = |fault| problems.push(problem(&text.place, &text.text, ServiceFault::Cron(fault)));
        Cron::parse(&text.text).map_err(complain).ok()
    });
    let timezone = section.text("timezone").map_or(Some(Tz::Asia__Tokyo), |text| {
        let complain = |_| {
            let names = TZ_VARIANTS.iter().map(|zone| zone.name());
            let near = nearest_zone(&text.text).or_else(|| nearest(&text.text, names).map(str::to_owned));
            problems.push(problem(&text.place, &text.text, ServiceFault::Timezone(near)));
        };
        text.text.parse::<Tz>().map_err(complain).ok()
    });
    let period = section.text("period").map_or("month-to-date", |text| &text.text);
    if Period::named(period, Day::from_number(0)).is_none() {
        problems.push(problem(&section.place("period"), period, ServiceFault::Period));
    }
    let wait = section.text("wait_for_exports_until").filter(|text| !text.text.is_empty());
    let wait_for_exports_until = wait.and_then(|text| {
        let seconds = time_of_day(&text.text);
        if seconds.is_none() {
            problems.push(problem(&text.place, &text.text, ServiceFault::TimeOfDay));
        }
        seconds
    });
    let schedule = Schedule {
        name: name.as_ref()?.text.clone(),
        cron: cron?,
        timezone: timezone?,
        period: period.to_owned(),
        days: match word("days") {
            Some("business") => Days::Business,
            Some("first-business-day") => Days::FirstBusinessDay,
            _ => Days::All,
        },
        wait_for_exports_until,
        catch_up: match word("catch_up") {
            Some("latest") => CatchUp::Latest,
            Some("skip") => CatchUp::Skip,
            _ => CatchUp::Each,
        },
        mail: section.flag("mail").unwrap_or(true),
    };
    // Any ten years tell: from one in which the calendar is known.
    let start = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).single().unwrap_or_default();
    if schedule.next(start, calendar).is_none() {
        problems.push(problem(&section.place("cron"), schedule.cron.as_str(), ServiceFault::NoDay));
    }
    Some((schedule, name?))
}

/// The zone that differs in nothing but case and spaces.
fn nearest_zone(written: &str) -> Option<String> {
    let plain = |text: &str| text.replace([' ', '_'], "").to_ascii_lowercase();
    TZ_VARIANTS.iter().map(|zone| zone.name()).find(|name| plain(name) == plain(written)).map(str::to_owned)
}

/// Seconds after midnight of `HH:MM`.
fn time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |part: &str, below: u32| {
        let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<u32>().ok().filter(|number| digits && *number < below)
    };
    Some(number(hours, 24)? * 3_600 + number(minutes, 60).filter(|_| minutes.len() == 2)? * 60)
}

/// The schedule files in `folder` by name, hidden ones and editors' backups left out; none if there is no such folder.
/// A name that an earlier file has already is a problem of the later one (FAULTS C13), and so is a file that cannot be meant
/// for anything else but would not be read (FAULTS K10).
///
/// # Errors
/// When the folder cannot be listed.
pub fn schedules(folder: &Path, calendar: &Calendar, language: Language) -> Result<Vec<ScheduleFile>, ConfigError> {
    let paths =
        durable::visible(folder).map_err(|error| ConfigError::Unreadable(folder.to_path_buf(), error.to_string()))?;
    let mut files: Vec<ScheduleFile> = Vec::new();
    for path in paths {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            if path.is_file() {
                let schedule = Err(ConfigError::NoSchedule(path.clone(), as_schedule(&path)));
                files.push(ScheduleFile { path, schedule });
            }
            continue;
        }
        let schedule = read(&path, calendar, language).and_then(|(schedule, name)| {
            let same = |file: &&ScheduleFile| file.schedule.as_ref().is_ok_and(|known| known.name == schedule.name);
            match files.iter().find(same) {
                None => Ok(schedule),
                Some(other) => {
                    let other = other.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let twice = problem(&name.place, &name.text, ServiceFault::NameTwice(other));
                    Err(ConfigError::Invalid(path.clone(), vec![twice], language))
                }
            }
        });
        files.push(ScheduleFile { path, schedule });
    }
    Ok(files)
}

/// The name that a schedule file should have: Notepad saves `nightly.toml` as `nightly.toml.txt`.
fn as_schedule(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if stem.to_ascii_lowercase().ends_with(".toml") { stem } else { format!("{stem}.toml") }
}

fn read(path: &Path, calendar: &Calendar, language: Language) -> Result<(Schedule, Text), ConfigError> {
    let bytes = std::fs::read(path).map_err(|e| ConfigError::Unreadable(path.to_path_buf(), e.to_string()))?;
    let invalid = |problems| ConfigError::Invalid(path.to_path_buf(), problems, language);
    let text = decode(&bytes).map_err(|problem| invalid(vec![problem]))?;
    named_schedule(text, calendar).map_err(invalid)
}
