//! What may stand in `totsugo.toml`: every table, key and kind of value (SPEC §2). Data only.

use crate::domain::text::{edits, fold};

/// The kind of value a key takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Text on one line.
    Text,
    /// A code of the GMO console: text, or a whole number taken as text.
    Code,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number within these limits.
    Whole(i64, i64),
    /// `true` or `false`.
    Flag,
    /// A calendar day.
    Date,
    /// A list of texts.
    Texts,
    /// A secret: allowed as an environment variable, refused in the file.
    Secret,
    /// A table.
    Table(&'static [Field]),
    /// A list of tables.
    Tables(&'static [Field]),
}

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// The key as written.
    pub(super) key: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// Whether it must be there.
    pub(super) required: bool,
}

const fn optional(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, required: false }
}

const fn required(key: &'static str, kind: Kind) -> Field {
    Field { key, kind, required: true }
}

/// A hundred years: the upper limit of every number of days.
const DAYS: i64 = 36_500;

const CANCEL_WINDOW_DAYS: Field = optional("cancel_window_days", Kind::Whole(1, DAYS));
const EXPIRING_WITHIN_DAYS: Field = optional("expiring_within_days", Kind::Whole(0, DAYS));
const GRACE_DAYS: Field = optional("grace_days", Kind::Whole(0, DAYS));
const AWAITING_MAX_DAYS: Field = optional("awaiting_max_days", Kind::Whole(0, DAYS));
const HISTORY_START: Field = optional("history_start", Kind::Date);
const MAX_REJECTS: Field = optional("max_rejects", Kind::Whole(0, 1_000_000));

/// The whole file.
pub(super) static ROOT: &[Field] = &[
    optional("language", Kind::Word(&["ja", "en"])),
    optional("paths", Kind::Table(PATHS)),
    optional("intake", Kind::Table(INTAKE)),
    optional("policy", Kind::Table(POLICY)),
    optional("mail", Kind::Table(MAIL)),
    optional("report", Kind::Table(REPORT)),
    optional("daemon", Kind::Table(DAEMON)),
    optional("calendar", Kind::Table(CALENDAR)),
    optional("retention", Kind::Table(RETENTION)),
    required("shops", Kind::Tables(SHOP)),
];

static PATHS: &[Field] = &[
    optional("inbox", Kind::Text),
    optional("archive", Kind::Text),
    optional("held", Kind::Text),
    optional("reports", Kind::Text),
    optional("outbox", Kind::Text),
    optional("database", Kind::Text),
    optional("schedules", Kind::Text),
    optional("templates", Kind::Text),
];

static INTAKE: &[Field] = &[
    optional("settle_seconds", Kind::Whole(0, 86_400)),
    optional("sentinel", Kind::Text),
    optional("max_file_mb", Kind::Whole(1, 4_096)),
];

static POLICY: &[Field] =
    &[CANCEL_WINDOW_DAYS, EXPIRING_WITHIN_DAYS, GRACE_DAYS, AWAITING_MAX_DAYS, HISTORY_START, MAX_REJECTS];

static MAIL: &[Field] = &[
    optional("transport", Kind::Word(&["directory", "smtp"])),
    optional("from", Kind::Text),
    optional("operator", Kind::Texts),
    optional("allowed_domains", Kind::Texts),
    optional("max_attachment_mb", Kind::Whole(1, 1_024)),
    optional("heartbeat", Kind::Flag),
    optional("smtp", Kind::Table(SMTP)),
];

static SMTP: &[Field] = &[
    optional("host", Kind::Text),
    optional("port", Kind::Whole(1, 65_535)),
    optional("security", Kind::Word(&["tls", "starttls", "none"])),
    optional("username", Kind::Text),
    optional("password_file", Kind::Text),
    optional("password", Kind::Secret),
    optional("token_file", Kind::Text),
    optional("token_command", Kind::Texts),
    optional("ca_file", Kind::Text),
];

static REPORT: &[Field] = &[optional("customer", Kind::Flag)];

static DAEMON: &[Field] = &[
    optional("log", Kind::Word(&["text", "json"])),
    optional("log_file", Kind::Text),
    optional("metrics_file", Kind::Text),
    optional("ping_url", Kind::Text),
];

static CALENDAR: &[Field] = &[
    optional("year_end_from", Kind::Text),
    optional("year_end_to", Kind::Text),
    optional("closed", Kind::Texts),
    optional("open", Kind::Texts),
];

static RETENTION: &[Field] = &[
    optional("archive_days", Kind::Whole(0, DAYS)),
    optional("held_days", Kind::Whole(0, DAYS)),
    optional("reports_days", Kind::Whole(0, DAYS)),
];

/// A file in `paths.schedules` (SPEC §8).
pub(super) static SCHEDULE: &[Field] = &[
    required("name", Kind::Text),
    required("cron", Kind::Text),
    optional("timezone", Kind::Text),
    optional("period", Kind::Text),
    optional("days", Kind::Word(&["all", "business", "first-business-day"])),
    optional("wait_for_exports_until", Kind::Text),
    optional("catch_up", Kind::Word(&["each", "latest", "skip"])),
    optional("mail", Kind::Flag),
];

static SHOP: &[Field] = &[
    required("id", Kind::Text),
    required("name", Kind::Text),
    optional("recipients", Kind::Texts),
    optional("cc", Kind::Texts),
    optional("booking_prefixes", Kind::Texts),
    optional("exclude", Kind::Tables(EXCLUDE)),
    optional("gmo_settings", Kind::Table(GMO_SETTINGS)),
    CANCEL_WINDOW_DAYS,
    EXPIRING_WITHIN_DAYS,
    GRACE_DAYS,
    AWAITING_MAX_DAYS,
    HISTORY_START,
    MAX_REJECTS,
];

static EXCLUDE: &[Field] = &[optional("name", Kind::Text), optional("channel", Kind::Texts)];

static GMO_SETTINGS: &[Field] = &[
    optional("setting_id", Kind::Code),
    optional("job_cd", Kind::Code),
    optional("method", Kind::Code),
    optional("tds_flag", Kind::Code),
    optional("security_code_required", Kind::Code),
    optional("security_code_hidden", Kind::Code),
    optional("tds2_unsupported", Kind::Code),
    optional("notification_url", Kind::Code),
    optional("notification_failure_mail", Kind::Code),
];

/// The key of `fields` that `written` was most likely meant to be: folded width and case, few edits away.
pub(super) fn nearest<'a>(written: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(written).replace('-', "_");
    candidates
        .map(|candidate| (edits(&folded, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3) && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The full path of the first table that has exactly this key, for keys written into the wrong table.
pub(super) fn elsewhere(key: &str, fields: &[Field], path: &str) -> Option<String> {
    fields.iter().find_map(|field| {
        let here = if path.is_empty() { field.key.to_owned() } else { format!("{path}.{}", field.key) };
        match field.kind {
            Kind::Secret => None,
            Kind::Table(inner) | Kind::Tables(inner) => {
                (field.key == key).then(|| here.clone()).or_else(|| elsewhere(key, inner, &here))
            }
            Kind::Text | Kind::Code | Kind::Word(_) | Kind::Whole(..) | Kind::Flag | Kind::Date | Kind::Texts => {
                (field.key == key).then_some(here)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// `section key` for each key of `fields`.
    fn keys(fields: &[Field], section: &str, found: &mut BTreeSet<String>) {
        for field in fields {
            let below = if section.is_empty() { field.key.to_owned() } else { format!("{section}.{}", field.key) };
            match field.kind {
                Kind::Table(inner) | Kind::Tables(inner) => keys(inner, &below, found),
                Kind::Text
                | Kind::Code
                | Kind::Word(_)
                | Kind::Whole(..)
                | Kind::Flag
                | Kind::Date
                | Kind::Texts
                | Kind::Secret => drop(found.insert(format!("{section} {}", field.key))),
            }
        }
    }

    /// The first cells of the tables in `text`, each key below the section that stands before it.
    fn written(text: &str) -> BTreeSet<String> {
        let mut section = String::new();
        let mut found = BTreeSet::new();
        for cell in text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()) {
            let Some(word) = cell.split('`').nth(1) else { continue };
            if word.starts_with('[') {
                word.clone_into(&mut section);
            } else {
                found.insert(format!("{section} {word}"));
            }
        }
        found
    }

    #[test]
    fn the_readme_explains_every_key_and_no_other() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("\n## Configuration\n").expect("its reference");
        let (configuration, rest) = rest.split_once("\n### Schedules\n").expect("its schedules");
        let schedules = rest.split("\n## ").next().unwrap_or_default();
        let plain = |text: &str| text.replace(['[', ']'], "");
        let mut known = BTreeSet::new();
        keys(ROOT, "", &mut known);
        // In [[shops]] the keys of [policy] are said once, there.
        known.retain(|key| !(key.starts_with("shops ") && POLICY.iter().any(|field| key.ends_with(field.key))));
        let known: BTreeSet<String> = known.iter().map(|key| plain(key)).collect();
        let told: BTreeSet<String> = written(configuration).iter().map(|key| plain(key)).collect();
        assert_eq!(told, known);
        let known: BTreeSet<String> = SCHEDULE.iter().map(|field| format!(" {}", field.key)).collect();
        assert_eq!(written(schedules), known);
    }
}
