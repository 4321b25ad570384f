//! What is wrong with an input, in Japanese.

use super::{is_signed, is_two_amounts, layout_named, list, renamed, shown, work_states};
use crate::domain::intake::Fault;
use crate::locale::Language;

fn limit_ja(what: &str) -> &str {
    match what {
        "field" => "1項目の長さ（バイト）",
        "columns" => "列数",
        "rows" => "行数",
        "cells" => "セル数",
        "sheet rows" => "シートの行番号",
        "sheet columns" => "シートの列番号",
        other => other,
    }
}

fn workbook_ja(why: &str) -> String {
    let known = match why {
        "too many entries" => "中に含まれる部品が多すぎます",
        "duplicate entries" => "同じ名前の部品が重複しています",
        "larger than 256 MiB when unpacked" => "展開後の大きさが256MiBを超えます",
        "merged cells" => "使用する列に結合セルがあります。結合を解除してください",
        "cells doubled or out of order" => "セルが重複しているか、順序が正しくありません",
        "a part larger than 64 MiB when unpacked" => "展開後の部品の大きさが64MiBを超えます",
        other => return format!("中身が壊れているか、標準の形ではありません（{}）", shown(other)),
    };
    known.to_owned()
}

/// What was found, what is expected, what to do.
pub(super) fn fault(fault: &Fault) -> String {
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
            "ファイルが途中で切れている可能性があります（最後が行の終わりになっていません）。もう一度出力して置き直してください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "password" => {
            "パスワード付きのブックは読み取れません。パスワードを外してください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "xls" => {
            "旧形式のExcelブック（xls）は読み取れません。xlsx または CSV で保存し直してください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "xlsm" => {
            "マクロ付きのExcelブック（xlsm）は読み取りません。xlsx または CSV で保存し直してください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "ods" => {
            "OpenDocument の表（ods）は読み取れません。xlsx または CSV で保存し直してください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "ZIP" => {
            "圧縮ファイル（ZIP）です。展開して、中の CSV または xlsx を置いてください。".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "HTML" => {
            "表ではなくWebページ（HTML）です。ログアウトしていないか確認し、もう一度出力してください。".to_owned()
        }
        Fault::NotATable { looks_like } => {
            format!("表のファイルではありません（内容は{looks_like}のようです）。CSV または xlsx で出力してください。")
        }
        Fault::Workbook { why } => {
            format!("Excelブックを読み取れません：{}。元の画面からもう一度出力してください。", workbook_ja(why))
        }
        Fault::Undecodable { encoding, byte, found } => format!(
            "文字コード{encoding}として読めない文字があります（ファイル先頭から{byte}バイト目、値 {found}）。もう一度ダウンロードしたファイルを、Excelで開かずに置いてください。出力元で選べる場合は、CSV UTF-8 を選んでください。"
        ),
        Fault::ControlCharacter { code } => format!(
            "使用できない制御文字（U+{code:04X}）があります。もう一度ダウンロードしたファイルを、Excelで開かずに置いてください。出力元で選べる場合は、CSV UTF-8 を選んでください。"
        ),
        Fault::Quoting => {
            "引用符（\"）の対応が正しくないため、行の区切りを確定できません。元の画面からもう一度出力してください。".to_owned()
        }
        Fault::FieldCount { expected, found } => format!(
            "項目の数が見出しと異なります（見つかった数{found}、期待する数{expected}）。手で編集していないか確認し、もう一度出力してください。"
        ),
        Fault::Limit { what, limit } => {
            let advice = match *what {
                "field" => "この値を確認し、もう一度出力してください。",
                "columns" | "sheet columns" => "不要な列を除いて出力してください。",
                _ => "期間を分けて出力してください。",
            };
            format!("{}が上限（{limit}）を超えています。{advice}", limit_ja(what))
        }
        Fault::NoLayout { nearest: Some(nearest), missing, found, similar } => format!(
            "どのレイアウトにも当てはまりません。最も近いのは{}で、不足しているのは「{}」、見つかった見出しは「{}」です。{}出力の種類を確認するか、レイアウトに別名を追加してください。",
            layout_named(Language::Ja, nearest),
            list(missing, "、"),
            list(found, "、"),
            renamed(similar, |missing, found| format!("「{found}」は「{missing}」の名前が変わったものかもしれません。"))
        ),
        // Not what stands there: without a heading it is a row, of a guest perhaps (FAULTS G07).
        Fault::NoLayout { nearest: None, found, .. } => format!(
            "どのレイアウトにも当てはまりません。1行目の{}項目に、既知の見出しが1つもありません。見出し行のある出力か確認してください。",
            found.len()
        ),
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
        Fault::Amount { found } if is_signed(found) => format!(
            "金額「{}」に符号があります。金額は符号のない円の整数とし、売上か返金かは取引状態で判断します。元の値を確認してください。",
            shown(found)
        ),
        Fault::Amount { found } if is_two_amounts(found) => format!(
            "金額「{}」の「.」が小数点か桁区切りか判断できません。区切りのない円の整数（例 12000）か、「,」で区切った形（例 12,000）でもう一度出力してください。",
            shown(found)
        ),
        Fault::Amount { found } => format!(
            "金額「{}」を読めません。符号と小数のない円の整数（10桁まで、例 1,234）が必要です。元の値を確認してください。",
            shown(found)
        ),
        Fault::Date { found, expected } => {
            format!("日時「{}」を読めません。期待する形は {expected} です。元の値を確認してください。", shown(found))
        }
        Fault::AmbiguousDate { found, forms } => format!(
            "日時「{}」は、レイアウトの date_forms の読み方（{}）によって異なる日になります。出力元の形を確認し、date_forms に正しいほうだけを残してください。",
            shown(found),
            list(forms, "、")
        ),
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
        Fault::LostZeros { found, other, file: None, line } => format!(
            "番号「{}」は、{line}行目の「{}」と先頭の0だけが異なります。Excelで先頭の0が失われたと思われ、どちらも取り込みません。Excelで開かずに、もう一度出力したファイルを置いてください。",
            shown(found),
            shown(other)
        ),
        Fault::LostZeros { found, other, file: Some(file), line } if found.len() < other.len() => format!(
            "番号「{}」は、取り込み済みの「{}」（{} {line}行目）と先頭の0だけが異なります。Excelで先頭の0が失われたと思われます。Excelで開かずに、もう一度出力したファイルを置いてください。",
            shown(found),
            shown(other),
            shown(file)
        ),
        Fault::LostZeros { found, other, file: Some(file), line } => format!(
            "番号「{}」は、取り込み済みの「{}」（{} {line}行目）と先頭の0だけが異なります。両方を取り込むと1件の取引を2件と数えるおそれがあります。元の画面で番号を確認し、取り込み済みの番号が誤りであれば、archive からそのファイルを除き、データベースを別の場所へ移してから totsugo ingest archive で作り直してください。",
            shown(found),
            shown(other),
            shown(file)
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
