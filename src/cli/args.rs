//! The command line as clap reads it.

use crate::locale::Language;
use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// 突合: reconciles GMO-PG card payments with JTB BÓKUN bookings, one workbook per shop.
#[derive(Debug, Parser)]
#[command(name = "totsugo", version, about, long_about = None, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: 0 completed · 1 something needs the operator · 2 wrong usage or configuration, \
                        nothing was done · 3 failed · 4 another instance is at work")]
pub(super) struct Arguments {
    /// Configuration file (default: TOTSUGO_CONFIG, else totsugo.toml in the current folder)
    // The variable TOTSUGO_CONFIG is read where the configuration is loaded, so that --config wins visibly.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// As `language` in the configuration has it.
impl ValueEnum for Language {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Ja, Self::En]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Ja => "ja",
            Self::En => "en",
        }))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a sample merchant in DIR and run it
    Demo {
        /// Where to; a new folder
        #[arg(value_name = "DIR", default_value = "totsugo-demo")]
        folder: PathBuf,
    },
    /// Write a commented configuration, schedules and folders for a new installation
    Init {
        /// Where to
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        /// Language of the configuration, and of workbook, mail and messages later
        #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = Language::Ja)]
        language: Language,
    },
    /// Take in what lies in the inbox, then report
    Run(RunArguments),
    /// Take files in without reporting
    Ingest {
        /// Files; what lies in the inbox if none is given
        paths: Vec<PathBuf>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Run the schedules until stopped
    Daemon,
    /// What ran last, what is due next, what is held, what is unsent
    Status {
        /// Exit with 1 if the last success is older, such as 26h, 90m or 2d
        #[arg(long, value_name = "AGE")]
        max_age: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Remove what `[retention]` says is old enough and the history has recorded; off unless configured
    Clean {
        /// Show what would be removed; remove nothing
        #[arg(long)]
        dry_run: bool,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// One booking number or Order ID: payment, history, booking, finding, deadline, sources
    Show {
        /// A booking number, with or without its prefix, or an Order ID
        key: String,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Findings that are open: list, note, resolve, reopen
    Findings {
        #[command(subcommand)]
        action: Option<FindingsAction>,
        /// Print the list as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Held files: list, release, discard
    Held {
        #[command(subcommand)]
        action: Option<HeldAction>,
        /// Print the list as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Mails: who got what and when, send again on purpose, send a test
    Mail {
        #[command(subcommand)]
        action: Option<MailAction>,
        /// Print the list as one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Past runs: period, revision, counts, proof, mail
    History {
        /// Only this shop
        #[arg(long, value_name = "ID")]
        shop: Option<String>,
        /// Print one JSON document
        #[arg(long)]
        json: bool,
        /// What people did instead: released, discarded, backed up, restored, with user and reason
        #[arg(long, conflicts_with = "shop")]
        acts: bool,
    },
    /// Write a copy of the history to the new file FILE and verify it; other work may go on
    Backup {
        /// Where to; nothing is overwritten
        file: PathBuf,
        /// Why, for the trail
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Put the copy FILE in the place of the history, which is kept beside it
    Restore {
        /// A file that `backup` wrote; it is looked at before anything is replaced
        file: PathBuf,
        /// Look at every record of the restored history again
        #[arg(long)]
        verify: bool,
        /// Only look at FILE; replace nothing
        #[arg(long)]
        dry_run: bool,
        /// Why, for the trail
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Check configuration, layouts, templates, folders and GMO console settings
    Check {
        /// Say how this one file would be read, and take nothing in
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
    },
    /// Print shell completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program, or of one command
    Man {
        /// The words of the command, such as `mail resend`
        #[arg(value_name = "COMMAND")]
        words: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// First day, YYYY-MM-DD, included
    #[arg(long, value_name = "D", requires = "to", conflicts_with = "period")]
    pub(super) from: Option<String>,
    /// Last day, YYYY-MM-DD, included
    #[arg(long, value_name = "D", requires = "from")]
    pub(super) to: Option<String>,
    /// yesterday, last-7-days, month-to-date, previous-month or YYYY-MM
    #[arg(long, value_name = "P", default_value = "month-to-date")]
    pub(super) period: String,
    /// Only this shop; may be repeated
    #[arg(long, value_name = "ID")]
    pub(super) shop: Vec<String>,
    /// 基準日: the date that ageing and deadlines are counted from (default: today in Japan)
    #[arg(long, value_name = "D")]
    pub(super) as_of: Option<String>,
    /// Show what would be taken in, written and mailed; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Make the next revision even if no figure changed
    #[arg(long)]
    pub(super) reissue: bool,
    /// Write workbooks, mail nothing
    #[arg(long)]
    pub(super) no_mail: bool,
    /// Print one JSON document to stdout
    #[arg(long)]
    pub(super) json: bool,
    /// Take the clock as right although later times are recorded
    #[arg(long)]
    pub(super) accept_clock: bool,
    /// Exit with 1 if findings are open
    #[arg(long)]
    pub(super) fail_on_findings: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum FindingsAction {
    /// List open findings
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Write the memo of a finding, in place of what stands there
    Note {
        /// The finding, F-XXXXXXXX
        id: String,
        /// The memo; "" takes it away
        text: String,
    },
    /// Mark a finding as done; it stays in the report until its cause is gone
    Resolve {
        /// The finding, F-XXXXXXXX
        id: String,
        /// Why; it is added to the memo
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Mark a finding as not done again
    Reopen {
        /// The finding, F-XXXXXXXX
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum HeldAction {
    /// List held files with their reasons
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Send a held file through the same checks again
    Release {
        /// Its name in the held folder
        name: String,
    },
    /// Set a held file aside for good; it is kept in held/discarded
    Discard {
        /// Its name in the held folder
        name: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum MailAction {
    /// List mails with their states
    List {
        /// Print one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Send one mail again: the identical bytes, marked 再送 in the ledger
    Resend {
        /// Its number in the list
        id: i64,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Close a mail that was refused or may have arrived, once it is known what became of it
    Settle {
        /// Its number in the list
        id: i64,
        /// What is known of it
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Send a message without figures to see whether mail arrives
    SendTest {
        /// Where to; within mail.allowed_domains
        address: String,
    },
}

/// A reason in words: one that is blank says nothing to whoever reads the trail.
fn words(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("blank") } else { Ok(text.to_owned()) }
}
