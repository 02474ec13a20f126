//! The session that a hostile peer talks to, and its application.

use crate::{
    machine::{Machine, Told},
    rng::Rng,
};
use mqtt_pure::{
    Client, Connack, Connect, Disconnect, Instant, Properties, QoS, ReasonCode, Server, Suback,
    Subscription, Text, Token, TopicFilter, Unsuback, Version,
};

/// What differs by role: how a connection begins, and what the application decides.
pub trait Victim: Machine {
    /// A connection begins; gives what the peer sends first.
    fn begin(&mut self, now: Instant, version: Version, clean: bool, rng: &mut Rng) -> Vec<u8>;
    /// The application answers.
    fn decide(&mut self, now: Instant, told: &Told);
    /// The application asks for something.
    fn ask(&mut self, now: Instant) -> Option<Token>;
    /// It leaves.
    fn leave(&mut self, now: Instant);
    /// The transport is gone.
    fn lose(&mut self, now: Instant);
}

fn connect(version: Version, clean: bool) -> Option<Connect<'static>> {
    let mut connect = Connect::new(version, Text::new("odd").ok()?);
    connect.clean_session = clean;
    connect.keep_alive = 7;
    Some(connect)
}

impl Victim for Client {
    fn begin(&mut self, now: Instant, version: Version, clean: bool, rng: &mut Rng) -> Vec<u8> {
        if let Some(connect) = connect(version, clean) {
            let _ = self.opened(now, &connect);
        }
        let is_present = rng.chance(700) && !clean && self.snapshot().has_session;
        let mut bytes = Vec::new();
        let _ =
            Connack::accepted(is_present && version != Version::V3_1).encode(version, &mut bytes);
        bytes
    }
    fn decide(&mut self, _now: Instant, _told: &Told) {}
    fn ask(&mut self, now: Instant) -> Option<Token> {
        let filter = [Subscription::new(TopicFilter::new("\u{e9}/#").ok()?, QoS::ExactlyOnce)];
        self.subscribe(now, &filter, Properties::EMPTY).ok().map(|requested| requested.token)
    }
    fn leave(&mut self, now: Instant) {
        let _ = self.disconnect(now, &Disconnect::new());
    }
    fn lose(&mut self, now: Instant) {
        self.closed(now);
    }
}

impl Victim for Server {
    fn begin(&mut self, now: Instant, version: Version, clean: bool, _rng: &mut Rng) -> Vec<u8> {
        self.opened(now);
        let mut bytes = Vec::new();
        if let Some(connect) = connect(version, clean) {
            let _ = connect.encode(version, &mut bytes);
        }
        bytes
    }
    fn decide(&mut self, now: Instant, told: &Told) {
        match told {
            Told::Connect { .. } => {
                let _ = self.accept(now, Properties::EMPTY);
            }
            Told::Subscribe { id, filters } => {
                let codes = vec![ReasonCode::SUCCESS; filters.len()];
                let _ = self.grant(now, &Suback::new(*id, &codes[..]));
            }
            Told::Unsubscribe { id, .. } => {
                let _ = self.remove(now, &Unsuback::new(*id));
            }
            _ => {}
        }
    }
    fn ask(&mut self, _now: Instant) -> Option<Token> {
        None
    }
    fn leave(&mut self, now: Instant) {
        let _ = self.disconnect(now, &Disconnect::new());
    }
    fn lose(&mut self, now: Instant) {
        self.closed(now);
    }
}
