use super::*;

#[test]
fn a_new_message_is_empty_and_whole() {
    let message = Message::new();
    assert!(message.is_empty() && message.is_inline());
    assert!(!message.more() && !message.is_shared());
    assert_eq!(message.metadata().map(|_| ()), None);
}

#[test]
fn bodies_are_inline_up_to_the_limit() {
    for size in [0, 1, Message::INLINE, Message::INLINE + 1, 1000] {
        let message = Message::with_size(size);
        assert_eq!(message.len(), size);
        assert_eq!(message.is_inline(), size <= Message::INLINE);
        assert!(message.iter().all(|&byte| byte == 0));
        let body: Vec<u8> = (0..size).map(|at| at as u8).collect();
        assert_eq!(Message::from(&body[..]), body.as_slice());
        assert_eq!(Message::from(body.clone()), body.as_slice());
    }
}

#[test]
fn bodies_are_aligned_for_words() {
    for size in [8, 100] {
        assert_eq!(Message::with_size(size).data_ptr() as usize % 8, 0);
    }
}

#[test]
fn a_large_vector_is_not_copied() {
    let body = vec![7; 1000];
    let address = body.as_ptr();
    let mut message = Message::from(body);
    assert_eq!(message.data_ptr().cast_const(), address);
}

#[test]
fn clones_share_until_one_is_changed() {
    let mut message = Message::from(vec![1; 100]);
    assert!(!message.is_shared());
    let copy = message.clone();
    assert!(message.is_shared() && copy.is_shared());
    assert_eq!(message.as_ptr(), copy.as_ptr());
    message.as_mut_slice()[0] = 2;
    assert_eq!((message[0], copy[0]), (2, 1));
    assert!(!message.is_shared() && !copy.is_shared());
}

#[test]
fn inline_clones_are_independent() {
    let mut message = Message::from("abc");
    let copy = message.clone();
    message.as_mut_slice().fill(b'x');
    assert_eq!(message, "xxx");
    assert_eq!(copy, "abc");
    assert!(!copy.is_shared());
}

#[test]
fn messages_cut_from_a_block_are_small_copies_or_large_references() {
    let bytes: Vec<u8> = (0..200).collect();
    let block = Block::from_vec(bytes.clone()).unwrap();
    let small = Message::slice_of(&block, 10..20);
    let large = Message::slice_of(&block, 20..180);
    assert!(small.is_inline());
    assert_eq!(small, &bytes[10..20]);
    assert_eq!(large, &bytes[20..180]);
    assert_eq!(large.as_block().map(|(_, range)| range), Some(20..180));
    assert!(!Message::from_block(block.clone(), 3, 1).is_inline());
}

#[test]
fn the_end_of_a_block_is_a_valid_place_for_nothing() {
    let block = Block::zeroed(4).unwrap();
    assert!(Message::from_block(block, 4, 0).is_empty());
}

#[test]
#[should_panic(expected = "outside of the block")]
fn a_message_cannot_reach_beyond_its_block() {
    Message::from_block(Block::zeroed(4).unwrap(), 2, usize::MAX);
}

#[test]
fn a_changed_slice_leaves_its_neighbours() {
    let block = Block::zeroed(200).unwrap();
    let mut left = Message::slice_of(&block, 0..100);
    let right = Message::slice_of(&block, 100..200);
    drop(block);
    left.as_mut_slice().fill(1);
    assert!(right.iter().all(|&byte| byte == 0));
    drop(right);
    left.as_mut_slice().fill(2);
    assert!(left.iter().all(|&byte| byte == 2));
}

#[test]
fn flags_and_metadata_travel_with_clones() {
    let mut metadata = Metadata::new();
    metadata.insert("Socket-Type", b"PUSH");
    let mut message = Message::from("part");
    message.set_more(true);
    message.set_metadata(Some(Arc::new(metadata)));
    let copy = message.clone();
    message.set_more(false);
    message.set_metadata(None);
    assert!(copy.more() && !message.more());
    assert_eq!(copy.property("Socket-Type"), Some("PUSH"));
    assert_eq!(message.property("Socket-Type"), None);
}

#[test]
fn debug_shows_the_beginning_only() {
    assert_eq!(format!("{:?}", Message::from("a\n")), r#"Message(2 bytes: "a\n")"#);
    assert!(format!("{:?}", Message::with_size(1000)).len() < 400);
}

#[test]
fn messages_may_go_anywhere() {
    fn anywhere<T: Send + Sync + 'static>() {}
    anywhere::<Message>();
}

#[test]
fn size_failures_are_errors() {
    assert!(Message::try_with_size(usize::MAX).is_err());
}
