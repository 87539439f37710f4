//! `tcp`: between hosts.
#![forbid(unsafe_code)]

use std::io;

use socket2::{Domain, Socket};

use crate::error::Result;

use super::connecting::open;
use super::listener::{adopt_listener, kept_out, Reception};
use super::names::local_endpoint;
use super::{Failed, Listener, Lookup, Target, Transport, TransportOptions};

mod address;
mod tuning;

pub(crate) use crate::options::TcpFilter as AcceptFilter;

use address::Rules;

pub(super) struct Tcp;

impl Transport for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }

    fn check_connect(&self, address: &str) -> Result<()> {
        address::check_connect(address)
    }

    fn bind(&self, address: &str, options: &TransportOptions) -> Result<Listener, Failed> {
        let socket = match options.use_fd {
            -1 => listen(address, options)?,
            fd => adopt_listener(fd)?,
        };
        let endpoint = local_endpoint(&socket);
        let reception = Box::new(TcpReception { options: options.clone() });
        Ok(Listener::new(socket, endpoint, reception)?)
    }

    fn target(
        &self,
        address: &str,
        options: &TransportOptions,
        lookup: Lookup,
    ) -> Result<Option<Target>> {
        let (source, destination) = address::split_source(address);
        let source = source
            .map(|source| address::resolve(source, Rules::SOURCE, options.ipv6))
            .transpose()?;
        let destination = match address::resolve(destination, Rules::NUMERIC, options.ipv6) {
            Ok(destination) => destination,
            Err(_) if lookup == Lookup::Numeric => return Ok(None),
            Err(_) => address::resolve(destination, Rules::CONNECT, options.ipv6)?,
        };
        let source = source.map(Into::into);
        Ok(Some(Target { transport: &Tcp, destination: destination.into(), source }))
    }

    fn tune(&self, socket: &Socket, domain: Domain, options: &TransportOptions) -> Result<()> {
        tuning::before_use(socket, domain, options)?;
        tuning::connection(socket, options)?;
        Ok(())
    }
}

fn listen(address: &str, options: &TransportOptions) -> Result<Socket, Failed> {
    // A source address has no meaning here, but never was an error.
    let (_, address) = address::split_source(address);
    let address = address::resolve(address, Rules::BIND, options.ipv6)?;
    let (socket, address) = open(&address.into())?;
    let (socket, ()) = Failed::or_close(socket, |socket| {
        tuning::before_use(socket, address.domain(), options)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address)?;
        Ok(socket.listen(options.backlog)?)
    })?;
    Ok(socket)
}

struct TcpReception {
    options: TransportOptions,
}

impl Reception for TcpReception {
    fn admit(&self, socket: &Socket) -> io::Result<()> {
        let filters = &self.options.tcp_accept_filters;
        if !filters.is_empty() {
            let peer = socket.peer_addr()?.as_socket().ok_or_else(kept_out)?;
            if !filters.iter().any(|filter| filter.matches(peer.ip())) {
                return Err(kept_out());
            }
        }
        tuning::marks(socket, &self.options)?;
        tuning::connection(socket, &self.options)
    }
}
