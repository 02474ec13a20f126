//! Lets the runner drive the decoders of other crates: verdicts and lengths. The argument says which:
//! `mqtt-proto`, `rumqttc` or `mqtt-protocol-core`.

use bytes::BytesMut;
use mqtt_protocol_core::mqtt::{
    common::Cursor,
    connection::{PacketBuildResult, PacketBuilder, PacketData, RawPacket},
    packet::{v3_1_1, v5_0},
    result_code::MqttError,
};
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// What a decoder says of bytes: the length of the packet if it tells it, or that it wants more.
enum Verdict {
    Packet(Option<usize>),
    Incomplete,
    Error(String),
}

type Decoder = fn(&[u8], &str) -> Verdict;

fn main() -> io::Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let (decoder, impl_version, versions): (Decoder, _, &[&str]) = match name.as_str() {
        "mqtt-proto" => (mqtt_proto, "0.4", &["3.1", "3.1.1", "5.0"]),
        "rumqttc" => (rumqttc, "0.25", &["3.1.1", "5.0"]),
        "mqtt-protocol-core" => (protocol_core, "0.7", &["3.1.1", "5.0"]),
        other => panic!("no adapter for {other:?}"),
    };
    let hello = json!({
        "impl": name, "impl_version": impl_version, "language": "Rust", "versions": versions,
        "to": ["client", "server"], "ops": ["decode"], "level": 0,
    });
    for line in io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let answer = match request["op"].as_str() {
            Some("hello") => hello.clone(),
            Some("stop") => return Ok(()),
            Some("decode") => decode(&request, decoder),
            _ => json!({"id": request["id"], "result": "skip", "why": "unknown operation"}),
        };
        writeln!(io::stdout(), "{answer}")?;
    }
    Ok(())
}

fn decode(request: &Value, decoder: Decoder) -> Value {
    let id = &request["id"];
    if request["level"] == "direction"
        || request["options"].as_object().is_some_and(|o| !o.is_empty())
    {
        return json!({"id": id, "result": "skip", "why": "no such option"});
    }
    let bytes = hex::decode(request["hex"].as_str().unwrap()).unwrap();
    match decoder(&bytes, request["version"].as_str().unwrap()) {
        Verdict::Packet(Some(len)) => json!({"id": id, "result": "ok", "consumed": len}),
        Verdict::Packet(None) => json!({"id": id, "result": "ok"}),
        Verdict::Incomplete => json!({"id": id, "result": "incomplete"}),
        Verdict::Error(native) => json!({"id": id, "result": "error", "native": native}),
    }
}

fn mqtt_proto(bytes: &[u8], version: &str) -> Verdict {
    use mqtt_proto::{Protocol, v3, v5};
    // Its decoder for 3.1.1 takes a CONNECT of 3.1 as well.
    let connect = match version {
        "5.0" => {
            v5::Packet::decode(bytes).map(|packet| packet.map(|_| None)).map_err(|e| e.to_string())
        }
        _ => v3::Packet::decode(bytes)
            .map(|packet| {
                packet.map(|packet| match packet {
                    v3::Packet::Connect(connect) => Some(connect.protocol),
                    _ => None,
                })
            })
            .map_err(|error| error.to_string()),
    };
    match connect {
        Ok(Some(Some(Protocol::V310))) if version != "3.1" => Verdict::Error("3.1".to_owned()),
        Ok(Some(Some(Protocol::V311))) if version != "3.1.1" => Verdict::Error("3.1.1".to_owned()),
        Ok(Some(_)) => Verdict::Packet(None),
        Ok(None) => Verdict::Incomplete,
        Err(error) => Verdict::Error(error),
    }
}

fn rumqttc(bytes: &[u8], version: &str) -> Verdict {
    let mut stream = BytesMut::from(bytes);
    let most = 268_435_455;
    let verdict = if version == "5.0" {
        use rumqttc::v5::mqttbytes::{Error, v5::Packet};
        match Packet::read(&mut stream, Some(most)) {
            Ok(_) => Verdict::Packet(None),
            Err(Error::InsufficientBytes(_)) => Verdict::Incomplete,
            Err(error) => Verdict::Error(error.to_string()),
        }
    } else {
        use rumqttc::mqttbytes::{Error, v4::Packet};
        match Packet::read(&mut stream, most as usize) {
            Ok(_) => Verdict::Packet(None),
            Err(Error::InsufficientBytes(_)) => Verdict::Incomplete,
            Err(error) => Verdict::Error(error.to_string()),
        }
    };
    match verdict {
        Verdict::Packet(_) => Verdict::Packet(Some(bytes.len() - stream.len())),
        other => other,
    }
}

fn protocol_core(bytes: &[u8], version: &str) -> Verdict {
    let mut cursor = Cursor::new(bytes);
    match PacketBuilder::new().feed(&mut cursor) {
        PacketBuildResult::Complete(raw) => {
            let parsed = if version == "5.0" { parse_5_0(raw) } else { parse_3_1_1(raw) };
            match parsed {
                Ok(()) => Verdict::Packet(usize::try_from(cursor.position()).ok()),
                Err(error) => Verdict::Error(format!("{error:?}")),
            }
        }
        PacketBuildResult::Incomplete => Verdict::Incomplete,
        PacketBuildResult::Error(error) => Verdict::Error(format!("{error:?}")),
    }
}

macro_rules! parser {
    ($name:ident, $version:ident, $unknown:expr) => {
        fn $name(raw: RawPacket) -> Result<(), MqttError> {
            use $version as v;
            match raw.packet_type() {
                1 => raw.parse_exact(v::Connect::parse).map(drop),
                2 => raw.parse_exact(v::Connack::parse).map(drop),
                3 => {
                    let flags = raw.flags();
                    let PacketData::Publish(data) = raw.data else { panic!("no PUBLISH") };
                    v::Publish::parse(flags, data).map(drop)
                }
                4 => raw.parse_exact(v::Puback::parse).map(drop),
                5 => raw.parse_exact(v::Pubrec::parse).map(drop),
                6 => raw.parse_exact(v::Pubrel::parse).map(drop),
                7 => raw.parse_exact(v::Pubcomp::parse).map(drop),
                8 => raw.parse_exact(v::Subscribe::parse).map(drop),
                9 => raw.parse_exact(v::Suback::parse).map(drop),
                10 => raw.parse_exact(v::Unsubscribe::parse).map(drop),
                11 => raw.parse_exact(v::Unsuback::parse).map(drop),
                12 => raw.parse_exact(v::Pingreq::parse).map(drop),
                13 => raw.parse_exact(v::Pingresp::parse).map(drop),
                14 => raw.parse_exact(v::Disconnect::parse).map(drop),
                _ => $unknown(raw),
            }
        }
    };
}
parser!(parse_3_1_1, v3_1_1, |_| Err(MqttError::MalformedPacket));
parser!(parse_5_0, v5_0, |raw: RawPacket| match raw.packet_type() {
    15 => raw.parse_exact(v5_0::Auth::parse).map(drop),
    _ => Err(MqttError::MalformedPacket),
});
