//! REQ: a request, then its reply, then the next request.
//!
//! A request goes out behind an empty delimiter, and with `ZMQ_REQ_CORRELATE` behind a number before that
//! one, which the reply has to repeat. Whatever is not the reply to the last request is passed over.
#![forbid(unsafe_code)]

use super::dealer::Dealer;
use super::routes::random;
use super::{flag, Incoming, Pattern};
use crate::error::{Error, Result};
use crate::link::{Frame, LinkId, Links};
use crate::options::ids;

/// A REQ socket: a DEALER with manners.
pub(crate) struct Req {
    dealer: Dealer,
    state: State,
    /// Where the last request went, and its reply has to come from; nowhere if that link is gone.
    reply_link: Option<LinkId>,
    request_id: u32,
    correlate: bool,
    relaxed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next thing to do is to send a request.
    Ready,
    /// A request is out as far as its first parts.
    Sending,
    /// A request is out, and no reply to it in sight.
    Waiting,
    /// The envelope of the reply was taken, the rest is to be received.
    Receiving,
}

impl Default for Req {
    fn default() -> Self {
        Self {
            dealer: Dealer::default(),
            state: State::Ready,
            reply_link: None,
            request_id: random(),
            correlate: false,
            relaxed: false,
        }
    }
}

impl Pattern for Req {
    fn attach(&mut self, links: &mut Links, id: LinkId) {
        self.dealer.attach(links, id);
    }

    fn readable(&mut self, links: &mut Links, id: LinkId) {
        self.dealer.readable(links, id);
    }

    fn writable(&mut self, links: &mut Links, id: LinkId) {
        self.dealer.writable(links, id);
    }

    fn detached(&mut self, links: &mut Links, id: LinkId) {
        if self.reply_link == Some(id) {
            self.reply_link = None;
        }
        self.dealer.detached(links, id);
    }

    fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        if self.state != State::Sending {
            self.begin(links)?;
        }
        self.dealer.send(links, frame)?;
        if !frame.more {
            self.state = State::Waiting;
        }
        Ok(())
    }

    fn recv(&mut self, links: &mut Links) -> Result<Incoming> {
        if !self.is_expecting() {
            return Err(Error::State);
        }
        let id = self.next_part(links).ok_or(Error::Again)?;
        if !links.front(id).is_some_and(|front| front.more) {
            self.state = State::Ready;
        }
        Ok(Incoming::Link(id))
    }

    fn has_in(&mut self, links: &mut Links) -> bool {
        self.is_expecting() && self.open_reply(links).is_some() && self.dealer.has_in(links)
    }

    fn has_out(&mut self, links: &mut Links) -> bool {
        (!self.is_expecting() || self.relaxed) && self.dealer.has_out(links)
    }

    fn set_option(&mut self, links: &mut Links, id: i32, value: &[u8]) -> Option<Result<()>> {
        match id {
            ids::REQ_CORRELATE => Some(flag(value).map(|on| self.correlate = on)),
            ids::REQ_RELAXED => Some(flag(value).map(|on| self.relaxed = on)),
            _ => self.dealer.set_option(links, id, value),
        }
    }
}

impl Req {
    fn is_expecting(&self) -> bool {
        matches!(self.state, State::Waiting | State::Receiving)
    }

    /// Sends the envelope of a request, and throws away what has come unasked for: a late reply must not
    /// be taken for the one to this request.
    fn begin(&mut self, links: &mut Links) -> Result<()> {
        if self.is_expecting() && !self.relaxed {
            return Err(Error::State);
        }
        if !self.dealer.has_out(links) {
            return Err(Error::Again);
        }
        self.reply_link = match self.write_envelope(links) {
            Ok(link) => link,
            Err(error) => {
                self.dealer.outbound.abandon(links);
                return Err(error);
            }
        };
        self.state = State::Sending;
        while let Some(id) = self.dealer.inbound.recv(links) {
            links.discard(id);
        }
        Ok(())
    }

    fn write_envelope(&mut self, links: &mut Links) -> Result<Option<LinkId>> {
        if self.correlate {
            self.request_id = self.request_id.wrapping_add(1);
            let request_id = self.request_id.to_ne_bytes();
            self.dealer.outbound.send(links, &mut Frame::bytes(&request_id, true))?;
        }
        self.dealer.outbound.send(links, &mut Frame::bytes(&[], true))
    }

    /// The link that the next part of the reply is to be taken from.
    fn next_part(&mut self, links: &mut Links) -> Option<LinkId> {
        self.open_reply(links)?;
        self.next_from_replier(links)
    }

    /// Passes over everything up to the first part behind the envelope of the reply, if it is there.
    fn open_reply(&mut self, links: &mut Links) -> Option<()> {
        let request_id = self.request_id.to_ne_bytes();
        while self.state == State::Waiting {
            if self.correlate && !self.pass(links, |body| body == request_id)? {
                continue;
            }
            if self.pass(links, |body| body.is_empty())? {
                self.state = State::Receiving;
            }
        }
        Some(())
    }

    /// Passes over a part of the envelope, and over the whole message if that part is not as it should be.
    fn pass(&mut self, links: &mut Links, is_good: impl Fn(&[u8]) -> bool) -> Option<bool> {
        let (mut more, good) = self.pass_part(links, &is_good)?;
        if good && more {
            return Some(true);
        }
        while more {
            (more, _) = self.pass_part(links, &is_good)?;
        }
        Some(false)
    }

    fn pass_part(
        &mut self,
        links: &mut Links,
        is_good: impl Fn(&[u8]) -> bool,
    ) -> Option<(bool, bool)> {
        let id = self.next_from_replier(links)?;
        let front = links.front(id)?;
        let seen = (front.more, is_good(front.body));
        links.discard(id);
        Some(seen)
    }

    /// Passes over what others send.
    fn next_from_replier(&mut self, links: &mut Links) -> Option<LinkId> {
        loop {
            let id = self.dealer.inbound.recv(links)?;
            if self.reply_link.is_none_or(|replier| replier == id) {
                return Some(id);
            }
            links.discard(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::LinkOrigin::Connected;
    use crate::pattern::testing::Peers;

    fn set(req: &mut Req, peers: &mut Peers, id: i32) {
        assert_eq!(req.set_option(&mut peers.links, id, &1i32.to_ne_bytes()), Some(Ok(())));
    }

    fn with_peers(count: usize) -> (Req, Peers) {
        let (mut req, mut peers) = (Req::default(), Peers::default());
        for _ in 0..count {
            peers.join(&mut req, 10, Connected);
        }
        (req, peers)
    }

    #[test]
    fn requests_and_replies_alternate() {
        let (mut req, mut peers) = with_peers(1);
        assert_eq!(peers.recv(&mut req), Err(Error::State));
        peers.send(&mut req, &["a", "b"]).unwrap();
        assert_eq!(peers.send(&mut req, &["c"]), Err(Error::State));
        assert!(!peers.has_out(&mut req) && !peers.has_in(&mut req));
        assert_eq!(peers.heard(0), ["+", "a+", "b"]);
        assert_eq!(peers.recv(&mut req), Err(Error::Again));
        peers.say(0, &["", "d", "e"]);
        assert!(peers.has_in(&mut req));
        assert_eq!(peers.recv_all(&mut req), ["d+", "e"]);
        assert!(peers.has_out(&mut req));
        assert_eq!(peers.recv(&mut req), Err(Error::State));
    }

    #[test]
    fn requests_go_round() {
        let (mut req, mut peers) = with_peers(2);
        for peer in [0, 1, 0] {
            peers.send(&mut req, &["q"]).unwrap();
            assert_eq!(peers.heard(peer), ["+", "q"]);
            peers.say(peer, &["", "r"]);
            assert_eq!(peers.recv(&mut req), Ok("r".into()));
        }
    }

    #[test]
    fn without_a_peer_there_is_nothing_to_wait_for() {
        let (mut req, mut peers) = with_peers(0);
        assert_eq!(peers.send(&mut req, &["q"]), Err(Error::Again));
        assert_eq!(peers.recv(&mut req), Err(Error::State));
        peers.join(&mut req, 10, Connected);
        peers.send(&mut req, &["q"]).unwrap();
        assert_eq!(peers.heard(0), ["+", "q"]);
    }

    #[test]
    fn only_the_peer_that_was_asked_may_answer() {
        let (mut req, mut peers) = with_peers(2);
        peers.send(&mut req, &["q"]).unwrap();
        peers.say(1, &["", "wrong", "x"]);
        assert!(!peers.has_in(&mut req));
        peers.say(0, &["", "right"]);
        assert_eq!(peers.recv_all(&mut req), ["right"]);
    }

    #[test]
    fn malformed_replies_are_passed_over() {
        let (mut req, mut peers) = with_peers(1);
        peers.send(&mut req, &["q"]).unwrap();
        for reply in [&["body"][..], &[""], &["no", "delimiter"], &["", "right"]] {
            peers.say(0, reply);
        }
        assert_eq!(peers.recv_all(&mut req), ["right"]);
    }

    #[test]
    fn what_came_before_the_request_is_not_its_reply() {
        let (mut req, mut peers) = with_peers(1);
        peers.say(0, &["", "early"]);
        peers.send(&mut req, &["q"]).unwrap();
        assert_eq!(peers.recv(&mut req), Err(Error::Again));
        peers.say(0, &["", "right"]);
        assert_eq!(peers.recv_all(&mut req), ["right"]);
    }

    #[test]
    fn a_correlated_reply_repeats_the_number_of_the_request() {
        let (mut req, mut peers) = with_peers(1);
        set(&mut req, &mut peers, ids::REQ_CORRELATE);
        req.request_id = u32::from_ne_bytes(*b"AAA@") - 1;
        peers.send(&mut req, &["q"]).unwrap();
        assert_eq!(peers.heard(0), ["AAA@+", "+", "q"]);
        for reply in [&["", "x"][..], &["AAAA", "", "x"], &["AAA@"], &["AAA@", "x", ""]] {
            peers.say(0, reply);
        }
        assert!(!peers.has_in(&mut req));
        peers.say(0, &["AAA@", "", "right", "on"]);
        assert_eq!(peers.recv_all(&mut req), ["right+", "on"]);
    }

    #[test]
    fn relaxed_requests_need_not_wait() {
        let (mut req, mut peers) = with_peers(2);
        set(&mut req, &mut peers, ids::REQ_RELAXED);
        peers.send(&mut req, &["1"]).unwrap();
        assert!(peers.has_out(&mut req));
        peers.say(0, &["", "half", "read"]);
        assert_eq!(peers.recv(&mut req), Ok("half+".into()));
        peers.send(&mut req, &["2"]).unwrap();
        peers.say(0, &["", "late"]);
        assert!(!peers.has_in(&mut req));
        peers.say(1, &["", "right"]);
        assert_eq!(peers.recv_all(&mut req), ["right"]);
        peers.send(&mut req, &["3"]).unwrap();
        assert_eq!(peers.heard(0), ["+", "1", "+", "3"]);
    }

    #[test]
    fn a_relaxed_request_that_finds_no_room_leaves_the_last_one_alone() {
        let (mut req, mut peers) = (Req::default(), Peers::default());
        peers.join(&mut req, 1, Connected);
        set(&mut req, &mut peers, ids::REQ_RELAXED);
        peers.send(&mut req, &["1"]).unwrap();
        assert_eq!(peers.send(&mut req, &["2"]), Err(Error::Again));
        peers.say(0, &["", "reply to 1"]);
        assert_eq!(peers.recv_all(&mut req), ["reply to 1"]);
    }

    #[test]
    fn the_death_of_the_replier_leaves_the_wait_as_it_is() {
        let (mut req, mut peers) = with_peers(1);
        peers.send(&mut req, &["q"]).unwrap();
        peers.leave(&mut req, 0);
        assert_eq!(peers.recv(&mut req), Err(Error::Again));
        assert_eq!(peers.send(&mut req, &["q"]), Err(Error::State));
        peers.join(&mut req, 10, Connected);
        peers.say(1, &["", "from its successor"]);
        assert_eq!(peers.recv_all(&mut req), ["from its successor"]);
    }
}
