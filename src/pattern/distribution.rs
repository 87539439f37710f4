//! Sends a message to many links: those that match and have room when it begins get all of its parts,
//! all others get none.
//!
//! It never waits for a link, and allocates nothing for a message once its lists have grown.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::link::{Frame, Hold, LinkId, Links};

/// The links of a socket, and those that get the present message.
#[derive(Default)]
pub(crate) struct Distribution {
    all: Vec<LinkId>,
    /// Who gets the present message. Empty between messages.
    chosen: Vec<LinkId>,
    /// Indexed by id.
    places: Vec<Place>,
    /// The number of the present message.
    epoch: u64,
    sending: bool,
}

/// What is known of one id.
#[derive(Clone, Copy)]
struct Place {
    /// The last message that it was chosen for, so that a link that matches twice gets it once.
    chosen_for: u64,
    /// Where it is in the list of all links.
    index: usize,
}

impl Place {
    /// Nobody has this id; such a number is never below that of a message.
    const NOBODY: Place = Place { chosen_for: u64::MAX, index: 0 };
}

impl Distribution {
    /// Adds a link. It gets messages from the next one on.
    pub(crate) fn attach(&mut self, id: LinkId) {
        let at = id.0 as usize;
        if self.places.len() <= at {
            self.places.resize(at + 1, Place::NOBODY);
        }
        if self.places[at].chosen_for == u64::MAX {
            self.places[at] = Place { chosen_for: 0, index: self.all.len() };
            self.all.push(id);
        }
    }

    /// Forgets a link.
    pub(crate) fn detached(&mut self, id: LinkId) {
        let Some(place) = self.places.get_mut(id.0 as usize) else { return };
        let gone = std::mem::replace(place, Place::NOBODY);
        if gone.chosen_for == u64::MAX {
            return;
        }
        self.all.swap_remove(gone.index);
        if let Some(moved) = self.all.get(gone.index) {
            self.places[moved.0 as usize].index = gone.index;
        }
        self.leave_out(id);
    }

    /// All links.
    pub(crate) fn links(&self) -> &[LinkId] {
        &self.all
    }

    /// Is a message begun and not ended?
    pub(crate) fn is_sending(&self) -> bool {
        self.sending
    }

    /// Begins a message that nobody gets yet.
    pub(crate) fn begin(&mut self) {
        self.epoch += 1;
        self.chosen.clear();
    }

    /// Adds a link to those that get the message.
    #[inline]
    pub(crate) fn choose(&mut self, id: LinkId) {
        let Some(place) = self.places.get_mut(id.0 as usize) else { return };
        if place.chosen_for < self.epoch {
            place.chosen_for = self.epoch;
            self.chosen.push(id);
        }
    }

    /// Every link gets the message.
    pub(crate) fn choose_all(&mut self) {
        self.chosen.clear();
        self.chosen.extend_from_slice(&self.all);
    }

    /// Those get the message that were not chosen, and only those.
    pub(crate) fn invert(&mut self) {
        let (places, epoch) = (&self.places, self.epoch);
        let others = self.all.iter().filter(|id| places[id.0 as usize].chosen_for != epoch);
        self.chosen.clear();
        self.chosen.extend(others);
    }

    /// A link misses the rest of the present message.
    pub(crate) fn leave_out(&mut self, id: LinkId) {
        self.chosen.retain(|chosen| *chosen != id);
    }

    /// Leaves out the links that are at their high-water mark.
    #[inline]
    pub(crate) fn drop_full(&mut self, links: &mut Links) {
        self.chosen.retain(|id| links.has_room_now(*id));
    }

    /// Fails if any of the chosen links is at its high-water mark.
    pub(crate) fn refuse_full(&mut self, links: &mut Links) -> Result<()> {
        match self.chosen.iter().all(|id| links.has_room(*id)) {
            true => Ok(()),
            false => Err(Error::Again),
        }
    }

    /// Sends a part to the chosen links. The last one ends the message.
    #[inline(always)]
    pub(crate) fn send(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        match self.chosen[..] {
            [] => frame.consume(),
            [only] => match links.write(only, frame) {
                // A link that is not there any more misses the message, as if it had never been.
                Err(Error::HostUnreachable) => frame.consume(),
                result => result?,
            },
            _ => self.send_shared(links, frame)?,
        }
        self.sending = frame.more;
        if !frame.more {
            self.chosen.clear();
        }
        Ok(())
    }

    /// Takes back the parts of a message that was begun.
    #[cold]
    pub(crate) fn abandon(&mut self, links: &mut Links) {
        for id in self.chosen.drain(..) {
            links.rollback(id);
        }
        self.sending = false;
    }

    #[inline(never)]
    fn send_shared(&mut self, links: &mut Links, frame: &mut Frame<'_>) -> Result<()> {
        frame.share()?;
        let _hold = Hold::begin();
        self.chosen.retain(|id| {
            let sent = links.write_shared(*id, frame).is_ok();
            if !sent {
                links.rollback(*id);
            }
            sent
        });
        frame.consume();
        Ok(())
    }
}
