//! Packets as the JSON of the conformance vectors, and back: names in snake case, strings as they
//! are, bytes in lower-case hex, what is absent as null. Knows neither files nor cases.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use mqtt_pure::{
    Binary, Connack, Connect, ConnectReturnCode, Delivery, Disconnect, Packet, PacketId, Pingreq,
    Pingresp, Puback, Pubcomp, Publish, Pubrec, Pubrel, QoS, ReasonCode, Suback, Subscribe,
    Subscription, Text, TopicFilter, TopicName, Unsuback, Unsubscribe, Version, Will,
};
use serde_json::{Map, Value, json};

/// The packet as JSON.
///
/// The version matters where it cannot say something: Session Present is null in 3.1.
pub fn packet_to_json(packet: &Packet<'_>, version: Version) -> Value {
    match packet {
        Packet::Connect(p) => json!({
            "type": "connect",
            "protocol_version": p.version.to_string(),
            "clean_session": p.clean_session,
            "keep_alive": p.keep_alive,
            "client_id": p.client_id.as_str(),
            "will": p.will.as_ref().map(|will| json!({
                "topic": will.topic.as_str(),
                "payload": hex::encode(will.payload.as_bytes()),
                "qos": will.qos.level(),
                "retain": will.retain,
            })),
            "user_name": p.user_name.map(Text::as_str),
            "password": p.password.map(|password| hex::encode(password.as_bytes())),
        }),
        Packet::Connack(p) => json!({
            "type": "connack",
            "session_present": (version != Version::V3_1).then_some(p.session_present),
            "code": p.return_code().map(ConnectReturnCode::get),
        }),
        Packet::Publish(p) => json!({
            "type": "publish",
            "dup": p.dup(),
            "qos": p.qos().level(),
            "retain": p.retain,
            "topic": p.topic.as_str(),
            "packet_id": p.packet_id().map(PacketId::get),
            "payload": hex::encode(p.payload),
        }),
        Packet::Puback(p) => with_id("puback", p.packet_id),
        Packet::Pubrec(p) => with_id("pubrec", p.packet_id),
        Packet::Pubrel(p) => with_id("pubrel", p.packet_id),
        Packet::Pubcomp(p) => with_id("pubcomp", p.packet_id),
        Packet::Subscribe(p) => json!({
            "type": "subscribe",
            "packet_id": p.packet_id.get(),
            "subscriptions": p.subscriptions.iter().map(|subscription| json!({
                "filter": subscription.filter.as_str(),
                "qos": subscription.options.qos.level(),
            })).collect::<Vec<_>>(),
        }),
        Packet::Suback(p) => json!({
            "type": "suback",
            "packet_id": p.packet_id.get(),
            "codes": p.codes.iter().map(ReasonCode::get).collect::<Vec<_>>(),
        }),
        Packet::Unsubscribe(p) => json!({
            "type": "unsubscribe",
            "packet_id": p.packet_id.get(),
            "filters": p.filters.iter().map(TopicFilter::as_str).collect::<Vec<_>>(),
        }),
        Packet::Unsuback(p) => with_id("unsuback", p.packet_id),
        Packet::Pingreq(_) => json!({"type": "pingreq"}),
        Packet::Pingresp(_) => json!({"type": "pingresp"}),
        Packet::Disconnect(_) => json!({"type": "disconnect"}),
    }
}

fn with_id(name: &str, packet_id: PacketId) -> Value {
    json!({"type": name, "packet_id": packet_id.get()})
}

/// Hands the packet that the JSON describes to `use_packet`, which can encode or compare it.
///
/// The packet borrows, so it lives only as long as the call. An error names the field that is wrong.
pub fn with_packet<R>(
    value: &Value,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let fields = &mut Fields::new(value, "packet")?;
    let name = fields.string("type")?;
    match name {
        "connect" => with_connect(fields, use_packet),
        "publish" => with_publish(fields, use_packet),
        "subscribe" => {
            let packet_id = fields.packet_id("packet_id")?;
            let subscriptions = fields.list("subscriptions", subscription)?;
            fields.finish()?;
            Ok(use_packet(&Packet::Subscribe(Subscribe::new(packet_id, subscriptions.as_slice()))))
        }
        "suback" => {
            let packet_id = fields.packet_id("packet_id")?;
            let codes = fields
                .list("codes", |value, path| number::<u8>(value, path).map(ReasonCode::new))?;
            fields.finish()?;
            Ok(use_packet(&Packet::Suback(Suback::new(packet_id, codes.as_slice()))))
        }
        "unsubscribe" => {
            let packet_id = fields.packet_id("packet_id")?;
            let filters = fields.list("filters", filter)?;
            fields.finish()?;
            Ok(use_packet(&Packet::Unsubscribe(Unsubscribe::new(packet_id, filters.as_slice()))))
        }
        _ => {
            let packet = small_packet(name, fields)?;
            fields.finish()?;
            Ok(use_packet(&packet))
        }
    }
}

fn with_connect<R>(
    fields: &mut Fields<'_>,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let version = match fields.string("protocol_version")? {
        "3.1" => Version::V3_1,
        "3.1.1" => Version::V3_1_1,
        other => return Err(format!("protocol_version: {other:?} is not \"3.1\" or \"3.1.1\"")),
    };
    let clean_session = fields.bool("clean_session")?;
    let keep_alive = fields.number("keep_alive")?;
    let mut connect = Connect::new(version, fields.text("client_id")?);
    connect.clean_session = clean_session;
    connect.keep_alive = keep_alive;

    let will = fields.take("will")?;
    let mut will_fields = if will.is_null() { None } else { Some(Fields::new(will, "will")?) };
    let will_payload = match &mut will_fields {
        Some(will_fields) => will_fields.bytes("payload")?,
        None => Vec::new(),
    };
    if let Some(will_fields) = &mut will_fields {
        connect.will = Some(Will {
            topic: will_fields.topic("topic")?,
            payload: Binary::new(&will_payload)
                .map_err(|error| format!("will.payload: {error}"))?,
            qos: will_fields.qos("qos")?,
            retain: will_fields.bool("retain")?,
            properties: Default::default(),
        });
        will_fields.finish()?;
    }

    connect.user_name = match fields.take("user_name")? {
        Value::Null => None,
        value => Some(text(value, "user_name")?),
    };
    let password = match fields.take("password")? {
        Value::Null => None,
        value => Some(bytes(value, "password")?),
    };
    if let Some(password) = &password {
        let password = Binary::new(password).map_err(|error| format!("password: {error}"))?;
        connect.password = Some(password);
    }
    fields.finish()?;
    Ok(use_packet(&Packet::Connect(connect)))
}

fn with_publish<R>(
    fields: &mut Fields<'_>,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let payload = fields.bytes("payload")?;
    let mut publish = Publish::new(fields.topic("topic")?, &payload);
    publish.retain = fields.bool("retain")?;
    let (qos, dup) = (fields.qos("qos")?, fields.bool("dup")?);
    let packet_id = match fields.take("packet_id")? {
        Value::Null => None,
        value => Some(packet_id(value, "packet_id")?),
    };
    publish.delivery = match (qos, packet_id) {
        (QoS::AtMostOnce, Some(_)) => return Err("packet_id: has to be null at QoS 0".to_owned()),
        (QoS::AtMostOnce, None) if dup => return Err("dup: cannot be true at QoS 0".to_owned()),
        (QoS::AtMostOnce, None) => Delivery::AtMostOnce,
        (QoS::AtLeastOnce, Some(packet_id)) => Delivery::AtLeastOnce { packet_id, dup },
        (QoS::ExactlyOnce, Some(packet_id)) => Delivery::ExactlyOnce { packet_id, dup },
        (_, None) => return Err(format!("packet_id: cannot be null at QoS {qos}")),
    };
    fields.finish()?;
    Ok(use_packet(&Packet::Publish(publish)))
}

/// The packets that borrow nothing.
fn small_packet(name: &str, fields: &mut Fields<'_>) -> Result<Packet<'static>, String> {
    Ok(match name {
        "connack" => {
            let session_present = match fields.take("session_present")? {
                Value::Null => false,
                value => bool(value, "session_present")?,
            };
            let code = fields.number::<u8>("code")?;
            let code = ConnectReturnCode::new(code)
                .ok_or_else(|| format!("code: {code} is not in the range 0 to 5"))?;
            Packet::Connack(Connack { session_present, ..Connack::new(code) })
        }
        "puback" => Packet::Puback(Puback::new(fields.packet_id("packet_id")?)),
        "pubrec" => Packet::Pubrec(Pubrec::new(fields.packet_id("packet_id")?)),
        "pubrel" => Packet::Pubrel(Pubrel::new(fields.packet_id("packet_id")?)),
        "pubcomp" => Packet::Pubcomp(Pubcomp::new(fields.packet_id("packet_id")?)),
        "unsuback" => Packet::Unsuback(Unsuback::new(fields.packet_id("packet_id")?)),
        "pingreq" => Packet::Pingreq(Pingreq),
        "pingresp" => Packet::Pingresp(Pingresp),
        "disconnect" => Packet::Disconnect(Disconnect::new()),
        other => return Err(format!("type: {other:?} is no packet of MQTT 3.1 or 3.1.1")),
    })
}

fn subscription<'a>(value: &'a Value, path: &str) -> Result<Subscription<'a>, String> {
    let mut fields = Fields::new(value, path)?;
    let (filter, qos) =
        (filter(fields.take("filter")?, &fields.path("filter"))?, fields.qos("qos")?);
    fields.finish()?;
    Ok(Subscription::new(filter, qos))
}

/// The fields of an object, each of which has to be taken once.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn new(value: &'a Value, path: &str) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(|| wrong(value, path, "an object"))?;
        let path = if path == "packet" { String::new() } else { format!("{path}.") };
        Ok(Self { map, path, taken: Vec::new() })
    }

    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.path)
    }

    fn take(&mut self, name: &'static str) -> Result<&'a Value, String> {
        self.taken.push(name);
        self.map.get(name).ok_or_else(|| format!("{}: is missing", self.path(name)))
    }

    fn string(&mut self, name: &'static str) -> Result<&'a str, String> {
        let value = self.take(name)?;
        value.as_str().ok_or_else(|| wrong(value, &self.path(name), "a string"))
    }

    fn bool(&mut self, name: &'static str) -> Result<bool, String> {
        bool(self.take(name)?, &self.path(name))
    }

    fn number<N: TryFrom<u64>>(&mut self, name: &'static str) -> Result<N, String> {
        number(self.take(name)?, &self.path(name))
    }

    fn qos(&mut self, name: &'static str) -> Result<QoS, String> {
        let value = self.take(name)?;
        let qos = number(value, &self.path(name)).ok().and_then(QoS::new);
        qos.ok_or_else(|| wrong(value, &self.path(name), "0, 1 or 2"))
    }

    fn packet_id(&mut self, name: &'static str) -> Result<PacketId, String> {
        packet_id(self.take(name)?, &self.path(name))
    }

    fn text(&mut self, name: &'static str) -> Result<Text<'a>, String> {
        text(self.take(name)?, &self.path(name))
    }

    fn topic(&mut self, name: &'static str) -> Result<TopicName<'a>, String> {
        let topic = self.string(name)?;
        TopicName::new(topic).map_err(|error| format!("{}: {error}", self.path(name)))
    }

    fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, String> {
        bytes(self.take(name)?, &self.path(name))
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&'a Value, &str) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let value = self.take(name)?;
        let path = self.path(name);
        let entries = value.as_array().ok_or_else(|| wrong(value, &path, "an array"))?;
        let entries = entries.iter().enumerate();
        entries.map(|(index, entry)| read(entry, &format!("{path}[{index}]"))).collect()
    }

    /// Makes sure that there is no field that nobody asked for, such as a misspelt one.
    fn finish(&self) -> Result<(), String> {
        match self.map.keys().find(|name| !self.taken.contains(&name.as_str())) {
            Some(name) => Err(format!("{}: is no field of this packet", self.path(name))),
            None => Ok(()),
        }
    }
}

fn wrong(value: &Value, path: &str, expected: &str) -> String {
    format!("{path}: {value} is not {expected}")
}

fn bool(value: &Value, path: &str) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| wrong(value, path, "true or false"))
}

fn number<N: TryFrom<u64>>(value: &Value, path: &str) -> Result<N, String> {
    let number = value.as_u64().and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| wrong(value, path, "a whole number in the range of the field"))
}

fn packet_id(value: &Value, path: &str) -> Result<PacketId, String> {
    let id = number::<u16>(value, path)?;
    PacketId::new(id).ok_or_else(|| wrong(value, path, "a number from 1 to 65535"))
}

fn text<'a>(value: &'a Value, path: &str) -> Result<Text<'a>, String> {
    let text = value.as_str().ok_or_else(|| wrong(value, path, "a string"))?;
    Text::new(text).map_err(|error| format!("{path}: {error}"))
}

fn filter<'a>(value: &'a Value, path: &str) -> Result<TopicFilter<'a>, String> {
    let filter = value.as_str().ok_or_else(|| wrong(value, path, "a string"))?;
    TopicFilter::new(filter).map_err(|error| format!("{path}: {error}"))
}

fn bytes(value: &Value, path: &str) -> Result<Vec<u8>, String> {
    let digits = value.as_str().ok_or_else(|| wrong(value, path, "a string of hex digits"))?;
    hex::decode(digits).map_err(|error| format!("{path}: {error}"))
}
