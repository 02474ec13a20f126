//! Builds the indexes, holds them against each other, and times them in turns.

use super::{
    ENTRANTS, Entrant, Index,
    agree::{by_hand, counts, first_difference},
    input::{Plus, Space},
    memory::{Bytes, bytes_of},
};
use std::{hint::black_box, time::Instant};

/// How many topics are asked for in a round. At a million subscriptions they lie all over the memory.
const TOPICS: usize = 20_000;
/// Up to so many subscriptions everything is counted by hand as well.
const BY_HAND: usize = 1000;
/// How often each index is built and asked, at least and at most: what is over soon is done more often.
const BUILDS: (usize, usize) = (3, 50);
const ROUNDS: (usize, usize) = (7, 30);

/// What was found out about an index.
pub struct Row {
    pub index: &'static str,
    pub plus: Plus,
    pub subscriptions: usize,
    pub insert_ns: f64,
    /// None if it cannot answer.
    pub match_ns: Option<f64>,
    pub bytes: f64,
    pub peak_bytes: f64,
}

/// An index with everything in it.
struct Built {
    entrant: &'static Entrant,
    index: Box<dyn Index>,
    insert_ns: f64,
    match_ns: Option<f64>,
    bytes: Bytes,
}

/// Measures all indexes with so many subscriptions. Panics if they do not agree.
pub fn measure(subscriptions: usize, plus: Plus) -> Vec<Row> {
    let mut space = Space::new(subscriptions);
    let filters = space.filters(subscriptions, plus);
    let topics = space.topics(&filters, TOPICS);
    let mut built = build(&filters);
    compare(&mut built, &filters, &topics);
    for _ in 0..times(subscriptions, ROUNDS) {
        for built in &mut built {
            let Some(least) = built.match_ns else { continue };
            let topics = built.entrant.topics(&topics, subscriptions);
            let start = Instant::now();
            for topic in topics {
                black_box(built.index.count_matches(black_box(topic)));
            }
            built.match_ns = Some(least.min(each(start, topics.len())));
        }
    }
    let per = |bytes: isize| bytes as f64 / subscriptions as f64;
    let row = |built: Built| Row {
        index: built.entrant.name,
        plus,
        subscriptions,
        insert_ns: built.insert_ns,
        match_ns: built.match_ns,
        bytes: per(built.bytes.live),
        peak_bytes: per(built.bytes.peak),
    };
    built.into_iter().map(row).collect()
}

impl Entrant {
    /// The topics that it is asked for: fewer, if it takes all the longer for each.
    fn topics<'a>(&self, topics: &'a [String], subscriptions: usize) -> &'a [String] {
        let most = self.comparisons.map_or(topics.len(), |most| most / subscriptions);
        &topics[..most.clamp(1, topics.len())]
    }

    fn is_in(&self, subscriptions: usize) -> bool {
        self.comparisons.is_none_or(|most| subscriptions < most / 10)
    }

    fn build(&self, filters: &[String]) -> Box<dyn Index> {
        let mut index = (self.make)();
        for (subscriber, filter) in (0..).zip(filters) {
            // Ten filters to a subscriber.
            index.insert(black_box(filter), subscriber / 10);
        }
        index
    }
}

/// Builds every index: once to count bytes, then for the clock, the last time to stay.
fn build(filters: &[String]) -> Vec<Built> {
    let entrants = ENTRANTS.iter().filter(|entrant| entrant.is_in(filters.len()));
    let mut built: Vec<Built> = entrants
        .map(|entrant| {
            let (index, bytes) = bytes_of(|| entrant.build(filters));
            Built { entrant, index, insert_ns: f64::INFINITY, match_ns: Some(f64::INFINITY), bytes }
        })
        .collect();
    for _ in 0..times(filters.len(), BUILDS) {
        for built in &mut built {
            // The one before goes first, so that there is room for the next.
            built.index = (built.entrant.make)();
            let start = Instant::now();
            built.index = built.entrant.build(filters);
            built.insert_ns = built.insert_ns.min(each(start, filters.len()));
        }
    }
    built
}

fn times(subscriptions: usize, (least, most): (usize, usize)) -> usize {
    (1_000_000 / subscriptions).clamp(least, most)
}

fn each(start: Instant, count: usize) -> f64 {
    start.elapsed().as_nanos() as f64 / count as f64
}

/// Who does not answer is named and has no part in what follows; who disagrees ends it all.
fn compare(built: &mut [Built], filters: &[String], topics: &[String]) {
    let mut expected = (filters.len() <= BY_HAND).then(|| by_hand(filters, topics));
    for built in built {
        let name = built.entrant.name;
        let topics = built.entrant.topics(topics, filters.len());
        match counts(built.index.as_ref(), topics) {
            Ok(found) => {
                let expected = expected.get_or_insert_with(|| found.clone());
                let difference = first_difference(topics, expected, &found);
                assert!(difference.is_none(), "{name}: {difference:?}");
            }
            Err(topic) => {
                println!("{name} does not answer for {topic}");
                built.match_ns = None;
            }
        }
    }
    if let Some(counts) = expected {
        let hits = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
        println!("{hits:.2} matches for each topic");
    }
}
