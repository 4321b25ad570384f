//! Layouts and mail templates: built in, or overridden by a file of the same name under `paths.templates`. An override
//! that is broken or misnamed is an error with file and line, never a quiet fall-back (K10).

use crate::durable;
use crate::locale::Language;
use crate::mail::{MailTemplate, NoteTemplates, TemplateFault, Templates};
use std::path::{Path, PathBuf};

/// A layout file: its name without folder, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFile {
    /// File name, e.g. `bokun-bookings.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Why the templates cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A file or folder cannot be read, for this reason.
    #[error("cannot read {0}: {1}")]
    Unreadable(PathBuf, String),
    /// Not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(PathBuf),
    /// A file that overrides nothing, and the names that would.
    #[error("{0} overrides nothing; known names: {known}", known = .1.join(", "))]
    Unknown(PathBuf, Vec<String>),
    /// A file where nothing is looked for, and where it would be.
    #[error("{0} is not read; the place would be {place}", place = .1.join(", "))]
    Misplaced(PathBuf, Vec<String>),
    /// A subject without the verdict.
    #[error("{0}: the subject does not always carry the verdict")]
    NoVerdict(String),
    /// A mail template is wrong.
    #[error(transparent)]
    Mail(#[from] TemplateFault),
}

impl TemplateError {
    /// What is wrong and what to do.
    pub fn sentence(&self, language: Language) -> String {
        match (self, language) {
            (Self::Unreadable(path, reason), Language::Ja) => {
                format!("テンプレートを読めません: {} ({reason})。権限を確認してください。", path.display())
            }
            (Self::Unreadable(path, reason), Language::En) => {
                format!("The template cannot be read: {} ({reason}). Check its permissions.", path.display())
            }
            (Self::NotUtf8(path), Language::Ja) => {
                format!("{}: UTF-8 のファイルではありません。UTF-8 で保存し直してください。", path.display())
            }
            (Self::NotUtf8(path), Language::En) => format!("{}: not UTF-8. Save it again as UTF-8.", path.display()),
            (Self::Unknown(path, known), Language::Ja) => format!(
                "{}: この名前のテンプレートはありません。使える名前: {}。名前を直すか、ファイルを消してください。",
                path.display(),
                known.join(", ")
            ),
            (Self::Unknown(path, known), Language::En) => format!(
                "{}: there is no template of this name. Known names: {}. Rename or remove the file.",
                path.display(),
                known.join(", ")
            ),
            (Self::Misplaced(path, places), Language::Ja) => format!(
                "{}: この場所のテンプレートは読み込まれません。正しい場所: {}。移動するか、取り除いてください。",
                path.display(),
                places.join(", ")
            ),
            (Self::Misplaced(path, places), Language::En) => format!(
                "{}: no template is read from this place. The right one: {}. Move the file there, or remove it.",
                path.display(),
                places.join(", ")
            ),
            (Self::NoVerdict(file), Language::Ja) => format!(
                "{file}:1: 件名に結論が入らないことがあります。どの場合にも {{{{ verdict }}}} が入るように直すか、このファイルを取り除いて、組み込みのテンプレートに戻してください。"
            ),
            (Self::NoVerdict(file), Language::En) => format!(
                "{file}:1: the subject does not always carry the verdict. Put {{{{ verdict }}}} where every subject has it, or remove the file to go back to the built-in one."
            ),
            (Self::Mail(fault), Language::Ja) => {
                format!(
                    "{}:{}: メールのテンプレートが正しくありません ({})。その行を直すか、このファイルを取り除いて、組み込みのテンプレートに戻してください。",
                    fault.file, fault.line, fault.message
                )
            }
            (Self::Mail(fault), Language::En) => {
                format!(
                    "{}:{}: the mail template is wrong ({}). Correct the line, or remove the file to go back to the built-in one.",
                    fault.file, fault.line, fault.message
                )
            }
        }
    }
}

/// The built-in layouts.
const LAYOUTS: [(&str, &str); 4] = [
    ("bokun-bookings.toml", include_str!("../templates/layouts/bokun-bookings.toml")),
    ("bokun-payments.toml", include_str!("../templates/layouts/bokun-payments.toml")),
    ("gmo-torihiki-shukei.toml", include_str!("../templates/layouts/gmo-torihiki-shukei.toml")),
    ("totsugo-bookings.toml", include_str!("../templates/layouts/totsugo-bookings.toml")),
];

/// The files of a report mail, in this order.
const REPORT_FILES: [&str; 3] = ["subject.txt", "body.txt", "body.html"];

/// The texts of [`REPORT_FILES`].
const fn report(language: Language) -> [&'static str; 3] {
    match language {
        Language::Ja => [
            include_str!("../templates/mail/report/ja/subject.txt"),
            include_str!("../templates/mail/report/ja/body.txt"),
            include_str!("../templates/mail/report/ja/body.html"),
        ],
        Language::En => [
            include_str!("../templates/mail/report/en/subject.txt"),
            include_str!("../templates/mail/report/en/body.txt"),
            include_str!("../templates/mail/report/en/body.html"),
        ],
    }
}

/// The templates of a message to the operator.
pub const fn operator(language: Language) -> NoteTemplates {
    match language {
        Language::Ja => NoteTemplates {
            subject: include_str!("../templates/mail/operator/ja/subject.txt"),
            text: include_str!("../templates/mail/operator/ja/body.txt"),
        },
        Language::En => NoteTemplates {
            subject: include_str!("../templates/mail/operator/en/subject.txt"),
            text: include_str!("../templates/mail/operator/en/body.txt"),
        },
    }
}

/// The schedule that `init` writes as `schedules/nightly.toml`.
pub const NIGHTLY: &str = include_str!("../schedules/nightly.toml");

/// The commented `totsugo.toml` that `init` writes.
pub const fn initial_config(language: Language) -> &'static str {
    match language {
        Language::Ja => include_str!("../templates/init/totsugo.ja.toml"),
        Language::En => include_str!("../templates/init/totsugo.en.toml"),
    }
}

/// The layouts: the built-in ones, each replaced by `layouts/<name>` under `folder` if there is one, and every other
/// `layouts/*.toml` there added; by name.
pub fn layouts(folder: &Path) -> Result<Vec<TemplateFile>, TemplateError> {
    let file = |name: &str, text: &str| TemplateFile { name: name.to_owned(), text: text.to_owned() };
    let mut all: Vec<TemplateFile> = LAYOUTS.iter().map(|(name, text)| file(name, text)).collect();
    for path in files(&folder.join("layouts"))? {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            return Err(TemplateError::Unknown(path, vec!["*.toml".to_owned()]));
        }
        let text = read(&path)?;
        let name = file_name(&path);
        all.retain(|known| known.name != name);
        all.push(TemplateFile { name, text });
    }
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(all)
}

/// How deep below `paths.templates` is looked: deeper than any place, and links that lead in a circle end here.
const DEEPEST: usize = 6;

/// Refuses a file below `folder` that lies where no template is looked for: it would be ignored without a word.
pub fn check_places(folder: &Path, language: Language) -> Result<(), TemplateError> {
    let places = [PathBuf::from("layouts"), report_folder(Language::Ja), report_folder(Language::En)];
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let here = folder.join(&below);
        let visible = durable::visible(&here).map_err(|error| TemplateError::Unreadable(here, error.to_string()))?;
        for path in visible {
            if path.is_dir() {
                let inner = below.join(file_name(&path));
                folders.extend(Some(inner).filter(|inner| inner.components().count() < DEEPEST));
            } else if !places.contains(&below) {
                let right = places_for(folder, language, &file_name(&path));
                return Err(TemplateError::Misplaced(path, right));
            }
        }
    }
    Ok(())
}

/// Where a template of this name would be read; where any would, if none has the name.
fn places_for(folder: &Path, language: Language, name: &str) -> Vec<String> {
    let layout = |name: &str| folder.join("layouts").join(name).display().to_string();
    let mail = |name: &str| folder.join(report_folder(language)).join(name).display().to_string();
    if REPORT_FILES.contains(&name) {
        vec![mail(name)]
    } else if name.ends_with(".toml") {
        vec![layout(name)]
    } else {
        std::iter::once(layout("*.toml")).chain(REPORT_FILES.map(mail)).collect()
    }
}

/// The folder of a report mail's templates.
fn report_folder(language: Language) -> PathBuf {
    ["mail", "report", tongue(language)].iter().collect()
}

/// The folder of a language.
const fn tongue(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}

/// The report mail's templates in `language`: the built-in ones, each replaced by `mail/report/<language>/<name>` under
/// `folder` if there is one; checked.
pub fn mail(folder: &Path, language: Language) -> Result<Templates, TemplateError> {
    let tongue = tongue(language);
    let [mut subject, mut text, mut html] = std::array::from_fn(|at| MailTemplate {
        name: format!("mail/report/{tongue}/{}", REPORT_FILES.get(at).copied().unwrap_or_default()),
        text: report(language).get(at).copied().unwrap_or_default().to_owned(),
    });
    for path in files(&folder.join(report_folder(language)))? {
        let template = match file_name(&path).as_str() {
            "subject.txt" => &mut subject,
            "body.txt" => &mut text,
            "body.html" => &mut html,
            _ => return Err(TemplateError::Unknown(path, REPORT_FILES.map(str::to_owned).to_vec())),
        };
        *template = MailTemplate { text: read(&path)?, name: path.display().to_string() };
    }
    let file = subject.name.clone();
    let templates = Templates::new(subject, text, html)?;
    if templates.carries_verdict() { Ok(templates) } else { Err(TemplateError::NoVerdict(file)) }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The files of `folder` by name, without hidden ones and editors' backups; none if there is no such folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>, TemplateError> {
    let mut paths =
        durable::visible(folder).map_err(|error| TemplateError::Unreadable(folder.to_path_buf(), error.to_string()))?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}

fn read(path: &Path) -> Result<String, TemplateError> {
    let bytes = std::fs::read(path).map_err(|e| TemplateError::Unreadable(path.to_path_buf(), e.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|_| TemplateError::NotUtf8(path.to_path_buf()))?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}
