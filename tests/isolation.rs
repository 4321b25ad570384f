//! Promise 8: no shop's figures reach another shop's recipients. Dozens of shops with a marker in every word that a file
//! can carry, in random set-ups with files in the wrong folder; then every byte that leaves is searched (FAULTS A17, A18,
//! X01). `TOTSUGO_ISOLATION_SETS` sets how many set-ups; a failure names its seed.
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[path = "oracle/dice.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod dice;
#[expect(dead_code, reason = "other tests use the rest")]
mod sandbox;

use dice::Dice;
use sandbox::Sandbox;
use std::fmt::Write as _;
use std::io::{Cursor, Read as _};

const GMO: &str =
    "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1,加盟店自由項目2\r\n";
const BOOKINGS: &str = "Creation date,Cart confirmation code,Product confirmation code,Status,Payment status,Customer,\
    Email,Product title,Start date,Total price with discount,Sale currency,Booking channel,Notes\r\n";

/// The word that stands for shop `number` in everything of its own.
fn marker(number: usize) -> String {
    format!("KANARI{number:03}X")
}

fn id(number: usize) -> String {
    format!("9200000{number:06}")
}

fn config(shops: usize, customer: bool) -> String {
    let mut text = String::from("[intake]\nsettle_seconds = 0\n[mail]\nfrom = \"totsugo <totsugo@example.co.jp>\"\n");
    let _ = write!(text, "operator = [\"it@example.co.jp\"]\n[report]\ncustomer = {customer}\n");
    for number in 0..shops {
        let (id, marker) = (id(number), marker(number));
        let _ = write!(text, "[[shops]]\nid = \"{id}\"\nname = \"{marker} ツアー\"\n");
        let _ = writeln!(text, "recipients = [\"{}@example.co.jp\"]", marker.to_lowercase());
        let _ = writeln!(text, "booking_prefixes = [\"{}\"]", prefix(number));
    }
    text
}

/// Two letters of its own.
fn prefix(number: usize) -> String {
    let letter = |at: usize| char::from(b'A' + u8::try_from(at % 26).expect("a letter"));
    format!("{}{}", letter(number / 26), letter(number))
}

/// Payments and bookings of shop `number`: some match, some are findings, some carry what is not known.
fn rows(dice: &mut Dice, number: usize) -> (String, String) {
    let (id, marker, prefix) = (id(number), marker(number), prefix(number));
    let (mut payments, mut bookings) = (String::new(), String::new());
    for nth in 0..dice.range(2, 6) {
        // The same numbers at every shop: nothing but the shop keeps them apart.
        let digits = 1_100_000 + nth;
        let label = *dice.pick(&["即時売上", "即時売上", "返品", "未知の状態", "仮売上"]);
        let day = dice.range(1, 20);
        let amount = dice.range(1_000, 9_000);
        let reference = if dice.chance(20) { marker.clone() } else { digits.to_string() };
        let _ = write!(
            payments,
            "{id},{marker}-{nth},{label},2026/11/{day:02} 10:00:00,{amount},0,{marker},{reference},{marker}\r\n"
        );
        let status = *dice.pick(&["CONFIRMED", "CONFIRMED", "CANCELLED", "TIMEOUT"]);
        let _ = write!(
            bookings,
            "2026-11-{day:02} 09:00,{prefix}{digits},{prefix}-T{},{status},PAID_IN_FULL,{marker} 様,{marker}@example.com,\
             {marker} の旅,2026-12-01 09:00,{amount},JPY,{marker},{marker}\r\n",
            digits + 50
        );
    }
    (payments, bookings)
}

/// Everything readable in `bytes`: the text itself, parts of archives, and mail with its encodings undone.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    if bytes.starts_with(b"PK") {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
        for at in 0..archive.len() {
            let mut part = archive.by_index(at).expect("a part");
            let mut content = Vec::new();
            part.read_to_end(&mut content).expect("a whole part");
            text.push_str(&part.name().expect("a name"));
            text.push_str(&String::from_utf8_lossy(&content));
        }
    }
    text
}

/// A message with its headers and parts decoded, attachments opened.
fn message(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("a message is ASCII");
    let mut all = text.clone();
    for word in text.split("=?").skip(1).filter_map(|rest| rest.split("?=").next()) {
        if let Some(encoded) = word.splitn(3, '?').nth(2) {
            all.push_str(&String::from_utf8_lossy(&base64(encoded)));
        }
    }
    for part in text.split("\r\n--") {
        if let Some((head, body)) = part.split_once("\r\n\r\n")
            && head.to_lowercase().contains("content-transfer-encoding: base64")
        {
            all.push_str(&readable(&base64(body)));
        }
    }
    all
}

fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for sign in text.bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xFF).expect("one byte"));
        }
    }
    bytes
}

/// The numbers of the shops whose marker stands in `text`.
fn seen(text: &str) -> Vec<usize> {
    let text = text.to_uppercase();
    let mut numbers: Vec<usize> = text.split("KANARI").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

fn set_up(seed: u64) {
    let mut dice = Dice::new(seed);
    let sandbox = Sandbox::empty();
    let shops = usize::try_from(dice.range(12, 36)).expect("few");
    let customer = dice.chance(50);
    sandbox.write("totsugo.toml", config(shops, customer).as_bytes());
    let (mut shared, mut misfiled) = (String::from(GMO), 0);
    for number in 0..shops {
        let (payments, bookings) = rows(&mut dice, number);
        let own = id(number);
        match dice.range(1, 3) {
            1 => shared.push_str(&payments),
            2 => sandbox.write(&format!("inbox/{own}/torihiki.csv"), format!("{GMO}{payments}").as_bytes()),
            _ => {
                // Dropped into the wrong folder: nothing of it may count or be told there.
                let other = id((number + 1) % shops);
                sandbox.write(&format!("inbox/{other}/wrong-{number}.csv"), format!("{GMO}{payments}").as_bytes());
                misfiled += 1;
            }
        }
        let folder = if dice.chance(50) { format!("{own}/") } else { String::new() };
        sandbox.write(&format!("inbox/{folder}yoyaku-{number}.csv"), format!("{BOOKINGS}{bookings}").as_bytes());
    }
    sandbox.write("inbox/all.csv", shared.as_bytes());
    let said = sandbox.program(&["run", "--from", "2026-11-01", "--to", "2026-11-20", "--as-of", "2026-11-21"]);
    assert!(said.code <= 1, "seed {seed}: {}\n{}", said.code, said.err);

    let workbooks = sandbox.find("reports", ".xlsx");
    assert_eq!(workbooks.len(), shops, "seed {seed}: a workbook for each shop");
    for number in 0..shops {
        let of_shop = workbooks.iter().filter(|(path, _)| path.contains(&id(number)));
        for (path, bytes) in of_shop {
            assert_eq!(seen(&readable(bytes)), [number], "seed {seed}: {path}");
        }
    }
    let messages = sandbox.find("outbox", ".eml");
    let to_shops: Vec<String> =
        messages.values().map(|bytes| message(bytes)).filter(|one| !seen(one).is_empty()).collect();
    assert_eq!(to_shops.len(), shops, "seed {seed}: a message for each shop");
    let mut told: Vec<usize> = to_shops.iter().flat_map(|one| seen(one)).collect();
    told.sort_unstable();
    assert_eq!(told, (0..shops).collect::<Vec<_>>(), "seed {seed}: each message speaks of one shop");
    for one in &to_shops {
        assert!(one.contains("xl/worksheets/sheet1.xml"), "seed {seed}: the attachment was searched too");
        let (number, headers) = (seen(one)[0], one.split("\r\n\r\n").next().unwrap_or_default());
        let recipients = headers.lines().filter(|line| line.to_lowercase().starts_with("to:"));
        let recipients: Vec<&str> = recipients.collect();
        assert_eq!(recipients, [format!("To: {}@example.co.jp", marker(number).to_lowercase())], "seed {seed}");
    }
    let reasons = sandbox.find("held", ".reason.txt");
    assert_eq!(reasons.len(), misfiled, "seed {seed}: every misfiled file is held");
    for (path, bytes) in &reasons {
        assert!(seen(&readable(bytes)).is_empty(), "seed {seed}: {path}");
    }
    let logs: String = sandbox.find("", ".log").values().map(|bytes| readable(bytes)).collect();
    assert!(seen(&logs).is_empty(), "seed {seed}: a log");
    let order_or_guest =
        |line: &&str| (0..shops).any(|n| line.contains(&format!("{}-", marker(n))) || line.contains('様'));
    assert_eq!(said.err.lines().find(&order_or_guest), None, "seed {seed}: stderr");
}

#[test]
fn a17_a18_x01_no_marker_of_one_shop_reaches_another() {
    let sets = std::env::var("TOTSUGO_ISOLATION_SETS").map_or(2, |text| text.parse().expect("a number"));
    for seed in 1..=sets {
        set_up(seed);
    }
}
