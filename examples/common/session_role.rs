//! The client and the server of this crate, as a trace drives them. A trace that cannot be driven
//! panics.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a trace that says what cannot be is no trace"
)]

use crate::session_values::{
    self as values, Settings, close, delivered, end_event, error, packet_event, packet_id,
    reason_code, reason_codes, reopened, sent, token, with_connect, with_packet_of,
    with_properties, with_publish, with_subscribe, with_unsubscribe,
};
use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, CommandError, Disconnect, Failure, Instant, Message, Outgoing, Packet,
    PacketId, Publish, Published, QoS, ReasonCode, Received, Role, Server, ServerAction,
    SessionOptions, Snapshot, Suback, Token, Unsuback, Version,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A client or a server that is driven by a trace.
pub trait Driven {
    /// Gives one input at a moment, in milliseconds. Answers everything that came out of it and of
    /// what has become due since the step before, as objects in the form of `out`.
    ///
    /// In `body` there are numbers in the place of names. `bytes` is what comes in by `recv`, and
    /// empty for all other inputs.
    fn step(&mut self, at: u64, input: &str, body: &Value, bytes: &[u8]) -> Vec<Value>;
}

/// A role of this version with the configuration of a trace.
pub fn role(role: Role, version: Version, config: &Value) -> Box<dyn Driven> {
    let shared = Shared::new(role, version, config);
    match role {
        Role::Client => Box::new(ClientRole { client: Client::new(shared.options), shared }),
        Role::Server => Box::new(ServerRole { server: Server::new(shared.options), shared }),
    }
}

/// What a driver of either role keeps.
struct Shared {
    options: SessionOptions,
    config: Value,
    version: Version,
    tokens: BTreeMap<Token, String>,
    /// How what has been delivered is to be acknowledged.
    delivered: BTreeMap<PacketId, QoS>,
    /// What has come and is not yet taken.
    input: Vec<u8>,
    out: Vec<Value>,
    stored: Option<Snapshot>,
}

impl Shared {
    fn new(role: Role, version: Version, config: &Value) -> Self {
        let settings = Settings::new(config);
        let mut options = SessionOptions::new();
        options.manual_acknowledgement = settings.is_manual;
        options.connect_timeout = settings.connect_timeout;
        options.ping_timeout = settings.ping_timeout;
        options.max_in_flight = settings.in_flight_maximum.unwrap_or(u16::MAX);
        options.max_queued = settings.queue_maximum.map_or(0, |most| u32::try_from(most).unwrap());
        options.max_packet_size = settings.maximum_packet_size.unwrap_or(u32::MAX);
        if role == Role::Server {
            with_properties(config, |properties| {
                options.maximum_qos = properties.maximum_qos().unwrap_or(QoS::ExactlyOnce);
                options.retain_available = properties.retain_available().unwrap_or(true);
            })
            .unwrap();
        }
        Self {
            options,
            config: config.clone(),
            version,
            tokens: BTreeMap::new(),
            delivered: BTreeMap::new(),
            input: Vec::new(),
            out: Vec::new(),
            stored: None,
        }
    }

    fn message(&self, body: &Value) -> Message {
        with_publish(body, self.version, |publish| {
            Message::new(publish.topic.unwrap(), publish.payload.to_vec())
                .with_properties(publish.properties)
                .unwrap()
                .with_qos(publish.qos())
                .with_retain(publish.retain)
        })
        .unwrap()
    }

    /// A request was accepted, or refused.
    fn named(&mut self, body: &Value, result: Result<Option<Token>, CommandError>) {
        match (result, token(body)) {
            (Ok(Some(token)), Some(name)) => {
                self.tokens.insert(token, name);
            }
            (Ok(_), _) => {}
            (Err(_), name) => self.out.push(error(name.as_deref())),
        }
    }

    fn done(&mut self, result: Result<(), CommandError>) {
        if result.is_err() {
            self.out.push(error(None));
        }
    }

    /// What has come to its end is told of requests that have a token.
    fn ended(&mut self, name: &str, token: Token, fields: &Value) {
        if let Some(request) = self.tokens.remove(&token) {
            let mut told = end_event(name, &request);
            for (field, value) in fields.as_object().into_iter().flatten() {
                told[field] = value.clone();
            }
            self.out.push(told);
        }
    }

    fn failed(&mut self, token: Token, failure: Failure<'_>) {
        let fields = match failure {
            Failure::Refused { reason, .. } => json!({"reason_code": reason.get()}),
            _ => json!({}),
        };
        self.ended("failed", token, &fields);
    }

    fn deliver(&mut self, received: &Received<'_>) {
        if let Some(id) = received.publish.packet_id() {
            self.delivered.insert(id, received.publish.qos());
        }
        let mut publish = received.publish;
        publish.topic = Some(received.topic());
        self.out.push(delivered(&publish, self.version));
    }

    /// What has come out. The transport is closed when everything is written.
    fn take(&mut self) -> Vec<Value> {
        self.out.sort_by_key(|output| output.get("close").is_some());
        std::mem::take(&mut self.out)
    }

    fn write(&mut self, outgoing: &mut Outgoing, sender: Role) {
        let bytes = outgoing.copy_to_bytes(outgoing.remaining());
        self.out.extend(sent(&bytes, self.version, sender));
    }

    /// Identifier, QoS and reason of an `acknowledge`.
    fn acknowledged(&self, body: &Value) -> (PacketId, QoS, ReasonCode) {
        let id = packet_id(body);
        let qos = self.delivered.get(&id).copied().unwrap_or(QoS::AtLeastOnce);
        (id, qos, reason_code(body).unwrap_or(ReasonCode::SUCCESS))
    }

    fn disconnect(&self, body: &Value, leave: impl FnOnce(&Disconnect<'_>) -> bool) -> bool {
        with_packet_of("disconnect", body, self.version, |packet| match packet {
            Packet::Disconnect(disconnect) => leave(disconnect),
            other => panic!("{other:?}"),
        })
        .unwrap()
    }

    fn codes(event: &str, packet: &Packet<'_>, version: Version) -> Value {
        let mut fields = packet_event(event, packet, version);
        let fields = fields.as_object_mut().unwrap();
        fields.retain(|name, _| matches!(name.as_str(), "codes" | "reason_codes"));
        Value::Object(fields.clone())
    }
}

struct ClientRole {
    client: Client,
    shared: Shared,
}

impl Driven for ClientRole {
    fn step(&mut self, at: u64, input: &str, body: &Value, bytes: &[u8]) -> Vec<Value> {
        let now = Instant::from_millis(at);
        self.client.timeout(now);
        self.settle(now);
        self.input(now, input, body, bytes);
        self.settle(now);
        self.shared.take()
    }
}

impl ClientRole {
    fn input(&mut self, now: Instant, input: &str, body: &Value, bytes: &[u8]) {
        let Self { client, shared } = self;
        match input {
            "open" => {
                shared.input.clear();
                shared.config = reopened(&shared.config, body);
                let opened = with_connect(&shared.config, shared.version, |connect| {
                    client.opened(now, connect)
                });
                opened.unwrap().unwrap();
            }
            "closed" => {
                shared.input.clear();
                client.closed(now);
            }
            "recv" => shared.input.extend_from_slice(bytes),
            "tick" => {}
            "publish" => {
                let message = shared.message(body);
                let result = client.publish(now, message).map(Published::token);
                shared.named(body, result);
            }
            "subscribe" => {
                let result = with_subscribe(body, shared.version, |subscribe| {
                    client.subscribe(now, subscribe.subscriptions, subscribe.properties)
                });
                shared.named(body, result.unwrap().map(|requested| Some(requested.token)));
            }
            "unsubscribe" => {
                let result = with_unsubscribe(body, shared.version, |unsubscribe| {
                    client.unsubscribe(now, unsubscribe.filters, unsubscribe.properties)
                });
                shared.named(body, result.unwrap().map(|requested| Some(requested.token)));
            }
            "acknowledge" => {
                let (id, qos, reason) = shared.acknowledged(body);
                let result = with_properties(body, |properties| {
                    client.acknowledge(now, id, qos, reason, properties)
                });
                shared.done(result.unwrap());
            }
            "auth" => {
                let reason = reason_code(body).unwrap();
                let result = with_properties(body, |properties| {
                    client.authenticate(now, reason, properties)
                });
                shared.done(result.unwrap());
            }
            "disconnect" => {
                if !shared.disconnect(body, |packet| client.disconnect(now, packet).is_ok()) {
                    shared.out.push(error(None));
                }
            }
            "snapshot" => shared.stored = Some(client.snapshot()),
            "restore" => {
                shared.input.clear();
                let stored = shared.stored.clone().expect("a snapshot");
                *client = Client::restore(shared.options, stored).expect("restored");
            }
            other => panic!("input {other}"),
        }
    }

    fn settle(&mut self, now: Instant) {
        let Self { client, shared } = self;
        let bytes = std::mem::take(&mut shared.input);
        let mut input = &bytes[..];
        while let Some(action) = client.receive(now, &mut input) {
            tell_client(shared, action);
        }
        shared.input = input.to_vec();
        while let Some(action) = client.poll() {
            tell_client(shared, action);
        }
        shared.write(client.transmit(now), Role::Client);
        while let Some(action) = client.poll() {
            tell_client(shared, action);
        }
    }
}

fn tell_client(shared: &mut Shared, action: ClientAction<'_>) {
    let version = shared.version;
    match action {
        ClientAction::Connected(p) => {
            shared.out.push(packet_event("connected", &Packet::Connack(p), version));
        }
        ClientAction::Refused(p) => {
            shared.out.push(packet_event("refused", &Packet::Connack(p), version));
        }
        ClientAction::Subscribed(token, p) => {
            let codes = Shared::codes("", &Packet::Suback(p), version);
            shared.ended("completed", token, &codes);
        }
        ClientAction::Unsubscribed(token, p) => {
            let codes = Shared::codes("", &Packet::Unsuback(p), version);
            shared.ended("completed", token, &codes);
        }
        ClientAction::Disconnected(p) => {
            shared.out.push(packet_event("disconnect", &Packet::Disconnect(p), version));
        }
        ClientAction::Auth(p) => shared.out.push(packet_event("auth", &Packet::Auth(p), version)),
        ClientAction::Message(received) => shared.deliver(&received),
        ClientAction::Done { token, .. } => shared.ended("completed", token, &json!({})),
        ClientAction::Failed { token, failure } => shared.failed(token, failure),
        ClientAction::Lost { token } => shared.ended("lost", token, &json!({})),
        ClientAction::Close(_) => shared.out.push(close()),
        ClientAction::Ignored { .. } | ClientAction::SessionEnded => {}
        other => panic!("{other:?}"),
    }
}

struct ServerRole {
    server: Server,
    shared: Shared,
}

impl Driven for ServerRole {
    fn step(&mut self, at: u64, input: &str, body: &Value, bytes: &[u8]) -> Vec<Value> {
        let now = Instant::from_millis(at);
        self.server.timeout(now);
        self.settle(now);
        self.input(now, input, body, bytes);
        self.settle(now);
        self.shared.take()
    }
}

impl ServerRole {
    fn input(&mut self, now: Instant, input: &str, body: &Value, bytes: &[u8]) {
        let Self { server, shared } = self;
        match input {
            "open" => {
                shared.input.clear();
                server.opened(now);
            }
            "closed" => {
                shared.input.clear();
                server.closed(now);
            }
            "recv" => shared.input.extend_from_slice(bytes),
            "tick" => {}
            "publish" => {
                let granted = values::number::<u8>(body, "granted_qos").and_then(QoS::new);
                let granted = granted.unwrap_or(QoS::ExactlyOnce);
                let message = shared.message(body);
                let result = server.publish(now, message, granted).map(Published::token);
                shared.named(body, result);
            }
            "acknowledge" => {
                let (id, qos, reason) = shared.acknowledged(body);
                let result = with_properties(body, |properties| {
                    server.acknowledge(now, id, qos, reason, properties)
                });
                shared.done(result.unwrap());
            }
            "disconnect" => {
                if !shared.disconnect(body, |packet| server.disconnect(now, packet).is_ok()) {
                    shared.out.push(error(None));
                }
            }
            "snapshot" => shared.stored = Some(server.snapshot()),
            "restore" => {
                shared.input.clear();
                let stored = shared.stored.clone().expect("a snapshot");
                *server = Server::restore(shared.options, stored, now).expect("restored");
            }
            _ => self.decision(now, input, body),
        }
    }

    /// What the application of a server decides.
    fn decision(&mut self, now: Instant, input: &str, body: &Value) {
        let Self { server, shared } = self;
        let result = match input {
            "accept" => {
                let mut all = shared.config.get("properties").cloned().unwrap_or(json!({}));
                for (name, value) in body["properties"].as_object().into_iter().flatten() {
                    all[name] = value.clone();
                }
                let all = json!({"properties": all});
                with_properties(&all, |properties| server.accept(now, properties)).unwrap()
            }
            "refuse" => with_properties(body, |properties| {
                server.refuse(now, reason_of_refusal(body, shared.version), properties)
            })
            .unwrap(),
            "grant" => {
                let (id, codes) = (packet_id(body), reason_codes(body));
                with_properties(body, |properties| {
                    server.grant(now, &Suback { properties, ..Suback::new(id, &codes[..]) })
                })
                .unwrap()
            }
            "remove" => {
                let (id, codes) = (packet_id(body), reason_codes(body));
                with_properties(body, |properties| {
                    let codes = mqtt_pure::List::from(&codes[..]);
                    server.remove(now, &Unsuback { packet_id: id, codes, properties })
                })
                .unwrap()
            }
            "auth" => {
                let reason = reason_code(body).unwrap();
                with_properties(body, |properties| server.authenticate(now, reason, properties))
                    .unwrap()
            }
            "take_over" => {
                let is_clean = body.get("clean_session").or_else(|| body.get("clean_start"));
                server.take_over(now, is_clean.and_then(Value::as_bool).unwrap());
                Ok(())
            }
            "expire_session" => server.expire_session(),
            other => panic!("input {other}"),
        };
        shared.done(result);
    }

    fn settle(&mut self, now: Instant) {
        let Self { server, shared } = self;
        let bytes = std::mem::take(&mut shared.input);
        let mut input = &bytes[..];
        while let Some(action) = server.receive(now, &mut input) {
            tell_server(shared, action);
        }
        shared.input = input.to_vec();
        while let Some(action) = server.poll() {
            tell_server(shared, action);
        }
        shared.write(server.transmit(now), Role::Server);
        while let Some(action) = server.poll() {
            tell_server(shared, action);
        }
    }
}

/// Before 5.0 the number means something else.
fn reason_of_refusal(body: &Value, version: Version) -> Option<ReasonCode> {
    let code = reason_code(body)?;
    match version {
        Version::V5_0 => Some(code),
        _ => mqtt_pure::ConnectReturnCode::new(code.get()).map(|code| code.reason()),
    }
}

fn tell_server(shared: &mut Shared, action: ServerAction<'_>) {
    let version = shared.version;
    match action {
        ServerAction::Connect(p) => {
            shared.out.push(packet_event("connect", &Packet::Connect(p), version));
        }
        ServerAction::Subscribe(p) => {
            shared.out.push(packet_event("subscribe", &Packet::Subscribe(p), version));
        }
        ServerAction::Unsubscribe(p) => {
            shared.out.push(packet_event("unsubscribe", &Packet::Unsubscribe(p), version));
        }
        ServerAction::Will(message) => shared.out.push(will(&message, version)),
        ServerAction::Disconnected(p) => {
            shared.out.push(packet_event("disconnect", &Packet::Disconnect(p), version));
        }
        ServerAction::Auth(p) => shared.out.push(packet_event("auth", &Packet::Auth(p), version)),
        ServerAction::Message(received) => shared.deliver(&received),
        ServerAction::Done { token, .. } => shared.ended("completed", token, &json!({})),
        ServerAction::Failed { token, failure } => shared.failed(token, failure),
        ServerAction::Lost { token } => shared.ended("lost", token, &json!({})),
        ServerAction::Close(_) => shared.out.push(close()),
        ServerAction::Ignored { .. } | ServerAction::SessionEnded => {}
        other => panic!("{other:?}"),
    }
}

fn will(message: &Message, version: Version) -> Value {
    let mut publish = Publish::new(message.topic(), message.payload());
    (publish.retain, publish.properties) = (message.retain(), message.properties());
    let mut told = packet_event("will", &Packet::Publish(publish), version);
    told["qos"] = json!(message.qos().level());
    if let Some(seconds) = message.message_expiry_interval() {
        told["properties"]["message_expiry_interval"] = json!(seconds);
    }
    told
}
