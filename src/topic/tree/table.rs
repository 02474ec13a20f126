//! Numbers by hash.

use super::{NONE, Slab};
use alloc::vec::Vec;
use core::mem;

/// Some entries: the numbers and the hashes that they belong to. As large as a line of the cache.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Bucket {
    hashes: [u32; ROOM],
    ids: [u32; ROOM],
    /// Where there are more, for there are too many with hashes that end alike.
    next: u32,
    len: u8,
}

const ROOM: usize = 7;

/// How many entries there are at most, and at least, for each bucket.
const MOST: usize = 5;
const LEAST: usize = 2;

impl Default for Bucket {
    fn default() -> Self {
        Self { hashes: [0; ROOM], ids: [NONE; ROOM], next: NONE, len: 0 }
    }
}

impl Bucket {
    fn entries(&self) -> impl Iterator<Item = (u32, u32)> {
        self.hashes.iter().copied().zip(self.ids).take(usize::from(self.len))
    }

    fn set(&mut self, at: usize, (hash, id): (u32, u32)) {
        if let (Some(h), Some(i)) = (self.hashes.get_mut(at), self.ids.get_mut(at)) {
            (*h, *i) = (hash, id);
        }
    }

    fn push(&mut self, entry: (u32, u32)) {
        self.set(usize::from(self.len), entry);
        self.len = self.len.saturating_add(1);
    }

    /// Takes out the last entry. What is beyond the length is never found.
    fn pop(&mut self) -> Option<(u32, u32)> {
        let last = self.entries().last()?;
        self.len = self.len.saturating_sub(1);
        self.set(usize::from(self.len), (0, NONE));
        Some(last)
    }
}

/// Numbers by hash; many may have the same. It grows by one bucket at a time (linear hashing), so that
/// no insertion takes long, and it shrinks again.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// The first bucket of each list.
    buckets: Slab<Bucket>,
    more: Slab<Bucket>,
    len: usize,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { buckets: Slab::new(), more: Slab::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// The list that entries of a hash are in, where there are so many lists.
    #[inline(always)]
    fn list(hash: u32, count: u32) -> u32 {
        let low = (u32::MAX >> 1).checked_shr(count.leading_zeros()).unwrap_or(0);
        let wide = hash & (low << 1 | 1);
        if wide < count { wide } else { hash & low }
    }

    #[inline(always)]
    fn count(&self) -> u32 {
        u32::try_from(self.buckets.len()).unwrap_or(u32::MAX)
    }

    /// The first number of this hash that the function accepts. Every bucket after the first takes a
    /// step.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u32,
        steps: &mut usize,
        mut accepts: impl FnMut(u32) -> bool,
    ) -> Option<u32> {
        let mut bucket = self.buckets.get(Self::list(hash, self.count()))?;
        loop {
            for (&other, &id) in bucket.hashes.iter().zip(&bucket.ids) {
                if other == hash && id != NONE && accepts(id) {
                    return Some(id);
                }
            }
            bucket = self.more.get(bucket.next)?;
            *steps = steps.saturating_sub(1);
        }
    }

    /// Whether so many more entries find their places.
    pub(super) fn has_room(&self, count: usize) -> bool {
        // Each may need a list more, and when that is filled, one of the further buckets.
        let most = count.saturating_mul(2);
        self.buckets.has_room(count) && self.more.has_room(most)
    }

    pub(super) fn insert(&mut self, hash: u32, id: u32) {
        if self.len >= self.buckets.len().saturating_mul(MOST) {
            self.grow();
        }
        self.put((hash, id));
        self.len = self.len.saturating_add(1);
    }

    /// Takes out an entry that is there.
    pub(super) fn remove(&mut self, hash: u32, id: u32) {
        let list = Self::list(hash, self.count());
        let Some(last) = self.pop(list) else { return };
        if last != (hash, id) {
            self.replace(list, (hash, id), last);
        }
        self.len = self.len.saturating_sub(1);
        let lists = self.buckets.len();
        if self.len == 0 || (lists > 1 && self.len < lists.saturating_mul(LEAST)) {
            self.shrink();
        }
    }

    /// Takes the last entry from a list.
    fn pop(&mut self, list: u32) -> Option<(u32, u32)> {
        let first = self.buckets.get_mut(list)?;
        let Some(newest) = self.more.get_mut(first.next) else { return first.pop() };
        let last = newest.pop();
        if newest.len == 0 {
            let next = newest.next;
            self.more.remove(first.next);
            first.next = next;
        }
        last
    }

    /// Puts another entry in the place of one.
    fn replace(&mut self, list: u32, old: (u32, u32), new: (u32, u32)) {
        let mut bucket = self.buckets.get_mut(list);
        while let Some(here) = bucket {
            let at = here.entries().position(|entry| entry == old);
            if let Some(at) = at {
                return here.set(at, new);
            }
            let next = here.next;
            bucket = self.more.get_mut(next);
        }
    }

    /// Puts an entry into its list.
    fn put(&mut self, entry: (u32, u32)) {
        let list = Self::list(entry.0, self.count());
        let Some(first) = self.buckets.get_mut(list) else { return };
        if usize::from(first.len) < ROOM {
            return first.push(entry);
        }
        // The newest of the further buckets is the one with room.
        let next = first.next;
        if let Some(bucket) =
            self.more.get_mut(next).filter(|bucket| usize::from(bucket.len) < ROOM)
        {
            return bucket.push(entry);
        }
        let mut bucket = Bucket { next, ..Bucket::default() };
        bucket.push(entry);
        let next = self.more.insert(bucket);
        if let Some(first) = self.buckets.get_mut(list) {
            first.next = next;
        }
    }

    /// Empties a list.
    fn take(&mut self, list: u32) -> Vec<(u32, u32)> {
        let mut entries = Vec::new();
        let Some(first) = self.buckets.get_mut(list) else { return entries };
        let mut bucket = mem::take(first);
        loop {
            entries.extend(bucket.entries());
            match self.more.remove(bucket.next) {
                Some(next) => bucket = next,
                None => return entries,
            }
        }
    }

    /// Adds a list, and gives it its part of the entries of another one.
    fn grow(&mut self) {
        let count = self.buckets.insert(Bucket::default());
        let list = Self::list(count, count);
        let entries = self.take(list);
        entries.into_iter().for_each(|entry| self.put(entry));
    }

    /// Takes the last list away, and gives its entries back.
    fn shrink(&mut self) {
        let Some(last) = self.count().checked_sub(1) else { return };
        let entries = self.take(last);
        self.buckets.remove(last);
        entries.into_iter().for_each(|entry| self.put(entry));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_a_line() {
        assert_eq!((size_of::<Bucket>(), align_of::<Bucket>()), (64, 64));
    }

    /// The numbers of a hash, as the table finds them.
    fn all(table: &Table, hash: u32) -> Vec<u32> {
        let mut found = Vec::new();
        table.find(hash, &mut 0, |id| {
            found.push(id);
            false
        });
        found.sort_unstable();
        found
    }

    #[test]
    fn entries_come_and_go() {
        // Hashes with nothing in common, few different ones, and ones that end alike.
        let spread = |n: u32| n.wrapping_mul(0x9e37_79b9);
        for hash in [spread, |n| n % 3, |n| n << 12] {
            let mut table = Table::new();
            for n in 0..5_000 {
                table.insert(hash(n), n);
            }
            assert_eq!((table.len(), table.buckets.len()), (5_000, 1_000));
            for n in (0..5_000).step_by(7) {
                let expected: Vec<u32> = (0..5_000).filter(|&m| hash(m) == hash(n)).collect();
                assert_eq!(all(&table, hash(n)), expected);
            }
            for n in 0..5_000 {
                assert_eq!(table.find(hash(n), &mut 0, |id| id == n), Some(n));
                table.remove(hash(n), n);
                assert_eq!(table.find(hash(n), &mut 0, |id| id == n), None);
            }
            assert_eq!((table.len(), table.buckets.len(), table.more.len()), (0, 0, 0));
        }
    }
}
