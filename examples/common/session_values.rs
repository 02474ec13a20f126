//! The values of a trace as values of the crate, and back. Knows neither the client nor the server.
#![allow(dead_code, reason = "a role uses the part that it has inputs and outputs for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a trace that says what cannot be is no trace"
)]

use crate::{
    json::{packet_to_json, with_packet},
    options,
};
use mqtt_pure::{
    Connect, Packet, PacketId, Properties, Publish, ReasonCode, Role, Subscribe, Text, Unsubscribe,
    Version, Will,
};
use serde_json::{Map, Value, json};

/// What the configuration says besides the fields of packets.
#[derive(Debug, Default, PartialEq)]
pub struct Settings {
    /// What is delivered is acknowledged by an input.
    pub is_manual: bool,
    /// Milliseconds.
    pub connect_timeout: Option<u64>,
    /// Milliseconds.
    pub ping_timeout: Option<u64>,
    pub in_flight_maximum: Option<u16>,
    pub queue_maximum: Option<usize>,
    pub maximum_packet_size: Option<u32>,
}

impl Settings {
    pub fn new(config: &Value) -> Self {
        Self {
            is_manual: config["acknowledge"] == "manual",
            connect_timeout: number(config, "connect_timeout"),
            ping_timeout: number(config, "ping_timeout"),
            in_flight_maximum: number(config, "in_flight_maximum"),
            queue_maximum: number(config, "queue_maximum"),
            maximum_packet_size: number(config, "maximum_packet_size"),
        }
    }
}

/// The configuration from an `open` on, whose fields replace those of before.
pub fn reopened(config: &Value, open: &Value) -> Value {
    let mut config = config.clone();
    for (name, value) in open.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

/// The packet of this type that the fields describe, with what is left out as the suite has it: an
/// input has no packet identifier if the role chooses it, and stands here with the lowest.
///
/// An error is a value that cannot be in a packet, which a role has to refuse.
pub fn with_packet_of<R>(
    kind: &str,
    body: &Value,
    version: Version,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let mut packet = defaults(kind, body, version);
    for (name, value) in packet.as_object_mut().into_iter().flatten() {
        if let Some(given) = body.get(name) {
            *value = given.clone();
        }
    }
    packet["type"] = json!(kind);
    with_packet(&packet, version, use_packet)
}

/// All fields of the packet.
fn defaults(kind: &str, body: &Value, version: Version) -> Value {
    let (clean, code, codes) = match version {
        Version::V5_0 => ("clean_start", "reason_code", "reason_codes"),
        _ => ("clean_session", "code", "codes"),
    };
    let mut packet = match kind {
        "connect" => json!({
            "protocol_version": version.to_string(),
            clean: true,
            "keep_alive": 0,
            "client_id": "c",
            "will": null,
            "user_name": null,
            "password": null,
        }),
        "connack" => json!({"session_present": false, code: 0}),
        "publish" => {
            let packet_id =
                if matches!(body["qos"].as_u64(), None | Some(0)) { Value::Null } else { json!(1) };
            json!({
                "dup": false,
                "qos": 0,
                "retain": false,
                "topic": "",
                "packet_id": packet_id,
                "payload": "",
            })
        }
        "subscribe" => json!({"packet_id": 1, "subscriptions": []}),
        "suback" => json!({"packet_id": 1, codes: []}),
        "unsubscribe" => json!({"packet_id": 1, "filters": []}),
        "unsuback" if version == Version::V5_0 => json!({"packet_id": 1, codes: []}),
        "unsuback" | "puback" | "pubrec" | "pubrel" | "pubcomp" => json!({"packet_id": 1}),
        _ => json!({}),
    };
    if version == Version::V5_0 && !matches!(kind, "pingreq" | "pingresp") {
        packet["properties"] = json!({});
        if matches!(kind, "puback" | "pubrec" | "pubrel" | "pubcomp" | "disconnect" | "auth") {
            packet[code] = json!(0);
        }
    }
    packet
}

/// The CONNECT that a client sends with this configuration.
pub fn with_connect<R>(
    config: &Value,
    version: Version,
    use_connect: impl FnOnce(&Connect<'_>) -> R,
) -> Result<R, String> {
    with_packet_of("connect", config, version, |packet| match packet {
        Packet::Connect(connect) => use_connect(connect),
        other => panic!("{other:?}"),
    })
}

/// The message of an input. Only its packet identifier, at QoS 1 and 2, is not the role's.
pub fn with_publish<R>(
    body: &Value,
    version: Version,
    use_publish: impl FnOnce(&Publish<'_>) -> R,
) -> Result<R, String> {
    with_packet_of("publish", body, version, |packet| match packet {
        Packet::Publish(publish) => use_publish(publish),
        other => panic!("{other:?}"),
    })
}

/// The request of an input. Only its packet identifier is not the role's.
pub fn with_subscribe<R>(
    body: &Value,
    version: Version,
    use_subscribe: impl FnOnce(&Subscribe<'_>) -> R,
) -> Result<R, String> {
    with_packet_of("subscribe", body, version, |packet| match packet {
        Packet::Subscribe(subscribe) => use_subscribe(subscribe),
        other => panic!("{other:?}"),
    })
}

/// The request of an input. Only its packet identifier is not the role's.
pub fn with_unsubscribe<R>(
    body: &Value,
    version: Version,
    use_unsubscribe: impl FnOnce(&Unsubscribe<'_>) -> R,
) -> Result<R, String> {
    with_packet_of("unsubscribe", body, version, |packet| match packet {
        Packet::Unsubscribe(unsubscribe) => use_unsubscribe(unsubscribe),
        other => panic!("{other:?}"),
    })
}

/// The `properties` among the fields of an input or a configuration, none if they are left out.
pub fn with_properties<R>(
    body: &Value,
    use_properties: impl FnOnce(Properties<'_>) -> R,
) -> Result<R, String> {
    // Any packet would do, as which properties it may have is asked when it is encoded.
    let only = json!({"properties": body.get("properties").unwrap_or(&json!({}))});
    with_packet_of("disconnect", &only, Version::V5_0, |packet| match packet {
        Packet::Disconnect(disconnect) => use_properties(disconnect.properties),
        other => panic!("{other:?}"),
    })
}

/// The `reason_code`, or `code` before 5.0, if there is one.
pub fn reason_code(body: &Value) -> Option<ReasonCode> {
    number(body, "reason_code").or_else(|| number(body, "code")).map(ReasonCode::new)
}

/// The `reason_codes`, or `codes` before 5.0; none if there is no such field.
pub fn reason_codes(body: &Value) -> Vec<ReasonCode> {
    let codes = body.get("reason_codes").or_else(|| body.get("codes"));
    let codes = codes.and_then(Value::as_array).into_iter().flatten();
    codes.map(|code| ReasonCode::new(whole(code).expect("a code"))).collect()
}

pub fn packet_id(body: &Value) -> PacketId {
    number(body, "packet_id").and_then(PacketId::new).expect("packet_id")
}

/// The name of a request, if it has to be reported.
pub fn token(body: &Value) -> Option<String> {
    body["token"].as_str().map(str::to_owned)
}

/// A number of the configuration or an input, if it is there.
pub fn number<N: TryFrom<u64>>(body: &Value, name: &str) -> Option<N> {
    let value = body.get(name)?;
    Some(whole(value).unwrap_or_else(|| panic!("{name}: {value}")))
}

fn whole<N: TryFrom<u64>>(value: &Value) -> Option<N> {
    value.as_u64().and_then(|number| N::try_from(number).ok())
}

/// A `send` for each packet of what a role wrote. All of it has to be packets that this side may
/// send.
pub fn sent(mut bytes: &[u8], version: Version, sender: Role) -> Vec<Value> {
    let options = options::of(version, &Value::Null, &Value::Null).with_sender(sender);
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        match Packet::read(&mut bytes, options) {
            Ok(Some(packet)) => packets.push(json!({"send": packet_to_json(&packet, version)})),
            other => panic!("sent {}, which is {other:?}", hex::encode(bytes)),
        }
    }
    packets
}

/// A `deliver` of the message.
pub fn delivered(publish: &Publish<'_>, version: Version) -> Value {
    json!({"deliver": fields_of(&Packet::Publish(*publish), version)})
}

/// An event with the fields of the object.
pub fn event(name: &str, fields: &Value) -> Value {
    let mut event = json!({"event": name});
    for (name, value) in fields.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

/// An event with the fields of the packet that it is about.
pub fn packet_event(name: &str, packet: &Packet<'_>, version: Version) -> Value {
    event(name, &Value::Object(fields_of(packet, version)))
}

/// The event that a will is to be published.
pub fn will_event(will: &Will<'_>, version: Version) -> Value {
    let connect = Connect { will: Some(*will), ..Connect::new(version, Text::EMPTY) };
    event("will", &packet_to_json(&Packet::Connect(connect), version)["will"])
}

/// The event that the request with this token has come to an end.
pub fn end_event(name: &str, token: &str) -> Value {
    json!({"event": name, "token": token})
}

pub fn close() -> Value {
    json!({"close": {}})
}

/// The input, or the request with this token, is refused.
pub fn error(token: Option<&str>) -> Value {
    token.map_or_else(|| json!({"error": {}}), |token| json!({"error": {"token": token}}))
}

fn fields_of(packet: &Packet<'_>, version: Version) -> Map<String, Value> {
    match packet_to_json(packet, version) {
        Value::Object(mut fields) => {
            fields.shift_remove("type");
            fields
        }
        other => panic!("{other}"),
    }
}
