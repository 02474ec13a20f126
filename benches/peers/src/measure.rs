//! Cases, their targets, and the clock.

use crate::{
    Peer,
    inputs::{Shape, buffers},
};
use mqtt_pure::Version;
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Decode,
    /// Decode what comes in pieces of 1460 bytes.
    Feed,
    Encode,
}

pub struct Case {
    pub name: &'static str,
    pub version: Version,
    pub work: Work,
    pub shape: Shape,
    pub count: usize,
    pub rounds: usize,
    pub target: Target,
}

/// What we want to be, compared with the best of the others.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    None,
    /// So many times as fast.
    Times(f64),
    /// So many times as fast in the default release profile, not slower with LTO.
    TimesUnlessLto(f64),
    /// So many nanoseconds at most.
    Nanoseconds(f64),
}

impl Case {
    const fn new(name: &'static str, work: Work, shape: Shape, target: Target) -> Self {
        let (count, rounds) = match (work, shape) {
            (_, Shape::PublishSized(_)) => (8, 20),
            (_, Shape::Mixed) => (10_000, 20),
            (Work::Encode, _) | (_, Shape::PublishMedium) => (128, 320),
            _ => (512, 80),
        };
        let version = Version::V3_1_1;
        Self { name, version, work, shape, count, rounds, target }
    }

    /// The same of 5.0.
    const fn v5(name: &'static str, work: Work, shape: Shape) -> Self {
        Self { version: Version::V5_0, ..Self::new(name, work, shape, Target::None) }
    }
}

pub const V311: [Case; 18] = {
    use {Shape as S, Target::*, Work::*};
    [
        Case::new("D1", Decode, S::PublishSmall, Times(3.0)),
        Case::new("D2", Decode, S::PublishMedium, Times(2.5)),
        Case::new("D3k", Decode, S::PublishSized(1 << 10), None),
        Case::new("D3", Decode, S::PublishSized(1 << 20), Nanoseconds(1000.0)),
        Case::new("D4", Decode, S::Connect, Times(2.0)),
        Case::new("D5", Decode, S::Subscribe, Times(2.0)),
        Case::new("D6", Decode, S::Puback, Times(2.0)),
        Case::new("D7", Decode, S::Pingreq, None),
        Case::new("D8", Decode, S::Mixed, Times(1.8)),
        Case::new("D9", Feed, S::Mixed, Times(2.0)),
        Case::new("E1", Encode, S::PublishSmall, TimesUnlessLto(1.5)),
        Case::new("E2", Encode, S::PublishMedium, TimesUnlessLto(1.5)),
        Case::new("E3", Encode, S::PublishSized(1 << 20), Nanoseconds(1000.0)),
        Case::new("E4", Encode, S::Connect, TimesUnlessLto(1.5)),
        Case::new("E5", Encode, S::Subscribe, TimesUnlessLto(1.5)),
        Case::new("E6", Encode, S::Puback, TimesUnlessLto(1.5)),
        Case::new("E7", Encode, S::Pingreq, TimesUnlessLto(1.5)),
        Case::new("E8", Encode, S::Mixed, TimesUnlessLto(1.5)),
    ]
};

/// Decoding is V and encoding is W, numbered as in 3.1.1.
pub const V5: [Case; 15] = {
    use {Shape as S, Work::*};
    [
        Case::v5("V1", Decode, S::PublishSmall),
        Case::v5("V2", Decode, S::PublishMedium),
        Case::v5("V4", Decode, S::Connect),
        Case::v5("V5", Decode, S::Subscribe),
        Case::v5("V6", Decode, S::Puback),
        Case::v5("V7", Decode, S::Pingreq),
        Case::v5("V8", Decode, S::Mixed),
        Case::v5("V9", Feed, S::Mixed),
        Case::v5("W1", Encode, S::PublishSmall),
        Case::v5("W2", Encode, S::PublishMedium),
        Case::v5("W4", Encode, S::Connect),
        Case::v5("W5", Encode, S::Subscribe),
        Case::v5("W6", Encode, S::Puback),
        Case::v5("W7", Encode, S::Pingreq),
        Case::v5("W8", Encode, S::Mixed),
    ]
};

/// The input of a case. It is never freed, because packets that are kept may borrow from it.
pub struct Input {
    pub packets: &'static [Vec<u8>],
    pub buffers: Vec<Vec<u8>>,
    pub stream: Vec<u8>,
}

impl Input {
    pub fn new(case: &Case) -> Self {
        let packets: &'static [Vec<u8>] = case.shape.packets_of(case.version, case.count).leak();
        Self { packets, buffers: buffers(packets), stream: packets.concat() }
    }
}

/// Does the work once; returns the nanoseconds for each packet.
pub fn sample(peer: &mut dyn Peer, case: &Case, input: &Input) -> f64 {
    let start;
    let elapsed = match case.work {
        Work::Decode => {
            peer.load(&input.buffers);
            start = Instant::now();
            peer.decode();
            start.elapsed()
        }
        Work::Feed => {
            start = Instant::now();
            peer.feed(&mut input.stream.chunks(1460));
            start.elapsed()
        }
        Work::Encode => {
            // Once before, so that the packets are as near as they are to whoever has just made them.
            peer.prepare();
            peer.encode();
            peer.prepare();
            start = Instant::now();
            peer.encode();
            start.elapsed()
        }
    };
    elapsed.as_nanos() as f64 / case.count as f64
}

/// The least nanoseconds of each peer. The peers take turns, so that they share what happens.
pub fn minima(peers: &mut [Box<dyn Peer>], case: &Case, input: &Input, passes: usize) -> Vec<f64> {
    let mut minima = vec![f64::INFINITY; peers.len()];
    for peer in peers.iter_mut() {
        peer.keep(input.packets);
    }
    for _ in 0..passes * case.rounds {
        for (peer, minimum) in peers.iter_mut().zip(&mut minima) {
            *minimum = minimum.min(sample(peer.as_mut(), case, input));
        }
    }
    minima
}
