//! What is known of the packet identifiers of the peer.

use crate::types::PacketId;
use alloc::collections::VecDeque;

/// Flags by packet identifier, in the order of the identifiers. Peers give them out in that order and
/// mostly come back to them in it, so that a new one comes last and the first is the one to go.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    known: VecDeque<(PacketId, u8)>,
    counted: u16,
    /// How many may be counted; here, where there is room for it.
    pub(super) maximum: u16,
}

/// The flag whose bearers are counted.
pub(super) const COUNTED: u8 = 2;

impl Ids {
    pub(super) const fn new(maximum: u16) -> Self {
        Self { known: VecDeque::new(), counted: 0, maximum }
    }

    /// How many have [`COUNTED`].
    pub(super) fn counted(&self) -> usize {
        usize::from(self.counted)
    }

    /// Where the identifier is, or would be.
    #[inline]
    fn place(&self, id: PacketId) -> Result<usize, usize> {
        match (self.known.front(), self.known.back()) {
            (None, _) => Err(0),
            (_, Some((last, _))) if *last < id => Err(self.known.len()),
            (Some((first, _)), _) if *first == id => Ok(0),
            _ => self.known.binary_search_by_key(&id, |(id, _)| *id),
        }
    }

    /// The flags of an identifier, 0 if nothing is known of it.
    #[inline]
    pub(super) fn get(&self, id: PacketId) -> u8 {
        let place = self.place(id).ok();
        place.and_then(|at| self.known.get(at)).map_or(0, |(_, flags)| *flags)
    }

    pub(super) fn set(&mut self, id: PacketId, flags: u8) {
        let mut old = 0;
        match self.place(id) {
            Ok(at) if flags == 0 => old = self.known.remove(at).map_or(0, |(_, flags)| flags),
            Ok(at) => {
                if let Some((_, place)) = self.known.get_mut(at) {
                    old = core::mem::replace(place, flags);
                }
            }
            Err(at) if flags != 0 => self.known.insert(at.min(self.known.len()), (id, flags)),
            Err(_) => {}
        }
        self.counted = match (old & COUNTED, flags & COUNTED) {
            (0, COUNTED) => self.counted.saturating_add(1),
            (COUNTED, 0) => self.counted.saturating_sub(1),
            _ => self.counted,
        };
    }

    /// Gives back memory that nothing is in.
    pub(super) fn shrink(&mut self) {
        if self.known.is_empty() {
            self.known = VecDeque::new();
        }
    }

    /// All that is known, in the order of the identifiers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PacketId, u8)> {
        self.known.iter().copied()
    }

    /// Takes [`COUNTED`] from all.
    pub(super) fn discount(&mut self) {
        self.counted = 0;
        self.known.iter_mut().for_each(|(_, flags)| *flags &= !COUNTED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    #[test]
    fn what_is_set_is_known() {
        let mut ids = Ids::new(u16::MAX);
        let mut model = BTreeMap::new();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        for _ in 0..5_000 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let id = u16::try_from(random % 300).unwrap().saturating_add(1);
            let id = PacketId::new(id).unwrap();
            let flags = random.to_be_bytes()[0] & 7;
            ids.set(id, flags);
            model.insert(id, flags);
            model.retain(|_, flags| *flags != 0);
            assert_eq!(ids.get(id), flags);
            let counted = model.values().filter(|&&flags| flags & COUNTED != 0).count();
            assert_eq!((ids.counted(), ids.known.len()), (counted, model.len()));
        }
        assert!(ids.iter().eq(model));
    }

    #[test]
    fn the_count_begins_anew() {
        let mut ids = Ids::new(u16::MAX);
        ids.set(PacketId::MIN, COUNTED);
        ids.set(PacketId::MAX, COUNTED | 1);
        ids.discount();
        assert_eq!((ids.counted(), ids.get(PacketId::MIN), ids.get(PacketId::MAX)), (0, 0, 1));
    }
}
