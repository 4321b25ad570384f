//! Progress of long work, on a terminal only.

use super::notices::pick;
use crate::locale::Language;
use crate::run::{Step, Timings};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, stderr};
use std::thread;
use std::time::Duration;

/// Work shorter than this shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// Stopwatches whose steps are drawn on stderr; nothing is drawn in a pipe.
pub(super) fn watch(language: Language) -> Timings<'static> {
    if !stderr().is_terminal() {
        return Timings::start();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let later = bar.clone();
    let drawer = thread::Builder::new().spawn(move || {
        thread::sleep(PATIENCE);
        if !later.is_finished() {
            later.set_draw_target(ProgressDrawTarget::stderr());
            later.enable_steady_tick(Duration::from_millis(120));
        }
    });
    if drawer.is_err() {
        return Timings::start();
    }
    let drawn = Drawn(bar);
    Timings::watched(Box::new(move |step| {
        let bar = &drawn.0;
        let words = match step {
            Step::TakingIn { bytes, .. } => {
                bar.set_length(bytes);
                bar.set_style(style("{spinner} {msg} {bar:24} {bytes}/{total_bytes} {bytes_per_sec}"));
                pick(language, "取込中", "Taking in").to_owned()
            }
            Step::File(name) => format!("{} {name}", pick(language, "取込中", "Taking in")),
            Step::FileRead | Step::FileKnown | Step::Shop(_) => return,
            Step::FileDone(bytes) => {
                bar.inc(bytes);
                bar.message()
            }
            Step::Reading => {
                bar.set_style(style("{spinner} {msg} {elapsed}"));
                pick(language, "突合中", "Reconciling").to_owned()
            }
            Step::Reporting(shops) => {
                bar.set_position(0);
                bar.set_length(shops);
                bar.set_style(style("{spinner} {msg} {bar:24} {pos}/{len} {per_sec}"));
                pick(language, "レポート作成中", "Writing reports").to_owned()
            }
            Step::ShopDone => {
                bar.inc(1);
                bar.message()
            }
        };
        bar.set_message(words);
    }))
}

/// Leaves no trace when the work is over, however it ends.
struct Drawn(ProgressBar);

impl Drop for Drawn {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
