//! mqtt-topic-engine, by its router, without the cache for parameters.

use super::Index;
use ::mqtt_topic_engine::{CacheStrategy, QoS, TopicPath, TopicPatternPath, TopicRouter};
use std::hint::black_box;

#[derive(Default)]
struct Router(TopicRouter<u32>);

pub fn make() -> Box<dyn Index> {
    Box::new(Router::default())
}

impl Index for Router {
    fn insert(&mut self, filter: &str, subscriber: u32) {
        let pattern = TopicPatternPath::new_from_string(filter, CacheStrategy::NoCache);
        self.0.add_subscription(pattern.expect("a filter"), QoS::AtLeastOnce, subscriber);
    }

    fn count_matches(&self, topic: &str) -> usize {
        let topic = TopicPath::new(topic).expect("a topic");
        self.0.get_subscribers(&topic).iter().map(black_box).count()
    }
}
