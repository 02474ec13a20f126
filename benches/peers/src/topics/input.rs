//! The subscriptions and the topics: the same in every run and for every index.

use std::collections::HashSet;

/// Where a `+` stands in those filters that have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plus {
    /// For the number of the sensor.
    Sensor,
    /// For one of the four values, whichever.
    AnyValue,
}

impl Plus {
    pub const ALL: [Self; 2] = [Self::Sensor, Self::AnyValue];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::AnyValue => "any",
        }
    }
}

const LINES: usize = 100;
const SENSORS: usize = 10_000;
const QUANTITIES: [&str; 8] =
    ["temperature", "pressure", "humidity", "current", "voltage", "speed", "level", "state"];

/// Topics of the shape `site/12/line/3/sensor/4711/temperature`. There are as many sites as it takes for
/// each to have a thousand subscriptions.
pub struct Space {
    random: Random,
    sites: usize,
}

/// Four values in their order, of which one or the last ones may be a wildcard.
type Values = [String; 4];

impl Space {
    pub fn new(subscriptions: usize) -> Self {
        Self { random: Random(0x6d71_7474), sites: subscriptions.div_ceil(1000) }
    }

    /// Distinct filters, nine of ten without a wildcard, one of twenty with a `+`, one of twenty with a `#`
    /// behind the word `sensor` or its number. Nearer to the root it would match almost everything.
    pub fn filters(&mut self, count: usize, plus: Plus) -> Vec<String> {
        let mut seen = HashSet::new();
        let mut filters = Vec::with_capacity(count);
        while filters.len() < count {
            let mut values = self.values();
            match self.random.below(20) {
                0 => {
                    let at = if plus == Plus::Sensor { 2 } else { self.random.below(4) };
                    values[at] = "+".to_owned();
                }
                1 => {
                    let at = 2 + self.random.below(2);
                    values[at..].fill("#".to_owned());
                }
                _ => {}
            }
            let filter = text(&values);
            if seen.insert(filter.clone()) {
                filters.push(filter);
            }
        }
        filters
    }

    /// Topics of which each matches a filter at least, drawn from all of them.
    pub fn topics(&mut self, filters: &[String], count: usize) -> Vec<String> {
        let draw = |_| {
            let filter = &filters[self.random.below(filters.len())];
            let mut values = self.values();
            for (at, level) in filter.split('/').skip(1).step_by(2).enumerate() {
                if level == "#" {
                    break;
                }
                // The last value has no word in front.
                if level != "+" && at < 3 {
                    values[at] = level.to_owned();
                }
            }
            let last = filter.rsplit('/').next().unwrap_or_default();
            if last != "+" && last != "#" {
                values[3] = last.to_owned();
            }
            text(&values)
        };
        (0..count).map(draw).collect()
    }

    fn values(&mut self) -> Values {
        let site = self.random.below(self.sites);
        let line = self.random.below(LINES);
        let sensor = self.random.below(SENSORS);
        let quantity = QUANTITIES[self.random.below(QUANTITIES.len())];
        [site.to_string(), line.to_string(), sensor.to_string(), quantity.to_owned()]
    }
}

/// The filter or topic; it ends with its `#`.
fn text([site, line, sensor, quantity]: &Values) -> String {
    let text = format!("site/{site}/line/{line}/sensor/{sensor}/{quantity}");
    match text.find('#') {
        Some(at) => text[..=at].to_owned(),
        None => text,
    }
}

/// SplitMix64.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ (mixed >> 31)) * bound as u128) >> 64) as usize
    }
}
