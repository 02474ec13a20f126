//! The indexes of topics: no allocation to find something, little memory to keep it.

use super::measure::{allocations, live};
use mqtt_pure::{FilterTree, Match, RoundRobin, TopicFilter, TopicName, TopicTree, TreeLimits};

/// Filters as of a plant, each another one; every tenth has a wildcard.
fn filters(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| {
        let (site, line, sensor) = (n % 97, n / 97 % 10, n / 970);
        match n % 20 {
            7 => format!("site/{site}/line/{line}/sensor/{sensor}/+"),
            13 => format!("site/{site}/line/{line}/sensor/{sensor}/#"),
            _ => format!("site/{site}/line/{line}/sensor/{sensor}/temperature"),
        }
    })
}

#[test]
fn a_name_is_matched_without_allocations() {
    let mut tree = FilterTree::with_limits(TreeLimits::unlimited());
    for (n, filter) in filters(20_000).enumerate() {
        tree.insert(TopicFilter::new(&filter).unwrap(), n / 10, ()).unwrap();
    }
    for bits in 0..4_096_u32 {
        let levels: Vec<&str> =
            (0..12).map(|bit| if bits >> bit & 1 == 0 { "a" } else { "+" }).collect();
        let filter = format!("{}/#", levels.join("/"));
        tree.insert(TopicFilter::new(&filter).unwrap(), 9, ()).unwrap();
    }
    let text = "$share/g/a/#";
    let share = TopicFilter::new(text).unwrap().share().unwrap();
    for n in 0..100 {
        tree.insert(share, n, ()).unwrap();
    }
    let mut turns = RoundRobin::new();
    let names = ["a/b", "a/a/a/a/a/a/a/a/a/a/a/a/z", "site/13/line/0/sensor/3/temperature"];
    let round = |turns: &mut RoundRobin<usize>| {
        let mut found = 0;
        for name in names {
            for one in tree.matches(TopicName::new(name).unwrap()) {
                found += 1;
                if let Match::Group(group) = one {
                    assert!(turns.choose(&group, |_, ()| true).is_some());
                }
            }
        }
        found
    };
    let first = round(&mut turns);
    assert!(first > 4_098, "{first}");
    assert_eq!(allocations(|| assert_eq!(round(&mut turns), first)).0, 0);
}

#[test]
fn a_retained_value_is_replaced_without_allocations() {
    let mut tree = TopicTree::new();
    let names = ["a", "a/b", "a/b/c", "$SYS/x"].map(|name| TopicName::new(name).unwrap());
    for name in names {
        tree.insert(name, 1).unwrap();
    }
    let (count, _) = allocations(|| {
        for name in names {
            assert_eq!(tree.insert(name, 2), Ok(Some(1)));
            assert_eq!(tree.get(name), Some(&2));
            assert_eq!(tree.get_mut(name), Some(&mut 2));
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_subscription_takes_less_than_a_hundred_bytes() {
    let count = 100_000;
    let before = live();
    let mut tree: FilterTree<u32, u8> = FilterTree::with_limits(TreeLimits::unlimited());
    for (n, filter) in filters(count).enumerate() {
        let client = u32::try_from(n / 10).unwrap();
        assert_eq!(tree.insert(TopicFilter::new(&filter).unwrap(), client, 1), Ok(None));
    }
    let bytes = usize::try_from(live() - before).unwrap();
    assert!((60 * count..100 * count).contains(&bytes), "{bytes} bytes for {count} subscriptions");
    for client in 0..10_000 {
        assert_eq!(tree.remove_subscriber(&client), 10);
    }
    // A chunk of each kind stays.
    let left = live() - before;
    assert!(left < 2_000_000, "{left} bytes for none");
    drop(tree);
    assert_eq!(live(), before);
}

#[test]
fn a_retained_name_takes_less_than_a_hundred_bytes() {
    let count = 100_000;
    let before = live();
    let mut tree: TopicTree<u8> = TopicTree::new();
    for filter in filters(count) {
        let name = filter.replace(['+', '#'], "humidity");
        assert_eq!(tree.insert(TopicName::new(&name).unwrap(), 1), Ok(None));
    }
    let bytes = usize::try_from(live() - before).unwrap();
    assert!((20 * count..100 * count).contains(&bytes), "{bytes} bytes for {count} names");
}
