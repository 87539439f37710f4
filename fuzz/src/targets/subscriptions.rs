//! The tries, beside maps that do the same slowly.

use crate::fuzzing::input::Input;
use crate::fuzzing::zmq::{MultiTrie, Removed, Trie};
use std::collections::{BTreeMap, BTreeSet};

const LINKS: usize = 5;

pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    match input.flag() {
        true => counted(&mut input),
        false => by_link(&mut input),
    }
}

fn counted(input: &mut Input<'_>) {
    let (mut trie, mut model) = (Trie::new(), BTreeMap::<Vec<u8>, u32>::new());
    while !input.is_empty() {
        let action = input.below(4);
        let topic = input.bytes();
        match action {
            0 | 3 => {
                let count = model.entry(topic.to_vec()).or_default();
                *count += 1;
                assert_eq!(trie.add(topic), Ok(*count == 1));
            }
            1 => {
                let last = model.get(topic) == Some(&1);
                if let Some(count) = model.get_mut(topic) {
                    *count -= 1;
                }
                model.retain(|_, count| *count > 0);
                assert_eq!(trie.remove(topic), last);
            }
            _ => {
                let wanted = (0..=topic.len()).any(|end| model.contains_key(&topic[..end]));
                assert_eq!(trie.matches(topic), wanted);
            }
        }
        assert_eq!(trie.len(), model.len());
    }
    let mut shown = Vec::new();
    trie.for_each(|topic| shown.push(topic.to_vec())).unwrap();
    assert!(shown.iter().eq(model.keys()));
}

type Model = BTreeMap<Vec<u8>, BTreeSet<usize>>;

fn by_link(input: &mut Input<'_>) {
    let (mut trie, mut model) = (MultiTrie::new(), Model::new());
    while !input.is_empty() {
        let (action, link) = (input.below(8), input.below(LINKS));
        match action {
            0..=2 => {
                let topic = input.bytes();
                let links = model.entry(topic.to_vec()).or_default();
                assert_eq!(trie.add(topic, link), Ok(links.is_empty()));
                links.insert(link);
            }
            3 | 4 => {
                let topic = input.bytes();
                assert_eq!(trie.remove(topic, link), remove(&mut model, topic, link));
            }
            5 => {
                let mut shown = Vec::new();
                trie.remove_all(link, |topic, last| shown.push((topic.to_vec(), last)));
                assert_eq!(shown, remove_all(&mut model, link));
            }
            _ => {
                let topic = input.bytes();
                let mut shown = Vec::new();
                trie.for_each_match(topic, |link| shown.push(link));
                let mut wanted: Vec<_> = (0..=topic.len())
                    .filter_map(|end| model.get(&topic[..end]))
                    .flatten()
                    .copied()
                    .collect();
                shown.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(shown, wanted);
            }
        }
        assert_eq!(trie.len(), model.len());
    }
}

fn remove(model: &mut Model, topic: &[u8], link: usize) -> Removed {
    let Some(links) = model.get_mut(topic) else { return Removed::NotFound };
    if !links.remove(&link) {
        return Removed::NotFound;
    }
    if links.is_empty() {
        model.remove(topic);
        return Removed::Last;
    }
    Removed::StillOthers
}

fn remove_all(model: &mut Model, link: usize) -> Vec<(Vec<u8>, bool)> {
    let mut shown = Vec::new();
    for (topic, links) in &mut *model {
        if links.remove(&link) {
            shown.push((topic.clone(), links.is_empty()));
        }
    }
    model.retain(|_, links| !links.is_empty());
    shown
}
