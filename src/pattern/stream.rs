//! STREAM: bare bytes over connections of any protocol.
//!
//! A message is two parts: the routing id that stands for the connection, and bytes. No bytes tell, on
//! the way in, that a connection was made or lost, and on the way out close it.
#![forbid(unsafe_code)]

use super::labelled::Labelled;
use super::routes::{Destination, Routes};
use super::{strict_flag, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};
use crate::options::ids;

/// A STREAM socket.
pub(crate) struct Stream {
    routes: Routes,
    inbound: Labelled,
    destination: Destination,
    /// The last routing id that we made up: what `ZMQ_ROUTING_ID` says.
    last_name: Option<[u8; 5]>,
    notify: bool,
}

impl Default for Stream {
    fn default() -> Self {
        Self {
            routes: Routes::default(),
            inbound: Labelled::default(),
            destination: Destination::Unknown,
            last_name: None,
            notify: true,
        }
    }
}

impl Pattern for Stream {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        match self.routes.take_alias(links, id) {
            Some(alias) => self.routes.insert(&alias, id),
            None => {
                let name = self.routes.make_up();
                self.routes.insert(&name, id);
                self.last_name = Some(name);
            }
        }
        self.inbound.attach(id);
    }

    fn readable(&mut self, _links: &mut Links, id: LinkId) {
        self.inbound.activated(id);
    }

    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        if self.destination == Destination::Link(id) {
            self.destination = Destination::Nowhere;
        }
        self.routes.remove(id);
        self.inbound.detached(id);
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.destination {
            Destination::Unknown => self.address(links, frame),
            Destination::Link(id) if links.is_open(id) => self.write(links, id, frame),
            _ => {
                self.destination = Destination::Unknown;
                frame.consume();
                Ok(())
            }
        }
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        self.inbound.recv(links, &self.routes)
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.inbound.has_in(links)
    }

    /// Where a message goes is not known before it is sent.
    fn has_out(&mut self, _links: &mut Links) -> bool {
        true
    }

    fn raw(&self) -> Option<bool> {
        Some(self.notify)
    }

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match id {
            ids::STREAM_NOTIFY => Some(strict_flag(value).map(|on| self.notify = on)),
            ids::CONNECT_ROUTING_ID => Some(self.routes.set_alias(value)),
            _ => None,
        }
    }

    fn option(&mut self, id: i32) -> Option<Result<Vec<u8>>> {
        let name = self.last_name.filter(|_| id == ids::ROUTING_ID)?;
        Some(Ok(name.to_vec()))
    }
}

impl Stream {
    /// The first part of a message says where it goes. Alone it goes nowhere, and takes the next part
    /// with it.
    fn address(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        self.destination = match self.routes.find(frame.body()) {
            _ if !frame.more => Destination::Nowhere,
            Some(id) if links.has_room(id) => Destination::Link(id),
            Some(id) if links.is_open(id) => return Err(Error::Again),
            _ => return Err(Error::HostUnreachable),
        };
        frame.consume();
        Ok(())
    }

    fn write(&mut self, links: &mut Links, id: LinkId, frame: &mut Frame<'_>) -> Result<()> {
        if frame.body().is_empty() {
            links.terminate(id);
        } else {
            let asked_for = std::mem::replace(&mut frame.more, false);
            if let Err(error) = links.write(id, frame) {
                frame.more = asked_for;
                return Err(error);
            }
        }
        self.destination = Destination::Unknown;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::{Accepted, Connected};
    use crate::pattern::testing::Peers;

    fn send(stream: &mut Stream, peers: &mut Peers, name: &[u8], body: &str) -> Result<()> {
        stream.send(&mut peers.links, &mut Frame::bytes(name, true))?;
        stream.send(&mut peers.links, &mut Frame::bytes(body.as_bytes(), false))
    }

    #[test]
    fn connections_have_numbers() {
        let (mut stream, mut peers) = (Stream::default(), Peers::default());
        assert!(stream.option(ids::ROUTING_ID).is_none());
        peers.join(&mut stream, 10, Accepted);
        peers.join(&mut stream, 10, Connected);
        let (first, second) = (stream.routes.name(LinkId(0)), stream.routes.name(LinkId(1)));
        let (first, second) = (first.to_vec(), second.to_vec());
        assert_eq!(stream.option(ids::ROUTING_ID), Some(Ok(second.clone())));
        peers.say(1, &[""]);
        peers.say(1, &["hello"]);
        let label = second.escape_ascii().to_string() + "+";
        assert_eq!(peers.recv_all(&mut stream), [&label, "", &label, "hello"]);
        send(&mut stream, &mut peers, &first, "to 0").unwrap();
        send(&mut stream, &mut peers, &second, "to 1").unwrap();
        assert_eq!((peers.heard(0), peers.heard(1)), (vec!["to 0".into()], vec!["to 1".into()]));
    }

    #[test]
    fn the_next_connection_gets_the_name_set_for_it() {
        let (mut stream, mut peers) = (Stream::default(), Peers::default());
        stream.set_option(&mut peers.links, ids::CONNECT_ROUTING_ID, b"conn1").unwrap().unwrap();
        peers.join(&mut stream, 10, Connected);
        send(&mut stream, &mut peers, b"conn1", "hi").unwrap();
        assert_eq!(peers.heard(0), ["hi"]);
        assert!(stream.option(ids::ROUTING_ID).is_none());
    }

    #[test]
    fn an_empty_message_closes_behind_what_was_sent() {
        let (mut stream, mut peers) = (Stream::default(), Peers::default());
        peers.join(&mut stream, 10, Accepted);
        let name = stream.routes.name(LinkId(0)).to_vec();
        send(&mut stream, &mut peers, &name, "bye").unwrap();
        send(&mut stream, &mut peers, &name, "").unwrap();
        peers.settle(&mut stream);
        assert!(peers.is_closed(0) && peers.links.len() == 0);
        assert_eq!(peers.heard(0), ["bye"]);
        assert_eq!(send(&mut stream, &mut peers, &name, "x"), Err(Error::HostUnreachable));
    }

    #[test]
    fn a_full_connection_has_to_be_waited_for() {
        let (mut stream, mut peers) = (Stream::default(), Peers::default());
        peers.join(&mut stream, 1, Accepted);
        let name = stream.routes.name(LinkId(0)).to_vec();
        send(&mut stream, &mut peers, &name, "1").unwrap();
        assert_eq!(send(&mut stream, &mut peers, &name, "2"), Err(Error::Again));
        assert_eq!(peers.heard(0), ["1"]);
        send(&mut stream, &mut peers, &name, "2").unwrap();
        assert_eq!(peers.heard(0), ["2"]);
    }

    #[test]
    fn a_name_alone_takes_the_next_part_with_it() {
        let (mut stream, mut peers) = (Stream::default(), Peers::default());
        peers.join(&mut stream, 10, Accepted);
        let name = stream.routes.name(LinkId(0)).to_vec();
        stream.send(&mut peers.links, &mut Frame::bytes(&name, false)).unwrap();
        stream.send(&mut peers.links, &mut Frame::bytes(b"lost", false)).unwrap();
        send(&mut stream, &mut peers, &name, "x").unwrap();
        assert_eq!(peers.heard(0), ["x"]);
    }

    #[test]
    fn notices_can_be_switched_off() {
        let (mut stream, mut links) = (Stream::default(), Links::default());
        assert_eq!(stream.raw(), Some(true));
        let mut set = |value: i32| {
            stream.set_option(&mut links, ids::STREAM_NOTIFY, &value.to_ne_bytes()).unwrap()
        };
        assert_eq!(set(2), Err(Error::Invalid));
        assert_eq!(set(0), Ok(()));
        assert_eq!(stream.raw(), Some(false));
    }
}
