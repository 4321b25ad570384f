//! 変更点 in words: what a figure is called, and what was said of it before and after (SPEC §5.8).

use super::{Language, Text, findings, sheets as words};
use crate::domain::booking::State;
use crate::domain::dates::Day;
use crate::domain::finding::Code;
use crate::domain::reconciliation::Risk;

/// The states as figures write them.
const STATES: [(&str, State); 4] =
    [("live", State::Live), ("waiting", State::Waiting), ("cancelled", State::Cancelled), ("dead", State::Dead)];

/// What a figure is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its place: totals, what was reported of earlier periods, findings, windows, matched groups, the cuts of the sales.
    pub rank: usize,
    /// What kind it is of.
    pub kind: &'static str,
    /// Its name among its kind.
    pub item: String,
}

/// The cuts of the sales and what a blank name of each stands for.
const CUTS: [(&str, Text, Text); 5] = [
    ("day", Text { ja: "売上・日別", en: "Sales by day" }, words::NOT_STATED),
    ("month", Text { ja: "売上・月別", en: "Sales by month" }, words::NOT_STATED),
    ("status", Text { ja: "売上・取引状態別", en: "Sales by status" }, words::NOT_STATED),
    ("method", Text { ja: "売上・決済方法別", en: "Sales by method" }, words::NOT_STATED),
    ("product", Text { ja: "売上・商品別", en: "Sales by product" }, words::NO_PRODUCT),
];

/// The totals, in the order of the summary.
const TOTALS: [(&str, Text); 4] =
    [("count", words::COUNT), ("gross", words::GROSS), ("refunds", words::REFUNDS), ("net", words::NET)];

/// A figure by its key: `finding.F-…`, `sales.net`, `sales.day.2026-11-01` and so on. Keys of another version stay as
/// they are.
pub fn named(language: Language, key: &str) -> Named {
    let named = |rank: usize, kind: Text, item: &str| Named { rank, kind: kind.of(language), item: item.to_owned() };
    let (head, rest) = key.split_once('.').unwrap_or((key, ""));
    match head {
        "earlier" => named(4, words::EARLIER, rest),
        "finding" => named(5, words::EXCEPTIONS, rest),
        "cancellation" => named(6, words::CANCELLATION, rest),
        "matched" => named(7, words::MATCHED, rest),
        _ => {
            let (cut, name) = rest.split_once('.').unwrap_or((rest, ""));
            if let Some(at) = TOTALS.iter().position(|(total, _)| *total == rest) {
                return named(at, words::SALES_TOTAL, TOTALS[at].1.of(language));
            }
            match CUTS.iter().position(|(name, ..)| *name == cut) {
                Some(at) => {
                    let (_, kind, blank) = CUTS[at];
                    named(8 + at, kind, if name.is_empty() { blank.of(language) } else { name })
                }
                None => named(8 + CUTS.len(), words::SALES, key),
            }
        }
    }
}

/// What was said of a figure, in words: a line for the kind of finding or window, and one for each payment and booking.
pub fn fact(language: Language, key: &str, fact: &str) -> String {
    let lines: Option<Vec<String>> = match key.split_once('.').map_or(key, |(head, _)| head) {
        "finding" => finding(language, fact),
        "cancellation" => window(language, fact),
        "matched" => group(language, fact),
        _ => Some(vec![sales(language, fact)]),
    };
    lines.map_or_else(|| fact.to_owned(), |lines| lines.join("\n"))
}

/// The number that a figure of the sales is, where it is just one.
pub fn number(key: &str, fact: &str) -> Option<i64> {
    key.strip_prefix("sales.").filter(|total| TOTALS.iter().any(|(known, _)| known == total))?;
    fact.replace(',', "").parse().ok()
}

/// The day that a figure is of.
pub fn day(key: &str) -> Option<Day> {
    Day::parse(key.strip_prefix("sales.day.").or_else(|| key.strip_prefix("earlier."))?)
}

/// By how much the sales of a figure changed, the net ones where several are said; none for what is no amount.
pub fn difference(key: &str, before: Option<&str>, after: Option<&str>) -> Option<i64> {
    let number = |fact: Option<&str>| match fact {
        None => Some(0),
        Some(fact) => {
            let net = fact.rsplit_once("net=").map_or(fact, |(_, net)| net);
            net.replace(',', "").parse::<i64>().ok()
        }
    };
    if !key.starts_with("sales.") && !key.starts_with("earlier.") {
        return None;
    }
    number(after)?.checked_sub(number(before)?)
}

/// `20,000` stays; `count=2 gross=20,000 refunds=0 net=20,000` names each.
fn sales(language: Language, fact: &str) -> String {
    let word = |word: &str| {
        let (name, value) = word.split_once('=')?;
        let (_, text) = TOTALS.iter().find(|(total, _)| *total == name)?;
        Some(format!("{} {value}", text.of(language)))
    };
    let words: Option<Vec<String>> = fact.split(' ').map(word).collect();
    words.map_or_else(|| fact.to_owned(), |words| words.join(Text { ja: "　", en: ", " }.of(language)))
}

/// `code part + part`, or `code@day part + part` with the last safe day.
fn finding(language: Language, fact: &str) -> Option<Vec<String>> {
    let (code, rest) = fact.split_once(' ')?;
    let (code, safe_day) = code.split_once('@').map_or((code, None), |(code, day)| (code, Some(day)));
    let name = findings::code_name(language, Code::read(code)?);
    let safe = words::SAFE_DAY.of(language);
    let mut lines = vec![safe_day.map_or_else(|| name.to_owned(), |day| format!("{name} ({safe} {day})"))];
    lines.extend(group(language, rest)?);
    Some(lines)
}

/// `risk day payment` and ` booking` where there is one.
fn window(language: Language, fact: &str) -> Option<Vec<String>> {
    let (risk, rest) = fact.split_once(' ')?;
    let risk = Risk::ALL.iter().find(|known| known.as_str() == risk)?;
    let (day, rest) = rest.split_once(' ')?;
    let safe = words::SAFE_DAY.of(language);
    let mut lines = vec![format!("{} ({safe} {day})", findings::risk_name(language, *risk))];
    match rest.rsplit_once(' ').filter(|(_, booking)| is_booking(booking)) {
        Some((payment, booking)) => lines.extend([part(language, payment)?, part(language, booking)?]),
        None => lines.push(part(language, rest)?),
    }
    Some(lines)
}

/// `part + part`.
fn group(language: Language, fact: &str) -> Option<Vec<String>> {
    fact.split(" + ").map(|of_group| part(language, of_group)).collect()
}

fn is_booking(part: &str) -> bool {
    let state = part.split(':').nth(1);
    STATES.iter().any(|(name, _)| state == Some(name))
}

/// `order:status:¥n` or `cart:state:¥n`, with the currency where it is not yen.
fn part(language: Language, part: &str) -> Option<String> {
    let (id, rest) = part.split_once(':')?;
    let (label, amount) = rest.rsplit_once(":¥")?;
    let (amount, foreign) =
        amount.split_once(':').map_or((amount, None), |(amount, currency)| (amount, Some(currency)));
    let known = STATES.iter().find(|(name, _)| *name == label);
    let (kind, label) = match known {
        Some((_, state)) => (words::BOOKING_ITEM, words::state(language, *state)),
        None => (words::PAYMENT, label),
    };
    let amount = match (foreign, language) {
        (Some(currency), _) => currency.to_owned(),
        (None, Language::Ja) => format!("{amount}円"),
        (None, Language::En) => format!("¥{amount}"),
    };
    Some(match language {
        Language::Ja => format!("{} {id}　{label}　{amount}", kind.of(language)),
        Language::En => format!("{} {id}, {label}, {amount}", kind.of(language)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_told_in_words_and_foreign_ones_stay() {
        let ja = |key: &str, text: &str| fact(Language::Ja, key, text);
        let told = ja("finding.F-1", "amount_mismatch A1:即時売上:¥9,000 + MZ1:live:¥12,000");
        assert_eq!(told, "金額不一致\n取引 A1　即時売上　9,000円\n予約 MZ1　有効　12,000円");
        let told = ja("cancellation.A1", "refund_due 2026-12-04 A1:即時 売上:¥9,000 MZ1:cancelled:¥0:USD");
        assert_eq!(told, "返金未了 (安全期限 2026-12-04)\n取引 A1　即時 売上　9,000円\n予約 MZ1　取消済　USD");
        let told = ja("earlier.2026-10-20", "count=0 gross=0 refunds=-3,000 net=-3,000");
        assert_eq!(told, "件数 0　総額 0　返金 -3,000　純額 -3,000");
        assert_eq!(ja("finding.F-1", "of another version"), "of another version");
        assert_eq!(named(Language::En, "sales.product.").item, "(no booking, product unknown)");
        assert_eq!(named(Language::En, "sales.other").item, "sales.other");
    }

    #[test]
    fn a_difference_is_that_of_the_net_sales() {
        let day_facts = "count=1 gross=5,000 refunds=-3,000 net=2,000";
        assert_eq!(difference("sales.day.2026-11-01", None, Some(day_facts)), Some(2_000));
        assert_eq!(difference("earlier.2026-11-01", Some(day_facts), None), Some(-2_000));
        assert_eq!(difference("sales.count", Some("2"), Some("3")), Some(1));
        assert_eq!((number("sales.net", "-1,000"), number("sales.day.2026-11-01", day_facts)), (Some(-1_000), None));
        assert_eq!((day("earlier.2026-10-20"), day("sales.month.2026-10")), (Day::parse("2026-10-20"), None));
        assert_eq!(difference("matched.A1", None, Some("A1:即時売上:¥2")), None);
    }
}
