//! `findings`, `held`, `history`: what the history knows, as tables or JSON.

use super::args::{FindingsAction, HeldAction};
use super::notices::pick;
use super::{Exit, failed, lock, print_json};
use crate::domain::ids::ShopId;
use crate::inbox;
use crate::locale::findings::code_name;
use crate::run::{Effect, Workshop};
use crate::store::{HistoryRun, Store};
use comfy_table::{ContentArrangement, Table};
use serde_json::json;

/// A table with `headings`, fitted to the terminal.
pub(super) fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic).set_header(headings.to_vec());
    table
}

/// Opens the history for reading what it knows.
pub(super) fn with_store(workshop: &Workshop, work: impl FnOnce(&mut Store) -> Exit) -> Exit {
    match workshop.open_store(Effect::Real) {
        Ok(mut open) => work(&mut open.store),
        Err(error) => failed(&error),
    }
}

/// `findings list`: what is open, oldest first.
pub(super) fn findings(workshop: &Workshop, action: Option<&FindingsAction>) -> Exit {
    with_store(workshop, |store| {
        let mut open = match store.findings(None) {
            Ok(all) => all,
            Err(error) => return failed(&error),
        };
        open.retain(|finding| finding.cleared.is_none());
        if matches!(action, Some(FindingsAction::List { json: true })) {
            let list: Vec<_> = open
                .iter()
                .map(|f| {
                    json!({"id": f.id.as_str(), "shop_id": f.shop.as_str(), "code": f.code.as_str(), "key": f.key,
                           "first_seen": f.first_seen.to_string(), "state": f.note.state})
                })
                .collect();
            return printed(print_json(&json!({"schema": 1, "findings": list})));
        }
        let language = workshop.language();
        if open.is_empty() {
            say!("{}", pick(language, "要確認の項目はありません。", "No findings are open."));
            return Exit::Completed;
        }
        let mut shown = table(
            &pick(
                language,
                "所見ID,ショップ,区分,予約番号・オーダーID,初出日,対応状況",
                "ID,Shop,Kind,Booking or Order ID,First seen,State",
            )
            .split(',')
            .collect::<Vec<_>>(),
        );
        for f in &open {
            shown.add_row([
                f.id.to_string(),
                f.shop.to_string(),
                code_name(language, f.code).to_owned(),
                f.key.clone(),
                f.first_seen.to_string(),
                f.note.state.clone(),
            ]);
        }
        say!("{shown}");
        Exit::Completed
    })
}

/// `held`: list, release, discard; every act is logged.
pub(super) fn held(workshop: &Workshop, action: Option<HeldAction>) -> Exit {
    let language = workshop.language();
    let (name, reason) = match action {
        None | Some(HeldAction::List) => return list_held(workshop),
        Some(HeldAction::Release { name }) => (name, None),
        Some(HeldAction::Discard { name, reason }) => (name, Some(reason)),
    };
    let _lock = match lock(workshop) {
        Ok(lock) => lock,
        Err(exit) => return exit,
    };
    with_store(workshop, |store| {
        let held = match store.held() {
            Ok(held) => held,
            Err(error) => return failed(&error),
        };
        let Some(file) = held.into_iter().find(|file| file.name == name) else {
            complain!(
                "{name}: {}",
                pick(
                    language,
                    "保留ファイルの中にありません。held list でご確認ください。",
                    "not among the held files; see `held list`."
                )
            );
            return Exit::Usage;
        };
        let paths = &workshop.config.paths;
        let (act, moved) = match &reason {
            None => ("release", inbox::put_back(&paths.held, &name, &paths.inbox, &file.original)),
            Some(_) => ("discard", inbox::discard(&paths.held, &name)),
        };
        if let Err(error) = moved {
            return failed(&format!("{name}: {error}"));
        }
        let logged = store.log_act(&workshop.stamp(), act, &name, reason.as_deref().unwrap_or_default());
        match logged.and_then(|()| store.remove_held(&name)) {
            Ok(_) => Exit::Completed,
            Err(error) => failed(&error),
        }
    })
}

fn list_held(workshop: &Workshop) -> Exit {
    with_store(workshop, |store| match store.held() {
        Ok(held) => {
            for file in &held {
                say!("{}  ({})\n  {}", file.name, file.since, file.reason.replace('\n', "\n  "));
            }
            if held.is_empty() {
                say!("{}", pick(workshop.language(), "保留ファイルはありません。", "No files are held."));
            }
            Exit::Completed
        }
        Err(error) => failed(&error),
    })
}

/// `history`: past runs, newest first.
pub(super) fn history(workshop: &Workshop, shop: Option<&str>, as_json: bool) -> Exit {
    let shop = shop.map(ShopId::new);
    with_store(workshop, |store| {
        let runs = match store.history(shop.as_ref()) {
            Ok(runs) => runs,
            Err(error) => return failed(&error),
        };
        if as_json {
            let runs: Vec<_> = runs.iter().map(run_json).collect();
            return printed(print_json(&json!({"schema": 1, "runs": runs})));
        }
        let headings = pick(
            workshop.language(),
            "処理,期間,基準日,結果,ショップ,版,突合済,要確認,検算,メール",
            "Run,Period,As of,Outcome,Shop,Revision,Matched,Findings,Proof,Mail",
        );
        let mut shown = table(&headings.split(',').collect::<Vec<_>>());
        for run in &runs {
            for shop in &run.shops {
                shown.add_row([
                    run.name.clone(),
                    format!("{}..{}", run.period.0, run.period.1),
                    run.as_of.to_string(),
                    run.outcome.clone(),
                    shop.shop.clone(),
                    format!("r{}", shop.revision),
                    shop.matched.to_string(),
                    shop.findings.to_string(),
                    if shop.balanced { "✓" } else { "✗" }.to_owned(),
                    shop.mail.clone(),
                ]);
            }
        }
        say!("{shown}");
        Exit::Completed
    })
}

fn run_json(run: &HistoryRun) -> serde_json::Value {
    let shops: Vec<_> =
        run.shops.iter().map(|s| json!({"shop_id": s.shop, "revision": s.revision, "mail": s.mail})).collect();
    json!({
        "run": run.name, "schedule": null, "slot": null,
        "period": {"from": run.period.0.to_string(), "to": run.period.1.to_string()},
        "as_of": run.as_of.to_string(), "outcome": run.outcome, "shops": shops,
    })
}

pub(super) fn printed(result: std::io::Result<()>) -> Exit {
    if result.is_ok() { Exit::Completed } else { Exit::Failed }
}
