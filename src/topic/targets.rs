//! Filters and those who asked for them.

use super::{
    Share, SubscribedTo, TopicFilter, TopicName,
    members::Who,
    tree::{NONE, Place, Runs, Slab, Visit},
};
use crate::wire::Text;
use alloc::boxed::Box;

/// Filters and those who asked for them, by number.
#[derive(Clone)]
pub(super) struct Targets<K, V> {
    filters: Runs,
    targets: Slab<Target<K, V>>,
    /// Filters that are too long for their targets.
    long: Slab<Box<[u8]>>,
}

impl<K: Ord, V> Targets<K, V> {
    pub(super) const fn new(seed: u64) -> Self {
        Self { filters: Runs::new(seed), targets: Slab::new(), long: Slab::new() }
    }

    /// How many things there are that come with filters and go with them.
    pub(super) fn node_count(&self) -> usize {
        self.targets.len().saturating_add(self.filters.node_count())
    }

    pub(super) fn visit<'t, 'n>(&'t self, name: TopicName<'n>) -> Visit<'t, 'n> {
        Visit::new(&self.filters, name.as_bytes())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Target<K, V>> {
        self.targets.iter()
    }

    #[inline(always)]
    pub(super) fn get(&self, target: u32) -> Option<&Target<K, V>> {
        self.targets.get(target)
    }

    #[inline(always)]
    pub(super) fn who(&self, target: u32) -> Option<&Who<K, V>> {
        self.targets.get(target).map(|target| &target.who)
    }

    pub(super) fn who_mut(&mut self, target: u32) -> Option<&mut Who<K, V>> {
        self.targets.get_mut(target).map(|target| &mut target.who)
    }

    /// What a subscription is to that is part of a target.
    pub(super) fn subscribed_to<'t>(&'t self, target: &'t Target<K, V>) -> SubscribedTo<'t> {
        match target.who.group() {
            Some((name, filter)) => {
                let filter = self.targets.get(filter).map_or(&[][..], |plain| self.text(plain));
                let name = Text::from_checked(name.as_bytes());
                SubscribedTo::Share(Share { name, filter: TopicFilter::from_checked(filter) })
            }
            None => SubscribedTo::Filter(TopicFilter::from_checked(self.text(target))),
        }
    }

    /// The filter of a target that is no group.
    #[inline(always)]
    fn text<'t>(&'t self, target: &'t Target<K, V>) -> &'t [u8] {
        match target.text.get(..usize::from(target.len)) {
            Some(short) => short,
            None => self.long.get(target.long()).map_or(&[], |long| long),
        }
    }

    /// Whether a target is of this filter.
    fn is_of(&self, target: u32, filter: &[u8]) -> bool {
        self.targets.get(target).is_some_and(|target| self.text(target) == filter)
    }

    /// Those who asked for a filter, and whether it is found at this place and matches the name.
    #[inline(always)]
    pub(super) fn is_match(&self, target: u32, place: &Place, name: TopicName<'_>) -> bool {
        let Some(target) = self.targets.get(target) else { return false };
        if (target.branch, target.levels) != (place.branch, place.levels) {
            return false;
        }
        let text = self.text(target);
        match place.is_plain() {
            true => text == name.as_bytes(),
            // A filter has one place only: where hashes are equal by chance, it is not found twice.
            false => {
                text.ends_with(b"#") == place.is_rest()
                    && TopicFilter::from_checked(text).matches(name)
            }
        }
    }

    /// The target that a subscription is part of, if there is one.
    pub(super) fn find(&self, to: SubscribedTo<'_>) -> Option<u32> {
        let filter = to.filter().as_bytes();
        let place = self.filters.place(filter)?;
        let target = self.filters.find(&place, &mut 0, |id| self.is_of(id, filter))?;
        match to {
            SubscribedTo::Filter(_) => Some(target),
            SubscribedTo::Share(share) => {
                self.who(target)?.shares().get(share.name.as_str()).copied()
            }
        }
    }

    /// The same, made if need be: `None` if there is no room for it.
    pub(super) fn find_or_make(&mut self, to: SubscribedTo<'_>) -> Option<u32> {
        if !self.targets.has_room(2) || !self.long.has_room(1) {
            return None;
        }
        let filter = to.filter().as_bytes();
        let place = self.filters.make_place(filter)?;
        let plain = match self.filters.find(&place, &mut 0, |id| self.is_of(id, filter)) {
            Some(plain) => plain,
            None => {
                let mut target = Target { branch: place.branch, ..Target::default() };
                target.levels = place.levels;
                match target.text.get_mut(..filter.len()) {
                    Some(text) => {
                        text.copy_from_slice(filter);
                        target.len = u8::try_from(filter.len()).unwrap_or(LONG);
                    }
                    None => target.set_long(self.long.insert(filter.into())),
                }
                let plain = self.targets.insert(target);
                self.filters.insert(&place, plain);
                plain
            }
        };
        let SubscribedTo::Share(share) = to else { return Some(plain) };
        let name = share.name.as_str();
        if let Some(&group) = self.who(plain)?.shares().get(name) {
            return Some(group);
        }
        let who = Who::new_group(name, plain);
        let group = self.targets.insert(Target { who, ..Target::default() });
        self.targets.get_mut(plain)?.who.insert_share(name, group);
        Some(group)
    }

    /// Takes away what has no subscriber any more.
    pub(super) fn tidy(&mut self, target: u32) {
        if !self.who(target).is_some_and(Who::is_empty) {
            return;
        }
        let Some(group) = self.who(target).and_then(Who::group).map(|(_, plain)| plain) else {
            return self.remove_filter(target);
        };
        if let Some(removed) = self.targets.remove(target)
            && let Some((name, _)) = removed.who.group()
            && let Some(plain) = self.targets.get_mut(group)
        {
            plain.who.remove_share(name);
            if plain.who.is_empty() {
                self.remove_filter(group);
            }
        }
    }

    fn remove_filter(&mut self, id: u32) {
        let Some(target) = self.targets.get(id) else { return };
        if let Some(place) = self.filters.place(self.text(target)) {
            self.filters.remove(&place, id);
        }
        if let Some(target) = self.targets.remove(id)
            && target.len == LONG
        {
            self.long.remove(target.long());
        }
    }
}

/// Those who asked for one filter, or for one share of it.
#[derive(Clone, Debug)]
pub(super) struct Target<K, V> {
    pub(super) who: Who<K, V>,
    /// Where the filter is among all filters.
    branch: u32,
    levels: u32,
    /// How long the filter is, or [`LONG`].
    len: u8,
    /// The filter, or the number of the long one. With keys and values of up to five bytes, a target is
    /// as large as a line of the cache.
    text: [u8; SHORT],
}

const SHORT: usize = 39;
const LONG: u8 = u8::MAX;

impl<K, V> Target<K, V> {
    fn long(&self) -> u32 {
        self.text.first_chunk().map_or(NONE, |number| u32::from_ne_bytes(*number))
    }

    fn set_long(&mut self, number: u32) {
        self.len = LONG;
        if let Some(place) = self.text.first_chunk_mut() {
            *place = number.to_ne_bytes();
        }
    }
}

impl<K, V> Default for Target<K, V> {
    fn default() -> Self {
        Self { who: Who::None, branch: NONE, levels: 0, len: 0, text: [0; SHORT] }
    }
}
