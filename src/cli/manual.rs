//! `man`: the manual pages, out of the same command tree as the help.

use super::help;
use super::notices::pick;
use super::{Exit, failed};
use crate::locale::Language;
use clap::Command;
use clap_mangen::Man;
use std::io::Write as _;

/// The headings that clap_mangen writes, and what a Japanese page calls them.
const HEADINGS: [(&str, &str); 7] = [
    ("NAME", "名前"),
    ("SYNOPSIS", "書式"),
    ("DESCRIPTION", "説明"),
    ("OPTIONS", "オプション"),
    ("SUBCOMMANDS", "コマンド"),
    ("EXTRA", "補足"),
    ("VERSION", "バージョン"),
];

/// Files and variables, at the end of the first page.
const SURROUNDINGS_JA: &str = ".SH 環境変数\n\
    .TP\n\\fBTOTSUGO_CONFIG\\fR\n設定ファイルの場所（\\fB\\-\\-config\\fR が優先）\n\
    .TP\n\\fBTOTSUGO__\\fR\\fI表\\fR\\fB__\\fR\\fIキー\\fR\n設定ファイルの 1 項目を置き換えます。例: \\fBTOTSUGO__MAIL__SMTP__PASSWORD\\fR\n\
    .TP\n\\fBLC_ALL\\fR, \\fBLC_MESSAGES\\fR, \\fBLANG\\fR\n説明と使い方の誤りの言語。そのほかは設定の language に従います\n\
    .TP\n\\fBNO_COLOR\\fR, \\fBCLICOLOR\\fR, \\fBCLICOLOR_FORCE\\fR\n色を付けるかどうか\n\
    .SH ファイル\n\
    .TP\n\\fItotsugo.toml\\fR\n設定ファイル。Debian パッケージでは \\fI/etc/totsugo/totsugo.toml\\fR\n\
    .TP\n\\fItotsugo.db\\fR, \\fItotsugo.sent.jsonl\\fR\n履歴と、送信済みの記録。どちらも削除しないでください\n";

/// The same in English.
const SURROUNDINGS_EN: &str = ".SH ENVIRONMENT\n\
    .TP\n\\fBTOTSUGO_CONFIG\\fR\nThe configuration file, unless \\fB\\-\\-config\\fR names one.\n\
    .TP\n\\fBTOTSUGO__\\fR\\fITABLE\\fR\\fB__\\fR\\fIKEY\\fR\nReplaces one key of the configuration, such as \\fBTOTSUGO__MAIL__SMTP__PASSWORD\\fR.\n\
    .TP\n\\fBLC_ALL\\fR, \\fBLC_MESSAGES\\fR, \\fBLANG\\fR\nThe language of help and of mistakes on the command line; everything else follows \\fIlanguage\\fR in the configuration.\n\
    .TP\n\\fBNO_COLOR\\fR, \\fBCLICOLOR\\fR, \\fBCLICOLOR_FORCE\\fR\nWhether there are colours.\n\
    .SH FILES\n\
    .TP\n\\fItotsugo.toml\\fR\nThe configuration; with the Debian package \\fI/etc/totsugo/totsugo.toml\\fR.\n\
    .TP\n\\fItotsugo.db\\fR, \\fItotsugo.sent.jsonl\\fR\nThe history, and the record of what was sent. Neither may be deleted.\n";

/// Prints the page of the program, or of the command that `words` spell.
pub(super) fn print(language: Language, words: &[String]) -> Exit {
    let mut tree = help::command(language);
    // Gives each command its full name: totsugo-mail-resend.
    tree.build();
    let Some(command) = words.iter().try_fold(&tree, |command, word| command.find_subcommand(word)) else {
        let ja = "この名前のコマンドはありません。totsugo --help でご確認ください。";
        complain!("{}: {}", words.join(" "), pick(language, ja, "there is no such command; see totsugo --help."));
        return Exit::Usage;
    };
    match page(language, command.clone(), words.is_empty()) {
        // Printed as it is: a page has no colours to take out.
        Ok(page) if std::io::stdout().write_all(page.as_bytes()).is_ok() => Exit::Completed,
        Ok(_) => Exit::Failed,
        Err(error) => failed(&error),
    }
}

/// The page of `command` in roff.
fn page(language: Language, command: Command, is_first: bool) -> std::io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).manual("totsugo").render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    if is_first {
        page.push_str(pick(language, SURROUNDINGS_JA, SURROUNDINGS_EN));
    }
    if language == Language::En {
        return Ok(page);
    }
    let shown = |line: &str| {
        let name = line.strip_prefix(".SH ").unwrap_or_default().trim_matches('"');
        match HEADINGS.iter().find(|(en, _)| en.eq_ignore_ascii_case(name)) {
            Some((_, ja)) => format!(".SH {ja}\n"),
            // Japanese has few spaces: filling lines up would tear those apart.
            None if line.starts_with(".TH ") => format!("{line}\n.ad l\n"),
            None => format!("{line}\n"),
        }
    };
    Ok(page.lines().map(shown).collect())
}
