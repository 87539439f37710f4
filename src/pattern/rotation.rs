//! Links that take turns.
//!
//! The active ones lie in front of the idle ones in a single list, and the turn is a place among the
//! active ones. What moves is decided by what has to stay: a link that leaves the turn hands its place to
//! the last active one, so nobody is asked twice in a round and nothing is shifted. Programs have come to
//! rely on this order.
//!
//! Never looks at a link: what makes one active or idle is its user's affair.
#![forbid(unsafe_code)]

use crate::link::LinkId;

/// A list of links, some of them active, one of those having its turn.
#[derive(Default)]
pub(crate) struct Rotation {
    order: Vec<LinkId>,
    /// Where in `order` each link is, by its id.
    places: Vec<u32>,
    active: usize,
    turn: usize,
}

const ABSENT: u32 = u32::MAX;

impl Rotation {
    /// Lets a link in, as the last of the active ones.
    pub(crate) fn add(&mut self, id: LinkId) {
        if self.place(id).is_none() {
            let index = id.0 as usize;
            if self.places.len() <= index {
                self.places.resize(index + 1, ABSENT);
            }
            self.places[index] = self.order.len() as u32;
            self.order.push(id);
        }
        self.activate(id);
    }

    /// Makes an idle link the last of the active ones. Others stay as they are.
    pub(crate) fn activate(&mut self, id: LinkId) {
        if let Some(place) = self.place(id).filter(|place| *place >= self.active) {
            self.swap(place, self.active);
            self.active += 1;
        }
    }

    /// Forgets a link. False if it was not here.
    pub(crate) fn remove(&mut self, id: LinkId) -> bool {
        let Some(mut place) = self.place(id) else { return false };
        if place < self.active {
            place = self.idle(place);
        }
        self.swap(place, self.order.len() - 1);
        self.order.pop();
        self.places[id.0 as usize] = ABSENT;
        true
    }

    /// Whose turn it is; nobody's if none is active.
    #[inline(always)]
    pub(crate) fn current(&self) -> Option<LinkId> {
        if self.active == 0 {
            return None;
        }
        self.order.get(self.turn).copied()
    }

    /// Gives the turn to the next active link.
    #[inline(always)]
    pub(crate) fn advance(&mut self) {
        self.turn += 1;
        if self.turn >= self.active {
            self.turn = 0;
        }
    }

    /// Makes the link whose turn it is idle; the turn goes to the link that takes its place.
    pub(crate) fn retire(&mut self) {
        if self.active > 0 {
            self.idle(self.turn);
        }
    }

    /// Moves the link at an active place behind the active ones. Returns its new place.
    fn idle(&mut self, place: usize) -> usize {
        self.active -= 1;
        self.swap(place, self.active);
        if self.turn == self.active {
            // It was the turn of the last one: it keeps it in its new place, unless it is the one to go.
            self.turn = if place == self.turn { 0 } else { place };
        }
        self.active
    }

    fn place(&self, id: LinkId) -> Option<usize> {
        let place = *self.places.get(id.0 as usize)?;
        (place != ABSENT).then_some(place as usize)
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.order.swap(a, b);
        for place in [a, b] {
            self.places[self.order[place].0 as usize] = place as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotation(count: u32) -> Rotation {
        let mut rotation = Rotation::default();
        (0..count).for_each(|id| rotation.add(LinkId(id)));
        rotation
    }

    fn turns(rotation: &mut Rotation, count: usize) -> Vec<u32> {
        let mut turn = || {
            let id = rotation.current().map(|id| id.0);
            rotation.advance();
            id
        };
        (0..count).map_while(|_| turn()).collect()
    }

    #[test]
    fn everyone_has_a_turn_in_the_order_of_arrival() {
        assert_eq!(turns(&mut rotation(3), 7), [0, 1, 2, 0, 1, 2, 0]);
    }

    #[test]
    fn the_last_active_one_takes_the_place_of_who_retires() {
        let mut rotation = rotation(4);
        rotation.retire();
        assert_eq!(turns(&mut rotation, 6), [3, 1, 2, 3, 1, 2]);
        rotation.activate(LinkId(0));
        assert_eq!(turns(&mut rotation, 4), [3, 1, 2, 0]);
    }

    #[test]
    fn the_turn_stays_with_its_link_while_others_go() {
        let mut rotation = rotation(4);
        assert_eq!(turns(&mut rotation, 3), [0, 1, 2]);
        assert!(rotation.remove(LinkId(1)));
        assert_eq!(turns(&mut rotation, 4), [3, 2, 0, 3]);
        assert!(!rotation.remove(LinkId(1)));
    }

    #[test]
    fn a_second_activation_changes_nothing() {
        let mut rotation = rotation(3);
        rotation.activate(LinkId(1));
        rotation.add(LinkId(2));
        rotation.activate(LinkId(77));
        assert_eq!(turns(&mut rotation, 4), [0, 1, 2, 0]);
    }

    #[test]
    fn when_all_are_idle_it_is_nobodys_turn() {
        let mut rotation = rotation(2);
        rotation.retire();
        rotation.retire();
        rotation.retire();
        assert_eq!(rotation.current(), None);
        rotation.advance();
        rotation.activate(LinkId(1));
        assert_eq!(turns(&mut rotation, 2), [1, 1]);
        rotation.remove(LinkId(1));
        assert_eq!(rotation.current(), None);
        assert!(rotation.place(LinkId(0)).is_some() && rotation.place(LinkId(1)).is_none());
    }
}
