//! One conversation with a mail server, command by command, so that it is known which side of the final dot a failure
//! fell on (RFC 5321, FAULTS M03–M11).
//!
//! Our own rather than lettre's, because lettre 0.11 hides what SPEC §7 asks for: its `connect` is greeting and EHLO in
//! one; EHLO's SIZE is dropped; a reply that is not UTF-8 is a network error; time limits count per read, not per phase;
//! and what a stranger sends in clear behind STARTTLS stays in its buffer and is believed once encrypted.

use super::login::{Login, decoded, encoded, plain, xoauth2};
use super::reply::{Parsed, Reply, kept, parse};
use super::wire::{Wire, is_refusal, trust};
use crate::config::{Security, Smtp};
use crate::domain::delivery::Verdict;
use secrecy::{ExposeSecret, SecretString};
use std::io;
use std::time::Duration;

/// Where in the conversation something happened, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Name look-up and TCP.
    Connect,
    /// The server's greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// The command STARTTLS.
    StartTls,
    /// TLS itself.
    Handshake,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message, all but its final dot.
    Body,
    /// The final dot.
    End,
    /// RSET.
    Reset,
    /// QUIT.
    Quit,
}

impl Phase {
    /// As people who know SMTP call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Greeting => "banner",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Handshake => "TLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL",
            Self::Recipient => "RCPT",
            Self::Data => "DATA",
            Self::Body => "body",
            Self::End => "end of data",
            Self::Reset => "RSET",
            Self::Quit => "QUIT",
        }
    }
}

/// How long each phase may take (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    divisor: u32,
}

impl Timeouts {
    /// As the RFC has them.
    pub const RFC: Self = Self { divisor: 1 };

    /// The RFC's, each divided by `divisor`: for tests that wait for silence.
    pub const fn divided(divisor: u32) -> Self {
        Self { divisor }
    }

    fn of(self, phase: Phase) -> Duration {
        let seconds = match phase {
            Phase::Connect | Phase::Handshake => 60,
            Phase::Greeting | Phase::Hello | Phase::Sender | Phase::Recipient | Phase::Reset => 300,
            Phase::StartTls | Phase::Data => 120,
            Phase::Login | Phase::Body => 180,
            Phase::End => 600,
            Phase::Quit => 10,
        };
        Duration::from_secs(seconds).checked_div(self.divisor).unwrap_or(Duration::from_secs(seconds))
    }
}

/// Why a conversation, or a part of it, failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub phase: Phase,
    /// Why.
    pub cause: Cause,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The server said no.
    Reply(Reply),
    /// The connection broke, or time was up; the system's words.
    Broken(String),
    /// What came is no reply of SMTP.
    Garbage(String),
    /// The server offers no STARTTLS, though encryption is asked for (M06).
    NoStartTls,
    /// Something came in clear behind the reply to STARTTLS (M07).
    Injected,
    /// The certificate is not accepted, TLS is too old, or the CA file cannot be used.
    Tls(String),
    /// The server offers none of our ways to log in, or the connection is not encrypted.
    NoLogin(Vec<String>),
    /// The token cannot be had.
    NoToken(String),
    /// The message is larger than the server takes (SIZE), in bytes.
    TooLarge {
        /// The message.
        size: u64,
        /// The server's limit.
        limit: u64,
    },
}

impl Failure {
    /// What it means for the message: the closed table of FAULTS M03–M10.
    pub fn verdict(&self) -> Verdict {
        let code = match &self.cause {
            Cause::Reply(reply) => reply.code,
            Cause::TooLarge { .. } => return Verdict::Refused,
            Cause::NoStartTls | Cause::Injected | Cause::Tls(_) | Cause::NoLogin(_) | Cause::NoToken(_) => {
                return Verdict::LaterAndTell;
            }
            Cause::Broken(_) | Cause::Garbage(_) if self.phase == Phase::End => return Verdict::Unknown,
            Cause::Broken(_) | Cause::Garbage(_) => return Verdict::Later,
        };
        match (self.phase, code) {
            (_, 400..=499) => Verdict::Later,
            // 530: the server wants a login, whatever the message is.
            (Phase::Sender, 530) => Verdict::LaterAndTell,
            (Phase::Sender | Phase::Recipient | Phase::Data | Phase::End, 500..=599) => Verdict::Refused,
            // A 3xx after the dot promises nothing.
            (Phase::End, _) => Verdict::Unknown,
            // A server that serves nobody, or not us: the message is none of its business yet.
            (_, 500..=599) => Verdict::LaterAndTell,
            _ => Verdict::Later,
        }
    }

    /// Whether the conversation may go on with the next message.
    pub fn leaves_the_session_usable(&self) -> bool {
        match &self.cause {
            Cause::Reply(reply) => reply.code != 421 && self.phase > Phase::Login,
            Cause::TooLarge { .. } => true,
            Cause::Broken(_)
            | Cause::Garbage(_)
            | Cause::NoStartTls
            | Cause::Injected
            | Cause::Tls(_)
            | Cause::NoLogin(_)
            | Cause::NoToken(_) => false,
        }
    }

    /// One line for the ledger: where, and in whose words.
    pub fn words(&self) -> String {
        let phase = self.phase.name();
        match &self.cause {
            Cause::Reply(reply) => format!("{phase}: {}", reply.words()),
            Cause::Broken(words) => format!("{phase}: {words}"),
            Cause::Garbage(words) => format!("{phase}: unreadable reply \"{words}\""),
            Cause::NoStartTls => {
                format!("{phase}: the server does not offer STARTTLS (encryption stripped?); nothing was sent")
            }
            Cause::Injected => format!("{phase}: bytes in clear before TLS; nothing was sent"),
            Cause::Tls(words) => format!("{phase}: {words}; nothing was sent"),
            Cause::NoLogin(offered) => format!("{phase}: no usable login offered [{}]", offered.join(" ")),
            Cause::NoToken(words) => format!("{phase}: token: {words}"),
            Cause::TooLarge { size, limit } => format!("SIZE: {size} > {limit} bytes"),
        }
    }
}

type Result<T> = std::result::Result<T, Failure>;

/// An open conversation, logged in where the configuration says so.
pub struct Session {
    wire: Wire,
    buffer: Vec<u8>,
    timeouts: Timeouts,
    offers: Offers,
    /// What no words of the server may show.
    secrets: Vec<SecretString>,
}

/// What EHLO offered.
#[derive(Debug, Default)]
struct Offers {
    start_tls: bool,
    logins: Vec<String>,
    size: Option<u64>,
}

impl Offers {
    fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in &reply.lines {
            let line = line.to_ascii_uppercase();
            let mut words = line.split([' ', '=']).filter(|word| !word.is_empty());
            match words.next() {
                Some("STARTTLS") => offers.start_tls = true,
                Some("AUTH") => offers.logins.extend(words.map(str::to_owned)),
                // 0 means no limit (RFC 1870).
                Some("SIZE") => offers.size = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0),
                _ => {}
            }
        }
        offers
    }
}

impl Session {
    /// Connects, encrypts, logs in. `hello` is the name we give.
    ///
    /// # Errors
    /// [`Failure`] at any phase up to [`Phase::Login`]; no secret was sent unless the connection is encrypted.
    pub fn open(smtp: &Smtp, hello: &str, timeouts: Timeouts) -> Result<Self> {
        let at = |phase| move |cause| Failure { phase, cause };
        let trust = trust(smtp).map_err(Cause::Tls).map_err(at(Phase::Handshake))?;
        let login = Login::of(smtp).map_err(Cause::NoToken).map_err(at(Phase::Login))?;
        let mut wire = Wire::connect(&smtp.host, smtp.port, timeouts.of(Phase::Connect))
            .map_err(|error| at(Phase::Connect)(Cause::Broken(error.to_string())))?;
        let encrypt = |wire: Wire| {
            let Some(trust) = trust.clone() else { return Ok(wire) };
            wire.encrypt(&smtp.host, trust, timeouts.of(Phase::Handshake))
                .map_err(|error| at(Phase::Handshake)(handshake(&error)))
        };
        if smtp.security == Security::Tls {
            wire = encrypt(wire)?;
        }
        let (buffer, offers, secrets) = (Vec::new(), Offers::default(), login.secrets());
        let mut session = Self { wire, buffer, timeouts, offers, secrets };
        session.expect_positive(Phase::Greeting)?;
        session.hello(hello)?;
        if smtp.security == Security::StartTls {
            if !session.offers.start_tls {
                return Err(at(Phase::StartTls)(Cause::NoStartTls));
            }
            session.command(Phase::StartTls, "STARTTLS")?;
            if !session.buffer.is_empty() {
                return Err(at(Phase::StartTls)(Cause::Injected));
            }
            session.wire = encrypt(session.wire)?;
            session.hello(hello)?;
        }
        session.log_in(&login)?;
        Ok(session)
    }

    /// The largest message the server takes, in bytes, if it says so.
    pub const fn size_limit(&self) -> Option<u64> {
        self.offers.size
    }

    /// Whether the connection is encrypted.
    pub const fn is_encrypted(&self) -> bool {
        self.wire.is_encrypted()
    }

    fn hello(&mut self, name: &str) -> Result<()> {
        let reply = self.command(Phase::Hello, &format!("EHLO {name}"))?;
        self.offers = Offers::of(&reply);
        Ok(())
    }

    fn log_in(&mut self, login: &Login) -> Result<()> {
        let offered = self.offers.logins.clone();
        let offers = |way: &str| self.wire.is_encrypted() && offered.iter().any(|offer| offer == way);
        let (xoauth2_offered, plain_offered, login_offered) = (offers("XOAUTH2"), offers("PLAIN"), offers("LOGIN"));
        match login {
            Login::None => Ok(()),
            Login::Token { user, token } if xoauth2_offered => {
                let reply = self.secret_command("AUTH XOAUTH2 ", &xoauth2(user, token))?;
                if reply.code != 334 {
                    return self.judged(Phase::Login, reply).map(drop);
                }
                // The server says why in a challenge, and no only after an empty answer to it.
                let why = kept(&decoded(&reply.lines.join("")), &self.secrets);
                let mut refusal = self.exchange(Phase::Login, b"\r\n")?;
                refusal.lines.push(why);
                Err(Failure { phase: Phase::Login, cause: Cause::Reply(refusal) })
            }
            Login::Password { user, password } if plain_offered => {
                let reply = self.secret_command("AUTH PLAIN ", &plain(user, password))?;
                self.judged(Phase::Login, reply).map(drop)
            }
            Login::Password { user, password } if login_offered => {
                let mut reply = self.exchange(Phase::Login, b"AUTH LOGIN\r\n")?;
                for answer in [encoded(user), encoded(password.expose_secret())] {
                    if reply.code != 334 {
                        break;
                    }
                    reply = self.secret_command("", &answer)?;
                }
                self.judged(Phase::Login, reply).map(drop)
            }
            Login::Token { .. } | Login::Password { .. } => {
                Err(Failure { phase: Phase::Login, cause: Cause::NoLogin(offered) })
            }
        }
    }

    /// Begins a message of `size` bytes; one that the server would not take is not begun (FAULTS M11).
    ///
    /// # Errors
    /// [`Failure`] at [`Phase::Sender`].
    pub fn sender(&mut self, address: &str, size: u64) -> Result<()> {
        let parameter = match self.offers.size {
            Some(limit) if size > limit => {
                return Err(Failure { phase: Phase::Sender, cause: Cause::TooLarge { size, limit } });
            }
            Some(_) => format!(" SIZE={size}"),
            None => String::new(),
        };
        self.command(Phase::Sender, &format!("MAIL FROM:<{address}>{parameter}")).map(drop)
    }

    /// Names one recipient.
    ///
    /// # Errors
    /// [`Failure`] at [`Phase::Recipient`]: of this recipient alone while the session stays usable.
    pub fn recipient(&mut self, address: &str) -> Result<()> {
        self.command(Phase::Recipient, &format!("RCPT TO:<{address}>")).map(drop)
    }

    /// Sends the message, all but its final dot: whatever fails here, the server delivers nothing (FAULTS M09).
    ///
    /// # Errors
    /// [`Failure`] at [`Phase::Data`] or [`Phase::Body`].
    pub fn message(&mut self, content: &[u8]) -> Result<()> {
        let reply = self.exchange(Phase::Data, b"DATA\r\n")?;
        if reply.code != 354 {
            return Err(Failure { phase: Phase::Data, cause: Cause::Reply(reply) });
        }
        for block in stuffed(content).chunks(64 * 1024) {
            self.send(Phase::Body, block)?;
        }
        Ok(())
    }

    /// Sends the final dot; from here on the server may have the message.
    ///
    /// # Errors
    /// [`Failure`] at [`Phase::End`]; only a reply of 4xx or 5xx is a refusal.
    pub fn end(&mut self) -> Result<Reply> {
        self.command(Phase::End, ".")
    }

    /// Forgets a message that was begun.
    ///
    /// # Errors
    /// [`Failure`] at [`Phase::Reset`]: the session is of no more use.
    pub fn reset(&mut self) -> Result<()> {
        self.command(Phase::Reset, "RSET").map(drop)
    }

    /// Says good-bye. What comes back changes nothing of what was accepted.
    pub fn quit(mut self) {
        drop(self.command(Phase::Quit, "QUIT"));
    }

    fn command(&mut self, phase: Phase, line: &str) -> Result<Reply> {
        let reply = self.exchange(phase, format!("{line}\r\n").as_bytes())?;
        self.judged(phase, reply)
    }

    fn secret_command(&mut self, command: &str, secret: &SecretString) -> Result<Reply> {
        self.exchange(Phase::Login, format!("{command}{}\r\n", secret.expose_secret()).as_bytes())
    }

    fn expect_positive(&mut self, phase: Phase) -> Result<()> {
        self.wire.within(self.timeouts.of(phase));
        let reply = self.reply(phase)?;
        self.judged(phase, reply).map(drop)
    }

    fn judged(&self, phase: Phase, reply: Reply) -> Result<Reply> {
        if reply.is_positive() { Ok(reply) } else { Err(Failure { phase, cause: Cause::Reply(reply) }) }
    }

    fn exchange(&mut self, phase: Phase, bytes: &[u8]) -> Result<Reply> {
        // A reply nobody asked for would be taken for the answer to the next command.
        if !self.buffer.is_empty() {
            let before = if phase == Phase::End { Phase::Body } else { phase };
            let words = kept(&String::from_utf8_lossy(&self.buffer), &self.secrets).escape_default().to_string();
            return Err(Failure { phase: before, cause: Cause::Garbage(words) });
        }
        self.send(phase, bytes)?;
        self.reply(phase)
    }

    fn send(&mut self, phase: Phase, bytes: &[u8]) -> Result<()> {
        self.wire.within(self.timeouts.of(phase));
        self.wire.send(bytes).map_err(|error| broken(phase, &error))
    }

    fn reply(&mut self, phase: Phase) -> Result<Reply> {
        loop {
            match parse(&self.buffer) {
                Parsed::Whole(mut reply, taken) => {
                    self.buffer.drain(..taken);
                    for line in &mut reply.lines {
                        *line = kept(line, &self.secrets);
                    }
                    return Ok(reply);
                }
                Parsed::Garbage(words) => {
                    return Err(Failure { phase, cause: Cause::Garbage(kept(&words, &self.secrets)) });
                }
                Parsed::More => self.wire.receive(&mut self.buffer).map_err(|error| broken(phase, &error))?,
            }
        }
    }
}

fn broken(phase: Phase, error: &io::Error) -> Failure {
    let words = if error.kind() == io::ErrorKind::TimedOut {
        "no answer in time".to_owned()
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        "the server closed the connection".to_owned()
    } else {
        error.to_string()
    };
    Failure { phase, cause: Cause::Broken(words) }
}

/// A handshake that fails for what the server *is* differs from one that the network ended.
fn handshake(error: &io::Error) -> Cause {
    if is_refusal(error) {
        Cause::Tls(error.to_string())
    } else {
        Cause::Broken(broken(Phase::Handshake, error).words())
    }
}

/// The message as it travels: a line that begins with a dot gets one more, and the last line ends (RFC 5321 §4.5.2).
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 2);
    for line in content.split_inclusive(|b| *b == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}
