//! A merchant as real files: `totsugo.toml` and CSV exports.

use super::merchant::{Content, Merchant};
use std::fmt::Write as _;

/// The configuration.
pub(crate) fn config(merchant: &Merchant) -> String {
    let mut text = String::from("[intake]\nsettle_seconds = 0\n");
    for shop in &merchant.shops {
        let _ = write!(text, "[[shops]]\nid = {:?}\nname = \"Shop {}\"\n", shop.id, shop.id);
        let _ = writeln!(text, "recipients = [\"keiri-{}@example.co.jp\"]", shop.id);
        let _ = writeln!(text, "booking_prefixes = {:?}", shop.prefixes);
        let _ = writeln!(text, "cancel_window_days = {}", shop.window);
        let _ = writeln!(text, "expiring_within_days = {}", shop.expiring);
        let _ = writeln!(text, "grace_days = {}", shop.grace);
        let _ = writeln!(text, "awaiting_max_days = {}", shop.awaiting_max);
        if let Some(day) = shop.history_start {
            let _ = writeln!(text, "history_start = \"{day}\"");
        }
        for (name, channels) in &shop.exclude {
            let _ = write!(text, "[[shops.exclude]]\nname = {name:?}\nchannel = {channels:?}\n");
        }
    }
    text
}

/// Every file: its path below the inbox and its bytes.
pub(crate) fn files(merchant: &Merchant) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for (number, file) in merchant.files.iter().enumerate() {
        // Names sort in the order of arrival.
        let folder = file.folder.as_ref().map_or(String::new(), |folder| format!("{folder}/"));
        let text = match &file.content {
            Content::Payments(rows) => {
                let mut text = String::from(
                    "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n",
                );
                for row in rows {
                    let tax = row.tax.map_or(String::new(), |tax| tax.to_string());
                    let at = row.at.format("%Y/%m/%d %H:%M:%S");
                    let _ = write!(
                        text,
                        "{},{},{},{at},{},{tax},クレジットカード,{}\r\n",
                        row.shop, row.order, row.label, row.amount, row.reference
                    );
                }
                text
            }
            Content::Bookings(rows) => {
                let mut text = String::from(
                    "cart_code,product_code,status,payment_status,created_at,start_at,total,currency,channel,\
                     customer,transaction_id,paid_amount,refunded_amount\n",
                );
                for row in rows {
                    let money = |yen: Option<i64>| yen.map_or(String::new(), |yen| yen.to_string());
                    let start = row.start.map_or(String::new(), |at| at.format("%Y-%m-%d %H:%M").to_string());
                    let _ = writeln!(
                        text,
                        "{},{},{},{},{},{start},{},{},{},山田,{},{},{}",
                        row.cart,
                        row.product,
                        row.status,
                        row.payment_status,
                        row.created.format("%Y-%m-%d %H:%M:%S"),
                        row.total,
                        row.currency,
                        row.channel,
                        row.transaction,
                        money(row.paid),
                        money(row.refunded)
                    );
                }
                text
            }
            Content::PaymentList(rows) => {
                let mut text = String::from(
                    "Payment reference,Booking reference,Payment type,Transaction date,Amount,Currency,Transaction ID\n",
                );
                for row in rows {
                    let at = row.at.format("%Y-%m-%d %H:%M:%S");
                    let _ = writeln!(
                        text,
                        "{},{},{},{at},{},{},{}",
                        row.reference, row.cart, row.kind, row.amount, row.currency, row.transaction
                    );
                }
                text
            }
        };
        files.push((format!("{folder}file-{number:03}.csv"), text.into_bytes()));
    }
    files
}
