//! The indexes of topics against lists that are searched from end to end.

use super::matching::is_match;
use arbitrary::Unstructured;
use mqtt_pure::{FilterTree, Match, SubscribedTo, TopicCursor, TopicFilter, TopicName, TopicTree};
use std::collections::{BTreeMap, BTreeSet};

/// Levels that meet often, and some that fill more than a word, a label or a target.
pub const LEVELS: [&str; 14] = [
    "a",
    "b",
    "",
    "a",
    "b",
    "$x",
    "é",
    "ab",
    "abcdefgh",
    "abcdefghi",
    "level-of-eighteen.",
    "a-level-that-is-longer-than-what-fits-into-one-target",
    "+",
    "+",
];

/// How many of them are in names too.
pub const IN_NAMES: usize = 12;

/// The names of groups; most subscriptions are in none.
pub const SHARES: [Option<&str>; 5] = [None, None, None, Some("g"), Some("h")];

#[derive(Clone, Debug)]
pub enum Change {
    Insert(String, Option<&'static str>, u8, u32),
    Remove(String, Option<&'static str>, u8),
    RemoveNth(usize),
    RemoveSubscriber(u8),
}

/// A subscription: filter, name of the group, subscriber.
pub type Key = (String, Option<String>, u8);

fn key_of(to: SubscribedTo<'_>, key: u8) -> Key {
    let group = match to {
        SubscribedTo::Filter(_) => None,
        SubscribedTo::Share(share) => Some(share.name.as_str().to_owned()),
    };
    (to.filter().as_str().to_owned(), group, key)
}

/// Calls the function with the subscription of a key.
pub fn with<T>(filter: &str, share: Option<&str>, then: impl FnOnce(SubscribedTo<'_>) -> T) -> T {
    match share {
        None => then(TopicFilter::new(filter).unwrap().into()),
        Some(name) => {
            let text = format!("$share/{name}/{filter}");
            then(TopicFilter::new(&text).unwrap().share().unwrap().into())
        }
    }
}

/// The tree and the list that it is held against.
#[derive(Default)]
pub struct Both {
    pub tree: FilterTree<u8, u32>,
    pub list: BTreeMap<Key, u32>,
}

impl Both {
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Insert(filter, share, key, value) => {
                let old = with(filter, *share, |to| self.tree.insert(to, *key, *value));
                let id = (filter.clone(), share.map(str::to_owned), *key);
                assert_eq!(old, Ok(self.list.insert(id, *value)));
            }
            Change::Remove(filter, share, key) => {
                let old = with(filter, *share, |to| self.tree.remove(to, key));
                let id = (filter.clone(), share.map(str::to_owned), *key);
                assert_eq!(old, self.list.remove(&id));
            }
            Change::RemoveNth(nth) if !self.list.is_empty() => {
                let id = self.list.keys().nth(nth % self.list.len()).unwrap().clone();
                let old = with(&id.0, id.1.as_deref(), |to| self.tree.remove(to, &id.2));
                assert_eq!(old, self.list.remove(&id));
            }
            Change::RemoveNth(_) => {}
            Change::RemoveSubscriber(key) => {
                let count = self.list.len();
                self.list.retain(|(_, _, other), _| other != key);
                assert_eq!(self.tree.remove_subscriber(key), count - self.list.len());
            }
        }
    }

    pub fn check(&self) {
        assert_eq!(self.tree.len(), self.list.len());
        assert_eq!(self.tree.node_count() == 0, self.list.is_empty());
        let mut all = BTreeMap::new();
        self.tree.for_each(|to, key, value| {
            assert_eq!(all.insert(key_of(to, *key), *value), None);
        });
        assert_eq!(all, self.list);
        for key in 0..6 {
            let mut own = BTreeMap::new();
            self.tree.for_each_of(&key, |to, value| {
                assert_eq!(own.insert(key_of(to, key), *value), None);
            });
            assert_eq!(self.tree.count_of(&key), own.len());
            all.retain(|id, value| own.get(id) != Some(value));
        }
        assert!(all.is_empty(), "{all:?} belongs to nobody");
        for ((filter, share, key), value) in &self.list {
            let found = with(filter, share.as_deref(), |to| self.tree.get(to, key));
            assert_eq!(found, Some(value));
        }
    }

    /// What a name finds: subscribers with their values, and groups with their members.
    pub fn check_matches(&self, name: &str) {
        let mut expected = BTreeMap::new();
        for ((filter, share, key), value) in &self.list {
            if is_match(filter, name) {
                let group = share.as_ref().map(|share| (filter.clone(), share.clone()));
                expected.entry(group).or_insert_with(Vec::new).push((*key, *value));
            }
        }
        let mut plain = expected.remove(&None).unwrap_or_default();
        let mut groups: Vec<(String, Vec<(u8, u32)>)> =
            expected.into_iter().map(|(group, members)| (group.unwrap().1, members)).collect();
        let (mut found, mut found_groups) = (Vec::new(), Vec::new());
        for one in self.tree.matches(TopicName::new(name).unwrap()) {
            match one {
                Match::Subscriber { key, value } => found.push((*key, *value)),
                Match::Group(group) => {
                    let members: Vec<_> = group.members().map(|(k, v)| (*k, *v)).collect();
                    assert_eq!(group.len(), members.len());
                    found_groups.push((group.name().to_owned(), members));
                }
            }
        }
        plain.sort_unstable();
        found.sort_unstable();
        groups.sort_unstable();
        found_groups.sort_unstable();
        assert_eq!((found, found_groups), (plain, groups), "{name}");
    }
}

/// Runs changes, then questions.
pub fn topics(data: &[u8]) {
    // When the bytes are used up, so is the input.
    let _ = run(&mut Unstructured::new(data));
}

fn run(u: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut both = Both::default();
    let (mut tree, mut list) = (TopicTree::new(), BTreeMap::new());
    let mut walk = Walk::default();
    walk.begin("#".to_owned(), &list);
    while !u.is_empty() {
        match u.int_in_range(0..=7)? {
            0..=2 => {
                let (filter, share) = (filter(u)?, *u.choose(&SHARES)?);
                both.apply(&Change::Insert(filter, share, u.int_in_range(0..=5)?, u.arbitrary()?));
            }
            3 => both.apply(&Change::RemoveNth(u.arbitrary()?)),
            4 if u.ratio(1, 4)? => both.apply(&Change::RemoveSubscriber(u.int_in_range(0..=5)?)),
            4 => {
                let (filter, share) = (filter(u)?, *u.choose(&SHARES)?);
                both.apply(&Change::Remove(filter, share, u.int_in_range(0..=5)?));
            }
            5 => {
                let name = name(u)?;
                let (key, value) = (TopicName::new(&name).unwrap(), u.arbitrary::<u32>()?);
                match u.arbitrary()? {
                    true => {
                        assert_eq!(tree.insert(key, value), Ok(list.insert(name.clone(), value)))
                    }
                    false => {
                        assert_eq!(tree.remove(key), list.remove(&name));
                        walk.owed.remove(&name);
                    }
                }
            }
            6 => {
                let name = name(u)?;
                both.check_matches(&name);
                let filter = filter(u)?;
                let found = tree.matches(TopicFilter::new(&filter).unwrap());
                let found: Vec<_> = found.map(|entry| (entry.name(), *entry.value)).collect();
                let expected = list.clone().into_iter().filter(|(name, _)| is_match(&filter, name));
                assert_eq!(found, expected.collect::<Vec<_>>());
            }
            _ if walk.cursor.is_done() => walk.begin(filter(u)?, &list),
            _ => walk.go_on(&tree, u.int_in_range(1..=9)?),
        }
    }
    both.check();
    let all: Vec<_> = tree.iter().map(|entry| (entry.name(), *entry.value)).collect();
    assert_eq!(all, list.clone().into_iter().collect::<Vec<_>>());
    for key in 0..6 {
        both.apply(&Change::RemoveSubscriber(key));
    }
    both.check();
    for name in list.keys() {
        tree.remove(TopicName::new(name).unwrap());
    }
    assert_eq!((tree.len(), tree.node_count()), (0, 0));
    Ok(())
}

/// A walk through the names in parts, between which they change.
#[derive(Default)]
struct Walk {
    filter: String,
    cursor: TopicCursor,
    last: String,
    /// The names that were there from the beginning, and are not yet visited.
    owed: BTreeSet<String>,
}

impl Walk {
    fn begin(&mut self, filter: String, names: &BTreeMap<String, u32>) {
        let owed = names.keys().filter(|name| is_match(&filter, name)).cloned().collect();
        *self = Self { filter, owed, ..Self::default() };
    }

    fn go_on(&mut self, tree: &TopicTree<u32>, steps: usize) {
        let filter = TopicFilter::new(&self.filter).unwrap();
        let mut some = tree.matches(filter).after(&self.cursor).within(steps);
        while let Some(Ok(entry)) = some.next() {
            let name = entry.name();
            assert!(name > self.last, "{name:?} after {:?}", self.last);
            self.owed.remove(&name);
            self.last = name;
        }
        let next = some.walk().cursor();
        assert!(next != self.cursor, "no way ahead");
        self.cursor = next;
        if self.cursor.is_done() {
            assert_eq!(self.owed, BTreeSet::new());
        }
    }
}

fn name(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let count = u.int_in_range(1..=4)?;
    let levels = (0..count).map(|_| u.choose(&LEVELS[..IN_NAMES]).copied());
    let name = levels.collect::<arbitrary::Result<Vec<_>>>()?.join("/");
    Ok(if name.is_empty() { "/".to_owned() } else { name })
}

fn filter(u: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let count = u.int_in_range(1..=4)?;
    let levels = (0..count).map(|_| u.choose(&LEVELS).copied());
    let mut levels = levels.collect::<arbitrary::Result<Vec<_>>>()?;
    if u.ratio(1, 3)? {
        levels.push("#");
    }
    let filter = levels.join("/");
    Ok(if filter.is_empty() { "#".to_owned() } else { filter })
}
