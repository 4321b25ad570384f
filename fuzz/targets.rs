//! What the fuzz targets do with bytes; `tests/corpus.rs` replays the committed corpus through the same functions.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::LazyLock;
use totsugo::config;
use totsugo::domain::dates::Day;
use totsugo::domain::ids::ShopId;
use totsugo::domain::intake::{Kind, Normalised, Problem, Rows};
use totsugo::locale::{Language, problems};
use totsugo::normalise::{Context, Layout, examine, normalise};
use zip::write::SimpleFileOptions;

/// Stands between the parts of a workbook; never occurs in UTF-8.
pub const SEAM: u8 = 0xFF;

/// The parts that a fuzzed workbook is packed from, in the order in which they stand in the input.
pub const PARTS: [&str; 4] = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml", "xl/workbook.xml"];

const CONTENT_TYPES: &str = r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"#;
const ROOT_RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK_RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>"#;

static LAYOUTS: LazyLock<Vec<Layout>> = LazyLock::new(|| {
    [
        include_str!("../templates/layouts/gmo-torihiki-shukei.toml"),
        include_str!("../templates/layouts/bokun-bookings.toml"),
        include_str!("../templates/layouts/bokun-payments.toml"),
        include_str!("../templates/layouts/totsugo-bookings.toml"),
    ]
    .into_iter()
    .filter_map(|text| Layout::parse("built-in.toml", text).ok())
    .collect()
});

/// Exports that a fuzzed layout is laid over, with their kind.
const SAMPLES: [(Kind, &[u8]); 4] = [
    (Kind::Payments, include_bytes!("../tests/golden/intake/gmo.csv")),
    (Kind::Bookings, include_bytes!("../tests/golden/intake/bokun-bookings.csv")),
    (Kind::PaymentList, include_bytes!("../tests/golden/intake/bokun-payments.csv")),
    (Kind::Bookings, include_bytes!("../tests/golden/intake/totsugo-bookings.csv")),
];

/// A file that is no workbook, through decoding, parsing and normalising.
pub fn csv(bytes: &[u8]) {
    if !bytes.starts_with(b"PK") {
        take(bytes, &LAYOUTS);
    }
}

/// A workbook: a ZIP as it is, or parts that are packed into one.
pub fn xlsx(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        take(bytes, &LAYOUTS);
    } else {
        take(&pack(bytes), &LAYOUTS);
    }
}

/// A layout file; one that is valid is laid over the exports of its kind and, by the input's length, one of another.
pub fn layout(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Layout::parse("fuzz.toml", text) {
        Ok(layout) => {
            let (own, chosen) = (layout.kind(), bytes.len() % SAMPLES.len());
            let layouts = [layout];
            for (at, (kind, sample)) in SAMPLES.into_iter().enumerate() {
                if kind == own || at == chosen {
                    take(sample, &layouts);
                }
            }
        }
        Err(error) => assert!(error.line <= 1 + text.matches('\n').count(), "{error}"),
    }
}

/// A configuration file; what is wrong with it is told in both languages.
pub fn config(bytes: &[u8]) {
    let told = |problem: &config::ConfigProblem| {
        assert!(!problem.sentence(Language::Ja).is_empty() && !problem.sentence(Language::En).is_empty());
    };
    match config::decode(bytes) {
        Err(problem) => told(&problem),
        Ok(text) => {
            if let Err(problems) = config::parse(text, Path::new("/merchant/totsugo.toml"), &BTreeMap::new()) {
                assert!(!problems.is_empty(), "refused without a reason");
                problems.iter().for_each(told);
            }
        }
    }
}

/// Packs parts that [`SEAM`] divides into a workbook; a missing workbook part is replaced by a plain one.
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let given: Vec<&[u8]> = bytes.split(|byte| *byte == SEAM).collect();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        assert!(zip.start_file(name, options).is_ok() && zip.write_all(content).is_ok(), "memory is written to");
    };
    add("[Content_Types].xml", CONTENT_TYPES.as_bytes());
    add("_rels/.rels", ROOT_RELATIONS.as_bytes());
    add("xl/_rels/workbook.xml.rels", BOOK_RELATIONS.as_bytes());
    for (index, name) in PARTS.into_iter().enumerate() {
        match given.get(index) {
            Some(content) => add(name, content),
            None if name == "xl/workbook.xml" => add(name, BOOK.as_bytes()),
            None => {}
        }
    }
    zip.finish().map(Cursor::into_inner).unwrap_or_default()
}

/// Reads as `run` does: every row is accounted for, every refusal has a sentence. A quarter of the inputs is also read as
/// `check --file` does, and both agree; for all of them that would be half the time.
fn take(bytes: &[u8], layouts: &[Layout]) {
    let shops = [ShopId::new("9200000000123"), ShopId::new("tshop00000001")];
    let context = Context {
        layouts,
        folder: None,
        shops: &shops,
        max_rejects: 2,
        latest: Day::new(2026, 12, 31).unwrap_or(Day::from_number(0)),
        is_late: &|| false,
    };
    let taken = normalise(bytes, "in.csv", &context);
    if bytes.len().is_multiple_of(4) {
        let examined = examine(bytes, "in.csv", &context);
        assert_eq!(taken.is_ok(), examined.accepted, "check --file says otherwise");
        assert!(taken.as_ref().map_or(true, |file| file.rows_read == examined.rows), "it counts other rows");
    }
    match &taken {
        Ok(file) => balanced(file),
        Err(problems) => {
            assert!(!problems.is_empty(), "held without a reason");
            problems.iter().for_each(told);
        }
    }
}

fn balanced(file: &Normalised) {
    let accepted = match &file.rows {
        Rows::Payments(rows) => rows.len(),
        Rows::Bookings(carts) => carts.iter().map(|cart| cart.lines.len() + cart.repeated.len()).sum(),
        Rows::PaymentList(entries) => entries.len(),
    };
    assert_eq!(file.rows_read, (accepted + file.excluded.len() + file.rejected.len()) as u64);
    file.rejected.iter().for_each(told);
}

fn told(problem: &Problem) {
    for language in [Language::Ja, Language::En] {
        assert!(!problems::problem(language, "in.csv", problem).is_empty());
    }
}
