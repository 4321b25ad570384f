//! What a workbook is packed of, looked through before anything believes it. Must not know cells' values or layouts.

use super::metered::Metered;
use super::part::{Part, WINDOW};
use super::whole;
use crate::domain::intake::{Fault, Problem};
use std::collections::HashMap;
use std::io::Cursor;
use zip::ZipArchive;
use zip::result::ZipError;

const ENTRY_LIMIT: usize = 2_000;
const INFLATED_LIMIT: u64 = 256 * 1024 * 1024;
/// Unpacked size of a part that is kept in memory whole: all but the sheets, which are streamed.
const PART_LIMIT: u64 = 64 * 1024 * 1024;

/// What looking through a workbook brought.
#[derive(Debug, Default)]
pub(super) struct Package {
    sheets: Vec<(String, String)>,
    targets: HashMap<String, String>,
    hidden: HashMap<String, u64>,
    /// Whether any part speaks of merged cells.
    pub(super) has_merged: bool,
}

impl Package {
    /// Hidden rows of the sheet called `name` (P15).
    pub(super) fn hidden_rows(&self, name: &str) -> u64 {
        let relation = self.sheets.iter().find(|(sheet, _)| sheet == name).map(|(_, relation)| relation);
        let target = relation.and_then(|relation| self.targets.get(relation));
        let part = target.and_then(|target| target.rsplit('/').next());
        part.and_then(|part| self.hidden.get(part)).copied().unwrap_or_default()
    }
}

/// P10, P13: what the archive declares, before anything is inflated; the parts of XML by number and name.
///
/// # Errors
/// Why the file must be held.
pub(super) fn check_archive(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    bytes: &[u8],
) -> Result<Vec<(usize, String)>, Problem> {
    let refuse = |why: &str| Err(whole(Fault::Workbook { why: why.to_owned() }));
    if Some(archive.len()) != declared_entries(bytes) {
        return refuse("duplicate entries");
    }
    let (mut inflated, mut types) = (0_u64, false);
    let mut parts = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| broken(&error.to_string()))?;
        inflated = inflated.saturating_add(entry.size());
        let name = entry.name().map_err(|error| broken(&error.to_string()))?;
        types |= name == "[Content_Types].xml";
        if name.ends_with("vbaProject.bin") {
            return Err(whole(Fault::NotATable { looks_like: "xlsm".to_owned() }));
        }
        if name.ends_with(".xml") || name.ends_with(".rels") {
            if entry.size() > PART_LIMIT && !name.contains("worksheets/") {
                return refuse("a part larger than 64 MiB when unpacked");
            }
            parts.push((index, name.into_owned()));
        }
    }
    if inflated > INFLATED_LIMIT {
        return refuse("larger than 256 MiB when unpacked");
    }
    if types {
        return Ok(parts);
    }
    // The first entry says so in clear, its name and content side by side.
    let is_ods = bytes.get(30..).is_some_and(|entry| entry.starts_with(b"mimetypeapplication/vnd.oasis.opendocument"));
    Err(whole(Fault::NotATable { looks_like: if is_ods { "ods" } else { "ZIP" }.to_owned() }))
}

/// The archive in `bytes`, if it has not too many entries.
///
/// # Errors
/// Why the file must be held.
pub(super) fn open_archive(bytes: &[u8]) -> Result<ZipArchive<Cursor<&[u8]>>, Problem> {
    let Some(declared) = declared_entries(bytes) else { return Err(whole(Fault::Incomplete)) };
    if declared > ENTRY_LIMIT {
        return Err(broken("too many entries"));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error.to_string()))
}

/// P10, P12, P13: sizes first, from the archive's directory, then every part of XML.
///
/// # Errors
/// Why the file must be held.
pub(super) fn inspect(bytes: &[u8]) -> Result<Package, Problem> {
    let mut archive = open_archive(bytes)?;
    let parts = check_archive(&mut archive, bytes)?;
    let mut package = Package::default();
    for (index, name) in parts {
        let entry = archive.by_index(index).map_err(|error| {
            if matches!(error, ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) {
                whole(Fault::NotATable { looks_like: "password".to_owned() })
            } else {
                broken(&error.to_string())
            }
        })?;
        let found = Part::read(Metered::new(entry, WINDOW)).map_err(|why| broken(&format!("{name}: {why}")))?;
        package.sheets.extend(found.sheets);
        package.targets.extend(found.targets);
        package.has_merged |= found.has_merged;
        if let Some(file) = name.rsplit('/').next() {
            package.hidden.insert(file.to_owned(), found.hidden);
        }
    }
    Ok(package)
}

/// The number of entries that a ZIP's end record declares; `None` where there is no whole one.
pub(super) fn declared_entries(bytes: &[u8]) -> Option<usize> {
    // Signature, 6 bytes of disk numbers, the number of entries, 8 bytes more, the length of a comment, the comment.
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let number = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(end + at..end + at + 2)?.try_into().ok()?)));
    let comment = number(20)?;
    (bytes.len() >= end + 22 + comment).then(|| number(10)).flatten()
}

fn broken(why: &str) -> Problem {
    whole(Fault::Workbook { why: why.to_owned() })
}
