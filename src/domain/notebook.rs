//! Our own workbooks: the mark they carry in their document properties, and the notes that come back in them
//! (SPEC §5.7).

use super::dates::{Day, Moment, Period};
use super::finding::Note;
use super::ids::{FindingId, ShopId};

/// The name under which a workbook of ours stands among the files of a run.
pub const LAYOUT: &str = "totsugo-workbook";

/// The property by which a workbook of ours is known at all.
pub const INSTALLATION: &str = "totsugo.installation";

/// The longest note, in UTF-16 units and in bytes of UTF-8: a cell holds no more of the one, and a field that is read no more
/// of the other. A longer one could not come back.
const LONGEST: (usize, usize) = (32_767, 64 * 1024);

/// Whether a note is not too long to come back as it was written.
pub fn comes_back(note: &str) -> bool {
    note.encode_utf16().count() <= LONGEST.0 && note.len() <= LONGEST.1
}

/// What a workbook of ours says of itself; renaming, sorting and saving again leave it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The installation that made it.
    pub installation: String,
    /// Its shop.
    pub shop: ShopId,
    /// Its period.
    pub period: Period,
    /// Its revision.
    pub revision: u32,
}

impl Mark {
    /// The document properties, by name.
    pub fn properties(&self) -> [(&'static str, String); 5] {
        [
            (INSTALLATION, self.installation.clone()),
            ("totsugo.shop", self.shop.to_string()),
            ("totsugo.period", self.period.to_string()),
            ("totsugo.revision", self.revision.to_string()),
            ("totsugo.report", format!("{}/{}/r{}", self.shop, self.period, self.revision)),
        ]
    }

    /// The inverse of [`Mark::properties`]; `None` where one of them is missing or damaged.
    pub fn read<'p>(property: impl Fn(&str) -> Option<&'p str>) -> Option<Self> {
        let (from, to) = property("totsugo.period")?.split_once("..")?;
        Some(Self {
            installation: property(INSTALLATION)?.to_owned(),
            shop: ShopId::new(property("totsugo.shop")?),
            period: Period::new(Day::parse(from)?, Day::parse(to)?)?,
            revision: property("totsugo.revision")?.parse().ok()?,
        })
    }
}

/// One of the three things finance writes on a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteField {
    /// 対応状況.
    State,
    /// 担当.
    Assignee,
    /// メモ.
    Text,
}

impl NoteField {
    /// All three, in the order of their columns.
    pub const ALL: [Self; 3] = [Self::State, Self::Assignee, Self::Text];

    /// Its name in the history.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Assignee => "assignee",
            Self::Text => "note",
        }
    }

    /// What `note` says in this field.
    pub fn of(self, note: &Note) -> &str {
        match self {
            Self::State => &note.state,
            Self::Assignee => &note.assignee,
            Self::Text => &note.text,
        }
    }
}

/// Something that a person wrote on a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteEntry {
    /// The finding.
    pub finding: FindingId,
    /// What of it.
    pub field: NoteField,
    /// What was written; empty where it was taken away.
    pub value: String,
    /// When it was written: of two entries the later holds.
    pub written: Moment,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written_and_never_by_halves() {
        let day = Day::from_number(20_000);
        let period = Period::new(day, day.plus(3)).expect("a period");
        let mark = Mark { installation: "i".to_owned(), shop: ShopId::new("9200000000001"), period, revision: 3 };
        let properties = mark.properties();
        let get = |left_out: &str, name: &str| {
            let found = properties.iter().find(|(known, _)| *known == name && *known != left_out);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(Mark::read(|name| get("", name)), Some(mark.clone()));
        for left_out in [INSTALLATION, "totsugo.shop", "totsugo.period", "totsugo.revision"] {
            assert_eq!(Mark::read(|name| get(left_out, name)), None, "{left_out}");
        }
    }

    #[test]
    fn each_field_of_a_note_has_its_own_word_and_name() {
        let note = Note { state: "対応中".to_owned(), assignee: "山田".to_owned(), text: "確認中".to_owned() };
        let said = NoteField::ALL.map(|field| (field.as_str(), field.of(&note)));
        assert_eq!(said, [("state", "対応中"), ("assignee", "山田"), ("note", "確認中")]);
    }
}
