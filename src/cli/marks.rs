//! ✓, ! and ✗ before what a command says, green, yellow and red where the terminal shows colours.
//!
//! Whether it does is decided for all output alike, help and mistakes included: by `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`,
//! `TERM`, and by whether somebody looks at all.

use anstyle::{AnsiColor, Style};
use std::fmt;

/// A sign of how something stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(char, AnsiColor);

/// As it must be.
pub(super) const GOOD: Mark = Mark('✓', AnsiColor::Green);
/// Somebody has to look.
pub(super) const WARNING: Mark = Mark('!', AnsiColor::Yellow);
/// Wrong.
pub(super) const BAD: Mark = Mark('✗', AnsiColor::Red);

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style: Style = self.1.on_default();
        write!(f, "{style}{}{style:#}", self.0)
    }
}
