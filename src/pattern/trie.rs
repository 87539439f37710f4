//! Subscriptions: which prefixes are wanted, and by whom.
//!
//! [`Trie`] counts how often a SUB or XSUB socket wants each prefix; [`MultiTrie`] keeps the set of
//! links that want it, for PUB and XPUB. Neither sends anything nor knows what a link is.
#![forbid(unsafe_code)]

mod radix;

use crate::error::{Error, Result};
use radix::Radix;

/// Prefixes with a count.
pub struct Trie {
    radix: Radix<u32>,
    len: usize,
}

impl Trie {
    /// One without subscriptions.
    pub fn new() -> Self {
        Trie { radix: Radix::new(), len: 0 }
    }

    /// Adds a prefix; whether it is the first of its kind.
    ///
    /// # Errors
    /// `NoMemory`; then it was not added.
    pub fn add(&mut self, prefix: &[u8]) -> Result<bool> {
        let count = self.radix.place(prefix)?;
        *count = count.saturating_add(1);
        let first = *count == 1;
        self.len += usize::from(first);
        Ok(first)
    }

    /// Takes a prefix back; whether it was the last of its kind. One that is not there changes
    /// nothing.
    pub fn remove(&mut self, prefix: &[u8]) -> bool {
        match self.radix.place_of(prefix) {
            None => false,
            Some(count) if *count > 1 => {
                *count -= 1;
                false
            }
            Some(_) => {
                self.radix.remove(prefix);
                self.len -= 1;
                true
            }
        }
    }

    /// Whether the data begins with any of the prefixes.
    pub(crate) fn matches(&self, data: &[u8]) -> bool {
        let mut found = false;
        self.radix.walk(data, |_| {
            found = true;
            false
        });
        found
    }

    /// Shows every prefix once, in ascending order.
    ///
    /// # Errors
    /// `NoMemory`; some may have been shown.
    pub(crate) fn for_each(&self, mut show: impl FnMut(&[u8])) -> Result<()> {
        self.radix.for_each(|prefix, _| show(prefix))
    }

    /// How many different prefixes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Default for Trie {
    fn default() -> Self {
        Trie::new()
    }
}

/// Prefixes with the links that want them. A link that asks twice for a prefix counts once.
pub struct MultiTrie<Id> {
    radix: Radix<Subscribers<Id>>,
    /// The sets of prefixes that several links want, each sorted.
    sets: Sets<Id>,
    /// How many prefixes each link has, so that a death need not search longer than that; sorted.
    held: Vec<(Id, usize)>,
    len: usize,
}

/// What taking a subscription back came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The link had no such subscription.
    NotFound,
    /// Nobody wants the prefix any more.
    Last,
    /// Other links still want the prefix.
    StillOthers,
}

/// Who wants one prefix. Most prefixes are wanted by one link, which is then right in the node.
#[derive(Clone, Copy, Default, PartialEq)]
enum Subscribers<Id> {
    #[default]
    None,
    One(Id),
    /// The number of a set with two or more.
    Many(u32),
}

struct Sets<Id> {
    sets: Vec<Vec<Id>>,
    free: Vec<u32>,
}

impl<Id: Copy + Ord> MultiTrie<Id> {
    /// One without subscriptions.
    pub fn new() -> Self {
        let sets = Sets { sets: Vec::new(), free: Vec::new() };
        MultiTrie { radix: Radix::new(), sets, held: Vec::new(), len: 0 }
    }

    /// Adds a link to those that want the prefix; whether it is the first of them.
    ///
    /// # Errors
    /// `NoMemory`; then it was not added.
    pub fn add(&mut self, prefix: &[u8], id: Id) -> Result<bool> {
        self.held.try_reserve(1).map_err(|_| Error::NoMemory)?;
        let subscribers = self.radix.place(prefix)?;
        let first = *subscribers == Subscribers::None;
        // The first one takes no memory, so that no place stays empty.
        if self.sets.insert(subscribers, id)? {
            match self.held.binary_search_by_key(&id, |(id, _)| *id) {
                Ok(at) => self.held[at].1 += 1,
                Err(at) => self.held.insert(at, (id, 1)),
            }
        }
        self.len += usize::from(first);
        Ok(first)
    }

    /// Takes a link from those that want the prefix.
    pub(crate) fn remove(&mut self, prefix: &[u8], id: Id) -> Removed {
        let Some(place) = self.radix.place_of(prefix) else { return Removed::NotFound };
        // A place must not become empty under the tree, so a copy is changed first.
        let mut subscribers = *place;
        if !self.sets.take(&mut subscribers, id) {
            return Removed::NotFound;
        }
        let last = subscribers == Subscribers::None;
        if last {
            self.radix.remove(prefix);
            self.len -= 1;
        } else {
            *place = subscribers;
        }
        self.release(id);
        match last {
            true => Removed::Last,
            false => Removed::StillOthers,
        }
    }

    /// Takes a link from all prefixes, and shows each in ascending order with whether it was the
    /// last that wanted it.
    pub(crate) fn remove_all(&mut self, id: Id, mut show: impl FnMut(&[u8], bool)) {
        let Ok(at) = self.held.binary_search_by_key(&id, |(id, _)| *id) else { return };
        let (_, mut left) = self.held.remove(at);
        let (sets, len) = (&mut self.sets, &mut self.len);
        self.radix.retain(|prefix, subscribers| {
            if sets.take(subscribers, id) {
                let last = *subscribers == Subscribers::None;
                *len -= usize::from(last);
                left -= 1;
                show(prefix, last);
            }
            left > 0
        });
    }

    /// Shows every link that wants the data; one with several prefixes that match comes as often.
    #[inline]
    pub fn for_each_match(&self, data: &[u8], mut show: impl FnMut(Id)) {
        self.radix.walk(data, |subscribers| {
            self.sets.for_each(subscribers, &mut show);
            true
        });
    }

    /// How many different prefixes there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn release(&mut self, id: Id) {
        if let Ok(at) = self.held.binary_search_by_key(&id, |(id, _)| *id) {
            self.held[at].1 -= 1;
            if self.held[at].1 == 0 {
                self.held.remove(at);
            }
        }
    }
}

impl<Id: Copy + Ord> Default for MultiTrie<Id> {
    fn default() -> Self {
        MultiTrie::new()
    }
}

impl<Id: Copy + Ord> Sets<Id> {
    /// Adds an id; whether it was new.
    fn insert(&mut self, subscribers: &mut Subscribers<Id>, id: Id) -> Result<bool> {
        match *subscribers {
            Subscribers::None => *subscribers = Subscribers::One(id),
            Subscribers::One(other) if other == id => return Ok(false),
            Subscribers::One(other) => {
                let pair = [other.min(id), other.max(id)];
                *subscribers = Subscribers::Many(self.store(pair)?);
            }
            Subscribers::Many(index) => {
                let set = &mut self.sets[index as usize];
                match set.binary_search(&id) {
                    Ok(_) => return Ok(false),
                    Err(position) => {
                        set.try_reserve(1).map_err(|_| Error::NoMemory)?;
                        set.insert(position, id);
                    }
                }
            }
        }
        Ok(true)
    }

    /// Takes an id out; whether it was there.
    fn take(&mut self, subscribers: &mut Subscribers<Id>, id: Id) -> bool {
        match *subscribers {
            Subscribers::One(other) if other == id => *subscribers = Subscribers::None,
            Subscribers::None | Subscribers::One(_) => return false,
            Subscribers::Many(index) => {
                let set = &mut self.sets[index as usize];
                let Ok(position) = set.binary_search(&id) else { return false };
                set.remove(position);
                if let [only] = set[..] {
                    *subscribers = Subscribers::One(only);
                    *set = Vec::new();
                    // What cannot be remembered is not used again.
                    if self.free.try_reserve(1).is_ok() {
                        self.free.push(index);
                    }
                }
            }
        }
        true
    }

    #[inline]
    fn for_each(&self, subscribers: Subscribers<Id>, show: &mut impl FnMut(Id)) {
        match subscribers {
            Subscribers::None => {}
            Subscribers::One(id) => show(id),
            Subscribers::Many(index) => self.sets[index as usize].iter().copied().for_each(show),
        }
    }

    fn store(&mut self, pair: [Id; 2]) -> Result<u32> {
        let mut set = Vec::new();
        set.try_reserve(pair.len()).map_err(|_| Error::NoMemory)?;
        self.sets.try_reserve(1).map_err(|_| Error::NoMemory)?;
        set.extend(pair);
        if let Some(index) = self.free.pop() {
            self.sets[index as usize] = set;
            return Ok(index);
        }
        self.sets.push(set);
        Ok((self.sets.len() - 1) as u32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// A small generator, so that a failure comes back with the same seed.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % limit
        }

        /// Short strings of few letters now and then meet, long ones make chains.
        fn key(&mut self, alphabet: u64) -> Vec<u8> {
            let longest = if self.below(8) == 0 { 40 } else { 7 };
            (0..self.below(longest)).map(|_| self.below(alphabet) as u8).collect()
        }
    }

    fn prefixes(trie: &Trie) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        trie.for_each(|prefix| all.push(prefix.to_vec())).unwrap();
        all
    }

    #[test]
    fn prefixes_are_counted() {
        let mut trie = Trie::new();
        assert!(!trie.matches(b"") && trie.len() == 0);
        assert!(trie.add(b"abc").unwrap() && !trie.add(b"abc").unwrap() && trie.len() == 1);
        assert!(!trie.remove(b"abc") && trie.matches(b"abcd"));
        assert!(trie.remove(b"abc") && !trie.matches(b"abcd"));
        assert!(!trie.remove(b"abc") && trie.len() == 0);
    }

    #[test]
    fn only_prefixes_match() {
        let mut trie = Trie::new();
        for prefix in [&b"topic.one"[..], b"topic.only", b"other", b"a very long prefix indeed"] {
            assert!(trie.add(prefix).unwrap());
        }
        let table: [(&[u8], bool); 9] = [
            (b"topic.one", true),
            (b"topic.one.more", true),
            (b"topic.on", false),
            (b"topic.onl", false),
            (b"topic.only", true),
            (b"", false),
            (b"a very long prefix indeed!", true),
            (b"a very long prefix indee", false),
            (b"a very long prefix indexed", false),
        ];
        for (data, matches) in table {
            assert_eq!(trie.matches(data), matches, "{data:?}");
        }
        assert!(!trie.remove(b"topic.on") && !trie.remove(b"topic.one.") && trie.len() == 4);
    }

    #[test]
    fn the_empty_prefix_matches_everything() {
        let mut trie = Trie::new();
        assert!(trie.add(b"").unwrap() && trie.add(b"x").unwrap());
        assert!(trie.matches(b"") && trie.matches(b"anything"));
        assert!(trie.remove(b"") && !trie.matches(b"") && trie.matches(b"x"));
    }

    #[test]
    fn every_byte_may_be_a_child() {
        let mut trie = Trie::new();
        for byte in (0..=255).rev() {
            assert!(trie.add(&[7, byte]).unwrap());
        }
        assert_eq!(prefixes(&trie), (0..=255).map(|byte| vec![7, byte]).collect::<Vec<_>>());
        for byte in 0..=255 {
            assert!(trie.matches(&[7, byte]) && trie.remove(&[7, byte]));
            assert!(!trie.matches(&[7, byte]));
        }
        assert!(prefixes(&trie).is_empty());
    }

    #[test]
    fn a_megabyte_long_prefix_is_like_any_other() {
        let long: Vec<u8> = (0..1 << 20).map(|i: u32| (i >> 3) as u8).collect();
        let mut trie = Trie::new();
        assert!(
            trie.add(&long).unwrap() && trie.add(&long[..500_000]).unwrap() && trie.matches(&long)
        );
        assert!(trie.remove(&long[..500_000]) && !trie.matches(&long[..long.len() - 1]));
        assert_eq!(prefixes(&trie), std::slice::from_ref(&long));
        assert!(trie.remove(&long) && trie.len() == 0);
        let mut multi = MultiTrie::new();
        multi.add(&long, 1).unwrap();
        let mut shown = 0;
        multi.remove_all(1, |prefix, last| shown += usize::from(last && prefix == long));
        assert_eq!((shown, multi.len()), (1, 0));
    }

    #[test]
    fn a_trie_does_what_a_map_does() {
        for (seed, alphabet) in [(1, 2), (2, 4), (3, 12), (4, 256)] {
            let mut random = Random(seed);
            let (mut trie, mut model) = (Trie::new(), BTreeMap::<Vec<u8>, u32>::new());
            for round in 0..20_000 {
                let key = random.key(alphabet);
                // The tree grows for a while, then shrinks, over and over.
                if random.below(10) < if round / 2500 % 2 == 0 { 7 } else { 2 } {
                    let count = model.entry(key.clone()).or_default();
                    *count += 1;
                    assert_eq!(trie.add(&key).unwrap(), *count == 1);
                } else {
                    // What is there is taken back more often than what is not.
                    let known = model.range(key.clone()..).next().map(|(known, _)| known.clone());
                    let key = known.filter(|_| random.below(4) > 0).unwrap_or(key);
                    let count = model.get_mut(&key);
                    let last = count.as_ref().is_some_and(|count| **count == 1);
                    if let Some(count) = count {
                        *count -= 1;
                    }
                    model.retain(|other, count| *count > 0 || *other != key);
                    assert_eq!(trie.remove(&key), last);
                }
                let data = random.key(alphabet);
                let wanted = (0..=data.len()).any(|end| model.contains_key(&data[..end]));
                assert_eq!(trie.matches(&data), wanted, "{data:?}");
                assert_eq!(trie.len(), model.len());
                if round % 500 == 0 {
                    assert!(prefixes(&trie).iter().eq(model.keys()));
                }
            }
        }
    }

    #[test]
    fn a_link_counts_once_for_a_prefix() {
        let mut trie = MultiTrie::new();
        assert!(
            trie.add(b"a", 1u32).unwrap()
                && !trie.add(b"a", 1).unwrap()
                && !trie.add(b"a", 2).unwrap()
        );
        assert_eq!(trie.remove(b"a", 3), Removed::NotFound);
        assert_eq!(trie.remove(b"b", 1), Removed::NotFound);
        assert_eq!(trie.remove(b"a", 1), Removed::StillOthers);
        assert_eq!(trie.remove(b"a", 1), Removed::NotFound);
        assert_eq!(trie.remove(b"a", 2), Removed::Last);
        assert!(trie.len() == 0);
    }

    #[test]
    fn every_match_is_shown_to_its_links() {
        let mut trie = MultiTrie::new();
        for (prefix, id) in [(&b""[..], 1), (b"ab", 2), (b"ab", 3), (b"abc", 1), (b"b", 4)] {
            trie.add(prefix, id).unwrap();
        }
        let matches = |data: &[u8]| {
            let mut ids = Vec::new();
            trie.for_each_match(data, |id| ids.push(id));
            ids
        };
        assert_eq!(matches(b""), [1]);
        assert_eq!(matches(b"abx"), [1, 2, 3]);
        assert_eq!(matches(b"abc"), [1, 2, 3, 1]);
        assert_eq!(matches(b"ba"), [1, 4]);
    }

    #[test]
    fn a_multi_trie_does_what_a_map_of_sets_does() {
        type Model = BTreeMap<Vec<u8>, BTreeSet<u32>>;
        for (seed, alphabet) in [(5, 2), (6, 5), (7, 256)] {
            let mut random = Random(seed);
            let (mut trie, mut model) = (MultiTrie::new(), Model::new());
            for round in 0..20_000 {
                let (key, id) = (random.key(alphabet), random.below(6) as u32);
                match random.below(1000) {
                    0..2 => {
                        let mut wanted = Vec::new();
                        model.retain(|key, set| {
                            if set.remove(&id) {
                                wanted.push((key.clone(), set.is_empty()));
                            }
                            !set.is_empty()
                        });
                        let mut shown = Vec::new();
                        trie.remove_all(id, |key, last| shown.push((key.to_vec(), last)));
                        assert_eq!(shown, wanted);
                    }
                    2..600 => {
                        let set = model.entry(key.clone()).or_default();
                        assert_eq!(trie.add(&key, id).unwrap(), set.is_empty());
                        set.insert(id);
                    }
                    _ => {
                        let known = model.range(key.clone()..).next().map(|(key, _)| key.clone());
                        let key = known.filter(|_| random.below(4) > 0).unwrap_or(key);
                        let removed = match model.get_mut(&key).map(|set| (set.remove(&id), set)) {
                            Some((true, set)) if set.is_empty() => Removed::Last,
                            Some((true, _)) => Removed::StillOthers,
                            _ => Removed::NotFound,
                        };
                        if removed == Removed::Last {
                            model.remove(&key);
                        }
                        assert_eq!(trie.remove(&key, id), removed);
                    }
                }
                let data = random.key(alphabet);
                let wanted: Vec<u32> = (0..=data.len())
                    .filter_map(|end| model.get(&data[..end]))
                    .flat_map(|set| set.iter().copied())
                    .collect();
                let mut shown = Vec::new();
                trie.for_each_match(&data, |id| shown.push(id));
                assert_eq!(shown, wanted, "round {round}");
                assert_eq!(trie.len(), model.len());
            }
        }
    }
}
