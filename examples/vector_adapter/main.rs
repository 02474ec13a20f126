//! Lets a test runner drive this codec with the conformance vectors: one JSON object a line on
//! standard input, one answer a line on standard output. Knows nothing of what is expected.
//!
//! ```text
//! $ echo '{"op":"decode","id":"x","version":"3.1.1","hex":"c000"}' |
//!     cargo run --quiet --example vector_adapter
//! {"id":"x","result":"ok","packet":{"type":"pingreq"},"consumed":2}
//! ```

#[path = "../common/json.rs"]
mod json;
#[path = "../common/options.rs"]
mod options;
mod session;
#[path = "../common/session_role.rs"]
mod session_role;
#[path = "../common/session_values.rs"]
mod session_values;
#[path = "../common/streams.rs"]
mod streams;
#[path = "../common/topics.rs"]
mod topics;

use json::{packet_to_json, with_packet};
use mqtt_pure::{Packet, Version};
use serde_json::{Value, json};
use session::Sessions;
use std::io::{self, BufRead, Write};

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let mut sessions = Sessions::default();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = match serde_json::from_slice::<Value>(&line) {
            Ok(request) if field(&request, "op") == "stop" => return Ok(()),
            Ok(request) => answer(&request, &mut sessions),
            Err(error) => bad_request(&Value::Null, &error.to_string()),
        };
        serde_json::to_writer(&mut out, &answer)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

/// A field of the request, null if it is not there.
fn field<'a>(request: &'a Value, name: &str) -> &'a Value {
    request.get(name).unwrap_or(&Value::Null)
}

fn answer(request: &Value, sessions: &mut Sessions) -> Value {
    let id = field(request, "id");
    let answer = match field(request, "op").as_str() {
        Some("hello") => Ok(hello()),
        Some("decode") => with_version(request, decode),
        Some("encode") => with_version(request, encode),
        Some("topic") => topic(request),
        Some("stream") => with_version(request, stream),
        Some("session") => sessions.answer(request),
        Some(_) => Ok(skip(id, "unknown operation")),
        None => Err("op: is not a string".to_owned()),
    };
    answer.unwrap_or_else(|why| bad_request(id, &why))
}

fn hello() -> Value {
    json!({
        "impl": env!("CARGO_PKG_NAME"),
        "impl_version": env!("CARGO_PKG_VERSION"),
        "language": "Rust",
        "versions": Version::ALL.map(|version| version.to_string()),
        "to": ["client", "server"],
        "ops": ["decode", "encode", "topic", "stream", "session"],
        "level": 2,
    })
}

fn skip(id: &Value, why: &str) -> Value {
    json!({"id": id, "result": "skip", "why": why})
}

/// The request itself is wrong, which says nothing about the codec.
fn bad_request(id: &Value, why: &str) -> Value {
    json!({"id": id, "result": "bad_request", "why": why})
}

fn with_version(
    request: &Value,
    run: fn(&Value, Version) -> Result<Value, String>,
) -> Result<Value, String> {
    let name = field(request, "version").as_str().ok_or("version: is not a string")?;
    match Version::ALL.into_iter().find(|version| version.to_string() == name) {
        Some(version) => run(request, version),
        None => Ok(skip(field(request, "id"), "unknown version")),
    }
}

fn decode(request: &Value, version: Version) -> Result<Value, String> {
    let id = field(request, "id");
    let digits = field(request, "hex").as_str().ok_or("hex: is not a string")?;
    let bytes = hex::decode(digits).map_err(|error| format!("hex: {error}"))?;
    let options = options::of(version, field(request, "level"), field(request, "to"));
    let Some(options) = options::read(field(request, "options"), options)? else {
        return Ok(skip(id, "unknown option"));
    };
    let mut input = &bytes[..];
    Ok(match Packet::read(&mut input, options) {
        Ok(Some(packet)) => json!({
            "id": id,
            "result": "ok",
            "packet": packet_to_json(&packet, version),
            "consumed": bytes.len().saturating_sub(input.len()),
        }),
        Ok(None) => json!({"id": id, "result": "incomplete"}),
        Err(error) => json!({
            "id": id,
            "result": "error",
            "code": error.code(),
            "v5_reason": format!("0x{:02x}", error.reason_code().get()),
            "connack": error.return_code().map(mqtt_pure::ConnectReturnCode::get),
            "native": error.to_string(),
        }),
    })
}

/// Cuts the bytes as the plan says. Without `told` the version is what the CONNECT says.
fn stream(request: &Value, version: Version) -> Result<Value, String> {
    let id = field(request, "id");
    let digits = field(request, "hex").as_str().ok_or("hex: is not a string")?;
    let bytes = hex::decode(digits).map_err(|error| format!("hex: {error}"))?;
    let plan: Vec<usize> = serde_json::from_value(field(request, "plan").clone())
        .map_err(|error| format!("plan: {error}"))?;
    let options = options::of(version, field(request, "level"), field(request, "to"));
    let Some(mut options) = options::read(field(request, "options"), options)? else {
        return Ok(skip(id, "unknown option"));
    };
    if field(request, "told") == false {
        options = options::untold(options);
    }
    let fed = streams::feed(&streams::cut(&bytes, &plan), options);
    let result = match &fed.error {
        Some(_) => "error",
        None if fed.held == 0 => "ok",
        None => "incomplete",
    };
    Ok(json!({
        "id": id,
        "result": result,
        "code": fed.error.map(|error| error.code()),
        "packets": fed.packets,
        "after": fed.after,
    }))
}

fn encode(request: &Value, version: Version) -> Result<Value, String> {
    let id = field(request, "id");
    let encoded = with_packet(field(request, "packet"), version, |packet| {
        let mut bytes = Vec::new();
        packet.encode(version, &mut bytes).map(|()| bytes)
    });
    Ok(match encoded {
        Ok(Ok(bytes)) => json!({"id": id, "result": "ok", "hex": hex::encode(bytes)}),
        Ok(Err(error)) => json!({"id": id, "result": "error", "native": error.to_string()}),
        Err(why) => json!({"id": id, "result": "error", "native": why}),
    })
}

/// Matches a filter with a topic name, or checks the one of them that is there. Only 5.0 takes a filter
/// for a shared subscription, so that what names no version is answered as 3.1.1 answers it.
fn topic(request: &Value) -> Result<Value, String> {
    if field(request, "version").is_null() {
        return topic_of(request, Version::V3_1_1);
    }
    with_version(request, topic_of)
}

fn topic_of(request: &Value, version: Version) -> Result<Value, String> {
    let id = field(request, "id");
    let (filter, name) = (topic_bytes(request, "filter")?, topic_bytes(request, "topic")?);
    if filter.is_none() && name.is_none() {
        return Err("filter and topic are missing".to_owned());
    }
    let filter = filter.as_deref().map(|bytes| topics::filter(bytes, version)).transpose();
    let name = name.as_deref().map(topics::name).transpose();
    Ok(match (filter, name) {
        (Ok(Some(filter)), Ok(Some(name))) => {
            json!({"id": id, "result": "ok", "match": topics::matches(filter, name, version)})
        }
        (Ok(Some(filter)), Ok(None)) => {
            let share = topics::share(filter, version)
                .map(|share| json!({"name": share.name.as_str(), "filter": share.filter.as_str()}));
            json!({"id": id, "result": "ok", "share": share})
        }
        (Ok(None), Ok(_)) => json!({"id": id, "result": "ok"}),
        (Err(fault), _) | (_, Err(fault)) => {
            json!({"id": id, "result": "error", "code": fault.code, "native": fault.native})
        }
    })
}

/// The bytes of a field; what is no UTF-8 comes as hex digits under the name with `_hex`.
fn topic_bytes(request: &Value, name: &str) -> Result<Option<Vec<u8>>, String> {
    let in_hex = format!("{name}_hex");
    match (field(request, name), field(request, &in_hex)) {
        (Value::Null, Value::Null) => Ok(None),
        (Value::String(text), Value::Null) => Ok(Some(text.clone().into_bytes())),
        (Value::Null, Value::String(digits)) => match hex::decode(digits) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => Err(format!("{in_hex}: {error}")),
        },
        _ => Err(format!("{name}: is not a string")),
    }
}
