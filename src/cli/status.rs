//! `status`: what ran last, what is due next, what is held, what is unsent; for people and for monitors (SPEC §9).
//!
//! Reads the history and the files only, so it answers while a run is at work and while no daemon is.

use super::check::no_schedule;
use super::notices::pick;
use super::trouble::{stopped, unavailable};
use super::{Exit, complain_all, print_json};
use crate::config;
use crate::daemon::{Alert, runs_nothing};
use crate::domain::calendar::KNOWN_YEARS;
use crate::domain::dates::stamp;
use crate::domain::delivery::State;
use crate::domain::finding::Severity;
use crate::locale::Language;
use crate::run::{
    Effect, Notice, Remaining, RunError, Workshop, deliveries, inbox_trouble, is_stuck, remaining, sentence, state_name,
};
use crate::schedule::{Days, Schedule};
use crate::store::{CLOCK_TOLERANCE, Delivery, Lasting, OpenFinding, SlotCounts, Store};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What there is to say.
#[derive(Default)]
struct Status {
    last_success: Option<String>,
    schedules: Vec<(Schedule, SlotCounts)>,
    /// Whether there is not one schedule file, and no daemon misses it.
    has_no_schedule: bool,
    held: Vec<(String, String)>,
    /// What lies in the inbox since the last look into it.
    inbox: Vec<Remaining>,
    /// What did not simply arrive.
    mail: Vec<Delivery>,
    open: Vec<OpenFinding>,
    database_bytes: u64,
    /// What needs the operator, in sentences.
    troubles: Vec<String>,
}

impl Status {
    fn mail_in(&self, state: State) -> usize {
        self.mail.iter().filter(|delivery| delivery.state == state).count()
    }
}

/// Says how things stand; ends with 1 if something needs the operator.
pub(super) fn status(workshop: &Workshop, max_age: Option<&str>, as_json: bool) -> Exit {
    let language = workshop.language();
    let max_age = match max_age.map(|text| (text, age(text))) {
        Some((text, None)) => {
            let ja = "--max-age には 26h、90m、2d のように指定してください";
            complain!("{}: {text}", pick(language, ja, "--max-age takes ages such as 26h, 90m or 2d"));
            return Exit::Usage;
        }
        Some((_, age)) => age,
        None => None,
    };
    let mut status = match gather(workshop) {
        Ok(status) => status,
        Err(error) => return stopped(workshop, &error),
    };
    if let Some(limit) = max_age
        && !is_recent(status.last_success.as_deref(), limit, workshop.now.to_utc())
    {
        let ja = "最後に成功した処理が、--max-age より前です。";
        status.troubles.push(pick(language, ja, "The last success is older than --max-age.").to_owned());
    }
    if as_json {
        if print_json(&document(workshop, &status)).is_err() {
            return Exit::Failed;
        }
    } else {
        tell(workshop, &status);
    }
    complain_all(&status.troubles);
    if status.troubles.is_empty() { Exit::Completed } else { Exit::Attention }
}

/// `26h`, `90m`, `2d` or `3600s` as a time.
fn age(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let number: i64 = text.get(..text.len() - unit.len_utf8())?.parse().ok().filter(|number| *number >= 0)?;
    match unit {
        's' => Duration::try_seconds(number),
        'm' => Duration::try_minutes(number),
        'h' => Duration::try_hours(number),
        'd' => Duration::try_days(number),
        _ => None,
    }
}

/// Whether the last success is no older than `limit`.
fn is_recent(last: Option<&str>, limit: Duration, now: DateTime<Utc>) -> bool {
    last.and_then(|last| since(last, now)).is_some_and(|since| since <= limit)
}

/// How long ago `moment` was; negative for one that is still to come.
fn since(moment: &str, now: DateTime<Utc>) -> Option<Duration> {
    DateTime::parse_from_rfc3339(moment).ok().map(|moment| now - moment.to_utc())
}

fn gather(workshop: &Workshop) -> Result<Status, RunError> {
    let config = &workshop.config;
    let language = workshop.language();
    // A history that is gone is not a history that has not begun (FAULTS S07).
    workshop.check_presence()?;
    let mut status = Status::default();
    match config::schedules(&config.paths.schedules, &config.calendar, language) {
        Ok(files) => {
            status.has_no_schedule = files.is_empty();
            for file in files {
                match file.schedule {
                    Ok(schedule) => status.schedules.push((schedule, SlotCounts::default())),
                    Err(error) => status.troubles.push(error.sentence(language)),
                }
            }
        }
        Err(error) => status.troubles.push(error.sentence(language)),
    }
    status.schedules.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let inbox;
    if config.paths.database.exists() {
        status.database_bytes = config.paths.database.metadata().map_or(0, |metadata| metadata.len());
        let open = workshop.open_store(Effect::Real)?;
        fill(&mut status, workshop, &open.store)?;
        status.inbox = remaining(workshop, &open.store)?;
        inbox = inbox_trouble(workshop, Some(&open.store))?;
        if status.has_no_schedule && runs_nothing(&open.store)? {
            status.has_no_schedule = false;
            status.troubles.push(no_schedule(workshop));
        }
    } else {
        inbox = inbox_trouble(workshop, None)?;
    }
    status.troubles.extend(inbox.map(|error| unavailable(language, &error)));
    let year = workshop.today().year();
    if !KNOWN_YEARS.contains(&year) && status.schedules.iter().any(|(schedule, _)| schedule.days != Days::All) {
        status.troubles.push(Alert::CalendarEnds(year).sentence(language));
    }
    for (schedule, _) in status.schedules.iter().filter(|(_, counts)| counts.is_failing) {
        let ja = "直近の回が失敗しています。totsugo history で確認し、原因を除いてください";
        let en = "its last slot failed; see totsugo history and remove the cause";
        status.troubles.push(format!("{}: {}", schedule.name, pick(language, ja, en)));
    }
    let ahead = status
        .last_success
        .as_deref()
        .filter(|last| since(last, workshop.now.to_utc()).is_some_and(|since| since < -CLOCK_TOLERANCE));
    if let Some(last) = ahead {
        let ja = "最後に成功した処理の時刻が現在より先です。時計が進んでいた間の回は実行済みとみなされます。時計をご確認ください";
        let en = "the last success lies ahead of the clock; what was run while the clock was ahead counts as run. Check the clock";
        status.troubles.push(format!("{}: {last}", pick(language, ja, en)));
    }
    for (name, reason) in &status.held {
        let text = pick(language, "保留", "held");
        status.troubles.push(format!("{text}: {name}: {}", reason.lines().next().unwrap_or_default()));
    }
    let stuck = status.inbox.iter().filter(|file| file.needs_operator);
    status.troubles.extend(stuck.map(|file| format!("inbox: {}", why_it_remains(language, file))));
    for state in State::ALL.into_iter().filter(|state| state.needs_a_person()) {
        let count = status.mail_in(state);
        if count > 0 {
            let ja = "totsugo mail list で確認し、mail resend または mail settle をお使いください";
            let en = "see totsugo mail list, then use mail resend or mail settle";
            let (mail, advice) = (pick(language, "メール", "mail"), pick(language, ja, en));
            status.troubles.push(format!("{mail} {}: {count} ({advice})", state_name(language, state)));
        }
    }
    status.troubles.extend(stuck_mail(workshop, &status.mail));
    Ok(status)
}

/// Mail that waits and that somebody must see to, by what keeps it: while it does, no mail can tell of it (FAULTS M21).
fn stuck_mail(workshop: &Workshop, mail: &[Delivery]) -> Vec<String> {
    let (language, now) = (workshop.language(), workshop.now.timestamp());
    let mut stuck: BTreeMap<(State, &str), usize> = BTreeMap::new();
    for delivery in mail.iter().filter(|delivery| is_stuck(delivery, now)) {
        *stuck.entry((delivery.state, &delivery.words)).or_default() += 1;
    }
    let sentence = |((state, words), count): ((State, &str), usize)| {
        let (ja, en) = if state == State::Deferred {
            (
                "自動で再試行します。続くときは [mail.smtp] の設定とメールサーバーをご確認ください",
                "tried again by itself; if this lasts, check [mail.smtp] and the mail server",
            )
        } else {
            (
                "2時間以上送れていません。totsugo run を実行し、表示される原因を除いてください",
                "for more than 2 hours; use totsugo run and remove the cause it names",
            )
        };
        let (mail, advice) = (pick(language, "メール", "mail"), pick(language, ja, en));
        let words = if words.is_empty() { String::new() } else { format!(": {words}") };
        format!("{mail} {}: {count}{words} ({advice})", state_name(language, state))
    };
    stuck.into_iter().map(sentence).collect()
}

/// Why a file still lies in the inbox, and what helps.
fn why_it_remains(language: Language, file: &Remaining) -> String {
    let name = file.name.clone();
    let (ja, en) = match file.why {
        Lasting::Growing => return sentence(language, &Notice::StillGrowing(name)),
        Lasting::InUse => return sentence(language, &Notice::InUse { name, is_long: file.needs_operator }),
        Lasting::Failed => (
            "読み込めませんでした。次回もう一度試します。ファイルの権限とディスクをご確認ください。",
            "could not be read; it is tried again next time. Check its permissions and the disk.",
        ),
        Lasting::CannotLeave => (
            "取込または保留の処理は済んでいますが、inbox から移動できません。フォルダーの権限をご確認ください。",
            "dealt with, but it cannot leave the inbox; check the folder's permissions.",
        ),
    };
    format!("{name}: {}", pick(language, ja, en))
}

fn fill(status: &mut Status, workshop: &Workshop, store: &Store) -> Result<(), RunError> {
    status.last_success = store.last_success()?;
    for (schedule, counts) in &mut status.schedules {
        *counts = store.slot_counts(&schedule.name)?;
    }
    status.held = store.held()?.into_iter().map(|file| (file.name, file.reason)).collect();
    status.mail = deliveries(workshop, store, 0)?;
    status.open = store.open_findings()?;
    Ok(())
}

/// When `schedule` runs next: what is open already, else the next planned time.
fn next(workshop: &Workshop, schedule: &Schedule, counts: &SlotCounts) -> Option<String> {
    // After a clock that ran ahead was set right, times to come have their slots already (FAULTS C03).
    let now = workshop.now.to_utc();
    let upcoming = || schedule.next(counts.through.map_or(now, |through| through.max(now)), &workshop.config.calendar);
    counts.open.or_else(upcoming).map(stamp)
}

fn open_of(status: &Status, severity: Severity) -> impl Iterator<Item = &OpenFinding> {
    status.open.iter().filter(move |finding| finding.severity == severity)
}

fn oldest_critical(status: &Status) -> Option<&OpenFinding> {
    open_of(status, Severity::Critical).min_by_key(|finding| finding.first_seen)
}

/// The document of SPEC §9, and what else SPEC §8 has `status` say.
fn document(workshop: &Workshop, status: &Status) -> Value {
    let schedules: Vec<Value> = status
        .schedules
        .iter()
        .map(|(schedule, counts)| {
            json!({
                "name": schedule.name, "next": next(workshop, schedule, counts),
                "last_completed": counts.last_completed.map(stamp),
                "completed": counts.completed, "skipped": counts.skipped, "failed": counts.failed,
            })
        })
        .collect();
    let held: Vec<Value> = status.held.iter().map(|(name, reason)| json!({"name": name, "reason": reason})).collect();
    let inbox: Vec<Value> = status
        .inbox
        .iter()
        .map(|file| {
            let reason = why_it_remains(workshop.language(), file);
            json!({"name": file.name, "reason": reason, "since": file.since})
        })
        .collect();
    let mail = |state| status.mail_in(state);
    json!({
        "schema": 1, "ok": status.troubles.is_empty(), "last_success": status.last_success, "schedules": schedules,
        "held": held, "inbox": inbox,
        "mail": {
            "queued": mail(State::Queued), "deferred": mail(State::Deferred), "unknown": mail(State::Unknown),
            "refused": mail(State::Refused),
        },
        "open_findings": {
            "critical": open_of(status, Severity::Critical).count(),
            "high": open_of(status, Severity::High).count(),
            "normal": open_of(status, Severity::Normal).count(),
        },
        "oldest_critical": oldest_critical(status).map(|finding| json!({
            "id": finding.id.to_string(), "first_seen": finding.first_seen.to_string(),
        })),
        "database_bytes": status.database_bytes,
    })
}

fn tell(workshop: &Workshop, status: &Status) {
    let language = workshop.language();
    let none = pick(language, "なし", "none");
    let line = |ja, en, value: &str| say!("{}: {value}", pick(language, ja, en));
    line("最後に成功した処理", "Last success", status.last_success.as_deref().unwrap_or(none));
    if status.schedules.is_empty() {
        line("予定", "Schedules", none);
    }
    for (schedule, counts) in &status.schedules {
        let next = next(workshop, schedule, counts).unwrap_or_else(|| none.to_owned());
        let last = counts.last_completed.map_or_else(|| none.to_owned(), stamp);
        let (next_is, last_is) = (pick(language, "次回", "next"), pick(language, "前回", "last"));
        let SlotCounts { completed, skipped, failed, .. } = counts;
        let ended = match language {
            Language::Ja => format!("完了 {completed}・見送り {skipped}・失敗 {failed}"),
            Language::En => format!("completed {completed}, skipped {skipped}, failed {failed}"),
        };
        say!("{}: {next_is} {next}  {last_is} {last}  {ended}", schedule.name);
    }
    if status.has_no_schedule {
        say!("{}", no_schedule(workshop));
    }
    line("保留ファイル", "Held files", &status.held.len().to_string());
    line("inbox に残るファイル", "Files left in the inbox", &status.inbox.len().to_string());
    for file in status.inbox.iter().filter(|file| !file.needs_operator) {
        say!("  {}", why_it_remains(language, file));
    }
    let waiting = status.mail_in(State::Queued) + status.mail_in(State::Deferred);
    line("未送信のメール", "Unsent mail", &waiting.to_string());
    let oldest =
        oldest_critical(status).map_or_else(|| none.to_owned(), |f| format!("{} {} ({})", f.id, f.key, f.first_seen));
    line("最も古い緊急の所見", "Oldest open critical finding", &oldest);
    line("履歴の大きさ", "Database size", &format!("{} MB", Megabytes(status.database_bytes)));
}

/// Bytes as megabytes with one decimal, without floating point.
struct Megabytes(u64);

impl std::fmt::Display for Megabytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = self.0.saturating_mul(10) / (1 << 20);
        write!(f, "{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_numbers_with_a_unit() {
        assert_eq!(age("26h"), Some(Duration::hours(26)));
        assert_eq!(age("90m"), Some(Duration::minutes(90)));
        assert_eq!(age("2d"), Some(Duration::days(2)));
        for wrong in ["", "26", "h", "-1h", "1.5h", "1週", "99999999999999999999h", "9223372036854775807d"] {
            assert_eq!(age(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn c10_a_success_that_is_too_old_or_never_was_is_not_recent() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00+09:00").expect("a time").to_utc();
        let limit = Duration::hours(26);
        for (last, expected) in [
            (Some("2026-11-24T06:30:00+09:00"), true),
            (Some("2026-11-23T10:00:00+09:00"), true),
            (Some("2026-11-23T09:59:59+09:00"), false),
            (None, false),
        ] {
            assert_eq!(is_recent(last, limit, now), expected, "{last:?}");
        }
    }
}
