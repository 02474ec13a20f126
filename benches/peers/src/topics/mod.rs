//! Indexes of topic filters, driven alike, over the same subscriptions and topics.

mod agree;
mod input;
mod linear;
pub mod measure;
pub mod memory;
mod mqtt_pure;
mod mqtt_topic_engine;
mod mqtt_topic_tree;
pub mod pairs;
pub mod report;

pub use input::Plus;

/// One index. Making the filter or topic of its own out of the text is a part of the work.
pub trait Index {
    fn insert(&mut self, filter: &str, subscriber: u32);

    /// How many subscriptions there are for the topic, every one of them looked at.
    fn count_matches(&self, topic: &str) -> usize;
}

/// An index that takes part.
pub struct Entrant {
    pub name: &'static str,
    make: fn() -> Box<dyn Index>,
    /// How many comparisons it is allowed to make in one round, if it makes one for each subscription.
    comparisons: Option<usize>,
}

pub const ENTRANTS: [Entrant; 4] = [
    Entrant { name: "mqtt-pure", make: mqtt_pure::make, comparisons: None },
    Entrant { name: "mqtt_topic_tree", make: mqtt_topic_tree::make, comparisons: None },
    Entrant { name: "mqtt-topic-engine", make: mqtt_topic_engine::make, comparisons: None },
    Entrant { name: "linear scan", make: linear::make, comparisons: Some(2_000_000) },
];
