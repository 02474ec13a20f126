//! Subscriptions: many filters, asked with one topic name.

use super::{
    Matches, Share, TopicFilter, TopicName,
    members::Held,
    targets::Targets,
    tree_limits::{TreeError, TreeLimits},
};
use alloc::{collections::BTreeMap, vec::Vec};
use core::{fmt, mem};

/// What a subscription is to: a filter alone, or a filter that is shared with others.
///
/// A [`TopicFilter`] becomes the former even where it begins with `$share/`, since 3.1 and 3.1.1 know
/// no shared subscriptions. For 5.0, use its [`TopicFilter::share`] where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscribedTo<'a> {
    /// Every message that the filter matches.
    Filter(TopicFilter<'a>),
    /// A share of the messages that the filter matches. The others go to other members of the group
    /// of this name and filter.
    Share(Share<'a>),
}

impl<'a> SubscribedTo<'a> {
    /// The filter that topic names have to match.
    pub const fn filter(self) -> TopicFilter<'a> {
        match self {
            Self::Filter(filter) => filter,
            Self::Share(share) => share.filter,
        }
    }

    /// How long the name of the group is.
    const fn group_len(self) -> usize {
        match self {
            Self::Filter(_) => 0,
            Self::Share(share) => share.name.len(),
        }
    }
}

impl<'a> From<TopicFilter<'a>> for SubscribedTo<'a> {
    fn from(filter: TopicFilter<'a>) -> Self {
        Self::Filter(filter)
    }
}

impl<'a> From<Share<'a>> for SubscribedTo<'a> {
    fn from(share: Share<'a>) -> Self {
        Self::Share(share)
    }
}

/// Subscriptions of subscribers `K`, each with a value `V`, to be found by the topic names that their
/// filters match.
///
/// ```
/// use mqtt_pure::{FilterTree, Match, QoS, TopicFilter, TopicName};
///
/// let mut tree = FilterTree::new();
/// tree.insert(TopicFilter::new("site/+/temperature")?, "anna", QoS::AtLeastOnce)?;
/// tree.insert(TopicFilter::new("site/#")?, "anna", QoS::ExactlyOnce)?;
/// tree.insert(TopicFilter::new("site/12/humidity")?, "ben", QoS::AtMostOnce)?;
///
/// let mut found = Vec::new();
/// for subscription in tree.matches(TopicName::new("site/12/temperature")?) {
///     if let Match::Subscriber { key, value } = subscription {
///         found.push((*key, *value));
///     }
/// }
/// assert_eq!(found, [("anna", QoS::ExactlyOnce), ("anna", QoS::AtLeastOnce)]);
///
/// assert_eq!(tree.remove_subscriber(&"anna"), 2);
/// assert_eq!(tree.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Filters are compared byte by byte: an equal filter of the same subscriber replaces its
/// subscription [MQTT-3.8.4-3], and only an equal filter removes it [MQTT-3.10.4-1]. Of filters that
/// overlap, all are found; what is delivered then is the caller's decision [MQTT-3.3.5-1].
///
/// What it takes to insert, to remove and to match depends on the length of the topic, and on how many
/// filters begin alike and have a `+` at the same place, hardly on how many subscriptions there are.
/// No walk uses recursion or allocates. The order in which matches are found depends on the contents
/// alone. The memory of what is removed is used again, and given back when nothing is left.
#[derive(Clone)]
pub struct FilterTree<K, V> {
    targets: Targets<K, V>,
    /// The targets of each subscriber.
    subscribers: BTreeMap<K, Places>,
    limits: TreeLimits,
    len: usize,
}

/// The targets of one subscriber.
#[derive(Clone, Debug)]
enum Places {
    One(u32),
    More(Vec<u32>),
}

impl Places {
    fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(one) => core::slice::from_ref(one),
            Self::More(more) => more,
        }
    }

    fn push(&mut self, target: u32) {
        match self {
            Self::One(one) => *self = Self::More(Vec::from([*one, target])),
            Self::More(more) => {
                if more.len() == more.capacity() {
                    // By half: there are many subscribers, and their lists do not shrink.
                    more.reserve_exact((more.len() >> 1).saturating_add(1));
                }
                more.push(target);
            }
        }
    }

    /// Takes one out; the last one moves to its place.
    fn swap_remove(&mut self, place: usize) {
        match self {
            Self::One(_) => *self = Self::More(Vec::new()),
            Self::More(more) if place < more.len() => {
                more.swap_remove(place);
            }
            Self::More(_) => {}
        }
    }
}

impl<K: Ord + Clone, V> FilterTree<K, V> {
    /// An empty tree with the default limits; see [`Self::with_limits`].
    pub fn new() -> Self {
        Self::with_limits(TreeLimits::new())
    }

    /// An empty tree. With the feature `std` it has a random seed; without, use [`Self::with_seed`]
    /// where strangers subscribe.
    pub fn with_limits(limits: TreeLimits) -> Self {
        #[cfg(feature = "std")]
        let seed = {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(0_u8)
        };
        #[cfg(not(feature = "std"))]
        let seed = 0;
        Self::with_seed(limits, seed)
    }

    /// An empty tree that keeps filters by hashes of this seed. Results do not depend on it.
    ///
    /// Whoever knows the seed can make filters that are all in one place, where each takes longer to
    /// find than the one before.
    pub const fn with_seed(limits: TreeLimits, seed: u64) -> Self {
        Self { targets: Targets::new(seed), subscribers: BTreeMap::new(), limits, len: 0 }
    }

    /// How many subscriptions there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no subscription.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many things the tree keeps for its filters. It is zero when there is no subscription.
    pub fn node_count(&self) -> usize {
        self.targets.node_count()
    }

    /// How many subscriptions the subscriber has.
    pub fn count_of(&self, subscriber: &K) -> usize {
        self.subscribers.get(subscriber).map_or(0, |places| places.as_slice().len())
    }

    /// Adds a subscription, or replaces the value of an equal one, which is returned then.
    ///
    /// An error means that a limit is reached and that nothing has changed. Replacing is possible at
    /// any limit but those of the filter itself.
    pub fn insert<'a>(
        &mut self,
        to: impl Into<SubscribedTo<'a>>,
        subscriber: K,
        value: V,
    ) -> Result<Option<V>, TreeError> {
        let to = to.into();
        self.limits.check(to.filter().as_bytes(), to.group_len())?;
        let places = self.subscribers.get_mut(&subscriber);
        let count = places.as_ref().map_or(0, |places| places.as_slice().len());
        let refused = if count >= self.limits.max_per_subscriber {
            Some(TreeError::SubscriberFull { most: self.limits.max_per_subscriber })
        } else if self.len >= self.limits.max_entries {
            Some(TreeError::Full { len: self.len })
        } else {
            None
        };
        if let Some(error) = refused {
            let old = self.get_mut(to, &subscriber).ok_or(error)?;
            return Ok(Some(mem::replace(old, value)));
        }
        let full = TreeError::Full { len: self.len };
        let place = u32::try_from(count).map_err(|_| full)?;
        let target = self.targets.find_or_make(to).ok_or(full)?;
        let who = self.targets.who_mut(target).ok_or(full)?;
        if let Some(held) = who.get_mut(&subscriber) {
            return Ok(Some(mem::replace(&mut held.value, value)));
        }
        who.insert(subscriber.clone(), Held { value, place });
        match places {
            Some(places) => places.push(target),
            None => {
                self.subscribers.insert(subscriber, Places::One(target));
            }
        }
        self.len = self.len.saturating_add(1);
        Ok(None)
    }

    /// The value of a subscription.
    pub fn get<'a>(&self, to: impl Into<SubscribedTo<'a>>, subscriber: &K) -> Option<&V> {
        let who = self.targets.who(self.targets.find(to.into())?)?;
        who.get(subscriber).map(|held| &held.value)
    }

    /// The value of a subscription, to be changed.
    pub fn get_mut<'a>(
        &mut self,
        to: impl Into<SubscribedTo<'a>>,
        subscriber: &K,
    ) -> Option<&mut V> {
        let target = self.targets.find(to.into())?;
        self.targets.who_mut(target)?.get_mut(subscriber).map(|held| &mut held.value)
    }

    /// Removes a subscription: the one to just this filter, whatever it matches.
    pub fn remove<'a>(&mut self, to: impl Into<SubscribedTo<'a>>, subscriber: &K) -> Option<V> {
        let target = self.targets.find(to.into())?;
        let held = self.targets.who_mut(target)?.remove(subscriber)?;
        let place = usize::try_from(held.place).ok()?;
        if let Some(places) = self.subscribers.get_mut(subscriber) {
            places.swap_remove(place);
            let moved = places.as_slice().get(place).copied();
            if places.as_slice().is_empty() {
                self.subscribers.remove(subscriber);
            }
            let moved = moved.and_then(|moved| self.targets.who_mut(moved));
            if let Some(moved) = moved.and_then(|who| who.get_mut(subscriber)) {
                moved.place = held.place;
            }
        }
        self.len = self.len.saturating_sub(1);
        self.targets.tidy(target);
        Some(held.value)
    }

    /// Removes all subscriptions of a subscriber, and tells how many there were.
    pub fn remove_subscriber(&mut self, subscriber: &K) -> usize {
        let Some(places) = self.subscribers.remove(subscriber) else { return 0 };
        let targets = places.as_slice();
        for &target in targets {
            if let Some(who) = self.targets.who_mut(target) {
                who.remove(subscriber);
            }
            self.targets.tidy(target);
        }
        self.len = self.len.saturating_sub(targets.len());
        targets.len()
    }

    /// The subscriptions whose filter matches the name. At each level, filters that end with `#` there
    /// come first, then those with a `+`, then those with the level itself; of one filter first its
    /// own subscribers in the order of their keys, then the groups that share it in the order of their
    /// names.
    ///
    /// Hostile filters can make this long, for a name of `n` levels up to `2^n` steps, within the
    /// limits of the tree: [`Matches::within`] bounds the work.
    pub fn matches<'t, 'n>(&'t self, name: TopicName<'n>) -> Matches<'t, 'n, K, V> {
        Matches::new(&self.targets, name)
    }

    /// Calls the function with every subscription: filter by filter, in the order in which they came
    /// as long as none was removed.
    pub fn for_each(&self, mut call: impl FnMut(SubscribedTo<'_>, &K, &V)) {
        for target in self.targets.iter() {
            let to = self.targets.subscribed_to(target);
            target.who.iter().for_each(|(key, value)| call(to, key, value));
        }
    }

    /// Calls the function with every subscription of one subscriber, in the order in which they came
    /// as long as none was removed.
    pub fn for_each_of(&self, subscriber: &K, mut call: impl FnMut(SubscribedTo<'_>, &V)) {
        let places = self.subscribers.get(subscriber).map_or(&[][..], Places::as_slice);
        for target in places.iter().filter_map(|&target| self.targets.get(target)) {
            if let Some(held) = target.who.get(subscriber) {
                call(self.targets.subscribed_to(target), &held.value);
            }
        }
    }
}

impl<K: Ord + Clone, V> Default for FilterTree<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// Tells how much there is, not what.
impl<K, V> fmt::Debug for FilterTree<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subscribers = self.subscribers.len();
        f.debug_struct("FilterTree")
            .field("len", &self.len)
            .field("subscribers", &subscribers)
            .finish_non_exhaustive()
    }
}
