//! totsugo (突合): reconciles GMO-PG card payments with JTB BÓKUN bookings, one workbook per shop.
//!
//! Data flows one way; each module does one step and no stage imports another:
//!
//! ```text
//! inbox → read → normalise → store → reconcile → report → mail        run puts them in a row
//! ```
//!
//! | module | job | kind |
//! |---|---|---|
//! | [`domain`] | the nouns of SPEC §1 as values | pure |
//! | [`inbox`] | scan, copy, archive or hold files | shell |
//! | [`read`] | bytes → rows of cells, strictly | pure |
//! | [`normalise`] | rows and layouts → observations, bookings, problems | pure |
//! | [`notes`] | our own workbook come back → the notes in it | pure |
//! | [`schedule`] | which slots are due, and which of them run | pure |
//! | [`store`] | history in SQLite; all SQL | shell |
//! | [`reconcile`] | facts, policy, period, as-of date → reconciliation | pure |
//! | [`report`] | reconciliation → workbook and JSON | pure |
//! | [`mail`] | reconciliation and attachment → finished message | pure |
//! | [`post`] | the outbox leaves: SMTP session, TLS, login, or `.eml` files | shell |
//! | [`locale`] | every sentence a user reads, Japanese and English | pure |
//! | [`config`] | `totsugo.toml`: as written → as valid | shell |
//! | [`console`] | GMO console settings against the manual | pure |
//! | [`templates`] | layouts and mail templates, built in or overridden | shell |
//! | [`run`] | the pipeline: ingest, publish, exit code | shell |
//! | [`demo`] | a sample merchant, made in code | pure |
//! | [`daemon`] | runs the schedules: ticks, executor, signals, signs of life | shell |
//! | [`cli`] | commands of SPEC §3 | shell |
//! | [`durable`] | every file we write or move, whole or not at all | shell |
//! | [`clock`] | what time it is | shell |
//!
//! Pure modules never touch files, the clock, the environment, threads or async; `tests/tidy.rs` keeps it so.

pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod daemon;
pub mod demo;
pub mod domain;
pub mod durable;
pub mod inbox;
pub mod locale;
pub mod mail;
pub mod normalise;
pub mod notes;
pub mod post;
pub mod read;
pub mod reconcile;
pub mod report;
pub mod run;
pub mod schedule;
pub mod store;
pub mod templates;
