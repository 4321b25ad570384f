//! The workbook in the hands of other programs: LibreOffice, openpyxl and Microsoft's schema rules (FAULTS X09, X10, R20).
//!
//! They are no Rust crates, so these tests are ignored by default; `.ci/run` installs what they need and runs them. None
//! of them proves that Excel opens the file without a repair prompt: only Excel does.

#![expect(clippy::expect_used, clippy::panic, reason = "a test may stop where it cannot go on")]

#[expect(dead_code, reason = "each test file uses a part of the sandbox")]
mod sandbox;

use calamine::{Data, Reader, Xlsx};
use rust_xlsxwriter::{Formula, Workbook};
use sandbox::Sandbox;
use std::path::{Path, PathBuf};
use std::process::Command;

const RUN: &[&str] = &["run", "--as-of", "2026-11-23", "--from", "2026-11-01", "--to", "2026-11-22", "--json"];

fn tool(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name).args(arguments).output().unwrap_or_else(|error| panic!("{name}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{name} {arguments:?}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// LibreOffice with a profile of its own that recomputes every formula of a workbook it opens.
struct Office(tempfile::TempDir);

impl Office {
    fn new() -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let user = profile.path().join("user");
        std::fs::create_dir_all(&user).expect("a folder");
        let settings = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<oor:items \
             xmlns:oor=\"http://openoffice.org/2001/registry\"><item \
             oor:path=\"/org.openoffice.Office.Calc/Formula/Load\"><prop oor:name=\"OOXMLRecalcMode\" \
             oor:op=\"fuse\"><value>0</value></prop></item></oor:items>";
        std::fs::write(user.join("registrymodifications.xcu"), settings).expect("written");
        Self(profile)
    }

    /// `workbook` in another format, in a folder of its own.
    fn convert(&self, workbook: &Path, format: &str) -> PathBuf {
        let profile = format!("-env:UserInstallation=file://{}", self.0.path().display());
        let to = self.0.path().join(format);
        let (folder, from) = (to.display().to_string(), workbook.display().to_string());
        tool("soffice", &[&profile, "--headless", "--convert-to", format, "--outdir", &folder, &from]);
        to.join(workbook.file_name().expect("a name")).with_extension(format)
    }

    /// Writes `workbook` to `fitted` with every row as high as its text needs; after a first [`Office::convert`], which
    /// lays the profile out.
    fn fit_rows(&self, workbook: &str, fitted: &str) {
        let macros = self.0.path().join("user/basic/Standard");
        std::fs::write(macros.join("script.xlb"), MACROS).expect("written");
        std::fs::write(macros.join("Rows.xba"), FIT_ROWS).expect("written");
        let profile = format!("-env:UserInstallation=file://{}", self.0.path().display());
        let call = format!("macro:///Standard.Rows.Fit({workbook},{fitted})");
        let fonts = self.0.path().join("fonts.conf");
        std::fs::write(&fonts, FONTS).expect("written");
        let fonts = format!("FONTCONFIG_FILE={}", fonts.display());
        tool("env", &[&fonts, "soffice", &profile, "--headless", &call]);
    }
}

fn open(path: &Path) -> Xlsx<std::io::BufReader<std::fs::File>> {
    calamine::open_workbook(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every formula's sheet, cell and value.
#[expect(clippy::disallowed_methods, reason = "a small workbook of our own")]
fn computed(path: &Path) -> Vec<(String, (u32, u32), String)> {
    let mut book = open(path);
    let mut found = Vec::new();
    for name in book.sheet_names() {
        let values = book.worksheet_range(&name).expect("a sheet");
        let formulas = book.worksheet_formula(&name).expect("formulas");
        let start = formulas.start().unwrap_or_default();
        for (row, column, formula) in formulas.used_cells().filter(|(_, _, formula)| !formula.is_empty()) {
            let at = (start.0 + u32::try_from(row).expect("a row"), start.1 + u32::try_from(column).expect("a column"));
            let value = match values.get_value(at) {
                Some(Data::Bool(truth)) => i64::from(*truth).to_string(),
                Some(value) => value.to_string(),
                None => panic!("{name} {at:?}: {formula} without a value"),
            };
            found.push((name.clone(), at, value));
        }
    }
    found
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// All that other programs have to say about one workbook.
#[expect(clippy::disallowed_methods, reason = "a small workbook of our own")]
fn examine(office: &Office, workbook: &Path, with_pages: bool) {
    let name = workbook.display().to_string();
    let expected = computed(workbook);
    assert!(expected.len() > 5, "{name}: {} formulas", expected.len());
    let resaved = office.convert(workbook, "xlsx");
    assert_eq!(computed(&resaved), expected, "X10: {name}");
    tool("python3", &["-c", OPENPYXL, &name]);
    let validator = std::env::var("TOTSUGO_OOXML_VALIDATOR").expect("TOTSUGO_OOXML_VALIDATOR: set by .ci/run");
    tool(&validator, &[&name]);
    if !with_pages {
        return;
    }
    let pdf = office.convert(workbook, "pdf").display().to_string();
    assert!(!tool("pdftotext", &["-layout", &pdf, "-"]).contains("###"), "{name}: a number wider than its column");
    let pages = squeezed(&tool("pdftotext", &["-raw", &pdf, "-"]));
    let page = squeezed(&tool("pdftotext", &["-raw", "-f", "1", "-l", "1", &pdf, "-"]));
    let mut book = open(workbook);
    for (at, sheet) in book.sheet_names().into_iter().enumerate() {
        let printed = if at == 0 { &page } else { &pages };
        for (row, column, cell) in book.worksheet_range(&sheet).expect("a sheet").used_cells() {
            if let Data::String(text) = cell {
                assert!(
                    printed.contains(&squeezed(text)),
                    "{name}: {sheet} {row}/{column} is not printed in full: {text}\n{printed}"
                );
            }
        }
    }
    let low = low_rows(office, workbook);
    assert_eq!(low, "", "{name}: rows lower than the text in them");
}

/// The rows that are lower than LibreOffice would make them for the text in them, one a line.
fn low_rows(office: &Office, workbook: &Path) -> String {
    let [apart, fitted] = ["apart.xlsx", "fitted.xlsx"].map(|name| office.0.path().join(name).display().to_string());
    let name = workbook.display().to_string();
    tool("python3", &["-c", APART, &name, &apart]);
    office.fit_rows(&apart, &fitted);
    tool("python3", &["-c", LOW_ROWS, &name, &fitted])
}

/// A copy of the workbook without merged cells, to which LibreOffice fits no row: their text stands in a column of their
/// width, far right.
const APART: &str = r"
import copy, sys, openpyxl
from openpyxl.utils import get_column_letter as letter
book = openpyxl.load_workbook(sys.argv[1])
for sheet in book:
    widths = {c: d.width for d in sheet.column_dimensions.values() for c in range(d.min, d.max + 1)}
    for at, merged in enumerate(list(sheet.merged_cells.ranges)):
        cell, aside = sheet.cell(merged.min_row, merged.min_col), sheet.cell(merged.min_row, 50 + at)
        sheet.unmerge_cells(str(merged))
        sheet.column_dimensions[letter(50 + at)].width = sum(widths[c] for c in range(merged.min_col, merged.max_col + 1))
        for name in ('font', 'alignment', 'number_format'):
            setattr(aside, name, copy.copy(getattr(cell, name)))
        aside.value, cell.value = cell.value, None
book.save(sys.argv[2])
";

/// Noto Sans CJK stands in for 游ゴシック: of the fonts at hand the one most like it, and the narrowest columns.
const FONTS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <test name="family"><string>游ゴシック</string></test>
    <edit name="family" mode="assign" binding="strong"><string>Noto Sans CJK JP</string></edit>
  </match>
</fontconfig>
"#;

/// A macro that gives every row of a workbook the height its text needs.
const FIT_ROWS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Rows" script:language="StarBasic">
Sub Fit(source, target)
    Dim hidden(0) As New com.sun.star.beans.PropertyValue
    hidden(0).Name = "Hidden"
    hidden(0).Value = True
    Dim format(0) As New com.sun.star.beans.PropertyValue
    format(0).Name = "FilterName"
    format(0).Value = "Calc MS Excel 2007 XML"
    book = StarDesktop.loadComponentFromURL(ConvertToURL(source), "_blank", 0, hidden())
    For at = 0 To book.Sheets.Count - 1
        sheet = book.Sheets.getByIndex(at)
        sheet.unprotect("")
        used = sheet.createCursor()
        used.gotoEndOfUsedArea(False)
        sheet.getCellRangeByPosition(0, 0, 0, used.RangeAddress.EndRow).Rows.OptimalHeight = True
    Next
    book.storeToURL(ConvertToURL(target), format())
    book.close(True)
End Sub
</script:module>
"#;

/// The list of macros that names it.
const MACROS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false" library:passwordprotected="false">
 <library:element library:name="Rows"/>
</library:library>
"#;

/// Rows of more than one line that the workbook makes lower than the fitted copy. One line fits any row.
const LOW_ROWS: &str = r"
import sys, openpyxl
book, fitted = (openpyxl.load_workbook(name) for name in sys.argv[1:])
compared = 0
for sheet in book:
    usual = sheet.sheet_format.defaultRowHeight
    for row in range(1, sheet.max_row + 1):
        height = sheet.row_dimensions[row].height or usual
        wanted = fitted[sheet.title].row_dimensions[row].height or usual
        compared += wanted > 22
        if wanted > 22 and wanted > height + 0.5:
            print(sheet.title, row, 'has', height, 'points, wants', wanted)
assert compared > 3, compared
";

/// Reads the workbook with openpyxl and looks at what only it tells: print titles, protection, lists, filters.
const OPENPYXL: &str = r"
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
names = book.sheetnames
sheet = book[names[2]]
assert sheet.protection.sheet and not sheet.protection.password, 'protected without a password'
assert sheet.auto_filter.ref and sheet.print_title_rows == '$4:$4', (sheet.auto_filter.ref, sheet.print_title_rows)
assert book.custom_doc_props['totsugo.installation'].value
last = sheet.max_row
for column in range(1, 23):
    for row in range(5, last + 1):
        locked = sheet.cell(row, column).protection.locked
        assert locked != (column in (19, 20, 21)), (row, column, locked)
if last > 4:
    assert any('S5' in str(rule.sqref) for rule in sheet.data_validations.dataValidation)
for name in names:
    page = book[name].page_setup
    assert page.orientation == 'landscape' and str(page.paperSize) == '9' and book[name].oddFooter.left.text, name
";

/// A merchant in `language` with `carts` ordinary carts of one shop.
fn merchant(language: &str, carts: u32) -> Sandbox {
    let sandbox = Sandbox::minimal(language);
    if carts > 0 {
        sandbox.drop_carts(carts, |n| (format!("BK{n:010}"), 1_000 + n % 50_000));
    }
    sandbox
}

fn workbooks(sandbox: &Sandbox) -> Vec<PathBuf> {
    let config = sandbox.path("totsugo.toml").display().to_string();
    let said = sandbox.program(&[RUN, &["--config", &config]].concat());
    assert!(said.code < 2, "{}\n{}", said.err, said.out);
    let json: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let shops = json["shops"].as_array().expect("shops").iter();
    shops.map(|shop| sandbox.path(shop["workbook"].as_str().expect("a workbook"))).collect()
}

#[test]
#[ignore = "needs LibreOffice, poppler, openpyxl and the OOXML validator; .ci/run runs it"]
fn x10_other_programs_read_compute_and_print_every_sheet_in_both_languages() {
    let office = Office::new();
    for language in ["ja", "en"] {
        let demo = Sandbox::demo();
        let config = std::fs::read_to_string(demo.path("totsugo.toml")).expect("the configuration");
        let config = config.replace("language = \"ja\"", &format!("language = \"{language}\""));
        assert!(config.contains(&format!("language = \"{language}\"")), "{config}");
        demo.write("totsugo.toml", config.as_bytes());
        let empty = merchant(language, 0);
        for workbook in workbooks(&demo).iter().chain(&workbooks(&empty)) {
            examine(&office, workbook, true);
        }
    }
}

#[test]
#[ignore = "needs LibreOffice, poppler, openpyxl and the OOXML validator; .ci/run runs it"]
fn x10_other_programs_read_and_compute_a_workbook_that_was_streamed() {
    for workbook in workbooks(&merchant("ja", 20_100)) {
        examine(&Office::new(), &workbook, false);
    }
}

#[test]
#[ignore = "needs LibreOffice; .ci/run runs it"]
fn libreoffice_recomputes_what_it_opens() {
    let office = Office::new();
    let wrong = office.0.path().join("wrong.xlsx");
    let mut book = Workbook::new();
    book.add_worksheet().write_formula(0, 0, Formula::new("=1+1").set_result("5")).expect("written");
    book.save(&wrong).expect("saved");
    assert_eq!(computed(&wrong)[0].2, "5");
    assert_eq!(computed(&office.convert(&wrong, "xlsx"))[0].2, "2", "else equal values would say nothing");
}

#[test]
#[ignore = "needs LibreOffice and openpyxl; .ci/run runs it"]
fn r20_notes_come_back_through_openpyxl_and_libreoffice() {
    let (office, demo) = (Office::new(), Sandbox::demo());
    let workbook = workbooks(&demo).swap_remove(0);
    let edited = office.0.path().join("経理.xlsx");
    let edit = "import sys, openpyxl\nbook = openpyxl.load_workbook(sys.argv[1])\nsheet = book['要確認']\n\
                sheet['S5'], sheet['T5'], sheet['U5'] = '対応中', '佐藤', '電話\\n待ち'\nbook.save(sys.argv[2])\n\
                print(sheet['A5'].value)";
    let id = tool("python3", &["-c", edit, &workbook.display().to_string(), &edited.display().to_string()]);
    let resaved = office.convert(&edited, "xlsx");
    demo.write("inbox/もどし（最終）.xlsx", &std::fs::read(resaved).expect("a workbook"));
    workbooks(&demo);
    let list = demo.json(&["findings", "list", "--json"], 0);
    let list = list["findings"].as_array().expect("a list").clone();
    let noted: Vec<_> = list.iter().filter(|finding| finding["note"] != "").collect();
    assert_eq!(noted.len(), 1, "{list:?}");
    let [finding] = noted[..] else { panic!("{noted:?}") };
    assert_eq!(finding["id"], id.trim());
    assert_eq!((&finding["state"], &finding["assignee"]), (&"対応中".into(), &"佐藤".into()));
    assert_eq!(finding["note"], "電話\n待ち");
}
