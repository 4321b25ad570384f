//! Neither secrets nor guests leave through a door that is not theirs: every command and the daemon, with the most talkative
//! settings there are, then every output, log, mail, workbook and file searched (FAULTS G07, K06, N18; security 8, 11, 15).

#![cfg(unix)]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the server")]
mod mailserver;
mod readable;
#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use mailserver::{Fault, Point, Script, Server, ca_pem};
use readable::{message, readable};
use sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// In no output, no file of ours, not even the history: the login and what the layout drops.
const SECRETS: [&str; 2] = ["KANARI-LOGIN-7", "KANARITRANSPASS"];
/// The history keeps them for a workbook that asks; nothing else may have them.
const GUESTS: [&str; 4] = ["鹿成花子", "kanari@guest.example", "090-1234-9999", "KANARINOTE"];
/// A yen amount, which logs and operators' mails never name.
const YEN: &str = "7654321";
const PERIOD: [&str; 6] = ["--from", "2026-11-01", "--to", "2026-11-22", "--as-of", "2026-11-23"];
/// What libraries listen to.
const TALKATIVE: [(&str, &str); 3] = [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("USER", "hanako")];

fn merchant(server: &Server, more: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let config = format!(
        "[intake]\nsettle_seconds = 0\n{more}[mail]\ntransport = \"smtp\"\nfrom = \"totsugo <totsugo@example.co.jp>\"\n\
         operator = [\"it@example.co.jp\"]\nallowed_domains = [\"example.co.jp\"]\n[mail.smtp]\nhost = \"localhost\"\n\
         port = {}\nsecurity = \"starttls\"\nusername = \"totsugo\"\npassword_file = \"login\"\nca_file = \"ca.pem\"\n\
         [[shops]]\nid = \"9200000000001\"\nname = \"Test\"\nrecipients = [\"keiri@example.co.jp\"]\n\
         booking_prefixes = [\"MZ\"]\n",
        server.port
    );
    sandbox.write("totsugo.toml", config.as_bytes());
    sandbox.write("ca.pem", ca_pem().as_bytes());
    sandbox.write("login", format!("{}\n", SECRETS[0]).as_bytes());
    fs::set_permissions(sandbox.path("login"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let payments = format!(
        "ショップID,オーダーID,取引パスワード,取引状態,処理日時,利用金額,加盟店自由項目1\n\
         9200000000001,A-1,{},即時売上,2026/11/05 10:00:00,{YEN},1102481\n",
        SECRETS[1]
    );
    sandbox.write("inbox/gmo.csv", payments.as_bytes());
    let [name, mail, phone, note] = GUESTS;
    let bookings = format!(
        "Creation date,Cart confirmation code,Product confirmation code,Status,Payment status,Customer,Email,Phone number,\
         Product title,Start date,Total price with discount,Sale currency,Booking channel,Notes\n\
         2026-11-05 09:00,MZ1102481,MZ-T1102531,CANCELLED,PAID_IN_FULL,{name},{mail},{phone},Tour,2026-12-01 09:00,\
         {YEN},JPY,Website,{note}\n"
    );
    sandbox.write("inbox/bookings.csv", bookings.as_bytes());
    // Held, so that reasons and the operator's mail are searched too.
    sandbox.write("inbox/bad.csv", format!("{name},{mail},{note}\n").as_bytes());
    sandbox
}

/// Every command that says something, with what it said.
fn every_command(sandbox: &Sandbox) -> String {
    let run: Vec<&str> = [&["run"][..], &PERIOD].concat();
    let commands: [&[&str]; 17] = [
        &run,
        &[&run[..], &["--json", "--reissue"]].concat(),
        &[&run[..], &["--dry-run"]].concat(),
        &["ingest", "--json"],
        &["status"],
        &["status", "--json"],
        &["history"],
        &["history", "--json"],
        &["history", "--acts"],
        &["findings"],
        &["show", "MZ1102481"],
        &["show", "A-1", "--json"],
        &["held"],
        &["mail", "list"],
        &["mail", "list", "--json"],
        &["check"],
        &["--help"],
    ];
    let mut said = String::new();
    for command in commands {
        let one = sandbox.program_with(command, &TALKATIVE);
        assert!(one.code <= 1, "{command:?}: {}\n{}", one.code, one.err);
        said += &format!("{command:?}\n{}\n{}\n", one.out, one.err);
    }
    said
}

/// Every file of ours outside inbox and archive, opened; the history and the login's own file apart.
fn files(sandbox: &Sandbox) -> Vec<(String, String)> {
    let is_ours = |name: &str| {
        let given = ["inbox/", "archive/", "login", "totsugo.db"].iter().any(|start| name.starts_with(start));
        !given && (!name.starts_with("held/") || name.ends_with(".reason.txt"))
    };
    let all = sandbox.find("", "").into_iter().filter(|(name, _)| is_ours(name));
    all.map(|(name, bytes)| (name, readable(&bytes))).collect()
}

fn assert_none(of: &[&str], place: &str, text: &str) {
    for never in of {
        assert!(!text.contains(never), "{never} in {place}:\n{text}");
    }
}

#[test]
fn g07_k06_n18_no_secret_and_no_guest_leaves_through_any_command_mail_workbook_or_file() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "");
    let said = every_command(&sandbox);
    assert!(said.contains("MZ1102481") && said.contains("7,654,321"), "the commands were about it: {said}");
    assert_none(&SECRETS, "an output", &said);
    assert_none(&GUESTS, "an output", &said);
    let files = files(&sandbox);
    assert!(files.iter().filter(|(name, _)| name.ends_with(".xlsx")).count() == 2, "{files:?}");
    for (name, text) in &files {
        assert_none(&SECRETS, name, text);
        assert_none(&GUESTS, name, text);
    }
    let history: Vec<u8> = sandbox
        .find("", "")
        .into_iter()
        .filter(|(name, _)| name.starts_with("totsugo.db"))
        .flat_map(|(_, bytes)| bytes)
        .collect();
    assert_none(&SECRETS, "the history", &String::from_utf8_lossy(&history));
    let seen = server.seen.lock().expect("not poisoned");
    assert_none(&SECRETS, "clear text on the wire", &String::from_utf8_lossy(&seen.clear));
    let (mut to_shop, mut to_operator) = (0, 0);
    for taken in &seen.taken {
        let text = message(&taken.content);
        assert_none(&SECRETS, "a mail", &text);
        assert_none(&GUESTS, "a mail", &text);
        if taken.to == ["it@example.co.jp"] {
            to_operator += 1;
            assert_none(&[YEN, "7,654,321"], "the operator's mail", &text);
        } else {
            to_shop += 1;
            assert!(text.contains("7,654,321"), "{text}");
        }
    }
    assert!(to_shop == 2 && to_operator > 0, "{to_shop} and {to_operator} mails");
    assert!(!seen.taken.iter().any(|taken| taken.from.contains("KANARI")));
}

#[test]
fn g07_guests_stand_in_the_workbook_alone_and_only_where_the_configuration_asks_for_them() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "[report]\ncustomer = true\n");
    let said = every_command(&sandbox);
    assert_none(&GUESTS, "an output", &said);
    for (name, text) in files(&sandbox) {
        assert_eq!(text.contains(GUESTS[0]), name.ends_with(".xlsx"), "{name}");
    }
    let seen = server.seen.lock().expect("not poisoned");
    for taken in &seen.taken {
        // The attachment is the last part: what stands before it is the mail itself.
        let text = std::str::from_utf8(&taken.content).expect("ASCII");
        let itself = text.find("Content-Disposition: attachment").map_or(text, |at| &text[..at]);
        assert_none(&GUESTS, "the text of a mail", &message(itself.as_bytes()));
    }
}

/// What cannot be sent is told with the server's words, never with ours for it.
#[test]
fn k06_a_refused_login_is_told_without_the_secret() {
    let server = Server::start(Script::faulty(Point::Login, Fault::Reply(b"535 KANARI no".to_vec())));
    let sandbox = merchant(&server, "");
    let run: Vec<&str> = [&["run"][..], &PERIOD].concat();
    let said = sandbox.program_with(&run, &TALKATIVE);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("535"), "{}", said.err);
    let check = sandbox.program_with(&["check"], &TALKATIVE);
    assert_none(&SECRETS, "an output", &(said.err + &said.out + &check.err + &check.out));
    for (name, text) in files(&sandbox) {
        assert_none(&SECRETS, &name, &text);
    }
}

/// The daemon's log with every level a library may ask for: no guest, no secret, no figure; and a line per event, however
/// odd the name of a file is.
#[test]
fn g07_g06_the_daemons_log_names_no_guest_no_secret_no_figure_at_any_level_and_escapes_names() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "[daemon]\nlog_file = \"log/totsugo.log\"\nmetrics_file = \"metrics.prom\"\n");
    sandbox.write("schedules/often.toml", b"name = \"often\"\ncron = \"*/2 * * * * *\"\n");
    sandbox.write("inbox/odd\n\u{1b}[31m.csv", b"<html>\n");
    let daemon = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .arg("daemon")
        .current_dir(sandbox.path(""))
        .envs(TALKATIVE)
        .env_remove("TOTSUGO_CONFIG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while sandbox.find("reports", ".xlsx").is_empty() || server.seen.lock().expect("not poisoned").taken.is_empty() {
        assert!(start.elapsed() < Duration::from_secs(30), "no report");
        std::thread::sleep(Duration::from_millis(100));
    }
    let killed = Command::new("kill").arg(daemon.id().to_string()).status().expect("kill");
    assert!(killed.success());
    let output = daemon.wait_with_output().expect("its output");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    let logged: String =
        sandbox.find("log", ".log").values().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
    assert!(logged.contains("often"), "{logged}");
    for (place, text) in [("stderr", &said), ("the log file", &logged)] {
        assert_none(&SECRETS, place, text);
        assert_none(&GUESTS, place, text);
        assert_none(&[YEN, "7,654,321", "\u{1b}"], place, text);
        assert!(text.lines().all(|line| line.starts_with("20")), "{place}: a line that begins with no time\n{text}");
    }
}
