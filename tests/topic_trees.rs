//! The indexes of topics, held against a list that is searched from end to end.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "../fuzz/src/matching.rs"]
mod matching;
#[path = "../fuzz/src/topics.rs"]
mod topics;

use matching::is_match;
use mqtt_pure::{
    FilterTree, Match, OutOfSteps, RoundRobin, TopicCursor, TopicFilter, TopicName, TopicTree,
    TreeError, TreeLimits,
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    thread,
};
use topics::{Both, Change, IN_NAMES, LEVELS, SHARES, with};

fn level() -> impl Strategy<Value = &'static str> {
    select(&LEVELS[..IN_NAMES])
}

fn name() -> impl Strategy<Value = String> {
    vec(level(), 1..5).prop_map(|levels| levels.join("/")).prop_filter("empty", |n| !n.is_empty())
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => level(), 2 => Just("+")];
    (vec(level, 0..5), any::<bool>())
        .prop_map(|(mut levels, has_rest)| {
            if has_rest {
                levels.push("#");
            }
            levels.join("/")
        })
        .prop_filter("empty", |filter| !filter.is_empty())
}

fn change() -> impl Strategy<Value = Change> {
    let share = || select(&SHARES[..]);
    prop_oneof![
        8 => (filter(), share(), 0..6_u8, any::<u32>())
            .prop_map(|(filter, share, key, value)| Change::Insert(filter, share, key, value)),
        1 => (filter(), share(), 0..6_u8)
            .prop_map(|(filter, share, key)| Change::Remove(filter, share, key)),
        4 => any::<usize>().prop_map(Change::RemoveNth),
        1 => (0..6_u8).prop_map(Change::RemoveSubscriber),
    ]
}

/// What a name finds, in this order.
fn order(tree: &FilterTree<u8, u32>, name: &str) -> Vec<String> {
    let matches = tree.matches(TopicName::new(name).unwrap());
    matches.map(|found| format!("{found:?}")).collect()
}

proptest! {
    #[test]
    fn filters_are_found_as_in_a_list(
        changes in vec(change(), 1..60),
        names in vec(name(), 1..12),
    ) {
        let mut both = Both::default();
        for change in &changes {
            both.apply(change);
        }
        both.check();
        for name in &names {
            both.check_matches(name);
        }
        for (filter, _, _) in both.list.keys().cloned().collect::<Vec<_>>() {
            // A name that the filter matches, unless it begins with `$`.
            both.check_matches(&filter.replace(['+', '#'], "a"));
            both.check_matches(&format!("{}/b", filter.replace(['+', '#'], "b")));
        }
        for key in 0..6 {
            both.apply(&Change::RemoveSubscriber(key));
        }
        both.check();
    }

    #[test]
    fn the_order_depends_on_the_contents_alone(
        changes in vec(change(), 1..60),
        names in vec(name(), 1..6),
    ) {
        let mut both = Both::default();
        for change in &changes {
            both.apply(change);
        }
        // The same contents in another order, under another seed.
        let mut other = FilterTree::with_seed(TreeLimits::new(), 42);
        for ((filter, share, key), value) in both.list.iter().rev() {
            with(filter, share.as_deref(), |to| other.insert(to, *key, *value)).unwrap();
        }
        for name in &names {
            prop_assert_eq!(order(&both.tree, name), order(&other, name));
        }
    }

    #[test]
    fn a_budget_cuts_no_match_short(
        filters in vec(filter(), 1..40),
        name in name(),
        budget in 0..4_usize,
    ) {
        let mut tree = FilterTree::new();
        for (key, filter) in filters.iter().enumerate() {
            tree.insert(TopicFilter::new(filter).unwrap(), key, ()).unwrap();
        }
        let name = TopicName::new(&name).unwrap();
        let mut matches = tree.matches(name).within(budget);
        let mut found = Vec::new();
        loop {
            match matches.next() {
                Some(Ok(Match::Subscriber { key, .. })) => found.push(*key),
                Some(Ok(Match::Group(_))) => panic!("nothing is shared"),
                Some(Err(OutOfSteps)) => {
                    prop_assert!(matches!(matches.next(), Some(Err(OutOfSteps))));
                    matches.grant(1);
                }
                None => break,
            }
        }
        let at_once = tree.matches(name).map(|found| match found {
            Match::Subscriber { key, .. } => *key,
            Match::Group(_) => usize::MAX,
        });
        prop_assert_eq!(found, at_once.collect::<Vec<_>>());
    }

    #[test]
    fn names_are_found_as_in_a_list(
        changes in vec((name(), any::<Option<u32>>()), 1..80),
        filters in vec(filter(), 1..12),
    ) {
        let mut tree = TopicTree::new();
        let mut list = BTreeMap::new();
        for (name, value) in &changes {
            let key = TopicName::new(name).unwrap();
            match value {
                Some(value) => prop_assert_eq!(tree.insert(key, *value), Ok(list.insert(name.clone(), *value))),
                None => prop_assert_eq!(tree.remove(key), list.remove(name)),
            }
            prop_assert_eq!(tree.get(key), list.get(name));
        }
        prop_assert_eq!(tree.len(), list.len());
        let all: Vec<_> = tree.iter().map(|entry| (entry.name(), *entry.value)).collect();
        prop_assert_eq!(all, list.clone().into_iter().collect::<Vec<_>>());
        for filter in &filters {
            let found: Vec<_> = tree
                .matches(TopicFilter::new(filter).unwrap())
                .map(|entry| (entry.name(), *entry.value))
                .collect();
            // In the order of their bytes, as the list.
            let expected: Vec<_> =
                list.clone().into_iter().filter(|(name, _)| is_match(filter, name)).collect();
            prop_assert_eq!(found, expected, "{}", filter);
        }
        for name in list.keys() {
            tree.remove(TopicName::new(name).unwrap());
        }
        prop_assert_eq!((tree.len(), tree.node_count()), (0, 0));
    }

    #[test]
    fn a_cursor_survives_changes(
        names in vec(name(), 1..60),
        filter in filter(),
        changes in vec((name(), any::<bool>()), 0..60),
        budget in 1..5_usize,
    ) {
        let mut tree = TopicTree::new();
        for name in &names {
            tree.insert(TopicName::new(name).unwrap(), ()).unwrap();
        }
        let (mut stay, mut ever): (BTreeSet<_>, BTreeSet<_>) =
            (names.iter().cloned().collect(), names.iter().cloned().collect());
        let mut changes = changes.into_iter();
        let mut cursor = TopicCursor::default();
        let mut found = Vec::new();
        let filter = TopicFilter::new(&filter).unwrap();
        while !cursor.is_done() {
            let mut some = tree.matches(filter).after(&cursor).within(budget);
            while let Some(Ok(entry)) = some.next() {
                found.push(entry.name());
            }
            let next = some.walk().cursor();
            prop_assert!(next != cursor, "no way ahead from {:?}", cursor);
            cursor = next;
            if let Some((name, is_new)) = changes.next() {
                let key = TopicName::new(&name).unwrap();
                if is_new {
                    tree.insert(key, ()).unwrap();
                    ever.insert(name);
                } else {
                    tree.remove(key);
                    stay.remove(&name);
                }
            }
        }
        prop_assert!(found.is_sorted(), "{:?}", found);
        let once: BTreeSet<_> = found.iter().cloned().collect();
        prop_assert_eq!(once.len(), found.len());
        for name in &stay {
            prop_assert_eq!(once.contains(name), is_match(filter.as_str(), name), "{}", name);
        }
        prop_assert!(once.is_subset(&ever));
    }
}

/// The fuzz target on what it once found, and on bytes without any order.
#[test]
fn fuzz_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions/topics");
    for file in fs::read_dir(folder).unwrap() {
        topics::topics(&fs::read(file.unwrap().path()).unwrap());
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..500 {
        let input: Vec<u8> = (0..600)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random.to_be_bytes()[0]
            })
            .collect();
        topics::topics(&input);
    }
}

fn insert(tree: &mut FilterTree<u32, ()>, filter: &str, key: u32) -> Result<(), TreeError> {
    tree.insert(TopicFilter::new(filter).unwrap(), key, ()).map(|_| ())
}

fn count(tree: &FilterTree<u32, ()>, name: &str) -> usize {
    tree.matches(TopicName::new(name).unwrap()).count()
}

#[test]
fn limits_are_told() {
    let mut tree = FilterTree::new();
    let deep = "/".repeat(128);
    let error = insert(&mut tree, &deep, 0);
    assert_eq!(error, Err(TreeError::TooManyLevels { levels: 129, most: 128 }));
    assert_eq!(insert(&mut tree, &deep[1..], 0), Ok(()));
    let error = insert(&mut tree, &["+"; 17].join("/"), 0);
    assert_eq!(error, Err(TreeError::TooManyWildcards { count: 17, most: 16 }));
    assert_eq!(insert(&mut tree, &["+"; 16].join("/"), 0), Ok(()));
    for n in 2..1_000 {
        assert_eq!(insert(&mut tree, &format!("a/{n}"), 0), Ok(()));
    }
    let error = insert(&mut tree, "b", 0);
    assert_eq!(error, Err(TreeError::SubscriberFull { most: 1_000 }));
    assert_eq!(
        error.unwrap_err().to_string(),
        "the subscriber has 1000 subscriptions, and may not have more"
    );
    assert_eq!((insert(&mut tree, "a/2", 0), insert(&mut tree, "b", 1)), (Ok(()), Ok(())));
    assert_eq!((tree.len(), count(&tree, "b"), count(&tree, "c")), (1_001, 1, 0));

    let mut tree = FilterTree::with_limits(TreeLimits::new().with_max_entries(2));
    assert_eq!((insert(&mut tree, "a", 1), insert(&mut tree, "a", 2)), (Ok(()), Ok(())));
    assert_eq!(insert(&mut tree, "a", 3), Err(TreeError::Full { len: 2 }));
    assert_eq!(insert(&mut tree, "a/+", 2), Err(TreeError::Full { len: 2 }));
    assert_eq!((insert(&mut tree, "a", 2), tree.len(), count(&tree, "a/b")), (Ok(()), 2, 0));

    let mut tree = TopicTree::with_limits(TreeLimits::new().with_max_entries(1).with_max_levels(2));
    let [a, b, c] = ["a", "a/b", "a/b/c"].map(|name| TopicName::new(name).unwrap());
    assert_eq!((tree.insert(a, 1), tree.insert(a, 2)), (Ok(None), Ok(Some(1))));
    assert_eq!(tree.insert(b, 1), Err(TreeError::Full { len: 1 }));
    assert_eq!(tree.insert(c, 1), Err(TreeError::TooManyLevels { levels: 3, most: 2 }));
}

/// In a thread with a stack of 64 KiB.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(64 * 1024).spawn(test).unwrap().join().unwrap();
}

#[test]
fn deep_topics_need_no_stack() {
    on_a_small_stack(|| {
        let deep = "/".repeat(65_535);
        let names = ["/".repeat(65_534), format!("{}a", "/".repeat(65_534)), "a/".repeat(32_767)];
        let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
        for filter in [&deep, "#", "+/#", "/#", &deep[..40_000], &"+/".repeat(32_767), "/+/#"] {
            insert(&mut tree, filter, 1).unwrap();
        }
        assert_eq!(count(&tree, &deep), 5);
        assert_eq!(names.each_ref().map(|name| count(&tree, name)), [4, 4, 3]);
        assert_eq!(count(&tree, &"/".repeat(32_767)), 5);
        assert_eq!((tree.remove_subscriber(&1), tree.node_count()), (7, 0));

        let mut tree = TopicTree::with_limits(TreeLimits::unlimited());
        for len in (1..=65_535).step_by(13) {
            tree.insert(TopicName::new(&deep[..len]).unwrap(), len).unwrap();
        }
        for filter in ["#", "+/#", "/#", "/+/#"] {
            let found = tree.matches(TopicFilter::new(filter).unwrap()).count();
            assert_eq!(found, 65_535_usize.div_ceil(13), "{filter}");
        }
        for len in (1..=65_535).step_by(13) {
            assert_eq!(tree.remove(TopicName::new(&deep[..len]).unwrap()), Some(len));
        }
        assert_eq!(tree.node_count(), 0);
    });
}

/// 65,536 filters of 17 levels, each with any of 16 first levels a wildcard.
#[test]
fn hostile_wildcards_stay_within_their_budget() {
    let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
    for bits in 0..65_536_u32 {
        let levels: Vec<&str> =
            (0..16).map(|bit| if bits >> bit & 1 == 1 { "+" } else { "a" }).collect();
        insert(&mut tree, &format!("{}/z", levels.join("/")), bits % 100).unwrap();
    }
    let name = format!("{}/a", ["a"; 16].join("/"));
    let miss = TopicName::new(&name).unwrap();
    let mut matches = tree.matches(miss).within(usize::MAX);
    assert_eq!(matches.by_ref().count(), 0);
    let steps = usize::MAX - matches.steps_left();
    // One for each branch that is entered, and one for what it may end with.
    assert!((65_536..=3 * 65_536).contains(&steps), "{steps} steps");
    let mut matches = tree.matches(miss).within(10_000);
    assert!(matches!(matches.next(), Some(Err(OutOfSteps))));
    matches.grant(steps - 10_000);
    assert!(matches.next().is_none());
    assert_eq!(count(&tree, &format!("{}/z", ["a"; 16].join("/"))), 65_536);
    assert_eq!(count(&tree, &format!("b/{}/z", ["a"; 15].join("/"))), 32_768);
    for client in 0..100 {
        assert!(tree.remove_subscriber(&client) > 600);
    }
    assert_eq!(tree.node_count(), 0);
}

#[test]
fn a_subscriber_with_very_many_filters_goes_as_it_came() {
    let filters: Vec<String> =
        (0..100_000).map(|n| format!("{}é/{n}/+", "p".repeat(200))).collect();
    let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
    for (n, filter) in filters.iter().enumerate() {
        insert(&mut tree, filter, 0).unwrap();
        if n % 2 == 0 {
            insert(&mut tree, filter, 1).unwrap();
        }
    }
    assert_eq!((tree.count_of(&0), tree.count_of(&1)), (100_000, 50_000));
    for filter in &filters {
        assert_eq!(tree.remove(TopicFilter::new(filter).unwrap(), &0), Some(()));
    }
    assert_eq!((tree.count_of(&0), tree.len()), (0, 50_000));
    assert_eq!((tree.remove_subscriber(&1), tree.node_count()), (50_000, 0));
}

#[test]
fn a_filter_with_very_many_subscribers_is_fast_to_change() {
    let mut tree = FilterTree::new();
    // No order, each once: 7,919 is prime to 100,000.
    for n in 0..100_000_u32 {
        insert(&mut tree, "alarm/#", n * 7_919 % 100_000).unwrap();
    }
    let keys: Vec<u32> = tree
        .matches(TopicName::new("alarm").unwrap())
        .map(|found| match found {
            Match::Subscriber { key, .. } => *key,
            Match::Group(_) => panic!("nothing is shared"),
        })
        .collect();
    assert_eq!(keys, (0..100_000).collect::<Vec<_>>());
    for n in 0..100_000 {
        assert_eq!(tree.remove_subscriber(&n), 1);
    }
    assert_eq!(tree.node_count(), 0);
}

#[test]
fn turns_are_fair_whoever_comes_and_goes() {
    let share = TopicFilter::new("$share/g/a/+").unwrap().share().unwrap();
    let other = TopicFilter::new("$share/h/#").unwrap().share().unwrap();
    let mut tree = FilterTree::new();
    for key in 0..40_u32 {
        tree.insert(share, key, ()).unwrap();
        tree.insert(other, key, ()).unwrap();
    }
    let mut turns = RoundRobin::new();
    let mut chosen = BTreeMap::new();
    let mut publish = |tree: &FilterTree<u32, ()>, accepts: fn(u32) -> bool| {
        let name = TopicName::new("a/b").unwrap();
        for found in tree.matches(name) {
            let Match::Group(group) = found else { panic!("all is shared") };
            let member = turns.choose(&group, |key, ()| accepts(*key));
            if let Some((key, ())) = member {
                *chosen.entry((group.name().to_owned(), *key)).or_insert(0) += 1;
            }
        }
        chosen.clone()
    };
    for _ in 0..80 {
        publish(&tree, |_| true);
    }
    let all = publish(&tree, |_| false);
    assert_eq!(all.len(), 80);
    assert!(all.values().all(|&count| count == 2), "{all:?}");
    // The one whose turn it was leaves; the next one follows.
    tree.remove(share, &0);
    tree.remove(share, &1);
    let all = publish(&tree, |_| true);
    assert_eq!((all[&("g".to_owned(), 2)], all[&("h".to_owned(), 0)]), (3, 3));
    // Nobody but one member accepts.
    for _ in 0..3 {
        publish(&tree, |key| key == 7);
    }
    let all = publish(&tree, |_| false);
    assert_eq!((all[&("g".to_owned(), 7)], all[&("g".to_owned(), 8)]), (5, 2));
}

/// Names in the order of their bytes, from where a cursor is.
fn names_after(tree: &TopicTree<()>, filter: &str, cursor: &TopicCursor) -> Vec<String> {
    let filter = TopicFilter::new(filter).unwrap();
    tree.matches(filter).after(cursor).map(|entry| entry.name()).collect()
}

#[test]
fn a_cursor_leads_to_its_place_from_anywhere() {
    let mut tree = TopicTree::new();
    for name in ["$SYS/a", "$SYS/b", "a", "ab", "abb", "b", "bb"] {
        tree.insert(TopicName::new(name).unwrap(), ()).unwrap();
    }
    let all = TopicFilter::new("#").unwrap();
    let mut walk = tree.matches(all);
    for rest in [vec!["ab", "abb", "b", "bb"], vec!["abb", "b", "bb"], vec!["b", "bb"]] {
        assert!(walk.next().is_some());
        let cursor = walk.cursor();
        for passed in 0..5 {
            let mut other = tree.matches(all);
            assert_eq!(other.by_ref().take(passed).count(), passed);
            let names: Vec<String> = other.after(&cursor).map(|entry| entry.name()).collect();
            assert_eq!(names, rest);
        }
    }
    // A cursor of another walk does not lead to names that are not for this filter.
    let mut every = tree.iter();
    assert_eq!(every.next().map(|entry| entry.name()), Some("$SYS/a".into()));
    assert_eq!(names_after(&tree, "#", &every.cursor()), ["a", "ab", "abb", "b", "bb"]);
    assert!(names_after(&tree, "+/b", &every.cursor()).is_empty());
    assert_eq!(names_after(&tree, "$SYS/+", &every.cursor()), ["$SYS/b"]);
}

/// With keys that have no order, no promise is kept but this one: no panic, and an end.
#[test]
fn keys_without_an_order_do_no_harm() {
    use std::{cell::Cell, cmp::Ordering};
    #[derive(Clone, PartialEq, Eq)]
    struct Key(u32);
    thread_local!(static RANDOM: Cell<u64> = const { Cell::new(0x2545_f491_4f6c_dd1d) });
    impl Ord for Key {
        fn cmp(&self, _: &Self) -> Ordering {
            let mut random = RANDOM.get();
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            RANDOM.set(random);
            [Ordering::Less, Ordering::Equal, Ordering::Greater]
                [usize::from(random.to_be_bytes()[0] % 3)]
        }
    }
    impl PartialOrd for Key {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    let filter = TopicFilter::new("a").unwrap();
    for _ in 0..100 {
        let mut tree = FilterTree::new();
        for n in 0..200 {
            tree.insert(filter, Key(n), n).unwrap();
        }
        assert!(tree.matches(TopicName::new("a").unwrap()).count() <= 200);
        for n in 0..200 {
            tree.remove(filter, &Key(n));
            tree.remove_subscriber(&Key(n));
        }
    }
}

#[test]
fn a_budget_sees_long_levels() {
    let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
    for bits in 0..1_024_u32 {
        let levels: Vec<&str> =
            (0..10).map(|bit| if bits >> bit & 1 == 1 { "+" } else { "a" }).collect();
        insert(&mut tree, &format!("{}/+/z", levels.join("/")), 0).unwrap();
    }
    let steps = |last: usize| {
        let name = format!("{}/{}", ["a"; 10].join("/"), "x".repeat(last));
        let mut matches = tree.matches(TopicName::new(&name).unwrap()).within(usize::MAX);
        assert_eq!(matches.by_ref().count(), 0);
        usize::MAX - matches.steps_left()
    };
    let (short, long) = (steps(1), steps(60_000));
    assert!(long >= short + 1_024 * (60_000 / 128), "{short} {long}");
}

#[test]
fn a_filter_may_be_too_long() {
    let mut tree = FilterTree::new();
    let long = "x".repeat(4_097);
    let error = Err(TreeError::TooLong { len: 4_097, most: 4_096 });
    assert_eq!((insert(&mut tree, &long, 1), insert(&mut tree, &long[1..], 1)), (error, Ok(())));
    let shared = format!("$share/{}/a", &long[1..]);
    let share = TopicFilter::new(&shared).unwrap().share().unwrap();
    assert_eq!(tree.insert(share, 1, ()).map(|_| ()), error);
    let mut tree = TopicTree::new();
    assert_eq!(tree.insert(TopicName::new(&long).unwrap(), ()).map(|_| ()), error);
}

#[test]
fn trees_may_go_to_other_threads() {
    fn is_fit<T: Send + Sync + Clone>() {}
    is_fit::<FilterTree<u32, u8>>();
    is_fit::<TopicTree<Vec<u8>>>();
}
