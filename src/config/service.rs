//! The tables `[daemon]`, `[calendar]` and `[retention]`, and what can be wrong with them or with a schedule. Pure.

use super::problem::{ConfigProblem, Fault};
use super::valid::absolute;
use super::written::{Place, Section, Text};
use crate::domain::calendar::Calendar;
use crate::domain::dates::Day;
use crate::locale::Language;
use crate::schedule::CronFault;
use std::path::{Path, PathBuf};

/// How the daemon logs and whom it tells that it lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Daemon {
    /// The form of log lines.
    pub log: LogForm,
    /// A log file, rotated by day, besides stderr.
    pub log_file: Option<PathBuf>,
    /// A text file of figures about the service for Prometheus.
    pub metrics_file: Option<PathBuf>,
    /// An address called after each run that succeeded.
    pub ping_url: Option<String>,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    /// For people and for journald.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// After how many days `clean` may remove what is recorded in the history; `None`: never, the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Accepted originals.
    pub archive_days: Option<u32>,
    /// Held files that a person discarded.
    pub held_days: Option<u32>,
    /// Workbooks that a later revision replaced.
    pub reports_days: Option<u32>,
}

/// What can be wrong with a schedule or a table of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceFault {
    /// The cron expression.
    Cron(CronFault),
    /// No such time zone; the nearest.
    Timezone(Option<String>),
    /// No period name.
    Period,
    /// Not a time of day.
    TimeOfDay,
    /// Not a day of the year.
    MonthDay,
    /// A schedule name that another file has already.
    NameTwice(String),
    /// A schedule name longer than sixty-four characters.
    NameLong,
    /// A schedule that never falls on a day that counts.
    NoDay,
    /// Not an address of the web.
    Url,
}

impl ServiceFault {
    /// What is wrong, what is expected, what to do.
    pub(super) fn words(&self, language: Language) -> (String, String, String) {
        let ja = language == Language::Ja;
        let say = |what: &str, what_en: &str, expected: &str, expected_en: &str| {
            let pick = |ja_text: &str, en: &str| if ja { ja_text.to_owned() } else { en.to_owned() };
            (pick(what, what_en), pick(expected, expected_en), String::new())
        };
        let form = ("\"0 30 6 * * *\" (秒 分 時 日 月 曜日)", "\"0 30 6 * * *\" (sec min hour day month weekday)");
        match self {
            Self::Cron(CronFault::Fields(count)) => say(
                &format!("cron 式の欄が {count} 個あります。"),
                &format!("The cron expression has {count} fields."),
                &format!("6 個 {} か、秒を除いた 5 個", form.0),
                &format!("6, as in {}, or 5 without the second", form.1),
            ),
            // The library says why in English only.
            Self::Cron(CronFault::Unreadable(why)) => say(
                "cron 式として読めません。欄の順序と値の範囲をご確認ください。",
                &format!("Cannot be read as a cron expression ({}).", why.trim_end_matches('.')),
                form.0,
                form.1,
            ),
            Self::Cron(CronFault::NeverFires) => say(
                "この cron 式の日時は来ません (例: 2月30日)。",
                "This cron expression never comes, as 30 February does not.",
                form.0,
                form.1,
            ),
            Self::Cron(CronFault::EverySecond) => say(
                "毎秒実行する cron 式です。先頭の欄は「秒」です。",
                "This cron expression fires every second. The first field is the second.",
                form.0,
                form.1,
            ),
            Self::Timezone(nearest) => {
                let (what, expected, _) = say(
                    "この時間帯はありません。",
                    "There is no such time zone.",
                    "\"Asia/Tokyo\" など",
                    "such as \"Asia/Tokyo\"",
                );
                let hint = nearest.as_ref().map(|name| {
                    if ja {
                        format!("もしかして `{name}` ですか。")
                    } else {
                        format!("Did you mean `{name}`?")
                    }
                });
                (what, expected, hint.unwrap_or_default())
            }
            Self::Period => {
                let names = "yesterday, last-7-days, month-to-date, previous-month, YYYY-MM";
                say("この期間の名前はありません。", "There is no period of this name.", names, names)
            }
            Self::TimeOfDay => say("時刻ではありません。", "Not a time of day.", "\"09:00\"", "\"09:00\""),
            Self::MonthDay => say("月日ではありません。", "Not a day of the year.", "\"12-29\"", "\"12-29\""),
            Self::NameTwice(file) => say(
                &format!("同じ名前の予定が {file} にもあります。"),
                &format!("{file} has a schedule of this name too."),
                "予定ごとに違う名前",
                "a name of its own for each schedule",
            ),
            Self::NameLong => {
                say("名前が長すぎます。", "The name is too long.", "64 文字以内", "at most 64 characters")
            }
            Self::NoDay => say(
                "cron 式の日が `days` の営業日に当たることがありません。",
                "No day of the cron expression is one that `days` counts.",
                "cron か days のどちらかを直した組み合わせ",
                "another cron or another days",
            ),
            Self::Url => say("URL ではありません。", "Not a URL.", "\"https://…\"", "\"https://…\""),
        }
    }
}

/// A service fault at `place`.
pub(super) fn problem(place: &Place, found: &str, fault: ServiceFault) -> ConfigProblem {
    place.problem(found, Fault::Service(fault))
}

pub(super) fn daemon(section: &Section, folder: &Path, inbox: &Path, problems: &mut Vec<ConfigProblem>) -> Daemon {
    let mut path = |key: &str| {
        let text = section.text(key).filter(|text| !text.text.is_empty())?;
        let path = absolute(folder, &text.text);
        if path.starts_with(inbox) {
            problems.push(text.place.problem(&text.text, Fault::InsideInbox));
        }
        Some(path)
    };
    let (log_file, metrics_file) = (path("log_file"), path("metrics_file"));
    let ping_url = section.text("ping_url").filter(|text| !text.text.is_empty());
    let is_url = |text: &Text| {
        ["https://", "http://"].iter().any(|scheme| text.text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
    };
    if let Some(url) = ping_url.filter(|url| !is_url(url)) {
        problems.push(problem(&url.place, &url.text, ServiceFault::Url));
    }
    Daemon {
        log: match section.text("log").map(|text| text.text.as_str()) {
            Some("json") => LogForm::Json,
            _ => LogForm::Text,
        },
        log_file,
        metrics_file,
        ping_url: ping_url.map(|url| url.text.clone()),
    }
}

pub(super) fn calendar(section: &Section, problems: &mut Vec<ConfigProblem>) -> Calendar {
    let usual = Calendar::default();
    let mut month_day = |key: &str, default| match section.text(key) {
        None => default,
        // A leap year, so that 02-29 is a day.
        Some(text) => match Day::parse(&format!("2024-{}", text.text)) {
            Some(day) => (day.month(), day.day_of_month()),
            None => {
                problems.push(problem(&text.place, &text.text, ServiceFault::MonthDay));
                default
            }
        },
    };
    let year_end_from = month_day("year_end_from", usual.year_end_from);
    let year_end_to = month_day("year_end_to", usual.year_end_to);
    let mut days = |key: &str| {
        let day = |text: &Text| {
            let day = Day::parse(&text.text);
            if day.is_none() {
                problems.push(text.place.problem(&text.text, Fault::NotADay));
            }
            day
        };
        section.texts(key).iter().filter_map(day).collect()
    };
    Calendar { year_end_from, year_end_to, closed: days("closed"), open: days("open") }
}

pub(super) fn retention(section: &Section) -> Retention {
    let days = |key| section.whole(key).and_then(|days| u32::try_from(days).ok()).filter(|days| *days > 0);
    Retention { archive_days: days("archive_days"), held_days: days("held_days"), reports_days: days("reports_days") }
}
