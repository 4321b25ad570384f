//! Promise 8: no shop's figures reach another shop's recipients. Dozens of shops with a marker in every word that a file
//! can carry and amounts that no other shop can come to, in random set-ups with files in the wrong folder; then every byte
//! that leaves is searched (FAULTS A17, A18, X01). `TOTSUGO_LONG_TESTS` makes it 200 set-ups, `TOTSUGO_ISOLATION_SETS` any
//! number; a failure names its seed.
#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[path = "oracle/dice.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod dice;
mod readable;
#[expect(dead_code, reason = "other tests use the rest")]
mod sandbox;
mod tier;

use dice::Dice;
use readable::{message, readable};
use sandbox::Sandbox;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

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

/// A prime number of its own for each shop.
fn prime(number: usize) -> i64 {
    let is_prime = |n: &i64| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    (211..).filter(is_prime).nth(number).expect("there is always another")
}

/// A multiple of the prime of shop `number` and of no other shop's: whatever is added up and taken off at another shop is
/// a multiple of that shop's prime, so it never comes to this.
fn amount(dice: &mut Dice, number: usize) -> i64 {
    loop {
        let factor = dice.range(1_000, 2_300);
        if (0..40).all(|other| factor % prime(other) != 0) {
            return factor * prime(number);
        }
    }
}

/// Payments and bookings of shop `number`: some match, some are findings, some carry what is not known.
fn rows(dice: &mut Dice, number: usize, amounts: &mut Amounts) -> (String, String) {
    let (id, marker, prefix) = (id(number), marker(number), prefix(number));
    let (mut payments, mut bookings) = (String::new(), String::new());
    for nth in 0..dice.range(2, 6) {
        // The same numbers at every shop: nothing but the shop keeps them apart.
        let digits = 1_100_000 + nth;
        let label = *dice.pick(&["即時売上", "即時売上", "返品", "未知の状態", "仮売上"]);
        let day = dice.range(1, 20);
        let amount = amount(dice, number);
        amounts.0.insert(amount, number);
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

/// Which shop each amount belongs to.
#[derive(Default)]
struct Amounts(HashMap<i64, usize>);

impl Amounts {
    /// The shops whose amounts stand in `text`, written in any way.
    fn shops(&self, text: &str) -> BTreeSet<usize> {
        let text: String = text.chars().filter(|c| *c != ',').collect();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter_map(|word| self.0.get(&word.parse().ok()?).copied()).collect()
    }
}

/// What a person may read of `text`: without what stands in tags.
fn content(text: &str) -> String {
    let mut is_tag = false;
    let outside = text.chars().map(|c| {
        is_tag = (is_tag || c == '<') && c != '>';
        if is_tag || c == '>' { ' ' } else { c }
    });
    outside.collect()
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
    let (mut shared, mut misfiled, mut amounts) = (String::from(GMO), 0, Amounts::default());
    for number in 0..shops {
        let (payments, bookings) = rows(&mut dice, number, &mut amounts);
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
    let mut with_amounts = 0;
    assert_eq!(workbooks.len(), shops, "seed {seed}: a workbook for each shop");
    for number in 0..shops {
        let of_shop = workbooks.iter().filter(|(path, _)| path.contains(&id(number)));
        for (path, bytes) in of_shop {
            let text = readable(bytes);
            assert_eq!(seen(&text), [number], "seed {seed}: {path}");
            // Of a shop whose bookings are all dead and whose payments are misfiled no amount is left to see.
            let of = amounts.shops(&content(&text));
            assert!(of.iter().all(|shop| *shop == number), "seed {seed}: {path} has amounts of {of:?}");
            with_amounts += of.len();
        }
    }
    assert!(with_amounts * 2 > shops, "seed {seed}: {with_amounts} of {shops} workbooks show amounts");
    let messages = sandbox.find("outbox", ".eml");
    let to_shops: Vec<String> =
        messages.values().map(|bytes| message(bytes)).filter(|one| !seen(one).is_empty()).collect();
    assert_eq!(to_shops.len(), shops, "seed {seed}: a message for each shop");
    let mut told: Vec<usize> = to_shops.iter().flat_map(|one| seen(one)).collect();
    told.sort_unstable();
    assert_eq!(told, (0..shops).collect::<Vec<_>>(), "seed {seed}: each message speaks of one shop");
    for one in &to_shops {
        assert!(one.contains("xl/worksheets/sheet1.xml"), "seed {seed}: the attachment was searched too");
        let of = amounts.shops(&content(one));
        assert!(of.iter().all(|shop| *shop == seen(one)[0]), "seed {seed}: amounts of {of:?} to {:?}", seen(one));
        let (number, headers) = (seen(one)[0], one.split("\r\n\r\n").next().unwrap_or_default());
        let recipients = headers.lines().filter(|line| line.to_lowercase().starts_with("to:"));
        let recipients: Vec<&str> = recipients.collect();
        assert_eq!(recipients, [format!("To: {}@example.co.jp", marker(number).to_lowercase())], "seed {seed}");
    }
    let reasons = sandbox.find("held", ".reason.txt");
    assert_eq!(reasons.len(), misfiled, "seed {seed}: every misfiled file is held");
    for (path, bytes) in &reasons {
        assert!(seen(&readable(bytes)).is_empty(), "seed {seed}: {path}");
        assert!(amounts.shops(&readable(bytes)).is_empty(), "seed {seed}: an amount in {path}");
    }
    assert!(amounts.shops(&said.err).is_empty(), "seed {seed}: an amount on stderr");
    let logs: String = sandbox.find("", ".log").values().map(|bytes| readable(bytes)).collect();
    assert!(seen(&logs).is_empty(), "seed {seed}: a log");
    let order_or_guest =
        |line: &&str| (0..shops).any(|n| line.contains(&format!("{}-", marker(n))) || line.contains('様'));
    assert_eq!(said.err.lines().find(&order_or_guest), None, "seed {seed}: stderr");
}

#[test]
fn a17_a18_x01_no_marker_of_one_shop_reaches_another() {
    let sets =
        std::env::var("TOTSUGO_ISOLATION_SETS").map_or(tier::times(2, 200), |text| text.parse().expect("a number"));
    for seed in 1..=sets {
        set_up(seed);
    }
}

/// Two shops, one payment of the second that meets its own booking by number, and a booking that no rule places with the same
/// number: it went to the second shop, whose payments carry it.
#[test]
fn r10_a17_a_payment_that_has_its_booking_places_no_other() {
    let shops = "[[shops]]\nid = \"9200000000001\"\nname = \"A\"\nbooking_prefixes = [\"MZ\"]\n\
        [[shops]]\nid = \"9200000000002\"\nname = \"B\"\nbooking_prefixes = [\"KY\"]\n";
    let sale = |shop: u32, order: &str, number: &str| {
        format!("920000000000{shop},{order},即時売上,2026/11/05 10:00:00,5000,0,クレジットカード,{number},\r\n")
    };
    let booked = |cart: &str, product: &str| {
        format!("05.11.2026 09:00,{cart},{product},CONFIRMED,PAID_IN_FULL,,,Tour,01.12.2026 09:00,5000,JPY,Web,\r\n")
    };
    let run = |payments: &[String], bookings: &[String], code: i32| {
        let sandbox = Sandbox::empty();
        sandbox.write("totsugo.toml", format!("[intake]\nsettle_seconds = 0\n{shops}").as_bytes());
        sandbox.write("inbox/g.csv", format!("{GMO}{}", payments.concat()).as_bytes());
        sandbox.write("inbox/b.csv", format!("{BOOKINGS}{}", bookings.concat()).as_bytes());
        let json = sandbox.json(&["run", "--period", "2026-11", "--as-of", "2026-11-23", "--no-mail", "--json"], code);
        let shops = json["shops"].as_array().expect("shops").iter();
        let found = |shop: &serde_json::Value| {
            let findings = shop["findings"].as_array().expect("findings").iter();
            findings.map(|finding| format!("{} {}", finding["code"], finding["booking"])).collect::<Vec<_>>()
        };
        shops.map(found).collect::<Vec<_>>()
    };
    let (other, own) = (sale(1, "O9", "1100001"), booked("MZ1100001", "MZ-T1"));
    let carries = |more: &[String], bookings: &[String]| -> Vec<Vec<String>> {
        let bookings = [&[own.clone(), booked("KY1100002", "KY-T1100003")], bookings].concat();
        run(&[&[other.clone(), sale(2, "O1", "1100002")], more].concat(), &bookings, 1)
    };
    let none: Vec<String> = Vec::new();
    // By its cart's number, and by its product's; by a product's number that leads to another cart.
    for unplaced in [booked("ZZ1100002", "ZZ-T9"), booked("ZZ9", "ZZ-T1100002"), booked("ZZ9", "ZZ-T1100003")] {
        assert_eq!(carries(&[], std::slice::from_ref(&unplaced)), [none.clone(), none.clone()], "{unplaced}");
    }
    // Where a payment has no booking yet, it still tells.
    let second = sale(2, "O2", "1100004");
    let bookings = [own.clone(), booked("KY1100002", "KY-T3"), booked("ZZ1100004", "ZZ-T9")];
    assert_eq!(run(&[other.clone(), sale(2, "O1", "1100002"), second], &bookings, 0), [none.clone(), none]);
}
