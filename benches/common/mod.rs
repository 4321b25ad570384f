//! A merchant of any size, the same for the same arguments: what the benches and the instruction count run on.

use std::fmt::Write;

/// An export and its name in the inbox.
pub(crate) struct Export {
    /// Name relative to the inbox.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// The period all payments lie in.
pub(crate) const PERIOD: &str = "2026-10";
/// The as-of date.
pub(crate) const AS_OF: &str = "2026-11-23";

/// The configuration of `shops` shops.
pub(crate) fn configuration(shops: usize) -> String {
    let mut text = String::from("[intake]\nsettle_seconds = 0\n");
    for shop in 0..shops {
        let _ = write!(
            text,
            "\n[[shops]]\nid = \"{}\"\nname = \"支店{shop}\"\nrecipients = [\"keiri@example.co.jp\"]\n\
             booking_prefixes = [\"{}\"]\n",
            shop_id(shop),
            prefix(shop)
        );
    }
    text
}

/// `payments` payments over `shops` shops: 取引集計 in CP932 for each, and one bookings file in UTF-8 for all.
///
/// Of a hundred payments 93 match, two have another amount, two are cancelled and not refunded, two have no booking and
/// one failed.
pub(crate) fn exports(payments: usize, shops: usize) -> Vec<Export> {
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    let mut gmo = vec![String::from(heading); shops];
    let mut bookings = String::from(
        "Creation date,Cart confirmation code,Product confirmation code,Status,Payment status,Customer,Product title,\
         Start date,Total price with discount,Sale currency,Booking channel,Notes\r\n",
    );
    for number in 0..payments {
        let shop = number % shops;
        let (day, hour, minute) = (number * 31 / payments + 1, number / 60 % 24, number % 60);
        let amount = 5_000 + number * 7_919 % 40 * 500;
        let (status, charged) = match number % 100 {
            7 | 57 => ("即時売上", amount + 500),
            99 => ("決済失敗", amount),
            _ => ("即時売上", amount),
        };
        let code = 1_100_000 + number;
        if let Some(gmo) = gmo.get_mut(shop) {
            let _ = write!(
                gmo,
                "\"{}\",\"BK{:010}-{number:08}\",\"{status}\",\"2026/10/{day:02} {hour:02}:{minute:02}:27\",\"{charged}\",\
                 \"0\",\"クレジットカード\",\"{code}\"\r\n",
                shop_id(shop),
                number * 7_368_787 % 10_000_000_019,
            );
        }
        if matches!(number % 100, 20 | 70 | 99) {
            continue;
        }
        let state = if matches!(number % 100, 33 | 83) { "CANCELLED" } else { "CONFIRMED" };
        let _ = write!(
            bookings,
            "{day:02}.10.2026 {hour:02}:{minute:02},{prefix}{code},{prefix}-T{code},{state},PAID_IN_FULL,\"予約, 太郎{}\",\
             富士山 ガイド付きツアー{},{day:02}.12.2026 09:00,{amount},JPY,自社サイト,\r\n",
            number % 977,
            number % 23,
            prefix = prefix(shop),
        );
    }
    let mut exports: Vec<Export> = gmo
        .into_iter()
        .enumerate()
        .map(|(shop, text)| Export {
            name: format!("gmo_{shop}.csv"),
            bytes: encoding_rs::SHIFT_JIS.encode(&text).0.into_owned(),
        })
        .collect();
    exports.push(Export { name: "bookings.csv".to_owned(), bytes: bookings.into_bytes() });
    exports
}

fn shop_id(shop: usize) -> String {
    format!("92000000{shop:05}")
}

fn prefix(shop: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
    format!("{}{}", letter(shop / 26), letter(shop))
}
