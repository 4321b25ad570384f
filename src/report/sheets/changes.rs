//! 変更点: what this report says otherwise than the one before (SPEC §5.8).

use super::super::Edition;
use super::super::workbook::{Cell, Sheet, Style};
use super::listing;
use crate::locale::sheets as words;

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> Sheet<'a> {
    let l = edition.language;
    let columns = [(words::ITEM, None), (words::BEFORE, None), (words::AFTER, None)];
    let fact = move |fact: &Option<String>| match fact {
        Some(fact) => Cell::text(words::fact(l, fact)).styled(Style::Wrap),
        None => Cell::text(words::ABSENT.of(l)).styled(Style::Grey),
    };
    let row = move |at: usize| match edition.changes.get(at) {
        Some(change) => vec![Cell::text(words::figure(l, &change.item)), fact(&change.before), fact(&change.after)],
        None => Vec::new(),
    };
    let mut sheet = listing(edition, words::CHANGES.of(l), &columns, edition.changes.len(), row, words::TOTAL);
    sheet.widths.extend([(1, 60), (2, 60)]);
    sheet.tab = Some(0x0070_30A0);
    sheet
}
