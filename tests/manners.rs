//! Manners of the command line: help in the user's language, `--json` for scripts, no colour codes where none belong.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses its own part of the sandbox")]
mod sandbox;

use sandbox::Sandbox;
use serde_json::Value;

/// One document and nothing beside it.
fn document(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let said = sandbox.program(arguments);
    assert_eq!(said.code, 0, "{arguments:?}: {}", said.err);
    let document: Value = serde_json::from_str(&said.out).expect("one JSON document");
    assert_eq!(document["schema"], 1, "{arguments:?}");
    document
}

#[test]
fn every_list_a_script_may_want_is_one_json_document() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    sandbox.write("inbox/strange.csv", b"a,b\r\n1,2\r\n");
    assert_eq!(sandbox.program(&["ingest"]).code, 1, "a held file needs the operator");

    let held = document(&sandbox, &["held", "list", "--json"]);
    assert_eq!(held["held"][0]["name"], "strange.csv");
    assert!(held["held"][0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    assert!(!document(&sandbox, &["findings", "list", "--json"])["findings"][0]["id"].is_null());
    assert!(!document(&sandbox, &["history", "--json"])["runs"][0]["run"].is_null());
    assert!(!document(&sandbox, &["mail", "list", "--json"])["mails"][0]["id"].is_null());

    assert_eq!(sandbox.program(&["held", "discard", "strange.csv", "--reason", "test"]).code, 0);
    let acts = document(&sandbox, &["history", "--acts", "--json"]);
    assert_eq!((&acts["acts"][0]["act"], &acts["acts"][0]["reason"]), (&"discard".into(), &"test".into()));
    assert_eq!(document(&sandbox, &["held", "list", "--json"])["held"], Value::Array(Vec::new()));
}

#[test]
fn show_as_json_says_what_show_says() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    let shown = document(&sandbox, &["show", "MZ1105007", "--json"]);
    let shop = &shown["shops"][0];
    let payment = &shop["payments"][0];
    assert_eq!(payment["held_yen"], 8000);
    assert_eq!(payment["events"][0]["yen"], 20_000);
    assert_eq!(payment["events"][1]["yen"], -12_000);
    assert_eq!(shop["bookings"][0]["cart"], "MZ1105007");
    let finding = &shop["findings"][0];
    assert_eq!(finding["finding"]["code"], "refund_mismatch");
    let people = sandbox.program(&["show", "MZ1105007"]).out;
    for words in [&finding["reason"], &finding["next_step"], &finding["finding"]["id"]] {
        assert!(people.contains(words.as_str().expect("words")), "{words} is not in:\n{people}");
    }

    let unknown = sandbox.program(&["show", "MZ9", "--json"]);
    assert_eq!(unknown.code, 1);
    assert_eq!(serde_json::from_str::<Value>(&unknown.out).expect("a document")["shops"], Value::Array(Vec::new()));
}

#[test]
fn the_id_of_a_mail_ends_with_the_senders_domain() {
    let sandbox = Sandbox::demo();
    sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]);
    let mails = document(&sandbox, &["mail", "list", "--json"]);
    for mail in mails["mails"].as_array().expect("a list") {
        let id = mail["message_id"].as_str().expect("an id");
        assert!(id.ends_with("@example.co.jp"), "{id}");
    }
}

/// Column H alone leads to the booking, and the month is long over.
fn of_august(sandbox: &Sandbox) {
    let payments = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
        9200000000001,A-1,即時売上,2026/08/10 10:00:00,20000,1102481\n\
        9200000000001,A-1,即時売上,2026/08/12 10:00:00,8000,1102481\n";
    let bookings = "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n\
        MZ1102481,MZ-T9,CONFIRMED,PAID_IN_FULL,2026-08-10 09:00,2026-12-01 09:00,8000,JPY\n";
    let entries = "payment reference,booking reference,payment type,transaction date,amount,currency,Transaction ID\n\
        P-1,MZ1102481,WEB_PAYMENT,2026-08-10 10:00,20000,JPY,\n\
        P-2,MZ1102481,WEB_PAYMENT,2026-08-12 10:00,-12000,JPY,\n";
    for (name, text) in [("gmo", payments), ("bookings", bookings), ("entries", entries)] {
        sandbox.write(&format!("inbox/{name}.csv"), text.as_bytes());
    }
    let said = sandbox.program(&["ingest"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
}

#[test]
fn show_tells_all_of_a_payment_whatever_its_month() {
    let sandbox = Sandbox::minimal("ja");
    of_august(&sandbox);
    let shown = sandbox.program(&["show", "A-1"]).out;
    let parts = [
        "予約 MZ1102481",
        "出発 2026-12-01",
        "-¥12,000",
        "加盟店自由項目1: 1102481",
        "取消期限: 安全期限 2027-08-09・最終期限 2027-08-10（残",
        "支払一覧  P-1",
        "entries.csv:3",
    ];
    for part in parts {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    assert!(!shown.contains("¥-") && !shown.contains("H="), "{shown}");
}

#[test]
fn show_tells_what_was_noted_on_a_finding() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    let shown = document(&sandbox, &["show", "MZ1105007", "--json"]);
    let id = shown["shops"][0]["findings"][0]["finding"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(sandbox.program(&["findings", "resolve", &id, "--reason", "電話で確認"]).code, 0);
    let people = sandbox.program(&["show", "MZ1105007"]).out;
    for part in ["対応状況: 対応済", "メモ: 電話で確認", "支払一覧"] {
        assert!(people.contains(part), "{part} is not in:\n{people}");
    }
}

#[test]
fn mail_that_is_only_written_to_a_folder_is_not_called_sent() {
    let sandbox = Sandbox::demo();
    let ran = sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]).out;
    let listed = sandbox.program(&["mail", "list"]).out;
    for said in [ran, listed] {
        assert!(said.contains("書き出し済（outbox）"), "{said}");
        assert!(!said.contains("送信済") && !said.contains("受付済"), "{said}");
    }
    let mails = document(&sandbox, &["mail", "list", "--json"]);
    for mail in mails["mails"].as_array().expect("a list") {
        assert_eq!(mail["state"], "accepted");
    }
}

#[test]
fn the_reason_of_a_resend_is_not_the_servers_word() {
    let sandbox = Sandbox::demo();
    sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]);
    let id = document(&sandbox, &["mail", "list", "--json"])["mails"][0]["id"].to_string();
    assert_eq!(sandbox.program(&["mail", "resend", &id, "--reason", "deleted there"]).code, 0);
    assert_eq!(document(&sandbox, &["mail", "list", "--json"])["mails"][0]["reply"], "");
    let listed = sandbox.program(&["mail", "list"]).out;
    assert!(listed.contains("deleted there") && listed.contains("再送・確認済の理由"), "{listed}");
}

#[test]
fn check_tells_a_setting_that_is_left_out_from_one_that_is_wrong() {
    let sandbox = Sandbox::minimal("ja");
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write("totsugo.toml", format!("{config}[shops.gmo_settings]\njob_cd = \"AUTH\"\n").as_bytes());
    let said = sandbox.program(&["check"]).err;
    assert!(said.contains("処理区分（job_cd）が「AUTH」です"), "{said}");
    assert!(said.contains("設定ファイルに setting_id がありません。GMO管理画面（"), "{said}");
    assert!(!said.contains("（setting_id）が"), "{said}");
}

#[test]
fn the_history_of_a_shop_that_never_was_is_wrong_usage() {
    let sandbox = Sandbox::demo();
    sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]);
    let said = sandbox.program(&["history", "--shop", "123"]);
    assert_eq!(said.code, 2, "{}", said.out);
    assert!(said.err.contains("「123」") && said.err.contains("9200000000001"), "{}", said.err);
    // One that is configured no more keeps its past.
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write("totsugo.toml", config.replace("9200000000001", "9200000000009").as_bytes());
    let said = sandbox.program(&["history", "--shop", "9200000000001"]);
    assert_eq!((said.code, said.out.contains("9200000000001")), (0, true), "{}{}", said.out, said.err);
}

#[test]
fn acts_are_listed_in_the_users_words() {
    let sandbox = Sandbox::demo();
    sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]);
    let id = document(&sandbox, &["findings", "list", "--json"])["findings"][0]["id"].as_str().map(str::to_owned);
    let id = id.expect("a finding");
    for arguments in [&["note", &id, "x"][..], &["resolve", &id, "--reason", "x"], &["reopen", &id]] {
        assert_eq!(sandbox.program(&[&["findings"], arguments].concat()).code, 0);
    }
    let listed = sandbox.program(&["history", "--acts"]).out;
    for part in ["メモ", "対応済", "未対応に戻す", "設定の指紋"] {
        assert!(listed.contains(part), "{part} is not in:\n{listed}");
    }
    for part in ["note", "resolve", "reopen", "configuration"] {
        assert!(!listed.contains(part), "{part} is in:\n{listed}");
    }
    let acts = document(&sandbox, &["history", "--acts", "--json"]);
    assert_eq!(acts["acts"][0]["act"], "reopen");
}

#[test]
fn what_was_taken_in_is_said_in_full() {
    let sandbox = Sandbox::minimal("en");
    let row = |yen: u32| {
        format!(
            "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n9200000000001,A-1,即時売上,2026/11/02 10:00:00,{yen},1\n"
        )
    };
    sandbox.write("inbox/a.csv", row(5_000).as_bytes());
    assert!(sandbox.program(&["ingest"]).out.contains("a.csv: 1 row (1 new)"));
    sandbox.write("inbox/b.csv", row(6_000).as_bytes());
    let said = sandbox.program(&["ingest"]).out;
    assert!(said.contains("b.csv: 1 row (1 conflicting)"), "{said}");

    let sandbox = Sandbox::demo();
    sandbox.program(&["run", "--period", "2026-11", "--as-of", "2026-11-24"]);
    let (_, workbook) = sandbox.find("reports", ".xlsx").pop_first().expect("a workbook");
    sandbox.write("inbox/back.xlsx", &workbook);
    assert!(sandbox.program(&["ingest"]).out.contains("back.xlsx: 新しいメモはありません"));
}

#[test]
fn help_speaks_the_terminals_language_and_teaches_by_example() {
    let sandbox = Sandbox::empty();
    let help = |language: &str, arguments: &[&str]| {
        let said = sandbox.program_with(arguments, &[("LC_ALL", language)]);
        assert_eq!(said.code, 0, "{}", said.err);
        said.out
    };
    let ja = help("ja_JP.UTF-8", &["run", "--help"]);
    for words in ["使い方:", "オプション:", "例:", "totsugo run --json > run.json", "基準日"] {
        assert!(ja.contains(words), "{words} is not in:\n{ja}");
    }
    for words in ["Usage:", "Options:", "Print help"] {
        assert!(!ja.contains(words), "{words} is in:\n{ja}");
    }
    let en = help("en_US.UTF-8", &["run", "--help"]);
    for words in ["Usage:", "Examples:", "this month up to yesterday"] {
        assert!(en.contains(words), "{words} is not in:\n{en}");
    }
    assert!(help("ja_JP.UTF-8", &["--help"]).contains("終了コード"));
    assert!(help("en_US.UTF-8", &["--help"]).contains("Exit codes"));
    assert_eq!(help("ja_JP.UTF-8", &["--version"]), help("en_US.UTF-8", &["--version"]));
}

#[test]
fn completions_and_manual_cover_every_command() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = sandbox.program(&["completions", shell]);
        assert_eq!(said.code, 0, "{shell}: {}", said.err);
        assert!(said.out.contains("send-test"), "{shell}");
    }
    let page = sandbox.program_with(&["man"], &[("LC_ALL", "en_US.UTF-8")]).out;
    assert!(page.contains(".TH totsugo 1"), "{page}");
    assert!(page.contains("totsugo\\-run(1)"), "{page}");
}

#[test]
fn nothing_is_coloured_in_a_pipe_or_under_no_color() {
    let sandbox = Sandbox::empty();
    assert_eq!(sandbox.program(&["demo", "."]).code, 0);
    for arguments in [&["--help"][..], &["findings"], &["no-such-command"], &["history"], &["status"]] {
        for set in [&[][..], &[("NO_COLOR", "1"), ("TERM", "xterm-256color")]] {
            let said = sandbox.program_with(arguments, set);
            assert!(
                !said.out.contains('\x1b') && !said.err.contains('\x1b'),
                "{arguments:?}: {}{}",
                said.out,
                said.err
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn g09_whatever_the_program_writes_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::empty();
    let program = env!("CARGO_BIN_EXE_totsugo");
    let script = format!("umask 000 && exec '{program}' demo merchant");
    let status = std::process::Command::new("sh").args(["-c", &script]).current_dir(sandbox.path(".")).output();
    assert!(status.expect("a shell").status.success());
    let mode = |name: &str| std::fs::metadata(sandbox.path(name)).expect(name).permissions().mode() & 0o777;
    for folder in ["merchant", "merchant/reports", "merchant/outbox", "merchant/archive"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    assert_eq!(mode("merchant/totsugo.db"), 0o600);
    for name in
        sandbox.find("merchant/reports", ".xlsx").into_keys().chain(sandbox.find("merchant/outbox", ".eml").into_keys())
    {
        assert_eq!(mode(&name), 0o600, "{name}");
    }
}

/// Whoever takes over a program that runs as root has the machine; the program works all the same.
#[cfg(target_os = "linux")]
#[test]
fn g09_check_warns_of_root_and_of_nobody_else() {
    let sandbox = Sandbox::minimal("en");
    let me = std::fs::read_to_string("/proc/self/status").expect("who we are");
    let is_root = me.lines().any(|line| line.starts_with("Uid:\t0\t"));
    assert_eq!(sandbox.program(&["check"]).err.contains("root"), is_root);
    if is_root {
        use std::os::unix::fs::PermissionsExt;
        let copy = sandbox.path("totsugo");
        std::fs::copy(env!("CARGO_BIN_EXE_totsugo"), &copy).expect("a copy");
        for path in [sandbox.path(""), sandbox.path("inbox")] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).expect("a mode");
        }
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
        let check = std::process::Command::new("setpriv")
            .args(nobody)
            .arg(&copy)
            .arg("check")
            .current_dir(sandbox.path(""))
            .output()
            .expect("setpriv");
        let said = String::from_utf8_lossy(&check.stderr);
        assert!(check.status.code() == Some(0) && !said.contains("root"), "{said}");
    }
}
