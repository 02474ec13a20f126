//! What is known of the packet identifiers of the peer.

use crate::types::PacketId;
use alloc::{boxed::Box, vec, vec::Vec};

/// Flags by packet identifier. Few of them take little memory, many of them no more time.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    known: Known,
    len: usize,
    counted: usize,
}

#[derive(Clone, Debug)]
enum Known {
    Few(Vec<(PacketId, u8)>),
    /// By identifier.
    Many(Box<[u8]>),
}

/// So many are searched one by one.
const FEW: usize = 32;

/// The flag whose bearers are counted.
pub(super) const COUNTED: u8 = 2;

impl Ids {
    pub(super) const fn new() -> Self {
        Self { known: Known::Few(Vec::new()), len: 0, counted: 0 }
    }

    /// How many have [`COUNTED`].
    pub(super) const fn counted(&self) -> usize {
        self.counted
    }

    /// The flags of an identifier, 0 if nothing is known of it.
    pub(super) fn get(&self, id: PacketId) -> u8 {
        match &self.known {
            Known::Few(few) => few.iter().find(|(other, _)| *other == id).map_or(0, |few| few.1),
            Known::Many(many) => many.get(usize::from(id.get())).copied().unwrap_or(0),
        }
    }

    pub(super) fn set(&mut self, id: PacketId, flags: u8) {
        let old = self.put(id, flags);
        self.len = match (old, flags) {
            (0, 1..) => self.len.saturating_add(1),
            (1.., 0) => self.len.saturating_sub(1),
            _ => self.len,
        };
        self.counted = match (old & COUNTED, flags & COUNTED) {
            (0, COUNTED) => self.counted.saturating_add(1),
            (COUNTED, 0) => self.counted.saturating_sub(1),
            _ => self.counted,
        };
        match &self.known {
            Known::Few(few) if few.len() > FEW => {
                let mut many = vec![0; usize::from(u16::MAX).saturating_add(1)];
                for &(id, flags) in few {
                    if let Some(place) = many.get_mut(usize::from(id.get())) {
                        *place = flags;
                    }
                }
                self.known = Known::Many(many.into());
            }
            // Well below, so that one that comes and goes does not move all.
            Known::Many(_) if self.len < FEW / 4 => {
                self.known = Known::Few(self.iter().collect());
            }
            _ => {}
        }
    }

    /// Puts flags in the place of others, which are returned.
    fn put(&mut self, id: PacketId, flags: u8) -> u8 {
        match &mut self.known {
            Known::Few(few) => match few.iter().position(|(other, _)| *other == id) {
                Some(at) if flags == 0 => few.swap_remove(at).1,
                Some(at) => few.get_mut(at).map_or(0, |few| core::mem::replace(&mut few.1, flags)),
                None => {
                    if flags != 0 {
                        few.push((id, flags));
                    }
                    0
                }
            },
            Known::Many(many) => {
                let place = many.get_mut(usize::from(id.get()));
                place.map_or(0, |place| core::mem::replace(place, flags))
            }
        }
    }

    /// All that is known.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PacketId, u8)> {
        let (few, many): (&[_], &[_]) = match &self.known {
            Known::Few(few) => (few, &[]),
            Known::Many(many) => (&[], many),
        };
        let many = (0..=u16::MAX).zip(many).filter(|&(_, &flags)| flags != 0);
        let many = many.filter_map(|(id, &flags)| Some((PacketId::new(id)?, flags)));
        few.iter().copied().chain(many)
    }

    /// Takes [`COUNTED`] from all.
    pub(super) fn discount(&mut self) {
        self.counted = 0;
        match &mut self.known {
            Known::Few(few) => few.iter_mut().for_each(|(_, flags)| *flags &= !COUNTED),
            Known::Many(many) => many.iter_mut().for_each(|flags| *flags &= !COUNTED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    #[test]
    fn few_and_many_are_known_alike() {
        let mut ids = Ids::new();
        let mut model = BTreeMap::new();
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        // First few, then many, then few again.
        for (round, spread) in [20_u64, 65_535, 40].into_iter().enumerate() {
            for _ in 0..5_000 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let id = u16::try_from(random % spread).unwrap_or(0).saturating_add(1);
                let id = PacketId::new(id).unwrap();
                let flags = if round == 2 { 0 } else { random.to_be_bytes()[0] & 7 };
                ids.set(id, flags);
                model.insert(id, flags);
                model.retain(|_, flags| *flags != 0);
                assert_eq!((ids.get(id), ids.len), (flags, model.len()));
            }
            let counted = model.values().filter(|&&flags| flags & COUNTED != 0).count();
            assert_eq!(
                (ids.counted(), ids.iter().collect::<BTreeMap<_, _>>()),
                (counted, model.clone())
            );
            assert_eq!(matches!(ids.known, Known::Many(_)), round != 0);
        }
        for id in model.keys() {
            ids.set(*id, 0);
        }
        assert!(matches!(&ids.known, Known::Few(few) if few.is_empty()));
    }

    #[test]
    fn the_count_begins_anew() {
        let mut ids = Ids::new();
        ids.set(PacketId::MIN, COUNTED);
        ids.set(PacketId::MAX, COUNTED | 1);
        ids.discount();
        assert_eq!((ids.counted(), ids.get(PacketId::MIN), ids.get(PacketId::MAX)), (0, 0, 1));
    }
}
