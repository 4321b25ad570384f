//! The commands of SPEC §3: arguments in, exit code out. The only module that prints.

/// A line to stdout. A reader that went away (`totsugo history | head`) changes nothing of the work (FAULTS G03).
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        drop(writeln!(anstream::stdout(), $($words)*));
    }};
}

/// A line to stderr, with the same patience.
macro_rules! complain {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        drop(writeln!(anstream::stderr(), $($words)*));
    }};
}

mod args;
mod backup;
mod check;
mod clean;
mod daemon;
mod findings;
mod help;
mod intake;
mod lists;
mod mail;
mod manual;
mod marks;
mod notices;
mod progress;
mod setup;
mod show;
mod status;
mod table;
mod trouble;

pub use trouble::stopped;

use crate::clock;
use crate::config::{self, Config};
use crate::domain::dates::{Day, Period};
use crate::domain::ids::ShopId;
use crate::domain::intake::Outcome;
use crate::durable;
use crate::locale::Language;
use crate::run::{self, Effect, Lock, LockError, Notice, Order, Report, RunError, Workshop};
use args::{Arguments, Command, RunArguments};
use clap::FromArgMatches;
use notices::{mail_name, pick};
use std::io::Write;
use std::path::Path;

/// How a command ends (SPEC §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: completed.
    Completed,
    /// 1: completed, but something needs the operator.
    Attention,
    /// 2: wrong usage or configuration, nothing was done.
    Usage,
    /// 3: failed.
    Failed,
    /// 4: another instance is at work.
    Busy,
}

impl Exit {
    /// The process's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Completed => 0,
            Self::Attention => 1,
            Self::Usage => 2,
            Self::Failed => 3,
            Self::Busy => 4,
        }
    }

    fn from_code(code: i32) -> Self {
        match code {
            0 => Self::Completed,
            1 => Self::Attention,
            2 => Self::Usage,
            4 => Self::Busy,
            _ => Self::Failed,
        }
    }
}

/// Runs the command line that `arguments` spell; the first is the program's name.
pub fn main(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Exit {
    // A panic's own words may quote a file's content, which no log may hold (FAULTS G07): the place is enough to find it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        complain!("totsugo: internal error at {place}; please report it");
    }));
    durable::keep_private();
    let tree = help::command(help::terminal_language());
    let parsed = tree.try_get_matches_from(arguments).and_then(|found| Arguments::from_arg_matches(&found));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            help::tell(help::terminal_language(), &error);
            return if error.use_stderr() { Exit::Usage } else { Exit::Completed };
        }
    };
    let config = arguments.config.as_deref();
    match arguments.command {
        Command::Demo { folder } => setup::demo(&folder),
        Command::Init { folder, language } => setup::init(&folder, language),
        Command::Run(order) => with_workshop(config, |workshop| run_command(workshop, &order)),
        Command::Ingest { paths, json } => with_workshop(config, |workshop| intake::ingest(workshop, &paths, json)),
        Command::Daemon => with_workshop(config, |workshop| daemon::daemon(workshop, config)),
        Command::Status { max_age, json } => {
            with_workshop(config, |workshop| status::status(workshop, max_age.as_deref(), json))
        }
        Command::Clean { dry_run, json } => with_workshop(config, |workshop| clean::clean(workshop, dry_run, json)),
        Command::Show { key, json } => with_workshop(config, |workshop| show::show(workshop, &key, json)),
        // The bare words mean their lists.
        Command::Findings { action, json } => with_workshop(config, |workshop| {
            findings::findings(workshop, action.unwrap_or(args::FindingsAction::List { json }))
        }),
        Command::Held { action, json } => {
            with_workshop(config, |workshop| lists::held(workshop, action.unwrap_or(args::HeldAction::List { json })))
        }
        Command::Mail { action, json } => {
            with_workshop(config, |workshop| mail::mail(workshop, action.unwrap_or(args::MailAction::List { json })))
        }
        Command::History { acts: true, json, .. } => with_workshop(config, |workshop| lists::acts(workshop, json)),
        Command::History { shop, json, .. } => {
            with_workshop(config, |workshop| lists::history(workshop, shop.as_deref(), json))
        }
        Command::Backup { file, reason } => with_workshop(config, |workshop| backup::backup(workshop, &file, &reason)),
        Command::Restore { file, verify: _, dry_run: true, .. } => {
            with_workshop(config, |workshop| backup::inspect(workshop, &file))
        }
        Command::Restore { file, verify, reason, .. } => {
            with_workshop(config, |workshop| backup::restore(workshop, &file, verify, &reason))
        }
        Command::Check { file: None } => check::check(config),
        Command::Check { file: Some(file) } => with_workshop(config, |workshop| check::check_file(workshop, &file)),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut help::command(help::terminal_language()),
                "totsugo",
                &mut std::io::stdout(),
            );
            Exit::Completed
        }
        Command::Man { words } => manual::print(help::terminal_language(), &words),
    }
}

/// Loads configuration, layouts and templates, then does `work`; every problem is told and ends with 2.
fn with_workshop(config: Option<&Path>, work: impl FnOnce(&Workshop) -> Exit) -> Exit {
    match load(config) {
        Ok(workshop) => work(&workshop),
        Err(exit) => exit,
    }
}

fn load(config: Option<&Path>) -> Result<Workshop, Exit> {
    prepare(config).map_err(|why| {
        complain!("{why}");
        Exit::Usage
    })
}

/// Configuration, layouts and templates, or all that is wrong with them in the user's language.
fn prepare(config: Option<&Path>) -> Result<Workshop, String> {
    let loaded: Config = config::load(config)
        .map_err(|error| error.sentence(error.language().unwrap_or_else(help::terminal_language)))?;
    let language = loaded.language;
    let now = clock::now();
    let today = Day::from_naive(now.date_naive());
    let future = |shop: &&config::ShopConfig| shop.shop.policy.history_start.is_some_and(|start| start > today);
    if let Some(shop) = loaded.shops.iter().find(future) {
        let ja = "history_start が未来の日付です。すべての取引・予約が対象外になるため、過去の日付を指定してください。";
        let en = "history_start lies in the future, so everything would be excluded. Give a past date.";
        return Err(format!("{}: {}", shop.shop.id, pick(language, ja, en)));
    }
    let layouts = loaded.paths.templates.join("layouts");
    let workshop = Workshop::prepare(loaded, now).map_err(|error| trouble::preparation(language, &layouts, &error))?;
    Ok(Workshop { user: user(), ..workshop })
}

/// The account that works here; where nobody says its name, as under cron and in containers, its number.
fn user() -> String {
    let named = |name| std::env::var(name).ok().filter(|user| !user.is_empty());
    ["SUDO_USER", "USER", "LOGNAME", "USERNAME"].into_iter().find_map(named).unwrap_or_else(durable::account)
}

/// Takes the lock or says who is at work.
fn lock(workshop: &Workshop) -> Result<Lock, Exit> {
    Lock::take(&workshop.config.paths.database).map_err(|error| match error {
        LockError::Taken => {
            let ja = "別の totsugo が処理中です。終わってから、もう一度実行してください。totsugo status で状況を確認できます。";
            let en = "Another instance of totsugo is at work. Try again when it is done; totsugo status says how things stand.";
            complain!("{}", pick(workshop.language(), ja, en));
            Exit::Busy
        }
        LockError::Io { path, source } => trouble::unusable(workshop.language(), &path, &source),
    })
}

/// Sentences to stderr, a line each.
fn complain_all(sentences: &[String]) {
    for sentence in sentences {
        complain!("{} {sentence}", marks::WARNING);
    }
}

fn failed(error: &dyn std::fmt::Display) -> Exit {
    complain!("{error}");
    Exit::Failed
}

fn run_command(workshop: &Workshop, arguments: &RunArguments) -> Exit {
    let order = match order(workshop, arguments) {
        Ok(order) => order,
        Err(message) => {
            complain!("{message}");
            return Exit::Usage;
        }
    };
    let lock = if order.effect == Effect::Real { Some(lock(workshop)) } else { None };
    if let Some(Err(exit)) = lock {
        return exit;
    }
    if arguments.accept_clock
        && order.effect == Effect::Real
        && let Err(error) = accept_clock(workshop)
    {
        return trouble::stopped(workshop, &error);
    }
    let done = run::run(workshop, &order, &progress::watch(workshop.language()));
    let mut report = match done {
        Ok(report) => report,
        Err(error) => return trouble::stopped(workshop, &error),
    };
    let mut exit = Exit::from_code(report.json.exit_code);
    let open: usize = report.issued.iter().map(|shop| shop.findings).sum();
    if arguments.fail_on_findings && open > 0 && exit == Exit::Completed {
        exit = Exit::Attention;
    }
    if arguments.json {
        report.json.exit_code = i32::from(exit.code());
        if print_json(&report.json).is_err() {
            return Exit::Failed;
        }
    }
    tell(workshop, &report, order.effect, arguments.json);
    exit
}

/// Takes the clock as right; the act of a person, so it stands in the trail.
fn accept_clock(workshop: &Workshop) -> Result<(), RunError> {
    let open = workshop.open_store(Effect::Real)?;
    open.store.accept_clock(workshop.now.to_utc())?;
    open.store.log_act(&workshop.stamp(), "accept-clock", &workshop.stamp(), "")?;
    Ok(())
}

fn print_json(document: &impl serde::Serialize) -> std::io::Result<()> {
    // Standard output alone would be flushed at every line, of which a long document has a million.
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, document)?;
    writeln!(out)?;
    out.flush()
}

/// What to report, out of the arguments; the sentence says what is wrong.
fn order(workshop: &Workshop, arguments: &RunArguments) -> Result<Order, String> {
    let language = workshop.language();
    let bad = |what: &str, found: &str, valid: (&str, &str)| match language {
        Language::Ja => format!("{what}: 「{found}」は指定できません。{}を指定してください。", valid.0),
        Language::En => format!("{what}: \"{found}\" is not valid. Give {}.", valid.1),
    };
    let a_day = ("YYYY-MM-DD 形式の、実際にある日付", "a date that exists, as YYYY-MM-DD");
    let a_period = (
        "yesterday・last-7-days・month-to-date・previous-month・YYYY-MM のどれか",
        "yesterday, last-7-days, month-to-date, previous-month or YYYY-MM",
    );
    let in_reach = ("2010-01-01 から 2099-12-31 までの日付", "a day from 2010-01-01 to 2099-12-31");
    let within = |what: &str, text: &str, day: Day| {
        if (2010..=2099).contains(&day.year()) { Ok(day) } else { Err(bad(what, text, in_reach)) }
    };
    let day = |what: &str, text: &str| within(what, text, Day::parse(text).ok_or_else(|| bad(what, text, a_day))?);
    let as_of = arguments.as_of.as_deref().map_or(Ok(workshop.today()), |text| day("--as-of", text))?;
    let period = match (&arguments.from, &arguments.to) {
        (Some(from), Some(to)) => {
            let (from, to) = (day("--from", from)?, day("--to", to)?);
            Period::new(from, to).ok_or_else(|| out_of_order(language, from, to))?
        }
        (None, None) => {
            let name = &arguments.period;
            let period = Period::named(name, as_of).ok_or_else(|| bad("--period", name, a_period))?;
            // What is named after no month follows from the as-of date.
            if name.starts_with(|first: char| first.is_ascii_digit()) {
                within("--period", name, period.from())?;
            }
            period
        }
        _ => {
            return Err(
                pick(language, "--from と --to は両方指定してください。", "Give both --from and --to.").to_owned()
            );
        }
    };
    if let Some(why) = arguments.shop.iter().find_map(|id| unknown_shop(workshop, id)) {
        return Err(why);
    }
    Ok(Order {
        period,
        as_of,
        shops: arguments.shop.iter().map(|id| ShopId::new(id)).collect(),
        effect: if arguments.dry_run { Effect::Rehearsal } else { Effect::Real },
        reissue: arguments.reissue,
        mail: !arguments.no_mail,
        slot: None,
    })
}

fn out_of_order(language: Language, from: Day, to: Day) -> String {
    match language {
        Language::Ja => format!("--from {from} --to {to}: --to には --from 以降の日付を指定してください。"),
        Language::En => format!("--from {from} --to {to}: give a --to that is not before --from."),
    }
}

/// That `id` is no shop of the configuration, and which there are.
fn unknown_shop(workshop: &Workshop, id: &str) -> Option<String> {
    let ids: Vec<&str> = workshop.config.shops.iter().map(|shop| shop.shop.id.as_str()).collect();
    let said = || match workshop.language() {
        Language::Ja => format!("--shop: 「{id}」は設定にありません。設定にあるショップ: {}", ids.join("、")),
        Language::En => format!("--shop: \"{id}\" is not configured. Configured: {}", ids.join(", ")),
    };
    (!ids.contains(&id)).then(said)
}

/// Tells people what a run did: results to stdout unless JSON stands there, what needs somebody to stderr.
fn tell(workshop: &Workshop, report: &Report, effect: Effect, json: bool) {
    let language = workshop.language();
    if !json {
        if effect == Effect::Rehearsal {
            say!("{}", pick(language, "予行（--dry-run）: 何も変更していません。", "Dry run: nothing was changed."));
        }
        for file in report.json.files.iter().filter(|file| file.outcome != Outcome::Held) {
            say!("{}", intake::line(language, file));
        }
        say!("{} {} – {}", pick(language, "対象期間", "Period"), report.json.period.from, report.json.period.to);
        for shop in &report.issued {
            say!("{} {}  {}", shop.shop, shop.name, shop.verdict);
            let state = if shop.is_new { "" } else { pick(language, "（前回から変更なし）", " (unchanged)") };
            if let Some(workbook) = &shop.workbook {
                say!(
                    "  r{} {workbook}{state}  {}: {}",
                    shop.revision,
                    pick(language, "メール", "mail"),
                    mail_name(language, &workshop.config.mail.transport, shop.mail)
                );
            }
            if shop.changes > 0 {
                say!("  {}", changes(language, shop.changes));
            }
        }
    }
    let held = report.json.files.iter().filter(|file| file.outcome == Outcome::Held);
    tell_held(language, held.map(|file| (file.name.as_str(), file.reason.as_deref().unwrap_or_default())));
    tell_notices(language, &report.notices);
    for (shop, why) in &report.failures {
        let ja = "レポートを発行できませんでした。経理には何もメールしていません。フォルダーをそのまま残し、下の内容を控えて、totsugo check を実行してください。";
        let en = "No report was issued, and nothing was mailed to finance. Leave the folders as they are, note what is said below, and run totsugo check.";
        complain!("{} {shop}: {}\n  {why}", marks::BAD, pick(language, ja, en));
    }
}

/// Files that were held, each with its reason, and where they are now.
fn tell_held<'a>(language: Language, held: impl Iterator<Item = (&'a str, &'a str)>) {
    let mut any = false;
    for (name, reason) in held {
        any = true;
        // Most reasons name file, line and column themselves.
        let head = if reason.starts_with(name) { String::new() } else { format!("{name}: ") };
        complain!("{} {head}{}", marks::WARNING, reason.replace('\n', "\n  "));
    }
    if any {
        let ja =
            "保留したファイルは held フォルダーにあり、1 行も集計に含まれていません。totsugo held で確認できます。";
        let en = "Held files lie in the held folder and no row of them counts; totsugo held lists them.";
        complain!("{}", pick(language, ja, en));
    }
}

/// How many rows 変更点 has.
fn changes(language: Language, count: usize) -> String {
    match language {
        Language::Ja => format!("前回の報告から{count}件の変更があります（シート「変更点」）。"),
        Language::En if count == 1 => "1 figure differs from what was reported before (sheet \"Changes\").".to_owned(),
        Language::En => format!("{count} figures differ from what was reported before (sheet \"Changes\")."),
    }
}

fn tell_notices(language: Language, notices: &[Notice]) {
    for item in notices.iter().filter(|item| !item.was_told()) {
        complain!("{}", run::sentence(language, item));
    }
    let again = notices.iter().filter(|item| item.was_told()).count();
    match (again, language) {
        (0, _) => {}
        (_, Language::Ja) => {
            complain!("24時間以内にお知らせした{again}件（inbox から移動できないファイル）は、そのままです。")
        }
        (_, Language::En) => {
            complain!("{again} files that cannot leave the inbox, told within the last day, are still there.")
        }
    }
}
