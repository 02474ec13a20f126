//! What has to hold of all that a session tells and writes.

use super::side::{Given, Limits, Told, What};
use mqtt_pure::{
    DecodeOptions, Delivery, Instant, Oversize, Packet, PacketId, PacketType, QoS, ReasonCode,
    Record, Role, SentMessage, SessionOptions, Snapshot, Strictness, Token, Version,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Model {
    /// Given out, and not heard of for the last time.
    tokens: BTreeSet<Token>,
    /// The identifiers of requests on this connection.
    requests: BTreeMap<Token, PacketId>,
    /// The identifiers of messages that were written on this connection and are not answered.
    unanswered: BTreeSet<PacketId>,
    /// Those of them that the peer has answered before they were sent again, so that it does not count
    /// them among what it accepts.
    uncounted: BTreeSet<PacketId>,
    /// The messages that were on their way when the connection began.
    carried: BTreeMap<PacketId, Option<Token>>,
    /// Those for which PUBREL was written.
    released: BTreeSet<PacketId>,
    /// Topic aliases that the peer was told on this connection.
    aliases: BTreeSet<u16>,
    /// The answers to what has come on this connection, in its order.
    owed: Vec<(PacketType, PacketId)>,
    /// Copies of messages that one PUBREC has answered together with the first, or that have one each if
    /// they came after it.
    copies: Vec<PacketId>,
    /// How many wills may still be published.
    wills: u32,
    /// Whether the session may be said to be present.
    may_be_present: bool,
    limits: Option<Limits>,
    /// Whether there is a transport that is not to be closed.
    is_open: bool,
    max_in_flight: usize,
    /// Whether the application acknowledges.
    is_manual: bool,
    /// Whether what is too large is answered unseen.
    is_skipping: bool,
}

/// Whether it is the message with this token, which it has no more if it was given up.
fn is_same(sent: &SentMessage, token: Option<Token>) -> bool {
    sent.token.is_none() || sent.token == token
}

impl Model {
    /// A session that begins with what is in the snapshot.
    pub fn new(snapshot: &Snapshot, options: &SessionOptions) -> Self {
        let sent = snapshot.sent.iter().filter_map(|sent| sent.token);
        let queued = snapshot.queued.iter().map(|queued| queued.token);
        let released = snapshot.sent.iter().filter(|sent| sent.message.is_none());
        Self {
            tokens: sent.chain(queued).collect(),
            released: released.map(|sent| sent.packet_id).collect(),
            max_in_flight: options.max_in_flight.into(),
            is_manual: options.manual_acknowledgement,
            is_skipping: options.oversize == Oversize::Skip,
            wills: u32::from(snapshot.will.is_some()),
            ..Self::default()
        }
    }

    /// The identifier of a request that is not answered.
    pub fn request(&self, place: u8) -> Option<PacketId> {
        let count = self.requests.len().max(1);
        self.requests.values().nth(usize::from(place) % count).copied()
    }

    pub fn opened(&mut self, snapshot: &Snapshot) {
        self.carried = snapshot.sent.iter().map(|sent| (sent.packet_id, sent.token)).collect();
        self.unanswered.clear();
        self.uncounted.clear();
        self.requests.clear();
        self.aliases.clear();
        self.owed.clear();
        self.copies.clear();
        (self.limits, self.is_open) = (None, true);
    }

    pub fn closed(&mut self) {
        self.is_open = false;
        self.requests.clear();
        self.owed.clear();
        self.copies.clear();
    }

    /// A command was accepted.
    pub fn given(&mut self, given: &Given, is_request: bool) {
        let Ok((Some(token), id)) = given else { return };
        assert!(self.tokens.insert(*token), "{token:?} is given out twice");
        if let Some(id) = id.filter(|_| is_request) {
            self.requests.insert(*token, id);
        }
    }

    pub fn told(&mut self, told: &Told) {
        let is_of_the_end = matches!(told.what, What::Over(_) | What::SessionEnded | What::Will);
        assert!(self.is_open || is_of_the_end, "without a connection: {told:?}");
        match told.what {
            What::Over(token) => {
                assert!(self.tokens.remove(&token), "of nothing that is on its way: {told:?}");
                self.requests.remove(&token);
            }
            What::Close => self.closed(),
            What::Connected(limits) => self.limits = Some(limits),
            What::Connect { limits, has_will, .. } => {
                self.limits = Some(limits);
                self.wills += u32::from(has_will);
            }
            What::Left => self.wills = 0,
            What::Will => {
                assert!(self.wills > 0, "once more, or never set: {told:?}");
                self.wills -= 1;
            }
            _ => {}
        }
    }

    /// A client asks for its session, if it does.
    pub fn asked_for_session(&mut self, is_there: bool) {
        self.may_be_present = is_there;
    }

    /// A record is about to be kept.
    pub fn recorded(&self, record: &Record, stored: &Snapshot, now: Instant) {
        let Record::Sent { token, message, was_queued, .. } = record else { return };
        let Some(first) = stored.queued.first() else {
            assert!(!was_queued);
            return;
        };
        assert!(*was_queued && first.token == *token, "before what waits: {record:?}");
        let waited = now.millis_since(first.since);
        let interval = message.message_expiry_interval().map(|seconds| u64::from(seconds) * 1_000);
        assert!(interval.is_none_or(|interval| waited < interval), "expired: {record:?}");
    }

    /// What has come on a connection was taken: the session knows what was answered, and has to answer.
    pub fn taken(&mut self, packet: &Packet<'_>) {
        match packet {
            Packet::Puback(puback) => {
                self.unanswered.remove(&puback.packet_id);
            }
            Packet::Pubcomp(pubcomp) => {
                self.unanswered.remove(&pubcomp.packet_id);
            }
            Packet::Pubrec(pubrec) if pubrec.reason.is_failure() => {
                self.unanswered.remove(&pubrec.packet_id);
            }
            Packet::Pubrec(pubrec) if self.carried.contains_key(&pubrec.packet_id) => {
                self.uncounted.insert(pubrec.packet_id);
            }
            Packet::Pubrel(pubrel) => {
                self.copies.retain(|copy| *copy != pubrel.packet_id);
                self.owed.push((PacketType::Pubcomp, pubrel.packet_id));
            }
            Packet::Publish(publish) => match publish.delivery {
                Delivery::AtMostOnce => {}
                Delivery::AtLeastOnce { packet_id, .. } => {
                    self.owed.push((PacketType::Puback, packet_id));
                }
                Delivery::ExactlyOnce { packet_id, .. } => {
                    self.owed.push((PacketType::Pubrec, packet_id));
                }
            },
            _ => {}
        }
    }

    /// An answer was written: to the first of its type that is not answered [MQTT-4.6.0-2]
    /// [MQTT-4.6.0-3], unless it is one that is given out of turn.
    fn answered(&mut self, packet_type: PacketType, id: PacketId, reason: ReasonCode) {
        let is_refusal =
            reason == ReasonCode::PACKET_IDENTIFIER_IN_USE || reason == ReasonCode::QUOTA_EXCEEDED;
        let first = self.owed.iter().position(|owed| owed.0 == packet_type);
        let own = self.owed.iter().position(|owed| *owed == (packet_type, id));
        if packet_type == PacketType::Pubrec
            && own.is_none()
            && let Some(copy) = self.copies.iter().position(|copy| *copy == id)
        {
            self.copies.swap_remove(copy);
            return;
        }
        let is_fine = is_refusal || first == own;
        assert!(is_fine || self.is_skipping, "out of turn: {packet_type} {id} of {:?}", self.owed);
        assert!(own.is_some() || self.is_skipping, "to nothing: {packet_type} {id}");
        if let Some(own) = own {
            self.owed.remove(own);
        }
        if packet_type == PacketType::Pubrec && self.is_manual {
            // One answer is to all copies that came before it.
            let before = self.owed.len();
            self.owed.retain(|owed| *owed != (packet_type, id));
            self.copies.extend(std::iter::repeat_n(id, before - self.owed.len()));
        }
    }

    /// There are further bytes among what is to be written.
    pub fn written(
        &mut self,
        mut bytes: &[u8],
        version: Version,
        sender: Role,
        snapshot: &Snapshot,
    ) {
        if bytes.is_empty() {
            return;
        }
        // A session that has ended carries nothing.
        let sent = snapshot.sent.iter();
        self.carried.retain(|id, token| {
            sent.clone().any(|sent| sent.packet_id == *id && is_same(sent, *token))
        });
        assert!(self.is_open, "written without a connection: {bytes:02x?}");
        let options = DecodeOptions::new(version)
            .with_strictness(Strictness::STRICT)
            .with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE)
            .with_sender(sender);
        while !bytes.is_empty() {
            let before = bytes;
            let read = Packet::read(&mut bytes, options);
            let Ok(Some(packet)) = read else { panic!("{read:?} of {before:02x?}") };
            let len = before.len() - bytes.len();
            let limits = self.limits.unwrap_or(Limits::NONE);
            assert!(len <= limits.max_packet_size, "{len} bytes: {packet:?}");
            self.sent(&packet, limits);
        }
    }

    fn sent(&mut self, packet: &Packet<'_>, limits: Limits) {
        match packet {
            Packet::Publish(publish) => {
                if let Some(alias) = publish.properties.topic_alias() {
                    let is_known = !self.aliases.insert(alias.get());
                    assert!(publish.topic.is_some() || is_known, "not told: {publish:?}");
                }
                let Some(id) = publish.packet_id() else { return };
                if publish.dup() {
                    assert!(
                        self.carried.remove(&id).is_some(),
                        "sent again out of turn: {publish:?}"
                    );
                    assert!(!self.released.contains(&id), "after its PUBREL: {publish:?}");
                } else {
                    self.released.remove(&id);
                    assert!(self.carried.is_empty(), "before {:?}: {publish:?}", self.carried);
                    let is_free = self.requests.values().all(|request| *request != id);
                    assert!(is_free, "in use: {publish:?}");
                }
                assert!(self.unanswered.insert(id), "in use: {publish:?}");
                let most = limits.receive_maximum.min(self.max_in_flight);
                let count = self.unanswered.difference(&self.uncounted).count();
                assert!(count <= most, "more than {most}: {publish:?}");
            }
            Packet::Pubrel(pubrel) => {
                self.released.insert(pubrel.packet_id);
                if self.carried.remove(&pubrel.packet_id).is_some() {
                    self.unanswered.insert(pubrel.packet_id);
                }
            }
            Packet::Connack(connack) => {
                assert!(!connack.session_present || self.may_be_present, "{connack:?}");
            }
            Packet::Puback(p) => self.answered(PacketType::Puback, p.packet_id, p.reason),
            Packet::Pubrec(p) => self.answered(PacketType::Pubrec, p.packet_id, p.reason),
            Packet::Pubcomp(p) => self.answered(PacketType::Pubcomp, p.packet_id, p.reason),
            Packet::Subscribe(subscribe) => self.asked(subscribe.packet_id),
            Packet::Unsubscribe(unsubscribe) => self.asked(unsubscribe.packet_id),
            _ => {}
        }
    }

    fn asked(&self, id: PacketId) {
        let in_use = self.unanswered.contains(&id) || self.carried.contains_key(&id);
        assert!(!in_use, "{id} is in use");
        let count = self.requests.values().filter(|request| **request == id).count();
        assert_eq!(count, 1, "{id} belongs to two requests");
    }

    /// All that is on its way is what the session says.
    pub fn check(&self, snapshot: &Snapshot) {
        let mut ids = BTreeSet::new();
        for sent in &snapshot.sent {
            assert!(ids.insert(sent.packet_id), "twice: {}", sent.packet_id);
            let is_told = sent.token.is_none_or(|token| self.tokens.contains(&token));
            assert!(is_told, "nobody was given {:?}", sent.token);
            assert_ne!(sent.message.as_ref().map(|message| message.qos()), Some(QoS::AtMostOnce));
        }
        for queued in &snapshot.queued {
            assert!(self.tokens.contains(&queued.token), "nobody was given {:?}", queued.token);
        }
        assert!(self.requests.values().all(|id| ids.insert(*id)), "twice: {:?}", self.requests);
    }

    /// Nothing is left that could be sent and answered.
    pub fn check_moves(&self, snapshot: &Snapshot, has_to_answer: bool) {
        if !self.is_open || !snapshot.is_connected {
            return;
        }
        let limits = self.limits.unwrap_or(Limits::NONE);
        let most = limits.receive_maximum.min(self.max_in_flight);
        let is_full = self.unanswered.len() >= most;
        let mut sent = snapshot.sent.iter();
        let is_carried =
            sent.any(|s| self.carried.get(&s.packet_id).is_some_and(|token| is_same(s, *token)));
        let is_waiting = !snapshot.queued.is_empty() || is_carried;
        assert!(is_full || !is_waiting, "{:?} of {most}: {snapshot:?}", self.unanswered);
        assert!(!has_to_answer || self.owed.is_empty(), "not answered: {:?}", self.owed);
    }

    /// When all has been told, nothing is forgotten.
    pub fn check_all_told(&self, snapshot: &Snapshot) {
        let sent = snapshot.sent.iter().filter(|sent| sent.token.is_some()).count();
        let kept = sent + snapshot.queued.len() + self.requests.len();
        assert_eq!(self.tokens.len(), kept, "{:?} of {snapshot:?}", self.tokens);
    }
}
