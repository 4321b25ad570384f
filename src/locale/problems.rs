//! What is wrong with an input, as sentences a clerk can act on. Must not decide anything: facts come in, words go out.

use super::reading::{keep_within, measure, workbook};
use super::sheets::{self, WORK_STATES};
use super::{Language, foreign};
use crate::domain::intake::{Fault, Kind, Problem};
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
            format!("{at}：{}", ja(&problem.fault))
        }
        Language::En => {
            let mut at = file.to_owned();
            if let Some(line) = place.line {
                at.push_str(&format!(", line {line}"));
            }
            if let Some(column) = &place.column {
                at.push_str(&format!(", column \"{}\"", shown(column)));
            }
            format!("{at}: {}", en(&problem.fault))
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

fn ja(fault: &Fault) -> String {
    match fault {
        Fault::Empty => "ファイルが空です。もう一度出力してください。".to_owned(),
        Fault::Unreadable { id } => format!(
            "ファイルを読み取れませんでした（プログラムの不具合、番号 {id}）。もう一度出力しても同じ場合は、運用担当に番号をお知らせください。"
        ),
        Fault::TooSlow { seconds } => format!(
            "{seconds}秒たっても読み終わりませんでした。期間を分けて出力してください。同じ場合は運用担当にお知らせください。"
        ),
        Fault::TooLarge { limit_mb } => format!(
            "ファイルが大きすぎます（上限{limit_mb}MiB）。期間を分けて出力するか、設定の max_file_mb を見直してください。"
        ),
        Fault::Incomplete => {
            "ファイルが途中で切れている可能性があります（最後が行の終わりになっていません）。もう一度出力して置き直してください。同じ結果になる場合は、出力元で xlsx を選ぶか、最後の行まで揃っていることを確認したうえで、その行の後に改行を加えて保存してください。".to_owned()
        }
        Fault::IncompleteArchive => {
            "ファイルが途中で切れている可能性があります（xlsx やZIPの最後にある部分がありません）。もう一度保存または出力して、置き直してください。".to_owned()
        }
        Fault::NotATable { looks_like } => foreign::not_a_table(Language::Ja, looks_like),
        Fault::Workbook { why } => {
            format!("Excelブックを読み取れません：{}。元の画面からもう一度出力してください。", workbook(Language::Ja, why))
        }
        Fault::Undecodable { encoding, byte, found } => format!(
            "文字コード{encoding}として読めない文字があります（ファイル先頭から{byte}バイト目、値 {found}）。もう一度ダウンロードしたファイルを、Excelで開かずに置いてください。出力元で選べる場合は、CSV UTF-8 を選んでください。"
        ),
        Fault::ControlCharacter { code } => format!(
            "使用できない制御文字（U+{code:04X}）があります。もう一度ダウンロードしたファイルを、Excelで開かずに置いてください。出力元で選べる場合は、CSV UTF-8 を選んでください。"
        ),
        Fault::ControlInCell { code: 0x0A | 0x0D } => {
            "セルの中に改行があります。この列の値は1行でなければなりません。Excelでセルの改行を取り除き、保存し直してください。".to_owned()
        }
        Fault::ControlInCell { code } => format!(
            "セルの中に使用できない文字（U+{code:04X}）があります。Excelでセルからこの文字を取り除き、保存し直してください。"
        ),
        Fault::Quoting => {
            "引用符（\"）の対応が正しくないため、行の区切りを確定できません。元の画面からもう一度出力してください。".to_owned()
        }
        Fault::LineBreak => {
            "項目の値の中に改行があります。引用符の誤りで行が飲み込まれた場合と見分けられないため、取り込めません。元の画面でこの値の改行を取り除き、もう一度出力してください。取り込みに使わない列であれば、この列を外すか、xlsx で出力しても取り込めます。".to_owned()
        }
        Fault::FieldCount { expected, found } => format!(
            "項目の数が見出しと異なります（見つかった数{found}、期待する数{expected}）。手で編集していないか確認し、もう一度出力してください。"
        ),
        Fault::Limit { what, limit } => {
            format!("{}が上限（{limit}）を超えています。{}", measure(*what).ja, keep_within(*what).ja)
        }
        Fault::NoHeading(sought) => foreign::no_heading(Language::Ja, sought),
        Fault::NoLayout { nearest, missing, found, similar } => {
            foreign::no_layout(Language::Ja, nearest, missing, found, similar)
        }
        Fault::SeveralLayouts { names } => format!(
            "複数のレイアウト（{}）に当てはまるため、どれか決められません。レイアウトの必須列を見直してください。",
            list(names, "、")
        ),
        Fault::SeveralSheets { names } => format!(
            "見出しの合うシートが複数あります（{}）。取り込むシートだけを残して保存してください。",
            list(names, "、")
        ),
        Fault::DuplicateColumn { heading } => {
            format!("「{}」に当たる列が2つ以上あります。1つだけになるように出力してください。", shown(heading))
        }
        Fault::HeadingRepeated => {
            "見出し行が途中にもう一度あります。複数の出力をつなげず、別々のファイルで置いてください。".to_owned()
        }
        Fault::UnknownShop { found } => format!(
            "ショップID「{}」は設定にありません。置き場所を確認するか、設定の [[shops]] に追加してください。",
            shown(found)
        ),
        Fault::OtherShop { found, folder } => format!(
            "フォルダー「{}」に別のショップ「{}」の行があります。正しいショップのフォルダーに置いてください。",
            shown(folder),
            shown(found)
        ),
        Fault::NoShop => {
            "ショップIDの列がなく、ショップを特定できません。inbox の中のショップIDのフォルダーに置いてください。".to_owned()
        }
        Fault::KnownForOtherShop => {
            "同じ内容のファイルが別のショップで取り込み済みです。置いたフォルダーを確認してください。".to_owned()
        }
        Fault::Amount { found, kind: Kind::PaymentList } => format!(
            "金額「{}」を読めません。小数のない円の整数（10桁まで、例 1,234、返金は先頭に「-」を付けて -1,234）が必要です。元の値を確認してください。",
            shown(found)
        ),
        Fault::Amount { found, kind } if is_signed(found) => format!(
            "金額「{}」に符号があります。金額は符号のない円の整数{}。元の値を確認してください。",
            shown(found),
            match kind {
                Kind::Payments => "とし、売上か返金かは取引状態で判断します",
                Kind::Bookings | Kind::PaymentList => "でなければなりません",
            }
        ),
        Fault::Amount { found, kind: Kind::Payments | Kind::Bookings } => format!(
            "金額「{}」を読めません。符号と小数のない円の整数（10桁まで、例 1,234）が必要です。元の値を確認してください。",
            shown(found)
        ),
        Fault::Date { found, expected } => {
            format!("日時「{}」を読めません。期待する形は {expected} です。元の値を確認してください。", shown(found))
        }
        Fault::MixedZones { found } => format!(
            "日時「{}」の時差の表記（Z、+09:00 など）が前の行と異なります。すべての行を同じ時間帯でもう一度出力してください。",
            shown(found)
        ),
        Fault::ImplausibleDate { found } => format!(
            "日時「{}」は範囲外です（2010年より前、または先の日付）。元の値とパソコンの日付を確認してください。",
            shown(found)
        ),
        Fault::Identifier { found, expected } => {
            format!("「{}」は正しい形ではありません。期待する形は {expected} です。元の値を確認してください。", shown(found))
        }
        Fault::DamagedIdentifier { found } => format!(
            "番号「{}」がExcelで変換されており、元に戻せません。Excelで開かずに、もう一度出力したファイルを置いてください。",
            shown(found)
        ),
        Fault::UnknownWord { found, expected } => format!(
            "「{}」は未知の値です。既知の値は {expected} です。新しい値であればレイアウトの words に追加してください。",
            shown(found)
        ),
        Fault::UnknownWorkState { found } => format!(
            "「{}」は一覧にありません。一覧（{}）から選んで保存し、もう一度置いてください。",
            shown(found),
            work_states(Language::Ja, "、")
        ),
        Fault::Blank => "必須の値が空白です。元の値を確認し、もう一度出力してください。".to_owned(),
        Fault::CellWithoutValue { found } => format!(
            "セル「{}」に値がありません（計算結果のない数式またはエラー値）。Excelで開いて値を確認し、保存し直してください。",
            shown(found)
        ),
        Fault::ContradictoryLine { code } => format!(
            "商品確認コード「{}」が、異なる内容で2回出てきます。もう一度出力してください。",
            shown(code)
        ),
        Fault::ContradictoryPayment { reference } => format!(
            "支払い参照番号「{}」が、異なる内容で2回出てきます。もう一度出力してください。",
            shown(reference)
        ),
        Fault::ForeignWorkbook => {
            "別の環境で作成された突合レポートのため、メモを取り込めません。この環境で作成したレポートをお使いください。".to_owned()
        }
        Fault::UnknownFinding { found } => format!(
            "所見ID「{}」はこのショップの所見にありません。この行のメモは取り込んでいません。",
            shown(found)
        ),
        Fault::ContradictoryNote { id } => format!(
            "所見ID「{}」の行が複数あり、内容が異なります。どちらも取り込んでいません。1行にまとめて再度置いてください。",
            shown(id)
        ),
        Fault::CardNumbers => {
            "カード番号と思われる列があります。取り込みません。この列を外して出力し、元のファイルを削除してください。".to_owned()
        }
        Fault::TotalDiffers { stated, calculated } => format!(
            "合計行の金額{stated}円が、明細の合計{calculated}円と一致しません。行が欠けていないか確認し、もう一度出力してください。"
        ),
        Fault::TooManyRejects { found, limit } => format!(
            "取り込めない行が{found}行あり、許容数{limit}行を超えるため、ファイル全体を保留します。元の画面で上記の行を確認し、もう一度出力して置いてください。"
        ),
    }
}

fn en(fault: &Fault) -> String {
    match fault {
        Fault::Empty => "The file is empty. Export it again.".to_owned(),
        Fault::Unreadable { id } => format!(
            "The file could not be read (a fault of this program, number {id}). Export it again, or tell the operator."
        ),
        Fault::TooSlow { seconds } => {
            format!(
                "It was not read to its end within {seconds} seconds. Export shorter periods, or tell the operator."
            )
        }
        Fault::TooLarge { limit_mb } => {
            format!("The file is too large (limit {limit_mb} MiB). Export shorter periods, or raise max_file_mb.")
        }
        Fault::Incomplete => "The file may be cut off: it does not end as its format must. Export it again. If that ends the same, export it as xlsx, or see that its last line is whole and add a line end behind it.".to_owned(),
        Fault::IncompleteArchive => {
            "The file may be cut off: the part that ends every xlsx or ZIP is missing. Save or export it again.".to_owned()
        }
        Fault::NotATable { looks_like } => foreign::not_a_table(Language::En, looks_like),
        Fault::Workbook { why } => {
            format!("The workbook cannot be read: {}. Export it again.", workbook(Language::En, why))
        }
        Fault::Undecodable { encoding, byte, found } => format!(
            "A character is not valid {encoding} (byte {byte} of the file, value {found}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
        ),
        Fault::ControlCharacter { code } => {
            format!(
                "There is a control character (U+{code:04X}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
            )
        }
        Fault::ControlInCell { code: 0x0A | 0x0D } => {
            "The cell holds a line break; values of this column have one line. Remove the break from the cell in Excel and save.".to_owned()
        }
        Fault::ControlInCell { code } => format!(
            "The cell holds a character that may not be there (U+{code:04X}). Remove it from the cell in Excel and save."
        ),
        Fault::Quoting => {
            "The quotes do not close as they should, so rows cannot be told apart. Export the file again.".to_owned()
        }
        Fault::LineBreak => {
            "The value holds a line break; rows that a stray quote swallowed would look the same. Remove the break where the value comes from and export again. A column that is not used may also be left out, or the table be exported as xlsx.".to_owned()
        }
        Fault::FieldCount { expected, found } => format!(
            "The row has {found} fields, the heading {expected}. Check whether it was edited, and export it again."
        ),
        Fault::Limit { what, limit } => {
            format!("The limit of {limit} ({}) is exceeded. {}", measure(*what).en, keep_within(*what).en)
        }
        Fault::NoHeading(sought) => foreign::no_heading(Language::En, sought),
        Fault::NoLayout { nearest, missing, found, similar } => {
            foreign::no_layout(Language::En, nearest, missing, found, similar)
        }
        Fault::SeveralLayouts { names } => {
            format!("Several layouts fit: {}. Review their required columns.", list(names, ", "))
        }
        Fault::SeveralSheets { names } => {
            format!("Several sheets fit: {}. Keep the one to be taken in.", list(names, ", "))
        }
        Fault::DuplicateColumn { heading } => {
            format!("Several columns stand for \"{}\". Export with one of them.", shown(heading))
        }
        Fault::HeadingRepeated => {
            "The heading row appears again further down. Drop each export as a file of its own.".to_owned()
        }
        Fault::UnknownShop { found } => {
            format!("Shop ID \"{}\" is not configured. Check the folder, or add it under [[shops]].", shown(found))
        }
        Fault::OtherShop { found, folder } => format!(
            "A row of shop \"{}\" lies in the folder of shop \"{}\". Use the folder of the right shop.",
            shown(found),
            shown(folder)
        ),
        Fault::NoShop => {
            "There is no shop ID column, so the shop is unknown. Put the file into inbox/<shop id>/.".to_owned()
        }
        Fault::KnownForOtherShop => {
            "A file of the same content was taken in for another shop. Check the folder.".to_owned()
        }
        Fault::Amount { found, kind: Kind::PaymentList } => format!(
            "\"{}\" is not an amount. Whole yen are expected, at most 10 digits, e.g. 1,234, or -1,234 for a refund. Check the source.",
            shown(found)
        ),
        Fault::Amount { found, kind } if is_signed(found) => format!(
            "\"{}\" has a sign. Amounts are whole yen without one{}. Check the source.",
            shown(found),
            match kind {
                Kind::Payments => "; sale or refund is told by 取引状態",
                Kind::Bookings | Kind::PaymentList => "",
            }
        ),
        Fault::Amount { found, kind: Kind::Payments | Kind::Bookings } => format!(
            "\"{}\" is not an amount. Whole yen without a sign are expected, at most 10 digits, e.g. 1,234. Check the source.",
            shown(found)
        ),
        Fault::Date { found, expected } => {
            format!("\"{}\" is not an accepted date. Expected: {expected}. Check the source.", shown(found))
        }
        Fault::MixedZones { found } => format!(
            "\"{}\" has another time zone (Z, +09:00, none) than the rows before. Export all rows in one zone.",
            shown(found)
        ),
        Fault::ImplausibleDate { found } => format!(
            "\"{}\" is out of range (before 2010, or in the future). Check the source and this computer's date.",
            shown(found)
        ),
        Fault::Identifier { found, expected } => {
            format!("\"{}\" has the wrong form. Expected: {expected}. Check the source.", shown(found))
        }
        Fault::DamagedIdentifier { found } => format!(
            "\"{}\" was changed by Excel and cannot be repaired. Export again and do not open the file in Excel.",
            shown(found)
        ),
        Fault::UnknownWord { found, expected } => format!(
            "\"{}\" is an unknown value. Known: {expected}. If it is new, add it to the layout's words.",
            shown(found)
        ),
        Fault::UnknownWorkState { found } => format!(
            "\"{}\" is not in the list. Choose from it ({}), save the workbook and drop it again.",
            shown(found),
            work_states(Language::En, ", ")
        ),
        Fault::Blank => "A required value is blank. Check the source and export it again.".to_owned(),
        Fault::CellWithoutValue { found } => format!(
            "The cell \"{}\" has no value (formula without result, or an error). Open it in Excel, check and save.",
            shown(found)
        ),
        Fault::ContradictoryLine { code } => {
            format!("Product code \"{}\" appears twice with different content. Export again.", shown(code))
        }
        Fault::ContradictoryPayment { reference } => {
            format!("Payment reference \"{}\" comes twice with different content. Export again.", shown(reference))
        }
        Fault::ForeignWorkbook => {
            "A report of another installation: its notes are not taken in. Use a report made here.".to_owned()
        }
        Fault::UnknownFinding { found } => {
            format!("\"{}\" is not a finding of this shop. The notes of this row are not taken in.", shown(found))
        }
        Fault::ContradictoryNote { id } => format!(
            "Finding \"{}\" is in several rows that differ. None of them is taken in; make it one row and drop the file again.",
            shown(id)
        ),
        Fault::CardNumbers => {
            "This column looks like card numbers, so nothing is taken in. Export without it and delete the file."
                .to_owned()
        }
        Fault::TotalDiffers { stated, calculated } => format!(
            "The total row says {stated} yen, its rows add up to {calculated}. Check for missing rows and export again."
        ),
        Fault::TooManyRejects { found, limit } => format!(
            "{found} row{} cannot be taken in, more than the {limit} tolerated, so the whole file is held. Check the rows above where the file comes from, export it again and drop it.",
            if *found == 1 { "" } else { "s" }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intake::Place;

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
        for found in ["1.5", "1E5", "(1", "x", "-"] {
            let wrong = at(1, "利用金額", Fault::Amount { found: found.to_owned(), kind: Kind::Payments });
            assert!(problem(Language::En, "a.csv", &wrong).contains("not an amount"), "{found}");
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
