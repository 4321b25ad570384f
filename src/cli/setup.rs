//! `demo` and `init`: a sample merchant, and a new installation.

use super::notices::pick;
use super::{Exit, failed, run_command};
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
        complain!(
            "{}: 既に使われています。新しいフォルダを指定してください。 / already in use; name a new folder.",
            folder.display()
        );
        return Exit::Usage;
    }
    let files = match demo::files() {
        Ok(files) => files,
        Err(error) => return failed(&error),
    };
    for file in files {
        let path = folder.join(&file.path);
        if let Err(error) = durable::write_new(&path, &file.bytes) {
            return failed(&format!("{}: {error}", path.display()));
        }
    }
    let workshop = config::load(Some(&config_file))
        .map_err(|e| failed(&e))
        .and_then(|config| Workshop::prepare(config, clock::now()).map_err(|e| failed(&e)));
    let workshop = match workshop {
        Ok(workshop) => workshop,
        Err(exit) => return exit,
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
    say!("reports: {}", workshop.config.paths.reports.display());
    say!("outbox:  {}", workshop.config.paths.outbox.display());
    exit
}

/// Writes a commented configuration, a schedule and the folders; never over an existing file.
pub(super) fn init(folder: &Path) -> Exit {
    let language = Language::Ja;
    let files = [("totsugo.toml", templates::initial_config(language)), ("schedules/nightly.toml", templates::NIGHTLY)];
    for (path, text) in files {
        let path = folder.join(path);
        match durable::write_new(&path, text.as_bytes()) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                complain!(
                    "{}: {}",
                    path.display(),
                    pick(language, "既にあるため、書き換えません。", "exists, not touched.")
                );
                return Exit::Usage;
            }
            Err(error) => return failed(&format!("{}: {error}", path.display())),
            Ok(()) => say!("{}", path.display()),
        }
    }
    let config = match config::load(Some(&folder.join("totsugo.toml"))) {
        Ok(config) => config,
        Err(error) => return failed(&error),
    };
    let paths = &config.paths;
    for folder in [&paths.inbox, &paths.archive, &paths.held, &paths.reports, &paths.outbox, &paths.schedules] {
        if let Err(error) = durable::create_folder(folder) {
            return failed(&format!("{}: {error}", folder.display()));
        }
        say!("{}/", folder.display());
    }
    Exit::Completed
}
