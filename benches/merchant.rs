//! Writes a merchant for a run by hand: `cargo bench --bench merchant -- DIR PAYMENTS SHOPS`.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a tool may stop where it cannot go on, and talks")]

mod common;

use std::fs;
use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, payments, shops] = arguments.as_slice() else {
        // `cargo test` and `cargo bench` start every target without arguments.
        return;
    };
    let (payments, shops) = (payments.parse().expect("a number"), shops.parse().expect("a number"));
    let inbox = PathBuf::from(folder).join("inbox");
    fs::create_dir_all(&inbox).expect("folder");
    fs::write(PathBuf::from(folder).join("totsugo.toml"), common::configuration(shops)).expect("file");
    for export in common::exports(payments, shops) {
        fs::write(inbox.join(export.name), export.bytes).expect("file");
    }
    println!("totsugo run --period {} --as-of {}", common::PERIOD, common::AS_OF);
}
