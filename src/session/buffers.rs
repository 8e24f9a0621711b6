//! Read buffers that nobody needs for the moment: an idle connection holds none, and a busy one need not ask the
//! allocator for each message.

use std::cell::RefCell;

use bytes::BytesMut;
use zeroize::Zeroize;

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

/// Overwrites all that a buffer has held, and empties it.
pub(crate) fn wipe(buffer: &mut BytesMut) {
    buffer.clear();
    // What was taken from its front is a part of it again.
    let _ = buffer.try_reclaim(buffer.capacity().saturating_add(1));
    buffer.spare_capacity_mut().zeroize();
}

/// Makes room for `more` bytes. Where the others have been is overwritten.
pub(crate) fn reserve_wiping(buffer: &mut BytesMut, more: usize) {
    if buffer.capacity() - buffer.len() < more {
        let mut larger = BytesMut::with_capacity(buffer.len() + more);
        larger.extend_from_slice(buffer);
        wipe(&mut std::mem::replace(buffer, larger));
    }
}

/// Adds to a vector. If it moves, where it has been is overwritten.
pub(crate) fn extend_wiping(vector: &mut Vec<u8>, bytes: &[u8]) {
    let length = vector.len() + bytes.len();
    if length > vector.capacity() {
        let mut larger = Vec::with_capacity(length.max(2 * vector.capacity()));
        larger.extend_from_slice(vector);
        std::mem::replace(vector, larger).zeroize();
    }
    vector.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use bytes::Buf;

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
    fn all_of_a_buffer_is_reached_to_be_wiped() {
        let mut buffer = BytesMut::with_capacity(64);
        buffer.extend_from_slice(b"secret, and more");
        buffer.advance(8);
        wipe(&mut buffer);
        assert_eq!((buffer.len(), buffer.capacity()), (0, 64));
        buffer.extend_from_slice(b"secret, and more");
        drop(buffer.split_to(8));
        wipe(&mut buffer);
        assert_eq!((buffer.len(), buffer.capacity()), (0, 64));
    }

    #[test]
    fn what_grows_stays_whole() {
        let (mut buffer, mut vector) = (BytesMut::new(), Vec::new());
        for piece in 0..=255_u8 {
            reserve_wiping(&mut buffer, 1);
            buffer.extend_from_slice(&[piece]);
            extend_wiping(&mut vector, &[piece; 3]);
        }
        assert!(buffer.iter().copied().eq(0..=255));
        assert!(vector.chunks(3).zip(0..=255).all(|(chunk, piece)| chunk == [piece; 3]));
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
