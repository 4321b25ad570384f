//! What a workbook is packed of, looked through before anything believes it. Must not know cells' values or layouts.

use super::metered::Metered;
use super::part::{Part, WINDOW};
use super::whole;
use crate::domain::intake::{Fault, Problem, WorkbookFault};
use quick_xml::escape::unescape;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
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
    /// The sheets with their hidden rows.
    sheets: Vec<(String, u64)>,
    /// Whether any sheet speaks of merged cells.
    pub(super) has_merged: bool,
}

impl Package {
    /// Hidden rows of the sheet called `name` (P15).
    pub(super) fn hidden_rows(&self, name: &str) -> u64 {
        self.sheets.iter().find(|(sheet, _)| sheet == name).map_or(0, |(_, hidden)| *hidden)
    }
}

/// P10, P13: what the archive declares, before anything is inflated; where each part stands, by the name that the workbook
/// reader looks for.
///
/// # Errors
/// Why the file must be held.
pub(super) fn check_archive(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    bytes: &[u8],
) -> Result<HashMap<String, usize>, Problem> {
    if Some(archive.len()) != declared_entries(bytes) {
        return Err(refused(WorkbookFault::DuplicateEntries));
    }
    let (mut inflated, mut types) = (0_u64, false);
    let mut places = HashMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|error| broken(&error.to_string()))?;
        inflated = inflated.saturating_add(entry.size());
        let name = entry.name().map_err(|error| broken(&error.to_string()))?;
        types |= name == "[Content_Types].xml";
        if name.ends_with("vbaProject.bin") {
            return Err(whole(Fault::NotATable { looks_like: "xlsm".to_owned() }));
        }
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
        if is_xml && entry.size() > PART_LIMIT && !name.contains("worksheets/") {
            return Err(refused(WorkbookFault::PartTooLarge { limit_mb: PART_LIMIT >> 20 }));
        }
        places.insert(name.replace('\\', "/").to_ascii_lowercase(), index);
    }
    if inflated > INFLATED_LIMIT {
        return Err(refused(WorkbookFault::TooLarge { limit_mb: INFLATED_LIMIT >> 20 }));
    }
    if types {
        return Ok(places);
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
    let Some(declared) = declared_entries(bytes) else { return Err(whole(Fault::IncompleteArchive)) };
    if declared > ENTRY_LIMIT {
        return Err(refused(WorkbookFault::TooManyEntries));
    }
    ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error.to_string()))
}

/// P10, P12, P13: sizes first, from the archive's directory, then every part that the workbook reader reads, found as it
/// finds them. What else lies there, as Power Query, SharePoint and pivots leave it, holds no row and no file (P19).
///
/// # Errors
/// Why the file must be held.
pub(super) fn inspect(bytes: &[u8]) -> Result<Package, Problem> {
    let mut archive = open_archive(bytes)?;
    let places = check_archive(&mut archive, bytes)?;
    let mut parts = Parts { archive, places };
    let mut relations = parts.read("_rels/.rels")?.relations.into_iter();
    let document = relations.rfind(|relation| relation.kind.ends_with("/relationships/officeDocument"));
    let document = document.ok_or_else(|| broken("_rels/.rels: no workbook"))?;
    let document = unescape(&document.target).map_err(|error| broken(&error.to_string()))?;
    let (folder, name) = document.split_at(document.rfind('/').map_or(0, |last| last + 1));
    let folder = folder.strip_prefix('/').unwrap_or(folder);
    let other = match (folder, name) {
        (_, "workbook.bin") => Some("xlsb"),
        ("word/", _) => Some("Word (docx)"),
        ("ppt/", _) => Some("PowerPoint (pptx)"),
        _ => None,
    };
    if let Some(looks_like) = other {
        return Err(whole(Fault::NotATable { looks_like: looks_like.to_owned() }));
    }
    let relations = parts.read(&format!("{folder}_rels/{name}.rels"))?.relations;
    let targets: HashMap<String, String> = relations.into_iter().map(|one| (one.id, one.target)).collect();
    let sheets = parts.read(&format!("{folder}{name}"))?.sheets;
    for shared in ["sharedStrings.xml", "styles.xml", "theme/theme1.xml"] {
        let path = format!("{folder}{shared}");
        if let Some(place) = parts.place(&path) {
            parts.read_at(place, &path)?;
        }
    }
    let (mut package, mut hidden) = (Package::default(), HashMap::new());
    for (sheet, relation) in sheets {
        let target = targets.get(&relation).ok_or_else(|| broken(&format!("no part for the sheet \"{sheet}\"")))?;
        let path = target.strip_prefix('/').map_or_else(|| format!("{folder}{target}"), str::to_owned);
        let place = parts.place(&path).ok_or_else(|| missing(&path))?;
        // Any number of sheets may name one part, which is read once.
        let hidden = match hidden.entry(place) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let part = parts.read_at(place, &path)?;
                package.has_merged |= part.has_merged;
                *new.insert(part.hidden)
            }
        };
        package.sheets.push((sheet, hidden));
    }
    Ok(package)
}

/// The parts of a workbook.
struct Parts<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    places: HashMap<String, usize>,
}

impl Parts<'_> {
    fn place(&self, path: &str) -> Option<usize> {
        self.places.get(&path.to_ascii_lowercase()).copied()
    }

    fn read(&mut self, path: &str) -> Result<Part, Problem> {
        let place = self.place(path).ok_or_else(|| missing(path))?;
        self.read_at(place, path)
    }

    fn read_at(&mut self, place: usize, path: &str) -> Result<Part, Problem> {
        let entry = self.archive.by_index(place).map_err(|error| {
            if matches!(error, ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) {
                whole(Fault::NotATable { looks_like: "password".to_owned() })
            } else {
                broken(&error.to_string())
            }
        })?;
        Part::read(Metered::new(entry, WINDOW)).map_err(|why| broken(&format!("{path}: {why}")))
    }
}

/// The number of entries that a ZIP's end record declares; `None` where there is no whole one.
pub(super) fn declared_entries(bytes: &[u8]) -> Option<usize> {
    // Signature, 6 bytes of disk numbers, the number of entries, 8 bytes more, the length of a comment, the comment.
    let end = bytes.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let number = |at: usize| Some(usize::from(u16::from_le_bytes(bytes.get(end + at..end + at + 2)?.try_into().ok()?)));
    let comment = number(20)?;
    (bytes.len() >= end + 22 + comment).then(|| number(10)).flatten()
}

fn missing(path: &str) -> Problem {
    broken(&format!("no {path}"))
}

fn refused(why: WorkbookFault) -> Problem {
    whole(Fault::Workbook { why })
}

fn broken(why: &str) -> Problem {
    refused(WorkbookFault::Damaged(why.to_owned()))
}
