//! 変更点: what this report says otherwise than the one before (SPEC §5.8).

use super::super::Edition;
use super::super::figures::Change;
use super::super::workbook::{Cell, Sheet, Style};
use super::listing;
use crate::locale::changes::{Named, day, difference, fact, named, number};
use crate::locale::sheets as words;

pub(in crate::report) fn sheet<'a>(edition: &'a Edition<'a>) -> Sheet<'a> {
    let l = edition.language;
    let columns = [words::KIND, words::ITEM, words::BEFORE, words::AFTER, words::CHANGE].map(|heading| (heading, None));
    let mut changes: Vec<(Named, &Change)> = edition.changes.iter().map(|c| (named(l, &c.item), c)).collect();
    changes.sort();
    let count = changes.len();
    let row = move |at: usize| {
        let Some((Named { kind, item, .. }, change)) = changes.get(at) else { return Vec::new() };
        let said = |said: &Option<String>| match said {
            Some(said) => match number(&change.item, said) {
                Some(number) => Cell::count(number),
                None => Cell::text(fact(l, &change.item, said)).styled(Style::Wrap),
            },
            None => Cell::text(words::ABSENT.of(l)).styled(Style::Grey),
        };
        let difference = difference(&change.item, change.before.as_deref(), change.after.as_deref());
        let item = match day(&change.item) {
            Some(day) => Cell::day(day).styled(Style::Value),
            None => Cell::text(item.as_str()).styled(Style::Wrap),
        };
        vec![
            Cell::text(*kind),
            item,
            said(&change.before),
            said(&change.after),
            difference.map_or_else(Cell::empty, Cell::count),
        ]
    };
    let mut sheet = listing(edition, words::CHANGES.of(l), &columns, count, row, (words::TOTAL, 0));
    sheet.widths.extend([(0, 18), (1, 30), (2, 54), (3, 54), (4, 12)]);
    sheet.tab = Some(0x0070_30A0);
    sheet
}
