//! Whether the indexes find the same, before anything is timed.

use super::Index;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};

/// How many filters match each topic, by holding every filter against it, level by level (section 4.7).
pub fn by_hand(filters: &[String], topics: &[String]) -> Vec<usize> {
    let split = |text: &String| text.split('/').map(str::to_owned).collect::<Vec<_>>();
    let filters: Vec<_> = filters.iter().map(split).collect();
    let count = |topic| {
        let topic = split(topic);
        filters.iter().filter(|filter| levels_match(filter, &topic)).count()
    };
    topics.iter().map(count).collect()
}

fn levels_match(filter: &[String], topic: &[String]) -> bool {
    match (filter, topic) {
        ([last], _) if last == "#" => true,
        ([], []) => true,
        ([level, filter @ ..], [first, topic @ ..]) => {
            (level == "+" || level == first) && levels_match(filter, topic)
        }
        _ => false,
    }
}

/// How many subscriptions the index finds for each topic, or the topic for which it has no answer.
pub fn counts<'a>(index: &dyn Index, topics: &'a [String]) -> Result<Vec<usize>, &'a str> {
    let hook = take_hook();
    set_hook(Box::new(|_| {}));
    let mut counts = Vec::with_capacity(topics.len());
    let mut culprit = None;
    for topic in topics {
        match catch_unwind(AssertUnwindSafe(|| index.count_matches(topic))) {
            Ok(count) => counts.push(count),
            Err(_) => {
                culprit = Some(topic.as_str());
                break;
            }
        }
    }
    set_hook(hook);
    culprit.map_or(Ok(counts), Err)
}

/// The first topic about which two disagree, as far as both were asked.
pub fn first_difference<'a>(
    topics: &'a [String],
    a: &[usize],
    b: &[usize],
) -> Option<(&'a str, usize, usize)> {
    let all = topics.iter().zip(a).zip(b);
    let mut all = all.map(|((topic, a), b)| (topic.as_str(), *a, *b));
    all.find(|(_, a, b)| a != b)
}
