//! Who has subscribed to one filter.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, btree_map},
    vec::Vec,
};
use core::{mem, slice};

/// What a subscriber keeps at a filter, and at which place of its own list the filter stands.
#[derive(Clone, Debug)]
pub(super) struct Held<V> {
    pub(super) value: V,
    pub(super) place: u32,
}

/// The subscribers of one filter, in the order of their keys. Most filters have one, a few have a
/// great many.
#[derive(Clone, Debug)]
pub(super) enum Members<K, V> {
    Few(Vec<(K, Held<V>)>),
    Many(BTreeMap<K, Held<V>>),
}

/// With more members it is a map.
const FEW: usize = 32;

impl<K, V> Default for Members<K, V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<K: Ord, V> Members<K, V> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(few) => few.len(),
            Self::Many(many) => many.len(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&Held<V>> {
        match self {
            Self::Few(few) => few.get(place(few, key).ok()?).map(|(_, held)| held),
            Self::Many(many) => many.get(key),
        }
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut Held<V>> {
        match self {
            Self::Few(few) => {
                let at = place(few, key).ok()?;
                few.get_mut(at).map(|(_, held)| held)
            }
            Self::Many(many) => many.get_mut(key),
        }
    }

    /// Adds a member that is none yet.
    pub(super) fn insert(&mut self, key: K, held: Held<V>) {
        match self {
            Self::Few(few) if few.len() < FEW => {
                let at = place(few, &key).unwrap_or_else(|at| at);
                few.insert(at.min(few.len()), (key, held));
            }
            Self::Few(few) => {
                // One by one: to sort them at once panics if the order of the keys is none.
                let mut many = BTreeMap::new();
                for (key, held) in mem::take(few) {
                    many.insert(key, held);
                }
                many.insert(key, held);
                *self = Self::Many(many);
            }
            Self::Many(many) => {
                many.insert(key, held);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<Held<V>> {
        match self {
            Self::Few(few) => {
                let at = place(few, key).ok().filter(|&at| at < few.len())?;
                Some(few.remove(at).1)
            }
            Self::Many(many) => {
                let held = many.remove(key);
                // Well below the limit, so that a member that comes and goes does not move all.
                if many.len() <= FEW / 2 {
                    *self = Self::Few(mem::take(many).into_iter().collect());
                }
                held
            }
        }
    }

    pub(super) fn iter(&self) -> MembersIter<'_, K, V> {
        match self {
            Self::Few(few) => MembersIter::Few(few.iter()),
            Self::Many(many) => MembersIter::Many(many.iter()),
        }
    }

    /// The first member whose key is larger, if need be the first of all.
    pub(super) fn after(&self, key: &K) -> Option<(&K, &V)> {
        use core::ops::Bound::{Excluded, Unbounded};
        let next = match self {
            Self::Few(few) => {
                let at = few.partition_point(|(other, _)| other <= key);
                few.get(at).map(|(key, held)| (key, &held.value))
            }
            Self::Many(many) => {
                let mut rest = many.range((Excluded(key), Unbounded));
                rest.next().map(|(key, held)| (key, &held.value))
            }
        };
        next.or_else(|| self.iter().next())
    }
}

fn place<K: Ord, V>(few: &[(K, V)], key: &K) -> Result<usize, usize> {
    few.binary_search_by(|(other, _)| other.cmp(key))
}

/// The members in the order of their keys.
#[derive(Clone, Debug)]
pub(super) enum MembersIter<'t, K, V> {
    One(Option<(&'t K, &'t V)>),
    Few(slice::Iter<'t, (K, Held<V>)>),
    Many(btree_map::Iter<'t, K, Held<V>>),
}

impl<K, V> Default for MembersIter<'_, K, V> {
    fn default() -> Self {
        Self::One(None)
    }
}

impl<'t, K, V> Iterator for MembersIter<'t, K, V> {
    type Item = (&'t K, &'t V);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::One(one) => one.take(),
            Self::Few(few) => few.next().map(|(key, held)| (key, &held.value)),
            Self::Many(many) => many.next().map(|(key, held)| (key, &held.value)),
        }
    }
}

/// Who has subscribed to a filter or to a share of it, and the groups that share the filter.
#[derive(Clone, Debug, Default)]
pub(super) enum Who<K, V> {
    #[default]
    None,
    One(K, Held<V>),
    Many(Box<Crowd<K, V>>),
}

/// More than one subscriber, or groups, or the members of one group.
#[derive(Clone, Debug)]
pub(super) struct Crowd<K, V> {
    members: Members<K, V>,
    shares: BTreeMap<Box<str>, u32>,
    /// The name of the group and the target of the filter, if it is one.
    group: Option<(Box<str>, u32)>,
}

static NO_SHARES: BTreeMap<Box<str>, u32> = BTreeMap::new();

impl<K, V> Who<K, V> {
    /// The name, and the target of the filter, if it is a group.
    pub(super) fn group(&self) -> Option<(&str, u32)> {
        match self {
            Self::Many(crowd) => crowd.group.as_ref().map(|(name, filter)| (&**name, *filter)),
            _ => None,
        }
    }
}

impl<K: Ord, V> Who<K, V> {
    /// A group without members.
    pub(super) fn new_group(name: &str, filter: u32) -> Self {
        let (members, shares) = (Members::default(), BTreeMap::new());
        Self::Many(Box::new(Crowd { members, shares, group: Some((name.into(), filter)) }))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::One(..) => false,
            Self::Many(crowd) => crowd.members.len() == 0 && crowd.shares.is_empty(),
        }
    }

    /// How many subscribers there are, beside those of groups.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(..) => 1,
            Self::Many(crowd) => crowd.members.len(),
        }
    }

    /// The subscriber with the next larger key; after the last one, the first.
    pub(super) fn after(&self, key: &K) -> Option<(&K, &V)> {
        match self {
            Self::Many(crowd) => crowd.members.after(key),
            _ => self.iter().next(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&Held<V>> {
        match self {
            Self::None => None,
            Self::One(one, held) => Some(held).filter(|_| one == key),
            Self::Many(crowd) => crowd.members.get(key),
        }
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut Held<V>> {
        match self {
            Self::None => None,
            Self::One(one, held) => Some(held).filter(|_| one == key),
            Self::Many(crowd) => crowd.members.get_mut(key),
        }
    }

    /// Adds a subscriber that is none yet.
    pub(super) fn insert(&mut self, key: K, held: Held<V>) {
        match self {
            Self::None => *self = Self::One(key, held),
            _ => self.change_crowd(|crowd| crowd.members.insert(key, held)),
        }
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<Held<V>> {
        match self {
            Self::Many(crowd) => crowd.members.remove(key),
            Self::One(one, _) if one == key => match mem::take(self) {
                Self::One(_, held) => Some(held),
                _ => None,
            },
            _ => None,
        }
    }

    /// The groups that share the filter, by name.
    pub(super) fn shares(&self) -> &BTreeMap<Box<str>, u32> {
        match self {
            Self::Many(crowd) => &crowd.shares,
            _ => &NO_SHARES,
        }
    }

    pub(super) fn insert_share(&mut self, name: &str, group: u32) {
        self.change_crowd(|crowd| {
            crowd.shares.insert(name.into(), group);
        });
    }

    pub(super) fn remove_share(&mut self, name: &str) {
        if let Self::Many(crowd) = self {
            crowd.shares.remove(name);
        }
    }

    pub(super) fn iter(&self) -> MembersIter<'_, K, V> {
        match self {
            Self::None => MembersIter::default(),
            Self::One(key, held) => MembersIter::One(Some((key, &held.value))),
            Self::Many(crowd) => crowd.members.iter(),
        }
    }

    /// Changes it as more than one, whatever it is.
    fn change_crowd(&mut self, change: impl FnOnce(&mut Crowd<K, V>)) {
        let mut crowd = match mem::take(self) {
            Self::Many(crowd) => crowd,
            one => {
                let mut members = Members::default();
                if let Self::One(key, held) = one {
                    members.insert(key, held);
                }
                Box::new(Crowd { members, shares: BTreeMap::new(), group: None })
            }
        };
        change(&mut crowd);
        *self = Self::Many(crowd);
    }
}
