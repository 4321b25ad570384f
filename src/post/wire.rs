//! The connection to the mail server: bytes over TCP or TLS, each phase with its own deadline (FAULTS M07, M19).

use crate::config::{Security, Smtp};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_platform_verifier::BuilderVerifierExt;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A connection, in clear or encrypted.
pub(super) enum Wire {
    /// Before STARTTLS, or to this machine only.
    Plain(Timed),
    /// Encrypted, and the server's certificate verified.
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

/// A TCP connection whose every read and write ends at one deadline, however slowly bytes drip.
pub(super) struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }

    /// Calls until no signal cuts the call short: a wait with a time limit does not go on by itself where the process was
    /// stopped and continued, and after the final dot that would leave a mail unknown for nothing.
    fn calls(&self, mut call: impl FnMut(&TcpStream, Duration) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            match call(&self.stream, self.left()?) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done.map_err(timed_out),
            }
        }
    }
}

/// An operating system says "would block" where a socket's time is up.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.calls(|mut stream, left| {
            stream.set_read_timeout(Some(left))?;
            stream.read(buffer)
        })
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.calls(|mut stream, left| {
            stream.set_write_timeout(Some(left))?;
            stream.write(buffer)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Wire {
    /// Connects to `host`, trying each of its addresses.
    pub(super) fn connect(host: &str, port: u16, within: Duration) -> io::Result<Self> {
        let deadline = Instant::now() + within;
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in (host, port).to_socket_addrs()? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(Self::Plain(Timed { stream, deadline }));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Encrypts the connection; the certificate is verified for `host` or nothing goes on (FAULTS M07).
    pub(super) fn encrypt(self, host: &str, trust: Arc<ClientConfig>, within: Duration) -> io::Result<Self> {
        let Self::Plain(mut plain) = self else { return Ok(self) };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let mut tls = ClientConnection::new(trust, name).map_err(io::Error::other)?;
        plain.deadline = Instant::now() + within;
        while tls.is_handshaking() {
            if tls.complete_io(&mut plain)? == (0, 0) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(tls, plain))))
    }

    /// Whether bytes travel encrypted.
    pub(super) const fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// Everything until further notice must be done within this time.
    pub(super) fn within(&mut self, time: Duration) {
        let deadline = Instant::now() + time;
        match self {
            Self::Plain(plain) => plain.deadline = deadline,
            Self::Tls(tls) => tls.sock.deadline = deadline,
        }
    }

    /// Sends all of `bytes` down to the socket.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream: &mut dyn Write = match self {
            Self::Plain(plain) => plain,
            Self::Tls(tls) => tls,
        };
        stream.write_all(bytes)?;
        stream.flush()
    }

    /// Appends what arrives to `buffer`; the end of the connection is an error.
    pub(super) fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let mut block = [0; 4096];
        let stream: &mut dyn Read = match self {
            Self::Plain(plain) => plain,
            Self::Tls(tls) => tls,
        };
        let read = stream.read(&mut block)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.extend(block.iter().take(read));
        Ok(())
    }
}

/// Whether a handshake failed for what the server is, and not because the connection ended.
pub(super) fn is_refusal(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}

/// Which certificates are trusted: this machine's, or with `ca_file` those in it and no others. TLS 1.2 at least; there
/// is no way to accept anything else. `None` where the server is this machine and unencrypted.
pub(super) fn trust(smtp: &Smtp) -> Result<Option<Arc<ClientConfig>>, String> {
    if smtp.security == Security::None {
        return Ok(None);
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| error.to_string())?;
    let config = match &smtp.ca_file {
        Some(file) => builder.with_root_certificates(roots(file)?).with_no_client_auth(),
        None => builder.with_platform_verifier().map_err(|error| error.to_string())?.with_no_client_auth(),
    };
    Ok(Some(Arc::new(config)))
}

/// The certificates in a PEM file.
fn roots(file: &Path) -> Result<RootCertStore, String> {
    let told = |why: String| format!("ca_file {}: {why}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| told(error.to_string()))? {
        let certificate = certificate.map_err(|error| told(error.to_string()))?;
        roots.add(certificate).map_err(|error| told(error.to_string()))?;
    }
    if roots.is_empty() { Err(told("no certificate in it".to_owned())) } else { Ok(roots) }
}
