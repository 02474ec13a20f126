//! A session of ours against a peer that speaks MQTT, but oddly: answers out of order, repeated, late
//! and of the wrong kind, identifiers chosen to hurt, bytes changed on their way.
//!
//! What it sends need not arrive; but nothing panics, nothing grows, nothing is written after a close,
//! and what is told stays true.

mod odd;
mod victim;

use crate::{
    counter::{Counters, Sometimes},
    letter::{Id, Letter},
    machine::{Told, Why},
    rng::{Digest, Rng},
    wire::Wire,
};
use bytes::Buf;
use mqtt_pure::{
    Client, Instant, Message, PacketId, Published, QoS, ReasonCode, Server, SessionOptions,
    Snapshot, Token, TopicName, Version,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::Hash,
    sync::Arc,
};
use victim::Victim;

struct Hostile<'c, V> {
    session: V,
    options: Arc<SessionOptions>,
    version: Version,
    stored: Snapshot,
    wire: Wire,
    rng: Rng,
    now: u64,
    letters: Id,
    tokens: BTreeMap<Token, Option<Id>>,
    /// What the peer has sent and the session has not taken.
    input: Vec<u8>,
    /// QoS 2 identifiers that the session has to remember, by the standard.
    held: BTreeSet<PacketId>,
    /// Delivered and not acknowledged by the application.
    owed: Vec<(PacketId, QoS)>,
    observed: usize,
    is_open: bool,
    is_closing: bool,
    is_sealed: bool,
    ends_when_written: bool,
    /// Bytes were changed: what was meant is not what came.
    is_mutated: bool,
    digest: Digest,
    counters: &'c mut Counters,
    log: Option<&'c mut Vec<String>>,
}

/// Runs both roles.
pub fn run(
    seed: u64,
    counters: &mut Counters,
    mut log: Option<&mut Vec<String>>,
) -> Result<u64, String> {
    let mut rng = Rng::of(seed, 3);
    let client = Hostile::<Client>::new(&mut rng, counters, log.as_deref_mut()).run()?;
    let server = Hostile::<Server>::new(&mut rng, counters, log).run()?;
    Ok(client ^ server)
}

impl<'c, V: Victim> Hostile<'c, V> {
    fn new(rng: &mut Rng, counters: &'c mut Counters, log: Option<&'c mut Vec<String>>) -> Self {
        let version = rng.pick(&[Version::V3_1, Version::V3_1_1, Version::V5_0, Version::V5_0]);
        let mut options = SessionOptions::new();
        options.max_in_flight = rng.pick(&[1, 2, 8, 40]);
        options.receive_maximum = rng.pick(&[1, 3, 10, u16::MAX]);
        options.max_queued = rng.pick(&[0, 2, 20]);
        options.max_outgoing = rng.pick(&[30, 300, 10_000]);
        options.max_requests = rng.pick(&[1, 4]);
        options.manual_acknowledgement = rng.chance(400);
        let options = Arc::new(options);
        let mut session = V::fresh(Arc::clone(&options));
        session.keep_journal();
        Self {
            stored: session.snapshot(),
            session,
            version,
            wire: Wire::new(V::ROLE, false, options.max_in_flight),
            options,
            rng: Rng::new(rng.next()),
            now: 0,
            letters: 0,
            tokens: BTreeMap::new(),
            input: Vec::new(),
            held: BTreeSet::new(),
            owed: Vec::new(),
            observed: 0,
            is_open: false,
            is_closing: true,
            is_sealed: true,
            ends_when_written: false,
            is_mutated: false,
            digest: Digest::default(),
            counters,
            log,
        }
    }

    fn log(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(format!("{:>8} {}", self.now, text()));
        }
    }

    const fn at(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    fn run(mut self) -> Result<u64, String> {
        for _ in 0..self.rng.range(30, 150) {
            let result = self.step().and_then(|()| self.settle());
            result.map_err(|text| format!("hostile peer of a {:?}: {text}", V::ROLE))?;
        }
        Ok(std::hash::Hasher::finish(&self.digest))
    }

    fn step(&mut self) -> Result<(), String> {
        let now = self.at();
        if !self.is_open {
            return self.connect();
        }
        match self.rng.below(100) {
            0..55 => self.odd_packet(),
            55..75 => self.publish()?,
            75..80 => {
                if let Some(token) = self.session.ask(now) {
                    self.token_given(token, None)?;
                }
            }
            80..90 => self.acknowledge(),
            90..93 => self.lose(),
            93..95 => return self.connect(),
            95 => self.session.leave(now),
            96 => return self.crash(),
            97 => self.mutate(),
            _ => {
                self.now += self.rng.below(9_000);
                let now = self.at();
                self.session.timeout(now);
                if self.session.deadline().is_some_and(|(due, _)| due <= now) {
                    return Err("a deadline that has passed (I10)".to_owned());
                }
            }
        }
        Ok(())
    }

    fn connect(&mut self) -> Result<(), String> {
        let clean = self.rng.chance(150);
        let now = self.at();
        let first = self.session.begin(now, self.version, clean, &mut self.rng);
        self.wire.connected(self.version);
        (self.is_open, self.is_closing, self.is_sealed) = (true, false, false);
        (self.observed, self.is_mutated) = (0, false);
        self.owed.retain(|(_, qos)| *qos == QoS::ExactlyOnce);
        self.input.clear();
        // With a clean session the end of the old one is told before anything else.
        self.hear()?;
        self.input = first;
        Ok(())
    }

    fn lose(&mut self) {
        let now = self.at();
        self.session.lose(now);
        (self.is_open, self.observed) = (false, 0);
        self.input.clear();
        self.owed.retain(|(_, qos)| *qos == QoS::ExactlyOnce);
    }

    fn crash(&mut self) -> Result<(), String> {
        let now = self.at();
        let restored = V::restored(Arc::clone(&self.options), self.stored.clone(), now);
        self.session = restored.map_err(|error| format!("not restored: {error}"))?;
        self.session.keep_journal();
        self.wire.restored(&self.stored);
        self.held = self.stored.received.iter().copied().collect();
        self.stored = self.session.snapshot();
        self.tokens.retain(|_, named| named.is_some());
        (self.is_open, self.is_closing, self.is_sealed) = (false, true, true);
        self.observed = 0;
        self.input.clear();
        self.owed.clear();
        Ok(())
    }

    fn mutate(&mut self) {
        for _ in 0..self.rng.range(1, 3) {
            self.odd_packet();
        }
        let at = self.rng.index(self.input.len().max(1));
        let value = self.rng.next() as u8;
        if let Some(byte) = self.input.get_mut(at) {
            *byte = value;
        }
        self.is_mutated = true;
        self.counters.see(Sometimes::Mutated);
    }

    fn publish(&mut self) -> Result<(), String> {
        let qos = self.rng.pick(&[QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
        let (id, len) = (self.letters, self.rng.pick(&[0, 0, 600]));
        self.letters += 1;
        let Ok(topic) = TopicName::new("\u{e9}/odd") else { return Ok(()) };
        let message = Message::new(topic, Letter::payload(id, len)).with_qos(qos);
        match self.session.publish(self.at(), message) {
            Ok(published) => match published.token() {
                Some(token) => self.token_given(token, Some(id)),
                None if published == Published::Written => Ok(()),
                None => Err("a message without a token".to_owned()),
            },
            Err(_) => Ok(()),
        }
    }

    fn acknowledge(&mut self) {
        if self.owed.is_empty() {
            return;
        }
        let (id, qos) = self.owed.remove(self.rng.index(self.owed.len()));
        let is_refused = self.version == Version::V5_0 && self.rng.chance(200);
        let reason = if is_refused { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
        let result = self.session.acknowledge(self.at(), id, qos, reason);
        if result.is_ok() && is_refused && qos == QoS::ExactlyOnce {
            self.held.remove(&id);
        }
    }

    fn token_given(&mut self, token: Token, named: Option<Id>) -> Result<(), String> {
        match self.tokens.insert(token, named) {
            None => Ok(()),
            Some(_) => Err(format!("{token:?} is given twice")),
        }
    }

    /// Takes what has come, one packet at a time, and hears what is told.
    fn hear(&mut self) -> Result<(), String> {
        loop {
            if let Some(told) = self.session.poll() {
                self.heard(&told)?;
                continue;
            }
            // A lucky peer answers what was not even written.
            if !self.is_closing {
                self.observe()?;
            }
            let visible = std::mem::take(&mut self.input);
            let mut rest = &visible[..];
            let told =
                if visible.is_empty() { None } else { self.session.receive(self.at(), &mut rest) };
            let count = visible.len() - rest.len();
            if !self.is_closing && count > 0 {
                self.log(|| format!("takes {:?}", &visible[..count]));
                self.took(&visible[..count]);
            }
            self.input = rest.to_vec();
            match told {
                Some(told) => self.heard(&told)?,
                None => match self.session.poll() {
                    Some(told) => self.heard(&told)?,
                    None => return Ok(()),
                },
            }
        }
    }

    fn heard(&mut self, told: &Told) -> Result<(), String> {
        self.log(|| format!("tells {told:?}"));
        told.hash(&mut self.digest);
        self.told(told)?;
        let now = self.at();
        self.session.decide(now, told);
        Ok(())
    }

    /// The reference for identifiers of QoS 2: PUBREL frees them.
    fn took(&mut self, bytes: &[u8]) {
        self.wire.take(bytes);
        for id in self.wire.take_pubrels() {
            self.held.remove(&id);
        }
    }

    fn told(&mut self, told: &Told) -> Result<(), String> {
        if self.is_closing && !told.is_of_the_end() {
            return Err(format!("tells {told:?} after Close (I9)"));
        }
        match told {
            Told::Close(why) => {
                self.is_closing = true;
                if self.session.is_connected() {
                    return Err("connected after Close".to_owned());
                }
                if matches!(why, Why::Fault(_)) {
                    self.counters.see(Sometimes::HostileClosed);
                }
            }
            Told::Done(token) | Told::Failed(token, _) | Told::Lost(token) => {
                let Some(named) = self.tokens.remove(token) else {
                    return Err(format!("names {token:?}, which is over"));
                };
                let is_held = named.is_some_and(|letter| self.wire.holds(letter));
                if is_held && !matches!(told, Told::Lost(_)) && !self.is_mutated {
                    return Err(format!("{told:?}, though letter {named:?} is not answered"));
                }
            }
            Told::Answered(token) if self.tokens.remove(token) != Some(None) => {
                return Err(format!("answers {token:?}, which is no request"));
            }
            Told::SessionEnded => {
                // What is still to be written on a connection that closes is of the session that ends.
                self.ends_when_written = self.is_closing;
                if !self.is_closing {
                    self.wire.session_ended();
                }
                self.held.clear();
                self.owed.clear();
            }
            Told::Message { id: Some(id), qos, .. } => {
                if *qos == QoS::ExactlyOnce && !self.held.insert(*id) && !self.is_mutated {
                    return Err(format!("QoS 2 of {id} is delivered again (I1)"));
                }
                if self.options.manual_acknowledgement {
                    self.owed.push((*id, *qos));
                }
            }
            Told::Ignored => self.counters.see(Sometimes::HostileTolerated),
            _ => {}
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        self.hear()?;
        let now = self.at();
        let mut records = self.session.journal(now);
        self.hear()?;
        records.extend(self.session.journal(now));
        for record in records {
            self.log(|| format!("persists {record:?}"));
            let applied = self.stored.apply(record);
            applied.map_err(|error| format!("a record that does not apply: {error}"))?;
        }
        let mut is = self.session.snapshot();
        is.next_token = self.stored.next_token;
        if is != self.stored {
            return Err(format!("stored {:?}\nis {is:?}", self.stored));
        }
        self.write()?;
        self.check()?;
        if self.is_closing && self.is_open {
            self.lose();
        }
        Ok(())
    }

    /// Looks at what is newly to be written.
    fn observe(&mut self) -> Result<usize, String> {
        let now = self.at();
        let out = self.session.transmit(now);
        let total = out.remaining();
        // What one packet may call for goes beyond the limit, no more.
        let most = self.options.max_outgoing + 1_000 + 4 * usize::from(self.options.max_in_flight);
        if total > most {
            return Err(format!("{total} bytes wait to be written, of {most} (I8)"));
        }
        if total > self.observed {
            if self.is_sealed {
                return Err("writes after Close (I9)".to_owned());
            }
            let all = out.clone().copy_to_bytes(total);
            if let Some(log) = &mut self.log {
                log.push(format!("{:>8} writes {:?}", self.now, &all[self.observed..]));
            }
            self.wire.write(&all[self.observed..], |_| Ok(()))?;
            self.observed = total;
        }
        Ok(total)
    }

    fn write(&mut self) -> Result<(), String> {
        let is_slow = self.rng.chance(300);
        let total = self.observe()?;
        if std::mem::take(&mut self.ends_when_written) {
            self.wire.session_ended();
        }
        let count = if is_slow { 0 } else { total };
        let now = self.at();
        self.session.transmit(now).advance(count);
        self.observed = total - count;
        self.is_sealed = self.is_closing;
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        if self.session.queued() > self.options.max_queued as usize {
            return Err(format!("{} queued (I8)", self.session.queued()));
        }
        let sent = self.stored.sent.len();
        if sent > usize::from(self.options.max_in_flight) {
            return Err(format!("{sent} in flight (I8)"));
        }
        Ok(())
    }
}
