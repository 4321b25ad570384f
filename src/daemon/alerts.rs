//! What the operator is told although no run says it.

use crate::domain::ids::ShopId;
use crate::locale::Language;
use crate::post::{self, OperatorFault, Others};
use crate::run::{Effect, Workshop};
use crate::store::{Store, StoreError};
use std::collections::BTreeMap;

/// Something that needs the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// The configuration was to be read again and is not valid; the old one stays in force (FAULTS K11).
    Configuration {
        /// What is wrong with it.
        why: String,
    },
    /// A schedule file is not valid; its last valid version stays in force (FAULTS C13).
    Schedule {
        /// What is wrong with it.
        why: String,
    },
    /// There is no schedule at all: no run will ever be due.
    NoSchedule {
        /// Where one would lie.
        folder: String,
    },
    /// A schedule is gone with its file.
    ScheduleGone {
        /// The schedule.
        schedule: String,
        /// How far it was looked at.
        through: String,
    },
    /// The clock stands before what was recorded already (FAULTS C04).
    Clock {
        /// The latest time known. What the clock says is no part of it: that changes at every look.
        latest: String,
    },
    /// Slots were missed and are recorded as skipped.
    Skipped {
        /// The schedule.
        schedule: String,
        /// The planned time of the first.
        first: String,
        /// How many.
        count: usize,
    },
    /// A slot was given up after its last attempt (FAULTS C09).
    SlotFailed {
        /// The schedule.
        schedule: String,
        /// The planned time.
        planned: String,
        /// The shops that failed each time; empty: the run as a whole.
        shops: Vec<ShopId>,
        /// Why, as of the last attempt.
        why: String,
    },
    /// The inbox is not available: its slots stay due (FAULTS A12).
    Inbox {
        /// Why.
        why: String,
    },
    /// Slots cannot be looked at or worked off.
    Ledger {
        /// Why.
        why: String,
    },
    /// A year beyond the table of holidays (FAULTS C12).
    CalendarEnds(i32),
}

/// Who looks for schedules, as it stands in the history.
pub(super) const NO_SCHEDULE: &str = "no schedule";

/// Whether a daemon has told that there is no schedule, and none has found one since.
///
/// # Errors
/// When the history cannot be read.
pub fn runs_nothing(store: &Store) -> Result<bool, StoreError> {
    let scope = format!("daemon/{NO_SCHEDULE}/");
    Ok(store.faults_told()?.iter().any(|(fault, _)| fault.starts_with(&scope)))
}

impl Alert {
    /// Whether `other` says the same again; a wrong clock says another time at each look.
    pub fn is_repeated_by(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Clock { .. }, Self::Clock { .. })) || self == other
    }

    /// Of something that happened: under what it is remembered, and what makes it another one.
    ///
    /// Slots are given up and skipped once, and schedules gone once, also where a kill lets that be found twice; the rest
    /// happens anew each time.
    fn occasion(&self, workshop: &Workshop) -> (String, String) {
        let kind = self.kind();
        if let Self::SlotFailed { schedule, planned: moment, .. }
        | Self::Skipped { schedule, first: moment, .. }
        | Self::ScheduleGone { schedule, through: moment } = self
        {
            (format!("daemon/{kind}/{schedule}"), moment.clone())
        } else {
            (format!("daemon/{kind}"), format!("{} {}", workshop.now.to_rfc3339(), self.sentence(workshop.language())))
        }
    }

    /// Of something that lasts: what makes it the same tomorrow.
    fn condition(&self, language: Language) -> String {
        if matches!(self, Self::Clock { .. }) { String::new() } else { self.sentence(language) }
    }

    /// One word for the log and the trail.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Configuration { .. } => "configuration",
            Self::Schedule { .. } => "schedule",
            Self::NoSchedule { .. } => NO_SCHEDULE,
            Self::ScheduleGone { .. } => "schedule gone",
            Self::Clock { .. } => "clock",
            Self::Skipped { .. } => "skipped",
            Self::SlotFailed { .. } => "slot failed",
            Self::Inbox { .. } => "inbox",
            Self::Ledger { .. } => "ledger",
            Self::CalendarEnds(_) => "calendar",
        }
    }

    /// What happened and what to do.
    pub fn sentence(&self, language: Language) -> String {
        let say = |ja: String, en: String| match language {
            Language::Ja => ja,
            Language::En => en,
        };
        match self {
            Self::Configuration { why } => say(
                format!("設定を読み直せません。前の設定のまま続けています。{why}"),
                format!("The configuration cannot be read again; the old one stays in force. {why}"),
            ),
            Self::Schedule { why } => say(
                format!("予定ファイルに誤りがあります。前の内容のまま続けています。{why}"),
                format!("A schedule file is not valid; what it said before stays in force. {why}"),
            ),
            Self::NoSchedule { folder } => say(
                format!(
                    "{folder}: 予定がありません。daemon は何も実行しません。予定ファイル（*.toml）を置くか、paths.schedules と共有フォルダーの接続をご確認ください。"
                ),
                format!(
                    "{folder}: there is no schedule, so the daemon runs nothing. Put a schedule file (*.toml) there, or look at paths.schedules and, for a share, that it is mounted."
                ),
            ),
            Self::ScheduleGone { schedule, .. } => say(
                format!("予定「{schedule}」のファイルがなくなりました。この予定は実行しません。"),
                format!("The file of schedule \"{schedule}\" is gone. It runs no more."),
            ),
            Self::Clock { latest } => say(
                format!(
                    "時計が、記録にある最後の時刻 {latest} より1時間以上前を指しています。何も実行しません。時計を直してください。正しければ totsugo run --accept-clock で続けられます。"
                ),
                format!(
                    "The clock stands more than an hour before {latest}, which has been seen. Nothing runs. Set the clock, or go on with totsugo run --accept-clock."
                ),
            ),
            Self::Inbox { why } => say(
                format!(
                    "inbox を利用できません（{why}）。共有フォルダーの接続をご確認ください。予定の回は打ち切らず、利用できるまで5分ごとに試します。それまで、レポートもメールも作成しません。"
                ),
                format!(
                    "The inbox is not available ({why}); check that the share is mounted. Slots stay due and are tried every 5 minutes; until then nothing is reported or mailed."
                ),
            ),
            Self::Ledger { why } => why.clone(),
            Self::Skipped { schedule, count, .. } => say(
                format!("予定「{schedule}」の停止中の{count}回を、実行せずに記録しました。"),
                format!("{count} missed slots of schedule \"{schedule}\" were recorded as skipped."),
            ),
            Self::SlotFailed { schedule, planned, shops, why } => {
                let shops = shops.iter().map(ShopId::as_str).collect::<Vec<_>>().join(", ");
                let why = [shops.as_str(), why].join(" ");
                let why = why.trim();
                say(
                    format!(
                        "予定「{schedule}」の {planned} の回は、繰り返し失敗したため打ち切りました（{why}）。原因を除いて totsugo run を実行してください。"
                    ),
                    format!(
                        "The slot {planned} of schedule \"{schedule}\" failed again and again and was given up ({why}). Remove the cause, then use totsugo run."
                    ),
                )
            }
            Self::CalendarEnds(year) => say(
                format!(
                    "{year}年の祝日は登録されていません。月曜から金曜を営業日とします。新しい版に更新するか、[calendar] closed に祝日を書いてください。"
                ),
                format!(
                    "The holidays of {year} are not known; Monday to Friday count. Update totsugo, or name them in [calendar] closed."
                ),
            ),
        }
    }
}

/// Tells the operator of something that happened: each time it does.
pub(super) fn tell(workshop: &Workshop, alert: &Alert) {
    tracing::warn!(alert = alert.kind(), "{}", alert.sentence(workshop.language()));
    let (scope, key) = alert.occasion(workshop);
    record(workshop, &scope, &[(key, alert)]);
}

/// What is so until it is mended, by who looks for it, as of the last look.
#[derive(Debug, Default)]
pub(super) struct Standing(BTreeMap<&'static str, Vec<Alert>>);

impl Standing {
    /// `alerts` are all that stand now of those that `who` looks for: what is new is told, once and not again by the next
    /// process; what was told and stands no longer is over, and is told again should it come back (FAULTS M21).
    pub(super) fn are(&mut self, workshop: &Workshop, who: &'static str, alerts: Vec<Alert>) {
        let known = self.0.get(who);
        let is_among = |alert: &Alert, all: &[Alert]| all.iter().any(|other| other.is_repeated_by(alert));
        let is_as_before = known.is_some_and(|known| {
            known.iter().all(|old| is_among(old, &alerts)) && alerts.iter().all(|alert| is_among(alert, known))
        });
        if is_as_before {
            return;
        }
        for new in alerts.iter().filter(|alert| !known.is_some_and(|known| is_among(alert, known))) {
            tracing::warn!(alert = new.kind(), "{}", new.sentence(workshop.language()));
        }
        let keyed: Vec<_> = alerts.iter().map(|alert| (alert.condition(workshop.language()), alert)).collect();
        record(workshop, &format!("daemon/{who}"), &keyed);
        self.0.insert(who, alerts);
    }
}

/// Queues what is new of `alerts`, which are all there are under `scope`, for the operator, and writes it into the trail.
///
/// The mail leaves with the next errands.
fn record(workshop: &Workshop, scope: &str, alerts: &[(String, &Alert)]) {
    let language = workshop.language();
    let written = workshop.open_store(Effect::Real).map_err(|error| error.to_string()).and_then(|mut open| {
        let store = &mut open.store;
        if alerts.is_empty() {
            return post::end_faults(store, scope).map_err(|error| error.to_string());
        }
        let fault =
            |(key, alert): &(String, &Alert)| OperatorFault { key: key.clone(), text: alert.sentence(language) };
        let faults: Vec<OperatorFault> = alerts.iter().map(fault).collect();
        let told = post::tell_operator(&workshop.config, store, scope, &faults, Others::End, workshop.now)
            .map_err(|error| error.to_string())?;
        for (_, alert) in alerts {
            let sentence = alert.sentence(language);
            if told.contains(&sentence) {
                store
                    .log_act(&workshop.stamp(), "alert", alert.kind(), &sentence)
                    .map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    });
    if let Err(error) = written {
        tracing::warn!(%error, "the alert is in this log only");
    }
}
