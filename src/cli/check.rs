//! `check`: configuration, layouts, templates, folders and GMO console settings, all told at once; or one file.

use super::backup::holds;
use super::marks::{BAD, GOOD, WARNING};
use super::notices::pick;
use super::trouble::stopped;
use super::{Exit, complain_all, load};
use crate::config::{self, ConfigError, Transport};
use crate::console;
use crate::daemon::Alert;
use crate::domain::calendar::KNOWN_YEARS;
use crate::domain::intake::{Fault, Place, Problem};
use crate::durable;
use crate::inbox::{self, InboxError};
use crate::locale::{self, Language};
use crate::normalise::Examined;
use crate::post::{self, Timeouts};
use crate::run::{self, Effect, RunError, Workshop, inbox_words, os_words};
use crate::schedule::{Days, business_day};
use chrono::Datelike;
use std::io;
use std::path::Path;

/// How many coming firings of a schedule are shown.
const FIRINGS: usize = 5;

/// Checks everything that can be checked without taking a file in.
///
/// Broken configuration, layouts or templates end with 2; what merely needs somebody ends with 1.
pub(super) fn check(config: Option<&Path>) -> Exit {
    match load(config) {
        Ok(workshop) => inspect(&workshop),
        Err(exit) => exit,
    }
}

fn inspect(workshop: &Workshop) -> Exit {
    let language = workshop.language();
    let config = &workshop.config;
    say!(
        "{GOOD} {}",
        pick(
            language,
            "設定ファイル・レイアウト・メールテンプレートは正しく読めます。",
            "Configuration, layouts and mail templates are valid."
        )
    );
    if durable::is_all_powerful() {
        complain!(
            "! {}",
            pick(
                language,
                "管理者権限（root）で動いています。専用のユーザーで動かしてください。",
                "Running as root: give it a user of its own."
            )
        );
    }
    let mut warnings = folders(workshop);
    match schedules(workshop) {
        Ok(said) => warnings.extend(said),
        Err(exit) => return exit,
    }
    for shop in &config.shops {
        say!("  {} {}", shop.shop.id, shop.shop.name);
        if shop.recipients.is_empty() {
            say!(
                "    {}",
                pick(language, "宛先がありません: メールは作成されません。", "No recipients: no mail is made.")
            );
        }
        for deviation in shop.gmo_settings.as_ref().map(console::deviations).unwrap_or_default() {
            warnings.push(deviation_sentence(language, &shop.shop.id.to_string(), &deviation));
        }
    }
    addresses(workshop);
    warnings.extend(mail_server(workshop));
    if let Err(error) = workshop.check_place().and_then(|()| workshop.check_presence()) {
        return stopped(workshop, &error);
    }
    let inbox = if config.paths.database.exists() {
        let looked = workshop
            .open_store(Effect::Real)
            .and_then(|open| Ok((open.store.verify()?, run::inbox_trouble(workshop, Some(&open.store))?)));
        match looked {
            Ok((held, inbox)) => {
                say!("{GOOD} {}", holds(language, held));
                inbox
            }
            Err(error) => return stopped(workshop, &error),
        }
    } else {
        run::inbox_trouble(workshop, None).unwrap_or_default()
    };
    complain_all(&warnings);
    if let Err(exit) = inbox_is_there(workshop, inbox) {
        return exit;
    }
    if warnings.is_empty() { Exit::Completed } else { Exit::Attention }
}

/// Says how one file would be read: layout, encoding, columns, rows, problems. Takes nothing in.
///
/// Ends with 0 where the file would be taken in whole, 1 where anything is wrong with it, 2 where it is not there.
pub(super) fn check_file(workshop: &Workshop, path: &Path) -> Exit {
    let limit_mb = workshop.config.intake.max_file_mb;
    let read = inbox::named(&[path.to_owned()], &workshop.config.paths.inbox, &workshop.config.paths.archive)
        .map_err(|error| inbox_words(workshop.language(), &error))
        .and_then(|mut found| found.pop().ok_or_else(|| path.display().to_string()))
        .and_then(|arrival| match durable::read_limited(path, limit_mb.saturating_mul(1 << 20)) {
            Ok(content) => Ok((run::examine_file(workshop, &arrival, &content), arrival)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let problem = Problem { place: Place::default(), fault: Fault::TooLarge { limit_mb } };
                Ok((Examined { problems: vec![problem], ..Examined::default() }, arrival))
            }
            Err(error) => Err(format!("{}: {}", path.display(), os_words(workshop.language(), &error))),
        });
    match read {
        Ok((examined, arrival)) => tell_examined(workshop.language(), &arrival.name, &examined),
        Err(why) => {
            let ja = "パスと権限をご確認ください。";
            complain!("{why}\n{}", pick(workshop.language(), ja, "Look at its path and permissions."));
            Exit::Usage
        }
    }
}

fn tell_examined(language: Language, name: &str, examined: &Examined) -> Exit {
    let none = pick(language, "なし", "none");
    let listed = |names: &[String]| {
        let shown: Vec<String> = names.iter().map(|name| name.replace(char::is_control, " ")).collect();
        if shown.is_empty() { none.to_owned() } else { shown.join(pick(language, "、", ", ")) }
    };
    let line = |ja, en, value: &str| say!("  {}: {value}", pick(language, ja, en));
    say!("{name}");
    let layout = examined.layout.as_deref().map(|name| locale::problems::layout_named(language, name));
    line("レイアウト", "layout", layout.as_deref().unwrap_or(none));
    if examined.layout.is_some() {
        line("文字コード", "encoding", examined.encoding.unwrap_or(none));
        line("使用する列", "columns found", &listed(&examined.columns));
        line("未知の列（読み飛ばします）", "unknown columns (ignored)", &listed(&examined.unknown_columns));
        if !examined.dropped_columns.is_empty() {
            say!("  {}", locale::sheets::dropped_columns(language, &listed(&examined.dropped_columns), name));
        }
        line("行数", "rows", &examined.rows.to_string());
        if examined.hidden_rows > 0 {
            let hidden = examined.hidden_rows.to_string();
            line("うち非表示の行（同じく取り込みます）", "hidden rows (taken in as well)", &hidden);
        }
        for row in &examined.first {
            let cells: Vec<String> = row.iter().map(|(heading, value)| format!("{heading}={value}")).collect();
            line("先頭の行", "first rows", &listed(&cells));
        }
    }
    for problem in &examined.problems {
        say!("{BAD} {}", locale::problems::problem(language, name, problem));
    }
    let (mark, verdict) = match (examined.accepted, examined.problems.is_empty()) {
        (true, true) => (GOOD, pick(language, "このまま取り込めます。", "It can be taken in as it is.")),
        (true, false) => {
            (WARNING, pick(language, "上記の行を除いて取り込みます。", "It would be taken in without the rows above."))
        }
        (false, _) => (
            WARNING,
            pick(
                language,
                "置くと保留になります。上記を直してください。",
                "It would be held. Correct what is said above.",
            ),
        ),
    };
    say!("{mark} {verdict}");
    if examined.accepted && examined.problems.is_empty() { Exit::Completed } else { Exit::Attention }
}

/// Prints each schedule with its next firings; a schedule file that is not valid ends with 2 (FAULTS C06, C07, C13).
fn schedules(workshop: &Workshop) -> Result<Vec<String>, Exit> {
    let language = workshop.language();
    let config = &workshop.config;
    let usage = |error: &ConfigError| {
        complain!("{}", error.sentence(language));
        Exit::Usage
    };
    let files =
        config::schedules(&config.paths.schedules, &config.calendar, language).map_err(|error| usage(&error))?;
    let wrong: Vec<Exit> = files.iter().filter_map(|file| file.schedule.as_ref().err()).map(usage).collect();
    if let Some(exit) = wrong.first() {
        return Err(*exit);
    }
    if files.is_empty() {
        say!("  {}", no_schedule(workshop));
    }
    let mut warnings = Vec::new();
    for schedule in files.iter().filter_map(|file| file.schedule.as_ref().ok()) {
        say!("  {} {} {}", schedule.name, schedule.cron.as_str(), schedule.timezone);
        let firings: Vec<_> = schedule.firings(workshop.now.to_utc(), &config.calendar).take(FIRINGS).collect();
        for planned in &firings {
            let local = planned.with_timezone(&schedule.timezone);
            let weekday = weekday(language, local.weekday().num_days_from_monday());
            say!("    {} ({weekday})", local.format("%Y-%m-%d %H:%M:%S"));
        }
        let beyond = firings.iter().map(|planned| business_day(*planned).year()).find(|y| !KNOWN_YEARS.contains(y));
        if let Some(year) = beyond.filter(|_| schedule.days != Days::All) {
            warnings.push(Alert::CalendarEnds(year).sentence(language));
        }
    }
    Ok(warnings)
}

/// That there is no schedule: all is well for whoever runs by hand, so it is merely said.
pub(super) fn no_schedule(workshop: &Workshop) -> String {
    Alert::NoSchedule { folder: workshop.config.paths.schedules.display().to_string() }.sentence(workshop.language())
}

const fn weekday(language: Language, from_monday: u32) -> &'static str {
    match (from_monday, language) {
        (0, Language::Ja) => "月",
        (1, Language::Ja) => "火",
        (2, Language::Ja) => "水",
        (3, Language::Ja) => "木",
        (4, Language::Ja) => "金",
        (5, Language::Ja) => "土",
        (_, Language::Ja) => "日",
        (0, Language::En) => "Mon",
        (1, Language::En) => "Tue",
        (2, Language::En) => "Wed",
        (3, Language::En) => "Thu",
        (4, Language::En) => "Fri",
        (5, Language::En) => "Sat",
        (_, Language::En) => "Sun",
    }
}

/// Whether the inbox can be looked at: where there is no such folder the configuration is wrong (FAULTS K08), where it is
/// not mounted it is not the configuration's fault (FAULTS A12).
fn inbox_is_there(workshop: &Workshop, trouble: Option<InboxError>) -> Result<(), Exit> {
    let (config, language) = (&workshop.config, workshop.language());
    if !config.paths.inbox.is_dir() {
        let text = pick(
            language,
            "フォルダーがありません。作成するか、設定の paths.inbox を直してください。共有フォルダーであれば接続をご確認ください。",
            "no such folder. Make it or correct paths.inbox; for a share, mount it.",
        );
        complain!("paths.inbox: {}: {text}", config.paths.inbox.display());
        return Err(Exit::Usage);
    }
    trouble.map_or(Ok(()), |error| Err(stopped(workshop, &RunError::Inbox(error))))
}

/// Folders that cannot be written.
fn folders(workshop: &Workshop) -> Vec<String> {
    let paths = &workshop.config.paths;
    let language = workshop.language();
    let mut warnings = Vec::new();
    for (key, folder) in
        [("archive", &paths.archive), ("held", &paths.held), ("reports", &paths.reports), ("outbox", &paths.outbox)]
    {
        let read_only = folder.metadata().is_ok_and(|metadata| metadata.permissions().readonly());
        if read_only || (folder.exists() && !folder.is_dir()) {
            let text = pick(
                language,
                "書き込めません。フォルダーの権限をご確認ください",
                "cannot be written; check its permissions",
            );
            warnings.push(format!("{key}: {}: {text}", folder.display()));
        }
    }
    warnings
}

fn deviation_sentence(language: Language, shop: &str, deviation: &console::Deviation) -> String {
    let console::Deviation { key, label, found, expected, manual, menu_path } = deviation;
    match (found, language) {
        (None, Language::Ja) => format!(
            "{shop}: 設定ファイルに {key} がありません。GMO管理画面（{menu_path}）の{label}の値を確認して記入してください。マニュアル（{manual}）では「{expected}」です。"
        ),
        (None, Language::En) => format!(
            "{shop}: {key} is not in the configuration. Look up {label} in the GMO console ({menu_path}) and write it there; the manual ({manual}) says \"{expected}\"."
        ),
        (Some(found), Language::Ja) => format!(
            "{shop}: GMO管理画面の{label}（{key}）が「{found}」です。マニュアル（{manual}）では「{expected}」です。{menu_path} で修正してください。"
        ),
        (Some(found), Language::En) => format!(
            "{shop}: {label} ({key}) in the GMO console is \"{found}\"; the manual ({manual}) says \"{expected}\". Change it at {menu_path}."
        ),
    }
}

/// Prints which address hears about which shops, and marks those that hear about more than one (FAULTS K05).
fn addresses(workshop: &Workshop) {
    let language = workshop.language();
    for (address, shops) in workshop.config.address_book() {
        let several = if shops.len() > 1 {
            pick(language, "  ※複数ショップの宛先", "  * hears about several shops")
        } else {
            ""
        };
        let shops: Vec<&str> = shops.iter().map(|shop| shop.as_str()).collect();
        say!("  {address} → {}{several}", shops.join(", "));
    }
}

/// Talks to the mail server without sending anything, and looks at the sender (FAULTS M12).
fn mail_server(workshop: &Workshop) -> Vec<String> {
    let (language, config) = (workshop.language(), &workshop.config);
    let Transport::Smtp(server) = &config.mail.transport else { return Vec::new() };
    let mut warnings = Vec::new();
    match post::probe(config, Timeouts::RFC) {
        Ok(found) => {
            let limit = found.and_then(|found| found.size_limit);
            let limit = limit.map(|bytes| format!(", SIZE {bytes}")).unwrap_or_default();
            let text =
                pick(language, "メールサーバーに接続・ログインできます", "the mail server can be reached and used");
            say!("{GOOD} {}:{}: {text}{limit}", server.host, server.port);
            if let Some(limit) = found.and_then(|found| found.size_limit)
                && limit < config.mail.max_attachment_mb.saturating_mul(1 << 20)
            {
                let text = pick(
                    language,
                    "mail.max_attachment_mb がメールサーバーの上限を超えています",
                    "mail.max_attachment_mb is above the server's limit",
                );
                warnings.push(format!("{text}: {limit} bytes"));
            }
        }
        Err(failure) => {
            let text = pick(language, "メールサーバーを使えません", "the mail server cannot be used");
            warnings.push(format!("{}:{}: {text}: {}", server.host, server.port, failure.words()));
        }
    }
    let from = config.mail.from.address().to_ascii_lowercase();
    let local: String = from.split('@').next().unwrap_or_default().chars().filter(|c| !"-_.".contains(*c)).collect();
    if local.starts_with("noreply") || local.starts_with("donotreply") {
        let text = pick(
            language,
            "不達の通知（バウンス）はこのアドレスに届きます。誰かが読むアドレスにしてください",
            "bounces go to this address; use a mailbox that somebody reads",
        );
        warnings.push(format!("mail.from: {from}: {text}"));
    }
    warnings
}
