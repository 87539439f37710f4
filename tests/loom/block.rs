//! The memory of a message, to which several threads refer.

use super::check_deep;
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use zeroxide::internal::message::Block;

/// Writing is allowed when all others are done, and comes after all that they did.
#[test]
fn who_alone_refers_to_memory_may_write_there() {
    check_deep(5, || {
        let mut block = Block::copy_of(&[1]).unwrap();
        let bytes = Arc::new(UnsafeCell::new(()));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (theirs, bytes) = (block.clone(), bytes.clone());
                thread::spawn(move || {
                    bytes.with(|_| ());
                    // A reference that comes and goes counts as well.
                    drop(theirs.clone());
                    drop(theirs);
                })
            })
            .collect();
        if block.as_mut_slice().is_some() {
            bytes.with_mut(|_| ());
        }
        readers.into_iter().for_each(|reader| reader.join().unwrap());
        assert!(!block.is_shared());
    });
}
