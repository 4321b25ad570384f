//! `totsugo.toml`: as written → as valid (SPEC §2). [`parse`] is pure; [`load`] reads the file, the environment and the
//! secret file. Every problem is found at once; nothing is half valid.

mod problem;
mod schedules;
mod schema;
mod service;
mod valid;
mod written;

pub use problem::{ConfigProblem, Expected, Fault};
pub use schedules::{ScheduleFile, parse_schedule, schedules};
pub use service::{Daemon, LogForm, Retention, ServiceFault};

use crate::console::GmoSettings;
use crate::domain::calendar::Calendar;
use crate::domain::ids::{FileDigest, ShopId};
use crate::domain::policy::Shop;
use crate::locale::Language;
use crate::mail::address::Sender;
use encoding_rs::{SHIFT_JIS, UTF_16BE, UTF_16LE};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A valid configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Language of workbook, mail and messages.
    pub language: Language,
    /// The file itself.
    pub file: PathBuf,
    /// The folder of the file.
    pub root: PathBuf,
    /// Files and folders, absolute.
    pub paths: Paths,
    /// How files are taken in.
    pub intake: Intake,
    /// How mail leaves.
    pub mail: Mail,
    /// Whether guests' names may appear in reports.
    pub report_customer: bool,
    /// How the daemon logs and whom it tells that it lives.
    pub daemon: Daemon,
    /// The business days that schedules may ask for.
    pub calendar: Calendar,
    /// How old what may be cleaned up must be.
    pub retention: Retention,
    /// The shops, in the order written.
    pub shops: Vec<ShopConfig>,
    /// The digest of the file, hexadecimal: which configuration a run had.
    pub digest: String,
}

impl Config {
    /// Which shops each address hears about, so that an address in two shops is never silent (K05). Addresses are in
    /// lower case.
    pub fn address_book(&self) -> BTreeMap<String, Vec<&ShopId>> {
        let mut book: BTreeMap<String, Vec<&ShopId>> = BTreeMap::new();
        for shop in &self.shops {
            for address in shop.recipients.iter().chain(&shop.cc) {
                book.entry(address.to_ascii_lowercase()).or_default().push(&shop.shop.id);
            }
        }
        book
    }
}

/// Files and folders, absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Drop folder.
    pub inbox: PathBuf,
    /// Accepted originals.
    pub archive: PathBuf,
    /// Held originals.
    pub held: PathBuf,
    /// Workbooks.
    pub reports: PathBuf,
    /// `.eml` files of the directory transport.
    pub outbox: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// Schedule files.
    pub schedules: PathBuf,
    /// Overrides of built-in templates.
    pub templates: PathBuf,
}

/// How files are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intake {
    /// How far apart two looks must agree.
    pub settle_seconds: u64,
    /// A file that must exist in the inbox.
    pub sentinel: Option<String>,
    /// Largest file taken in.
    pub max_file_mb: u64,
}

/// How mail leaves.
#[derive(Clone, Debug)]
pub struct Mail {
    /// By which way.
    pub transport: Transport,
    /// Who mail comes from.
    pub from: Sender,
    /// Who hears about faults: bare addresses.
    pub operator: Vec<String>,
    /// Domains that may receive mail, lower case; empty: any.
    pub allowed_domains: Vec<String>,
    /// Largest message.
    pub max_attachment_mb: u64,
    /// Whether the operator hears once a day that all is well.
    pub heartbeat: bool,
}

/// The way mail leaves.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Written to `paths.outbox`.
    Directory,
    /// Sent to a server.
    Smtp(Smtp),
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub security: Security,
    /// User name, if the server asks for one.
    pub username: Option<String>,
    /// Where the password lies.
    pub password_file: Option<PathBuf>,
    /// The password: from the environment, or read by [`load`]; [`parse`] reads no file.
    pub password: Option<SecretString>,
    /// Where an OAuth token comes from, for `AUTH XOAUTH2`.
    pub token: Option<Token>,
    /// The only certificates trusted, PEM; those of this machine if there is none.
    pub ca_file: Option<PathBuf>,
}

/// Where an OAuth token comes from; fetched for each connection, because it ages within the hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// The first line of a file that something else renews.
    File(PathBuf),
    /// The first line that a program prints; the program and its arguments, started without a shell.
    Command(Vec<String>),
}

/// Encryption to the mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`, or nothing is sent.
    StartTls,
    /// None; to this machine only.
    None,
}

/// One shop.
#[derive(Clone, Debug)]
pub struct ShopConfig {
    /// As reconciliation sees it.
    pub shop: Shop,
    /// Bare addresses, each once.
    pub recipients: Vec<String>,
    /// Bare addresses, none of them in `recipients`.
    pub cc: Vec<String>,
    /// What its GMO console shows.
    pub gmo_settings: Option<GmoSettings>,
}

impl ShopConfig {
    /// Whether there is anybody to mail its reports to.
    pub const fn has_recipients(&self) -> bool {
        !self.recipients.is_empty() || !self.cc.is_empty()
    }
}

/// Why there is no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No file there.
    #[error("no configuration file at {0}")]
    NotFound(PathBuf),
    /// The file cannot be read, for this reason.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, String),
    /// A file among the schedules that is none by its name, and the name it may be meant to have.
    #[error("{0} is not read: the name of a schedule file ends in .toml")]
    NoSchedule(PathBuf, String),
    /// The file is wrong in these places.
    #[error("{0} has {count} problem(s)", count = .1.len())]
    Invalid(PathBuf, Vec<ConfigProblem>, Language),
}

impl ConfigError {
    /// The language to say it in: the one the file asks for, where that much can be read.
    pub const fn language(&self) -> Option<Language> {
        match self {
            Self::NotFound(_) | Self::Unreadable(..) | Self::NoSchedule(..) => None,
            Self::Invalid(_, _, language) => Some(*language),
        }
    }

    /// What is wrong, one line per problem, and what to do.
    pub fn sentence(&self, language: Language) -> String {
        match (self, language) {
            (Self::NotFound(path), Language::Ja) => format!(
                "設定ファイルがありません: {}。`totsugo init` で作るか、--config か TOTSUGO_CONFIG で場所を指定してください。",
                path.display()
            ),
            (Self::NotFound(path), Language::En) => format!(
                "There is no configuration file at {}. Make one with `totsugo init`, or name it by --config or TOTSUGO_CONFIG.",
                path.display()
            ),
            (Self::Unreadable(path, reason), Language::Ja) => {
                format!("設定ファイルを読めません: {} ({reason})。権限を確認してください。", path.display())
            }
            (Self::Unreadable(path, reason), Language::En) => {
                format!("The configuration file cannot be read: {} ({reason}). Check its permissions.", path.display())
            }
            (Self::NoSchedule(path, name), Language::Ja) => format!(
                "{}: 予定のファイル名は .toml で終わる必要があるため、読み込まれません。予定であれば名前を {name} に直し、そうでなければ別の場所に移してください。",
                path.display()
            ),
            (Self::NoSchedule(path, name), Language::En) => format!(
                "{}: not read, as the name of a schedule file ends in .toml. Rename it to {name} if it is one, or move it elsewhere.",
                path.display()
            ),
            (Self::Invalid(path, problems, _), language) => problems
                .iter()
                .map(|problem| format!("{}: {}", path.display(), problem.sentence(language)))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }
}

/// The configuration that `text`, standing in `file`, and the variables `TOTSUGO__…` of `environment` make, or all that
/// is wrong with it. Pure: reads no file, so a password in `password_file` is not filled in.
pub fn parse(text: &str, file: &Path, environment: &BTreeMap<String, String>) -> Result<Config, Vec<ConfigProblem>> {
    let outside = valid::Outside { secret: &|_| None, real: &Path::to_path_buf };
    parse_with(text, file, environment, &outside)
}

fn parse_with(
    text: &str,
    file: &Path,
    environment: &BTreeMap<String, String>,
    outside: &valid::Outside<'_>,
) -> Result<Config, Vec<ConfigProblem>> {
    let (root, problems) = written::read(text, environment);
    if problems.iter().any(|problem| matches!(problem.fault, Fault::Syntax(..))) {
        return Err(problems);
    }
    let digest = FileDigest::of(text.as_bytes()).to_string();
    valid::config(&root, file, outside, problems).map(|config| Config { digest, ..config })
}

/// Loads `explicit`, else the file that `TOTSUGO_CONFIG` names, else `totsugo.toml` in the current folder.
pub fn load(explicit: Option<&Path>) -> Result<Config, ConfigError> {
    let named = std::env::var_os("TOTSUGO_CONFIG").filter(|name| !name.is_empty()).map(PathBuf::from);
    let written = explicit.map(Path::to_path_buf).or(named).unwrap_or_else(|| PathBuf::from("totsugo.toml"));
    let file = std::path::absolute(&written).map_err(|e| ConfigError::Unreadable(written, e.to_string()))?;
    let bytes = std::fs::read(&file).map_err(|error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            ConfigError::NotFound(file.clone())
        } else {
            ConfigError::Unreadable(file.clone(), error.to_string())
        }
    })?;
    let text = decode(&bytes).map_err(|problem| ConfigError::Invalid(file.clone(), vec![problem], Language::Ja))?;
    let environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    let outside = valid::Outside { secret: &|path| Some(secret(path)), real: &real };
    parse_with(text, &file, &environment, &outside)
        .map_err(|problems| ConfigError::Invalid(file, problems, language_of(text)))
}

/// The language that a file which is not valid as a whole asks for.
fn language_of(text: &str) -> Language {
    let asks =
        |line: &str| line.split('#').next().is_some_and(|line| line.replace([' ', '\''], "") == r#"language="en""#);
    if text.lines().any(|line| asks(line.trim())) { Language::En } else { Language::Ja }
}

/// The text of a configuration file; a byte order mark is accepted, another encoding is a problem that names it.
pub fn decode(bytes: &[u8]) -> Result<&str, ConfigProblem> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let start = before.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let column = 1 + before.get(start..).map_or(0, |rest| String::from_utf8_lossy(rest).chars().count());
        let guess = match bytes {
            [0xff, 0xfe, ..] => UTF_16LE.name(),
            [0xfe, 0xff, ..] => UTF_16BE.name(),
            _ if SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes).is_some() => "Shift_JIS (CP932)",
            _ => "?",
        };
        ConfigProblem { line, column, key: String::new(), found: String::new(), fault: Fault::Encoding(guess) }
    })
}

/// The password in `file`, without one line break at its end (K06).
fn secret(file: &Path) -> Result<SecretString, Fault> {
    let unreadable = |error: std::io::Error| Fault::SecretUnreadable(error.to_string());
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.is_empty() {
        return Err(Fault::SecretEmpty);
    }
    if line.chars().any(char::is_control) {
        return Err(Fault::ControlCharacter);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(file).map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
            return Err(Fault::SecretOpen);
        }
    }
    Ok(SecretString::from(line.to_owned()))
}

/// `path` with the links of the part that exists resolved, so that two names of one folder are seen as one.
fn real(path: &Path) -> PathBuf {
    let mut rest = Vec::new();
    let mut there = path;
    loop {
        if let Ok(found) = there.canonicalize() {
            return rest.iter().rev().fold(found, |found, part| found.join(part));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                rest.push(name);
                there = parent;
            }
            _ => return path.to_path_buf(),
        }
    }
}
