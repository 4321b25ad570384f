//! What a workbook says of itself beside its sheets: custom document properties and when it was last saved. Must not
//! know what the properties mean.

use super::package::{check_archive, open_archive};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use zip::ZipArchive;

/// The longest part that is looked at, in bytes; our own are below 3 KiB.
const PART_LIMIT: u64 = 1 << 20;

/// What a workbook says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties {
    /// Custom document properties by name, whatever type a spreadsheet program gave them.
    pub custom: BTreeMap<String, String>,
    /// When it was made, as written.
    pub created: Option<String>,
    /// When it was last saved, as written.
    pub modified: Option<String>,
}

/// The properties of the workbook in `bytes`; none where it is no workbook or its parts are damaged (FAULTS P10, P13).
pub fn properties(bytes: &[u8]) -> Properties {
    if !super::is_zip(bytes) {
        return Properties::default();
    }
    let Ok(mut archive) = open_archive(bytes) else { return Properties::default() };
    if check_archive(&mut archive, bytes).is_err() {
        return Properties::default();
    }
    let mut part = |name: &str| part(&mut archive, name).unwrap_or_default();
    let named = |element: &BytesStart<'_>| {
        let name = element.try_get_attribute("name").ok().flatten()?;
        (element.local_name().as_ref() == "property").then_some(())?;
        Some(name.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned())
    };
    let custom = texts(&part("docProps/custom.xml"), named);
    let mut core = texts(&part("docProps/core.xml"), |element| Some(element.local_name().as_ref().to_owned()));
    Properties { custom, created: core.remove("created"), modified: core.remove("modified") }
}

fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Option<String> {
    let mut text = String::new();
    let entry = archive.by_name(name).ok()?;
    entry.take(PART_LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The text within each element that `name` gives a name to; up to the first thing that is no XML.
fn texts(xml: &str, name: impl Fn(&BytesStart<'_>) -> Option<String>) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    let mut reader = quick_xml::Reader::from_str(xml);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(element) => current = name(&element).or(current),
            Event::Text(text) => {
                if let Some(name) = &current {
                    found.entry(name.clone()).or_default().push_str(text.xml10_content().trim());
                }
            }
            Event::Eof => break,
            Event::End(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use zip::write::SimpleFileOptions;

    fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).expect("starts");
            zip.write_all(content.as_bytes()).expect("writes");
        }
        zip.finish().expect("finishes").into_inner()
    }

    #[test]
    fn properties_are_read_in_the_form_of_any_program() {
        let custom = "<?xml version=\"1.0\"?><Properties xmlns:vt=\"v\">\n <property pid=\"2\" name=\"a.b\">\n<vt:lpwstr>x \
                      y</vt:lpwstr></property><property name=\"n\"><vt:i4>3</vt:i4></property><property name=\"e\"/></Properties>";
        let core = "<cp:coreProperties><dcterms:created>2026-11-01T00:00:00Z</dcterms:created><dc:title>t</dc:title>\
                    <dcterms:modified>2026-11-02T01:02:03Z</dcterms:modified></cp:coreProperties>";
        let types = ("[Content_Types].xml", "<Types/>");
        let found = properties(&archive(&[types, ("docProps/custom.xml", custom), ("docProps/core.xml", core)]));
        assert_eq!(found.custom.get("a.b").map(String::as_str), Some("x y"));
        assert_eq!(found.custom.get("n").map(String::as_str), Some("3"));
        assert_eq!(found.created.as_deref(), Some("2026-11-01T00:00:00Z"));
        assert_eq!(found.modified.as_deref(), Some("2026-11-02T01:02:03Z"));
        let broken = archive(&[types, ("docProps/custom.xml", "<Properties><property name=\"a\"><x>1</y>")]);
        assert_eq!(properties(&broken).modified, None);
        for odd in [&b"PK\x03\x04"[..], b"", b"a,b\n", &broken[..broken.len() / 2]] {
            assert_eq!(properties(odd), Properties::default());
        }
    }
}
