//! The stages of a run over 20,000 payments of two shops, one by one. `cargo bench --bench stages`.

#![expect(clippy::expect_used, reason = "a bench may stop where it cannot go on")]

mod common;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use std::collections::BTreeMap;
use std::path::Path;
use totsugo::config::{self, Config};
use totsugo::domain::dates::{Day, Period};
use totsugo::domain::ids::{FileDigest, ShopId};
use totsugo::domain::intake::Normalised;
use totsugo::domain::reconciliation::{Reconciliation, ShopFacts};
use totsugo::locale::Language;
use totsugo::normalise::{Context, Layout, normalise};
use totsugo::reconcile;
use totsugo::report::{self, Edition};
use totsugo::run;
use totsugo::store::{NewFile, Store};
use totsugo::templates;

const PAYMENTS: usize = 20_000;
const SHOPS: usize = 2;

fn main() {
    divan::main();
}

fn config() -> Config {
    config::parse(&common::configuration(SHOPS), Path::new("totsugo.toml"), &BTreeMap::new()).expect("valid")
}

fn normalised(export: &common::Export, layouts: &[Layout], shops: &[ShopId]) -> Normalised {
    let latest = Day::parse(common::AS_OF).expect("a day");
    let context = Context { layouts, folder: None, shops, max_rejects: 0, latest, is_late: &|| false };
    normalise(&export.bytes, &export.name, &context).expect("accepted")
}

fn all_normalised(config: &Config) -> Vec<Normalised> {
    let shops: Vec<ShopId> = config.shops.iter().map(|shop| shop.shop.id.clone()).collect();
    let layouts = layouts();
    common::exports(PAYMENTS, SHOPS).iter().map(|export| normalised(export, &layouts, &shops)).collect()
}

fn layouts() -> Vec<Layout> {
    let files = templates::layouts(Path::new("templates-of-nobody")).expect("built in");
    files.iter().map(|file| Layout::parse(&file.name, &file.text).expect("valid")).collect()
}

fn stored(files: &[Normalised], folder: &Path) -> Store {
    let mut store = Store::open(&folder.join("totsugo.db"), "bench").expect("a new history");
    for (at, normalised) in files.iter().enumerate() {
        let name = format!("{at}.csv");
        let file =
            NewFile { digest: FileDigest::of(name.as_bytes()), name: &name, folder: None, normalised, reasons: &[] };
        store.save_file(&file, reconcile::disposition).expect("a history").expect("stored");
    }
    store
}

fn facts(config: &Config, store: &Store) -> BTreeMap<ShopId, ShopFacts> {
    let placed = run::place(config, store.facts().expect("facts"), None).expect("placed");
    let shops = config.shops.iter().map(|shop| shop.shop.id.clone());
    shops.map(|shop| (shop.clone(), placed.facts(&shop).expect("facts of a shop"))).collect()
}

fn verdicts(config: &Config, facts: &BTreeMap<ShopId, ShopFacts>) -> Vec<Reconciliation> {
    let as_of = Day::parse(common::AS_OF).expect("a day");
    let period = Period::named(common::PERIOD, as_of).expect("a period");
    let of = |shop: &config::ShopConfig| {
        let facts = facts.get(&shop.shop.id).expect("facts of every shop");
        reconcile::reconcile(&shop.shop, facts, &[], &[], &config.calendar, period, as_of)
    };
    config.shops.iter().map(of).collect()
}

#[divan::bench]
fn decode_parse_normalise(bencher: Bencher<'_, '_>) {
    let (config, layouts, exports) = (config(), layouts(), common::exports(PAYMENTS, SHOPS));
    let shops: Vec<ShopId> = config.shops.iter().map(|shop| shop.shop.id.clone()).collect();
    let bytes: usize = exports.iter().map(|export| export.bytes.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        for export in &exports {
            black_box(normalised(export, &layouts, &shops));
        }
    });
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn store(bencher: Bencher<'_, '_>) {
    let files = all_normalised(&config());
    bencher
        .counter(ItemsCount::new(PAYMENTS))
        .with_inputs(|| tempfile::tempdir().expect("folder"))
        .bench_refs(|folder| stored(&files, folder.path()));
}

#[divan::bench]
fn load_and_place(bencher: Bencher<'_, '_>) {
    let (config, folder) = (config(), tempfile::tempdir().expect("folder"));
    let store = stored(&all_normalised(&config), folder.path());
    bencher.counter(ItemsCount::new(PAYMENTS)).bench_local(|| facts(&config, &store));
}

#[divan::bench]
fn match_and_judge(bencher: Bencher<'_, '_>) {
    let (config, folder) = (config(), tempfile::tempdir().expect("folder"));
    let facts = facts(&config, &stored(&all_normalised(&config), folder.path()));
    bencher.counter(ItemsCount::new(PAYMENTS)).bench(|| verdicts(&config, &facts));
}

#[divan::bench(sample_count = 20)]
fn render(bencher: Bencher<'_, '_>) {
    let (config, folder) = (config(), tempfile::tempdir().expect("folder"));
    let facts = facts(&config, &stored(&all_normalised(&config), folder.path()));
    let results = verdicts(&config, &facts);
    bencher.counter(ItemsCount::new(PAYMENTS)).bench(|| {
        for result in &results {
            let edition = Edition {
                language: Language::Ja,
                reconciliation: result,
                revision: 1,
                files: &[],
                held: &[],
                changes: &[],
                with_customer: false,
                with_matched: true,
                installation: "bench",
                expiring_within_days: 30,
            };
            black_box(report::workbook(&edition).expect("a workbook"));
        }
    });
}
