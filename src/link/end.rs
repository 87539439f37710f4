//! One side of a link.
#![forbid(unsafe_code)]

use super::{Frame, Parcel, Peer, COMMAND, MORE};
use crate::error::Result;
use crate::message::Message;
use crate::sync::atomic::Arc;
use crate::sync::lock::Mutex;
use crate::sync::queue::{queue, Consumer, Producer, Record};

/// Queues begin this small: an idle link costs next to nothing.
const FIRST_CHUNK: usize = 512;
/// So many bytes in the queue are worth a write of their own.
const BATCH: usize = 64 * 1024;

/// As many messages as the kernel may hold of those that never see the queue.
const MANY: u64 = 100;

/// How much a direction of a link may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limits {
    /// That many messages; zero means no limit.
    Messages(usize),
    /// Only the last message.
    Latest,
}

/// One side of a link: what is sent to the other side, and what came from it.
pub struct LinkEnd {
    /// What this end sends goes here.
    pub tx: Sender,
    /// What the other end sends comes from here.
    pub rx: Receiver,
}

/// Makes a link. `forth` limits what the first end sends to the second, `back` the other direction.
///
/// # Errors
/// `NoMemory`.
pub fn pair(forth: Limits, back: Limits) -> Result<(LinkEnd, LinkEnd)> {
    let (first_tx, second_rx) = direction(forth)?;
    let (second_tx, first_rx) = direction(back)?;
    Ok((LinkEnd { tx: first_tx, rx: first_rx }, LinkEnd { tx: second_tx, rx: second_rx }))
}

fn direction(limits: Limits) -> Result<(Sender, Receiver)> {
    Ok(match limits {
        Limits::Messages(hwm) => {
            let (tx, rx) = queue(hwm, FIRST_CHUNK)?;
            (Sender::Stream { tx, unflushed: 0 }, Receiver::Stream(rx))
        }
        Limits::Latest => {
            // Commands and the peer's description still go in order; messages go through the slot.
            let (tx, rx) = queue(0, FIRST_CHUNK)?;
            let slot = Arc::new(Slot(Mutex::new(None)));
            (Sender::Latest { tx, slot: slot.clone() }, Receiver::Latest { rx, slot })
        }
    })
}

/// The place of the last message of a conflated link. While there is one, the receiver was told of
/// it, or of one before it, and has not looked yet.
pub struct Slot(Mutex<Option<Message>>);

/// The sending half of a link end.
pub enum Sender {
    /// Everything goes in order.
    Stream {
        /// The queue.
        tx: Producer<Parcel>,
        /// Bytes written since the peer was last asked to flush.
        unflushed: usize,
    },
    /// Only the last message is kept.
    Latest {
        /// What is not a message.
        tx: Producer<Parcel>,
        /// The message.
        slot: Arc<Slot>,
    },
}

impl Sender {
    /// Is there room for one more message, as far as this end knows without asking?
    #[inline(always)]
    pub(crate) fn has_credit(&self) -> bool {
        match self {
            Sender::Stream { tx, .. } => tx.has_credit(),
            Sender::Latest { .. } => true,
        }
    }

    /// Is there room for one more message?
    #[inline]
    pub(crate) fn has_room(&mut self) -> bool {
        match self {
            Sender::Stream { tx, .. } => tx.has_room(),
            Sender::Latest { .. } => true,
        }
    }

    /// Writes a part; the last one of a message makes the message visible.
    #[inline(always)]
    pub(crate) fn write(
        &mut self,
        frame: &mut Frame<'_>,
        keep_metadata: bool,
        peer: &dyn Peer,
    ) -> Result<()> {
        if !matches!(self, Sender::Stream { .. }) || !frame.is_copied(keep_metadata) {
            return self.write_long(frame, peer);
        }
        self.write_copied(frame, false, peer)?;
        frame.consume();
        Ok(())
    }

    fn write_long(&mut self, frame: &mut Frame<'_>, peer: &dyn Peer) -> Result<()> {
        let long = frame.long_bytes();
        if let (Sender::Stream { tx, .. }, Some(body)) = (&mut *self, long) {
            // Nothing goes between the parts of a message; and what the kernel holds is not to count where the
            // high-water mark is low: its owner wants to hear soon that the peer lags behind.
            let queued = tx.has_uncommitted() || !tx.has_credit_for(MANY);
            let mut queue = || {
                let room = tx.room_for_object()?;
                room.put(0, Parcel::Message(Message::try_from_slice(body)?));
                tx.commit();
                Ok(())
            };
            if !queued && peer.send_through(body, &mut queue)? {
                return Ok(());
            }
        }
        self.write_message(frame, false, peer)
    }

    /// Writes a part that others get as well.
    #[inline]
    pub(crate) fn write_shared(
        &mut self,
        frame: &Frame<'_>,
        keep_metadata: bool,
        peer: &dyn Peer,
    ) -> Result<()> {
        if !matches!(self, Sender::Stream { .. }) || !frame.is_copied(keep_metadata) {
            let mut frame = Frame::owned(frame.duplicate()?, frame.more);
            return self.write_message(&mut frame, true, peer);
        }
        self.write_copied(frame, true, peer)
    }

    #[inline(always)]
    fn write_copied(&mut self, frame: &Frame<'_>, shared: bool, peer: &dyn Peer) -> Result<()> {
        if let Sender::Stream { tx, unflushed } = self {
            tx.push(if frame.more { MORE } else { 0 }, frame.body())?;
            *unflushed += frame.body().len() + 2;
            if shared {
                tx.prepare(frame.body().len());
            }
            if !frame.more {
                self.publish(shared, peer);
            }
        }
        Ok(())
    }

    /// The message is neither made nor taken where there is no room for it.
    fn write_message(
        &mut self,
        frame: &mut Frame<'_>,
        shared: bool,
        peer: &dyn Peer,
    ) -> Result<()> {
        match self {
            Sender::Stream { tx, unflushed } => {
                let room = tx.room_for_object()?;
                frame.make_message()?;
                *unflushed += frame.body().len();
                let message = Parcel::Message(frame.take_message());
                room.put(if frame.more { MORE } else { 0 }, message);
                if !frame.more {
                    self.publish(shared, peer);
                }
            }
            Sender::Latest { .. } => self.write_latest(frame.take()?, peer),
        }
        Ok(())
    }

    /// Puts a message in the place of the last one, if this direction is conflated.
    pub fn write_latest(&mut self, message: Message, peer: &dyn Peer) {
        let Sender::Latest { slot, .. } = self else { return };
        // What was there is not dropped under the lock: the application may have lent its memory.
        let former = slot.0.lock().replace(message);
        if former.is_none() {
            peer.readable();
        }
    }

    /// Writes a command frame, with `body` as it stands on the wire.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn write_command(&mut self, body: &[u8], peer: &dyn Peer) -> Result<()> {
        self.producer().push(COMMAND, body)?;
        self.commit(peer);
        Ok(())
    }

    /// Writes something that is not counted and goes in order with the rest.
    ///
    /// # Errors
    /// `NoMemory`.
    pub(crate) fn write_parcel(&mut self, parcel: Parcel, peer: &dyn Peer) -> Result<()> {
        self.producer().room_for_object()?.put(COMMAND, parcel);
        self.commit(peer);
        Ok(())
    }

    /// Publishes what was written.
    #[inline(always)]
    pub(crate) fn commit(&mut self, peer: &dyn Peer) {
        self.publish(false, peer);
    }

    /// The same; `shared` says that other links get it as well.
    #[inline(always)]
    fn publish(&mut self, shared: bool, peer: &dyn Peer) {
        let asleep = self.producer().commit();
        match (asleep, shared) {
            (true, false) => peer.readable(),
            (true, true) => peer.gathered(),
            (false, _) => {}
        }
        if let Sender::Stream { unflushed, .. } = self {
            if asleep {
                *unflushed = 0;
            } else if *unflushed >= BATCH {
                self.press(peer);
            }
        }
    }

    /// Has the peer flush what was written, if it can.
    pub(crate) fn press(&mut self, peer: &dyn Peer) {
        if let Sender::Stream { unflushed, .. } = self {
            *unflushed = 0;
        }
        peer.pressure();
    }

    /// Takes back the parts of an unfinished message.
    pub(crate) fn rollback(&mut self) -> bool {
        self.producer().rollback()
    }

    /// Changes the high-water mark.
    pub(crate) fn set_hwm(&mut self, hwm: usize) {
        if let Sender::Stream { tx, .. } = self {
            tx.set_hwm(hwm);
        }
    }

    /// Leaves: what was committed can still be read.
    pub(crate) fn close(&mut self) {
        self.producer().close();
    }

    /// The queue itself, for an engine that reads from a descriptor straight into it.
    #[inline]
    pub(crate) fn producer(&mut self) -> &mut Producer<Parcel> {
        match self {
            Sender::Stream { tx, .. } | Sender::Latest { tx, .. } => tx,
        }
    }

    /// Is this a conflated direction?
    pub(crate) fn is_latest(&self) -> bool {
        matches!(self, Sender::Latest { .. })
    }
}

/// The receiving half of a link end.
pub enum Receiver {
    /// Everything comes in order.
    Stream(Consumer<Parcel>),
    /// Only the last message is kept.
    Latest {
        /// What is not a message.
        rx: Consumer<Parcel>,
        /// The message.
        slot: Arc<Slot>,
    },
}

impl Receiver {
    /// Moves a conflated message, if there is one, to where [`Consumer::front`] would have it: out.
    pub fn take_latest(&mut self) -> Option<Message> {
        match self {
            Receiver::Stream(_) => None,
            Receiver::Latest { slot, .. } => slot.0.lock().take(),
        }
    }

    /// Does a conflated message wait?
    pub fn has_latest(&self) -> bool {
        matches!(self, Receiver::Latest { slot, .. } if slot.0.lock().is_some())
    }

    /// The queue.
    #[inline]
    pub(crate) fn consumer(&mut self) -> &mut Consumer<Parcel> {
        match self {
            Receiver::Stream(rx) | Receiver::Latest { rx, .. } => rx,
        }
    }

    /// The first unread record of the queue.
    #[inline]
    pub(crate) fn front(&mut self) -> Option<Record<'_, Parcel>> {
        self.consumer().front()
    }

    /// Has the other side gone? What it left may still be there.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Receiver::Stream(rx) | Receiver::Latest { rx, .. } => rx.is_closed(),
        }
    }

    /// Changes the high-water mark.
    pub(crate) fn set_hwm(&mut self, hwm: usize) {
        if let Receiver::Stream(rx) = self {
            rx.set_hwm(hwm);
        }
    }
}
