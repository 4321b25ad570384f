//! The real program against a mail server, killed with -9 at every step of the wire, then started again: every message
//! is delivered or shown, never silently twice (FAULTS M01, M02).

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]
#![expect(clippy::print_stderr, reason = "the experiment says how much it did")]

#[path = "oracle/dice.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod dice;
#[expect(dead_code, reason = "each test file uses a part of the server")]
mod mailserver;
#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;
mod tier;

use dice::Dice;
use mailserver::{Fault, Point, Script, Server, ca_pem};
use sandbox::{Sandbox, text_of_mail};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUN: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];
const TWO: [&str; 2] = ["a@example.co.jp", "b@example.co.jp"];

/// One shop with one payment and its booking, mailing to `server`.
fn merchant(server: &Server, more: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let config = format!(
        "[intake]\nsettle_seconds = 0\n[mail]\ntransport = \"smtp\"\nfrom = \"totsugo <totsugo@example.co.jp>\"\n\
         allowed_domains = [\"example.co.jp\"]\n{more}\n[mail.smtp]\nhost = \"localhost\"\nport = {}\n\
         security = \"starttls\"\nca_file = \"ca.pem\"\n[[shops]]\nid = \"9200000000001\"\nname = \"Test\"\n\
         recipients = [\"a@example.co.jp\"]\ncc = [\"b@example.co.jp\"]\nbooking_prefixes = [\"MZ\"]\n",
        server.port
    );
    sandbox.write("totsugo.toml", config.as_bytes());
    sandbox.write("ca.pem", ca_pem().as_bytes());
    sandbox.write(
        "inbox/gmo.csv",
        "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
         9200000000001,BK0001,即時売上,2026/11/05 10:00:00,12345,1000001\n"
            .as_bytes(),
    );
    sandbox.write(
        "inbox/bookings.csv",
        b"cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n\
          MZ1000001,MZ-T1,CONFIRMED,PAID_IN_FULL,2026-11-05 09:00,2026-12-01 09:00,12345,JPY\n",
    );
    sandbox
}

/// Starts the program, lets the server kill or stop it, and gives its code at its end.
fn disturbed(sandbox: &Sandbox, server: &Server) -> Option<i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .args(RUN)
        .current_dir(sandbox.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    server.seen.lock().expect("not poisoned").victim = Some(child.id());
    child.wait().expect("it ends").code()
}

fn killed(sandbox: &Sandbox, server: &Server) {
    assert_eq!(disturbed(sandbox, server), None, "it was killed");
}

fn states(sandbox: &Sandbox) -> Vec<String> {
    let json = sandbox.json(&["mail", "list", "--json"], 0);
    let mails = json["mails"].as_array().expect("a list");
    mails.iter().map(|mail| mail["state"].as_str().expect("a state").to_owned()).collect()
}

#[test]
fn m01_m02_killed_at_any_step_of_the_wire_a_mail_is_delivered_or_shown_and_never_silently_twice() {
    let points = [Point::Banner, Point::Hello, Point::StartTls, Point::Handshake, Point::Sender];
    let more = [Point::Recipient(1), Point::Recipient(2), Point::Data, Point::Body, Point::End, Point::Quit];
    for point in points.into_iter().chain(more) {
        for delivers_anyway in [true, false] {
            if !delivers_anyway && point != Point::End {
                continue;
            }
            let server = Server::start(Script { delivers_anyway, ..Script::faulty(point, Fault::Kill) });
            let sandbox = merchant(&server, "");
            killed(&sandbox, &server);
            let next = sandbox.program(RUN);
            // A small message is in the sockets before the server has read its first line: the dot went with it.
            let may_be_unknown = matches!(point, Point::Body | Point::End);
            let states = states(&sandbox);
            match states.as_slice() {
                [a, b] if a == "accepted" && b == "accepted" => {
                    assert!(point != Point::End, "who was killed at the dot cannot know");
                    for address in TWO {
                        assert_eq!(server.count(address), 1, "{point:?}");
                    }
                    assert_eq!(next.code, 0, "{point:?}: {}", next.err);
                }
                [a, b] if a == "unknown" && b == "unknown" => {
                    assert!(may_be_unknown, "{point:?}");
                    assert_eq!(next.code, 1, "{point:?}: somebody is told");
                    assert!(next.err.contains("到達不明"), "{point:?}: {}", next.err);
                    let delivered = usize::from(point == Point::End && delivers_anyway);
                    assert_eq!(TWO.map(|address| server.count(address)), [delivered; 2], "{point:?}");
                }
                other => panic!("{point:?}: {other:?}\n{}", next.err),
            }
            let last = sandbox.program(RUN);
            let is_unknown = states.iter().any(|state| state == "unknown");
            assert_eq!(last.code, i32::from(is_unknown), "{point:?}: said until somebody looks: {}", last.err);
            assert!(TWO.iter().all(|address| server.count(address) <= 1), "{point:?}: twice");
        }
    }
}

/// Found by hand: until the next run nothing told of mail that a killed process had left, and nobody could settle it.
#[test]
fn m02_m10_what_a_killed_process_left_stands_in_status_and_can_be_settled_at_once() {
    for (point, state, code) in [(Point::Sender, "queued", 0), (Point::End, "unknown", 1)] {
        let server = Server::start(Script::faulty(point, Fault::Kill));
        let sandbox = merchant(&server, "");
        killed(&sandbox, &server);
        let status = sandbox.json(&["status", "--json"], code);
        assert_eq!((&status["mail"][state], &status["ok"]), (&2.into(), &(code == 0).into()), "{point:?}: {status}");
        assert_eq!(states(&sandbox), [state; 2], "{point:?}");
        let list = sandbox.json(&["mail", "list", "--json"], 0);
        let id = list["mails"][0]["id"].to_string();
        // While somebody is at work, it may be what is being sent.
        let lock = std::fs::File::create(sandbox.path("totsugo.lock")).expect("the lock");
        lock.lock().expect("held");
        assert_eq!(sandbox.json(&["status", "--json"], 0)["mail"]["unknown"], 0, "{point:?}");
        drop(lock);
        let settled = sandbox.program(&["mail", "settle", &id, "--reason", "電話で到着を確認"]);
        assert_eq!(settled.code, if code == 1 { 0 } else { 2 }, "{point:?}: {}", settled.err);
    }
}

/// Found by hand: while the mail server refused everything, `status` said that all was well.
#[test]
fn m03_m08_m21_status_tells_of_mail_that_does_not_leave_with_the_servers_words() {
    let refuses =
        Server::start(Script { times: 9, ..Script::faulty(Point::Banner, Fault::Reply(b"554 not you".into())) });
    let sandbox = merchant(&refuses, "");
    assert_eq!(sandbox.program(RUN).code, 1);
    let said = sandbox.program(&["status"]);
    assert_eq!((said.code, said.err.matches("554 not you").count()), (1, 1), "at once: {}", said.err);
    let sandbox = merchant(&Server { port: 9, ..refuses }, "");
    assert_eq!(sandbox.program(RUN).code, 1);
    assert_eq!(sandbox.json(&["status", "--json"], 0)["mail"]["deferred"], 2, "it is tried again soon");
    let store = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("a history");
    store.execute("UPDATE delivery SET since = since - 7200", []).expect("two hours later");
    assert_eq!(sandbox.json(&["status", "--json"], 1)["ok"], false);
    let said = sandbox.program(&["status"]);
    assert!(said.err.contains("再試行待ち: 2") && said.err.contains("connect: "), "{}", said.err);
}

/// A daemon that runs every other second, stopped as soon as `until` holds: its log, and how long it took to end.
fn stopped_daemon(sandbox: &Sandbox, until: impl Fn() -> bool) -> (String, Duration) {
    sandbox.write("schedules/often.toml", b"name = \"often\"\ncron = \"*/2 * * * * *\"\n");
    let daemon = Command::new(env!("CARGO_BIN_EXE_totsugo"))
        .arg("daemon")
        .current_dir(sandbox.path("."))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    while !until() && start.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let start = Instant::now();
    let sent = Command::new("kill").arg(daemon.id().to_string()).status();
    assert!(sent.expect("kill").success(), "it had ended by itself");
    let ended = daemon.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(0));
    (String::from_utf8(ended.stderr).expect("UTF-8"), start.elapsed())
}

/// Found by hand: the log of a night without mail said `notices=1` and nothing else.
#[test]
fn m08_m21_the_daemons_log_names_what_keeps_the_mail() {
    let server =
        Server::start(Script { times: 9, ..Script::faulty(Point::Banner, Fault::Reply(b"554 not you".into())) });
    let sandbox = merchant(&server, "");
    let is_put_off = || {
        let readable = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let history = rusqlite::Connection::open_with_flags(sandbox.path("totsugo.db"), readable);
        let ended = "SELECT 1 FROM delivery, slot WHERE delivery.state = 'deferred' AND slot.state = 'problems'";
        history.is_ok_and(|history| history.query_row(ended, [], |_| Ok(())).is_ok())
    };
    let (log, _) = stopped_daemon(&sandbox, is_put_off);
    assert!(TWO.iter().all(|to| log.contains(to)) && log.contains("554 not you"), "{log}");
}

/// Found by hand: after a stop the next shop's mail was begun, and cut off at its final dot.
#[test]
fn g01_m02_a_daemon_that_is_stopped_waits_for_the_reply_and_begins_no_other_mail() {
    for (point, seconds, expected, taken) in
        [(Point::End, 5, ["accepted", "accepted", "queued"], 1), (Point::Data, 1, ["queued"; 3], 0)]
    {
        let late = Fault::Late(Duration::from_secs(seconds));
        let server = Server::start(Script { times: 9, ..Script::faulty(point, late) });
        let sandbox = merchant(&server, "");
        let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
        let second = "[[shops]]\nid = \"9200000000002\"\nname = \"Second\"\nrecipients = [\"c@example.co.jp\"]\n";
        sandbox.write("totsugo.toml", format!("{config}{second}").as_bytes());
        let is_there = || {
            let seen = server.seen.lock().expect("not poisoned");
            seen.taken.len() == taken && seen.commands.iter().any(|command| command == "DATA")
        };
        let (log, stopping) = stopped_daemon(&sandbox, is_there);
        assert!(stopping < Duration::from_secs(10), "{point:?}: {stopping:?}");
        let mut states = states(&sandbox);
        states.sort();
        assert_eq!(states, expected, "{point:?}\n{log}");
        assert_eq!(server.seen.lock().expect("not poisoned").taken.len(), taken, "{point:?}");
    }
}

#[test]
fn m02_killed_at_random_times_each_recipient_gets_it_once_or_is_shown() {
    let server = Server::start(Script::healthy());
    let start = Instant::now();
    merchant(&server, "").json(RUN, 0);
    let whole = start.elapsed();
    let mut dice = Dice::new(20_261_125);
    let (rounds, mut kills, mut while_sending, mut unknown) = (tier::times(12, 500), 0, 0, 0);
    for round in 0..rounds {
        let server = Server::start(Script::healthy());
        let sandbox = merchant(&server, "");
        let permille = u32::try_from(dice.range(100, 1_100)).expect("small");
        let mut child = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(RUN)
            .current_dir(sandbox.path("."))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(whole * permille / 1_000);
        child.kill().expect("killed");
        let was_killed = child.wait().expect("ended").code().is_none();
        let has_begun = server.seen.lock().expect("not poisoned").connections > 0;
        kills += u64::from(was_killed);
        while_sending += u64::from(was_killed && has_begun);
        let next = sandbox.program(RUN);
        let at = format!("round {round}, killed at {permille} ‰ of {whole:?}\n{}", next.err);
        let list = sandbox.json(&["mail", "list", "--json"], 0);
        let mails = list["mails"].as_array().expect("a list");
        assert_eq!(mails.len(), 2, "{at}");
        for mail in mails {
            let copies = server.count(mail["recipient"].as_str().expect("an address"));
            match mail["state"].as_str().expect("a state") {
                "accepted" => assert_eq!(copies, 1, "{at}"),
                "unknown" => {
                    assert!(copies <= 1 && next.code == 1, "{at}");
                    unknown += 1;
                }
                other => panic!("{other}: {at}"),
            }
        }
        let before = TWO.map(|address| server.count(address));
        sandbox.program(RUN);
        assert_eq!(TWO.map(|address| server.count(address)), before, "{at}: again by itself");
    }
    eprintln!(
        "{rounds} rounds, {kills} kills, {while_sending} while the server was talked to, {unknown} mails unknown"
    );
    assert!(kills * 2 > rounds, "{kills} of {rounds} hit a run");
}

/// Found where a run was stopped for a while: its wait for the server was over at once, and the mail put off.
#[test]
fn m19_stopped_and_continued_while_it_waits_for_the_server_it_goes_on() {
    for point in [Point::Banner, Point::Hello, Point::Sender, Point::Data, Point::End] {
        let server = Server::start(Script::faulty(point, Fault::Pause));
        let sandbox = merchant(&server, "");
        assert_eq!(disturbed(&sandbox, &server), Some(0), "{point:?}");
        assert_eq!(states(&sandbox), ["accepted", "accepted"], "{point:?}");
        assert!(TWO.iter().all(|address| server.count(address) == 1), "{point:?}");
    }
}

#[test]
fn m02_killed_on_the_second_connection_a_retry_is_as_safe_as_the_first_try() {
    for point in [Point::Hello, Point::Sender, Point::Data, Point::End] {
        let server = Server::start(Script::faulty(point, Fault::Kill));
        let sandbox = merchant(&server, "");
        // The first try ends before a server is reached, so that the kill falls into the next one.
        let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
        let port = format!("port = {}", server.port);
        sandbox.write("totsugo.toml", config.replace(&port, "port = 9").as_bytes());
        assert_eq!(sandbox.program(RUN).code, 1, "{point:?}: nobody there");
        assert_eq!(states(&sandbox), ["deferred"; 2], "{point:?}");
        sandbox.write("totsugo.toml", config.as_bytes());
        let store = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("a history");
        store.execute("UPDATE delivery SET due = 0", []).expect("due now");
        drop(store);
        killed(&sandbox, &server);
        let next = sandbox.program(RUN);
        let (state, code) = if point == Point::End { ("unknown", 1) } else { ("accepted", 0) };
        assert_eq!((states(&sandbox), next.code), (vec![state.to_owned(); 2], code), "{point:?}: {}", next.err);
        sandbox.program(RUN);
        assert_eq!(TWO.map(|address| server.count(address)), [1, 1], "{point:?}");
    }
}

#[test]
fn m10_an_unknown_outcome_stays_in_every_run_until_it_is_sent_again_or_settled() {
    let server = Server::start(Script::faulty(Point::End, Fault::Drop));
    let sandbox = merchant(&server, "");
    for _ in 0..3 {
        assert_eq!(sandbox.program(RUN).code, 1);
    }
    assert_eq!(sandbox.program(&["status"]).code, 1);
    assert_eq!(TWO.map(|address| server.count(address)), [1, 1], "never by itself");
    let list = sandbox.json(&["mail", "list", "--json"], 0);
    let [first, second] = [0, 1].map(|at: usize| list["mails"][at]["id"].to_string());
    assert_eq!(sandbox.program(&["mail", "settle", &first]).code, 2, "a reason is needed");
    assert_eq!(sandbox.program(&["mail", "settle", "99", "--reason", "x"]).code, 2);
    assert_eq!(sandbox.program(&["mail", "settle", &first, "--reason", "電話で到着を確認"]).code, 0);
    assert_eq!(sandbox.program(&["mail", "settle", &first, "--reason", "x"]).code, 2, "settled already");
    assert_eq!(sandbox.program(RUN).code, 1, "the other one is still unknown");
    assert_eq!(sandbox.program(&["mail", "resend", &second, "--reason", "届いていない"]).code, 0);
    assert_eq!(sandbox.program(RUN).code, 0);
    assert_eq!(TWO.iter().map(|address| server.count(address)).sum::<usize>(), 3);
    assert_eq!(states(&sandbox).iter().filter(|state| *state == "settled").count(), 1);
}

#[test]
fn m10_the_next_report_names_the_mail_before_it_whose_outcome_is_unknown() {
    let server = Server::start(Script::faulty(Point::End, Fault::Drop));
    let sandbox = merchant(&server, "");
    assert_eq!(sandbox.program(RUN).code, 1);
    let list = sandbox.json(&["mail", "list", "--json"], 0);
    let first = list["mails"][0]["id"].to_string();
    let settled = list["mails"][0]["recipient"].as_str().expect("an address").to_owned();
    assert_eq!(sandbox.program(&["mail", "settle", &first, "--reason", "電話で到着を確認"]).code, 0);
    assert_eq!(sandbox.program(&["run", "--as-of", "2026-11-24", "--reissue"]).code, 1);
    let history = rusqlite::Connection::open(sandbox.path("totsugo.db")).expect("the history");
    let newest = "SELECT content FROM message WHERE shop IS NOT NULL ORDER BY id DESC LIMIT 1";
    let mail: Vec<u8> = history.query_row(newest, [], |row| row.get(0)).expect("a message");
    let text = text_of_mail(&String::from_utf8(mail).expect("ASCII"));
    let other = TWO.into_iter().find(|address| *address != settled).expect("another");
    let named = format!("2026-11-01 〜 2026-11-22 第1版（{other} 宛）");
    assert!(text.contains("■ 届いたか確認できていないメール") && text.contains(&named), "{text}");
    assert!(!text.contains(&format!("{settled} 宛")), "{text}");
}

#[test]
fn m17_the_same_report_again_sends_nothing_and_resend_is_explicit() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "");
    assert_eq!(sandbox.json(RUN, 0)["shops"][0]["mail"], "sent");
    assert_eq!(sandbox.json(RUN, 0)["shops"][0]["mail"], "none");
    assert_eq!(TWO.map(|address| server.count(address)), [1, 1]);
    let list = sandbox.json(&["mail", "list", "--json"], 0);
    let id = list["mails"][0]["id"].to_string();
    assert_eq!(sandbox.program(&["mail", "resend", &id]).code, 2, "a reason is needed");
    assert_eq!(sandbox.program(&["mail", "resend", "99", "--reason", "x"]).code, 2);
    let said = sandbox.program(&["mail", "resend", &id, "--reason", "経理で見当たらないため"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(TWO.map(|address| server.count(address)), [2, 1]);
    let seen = server.seen.lock().expect("not poisoned");
    assert_eq!(seen.taken.first().map(|mail| &mail.content), seen.taken.last().map(|mail| &mail.content));
    assert!(sandbox.program(&["mail", "list"]).out.contains("再送"));
}

/// A payment more, which is news for the report.
fn more_facts(sandbox: &Sandbox, order: &str) {
    let row = format!(
        "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n\
         9200000000001,{order},即時売上,2026/11/06 10:00:00,500,9999999\n"
    );
    sandbox.write(&format!("inbox/{order}.csv"), row.as_bytes());
}

#[test]
fn s06_a_restored_backup_sends_nothing_again_and_revisions_continue_above_the_highest_known() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "operator = [\"it@example.co.jp\"]");
    sandbox.json(RUN, 0);
    assert_eq!(sandbox.program(&["backup", "older.db"]).code, 0);
    more_facts(&sandbox, "BK0002");
    assert_eq!(sandbox.json(RUN, 0)["shops"][0]["revision"], 2);
    assert_eq!(TWO.map(|address| server.count(address)), [2, 2]);
    let restored = sandbox.program(&["restore", "older.db", "--reason", "test"]);
    assert_eq!(restored.code, 0, "{}", restored.err);
    // What the older history has not read yet comes in again from the archive.
    more_facts(&sandbox, "BK0002");
    let said = sandbox.program(RUN);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("totsugo.sent.jsonl") && said.err.contains("run --reissue"), "{}", said.err);
    assert!(!said.err.contains("送信します"), "nothing is sent: {}", said.err);
    assert_eq!(TWO.map(|address| server.count(address)), [2, 2], "nothing again");
    assert_eq!(server.count("it@example.co.jp"), 1, "the operator is told");
    assert_eq!(sandbox.program(RUN).code, 0, "once");
    assert_eq!(server.count("it@example.co.jp"), 1, "once");
    more_facts(&sandbox, "BK0003");
    assert_eq!(sandbox.json(RUN, 0)["shops"][0]["revision"], 3);
    assert_eq!(TWO.map(|address| server.count(address)), [3, 3]);
    let list = sandbox.json(&["mail", "list", "--json"], 0);
    let id_of = |revision: u32| {
        let mails = list["mails"].as_array().expect("a list");
        mails.iter().find(|mail| mail["revision"] == revision).expect("known")["id"].to_string()
    };
    assert_eq!(sandbox.program(&["mail", "resend", &id_of(1), "--reason", "x"]).code, 0, "its bytes are in the backup");
    let lost = sandbox.program(&["mail", "resend", &id_of(2), "--reason", "x"]);
    assert_eq!(lost.code, 2, "its bytes were lost with the newer history, and that is said");
    assert_eq!(TWO.iter().map(|address| server.count(address)).sum::<usize>(), 7);
}

#[test]
fn m18_a_report_without_differences_is_mailed_too() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "");
    assert_eq!(sandbox.json(RUN, 0)["shops"][0]["findings"].as_array().map(Vec::len), Some(0));
    assert_eq!(TWO.map(|address| server.count(address)), [1, 1]);
    let seen = server.seen.lock().expect("not poisoned");
    let subject = subject_of(&seen.taken.first().expect("the mail").content);
    assert!(subject.contains("差異なし"), "{subject}");
}

/// The subject, its encoded words decoded.
fn subject_of(content: &[u8]) -> String {
    use base64::Engine;
    let text = String::from_utf8_lossy(content).replace("\r\n ", " ");
    let line = text.lines().find_map(|line| line.strip_prefix("Subject: ")).expect("a subject");
    let words = line.split(' ').map(|word| {
        let code = word.strip_prefix("=?utf-8?b?").and_then(|rest| rest.strip_suffix("?=")).expect("an encoded word");
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(code).expect("base64")).expect("UTF-8")
    });
    words.collect()
}

#[test]
fn k04_a_test_mail_is_held_to_the_allowed_domains_and_carries_no_figures() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "");
    sandbox.json(RUN, 0);
    for bad in ["x@elsewhere.example", "not an address", "a@example.co.jp\r\nRCPT TO:<x@y.z>"] {
        assert_eq!(sandbox.program(&["mail", "send-test", bad]).code, 2, "{bad}");
    }
    assert_eq!(server.seen.lock().expect("not poisoned").taken.len(), 1);
    let said = sandbox.program(&["mail", "send-test", "new@example.co.jp"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(server.count("new@example.co.jp"), 1);
    let seen = server.seen.lock().expect("not poisoned");
    let test = seen.taken.last().expect("the test");
    assert!(test.content.len() < 2_000, "no workbook");
}

#[test]
fn k05_an_address_added_to_a_shop_is_told_to_the_operator_before_its_first_mail() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "operator = [\"it@example.co.jp\"]");
    sandbox.json(RUN, 0);
    assert_eq!(server.count("it@example.co.jp"), 0, "what an installation begins with is no news");
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    let config = config.replace("cc = [\"b@example.co.jp\"]", "cc = [\"b@example.co.jp\", \"new@example.co.jp\"]");
    sandbox.write("totsugo.toml", config.as_bytes());
    let again = [RUN, &["--reissue"]].concat();
    sandbox.json(&again, 0);
    sandbox.json(&again, 0);
    let seen = server.seen.lock().expect("not poisoned");
    let to: Vec<Vec<String>> = seen.taken.iter().map(|taken| taken.to.clone()).collect();
    let operator = to.iter().position(|to| to == &["it@example.co.jp"]).expect("the operator was told");
    let first = to.iter().position(|to| to.contains(&"new@example.co.jp".to_owned())).expect("its first mail");
    assert!(operator < first, "{to:?}");
    assert_eq!(server_count(&to, "it@example.co.jp"), 1, "told once: {to:?}");
    drop(seen);
    let check = sandbox.program(&["check"]);
    assert!(check.out.contains("new@example.co.jp → 9200000000001"), "{}", check.out);
}

fn server_count(to: &[Vec<String>], address: &str) -> usize {
    to.iter().filter(|to| to.iter().any(|to| to == address)).count()
}

#[test]
fn m21_the_operator_hears_of_each_fault_once_and_never_of_figures() {
    let server = Server::start(Script::faulty(Point::Recipient(2), Fault::Reply(b"550 no such user".to_vec())));
    let sandbox = merchant(&server, "operator = [\"it@example.co.jp\"]\nheartbeat = true");
    sandbox.write("inbox/odd.csv", "なにか\n山田花子様 98765\n".as_bytes());
    // The fault is at the second recipient of each connection's first messages: the report's.
    sandbox.program(RUN);
    sandbox.program(RUN);
    let seen = server.seen.lock().expect("not poisoned");
    let notes: Vec<String> = seen
        .taken
        .iter()
        .filter(|taken| taken.to == ["it@example.co.jp"])
        .map(|taken| decoded(&taken.content))
        .collect();
    let all = notes.join("\n");
    for wanted in ["odd.csv", "b@example.co.jp", "550 no such user", "稼働しています"] {
        assert_eq!(all.matches(wanted).count(), 1, "{wanted} in\n{all}");
    }
    for canary in ["12,345", "12345", "98765", "山田", "BK0001", "MZ1000001", "¥"] {
        assert!(!all.contains(canary), "{canary} in\n{all}");
    }
}

/// The text of a message of one base64 part.
fn decoded(content: &[u8]) -> String {
    use base64::Engine;
    let text = String::from_utf8_lossy(content);
    let body = text.split("\r\n\r\n").nth(2).unwrap_or_default();
    let code: String = body.lines().take_while(|line| !line.starts_with("--")).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(code.trim()).expect("base64");
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn m12_check_talks_to_the_server_and_warns_of_a_sender_nobody_reads() {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server, "");
    sandbox.json(RUN, 0);
    let check = sandbox.program(&["check"]);
    assert_eq!(check.code, 0, "{}{}", check.out, check.err);
    assert!(check.out.contains("SIZE 30000000"), "{}", check.out);
    assert_eq!(server.seen.lock().expect("not poisoned").taken.len(), 1, "check sends nothing");
    let config = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("a configuration");
    sandbox.write("totsugo.toml", config.replace("totsugo@example", "no-reply@example").as_bytes());
    let check = sandbox.program(&["check"]);
    assert_eq!(check.code, 1);
    assert!(check.err.contains("no-reply@example.co.jp"), "{}", check.err);
}
