//! The kids of a node that has more than one: lists in the order of their first bytes.

use super::{NONE, Slab};

/// Some kids of a node by the first bytes of their labels, which all differ. As large as a line of
/// the cache, with room for all digits and a wildcard; more kids are in further blocks.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Block {
    kids: [u32; ROOM],
    next: u32,
    keys: [u8; ROOM],
    len: u8,
}

const ROOM: usize = 11;

impl Default for Block {
    fn default() -> Self {
        Self { kids: [NONE; ROOM], next: NONE, keys: [0; ROOM], len: 0 }
    }
}

impl Block {
    fn keys(&self) -> &[u8] {
        self.keys.get(..usize::from(self.len)).unwrap_or_default()
    }

    fn kid(&self, at: usize) -> Option<(u8, u32)> {
        Some((*self.keys().get(at)?, *self.kids.get(at)?))
    }

    /// Makes room at a place, which the caller has seen to be there.
    fn insert(&mut self, at: usize, key: u8, kid: u32) {
        let len = usize::from(self.len);
        if at > len || len >= ROOM {
            return;
        }
        if let (Some(keys), Some(kids)) = (self.keys.get_mut(at..=len), self.kids.get_mut(at..=len))
        {
            keys.rotate_right(1);
            kids.rotate_right(1);
        }
        if let (Some(k), Some(n)) = (self.keys.get_mut(at), self.kids.get_mut(at)) {
            (*k, *n) = (key, kid);
        }
        self.len = self.len.saturating_add(1);
    }

    fn remove(&mut self, at: usize) {
        let len = usize::from(self.len);
        if let (Some(keys), Some(kids)) = (self.keys.get_mut(at..len), self.kids.get_mut(at..len)) {
            keys.rotate_left(1);
            kids.rotate_left(1);
            self.len = self.len.saturating_sub(1);
        }
    }

    /// Moves its second half to a new block.
    fn halve(&mut self) -> Self {
        let mut upper = Self::default();
        let middle = ROOM.div_ceil(2);
        for at in middle..usize::from(self.len) {
            if let Some((key, kid)) = self.kid(at) {
                upper.insert(at.saturating_sub(middle), key, kid);
            }
        }
        self.len = self.len.min(u8::try_from(middle).unwrap_or(0));
        upper
    }
}

/// The lists of all nodes. A list is named by its first block.
#[derive(Clone, Debug)]
pub(super) struct Kids(Slab<Block>);

impl Kids {
    pub(super) const fn new() -> Self {
        Self(Slab::new())
    }

    /// Whether so many more kids find their places.
    pub(super) fn has_room(&self, count: usize) -> bool {
        self.0.has_room(count)
    }

    /// A list of two.
    pub(super) fn pair(&mut self, one: (u8, u32), other: (u8, u32)) -> u32 {
        let (low, high) = if one.0 < other.0 { (one, other) } else { (other, one) };
        let mut block = Block::default();
        block.insert(0, low.0, low.1);
        block.insert(1, high.0, high.1);
        self.0.insert(block)
    }

    /// The kid of this key.
    #[inline]
    pub(super) fn find(&self, list: u32, key: u8) -> Option<u32> {
        let mut at = list;
        while let Some(block) = self.0.get(at) {
            if let Some(place) = block.keys().iter().position(|&other| other == key) {
                return block.kids.get(place).copied();
            }
            at = block.next;
        }
        None
    }

    /// The first kid whose key is this one or a larger one.
    pub(super) fn first_from(&self, list: u32, key: u8) -> Option<(u8, u32)> {
        let mut at = list;
        while let Some(block) = self.0.get(at) {
            if let Some(place) = block.keys().iter().position(|&other| other >= key) {
                return block.kid(place);
            }
            at = block.next;
        }
        None
    }

    /// The block that has the key, or in which it has to be; and the one before it.
    fn block_of(&self, list: u32, key: u8) -> (u32, u32) {
        let (mut before, mut at) = (NONE, list);
        while let Some(block) = self.0.get(at) {
            if block.next == NONE || block.keys().last().is_some_and(|&last| last >= key) {
                break;
            }
            (before, at) = (at, block.next);
        }
        (before, at)
    }

    /// Puts another kid in the place of this key's.
    pub(super) fn replace(&mut self, list: u32, key: u8, kid: u32) {
        let (_, at) = self.block_of(list, key);
        if let Some(block) = self.0.get_mut(at)
            && let Some(place) = block.keys().iter().position(|&other| other == key)
            && let Some(old) = block.kids.get_mut(place)
        {
            *old = kid;
        }
    }

    /// Adds a kid of a new key.
    pub(super) fn insert(&mut self, list: u32, key: u8, kid: u32) {
        let (_, mut at) = self.block_of(list, key);
        let Some(block) = self.0.get_mut(at) else { return };
        if block.keys().len() == ROOM {
            let mut upper = block.halve();
            let goes_up = upper.keys().first().is_some_and(|&first| first < key);
            upper.next = block.next;
            let next = self.0.insert(upper);
            if let Some(block) = self.0.get_mut(at) {
                block.next = next;
            }
            if goes_up {
                at = next;
            }
        }
        if let Some(block) = self.0.get_mut(at) {
            let place = block.keys().iter().take_while(|&&other| other < key).count();
            block.insert(place, key, kid);
        }
    }

    /// Takes out the kid of this key, and tells which block the list now begins with.
    pub(super) fn remove(&mut self, list: u32, key: u8) -> u32 {
        let (before, at) = self.block_of(list, key);
        let Some(block) = self.0.get_mut(at) else { return list };
        let Some(place) = block.keys().iter().position(|&other| other == key) else { return list };
        block.remove(place);
        if block.len > 0 {
            return list;
        }
        let next = block.next;
        self.0.remove(at);
        match self.0.get_mut(before) {
            Some(block) => block.next = next,
            None => return next,
        }
        list
    }

    /// The only kid of a list that has no other; the list is gone then.
    pub(super) fn take_last(&mut self, list: u32) -> Option<u32> {
        let block = self.0.get(list)?;
        if block.len != 1 || block.next != NONE {
            return None;
        }
        let (_, kid) = block.kid(0)?;
        self.0.remove(list);
        Some(kid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_block_is_a_line() {
        assert_eq!((size_of::<Block>(), align_of::<Block>()), (64, 64));
    }

    #[test]
    fn all_keys_find_their_places() {
        // 167 is prime to 256: every key once, in no order.
        let keys: Vec<u8> = (0..=255_u8).map(|n| n.wrapping_mul(167)).collect();
        let mut kids = Kids::new();
        let (first, second) = (keys[0], keys[1]);
        let mut list = kids.pair((first, 1_000), (second, u32::from(second)));
        kids.replace(list, first, u32::from(first));
        for &key in &keys[2..] {
            assert_eq!(kids.find(list, key), None);
            kids.insert(list, key, u32::from(key));
        }
        for key in 0..=255 {
            assert_eq!(kids.find(list, key), Some(u32::from(key)));
            assert_eq!(kids.first_from(list, key), Some((key, u32::from(key))));
        }
        for (gone, &key) in keys.iter().enumerate().take(255) {
            list = kids.remove(list, key);
            assert_eq!(kids.find(list, key), None);
            let rest = &keys[gone + 1..];
            let above = rest.iter().copied().filter(|&other| other > key).min();
            assert_eq!(kids.first_from(list, key).map(|(key, _)| key), above);
        }
        assert_eq!(kids.take_last(list), Some(u32::from(keys[255])));
        assert_eq!(kids.0.len(), 0);
    }
}
