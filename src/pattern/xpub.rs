//! XPUB: sends each message to the peers that subscribed to how it begins, and shows its user the
//! subscriptions.
//!
//! Subscriptions are heard when they arrive, whether or not anybody receives. A peer at its high-water
//! mark misses whole messages; only with `ZMQ_XPUB_NODROP` does the sender wait for it.
#![forbid(unsafe_code)]

mod inbox;
pub(super) mod settings;
#[cfg(test)]
mod tests;

use super::distribution::Distribution;
use super::subscription::Request;
use super::trie::{MultiTrie, Removed};
use super::{Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links, Sink};
use crate::message::Message;
use inbox::{Inbox, Source};
use settings::Settings;

/// An XPUB socket, and what PUB is made of.
pub(crate) struct XPub {
    /// Somebody receives what peers send.
    receives: bool,
    settings: Settings,
    distribution: Distribution,
    /// Who gets what.
    subscriptions: MultiTrie<LinkId>,
    /// Who asked for what in manual mode, where only the user subscribes peers.
    requested: MultiTrie<LinkId>,
    /// What there is to receive.
    pending: Inbox,
    /// Links that are not heard at present, since too much is pending.
    stalled: Vec<LinkId>,
    /// Whose request was received last: in manual mode the one to be subscribed.
    last_peer: Option<LinkId>,
}

/// What a part that a peer sent is.
enum Heard {
    /// Nothing that anybody is to know of.
    Nothing,
    /// A request, in the form in which it is shown.
    Request(Message),
    /// A part of a message.
    Part,
}

/// How far the parts of a message are heard.
struct Hearing {
    first: bool,
    /// Further parts may be requests.
    requests: bool,
}

impl XPub {
    pub(crate) fn new() -> Self {
        Self::with_receiver(true)
    }

    /// What PUB is made of: nobody ever receives.
    pub(super) fn without_receiver() -> Self {
        Self::with_receiver(false)
    }

    fn with_receiver(receives: bool) -> Self {
        Self {
            receives,
            settings: Settings::default(),
            distribution: Distribution::default(),
            subscriptions: MultiTrie::new(),
            requested: MultiTrie::new(),
            pending: Inbox::default(),
            stalled: Vec::new(),
            last_peer: None,
        }
    }

    /// Chooses who gets the message that begins so. Whether it is for the last peer only.
    #[inline]
    fn choose(&mut self, body: &[u8]) -> bool {
        let Self { distribution, subscriptions, settings, .. } = self;
        distribution.begin();
        let last = self.last_peer.filter(|_| settings.manual && settings.last_value);
        subscriptions.for_each_match(body, |id| {
            if last.is_none_or(|last| last == id) {
                distribution.choose(id);
            }
        });
        if settings.invert_matching {
            distribution.invert();
        }
        last.is_some()
    }

    /// Reads all that a peer has sent.
    fn hear_all(&mut self, links: &mut Links, id: LinkId) {
        let mut hearing = Hearing { first: true, requests: false };
        while let Some(front) = links.front(id) {
            if hearing.first && self.pending.is_full() && self.stalled.try_reserve(1).is_ok() {
                self.stalled.retain(|stalled| *stalled != id);
                return self.stalled.push(id);
            }
            let (body, more) = (front.body, front.more);
            let request = match front.command {
                true => Request::from_command(body),
                false => hearing.request(body, more, self.settings.only_first),
            };
            let heard = match request {
                Some(request) => self.apply(id, request),
                None if self.receives && !front.command => Ok(Heard::Part),
                None => Ok(Heard::Nothing),
            };
            if heard.and_then(|heard| self.keep(links, id, heard)).is_err() {
                links.discard(id);
                links.give_up(id);
            }
        }
    }

    /// Puts what was heard where it is received, and moves on to the next part.
    fn keep(&mut self, links: &mut Links, id: LinkId, heard: Heard) -> Result<()> {
        match heard {
            Heard::Nothing => links.discard(id),
            Heard::Request(mut message) => {
                let info = links.get(id).and_then(|link| link.info());
                message.set_metadata(info.and_then(|info| info.metadata.clone()));
                self.pending.push(message, Source::Peer(id))?;
                links.discard(id);
            }
            Heard::Part => {
                self.pending.make_room()?;
                let mut message = Message::new();
                links.take(id, &mut Sink::Message(&mut message))?;
                self.pending.push(message, Source::User)?;
            }
        }
        Ok(())
    }

    /// Peers that were left alone while too much waited to be received are heard again.
    #[cold]
    fn hear_stalled(&mut self, links: &mut Links) {
        for id in std::mem::take(&mut self.stalled) {
            self.hear_all(links, id);
        }
    }

    fn apply(&mut self, id: LinkId, request: Request<'_>) -> Result<Heard> {
        let shown = match (self.settings.manual, request.subscribes) {
            (true, true) => {
                self.requested.add(request.topic, id)?;
                true
            }
            (true, false) => {
                self.requested.remove(request.topic, id);
                true
            }
            (false, true) => {
                self.subscriptions.add(request.topic, id)? || self.settings.verbose_subscribe
            }
            (false, false) => {
                let removed = self.subscriptions.remove(request.topic, id);
                removed != Removed::StillOthers || self.settings.verbose_cancel
            }
        };
        match shown && self.receives {
            true => Ok(Heard::Request(request.to_message()?)),
            false => Ok(Heard::Nothing),
        }
    }

    /// Subscribes the peer whose request was received last, or takes it back.
    fn set_manually(&mut self, request: Request<'_>) -> Result<()> {
        if !self.settings.manual {
            return Err(Error::Invalid);
        }
        let Some(id) = self.last_peer else { return Ok(()) };
        if request.subscribes {
            self.subscriptions.add(request.topic, id)?;
        } else {
            self.subscriptions.remove(request.topic, id);
        }
        Ok(())
    }

    /// Takes back all subscriptions of a link, and shows the user what that ends.
    fn cancel_all(&mut self, id: LinkId) {
        let (manual, verbose) = (self.settings.manual, self.settings.verbose_cancel);
        let Self { subscriptions, requested, pending, receives, .. } = self;
        let mut show = |topic: &[u8]| {
            if let (true, Ok(message)) = (*receives, Request::cancel(topic).to_message()) {
                // Where memory is too short for it, nobody is told of the end of what nobody asks
                // for any more.
                let _ = pending.push(message, Source::Gone);
            }
        };
        requested.remove_all(id, |topic, _| {
            if manual {
                show(topic);
            }
        });
        subscriptions.remove_all(id, |topic, last| {
            if !manual && (last || verbose) {
                show(topic);
            }
        });
    }
}

impl Hearing {
    /// What a part of a message asks for.
    fn request<'a>(&mut self, body: &'a [u8], more: bool, only_first: bool) -> Option<Request<'a>> {
        let request = match self.first || self.requests {
            true => Request::from_message(body),
            false => None,
        };
        if self.first {
            self.requests = !only_first || request.is_some();
        }
        self.first = !more;
        request
    }
}

impl Default for XPub {
    fn default() -> Self {
        Self::new()
    }
}

impl Pattern for XPub {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.distribution.attach(id);
        if !self.settings.welcome.is_empty() {
            let mut welcome = Frame::owned(self.settings.welcome.clone(), false);
            // Fails only if the link is gone already, of which we are told.
            let _ = links.write(id, &mut welcome);
        }
        self.hear_all(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.hear_all(links, id);
    }

    /// Room is looked for when a message begins.
    fn writable(&mut self, _links: &mut Links, _id: LinkId) {}

    fn detached(&mut self, _links: &mut Links, id: LinkId) {
        self.distribution.detached(id);
        // Its id will be given to another link, which did not ask for any of this.
        self.pending.forget(id);
        self.stalled.retain(|stalled| *stalled != id);
        self.last_peer = self.last_peer.filter(|last| *last != id);
        self.cancel_all(id);
    }

    #[inline]
    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if self.distribution.is_sending() {
            return self.distribution.send(links, frame);
        }
        let for_last_peer = self.choose(frame.body());
        match self.settings.no_drop {
            true => self.distribution.refuse_full(links)?,
            false => self.distribution.drop_full(links),
        }
        self.distribution.send(links, frame)?;
        if for_last_peer {
            self.last_peer = None;
        }
        Ok(())
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        let pending = self.pending.pop().ok_or(Error::Again)?;
        if !self.stalled.is_empty() && !self.pending.is_full() {
            self.hear_stalled(links);
        }
        if self.settings.manual {
            match pending.from {
                Source::Peer(id) => self.last_peer = Some(id),
                Source::Gone => self.last_peer = None,
                Source::User => {}
            }
        }
        Ok(Incoming::Made(pending.message))
    }

    fn has_in(&mut self, _links: &mut Links) -> bool {
        !self.pending.is_empty()
    }

    fn has_out(&mut self, _links: &mut Links) -> bool {
        true
    }

    fn wants_commands(&self) -> bool {
        true
    }

    fn waits_for_slowest(&self) -> bool {
        self.settings.no_drop
    }

    fn set_option(&mut self, _links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match settings::request(id, value) {
            Some(request) => Some(self.set_manually(request)),
            None => self.settings.set(id, value),
        }
    }

    fn option(&mut self, id: i32) -> Option<Result<Vec<u8>>> {
        self.settings.get(id, self.subscriptions.len())
    }
}
