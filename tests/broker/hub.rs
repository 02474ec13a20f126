//! A broker with clients around it, in a world where bytes arrive as soon as they are written.

use bytes::Buf;
use mqtt_pure::{
    Accept, AllowAll, Broker, BrokerAction, BrokerOptions, BrokerRecord, BrokerSnapshot, Client,
    ClientAction, CloseReason, Connect, ConnectionId, Disconnect, Instant, Message, Policy,
    Properties, Property, QoS, Received, SessionOptions, Subscription, SubscriptionId,
    SubscriptionOptions, Text, TopicFilter, TopicName, Version,
};
use std::collections::BTreeMap;

/// A policy for which the application knows clients by their CONNECT.
pub trait Known: Policy {
    fn know(&mut self, connect: &Connect<'_>) -> Self::Client;
}

impl Known for AllowAll {
    fn know(&mut self, _: &Connect<'_>) {}
}

/// A client, or bytes without one.
#[derive(Default)]
pub struct Peer {
    pub client: Option<Client>,
    pub connection: Option<ConnectionId>,
    /// What it has written and the broker has not taken.
    pub input: Vec<u8>,
    /// What it was sent, of bytes without a client.
    pub output: Vec<u8>,
    /// Whether it takes what it is sent.
    pub is_deaf: bool,
    pub told: Vec<String>,
    pub closed: Option<CloseReason>,
}

pub struct Hub<P: Known> {
    pub broker: Broker<P>,
    pub now: u64,
    pub peers: Vec<Peer>,
    pub store: BrokerSnapshot,
    pub records: Vec<BrokerRecord>,
    /// All that the broker has written.
    pub written: Vec<u8>,
}

pub fn options() -> BrokerOptions {
    BrokerOptions::new()
}

pub fn hub() -> Hub<AllowAll> {
    Hub::new(options(), AllowAll)
}

impl<P: Known> Hub<P> {
    pub fn new(options: BrokerOptions, policy: P) -> Self {
        Self::with(Broker::new(options, policy))
    }

    pub fn with(broker: Broker<P>) -> Self {
        let (peers, records, written) = (Vec::new(), Vec::new(), Vec::new());
        let store = BrokerSnapshot::new();
        Self { broker, now: 0, peers, store, records, written }
    }

    pub fn at(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// A client that connects, by the number of its peer.
    pub fn client(&mut self, version: Version, connect: &Connect<'_>) -> usize {
        assert_eq!(version, connect.version);
        let mut options = SessionOptions::client();
        options.topic_alias_maximum = 0;
        self.peers.push(Peer { client: Some(Client::new(options)), ..Peer::default() });
        let at = self.peers.len() - 1;
        self.connect(at, connect);
        at
    }

    /// A client with a clean session.
    pub fn clean(&mut self, version: Version, id: &str) -> usize {
        self.client(version, &Connect::new(version, text(id)))
    }

    /// A client that keeps its session.
    pub fn keeping(&mut self, version: Version, id: &str) -> usize {
        keep(version, id, |connect| self.client(version, connect))
    }

    pub fn connect(&mut self, at: usize, connect: &Connect<'_>) {
        let now = self.at();
        let connection = self.broker.opened(now).unwrap();
        let peer = &mut self.peers[at];
        peer.client.as_mut().unwrap().opened(now, connect).unwrap();
        (peer.connection, peer.closed) = (Some(connection), None);
        peer.input.clear();
        self.settle();
    }

    /// The client is back.
    pub fn resume(&mut self, at: usize, version: Version, id: &str) {
        keep(version, id, |connect| self.connect(at, connect));
    }

    /// A connection without a client.
    pub fn raw(&mut self) -> usize {
        let connection = self.broker.opened(self.at()).unwrap();
        self.peers.push(Peer { connection: Some(connection), ..Peer::default() });
        self.peers.len() - 1
    }

    /// Sends bytes; gives what came back.
    pub fn send(&mut self, at: usize, bytes: &[u8]) -> Vec<u8> {
        self.peers[at].input.extend_from_slice(bytes);
        self.settle();
        std::mem::take(&mut self.peers[at].output)
    }

    /// The transport of a client is gone without a word.
    pub fn cut(&mut self, at: usize) {
        let now = self.at();
        let peer = &mut self.peers[at];
        let connection = peer.connection.take().unwrap();
        if let Some(client) = &mut peer.client {
            client.closed(now);
        }
        peer.input.clear();
        self.broker.closed(now, connection);
        self.settle();
    }

    /// The client leaves in order.
    pub fn leave(&mut self, at: usize) {
        let now = self.at();
        let peer = &mut self.peers[at];
        peer.client.as_mut().unwrap().disconnect(now, &Disconnect::new()).unwrap();
        self.settle();
    }

    pub fn advance(&mut self, millis: u64) {
        self.now += millis;
        self.settle();
    }

    pub fn subscribe(&mut self, at: usize, filter: &str, qos: QoS) {
        self.subscribe_with(at, filter, SubscriptionOptions::new(qos), None);
    }

    pub fn subscribe_with(
        &mut self,
        at: usize,
        filter: &str,
        options: SubscriptionOptions,
        id: Option<u32>,
    ) {
        let now = self.at();
        let filter = TopicFilter::new(filter).unwrap();
        let ids: Vec<_> = id
            .map(|id| Property::SubscriptionIdentifier(SubscriptionId::new(id).unwrap()))
            .into_iter()
            .collect();
        let client = self.peers[at].client.as_mut().unwrap();
        let list = [Subscription { filter, options }];
        client.subscribe(now, &list[..], Properties::from(&ids[..])).unwrap();
        self.settle();
    }

    pub fn unsubscribe(&mut self, at: usize, filter: &str) {
        let now = self.at();
        let filters = [TopicFilter::new(filter).unwrap()];
        let client = self.peers[at].client.as_mut().unwrap();
        client.unsubscribe(now, &filters[..], Properties::EMPTY).unwrap();
        self.settle();
    }

    pub fn publish(&mut self, at: usize, topic: &str, payload: &str, qos: QoS) {
        self.publish_message(at, message(topic, payload, qos));
    }

    pub fn publish_message(&mut self, at: usize, message: Message) {
        let now = self.at();
        self.peers[at].client.as_mut().unwrap().publish(now, message).unwrap();
        self.settle();
    }

    /// What a client was told since it was asked last.
    pub fn told(&mut self, at: usize) -> Vec<String> {
        std::mem::take(&mut self.peers[at].told)
    }

    /// The messages among that.
    pub fn messages(&mut self, at: usize) -> Vec<String> {
        let told = self.told(at);
        told.into_iter().filter(|told| told.contains('=')).collect()
    }

    /// Lets everything happen that can.
    pub fn settle(&mut self) {
        for _ in 0..1_000_000 {
            if !self.step() {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    fn step(&mut self) -> bool {
        let mut moved = false;
        for at in 0..self.peers.len() {
            moved |= self.take_from(at);
        }
        moved |= self.broker_writes();
        while self.broker.deadline().is_some_and(|due| due <= self.at()) {
            self.broker.timeout(self.at());
            self.broker_writes();
            moved = true;
        }
        moved
    }

    /// What a client writes goes to the broker.
    pub fn take_from(&mut self, at: usize) -> bool {
        let now = self.at();
        let peer = &mut self.peers[at];
        let Some(id) = peer.connection else { return false };
        let mut moved = false;
        if let Some(client) = &mut peer.client {
            client.timeout(now);
            let out = client.transmit(now);
            moved = out.has_remaining();
            peer.input.extend_from_slice(&out.copy_to_bytes(out.remaining()));
        }
        let input = std::mem::take(&mut peer.input);
        let mut rest = &input[..];
        while let Some(action) = self.broker.receive(now, id, &mut rest) {
            match action {
                BrokerAction::Connect(connect) => {
                    let client = self.broker.policy_mut().know(&connect);
                    let _ = self.broker.accept(now, id, Accept::new(client));
                }
                other => panic!("{other:?}"),
            }
            moved = true;
        }
        moved |= rest.len() < input.len();
        self.peers[at].input = rest.to_vec();
        moved
    }

    /// What the broker writes goes to its clients, after it is persisted.
    fn broker_writes(&mut self) -> bool {
        let now = self.at();
        for record in self.broker.journal(now) {
            self.records.push(record.clone());
            self.store.apply(record).unwrap();
        }
        self.write_all()
    }

    /// What the broker writes goes to its clients.
    pub fn write_all(&mut self) -> bool {
        let now = self.at();
        let mut moved = false;
        while let Some(id) = self.broker.next_ready() {
            let Some(at) = self.peers.iter().position(|peer| peer.connection == Some(id)) else {
                continue;
            };
            moved |= !self.peers[at].is_deaf;
            self.write_to(at, id);
            if let Some(reason) = self.broker.closing(id) {
                self.peers[at].closed = Some(reason);
                self.peers[at].connection = None;
                if let Some(client) = &mut self.peers[at].client {
                    client.closed(now);
                }
                self.broker.closed(now, id);
            }
        }
        moved
    }

    fn write_to(&mut self, at: usize, id: ConnectionId) {
        let now = self.at();
        if self.peers[at].is_deaf {
            return;
        }
        loop {
            let out = self.broker.transmit(now, id);
            if !out.has_remaining() {
                return;
            }
            let bytes = out.copy_to_bytes(out.remaining());
            self.written.extend_from_slice(&bytes);
            let peer = &mut self.peers[at];
            match &mut peer.client {
                None => peer.output.extend_from_slice(&bytes),
                Some(client) => {
                    let mut input = &bytes[..];
                    while let Some(action) = client.receive(now, &mut input) {
                        peer.told.extend(show(&action));
                    }
                    assert!(input.is_empty());
                }
            }
        }
    }

    /// A client that did not take what it was sent does so now.
    pub fn hear(&mut self, at: usize) {
        self.peers[at].is_deaf = false;
        let id = self.peers[at].connection.unwrap();
        self.write_to(at, id);
        self.settle();
    }
}

pub fn text(text: &str) -> Text<'_> {
    Text::new(text).unwrap()
}

pub fn message(topic: &str, payload: &str, qos: QoS) -> Message {
    Message::new(TopicName::new(topic).unwrap(), payload.to_owned()).with_qos(qos)
}

/// A CONNECT that keeps its session, in 5.0 for an hour.
pub fn keep<T>(version: Version, id: &str, run: impl FnOnce(&Connect<'_>) -> T) -> T {
    let expiry = [Property::SessionExpiryInterval(3_600)];
    let mut connect = Connect::new(version, text(id));
    connect.clean_session = false;
    if version == Version::V5_0 {
        connect.properties = Properties::from(&expiry);
    }
    run(&connect)
}

/// The bytes of a packet of a client.
pub fn bytes(encode: impl FnOnce(&mut Vec<u8>) -> Result<(), mqtt_pure::EncodeError>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes).unwrap();
    bytes
}

pub fn connect_bytes(connect: &Connect<'_>) -> Vec<u8> {
    bytes(|out| connect.encode(connect.version, out))
}

fn show(action: &ClientAction<'_>) -> Option<String> {
    Some(match action {
        ClientAction::Connected(connack) => {
            let present = if connack.session_present { "present" } else { "new" };
            format!("connected {present}")
        }
        ClientAction::Refused(connack) => format!("refused {:02x}", connack.reason.get()),
        ClientAction::Subscribed(_, suback) => {
            let codes: Vec<_> = suback.codes.iter().map(|code| code.get()).collect();
            format!("subscribed {codes:02x?}")
        }
        ClientAction::Unsubscribed(_, unsuback) => {
            let codes: Vec<_> = unsuback.codes.iter().map(|code| code.get()).collect();
            format!("unsubscribed {codes:02x?}")
        }
        ClientAction::Message(received) => show_message(received),
        ClientAction::Done { reason, .. } => format!("done {:02x}", reason.get()),
        ClientAction::Failed { failure, .. } => match failure {
            mqtt_pure::Failure::Refused { reason, .. } => format!("failed {:02x}", reason.get()),
            other => format!("failed {other:?}"),
        },
        ClientAction::Disconnected(disconnect) => {
            format!("disconnected {:02x}", disconnect.reason.get())
        }
        ClientAction::Lost { .. } => "lost".to_owned(),
        _ => return None,
    })
}

fn show_message(received: &Received<'_>) -> String {
    let publish = &received.publish;
    let payload = String::from_utf8_lossy(publish.payload);
    let mut shown = format!("{}={payload} q{}", received.topic().as_str(), publish.qos().level());
    if publish.retain {
        shown.push_str(" r");
    }
    for id in publish.properties.subscription_identifiers() {
        shown.push_str(&format!(" #{id}"));
    }
    if let Some(expiry) = publish.properties.message_expiry_interval() {
        shown.push_str(&format!(" {expiry}s"));
    }
    for property in publish.properties.user_properties() {
        shown.push_str(&format!(" {}:{}", property.name.as_str(), property.value.as_str()));
    }
    shown
}

/// Counts what is in a list.
pub fn tally(told: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for told in told {
        *counts.entry(told.as_str()).or_default() += 1;
    }
    counts
}
