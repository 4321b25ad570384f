//! Words of the workbook: sheet names, column headings, labels (SPEC §6).

use super::{Language, Text};
use crate::domain::booking::State;
use crate::domain::dates::{Moment, Period};
use crate::domain::money::Yen;
use crate::domain::reconciliation::{Freshness, MatchKey, Operation, PaymentView, Rule, Wait};
use std::borrow::Cow;

macro_rules! words {
    ($($name:ident = $ja:literal / $en:literal;)*) => {
        $(#[doc = concat!("`", $ja, "` · `", $en, "`.")] pub const $name: Text = Text { ja: $ja, en: $en };)*
    };
}

words! {
    SUMMARY = "サマリー" / "Summary";
    SALES = "売上集計" / "Sales";
    EXCEPTIONS = "要確認" / "Exceptions";
    CANCELLATION = "取消期限" / "Cancellation";
    MATCHED = "突合明細" / "Matched";
    EXCLUDED = "対象外・待ち" / "Excluded";
    CHANGES = "変更点" / "Changes";
    PROOF = "検算" / "Proof";

    TITLE = "突合レポート" / "Reconciliation report";
    SHOP = "ショップ" / "Shop";
    PERIOD = "期間" / "Period";
    AS_OF = "基準日" / "As of";
    IN_YEN = "金額の単位: 円" / "Amounts in yen";
    REVISION = "版" / "Revision";
    PAYMENT_DATA = "GMO-PG 取引データの鮮度" / "Freshness of GMO-PG payments";
    BOOKING_DATA = "Bókun 予約データの鮮度" / "Freshness of Bókun bookings";
    NOT_ARRIVED = "未着" / "not arrived";
    NO_ROWS = "0件（ファイルあり）" / "no rows (file is in)";
    HELD_FILES = "保留中のファイル" / "Held files";
    HELD_WHY = "保留の理由" / "Reason";
    PREPARED = "作成" / "Prepared";
    REVIEWED = "確認" / "Reviewed";
    APPROVED = "承認" / "Approved";
    NET_BY_DAY = "日別の純売上" / "Net sales by day";
    FINDINGS_BY_KIND = "要確認の内訳" / "Exceptions by category";
    ABSOLUTE_DIFFERENCE = "差額（絶対値）" / "Difference (absolute)";
    TODAY = "今日やること（急ぐ順に3件まで）" / "To do today (the three most urgent)";
    NOTHING_TO_DO = "今日、対応が必要なものはありません。" / "There is nothing to do today.";
    NOTHING_LEFT = "残っているのは、対応済と記入されたもの、または催行済のものだけです。" / "All that is left is marked as done or has travelled.";
    CLOSING = "期限間近" / "Closing";
    KEY_OF_ITEM = "予約番号・オーダーID" / "Booking or Order ID";
    TREND = "推移（週ごと）" / "Weekly trend";
    TREND_DAYS = "推移の基準日:" / "Trend as of:";
    MARKED_DONE = "うち「対応済」の記入あり" / "of which marked as done";
    OLDEST = "最長経過営業日" / "Oldest (business days)";
    WINDOWS_BY_RISK = "取消期限の内訳" / "Windows by risk";
    TRAVELS_AFTER = "安全期限より後に出発する有効な予約" / "Departing after the safe day (live)";
    CLEARED = "前回以降に解消した所見" / "Cleared since the last report";
    PROOF_OK = "✓ すべての検算が一致しています" / "✓ All equations balance";
    PROOF_BAD = "✗ 検算が一致しません" / "✗ Equations do not balance";
    SHEETS = "シート" / "Sheets";
    NONE = "該当なし" / "none";
    MATCHED_LEFT_OUT = "突合明細は添付サイズの都合で省略しています。完全版は出力フォルダーにあります。" / "The Matched sheet is left out to keep the attachment small; the full workbook is in the reports folder.";

    BY_DAY = "日別" / "By day";
    EARLIER = "前期間の修正" / "Earlier period";
    SALES_TOTAL = "売上合計" / "Sales total";
    CHANGE = "増減" / "Change";
    BY_MONTH = "月別" / "By month";
    BY_STATUS = "取引状態別" / "By payment status";
    BY_METHOD = "決済方法別" / "By payment method";
    BY_PRODUCT = "商品別" / "By product";
    DAY = "日付" / "Date";
    MONTH = "月" / "Month";
    COUNT = "件数" / "Count";
    GROSS = "総額" / "Gross";
    REFUNDS = "返金" / "Refunds";
    NET = "純額" / "Net";
    TOTAL = "合計" / "Total";
    SHEET_TOTAL = "合計（本シート分）" / "Total (this sheet)";
    NO_PRODUCT = "（予約なし・商品不明）" / "(no booking, product unknown)";
    NOT_STATED = "（記載なし）" / "(not stated)";

    FINDING_ID = "所見ID" / "Finding ID";
    CATEGORY = "区分" / "Category";
    SEVERITY = "重要度" / "Severity";
    FIRST_SEEN = "初出日" / "First seen";
    AGE = "経過営業日" / "Business days open";
    BOOKING = "予約番号" / "Booking no.";
    ORDER_ID = "オーダーID" / "Order ID";
    PAYMENT_STATUS = "取引状態" / "Payment status";
    BOOKING_STATUS = "予約状態" / "Booking status";
    SALE_DATE = "決済日" / "Settlement date";
    START = "出発日" / "Departure date";
    GMO_YEN = "GMO金額" / "GMO amount";
    BOOKING_YEN = "予約金額" / "Booking amount";
    DIFFERENCE = "差額" / "Difference";
    DEADLINE = "取消期限" / "Cancel by";
    DAYS_LEFT = "残日数" / "Days left";
    REASON = "理由" / "Reason";
    NEXT_STEP = "次の対応" / "Next step";
    WORK_STATE = "対応状況" / "Work status";
    ASSIGNEE = "担当" / "Assignee";
    MEMO = "メモ" / "Memo";
    SOURCE = "出典" / "Source";
    CUSTOMER = "お客様名" / "Customer";
    RISK = "リスク" / "Risk";
    SAFE_DAY = "安全期限" / "Last safe day";
    LAST_DAY = "最終期限" / "Last possible day";
    BALANCE = "残高" / "Balance held";
    OPERATION = "可能な操作" / "Available operation";
    KEY = "照合キー" / "Match key";
    PRODUCT = "商品名" / "Product";
    METHOD = "決済方法" / "Payment method";
    KIND = "種別" / "Type";
    RULE = "規則" / "Rule";
    AMOUNT = "金額" / "Amount";
    PAYMENT = "取引" / "Payment";
    BOOKING_ITEM = "予約" / "Booking";
    AWAITING = "待ち" / "Awaiting";
    ITEM = "項目" / "Item";
    BEFORE = "変更前" / "Before";
    AFTER = "変更後" / "After";
    ABSENT = "（なし）" / "(none)";
    CARRIED = "【繰越】" / "[Carried] ";

    FILES = "読み込んだファイル" / "Files read";
    FILE = "ファイル" / "File";
    DIGEST = "ダイジェスト（SHA-256）" / "Digest (SHA-256)";
    LAYOUT = "レイアウト" / "Layout";
    COVERS_FROM = "対象期間（自）" / "Covers from";
    COVERS_TO = "対象期間（至）" / "Covers to";
    READ = "読込行" / "Rows read";
    NEW = "新規" / "New";
    UPDATE = "更新" / "Update";
    SAME = "同一" / "Same";
    STALE = "旧データ" / "Stale";
    CONFLICT = "矛盾" / "Conflict";
    LEFT_OUT = "対象外" / "Excluded";
    REJECTED = "不良" / "Rejected";
    YEN = "金額（円）" / "Amount (yen)";
    EQUATIONS = "検算式" / "Balance equations";
    BALANCE_NOTE = "残高は取引が現在保持している金額、売上純額は期間内の入出金です。後の期間の返金などで異なることがあります。" / "What payments hold now may differ from net sales, which are the money events of the period: refunds of a later period.";
    EQUATION = "検算" / "Equation";
    LEFT = "左辺" / "Left";
    RIGHT = "右辺" / "Right";
    AGREES = "一致" / "Agrees";
    ROWS_WRITTEN = "出力した行数" / "Rows written";

    CHOOSE = "一覧から選んでください。" / "Please choose from the list.";
    BACK = "← サマリー" / "← Summary";
    GAP = "　" / "  ";
    CUT = "…（以下省略）" / "… (cut)";
}

/// 対応状況: the words of the drop-down, the first one standing for an empty note (SPEC §5.7).
pub const WORK_STATES: [Text; 4] = [
    Text { ja: "未対応", en: "Open" },
    Text { ja: "対応中", en: "In progress" },
    Text { ja: "対応済", en: "Done" },
    Text { ja: "様子見", en: "Watching" },
];

/// 対応済 as it is kept.
pub const DONE: &str = WORK_STATES[2].ja;

/// The word of the drop-down that `written` stands for in either language; unknown words stay as they are.
pub fn work_state(language: Language, written: &str) -> &str {
    if written.is_empty() {
        return WORK_STATES[0].of(language);
    }
    let same = |state: &&Text| state.ja == written || state.en == written;
    WORK_STATES.iter().find(same).map_or(written, |state| state.of(language))
}

/// 対応状況 as it is kept, whichever language it was written in: the Japanese word, empty for 未対応; `None` where it is
/// none of the drop-down's words.
pub fn kept_work_state(written: &str) -> Option<&'static str> {
    if written.is_empty() || written == WORK_STATES[0].ja || written.eq_ignore_ascii_case(WORK_STATES[0].en) {
        return Some("");
    }
    let same = |state: &&Text| state.ja == written || state.en.eq_ignore_ascii_case(written);
    WORK_STATES.iter().find(same).map(|state| state.ja)
}

/// What GMO would apply today.
pub const fn operation(language: Language, operation: Operation) -> &'static str {
    let text = match operation {
        Operation::Void => Text { ja: "取消", en: "Void (VOID)" },
        Operation::Return => Text { ja: "返品", en: "Return (RETURN)" },
        Operation::CrossMonthReturn => Text { ja: "月跨り返品", en: "Cross-month return (RETURNX)" },
        Operation::Closed => Text { ja: "不可（期限切れ）", en: "None (window closed)" },
    };
    text.of(language)
}

/// The key that matched a payment.
pub const fn match_key(language: Language, key: MatchKey) -> &'static str {
    let text = match key {
        MatchKey::TransactionId => Text { ja: "取引ID", en: "Transaction ID" },
        MatchKey::CartDigits => Text { ja: "予約番号", en: "Cart code" },
        MatchKey::ProductDigits => Text { ja: "商品予約番号", en: "Product code" },
    };
    text.of(language)
}

/// The state of a booking.
pub const fn state(language: Language, state: State) -> &'static str {
    let text = match state {
        State::Live => Text { ja: "有効", en: "live" },
        State::Waiting => Text { ja: "確定待ち", en: "waiting" },
        State::Cancelled => Text { ja: "取消済", en: "cancelled" },
        State::Dead => Text { ja: "不成立", en: "dead" },
    };
    text.of(language)
}

/// 取引状態: GMO's own word, and what is not known of a sale that no file showed (SPEC §5.2 rule 4).
pub fn payment_status(language: Language, payment: &PaymentView) -> Cow<'_, str> {
    match sale_unseen(language, payment.sale_date_estimated, payment.sale_not_seen) {
        None => Cow::Borrowed(&*payment.status),
        Some(mark) => Cow::Owned(match language {
            Language::Ja => format!("{}（{mark}）", payment.status),
            Language::En => format!("{} ({mark})", payment.status),
        }),
    }
}

/// What is not known of a payment's sale: its date, or the sale itself.
pub const fn sale_unseen(language: Language, is_estimated: bool, is_not_seen: bool) -> Option<&'static str> {
    let text = match (is_estimated, is_not_seen) {
        (true, _) => Text { ja: "決済日は推定", en: "settlement date estimated" },
        (_, true) => Text { ja: "売上の記録なし", en: "sale not seen" },
        (false, false) => return None,
    };
    Some(text.of(language))
}

/// What stands between the Order IDs of one cell: each has its line unless they are many.
pub const fn between_orders(count: usize) -> &'static str {
    if count > 24 { ", " } else { "\n" }
}

/// 予約状態: how the report takes it, and Bókun's own word.
pub fn booking_status(language: Language, taken: State, written: &str) -> String {
    if written.is_empty() {
        return state(language, taken).to_owned();
    }
    match language {
        Language::Ja => format!("{} ({written})", state(language, taken)),
        Language::En => written.to_owned(),
    }
}

/// A period as people write it.
pub fn period(language: Language, period: Period) -> String {
    if period.from() == period.to() {
        return period.from().to_string();
    }
    let between = Text { ja: "〜", en: "to" }.of(language);
    format!("{} {between} {}", period.from(), period.to())
}

/// A layout that comes with the program by its name; others by the one they were given.
pub fn layout(language: Language, layout: &str) -> &str {
    let text = match layout {
        "gmo-torihiki-shukei" => Text { ja: "GMO 取引集計", en: "GMO payments" },
        "bokun-bookings" => Text { ja: "Bókun 予約一覧", en: "Bókun bookings" },
        "bokun-payments" => Text { ja: "Bókun 支払一覧", en: "Bókun payments" },
        "totsugo-workbook" => Text { ja: "突合レポート", en: "Reconciliation report" },
        "totsugo-bookings" => Text { ja: "予約一覧（標準）", en: "Bookings, own form" },
        other => return other,
    };
    text.of(language)
}

/// Why an item is out: the words, then the rule's name as in JSON; a shop's own rule by its name alone.
pub fn rule(language: Language, rule: &Rule) -> String {
    let text = match rule {
        Rule::NoMoney => Text { ja: "入金なし", en: "No money moved" },
        Rule::Returned => Text { ja: "全額返金済・予約なし", en: "Fully returned, no booking" },
        Rule::Free => Text { ja: "無料", en: "Free of charge" },
        Rule::NotWebPayment => Text { ja: "カード以外の支払い", en: "Not paid on the web" },
        Rule::NotPaid => Text { ja: "未払い", en: "Not paid" },
        Rule::CancelledUnpaid => Text { ja: "未払いのまま取消", en: "Cancelled, never paid" },
        Rule::Dead => Text { ja: "予約不成立", en: "Booking dead" },
        Rule::BeforeHistoryStart => Text { ja: "対象開始日より前", en: "Before the history start" },
        Rule::Shop(name) => return name.clone(),
    };
    format!("{} ({})", text.of(language), rule.as_str())
}

/// What an awaiting item waits for; data of the other side with the day it reaches.
pub fn wait(language: Language, wait: Wait, fresh: &Freshness) -> String {
    let up_to = |side: Text, newest: Option<Moment>| match (language, newest.map(Moment::day)) {
        (Language::Ja, Some(day)) => format!("{}は{day}まで", side.of(language)),
        (Language::Ja, None) => format!("{}が未着", side.of(language)),
        (Language::En, Some(day)) => format!("{} up to {day}", side.of(language)),
        (Language::En, None) => format!("no {}", side.of(language)),
    };
    let what = match wait {
        Wait::Confirmation => Text { ja: "予約の確定", en: "booking not confirmed" }.of(language).to_owned(),
        Wait::Grace => Text { ja: "猶予期間内", en: "within the grace period" }.of(language).to_owned(),
        Wait::Bookings => up_to(Text { ja: "予約データ", en: "booking data" }, fresh.bookings),
        Wait::Payments => up_to(Text { ja: "取引データ", en: "payment data" }, fresh.payments),
    };
    match language {
        Language::Ja => format!("{}（{what}）", AWAITING.of(language)),
        Language::En => format!("{} ({what})", AWAITING.of(language)),
    }
}

/// That so many files are held, and where they are listed.
pub fn held_files(language: Language, count: usize) -> String {
    match (language, count) {
        (Language::Ja, n) => format!("{n}件（集計に入っていません。下の一覧をご覧ください）"),
        (Language::En, 1) => "1 file, not counted in the figures: listed below".to_owned(),
        (Language::En, n) => format!("{n} files, not counted in the figures: listed below"),
    }
}

/// What of the urgent is not shown: findings, and windows without one.
pub fn more_to_do(language: Language, findings: usize, windows: usize) -> String {
    let (of_findings, of_windows) = (number(findings), number(windows));
    let (exceptions, cancellation) = (EXCEPTIONS.of(language), CANCELLATION.of(language));
    let parts = match language {
        Language::Ja => {
            [format!("「{exceptions}」に{of_findings}件"), format!("「{cancellation}」だけに載るものが{of_windows}件")]
        }
        Language::En => [
            format!("{of_findings} on the sheet {exceptions}"),
            format!("{of_windows} on the sheet {cancellation} alone"),
        ],
    };
    let parts = parts.into_iter().zip([findings, windows]).filter(|(_, count)| *count > 0);
    let parts: Vec<String> = parts.map(|(part, _)| part).collect();
    match language {
        Language::Ja => format!("ほか{}あります", parts.join("、")),
        Language::En => format!("More: {}", parts.join(", ")),
    }
}

/// A count as people read it, e.g. `3,000`.
pub fn number(count: usize) -> String {
    i64::try_from(count).map_or_else(|_| count.to_string(), |count| Yen::new(count).to_string())
}

/// An amount as people read it: `¥1,234`, `-¥1,234`.
pub fn yen(amount: Yen) -> String {
    let (sign, magnitude) = if amount < Yen::ZERO { ("-", -amount) } else { ("", amount) };
    format!("{sign}¥{magnitude}")
}

/// Number of items, as a heading line says it.
pub fn items(language: Language, count: usize) -> String {
    match (language, count) {
        (_, 0) => NONE.of(language).to_owned(),
        (Language::Ja, n) => format!("{}件", number(n)),
        (Language::En, 1) => "1 item".to_owned(),
        (Language::En, n) => format!("{} items", number(n)),
    }
}

/// Why the totals of 突合明細 differ.
pub fn part_paid(language: Language, bookings: usize, yen: Yen) -> String {
    match language {
        Language::Ja => format!("予約金額との差 {yen}円は、内金（DEPOSIT）で残金のある予約{bookings}件の分です"),
        Language::En => format!(
            "The difference of ¥{yen} to the bookings is what {bookings} part-paid (DEPOSIT) booking{} still to pay",
            if bookings == 1 { " has" } else { "s have" }
        ),
    }
}

/// The horizon of the cancellation list.
pub fn within_days(language: Language, days: i32) -> String {
    match language {
        Language::Ja => format!("残{days}日以内"),
        Language::En => format!("within {days} days"),
    }
}

/// How far payments reach where whatever came later is 未着 (FAULTS A20).
pub fn data_up_to(language: Language, newest: Moment) -> String {
    match language {
        Language::Ja => format!("{newest} まで（以降は未着）"),
        Language::En => format!("data up to {newest}, nothing later has arrived"),
    }
}

/// A row that was rejected, by the sentence that says why.
pub fn rejected_row(language: Language, sentence: &str) -> String {
    format!("{}: {sentence}", Text { ja: "不良行", en: "Rejected row" }.of(language))
}

/// Rows that a file's sheet hides (FAULTS P15).
pub fn hidden_rows(language: Language, name: &str, rows: u64) -> String {
    match language {
        Language::Ja => format!("{name}: 非表示の行（フィルターを含む）が{rows}行あり、すべて読み込みました。"),
        Language::En => format!("{name}: its sheet hides {rows} rows (filters too); all of them were read."),
    }
}

/// Headings in one sentence: the first dozen, each cut where it is long.
pub fn headings<'h>(language: Language, all: impl ExactSizeIterator<Item = &'h str>) -> String {
    let more = all.len() > 12;
    let mut shown: Vec<String> = all.take(12).map(|heading| heading.chars().take(60).collect()).collect();
    if more {
        shown.push("…".to_owned());
    }
    shown.join(match language {
        Language::Ja => "、",
        Language::En => ", ",
    })
}

/// A file, and how many others.
pub fn and_more(language: Language, name: &str, others: usize) -> String {
    match (language, others) {
        (_, 0) => name.to_owned(),
        (Language::Ja, _) => format!("{name} ほか{others}件"),
        (Language::En, _) => format!("{name} and {others} more"),
    }
}

/// Columns that a layout does not know (FAULTS P03).
pub fn unknown_columns(language: Language, headings: &str, files: &str) -> String {
    match language {
        Language::Ja => format!("{files}: レイアウトにない列（{headings}）は読み飛ばしました。"),
        Language::En => format!("{files}: columns that the layout does not know were ignored: {headings}."),
    }
}

/// Secret columns of which nothing was read (FAULTS N18).
pub fn dropped_columns(language: Language, headings: &str, files: &str) -> String {
    match language {
        Language::Ja => format!(
            "{files}: 秘密の列（{headings}）は読み込んでいません。出力元の設定で、この列を出力しないようにしてください。"
        ),
        Language::En => format!(
            "{files}: nothing of the secret columns was read: {headings}. Switch them off where the file is made."
        ),
    }
}
