//! `held`, `history`: what the history knows, as tables or JSON.

use super::args::HeldAction;
use super::notices::pick;
use super::trouble::stopped;
use super::{Exit, failed, lock, print_json};
use crate::domain::ids::ShopId;
use crate::inbox;
use crate::run::{Effect, Workshop};
use crate::schedule;
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
        Err(error) => stopped(workshop, &error),
    }
}

/// `held`: list, release, discard; every act is logged.
pub(super) fn held(workshop: &Workshop, action: Option<HeldAction>) -> Exit {
    let language = workshop.language();
    let (name, reason) = match action {
        None => return list_held(workshop, false),
        Some(HeldAction::List { json }) => return list_held(workshop, json),
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

fn list_held(workshop: &Workshop, as_json: bool) -> Exit {
    with_store(workshop, |store| match store.held() {
        Ok(held) if as_json => {
            let held: Vec<_> = held
                .iter()
                .map(|file| json!({"name": file.name, "since": file.since.to_string(), "reason": file.reason}))
                .collect();
            printed(print_json(&json!({"schema": 1, "held": held})))
        }
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
            if run.shops.is_empty() {
                let period = format!("{}..{}", run.period.0, run.period.1);
                shown.add_row([run.name.clone(), period, run.as_of.to_string(), run.outcome.clone()]);
            }
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

/// `history --acts`: the trail of what people did, newest first.
pub(super) fn acts(workshop: &Workshop, as_json: bool) -> Exit {
    with_store(workshop, |store| {
        let acts = match store.acts() {
            Ok(acts) => acts,
            Err(error) => return failed(&error),
        };
        if as_json {
            let acts: Vec<_> = acts
                .iter()
                .map(|act| {
                    json!({"at": act.at, "user": act.user, "act": act.act, "subject": act.subject, "reason": act.reason})
                })
                .collect();
            return printed(print_json(&json!({"schema": 1, "acts": acts})));
        }
        let headings = pick(workshop.language(), "日時,ユーザー,操作,対象,理由", "Time,User,Act,Subject,Reason");
        let mut shown = table(&headings.split(',').collect::<Vec<_>>());
        for act in acts {
            shown.add_row([act.at, act.user, act.act, act.subject, act.reason]);
        }
        say!("{shown}");
        Exit::Completed
    })
}

fn run_json(run: &HistoryRun) -> serde_json::Value {
    let shops: Vec<_> =
        run.shops.iter().map(|s| json!({"shop_id": s.shop, "revision": s.revision, "mail": s.mail})).collect();
    json!({
        "run": run.name, "schedule": run.slot.as_ref().map(|(schedule, _)| schedule),
        "slot": run.slot.as_ref().map(|(_, planned)| schedule::stamp(*planned)),
        "period": {"from": run.period.0.to_string(), "to": run.period.1.to_string()},
        "as_of": run.as_of.to_string(), "outcome": run.outcome, "shops": shops,
    })
}

pub(super) fn printed(result: std::io::Result<()>) -> Exit {
    if result.is_ok() { Exit::Completed } else { Exit::Failed }
}
