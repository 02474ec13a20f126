//! A packet in one line, and values in words.

use mqtt_pure::{
    Connect, ConnectReturnCode, Explanation, Field, Packet, PacketType, Publish, ReasonCode, Value,
    Version,
};
use std::fmt::Write;

/// What follows the packet type in the line of a packet: what it says, or what is wrong.
pub fn of(explanation: &Explanation<'_>, len: usize) -> String {
    if let Some(packet) = &explanation.packet {
        return packet_summary(packet);
    }
    match (explanation.violations.len(), explanation.missing) {
        (0, 0) => String::new(),
        (0, _) => format!(", the first {len} bytes of it"),
        (1, _) => ", breaks a rule".to_owned(),
        (count, _) => format!(", breaks {count} rules"),
    }
}

fn packet_summary(packet: &Packet<'_>) -> String {
    match packet {
        Packet::Connect(connect) => connect_summary(connect),
        Packet::Connack(connack) => {
            let session = if connack.session_present { ", session present" } else { "" };
            match connack.return_code() {
                Some(ConnectReturnCode::Accepted) => format!(" accepted{session}"),
                Some(code) => format!(" refused: {code}"),
                None => format!(" {}", connack.reason),
            }
        }
        Packet::Publish(publish) => publish_summary(publish),
        Packet::Puback(p) => format!(" id {}{}", p.packet_id, outcome(p.reason)),
        Packet::Pubrec(p) => format!(" id {}{}", p.packet_id, outcome(p.reason)),
        Packet::Pubrel(p) => format!(" id {}{}", p.packet_id, outcome(p.reason)),
        Packet::Pubcomp(p) => format!(" id {}{}", p.packet_id, outcome(p.reason)),
        Packet::Subscribe(p) => list(
            p.packet_id.get(),
            p.subscriptions.iter().map(|subscription| {
                let filter = quote(subscription.filter.as_str(), 40);
                format!("{filter} at QoS {}", subscription.options.qos.level())
            }),
        ),
        Packet::Suback(p) => {
            list(p.packet_id.get(), p.codes.iter().map(|code| suback_code(code.get().into())))
        }
        Packet::Unsubscribe(p) => {
            list(p.packet_id.get(), p.filters.iter().map(|filter| quote(filter.as_str(), 40)))
        }
        Packet::Unsuback(p) if p.codes.is_empty() => format!(" id {}", p.packet_id),
        Packet::Unsuback(p) => list(p.packet_id.get(), p.codes.iter().map(|code| code.to_string())),
        Packet::Pingreq(_) | Packet::Pingresp(_) => String::new(),
        Packet::Disconnect(p) => outcome(p.reason),
        Packet::Auth(p) => format!(" {}", p.reason),
    }
}

/// The reason, unless all is well.
fn outcome(reason: ReasonCode) -> String {
    if reason == ReasonCode::SUCCESS { String::new() } else { format!(", {reason}") }
}

fn connect_summary(connect: &Connect<'_>) -> String {
    let client_id = quote(connect.client_id.as_str(), 40);
    let mut line = format!(" {client_id}, MQTT {}", connect.version);
    line.push_str(if connect.clean_session { ", clean session" } else { ", session is kept" });
    match connect.keep_alive {
        0 => line.push_str(", no keep alive"),
        seconds => {
            let _ = write!(line, ", keep alive {seconds} s");
        }
    }
    if let Some(user_name) = connect.user_name {
        let _ = write!(line, ", user {}", quote(user_name.as_str(), 24));
    }
    if connect.password.is_some() {
        line.push_str(", password");
    }
    if let Some(will) = &connect.will {
        let topic = quote(will.topic.as_str(), 40);
        let _ = write!(line, ", will to {topic} at QoS {}", will.qos.level());
    }
    line
}

fn publish_summary(publish: &Publish<'_>) -> String {
    let topic = match (publish.topic, publish.properties.topic_alias()) {
        (Some(topic), None) => quote(topic.as_str(), 40),
        (Some(topic), Some(alias)) => format!("{} (alias {alias})", quote(topic.as_str(), 40)),
        (None, Some(alias)) => format!("alias {alias}"),
        (None, None) => "no topic".to_owned(),
    };
    let mut line = format!(" {topic} at QoS {}", publish.qos());
    if let Some(packet_id) = publish.packet_id() {
        let _ = write!(line, ", id {packet_id}");
    }
    if publish.retain {
        line.push_str(", retained");
    }
    if publish.dup() {
        line.push_str(", repeated");
    }
    let _ = write!(line, ", {}", preview(publish.payload, 24));
    line
}

fn list(packet_id: u16, entries: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 4;
    let mut entries = entries;
    let mut shown: Vec<_> = entries.by_ref().take(SHOWN).collect();
    match entries.count() {
        0 => {}
        more => shown.push(format!("{more} more")),
    }
    format!(" id {packet_id}: {}", shown.join(", "))
}

/// The value of a field in words.
pub fn value(field: Field, packet_type: PacketType, value: &Value<'_>, is_full: bool) -> String {
    let max = if is_full { usize::MAX } else { 48 };
    match (field, *value) {
        (Field::ProtocolLevel, Value::Number(level)) => {
            let is_level = |version: &Version| u32::from(version.level()) == level & 0x7f;
            match Version::ALL.into_iter().find(is_level) {
                Some(version) => format!("{level}, MQTT {version}"),
                None => level.to_string(),
            }
        }
        (Field::KeepAlive, Value::Number(0)) => "0, none".to_owned(),
        (Field::KeepAlive, Value::Number(seconds)) => format!("{seconds} s"),
        (Field::ReturnCode, Value::Number(code)) if packet_type == PacketType::Suback => {
            suback_code(code)
        }
        (Field::ReturnCode, Value::Number(code)) => {
            match u8::try_from(code).ok().and_then(ConnectReturnCode::new) {
                Some(meaning) => format!("{code}, {meaning}"),
                None => code.to_string(),
            }
        }
        (Field::ReasonCode, Value::Number(code)) if packet_type == PacketType::Suback => {
            suback_code(code)
        }
        (Field::ReasonCode, Value::Number(code)) => match u8::try_from(code).map(ReasonCode::new) {
            Ok(code) => format!("0x{:02X}, {code}", code.get()),
            Err(_) => code.to_string(),
        },
        (_, Value::Text(text)) => quote(text.as_str(), max),
        (_, Value::Pair(name, value)) => {
            format!("{} = {}", quote(name.as_str(), max), quote(value.as_str(), max))
        }
        (_, Value::Bytes(bytes)) => preview(bytes, max),
        (_, value) => value.to_string(),
    }
}

fn suback_code(code: u32) -> String {
    match u8::try_from(code).map(ReasonCode::new) {
        Ok(ReasonCode::UNSPECIFIED_ERROR) => "failure".to_owned(),
        Ok(
            code @ (ReasonCode::SUCCESS | ReasonCode::GRANTED_QOS_1 | ReasonCode::GRANTED_QOS_2),
        ) => {
            format!("granted QoS {}", code.get())
        }
        Ok(code) => code.to_string(),
        Err(_) => code.to_string(),
    }
}

/// Bytes as the text that they most likely are, or their number.
fn preview(bytes: &[u8], max: usize) -> String {
    match std::str::from_utf8(bytes) {
        _ if bytes.is_empty() => "no payload".to_owned(),
        Ok(text) if text.chars().all(|c| !c.is_control() || c.is_whitespace()) => {
            let quoted = quote(text, max);
            if quoted.ends_with('…') {
                format!("{quoted} ({} bytes)", bytes.len())
            } else {
                quoted
            }
        }
        _ => format!("{} bytes", bytes.len()),
    }
}

/// A string in quotes, with control characters escaped, cut off after `max` characters.
fn quote(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
