//! A small merchant, and what a run of it leaves that people rely on.

use crate::sandbox::{Sandbox, timeless};
use crate::{generate, write};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use totsugo::domain::ids::FileDigest;
use totsugo::store::Store;

/// The command that all is about.
pub(crate) const RUN: &str = "run --from 2026-11-01 --to 2026-11-22 --as-of 2026-11-23 --json";

/// One export that is good, one that is held, one whose content comes twice.
pub(crate) fn merchant() -> Sandbox {
    let sandbox = Sandbox::minimal("en");
    fill(&sandbox, "");
    sandbox
}

/// The same merchant in a folder of `sandbox`.
pub(crate) fn fill(sandbox: &Sandbox, folder: &str) {
    let config = fs::read_to_string(Sandbox::minimal("en").path("totsugo.toml")).expect("a configuration");
    let mail = "[mail]\nallowed_domains = [\"example.co.jp\"]\n[[shops]]";
    let config = config.replace("[[shops]]", mail) + "recipients = [\"keiri@example.co.jp\"]\n";
    sandbox.write(&format!("{folder}totsugo.toml"), config.as_bytes());
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    let row = "9200000000001,A-1,即時売上,2026/11/02 10:00:00,5000,300,クレジットカード,1102481\r\n";
    for name in ["a.csv", "copy of a.csv"] {
        sandbox.write(&format!("{folder}inbox/{name}"), format!("{heading}{row}").as_bytes());
    }
    sandbox.write(&format!("{folder}inbox/login.csv"), b"<html>logged out</html>\n");
}

/// The same merchant after its first report.
pub(crate) fn reported() -> Sandbox {
    let sandbox = merchant();
    assert!(sandbox.program(&RUN.split(' ').collect::<Vec<_>>()).code <= 1, "a report");
    sandbox
}

/// Drops one payment more.
pub(crate) fn one_more(sandbox: &Sandbox) {
    let heading = "ショップID,オーダーID,取引状態,処理日時,利用金額,税送料,決済方法,加盟店自由項目1\r\n";
    let row = "9200000000001,A-2,即時売上,2026/11/03 10:00:00,700,0,クレジットカード,1102482\r\n";
    sandbox.write("inbox/b.csv", format!("{heading}{row}").as_bytes());
}

/// A merchant out of a seed, and the run that is about it.
pub(crate) struct RandomMerchant {
    config: String,
    files: Vec<(String, Vec<u8>)>,
    /// The command.
    pub(crate) run: String,
}

impl RandomMerchant {
    pub(crate) fn of(seed: u64) -> Self {
        let merchant = generate::merchant(seed);
        Self {
            config: write::config(&merchant),
            files: write::files(&merchant),
            run: format!("run --json --from {} --to {} --as-of {}", merchant.from, merchant.to, merchant.as_of),
        }
    }

    /// All files in the inbox, nothing read.
    pub(crate) fn fresh(&self) -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.write("totsugo.toml", self.config.as_bytes());
        self.drop_in(&sandbox, 0, self.files.len());
        sandbox
    }

    /// The first half was reported, the other half lies in the inbox.
    pub(crate) fn reported_in_part(&self) -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.write("totsugo.toml", self.config.as_bytes());
        let half = self.files.len() / 2;
        self.drop_in(&sandbox, 0, half);
        fs::create_dir_all(sandbox.path("inbox")).expect("an inbox");
        let said = sandbox.program(&self.run.split(' ').collect::<Vec<_>>());
        assert!(said.code <= 1, "{}\n{}", said.code, said.err);
        self.drop_in(&sandbox, half, self.files.len());
        sandbox
    }

    fn drop_in(&self, sandbox: &Sandbox, first: usize, end: usize) {
        for (name, bytes) in &self.files[first..end] {
            sandbox.write(&format!("inbox/{name}"), bytes);
        }
    }
}

/// The files below `folders` by content, without reasons; what a killed process was writing does not count.
pub(crate) fn contents(sandbox: &Sandbox, folders: &[String]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let files = folders.iter().flat_map(|folder| sandbox.find(folder, ""));
    for (_, bytes) in files.filter(|(name, _)| !name.ends_with(".reason.txt") && !name.ends_with(".part")) {
        *found.entry(FileDigest::of(&bytes).to_string()).or_default() += 1;
    }
    found
}

/// Every place where an original may lie.
pub(crate) fn places(folder: &str) -> Vec<String> {
    ["inbox", "archive", "held"].map(|name| format!("{folder}{name}")).into()
}

/// What people rely on after a run. Two that are equal are equal to the byte, but for when a mail was composed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    /// Of each shop: revision and every figure.
    pub(crate) figures: Vec<Value>,
    /// Originals outside the inbox, by digest.
    pub(crate) originals: BTreeMap<String, usize>,
    /// Digests of the workbooks by name.
    pub(crate) workbooks: BTreeMap<String, String>,
    /// Digests of the mails without Date and Message-ID, sorted.
    pub(crate) mails: Vec<String>,
    /// What the history knows as held, with its reason lying beside it.
    pub(crate) held: Vec<String>,
}

impl Outcome {
    /// Runs undisturbed in `sandbox` and sees what there is then.
    pub(crate) fn settled(sandbox: &Sandbox, run: &str, at: &str) -> Self {
        let said = sandbox.program(&run.split(' ').collect::<Vec<_>>());
        assert!(said.code <= 1, "{at}, code {}\n{}\n{}", said.code, said.err, said.out);
        Self::of(sandbox, "", &said.out, at)
    }

    /// What there is in `folder` of `sandbox` after a run that printed `json`; nothing may be unfinished.
    pub(crate) fn of(sandbox: &Sandbox, folder: &str, json: &str, at: &str) -> Self {
        let json: Value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{at}: {error}\n{json}"));
        let parts =
            ["shop_id", "revision", "sales", "matched", "findings", "cancellation", "excluded", "awaiting", "proof"];
        let shops = json["shops"].as_array().expect("shops").iter();
        let figures = shops.flat_map(|shop| parts.map(|part| shop[part].clone())).collect();
        let unfinished = sandbox.find(folder, ".part");
        assert!(unfinished.is_empty(), "{at}: {:?}", unfinished.keys());
        let left = sandbox.find(&format!("{folder}inbox"), "");
        assert!(left.is_empty(), "{at}: {:?} left in the inbox", left.keys());
        let store = Store::open(&sandbox.path(&format!("{folder}totsugo.db")), "test").expect(at);
        store.verify().expect(at);
        let held: Vec<String> = store.held().expect(at).into_iter().map(|file| file.name).collect();
        for name in &held {
            let reason = format!("{folder}held/{name}.reason.txt");
            assert!(sandbox.path(&reason).exists(), "{at}: no {reason}");
        }
        let mut mails: Vec<String> =
            sandbox.find(&format!("{folder}outbox"), ".eml").values().map(|bytes| digest(bytes)).collect();
        mails.sort();
        let workbooks = sandbox.find(&format!("{folder}reports"), ".xlsx").into_iter();
        Self {
            figures,
            originals: contents(sandbox, &places(folder)),
            workbooks: workbooks
                .map(|(name, bytes)| {
                    (name.strip_prefix(folder).unwrap_or(&name).to_owned(), FileDigest::of(&bytes).to_string())
                })
                .collect(),
            mails,
            held,
        }
    }
}

impl Outcome {
    /// Without what depends on when each file was taken in: the workbook lists the files and what was held, as its mail.
    pub(crate) fn whenever_read(mut self) -> Self {
        self.workbooks.values_mut().chain(&mut self.mails).for_each(String::clear);
        self
    }
}

fn digest(message: &[u8]) -> String {
    FileDigest::of(timeless(message).as_bytes()).to_string()
}
