//! What a topic name finds among subscriptions.

use super::{
    TopicName,
    members::{MembersIter, Who},
    targets::Targets,
    tree::{OutOfSteps, Visit, Walk, Within},
};
use alloc::{boxed::Box, collections::BTreeMap, collections::btree_map};
use core::fmt;

/// What a topic name has found: a subscriber, or a group that shares the messages.
#[derive(Clone, Copy, Debug)]
pub enum Match<'t, K, V> {
    /// A subscription.
    Subscriber {
        /// Whose it is.
        key: &'t K,
        /// What was kept with it.
        value: &'t V,
    },
    /// A group of shared subscriptions. One of its members is to have the message [MQTT-4.8.2-4].
    Group(ShareGroup<'t, K, V>),
}

/// The members of a shared subscription: of one name, and one filter. It has at least one.
pub struct ShareGroup<'t, K, V> {
    who: &'t Who<K, V>,
    id: u32,
}

impl<'t, K: Ord, V> ShareGroup<'t, K, V> {
    /// Its name.
    pub fn name(&self) -> &'t str {
        self.who.group().map_or("", |(name, _)| name)
    }

    /// How many members it has.
    pub fn len(&self) -> usize {
        self.who.len()
    }

    /// Never so: a group without members is no group.
    pub fn is_empty(&self) -> bool {
        self.who.is_empty()
    }

    /// The members, in the order of their keys.
    pub fn members(&self) -> impl Iterator<Item = (&'t K, &'t V)> + use<'t, K, V> {
        self.who.iter()
    }

    /// The member with the next larger key than this one, which need not be a member; after the last
    /// member, the first one.
    pub fn after(&self, key: &K) -> Option<(&'t K, &'t V)> {
        self.who.after(key)
    }
}

impl<K, V> Clone for ShareGroup<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for ShareGroup<'_, K, V> {}

impl<K, V> fmt::Debug for ShareGroup<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareGroup")
            .field("name", &self.who.group().map(|(name, _)| name))
            .finish_non_exhaustive()
    }
}

/// The subscriptions that match a topic name, made by
/// [`FilterTree::matches`](crate::FilterTree::matches).
#[derive(Clone)]
pub struct Matches<'t, 'n, K, V> {
    targets: &'t Targets<K, V>,
    visit: Visit<'t, 'n>,
    name: TopicName<'n>,
    /// Those who wait for their turn, all of one filter.
    members: MembersIter<'t, K, V>,
    groups: btree_map::Values<'t, Box<str>, u32>,
}

impl<'t, 'n, K: Ord, V> Matches<'t, 'n, K, V> {
    pub(super) fn new(targets: &'t Targets<K, V>, name: TopicName<'n>) -> Self {
        let (members, groups) = (MembersIter::default(), btree_map::Values::default());
        Self { targets, visit: targets.visit(name), name, members, groups }
    }

    /// The same with a budget: at most so many times a filter is looked up; 128 bytes of
    /// the name count as much.
    ///
    /// ```
    /// use mqtt_pure::{FilterTree, OutOfSteps, TopicFilter, TopicName};
    ///
    /// let mut tree = FilterTree::new();
    /// for (client, filter) in ["a/b", "+/b", "a/+", "+/+"].into_iter().enumerate() {
    ///     tree.insert(TopicFilter::new(filter)?, client, ())?;
    /// }
    /// let mut found = 0;
    /// let mut matches = tree.matches(TopicName::new("a/b")?).within(4);
    /// let error = loop {
    ///     match matches.next() {
    ///         Some(Ok(_)) => found += 1,
    ///         Some(Err(error)) => break error,
    ///         None => unreachable!("four steps are not enough"),
    ///     }
    /// };
    /// assert_eq!((found, error), (2, OutOfSteps));
    ///
    /// matches.grant(100);
    /// assert_eq!(matches.count(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn within(self, steps: usize) -> Within<Self> {
        Within::new(self, steps)
    }
}

impl<'t, K: Ord, V> Walk for Matches<'t, '_, K, V> {
    type Item = Match<'t, K, V>;

    fn step(&mut self) -> Option<Result<Self::Item, OutOfSteps>> {
        loop {
            if let Some((key, value)) = self.members.next() {
                return Some(Ok(Match::Subscriber { key, value }));
            }
            if let Some(&id) = self.groups.next() {
                if let Some(who) = self.targets.who(id) {
                    return Some(Ok(Match::Group(ShareGroup { who, id })));
                }
                continue;
            }
            let Self { targets, name, .. } = self;
            let found = self.visit.next(|id, place| targets.is_match(id, place, *name));
            let id = match found? {
                Ok(id) => id,
                Err(error) => return Some(Err(error)),
            };
            match self.targets.who(id) {
                None | Some(Who::None) => {}
                Some(Who::One(key, held)) => {
                    let value = &held.value;
                    return Some(Ok(Match::Subscriber { key, value }));
                }
                Some(who @ Who::Many(_)) => {
                    (self.members, self.groups) = (who.iter(), who.shares().values());
                }
            }
        }
    }

    fn steps_mut(&mut self) -> &mut usize {
        &mut self.visit.steps
    }
}

impl<'t, K: Ord, V> Iterator for Matches<'t, '_, K, V> {
    type Item = Match<'t, K, V>;

    fn next(&mut self) -> Option<Self::Item> {
        // There are fewer nodes than steps.
        self.step()?.ok()
    }
}

impl<K, V> fmt::Debug for Matches<'_, '_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matches").finish_non_exhaustive()
    }
}

/// A fair choice among the members of shared subscriptions: each has its turn, in the order of their
/// keys, group by group.
///
/// It keeps the member of the last turn of each group, also when the group is gone, until another one
/// takes its place: at most as many as there were different filters at one time. Use it with one tree.
///
/// ```
/// use mqtt_pure::{FilterTree, Match, RoundRobin, TopicFilter, TopicName};
///
/// let share = TopicFilter::new("$share/workers/jobs/+")?.share().ok_or("not shared")?;
/// let mut tree = FilterTree::new();
/// for client in ["anna", "ben", "cleo"] {
///     tree.insert(share, client, ())?;
/// }
/// let mut turns = RoundRobin::new();
/// let mut chosen = Vec::new();
/// for job in ["jobs/1", "jobs/2", "jobs/3", "jobs/4"] {
///     for found in tree.matches(TopicName::new(job)?) {
///         if let Match::Group(group) = found {
///             // Cleo is not there.
///             chosen.extend(turns.choose(&group, |client, _| *client != "cleo"));
///         }
///     }
/// }
/// assert_eq!(chosen.iter().map(|(client, _)| **client).collect::<String>(), "annabenannaben");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RoundRobin<K> {
    last: BTreeMap<u32, K>,
}

impl<K: Ord + Clone> RoundRobin<K> {
    /// Nobody has had a turn.
    pub const fn new() -> Self {
        Self { last: BTreeMap::new() }
    }

    /// Forgets all turns.
    pub fn clear(&mut self) {
        self.last.clear();
    }

    /// The member whose turn it is, of those that the function accepts; `None` if it accepts none.
    pub fn choose<'t, V>(
        &mut self,
        group: &ShareGroup<'t, K, V>,
        mut accepts: impl FnMut(&K, &V) -> bool,
    ) -> Option<(&'t K, &'t V)> {
        let mut next = match self.last.get(&group.id) {
            Some(last) => group.after(last),
            None => group.members().next(),
        };
        for _ in 0..group.len() {
            let (key, value) = next?;
            if accepts(key, value) {
                self.last.insert(group.id, key.clone());
                return Some((key, value));
            }
            next = group.after(key);
        }
        None
    }
}

impl<K: Ord + Clone> Default for RoundRobin<K> {
    fn default() -> Self {
        Self::new()
    }
}
