//! The demo is the same everywhere, reads as its formats say and holds every kind of finding.

use super::*;
use crate::domain::finding::Code;
use calamine::{Data, Reader, Xlsx};
use std::collections::BTreeSet;
use std::io::Cursor;

fn bytes(files: &[DemoFile], path: &str) -> Vec<u8> {
    files.iter().find(|file| file.path == path).expect(path).bytes.clone()
}

#[test]
fn the_demo_is_deterministic() {
    assert_eq!(files().expect("files"), files().expect("files"));
}

#[test]
fn every_finding_is_expected_somewhere() {
    let codes: BTreeSet<&str> = EXPECTED.iter().map(|(_, code, _)| *code).collect();
    let all: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, all);
}

#[test]
fn exports_are_cp932_with_their_headings_and_one_row_per_order_id() {
    let files = files().expect("files");
    let exports: Vec<_> = files.iter().filter(|file| file.path.contains("torihiki")).collect();
    assert_eq!(exports.len(), 8);
    for export in exports {
        let text = encoding_rs::SHIFT_JIS.decode_without_bom_handling_and_without_replacement(&export.bytes);
        let text = text.expect("CP932");
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(write::SHUKEI.join(",").as_str()));
        assert!(text.ends_with("\r\n"), "{}", export.path);
        let ids: Vec<&str> = lines.map(|line| line.split(',').nth(1).expect("an Order ID")).collect();
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{}", export.path);
        assert!(ids.len() > 2, "{}", export.path);
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a small workbook of our own")]
fn booking_files_have_their_headings() {
    let files = files().expect("files");
    let csv = String::from_utf8(bytes(&files, "inbox/bokun_bookings_KY.csv")).expect("UTF-8");
    assert_eq!(csv.lines().next(), Some(format!("\u{feff}{}", write::BOOKINGS.join(",")).as_str()));
    let own = String::from_utf8(bytes(&files, "inbox/totsugo_bookings_KY.csv")).expect("UTF-8");
    assert_eq!(own.lines().next(), Some(write::OWN.join(",").as_str()));
    assert_eq!(own.lines().count(), 4);
    let list = String::from_utf8(bytes(&files, "inbox/bokun_payments_MZ.csv")).expect("UTF-8");
    assert_eq!(list.lines().count(), 6);
    let mut workbook = Xlsx::new(Cursor::new(bytes(&files, "inbox/bokun_bookings_MZ.xlsx"))).expect("a workbook");
    let sheet = workbook.worksheet_range("Bookings").expect("a sheet");
    let headings: Vec<String> = sheet.rows().next().expect("headings").iter().map(Data::to_string).collect();
    assert_eq!(headings, write::BOOKINGS);
    assert!(matches!(sheet.get((1, 0)), Some(Data::DateTime(_))));
    assert!(sheet.height() > 100);
}

#[test]
fn no_cart_or_order_id_stands_twice() {
    let mut order_ids = BTreeSet::new();
    let mut codes = BTreeSet::new();
    for number in [1, 2] {
        let world = world::world(number).expect("a world");
        for payment in world.payments {
            assert!(crate::domain::ids::OrderId::is_valid(&payment.order_id), "{}", payment.order_id);
            assert!(order_ids.insert(payment.order_id.clone()), "{}", payment.order_id);
            assert!(payment.observed.is_sorted_by_key(|observed| observed.at), "{}", payment.order_id);
        }
        for line in world.lines {
            assert!(codes.insert(line.code.clone()), "{}", line.code);
        }
    }
}

#[test]
fn a_character_outside_cp932_is_an_error() {
    assert!(matches!(write::cp932("Chloé"), Err(DemoError::NotInCp932)));
}

#[test]
fn ordinary_carts_agree_to_the_yen() {
    let mut seen = 0;
    for number in [1, 2] {
        let world = world::world(number).expect("a world");
        let special = |cart: &str| SCENARIOS.iter().any(|case| case.key == cart);
        let carts: BTreeSet<&str> = world.lines.iter().map(|line| line.cart.as_str()).collect();
        for cart in carts.into_iter().filter(|cart| !special(cart)) {
            let lines = world.lines.iter().filter(|line| line.cart == cart && line.status == "CONFIRMED");
            let expected: u32 = lines.map(|line| line.price).sum();
            let payments = world.payments.iter().filter(|payment| cart.ends_with(&payment.booking_ref));
            let newest = payments.filter(|payment| !payment.booking_ref.is_empty()).filter_map(|p| p.observed.last());
            let held: u32 = newest.filter(|observed| observed.label == "即時売上").map(|observed| observed.yen).sum();
            assert_eq!(held, expected, "{cart}");
            seen += 1;
        }
    }
    assert!(seen > 200, "{seen} carts");
}
