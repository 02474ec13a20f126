//! Topic names and topic filters, read plainly.

use crate::matching::is_match;
use mqtt_pure::{TopicFilter, TopicName};
use proptest::{collection::vec, prelude::*};

/// Levels of one to two characters, also empty ones, with and without wildcards and `$`.
pub fn topic_like() -> impl Strategy<Value = String> {
    vec(prop_oneof!["", "a", "é", "\\+", "#", "\\$", "a\\+", "é#", "ab"], 1..6)
        .prop_map(|levels| levels.join("/"))
}

/// Whether the string is a topic filter, level by level (section 4.7.1).
pub fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    let is_last = |at: usize| at + 1 == levels.len();
    !text.is_empty()
        && levels.iter().enumerate().all(|(at, level)| match *level {
            "+" => true,
            "#" => is_last(at),
            level => !level.contains(['+', '#']),
        })
}

/// The levels of a name, and a filter made from them: levels kept, changed or replaced by a wildcard,
/// the end cut off or replaced. Such pairs match often, which unrelated ones hardly do.
pub fn related() -> impl Strategy<Value = (String, String)> {
    let level = prop_oneof!["", "a", "é", "\\$", "aé", "[ab]{5,20}"];
    (vec((level, 0..8_u8), 1..6), 0..6_u8).prop_map(|(levels, end)| {
        let name: Vec<&str> = levels.iter().map(|(level, _)| level.as_str()).collect();
        let mut filter: Vec<&str> = levels
            .iter()
            .map(|(level, change)| match change {
                0..=1 => "+",
                2 => "a",
                _ => level.as_str(),
            })
            .collect();
        match end {
            0 => filter.push("#"),
            1 => *filter.last_mut().unwrap() = "#",
            2 => drop(filter.pop()),
            3 => filter.push(""),
            _ => {}
        }
        (filter.join("/"), name.join("/"))
    })
}

/// Filter, topic name, whether they match; examples of section 4.7 and what lies next to them.
const MATCHES: [(&str, &str, bool); 55] = [
    ("sport/tennis/player1/#", "sport/tennis/player1", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/ranking", true),
    ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
    ("sport/tennis/player1/#", "sport/tennis/player10", false),
    ("sport/#", "sport", true),
    ("sport/#", "sport/", true),
    ("sport/#", "sports", false),
    ("#", "a", true),
    ("#", "/", true),
    ("#", "a/b/c", true),
    ("#", "$SYS/x", false),
    ("#", "$", false),
    ("+/#", "a", true),
    ("+/#", "/", true),
    ("+/#", "$SYS/x", false),
    ("sport/tennis/+", "sport/tennis/player1", true),
    ("sport/tennis/+", "sport/tennis/player1/ranking", false),
    ("sport/tennis/+", "sport/tennis/", true),
    ("sport/tennis/+", "sport/tennis", false),
    ("sport/+", "sport", false),
    ("sport/+", "sport/", true),
    ("+", "finance", true),
    ("+", "/finance", false),
    ("+", "/", false),
    ("+/+", "/finance", true),
    ("/+", "/finance", true),
    ("/+", "/", true),
    ("/+", "finance", false),
    ("+/", "a/", true),
    ("+/", "a", false),
    ("+/+", "/", true),
    ("+/+/+", "a//b", true),
    ("a/+/b", "a//b", true),
    ("a//b", "a/b", false),
    ("a/+/#", "a", false),
    ("a/+/#", "a/b", true),
    ("a/+/#", "a/b/c", true),
    ("a/+/#", "a/", true),
    ("+/monitor/Clients", "$SYS/monitor/Clients", false),
    ("$SYS/#", "$SYS", true),
    ("$SYS/#", "$SYS/", true),
    ("$SYS/#", "$SYS/monitor/Clients", true),
    ("$SYS/monitor/+", "$SYS/monitor/Clients", true),
    ("$SYS/+", "$SYS/a/b", false),
    ("/#", "/", true),
    ("/#", "/a/b", true),
    ("/#", "a", false),
    ("/finance", "finance", false),
    ("Accounts", "ACCOUNTS", false),
    ("a", "a/", false),
    ("a/", "a", false),
    ("a/b", "a/b", true),
    ("a/$x", "a/$x", true),
    ("+/$x", "a/$x", true),
    ("a/#", "a/$x/y", true),
];

#[test]
fn examples_of_matching() {
    for (filter, name, expected) in MATCHES {
        let matched = TopicFilter::new(filter).unwrap().matches(TopicName::new(name).unwrap());
        assert_eq!(matched, expected, "{filter} {name}");
        assert_eq!(is_match(filter, name), expected, "the plain reading: {filter} {name}");
    }
}
