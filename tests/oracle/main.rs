//! The differential oracle: SPEC §5 told twice, once by the product over real CSV files and once, as simply as can be,
//! here. Both must say the same of thousands of random merchants (FAULTS R09, R10, R16).
//!
//! `TOTSUGO_LONG_TESTS` makes it 2,000; `TOTSUGO_ORACLE_SETS` sets how many merchants, `TOTSUGO_ORACLE_SEED` the first; a
//! failure names its seed.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

mod dice;
mod generate;
mod merchant;
mod rules;
#[path = "../sandbox/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod sandbox;
#[path = "../tier/mod.rs"]
mod tier;
mod verdicts;
mod write;

use chrono::Duration;
use dice::Dice;
use merchant::{Content, File, Merchant};
use sandbox::Sandbox;
use serde_json::Value;
use std::collections::BTreeMap;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// How many merchants.
fn sets() -> u64 {
    number("TOTSUGO_ORACLE_SETS", tier::times(60, 2_000))
}

/// The product's answer in the oracle's words.
fn product(merchant: &Merchant) -> BTreeMap<String, Vec<String>> {
    let sandbox = Sandbox::empty();
    sandbox.write("totsugo.toml", write::config(merchant).as_bytes());
    for (name, bytes) in write::files(merchant) {
        take_in(&sandbox, &name, &bytes);
    }
    answer(&sandbox, merchant)
}

fn take_in(sandbox: &Sandbox, name: &str, bytes: &[u8]) {
    sandbox.write(&format!("inbox/{name}"), bytes);
    let said = sandbox.program(&["ingest"]);
    assert!(said.code == 0, "{}\n{}\n{}", said.code, said.out, said.err);
}

/// What a run over what was taken in says.
fn answer(sandbox: &Sandbox, merchant: &Merchant) -> BTreeMap<String, Vec<String>> {
    let [from, to, as_of] = [merchant.from, merchant.to, merchant.as_of].map(|day| day.to_string());
    let said = sandbox.program(&["run", "--json", "--no-mail", "--from", &from, "--to", &to, "--as-of", &as_of]);
    assert!(said.code <= 1, "{}\n{}\n{}", said.code, said.out, said.err);
    let document: Value = serde_json::from_str(&said.out).expect("one JSON document");
    let shops = document["shops"].as_array().expect("shops");
    shops.iter().map(|shop| (plain(&shop["shop_id"]), lines(shop))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn lines(shop: &Value) -> Vec<String> {
    let rows = |key: &str| shop[key].as_array().expect("an array").clone();
    let [sales, matched, awaiting] = [&shop["sales"], &shop["matched"], &shop["awaiting"]];
    let mut lines = vec![
        format!("sales {} {} {} {}", sales["count"], sales["gross_yen"], sales["refunds_yen"], sales["net_yen"]),
        format!("matched {} {} {} yen {}", matched["groups"], matched["payments"], matched["bookings"], matched["yen"]),
        format!("awaiting {} {}", awaiting["payments"], awaiting["bookings"]),
    ];
    for row in rows("findings") {
        let mut orders: Vec<String> = row["order_ids"].as_array().expect("an array").iter().map(plain).collect();
        orders.sort();
        let [code, severity, booking] = [&row["code"], &row["severity"], &row["booking"]].map(plain);
        let [gmo, expected, difference] = [&row["gmo_yen"], &row["booking_yen"], &row["difference_yen"]];
        lines.push(format!(
            "finding {code} {severity} {orders:?} {booking} gmo {gmo} booking {expected} difference {difference}"
        ));
    }
    for row in rows("cancellation") {
        let keys =
            ["order_id", "booking", "risk", "sale_date", "last_safe_day", "last_possible_day", "days_left", "yen"];
        lines.push(format!("cancellation {}", keys.map(|key| plain(&row[key])).join(" ")));
    }
    for row in rows("excluded") {
        lines.push(format!("excluded {} {} {}", plain(&row["rule"]), row["payments"], row["bookings"]));
    }
    lines.sort();
    lines
}

/// What one says and the other does not.
fn differences(oracle: &BTreeMap<String, Vec<String>>, product: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut told = Vec::new();
    for shop in oracle.keys().chain(product.keys().filter(|shop| !oracle.contains_key(*shop))) {
        let empty = Vec::new();
        let (left, right) = (oracle.get(shop).unwrap_or(&empty), product.get(shop).unwrap_or(&empty));
        let only = |of: &[String], other: &[String], who: &str| -> Vec<String> {
            of.iter().filter(|line| !other.contains(line)).map(|line| format!("{shop} {who}: {line}")).collect()
        };
        told.extend(only(left, right, "oracle "));
        told.extend(only(right, left, "product"));
        if left.len() != right.len() {
            told.push(format!("{shop}: {} and {} lines", left.len(), right.len()));
        }
    }
    told
}

/// Everything that a report can say: a generator that stopped making one of these would prove less without a word.
const KINDS: &[&str] = &[
    "finding unknown_status",
    "finding observation_conflict",
    "finding key_conflict",
    "finding ambiguous_booking",
    "finding payment_without_booking",
    "finding currency_mismatch",
    "finding paid_but_dead",
    "finding cancelled_not_refunded high",
    "finding cancelled_not_refunded critical",
    "finding refund_mismatch",
    "finding duplicate_payment",
    "finding notification_missing",
    "finding refunded_not_cancelled",
    "finding not_captured",
    "finding booking_without_payment",
    "finding amount_mismatch",
    "finding status_reverted",
    "excluded before_history_start",
    "excluded OTA",
    "excluded no_money",
    "excluded returned",
    "excluded free",
    "excluded not_web_payment",
    "excluded not_paid",
    "excluded cancelled_unpaid",
    "excluded dead",
    " refund_due ",
    " travels_later ",
    " not_travelled ",
    " no_booking ",
    " travelled ",
];

#[test]
fn r09_r10_r16_oracle_and_product_agree_on_random_merchants() {
    let first = number("TOTSUGO_ORACLE_SEED", 1);
    let sets = sets();
    let mut failures = Vec::new();
    let mut said = Vec::new();
    for seed in first..first + sets {
        let merchant = generate::merchant(seed);
        let oracle = verdicts::report(&merchant);
        let told = differences(&oracle, &product(&merchant));
        if !told.is_empty() {
            failures.push(format!("seed {seed}, as of {}:\n  {}", merchant.as_of, told.join("\n  ")));
        }
        said.extend(oracle.into_values().flatten());
    }
    assert!(failures.is_empty(), "{} merchants differ\n{}", failures.len(), failures.join("\n"));
    if sets >= 60 {
        let missing: Vec<_> = KINDS.iter().filter(|kind| !said.iter().any(|line| line.contains(**kind))).collect();
        assert!(missing.is_empty(), "{sets} merchants never had {missing:?}");
    }
}

/// Promise 2 and R21: the same facts cut into other files, in another order, some of them twice, with reports of other
/// periods and days in between, come to the same figures.
#[test]
fn r01_r03_r21_a06_neither_order_nor_copies_nor_earlier_runs_change_the_figures() {
    let first = number("TOTSUGO_ORACLE_SEED", 1);
    for seed in first..first + sets().div_ceil(6) {
        let mut dice = Dice::new(!seed);
        let mut merchant = generate::merchant(seed);
        // Of two snapshots of one cart that nothing else tells apart, the later arrival counts (SPEC §4.2): one is kept.
        let mut snapshots = 0;
        merchant.files.retain(|file| {
            snapshots += usize::from(matches!(file.content, Content::Bookings(_)));
            snapshots <= 1 || !matches!(file.content, Content::Bookings(_))
        });
        let expected = product(&merchant);
        let mut other = merchant.clone();
        other.files = merchant.files.iter().flat_map(|file| cut(&mut dice, file)).collect();
        let copies: Vec<File> = other.files.iter().filter(|_| dice.chance(30)).cloned().collect();
        other.files.extend(copies);
        dice.shuffle(&mut other.files);

        let sandbox = Sandbox::empty();
        sandbox.write("totsugo.toml", write::config(&other).as_bytes());
        for (name, bytes) in write::files(&other) {
            take_in(&sandbox, &name, &bytes);
            if dice.chance(40) {
                let mut earlier = other.clone();
                earlier.as_of = other.as_of - Duration::days(dice.range(0, 40));
                earlier.to = earlier.as_of - Duration::days(dice.range(0, 10));
                earlier.from = earlier.to - Duration::days(dice.range(0, 60));
                answer(&sandbox, &earlier);
            }
        }
        let told = differences(&expected, &answer(&sandbox, &other));
        assert!(told.is_empty(), "seed {seed}:\n  {}", told.join("\n  "));
    }
}

/// The payments of `file` in two files that overlap; other files as they are.
fn cut(dice: &mut Dice, file: &File) -> Vec<File> {
    let Content::Payments(rows) = &file.content else { return vec![file.clone()] };
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for row in rows {
        let side = dice.range(1, 3);
        if side != 2 {
            one.push(row.clone());
        }
        if side != 1 {
            two.push(row.clone());
        }
    }
    let parts = [one, two].into_iter().filter(|rows| !rows.is_empty());
    parts.map(|rows| File { folder: file.folder.clone(), content: Content::Payments(rows) }).collect()
}
