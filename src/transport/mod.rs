//! Addresses, listeners and connectors: how bytes get from one host to another.
//!
//! Adding a transport is one folder and one row in the table `TRANSPORTS`. A transport knows addresses and
//! descriptors; it never sees a frame, a socket type or a clock, and no call of it blocks except
//! [`Endpoint::resolve`] and [`Endpoint::bind`], which may ask the resolver for a host name.
#![forbid(unsafe_code)]

use std::fmt;

use crate::error::{Error, Result};

mod connecting;
mod failed;
mod inproc;
mod ipc;
mod listener;
mod names;
mod options;
pub(crate) mod socks;
mod tcp;

pub(crate) use connecting::{is_retryable, Connecting, Target};
pub(crate) use failed::Failed;
pub(crate) use listener::{is_exhaustion, Established, Listener};
pub(crate) use options::TransportOptions;
pub(crate) use tcp::AcceptFilter;

/// One row a transport.
static TRANSPORTS: &[&dyn Transport] = &[&inproc::Inproc, &ipc::Ipc, &tcp::Tcp];

/// Transports that exist, but only for socket types that we do not have.
const FOR_OTHER_SOCKET_TYPES: &[&str] = &["udp"];

/// What one transport does with its addresses.
trait Transport: Sync {
    /// The part of an endpoint before `://`.
    fn name(&self) -> &'static str;

    /// What `zmq_connect` finds wrong with an address at once, without asking anybody.
    fn check_connect(&self, address: &str) -> Result<()>;

    /// Listens there. May ask the resolver.
    fn bind(&self, address: &str, options: &TransportOptions) -> Result<Listener, Failed>;

    /// Where to connect to. `None` if the resolver would have to be asked and `lookup` forbids it.
    fn target(
        &self,
        address: &str,
        options: &TransportOptions,
        lookup: Lookup,
    ) -> Result<Option<Target>>;

    /// Prepares a socket that is about to be bound or connected.
    fn tune(
        &self,
        _socket: &socket2::Socket,
        _domain: socket2::Domain,
        _options: &TransportOptions,
    ) -> Result<()> {
        Ok(())
    }
}

/// Whether the resolver may be asked, which may block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lookup {
    Numeric,
    Names,
}

/// An address with the transport that understands it: `tcp://127.0.0.1:5555`.
#[derive(Clone)]
pub(crate) struct Endpoint {
    transport: &'static dyn Transport,
    address: String,
}

impl Endpoint {
    /// Splits an endpoint at `://` and finds its transport. What the address means is checked
    /// when it is bound or connected, as it differs.
    pub(crate) fn parse(endpoint: &str) -> Result<Endpoint> {
        let (scheme, address) = endpoint.split_once("://").ok_or(Error::Invalid)?;
        if scheme.is_empty() || address.is_empty() {
            return Err(Error::Invalid);
        }
        if FOR_OTHER_SOCKET_TYPES.contains(&scheme) {
            return Err(Error::IncompatibleProtocol);
        }
        let transport = TRANSPORTS.iter().find(|transport| transport.name() == scheme);
        let transport = *transport.ok_or(Error::ProtocolNotSupported)?;
        Ok(Endpoint { transport, address: address.to_owned() })
    }

    /// The transport: `tcp`, `ipc` or `inproc`.
    pub(crate) fn scheme(&self) -> &'static str {
        self.transport.name()
    }

    /// What follows `://`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn is_inproc(&self) -> bool {
        self.scheme() == "inproc"
    }

    pub(crate) fn is_tcp(&self) -> bool {
        self.scheme() == "tcp"
    }

    /// What `zmq_connect` has to find wrong with the address before it returns.
    pub(crate) fn check_connect(&self) -> Result<()> {
        self.transport.check_connect(&self.address)
    }

    /// Listens at this endpoint.
    pub(crate) fn bind(&self, options: &TransportOptions) -> Result<Listener, Failed> {
        self.transport.bind(&self.address, options)
    }

    /// Where to connect to, if that can be told without asking the resolver.
    pub(crate) fn try_numeric(&self, options: &TransportOptions) -> Result<Option<Target>> {
        self.transport.target(&self.address, options, Lookup::Numeric)
    }

    /// Where to connect to. May ask the resolver and block for long: not for an I/O thread.
    pub(crate) fn resolve(&self, options: &TransportOptions) -> Result<Target> {
        let target = self.transport.target(&self.address, options, Lookup::Names)?;
        target.ok_or(Error::Invalid)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.address)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Endpoint {
    fn eq(&self, other: &Endpoint) -> bool {
        self.scheme() == other.scheme() && self.address == other.address
    }
}

impl Eq for Endpoint {}

#[cfg(test)]
mod tests;
