//! mqtt-pure's index.

use super::Index;
use mqtt_pure::{FilterTree, Match, TopicFilter, TopicName, TreeLimits};
use std::hint::black_box;

pub fn make() -> Box<dyn Index> {
    Box::new(FilterTree::<u32, u8>::with_limits(TreeLimits::unlimited()))
}

impl Index for FilterTree<u32, u8> {
    fn insert(&mut self, filter: &str, subscriber: u32) {
        let filter = TopicFilter::new(filter).expect("a filter");
        self.insert(filter, subscriber, 1).expect("no limit");
    }

    fn count_matches(&self, topic: &str) -> usize {
        let matches = self.matches(TopicName::new(topic).expect("a topic"));
        matches
            .map(|found| match found {
                Match::Subscriber { key, value } => usize::from(black_box((*key, *value)).1),
                Match::Group(group) => group.len(),
            })
            .sum()
    }
}
