//! Sending to three recipients with every effect on disk and wire made to fail once, for ever, or to be the last; then
//! a start without faults: each recipient got the message once, or the outcome is shown (FAULTS M02, M10).

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the server")]
mod mailserver;
#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;
#[expect(dead_code, reason = "other tests use the rest")]
mod shim;
#[expect(dead_code, reason = "other tests use the rest")]
mod tier;

use mailserver::{Script, Server, ca_pem};
use sandbox::Sandbox;
use shim::Fault;
use std::path::Path;

const RUN: &[&str] = &["run", "--as-of", "2026-11-23", "--json"];
const THREE: [&str; 3] = ["a@example.co.jp", "b@example.co.jp", "c@example.co.jp"];

/// One shop with three recipients.
fn config(port: u16) -> String {
    format!(
        "[intake]\nsettle_seconds = 0\n[mail]\ntransport = \"smtp\"\nfrom = \"totsugo <totsugo@example.co.jp>\"\n\
         allowed_domains = [\"example.co.jp\"]\n[mail.smtp]\nhost = \"localhost\"\nport = {port}\n\
         security = \"starttls\"\nca_file = \"ca.pem\"\n[[shops]]\nid = \"9200000000001\"\nname = \"Test\"\n\
         recipients = [\"{}\", \"{}\", \"{}\"]\nbooking_prefixes = [\"MZ\"]\n",
        THREE[0], THREE[1], THREE[2]
    )
}

fn merchant(server: &Server) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("totsugo.toml", config(server.port).as_bytes());
    sandbox.write("ca.pem", ca_pem().as_bytes());
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n";
    let row = "9200000000001,BK0001,即時売上,2026/11/05 10:00:00,12345,1000001\n";
    sandbox.write("inbox/gmo.csv", format!("{heading}{row}").as_bytes());
    sandbox
}

/// One run with these variables for the library below it; the number of effects of it.
fn counted(sandbox: &Sandbox, library: &Path, variables: &[(&str, String)]) -> usize {
    let result = shim::disturbed(sandbox, library, &RUN.join(" "), variables);
    result.assert_told(&format!("{variables:?}: {:?}\n{}", result.code, result.said));
    result.effects
}

/// What counts what is sent over the wire too.
fn wire() -> (&'static str, String) {
    ("FAULT_WIRE", "1".to_owned())
}

fn one(library: &Path, nth: usize, fault: Fault) {
    let server = Server::start(Script::healthy());
    let sandbox = merchant(&server);
    counted(&sandbox, library, &[fault.at(nth), vec![wire()]].concat());
    let first = THREE.map(|address| server.count(address));
    let next = sandbox.program(RUN);
    let at = format!("effect {nth}, {fault:?}, {first:?} copies before the restart\n{}", next.err);
    let list = sandbox.json(&["mail", "list", "--json"], 0);
    let mails = list["mails"].as_array().expect("a list");
    assert_eq!(mails.len(), 3, "{at}");
    for mail in mails {
        let copies = server.count(mail["recipient"].as_str().expect("an address"));
        match mail["state"].as_str().expect("a state") {
            "accepted" => assert_eq!(copies, 1, "{at}"),
            // The wire failed: it is tried again when it is due.
            "deferred" => assert_eq!((copies, next.code), (0, 1), "{at}"),
            "unknown" => assert!(copies <= 1 && next.code == 1, "{at}"),
            other => panic!("{other}: {at}"),
        }
    }
}

#[test]
fn m02_m10_any_effect_on_disk_or_wire_may_fail_or_be_the_last_while_three_are_sent_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let library = shim::build(folder.path());
    let server = Server::start(Script::healthy());
    let effects = counted(&merchant(&server), &library, &[wire()]);
    assert_eq!(THREE.map(|address| server.count(address)), [1; 3]);
    assert!(effects > 60, "{effects} effects");
    // Hellos and handshake twice, login aside, an envelope of three, the body, its end and the farewell go over the wire.
    let on_disk = counted(&merchant(&Server::start(Script::healthy())), &library, &[]);
    assert!(effects >= on_disk + 12, "{effects} effects, {on_disk} of them on disk");
    // Most of the time goes into waiting for the disk.
    shim::every_effect(effects, 8, |nth, fault| one(&library, nth, fault));
}
