//! A folder of its own for each test, the program in it, and a look at what it left there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calamine::{Data, Range, Reader, Xlsx};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};
use std::{fs, io};

/// A folder that removes itself.
pub(crate) struct Sandbox(tempfile::TempDir);

/// What the program said.
pub(crate) struct Said {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// The text of a mail: its first part.
pub(crate) fn text_of_mail(mail: &str) -> String {
    let (_, body) = mail.split_once("base64\r\n\r\n").expect("a text");
    let letters: String = body.lines().take_while(|line| !line.starts_with("--")).collect();
    String::from_utf8(STANDARD.decode(letters).expect("base64")).expect("UTF-8")
}

impl Sandbox {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The demo's files, not yet read.
    pub(crate) fn demo() -> Self {
        let sandbox = Self::empty();
        for file in totsugo::demo::files().expect("the demo's files") {
            sandbox.write(&file.path, &file.bytes);
        }
        sandbox
    }

    /// The demo's merchant, in English.
    pub(crate) fn english_demo() -> Self {
        let sandbox = Self::demo();
        let config = fs::read_to_string(sandbox.path("totsugo.toml")).expect("the configuration");
        sandbox.write("totsugo.toml", config.replace("language = \"ja\"", "language = \"en\"").as_bytes());
        sandbox
    }

    /// A minimal configuration in `language`.
    pub(crate) fn minimal(language: &str) -> Self {
        let sandbox = Self::empty();
        let config = format!(
            "language = \"{language}\"\n[intake]\nsettle_seconds = 0\n[[shops]]\nid = \"9200000000001\"\n\
             name = \"Test\"\nbooking_prefixes = [\"MZ\"]\n"
        );
        sandbox.write("totsugo.toml", config.as_bytes());
        fs::create_dir_all(sandbox.path("inbox")).expect("inbox");
        sandbox
    }

    /// The path of `name` in this folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes `name` with the folders above it.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    /// Writes `name` as if that had been `seconds` ago.
    pub(crate) fn write_aged(&self, name: &str, bytes: &[u8], seconds: u64) {
        self.write(name, bytes);
        let file = fs::File::options().write(true).open(self.path(name)).expect("a file");
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("a time");
    }

    /// Drops `carts` ordinary carts of one shop; `paid` gives the Order ID and the yen of the n-th.
    pub(crate) fn drop_carts(&self, carts: u32, paid: impl Fn(u32) -> (String, u32)) {
        let mut payments = "ショップID,オーダーID,取引状態,処理日時,利用金額,加盟店自由項目1\n".to_owned();
        let mut bookings =
            "cart_code,product_code,status,payment_status,created_at,start_at,total,currency\n".to_owned();
        for n in 0..carts {
            let ((order, yen), cart, product) = (paid(n), 1_000_000 + n, 9_000_000 + n);
            payments.push_str(&format!("9200000000001,{order},即時売上,2026/11/05 10:00:00,{yen},{cart}\n"));
            bookings.push_str(&format!(
                "MZ{cart},MZ-T{product},CONFIRMED,PAID_IN_FULL,2026-11-05 09:00,2026-12-01 09:00,{yen},JPY\n"
            ));
        }
        self.write("inbox/gmo.csv", payments.as_bytes());
        self.write("inbox/bookings.csv", bookings.as_bytes());
    }

    /// Runs the program here.
    pub(crate) fn program(&self, arguments: &[&str]) -> Said {
        self.program_with(arguments, &[])
    }

    /// Runs the program here with variables set.
    pub(crate) fn program_with(&self, arguments: &[&str], set: &[(&str, &str)]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_totsugo"))
            .args(arguments)
            .envs(set.iter().copied())
            .current_dir(self.0.path())
            .env_remove("TOTSUGO_CONFIG")
            .output()
            .expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs the program with this folder's `totsugo.toml` and reads the JSON it prints.
    pub(crate) fn json(&self, arguments: &[&str], code: i32) -> Value {
        let config = self.path("totsugo.toml").display().to_string();
        let said = self.program(&[arguments, &["--config", &config]].concat());
        assert_eq!(said.code, code, "{arguments:?}\n{}\n{}", said.err, said.out);
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", said.out, said.err))
    }

    /// The files below `folder` whose name ends in `ending`, with their content.
    pub(crate) fn find(&self, folder: &str, ending: &str) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        let _ = collect(&self.path(folder), self.0.path(), ending, &mut found);
        found
    }

    /// What the operator was told by mail, message by message.
    pub(crate) fn told(&self) -> Vec<String> {
        let mails = self.find("outbox", ".eml").into_values().map(|mail| String::from_utf8(mail).expect("ASCII"));
        // A report has a workbook with it.
        let notes = mails.filter(|mail| !mail.contains("Content-Disposition: attachment"));
        notes.map(|mail| text_of_mail(&mail)).collect()
    }

    /// The reason beside a held file.
    pub(crate) fn reason(&self, name: &str) -> String {
        let reasons = self.find("held", ".reason.txt");
        let reason = reasons.iter().find(|(path, _)| path.contains(name));
        let (_, bytes) = reason.unwrap_or_else(|| panic!("no reason for {name} among {:?}", reasons.keys()));
        String::from_utf8(bytes.clone()).expect("UTF-8")
    }
}

fn collect(folder: &Path, root: &Path, ending: &str, found: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, root, ending, found)?;
        } else if path.to_string_lossy().ends_with(ending) {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            found.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// A sheet of a workbook.
#[expect(clippy::disallowed_methods, reason = "a small workbook of our own")]
pub(crate) fn sheet(path: &Path, name: &str) -> Range<Data> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut workbook = Xlsx::new(io::Cursor::new(bytes)).expect("a workbook");
    workbook.worksheet_range(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The rows below the heading row that holds `first`, each as heading and cell.
pub(crate) fn rows_below(sheet: &Range<Data>, first: &str) -> Vec<BTreeMap<String, Data>> {
    let mut rows = sheet.rows().skip_while(|row| !row.iter().any(|cell| *cell == *first));
    let headings: Vec<String> = rows.next().expect(first).iter().map(ToString::to_string).collect();
    rows.map(|row| headings.iter().cloned().zip(row.iter().cloned()).collect()).collect()
}

/// A cell as text, a date as people write it.
pub(crate) fn shown(cell: &Data) -> String {
    if let Data::DateTime(date) = cell {
        date.as_datetime().expect("a date").date().to_string()
    } else {
        cell.to_string()
    }
}

/// All cells of a sheet as text.
pub(crate) fn strings(sheet: &Range<Data>) -> Vec<String> {
    sheet.used_cells().map(|(_, _, cell)| cell.to_string()).collect()
}

/// A message without what says when it was composed.
pub(crate) fn timeless(message: &[u8]) -> String {
    let mut text = String::from_utf8(message.to_vec()).expect("a message is ASCII");
    for boundary in text.clone().split("boundary=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        text = text.replace(boundary, "boundary");
    }
    let lines = text.lines().filter(|line| !line.starts_with("Date: ") && !line.starts_with("Message-ID: "));
    lines.collect::<Vec<_>>().join("\n")
}
