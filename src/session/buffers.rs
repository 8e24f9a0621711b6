//! Read buffers that nobody needs for the moment: an idle connection holds none, and a busy one need not ask the
//! allocator for each message.

use std::cell::RefCell;

use bytes::BytesMut;

/// Buffers that a thread keeps.
const KEPT: usize = 4;

/// A buffer that has less room is not worth keeping.
const LEAST: usize = 8 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, with or without room.
pub(crate) fn take() -> BytesMut {
    SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten().unwrap_or_default()
}

/// Gives a buffer back of which nothing is needed any more.
pub(crate) fn give(mut buffer: BytesMut) {
    buffer.clear();
    // One that shares its memory with bytes that somebody keeps cannot be used again.
    if buffer.capacity() > 0 && buffer.try_reclaim(LEAST) {
        // At the end of the thread there is no place any more.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < KEPT {
                spare.push(buffer);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> usize {
        SPARE.with_borrow(Vec::len)
    }

    #[test]
    fn what_has_room_is_used_again() {
        let mut buffer = BytesMut::with_capacity(LEAST);
        buffer.extend_from_slice(b"bytes");
        give(buffer);
        give(BytesMut::new());
        give(BytesMut::with_capacity(16));
        assert_eq!(kept(), 1);
        let buffer = take();
        assert!(buffer.is_empty() && buffer.capacity() >= LEAST && kept() == 0);
        assert_eq!(take().capacity(), 0);
        (0..2 * KEPT).for_each(|_| give(BytesMut::with_capacity(LEAST)));
        assert_eq!(kept(), KEPT);
    }

    #[test]
    fn what_somebody_keeps_is_not() {
        let mut buffer = BytesMut::with_capacity(LEAST);
        buffer.extend_from_slice(b"held, rest");
        let held = buffer.split_to(4);
        give(buffer);
        assert_eq!((kept(), &held[..]), (0, &b"held"[..]));
    }
}
