//! Values by number, in chunks.

use alloc::vec::Vec;
use core::mem;

/// Values by number. It grows by a chunk at a time, so that nothing is ever moved; the first one grows
/// as a `Vec` does, since most trees are small. What was taken out is used again, and given back when
/// nothing is left.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    chunks: Vec<Vec<T>>,
    free: Vec<u32>,
}

/// Values in a chunk, as a power of two.
const SHIFT: u32 = 12;
const CHUNK: usize = 1 << SHIFT;
const MASK: u32 = (1 << SHIFT) - 1;

/// Where the value of this number is.
#[inline(always)]
fn place(id: u32) -> (usize, usize) {
    let [chunk, at] = [id >> SHIFT, id & MASK].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    (chunk, at)
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new() }
    }

    #[inline(always)]
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        let (chunk, at) = place(id);
        self.chunks.get(chunk)?.get(at)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        let (chunk, at) = place(id);
        self.chunks.get_mut(chunk)?.get_mut(at)
    }

    /// All values, and what is left where one was taken out.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// How many numbers were given out at most at one time.
    fn used(&self) -> usize {
        let last = self.chunks.last().map_or(0, Vec::len);
        self.chunks.len().saturating_sub(1).saturating_mul(CHUNK).saturating_add(last)
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.used().saturating_sub(self.free.len())
    }

    /// Whether so many more values still get a number. The largest number is never given out.
    pub(crate) fn has_room(&self, count: usize) -> bool {
        let most = usize::try_from(u32::MAX).unwrap_or(usize::MAX);
        self.len().checked_add(count).is_some_and(|len| len <= most)
    }
}

impl<T: Default> Slab<T> {
    /// Keeps a value and tells its number. Ask [`Self::has_room`] first: without room the value is
    /// dropped and the number is that of no value.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(id) = self.free.pop() {
            if let Some(place) = self.get_mut(id) {
                *place = value;
            }
            return id;
        }
        let Some(id) = u32::try_from(self.used()).ok().filter(|&id| id != u32::MAX) else {
            return u32::MAX;
        };
        match self.chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => chunk.push(value),
            None => {
                let mut chunk = match self.chunks.is_empty() {
                    true => Vec::new(),
                    false => Vec::with_capacity(CHUNK),
                };
                chunk.push(value);
                self.chunks.push(chunk);
            }
        }
        id
    }

    /// Takes out the value of a number that was given out and not yet taken back.
    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let value = mem::take(self.get_mut(id)?);
        self.free.push(id);
        if self.len() == 0 {
            self.chunks.truncate(1);
            self.chunks.iter_mut().for_each(Vec::clear);
            self.free.clear();
            self.free.shrink_to(CHUNK);
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_out_again() {
        let mut slab = Slab::new();
        let ids: Vec<u32> = (0..10_000_u32).map(|n| slab.insert(n)).collect();
        assert_eq!(ids, (0..10_000).collect::<Vec<_>>());
        assert_eq!((slab.len(), slab.get(9_999), slab.get(10_000)), (10_000, Some(&9_999), None));
        assert_eq!((slab.remove(4_097), slab.remove(3), slab.len()), (Some(4_097), Some(3), 9_998));
        assert_eq!((slab.insert(1), slab.insert(2), slab.insert(5)), (3, 4_097, 10_000));
        assert_eq!((slab.get(4_097), slab.used()), (Some(&2), 10_001));
        for id in 0..10_001 {
            slab.remove(id);
        }
        assert_eq!((slab.len(), slab.chunks.len(), slab.insert(7)), (0, 1, 0));
    }

    #[test]
    fn there_is_no_room_beyond_the_numbers() {
        let mut slab = Slab::new();
        slab.insert(0_u8);
        assert!(slab.has_room(4_294_967_294));
        assert!(!slab.has_room(4_294_967_295));
    }
}
