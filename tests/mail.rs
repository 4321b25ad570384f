//! Report mails: the bytes against our own reading of them, the built-in templates, overrides, and what is refused.
#![allow(clippy::expect_used, clippy::panic, reason = "a test may end at the first surprise")]

use chrono::DateTime;
use std::path::Path;
use totsugo::domain::dates::{Day, Period};
use totsugo::domain::ids::ShopId;
use totsugo::locale::Language;
use totsugo::mail::address::Sender;
use totsugo::mail::{
    FindingText, HeldText, MailContext, MailError, MailTemplate, ReportMail, SalesText, Templates, UnknownText,
    WindowText, compose, message_id,
};
use totsugo::templates::{self, TemplateError};

const NAME: &str = "突合レポート_9200000000001_2026-11-01_2026-11-22_r1.xlsx";

fn built_in(language: Language) -> Templates {
    templates::mail(Path::new("/nowhere"), language).expect("the built-in templates are valid")
}

fn context() -> MailContext {
    let finding = |id: &str, gmo: &str, booking_yen: &str, difference: &str| FindingText {
        id: id.into(),
        kind: "金額不一致".into(),
        severity: "高".into(),
        done: String::new(),
        assignee: String::new(),
        booking: "MZ1102481".into(),
        order_ids: "BOKUN-000123".into(),
        gmo: gmo.into(),
        booking_yen: booking_yen.into(),
        difference: difference.into(),
        reason: "GMO の金額が予約より多い".into(),
        next: "その他 → リンクタイプPlus → 取引状態検索 で <確認> & 返金".into(),
    };
    let window = |last_safe_day: &str, last_possible_day: &str, days_left: &str| WindowText {
        risk: "30日以内".into(),
        order_id: "BOKUN-000099".into(),
        booking: "MZ1100001".into(),
        last_safe_day: last_safe_day.into(),
        last_possible_day: last_possible_day.into(),
        days_left: days_left.into(),
        yen: "¥50,000".into(),
    };
    MailContext {
        shop_name: "富士山サイクリングツアー".into(),
        period_from: "2026-11-01".into(),
        period_to: "2026-11-22".into(),
        revision: 1,
        verdict: "要確認3件・期限間近2件".into(),
        as_of: "2026-11-23".into(),
        sales: SalesText {
            count: "42".into(),
            gross: "¥1,234,000".into(),
            refunds: "¥-34,000".into(),
            net: "¥1,200,000".into(),
        },
        findings: vec![
            finding("F-1a2b3c4d", "¥12,000", "¥10,000", "¥2,000"),
            FindingText {
                done: "対応済".into(),
                assignee: "佐藤".into(),
                next: String::new(),
                ..finding("F-2a2b3c4d", "", "¥9,000", "")
            },
        ],
        finding_count: 3,
        done_count: 1,
        cancellation: vec![window("2026-12-01", "2026-12-02", "8"), window("2026-11-22", "2026-11-23", "-1")],
        cancellation_count: 2,
        payments_until: Some("2026-11-22 23:58".into()),
        bookings_until: None,
        is_behind: true,
        are_bookings_behind: false,
        has_empty_payments: false,
        has_empty_bookings: false,
        late: Some("2026-11-23 06:30".into()),
        held: vec![HeldText { name: "2026-11-22.csv".into(), reason: "文字コードが不明".into() }],
        full_workbook_at: Some("/srv/totsugo/reports/full.xlsx".into()),
        corrections: 1,
        unknown: vec![UnknownText {
            period_from: "2026-11-01".into(),
            period_to: "2026-11-21".into(),
            revision: 1,
            recipient: "keiri@example.co.jp".into(),
        }],
    }
}

fn clean_context() -> MailContext {
    MailContext {
        verdict: "差異なし".into(),
        findings: Vec::new(),
        finding_count: 0,
        done_count: 0,
        cancellation: Vec::new(),
        bookings_until: Some("2026-11-22 23:59".into()),
        is_behind: false,
        are_bookings_behind: false,
        has_empty_payments: false,
        has_empty_bookings: false,
        late: None,
        held: Vec::new(),
        full_workbook_at: None,
        corrections: 0,
        unknown: Vec::new(),
        ..context()
    }
}

fn compose_for(to: &[String], cc: &[String], context: MailContext, name: &str) -> Result<Vec<u8>, MailError> {
    let attachment: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let mail = ReportMail {
        from: &Sender::parse("突合 <totsugo@example.co.jp>").expect("a sender"),
        to,
        cc,
        context,
        attachment_name: name,
        attachment: &attachment,
        message_id: "totsugo.9200000000001.2026-11-01.2026-11-22.r1.0123456789abcdef@example.co.jp",
        date: DateTime::parse_from_rfc3339("2026-11-23T06:30:00+09:00").expect("a time"),
    };
    compose(&built_in(Language::Ja), &mail)
}

fn keiri() -> Vec<String> {
    vec!["keiri@example.co.jp".to_owned()]
}

/// One part of a message: its headers, unfolded, and its parts or its content.
struct Part {
    headers: Vec<(String, String)>,
    body: String,
}

impl Part {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("headers end with an empty line");
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in head.split("\r\n") {
            match (line.strip_prefix(' '), headers.last_mut()) {
                (Some(more), Some((_, value))) => value.push_str(&format!(" {}", more.trim_start())),
                _ => {
                    let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
                    headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
            }
        }
        Self { headers, body: body.to_owned() }
    }

    fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let value = found.next().map_or("", |(_, value)| value);
        assert!(found.next().is_none(), "{name} stands twice");
        value
    }

    fn parts(&self) -> Vec<Self> {
        let (_, rest) = self.header("content-type").split_once("boundary=\"").expect("a boundary");
        let (boundary, _) = rest.split_once('"').expect("a quoted boundary");
        let (inner, after) = self.body.rsplit_once(&format!("--{boundary}--")).expect("an end");
        assert_eq!(after.trim(), "");
        let mark = format!("--{boundary}\r\n");
        inner.split(&mark).skip(1).map(Self::read).collect()
    }

    fn content(&self) -> Vec<u8> {
        assert_eq!(self.header("content-transfer-encoding"), "base64");
        base64(&self.body)
    }

    fn text(&self) -> String {
        String::from_utf8(self.content()).expect("UTF-8")
    }
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for c in text.bytes().filter(|c| !c.is_ascii_whitespace() && *c != b'=') {
        let six = ALPHABET.iter().position(|a| *a == c).expect("a base64 letter");
        held = (held << 6) | u32::try_from(six).expect("small");
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).expect("a byte"));
        }
    }
    bytes
}

/// RFC 2047 words with the B encoding.
fn words(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut plain = true;
    for word in value.split(' ') {
        let encoded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        if plain || encoded.is_none() {
            bytes.push(b' ');
        }
        plain = encoded.is_none();
        bytes.extend(encoded.map_or_else(|| word.as_bytes().to_vec(), base64));
    }
    String::from_utf8(bytes).expect("UTF-8").trim().to_owned()
}

#[test]
fn m15_and_m16_the_bytes_say_what_was_meant() {
    let bytes = compose_for(&keiri(), &["kacho@example.co.jp".to_owned()], context(), NAME).expect("composed");
    let eml = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.eml");
    std::fs::write(eml, &bytes).expect("the temporary folder is writable");
    let text = String::from_utf8(bytes.clone()).expect("ASCII");
    assert!(text.is_ascii() && text.ends_with("\r\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 998 && line != "." && !line.contains(['\r', '\n'])));
    let mail = Part::read(&text);
    assert_eq!(
        words(mail.header("subject")),
        "【突合】富士山サイクリングツアー 2026-11-01〜11-22 要確認3件・期限間近2件（遅延）"
    );
    assert_eq!(words(mail.header("from")), "突合 <totsugo@example.co.jp>");
    assert_eq!((mail.header("to"), mail.header("cc")), ("keiri@example.co.jp", "kacho@example.co.jp"));
    assert_eq!(mail.header("date"), "Sun, 22 Nov 2026 21:30:00 +0000");
    let id = "<totsugo.9200000000001.2026-11-01.2026-11-22.r1.0123456789abcdef@example.co.jp>";
    assert_eq!(mail.header("message-id"), id);
    assert_eq!(mail.header("list-id"), "<report.totsugo.example.co.jp>");
    assert_eq!(mail.header("auto-submitted"), "auto-generated");
    assert_eq!(mail.header("mime-version"), "1.0");
    let parts = mail.parts();
    let [alternative, workbook] = parts.as_slice() else { panic!("two parts") };
    let alternatives = alternative.parts();
    let [plain, html] = alternatives.as_slice() else { panic!("two alternatives") };
    assert!(plain.header("content-type").starts_with("text/plain; charset=utf-8"));
    assert!(html.header("content-type").starts_with("text/html; charset=utf-8"));
    assert!(html.text().contains("&lt;確認&gt; &amp; 返金") && plain.text().contains("<確認> & 返金"));
    assert_eq!(workbook.content(), (0..=255).cycle().take(10_000).collect::<Vec<u8>>());
    let kind = workbook.header("content-type");
    assert!(kind.contains("name=\"totsugo_9200000000001_2026-11-01_2026-11-22_r1.xlsx\""), "{kind}");
    assert_eq!(extended_name(workbook.header("content-disposition")), NAME);
    let again = compose_for(&keiri(), &["kacho@example.co.jp".to_owned()], context(), NAME).expect("composed");
    assert_eq!(bytes, again, "the same mail has the same bytes");
}

/// The name in `filename*0*=utf-8''…; filename*1*=…` (RFC 2231).
fn extended_name(value: &str) -> String {
    assert!(value.starts_with("attachment;"), "{value}");
    let mut bytes = Vec::new();
    for piece in value.split(';').skip(1) {
        let (key, value) = piece.trim().split_once('=').expect("a parameter");
        assert!(key.starts_with("filename*"), "{key}");
        let mut rest = value.strip_prefix("utf-8''").unwrap_or(value).bytes();
        while let Some(b) = rest.next() {
            if b == b'%' {
                let hex: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&hex, 16).expect("two hex digits"));
            } else {
                bytes.push(b);
            }
        }
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn the_words_of_a_mail() {
    for (name, context) in [("findings", context()), ("clean", clean_context())] {
        let mail = compose_for(&keiri(), &[], context, NAME).expect("composed");
        let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
        let text = mail.parts().first().and_then(|part| part.parts().first().map(Part::text)).expect("text");
        let actual = format!("{}\n\n{}", words(mail.header("subject")), text.replace("\r\n", "\n"));
        let golden = match name {
            "findings" => include_str!("golden/mail-findings.txt"),
            _ => include_str!("golden/mail-clean.txt"),
        };
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mail-{name}.txt"));
        std::fs::write(&path, &actual).expect("the temporary folder is writable");
        assert_eq!(actual, golden, "see {}", path.display());
    }
}

#[test]
fn english_mails_say_the_same() {
    let keiri = keiri();
    let mail = ReportMail {
        from: &Sender::parse("totsugo@example.co.jp").expect("a sender"),
        to: &keiri,
        cc: &[],
        context: MailContext { verdict: "3 findings".into(), ..context() },
        attachment_name: "report.xlsx",
        attachment: b"PK",
        message_id: "<a@example.co.jp>",
        date: DateTime::parse_from_rfc3339("2026-11-23T06:30:00+09:00").expect("a time"),
    };
    let bytes = compose(&built_in(Language::En), &mail).expect("composed");
    let mail = Part::read(std::str::from_utf8(&bytes).expect("ASCII"));
    let subject = "[Reconciliation] 富士山サイクリングツアー 2026-11-01 to 2026-11-22: 3 findings (late)";
    assert_eq!(words(mail.header("subject")), subject);
    let parts = mail.parts().first().map(Part::parts).unwrap_or_default();
    for text in parts.iter().map(Part::text) {
        for needed in [
            "Exceptions: 3, of which done: 1 (the first 2 are shown)",
            "Next step",
            "missing",
            "F-2a2b3c4d",
            "8",
            "2026-11-22.csv",
        ] {
            assert!(text.contains(needed), "{needed}");
        }
    }
    assert_eq!(parts.len(), 2);
}

#[test]
fn html_is_narrow_and_free_of_outside_references() {
    let mail = compose_for(&keiri(), &[], context(), NAME).expect("composed");
    let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
    let html = mail.parts().first().and_then(|part| part.parts().get(1).map(Part::text)).expect("HTML");
    for needed in [
        "max-width:600px",
        "color-scheme",
        "要確認 3件",
        "MZ1102481",
        "未着",
        "差額 ¥2,000",
        "最終期限 2026-11-23（本日）",
    ] {
        assert!(html.contains(needed), "{needed}");
    }
    for refused in ["<style", "<script", "http://", "https://", "<img"] {
        assert!(!html.contains(refused), "{refused}");
    }
}

#[test]
fn m16_each_address_once_and_nobody_at_all() {
    let to = ["a@x.jp", "A@X.jp", "b@x.jp"].map(str::to_owned);
    let cc = ["B@x.jp", "c@x.jp"].map(str::to_owned);
    let mail = compose_for(&to, &cc, context(), NAME).expect("composed");
    let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
    assert_eq!((mail.header("to"), mail.header("cc")), ("a@x.jp, b@x.jp", "c@x.jp"));
    let mail = compose_for(&[], &[], context(), NAME).expect("composed");
    let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
    assert_eq!(mail.header("to"), "undisclosed-recipients:;");
}

#[test]
fn m14_nothing_can_end_a_header() {
    for to in ["a@x.jp\r\nBcc: b@x.jp", "a@x.jp, b@x.jp", "経理@x.jp", "", "N <a@x.jp>"] {
        let refused = compose_for(&[to.to_owned()], &[], context(), NAME);
        assert!(matches!(refused, Err(MailError::Header { header: "To", .. })), "{to:?}");
    }
    let name = MailContext { shop_name: "A\r\nBcc: b@x.jp".into(), ..context() };
    assert!(matches!(compose_for(&keiri(), &[], name, NAME), Err(MailError::Template(_))));
    let refused = compose_for(&keiri(), &[], context(), "a\r\nb.xlsx");
    assert!(matches!(refused, Err(MailError::Header { header: "Content-Disposition", .. })));
}

#[test]
fn an_odd_attachment_name_stays_readable() {
    for (name, ascii) in
        [("突合.xlsx", "totsugo.xlsx"), ("report \"a\".xlsx", "reporta.xlsx"), ("㈱髙〜①.xlsx", "totsugo.xlsx")]
    {
        let mail = compose_for(&keiri(), &[], context(), name).expect("composed");
        let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
        let parts = mail.parts();
        let workbook = parts.get(1).expect("the workbook");
        let kind = workbook.header("content-type");
        assert!(kind.ends_with(&format!("name=\"{ascii}\"")) || kind.ends_with(&format!("name={ascii}")), "{kind}");
        if !name.is_ascii() {
            assert_eq!(extended_name(workbook.header("content-disposition")), name);
        }
    }
}

#[test]
fn m17_the_message_id_tells_reports_and_recipients_apart() {
    let shop = ShopId::new("9200000000001");
    let day = |day| Day::new(2026, 11, day).expect("a day");
    let period = Period::new(day(1), day(22)).expect("a period");
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let one = message_id(&shop, period, 1, &set(&["a@x.jp", "b@x.jp"]), "x.jp");
    assert_eq!(one, message_id(&shop, period, 1, &set(&["B@x.jp", "a@x.jp", "b@x.jp"]), "x.jp"));
    assert_ne!(one, message_id(&shop, period, 2, &set(&["a@x.jp", "b@x.jp"]), "x.jp"));
    assert_ne!(one, message_id(&shop, period, 1, &set(&["a@x.jp"]), "x.jp"));
    assert!(one.starts_with("totsugo.9200000000001.2026-11-01.2026-11-22.r1.") && one.ends_with("@x.jp"));
}

#[test]
fn k10_a_broken_template_names_file_and_line() {
    let plain = |name: &str, text: &str| MailTemplate { name: name.into(), text: text.into() };
    let body = || plain("body.html", "ok");
    let cases = [
        ("a\n{% if x %}\nb", 3, "syntax"),
        ("a\n{{ shopname }}", 2, "shopname"),
        ("{% for f in findings %}\n{{ f.knd }}{% endfor %}", 2, "f.knd"),
        ("{% if not findings %}\n{{ oops }}{% endif %}", 2, "oops"),
        ("{% for a in range(9000) %}{% for b in range(9000) %}{% endfor %}{% endfor %}", 1, "fuel"),
    ];
    for (text, line, needle) in cases {
        let fault = Templates::new(plain("subject.txt", "s"), plain("x/body.txt", text), body()).expect_err(text);
        assert_eq!((fault.file.as_str(), fault.line), ("x/body.txt", line), "{fault}");
        assert!(fault.message.contains(needle), "{fault}");
    }
    assert!(Templates::new(plain("subject.txt", "two\nlines"), plain("body.txt", "b"), body()).is_err());
}

#[test]
fn k10_overrides_replace_one_file_and_are_never_ignored() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let place = folder.path().join("mail/report/en");
    let layouts = folder.path().join("layouts");
    std::fs::create_dir_all(&place).expect("made");
    std::fs::create_dir_all(&layouts).expect("made");
    let built_in = templates::layouts(Path::new("/nowhere")).expect("layouts").len();
    std::fs::write(layouts.join("own.toml"), "own").expect("written");
    std::fs::write(layouts.join("bokun-bookings.toml"), "\u{feff}replaced").expect("written");
    let all = templates::layouts(folder.path()).expect("layouts");
    assert_eq!(all.len(), built_in + 1);
    assert!(all.iter().any(|file| file.name == "bokun-bookings.toml" && file.text == "replaced"));
    std::fs::write(place.join("subject.txt"), "{{ verdict }}!").expect("written");
    templates::mail(folder.path(), Language::En).expect("valid");
    std::fs::write(place.join("subject.txt"), "\n{{ verdikt }}").expect("written");
    let Err(TemplateError::Mail(fault)) = templates::mail(folder.path(), Language::En) else { panic!("a fault") };
    assert!(fault.file.ends_with("subject.txt") && fault.line == 2, "{fault}");
    std::fs::write(place.join("subject.txt"), b"\x83\x5c").expect("written");
    assert!(matches!(templates::mail(folder.path(), Language::En), Err(TemplateError::NotUtf8(_))));
    std::fs::remove_file(place.join("subject.txt")).expect("removed");
    std::fs::write(place.join("betreff.txt"), "x").expect("written");
    assert!(matches!(templates::mail(folder.path(), Language::En), Err(TemplateError::Unknown(..))));
    templates::mail(folder.path(), Language::Ja).expect("Japanese is untouched");
}

#[test]
fn a_period_of_one_day_is_one_date_and_a_held_file_is_named_once() {
    let mut context = context();
    context.period_from.clone_from(&context.period_to);
    context.held[0].reason = "2行目：読めません。\n3行目：読めません。".into();
    let mail = compose_for(&keiri(), &[], context, NAME).expect("composed");
    let mail = Part::read(std::str::from_utf8(&mail).expect("ASCII"));
    let subject = words(mail.header("subject"));
    assert!(subject.contains("ツアー 2026-11-22 要確認"), "{subject}");
    let texts: Vec<String> = mail.parts()[0].parts().iter().map(|part| part.text().replace("\r\n", "\n")).collect();
    assert!(texts[0].contains("\n2026-11-22 の突合結果"), "{}", texts[0]);
    assert!(
        texts[0].contains("\n  2026-11-22.csv\n    2行目：読めません。\n    3行目：読めません。\n"),
        "{}",
        texts[0]
    );
    assert!(texts[1].contains("</b><br>2行目：読めません。<br>3行目：読めません。</p>"), "{}", texts[1]);
}
