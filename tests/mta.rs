//! A real mail server (exim4) with TLS and AUTH takes the demo's mails into a Maildir; Python's email module reads them
//! back (FAULTS M15, M16). Runs where `TOTSUGO_MTA` is set: `.ci/run` installs the server first.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the server")]
mod mailserver;
#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use sandbox::Sandbox;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ends the server with the test.
struct Exim(Child);

impl Drop for Exim {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Reads every mail of a Maildir: recipients, attachment's name and digest, one a line.
const READER: &str = r#"
import email, email.policy, hashlib, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob("new/*")):
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert not mail.defects, mail.defects
    parts = [part for part in mail.iter_attachments()]
    assert len(parts) == 1 and mail.get_body(("html",)) and mail.get_body(("plain",))
    digest = hashlib.sha256(parts[0].get_content()).hexdigest()
    print(mail["Envelope-To"], mail["To"], parts[0].get_filename(), digest, mail["Subject"], sep="\t")
"#;

#[test]
fn m15_m16_a_real_server_delivers_the_demos_mails_and_another_parser_reads_them() {
    if std::env::var_os("TOTSUGO_MTA").is_none() {
        return;
    }
    let sandbox = Sandbox::demo();
    std::fs::set_permissions(sandbox.path("."), std::fs::Permissions::from_mode(0o755)).expect("readable");
    let (certificate, key) = mailserver::good_pem();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let root = sandbox.path(".").display().to_string();
    for folder in ["maildir", "spool", "log"] {
        std::fs::create_dir(sandbox.path(folder)).expect("a folder");
        std::fs::set_permissions(sandbox.path(folder), std::fs::Permissions::from_mode(0o777)).expect("writable");
    }
    sandbox.write("tls.pem", format!("{certificate}{key}").as_bytes());
    sandbox.write("ca.pem", mailserver::ca_pem().as_bytes());
    let config = include_str!("golden/exim.conf").replace("@ROOT@", &root).replace("@PORT@", &port.to_string());
    sandbox.write("exim.conf", config.as_bytes());
    let exim = Command::new("exim4")
        .args(["-C", &sandbox.path("exim.conf").display().to_string(), "-bdf", "-q1s"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("exim4 starts");
    let _exim = Exim(exim);
    let up = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    assert!(up, "exim4 listens");
    let text = std::fs::read_to_string(sandbox.path("totsugo.toml")).expect("the demo's configuration");
    let smtp = format!(
        "[mail.smtp]\nhost = \"localhost\"\nport = {port}\nsecurity = \"starttls\"\nusername = \"totsugo\"\n\
         password_file = \"secret\"\nca_file = \"ca.pem\"\n\n[[shops]]"
    );
    let text = text.replace("transport = \"directory\"", "transport = \"smtp\"").replacen("[[shops]]", &smtp, 1);
    sandbox.write("totsugo.toml", text.as_bytes());
    sandbox.write("secret", b"geheim\n");
    std::fs::set_permissions(sandbox.path("secret"), std::fs::Permissions::from_mode(0o600)).expect("closed");
    let json = sandbox.json(&["run", "--as-of", totsugo::demo::AS_OF, "--json"], 0);
    let shops = json["shops"].as_array().expect("shops");
    assert!(shops.iter().all(|shop| shop["mail"] == "sent"), "{shops:?}");
    let arrived = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        sandbox.find("maildir", "").keys().filter(|name| name.contains("/new/")).count() == shops.len()
    });
    assert!(
        arrived,
        "{:?}",
        sandbox.find("log", "").values().map(|log| String::from_utf8_lossy(log)).collect::<Vec<_>>()
    );
    let read = Command::new("python3").args(["-c", READER, &format!("{root}/maildir")]).output().expect("python3");
    let said = String::from_utf8(read.stdout).expect("UTF-8");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    for shop in shops {
        let path = sandbox.path(shop["workbook"].as_str().expect("a path"));
        let bytes = std::fs::read(&path).expect("a workbook");
        let digest = totsugo::domain::ids::FileDigest::of(&bytes).to_string();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let line = said.lines().find(|line| line.contains(&name)).expect("its mail");
        assert!(name.starts_with("突合レポート_") && line.contains(&digest), "{said}");
        assert!(line.contains("【突合】") && line.contains("keiri@example.co.jp"), "{said}");
    }
}
