//! What is wrong with an input, in English.

use super::{is_signed, is_two_amounts, layout_named, list, renamed, shown, work_states};
use crate::domain::intake::Fault;
use crate::locale::Language;

/// What was found, what is expected, what to do.
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
        Fault::Incomplete => "The file may be cut off: it does not end as its format must. Export it again.".to_owned(),
        Fault::NotATable { looks_like } if looks_like == "password" => {
            "The workbook is protected by a password. Remove the password.".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "xls" => {
            "This is an old Excel workbook (xls). Save it as xlsx or CSV.".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "xlsm" => {
            "This is an Excel workbook with macros (xlsm). Save it as xlsx or CSV.".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "ods" => {
            "This is an OpenDocument spreadsheet (ods). Save it as xlsx or CSV.".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "ZIP" => {
            "This is a ZIP archive. Unpack it and drop the CSV or xlsx in it.".to_owned()
        }
        Fault::NotATable { looks_like } if looks_like == "HTML" => {
            "This is a web page (HTML), not a table. Were you logged out? Export it again.".to_owned()
        }
        Fault::NotATable { looks_like } => {
            format!("This is not a table; it looks like {looks_like}. Export it as CSV or xlsx.")
        }
        Fault::Workbook { why } => format!("The workbook cannot be read: {}. Export it again.", shown(why)),
        Fault::Undecodable { encoding, byte, found } => format!(
            "A character is not valid {encoding} (byte {byte} of the file, value {found}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
        ),
        Fault::ControlCharacter { code } => {
            format!(
                "There is a control character (U+{code:04X}). Download the file again and drop it without opening it in Excel; if there is a choice of encodings, choose CSV UTF-8."
            )
        }
        Fault::Quoting => {
            "The quotes do not close as they should, so rows cannot be told apart. Export the file again.".to_owned()
        }
        Fault::FieldCount { expected, found } => format!(
            "The row has {found} fields, the heading {expected}. Check whether it was edited, and export it again."
        ),
        Fault::Limit { what, limit } => {
            let advice = match *what {
                "field" => "Check this value and export again.",
                "columns" | "sheet columns" => "Export without the columns that are not needed.",
                _ => "Export shorter periods.",
            };
            format!("The limit of {limit} ({what}) is exceeded. {advice}")
        }
        Fault::NoLayout { nearest: Some(nearest), missing, found, similar } => format!(
            "No layout fits. The nearest is {}; missing: {}; found: {}. {}Check the export, or add an alias to the layout.",
            layout_named(Language::En, nearest),
            list(missing, ", "),
            list(found, ", "),
            renamed(similar, |missing, found| format!("Perhaps \"{found}\" is what \"{missing}\" is called now. "))
        ),
        // Not what stands there: without a heading it is a row, of a guest perhaps (FAULTS G07).
        Fault::NoLayout { nearest: None, found, .. } => format!(
            "No layout fits: none of the {} fields of its first row is a known heading. Check that the export has a heading row.",
            found.len()
        ),
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
        Fault::Amount { found } if is_signed(found) => format!(
            "\"{}\" has a sign. Amounts are whole yen without one; sale or refund is told by 取引状態. Check the source.",
            shown(found)
        ),
        Fault::Amount { found } if is_two_amounts(found) => format!(
            "The point in \"{}\" may set off thousands or decimals. Export whole yen without separators (12000), or with commas (12,000).",
            shown(found)
        ),
        Fault::Amount { found } => format!(
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
