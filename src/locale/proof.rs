//! The equations of 検算 in words.

use super::{Language, Text};
use crate::domain::money::Yen;
use crate::domain::reconciliation::Check;

/// An equation of the proof, with what the side that is put together comes from; names this version does not know stay as they
/// are.
pub fn equation(language: Language, check: &Check) -> String {
    let words = put_together(language, check).or_else(|| plain(&check.name).map(|text| text.of(language).to_owned()));
    words.map_or_else(|| check.name.clone(), |words| format!("{words} ({})", check.name))
}

fn put_together(language: Language, check: &Check) -> Option<String> {
    let parts: Vec<String> = check.parts.iter().map(|part| Yen::new(*part).to_string()).collect();
    match parts.as_slice() {
        [matched, findings, awaiting, excluded] => {
            let items = match check.name.as_str() {
                "payments_of_period" => Text { ja: "期間の取引（件）", en: "Payments of the period" },
                "payments_of_period_yen" => {
                    Text { ja: "期間の取引の残高（円）", en: "Payments of the period, yen held now" }
                }
                "bookings_of_period" => Text { ja: "期間の予約（件）", en: "Bookings of the period" },
                "bookings_of_period_yen" => Text { ja: "期間の予約（円）", en: "Bookings of the period, yen" },
                _ => return None,
            };
            let items = items.of(language);
            Some(match language {
                Language::Ja => {
                    format!("{items}= 突合 {matched}＋要確認 {findings}＋待ち {awaiting}＋対象外 {excluded}")
                }
                Language::En => format!(
                    "{items} = matched {matched} + exceptions {findings} + awaiting {awaiting} + excluded {excluded}"
                ),
            })
        }
        [opening, raised, cleared] if check.name == "findings" => Some(match language {
            Language::Ja => format!("要確認: 期首 {opening}＋発生 {raised}－解消 {cleared} = 期末"),
            Language::En => format!("Exceptions: opening {opening} + raised {raised} - cleared {cleared} = closing"),
        }),
        _ => None,
    }
}

fn plain(name: &str) -> Option<Text> {
    Some(match name {
        "rows_read" => Text { ja: "読込行 = 処理区分の合計", en: "Rows read = rows by disposition" },
        "sales_yen" => Text { ja: "売上純額 = 入出金の合計", en: "Net sales = sum of money events" },
        "sales_by_day_yen" => Text { ja: "売上純額 = 日別の合計", en: "Net sales = sum by day" },
        "sales_by_month_yen" => Text { ja: "売上純額 = 月別の合計", en: "Net sales = sum by month" },
        "sales_by_status_yen" => {
            Text { ja: "売上純額 = 取引状態別の合計", en: "Net sales = sum by status" }
        }
        "sales_by_method_yen" => {
            Text { ja: "売上純額 = 決済方法別の合計", en: "Net sales = sum by method" }
        }
        "sales_by_product_yen" => Text { ja: "売上純額 = 商品別の合計", en: "Net sales = sum by product" },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equation_names_what_it_is_put_together_from() {
        let check =
            |name: &str, parts: &[i64]| Check { name: name.to_owned(), left: 0, right: 0, parts: parts.to_vec() };
        let said = |language, name: &str, parts: &[i64]| equation(language, &check(name, parts));
        assert_eq!(
            said(Language::Ja, "payments_of_period_yen", &[1_628_600, 132_800, 47_300, 0]),
            "期間の取引の残高（円）= 突合 1,628,600＋要確認 132,800＋待ち 47,300＋対象外 0 (payments_of_period_yen)"
        );
        assert_eq!(
            said(Language::En, "findings", &[3, 2, 1]),
            "Exceptions: opening 3 + raised 2 - cleared 1 = closing (findings)"
        );
        assert_eq!(said(Language::Ja, "rows_read", &[]), "読込行 = 処理区分の合計 (rows_read)");
        assert_eq!(said(Language::Ja, "of_another_version", &[]), "of_another_version");
    }
}
