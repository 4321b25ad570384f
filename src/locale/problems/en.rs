//! What is wrong with an input, in English.

use super::{is_signed, is_two_amounts, list, shown, work_states};
use crate::domain::intake::{Fault, Kind};
use crate::locale::reading::{keep_within, measure, workbook};
use crate::locale::{Language, foreign};

pub(super) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Empty => "The file is empty. Export it again.".to_owned(),
        Fault::Unreadable { id } => format!(
            "The file could not be read (a fault of this program, number {id}). Export it again, or tell the operator."
        ),
        Fault::TooSlow { seconds } => {
            format!(
                "It was not read to its end within {seconds} seconds. Export shorter periods, or tell the operator."
            )
        }
        Fault::TooLarge { limit_mb } => {
            format!("The file is too large (limit {limit_mb} MiB). Export shorter periods, or raise max_file_mb.")
        }
        Fault::Incomplete => "The file may be cut off: it does not end as its format must. Export it again. If that ends the same, export it as xlsx, or see that its last line is whole and add a line end behind it.".to_owned(),
        Fault::IncompleteArchive => {
            "The file may be cut off: the part that ends every xlsx or ZIP is missing. Save or export it again.".to_owned()
        }
        Fault::NotATable { looks_like } => foreign::not_a_table(Language::En, looks_like),
        Fault::Workbook { why } => {
            format!("The workbook cannot be read: {}. Export it again.", workbook(Language::En, why))
        }
        Fault::Undecodable { encoding, byte, found } => format!(
            "A character is not valid {encoding} (byte {byte} of the file, value {found}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
        ),
        Fault::ControlCharacter { code } => {
            format!(
                "There is a control character (U+{code:04X}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
            )
        }
        Fault::ControlInCell { code: 0x0A | 0x0D } => {
            "The cell holds a line break; values of this column have one line. Remove the break from the cell in Excel and save.".to_owned()
        }
        Fault::ControlInCell { code } => format!(
            "The cell holds a character that may not be there (U+{code:04X}). Remove it from the cell in Excel and save."
        ),
        Fault::Quoting => {
            "The quotes do not close as they should, so rows cannot be told apart. Export the file again.".to_owned()
        }
        Fault::LineBreak => {
            "The value holds a line break; rows that a stray quote swallowed would look the same. Remove the break where the value comes from and export again. A column that is not used may also be left out, or the table be exported as xlsx.".to_owned()
        }
        Fault::FieldCount { expected, found } => format!(
            "The row has {found} fields, the heading {expected}. Check whether it was edited, and export it again."
        ),
        Fault::Limit { what, limit } => {
            format!("The limit of {limit} ({}) is exceeded. {}", measure(*what).en, keep_within(*what).en)
        }
        Fault::NoHeading(sought) => foreign::no_heading(Language::En, sought),
        Fault::NoLayout { nearest, missing, found, similar } => {
            foreign::no_layout(Language::En, nearest, missing, found, similar)
        }
        Fault::SeveralLayouts { names } => {
            format!("Several layouts fit: {}. Review their required columns.", list(names, ", "))
        }
        Fault::SeveralSheets { names } => {
            format!("Several sheets fit: {}. Keep the one to be taken in.", list(names, ", "))
        }
        Fault::DuplicateColumn { heading } => {
            format!("Several columns stand for \"{}\". Export with one of them.", shown(heading))
        }
        Fault::HeadingRepeated => {
            "The heading row appears again further down. Drop each export as a file of its own.".to_owned()
        }
        Fault::UnknownShop { found } => {
            format!("Shop ID \"{}\" is not configured. Check the folder, or add it under [[shops]].", shown(found))
        }
        Fault::OtherShop { found, folder } => format!(
            "A row of shop \"{}\" lies in the folder of shop \"{}\". Use the folder of the right shop.",
            shown(found),
            shown(folder)
        ),
        Fault::NoShop => {
            "There is no shop ID column, so the shop is unknown. Put the file into inbox/<shop id>/.".to_owned()
        }
        Fault::KnownForOtherShop => {
            "A file of the same content was taken in for another shop. Check the folder.".to_owned()
        }
        Fault::Amount { found, .. } if is_two_amounts(found) => format!(
            "The point in \"{}\" may set off thousands or decimals. Export whole yen without separators (12000), or with commas (12,000).",
            shown(found)
        ),
        Fault::Amount { found, kind: Kind::PaymentList } => format!(
            "\"{}\" is not an amount. Whole yen are expected, at most 10 digits, e.g. 1,234, or -1,234 for a refund. Check the source.",
            shown(found)
        ),
        Fault::Amount { found, kind } if is_signed(found) => format!(
            "\"{}\" has a sign. Amounts are whole yen without one{}. Check the source.",
            shown(found),
            match kind {
                Kind::Payments => "; sale or refund is told by 取引状態",
                Kind::Bookings | Kind::PaymentList => "",
            }
        ),
        Fault::Amount { found, kind: Kind::Payments | Kind::Bookings } => format!(
            "\"{}\" is not an amount. Whole yen without a sign are expected, at most 10 digits, e.g. 1,234. Check the source.",
            shown(found)
        ),
        Fault::Date { found, expected } => {
            format!("\"{}\" is not an accepted date. Expected: {expected}. Check the source.", shown(found))
        }
        Fault::AmbiguousDate { found, forms } => format!(
            "\"{}\" is another day by each of these date_forms of the layout: {}. Look up which one the export uses, and leave that one alone in date_forms.",
            shown(found),
            list(forms, ", ")
        ),
        Fault::MixedZones { found } => format!(
            "\"{}\" has another time zone (Z, +09:00, none) than the rows before. Export all rows in one zone.",
            shown(found)
        ),
        Fault::ImplausibleDate { found } => format!(
            "\"{}\" is out of range (before 2010, or in the future). Check the source and this computer's date.",
            shown(found)
        ),
        Fault::Identifier { found, expected } => {
            format!("\"{}\" has the wrong form. Expected: {expected}. Check the source.", shown(found))
        }
        Fault::DamagedIdentifier { found } => format!(
            "\"{}\" was changed by Excel and cannot be repaired. Export again and do not open the file in Excel.",
            shown(found)
        ),
        Fault::LostZeros { found, other, file: None, line } => format!(
            "\"{}\" differs from \"{}\" in line {line} by zeros in front alone. Excel seems to have taken them off, so neither is taken in. Export again and do not open the file in Excel.",
            shown(found),
            shown(other)
        ),
        Fault::LostZeros { found, other, file: Some(file), line } if found.len() < other.len() => format!(
            "\"{}\" differs from \"{}\", taken in from {}, line {line}, by zeros in front alone. Excel seems to have taken them off. Export again and do not open the file in Excel.",
            shown(found),
            shown(other),
            shown(file)
        ),
        Fault::LostZeros { found, other, file: Some(file), line } => format!(
            "\"{}\" differs from \"{}\", taken in from {}, line {line}, by zeros in front alone; with both, one payment may count twice. Look the number up at the source. If the one taken in is wrong, take that file out of archive, move the database away and rebuild it with totsugo ingest archive.",
            shown(found),
            shown(other),
            shown(file)
        ),
        Fault::UnknownWord { found, expected } => format!(
            "\"{}\" is an unknown value. Known: {expected}. If it is new, add it to the layout's words.",
            shown(found)
        ),
        Fault::UnknownWorkState { found } => format!(
            "\"{}\" is not in the list. Choose from it ({}), save the workbook and drop it again.",
            shown(found),
            work_states(Language::En, ", ")
        ),
        Fault::Blank => "A required value is blank. Check the source and export it again.".to_owned(),
        Fault::CellWithoutValue { found } => format!(
            "The cell \"{}\" has no value (formula without result, or an error). Open it in Excel, check and save.",
            shown(found)
        ),
        Fault::ContradictoryLine { code } => {
            format!("Product code \"{}\" appears twice with different content. Export again.", shown(code))
        }
        Fault::ContradictoryPayment { reference } => {
            format!("Payment reference \"{}\" comes twice with different content. Export again.", shown(reference))
        }
        Fault::ForeignWorkbook => {
            "A report of another installation: its notes are not taken in. Use a report made here.".to_owned()
        }
        Fault::UnknownFinding { found } => {
            format!("\"{}\" is not a finding of this shop. The notes of this row are not taken in.", shown(found))
        }
        Fault::ContradictoryNote { id } => format!(
            "Finding \"{}\" is in several rows that differ. None of them is taken in; make it one row and drop the file again.",
            shown(id)
        ),
        Fault::CardNumbers => {
            "This column looks like card numbers, so nothing is taken in. Export without it and delete the file."
                .to_owned()
        }
        Fault::TotalDiffers { stated, calculated } => format!(
            "The total row says {stated} yen, its rows add up to {calculated}. Check for missing rows and export again."
        ),
        Fault::TooManyRejects { found, limit } => format!(
            "{found} row{} cannot be taken in, more than the {limit} tolerated, so the whole file is held. Check the rows above where the file comes from, export it again and drop it.",
            if *found == 1 { "" } else { "s" }
        ),
    }
}
