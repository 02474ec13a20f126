//! What has to hold of all that a session tells and writes.

use super::side::{Given, Limits, Told, What};
use mqtt_pure::{DecodeOptions, Packet, PacketId, QoS, Role, Snapshot, Strictness, Token, Version};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Model {
    /// Given out, and not heard of for the last time.
    tokens: BTreeSet<Token>,
    /// The identifiers of requests on this connection.
    requests: BTreeMap<Token, PacketId>,
    /// The identifiers of messages that were written on this connection and are not answered.
    unanswered: BTreeSet<PacketId>,
    /// The messages that were on their way when the connection began.
    carried: BTreeMap<PacketId, Token>,
    /// Those for which PUBREL was written.
    released: BTreeSet<PacketId>,
    limits: Option<Limits>,
    /// Whether there is a transport that is not to be closed.
    is_open: bool,
    max_in_flight: usize,
}

impl Model {
    /// A session that begins with what is in the snapshot.
    pub fn new(snapshot: &Snapshot, max_in_flight: u16) -> Self {
        let sent = snapshot.sent.iter().map(|sent| sent.token);
        let queued = snapshot.queued.iter().map(|queued| queued.token);
        let released = snapshot.sent.iter().filter(|sent| sent.message.is_none());
        Self {
            tokens: sent.chain(queued).collect(),
            released: released.map(|sent| sent.packet_id).collect(),
            max_in_flight: max_in_flight.into(),
            ..Self::default()
        }
    }

    /// The identifier of a request that is not answered.
    pub fn request(&self, place: u8) -> Option<PacketId> {
        let count = self.requests.len().max(1);
        self.requests.values().nth(usize::from(place) % count).copied()
    }

    pub fn opened(&mut self, snapshot: &Snapshot) {
        let published = snapshot.sent.iter().filter(|sent| sent.message.is_some());
        self.carried = published.map(|sent| (sent.packet_id, sent.token)).collect();
        self.unanswered.clear();
        self.requests.clear();
        (self.limits, self.is_open) = (None, true);
    }

    pub fn closed(&mut self) {
        self.is_open = false;
        self.requests.clear();
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
            What::Connected(limits) | What::Connect(limits) => self.limits = Some(limits),
            _ => {}
        }
    }

    /// What has come on a connection was taken: the session knows what was answered.
    pub fn taken(&mut self, packet: &Packet<'_>) {
        match packet {
            Packet::Puback(puback) => self.unanswered.remove(&puback.packet_id),
            Packet::Pubcomp(pubcomp) => self.unanswered.remove(&pubcomp.packet_id),
            Packet::Pubrec(pubrec) if pubrec.reason.is_failure() => {
                self.unanswered.remove(&pubrec.packet_id)
            }
            _ => false,
        };
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
            sent.clone().any(|sent| (&sent.packet_id, &sent.token) == (id, token))
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
                let Some(id) = publish.packet_id() else { return };
                if publish.dup() {
                    assert!(
                        self.carried.remove(&id).is_some(),
                        "sent again out of turn: {publish:?}"
                    );
                    assert!(!self.released.contains(&id), "after its PUBREL: {publish:?}");
                } else {
                    self.released.remove(&id);
                    let is_free = !self.carried.contains_key(&id)
                        && self.requests.values().all(|request| *request != id);
                    assert!(is_free, "in use: {publish:?}");
                }
                assert!(self.unanswered.insert(id), "in use: {publish:?}");
                let most = limits.receive_maximum.min(self.max_in_flight);
                assert!(self.unanswered.len() <= most, "more than {most}: {publish:?}");
            }
            Packet::Pubrel(pubrel) => {
                self.released.insert(pubrel.packet_id);
            }
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
            assert!(self.tokens.contains(&sent.token), "nobody was given {:?}", sent.token);
            assert_ne!(sent.message.as_ref().map(|message| message.qos()), Some(QoS::AtMostOnce));
        }
        for queued in &snapshot.queued {
            assert!(self.tokens.contains(&queued.token), "nobody was given {:?}", queued.token);
        }
        assert!(self.requests.values().all(|id| ids.insert(*id)), "twice: {:?}", self.requests);
    }

    /// When all has been told, nothing is forgotten.
    pub fn check_all_told(&self, snapshot: &Snapshot) {
        let kept = snapshot.sent.len() + snapshot.queued.len() + self.requests.len();
        assert_eq!(self.tokens.len(), kept, "{:?} of {snapshot:?}", self.tokens);
    }
}
