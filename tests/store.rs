//! The history on a real SQLite file: dispositions, versions of a cart, payment-list rows, findings and reports.

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

use std::sync::Arc;
use tempfile::TempDir;
use totsugo::domain::booking::{BookingLine, LineStatus, PaymentEntry, PaymentStatus, PaymentType, Price};
use totsugo::domain::dates::{Day, Moment, Period};
use totsugo::domain::finding::{Code, FindingRecord, Note, finding_id};
use totsugo::domain::ids::{CartCode, FileDigest, OrderId, ProductCode, ShopId};
use totsugo::domain::intake::{CartSnapshot, Normalised, PaymentRow, RowCounts, Rows, Source};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::{Observation, Status};
use totsugo::reconcile::disposition;
use totsugo::store::{NewFile, NewMessage, ReportRecord, RunRecord, ShopRun, Store};

struct History {
    store: Store,
    _folder: TempDir,
    files: u8,
}

impl History {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("totsugo.db"), "test").expect("a history");
        Self { store, _folder: folder, files: 0 }
    }

    /// Stores `rows` as a file of their own.
    fn take(&mut self, rows: Rows) -> RowCounts {
        self.files += 1;
        let rows_read = match &rows {
            Rows::Payments(rows) => rows.len() as u64,
            Rows::Bookings(carts) => carts.iter().map(|cart| (cart.lines.len() + cart.repeated.len()) as u64).sum(),
            Rows::PaymentList(entries) => entries.len() as u64,
        };
        let normalised = Normalised {
            layout: "test".to_owned(),
            encoding: "UTF-8",
            rows_read,
            rows,
            excluded: Vec::new(),
            rejected: Vec::new(),
            unknown_columns: Vec::new(),
        };
        let name = format!("{}.csv", self.files);
        let file = NewFile { digest: FileDigest([self.files; 32]), name: &name, folder: None, normalised: &normalised };
        self.store.save_file(&file, disposition).expect("stored")
    }
}

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn source(line: u32) -> Source {
    Source { file: Arc::from("x.csv"), line }
}

fn row(line: u32, order: &str, at: &str, status: &str, amount: i64) -> PaymentRow {
    PaymentRow {
        shop: ShopId::new("S1"),
        order_id: OrderId::new(order),
        observation: Observation {
            at: day(at).start(),
            status: Status::read(status),
            amount: Yen::new(amount),
            booking_ref: Arc::from("1"),
            method: Arc::from("クレジットカード"),
            source: source(line),
        },
    }
}

fn cart(code: &str, status: LineStatus, created: &str, total: i64) -> CartSnapshot {
    let line = BookingLine {
        product_code: ProductCode::new("MZ-T9"),
        status,
        payment_status: PaymentStatus::PaidInFull,
        created_at: day(created).start(),
        start_at: Moment::new(day("2026-12-01"), 9, 0, 0),
        total: Price::Yen(Yen::new(total)),
        channel: Arc::from("自社サイト"),
        product: Arc::from("ツアー"),
        customer: Arc::from(""),
        external_ref: Arc::from(""),
        transaction_id: Arc::from(""),
        paid: None,
        refunded: None,
        source: source(2),
    };
    CartSnapshot { cart: CartCode::new(code), lines: vec![line], repeated: Vec::new() }
}

#[test]
fn r01_overlapping_exports_count_every_row_once() {
    let mut history = History::new();
    let first = vec![row(2, "A", "2026-11-01", "即時売上", 100), row(3, "B", "2026-11-02", "即時売上", 200)];
    let counts = history.take(Rows::Payments(first));
    assert_eq!((counts.read, counts.new), (2, 2));
    let second = vec![
        row(2, "B", "2026-11-02", "即時売上", 200),
        row(3, "A", "2026-11-03", "返品", 100),
        row(4, "C", "2026-11-03", "即時売上", 300),
        row(5, "C", "2026-11-03", "即時売上", 300),
    ];
    let counts = history.take(Rows::Payments(second));
    assert_eq!((counts.same, counts.update, counts.new), (2, 1, 1));
    assert_eq!(counts.read, counts.accounted());
    let payments = history.store.payments().expect("payments");
    let observed: Vec<usize> = payments.iter().map(|payment| payment.observations.len()).collect();
    assert_eq!(observed, [2, 1, 1]);
}

#[test]
fn s12_same_time_other_amount_in_one_file_makes_both_rows_conflict() {
    let mut history = History::new();
    let rows = vec![row(2, "A", "2026-11-01", "即時売上", 100), row(3, "A", "2026-11-01", "即時売上", 90)];
    let counts = history.take(Rows::Payments(rows));
    assert_eq!((counts.read, counts.conflict, counts.new), (2, 2, 0));
}

#[test]
fn a_later_snapshot_replaces_a_cart_and_an_older_one_does_not_bring_it_back() {
    let live = || vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 100)];
    let cancelled = || {
        vec![
            cart("MZ-1", LineStatus::Cancelled, "2026-10-01", 100),
            cart("MZ2", LineStatus::Confirmed, "2026-11-01", 5),
        ]
    };
    for order in [[live(), cancelled()], [cancelled(), live()]] {
        let mut history = History::new();
        for carts in order {
            history.take(Rows::Bookings(carts));
        }
        let bookings = history.store.bookings().expect("bookings");
        assert_eq!(bookings.len(), 2, "one cart under two spellings");
        assert_eq!(bookings.first().map(|b| b.lines.first().map(|l| l.status)), Some(Some(LineStatus::Cancelled)));
    }
}

#[test]
fn between_equals_the_later_arrival_replaces_and_the_same_again_is_same() {
    let mut history = History::new();
    history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 100)]));
    let counts = history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 120)]));
    assert_eq!(counts.update, 1);
    let counts = history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 120)]));
    assert_eq!(counts.same, 1);
    let bookings = history.store.bookings().expect("bookings");
    let total = bookings.first().and_then(|b| b.lines.first()).and_then(|line| line.total.yen());
    assert_eq!(total, Some(Yen::new(120)));
}

#[test]
fn s11_payment_list_rows_without_reference_count_as_often_as_they_stand() {
    let entry = |reference: &str, line| PaymentEntry {
        reference: Arc::from(reference),
        cart: CartCode::new("MZ1"),
        payment_type: PaymentType::WebPayment,
        at: day("2026-11-01").start(),
        amount: Price::Yen(Yen::new(50)),
        transaction_id: Arc::from(""),
        source: source(line),
    };
    let mut history = History::new();
    history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 100)]));
    let rows = || vec![entry("", 2), entry("", 3), entry("P1", 4), entry("P1", 5)];
    assert_eq!(history.take(Rows::PaymentList(rows())).new, 3);
    assert_eq!(history.take(Rows::PaymentList(rows())).same, 4);
    let bookings = history.store.bookings().expect("bookings");
    assert_eq!(bookings.first().map(|b| b.entries.len()), Some(3));
}

#[test]
fn r20_a_finding_clears_and_reopens_under_its_id_and_first_date() {
    let mut history = History::new();
    let shop = ShopId::new("S1");
    let finding = FindingRecord {
        id: finding_id(&shop, "MZ1", Code::AmountMismatch),
        shop: shop.clone(),
        code: Code::AmountMismatch,
        key: "MZ1".to_owned(),
        first_seen: day("2026-11-02"),
        cleared: None,
        note: Note::default(),
    };
    let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
    for (as_of, open) in [("2026-11-02", vec![finding.clone()]), ("2026-11-03", vec![]), ("2026-11-04", vec![finding])]
    {
        let record = RunRecord { started: format!("{as_of}T06:30:00+09:00"), period, as_of: day(as_of) };
        let (run, name) = history.store.begin_run(&record).expect("a run");
        assert!(name.ends_with(&format!("#{run}")));
        let shop_run = ShopRun {
            shop: &shop,
            report: None,
            revision: 0,
            mail: "none",
            balanced: true,
            matched: 0,
            open: Some(&open),
            findings: open.len() as u64,
            message: None,
        };
        history.store.save_shop_run(run, &record, &shop_run).expect("saved");
        let known = history.store.findings(Some(&shop)).expect("findings");
        assert_eq!(known.len(), 1);
        assert!(known.iter().all(|f| f.cleared.is_none() != open.is_empty() && f.first_seen == day("2026-11-02")));
    }
    assert_eq!(history.store.history(None).expect("history").len(), 3);
}

#[test]
fn m17_a_report_and_its_mail_exist_once_per_revision() {
    let mut history = History::new();
    let shop = ShopId::new("S1");
    let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
    let record = RunRecord { started: "2026-11-23T06:30:00+09:00".to_owned(), period, as_of: day("2026-11-23") };
    let report = ReportRecord {
        revision: 1,
        digest: "d".to_owned(),
        figures: "sales.net\t1\n".to_owned(),
        workbook: "reports/a.xlsx".to_owned(),
    };
    let message = NewMessage {
        message_id: "a@example.co.jp".to_owned(),
        sender: "totsugo@example.co.jp".to_owned(),
        recipients: vec!["keiri@example.co.jp".to_owned()],
        content: b"x".to_vec(),
        queued: record.started.clone(),
    };
    let shop_run = ShopRun {
        shop: &shop,
        report: Some(&report),
        revision: 1,
        mail: "queued",
        balanced: true,
        matched: 0,
        open: None,
        findings: 0,
        message: Some(&message),
    };
    let (run, _) = history.store.begin_run(&record).expect("a run");
    history.store.save_shop_run(run, &record, &shop_run).expect("saved");
    assert_eq!(history.store.latest_report(&shop, period).expect("read"), Some(report.clone()));
    let (again, _) = history.store.begin_run(&record).expect("a run");
    history.store.save_shop_run(again, &record, &shop_run).expect_err("the same revision twice");
    assert_eq!(history.store.due_messages(0).expect("read").len(), 1, "nothing of the refused run remains");
}
