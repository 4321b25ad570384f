//! Files that are no table, or none that a layout describes, as sentences. Must not decide anything: facts come in.

use super::problems::{layout_named, list, shown};
use super::{Language, Text};

/// That a file is no table, by what it looks like (FAULTS A16).
pub(super) fn not_a_table(language: Language, looks_like: &str) -> String {
    let text = match looks_like {
        "password" => Text {
            ja: "パスワード付きのブックは読み取れません。パスワードを外してください。",
            en: "The workbook is protected by a password. Remove the password.",
        },
        "xls" => Text {
            ja: "旧形式のExcelブック（xls）は読み取れません。xlsx または CSV で保存し直してください。",
            en: "This is an old Excel workbook (xls). Save it as xlsx or CSV.",
        },
        "xlsm" => Text {
            ja: "マクロ付きのExcelブック（xlsm）は読み取りません。xlsx または CSV で保存し直してください。",
            en: "This is an Excel workbook with macros (xlsm). Save it as xlsx or CSV.",
        },
        "ods" => Text {
            ja: "OpenDocument の表（ods）は読み取れません。xlsx または CSV で保存し直してください。",
            en: "This is an OpenDocument spreadsheet (ods). Save it as xlsx or CSV.",
        },
        "ZIP" => Text {
            ja: "圧縮ファイル（ZIP）です。展開して、中の CSV または xlsx を置いてください。",
            en: "This is a ZIP archive. Unpack it and drop the CSV or xlsx in it.",
        },
        "HTML" => Text {
            ja: "表ではなくWebページ（HTML）です。ログアウトしていないか確認し、もう一度出力してください。",
            en: "This is a web page (HTML), not a table. Were you logged out? Export it again.",
        },
        other => {
            return match language {
                Language::Ja => format!(
                    "表のファイルではありません（内容は{other}のようです）。CSV または xlsx で出力してください。"
                ),
                Language::En => format!("This is not a table; it looks like {other}. Export it as CSV or xlsx."),
            };
        }
    };
    text.of(language).to_owned()
}

/// That no layout fits: the one that comes nearest, if any, and what it misses (FAULTS P04, P05, P08).
pub(super) fn no_layout(
    language: Language,
    nearest: Option<&str>,
    missing: &[String],
    found: &[String],
    similar: &[(String, String)],
) -> String {
    match (language, nearest) {
        (Language::Ja, Some(nearest)) => format!(
            "どのレイアウトにも当てはまりません。最も近いのは{}で、不足しているのは「{}」、見つかった見出しは「{}」です。{}出力の種類を確認するか、レイアウトに別名を追加してください。",
            layout_named(language, nearest),
            list(missing, "、"),
            list(found, "、"),
            renamed(similar, |missing, found| format!(
                "「{found}」は「{missing}」の名前が変わったものかもしれません。"
            ))
        ),
        (Language::En, Some(nearest)) => format!(
            "No layout fits. The nearest is {}; missing: {}; found: {}. {}Check the export, or add an alias to the layout.",
            layout_named(language, nearest),
            list(missing, ", "),
            list(found, ", "),
            renamed(similar, |missing, found| format!("Perhaps \"{found}\" is what \"{missing}\" is called now. "))
        ),
        // Not what stands there: without a heading it is a row, of a guest perhaps (FAULTS G07).
        (Language::Ja, None) => format!(
            "どのレイアウトにも当てはまりません。1行目の{}項目に、既知の見出しが1つもありません。見出し行のある出力か確認してください。",
            found.len()
        ),
        (Language::En, None) => format!(
            "No layout fits: none of the {} fields of its first row is a known heading. Check that the export has a heading row.",
            found.len()
        ),
    }
}

/// What headings may be called now, at most three of them.
fn renamed(similar: &[(String, String)], sentence: fn(&str, &str) -> String) -> String {
    similar.iter().take(3).map(|(missing, found)| sentence(&shown(missing), &shown(found))).collect()
}
