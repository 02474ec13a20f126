//! The buffer for packets that are cut.

use bytes::{Buf, BytesMut};

/// Above this capacity an emptied buffer is given back, so that one large packet does not make a
/// connection large for ever.
const KEPT_CAPACITY: usize = 4096;

/// So much room is made for bytes that may come, whatever has.
const LEAST_ROOM: usize = 32;

/// Keeps bytes that have come, of a packet that has so many in `whole`, as far as that is known.
#[inline(always)]
pub(super) fn keep(carry: &mut BytesMut, bytes: &[u8], whole: impl FnOnce() -> usize) {
    if carry.capacity().saturating_sub(carry.len()) < bytes.len() {
        make_room(carry, bytes.len(), whole());
    }
    carry.extend_from_slice(bytes);
}

/// Left to itself the buffer would double, for bytes of which nobody knows whether they come.
#[cold]
fn make_room(carry: &mut BytesMut, count: usize, whole: usize) {
    if carry.try_reclaim(count) {
        return;
    }
    let need = carry.len().saturating_add(count);
    let more = need.saturating_add((need >> 3).max(LEAST_ROOM));
    let mut larger = BytesMut::with_capacity(more.min(whole).max(need));
    larger.extend_from_slice(carry);
    *carry = larger;
}

/// Takes bytes off the front. `was_large` tells whether there was more in it than is kept room for.
#[inline]
pub(super) fn take_off(carry: &mut BytesMut, count: usize, was_large: &mut bool) {
    *was_large |= carry.len() > KEPT_CAPACITY;
    if count < carry.len() {
        carry.advance(count);
    } else if *was_large {
        (*carry, *was_large) = (BytesMut::new(), false);
    } else {
        carry.clear();
    }
}
