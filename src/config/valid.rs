//! The configuration as it may be used: defaults filled in, contradictions found. Pure; what must be asked of the
//! machine (secret files, real paths) comes in as [`Outside`].

use super::problem::{ConfigProblem, Fault};
use super::service;
use super::written::{Place, Section, Text, half_width};
use super::{Config, Intake, Mail, Paths, Security, ShopConfig, Smtp, Token, Transport};
use crate::console::GmoSettings;
use crate::domain::ids::ShopId;
use crate::domain::policy::{ExcludeRule, Policy, Shop};
use crate::domain::text::fold;
use crate::locale::Language;
use crate::mail::address::{Sender, domain_of, is_address, is_domain, once};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// What is asked of the machine.
pub(super) struct Outside<'a> {
    /// The password in this file; `None` where files are not read.
    pub(super) secret: &'a dyn Fn(&Path) -> Option<Result<SecretString, Fault>>,
    /// Where a path really leads.
    pub(super) real: &'a dyn Fn(&Path) -> PathBuf,
}

/// A rule name of our own, not free for exclude rules (SPEC §2).
const BEFORE_HISTORY_START: &str = "before_history_start";

/// Makes the configuration out of what is written; `file` is where it stands.
pub(super) fn config(
    root: &Section,
    file: &Path,
    outside: &Outside<'_>,
    problems: Vec<ConfigProblem>,
) -> Result<Config, Vec<ConfigProblem>> {
    let mut check = Check { problems, outside };
    let empty = Section::default();
    let section = |key| root.section(key).unwrap_or(&empty);
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let paths = check.paths(section("paths"), &folder);
    let config = Config {
        daemon: service::daemon(section("daemon"), &folder, &paths.inbox, &mut check.problems),
        calendar: service::calendar(section("calendar"), &mut check.problems),
        retention: service::retention(section("retention")),
        language: match root.text("language").map(|text| text.text.as_str()) {
            Some("en") => Language::En,
            _ => Language::Ja,
        },
        paths,
        intake: intake(section("intake")),
        mail: check.mail(section("mail"), &folder),
        report_customer: section("report").flag("customer").unwrap_or(false),
        shops: Vec::new(),
        file: file.to_path_buf(),
        root: folder,
        digest: String::new(),
    };
    let shops = check.shops(root, &config.mail);
    check
        .problems
        .sort_by(|a, b| (a.line == 0, a.line, a.column, &a.key).cmp(&(b.line == 0, b.line, b.column, &b.key)));
    check.problems.dedup();
    if check.problems.is_empty() { Ok(Config { shops, ..config }) } else { Err(check.problems) }
}

fn intake(section: &Section) -> Intake {
    let number = |key, default: u64| section.whole(key).and_then(|n| u64::try_from(n).ok()).unwrap_or(default);
    Intake {
        settle_seconds: number("settle_seconds", 2),
        sentinel: section.text("sentinel").map(|text| text.text.clone()).filter(|name| !name.is_empty()),
        max_file_mb: number("max_file_mb", 256),
    }
}

struct Check<'a> {
    problems: Vec<ConfigProblem>,
    outside: &'a Outside<'a>,
}

impl Check<'_> {
    fn report(&mut self, place: &Place, found: &str, fault: Fault) {
        self.problems.push(place.problem(found, fault));
    }

    fn paths(&mut self, section: &Section, folder: &Path) -> Paths {
        let mut known: Vec<(&'static str, PathBuf)> = Vec::new();
        let inbox_at = (self.outside.real)(&absolute(folder, section.text("inbox").map_or("inbox", |text| &text.text)));
        let mut path = |key: &'static str, default: &str| {
            let text = section.text(key);
            if text.is_some_and(|text| text.text.is_empty()) {
                self.report(&section.place(key), "", Fault::Empty);
            }
            let path = absolute(folder, text.map_or(default, |text| &text.text));
            let real = (self.outside.real)(&path);
            let twin = known.iter().find(|(_, other)| *other == real).map(|(other, _)| *other);
            if let Some(other) = twin {
                let (place, other) = if section.has(key) { (key, other) } else { (other, key) };
                self.report(&section.place(place), &show(&path), Fault::SamePlace(format!("paths.{other}")));
            } else if key != "inbox" && real.starts_with(&inbox_at) {
                // Places not written are defaults: then it is the inbox that is too wide, said once.
                let place = section.place(if section.has(key) { key } else { "inbox" });
                let shown = if section.has(key) { show(&path) } else { show(&inbox_at) };
                let fault = if section.has(key) { Fault::InsideInbox } else { Fault::AroundOutput };
                self.report(&place, &shown, fault);
            }
            known.push((key, real));
            path
        };
        Paths {
            inbox: path("inbox", "inbox"),
            archive: path("archive", "archive"),
            held: path("held", "held"),
            reports: path("reports", "reports"),
            outbox: path("outbox", "outbox"),
            database: path("database", "totsugo.db"),
            schedules: path("schedules", "schedules"),
            templates: path("templates", "templates"),
        }
    }

    fn mail(&mut self, section: &Section, folder: &Path) -> Mail {
        let smtp = section.text("transport").is_some_and(|text| text.text == "smtp");
        let allowed = self.domains(section.texts("allowed_domains"));
        if smtp && !section.has("from") {
            self.report(&section.place("from"), "", Fault::NeededForSmtp);
        }
        let from = section.text("from");
        let sender = from.and_then(|from| Sender::parse(&from.text));
        if let Some(from) = from.filter(|_| sender.is_none()) {
            let folded = half_width(&from.text).filter(|text| Sender::parse(text).is_some());
            self.report(&from.place, &from.text, Fault::AddressForm(folded));
        }
        let settings = section.section("smtp");
        if smtp && settings.is_none() && !section.has("smtp") {
            self.report(&section.place("smtp"), "", Fault::NeededForSmtp);
        }
        let server = settings.map(|settings| self.smtp(settings, folder, smtp));
        Mail {
            transport: match server {
                Some(server) if smtp => Transport::Smtp(server),
                _ => Transport::Directory,
            },
            from: sender.unwrap_or_default(),
            operator: self.addresses(section.texts("operator"), &allowed),
            allowed_domains: allowed,
            max_attachment_mb: section.whole("max_attachment_mb").and_then(|n| u64::try_from(n).ok()).unwrap_or(20),
            heartbeat: section.flag("heartbeat").unwrap_or(false),
        }
    }

    /// The server's settings; `used` says whether mail goes out by SMTP, so that what is missing is missed.
    fn smtp(&mut self, section: &Section, folder: &Path, used: bool) -> Smtp {
        let host = section.text("host").map(|text| text.text.clone()).unwrap_or_default();
        if used && !section.has("host") {
            self.report(&section.place("host"), "", Fault::NeededForSmtp);
        } else if section.text("host").is_some() && !is_host(&host) {
            let folded = half_width(&host).filter(|text| is_host(text));
            self.report(&section.place("host"), &host, Fault::DomainForm(folded));
        }
        let security = match section.text("security").map(|text| text.text.as_str()) {
            Some("starttls") => Security::StartTls,
            Some("none") => Security::None,
            _ => Security::Tls,
        };
        let usual = match security {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::None => 25,
        };
        let port = section.whole("port").and_then(|n| u16::try_from(n).ok()).unwrap_or(usual);
        if security == Security::StartTls && port == 465 {
            self.report(&section.place("port"), "465 + starttls", Fault::StartTlsOn465);
        }
        if security == Security::None && !host.is_empty() && !is_loopback(&host) {
            self.report(&section.place("security"), &format!("none, {host}"), Fault::PlainOffLoopback);
        }
        let username = section.text("username").map(|text| text.text.clone()).filter(|text| !text.is_empty());
        let password_file = section.text("password_file").map(|text| absolute(folder, &text.text));
        let token_file = section.text("token_file").map(|text| Token::File(absolute(folder, &text.text)));
        let words: Vec<String> = section.texts("token_command").iter().map(|text| text.text.clone()).collect();
        let token = token_file.or((!words.is_empty()).then_some(Token::Command(words)));
        let ca_file = section.text("ca_file").map(|text| absolute(folder, &text.text));
        let given = section.text("password").map(|text| SecretString::from(text.text.clone()));
        match (&username, token.is_some() || section.has("password_file") || section.has("password")) {
            (Some(name), false) => self.report(&section.place("username"), name, Fault::NoPassword),
            (None, true) if !section.has("username") => {
                let keys = ["password_file", "token_file", "token_command"];
                let key = keys.into_iter().find(|key| section.has(key)).unwrap_or("password");
                self.report(&section.place(key), "", Fault::NoUsername);
            }
            _ => {}
        }
        let password = given.or_else(|| {
            let file = password_file.as_deref().filter(|_| used)?;
            match (self.outside.secret)(file)? {
                Ok(secret) => Some(secret),
                Err(fault) => {
                    self.report(&section.place("password_file"), &show(file), fault);
                    None
                }
            }
        });
        Smtp { host, port, security, username, password_file, password, token, ca_file }
    }

    fn domains(&mut self, texts: &[Text]) -> Vec<String> {
        for Text { place, text } in texts {
            if !is_domain(text) {
                let folded = half_width(text).unwrap_or_else(|| text.clone());
                let folded = folded.trim_start_matches(['@', '*', '.']).to_owned();
                self.report(place, text, Fault::DomainForm(Some(folded).filter(|text| is_domain(text))));
            }
        }
        once(texts.iter().map(|text| text.text.to_ascii_lowercase()))
    }

    fn addresses(&mut self, texts: &[Text], allowed: &[String]) -> Vec<String> {
        for Text { place, text } in texts {
            match domain_of(text) {
                None => {
                    let bare = Sender::parse(text).map(|sender| sender.address().to_owned());
                    let folded = bare.or_else(|| half_width(text)).filter(|text| is_address(text));
                    self.report(place, text, Fault::AddressForm(folded));
                }
                Some(domain) if !allowed.is_empty() && !allowed.contains(&domain) => {
                    self.report(place, text, Fault::OutsideDomains(allowed.to_vec()));
                }
                Some(_) => {}
            }
        }
        once(texts.iter().map(|text| text.text.clone()))
    }

    fn shops(&mut self, root: &Section, mail: &Mail) -> Vec<ShopConfig> {
        let general =
            root.section("policy").map_or_else(Policy::default, |section| self.policy(section, &Policy::default()));
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        let mut shops = Vec::new();
        for section in root.sections("shops") {
            let id = self.shop_id(section, &mut lines);
            let name = self.filled(section, "name").unwrap_or_default();
            let booking_prefixes = self.prefixes(section, &id, &mut owners);
            let exclude = section.sections("exclude").iter().map(|rule| self.exclude(rule)).collect();
            let policy = self.policy(section, &general);
            let recipients = self.addresses(section.texts("recipients"), &mail.allowed_domains);
            let copies = self.addresses(section.texts("cc"), &mail.allowed_domains);
            let cc = once(recipients.iter().cloned().chain(copies)).split_off(recipients.len());
            if matches!(mail.transport, Transport::Smtp(_)) && section.texts("recipients").is_empty() {
                self.report(&section.place("recipients"), "", Fault::NoRecipients);
            }
            let gmo_settings = section.section("gmo_settings").map(gmo_settings);
            let shop = Shop { id: ShopId::new(&id), name, booking_prefixes, exclude, policy };
            shops.push(ShopConfig { shop, recipients, cc, gmo_settings });
        }
        shops
    }

    fn filled(&mut self, section: &Section, key: &str) -> Option<String> {
        let text = section.text(key)?;
        if text.text.is_empty() {
            self.report(&text.place, "\"\"", Fault::Empty);
        }
        Some(text.text.clone())
    }

    fn shop_id(&mut self, section: &Section, lines: &mut BTreeMap<String, usize>) -> String {
        let Some(Text { place, text }) = section.text("id") else { return String::new() };
        if !ShopId::is_valid(text) {
            let folded = half_width(text).map(|text| text.replace(' ', "")).filter(|text| ShopId::is_valid(text));
            self.report(place, text, Fault::ShopIdForm(folded));
        } else if let Some(line) = lines.get(&text.to_ascii_lowercase()) {
            self.report(place, text, Fault::ShopTwice(*line));
        } else {
            lines.insert(text.to_ascii_lowercase(), place.line());
        }
        text.clone()
    }

    fn prefixes(&mut self, section: &Section, id: &str, owners: &mut BTreeMap<String, String>) -> Vec<String> {
        let letters = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphabetic());
        let mut prefixes = Vec::new();
        for Text { place, text } in section.texts("booking_prefixes") {
            let prefix = text.to_ascii_uppercase();
            if !letters(text) {
                let folded = fold(text).to_uppercase().replace('-', "");
                self.report(place, text, Fault::PrefixForm(Some(folded).filter(|text| letters(text))));
            } else if owners.get(&prefix).is_some_and(|owner| owner != id) {
                let owner = owners.get(&prefix).cloned().unwrap_or_default();
                self.report(place, text, Fault::PrefixTwice(owner));
            } else if owners.insert(prefix.clone(), id.to_owned()).is_none() {
                prefixes.push(prefix);
            }
        }
        prefixes
    }

    fn exclude(&mut self, section: &Section) -> ExcludeRule {
        if !section.has("name") {
            self.report(&section.place("name"), "", Fault::Missing);
        }
        let name = self.filled(section, "name").unwrap_or_default();
        if name == BEFORE_HISTORY_START {
            self.report(&section.place("name"), &name, Fault::ReservedName);
        }
        let channel: Vec<String> = section.texts("channel").iter().map(|text| text.text.clone()).collect();
        let all = |text: &String| matches!(fold(text).as_str(), "" | "*");
        let misread = section.has("channel") && !section.holds("channel");
        if !misread && (channel.is_empty() || channel.iter().any(all)) {
            self.report(&section.place("channel"), &channel.join(", "), Fault::ExcludesAll);
        }
        ExcludeRule { name, channel }
    }

    /// The policy of one table over `general`.
    fn policy(&mut self, section: &Section, general: &Policy) -> Policy {
        let days = |key, default: i32| section.whole(key).and_then(|n| i32::try_from(n).ok()).unwrap_or(default);
        let policy = Policy {
            cancel_window_days: days("cancel_window_days", general.cancel_window_days),
            expiring_within_days: days("expiring_within_days", general.expiring_within_days),
            grace_days: days("grace_days", general.grace_days),
            awaiting_max_days: days("awaiting_max_days", general.awaiting_max_days),
            history_start: section.date("history_start").or(general.history_start),
            max_rejects: section
                .whole("max_rejects")
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(general.max_rejects),
        };
        let stated = ["expiring_within_days", "cancel_window_days"].into_iter().find(|key| section.has(key));
        if let Some(key) = stated.filter(|_| policy.expiring_within_days > policy.cancel_window_days) {
            let found = format!("expiring_within_days = {}", policy.expiring_within_days);
            self.report(&section.place(key), &found, Fault::OverWindow(policy.cancel_window_days));
        }
        policy
    }
}

fn gmo_settings(section: &Section) -> GmoSettings {
    let text = |key| section.text(key).map(|text| text.text.clone());
    GmoSettings {
        setting_id: text("setting_id"),
        job_cd: text("job_cd"),
        method: text("method"),
        tds_flag: text("tds_flag"),
        security_code_required: text("security_code_required"),
        security_code_hidden: text("security_code_hidden"),
        tds2_unsupported: text("tds2_unsupported"),
        notification_url: text("notification_url"),
        notification_failure_mail: text("notification_failure_mail"),
    }
}

fn is_host(text: &str) -> bool {
    is_domain(text) || text.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

/// `path` relative to `folder`, without `.` and `..`.
pub(super) fn absolute(folder: &Path, path: &str) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(clean.components().next_back(), Some(Component::Normal(_))) => {
                clean.pop();
            }
            other @ (Component::Prefix(_) | Component::RootDir | Component::ParentDir | Component::Normal(_)) => {
                clean.push(other);
            }
        }
    }
    clean
}
