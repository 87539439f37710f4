//! Sockets, as Rust programs hold them.
#![forbid(unsafe_code)]

use super::{Context, Events, Flags, Multipart};
use crate::error::{Error, Result};
use crate::link::{Frame, Sink};
use crate::message::Message;
use crate::options::{ids, SocketType};
use crate::socket::{self, RawSocket};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::RawFd;

/// A ZeroMQ socket.
///
/// Belongs to one thread at a time, and may move to another:
///
/// ```
/// # fn is_send<T: Send>() {}
/// is_send::<zeroxide::Socket>();
/// ```
///
/// but cannot be shared between threads:
///
/// ```compile_fail
/// # fn is_sync<T: Sync>() {}
/// is_sync::<zeroxide::Socket>();
/// ```
///
/// Closed when dropped, at once: what was sent is delivered in the background, for as long as
/// [`Socket::set_linger`] allows. A signal that arrives in a thread that waits makes the call fail with [`Error::Interrupted`].
///
/// ```
/// use zeroxide::{Context, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let context = Context::new()?;
/// let router = context.socket(SocketType::Router)?;
/// router.bind("tcp://127.0.0.1:*")?;
/// let dealer = context.socket(SocketType::Dealer)?;
/// dealer.set_routing_id("dealer 1")?;
/// dealer.connect(&router.last_endpoint()?)?;
///
/// dealer.send_multipart(["head", "body"])?;
/// let message = router.recv_multipart()?;
/// assert_eq!(message, ["dealer 1", "head", "body"]);
/// // The first part says where it goes.
/// router.send_multipart(["dealer 1", "answer"])?;
/// assert_eq!(dealer.recv()?, "answer");
/// # Ok(())
/// # }
/// ```
pub struct Socket {
    /// Before the context: the last handle may end it.
    pub(super) raw: RawSocket,
    context: Context,
    socket_type: SocketType,
    not_sync: PhantomData<Cell<()>>,
}

/// What [`Socket::recv_into`] has put into the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The length of the part. Larger than the buffer if that could not hold all of it: the rest is lost.
    pub len: usize,
    /// More parts of the same message follow.
    pub more: bool,
}

impl Socket {
    /// Makes a socket.
    pub fn new(context: &Context, socket_type: SocketType) -> Result<Self> {
        let raw = RawSocket::default();
        raw.open(context.open(), socket_type as i32)?;
        Ok(Self { raw, context: context.clone(), socket_type, not_sync: PhantomData })
    }

    /// What kind of socket it is.
    pub fn socket_type(&self) -> SocketType {
        self.socket_type
    }

    /// The context that it belongs to.
    pub fn context(&self) -> &Context {
        &self.context
    }

    // Endpoints.

    /// Accepts connections at an address: `tcp://interface:port`, `ipc://path`, `inproc://name`, with `*` for
    /// any interface, port or path. [`Socket::last_endpoint`] tells which it is.
    pub fn bind(&self, address: &str) -> Result<()> {
        self.raw.with(|core| core.bind(address))
    }

    /// Connects to an address, now or as soon as somebody listens there.
    pub fn connect(&self, address: &str) -> Result<()> {
        self.raw.with(|core| core.connect(address))
    }

    /// Stops to accept connections at an address, and closes those made there.
    pub fn unbind(&self, address: &str) -> Result<()> {
        self.raw.with(|core| core.end_endpoint(address))
    }

    /// Ends the connection to an address. What was sent to it is still delivered, what it sent and nobody has
    /// received is lost.
    pub fn disconnect(&self, address: &str) -> Result<()> {
        self.raw.with(|core| core.end_endpoint(address))
    }

    /// The address of the last [`bind`](Socket::bind) or [`connect`](Socket::connect), without wildcards.
    pub fn last_endpoint(&self) -> Result<String> {
        self.text_option(ids::LAST_ENDPOINT)
    }

    // Groups and peers.

    /// Has a DISH receive the messages of a group.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it does so already, or if the name is longer than 255 bytes;
    /// [`Error::NotSupported`] for other socket types.
    ///
    /// ```
    /// # use zeroxide::{Context, Flags, Message, SocketType};
    /// # fn main() -> zeroxide::Result<()> {
    /// # let context = Context::new()?;
    /// let (radio, dish) = (context.socket(SocketType::Radio)?, context.socket(SocketType::Dish)?);
    /// radio.bind("inproc://station")?;
    /// dish.join("news")?;
    /// dish.connect("inproc://station")?;
    /// let mut message = Message::from("It rains.");
    /// message.set_group("news")?;
    /// radio.send(message)?;
    /// assert_eq!(dish.recv()?.group(), c"news");
    /// # Ok(())
    /// # }
    /// ```
    pub fn join(&self, group: &str) -> Result<()> {
        self.raw.with(|core| core.change_membership(group.as_bytes(), true))
    }

    /// Has a DISH receive them no more.
    ///
    /// # Errors
    /// As for [`Socket::join`].
    pub fn leave(&self, group: &str) -> Result<()> {
        self.raw.with(|core| core.change_membership(group.as_bytes(), false))
    }

    /// Connects a PEER, and returns the [`Message::routing_id`] that stands for the new peer.
    ///
    /// # Errors
    /// As for [`Socket::connect`]; [`Error::NotSupported`] for other socket types.
    pub fn connect_peer(&self, address: &str) -> Result<u32> {
        self.raw.with(|core| core.connect_peer(address))
    }

    /// Parts with the peer of a PEER or SERVER that this [`Message::routing_id`] stands for.
    ///
    /// # Errors
    /// [`Error::HostUnreachable`] if there is none; [`Error::NotSupported`] for other socket types.
    pub fn disconnect_peer(&self, routing_id: u32) -> Result<()> {
        self.raw.with(|core| core.disconnect_peer(routing_id))
    }

    // Sending.

    /// Sends a message of one part, or the last part of a message.
    ///
    /// Waits while nobody can take it. Should it fail, the message is lost; see [`Socket::send_message`].
    pub fn send(&self, message: impl Into<Message>) -> Result<()> {
        self.send_with(message, Flags::NONE)
    }

    /// Sends a part of a message that is to have more parts.
    pub fn send_more(&self, part: impl Into<Message>) -> Result<()> {
        self.send_with(part, Flags::SEND_MORE)
    }

    /// As [`Socket::send`], but fails with [`Error::Again`] rather than wait.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<()> {
        self.send_with(message, Flags::DONT_WAIT)
    }

    /// Sends a part as the flags say.
    pub fn send_with(&self, part: impl Into<Message>, flags: Flags) -> Result<()> {
        self.send_message(&mut part.into(), flags)
    }

    /// Sends a part that the caller keeps if it cannot be sent; else the message is empty afterwards.
    pub fn send_message(&self, part: &mut Message, flags: Flags) -> Result<()> {
        self.send_frame(Frame::message(part, flags.contains(Flags::SEND_MORE)), flags)
    }

    /// Sends a copy of some bytes as a part. Cheaper than to make a message of them first.
    pub fn send_bytes(&self, bytes: &[u8], flags: Flags) -> Result<()> {
        self.send_frame(Frame::bytes(bytes, flags.contains(Flags::SEND_MORE)), flags)
    }

    /// Sends all parts of a message; peers get all of them or none.
    ///
    /// A message has one part at least: else it is [`Error::Invalid`].
    pub fn send_multipart<I>(&self, parts: I) -> Result<()>
    where
        I: IntoIterator,
        I::Item: Into<Message>,
    {
        self.send_parts(parts, Flags::NONE)
    }

    /// As [`Socket::send_multipart`], but fails with [`Error::Again`] rather than wait; then nothing was sent.
    pub fn try_send_multipart<I>(&self, parts: I) -> Result<()>
    where
        I: IntoIterator,
        I::Item: Into<Message>,
    {
        self.send_parts(parts, Flags::DONT_WAIT)
    }

    fn send_parts<I>(&self, parts: I, flags: Flags) -> Result<()>
    where
        I: IntoIterator,
        I::Item: Into<Message>,
    {
        let mut parts = parts.into_iter();
        let mut part = parts.next().ok_or(Error::Invalid)?;
        for next in parts {
            self.send_with(part, flags | Flags::SEND_MORE)?;
            part = next;
        }
        self.send_with(part, flags)
    }

    fn send_frame(&self, mut frame: Frame<'_>, flags: Flags) -> Result<()> {
        self.raw.send(&mut frame, flags.contains(Flags::DONT_WAIT))
    }

    // Receiving.

    /// Receives a part; [`Message::more`] says whether there are more of the same message.
    pub fn recv(&self) -> Result<Message> {
        self.recv_with(Flags::NONE)
    }

    /// As [`Socket::recv`], but fails with [`Error::Again`] rather than wait.
    pub fn try_recv(&self) -> Result<Message> {
        self.recv_with(Flags::DONT_WAIT)
    }

    /// Receives a part as the flags say.
    pub fn recv_with(&self, flags: Flags) -> Result<Message> {
        self.raw.recv_message(flags.contains(Flags::DONT_WAIT))
    }

    /// Receives a part into a buffer, without making a message of it.
    ///
    /// ```
    /// # use zeroxide::{Context, SocketType};
    /// # fn main() -> zeroxide::Result<()> {
    /// # let context = Context::new()?;
    /// # let (push, pull) = (context.socket(SocketType::Push)?, context.socket(SocketType::Pull)?);
    /// # pull.bind("inproc://example")?;
    /// # push.connect("inproc://example")?;
    /// push.send("twelve bytes")?;
    /// let mut buffer = [0; 6];
    /// let received = pull.recv_into(&mut buffer)?;
    /// assert_eq!(&buffer, b"twelve");
    /// assert_eq!(received.len, 12);
    /// # Ok(())
    /// # }
    /// ```
    pub fn recv_into(&self, buffer: &mut [u8]) -> Result<Received> {
        self.recv_into_with(buffer, Flags::NONE)
    }

    /// As [`Socket::recv_into`], but fails with [`Error::Again`] rather than wait.
    pub fn try_recv_into(&self, buffer: &mut [u8]) -> Result<Received> {
        self.recv_into_with(buffer, Flags::DONT_WAIT)
    }

    fn recv_into_with(&self, buffer: &mut [u8], flags: Flags) -> Result<Received> {
        let dont_wait = flags.contains(Flags::DONT_WAIT);
        let taken = self.raw.recv(&mut Sink::Buffer(buffer), dont_wait)?;
        Ok(Received { len: taken.len(), more: taken.more() })
    }

    /// Receives all parts of a message.
    pub fn recv_multipart(&self) -> Result<Multipart> {
        self.recv_parts(Flags::NONE)
    }

    /// As [`Socket::recv_multipart`], but fails with [`Error::Again`] rather than wait.
    pub fn try_recv_multipart(&self) -> Result<Multipart> {
        self.recv_parts(Flags::DONT_WAIT)
    }

    fn recv_parts(&self, flags: Flags) -> Result<Multipart> {
        let mut parts = Multipart::new();
        loop {
            let part = self.recv_with(flags)?;
            let more = part.more();
            parts.push(part);
            if !more {
                return Ok(parts);
            }
        }
    }

    /// Does the part received last have successors?
    pub fn more(&self) -> Result<bool> {
        self.raw.with(|core| Ok(core.more()))
    }

    // Waiting.

    /// What can be done now without waiting.
    pub fn events(&self) -> Result<Events> {
        self.raw.with(|core| core.events_by_now()).map(Events)
    }

    /// A descriptor for event loops of other libraries: once readable, something *may* have changed, and
    /// [`Socket::events`] says what. Ask it after each send and receive, too: what is there already makes nothing readable.
    ///
    /// It belongs to the socket: never read from it, never close it.
    pub fn fd(&self) -> Result<RawFd> {
        self.int_option(ids::FD)
    }

    // Subscriptions.

    /// For SUB: receives messages that begin with `prefix`; all, if that is empty.
    pub fn subscribe(&self, prefix: impl AsRef<[u8]>) -> Result<()> {
        self.set_option(ids::SUBSCRIBE, prefix.as_ref())
    }

    /// For SUB: takes one [`Socket::subscribe`] back.
    pub fn unsubscribe(&self, prefix: impl AsRef<[u8]>) -> Result<()> {
        self.set_option(ids::UNSUBSCRIBE, prefix.as_ref())
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").field("type", &self.socket_type).finish_non_exhaustive()
    }
}

/// Passes messages between two sockets, both ways, and copies of them to `capture`, until an error ends it:
/// [`Error::Terminated`] with the context, [`Error::Interrupted`] with a signal.
///
/// | frontend | backend | what it is |
/// | --- | --- | --- |
/// | ROUTER | DEALER | a queue between clients and services |
/// | XSUB | XPUB | a forwarder between publishers and subscribers |
/// | PULL | PUSH | a streamer between those who make work and those who do it |
///
/// ```
/// use zeroxide::{proxy, Context, Error, SocketType};
///
/// # fn main() -> zeroxide::Result<()> {
/// let context = Context::new()?;
/// let (frontend, backend) = (context.socket(SocketType::Pull)?, context.socket(SocketType::Push)?);
/// frontend.bind("inproc://work")?;
/// backend.bind("inproc://workers")?;
/// let streamer = std::thread::spawn(move || proxy(&frontend, &backend, None));
///
/// let (client, worker) = (context.socket(SocketType::Push)?, context.socket(SocketType::Pull)?);
/// client.connect("inproc://work")?;
/// worker.connect("inproc://workers")?;
/// client.send("a task")?;
/// assert_eq!(worker.recv()?, "a task");
///
/// context.shutdown();
/// assert_eq!(streamer.join().unwrap(), Err(Error::Terminated));
/// # Ok(())
/// # }
/// ```
pub fn proxy(frontend: &Socket, backend: &Socket, capture: Option<&Socket>) -> Result<()> {
    proxy_steerable(frontend, backend, capture, None)
}

/// As [`proxy`], and obeys `PAUSE`, `RESUME`, `TERMINATE` and `STATISTICS` from `control`, which should be a REP. Returns
/// `Ok` when told to terminate.
///
/// Every command is answered: with an empty message, or for `STATISTICS` with eight parts of a `u64` each: how
/// many message parts, and how many bytes, the frontend has received and sent, and the same of the backend.
pub fn proxy_steerable(
    frontend: &Socket,
    backend: &Socket,
    capture: Option<&Socket>,
    control: Option<&Socket>,
) -> Result<()> {
    let (capture, control) = (capture.map(|it| &it.raw), control.map(|it| &it.raw));
    socket::proxy_steerable(&frontend.raw, &backend.raw, capture, control)
}
