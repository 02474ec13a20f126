//! A connection as TCP makes it: bytes arrive in order, until they do not any more.

use crate::random::Random;
use mqtt_pure::Instant;
use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// What arrives at one side.
pub enum Arrival {
    Bytes(Vec<u8>),
    /// The connection is gone.
    Cut,
}

#[derive(Default)]
pub struct Link {
    /// For the client, and for the server.
    ways: [VecDeque<(Instant, Arrival)>; 2],
    /// From here on nothing arrives, and nobody is told.
    is_dead: bool,
}

impl Link {
    /// Sends bytes, or loses them; tells whether they were lost, and whether silently.
    pub fn send(
        &mut self,
        now: Instant,
        from: Side,
        mut bytes: Vec<u8>,
        drop: u32,
        random: &mut Random,
    ) -> Option<bool> {
        if self.is_dead {
            return None;
        }
        let (to, back) = match from {
            Side::Client => (1, 0),
            Side::Server => (0, 1),
        };
        let mut at = now.plus_millis(random.between(5, 60));
        if let Some((last, _)) = self.ways[to].back() {
            at = at.max(*last);
        }
        let lost = random.chance(drop).then(|| random.between(1, 4) == 1);
        if lost.is_some() {
            let len = random.between(0, u64::try_from(bytes.len()).unwrap_or(0).saturating_sub(1));
            bytes.truncate(usize::try_from(len).unwrap_or(0));
        }
        if !bytes.is_empty() {
            self.ways[to].push_back((at, Arrival::Bytes(bytes)));
        }
        if lost.is_some() {
            self.is_dead = true;
        }
        if lost == Some(false) {
            // What is on its way back and has not come by then is lost too.
            self.ways[back].retain(|(due, _)| *due < at);
            self.ways[to].push_back((at, Arrival::Cut));
            self.ways[back].push_back((at, Arrival::Cut));
        }
        lost
    }

    /// One side closes: the other one notices, if the network still does its work.
    pub fn close(&mut self, now: Instant, from: Side) {
        let (own, other) = match from {
            Side::Client => (0, 1),
            Side::Server => (1, 0),
        };
        self.ways[own].clear();
        if !self.is_dead {
            let at = self.ways[other].back().map_or(now, |(last, _)| *last).max(now);
            self.ways[other].push_back((at.plus_millis(5), Arrival::Cut));
        }
        self.is_dead = true;
    }

    /// When something arrives next.
    pub fn next(&self) -> Option<Instant> {
        let fronts = self.ways.iter().filter_map(VecDeque::front);
        fronts.map(|(at, _)| *at).min()
    }

    /// What has arrived by now.
    pub fn take(&mut self, now: Instant, to: Side) -> Option<Arrival> {
        let way = match to {
            Side::Client => &mut self.ways[0],
            Side::Server => &mut self.ways[1],
        };
        way.front()
            .is_some_and(|(at, _)| *at <= now)
            .then(|| way.pop_front())?
            .map(|(_, arrival)| arrival)
    }
}
