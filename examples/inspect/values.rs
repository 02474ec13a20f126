//! The values of fields in words.

use mqtt_pure::{
    ConnectReturnCode, DecodeError, Explanation, Field, PacketType, PropertyId, ReasonCode, Value,
    Version,
};

/// So many characters are shown of a text that is not shown whole.
const SHOWN: usize = 48;

/// The value of a field of this packet.
pub fn value(
    explanation: &Explanation<'_>,
    field: Field,
    value: &Value<'_>,
    is_full: bool,
) -> String {
    let max = if is_full { usize::MAX } else { SHOWN };
    let is_suback = explanation.packet_type == Some(PacketType::Suback);
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
        (Field::ReturnCode | Field::ReasonCode, Value::Number(code)) if is_suback => {
            suback_code(code)
        }
        (Field::ReturnCode, Value::Number(code)) => {
            match u8::try_from(code).ok().and_then(ConnectReturnCode::new) {
                Some(meaning) => format!("{code}, {meaning}"),
                None => code.to_string(),
            }
        }
        (Field::ReasonCode, Value::Number(code)) => match u8::try_from(code).map(ReasonCode::new) {
            Ok(code) => format!("0x{:02X}, {}", code.get(), reason(code, explanation.packet_type)),
            Err(_) => code.to_string(),
        },
        (Field::Property(id), Value::Number(number)) => number_of(id, number),
        (_, Value::ConnectFlags(_)) if explanation.version == Version::V5_0 => {
            // The same bit, of which 5.0 has another opinion.
            value.to_string().replace("clean session", "clean start")
        }
        (_, Value::SubscriptionOptions(options)) => subscription_options(options),
        (_, Value::Text(text)) => quote(text.as_str(), max),
        (_, Value::Pair(name, value)) => {
            format!("{} = {}", quote(name.as_str(), max), quote(value.as_str(), max))
        }
        (Field::Payload | Field::WillPayload, Value::Bytes([])) => "no payload".to_owned(),
        (_, Value::Bytes(bytes)) => preview(bytes, max),
        (_, value) => value.to_string(),
    }
}

/// The number of a property with its unit, or with what it means.
fn number_of(id: PropertyId, number: u32) -> String {
    use PropertyId as I;
    let is_flag = matches!(
        id,
        I::RequestProblemInformation
            | I::RequestResponseInformation
            | I::RetainAvailable
            | I::WildcardSubscriptionAvailable
            | I::SubscriptionIdentifiersAvailable
            | I::SharedSubscriptionAvailable
    );
    match (id, number) {
        (I::SessionExpiryInterval, u32::MAX) => "it does not expire".to_owned(),
        (
            I::SessionExpiryInterval
            | I::MessageExpiryInterval
            | I::WillDelayInterval
            | I::ServerKeepAlive,
            seconds,
        ) => format!("{seconds} s"),
        (I::MaximumPacketSize, len) => format!("{len} bytes"),
        (I::TopicAliasMaximum, 0) => "0, none".to_owned(),
        (I::PayloadFormatIndicator, 0) => "0, bytes".to_owned(),
        (I::PayloadFormatIndicator, 1) => "1, text".to_owned(),
        (_, 0) if is_flag => "0, no".to_owned(),
        (_, 1) if is_flag => "1, yes".to_owned(),
        (_, number) => number.to_string(),
    }
}

fn subscription_options(options: u8) -> String {
    let mut line = format!("QoS {}", options & 3);
    if options & 0x04 != 0 {
        line.push_str(", no local");
    }
    if options & 0x08 != 0 {
        line.push_str(", retain as published");
    }
    line.push_str(match options >> 4 & 3 {
        0 => ", with retained messages",
        1 => ", with retained messages if it is new",
        2 => ", without retained messages",
        _ => ", retain handling 3",
    });
    if options & 0xc0 != 0 {
        line.push_str(", reserved bits");
    }
    line
}

/// The name of a reason code, which for 0 depends on the packet.
pub fn reason(code: ReasonCode, packet_type: Option<PacketType>) -> String {
    match (code, packet_type) {
        (ReasonCode::SUCCESS, Some(PacketType::Disconnect)) => "normal disconnection".to_owned(),
        _ => code.to_string(),
    }
}

pub fn suback_code(code: u32) -> String {
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

/// What a rule that is broken is about, and in 5.0 what the peer may be told.
pub fn violation(error: &DecodeError) -> String {
    if error.version() != Version::V5_0 {
        return error.to_string();
    }
    let code = error.reason_code();
    format!("{error}; the peer may be told 0x{:02X}, {code}", code.get())
}

/// Bytes as the text that they most likely are, or their number.
pub fn preview(bytes: &[u8], max: usize) -> String {
    match std::str::from_utf8(bytes) {
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
pub fn quote(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}
