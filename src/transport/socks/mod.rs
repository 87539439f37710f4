//! A SOCKS5 client (RFC 1928, RFC 1929): asks a proxy to connect us to a peer.
//!
//! It has no descriptor and no clock. Whoever has sends what [`Socks5::output`] gives and passes
//! on what comes; when it is done, the stream belongs to the peer behind the proxy.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use crate::error::{Error, Result};

const VERSION: u8 = 5;
const AUTHENTICATION_VERSION: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const USERNAME_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const RESERVED: u8 = 0;
const IPV4: u8 = 1;
const DOMAIN_NAME: u8 = 3;
const IPV6: u8 = 4;

/// What the proxy answers next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaiting {
    MethodChoice,
    Authentication,
    Reply,
    Nothing,
}

/// The client's side of one conversation with a proxy.
#[derive(Debug)]
pub(crate) struct Socks5 {
    awaiting: Awaiting,
    credentials: Option<Credentials>,
    /// The connect request, kept until the proxy is ready for it.
    request: Vec<u8>,
    output: Vec<u8>,
    /// The answer that is coming in, as far as it has come.
    answer: Vec<u8>,
    failure: Option<Error>,
}

/// A user name and its password, each with at most 255 bytes.
#[derive(Clone)]
struct Credentials {
    username: Vec<u8>,
    password: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl Socks5 {
    /// A conversation that ends with a connection to `target`, which is written `host:port` as in
    /// a TCP endpoint. Host names go to the proxy as they are. `credentials` are user and password.
    pub(crate) fn new(target: &str, credentials: Option<(&str, &str)>) -> Result<Socks5> {
        let credentials = credentials
            .map(|(username, password)| match username.len().max(password.len()) {
                0..=255 => Ok(Credentials { username: username.into(), password: password.into() }),
                _ => Err(Error::Invalid),
            })
            .transpose()?;
        let method = match credentials {
            Some(_) => USERNAME_PASSWORD,
            None => NO_AUTHENTICATION,
        };
        Ok(Socks5 {
            awaiting: Awaiting::MethodChoice,
            credentials,
            request: connect_request(target)?,
            output: vec![VERSION, 1, method],
            answer: Vec::new(),
            failure: None,
        })
    }

    /// What to send to the proxy now; empty if it is the proxy's turn.
    pub(crate) fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Takes in what the proxy sent. Says how many bytes were its own, and whether the connection
    /// stands: then bytes after those are the peer's. After an error there is nothing more to do
    /// than to close.
    pub(crate) fn input(&mut self, bytes: &[u8]) -> Result<(usize, bool)> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let taken = self.take(bytes);
        self.failure = taken.err();
        taken
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(usize, bool)> {
        let mut consumed = 0;
        while self.awaiting != Awaiting::Nothing {
            let Some(&byte) = bytes.get(consumed) else { return Ok((consumed, false)) };
            consumed += 1;
            self.answer.push(byte);
            if self.answer_is_complete()? {
                self.advance()?;
                self.answer.clear();
            }
        }
        Ok((consumed, true))
    }

    /// Checks the answer as far as it has come.
    fn answer_is_complete(&self) -> Result<bool> {
        match (self.awaiting, self.answer.as_slice()) {
            (Awaiting::MethodChoice, &[VERSION]) => Ok(false),
            (Awaiting::MethodChoice, &[VERSION, _]) => Ok(true),
            (Awaiting::Authentication, &[AUTHENTICATION_VERSION]) => Ok(false),
            (Awaiting::Authentication, &[AUTHENTICATION_VERSION, _]) => Ok(true),
            (Awaiting::Reply, answer) => reply_is_complete(answer),
            _ => Err(Error::Protocol),
        }
    }

    fn advance(&mut self) -> Result<()> {
        let verdict = self.answer.get(1).copied().ok_or(Error::Protocol)?;
        match self.awaiting {
            Awaiting::MethodChoice => self.choose(verdict),
            Awaiting::Authentication if verdict == 0 => {
                self.ask();
                Ok(())
            }
            Awaiting::Authentication => Err(Error::Os(libc::EACCES)),
            Awaiting::Reply => {
                self.awaiting = Awaiting::Nothing;
                refusal(verdict).map_or(Ok(()), Err)
            }
            Awaiting::Nothing => Err(Error::Protocol),
        }
    }

    /// A proxy that needs no authentication may say so even if we offered it.
    fn choose(&mut self, method: u8) -> Result<()> {
        match (method, &self.credentials) {
            (NO_AUTHENTICATION, _) => self.ask(),
            (USERNAME_PASSWORD, Some(credentials)) => {
                self.output.push(AUTHENTICATION_VERSION);
                for field in [&credentials.username, &credentials.password] {
                    self.output.push(field.len() as u8);
                    self.output.extend_from_slice(field);
                }
                self.awaiting = Awaiting::Authentication;
            }
            _ => return Err(Error::Os(libc::EACCES)),
        }
        Ok(())
    }

    fn ask(&mut self) {
        self.output.append(&mut self.request);
        self.awaiting = Awaiting::Reply;
    }
}

/// Version, verdict, reserved, kind of address, address, port. The address is the one at which the
/// proxy meets the peer, and of no use to us.
fn reply_is_complete(reply: &[u8]) -> Result<bool> {
    let expected = [VERSION, reply.get(1).copied().unwrap_or(0), RESERVED];
    if reply.iter().zip(&expected).any(|(byte, expected)| byte != expected) {
        return Err(Error::Protocol);
    }
    let address = match reply.get(3) {
        None => return Ok(false),
        Some(&IPV4) => 4,
        Some(&IPV6) => 16,
        Some(&DOMAIN_NAME) => match reply.get(4) {
            None => return Ok(false),
            Some(&length) => 1 + usize::from(length),
        },
        Some(_) => return Err(Error::Protocol),
    };
    Ok(reply.len() == 4 + address + 2)
}

/// What the proxy's verdict means in terms of a connection that we made ourselves.
fn refusal(verdict: u8) -> Option<Error> {
    match verdict {
        0 => None,
        1 | 5 => Some(Error::ConnectionRefused),
        2 => Some(Error::Os(libc::EACCES)),
        3 => Some(Error::Os(libc::ENETUNREACH)),
        4 => Some(Error::HostUnreachable),
        6 => Some(Error::Os(libc::ETIMEDOUT)),
        7 | 8 => Some(Error::NotSupported),
        _ => Some(Error::Protocol),
    }
}

fn connect_request(target: &str) -> Result<Vec<u8>> {
    let (_source, target) = target.rsplit_once(';').unwrap_or(("", target));
    let (host, port) = target.rsplit_once(':').ok_or(Error::Invalid)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let end = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
    let port: u16 = port[..end].parse().map_err(|_| Error::Invalid)?;
    if port == 0 || host.is_empty() {
        return Err(Error::Invalid);
    }
    let mut request = vec![VERSION, CONNECT, RESERVED];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => {
            request.push(IPV4);
            request.extend_from_slice(&ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            request.push(IPV6);
            request.extend_from_slice(&ip.octets());
        }
        Err(_) => {
            request.push(DOMAIN_NAME);
            request.push(host.len().try_into().map_err(|_| Error::Invalid)?);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

#[cfg(test)]
mod tests;
