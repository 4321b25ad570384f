//! Files that are no table, or none that a layout describes, as sentences. Must not decide anything: facts come in.

use super::problems::{layout_named, list, shown};
use super::{Language, Text};
use crate::domain::intake::Sought;

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
        "xlsb" => Text {
            ja: "バイナリ形式のExcelブック（xlsb）は読み取れません。xlsx または CSV で保存し直してください。",
            en: "This is a binary Excel workbook (xlsb). Save it as xlsx or CSV.",
        },
        "ods" => Text {
            ja: "OpenDocument の表（ods）は読み取れません。xlsx または CSV で保存し直してください。",
            en: "This is an OpenDocument spreadsheet (ods). Save it as xlsx or CSV.",
        },
        "HTML" => Text {
            ja: "表ではなくWebページ（HTML）です。ログアウトしていないか確認し、もう一度出力してください。",
            en: "This is a web page (HTML), not a table. Were you logged out? Export it again.",
        },
        "ZIP" | "gzip" | "7z" | "RAR" => {
            return match language {
                Language::Ja => {
                    format!("圧縮ファイル（{looks_like}）です。展開して、中の CSV または xlsx を置いてください。")
                }
                Language::En => format!("This is a {looks_like} archive. Unpack it and drop the CSV or xlsx in it."),
            };
        }
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

/// That no layout fits: the one that comes nearest, and what it misses (FAULTS P04, P08).
pub(super) fn no_layout(
    language: Language,
    nearest: &str,
    missing: &[String],
    found: &[String],
    similar: &[(String, String)],
) -> String {
    match language {
        Language::Ja => format!(
            "どのレイアウトにも当てはまりません。最も近いのは{}で、不足しているのは「{}」、見つかった見出しは「{}」です。{}出力の種類を確認するか、レイアウトに別名を追加してください。",
            layout_named(language, nearest),
            list(missing, "、"),
            list(found, "、"),
            renamed(similar, |missing, found| format!(
                "「{found}」は「{missing}」の名前が変わったものかもしれません。"
            ))
        ),
        Language::En => format!(
            "No layout fits. The nearest is {}; missing: {}; found: {}. {}Check the export, or add an alias to the layout.",
            layout_named(language, nearest),
            list(missing, ", "),
            list(found, ", "),
            renamed(similar, |missing, found| format!("Perhaps \"{found}\" is what \"{missing}\" is called now. "))
        ),
    }
}

/// That no row is a heading (FAULTS P05, P08): what was looked at, and what may be the reason.
pub(super) fn no_heading(language: Language, sought: &Sought) -> String {
    match language {
        Language::Ja => no_heading_ja(sought),
        Language::En => no_heading_en(sought),
    }
}

fn no_heading_ja(&Sought { rows, is_limit, first, fields, passed, divider }: &Sought) -> String {
    let mut text = match rows {
        0 => return "空白でない行がありません。見出し行のある出力か確認し、もう一度出力してください。".to_owned(),
        1 => format!("{first}行目（{fields}項目）に、既知の見出しが1つもありません。"),
        _ => format!("{first}行目（{fields}項目）から{rows}行を調べましたが、既知の見出しが1つもありません。"),
    };
    if let Some(line) = passed {
        text.push_str(&format!(
            "{line}行目は、項目の中に改行があるか引用符（\"）の位置が正しくないため、見出しとして読めません。見出しの改行を取り除いてください。"
        ));
    }
    if let Some(divider) = divider {
        text.push_str(&format!(
            "「{divider}」で区切られているようです。カンマ、タブ、セミコロンのいずれかで区切って出力してください。"
        ));
    }
    if is_limit {
        text.push_str("見出しは、空白でない行の10行目までに必要です。");
    }
    if passed.is_none() && divider.is_none() {
        text.push_str("見出し行のある出力か確認してください。");
    }
    text
}

fn no_heading_en(&Sought { rows, is_limit, first, fields, passed, divider }: &Sought) -> String {
    let are = if fields == 1 { "1 field".to_owned() } else { format!("{fields} fields") };
    let mut text = match rows {
        0 => {
            return "There is no row that is not blank. Check that the export has a heading row, and export again."
                .to_owned();
        }
        1 => format!("Line {first} ({are}) has no known heading."),
        _ => format!("None of the {rows} rows from line {first} ({are}) has a known heading."),
    };
    if let Some(line) = passed {
        text.push_str(&format!(
            " Line {line} cannot be read as a heading: a field of it has a line break, or a quote in the wrong place. Remove the line break."
        ));
    }
    if let Some(divider) = divider {
        text.push_str(&format!(
            " \"{divider}\" seems to part the fields. Export with commas, tabs or semicolons between them."
        ));
    }
    if is_limit {
        text.push_str(" The heading must be one of the first 10 rows that are not blank.");
    }
    if passed.is_none() && divider.is_none() {
        text.push_str(" Check that the export has a heading row.");
    }
    text
}

/// What headings may be called now, at most three of them.
fn renamed(similar: &[(String, String)], sentence: fn(&str, &str) -> String) -> String {
    similar.iter().take(3).map(|(missing, found)| sentence(&shown(missing), &shown(found))).collect()
}
