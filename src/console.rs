//! The settings of a shop's GMO console against the manual 「JTB BÓKUN 連携マニュアル」 初期設定 1–4 (DOMAIN §3.4). Pure.

use crate::domain::text::fold;

/// What a shop's GMO console shows, as written in `[shops.gmo_settings]`; `None` is not stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GmoSettings {
    /// 設定ID
    pub setting_id: Option<String>,
    /// 処理区分
    pub job_cd: Option<String>,
    /// 支払方法
    pub method: Option<String>,
    /// 本人認証サービス利用フラグ
    pub tds_flag: Option<String>,
    /// セキュリティコード必須フラグ
    pub security_code_required: Option<String>,
    /// セキュリティコード非表示フラグ
    pub security_code_hidden: Option<String>,
    /// 3DS2.0 未対応時取り扱い
    pub tds2_unsupported: Option<String>,
    /// 結果通知プログラム URL
    pub notification_url: Option<String>,
    /// 結果通知失敗連絡先メールアドレス
    pub notification_failure_mail: Option<String>,
}

/// One setting that differs from the manual, or is not stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The key in `[shops.gmo_settings]`.
    pub key: &'static str,
    /// The label on the console.
    pub label: &'static str,
    /// What is stated; `None` if nothing is.
    pub found: Option<String>,
    /// What the manual asks for.
    pub expected: &'static str,
    /// The section of the manual.
    pub manual: &'static str,
    /// Where to set it on the console.
    pub menu_path: &'static str,
}

/// Menu path of sections 1–3 on GMO's console.
const LINK_TYPE_PLUS: &str = "その他 → リンクタイプPlus → 設定";
/// Menu path of section 4 on GMO's console.
const NOTIFICATION: &str = "ショップ管理 → 通知設定 → 編集";

/// One line of the manual.
struct Rule {
    key: &'static str,
    label: &'static str,
    value: fn(&GmoSettings) -> Option<&String>,
    expected: &'static str,
    /// Accepted after folding; empty: any text will do.
    accepted: &'static [&'static str],
    exact: bool,
    manual: &'static str,
    menu_path: &'static str,
}

const fn code(
    key: &'static str,
    label: &'static str,
    value: fn(&GmoSettings) -> Option<&String>,
    expected: &'static str,
    accepted: &'static [&'static str],
) -> Rule {
    Rule { key, label, value, expected, accepted, exact: false, manual: "初期設定 3", menu_path: LINK_TYPE_PLUS }
}

static RULES: &[Rule] = &[
    Rule {
        manual: "初期設定 1",
        ..code("setting_id", "設定ID", |s| s.setting_id.as_ref(), "任意のID (JTB BÓKUN に登録したものと同じ)", &[])
    },
    code("job_cd", "処理区分", |s| s.job_cd.as_ref(), "CAPTURE 即時売上", &["CAPTURE", "即時売上"]),
    code("method", "支払方法", |s| s.method.as_ref(), "一括", &["一括"]),
    code(
        "tds_flag",
        "本人認証サービス利用フラグ",
        |s| s.tds_flag.as_ref(),
        "2:契約内容に従う",
        &["2", "契約内容に従う"],
    ),
    code(
        "security_code_required",
        "セキュリティコード必須フラグ",
        |s| s.security_code_required.as_ref(),
        "1:必須入力",
        &["1", "必須入力"],
    ),
    code(
        "security_code_hidden",
        "セキュリティコード非表示フラグ",
        |s| s.security_code_hidden.as_ref(),
        "0:表示する",
        &["0", "表示する"],
    ),
    code(
        "tds2_unsupported",
        "3DS2.0 未対応時取り扱い",
        |s| s.tds2_unsupported.as_ref(),
        "3:通常オーソリを実施",
        &["3", "通常オーソリを実施"],
    ),
    Rule {
        exact: true,
        manual: "初期設定 4",
        menu_path: NOTIFICATION,
        ..code(
            "notification_url",
            "結果通知プログラム URL",
            |s| s.notification_url.as_ref(),
            "https://callbacks.bokun.io/gmo/confirmed",
            &["https://callbacks.bokun.io/gmo/confirmed"],
        )
    },
    Rule {
        manual: "初期設定 4",
        menu_path: NOTIFICATION,
        ..code(
            "notification_failure_mail",
            "結果通知失敗連絡先メールアドレス",
            |s| s.notification_failure_mail.as_ref(),
            "support_jtbbokun@jtb.com",
            &["support_jtbbokun@jtb.com"],
        )
    },
];

/// Every setting that differs from the manual or is not stated, in the manual's order.
pub fn deviations(settings: &GmoSettings) -> Vec<Deviation> {
    RULES
        .iter()
        .filter(|rule| !(rule.value)(settings).is_some_and(|found| agrees(rule, found)))
        .map(|rule| Deviation {
            key: rule.key,
            label: rule.label,
            found: (rule.value)(settings).cloned(),
            expected: rule.expected,
            manual: rule.manual,
            menu_path: rule.menu_path,
        })
        .collect()
}

/// Whether `found` says what the rule asks for: the code, its label, or both as the console shows them (`2:契約…`).
fn agrees(rule: &Rule, found: &str) -> bool {
    if rule.accepted.is_empty() {
        return !found.trim().is_empty();
    }
    if rule.exact {
        return rule.accepted.contains(&found.trim());
    }
    let written = fold(found).replace(':', "");
    let both: String = rule.accepted.concat();
    rule.accepted.iter().any(|word| written == fold(word)) || written == fold(&both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_in_the_manual() -> GmoSettings {
        let text = |text: &str| Some(text.to_owned());
        GmoSettings {
            setting_id: text("bokun01"),
            job_cd: text("CAPTURE"),
            method: text("一括"),
            tds_flag: text("2"),
            security_code_required: text("1:必須入力"),
            security_code_hidden: text("０"),
            tds2_unsupported: text("3：通常オーソリを実施"),
            notification_url: text("https://callbacks.bokun.io/gmo/confirmed"),
            notification_failure_mail: text("support_jtbbokun@jtb.com"),
        }
    }

    #[test]
    fn the_manual_agrees_with_itself_however_it_is_written() {
        assert_eq!(deviations(&as_in_the_manual()), []);
        let labels = GmoSettings { job_cd: Some("CAPTURE 即時売上".into()), ..as_in_the_manual() };
        assert_eq!(deviations(&labels), []);
    }

    #[test]
    fn each_difference_names_section_and_menu() {
        let wrong = GmoSettings {
            job_cd: Some("AUTH".into()),
            notification_url: Some("https://callbacks.bokun.io/gmo/Confirmed".into()),
            setting_id: None,
            ..as_in_the_manual()
        };
        let found: Vec<_> = deviations(&wrong).iter().map(|d| (d.key, d.manual, d.menu_path)).collect();
        assert_eq!(
            found,
            [
                ("setting_id", "初期設定 1", LINK_TYPE_PLUS),
                ("job_cd", "初期設定 3", LINK_TYPE_PLUS),
                ("notification_url", "初期設定 4", NOTIFICATION),
            ]
        );
    }
}
