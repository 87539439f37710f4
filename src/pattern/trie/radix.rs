//! A radix tree of byte strings with a small value at each; what both tries are made of.
//!
//! Made for a million prefixes. A node carries a few bytes of label in itself, longer labels are
//! chains of nodes. The children of a node lie side by side in one arena, sorted by first byte, so
//! that a step down touches two or three cache lines. A block of children that grows moves to a
//! larger place and leaves a hole; holes are used again by size, and when a quarter of the arena is
//! holes, the live nodes are copied to a new one, breadth first.
//!
//! Nothing here recurses: a peer chooses how deep the tree is. And nothing takes memory that may
//! not be there but [`Radix::place`], before it changes anything: what it takes to go through the
//! tree later is a part of it.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

/// The longest label of one node.
const LABEL_MAX: usize = 9;
/// The node of the empty string, and, as it is nobody's child, the mark of 'no children'.
const ROOT: u32 = 0;
/// The widest block of children.
const FANOUT_MAX: usize = 256;

#[derive(Clone, Copy, Default)]
struct Node<V> {
    value: V,
    /// Where the block of children begins.
    children: u32,
    /// How many children there are, less one; means nothing if there are none.
    last: u8,
    /// How the label of the first child begins; means nothing if there is none. To look there for it would
    /// double the time that a step down takes.
    lowest: u8,
    length: u8,
    label: [u8; LABEL_MAX],
}

/// The tree. The value that equals `V::default()` is no value.
pub(super) struct Radix<V> {
    nodes: Vec<Node<V>>,
    /// Holes by their size: where each begins.
    holes: Vec<Vec<u32>>,
    /// How many nodes all holes have together, also those that are not listed.
    hollow: usize,
    /// There was no memory for the list, and to ask for each hole again would take long.
    forgets: bool,
    /// No block has had more children.
    widest: usize,
    /// No node is farther from the root, and no key is longer.
    depth: usize,
    longest: usize,
    /// Scratch of [`Radix::retain`], with room for the longest way down.
    stack: Vec<Visit>,
    key: Vec<u8>,
}

/// A node on the way down, and the next of its children to visit.
struct Visit {
    node: u32,
    next: usize,
}

impl<V: Copy + Default + PartialEq> Radix<V> {
    pub(super) fn new() -> Self {
        Radix {
            nodes: vec![Node::default()],
            holes: Vec::new(),
            hollow: 0,
            forgets: false,
            widest: 0,
            depth: 0,
            longest: 0,
            stack: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The place of a key's value, made if need be.
    ///
    /// What is written there must not be the default; see [`Radix::remove`].
    ///
    /// # Errors
    /// `NoMemory`, also if the arena has no number left for it.
    pub(super) fn place(&mut self, key: &[u8]) -> Result<&mut V> {
        self.compact_if_hollow();
        self.make_room(key)?;
        let (mut node, mut rest) = (ROOT, key);
        let mut depth = 0;
        while let Some(&first) = rest.first() {
            depth += 1;
            let (child, common) = match self.find_child(node, first) {
                Ok(child) => (child, self.split(child, rest)),
                Err(position) => self.insert_leaf(node, position, rest),
            };
            (node, rest) = (child, &rest[common..]);
        }
        self.depth = self.depth.max(depth);
        Ok(&mut self.node_mut(node).value)
    }

    /// Takes all the memory that a key may need, now and when the tree is gone through.
    fn make_room(&mut self, key: &[u8]) -> Result<()> {
        // A chain for the key, a node for a split, and a block that grows and moves.
        let growth = key.len() / LABEL_MAX + 3 + capacity((self.widest + 1).min(FANOUT_MAX));
        let len = self.nodes.len();
        u32::try_from(len.saturating_add(growth)).map_err(|_| Error::NoMemory)?;
        if self.nodes.capacity() - len < growth {
            // Doubling would leave half of a large arena unused.
            let wanted = growth.max(len / 8);
            self.nodes.try_reserve_exact(wanted).map_err(|_| Error::NoMemory)?;
        }
        self.longest = self.longest.max(key.len());
        // A split takes what is below it one step down.
        let depth = (self.depth + key.len() / LABEL_MAX + 3).min(self.longest) + 1;
        self.stack.try_reserve(depth).map_err(|_| Error::NoMemory)?;
        self.key.try_reserve(self.longest).map_err(|_| Error::NoMemory)
    }

    /// The place of a value that is there.
    pub(super) fn place_of(&mut self, key: &[u8]) -> Option<&mut V> {
        let (_, node) = self.locate(key)?;
        Some(&mut self.node_mut(node).value).filter(|value| is_set(**value))
    }

    /// Takes out a key and the nodes that only it needs.
    pub(super) fn remove(&mut self, key: &[u8]) {
        let Some((keeper, node)) = self.locate(key) else { return };
        self.node_mut(node).value = V::default();
        if node != ROOT && self.node(node).count() == 0 {
            self.cut(keeper, key);
        } else {
            self.join(node);
        }
        self.compact_if_hollow();
    }

    /// Shows the values of all keys that the data begins with, shortest first, until told to stop.
    #[inline]
    pub(super) fn walk(&self, data: &[u8], mut go_on: impl FnMut(V) -> bool) {
        let (mut node, mut rest) = (self.node(ROOT), data);
        loop {
            if is_set(node.value) && !go_on(node.value) {
                return;
            }
            let Some(&first) = rest.first() else { return };
            let Ok(child) = self.find_child_of(node, first) else { return };
            node = self.node(child);
            let Some(tail) = node.strip_label(rest) else { return };
            rest = tail;
        }
    }

    /// Shows all keys and values in the order of the keys.
    ///
    /// # Errors
    /// `NoMemory`; some may have been shown.
    pub(super) fn for_each(&self, mut show: impl FnMut(&[u8], V)) -> Result<()> {
        let (mut key, mut stack) = (Vec::new(), Vec::new());
        key.try_reserve(self.longest).map_err(|_| Error::NoMemory)?;
        stack.try_reserve(1).map_err(|_| Error::NoMemory)?;
        stack.push((ROOT, 0));
        while let Some((index, above)) = stack.pop() {
            let node = self.node(index);
            key.truncate(above);
            key.extend_from_slice(node.label());
            if is_set(node.value) {
                show(&key, node.value);
            }
            stack.try_reserve(node.count()).map_err(|_| Error::NoMemory)?;
            stack.extend(node.block().rev().map(|child| (child as u32, key.len())));
        }
        Ok(())
    }

    /// Shows all values to be changed, in the order of the keys, and takes out those that became
    /// the default; ends early when `change` says that it is done by returning `false`.
    pub(super) fn retain(&mut self, mut change: impl FnMut(&[u8], &mut V) -> bool) {
        let (mut key, mut stack) = (std::mem::take(&mut self.key), std::mem::take(&mut self.stack));
        let mut more = self.change_value(ROOT, &key, &mut change);
        stack.push(Visit { node: ROOT, next: 0 });
        while let Some(visit) = stack.last_mut() {
            let node = self.nodes[visit.node as usize];
            if more && visit.next < node.count() {
                let child = node.children + visit.next as u32;
                visit.next += 1;
                key.extend_from_slice(self.node(child).label());
                more = self.change_value(child, &key, &mut change);
                stack.push(Visit { node: child, next: 0 });
                continue;
            }
            let index = visit.node;
            stack.pop();
            key.truncate(key.len() - node.label().len());
            let Some(parent) = stack.last_mut() else { break };
            if !is_set(node.value) && self.node(index).count() == 0 {
                parent.next -= 1;
                self.remove_child(parent.node, parent.next);
            } else {
                self.join(index);
            }
        }
        if self.node(ROOT).count() > 0 {
            key.clear();
            stack.clear();
            (self.key, self.stack) = (key, stack);
        } else {
            (self.widest, self.depth, self.longest) = (0, 0, 0);
        }
        self.compact_if_hollow();
    }

    fn change_value(
        &mut self,
        node: u32,
        key: &[u8],
        change: &mut impl FnMut(&[u8], &mut V) -> bool,
    ) -> bool {
        let value = &mut self.node_mut(node).value;
        !is_set(*value) || change(key, value)
    }

    /// The node of a key, and its nearest ancestor that would stay without it.
    fn locate(&self, key: &[u8]) -> Option<((u32, usize), u32)> {
        let (mut node, mut rest) = (ROOT, key);
        let mut keeper = (ROOT, 0);
        while let Some(&first) = rest.first() {
            let parent = self.node(node);
            if node == ROOT || is_set(parent.value) || parent.count() > 1 {
                keeper = (node, key.len() - rest.len());
            }
            node = self.find_child_of(parent, first).ok()?;
            rest = self.node(node).strip_label(rest)?;
        }
        Some((keeper, node))
    }

    /// Cuts off the branch of a key below the keeper: a chain of nodes without values.
    fn cut(&mut self, (keeper, depth): (u32, usize), key: &[u8]) {
        let Some(&first) = key.get(depth) else { return };
        let Ok(child) = self.find_child(keeper, first) else { return };
        let mut below = self.node(child).block();
        while !below.is_empty() {
            let next = self.nodes[below.start].block();
            self.dig(below.start as u32, capacity(below.len()));
            below = next;
        }
        let position = child - self.node(keeper).children;
        self.remove_child(keeper, position as usize);
        self.join(keeper);
    }

    /// Makes one node of a node without value and its only child, if the label has room.
    fn join(&mut self, index: u32) {
        let node = *self.node(index);
        if index == ROOT || is_set(node.value) || node.count() != 1 {
            return;
        }
        let mut joined = *self.node(node.children);
        if node.label().len() + joined.label().len() > LABEL_MAX {
            return;
        }
        joined.put_before_label(node.label());
        *self.node_mut(index) = joined;
        self.dig(node.children, capacity(1));
    }

    /// Splits a node where its label leaves the key, if it does; tells how much they have in common.
    fn split(&mut self, index: u32, key: &[u8]) -> usize {
        let mut upper = *self.node(index);
        let label = upper.label();
        let common = label.iter().zip(key).take_while(|(ours, theirs)| ours == theirs).count();
        if common < label.len() {
            let mut lower = upper;
            lower.set_label(&upper.label()[common..]);
            upper.length = common as u8;
            upper.value = V::default();
            upper.children = self.allocate(1);
            upper.last = 0;
            upper.lowest = lower.label[0];
            self.depth += 1;
            *self.node_mut(upper.children) = lower;
            *self.node_mut(index) = upper;
        }
        common
    }

    /// Adds a child with as much of the key as a label holds; tells which, and how much.
    fn insert_leaf(&mut self, parent: u32, position: usize, key: &[u8]) -> (u32, usize) {
        let length = key.len().min(LABEL_MAX);
        let mut leaf = Node::default();
        leaf.set_label(&key[..length]);
        self.open_gap(parent, position);
        let child = self.node(parent).children + position as u32;
        *self.node_mut(child) = leaf;
        self.note_lowest(parent);
        (child, length)
    }

    /// Makes room for one more child at a position.
    fn open_gap(&mut self, parent: u32, position: usize) {
        let old = self.node(parent).block();
        let count = old.len();
        let mut start = old.start;
        if capacity(count) < capacity(count + 1) {
            start = self.allocate(count + 1) as usize;
            self.nodes.copy_within(old.start..old.start + position, start);
        }
        self.nodes.copy_within(old.start + position..old.end, start + position + 1);
        if start != old.start && count > 0 {
            self.dig(old.start as u32, capacity(count));
        }
        let parent = self.node_mut(parent);
        parent.children = start as u32;
        parent.last = count as u8;
        self.widest = self.widest.max(count + 1);
    }

    fn remove_child(&mut self, index: u32, position: usize) {
        let old = self.node(index).block();
        self.nodes.copy_within(old.start + position + 1..old.end, old.start + position);
        let (before, after) = (capacity(old.len()), capacity(old.len() - 1));
        if after < before {
            self.dig((old.start + after) as u32, before - after);
        }
        let parent = self.node_mut(index);
        match old.len() {
            1 => parent.children = ROOT,
            count => parent.last = (count - 2) as u8,
        }
        self.note_lowest(index);
    }

    /// To be called when a node may have another first child.
    fn note_lowest(&mut self, index: u32) {
        let first_child = self.node(self.node(index).children);
        self.node_mut(index).lowest = first_child.label[0];
    }

    fn find_child(&self, parent: u32, first: u8) -> Result<u32, usize> {
        self.find_child_of(self.node(parent), first)
    }

    /// The child whose label begins with the byte, or the position where it belongs.
    #[inline]
    fn find_child_of(&self, parent: &Node<V>, first: u8) -> Result<u32, usize> {
        // Digits and whole alphabets have no gaps: the byte itself says where to look, from below ...
        let above = first.wrapping_sub(parent.lowest);
        if parent.children != ROOT && above <= parent.last {
            let guess = parent.children + u32::from(above);
            if self.node(guess).label[0] == first {
                return Ok(guess);
            }
        }
        self.search_child(parent, first)
    }

    #[inline]
    fn search_child(&self, parent: &Node<V>, first: u8) -> Result<u32, usize> {
        let children = &self.nodes[parent.block()];
        let [.., highest] = children else { return Err(0) };
        // ... or from above.
        if highest.label[0] == first {
            return Ok(parent.children + u32::from(parent.last));
        }
        let found = match highest.label[0] < first {
            true => Err(children.len()),
            false => children.binary_search_by_key(&first, |child| child.label[0]),
        };
        found.map(|position| parent.children + position as u32)
    }

    fn node(&self, index: u32) -> &Node<V> {
        &self.nodes[index as usize]
    }

    fn node_mut(&mut self, index: u32) -> &mut Node<V> {
        &mut self.nodes[index as usize]
    }

    /// A block for so many children, for which there is room.
    fn allocate(&mut self, count: usize) -> u32 {
        let size = capacity(count);
        if let Some(start) = self.holes.get_mut(size).and_then(Vec::pop) {
            self.hollow -= size;
            return start;
        }
        let start = self.nodes.len();
        self.nodes.resize(start + size, Node::default());
        start as u32
    }

    /// Leaves a hole. One that cannot be remembered lies there until the live nodes are copied.
    fn dig(&mut self, start: u32, size: usize) {
        self.hollow += size;
        if !self.forgets {
            self.forgets = self.list_hole(start, size).is_none();
        }
    }

    fn list_hole(&mut self, start: u32, size: usize) -> Option<()> {
        let missing = (size + 1).saturating_sub(self.holes.len());
        self.holes.try_reserve(missing).ok()?;
        self.holes.resize(self.holes.len() + missing, Vec::new());
        self.holes[size].try_reserve(1).ok()?;
        self.holes[size].push(start);
        Some(())
    }

    fn compact_if_hollow(&mut self) {
        if self.hollow > self.nodes.len() / 4 + 64 {
            self.compact();
        }
    }

    /// Copies the live nodes to a new arena, if there is memory for it; what is copied is also the
    /// queue of what to visit.
    fn compact(&mut self) {
        let live = self.nodes.len() - self.hollow;
        let mut nodes: Vec<Node<V>> = Vec::new();
        if nodes.try_reserve_exact(live + live / 16).is_err() {
            return;
        }
        let old = std::mem::take(&mut self.nodes);
        nodes.push(old[ROOT as usize]);
        let mut visited = 0;
        while visited < nodes.len() {
            let block = nodes[visited].block();
            if !block.is_empty() {
                let start = nodes.len();
                let end = start + capacity(block.len());
                nodes[visited].children = start as u32;
                nodes.extend_from_slice(&old[block]);
                nodes.resize(end, Node::default());
            }
            visited += 1;
        }
        self.nodes = nodes;
        self.holes = Vec::new();
        self.hollow = 0;
        self.forgets = false;
    }
}

/// How many nodes the block of so many children takes.
fn capacity(count: usize) -> usize {
    match count {
        0..=4 => count,
        5..=16 => count.next_multiple_of(2),
        17..=64 => count.next_multiple_of(8),
        _ => count.next_multiple_of(32),
    }
}

/// The first eight bytes of a label as a number, the first byte lowest, and the last byte.
#[inline(always)]
fn halves(label: &[u8; LABEL_MAX]) -> (u64, u8) {
    let low = label.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    (low, label[LABEL_MAX - 1])
}

fn is_set<V: Default + PartialEq>(value: V) -> bool {
    value != V::default()
}

impl<V> Node<V> {
    fn label(&self) -> &[u8] {
        &self.label[..usize::from(self.length)]
    }

    /// What stands behind the label, if the data begins with it. Labels are too short to call somebody to
    /// compare them.
    #[inline(always)]
    fn strip_label<'a>(&self, data: &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::from(self.length);
        let Some(head) = data.first_chunk() else { return data.strip_prefix(self.label()) };
        let (low, high) = halves(&self.label);
        let (data_low, data_high) = halves(head);
        let differing = low ^ data_low;
        let alike = match length {
            0 => true,
            1..=8 => differing << (64 - 8 * length) == 0,
            _ => differing == 0 && high == data_high,
        };
        if alike {
            data.get(length..)
        } else {
            None
        }
    }

    /// Both have room together.
    fn put_before_label(&mut self, head: &[u8]) {
        let (old, length) = (self.label, usize::from(self.length));
        self.label[..head.len()].copy_from_slice(head);
        self.label[head.len()..head.len() + length].copy_from_slice(&old[..length]);
        self.length += head.len() as u8;
    }

    fn set_label(&mut self, label: &[u8]) {
        self.label = [0; LABEL_MAX];
        self.label[..label.len()].copy_from_slice(label);
        self.length = label.len() as u8;
    }

    fn count(&self) -> usize {
        self.block().len()
    }

    /// Where the children are.
    #[inline]
    fn block(&self) -> std::ops::Range<usize> {
        let start = self.children as usize;
        match self.children {
            ROOT => 0..0,
            _ => start..start + usize::from(self.last) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every slot of the arena is in a block of children, in a hole, or the root.
    fn assert_nothing_leaks(tree: &Radix<u32>) {
        let blocks: usize = {
            let mut stack = vec![ROOT];
            let mut slots = 1;
            while let Some(node) = stack.pop() {
                let block = tree.node(node).block();
                slots += capacity(block.len());
                stack.extend(block.map(|child| child as u32));
            }
            slots
        };
        let holes: usize =
            tree.holes.iter().enumerate().map(|(size, list)| size * list.len()).sum();
        assert_eq!(holes, tree.hollow);
        assert_eq!(blocks + holes, tree.nodes.len());
    }

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<Node<u32>>(), 20);
        assert!(size_of::<Node<(u32, u32)>>() <= 24);
    }

    #[test]
    fn the_arena_is_used_again_and_given_back() {
        let mut tree = Radix::new();
        let key = |number: u32| number.wrapping_mul(0x9E37_79B9).to_string().into_bytes();
        for round in 1..4 {
            for number in 0..20_000 {
                *tree.place(&key(number)).unwrap() = round;
            }
            assert_nothing_leaks(&tree);
            assert!(tree.nodes.capacity() < 40_000, "{}", tree.nodes.capacity());
            for number in 0..10_000 {
                tree.remove(&key(number));
            }
            assert_nothing_leaks(&tree);
            tree.retain(|_, value| {
                *value = 0;
                true
            });
            assert_nothing_leaks(&tree);
            assert!(tree.nodes.capacity() < 100 && tree.node(ROOT).count() == 0);
        }
    }

    #[test]
    fn a_chain_grows_together_again() {
        let mut tree = Radix::new();
        *tree.place(b"abcdef").unwrap() = 1;
        *tree.place(b"abcxyz").unwrap() = 1;
        *tree.place(b"abc").unwrap() = 1;
        tree.remove(b"abcxyz");
        tree.remove(b"abc");
        assert_nothing_leaks(&tree);
        let only = tree.node(tree.node(ROOT).children);
        assert_eq!((only.label(), only.count()), (&b"abcdef"[..], 0));
    }
}
