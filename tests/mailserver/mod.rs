//! A mail server that misbehaves on request, at any phase, and remembers every byte.

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Where the server misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Nowhere,
    Banner,
    Hello,
    StartTls,
    Handshake,
    Login,
    Sender,
    Recipient(usize),
    Data,
    Body,
    End,
    Quit,
}

/// How it misbehaves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers this instead, as raw bytes without line end.
    Reply(Vec<u8>),
    /// Closes the connection.
    Drop,
    /// Says nothing until the client goes away.
    Stall,
    /// Kills this process, then closes.
    Kill,
    /// Stops this process and lets it go on, then answers as usual.
    Pause,
    /// Answers as usual, so much later.
    Late(Duration),
}

/// Which certificate it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Good,
    WrongHost,
    Expired,
    UnknownCa,
}

/// What the server does.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) point: Point,
    pub(crate) fault: Fault,
    /// On how many connections.
    pub(crate) times: usize,
    pub(crate) shown: Shown,
    pub(crate) implicit_tls: bool,
    pub(crate) offers_start_tls: bool,
    /// What EHLO offers once encrypted.
    pub(crate) offers: &'static str,
    /// Sent in clear right behind the answer to STARTTLS.
    pub(crate) injected: &'static [u8],
    /// Takes and delivers the message although it then misbehaves at the end.
    pub(crate) delivers_anyway: bool,
}

impl Script {
    pub(crate) fn healthy() -> Self {
        Self {
            point: Point::Nowhere,
            fault: Fault::Drop,
            times: usize::MAX,
            shown: Shown::Good,
            implicit_tls: false,
            offers_start_tls: true,
            offers: "AUTH PLAIN LOGIN\r\n250-SIZE 30000000",
            injected: b"",
            delivers_anyway: true,
        }
    }

    pub(crate) fn faulty(point: Point, fault: Fault) -> Self {
        Self { point, fault, times: 1, ..Self::healthy() }
    }
}

/// One message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) content: Vec<u8>,
}

/// What the server saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Commands, before and after encryption.
    pub(crate) commands: Vec<String>,
    /// Everything that came in clear.
    pub(crate) clear: Vec<u8>,
    pub(crate) taken: Vec<Taken>,
    pub(crate) connections: usize,
    /// Whom [`Fault::Kill`] ends and [`Fault::Pause`] stops.
    pub(crate) victim: Option<u32>,
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) seen: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts a server on a free port of this machine; it ends with the test.
    pub(crate) fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut script = script.clone();
                {
                    let mut seen = shared.lock().expect("not poisoned");
                    seen.connections += 1;
                    if seen.connections > script.times {
                        script.point = Point::Nowhere;
                    }
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || drop(Talk { script, seen: shared }.serve(stream)));
            }
        });
        Self { port, seen }
    }

    /// How many messages were taken for `address`.
    pub(crate) fn count(&self, address: &str) -> usize {
        let seen = self.seen.lock().expect("not poisoned");
        seen.taken.iter().filter(|taken| taken.to.iter().any(|to| to == address)).count()
    }
}

/// Ends a conversation.
struct Over;

impl From<std::io::Error> for Over {
    fn from(_: std::io::Error) -> Self {
        Self
    }
}

struct Talk {
    script: Script,
    seen: Arc<Mutex<Seen>>,
}

/// A stream that keeps what came in clear.
struct Tapped {
    stream: TcpStream,
    seen: Arc<Mutex<Seen>>,
    is_clear: bool,
}

impl Read for Tapped {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(buffer)?;
        if self.is_clear {
            self.seen.lock().expect("not poisoned").clear.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

impl Write for Tapped {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        self.stream.write(buffer)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

impl Talk {
    fn serve(&self, stream: TcpStream) -> Result<(), Over> {
        let mut tapped = Tapped { stream, seen: Arc::clone(&self.seen), is_clear: true };
        if self.script.implicit_tls {
            let mut tls = self.encrypt(tapped)?;
            self.answer(&mut tls, Point::Banner, b"220 ready")?;
            return self.talk(tls, true);
        }
        self.answer(&mut tapped, Point::Banner, b"220 ready")?;
        self.talk(tapped, false)
    }

    fn encrypt(&self, mut tapped: Tapped) -> Result<StreamOwned<ServerConnection, Tapped>, Over> {
        if self.script.point == Point::Handshake {
            self.misbehave(&mut tapped)?;
            return Err(Over);
        }
        tapped.is_clear = false;
        let connection = ServerConnection::new(server_config(self.script.shown)).expect("a TLS server");
        let mut tls = StreamOwned::new(connection, tapped);
        while tls.conn.is_handshaking() {
            tls.conn.complete_io(&mut tls.sock)?;
        }
        Ok(tls)
    }

    fn talk<S: Read + Write + 'static>(&self, stream: S, is_encrypted: bool) -> Result<(), Over> {
        let mut stream = BufReader::new(stream);
        let (mut from, mut to, mut named) = (String::new(), Vec::new(), 0);
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.seen.lock().expect("not poisoned").commands.push(line.clone());
            let word = line.split([' ', ':']).next().unwrap_or_default().to_owned();
            let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let out = stream.get_mut();
            match word.as_str() {
                "EHLO" => {
                    let start = if self.script.offers_start_tls { "250-STARTTLS\r\n" } else { "" };
                    let offers = if is_encrypted {
                        format!("250-me\r\n250-{}\r\n250 HELP", self.script.offers)
                    } else {
                        format!("250-me\r\n{start}250 HELP")
                    };
                    self.answer(out, if is_encrypted { Point::Nowhere } else { Point::Hello }, offers.as_bytes())?;
                }
                "STARTTLS" => {
                    self.answer(out, Point::StartTls, b"220 go on")?;
                    out.write_all(self.script.injected)?;
                    let boxed: Box<dyn std::any::Any> = Box::new(stream.into_inner());
                    let tapped = boxed.downcast::<Tapped>().expect("a stream in clear");
                    return self.talk(self.encrypt(*tapped)?, true);
                }
                "AUTH" => self.log_in(&mut stream, &line)?,
                "MAIL" => {
                    (from, to, named) = (address(), Vec::new(), 0);
                    self.answer(out, Point::Sender, b"250 sender ok")?;
                }
                "RCPT" => {
                    named += 1;
                    if self.script.point == Point::Recipient(named) {
                        self.misbehave(out)?;
                    } else {
                        to.push(address());
                        self.answer(out, Point::Nowhere, b"250 recipient ok")?;
                    }
                }
                "DATA" => {
                    let is_begun = self.script.point != Point::Data || self.answers_after_all();
                    self.answer(out, Point::Data, b"354 go on")?;
                    if is_begun {
                        self.data(&mut stream, &from, &to)?;
                    }
                }
                "RSET" => self.answer(out, Point::Nowhere, b"250 forgotten")?,
                "QUIT" => {
                    self.answer(out, Point::Quit, b"221 bye")?;
                    return Ok(());
                }
                _ => self.answer(out, Point::Nowhere, b"500 what")?,
            }
        }
    }

    fn log_in<S: Read + Write>(&self, stream: &mut BufReader<S>, line: &str) -> Result<(), Over> {
        let mut asked = if line == "AUTH LOGIN" { 2 } else { 0 };
        if line.starts_with("AUTH XOAUTH2") && self.script.point == Point::Login {
            stream.get_mut().write_all(b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n")?;
            asked = 1;
        }
        for n in 0..asked {
            if line == "AUTH LOGIN" {
                stream.get_mut().write_all(if n == 0 { b"334 VXNlcm5hbWU6\r\n" } else { b"334 UGFzc3dvcmQ6\r\n" })?;
            }
            let mut answer = Vec::new();
            stream.read_until(b'\n', &mut answer)?;
            let answer = String::from_utf8_lossy(&answer).trim_end().to_owned();
            self.seen.lock().expect("not poisoned").commands.push(answer);
        }
        self.answer(stream.get_mut(), Point::Login, b"235 welcome")
    }

    fn data<S: Read + Write>(&self, stream: &mut BufReader<S>, from: &str, to: &[String]) -> Result<(), Over> {
        let mut content = Vec::new();
        let at_body = self.script.point == Point::Body;
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line)? == 0 {
                return Err(Over);
            }
            if at_body && content.is_empty() {
                self.misbehave(stream.get_mut())?;
            }
            if line == b".\r\n" {
                break;
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let refuses = matches!(&self.script.fault, Fault::Reply(reply) if !reply.starts_with(b"2"));
        let at_end = self.script.point == Point::End;
        if !(at_body || at_end && (refuses || !self.script.delivers_anyway)) {
            let taken = Taken { from: from.to_owned(), to: to.to_vec(), content };
            self.seen.lock().expect("not poisoned").taken.push(taken);
        }
        if at_body { Ok(()) } else { self.answer(stream.get_mut(), Point::End, b"250 taken") }
    }

    fn answer(&self, out: &mut impl ReadWrite, point: Point, usual: &[u8]) -> Result<(), Over> {
        if point == self.script.point && point != Point::Nowhere {
            self.misbehave(out)?;
            if !self.answers_after_all() {
                return Ok(());
            }
        }
        out.write_all(&[usual, b"\r\n"].concat())?;
        Ok(out.flush()?)
    }

    fn answers_after_all(&self) -> bool {
        matches!(self.script.fault, Fault::Pause | Fault::Late(_))
    }

    fn misbehave(&self, out: &mut impl ReadWrite) -> Result<(), Over> {
        match &self.script.fault {
            Fault::Reply(bytes) => {
                out.write_all(&[bytes, &b"\r\n"[..]].concat())?;
                Ok(out.flush()?)
            }
            Fault::Drop => Err(Over),
            Fault::Stall => {
                std::thread::sleep(Duration::from_secs(20));
                Err(Over)
            }
            Fault::Kill => {
                self.signal("-KILL");
                Err(Over)
            }
            Fault::Late(time) => {
                std::thread::sleep(*time);
                Ok(())
            }
            Fault::Pause => {
                for signal in ["-STOP", "-CONT"] {
                    // Long enough for it to have begun to wait, and to notice.
                    std::thread::sleep(Duration::from_millis(100));
                    self.signal(signal);
                }
                std::thread::sleep(Duration::from_millis(100));
                Ok(())
            }
        }
    }

    fn signal(&self, signal: &str) {
        if let Some(victim) = self.seen.lock().expect("not poisoned").victim {
            let sent = std::process::Command::new("kill").args([signal, &victim.to_string()]).status();
            assert!(sent.expect("kill").success());
        }
    }
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

/// The certificates of the tests, made once.
struct Authority {
    pem: String,
    good: (String, String),
    shown: Vec<(Shown, Arc<ServerConfig>)>,
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| {
        let issuer = || {
            let key = KeyPair::generate().expect("a key");
            let mut params = CertificateParams::new(Vec::new()).expect("parameters");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let pem = params.self_signed(&key).expect("a certificate").pem();
            (pem, Issuer::new(params, key))
        };
        let ((pem, ours), (_, stranger)) = (issuer(), issuer());
        let good = std::cell::RefCell::new((String::new(), String::new()));
        let config = |shown: Shown| {
            let name = if shown == Shown::WrongHost { "elsewhere.example" } else { "localhost" };
            let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
            if shown == Shown::Expired {
                params.not_after = date_time_ymd(2020, 1, 1);
            }
            let key = KeyPair::generate().expect("a key");
            let signer = if shown == Shown::UnknownCa { &stranger } else { &ours };
            let certificate = params.signed_by(&key, signer).expect("a certificate");
            if shown == Shown::Good {
                *good.borrow_mut() = (certificate.pem(), key.serialize_pem());
            }
            let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
            let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            Arc::new(builder.expect("TLS").with_no_client_auth().with_single_cert(chain, key).expect("a certificate"))
        };
        let all = [Shown::Good, Shown::WrongHost, Shown::Expired, Shown::UnknownCa];
        let shown = all.into_iter().map(|shown| (shown, config(shown))).collect();
        Authority { pem, good: good.into_inner(), shown }
    })
}

fn server_config(shown: Shown) -> Arc<ServerConfig> {
    let known = authority().shown.iter().find(|(known, _)| *known == shown);
    Arc::clone(&known.expect("a certificate").1)
}

/// The certificate that clients of [`Server`] trust, PEM.
pub(crate) fn ca_pem() -> &'static str {
    &authority().pem
}

/// A certificate for `localhost` that [`ca_pem`] vouches for, and its key, PEM: for another server than ours.
pub(crate) fn good_pem() -> (&'static str, &'static str) {
    let (certificate, key) = &authority().good;
    (certificate, key)
}
