//! The history on a real SQLite file: dispositions, versions of a cart, payment-list rows, findings and reports.

#![expect(clippy::expect_used, reason = "a test may stop where it cannot go on")]

use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use totsugo::domain::booking::{
    Booking, BookingLine, LineStatus, PaymentEntry, PaymentStatus, PaymentType, Price, State,
};
use totsugo::domain::dates::{Day, Moment, Period};
use totsugo::domain::delivery::MailWord;
use totsugo::domain::finding::{Code, FindingRecord, Note, Severity, finding_id};
use totsugo::domain::ids::{CartCode, FileDigest, OrderId, ProductCode, ShopId};
use totsugo::domain::intake::{CartSnapshot, Fault, Normalised, PaymentRow, RowCounts, Rows, Source};
use totsugo::domain::money::Yen;
use totsugo::domain::payment::{Observation, Payment, Status};
use totsugo::reconcile::disposition;
use totsugo::store::{
    CartCard, CartTotals, NewFile, NewMessage, ReportKey, ReportRecord, RunRecord, ShopRun, Store, StoreError, Version,
};

struct History {
    store: Store,
    folder: TempDir,
    files: u8,
}

impl History {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("totsugo.db"), "test").expect("a history");
        Self { store, folder, files: 0 }
    }

    /// A history with files of each kind; later ones change what earlier ones said.
    fn of_every_kind() -> Self {
        let mut history = Self::new();
        let sale = row(2, "A", "2026-11-01", "即時売上", 100);
        history.take(Rows::Payments(vec![sale.clone(), row(3, "B", "2026-11-02", "即時売上", 200)]));
        history.take(Rows::Payments(vec![sale, row(3, "A", "2026-11-03", "返品", 100)]));
        history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 100)]));
        let changed = cart("MZ1", LineStatus::Cancelled, "2026-10-01", 100);
        history.take(Rows::Bookings(vec![changed.clone(), cart("MZ2", LineStatus::Confirmed, "2026-11-01", 5)]));
        history.take(Rows::Bookings(vec![changed, cart("MZ3", LineStatus::Confirmed, "2026-11-02", 7)]));
        history.take(Rows::PaymentList(vec![entry("P1", 2, 50), entry("P2", 3, 60)]));
        history.take(Rows::PaymentList(vec![entry("P1", 2, 40)]));
        history
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("totsugo.db")
    }

    /// Closes the history; what remains is one file.
    fn closed(self) -> (TempDir, PathBuf) {
        let path = self.path();
        drop(self.store);
        assert!(!path.with_extension("db-wal").exists(), "the log is merged");
        (self.folder, path)
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
            dropped_columns: Vec::new(),
            hidden_rows: 0,
        };
        let name = format!("{}.csv", self.files);
        let file = NewFile {
            digest: FileDigest([self.files; 32]),
            name: &name,
            folder: None,
            normalised: &normalised,
            reasons: &[],
        };
        self.store.save_file(&file, disposition).expect("a history").expect("nothing against it")
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

fn entry(reference: &str, line: u32, amount: i64) -> PaymentEntry {
    PaymentEntry {
        reference: Arc::from(reference),
        cart: CartCode::new("MZ1"),
        payment_type: PaymentType::WebPayment,
        at: day("2026-11-01").start(),
        amount: Price::Yen(Yen::new(amount)),
        transaction_id: Arc::from(""),
        source: source(line),
    }
}

/// A file of payments whose rows are handed over by and by.
fn without_rows(rows_read: u64) -> Normalised {
    Normalised {
        layout: "test".to_owned(),
        encoding: "UTF-8",
        rows_read,
        rows: Rows::Payments(Vec::new()),
        excluded: Vec::new(),
        rejected: Vec::new(),
        unknown_columns: Vec::new(),
        dropped_columns: Vec::new(),
        hidden_rows: 0,
    }
}

fn payments(store: &Store) -> Result<Vec<Payment>, StoreError> {
    store.facts()?.read(|reader| {
        let each = reader.shops()?.into_iter().map(|shop| reader.payments(&shop));
        Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
    })
}

fn carts(store: &Store) -> Result<Vec<Version>, StoreError> {
    let mut versions = Vec::new();
    let newest = |card: CartCard<'_>| versions.extend(card.is_newest.then_some(card.version));
    store.facts()?.read(|reader| reader.carts(0..=Version::MAX, newest))?;
    Ok(versions)
}

fn bookings(store: &Store) -> Result<Vec<Booking>, StoreError> {
    let carts = carts(store)?;
    store.facts()?.read(|reader| reader.bookings(&carts))
}

/// All that a report is made of.
fn facts(store: &Store) -> Result<String, StoreError> {
    let bookings = bookings(store)?;
    let files = store.facts()?.read(|reader| {
        let (mut first, mut placed) = (None, CartTotals::default());
        let mut add = |card: CartCard<'_>| {
            if *first.get_or_insert(card.version) == card.version {
                placed.add(0, &card.tally);
            }
        };
        reader.carts(0..=Version::MAX, &mut add)?;
        reader.repeated_carts(add)?;
        reader.file_summaries(&[ShopId::new("S1")], placed, None)
    })?;
    Ok(format!("{:?}\n{bookings:?}\n{files:?}", payments(store)?))
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
    let payments = payments(&history.store).expect("payments");
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
fn s12_rows_handed_over_in_pieces_are_stored_like_all_at_once() {
    let rows = vec![
        row(2, "A", "2026-11-01", "即時売上", 100),
        row(3, "B", "2026-11-01", "即時売上", 50),
        row(5, "A", "2026-11-01", "即時売上", 90),
        row(6, "B", "2026-11-01", "即時売上", 50),
        row(7, "C", "2026-11-02", "即時売上", 7),
        row(8, "A", "2026-11-03", "返品", 90),
    ];
    let mut history = History::new();
    let whole = history.take(Rows::Payments(rows.clone()));
    assert_eq!((whole.read, whole.conflict, whole.same, whole.new, whole.update), (6, 2, 1, 2, 1));
    for size in 1..=rows.len() {
        let mut other = History::new();
        let judged = without_rows(6);
        let file =
            NewFile { digest: FileDigest([1; 32]), name: "1.csv", folder: None, normalised: &judged, reasons: &[] };
        let pieces = other.store.save_pieces(&file, disposition, &mut |take| rows.chunks(size).for_each(&mut *take));
        assert_eq!(pieces.expect("a history"), Ok(whole));
        assert_eq!(facts(&other.store).expect("facts"), facts(&history.store).expect("facts"), "pieces of {size}");
        assert_eq!(other.store.verify().expect("whole").rows, 6, "pieces of {size}");
    }
    // Fewer rows than were read: nothing of the file is stored.
    let mut short = History::new();
    let judged = without_rows(7);
    let file = NewFile { digest: FileDigest([1; 32]), name: "1.csv", folder: None, normalised: &judged, reasons: &[] };
    let refused = short.store.save_pieces(&file, disposition, &mut |take| take(&rows));
    assert!(matches!(refused, Err(StoreError::Unexpected { what: "row count", .. })));
    assert_eq!(payments(&short.store).expect("payments"), []);
    assert!(short.store.known_file(FileDigest([1; 32])).expect("looked up").is_none());
}

/// The counterpart may have gone by in an earlier piece of the same file.
#[test]
fn n03_an_order_id_with_and_without_zeros_is_found_whatever_the_pieces() {
    let orders = ["A1", "00123", "999", "123", "B2"];
    for rotated in 0..orders.len() {
        let mut orders = orders;
        orders.rotate_left(rotated);
        let rows: Vec<PaymentRow> =
            (2..).zip(orders).map(|(line, order)| row(line, order, "2026-11-01", "即時売上", 100)).collect();
        let line_of = |order: &str| (2..).zip(orders).find(|(_, known)| *known == order).map(|(line, _)| line);
        for size in 1..=rows.len() {
            let mut history = History::new();
            let judged = without_rows(5);
            let digest = FileDigest([1; 32]);
            let file = NewFile { digest, name: "1.csv", folder: None, normalised: &judged, reasons: &[] };
            let saved =
                history.store.save_pieces(&file, disposition, &mut |take| rows.chunks(size).for_each(&mut *take));
            let problem = saved.expect("a history").expect_err("held");
            assert_eq!(problem.place.line, line_of("123"), "{orders:?} in pieces of {size}");
            let (found, other, line) = ("123".to_owned(), "00123".to_owned(), line_of("00123").expect("its line"));
            assert_eq!(problem.fault, Fault::LostZeros { found, other, file: None, line });
            assert!(history.store.known_file(digest).expect("looked up").is_none());
            assert_eq!(payments(&history.store).expect("payments"), []);
        }
    }
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
        let bookings = bookings(&history.store).expect("bookings");
        assert_eq!(bookings.len(), 2, "one cart under two spellings");
        assert_eq!(bookings.first().map(|b| b.lines.first().map(|l| l.status)), Some(Some(LineStatus::Cancelled)));
    }
}

/// A newer snapshot was thrown away where the cart went back from cancelled to live by a line that was added, or from live to
/// waiting by one that was cancelled.
#[test]
fn r03_a_newer_snapshot_brings_lines_that_are_new_or_cancelled_whatever_state_the_cart_is_in() {
    let two = |code: &str, states: [LineStatus; 2]| {
        let mut snapshot = cart(code, states[0], "2026-10-01", 100);
        let mut more = cart(code, states[1], "2026-10-01", 40).lines;
        more.iter_mut().for_each(|line| line.product_code = ProductCode::new("MZ-T2"));
        snapshot.lines.extend(more);
        snapshot
    };
    let newer = || cart("MZ9", LineStatus::Confirmed, "2026-11-01", 5);
    let older = || {
        vec![
            cart("MZ1", LineStatus::Cancelled, "2026-10-01", 100),
            two("MZ2", [LineStatus::Confirmed, LineStatus::Pending]),
        ]
    };
    let later = || {
        vec![
            two("MZ1", [LineStatus::Cancelled, LineStatus::Confirmed]),
            two("MZ2", [LineStatus::Cancelled, LineStatus::Pending]),
            newer(),
        ]
    };
    for order in [[older(), later()], [later(), older()]] {
        let mut history = History::new();
        for carts in order {
            history.take(Rows::Bookings(carts));
        }
        let known = bookings(&history.store).expect("bookings");
        let states: Vec<_> = known.iter().map(Booking::state).collect();
        assert_eq!(states, [State::Live, State::Waiting, State::Live]);
        assert_eq!(known.iter().map(|booking| booking.lines.len()).collect::<Vec<_>>(), [2, 2, 1]);
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
    let bookings = bookings(&history.store).expect("bookings");
    let total = bookings.first().and_then(|b| b.lines.first()).and_then(|line| line.total.yen());
    assert_eq!(total, Some(Yen::new(120)));
}

#[test]
fn s11_payment_list_rows_without_reference_count_as_often_as_they_stand() {
    let entry = |reference, line| entry(reference, line, 50);
    let mut history = History::new();
    history.take(Rows::Bookings(vec![cart("MZ1", LineStatus::Confirmed, "2026-10-01", 100)]));
    let rows = || vec![entry("", 2), entry("", 3), entry("P1", 4), entry("P1", 5)];
    assert_eq!(history.take(Rows::PaymentList(rows())).new, 3);
    assert_eq!(history.take(Rows::PaymentList(rows())).same, 4);
    let bookings = bookings(&history.store).expect("bookings");
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
    for (as_of, severity) in [
        ("2026-11-02", Some(Severity::High)),
        ("2026-11-03", Some(Severity::Critical)),
        ("2026-11-04", None),
        ("2026-11-05", Some(Severity::Normal)),
    ] {
        let open: Vec<_> = severity.map(|severity| (finding.clone(), severity)).into_iter().collect();
        let record = RunRecord { started: format!("{as_of}T06:30:00+09:00"), period, as_of: day(as_of) };
        let (run, name) = history.store.begin_run(&record).expect("a run");
        assert!(name.ends_with(&format!("#{run}")));
        let shop_run = ShopRun {
            shop: &shop,
            report: None,
            revision: 0,
            mail: MailWord::None,
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
        let urgent: Vec<_> = history.store.open_findings().expect("findings").iter().map(|f| f.severity).collect();
        assert_eq!(urgent, Vec::from_iter(severity), "{as_of}");
    }
    assert_eq!(history.store.history(None).expect("history").len(), 4);
}

#[test]
fn m17_a_report_and_its_mail_exist_once_per_revision() {
    let mut history = History::new();
    let shop = ShopId::new("S1");
    let period = Period::new(day("2026-11-01"), day("2026-11-22")).expect("a period");
    let record = RunRecord { started: "2026-11-23T06:30:00+09:00".to_owned(), period, as_of: day("2026-11-23") };
    let report = ReportRecord { revision: 3, digest: "d".to_owned(), workbook: "reports/a.xlsx".to_owned() };
    let message = NewMessage {
        message_id: "a@example.co.jp".to_owned(),
        sender: "totsugo@example.co.jp".to_owned(),
        recipients: vec!["keiri@example.co.jp".to_owned()],
        content: b"x".to_vec(),
        queued: record.started.clone(),
    };
    let shop_run = ShopRun {
        shop: &shop,
        report: Some((&report, "sales.net\t1\n")),
        revision: 3,
        mail: MailWord::Queued,
        balanced: true,
        matched: 0,
        open: None,
        findings: 0,
        message: Some(&message),
    };
    let (run, _) = history.store.begin_run(&record).expect("a run");
    history.store.save_shop_run(run, &record, &shop_run).expect("saved");
    assert_eq!(history.store.latest_report(&shop, period).expect("read"), Some(report.clone()));
    assert_eq!(history.store.figures(&shop, period, 3).expect("read"), "sales.net\t1\n");
    let (again, _) = history.store.begin_run(&record).expect("a run");
    history.store.save_shop_run(again, &record, &shop_run).expect_err("the same revision twice");
    let key = ReportKey { shop, period: (period.from(), period.to()), revision: 3 };
    let carried: Vec<_> = history.store.due_messages(0).expect("read").into_iter().map(|due| due.report).collect();
    assert_eq!(carried, [Some(key)], "nothing of the refused run remains");
}

#[test]
fn s05_s08_a_flipped_byte_anywhere_is_found_or_changes_no_fact() {
    let (folder, path) = History::of_every_kind().closed();
    let whole = fs::read(&path).expect("a database");
    let expected = facts(&Store::open(&path, "test").expect("opens")).expect("facts");
    let damaged = folder.path().join("damaged.db");
    let (mut found, mut harmless) = (0, 0);
    // Most of a small database is empty; what says something is rarely zero.
    let places: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != 0).collect();
    for at in places.into_iter().step_by(17) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        fs::write(&damaged, &bytes).expect("written");
        let looked_at = Store::open(&damaged, "test").and_then(|store| store.verify().map(|_| store));
        match looked_at.map(|store| facts(&store)) {
            Err(_) => found += 1,
            Ok(known) => {
                assert_eq!(known.expect("readable"), expected, "byte {at} of {}", whole.len());
                harmless += 1;
            }
        }
        for ending in ["db-wal", "db-shm"] {
            drop(fs::remove_file(damaged.with_extension(ending)));
        }
    }
    assert!(found > 300, "{found} found, {harmless} harmless");
}

#[test]
fn s08_rows_edited_by_hand_are_named_by_their_file() {
    let edits = [
        ("UPDATE observation SET amount = 101 WHERE line = 2", "1.csv"),
        ("UPDATE observation SET order_id = 'X' WHERE order_id = 'B'", "1.csv"),
        ("UPDATE observation SET shop = 'S2' WHERE line = 3 AND file_id = 1", "1.csv"),
        ("UPDATE word SET text = '実売上' WHERE text = '即時売上'", "1.csv"),
        ("UPDATE file_range SET last_id = last_id - 1 WHERE file_id = 2 AND rows_of = 'observation'", "2.csv"),
        (
            "INSERT INTO observation SELECT 99, shop, 'Z', at, status, amount, '', method, 1, 9 FROM observation LIMIT 1",
            "…",
        ),
        (
            "INSERT INTO booking_line SELECT 99, version_id, '', status, payment_status, 0, 0, 0, currency, '', channel, product, \
          '', '', '', 0, 0, 9 FROM booking_line LIMIT 1",
            "…",
        ),
        ("UPDATE cart_version SET yen = yen + 1 WHERE cart_key = 'MZ1' AND file_id = 3", "3.csv"),
        ("UPDATE file_cart SET yen = yen + 1", "5.csv"),
        ("DELETE FROM observation WHERE line = 3 AND file_id = 2", "2.csv"),
        ("UPDATE row_disposition SET disposition = 'new' WHERE file_id = 2", "2.csv"),
        ("UPDATE booking_line SET total = 99 WHERE version_id = 1", "3.csv"),
        ("UPDATE cart_version SET is_current = 1 - is_current WHERE cart_key = 'MZ2'", "4.csv"),
        ("UPDATE cart_version SET reach = reach + 1 WHERE cart_key = 'MZ2'", "4.csv"),
        ("UPDATE cart_version SET folder = 'S2' WHERE cart_key = 'MZ3'", "5.csv"),
        ("UPDATE payment_entry SET amount = 61 WHERE reference = 'P2'", "6.csv"),
        ("UPDATE file SET rows_read = 3 WHERE id = 1", "1.csv"),
        ("UPDATE file SET yen = 3 WHERE id = 3", "3.csv"),
        ("UPDATE file SET chain = NULL WHERE id = 5", "5.csv"),
        ("UPDATE installation SET head = NULL", "7.csv"),
        ("UPDATE payment_entry SET amount = 41 WHERE file_id = 7", "7.csv"),
    ];
    let (folder, path) = History::of_every_kind().closed();
    let edited = folder.path().join("edited.db");
    for (edit, file) in edits {
        fs::copy(&path, &edited).expect("a copy");
        let connection = Connection::open(&edited).expect("opens");
        assert!(connection.execute(edit, []).expect(edit) > 0, "{edit}");
        drop(connection);
        let before = fs::read(&edited).expect("a database");
        let at_start = Store::open(&edited, "test");
        // The newest record is looked at whenever the history is opened, the others by `check`.
        assert_eq!(at_start.is_err(), file == "7.csv", "{edit}");
        let error = match at_start {
            Ok(store) => store.verify().expect_err(edit),
            Err(error) => {
                assert_eq!(fs::read(&edited).expect("a database"), before, "{edit}: nothing is written");
                error
            }
        };
        assert!(matches!(&error, StoreError::Altered { file: named } if named == file), "{edit}: {error}");
        assert!(error.is_damage());
    }
}

#[test]
fn s08_later_files_keep_every_seal_whole() {
    let history = History::of_every_kind();
    let verified = history.store.verify().expect("whole");
    assert_eq!((verified.files, verified.rows), (7, 12));
    assert_eq!(bookings(&history.store).expect("bookings").first().map(|b| b.entries.len()), Some(2));
}

#[test]
fn s10_a_busy_database_is_waited_for_and_never_half_written() {
    let mut history = History::of_every_kind();
    let viewer = Connection::open(history.path()).expect("opens");
    viewer.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let start = Instant::now();
    // Whoever only reads is not kept waiting.
    let reader = Store::open_patiently(&history.path(), "test", Duration::from_millis(300)).expect("opens");
    payments(&reader).expect("reads");
    reader.held().expect("reads");
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(reader);
    let other = Store::open_patiently(&history.path(), "test", Duration::from_millis(300)).expect("opens");
    let error = other.log_act("now", "discard", "x", "y").expect_err("busy");
    assert!(error.is_busy(), "{error}");
    drop(other);
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        viewer.execute_batch("COMMIT").expect("released");
    });
    assert_eq!(history.take(Rows::Payments(vec![row(2, "W", "2026-11-05", "即時売上", 1)])).new, 1);
    release.join().expect("ended");
    history.store.verify().expect("whole");
}

#[test]
fn s08_s10_looking_while_somebody_stores_raises_no_false_alarm() {
    let mut history = History::of_every_kind();
    let path = history.path();
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looker = scope.spawn(|| {
            let mut looks = 0;
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                Store::open(&path, "test").expect("opens").verify().expect("whole at any moment");
                looks += 1;
            }
            looks
        });
        for nth in 0..60 {
            history.take(Rows::Payments(vec![row(2, &format!("L{nth}"), "2026-11-05", "即時売上", 1)]));
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(looker.join().expect("ended") > 0);
    });
}

#[test]
fn s13_a_newer_database_is_refused_with_both_versions() {
    let (_folder, path) = History::of_every_kind().closed();
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch("PRAGMA user_version = 99; UPDATE installation SET program = '9.8.7'").expect("changed");
    drop(connection);
    let before = fs::read(&path).expect("a database");
    let error = Store::open(&path, "test").map(|_| ()).expect_err("refused").to_string();
    for part in ["schema 99", "9.8.7", env!("CARGO_PKG_VERSION"), "schema 9"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(fs::read(&path).expect("a database"), before);
}

/// The history as the first schema had it, with one file of each kind.
fn first_schema() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("totsugo.db");
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch(include_str!("../src/store/migrations/0001_history.sql")).expect("made");
    connection.execute_batch(include_str!("golden/history/schema1.sql")).expect("filled");
    (folder, path)
}

#[test]
fn s13_an_upgrade_keeps_a_copy_and_seals_what_is_there() {
    let (folder, path) = first_schema();
    let store = Store::open(&path, "test").expect("upgraded");
    assert_eq!(store.verify().expect("whole").files, 4);
    let payments = payments(&store).expect("payments");
    assert_eq!(payments.first().map(|payment| payment.observations.len()), Some(2));
    assert_eq!(bookings(&store).expect("bookings").first().map(|booking| booking.entries.len()), Some(1));
    drop(store);
    let kept = Connection::open(folder.path().join("totsugo.db.schema1.bak")).expect("the copy");
    let rows: i64 = kept.query_row("SELECT count(*) FROM observation", [], |row| row.get(0)).expect("a count");
    assert_eq!(rows, 2);
    Store::open(&path, "test").expect("opens again");
    let copies = fs::read_dir(folder.path()).expect("listed").flatten();
    assert_eq!(copies.filter(|entry| entry.file_name().to_string_lossy().ends_with(".bak")).count(), 1);
}

#[test]
fn s13_an_upgrade_that_was_stopped_is_done_again() {
    let (_folder, path) = first_schema();
    // A stop inside the transaction leaves the old schema; here one that cannot be finished.
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch("CREATE TABLE inbox_folder (x)").expect("in the way");
    drop(connection);
    assert!(Store::open(&path, "test").is_err());
    let connection = Connection::open(&path).expect("opens");
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version");
    assert_eq!(version, 1, "all of a step or none of it");
    connection.execute_batch("DROP TABLE inbox_folder").expect("out of the way");
    drop(connection);
    assert_eq!(Store::open(&path, "test").expect("upgraded").verify().expect("whole").files, 4);
}

#[test]
fn s05_what_is_no_history_is_refused_and_left_alone() {
    let (folder, path) = History::of_every_kind().closed();
    let whole = fs::read(&path).expect("a database");
    let foreign = folder.path().join("foreign.db");
    Connection::open(&foreign).expect("opens").execute_batch("CREATE TABLE t (a)").expect("made");
    let foreign = fs::read(foreign).expect("a database");
    let cut = whole[..whole.len() / 2].to_vec();
    for (what, bytes) in
        [("text", b"no database at all, but long enough".repeat(200)), ("foreign", foreign), ("cut", cut)]
    {
        fs::write(&path, &bytes).expect("written");
        let error = Store::open(&path, "test").map(|_| ()).expect_err(what);
        assert!(error.is_damage(), "{what}: {error}");
        assert_eq!(fs::read(&path).expect("a file"), bytes, "{what}");
    }
}

#[test]
fn s05_a_database_restored_without_its_log_is_an_older_history_or_refused() {
    let mut history = History::of_every_kind();
    let copy = history.folder.path().join("copied.db");
    for nth in 0..20 {
        history.take(Rows::Payments(vec![row(2, &format!("L{nth}"), "2026-11-05", "即時売上", 1)]));
        // As a file copier sees it: without the log.
        fs::copy(history.path(), &copy).expect("copied");
        if let Ok(store) = Store::open(&copy, "test") {
            store.verify().expect("whole, if older");
        }
        for ending in ["db-wal", "db-shm"] {
            drop(fs::remove_file(copy.with_extension(ending)));
        }
    }
}

#[test]
fn s05_s08_a_copy_is_restored_only_if_it_is_whole_and_keeps_what_was_there() {
    let history = History::of_every_kind();
    let (database, copy) = (history.path(), history.folder.path().join("backup.db"));
    assert_eq!(history.store.back_up(&copy).expect("copied").files, 7);
    history.store.back_up(&copy).expect_err("nothing is overwritten");
    let (folder, _) = history.closed();
    let mut store = History { store: Store::open(&database, "test").expect("opens"), folder, files: 7 };
    store.take(Rows::Payments(vec![row(2, "Z", "2026-11-05", "即時売上", 1)]));
    let (folder, _) = store.closed();
    let newer = fs::read(&database).expect("a database");
    let bad = folder.path().join("bad.db");
    fs::copy(&copy, &bad).expect("a copy");
    Connection::open(&bad).expect("opens").execute("UPDATE observation SET amount = 7", []).expect("edited");
    Store::restore(&bad, &database).expect_err("altered");
    assert_eq!(fs::read(&database).expect("a database"), newer, "nothing is replaced by a bad copy");
    let restored = Store::restore(&copy, &database).expect("restored");
    assert_eq!(restored.verified.files, 7);
    assert_eq!(fs::read(restored.kept.expect("kept")).expect("a database"), newer);
    assert_eq!(Store::open(&database, "test").expect("opens").verify().expect("whole").files, 7);
}

/// Found by the daemon's tests on a busy machine: a run by hand and a daemon that both began a new history.
#[test]
fn s09_processes_that_start_together_make_one_history() {
    for round in 0..10 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("totsugo.db");
        let start = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            let open = || {
                start.wait();
                Store::open(&path, "one").map(|store| store.installation().to_owned())
            };
            let openers: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            for opener in openers {
                let opened = opener.join().expect("no panic");
                assert_eq!(opened.expect("opened"), "one", "round {round}");
            }
        });
    }
}
