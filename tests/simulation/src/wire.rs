//! Looks at what a session reads and writes, and holds it against the standard.

use crate::letter::{Id, Letter};
use mqtt_pure::{
    DecodeOptions, Packet, PacketId, Properties, Publish, QoS, ReasonCode, Role, Snapshot, Version,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is known of an identifier that the session has given out to a message.
#[derive(Clone, Debug)]
struct Sent {
    letter: Option<Id>,
    /// Its place among all that were sent.
    order: u64,
    /// The connection on which it was sent last.
    connection: u32,
    qos: QoS,
    /// PUBREC has come.
    is_received: bool,
}

#[derive(Debug)]
pub struct Wire {
    role: Role,
    version: Version,
    /// How many messages may be on their way by the options.
    cap: u16,
    /// How many may be on this connection.
    limit: u16,
    /// How many bytes a packet may have.
    max_packet_size: usize,
    /// Whether the peer keeps to the rules.
    pub is_honest: bool,
    written: Vec<u8>,
    read: Vec<u8>,
    connection: u32,
    order: u64,
    sent: BTreeMap<PacketId, Sent>,
    requests: BTreeSet<PacketId>,
    in_flight: BTreeSet<PacketId>,
    /// The letters whose PUBREL was written.
    released: BTreeSet<Id>,
    resent: Option<u64>,
    pubacks: VecDeque<PacketId>,
    pubrecs: VecDeque<PacketId>,
    pubrels: VecDeque<PacketId>,
    pubrels_taken: Vec<PacketId>,
    is_over: bool,
    /// The identifier that was given out last.
    last: u16,
    /// How many packets were taken that nobody sends before the CONNACK.
    pub heard: u64,
    /// What was seen that is rare.
    pub seen: Seen,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub resent_publish: u64,
    pub resent_pubrel: u64,
    pub reused_past_held: u64,
    pub quota_used_up: u64,
    pub pings: u64,
    pub aliases: u64,
}

impl Wire {
    pub fn new(role: Role, is_honest: bool, cap: u16) -> Self {
        Self {
            role,
            version: Version::V3_1_1,
            cap,
            limit: cap,
            max_packet_size: usize::MAX,
            is_honest,
            written: Vec::new(),
            read: Vec::new(),
            connection: 0,
            order: 0,
            sent: BTreeMap::new(),
            requests: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            released: BTreeSet::new(),
            resent: None,
            pubacks: VecDeque::new(),
            pubrecs: VecDeque::new(),
            pubrels: VecDeque::new(),
            pubrels_taken: Vec::new(),
            is_over: false,
            last: 0,
            heard: 0,
            seen: Seen::default(),
        }
    }

    /// There is a new connection.
    pub fn connected(&mut self, version: Version) {
        self.version = version;
        self.connection += 1;
        (self.resent, self.is_over, self.limit) = (None, false, self.cap);
        self.max_packet_size = usize::MAX;
        self.written.clear();
        self.read.clear();
        self.requests.clear();
        self.in_flight.clear();
        self.pubacks.clear();
        self.pubrecs.clear();
        self.pubrels.clear();
    }

    /// The session is over: all identifiers are free.
    pub fn session_ended(&mut self) {
        self.sent.clear();
        self.in_flight.clear();
    }

    /// The session goes on from what was stored.
    pub fn restored(&mut self, stored: &Snapshot) {
        self.connected(self.version);
        let old = std::mem::take(&mut self.sent);
        for sent in &stored.sent {
            self.order += 1;
            let known = old.get(&sent.packet_id);
            let letter = match &sent.message {
                Some(message) => Letter::id(message.payload()),
                None => known.and_then(|known| known.letter),
            };
            let entry = Sent {
                letter,
                order: self.order,
                connection: 0,
                qos: sent.message.as_ref().map_or(QoS::ExactlyOnce, |message| message.qos()),
                is_received: sent.message.is_none(),
            };
            self.sent.insert(sent.packet_id, entry);
        }
    }

    /// The message was dropped after it had an identifier.
    pub fn forget(&mut self, letter: Id) {
        self.sent.retain(|_, sent| sent.letter != Some(letter));
    }

    /// The message is not sent again. One of QoS 2 may have arrived, so that its identifier is not free.
    pub fn dropped(&mut self, letter: Id) {
        self.sent.retain(|_, sent| sent.letter != Some(letter) || sent.qos == QoS::ExactlyOnce);
        for sent in self.sent.values_mut().filter(|sent| sent.letter == Some(letter)) {
            sent.is_received = true;
        }
    }

    /// The session wants to have these bytes written; `each` gets every PUBLISH.
    pub fn write(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&Publish<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        self.written.extend_from_slice(bytes);
        let written = std::mem::take(&mut self.written);
        let options = DecodeOptions::new(self.version).with_sender(self.role);
        let mut rest = &written[..];
        loop {
            let before = rest.len();
            match Packet::read(&mut rest, options) {
                Ok(Some(packet)) => {
                    let len = before - rest.len();
                    if len > self.max_packet_size {
                        let (what, most) = (packet.packet_type(), self.max_packet_size);
                        return Err(format!("{what} of {len} bytes, of {most} (I8)"));
                    }
                    if let Packet::Publish(publish) = &packet {
                        each(publish)?;
                    }
                    self.wrote(&packet)?;
                }
                Ok(None) => break,
                Err(error) => return Err(format!("wrote what is no packet: {error}")),
            }
        }
        self.written = rest.to_vec();
        Ok(())
    }

    /// The session has taken these bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        self.read.extend_from_slice(bytes);
        let read = std::mem::take(&mut self.read);
        let sender = if self.role == Role::Client { Role::Server } else { Role::Client };
        let options = DecodeOptions::new(self.version).with_sender(sender);
        let mut rest = &read[..];
        while let Ok(Some(packet)) = Packet::read(&mut rest, options) {
            self.took(&packet);
        }
        self.read = rest.to_vec();
    }

    fn wrote(&mut self, packet: &Packet<'_>) -> Result<(), String> {
        if self.is_over {
            return Err(format!("{} after DISCONNECT (I9)", packet.packet_type()));
        }
        match packet {
            Packet::Publish(publish) => self.wrote_publish(publish),
            Packet::Pubrel(pubrel) => self.wrote_pubrel(pubrel.packet_id),
            Packet::Puback(p) => self.in_order("PUBACK", p.packet_id, |wire| &mut wire.pubacks),
            Packet::Pubrec(p) => self.in_order("PUBREC", p.packet_id, |wire| &mut wire.pubrecs),
            Packet::Subscribe(p) => self.wrote_request(p.packet_id),
            Packet::Unsubscribe(p) => self.wrote_request(p.packet_id),
            Packet::Pingreq(_) => {
                self.seen.pings += 1;
                Ok(())
            }
            Packet::Disconnect(_) => {
                self.is_over = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn wrote_request(&mut self, id: PacketId) -> Result<(), String> {
        if self.sent.contains_key(&id) || !self.requests.insert(id) {
            return Err(format!("identifier {id} is given out twice (I7)"));
        }
        Ok(())
    }

    fn wrote_publish(&mut self, publish: &Publish<'_>) -> Result<(), String> {
        self.seen.aliases += u64::from(publish.topic.is_none());
        let Some(id) = publish.packet_id() else { return Ok(()) };
        let letter = Letter::id(publish.payload);
        // What clears a topic has no payload.
        if letter.is_none() && !publish.payload.is_empty() {
            return Err("a PUBLISH of no letter".to_owned());
        }
        if letter.is_some_and(|letter| self.released.contains(&letter)) {
            return Err(format!("PUBLISH {id} of letter {letter:?} after its PUBREL (I5)"));
        }
        let (connection, dup) = (self.connection, publish.dup());
        match self.sent.get_mut(&id) {
            Some(sent) if sent.letter != letter => {
                return Err(format!(
                    "identifier {id} of {:?} for {letter:?} too (I7)",
                    sent.letter
                ));
            }
            Some(sent) if sent.connection == connection => {
                return Err(format!("PUBLISH {id} twice on one connection (I6)"));
            }
            Some(_) if !dup => return Err(format!("PUBLISH {id} again without DUP (I6)")),
            Some(sent) => {
                sent.connection = connection;
                let order = sent.order;
                self.seen.resent_publish += 1;
                self.resends(id, order)?;
            }
            None if dup => return Err(format!("PUBLISH {id} with DUP at first (I6)")),
            None if self.requests.contains(&id) => {
                return Err(format!("identifier {id} of a request too (I7)"));
            }
            None => {
                if let Some((old, _)) =
                    self.sent.iter().find(|(_, sent)| sent.connection != connection)
                {
                    return Err(format!("PUBLISH {id} before {old} is sent again (I4)"));
                }
                if id.get() < self.last && self.sent.keys().any(|held| *held > id) {
                    self.seen.reused_past_held += 1;
                }
                self.last = id.get();
                self.order += 1;
                let qos = publish.qos();
                let sent = Sent { letter, order: self.order, connection, qos, is_received: false };
                self.sent.insert(id, sent);
            }
        }
        self.in_flight.insert(id);
        if self.in_flight.len() >= usize::from(self.limit) {
            self.seen.quota_used_up += 1;
        }
        if self.in_flight.len() > usize::from(self.limit) {
            return Err(format!("{} in flight of {} (I8)", self.in_flight.len(), self.limit));
        }
        Ok(())
    }

    /// What is sent again comes in its order.
    fn resends(&mut self, id: PacketId, order: u64) -> Result<(), String> {
        if self.resent.is_some_and(|last| last >= order) {
            return Err(format!("{id} is sent again too late (I4)"));
        }
        self.resent = Some(order);
        Ok(())
    }

    fn wrote_pubrel(&mut self, id: PacketId) -> Result<(), String> {
        let connection = self.connection;
        let is_answer = self.pubrels.front() == Some(&id);
        match self.sent.get_mut(&id) {
            Some(sent) if sent.connection != connection && !is_answer => {
                if !sent.is_received {
                    return Err(format!("PUBREL {id} before its PUBREC"));
                }
                sent.connection = connection;
                self.seen.resent_pubrel += 1;
                let order = sent.order;
                self.released.extend(sent.letter);
                return self.resends(id, order);
            }
            Some(sent) => {
                // To an odd peer the answer may be what is sent again too.
                if !self.is_honest {
                    sent.connection = connection;
                }
                self.released.extend(sent.letter);
            }
            None if self.is_honest => return Err(format!("PUBREL {id} of nothing")),
            None => {}
        }
        self.in_order("PUBREL", id, |wire| &mut wire.pubrels)
    }

    /// An answer comes in the order of what it is to.
    fn in_order(
        &mut self,
        name: &str,
        id: PacketId,
        queue: impl Fn(&mut Self) -> &mut VecDeque<PacketId>,
    ) -> Result<(), String> {
        let is_honest = self.is_honest;
        let queue = queue(self);
        if queue.front() == Some(&id) {
            queue.pop_front();
            return Ok(());
        }
        if is_honest {
            return Err(format!("{name} {id}, where {:?} is next (4.6.0)", queue.front()));
        }
        queue.retain(|other| *other != id);
        Ok(())
    }

    fn took(&mut self, packet: &Packet<'_>) {
        self.heard += u64::from(!matches!(packet, Packet::Connect(_) | Packet::Disconnect(_)));
        let state = |id: &PacketId| self.sent.get(id).map(|sent| (sent.qos, sent.is_received));
        match packet {
            Packet::Puback(p) if matches!(state(&p.packet_id), Some((QoS::AtLeastOnce, _))) => {
                self.free(p.packet_id);
            }
            Packet::Pubrec(p) => {
                let state = state(&p.packet_id);
                let is_refused = p.reason.is_failure();
                if !is_refused {
                    self.pubrels.push_back(p.packet_id);
                }
                if state == Some((QoS::ExactlyOnce, false)) {
                    if is_refused {
                        self.free(p.packet_id);
                    } else if let Some(sent) = self.sent.get_mut(&p.packet_id) {
                        sent.is_received = true;
                    }
                }
            }
            Packet::Pubcomp(p) if state(&p.packet_id) == Some((QoS::ExactlyOnce, true)) => {
                self.free(p.packet_id);
            }
            Packet::Pubrel(p) => self.pubrels_taken.push(p.packet_id),
            Packet::Suback(p) => {
                self.requests.remove(&p.packet_id);
            }
            Packet::Unsuback(p) => {
                self.requests.remove(&p.packet_id);
            }
            Packet::Publish(publish) => match (publish.packet_id(), publish.qos()) {
                (Some(id), QoS::AtLeastOnce) => self.pubacks.push_back(id),
                (Some(id), _) if !self.pubrecs.contains(&id) => self.pubrecs.push_back(id),
                _ => {}
            },
            Packet::Connack(connack) if connack.reason == ReasonCode::SUCCESS => {
                self.was_told(connack.properties);
            }
            Packet::Connect(connect) => self.was_told(connect.properties),
            _ => {}
        }
    }

    /// The limits of the peer.
    fn was_told(&mut self, properties: Properties<'_>) {
        let most = properties.maximum_packet_size();
        self.max_packet_size = most.map_or(usize::MAX, |most| most.get() as usize);
        let told = properties.receive_maximum();
        self.limit = self.limit.min(told.map_or(u16::MAX, |max| max.get()));
    }

    fn free(&mut self, id: PacketId) {
        self.sent.remove(&id);
        self.in_flight.remove(&id);
    }

    /// The PUBRELs that were taken since the last call.
    pub fn take_pubrels(&mut self) -> Vec<PacketId> {
        std::mem::take(&mut self.pubrels_taken)
    }

    /// Whether the letter is on its way, and the peer does not have it as far as is known.
    pub fn holds(&self, letter: Id) -> bool {
        self.sent.values().any(|sent| sent.letter == Some(letter) && !sent.is_received)
    }

    /// Identifiers that are in use for messages.
    pub fn held(&self) -> impl Iterator<Item = (PacketId, QoS, bool)> {
        self.sent.iter().map(|(id, sent)| (*id, sent.qos, sent.is_received))
    }
}
