//! Who we say we are: AUTH PLAIN, LOGIN or XOAUTH2, the token from a file or a command (SPEC §7).

use crate::config::{Smtp, Token};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use std::io::Read;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a command may take to print a token.
const TOKEN_SECONDS: u64 = 60;

/// The longest token: those of Microsoft 365 have about 2,000 characters.
const TOKEN_BYTES: u64 = 64 * 1024;

/// What to log in with; prints nothing of it.
pub(super) enum Login {
    /// The server asks nobody who he is.
    None,
    /// By user name and password.
    Password {
        /// The user name.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// By user name and OAuth token.
    Token {
        /// The user name, mostly the sender's address.
        user: String,
        /// The token.
        token: SecretString,
    },
}

impl Login {
    /// What `smtp` says; a token is fetched afresh, for it ages within the hour.
    ///
    /// # Errors
    /// When the token cannot be had, in words without any of it.
    pub(super) fn of(smtp: &Smtp) -> Result<Self, String> {
        let Some(user) = smtp.username.clone() else { return Ok(Self::None) };
        Ok(match (&smtp.token, &smtp.password) {
            (Some(Token::File(file)), _) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                Self::Token { user, token: first_line(&text).ok_or_else(|| format!("{}: ?", file.display()))? }
            }
            (Some(Token::Command(words)), _) => Self::Token { user, token: printed(words)? },
            (None, Some(password)) => Self::Password { user, password: password.clone() },
            (None, None) => Self::None,
        })
    }

    /// The secret in every form in which a server hears of it, the longest first.
    pub(super) fn secrets(&self) -> Vec<SecretString> {
        let (whole, secret) = match self {
            Self::None => return Vec::new(),
            Self::Password { user, password } => (plain(user, password), password),
            Self::Token { user, token } => (xoauth2(user, token), token),
        };
        // What pads the end of base64 may be left out.
        let bare = |text: SecretString| SecretString::from(text.expose_secret().trim_end_matches('=').to_owned());
        vec![bare(whole), bare(encoded(secret.expose_secret())), secret.clone()]
    }
}

/// `AUTH PLAIN`'s one argument.
pub(super) fn plain(user: &str, password: &SecretString) -> SecretString {
    encoded(&format!("\0{user}\0{}", password.expose_secret()))
}

/// `AUTH XOAUTH2`'s one argument.
pub(super) fn xoauth2(user: &str, token: &SecretString) -> SecretString {
    encoded(&format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose_secret()))
}

/// One answer of `AUTH LOGIN`.
pub(super) fn encoded(text: &str) -> SecretString {
    SecretString::from(STANDARD.encode(text))
}

/// What a server's challenge says: with XOAUTH2 the reason why a token was refused.
pub(super) fn decoded(challenge: &str) -> String {
    let bytes = STANDARD.decode(challenge.trim()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

fn first_line(text: &str) -> Option<SecretString> {
    let line = text.lines().next().unwrap_or_default().trim();
    let fits = !line.is_empty() && line.bytes().all(|b| b.is_ascii_graphic());
    fits.then(|| SecretString::from(line.to_owned()))
}

/// The first line that a command prints. It is started without a shell; its messages go where ours go.
fn printed(words: &[String]) -> Result<SecretString, String> {
    let (program, arguments) = words.split_first().ok_or("token_command: ?")?;
    let told = |why: &dyn std::fmt::Display| format!("{program}: {why}");
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| told(&error))?;
    let pieces = read_beside(child.stdout.take().ok_or_else(|| told(&"stdout"))?);
    let until = Instant::now() + Duration::from_secs(TOKEN_SECONDS);
    let status = loop {
        match child.try_wait().map_err(|error| told(&error))? {
            Some(status) => break status,
            None if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            None => {
                drop(child.kill());
                drop(child.wait());
                return Err(told(&format!("> {TOKEN_SECONDS} s")));
            }
        }
    };
    if !status.success() {
        return Err(told(&status));
    }
    // What the command started may hold the pipe open as long as it likes: the line is waited for, not the pipe's end.
    let mut printed = Vec::new();
    while !printed.contains(&b'\n') {
        let Ok(piece) = pieces.recv_timeout(until.saturating_duration_since(Instant::now())) else { break };
        printed.extend(piece);
    }
    first_line(&String::from_utf8_lossy(&printed)).ok_or_else(|| told(&"no token printed"))
}

/// What comes out of `output`, piece by piece: a pipe that fills blocks the command, so it is read beside the wait.
fn read_beside(output: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, pieces) = channel();
    std::thread::spawn(move || {
        let (mut output, mut buffer) = (output.take(TOKEN_BYTES), [0; 4096]);
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            if sender.send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                break;
            }
        }
    });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_of_the_rfcs() {
        let password = SecretString::from("p w".to_owned());
        assert_eq!(STANDARD.decode(plain("user", &password).expose_secret()).expect("base64"), b"\0user\0p w");
        let token = xoauth2("a@example.jp", &password);
        let line = STANDARD.decode(token.expose_secret()).expect("base64");
        assert_eq!(line, b"user=a@example.jp\x01auth=Bearer p w\x01\x01");
        assert_eq!(decoded("eyJzdGF0dXMiOiI0MDEifQ=="), "{\"status\":\"401\"}");
    }

    #[test]
    fn k06_a_token_comes_from_a_command_and_its_failure_names_the_command_only() {
        let command = |words: &[&str]| printed(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(command(&["printf", "abc\\n"]).expect("a token").expose_secret(), "abc");
        for bad in [&["false"][..], &["true"], &["printf", "two words"], &["/nowhere/at/all"]] {
            let why = command(bad).expect_err("no token");
            assert!(why.starts_with(bad[0]) && !why.contains("two"), "{why}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn k06_a_token_is_there_when_the_command_ends_though_what_it_started_goes_on() {
        let began = Instant::now();
        let words = ["sh", "-c", "sleep 30 2>/dev/null & echo abc"].map(str::to_owned);
        assert_eq!(printed(&words).expect("a token").expose_secret(), "abc");
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    }
}
