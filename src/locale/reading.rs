//! Words for what the readers refuse: too much of something, and workbooks that cannot be read. Must not decide anything.

use super::problems::shown;
use super::{Language, Text};
use crate::domain::intake::{Measure, WorkbookFault};

/// What a limit is set on.
pub(super) const fn measure(what: Measure) -> Text {
    let (ja, en) = match what {
        Measure::Field => ("1項目の長さ（バイト）", "field"),
        Measure::Columns => ("列数", "columns"),
        Measure::Rows => ("行数", "rows"),
        Measure::Cells => ("セル数", "cells"),
        Measure::SheetRows => ("シートの行番号", "sheet rows"),
        Measure::SheetColumns => ("シートの列番号", "sheet columns"),
    };
    Text { ja, en }
}

/// What to do where there is too much of it.
pub(super) const fn keep_within(what: Measure) -> Text {
    let (ja, en) = match what {
        Measure::Field => ("この値を確認し、もう一度出力してください。", "Check this value and export again."),
        Measure::Columns | Measure::SheetColumns => {
            ("不要な列を除いて出力してください。", "Export without the columns that are not needed.")
        }
        Measure::Rows | Measure::Cells | Measure::SheetRows => {
            ("期間を分けて出力してください。", "Export shorter periods.")
        }
    };
    Text { ja, en }
}

/// Why a workbook cannot be read.
pub(super) fn workbook(language: Language, why: &WorkbookFault) -> String {
    let plain = |ja: &str, en: &str| (ja.to_owned(), en.to_owned());
    let (ja, en) = match why {
        WorkbookFault::TooManyEntries => plain("中に含まれる部品が多すぎます", "too many entries"),
        WorkbookFault::DuplicateEntries => plain("同じ名前の部品が重複しています", "duplicate entries"),
        WorkbookFault::TooLarge { limit_mb } => {
            (format!("展開後の大きさが{limit_mb}MiBを超えます"), format!("larger than {limit_mb} MiB when unpacked"))
        }
        WorkbookFault::PartTooLarge { limit_mb } => (
            format!("展開後の部品の大きさが{limit_mb}MiBを超えます"),
            format!("a part larger than {limit_mb} MiB when unpacked"),
        ),
        WorkbookFault::MergedCells => plain("使用する列に結合セルがあります。結合を解除してください", "merged cells"),
        WorkbookFault::CellOrder => {
            plain("セルが重複しているか、順序が正しくありません", "cells doubled or out of order")
        }
        WorkbookFault::Damaged(why) => {
            (format!("中身が壊れているか、標準の形ではありません（{}）", shown(why)), shown(why))
        }
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::super::problems::problem;
    use super::*;
    use crate::domain::intake::{Fault, Place, Problem};

    /// What is said in both languages, without the file's name.
    fn said(fault: Fault) -> [String; 2] {
        let wrong = Problem { place: Place::default(), fault };
        [Language::Ja, Language::En].map(|language| {
            let sentence = problem(language, "a", &wrong);
            sentence.trim_start_matches(['a', '：', ':', ' ']).to_owned()
        })
    }

    #[test]
    fn p09_p11_each_limit_is_named_with_what_to_do() {
        let (value, columns, shorter) = (
            ["この値を確認し、もう一度出力してください。", "Check this value and export again."],
            ["不要な列を除いて出力してください。", "Export without the columns that are not needed."],
            ["期間を分けて出力してください。", "Export shorter periods."],
        );
        for (what, [ja, en], advice) in [
            (Measure::Field, ["1項目の長さ（バイト）", "field"], value),
            (Measure::Columns, ["列数", "columns"], columns),
            (Measure::Rows, ["行数", "rows"], shorter),
            (Measure::Cells, ["セル数", "cells"], shorter),
            (Measure::SheetRows, ["シートの行番号", "sheet rows"], shorter),
            (Measure::SheetColumns, ["シートの列番号", "sheet columns"], columns),
        ] {
            let expected = [
                format!("{ja}が上限（7）を超えています。{}", advice[0]),
                format!("The limit of 7 ({en}) is exceeded. {}", advice[1]),
            ];
            assert_eq!(said(Fault::Limit { what, limit: 7 }), expected, "{what:?}");
        }
    }

    #[test]
    fn p10_p13_p15_p17_why_a_workbook_cannot_be_read_is_said_in_both_languages() {
        for (why, ja, en) in [
            (WorkbookFault::TooManyEntries, "中に含まれる部品が多すぎます", "too many entries"),
            (WorkbookFault::DuplicateEntries, "同じ名前の部品が重複しています", "duplicate entries"),
            (
                WorkbookFault::TooLarge { limit_mb: 256 },
                "展開後の大きさが256MiBを超えます",
                "larger than 256 MiB when unpacked",
            ),
            (
                WorkbookFault::PartTooLarge { limit_mb: 64 },
                "展開後の部品の大きさが64MiBを超えます",
                "a part larger than 64 MiB when unpacked",
            ),
            (WorkbookFault::MergedCells, "使用する列に結合セルがあります。結合を解除してください", "merged cells"),
            (WorkbookFault::CellOrder, "セルが重複しているか、順序が正しくありません", "cells doubled or out of order"),
            (
                WorkbookFault::Damaged("odd\nXML".to_owned()),
                "中身が壊れているか、標準の形ではありません（odd XML）",
                "odd XML",
            ),
        ] {
            let expected = [
                format!("Excelブックを読み取れません：{ja}。元の画面からもう一度出力してください。"),
                format!("The workbook cannot be read: {en}. Export it again."),
            ];
            assert_eq!(said(Fault::Workbook { why }), expected);
        }
    }
}
