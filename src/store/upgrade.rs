//! What earlier schemas sealed, in the form in which they sealed it. An upgrade looks at it before it seals anew: what was
//! altered before must not pass as sealed after.

use super::Result;
use super::integrity::{self, DISPOSITIONS, ENTRIES, Form, SHOP_TOTALS};
use rusqlite::Transaction;
use rusqlite_migration::{HookError, HookResult};

/// The schema from which records are sealed.
const FIRST_SEALS: usize = 2;

/// The schema from which rows are narrow.
pub(super) const NARROW_ROWS: usize = 9;

/// All that a file brought, in schemas 2 to 8.
pub(super) const WIDE: Form = Form {
    rows: &[
        ("row_disposition", DISPOSITIONS),
        ("file_shop", SHOP_TOTALS),
        (
            "file_cart",
            "SELECT cart_key, disposition, \"rows\", repeated, yen, covers_from, covers_to FROM file_cart WHERE file_id = ?1 \
             ORDER BY cart_key",
        ),
        (
            "observation",
            "SELECT p.shop, p.order_id, o.at, o.status, o.amount, o.booking_ref, o.method, o.line \
             FROM observation o JOIN payment p ON p.id = o.payment_id WHERE o.file_id = ?1 ORDER BY o.line",
        ),
        ("cart_version", "SELECT id, cart_key, cart, rank, content FROM cart_version WHERE file_id = ?1 ORDER BY id"),
        (
            "booking_line",
            "SELECT l.version_id, l.position, l.product_code, l.status, l.payment_status, l.created_at, l.start_at, l.total, \
             l.currency, l.written_total, l.channel, l.product, l.customer, l.external_ref, l.transaction_id, l.paid, \
             l.refunded, l.line FROM cart_version v JOIN booking_line l ON l.version_id = v.id WHERE v.file_id = ?1 \
             ORDER BY v.id, l.position",
        ),
        ("payment_entry", ENTRIES),
    ],
    by_table: false,
    accounted: "SELECT coalesce((SELECT sum(\"rows\") FROM row_disposition WHERE file_id = ?1), 0), \
                (SELECT sum(yen) FROM (SELECT yen FROM file_shop WHERE file_id = ?1 \
                UNION ALL SELECT yen FROM file_cart WHERE file_id = ?1))",
    became: "SELECT cart_key, disposition, file_id FROM file_cart",
    ranges: &[],
};

fn hooked(done: Result<()>) -> HookResult {
    done.map_err(|error| HookError::Hook(error.to_string()))
}

/// Seals every record of a history of before the seals.
pub(super) fn first_seals(transaction: &Transaction<'_>) -> HookResult {
    hooked((|| {
        transaction.execute(
            "UPDATE file SET reach = (SELECT max(l.created_at) FROM cart_version v JOIN booking_line l \
             ON l.version_id = v.id WHERE v.file_id = file.id), \
             yen = coalesce((SELECT sum(yen) FROM file_shop WHERE file_id = file.id), 0) \
             + coalesce((SELECT sum(yen) FROM file_cart WHERE file_id = file.id), 0) \
             + coalesce((SELECT sum(amount) FROM payment_entry WHERE file_id = file.id), 0)",
            [],
        )?;
        integrity::seal_all(transaction, FIRST_SEALS)
    })())
}

/// Makes rows narrow, and seals every record in its new form after its old seal was found to hold.
pub(super) fn narrow_rows(transaction: &Transaction<'_>) -> HookResult {
    hooked((|| {
        integrity::verify_records(transaction, NARROW_ROWS - 1)?;
        transaction.execute_batch(include_str!("migrations/0009_narrow_rows.sql"))?;
        integrity::seal_all(transaction, NARROW_ROWS)
    })())
}
