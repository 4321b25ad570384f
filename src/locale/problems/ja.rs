//! What is wrong with an input, in Japanese.

use super::{is_signed, is_two_amounts, list, shown, work_states};
use crate::domain::intake::{Fault, Kind};
use crate::locale::reading::{keep_within, measure, workbook};
use crate::locale::{Language, foreign};

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
        Fault::Amount { found, .. } if is_two_amounts(found) => format!(
            "金額「{}」の「.」が小数点か桁区切りか判断できません。区切りのない円の整数（例 12000）か、「,」で区切った形（例 12,000）でもう一度出力してください。",
            shown(found)
        ),
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
