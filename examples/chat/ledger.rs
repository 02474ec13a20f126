//! Who has said what, and who has heard it how often.

use mqtt_pure::QoS;
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Ledger {
    /// How often each message has come to each of those for whom it is.
    heard: BTreeMap<String, BTreeMap<&'static str, u32>>,
}

/// What has become of the messages.
pub struct Balance {
    pub published: usize,
    pub expected: usize,
    pub delivered: usize,
    pub duplicates: u32,
    /// Messages that nobody has said, or that came to somebody else.
    pub strange: u32,
}

impl Ledger {
    /// Somebody says something that the others are to hear.
    pub fn said(&mut self, text: &str, others: impl Iterator<Item = &'static str>) {
        self.heard.insert(text.to_owned(), others.map(|name| (name, 0)).collect());
    }

    /// Somebody hears it: how often by now.
    pub fn heard(&mut self, text: &str, name: &'static str) -> u32 {
        let all = self.heard.entry(text.to_owned()).or_default();
        // Who was not meant has more than was promised from the first time on.
        let count = all.entry(name).or_insert(1_000);
        *count += 1;
        *count
    }

    pub fn balance(&self) -> Balance {
        let counts: Vec<u32> = self.heard.values().flat_map(BTreeMap::values).copied().collect();
        let meant = counts.iter().filter(|count| **count < 1_000);
        Balance {
            published: self.heard.len(),
            expected: meant.clone().count(),
            delivered: meant.clone().filter(|count| **count > 0).count(),
            duplicates: meant.map(|count| count.saturating_sub(1)).sum(),
            strange: u32::try_from(counts.iter().filter(|count| **count > 1_000).count())
                .unwrap_or(u32::MAX),
        }
    }
}

impl Balance {
    /// Whether what the QoS promises was kept.
    pub const fn is_kept(&self, qos: QoS) -> bool {
        let all = self.delivered == self.expected;
        let once = self.duplicates == 0;
        self.strange == 0
            && match qos {
                QoS::AtMostOnce => once,
                QoS::AtLeastOnce => all,
                QoS::ExactlyOnce => all && once,
            }
    }
}
