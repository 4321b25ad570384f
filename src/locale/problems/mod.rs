//! What is wrong with an input, as sentences a clerk can act on. Must not decide anything: facts come in, words go out.

mod en;
mod ja;

use super::Language;
use super::sheets::{self, WORK_STATES};
use crate::domain::intake::Problem;
use crate::domain::text::is_obeyed;

/// One or two sentences: file, line, column, what was found, what is expected, what to do.
pub fn problem(language: Language, file: &str, problem: &Problem) -> String {
    let place = &problem.place;
    match language {
        Language::Ja => {
            let mut at = file.to_owned();
            if let Some(line) = place.line {
                at.push_str(&format!(" {line}行目"));
            }
            if let Some(column) = &place.column {
                at.push_str(&format!("「{}」列", shown(column)));
            }
            format!("{at}：{}", ja::fault(&problem.fault))
        }
        Language::En => {
            let mut at = file.to_owned();
            if let Some(line) = place.line {
                at.push_str(&format!(", line {line}"));
            }
            if let Some(column) = &place.column {
                at.push_str(&format!(", column \"{}\"", shown(column)));
            }
            format!("{at}: {}", en::fault(&problem.fault))
        }
    }
}

/// What is wrong with the file `name`, line by line, where its name stands beside it already.
pub fn beside_name(name: &str, reason: &str) -> String {
    let without = |line: &str| match line.strip_prefix(name) {
        Some(rest) => rest.trim_start_matches([' ', ',', ':', '：']).to_owned(),
        None => line.to_owned(),
    };
    reason.lines().map(without).collect::<Vec<_>>().join("\n")
}

/// A value of a file as it may stand in a sentence: on one line, at most 60 characters.
pub(super) fn shown(value: &str) -> String {
    let mut out: String = value.chars().take(60).map(|c| if is_obeyed(c) { ' ' } else { c }).collect();
    if value.chars().count() > 60 {
        out.push('…');
    }
    out
}

/// Whether an amount is written as less than nothing (FAULTS N08).
fn is_signed(amount: &str) -> bool {
    let amount = amount.trim_start_matches(['¥', '￥', '\\', ' ']);
    let in_brackets = amount.starts_with(['(', '（']) && amount.ends_with([')', '）']);
    (in_brackets || amount.starts_with(['-', '−', '－', '△', '▲'])) && amount.contains(|c: char| c.is_numeric())
}

/// Whether an amount could be two: `12.000` (FAULTS N09).
fn is_two_amounts(amount: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.chars().all(char::is_numeric);
    amount.split_once(['.', '．']).is_some_and(|(whole, decimals)| {
        is_number(whole) && is_number(decimals) && whole.chars().count() <= 3 && decimals.chars().count() == 3
    })
}

/// The first dozen of `values`.
pub(super) fn list(values: &[String], separator: &str) -> String {
    let mut out: Vec<String> = values.iter().take(12).map(|value| shown(value)).collect();
    if values.len() > 12 {
        out.push("…".to_owned());
    }
    out.join(separator)
}

/// A layout in words, then by its name, which a layout file has.
pub fn layout_named(language: Language, name: &str) -> String {
    match (sheets::layout(language, name), language) {
        (words, _) if words == name => name.to_owned(),
        (words, Language::Ja) => format!("{words}（{name}）"),
        (words, Language::En) => format!("{words} ({name})"),
    }
}

/// The words of the drop-down of 対応状況.
fn work_states(language: Language, separator: &str) -> String {
    WORK_STATES.map(|state| state.of(language)).join(separator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intake::{Fault, Kind, Place};

    fn at(line: u32, column: &str, fault: Fault) -> Problem {
        Problem { place: Place { line: Some(line), column: Some(column.to_owned()) }, fault }
    }

    #[test]
    fn a_problem_says_file_line_column_found_expected_and_remedy() {
        let wrong = at(12, "利用金額", Fault::Amount { found: "1,23".to_owned(), kind: Kind::Payments });
        assert_eq!(
            problem(Language::Ja, "a.csv", &wrong),
            "a.csv 12行目「利用金額」列：金額「1,23」を読めません。符号と小数のない円の整数（10桁まで、例 1,234）が必要です。元の値を確認してください。"
        );
        assert_eq!(
            problem(Language::En, "a.csv", &wrong),
            "a.csv, line 12, column \"利用金額\": \"1,23\" is not an amount. Whole yen without a sign are expected, at most 10 digits, e.g. 1,234. Check the source."
        );
    }

    #[test]
    fn n08_a_sign_in_an_amount_is_named() {
        for found in ["-1", "−1", "△1,234", "▲1", "(1,234)", "（1）", "¥-1"] {
            let wrong = at(1, "利用金額", Fault::Amount { found: found.to_owned(), kind: Kind::Payments });
            assert!(problem(Language::Ja, "a.csv", &wrong).contains("符号があります"), "{found}");
            assert!(problem(Language::En, "a.csv", &wrong).contains("has a sign"), "{found}");
        }
        for found in ["1.5", "1.5000", "1234.5", "1E5", "(1", "x", "-"] {
            let wrong = at(1, "利用金額", Fault::Amount { found: found.to_owned(), kind: Kind::Payments });
            assert!(problem(Language::En, "a.csv", &wrong).contains("not an amount"), "{found}");
        }
    }

    #[test]
    fn n09_an_amount_that_could_be_two_is_named() {
        for found in ["12.000", "１２．０００", "1.500"] {
            let wrong = at(1, "利用金額", Fault::Amount { found: found.to_owned(), kind: Kind::Payments });
            assert!(problem(Language::Ja, "a.csv", &wrong).contains("小数点か桁区切りか"), "{found}");
            assert!(problem(Language::En, "a.csv", &wrong).contains("thousands or decimals"), "{found}");
        }
    }

    #[test]
    fn long_or_odd_values_stay_on_one_line() {
        let wrong = at(1, "a\nb", Fault::UnknownShop { found: "x".repeat(500) });
        for language in [Language::Ja, Language::En] {
            let text = problem(language, "f.csv", &wrong);
            assert!(!text.contains('\n') && text.chars().count() < 250, "{text}");
        }
    }
}
