//! Mail templates, checked before anything runs: syntax, unknown variables, runaway loops. The only file that knows
//! MiniJinja. Pure.

use super::{FindingText, HeldText, MailContext, SalesText, UnknownText, WindowText};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

/// One template: its file, for messages, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailTemplate {
    /// The file; a name that ends in `.html` is escaped.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct TemplateFault {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 if unknown.
    pub line: usize,
    /// What is wrong, in the engine's words.
    pub message: String,
}

/// Steps a template may take: some thousand findings, no endless loop.
const FUEL: u64 = 2_000_000;

/// A verdict for trying templates: of no use in any wording of their own.
const VERDICT: &str = "\u{e000}";

/// The three templates of a report mail, checked.
#[derive(Clone, Debug)]
pub struct Templates {
    environment: Environment<'static>,
    carries_verdict: bool,
    subject: String,
    text: String,
    html: String,
}

/// Subject and bodies, rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rendered {
    /// One line.
    pub(super) subject: String,
    /// Plain text.
    pub(super) text: String,
    /// HTML.
    pub(super) html: String,
}

impl Templates {
    /// Checks the templates: each is parsed and rendered with a full and an empty sample, so that a misspelt variable
    /// is found at start, with file and line, and not at night.
    pub fn new(subject: MailTemplate, text: MailTemplate, html: MailTemplate) -> Result<Self, TemplateFault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
        environment.set_syntax(syntax.map_err(|e| fault(&subject.name, &e))?);
        environment.set_debug(true);
        let mut templates = Self {
            carries_verdict: true,
            subject: subject.name.clone(),
            text: text.name.clone(),
            html: html.name.clone(),
            environment: [subject, text, html].into_iter().try_fold(environment, |mut environment, template| {
                let name = template.name.clone();
                environment.add_template_owned(template.name, template.text).map_err(|e| fault(&name, &e))?;
                Ok(environment)
            })?,
        };
        for sample in [full_sample(), MailContext::default()] {
            let rendered = templates.render(&MailContext { verdict: VERDICT.to_owned(), ..sample })?;
            templates.carries_verdict &= rendered.subject.contains(VERDICT);
        }
        Ok(templates)
    }

    /// Whether the subject always carries the verdict, as it must (SPEC §7).
    pub const fn carries_verdict(&self) -> bool {
        self.carries_verdict
    }

    /// Subject and bodies for `context`.
    pub(super) fn render(&self, context: &MailContext) -> Result<Rendered, TemplateFault> {
        let one = |name: &str| {
            let template = self.environment.get_template(name).map_err(|e| fault(name, &e))?;
            template.render(Serde(context)).map_err(|e| fault(name, &e))
        };
        let subject = one(&self.subject)?.trim().to_owned();
        if subject.chars().any(char::is_control) {
            let message = "the subject must be one line / 件名は 1 行にしてください".to_owned();
            return Err(TemplateFault { file: self.subject.clone(), line: 1, message });
        }
        Ok(Rendered { subject, text: one(&self.text)?, html: one(&self.html)? })
    }
}

/// What the templates of a message to the operator may use: words of faults, never figures (FAULTS M21).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperatorContext {
    /// The faults, one sentence each.
    pub faults: Vec<String>,
    /// Whether this is the daily sign of life.
    pub heartbeat: bool,
    /// The day, `YYYY-MM-DD`.
    pub day: String,
}

/// Subject and text of a message to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoteTemplates {
    /// One line.
    pub subject: &'static str,
    /// The text.
    pub text: &'static str,
}

impl NoteTemplates {
    /// Subject and text for `context`.
    ///
    /// # Errors
    /// When a template is wrong.
    pub fn render(self, context: &OperatorContext) -> Result<(String, String), TemplateFault> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| fault("operator", &e))?);
        let one = |text| environment.render_str(text, Serde(context)).map_err(|e| fault("operator", &e));
        Ok((one(self.subject)?.trim().to_owned(), one(self.text)?))
    }
}

fn fault(file: &str, error: &minijinja::Error) -> TemplateFault {
    let message = error.detail().map_or_else(|| error.kind().to_string(), |d| format!("{}: {d}", error.kind()));
    let message = match error.range().and_then(|range| error.template_source()?.get(range)) {
        Some(place) if !place.is_empty() && place.len() < 80 => format!("{message} (`{place}`)"),
        _ => message,
    };
    TemplateFault { file: error.name().unwrap_or(file).to_owned(), line: error.line().unwrap_or(0), message }
}

/// A context with something in every list and every option.
fn full_sample() -> MailContext {
    let text = || "1".to_owned();
    let finding = FindingText {
        id: text(),
        kind: text(),
        severity: text(),
        done: text(),
        assignee: text(),
        booking: text(),
        order_ids: text(),
        gmo: text(),
        booking_yen: text(),
        difference: text(),
        reason: text(),
        next: text(),
    };
    let window = WindowText {
        risk: text(),
        order_id: text(),
        booking: text(),
        last_safe_day: text(),
        last_possible_day: text(),
        days_left: text(),
        yen: text(),
    };
    MailContext {
        shop_name: text(),
        period_from: "2026-11-01".to_owned(),
        period_to: "2026-11-22".to_owned(),
        revision: 2,
        verdict: text(),
        as_of: "2026-11-23".to_owned(),
        sales: SalesText { count: text(), gross: text(), refunds: text(), net: text() },
        findings: vec![finding; 2],
        finding_count: 3,
        done_count: 1,
        cancellation: vec![window; 2],
        cancellation_count: 3,
        payments_until: Some(text()),
        has_empty_payments: true,
        has_empty_bookings: true,
        is_behind: true,
        are_bookings_behind: true,
        late: Some(text()),
        bookings_until: Some(text()),
        held: vec![HeldText { name: text(), reason: text() }; 2],
        full_workbook_at: Some(text()),
        corrections: 1,
        unknown: vec![UnknownText { period_from: text(), period_to: text(), revision: 1, recipient: text() }; 2],
    }
}
