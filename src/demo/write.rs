//! The demo's files as GMO-PG, Bókun and we ourselves would write them (SPEC §4.1, §4.2).

use super::DemoError;
use super::world::{Line, Observed, PRODUCTS, World};
use crate::domain::dates::{Moment, Period};
use encoding_rs::SHIFT_JIS;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

/// Headings of 取引集計.
pub(super) const SHUKEI: [&str; 10] = [
    "ショップID",
    "オーダーID",
    "取引状態",
    "処理日時",
    "利用金額",
    "税送料",
    "決済方法",
    "加盟店自由項目1",
    "加盟店自由項目2",
    "加盟店自由項目3",
];

/// Headings of `bokun-bookings`.
pub(super) const BOOKINGS: [&str; 21] = [
    "Creation date",
    "Cart confirmation code",
    "Product confirmation code",
    "External Booking Ref.",
    "Status",
    "Payment status",
    "Customer",
    "Email",
    "Phone number",
    "Product ID",
    "Product title",
    "Rate title",
    "Start date",
    "End date",
    "Participants",
    "Total price with discount",
    "Sale currency",
    "Booking channel",
    "Seller",
    "Supplier",
    "Notes",
];

/// Headings of `bokun-payments`.
pub(super) const PAYMENTS: [&str; 7] = [
    "Payment reference",
    "Booking reference",
    "Payment type",
    "Transaction date",
    "Amount",
    "Currency",
    "Transaction ID",
];

/// Headings of `totsugo-bookings`.
pub(super) const OWN: [&str; 13] = [
    "cart_code",
    "product_code",
    "status",
    "payment_status",
    "created_at",
    "start_at",
    "total",
    "currency",
    "channel",
    "customer",
    "transaction_id",
    "paid_amount",
    "refunded_amount",
];

fn table(headings: &[&str], rows: &[Vec<String>]) -> Result<String, DemoError> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(headings)?;
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(|e| DemoError::Csv(csv::Error::from(e.into_error())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Encodes strictly: a character that CP932 lacks is an error, never a substitute.
pub(super) fn cp932(text: &str) -> Result<Vec<u8>, DemoError> {
    let (bytes, _, lossy) = SHIFT_JIS.encode(text);
    if lossy { Err(DemoError::NotInCp932) } else { Ok(bytes.into_owned()) }
}

fn slashed(at: Moment) -> String {
    at.to_string().replace('-', "/")
}

/// The export of `period`, taken when it had just ended: each payment's newest row, if that row lies in the period.
pub(super) fn shukei(shop: &str, world: &World, period: Period) -> Result<Vec<u8>, DemoError> {
    let mut seen: Vec<(&Observed, &str, &str)> = Vec::new();
    for payment in &world.payments {
        let newest = payment.observed.iter().rfind(|observed| observed.seen <= period.to());
        if let Some(newest) = newest.filter(|observed| period.contains(observed.at.day())) {
            seen.push((newest, &payment.order_id, &payment.booking_ref));
        }
    }
    seen.sort_by_key(|(observed, order_id, _)| (observed.at, *order_id));
    let rows: Vec<Vec<String>> = seen
        .into_iter()
        .map(|(observed, order_id, booking_ref)| {
            let (yen, at) = (observed.yen.to_string(), slashed(observed.at));
            [shop, order_id, &observed.label, &at, &yen, "0", "クレジットカード", booking_ref, "", ""]
                .map(str::to_owned)
                .to_vec()
        })
        .collect();
    cp932(&table(&SHUKEI, &rows)?)
}

fn dotted(at: Moment) -> String {
    let (day, s) = (at.day(), at.second_of_day());
    format!("{:02}.{:02}.{} {:02}:{:02}", day.day_of_month(), day.month(), day.year(), s / 3_600, s / 60 % 60)
}

fn amount(line: &Line) -> String {
    if line.dollars { format!("{}.{:02}", line.price / 100, line.price % 100) } else { format!("{}.0", line.price) }
}

const fn currency(line: &Line) -> &'static str {
    if line.dollars { "USD" } else { "JPY" }
}

fn end(line: &Line) -> Moment {
    Moment::from_number(line.start.number() + 3 * 3_600)
}

/// The lines of Bókun's own export, as rows of text in the order of its headings.
fn bokun_rows(world: &World) -> Vec<Vec<String>> {
    let rows = world.lines.iter().filter(|line| !line.extra.own).map(|line| {
        let (id, title, _) = PRODUCTS.get(line.product).copied().unwrap_or_default();
        let (created, start, end) = (dotted(line.created), dotted(line.start), dotted(end(line)));
        let (id, guests, total) = (id.to_string(), format!("Adult: {}", line.guests), amount(line));
        [
            created.as_str(),
            &line.cart,
            &line.code,
            "",
            &line.status,
            &line.payment_status,
            line.customer,
            "guest@example.com",
            "+81 000000000",
            &id,
            title,
            "Standard",
            &start,
            &end,
            &guests,
            &total,
            currency(line),
            &line.channel,
            "Demo seller",
            "Demo supplier",
            "",
        ]
        .map(str::to_owned)
        .to_vec()
    });
    rows.collect()
}

/// `bokun-bookings` as CSV: UTF-8 with a byte order mark.
pub(super) fn bookings_csv(world: &World) -> Result<Vec<u8>, DemoError> {
    Ok(format!("\u{feff}{}", table(&BOOKINGS, &bokun_rows(world))?).into_bytes())
}

fn date_cell(at: Moment) -> Result<ExcelDateTime, DemoError> {
    let (day, second) = (at.day(), at.second_of_day());
    let year = u16::try_from(day.year()).map_err(|_| DemoError::Calendar)?;
    let month = u8::try_from(day.month()).map_err(|_| DemoError::Calendar)?;
    let of_month = u8::try_from(day.day_of_month()).map_err(|_| DemoError::Calendar)?;
    let hour = u16::try_from(second / 3_600).map_err(|_| DemoError::Calendar)?;
    let minute = u8::try_from(second / 60 % 60).map_err(|_| DemoError::Calendar)?;
    Ok(ExcelDateTime::from_ymd(year, month, of_month)?.and_hms(hour, minute, 0)?)
}

/// `bokun-bookings` as XLSX: dates as date cells, prices as numbers, made at `made`.
pub(super) fn bookings_xlsx(world: &World, made: Moment) -> Result<Vec<u8>, DemoError> {
    let mut workbook = Workbook::new();
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&date_cell(made)?));
    let dates = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let sheet = workbook.add_worksheet();
    sheet.set_name("Bookings")?;
    for (column, heading) in (0_u16..).zip(BOOKINGS) {
        sheet.write_string(0, column, heading)?;
    }
    let lines = world.lines.iter().filter(|line| !line.extra.own);
    for ((row, line), texts) in (1_u32..).zip(lines).zip(bokun_rows(world)) {
        for (column, (heading, text)) in (0_u16..).zip(BOOKINGS.iter().zip(&texts)) {
            match *heading {
                "Creation date" => sheet.write_datetime_with_format(row, column, date_cell(line.created)?, &dates)?,
                "Start date" => sheet.write_datetime_with_format(row, column, date_cell(line.start)?, &dates)?,
                "End date" => sheet.write_datetime_with_format(row, column, date_cell(end(line))?, &dates)?,
                "Total price with discount" if !line.dollars => sheet.write_number(row, column, line.price)?,
                _ if text.is_empty() => continue,
                _ => sheet.write_string(row, column, text)?,
            };
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// `bokun-payments`: a row for what was paid and one for what was given back.
pub(super) fn payment_list(world: &World) -> Result<Vec<u8>, DemoError> {
    let mut rows = Vec::new();
    for line in world.lines.iter().filter(|line| line.extra.list) {
        let kind = line.extra.payment_type.as_deref().unwrap_or("WEB_PAYMENT");
        let paid = line.extra.paid.map(|yen| (yen.to_string(), 0));
        let back = line.extra.back.map(|yen| (format!("-{yen}"), 6));
        for (amount, days) in paid.into_iter().chain(back) {
            let reference = format!("PMT-{}", 9_001 + rows.len());
            let at = dotted(Moment::from_number(line.created.number() + days * 86_400));
            let row = [&reference, &line.cart, kind, &at, &amount, "JPY", &line.extra.transaction];
            rows.push(row.map(str::to_owned).to_vec());
        }
    }
    Ok(table(&PAYMENTS, &rows)?.into_bytes())
}

/// `totsugo-bookings`.
pub(super) fn own_form(world: &World) -> Result<Vec<u8>, DemoError> {
    let yen = |yen: Option<u32>| yen.map(|yen| yen.to_string()).unwrap_or_default();
    let rows: Vec<Vec<String>> = world
        .lines
        .iter()
        .filter(|line| line.extra.own)
        .map(|line| {
            let (created, start, total) = (line.created.to_string(), line.start.to_string(), line.price.to_string());
            let (paid, back) = (yen(line.extra.paid), yen(line.extra.back));
            [
                line.cart.as_str(),
                &line.code,
                &line.status,
                &line.payment_status,
                &created,
                &start,
                &total,
                currency(line),
                &line.channel,
                line.customer,
                &line.extra.transaction,
                &paid,
                &back,
            ]
            .map(str::to_owned)
            .to_vec()
        })
        .collect();
    Ok(table(&OWN, &rows)?.into_bytes())
}
