//! What can be wrong with a configuration, as data, and the sentence that says so: where, what was found, what is
//! expected, what to do.

use super::service::ServiceFault;
use crate::locale::Language;

/// One thing wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Line in the file, from 1; 0 if the value came from an environment variable.
    pub line: usize,
    /// Column in characters, from 1; 0 if the value came from an environment variable.
    pub column: usize,
    /// The full key (`shops[2].recipients[1]`), or the variable's name.
    pub key: String,
    /// What stands there, shortened; empty where it is a secret or nothing stands there.
    pub found: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// The kinds of problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is not UTF-8 but, by the look of it, this.
    Encoding(&'static str),
    /// Not TOML; the parser's words, and the line with its full-width characters folded if it has any.
    Syntax(String, Option<String>),
    /// The same key or table twice.
    Duplicate,
    /// No such key; the nearest valid one.
    UnknownKey(Option<String>),
    /// No such environment variable; the nearest valid one.
    UnknownVariable(Option<String>),
    /// A password in the file.
    SecretInFile,
    /// Another type than this.
    WrongType(Expected),
    /// Must be there.
    Missing,
    /// None of these words; the nearest.
    NotAWord(&'static [&'static str], Option<String>),
    /// Outside these limits.
    OutOfRange(i64, i64),
    /// Not a calendar day.
    NotADay,
    /// A line break or another control character.
    ControlCharacter,
    /// Empty text.
    Empty,
    /// Not the form of a GMO Shop ID; its folded form if that would do.
    ShopIdForm(Option<String>),
    /// A Shop ID that stands already at this line.
    ShopTwice(usize),
    /// Not the form of a booking prefix; its folded form if that would do.
    PrefixForm(Option<String>),
    /// A prefix that this shop has already.
    PrefixTwice(String),
    /// Not one mail address; its folded form if that would do.
    AddressForm(Option<String>),
    /// Not a domain; its folded form if that would do.
    DomainForm(Option<String>),
    /// An address outside `allowed_domains`, which are these.
    OutsideDomains(Vec<String>),
    /// SMTP, and a shop without recipients.
    NoRecipients,
    /// Needed for SMTP.
    NeededForSmtp,
    /// Port 465 speaks TLS from the first byte.
    StartTlsOn465,
    /// No encryption, and not to this machine.
    PlainOffLoopback,
    /// A user name without a password.
    NoPassword,
    /// A password without a user name.
    NoUsername,
    /// The same place as this key.
    SamePlace(String),
    /// Inside the inbox.
    InsideInbox,
    /// The inbox holds the folders of our own output.
    AroundOutput,
    /// Longer than the window of this many days.
    OverWindow(i32),
    /// An exclude rule without a condition, or with one that everything fulfils.
    ExcludesAll,
    /// A name that totsugo uses itself.
    ReservedName,
    /// The secret file cannot be read, for this reason.
    SecretUnreadable(String),
    /// The secret file is empty.
    SecretEmpty,
    /// Other users of the machine can read the secret file.
    SecretOpen,
    /// About schedules and the service, in words of their own.
    Service(ServiceFault),
}

/// A type of value, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Text in quotes.
    Text,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// A day in quotes.
    Day,
    /// A list of texts.
    Texts,
    /// A table.
    Table,
    /// A list of tables.
    Tables,
}

impl Expected {
    fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Text, Language::Ja) => "引用符で囲んだ文字列 (例: \"keiri\")",
            (Self::Text, Language::En) => "text in quotes (e.g. \"keiri\")",
            (Self::Whole, Language::Ja) => "引用符なしの整数 (例: 30)",
            (Self::Whole, Language::En) => "a whole number without quotes (e.g. 30)",
            (Self::Flag, Language::Ja) => "true または false",
            (Self::Flag, Language::En) => "true or false",
            (Self::Day, Language::Ja) => "日付 \"YYYY-MM-DD\"",
            (Self::Day, Language::En) => "a day \"YYYY-MM-DD\"",
            (Self::Texts, Language::Ja) => "文字列の一覧 (例: [\"a\", \"b\"])",
            (Self::Texts, Language::En) => "a list of texts (e.g. [\"a\", \"b\"])",
            (Self::Table, Language::Ja) => "表 ([名前] の見出しとその下の項目)",
            (Self::Table, Language::En) => "a table ([name] and keys below it)",
            (Self::Tables, Language::Ja) => "表の一覧 ([[名前]] の見出しとその下の項目)",
            (Self::Tables, Language::En) => "a list of tables ([[name]] and keys below it)",
        }
    }
}

impl ConfigProblem {
    /// The problem in one line: where, what is wrong, what was found, what is expected and what to do.
    pub fn sentence(&self, language: Language) -> String {
        let ja = language == Language::Ja;
        let mut text = match (self.line, self.key.as_str(), ja) {
            (0, key, true) => format!("環境変数 `{key}`: "),
            (0, key, false) => format!("environment variable `{key}`: "),
            (line, "", true) => format!("{line}行{}桁: ", self.column),
            (line, "", false) => format!("line {line}, column {}: ", self.column),
            (line, key, true) => format!("{line}行{}桁 `{key}`: ", self.column),
            (line, key, false) => format!("line {line}, column {} `{key}`: ", self.column),
        };
        let Words { what, expected, remedy } = self.fault.words(language);
        text.push_str(&what);
        if !self.found.is_empty() {
            text.push_str(&if ja { format!(" 記述: {}。", self.found) } else { format!(" Found: {}.", self.found) });
        }
        if !expected.is_empty() {
            text.push_str(&if ja {
                format!(" 正しい形: {expected}。")
            } else {
                format!(" Expected: {expected}.")
            });
        }
        if !remedy.is_empty() {
            text.push(' ');
            text.push_str(&remedy);
        }
        text
    }
}

/// A fault in words.
struct Words {
    what: String,
    expected: String,
    remedy: String,
}

fn words(what: impl Into<String>, expected: impl Into<String>, remedy: impl Into<String>) -> Words {
    Words { what: what.into(), expected: expected.into(), remedy: remedy.into() }
}

fn hint(language: Language, nearest: Option<&str>) -> String {
    match (nearest, language) {
        (Some(text), Language::Ja) => format!("もしかして `{text}` ですか。"),
        (Some(text), Language::En) => format!("Did you mean `{text}`?"),
        (None, _) => String::new(),
    }
}

impl Fault {
    fn words(&self, language: Language) -> Words {
        if let Self::Service(fault) = self {
            let (what, expected, remedy) = fault.words(language);
            return Words { what, expected, remedy };
        }
        match language {
            Language::Ja => self.japanese(),
            Language::En => self.english(),
        }
    }

    fn japanese(&self) -> Words {
        let language = Language::Ja;
        match self {
            Self::Encoding(guess) => words(
                format!("UTF-8 のファイルではありません ({guess} のようです)。"),
                "UTF-8",
                "エディタで文字コードを UTF-8 にして保存し直してください。",
            ),
            Self::Syntax(message, folded) => words(
                format!("TOML として読めません ({message})。"),
                "",
                folded.as_ref().map_or_else(
                    || "この行の引用符・括弧・`=` を確認してください。".to_owned(),
                    |line| format!("全角文字があります。もしかして `{line}` ですか。"),
                ),
            ),
            Self::Service(_) => words("", "", ""),
            Self::Duplicate => words("同じ項目か見出しが 2 度あります。", "", "どちらか一方を消してください。"),
            Self::AroundOutput => words(
                "inbox フォルダーの中に totsugo 自身の出力先があります。自分の出力を取り込んでしまいます。",
                "",
                "inbox フォルダーを専用のフォルダーにしてください (例: \"inbox\")。",
            ),
            Self::UnknownKey(nearest) => words(
                "この項目はありません。",
                "",
                nearest.as_ref().map_or_else(
                    || "綴りを確認するか、この行を消してください。".to_owned(),
                    |n| hint(language, Some(n)),
                ),
            ),
            Self::UnknownVariable(nearest) => words(
                "この環境変数に当たる設定項目はありません。",
                "TOTSUGO__表__項目 (例: TOTSUGO__MAIL__SMTP__PASSWORD)",
                hint(language, nearest.as_deref()),
            ),
            Self::SecretInFile => words(
                "パスワードは設定ファイルに書けません。",
                "",
                "この行を消し、`password_file` に秘密ファイルの場所を書くか、環境変数 TOTSUGO__MAIL__SMTP__PASSWORD を使ってください。書いたパスワードは変更を勧めます。",
            ),
            Self::WrongType(expected) => words("値の型が違います。", expected.words(language), ""),
            Self::Missing => words("必要な項目がありません。", "", "この項目を書き足してください。"),
            Self::NotAWord(allowed, nearest) => {
                words("使えない言葉です。", alternatives(allowed, " か "), hint(language, nearest.as_deref()))
            }
            Self::OutOfRange(least, most) => words("値が範囲の外です。", format!("{least} 以上 {most} 以下の整数"), ""),
            Self::NotADay => words("暦にある日付ではありません。", "\"YYYY-MM-DD\" (例: \"2025-04-01\")", ""),
            Self::ControlCharacter => {
                words("改行などの制御文字は使えません。", "1 行の文字列", "制御文字を消してください。")
            }
            Self::Empty => words("空の文字列は使えません。", "", "値を書くか、この行を消してください。"),
            Self::ShopIdForm(folded) => {
                words("ショップID の形ではありません。", "半角英数字 1〜13 文字", hint(language, folded.as_deref()))
            }
            Self::ShopTwice(line) => words(
                format!("同じショップID が {line} 行目にもあります。"),
                "",
                "片方を消すか、ショップID を直してください。",
            ),
            Self::PrefixForm(folded) => words(
                "予約番号の接頭辞の形ではありません。",
                "半角英字だけ (例: \"MZ\")",
                hint(language, folded.as_deref()),
            ),
            Self::PrefixTwice(shop) => words(
                format!("同じ接頭辞がショップ {shop} にもあります。予約がどちらのものか決められません。"),
                "",
                "どちらか一方だけに書いてください。",
            ),
            Self::AddressForm(folded) => words(
                "メールアドレスの形ではありません。",
                "半角のアドレス 1 つ (例: \"keiri@example.co.jp\")",
                hint(language, folded.as_deref()),
            ),
            Self::DomainForm(folded) => words(
                "ドメインの形ではありません。",
                "半角のドメイン (例: \"example.co.jp\")。\"*\" や \"@\" は使えません",
                hint(language, folded.as_deref()),
            ),
            Self::OutsideDomains(allowed) => words(
                "`mail.allowed_domains` の外のアドレスです。",
                format!("次のドメインのアドレス: {}", allowed.join(", ")),
                "アドレスを直すか、ドメインを `mail.allowed_domains` に加えてください。",
            ),
            Self::NoRecipients => words(
                "SMTP で送るのに宛先がありません。",
                "宛先 1 件以上",
                "`recipients` を書くか、`mail.transport = \"directory\"` にしてください。",
            ),
            Self::NeededForSmtp => {
                words("`mail.transport = \"smtp\"` にはこの項目が必要です。", "", "この項目を書き足してください。")
            }
            Self::StartTlsOn465 => words(
                "ポート 465 は最初から TLS で話すため、starttls では繋がりません。",
                "",
                "`security = \"tls\"` にするか、`port = 587` にしてください。",
            ),
            Self::PlainOffLoopback => words(
                "暗号化なしで送れるのはこのコンピューター自身 (localhost) だけです。",
                "tls か starttls",
                "`security = \"tls\"` にしてください。",
            ),
            Self::NoPassword => words(
                "`username` があるのにパスワードがありません。",
                "",
                "`password_file` を書くか、環境変数 TOTSUGO__MAIL__SMTP__PASSWORD を設定してください。",
            ),
            Self::NoUsername => {
                words("パスワードがあるのに `username` がありません。", "", "`username` を書いてください。")
            }
            Self::SamePlace(other) => words(format!("`{other}` と同じ場所です。"), "", "別の場所にしてください。"),
            Self::InsideInbox => words(
                "inbox フォルダー `paths.inbox` の中にあります。自分の出力を取り込んでしまいます。",
                "",
                "inbox フォルダーの外にしてください。",
            ),
            Self::OverWindow(window) => {
                words(format!("`cancel_window_days` ({window} 日) を超えています。"), format!("{window} 以下"), "")
            }
            Self::ExcludesAll => words(
                "条件がないか、すべての予約に当てはまる除外規則です。",
                "channel に 1 つ以上の販売経路 (例: [\"Viator\"])",
                "条件を書くか、規則を消してください。",
            ),
            Self::ReservedName => words("totsugo 自身が使う規則名です。", "", "別の名前にしてください。"),
            Self::SecretUnreadable(reason) => {
                words(format!("秘密ファイルを読めません ({reason})。"), "", "場所と権限を確認してください。")
            }
            Self::SecretEmpty => words("秘密が空です。", "パスワード 1 行", ""),
            Self::SecretOpen => words(
                "秘密ファイルをほかの利用者も読めます。",
                "",
                "`chmod 600` で持ち主だけが読めるようにしてください。",
            ),
        }
    }

    fn english(&self) -> Words {
        let language = Language::En;
        match self {
            Self::Encoding(guess) => words(
                format!("The file is not UTF-8 (it looks like {guess})."),
                "UTF-8",
                "Save it again as UTF-8 in your editor.",
            ),
            Self::Syntax(message, folded) => words(
                format!("Cannot be read as TOML ({message})."),
                "",
                folded.as_ref().map_or_else(
                    || "Check the quotes, brackets and `=` of this line.".to_owned(),
                    |line| format!("There are full-width characters. Did you mean `{line}`?"),
                ),
            ),
            Self::Service(_) => words("", "", ""),
            Self::Duplicate => words("The same key or heading stands twice.", "", "Remove one of them."),
            Self::AroundOutput => words(
                "The inbox holds the folders of our own output, which would be taken in.",
                "",
                "Give the inbox a folder of its own (e.g. \"inbox\").",
            ),
            Self::UnknownKey(nearest) => words(
                "There is no such key.",
                "",
                nearest
                    .as_ref()
                    .map_or_else(|| "Check the spelling, or remove this line.".to_owned(), |n| hint(language, Some(n))),
            ),
            Self::UnknownVariable(nearest) => words(
                "No setting goes by this variable.",
                "TOTSUGO__TABLE__KEY (e.g. TOTSUGO__MAIL__SMTP__PASSWORD)",
                hint(language, nearest.as_deref()),
            ),
            Self::SecretInFile => words(
                "A password must not stand in this file.",
                "",
                "Remove this line and name a secret file in `password_file`, or set the variable TOTSUGO__MAIL__SMTP__PASSWORD. Consider changing the password.",
            ),
            Self::WrongType(expected) => words("Wrong type of value.", expected.words(language), ""),
            Self::Missing => words("A required key is missing.", "", "Add it."),
            Self::NotAWord(allowed, nearest) => {
                words("Not a known word.", alternatives(allowed, " or "), hint(language, nearest.as_deref()))
            }
            Self::OutOfRange(least, most) => {
                words("The value is out of range.", format!("a whole number from {least} to {most}"), "")
            }
            Self::NotADay => words("Not a calendar day.", "\"YYYY-MM-DD\" (e.g. \"2025-04-01\")", ""),
            Self::ControlCharacter => words(
                "Line breaks and other control characters are not allowed.",
                "text on one line",
                "Remove the control character.",
            ),
            Self::Empty => words("Must not be empty.", "", "Write a value, or remove this line."),
            Self::ShopIdForm(folded) => {
                words("Not a GMO Shop ID.", "1 to 13 half-width letters and digits", hint(language, folded.as_deref()))
            }
            Self::ShopTwice(line) => words(
                format!("The same Shop ID stands at line {line} already."),
                "",
                "Remove one of them, or correct the ID.",
            ),
            Self::PrefixForm(folded) => words(
                "Not a booking prefix.",
                "half-width letters only (e.g. \"MZ\")",
                hint(language, folded.as_deref()),
            ),
            Self::PrefixTwice(shop) => words(
                format!("Shop {shop} has the same prefix, so a booking could belong to either."),
                "",
                "Keep it in one shop only.",
            ),
            Self::AddressForm(folded) => words(
                "Not a mail address.",
                "one half-width address (e.g. \"keiri@example.co.jp\")",
                hint(language, folded.as_deref()),
            ),
            Self::DomainForm(folded) => words(
                "Not a domain.",
                "a half-width domain (e.g. \"example.co.jp\") without \"*\" or \"@\"",
                hint(language, folded.as_deref()),
            ),
            Self::OutsideDomains(allowed) => words(
                "The address is outside `mail.allowed_domains`.",
                format!("an address of {}", allowed.join(", ")),
                "Correct the address, or add its domain to `mail.allowed_domains`.",
            ),
            Self::NoRecipients => words(
                "Mail goes out by SMTP but this shop has no recipients.",
                "at least one recipient",
                "Write `recipients`, or set `mail.transport = \"directory\"`.",
            ),
            Self::NeededForSmtp => words("`mail.transport = \"smtp\"` needs this key.", "", "Add it."),
            Self::StartTlsOn465 => words(
                "Port 465 speaks TLS from the start, so starttls cannot work.",
                "",
                "Set `security = \"tls\"`, or `port = 587`.",
            ),
            Self::PlainOffLoopback => words(
                "Without encryption mail may only go to this machine itself (localhost).",
                "tls or starttls",
                "Set `security = \"tls\"`.",
            ),
            Self::NoPassword => words(
                "There is a `username` but no password.",
                "",
                "Write `password_file`, or set the variable TOTSUGO__MAIL__SMTP__PASSWORD.",
            ),
            Self::NoUsername => words("There is a password but no `username`.", "", "Write `username`."),
            Self::SamePlace(other) => words(format!("The same place as `{other}`."), "", "Choose another place."),
            Self::InsideInbox => words(
                "It lies inside `paths.inbox`, so our own output would be taken in.",
                "",
                "Choose a place outside the inbox.",
            ),
            Self::OverWindow(window) => {
                words(format!("More than `cancel_window_days` ({window} days)."), format!("at most {window}"), "")
            }
            Self::ExcludesAll => words(
                "This rule has no condition, or one that every booking fulfils.",
                "one or more channels (e.g. [\"Viator\"])",
                "Write a condition, or remove the rule.",
            ),
            Self::ReservedName => words("totsugo uses this rule name itself.", "", "Choose another name."),
            Self::SecretUnreadable(reason) => {
                words(format!("The secret file cannot be read ({reason})."), "", "Check its place and permissions.")
            }
            Self::SecretEmpty => words("The secret is empty.", "one line with the password", ""),
            Self::SecretOpen => {
                words("Other users can read the secret file.", "", "Let only its owner read it: `chmod 600`.")
            }
        }
    }
}

fn alternatives(words: &[&str], joint: &str) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(joint)
}
