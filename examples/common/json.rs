//! Packets as the JSON of the conformance vectors, and back: names in snake case, strings as they
//! are, bytes in lower-case hex, what is absent as null. Knows neither files nor cases.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use mqtt_pure::{
    Auth, Binary, Connack, Connect, ConnectReturnCode, Delivery, Disconnect, List, Packet,
    PacketId, Pingreq, Pingresp, Properties, Property, Puback, Pubcomp, Publish, Pubrec, Pubrel,
    QoS, ReasonCode, RetainHandling, Suback, Subscribe, Subscription, Text, TopicFilter, TopicName,
    Unsuback, Unsubscribe, Version, Will,
};
use properties::Decoded;
use serde_json::{Map, Value, json};

#[path = "json_properties.rs"]
mod properties;

/// The packet as JSON.
///
/// The version matters for what a version does not have: 3.1 and 3.1.1 have neither properties nor
/// reason codes, and Session Present is null in 3.1.
pub fn packet_to_json(packet: &Packet<'_>, version: Version) -> Value {
    let mut value = match packet {
        Packet::Connect(p) => connect_to_json(p),
        Packet::Connack(p) => connack_to_json(p, version),
        Packet::Publish(p) => json!({
            "type": "publish",
            "dup": p.dup(),
            "qos": p.qos().level(),
            "retain": p.retain,
            "topic": p.topic.map_or("", TopicName::as_str),
            "packet_id": p.packet_id().map(PacketId::get),
            "payload": hex::encode(p.payload),
        }),
        Packet::Puback(p) => answer("puback", Some(p.packet_id), p.reason, version),
        Packet::Pubrec(p) => answer("pubrec", Some(p.packet_id), p.reason, version),
        Packet::Pubrel(p) => answer("pubrel", Some(p.packet_id), p.reason, version),
        Packet::Pubcomp(p) => answer("pubcomp", Some(p.packet_id), p.reason, version),
        Packet::Subscribe(p) => json!({
            "type": "subscribe",
            "packet_id": p.packet_id.get(),
            "subscriptions": p.subscriptions.iter()
                .map(|subscription| subscription_to_json(&subscription, version))
                .collect::<Vec<_>>(),
        }),
        Packet::Suback(p) => {
            let name = if has_properties(version) { "reason_codes" } else { "codes" };
            json!({"type": "suback", "packet_id": p.packet_id.get(), name: codes_to_json(p.codes)})
        }
        Packet::Unsubscribe(p) => json!({
            "type": "unsubscribe",
            "packet_id": p.packet_id.get(),
            "filters": p.filters.iter().map(TopicFilter::as_str).collect::<Vec<_>>(),
        }),
        Packet::Unsuback(p) if has_properties(version) => json!({
            "type": "unsuback",
            "packet_id": p.packet_id.get(),
            "reason_codes": codes_to_json(p.codes),
        }),
        Packet::Unsuback(p) => json!({"type": "unsuback", "packet_id": p.packet_id.get()}),
        Packet::Pingreq(_) => json!({"type": "pingreq"}),
        Packet::Pingresp(_) => json!({"type": "pingresp"}),
        Packet::Disconnect(p) => answer("disconnect", None, p.reason, version),
        Packet::Auth(p) => answer("auth", None, p.reason, version),
    };
    let version = if let Packet::Connect(connect) = packet { connect.version } else { version };
    if let (true, Some(properties)) = (has_properties(version), properties_of(packet)) {
        put(&mut value, "properties", properties::to_json(properties));
    }
    value
}

/// Adds a field to an object.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(map) = object {
        map.insert(name.to_owned(), value);
    }
}

fn has_properties(version: Version) -> bool {
    version == Version::V5_0
}

/// The properties, of a packet that can have some.
fn properties_of<'a>(packet: &Packet<'a>) -> Option<Properties<'a>> {
    Some(match packet {
        Packet::Connect(p) => p.properties,
        Packet::Connack(p) => p.properties,
        Packet::Publish(p) => p.properties,
        Packet::Puback(p) => p.properties,
        Packet::Pubrec(p) => p.properties,
        Packet::Pubrel(p) => p.properties,
        Packet::Pubcomp(p) => p.properties,
        Packet::Subscribe(p) => p.properties,
        Packet::Suback(p) => p.properties,
        Packet::Unsubscribe(p) => p.properties,
        Packet::Unsuback(p) => p.properties,
        Packet::Disconnect(p) => p.properties,
        Packet::Auth(p) => p.properties,
        Packet::Pingreq(_) | Packet::Pingresp(_) => return None,
    })
}

/// The name of Clean Session, which 5.0 calls Clean Start.
fn clean_name(version: Version) -> &'static str {
    if has_properties(version) { "clean_start" } else { "clean_session" }
}

fn connect_to_json(p: &Connect<'_>) -> Value {
    let will = p.will.as_ref().map(|will| {
        let mut value = json!({
            "topic": will.topic.as_str(),
            "payload": hex::encode(will.payload.as_bytes()),
            "qos": will.qos.level(),
            "retain": will.retain,
        });
        if has_properties(p.version) {
            put(&mut value, "properties", properties::to_json(will.properties));
        }
        value
    });
    json!({
        "type": "connect",
        "protocol_version": p.version.to_string(),
        clean_name(p.version): p.clean_session,
        "keep_alive": p.keep_alive,
        "client_id": p.client_id.as_str(),
        "will": will,
        "user_name": p.user_name.map(Text::as_str),
        "password": p.password.map(|password| hex::encode(password.as_bytes())),
    })
}

fn connack_to_json(p: &Connack<'_>, version: Version) -> Value {
    if has_properties(version) {
        return json!({
            "type": "connack",
            "session_present": p.session_present,
            "reason_code": p.reason.get(),
        });
    }
    json!({
        "type": "connack",
        "session_present": (version != Version::V3_1).then_some(p.session_present),
        "code": p.return_code().map(ConnectReturnCode::get),
    })
}

fn answer(name: &str, packet_id: Option<PacketId>, reason: ReasonCode, version: Version) -> Value {
    let mut value = json!({"type": name});
    if let Some(packet_id) = packet_id {
        put(&mut value, "packet_id", json!(packet_id.get()));
    }
    if has_properties(version) {
        put(&mut value, "reason_code", json!(reason.get()));
    }
    value
}

fn subscription_to_json(subscription: &Subscription<'_>, version: Version) -> Value {
    let options = subscription.options;
    let mut value = json!({
        "filter": subscription.filter.as_str(),
        "qos": options.qos.level(),
    });
    if has_properties(version) {
        put(&mut value, "no_local", json!(options.no_local));
        put(&mut value, "retain_as_published", json!(options.retain_as_published));
        put(&mut value, "retain_handling", json!(options.retain_handling.number()));
    }
    value
}

fn codes_to_json(codes: List<'_, ReasonCode>) -> Value {
    json!(codes.iter().map(ReasonCode::get).collect::<Vec<_>>())
}

/// Hands the packet that the JSON describes to `use_packet`, which can encode or compare it.
///
/// The packet borrows, so it lives only as long as the call. An error names the field that is wrong.
pub fn with_packet<R>(
    value: &Value,
    version: Version,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let fields = &mut Fields::new(value, "packet", version)?;
    let name = fields.string("type")?;
    if name == "connect" {
        return with_connect(fields, use_packet);
    }
    let decoded = fields.decoded(name)?;
    let properties = fields.properties(name, &decoded)?;
    let properties = Properties::from(properties.as_slice());
    match name {
        "publish" => with_publish(fields, properties, use_packet),
        "subscribe" => {
            let packet_id = fields.packet_id("packet_id")?;
            let subscriptions =
                fields.list("subscriptions", |value, path| subscription(value, path, version))?;
            fields.finish()?;
            let subscribe = Subscribe::new(packet_id, subscriptions.as_slice());
            Ok(use_packet(&Packet::Subscribe(Subscribe { properties, ..subscribe })))
        }
        "suback" => {
            let packet_id = fields.packet_id("packet_id")?;
            let codes = fields.codes()?;
            fields.finish()?;
            let suback = Suback::new(packet_id, codes.as_slice());
            Ok(use_packet(&Packet::Suback(Suback { properties, ..suback })))
        }
        "unsubscribe" => {
            let packet_id = fields.packet_id("packet_id")?;
            let filters = fields.list("filters", filter)?;
            fields.finish()?;
            let unsubscribe = Unsubscribe::new(packet_id, filters.as_slice());
            Ok(use_packet(&Packet::Unsubscribe(Unsubscribe { properties, ..unsubscribe })))
        }
        "unsuback" => {
            let packet_id = fields.packet_id("packet_id")?;
            let codes = if has_properties(version) { fields.codes()? } else { Vec::new() };
            fields.finish()?;
            let unsuback = Unsuback::with_codes(packet_id, codes.as_slice());
            Ok(use_packet(&Packet::Unsuback(Unsuback { properties, ..unsuback })))
        }
        _ => {
            let packet = small_packet(name, fields, properties)?;
            fields.finish()?;
            Ok(use_packet(&packet))
        }
    }
}

fn with_connect<R>(
    fields: &mut Fields<'_>,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let version = fields.string("protocol_version")?;
    let known = Version::ALL.into_iter().find(|known| known.to_string() == version);
    let version =
        known.ok_or_else(|| format!("protocol_version: {version:?} is no version of MQTT"))?;
    fields.version = version;
    let decoded = fields.decoded("connect")?;
    let properties = fields.properties("connect", &decoded)?;
    let clean_session = fields.bool(clean_name(version))?;
    let keep_alive = fields.number("keep_alive")?;
    let mut connect = Connect::new(version, fields.text("client_id")?);
    connect.properties = Properties::from(properties.as_slice());
    connect.clean_session = clean_session;
    connect.keep_alive = keep_alive;

    let will = fields.take("will")?;
    let mut will_fields =
        if will.is_null() { None } else { Some(Fields::new(will, "will", version)?) };
    let (mut will_payload, mut will_decoded) = (Vec::new(), Decoded::default());
    if let Some(will_fields) = &mut will_fields {
        will_payload = will_fields.bytes("payload")?;
        will_decoded = will_fields.decoded("will")?;
    }
    let will_properties = match &mut will_fields {
        Some(will_fields) => will_fields.properties("will", &will_decoded)?,
        None => Vec::new(),
    };
    if let Some(will_fields) = &mut will_fields {
        connect.will = Some(Will {
            topic: will_fields.topic("topic")?,
            payload: Binary::new(&will_payload)
                .map_err(|error| format!("will.payload: {error}"))?,
            qos: will_fields.qos("qos")?,
            retain: will_fields.bool("retain")?,
            properties: Properties::from(will_properties.as_slice()),
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
    properties: Properties<'_>,
    use_packet: impl FnOnce(&Packet<'_>) -> R,
) -> Result<R, String> {
    let payload = fields.bytes("payload")?;
    let topic = match fields.string("topic")? {
        "" if has_properties(fields.version) => None,
        topic => Some(TopicName::new(topic).map_err(|error| format!("topic: {error}"))?),
    };
    let (qos, dup) = (fields.qos("qos")?, fields.bool("dup")?);
    let packet_id = match fields.take("packet_id")? {
        Value::Null => None,
        value => Some(packet_id(value, "packet_id")?),
    };
    let delivery = match (qos, packet_id) {
        (QoS::AtMostOnce, Some(_)) => return Err("packet_id: has to be null at QoS 0".to_owned()),
        (QoS::AtMostOnce, None) if dup => return Err("dup: cannot be true at QoS 0".to_owned()),
        (QoS::AtMostOnce, None) => Delivery::AtMostOnce,
        (QoS::AtLeastOnce, Some(packet_id)) => Delivery::AtLeastOnce { packet_id, dup },
        (QoS::ExactlyOnce, Some(packet_id)) => Delivery::ExactlyOnce { packet_id, dup },
        (_, None) => return Err(format!("packet_id: cannot be null at QoS {qos}")),
    };
    let retain = fields.bool("retain")?;
    fields.finish()?;
    let publish = Publish { delivery, retain, topic, payload: &payload, properties };
    Ok(use_packet(&Packet::Publish(publish)))
}

/// The packets that have no list.
fn small_packet<'a>(
    name: &str,
    fields: &mut Fields<'_>,
    properties: Properties<'a>,
) -> Result<Packet<'a>, String> {
    let is_ack = matches!(name, "puback" | "pubrec" | "pubrel" | "pubcomp");
    let packet_id = if is_ack { fields.packet_id("packet_id")? } else { PacketId::MIN };
    let has_reason = is_ack || matches!(name, "connack" | "disconnect" | "auth");
    let reason = if has_reason && has_properties(fields.version) {
        ReasonCode::new(fields.number("reason_code")?)
    } else {
        ReasonCode::SUCCESS
    };
    Ok(match name {
        "connack" => {
            let session_present = match fields.take("session_present")? {
                Value::Null => false,
                value => bool(value, "session_present")?,
            };
            if has_properties(fields.version) {
                return Ok(Packet::Connack(Connack { session_present, reason, properties }));
            }
            let code = fields.number::<u8>("code")?;
            let code = ConnectReturnCode::new(code)
                .ok_or_else(|| format!("code: {code} is not in the range 0 to 5"))?;
            Packet::Connack(Connack { session_present, ..Connack::new(code) })
        }
        "puback" => Packet::Puback(Puback { packet_id, reason, properties }),
        "pubrec" => Packet::Pubrec(Pubrec { packet_id, reason, properties }),
        "pubrel" => Packet::Pubrel(Pubrel { packet_id, reason, properties }),
        "pubcomp" => Packet::Pubcomp(Pubcomp { packet_id, reason, properties }),
        "pingreq" => Packet::Pingreq(Pingreq),
        "pingresp" => Packet::Pingresp(Pingresp),
        "disconnect" => Packet::Disconnect(Disconnect { reason, properties }),
        "auth" if has_properties(fields.version) => Packet::Auth(Auth { reason, properties }),
        other => return Err(format!("type: {other:?} is no packet of MQTT {}", fields.version)),
    })
}

fn subscription<'a>(
    value: &'a Value,
    path: &str,
    version: Version,
) -> Result<Subscription<'a>, String> {
    let mut fields = Fields::new(value, path, version)?;
    let (filter, qos) =
        (filter(fields.take("filter")?, &fields.path("filter"))?, fields.qos("qos")?);
    let mut subscription = Subscription::new(filter, qos);
    if has_properties(version) {
        subscription.options.no_local = fields.bool("no_local")?;
        subscription.options.retain_as_published = fields.bool("retain_as_published")?;
        let handling = fields.take("retain_handling")?;
        let path = fields.path("retain_handling");
        subscription.options.retain_handling = number(handling, &path)
            .ok()
            .and_then(RetainHandling::new)
            .ok_or_else(|| wrong(handling, &path, "0, 1 or 2"))?;
    }
    fields.finish()?;
    Ok(subscription)
}

/// The fields of an object, each of which has to be taken once.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    path: String,
    version: Version,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn new(value: &'a Value, path: &str, version: Version) -> Result<Self, String> {
        let map = value.as_object().ok_or_else(|| wrong(value, path, "an object"))?;
        let path = if path == "packet" { String::new() } else { format!("{path}.") };
        Ok(Self { map, path, version, taken: Vec::new() })
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

    /// Whether a packet of this name, or a will, has properties.
    fn has_properties(&self, name: &str) -> bool {
        has_properties(self.version) && !matches!(name, "pingreq" | "pingresp")
    }

    fn decoded(&mut self, name: &str) -> Result<Decoded, String> {
        if !self.has_properties(name) {
            return Ok(Decoded::default());
        }
        Decoded::new(self.take("properties")?, &self.path("properties"))
    }

    fn properties<'d>(
        &mut self,
        name: &str,
        decoded: &'d Decoded,
    ) -> Result<Vec<Property<'d>>, String>
    where
        'a: 'd,
    {
        if !self.has_properties(name) {
            return Ok(Vec::new());
        }
        properties::from_json(self.take("properties")?, decoded, &self.path("properties"))
    }

    fn codes(&mut self) -> Result<Vec<ReasonCode>, String> {
        let name = if has_properties(self.version) { "reason_codes" } else { "codes" };
        self.list(name, |value, path| number::<u8>(value, path).map(ReasonCode::new))
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
