//! One filter against one name.

use super::input::Random;
use mqtt_pure::{TopicFilter, TopicName};
use std::{hint::black_box, time::Instant};

/// How the filter relates to a name of five levels and 33 bytes such as
/// `plants/line-07/cell-3/motor/speed`.
#[derive(Clone, Copy, Debug)]
pub enum Relation {
    Exact,
    /// `+` for the third level.
    Plus,
    /// `#` behind the second level.
    Hash,
    /// Another first level.
    EarlyMiss,
    /// Another last level.
    LateMiss,
}

impl Relation {
    pub const ALL: [Self; 5] =
        [Self::Exact, Self::Plus, Self::Hash, Self::EarlyMiss, Self::LateMiss];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Plus => "+",
            Self::Hash => "#",
            Self::EarlyMiss => "early miss",
            Self::LateMiss => "late miss",
        }
    }

    fn is_match(self) -> bool {
        !matches!(self, Self::EarlyMiss | Self::LateMiss)
    }

    /// A filter and a name, with numbers of their own.
    fn pair(self, random: &mut Random) -> (String, String) {
        let (line, cell) = (random.below(90) + 10, random.below(10));
        let filter = match self {
            Self::Exact => format!("plants/line-{line}/cell-{cell}/motor/speed"),
            Self::Plus => format!("plants/line-{line}/+/motor/speed"),
            Self::Hash => format!("plants/line-{line}/#"),
            Self::EarlyMiss => format!("plains/line-{line}/cell-{cell}/motor/speed"),
            Self::LateMiss => format!("plants/line-{line}/cell-{cell}/motor/state"),
        };
        (filter, format!("plants/line-{line}/cell-{cell}/motor/speed"))
    }
}

pub const MATCHERS: [&str; 4] = ["mqtt-pure", "ntex-mqtt", "rumqttc", "mqttbytes"];

const PAIRS: usize = 256;
const PASSES: usize = 20;
const ROUNDS: usize = 200;

/// The least nanoseconds of each of `MATCHERS`, which take turns. Filters are as each holds them, names as
/// they come out of a decoder.
pub fn minima(relation: Relation) -> [f64; 4] {
    let mut random = Random(0x7061_6972);
    let pairs: Vec<_> = (0..PAIRS).map(|_| relation.pair(&mut random)).collect();
    let ours = pairs.iter().map(|(filter, name)| {
        (TopicFilter::new(filter).expect("a filter"), TopicName::new(name).expect("a name"))
    });
    let ntex = pairs.iter().map(|(filter, name)| {
        (filter.parse::<ntex_mqtt::TopicFilter>().expect("a filter"), name.as_str())
    });
    let (ours, ntex): (Vec<_>, Vec<_>) = (ours.collect(), ntex.collect());
    let mut minima = [f64::INFINITY; 4];
    for _ in 0..ROUNDS {
        let found = [
            time(relation, &ours, |(filter, name)| filter.matches(*name)),
            time(relation, &ntex, |(filter, name)| filter.matches_topic(*name)),
            time(relation, &pairs, |(filter, name)| rumqttc::matches(name, filter)),
            time(relation, &pairs, |(filter, name)| mqttbytes::matches(name, filter)),
        ];
        for (minimum, found) in minima.iter_mut().zip(found) {
            *minimum = minimum.min(found);
        }
    }
    minima
}

fn time<P>(relation: Relation, pairs: &[P], matches: impl Fn(&P) -> bool) -> f64 {
    let start = Instant::now();
    let mut count = 0;
    for _ in 0..PASSES {
        count += pairs.iter().filter(|pair| matches(black_box(pair))).count();
    }
    let elapsed = start.elapsed();
    assert_eq!(count, if relation.is_match() { pairs.len() * PASSES } else { 0 });
    elapsed.as_nanos() as f64 / (pairs.len() * PASSES) as f64
}
