//! All the links of one socket, as its pattern sees them.
#![forbid(unsafe_code)]

use super::{Frame, LinkEnd, Parcel, Peer, PeerInfo, Receiver, Sink, Taken, COMMAND, MORE};
use crate::error::{Error, Result};
use crate::message::Message;
use crate::sync::queue::{Record, Taken as Took};
use crate::sys::clock;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sender that does not pause for so long is in a burst.
const BURST: Duration = Duration::from_millis(1);

/// Names one link of a socket. Ids are small and used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LinkId(pub(crate) u32);

/// What the other side of a link within the process adds to the limits: zero lifts them, and negative
/// values add nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boost {
    /// To what this side sends.
    pub(crate) send: i32,
    /// To what this side receives.
    pub(crate) recv: i32,
}

fn together(own: i32, boost: i32) -> usize {
    if own <= 0 || boost == 0 {
        return 0;
    }
    own as usize + boost.max(0) as usize
}

/// How a link came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkOrigin {
    /// `zmq_connect` of this socket made it.
    Connected,
    /// A peer came to an endpoint that this socket is bound to.
    Accepted,
}

/// One link of a socket.
pub struct Link {
    end: LinkEnd,
    peer: Arc<dyn Peer>,
    /// Who is on the other side, once it is known.
    info: Option<Arc<PeerInfo>>,
    /// Which call made it.
    pub(crate) origin: LinkOrigin,
    /// The endpoint it belongs to, as `zmq_disconnect` and `zmq_unbind` name it.
    pub(crate) endpoint: Arc<str>,
    /// The other side is in this process; it adds this to the limits, and messages keep what they know of
    /// their origin.
    boost: Option<Boost>,
    draining: bool,
    closed: bool,
    /// Nothing more is to be read, but for the rest of a message that is half read.
    left: bool,
    /// A message is half read, or promised to the reader.
    reading: bool,
    /// The pattern wants to see commands of this peer.
    wants_commands: bool,
    latest: Option<Message>,
}

/// The first unread part of a link.
pub(crate) struct Front<'a> {
    pub(crate) body: &'a [u8],
    pub(crate) more: bool,
    /// A command such as SUBSCRIBE; `body` holds its name and data.
    pub(crate) command: bool,
}

impl Link {
    /// Makes a link of one of its ends.
    pub(crate) fn new(
        end: LinkEnd,
        peer: Arc<dyn Peer>,
        origin: LinkOrigin,
        endpoint: Arc<str>,
        boost: Option<Boost>,
    ) -> Self {
        Self {
            end,
            peer,
            info: None,
            origin,
            endpoint,
            boost,
            draining: false,
            closed: false,
            left: false,
            reading: false,
            wants_commands: false,
            latest: None,
        }
    }

    /// Who is on the other side; known once the handshake is over and [`Links::front`] was called.
    pub(crate) fn info(&self) -> Option<&Arc<PeerInfo>> {
        self.info.as_ref()
    }

    /// The end itself, for the socket's own bookkeeping.
    pub(crate) fn end(&mut self) -> &mut LinkEnd {
        &mut self.end
    }

    /// Is it at its high-water mark, as far as this end knows?
    pub(crate) fn is_full(&self) -> bool {
        !self.end.tx.has_credit()
    }

    /// Has the peer flush what was written, if it can.
    pub(crate) fn press(&mut self) {
        self.end.tx.press(&*self.peer);
    }

    /// The other side.
    pub(crate) fn peer(&self) -> &Arc<dyn Peer> {
        &self.peer
    }

    /// Is the peer in this process, without a connection?
    pub(crate) fn is_local(&self) -> bool {
        self.boost.is_some()
    }

    /// Applies new high-water marks of this side.
    pub(crate) fn set_limits(&mut self, sndhwm: i32, rcvhwm: i32) {
        let boost = self.boost.unwrap_or(Boost { send: -1, recv: -1 });
        self.end.tx.set_hwm(together(sndhwm, boost.send));
        self.end.rx.set_hwm(together(rcvhwm, boost.recv));
    }
}

/// The links of a socket.
#[derive(Default)]
pub(crate) struct Links {
    slots: Vec<Option<Link>>,
    /// Links show commands such as SUBSCRIBE to the pattern, and do not drop them.
    pub(crate) wants_commands: bool,
    count: usize,
    finished: Vec<LinkId>,
    /// When the socket last looked at what it was told.
    looked: Option<Instant>,
    roomy: Vec<LinkId>,
}

impl Links {
    /// How many links there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// All ids, in no particular order.
    pub(crate) fn ids(&self) -> Vec<LinkId> {
        let used = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        used.map(|(index, _)| LinkId(index as u32)).collect()
    }

    /// All ids, one after the other.
    pub(crate) fn iter_ids(&self) -> impl Iterator<Item = LinkId> + use<> {
        (0..self.slots.len() as u32).map(LinkId)
    }

    #[inline]
    pub(crate) fn get(&self, id: LinkId) -> Option<&Link> {
        self.slots.get(id.0 as usize)?.as_ref()
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, id: LinkId) -> Option<&mut Link> {
        self.slots.get_mut(id.0 as usize)?.as_mut()
    }

    /// Puts a link in its place.
    pub(crate) fn insert(&mut self, id: LinkId, mut link: Link) {
        link.wants_commands = self.wants_commands;
        let index = id.0 as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        self.count += usize::from(self.slots[index].replace(link).is_none());
    }

    /// Takes a link out.
    pub(crate) fn remove(&mut self, id: LinkId) -> Option<Link> {
        let link = self.slots.get_mut(id.0 as usize)?.take()?;
        self.count -= 1;
        Some(link)
    }

    // What comes in.

    /// Looks at the first unread part. After a `None` the pattern is told when there is one. Parts of a
    /// message come into sight together.
    #[inline]
    pub(crate) fn front(&mut self, id: LinkId) -> Option<Front<'_>> {
        let index = id.0 as usize;
        let link = self.slots.get_mut(index)?.as_mut()?;
        if link.left && !link.reading || !link.prepare_front() {
            self.note_finished(id);
            return None;
        }
        self.slots[index].as_mut()?.front()
    }

    /// Takes the part that [`Links::front`] shows, or would show; `Again` if it would show none.
    #[inline(always)]
    pub(crate) fn take(&mut self, id: LinkId, sink: &mut Sink<'_>) -> Result<Taken> {
        let link = self.get_mut(id).ok_or(Error::Again)?;
        if let Some(taken) = link.take_quickly(sink, |_| true) {
            return taken;
        }
        self.take_slowly(id, sink)
    }

    /// Takes the next part if it is at hand and `wanted`. If this gives nothing, [`Links::take`] may still.
    #[inline(always)]
    pub(crate) fn take_if(
        &mut self,
        id: LinkId,
        sink: &mut Sink<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<Taken> {
        self.get_mut(id)?.take_quickly(sink, wanted)?.ok()
    }

    fn take_slowly(&mut self, id: LinkId, sink: &mut Sink<'_>) -> Result<Taken> {
        if self.front(id).is_none() {
            return Err(Error::Again);
        }
        let link = self.get_mut(id).ok_or(Error::Again)?;
        let taken = link.take(sink)?;
        link.reading = taken.more();
        if link.left && !taken.more() {
            self.finished.push(id);
        }
        Ok(taken)
    }

    /// Passes over the part that [`Links::front`] shows.
    #[inline]
    pub(crate) fn discard(&mut self, id: LinkId) {
        let Some(link) = self.get_mut(id) else { return };
        let Some(front) = link.front() else { return };
        let (more, command) = (front.more, front.command);
        link.discard();
        if !command {
            link.reading = more;
        }
        if link.left && !link.reading {
            self.finished.push(id);
        }
    }

    /// Makes sure that the message at the front can be read to its end, even if the link is terminated
    /// meanwhile: the reader was told of it.
    #[inline]
    pub(crate) fn promise(&mut self, id: LinkId) {
        if let Some(link) = self.get_mut(id) {
            link.reading = true;
        }
    }

    // What goes out.

    /// May a message be begun on this link? After a no the pattern is told when there is room.
    ///
    /// In a burst the high-water mark holds although the peer may just have made room: that is found out
    /// when the socket next looks at what it was told. A sender that never pauses is told of the mark each
    /// time it reaches it, whatever the peer's speed.
    #[inline(always)]
    pub(crate) fn has_room(&mut self, id: LinkId) -> bool {
        let Some(link) = self.get_mut(id) else { return false };
        if link.draining {
            return false;
        }
        link.end.tx.has_credit() || self.ask_for_room(id)
    }

    /// The same for senders who would otherwise lose the message: they ask right away.
    #[inline]
    pub(crate) fn has_room_now(&mut self, id: LinkId) -> bool {
        self.get_mut(id).is_some_and(|link| !link.draining && link.end.tx.has_room())
    }

    #[cold]
    fn ask_for_room(&mut self, id: LinkId) -> bool {
        if !self.has_room_now(id) {
            return false;
        }
        let now = clock::now();
        let pause =
            self.looked.replace(now).is_none_or(|looked| now.duration_since(looked) > BURST);
        if !pause {
            self.roomy.push(id);
        }
        pause
    }

    /// The socket has looked at what it was told.
    pub(crate) fn note_look(&mut self) {
        self.looked = Some(clock::now());
    }

    /// Links that were said to be full and are not, to be told so later.
    pub(crate) fn take_roomy(&mut self) -> Option<LinkId> {
        self.roomy.pop()
    }

    /// Can what was begun on this link still be finished?
    #[inline]
    pub(crate) fn is_open(&self, id: LinkId) -> bool {
        self.get(id).is_some_and(|link| !link.draining)
    }

    /// Writes a part, without asking for room again. The last one sends the message.
    #[inline(always)]
    pub(crate) fn write(&mut self, id: LinkId, frame: &mut Frame<'_>) -> Result<()> {
        let link = self.get_mut(id).ok_or(Error::HostUnreachable)?;
        link.end.tx.write(frame, link.boost.is_some(), &*link.peer)
    }

    /// Writes a part that goes to other links as well. See [`Frame::share`].
    #[inline]
    pub(crate) fn write_shared(&mut self, id: LinkId, frame: &Frame<'_>) -> Result<()> {
        let link = self.get_mut(id).ok_or(Error::HostUnreachable)?;
        link.end.tx.write_shared(frame, link.boost.is_some(), &*link.peer)
    }

    /// Writes a command, such as SUBSCRIBE: `body` as it stands on the wire. It does not count as a message.
    ///
    /// # Errors
    /// `NoMemory`. A peer that did not get one of them is told all of them again, by a new connection.
    pub(crate) fn write_command(&mut self, id: LinkId, body: &[u8]) -> Result<()> {
        let Some(link) = self.get_mut(id).filter(|link| !link.draining) else { return Ok(()) };
        let written = link.end.tx.write_command(body, &*link.peer);
        if written.is_err() {
            self.give_up(id);
        }
        written
    }

    /// Memory is too short for what the peer has to know, or what it has said: its connection ends.
    /// If that is ours to make there is another one, by which all is said again.
    #[cold]
    pub(crate) fn give_up(&mut self, id: LinkId) {
        let Some(link) = self.get_mut(id) else { return };
        match link.is_local() {
            true => self.terminate(id),
            false => link.peer.start_over(),
        }
    }

    /// Takes back the parts of a message whose last part was not written yet.
    pub(crate) fn rollback(&mut self, id: LinkId) -> bool {
        self.get_mut(id).is_some_and(|link| link.end.tx.rollback())
    }

    // Their ends.

    /// Parts with a peer at once: what it sent and was not read is dropped, what was committed to it
    /// still leaves. The pattern is told with `detached` once its present call is over; if a message is
    /// half read, once its last part was taken.
    pub(crate) fn terminate(&mut self, id: LinkId) {
        if let Some(link) = self.get_mut(id) {
            link.close();
            link.left = true;
            if !link.reading {
                self.finished.push(id);
            }
        }
    }

    /// The other side is gone: what it sent is still read, nothing is written any more.
    pub(crate) fn peer_closed(&mut self, id: LinkId) {
        let Some(link) = self.get_mut(id) else { return };
        link.draining = true;
        if !link.prepare_front() {
            self.note_finished(id);
        }
    }

    /// Links that are done with, to be detached. Ids may repeat.
    pub(crate) fn take_finished(&mut self) -> Vec<LinkId> {
        std::mem::take(&mut self.finished)
    }

    /// Is there anything for the socket to do after a call of the pattern?
    #[inline]
    pub(crate) fn needs_care(&self) -> bool {
        !self.finished.is_empty() || !self.roomy.is_empty()
    }

    /// Is any link done with?
    #[inline]
    pub(crate) fn has_finished(&self) -> bool {
        !self.finished.is_empty()
    }

    #[cold]
    fn note_finished(&mut self, id: LinkId) {
        if self.get(id).is_some_and(|link| link.draining) {
            self.finished.push(id);
        }
    }
}

impl Link {
    /// Takes the next part where that is all there is to do.
    #[inline(always)]
    fn take_quickly(
        &mut self,
        sink: &mut Sink<'_>,
        wanted: impl Fn(&[u8]) -> bool,
    ) -> Option<Result<Taken>> {
        let Receiver::Stream(rx) = &mut self.end.rx else { return None };
        if self.draining {
            return None;
        }
        let metadata = self.info.as_ref().and_then(|info| info.metadata.as_ref());
        let mut taken = Taken::new(0, false);
        let took = rx.take_bytes(|flags, body| {
            if !wanted(body) {
                return Err(Error::Again);
            }
            taken = Taken::new(body.len(), flags & MORE != 0);
            sink.put_bytes(body, metadata, taken.more())
        });
        match took {
            Took::Part { wake } => {
                self.reading = taken.more();
                if wake {
                    self.peer.writable();
                }
                Some(Ok(taken))
            }
            Took::Nothing => Some(Err(Error::Again)),
            Took::Other => None,
            Took::Failed(error) => Some(Err(error)),
        }
    }

    /// Brings the next part of a message or command to the front, if there is one.
    #[inline]
    fn prepare_front(&mut self) -> bool {
        loop {
            match self.end.rx.front() {
                Some(Record::Object(_, Parcel::Peer(info))) => {
                    self.info = Some(info.clone());
                    self.end.rx.consumer().pop();
                }
                Some(record) if record.flags() & COMMAND != 0 && !self.wants_commands => {
                    self.end.rx.consumer().pop();
                }
                Some(_) => return true,
                None => return self.prepare_latest(),
            }
        }
    }

    fn prepare_latest(&mut self) -> bool {
        if let Some(message) = self.end.rx.take_latest() {
            self.latest = Some(message);
        }
        self.latest.is_some()
    }

    #[inline]
    fn front(&mut self) -> Option<Front<'_>> {
        if let Some(message) = &self.latest {
            return Some(Front { body: message, more: false, command: false });
        }
        let record = self.end.rx.front()?;
        let flags = record.flags();
        Some(Front { body: record.body(), more: flags & MORE != 0, command: flags & COMMAND != 0 })
    }

    #[inline(always)]
    fn take(&mut self, sink: &mut Sink<'_>) -> Result<Taken> {
        if let Some(message) = self.latest.take() {
            let len = message.len();
            sink.put(message, self.metadata(), false);
            return Ok(Taken::new(len, false));
        }
        let metadata = self.info.as_ref().and_then(|info| info.metadata.as_ref());
        let taken = match self.end.rx.front().ok_or(Error::Again)? {
            Record::Bytes(flags, body) => {
                let taken = Taken::new(body.len(), flags & MORE != 0);
                sink.put_bytes(body, metadata, taken.more())?;
                taken
            }
            Record::Object(flags, _) => return self.take_object(flags & MORE != 0, sink),
        };
        self.discard();
        Ok(taken)
    }

    fn take_object(&mut self, more: bool, sink: &mut Sink<'_>) -> Result<Taken> {
        let (parcel, wake) = self.end.rx.consumer().pop_object().ok_or(Error::Again)?;
        if wake {
            self.peer.writable();
        }
        let Parcel::Message(message) = parcel else { return Err(Error::Again) };
        let len = message.len();
        sink.put(message, self.metadata(), more);
        Ok(Taken::new(len, more))
    }

    #[inline]
    fn discard(&mut self) {
        if self.latest.take().is_none() && self.end.rx.consumer().pop() {
            self.peer.writable();
        }
    }

    fn metadata(&self) -> Option<&Arc<crate::message::Metadata>> {
        self.info.as_ref()?.metadata.as_ref()
    }

    /// Lets go of both directions.
    pub(crate) fn close(&mut self) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        self.draining = true;
        self.end.tx.close();
        self.end.rx.consumer().close();
        self.peer.closed();
    }
}

impl Drop for Link {
    /// A link that nobody took care of must not leave its other side waiting.
    fn drop(&mut self) {
        self.close();
    }
}
