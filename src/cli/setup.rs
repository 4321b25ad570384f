//! `demo` and `init`: a sample merchant, and a new installation.

use super::help::terminal_language;
use super::notices::pick;
use super::trouble::{preparation, unusable};
use super::{Exit, failed, run_command, user};
use crate::cli::args::RunArguments;
use crate::config;
use crate::demo;
use crate::durable;
use crate::locale::Language;
use crate::run::Workshop;
use crate::{clock, templates};
use std::path::Path;

/// Writes the sample merchant into `folder` and runs it for its as-of date.
pub(super) fn demo(folder: &Path) -> Exit {
    let config_file = folder.join("totsugo.toml");
    if config_file.exists() {
        let ja = "すでに使われています。新しいフォルダーを指定してください。";
        complain!("{}: {}", folder.display(), pick(terminal_language(), ja, "in use already; name a new folder."));
        return Exit::Usage;
    }
    let files = match demo::files() {
        Ok(files) => files,
        Err(error) => return failed(&error),
    };
    for file in files {
        let path = folder.join(&file.path);
        if let Err(error) = durable::write_new(&path, &file.bytes) {
            return unusable(terminal_language(), &path, &error);
        }
    }
    let workshop =
        config::load(Some(&config_file)).map_err(|error| error.sentence(terminal_language())).and_then(|config| {
            let (language, layouts) = (config.language, config.paths.templates.join("layouts"));
            Workshop::prepare(config, clock::now()).map_err(|error| preparation(language, &layouts, &error))
        });
    let workshop = match workshop {
        Ok(workshop) => Workshop { user: user(), ..workshop },
        Err(why) => return failed(&why),
    };
    let exit = run_command(
        &workshop,
        &RunArguments {
            from: None,
            to: None,
            period: "month-to-date".to_owned(),
            shop: Vec::new(),
            as_of: Some(demo::AS_OF.to_owned()),
            dry_run: false,
            reissue: false,
            no_mail: false,
            json: false,
            accept_clock: false,
            fail_on_findings: false,
        },
    );
    let language = workshop.language();
    say!("{}: {}", pick(language, "レポート", "Reports"), workshop.config.paths.reports.display());
    say!("{}: {}", pick(language, "メール", "Mails"), workshop.config.paths.outbox.display());
    exit
}

/// Writes a commented configuration in the language `written`, a schedule and the folders; never over an existing file.
/// One that is there just as it would be written is what an earlier call, stopped on its way, had come to.
pub(super) fn init(folder: &Path, written: Language) -> Exit {
    let language = terminal_language();
    let files = [("totsugo.toml", templates::initial_config(written)), ("schedules/nightly.toml", templates::NIGHTLY)];
    for (path, text) in files {
        let path = folder.join(path);
        match durable::write_new(&path, text.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                if std::fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
                    continue;
                }
                let ja =
                    "すでにあるため、書き換えません。別のフォルダーを指定するか、このファイルを直してお使いください。";
                let en = "exists and is not touched. Name another folder, or edit this file.";
                complain!("{}: {}", path.display(), pick(language, ja, en));
                return Exit::Usage;
            }
            Err(error) => return unusable(language, &path, &error),
            Ok(()) => say!("{}", path.display()),
        }
    }
    let config = match config::load(Some(&folder.join("totsugo.toml"))) {
        Ok(config) => config,
        Err(error) => return failed(&error.sentence(language)),
    };
    let paths = &config.paths;
    for folder in [&paths.inbox, &paths.archive, &paths.held, &paths.reports, &paths.outbox, &paths.schedules] {
        if let Err(error) = durable::create_folder(folder) {
            return unusable(language, folder, &error);
        }
        say!("{}/", folder.display());
    }
    let ja = "次に totsugo.toml を編集し、totsugo check で確認してください。";
    say!("{}", pick(language, ja, "Next: edit totsugo.toml, then look at it with totsugo check."));
    Exit::Completed
}
