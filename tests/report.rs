//! The workbook read back by other code (calamine), its figures and its JSON.

#![allow(clippy::expect_used, clippy::panic, clippy::wildcard_enum_match_arm, reason = "a test may stop")]

mod appearance;

use calamine::{Data, Reader, Xlsx};
use std::io::{Cursor, Read};
use std::sync::Arc;
use totsugo::domain::booking::State;
use totsugo::domain::dates::{Day, Moment, Period};
use totsugo::domain::delivery::MailWord;
use totsugo::domain::finding::{Code, FindingRecord, NoBooking, Note, Severity, finding_id};
use totsugo::domain::ids::{CartCode, OrderId, ShopId};
use totsugo::domain::intake::{Outcome, RowCounts, Source};
use totsugo::domain::money::Yen;
use totsugo::domain::reconciliation::*;
use totsugo::locale::Language;
use totsugo::locale::findings::{next_step, reason};
use totsugo::locale::sheets::more_to_do;
use totsugo::locale::verdict::{nothing_found_yet, verdict};
use totsugo::report::figures::{Change, Figures, figures};
use totsugo::report::json::{FileJson, RunJson, SCHEMA, TimingsJson, shop_json};
use totsugo::report::{Edition, file_name, workbook};

const SHOP: &str = "9200000000001";

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn at(text: &str) -> Moment {
    Moment::new(day(text), 12, 34, 56).expect("a moment")
}

fn source(line: u32) -> Source {
    Source { file: Arc::from("GMO取引集計_20261123.csv"), line }
}

fn window(sale: &str, as_of: &str) -> Window {
    let sale_date = day(sale);
    let last_safe_day = sale_date.plus(364);
    let days_left = last_safe_day.since(day(as_of));
    let operation = if days_left < -1 { Operation::Closed } else { Operation::CrossMonthReturn };
    Window { sale_date, last_safe_day, last_possible_day: sale_date.plus(365), days_left, operation }
}

fn payment(order: &str, held: i64, line: u32) -> PaymentView {
    PaymentView {
        order_id: OrderId::new(order),
        key: Some(MatchKey::CartDigits),
        status: Arc::from("即時売上"),
        newest_at: at("2026-11-10"),
        sale_date: Some(day("2026-11-10")),
        sale_date_estimated: false,
        sale_not_seen: false,
        held: Yen::new(held),
        observed: Yen::new(held),
        method: Arc::from("クレジットカード"),
        booking_ref: Arc::from("1102481"),
        source: source(line),
        in_period: true,
    }
}

/// Each of `payments`, taken on the day `sale`, as it looks on 2026-11-23.
fn holdings(payments: &[PaymentView], sale: &str) -> Vec<Holding> {
    let window = window(sale, "2026-11-23");
    let holding = |p: &PaymentView| Holding { order_id: p.order_id.clone(), held: p.held, window, is_returning: false };
    payments.iter().map(holding).collect()
}

fn booking(cart: &str, expected: i64) -> BookingView {
    BookingView {
        listed: Box::default(),
        cart: CartCode::new(cart),
        state: State::Live,
        status: "CONFIRMED".into(),
        expected: Yen::new(expected),
        foreign: None,
        products: "富士山一周サイクリング（E-BIKE・ガイド付き）".into(),
        customer: Arc::from("山田 太郎"),
        created_at: at("2026-11-09"),
        start: Some(day("2026-12-20")),
        source: Source { file: Arc::from("bookings.xlsx"), line: 7 },
        in_period: true,
    }
}

fn group(payments: Vec<PaymentView>, booking: Option<BookingView>) -> MatchGroup {
    let actual = payments.iter().map(|p| p.held).sum();
    MatchGroup { payments, booking, actual }
}

fn empty() -> Reconciliation {
    let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
    let by_day = (0..22).map(|n| (day("2026-11-01").plus(n), Totals::default())).collect();
    Reconciliation {
        shop: ShopId::new(SHOP),
        shop_name: "富士山サイクリングツアー".to_owned(),
        period,
        as_of: day("2026-11-23"),
        sales: Sales { by_day, ..Sales::default() },
        matched: Vec::new(),
        findings: Vec::new(),
        cancellation: Vec::new(),
        travels_after_window: 0,
        awaiting: Vec::new(),
        excluded: Vec::new(),
        freshness: Freshness {
            payments: Some(at("2026-11-22")),
            bookings: Some(at("2026-11-22")),
            ..Freshness::default()
        },
        checks: vec![
            Check { name: "rows_read".to_owned(), left: 120, right: 120, parts: Vec::new() },
            Check { name: "sales_yen".to_owned(), left: 0, right: 0, parts: Vec::new() },
        ],
        cleared: Vec::new(),
        trend: Trend::default(),
    }
}

fn said(label: &str, amount: i64) -> Said {
    Said { order_id: OrderId::new("000012345600"), label: Arc::from(label), amount: Yen::new(amount) }
}

fn reason_of(code: Code) -> Reason {
    match code {
        Code::UnknownStatus => Reason::Unknown(vec![(said("利用承諾", 18_000), None)]),
        Code::ObservationConflict => Reason::Conflict(vec![said("即時売上", 9_000), said("即時売上", 12_000)]),
        Code::PaymentWithoutBooking => Reason::NoBooking(NoBooking::NotAmongBookings),
        Code::KeyConflict => {
            Reason::Keys { by_transaction: CartCode::new("MZ1102481"), by_digits: CartCode::new("MZ1102482") }
        }
        Code::AmbiguousBooking => Reason::Candidates(vec![CartCode::new("MZ77"), CartCode::new("REY77")]),
        Code::CurrencyMismatch => Reason::Currency(Arc::from("USD")),
        _ => Reason::Plain,
    }
}

/// Every code, every risk, hostile strings.
fn rich() -> Reconciliation {
    let mut r = empty();
    for (n, code) in Code::ALL.iter().copied().enumerate() {
        let line = u32::try_from(n).expect("few") + 2;
        let cart = format!("MZ{}", 1_102_481 + n);
        let view = (code != Code::PaymentWithoutBooking).then(|| booking(&cart, 10_000));
        let mut payments = vec![payment(&format!("0000123456{n:02}"), 12_000 - 150 * i64::from(line), line)];
        if code == Code::DuplicatePayment {
            payments.push(payment("000012345699", 12_000, 90));
        }
        let severity = [Severity::Critical, Severity::High, Severity::Normal][n % 3];
        let with_window = matches!(code, Code::CancelledNotRefunded | Code::PaidButDead | Code::DuplicatePayment);
        r.findings.push(Finding {
            id: finding_id(&r.shop, &cart, code),
            code,
            severity,
            key: cart,
            reason: reason_of(code),
            window: with_window.then(|| window("2025-12-02", "2026-11-23")),
            holdings: if with_window { holdings(&payments, "2025-12-02") } else { Vec::new() },
            group: group(payments, view),
            suggestion: (code == Code::PaymentWithoutBooking).then(|| Suggestion {
                other: "MZ1102499".to_owned(),
                amount: Yen::new(12_000),
                day: day("2026-11-09"),
                state: Some(State::Live),
            }),
            carried: n % 4 == 0,
            first_seen: day("2026-11-12"),
            age_business_days: line,
            note: if n == 1 {
                Note {
                    state: "対応中".to_owned(),
                    assignee: "佐藤".to_owned(),
                    text: "=HYPERLINK(\"http://x\")".to_owned(),
                }
            } else {
                Note::default()
            },
        });
    }
    for n in 0..40_i64 {
        let mut view = booking(&format!("REY{n}"), 8_800 + n);
        if n == 3 {
            view.products = "=1+1".into();
            view.customer = Arc::from("@SUM(A1)");
        }
        if n == 4 {
            view.products = "a\u{1}b]]>\u{ffff}&<\t".into();
        }
        r.matched.push(group(vec![payment(&format!("-{n}"), 8_800 + n, 300)], Some(view)));
    }
    for (n, risk) in Risk::ALL.iter().copied().enumerate() {
        let days = format!("2025-12-{:02}", n + 1);
        r.cancellation.push(Expiring {
            risk,
            window: window(&days, "2026-11-23"),
            payment: payment(&format!("C{n}"), 30_000, 50),
            booking: (risk != Risk::NoBooking).then(|| booking("GET-1", 30_000)),
        });
    }
    let rules = [Rule::NoMoney, Rule::Shop("agency".to_owned())];
    for cause in std::iter::once(Cause::Wait(Wait::Grace)).chain(rules.map(Cause::Rule)) {
        let list = if matches!(cause, Cause::Wait(_)) { &mut r.awaiting } else { &mut r.excluded };
        list.push(RestItem { item: Item::Payment(payment("E1", 500, 60)), cause: cause.clone() });
        list.push(RestItem { item: Item::Booking(booking("MZ9", 700)), cause });
    }
    for (n, (_, totals)) in r.sales.by_day.iter_mut().enumerate() {
        let n = i64::try_from(n).expect("few");
        *totals =
            Totals { count: 3, gross: Yen::new(50_000 + 3_000 * (n * 7 % 11)), refunds: Yen::new(-900 * (n % 3)) };
    }
    let gross: Yen = r.sales.by_day.iter().map(|(_, t)| t.gross).sum();
    let refunds: Yen = r.sales.by_day.iter().map(|(_, t)| t.refunds).sum();
    r.sales.total = Totals { count: 66, gross, refunds };
    r.sales.by_month = vec![("2026-11".to_owned(), r.sales.total)];
    r.sales.by_status = vec![("即時売上".to_owned(), r.sales.total)];
    r.sales.by_method = vec![("クレジットカード".to_owned(), r.sales.total)];
    r.sales.by_product = vec![(String::new(), r.sales.total)];
    r.travels_after_window = 4;
    r.trend.days = vec![day("2026-11-09"), day("2026-11-16"), day("2026-11-23")];
    r.trend.open = Code::ALL.iter().map(|code| (*code, vec![0, 2, 1])).collect();
    r
}

fn files() -> Vec<FileSummary> {
    let rows = RowCounts { read: 120, new: 100, update: 10, same: 5, stale: 2, conflict: 1, excluded: 2, rejected: 0 };
    let digest = "3f2a".repeat(16);
    let covers = Some((day("2026-11-01"), day("2026-11-22")));
    let layout = "gmo-torihiki-shukei".to_owned();
    vec![FileSummary {
        rejected: Vec::new(),
        name: "GMO取引集計_20261123.csv".to_owned(),
        layout,
        digest,
        rows,
        hidden_rows: 2,
        unknown_columns: Vec::new(),
        dropped_columns: Vec::new(),
        yen: Yen::new(1_234_567),
        covers,
    }]
}

fn edition<'a>(r: &'a Reconciliation, files: &'a [FileSummary], language: Language) -> Edition<'a> {
    Edition {
        language,
        reconciliation: r,
        revision: 2,
        files,
        held: &[],
        changes: &[],
        with_customer: false,
        with_matched: true,
        installation: "demo",
        expiring_within_days: 30,
    }
}

fn open(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("opens")
}

#[expect(clippy::disallowed_methods, reason = "a small workbook of our own")]
fn grid(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Vec<Vec<Data>> {
    let range = book.worksheet_range(sheet).expect("sheet");
    let last = range.end().expect("cells");
    (0..=last.0)
        .map(|row| (0..=last.1).map(|column| range.get_value((row, column)).cloned().unwrap_or(Data::Empty)).collect())
        .collect()
}

fn look(name: &str, bytes: &[u8]) {
    if let Ok(folder) = std::env::var("TOTSUGO_LOOK") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).expect("written");
    }
}

#[test]
fn headings_types_and_cached_totals_are_as_promised() {
    let (r, files) = (rich(), files());
    let changes = [
        Change { item: "sales.net".to_owned(), before: Some("100".to_owned()), after: Some("90".to_owned()) },
        Change {
            item: "finding.F-1A2B3C4D".to_owned(),
            before: None,
            after: Some("amount_mismatch O1:即時売上:¥9 + MZ1:live:¥8".to_owned()),
        },
    ];
    let held = [HeldSummary {
        name: "壊れた.csv".to_owned(),
        reason: "12行目の項目数が見出しと異なります。".to_owned(),
    }];
    let edition = Edition { changes: &changes, held: &held, ..edition(&r, &files, Language::Ja) };
    let bytes = workbook(&edition).expect("written");
    let proof = grid(&mut open(bytes.clone()), "検算");
    let hidden = proof.iter().flatten().filter(|cell| cell.to_string().contains("非表示の行（フィルターを含む）が2行"));
    assert_eq!(hidden.count(), 1, "P15");
    look("rich-ja.xlsx", &bytes);
    assert_eq!(bytes, workbook(&edition).expect("written"), "X09: same edition, same bytes");
    let mut book = open(bytes);
    assert_eq!(
        book.sheet_names(),
        ["サマリー", "売上集計", "要確認", "取消期限", "突合明細", "対象外・待ち", "変更点", "検算"]
    );
    let rows = grid(&mut book, "要確認");
    let headings: Vec<String> = rows[3].iter().map(ToString::to_string).collect();
    assert_eq!(
        headings.join(","),
        "所見ID,区分,重要度,初出日,経過営業日,予約番号,オーダーID,取引状態,予約状態,決済日,出発日,GMO金額,予約金額,差額,\
         取消期限,残日数,理由,次の対応,対応状況,担当,メモ,出典"
    );
    assert_eq!(rows.len(), 4 + Code::ALL.len());
    let first = &rows[4];
    assert!(matches!(&first[0], Data::String(id) if id.starts_with("F-")));
    assert_eq!(first[6], Data::String("000012345600".to_owned()), "X03: IDs are text");
    assert!(matches!(first[3], Data::DateTime(_)) && matches!(first[9], Data::DateTime(_)));
    assert_eq!(first[18], Data::String("未対応".to_owned()));
    assert_eq!(rows[5][20], Data::String("=HYPERLINK(\"http://x\")".to_owned()), "X02");
    let sum: Yen = r.findings.iter().map(|f| f.group.actual).sum();
    assert_eq!(rows[2][11].to_string(), sum.get().to_string(), "X10: cached totals");
    let formulas = book.worksheet_formula("要確認").expect("formulas");
    assert!(formulas.used_cells().all(|(_, _, f)| f.is_empty() || f.starts_with("SUBTOTAL(109,")), "X02");

    let rows = grid(&mut book, "突合明細");
    let headings: Vec<String> = rows[3].iter().map(ToString::to_string).collect();
    assert_eq!(
        headings.join(","),
        "決済日,オーダーID,予約番号,照合キー,取引状態,予約状態,GMO金額,予約金額,商品名,出発日,決済方法,出典"
    );
    assert_eq!(rows[7][8], Data::String("=1+1".to_owned()), "X02");
    assert_eq!(rows[7][1], Data::String("-3".to_owned()));
    assert!(rows[8][8].to_string().contains("b]]>\u{fffd}&<"), "X06: {:?}", rows[8][8]);
    let matched: Yen = r.matched.iter().map(|g| g.actual).sum();
    assert_eq!(rows[2][6].to_string(), matched.get().to_string());

    let rows = grid(&mut book, "取消期限");
    let headings: Vec<String> = rows[3].iter().map(ToString::to_string).collect();
    assert_eq!(
        headings.join(","),
        "リスク,残日数,安全期限,最終期限,決済日,オーダーID,予約番号,予約状態,出発日,残高,可能な操作,出典"
    );
    assert_eq!(rows[2][9].to_string(), "150000");
    let rows = grid(&mut book, "対象外・待ち");
    let headings: Vec<String> = rows[3].iter().map(ToString::to_string).collect();
    assert_eq!(headings.join(","), "種別,規則,オーダーID,予約番号,日付,金額,出典");
    assert_eq!(rows.len(), 4 + 6);
    let rows = grid(&mut book, "検算");
    assert_eq!(rows[4][3], Data::String("✓".to_owned()));
    let rows = grid(&mut book, "売上集計");
    let net = r.sales.total.net().get().to_string();
    assert_eq!(rows[4 + 22][4].to_string(), net);
    let rows = grid(&mut book, "サマリー");
    let totals = rows.iter().find(|row| row[0] == *"合計").expect("the sales");
    assert_eq!(totals[4].to_string(), net);
    assert_eq!(rows[1][0].to_string(), "保留ファイル1件・要確認16件・期限間近5件");
}

#[test]
fn an_empty_shop_has_no_differences_in_both_languages() {
    let r = empty();
    for (language, clear, name) in
        [(Language::Ja, "差異なし", "empty-ja.xlsx"), (Language::En, "No differences", "empty-en.xlsx")]
    {
        let bytes = workbook(&edition(&r, &[], language)).expect("written");
        look(name, &bytes);
        let mut book = open(bytes);
        let first = book.sheet_names()[0].clone();
        assert_eq!(grid(&mut book, &first)[1][0].to_string(), clear);
        let exceptions = book.sheet_names()[2].clone();
        assert_eq!(grid(&mut book, &exceptions).len(), 4);
    }
    let missing = Reconciliation { freshness: Freshness::default(), ..empty() };
    assert_eq!(verdict(Language::Ja, &missing, 0), "取引データ未着・予約データ未着");
    let empty_file = Freshness { has_empty_payments: true, has_empty_bookings: true, ..Freshness::default() };
    let empty_file = Reconciliation { freshness: empty_file, ..empty() };
    assert_eq!(
        verdict(Language::Ja, &empty_file, 0),
        "取引データ0件（ファイルあり）・予約データ0件（ファイルあり）",
        "P06"
    );
    assert_eq!(
        verdict(Language::En, &empty_file, 0),
        "No rows of payments (file is in), no rows of bookings (file is in)"
    );
    let behind = Freshness {
        payments: Some(at("2026-11-20")),
        bookings: Some(at("2026-11-22")),
        is_behind: true,
        ..Freshness::default()
    };
    let behind = Reconciliation { freshness: behind, ..empty() };
    assert_eq!(verdict(Language::Ja, &behind, 0), "取引データ未着（11-20まで）", "A20: never 差異なし");
    assert_eq!(verdict(Language::En, &behind, 0), "Payments not arrived (data up to 11-20)");
    let item = |cause| RestItem { item: Item::Payment(payment("E1", 500, 60)), cause };
    let waits = |wait| Reconciliation { awaiting: vec![item(Cause::Wait(wait))], ..empty() };
    assert_eq!(verdict(Language::Ja, &waits(Wait::Grace), 0), "差異なし");
    assert_eq!(verdict(Language::Ja, &waits(Wait::Bookings), 0), "予約データ未着（11-22まで）", "R13: never 差異なし");
    assert_eq!(verdict(Language::En, &waits(Wait::Payments), 0), "Payments not arrived (data up to 11-22)");
    let yet =
        |r: &Reconciliation, held| [Language::Ja, Language::En].map(|language| nothing_found_yet(language, r, held));
    assert_eq!(
        yet(&missing, 0),
        [
            "所見はありませんが、結果は確定していません。上の「未着」をご確認ください。",
            "Nothing was found, but the result is not final: see what has not arrived above."
        ]
    );
    assert_eq!(
        yet(&empty_file, 1)[0],
        "所見はありませんが、結果は確定していません。上の「0件（ファイルあり）」と「保留中のファイル」をご確認ください。"
    );
    assert_eq!(more_to_do(Language::Ja, 5, 3), "ほか「要確認」に5件、「取消期限」だけに載るものが3件あります");
    assert_eq!(more_to_do(Language::En, 0, 3), "More: 3 on the sheet Cancellation alone");
    let mut unbalanced = empty();
    unbalanced.checks[0].left = 0;
    assert!(!verdict(Language::Ja, &unbalanced, 0).contains("差異なし"));
}

#[test]
fn english_and_customers_and_without_matched() {
    let (r, files) = (rich(), files());
    let with = Edition { with_customer: true, ..edition(&r, &files, Language::En) };
    let bytes = workbook(&with).expect("written");
    look("rich-en.xlsx", &bytes);
    let mut book = open(bytes);
    assert_eq!(book.sheet_names(), ["Summary", "Sales", "Exceptions", "Cancellation", "Matched", "Excluded", "Proof"]);
    let rows = grid(&mut book, "Matched");
    assert_eq!(rows[3][12].to_string(), "Customer");
    assert_eq!(rows[7][12], Data::String("@SUM(A1)".to_owned()), "X02");
    assert_eq!(grid(&mut book, "Exceptions")[5][18].to_string(), "In progress");
    let without = Edition { with_matched: false, ..edition(&r, &files, Language::Ja) };
    let mut book = open(workbook(&without).expect("written"));
    assert!(!book.sheet_names().contains(&"突合明細".to_owned()));
    let all: Vec<String> = book.sheet_names();
    for sheet in all {
        let rows = grid(&mut book, &sheet);
        assert!(rows.iter().flatten().all(|cell| !cell.to_string().contains("山田")), "guests only if configured");
    }
    assert_eq!(file_name(&r.shop, r.period, 2), "突合レポート_9200000000001_2026-11-01_2026-11-22_r2.xlsx");
}

#[test]
fn long_texts_are_cut_and_long_tables_are_streamed() {
    let mut r = empty();
    let mut long = booking("MZ1", 1);
    long.products = "🚲".repeat(20_000).into();
    r.matched = vec![group(vec![payment("O", 1, 1)], Some(booking("MZ2", 1))); 20_001];
    r.matched[0].booking = Some(long);
    let edition = edition(&r, &[], Language::Ja);
    let bytes = workbook(&edition).expect("written");
    let mut book = open(bytes);
    let rows = grid(&mut book, "突合明細");
    assert_eq!(rows.len(), 4 + 20_001);
    let text = rows[4][8].to_string();
    assert!(text.ends_with("（以下省略）") && text.encode_utf16().count() <= 32_767);
    assert_eq!(rows[2][6].to_string(), "20001");
}

#[test]
fn every_sentence_stands_and_the_model_sentence_is_word_for_word() {
    for finding in &rich().findings {
        for language in [Language::Ja, Language::En] {
            assert!(reason(language, finding).len() > 20 && next_step(language, finding).len() > 20);
        }
        assert!(next_step(Language::Ja, finding).ends_with('。') && !reason(Language::Ja, finding).contains("。。"));
        if finding.code == Code::CancelledNotRefunded {
            let mut whole = finding.clone();
            whole.group.booking = Some(booking("MZ1", 0));
            assert_eq!(
                next_step(Language::Ja, &whole),
                "GMO管理画面で返品し、Bókunの予約に記録してください（期限 2026-12-01、残8日）。"
            );
            whole.holdings = holdings(&whole.group.payments, "2025-11-01");
            assert!(next_step(Language::Ja, &whole).contains("を過ぎたため、カードには返金できません"));
        }
    }
}

#[test]
fn figures_know_facts_and_ignore_the_passing_of_days() {
    let before = rich();
    let mut later = rich();
    later.as_of = day("2026-11-24");
    for finding in &mut later.findings {
        finding.age_business_days += 1;
        finding.severity = Severity::Critical;
        if let Some(window) = &mut finding.window {
            window.days_left -= 1;
        }
    }
    assert_eq!(figures(&before).to_text(), figures(&later).to_text());
    later.sales.total.gross += Yen::new(1);
    later.findings.remove(0);
    let (old, new) = (figures(&before), figures(&later));
    let changes = old.changes(&new);
    let items: Vec<&str> = changes.iter().map(|c| c.item.as_str()).collect();
    let gone = format!("finding.{}", before.findings[0].id);
    assert_eq!(items, [gone.as_str(), "sales.gross", "sales.net"]);
    assert_eq!(changes[0].after, None);
    assert_eq!(Figures::from_text(&old.to_text()), old);
    let odd = Figures([("a\tb\n".to_owned(), "c\\t\n".to_owned()), ("x".to_owned(), String::new())].into());
    assert_eq!(Figures::from_text(&odd.to_text()), odd);
    for figures in [&old, &new, &odd] {
        let text = figures.to_text();
        let days = figures.0.iter().filter(|(item, _)| item.starts_with("sales.day."));
        let days = Figures(days.map(|(item, fact)| (item.clone(), fact.clone())).collect());
        assert_eq!(Figures::sales_of_text(&text), days, "{text}");
    }
    assert!(!Figures::sales_of_text(&old.to_text()).0.is_empty());
    assert!(old.changes(&old).is_empty());
}

#[test]
fn json_has_the_keys_of_the_contract_in_order() {
    let json =
        serde_json::to_string(&shop_json(&rich(), 1, None, MailWord::None).expect("written")).expect("serialises");
    let start = format!(
        "{{\"shop_id\":\"{SHOP}\",\"revision\":1,\"workbook\":null,\"mail\":\"none\",\"sales\":{{\"count\":66,\"gross_yen\":"
    );
    assert!(json.starts_with(&start), "{json}");
    assert!(json.contains("\"matched\":{\"groups\":40,\"payments\":40,\"bookings\":40,\"yen\":352780}"));
    assert!(json.contains("\"awaiting\":{\"payments\":1,\"bookings\":1}"));
    assert!(json.contains("\"excluded\":[{\"rule\":\"agency\",\"payments\":1,\"bookings\":1},{\"rule\":\"no_money\""));
    assert!(
        json.contains("\"proof\":{\"balanced\":true,\"checks\":[{\"name\":\"rows_read\",\"left\":120,\"right\":120}")
    );
}

#[test]
fn json_of_a_run_has_its_keys_in_order() {
    let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
    let rows = RowCounts { read: 1, new: 1, ..RowCounts::default() };
    let file = FileJson {
        name: "a.csv".to_owned(),
        layout: None,
        sha256: "00".to_owned(),
        outcome: Outcome::Held,
        reason: Some("why".to_owned()),
        rows,
    };
    let run = RunJson {
        schema: SCHEMA,
        run: "r#1".to_owned(),
        period: period.into(),
        as_of: "2026-11-23".to_owned(),
        files: vec![file],
        shops: Vec::new(),
        exit_code: 0,
        timings_ms: TimingsJson::default(),
    };
    assert_eq!(
        serde_json::to_string(&run).expect("serialises"),
        "{\"schema\":1,\"run\":\"r#1\",\"period\":{\"from\":\"2026-11-01\",\"to\":\"2026-11-22\"},\"as_of\":\"2026-11-23\",\
         \"files\":[{\"name\":\"a.csv\",\"layout\":null,\"sha256\":\"00\",\"outcome\":\"held\",\"reason\":\"why\",\
         \"rows\":{\"read\":1,\"new\":1,\"update\":0,\"same\":0,\"stale\":0,\"conflict\":0,\"excluded\":0,\"rejected\":0}}],\
         \"shops\":[],\"exit_code\":0,\"timings_ms\":{\"look\":0,\"read\":0,\"store\":0,\"archive\":0,\"load\":0,\
         \"reconcile\":0,\"render\":0,\"read_back\":0,\"compose\":0,\"save\":0,\"total\":0}}"
    );
}

/// Totals of a year were once printed as ###: bold digits need nine pixels each in the fonts that stand in for 游ゴシック.
#[test]
fn totals_of_many_files_fit_their_columns() {
    let mut many = files();
    let (yen, rows) = (Yen::new(1_763_039_500), 12_345_678);
    many[0].yen = yen;
    many[0].rows = RowCounts { read: rows, new: rows, ..RowCounts::default() };
    let reconciliation = empty();
    let bytes = workbook(&edition(&reconciliation, &many, Language::Ja)).expect("a workbook");
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    let is_sheet = |name: &str| name.starts_with("xl/worksheets/sheet");
    let sheets = parts.file_names().flatten().filter(|name| is_sheet(name)).count();
    let mut proof = String::new();
    parts.by_name(&format!("xl/worksheets/sheet{sheets}.xml")).expect("検算").read_to_string(&mut proof).expect("XML");
    let pixels = |column: usize| {
        let (_, rest) = proof.split_once(&format!("<col min=\"{column}\" ")).expect("a column");
        let width = rest.split("width=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a width");
        width.split('.').next().and_then(|whole| whole.parse::<usize>().ok()).expect("a number") * 8
    };
    assert!(pixels(3) >= yen.to_string().len() * 9, "{}", pixels(3));
    assert!(pixels(4) >= "12,345,678".len() * 9, "{}", pixels(4));
}
