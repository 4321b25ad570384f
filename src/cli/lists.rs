//! `held`, `history`: what the history knows, as tables or JSON.

use super::args::HeldAction;
use super::notices::{mail_name, pick};
use super::table::List;
use super::trouble::{stopped, unusable};
use super::{Exit, lock, print_json, unknown_shop};
use crate::domain::dates::stamp;
use crate::domain::ids::ShopId;
use crate::inbox;
use crate::locale::Language;
use crate::run::{Effect, RunError, Workshop};
use crate::store::{Act, HeldFile, HistoryRun, Store};
use serde_json::{Value, json};

/// Opens the history for reading what it knows; what is wrong with it is told here.
pub(super) fn with_store(workshop: &Workshop, work: impl FnOnce(&mut Store) -> Result<Exit, RunError>) -> Exit {
    let mut open = match workshop.open_store(Effect::Real) {
        Ok(open) => open,
        Err(error) => return stopped(workshop, &error),
    };
    work(&mut open.store).unwrap_or_else(|error| stopped(workshop, &error))
}

/// As [`with_store`], while no other instance is at work.
pub(super) fn with_own_store(workshop: &Workshop, work: impl FnOnce(&mut Store) -> Result<Exit, RunError>) -> Exit {
    match lock(workshop) {
        Ok(_lock) => with_store(workshop, work),
        Err(exit) => exit,
    }
}

/// One document with the `list` under `name`.
pub(super) fn print_list(name: &str, list: Vec<Value>) -> Exit {
    let document =
        Value::Object([("schema".to_owned(), json!(1)), (name.to_owned(), Value::Array(list))].into_iter().collect());
    if print_json(&document).is_ok() { Exit::Completed } else { Exit::Failed }
}

/// `held`: list, release, discard; every act is logged.
pub(super) fn held(workshop: &Workshop, action: HeldAction) -> Exit {
    let language = workshop.language();
    let (name, reason) = match action {
        HeldAction::List { json } => return list_held(workshop, json),
        HeldAction::Release { name } => (name, None),
        HeldAction::Discard { name, reason } => (name, Some(reason)),
    };
    with_own_store(workshop, |store| {
        let Some(file) = store.held()?.into_iter().find(|file| file.name == name) else {
            let ja = "保留ファイルの中にありません。totsugo held で名前をご確認ください。";
            complain!("{name}: {}", pick(language, ja, "not among the held files; see totsugo held."));
            return Ok(Exit::Usage);
        };
        let paths = &workshop.config.paths;
        let (act, moved) = match &reason {
            None => {
                let moved = inbox::put_back(&paths.held, &name, &paths.inbox, &file.original);
                ("release", moved.map(|()| name.clone()))
            }
            // The trail has the name it bears from now on: by it `held_days` counts its age.
            Some(_) => ("discard", inbox::discard(&paths.held, &name)),
        };
        let subject = match moved {
            Ok(subject) => subject,
            Err(error) => return Ok(unusable(language, &paths.held.join(&name), &error)),
        };
        store.log_act(&workshop.stamp(), act, &subject, reason.as_deref().unwrap_or_default())?;
        store.remove_held(&name)?;
        let said = match act {
            "release" => pick(
                language,
                "inbox に戻しました。次の totsugo run で、もう一度確認します。",
                "back in the inbox; the next totsugo run sends it through the checks again.",
            ),
            _ => pick(
                language,
                "held/discarded に移しました。取り込みません。",
                "moved to held/discarded; it is not taken in.",
            ),
        };
        say!("{subject}: {said}");
        Ok(Exit::Completed)
    })
}

fn list_held(workshop: &Workshop, as_json: bool) -> Exit {
    with_store(workshop, |store| {
        let held = store.held()?;
        if as_json {
            let one =
                |file: &HeldFile| json!({"name": file.name, "since": file.since.to_string(), "reason": file.reason});
            return Ok(print_list("held", held.iter().map(one).collect()));
        }
        for file in &held {
            say!("{}  ({})\n  {}", file.name, file.since, file.reason.replace('\n', "\n  "));
        }
        if held.is_empty() {
            say!("{}", pick(workshop.language(), "保留ファイルはありません。", "No files are held."));
        }
        Ok(Exit::Completed)
    })
}

/// `history`: past runs, newest first.
pub(super) fn history(workshop: &Workshop, shop: Option<&str>, as_json: bool) -> Exit {
    let language = workshop.language();
    with_store(workshop, |store| {
        let runs = store.history(shop.map(ShopId::new).as_ref())?;
        // A shop that is configured no more keeps its past; one that never was is a slip.
        if let Some(why) = shop.filter(|_| runs.is_empty()).and_then(|id| unknown_shop(workshop, id)) {
            complain!("{why}");
            return Ok(Exit::Usage);
        }
        if as_json {
            return Ok(print_list("runs", runs.iter().map(run_json).collect()));
        }
        let mut list = List::new(pick(
            language,
            "処理,期間,基準日,結果,ショップ,版,突合済,要確認,検算,メール",
            "Run,Period,As of,Outcome,Shop,Revision,Matched,Findings,Proof,Mail",
        ));
        for run in &runs {
            let outcome = outcome_name(language, &run.outcome).to_owned();
            let period = format!("{}..{}", run.period.0, run.period.1);
            let head = [run.name.clone(), period, run.as_of.to_string(), outcome];
            if run.shops.is_empty() {
                list.add(head.clone());
            }
            for shop in &run.shops {
                let proof = if shop.balanced { "✓" } else { "✗" };
                let mail = mail_name(language, &workshop.config.mail.transport, shop.mail).to_owned();
                let revision = format!("r{}", shop.revision);
                let counts = [shop.matched.to_string(), shop.findings.to_string()];
                list.add(
                    head.iter()
                        .cloned()
                        .chain([shop.shop.clone(), revision])
                        .chain(counts)
                        .chain([proof.to_owned(), mail]),
                );
            }
        }
        list.print(pick(language, "処理はまだありません。", "Nothing has run yet."));
        Ok(Exit::Completed)
    })
}

/// How a run or slot ended, in words.
fn outcome_name(language: Language, outcome: &str) -> &str {
    match (language, outcome) {
        (Language::Ja, "completed") => "正常",
        (Language::Ja, "problems") => "確認が必要",
        (Language::Ja, "failed") => "失敗",
        (Language::Ja, "skipped") => "見送り",
        _ => outcome,
    }
}

/// `history --acts`: the trail of what people did, newest first.
pub(super) fn acts(workshop: &Workshop, as_json: bool) -> Exit {
    let language = workshop.language();
    with_store(workshop, |store| {
        let acts = store.acts()?;
        if as_json {
            let one = |act: Act| json!({"at": act.at, "user": act.user, "act": act.act, "subject": act.subject, "reason": act.reason});
            return Ok(print_list("acts", acts.into_iter().map(one).collect()));
        }
        let mut list = List::new(pick(language, "日時,ユーザー,操作,対象,理由", "Time,User,Act,Subject,Reason"));
        for Act { at, user, act, subject, reason } in acts {
            let reason = match act.as_str() {
                "configuration" => format!("{}: {reason}", pick(language, "設定の指紋", "digest of the configuration")),
                _ => reason,
            };
            list.add([at, user, act_name(language, &act).to_owned(), subject, reason]);
        }
        list.print(pick(language, "操作の記録はまだありません。", "Nobody has done anything by hand yet."));
        Ok(Exit::Completed)
    })
}

/// What a person did, in a word or two; `--json` has the word itself.
fn act_name(language: Language, act: &str) -> &str {
    match (language, act) {
        (Language::Ja, "note") => "メモ",
        (Language::Ja, "resolve") => "対応済",
        (Language::Ja, "reopen") => "未対応に戻す",
        (Language::Ja, "release") => "保留解除",
        (Language::Ja, "discard") => "破棄",
        (Language::Ja, "gone") => "消失",
        (Language::Ja, "backup") => "バックアップ",
        (Language::Ja, "restore") => "復元",
        (Language::Ja, "configuration") => "設定",
        (Language::Ja, "mail resend") => "再送",
        (Language::Ja, "mail settle") => "メールの確認済",
        (Language::Ja, "clean") => "整理",
        (Language::Ja, "accept-clock") => "時計の承認",
        (Language::Ja, "alert") => "お知らせ",
        _ => act,
    }
}

fn run_json(run: &HistoryRun) -> serde_json::Value {
    let shops: Vec<_> =
        run.shops.iter().map(|s| json!({"shop_id": s.shop, "revision": s.revision, "mail": s.mail})).collect();
    json!({
        "run": run.name, "schedule": run.slot.as_ref().map(|(schedule, _)| schedule),
        "slot": run.slot.as_ref().map(|(_, planned)| stamp(*planned)),
        "period": {"from": run.period.0.to_string(), "to": run.period.1.to_string()},
        "as_of": run.as_of.to_string(), "outcome": run.outcome, "shops": shops,
    })
}
