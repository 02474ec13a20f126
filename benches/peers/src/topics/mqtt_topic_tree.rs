//! mqtt_topic_tree.

use super::Index;
use ::mqtt_topic_tree::{QoS, TopicFilter, TopicName, TopicTree};
use std::hint::black_box;

#[derive(Default)]
struct Tree(TopicTree);

pub fn make() -> Box<dyn Index> {
    Box::new(Tree::default())
}

impl Index for Tree {
    fn insert(&mut self, filter: &str, subscriber: u32) {
        let filter = TopicFilter::try_from(filter.to_owned()).expect("a filter");
        self.0.add_subscription(filter, u64::from(subscriber), QoS::Level1);
    }

    fn count_matches(&self, topic: &str) -> usize {
        let topic = TopicName::try_from(topic.to_owned()).expect("a topic");
        self.0.get_subscriptions(&topic).iter().map(black_box).count()
    }
}
