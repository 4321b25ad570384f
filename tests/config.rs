//! `totsugo.toml`: every fault of FAULTS.md section K as a golden message, defaults, overrides, the environment.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may end at the first surprise")]

use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use totsugo::config::{self, Config, ConfigError, ConfigProblem, Fault, Security, Transport};
use totsugo::domain::calendar::Calendar;
use totsugo::domain::dates::Day;
use totsugo::locale::Language;
use totsugo::schedule::Schedule;

const MINIMAL: &str = "[[shops]]\nid = \"9200000000001\"\nname = \"富士山サイクリングツアー\"\n";

fn parse(text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<ConfigProblem>> {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    config::parse(text, Path::new("/srv/totsugo/totsugo.toml"), &environment)
}

fn valid(text: &str, variables: &[(&str, &str)]) -> Config {
    parse(text, variables).unwrap_or_else(|problems| panic!("{}", sentences(&problems, Language::En)))
}

fn sentences(problems: &[ConfigProblem], language: Language) -> String {
    problems.iter().map(|problem| problem.sentence(language) + "\n").collect()
}

#[test]
fn k07_starttls_on_465_and_plain_text_to_another_machine_are_refused_with_advice() {
    for (host, port, security, advice) in [
        ("mail.example.jp", 465, "starttls", "tls"),
        ("mail.example.jp", 25, "none", "tls"),
        ("mail.example.jp", 587, "none", "starttls"),
    ] {
        let text = format!(
            "[mail]\ntransport = \"smtp\"\nfrom = \"t@example.jp\"\nallowed_domains = [\"x.jp\"]\n[mail.smtp]\n\
             host = \"{host}\"\nport = {port}\nsecurity = \"{security}\"\n{MINIMAL}recipients = [\"a@x.jp\"]\n"
        );
        let said = sentences(&parse(&text, &[]).expect_err("refused"), Language::En);
        assert!(said.contains("security") && said.contains(advice), "{host}:{port} {security}: {said}");
    }
}

/// Each block of `golden/config.txt` is a configuration, `$ NAME=value` lines before it, and the messages it must give.
#[test]
fn every_fault_has_its_message() {
    let golden = include_str!("golden/config.txt");
    let mut actual = String::new();
    for block in golden.split("#### ").filter(|block| !block.is_empty()) {
        let (name, rest) = block.split_once('\n').expect("a name");
        let (written, _) = rest.split_once("---- ja\n").expect("messages");
        let (variables, lines): (Vec<&str>, Vec<&str>) = written.lines().partition(|line| line.starts_with("$ "));
        let variables: Vec<(&str, &str)> = variables.iter().filter_map(|line| line.get(2..)?.split_once('=')).collect();
        let problems = parse(&lines.join("\n"), &variables).err().unwrap_or_default();
        let (ja, en) = (sentences(&problems, Language::Ja), sentences(&problems, Language::En));
        actual.push_str(&format!("#### {name}\n{written}---- ja\n{ja}---- en\n{en}"));
    }
    if actual != golden {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config.txt");
        std::fs::write(&path, &actual).expect("the temporary folder is writable");
        let line = actual.lines().zip(golden.lines()).find(|(a, g)| a != g);
        panic!("differs from tests/golden/config.txt, first at {line:?}; the whole is in {}", path.display());
    }
}

/// The same for schedule files.
#[test]
fn c07_c13_every_fault_of_a_schedule_has_its_message() {
    let golden = include_str!("golden/schedules.txt");
    let mut actual = String::new();
    for block in golden.split("#### ").filter(|block| !block.is_empty()) {
        let (name, rest) = block.split_once('\n').expect("a name");
        let (written, _) = rest.split_once("---- ja\n").expect("messages");
        let problems = config::parse_schedule(written, &Calendar::default()).expect_err(name);
        let (ja, en) = (sentences(&problems, Language::Ja), sentences(&problems, Language::En));
        actual.push_str(&format!("#### {name}\n{written}---- ja\n{ja}---- en\n{en}"));
    }
    if actual != golden {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schedules.txt");
        std::fs::write(&path, &actual).expect("the temporary folder is writable");
        let line = actual.lines().zip(golden.lines()).find(|(a, g)| a != g);
        panic!("differs from tests/golden/schedules.txt, first at {line:?}; the whole is in {}", path.display());
    }
}

#[test]
fn the_schedule_that_init_writes_is_valid_and_shorter_ones_have_defaults() {
    let calendar = Calendar::default();
    let nightly = config::parse_schedule(totsugo::templates::NIGHTLY, &calendar).expect("valid");
    assert_eq!((nightly.name.as_str(), nightly.wait_for_exports_until), ("nightly", Some(9 * 3_600)));
    let short = config::parse_schedule("name = \"nightly\"\ncron = \"30 6 * * *\"", &calendar).expect("valid");
    assert_eq!(Schedule { wait_for_exports_until: Some(9 * 3_600), ..short }, nightly);
}

#[test]
fn a_minimal_file_has_working_defaults() {
    for text in [MINIMAL.to_owned(), format!("\u{feff}{MINIMAL}")] {
        let config = valid(&text, &[]);
        assert_eq!(config.language, Language::Ja);
        assert_eq!(config.root, PathBuf::from("/srv/totsugo"));
        assert_eq!(config.paths.inbox, PathBuf::from("/srv/totsugo/inbox"));
        assert_eq!(config.paths.database, PathBuf::from("/srv/totsugo/totsugo.db"));
        assert_eq!((config.intake.settle_seconds, config.intake.max_file_mb), (2, 256));
        assert_eq!(config.intake.sentinel, None);
        assert!(matches!(config.mail.transport, Transport::Directory));
        assert_eq!(config.mail.max_attachment_mb, 20);
        assert!(!config.report_customer);
        let [shop] = config.shops.as_slice() else { panic!("one shop") };
        assert_eq!((shop.shop.id.as_str(), shop.shop.name.as_str()), ("9200000000001", "富士山サイクリングツアー"));
        assert_eq!(shop.shop.policy, totsugo::domain::policy::Policy::default());
        assert_eq!((shop.recipients.len(), shop.gmo_settings.is_none()), (0, true));
    }
}

#[test]
fn a_shop_overrides_the_policy_key_by_key() {
    let text = format!(
        "[policy]\ngrace_days = 3\nexpiring_within_days = 60\nhistory_start = 2025-04-01\n{MINIMAL}\
         expiring_within_days = 10\nmax_rejects = 5\n[[shops]]\nid = \"2\"\nname = \"B\"\n"
    );
    let config = valid(&text, &[]);
    let policies: Vec<_> = config
        .shops
        .iter()
        .map(|shop| &shop.shop.policy)
        .map(|p| (p.cancel_window_days, p.expiring_within_days, p.grace_days, p.history_start, p.max_rejects))
        .collect();
    let start = Day::new(2025, 4, 1);
    assert_eq!(policies, [(365, 10, 3, start, 5), (365, 60, 3, start, 0)]);
}

#[test]
fn the_environment_lies_over_the_file() {
    let text = format!(
        "[intake]\nsettle_seconds = 9\n[mail]\ntransport = \"smtp\"\nfrom = \"突合 <t@example.jp>\"\n[mail.smtp]\n\
         host = \"mail.example.jp\"\nsecurity = \"starttls\"\nusername = \"t\"\n{MINIMAL}recipients = [\"a@x.jp\"]\n"
    );
    let variables = [
        ("TOTSUGO__MAIL__SMTP__PASSWORD", " päss word "),
        ("TOTSUGO__INTAKE__SETTLE_SECONDS", "0"),
        ("TOTSUGO__MAIL__OPERATOR", "it@x.jp, it2@x.jp"),
        ("TOTSUGO__LANGUAGE", "en"),
        ("TOTSUGO__REPORT__CUSTOMER", "true"),
        ("TOTSUGO_CONFIG", "elsewhere"),
        ("PATH", "/bin"),
    ];
    let config = valid(&text, &variables);
    assert_eq!((config.intake.settle_seconds, config.language, config.report_customer), (0, Language::En, true));
    assert_eq!(config.mail.operator, ["it@x.jp", "it2@x.jp"]);
    let Transport::Smtp(smtp) = &config.mail.transport else { panic!("smtp") };
    assert_eq!((smtp.port, smtp.security), (587, Security::StartTls));
    assert_eq!(smtp.password.as_ref().map(ExposeSecret::expose_secret), Some(" päss word "));
    assert!(!format!("{config:?}").contains("päss"), "a secret must not print");
}

#[test]
fn k05_and_m16_an_address_may_serve_two_shops_but_stands_once_in_each() {
    let text = format!(
        "{MINIMAL}recipients = [\"a@x.jp\", \"A@x.jp\"]\ncc = [\"b@x.jp\", \"a@X.jp\"]\nbooking_prefixes = [\"mz\", \"MZ\"]\n\
         [[shops]]\nid = \"2\"\nname = \"B\"\nrecipients = [\"a@x.jp\"]\n"
    );
    let config = valid(&text, &[]);
    let addresses: Vec<_> = config.shops.iter().map(|shop| (shop.recipients.join(" "), shop.cc.join(" "))).collect();
    assert_eq!(addresses, [("a@x.jp".into(), "b@x.jp".into()), ("a@x.jp".into(), String::new())]);
    assert_eq!(config.shops.first().map(|shop| shop.shop.booking_prefixes.clone()), Some(vec!["MZ".to_owned()]));
    let book: Vec<_> = config.address_book().into_iter().map(|(address, shops)| (address, shops.len())).collect();
    assert_eq!(book, [("a@x.jp".to_owned(), 2), ("b@x.jp".to_owned(), 1)]);
}

#[test]
fn what_init_writes_is_valid() {
    for language in [Language::Ja, Language::En] {
        let text = totsugo::templates::initial_config(language);
        assert_eq!(valid(text, &[]).language, language);
        // With every suggestion switched on it is valid too.
        let all: String = text
            .lines()
            .map(|line| match line.strip_prefix("# ") {
                Some(rest)
                    if rest.starts_with('[')
                        || rest.contains(" = ")
                            && rest.is_char_boundary(1)
                            && rest.as_bytes().first().is_some_and(u8::is_ascii_lowercase) =>
                {
                    rest
                }
                _ => line,
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let config = valid(&all, &[]);
        let settings = config.shops.first().and_then(|shop| shop.gmo_settings.clone()).expect("gmo_settings");
        assert_eq!(totsugo::console::deviations(&settings), []);
    }
}

#[test]
fn k02_another_encoding_is_named() {
    let text = "# 設定\nlanguage = \"ja\" # 日本語\n";
    let (cp932, _, _) = encoding_rs::SHIFT_JIS.encode(text);
    let problem = config::decode(&cp932).expect_err("CP932");
    assert_eq!((problem.line, problem.column), (1, 3));
    let ja = "1行3桁: UTF-8 のファイルではありません (Shift_JIS (CP932) のようです)。 正しい形: UTF-8。 \
              エディタで文字コードを UTF-8 にして保存し直してください。";
    assert_eq!(problem.sentence(Language::Ja), ja);
    let problem = config::decode(b"\xff\xfe#\0").expect_err("UTF-16");
    assert_eq!(problem.fault, Fault::Encoding("UTF-16LE"));
}

#[test]
fn load_reads_file_and_secret() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("totsugo.toml");
    let secret = folder.path().join("smtp");
    let text = "[mail]\ntransport = \"smtp\"\nfrom = \"t@example.jp\"\n[mail.smtp]\nhost = \"127.0.0.1\"\n\
                security = \"none\"\nusername = \"t\"\npassword_file = \"smtp\"\n";
    std::fs::write(&file, format!("{text}{MINIMAL}recipients = [\"a@x.jp\"]\n")).expect("written");
    assert!(matches!(config::load(Some(&folder.path().join("none.toml"))), Err(ConfigError::NotFound(_))));
    let fault = || match config::load(Some(&file)) {
        Err(ConfigError::Invalid(_, problems, _)) => problems.first().map(|p| (p.line, p.fault.clone())),
        Err(other) => panic!("{other}"),
        Ok(_) => None,
    };
    assert!(matches!(fault(), Some((8, Fault::SecretUnreadable(_)))));
    std::fs::write(&secret, "\n").expect("written");
    assert_eq!(fault(), Some((8, Fault::SecretEmpty)));
    std::fs::write(&secret, "hunter2\r\n").expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).expect("set");
        assert_eq!(fault(), Some((8, Fault::SecretOpen)));
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("set");
    }
    let config = config::load(Some(&file)).expect("valid");
    let Transport::Smtp(smtp) = &config.mail.transport else { panic!("smtp") };
    assert_eq!(smtp.password.as_ref().map(ExposeSecret::expose_secret), Some("hunter2"));
}

#[test]
fn every_problem_names_a_place_in_the_file_or_a_variable() {
    let environment = BTreeMap::from([("TOTSUGO__X".to_owned(), String::new())]);
    let problems = config::parse("a = 1\n", Path::new("totsugo.toml"), &environment).expect_err("problems");
    for problem in problems {
        assert!(problem.line > 0 || problem.key.starts_with("TOTSUGO__"), "{problem:?}");
    }
}

proptest::proptest! {
    /// Whatever is typed into the file or the environment, the answer is a configuration or problems with a place.
    #[test]
    fn nothing_typed_into_the_file_ends_the_program(
        at in 0_usize..4_000, cut in 0_usize..40, typed in "[\\x00-\\x7fあ＝“”＊\u{feff}\n]{0,6}", value in ".{0,12}",
    ) {
        let text = totsugo::templates::initial_config(Language::Ja).replace("\n# ", "\n");
        let chars: Vec<char> = text.chars().collect();
        let at = at.min(chars.len());
        let changed: String = chars.iter().take(at).copied().chain(typed.chars()).chain(chars.iter().skip(at + cut).copied()).collect();
        for variable in ["TOTSUGO__MAIL__SMTP__PORT", "TOTSUGO__POLICY__HISTORY_START", "TOTSUGO__MAIL__FROM"] {
            if let Err(problems) = parse(&changed, &[(variable, value.as_str())]) {
                proptest::prop_assert!(!problems.is_empty());
                for problem in problems {
                    proptest::prop_assert!(!problem.sentence(Language::Ja).contains('\n'));
                }
            }
        }
    }
}
