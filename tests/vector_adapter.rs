//! The example `vector_adapter` as a test runner sees it: over pipes, a line for a line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a panic is how a test fails"
)]

#[path = "vectors/case.rs"]
mod case;
#[path = "common/example.rs"]
mod example;
#[path = "../examples/common/options.rs"]
mod options;
#[path = "vectors/topic_case.rs"]
mod topic_case;

use case::{Case, Verdict};
use mqtt_pure::Version;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};
use topic_case::{Kind, Question, TopicCase, Validate};

/// Larger packets are left to the tests that need no hex digits.
const LARGEST: u64 = 1 << 17;

struct Adapter {
    child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Adapter {
    fn start() -> Self {
        let path = example::path("vector_adapter");
        let child = Command::new(path).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.unwrap();
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, requests, answers }
    }

    fn ask_line(&mut self, line: &[u8]) -> Value {
        self.requests.write_all(line).unwrap();
        self.requests.write_all(b"\n").unwrap();
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }

    fn ask(&mut self, request: &Value) -> Value {
        let answer = self.ask_line(request.to_string().as_bytes());
        assert_eq!(answer["id"], request["id"], "{request}");
        answer
    }

    /// Says goodbye; the adapter has to leave on its own and in order.
    fn stop(mut self) {
        self.requests.write_all(b"{\"op\":\"stop\"}\n").unwrap();
        assert!(self.child.wait().unwrap().success());
        assert!(self.answers.next().is_none(), "stop has no answer");
    }
}

fn decode_request(case: &Case) -> Value {
    json!({
        "op": "decode",
        "id": case.id,
        "version": case.json["version"],
        "to": case.json["to"],
        "level": case.json["level"],
        "hex": hex::encode(case.bytes()),
        "options": case.json.get("options").cloned().unwrap_or_else(|| json!({})),
    })
}

/// The packet of the case with everything written out.
fn packet_of(case: &Case) -> Value {
    let (mut packet, payload) = case.packet();
    if packet["type"] == "publish" {
        packet["payload"] = json!(hex::encode(payload));
    }
    packet
}

#[test]
fn it_says_what_it_can_do() {
    let mut adapter = Adapter::start();
    let hello = adapter.ask_line(br#"{"op":"hello","contract":1}"#);
    assert_eq!(hello["impl"], "mqtt-pure");
    assert_eq!(hello["versions"], json!(["3.1", "3.1.1", "5.0"]));
    assert_eq!(hello["level"], 2);
    adapter.stop();
}

#[test]
fn it_decodes_every_vector() {
    let mut adapter = Adapter::start();
    let mut wrong = Vec::new();
    for case in case::load().iter().filter(|case| case.len() <= LARGEST) {
        let answer = adapter.ask(&decode_request(case));
        let by_default = match case.verdict {
            Verdict::Acceptable if case.json["choice"]["default"] == "refuse" => Verdict::Invalid,
            Verdict::Acceptable => Verdict::Valid,
            verdict => verdict,
        };
        let is_right = match by_default {
            Verdict::Incomplete => answer["result"] == "incomplete",
            Verdict::Invalid => {
                answer["result"] == "error"
                    && case.codes().iter().any(|code| answer["code"] == code.as_str())
            }
            _ => {
                answer["result"] == "ok"
                    && answer["packet"] == packet_of(case)
                    && answer["consumed"] == case.json["consumed"]
            }
        };
        if !is_right {
            wrong.push(format!("{}: {answer}", case.id));
        }
    }
    adapter.stop();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn it_encodes_what_is_canonical() {
    let mut adapter = Adapter::start();
    let mut count = 0;
    let cases = case::load();
    for case in cases.iter().filter(|case| case.is_canonical() && case.len() <= LARGEST) {
        let request = json!({
            "op": "encode",
            "id": case.id,
            "version": case.json["version"],
            "packet": packet_of(case),
        });
        let answer = adapter.ask(&request);
        assert_eq!(answer["result"], "ok", "{answer}");
        assert_eq!(answer["hex"], hex::encode(case.bytes()), "{}", case.id);
        count += 1;
    }
    assert!(count > 100);
    adapter.stop();
}

#[test]
fn it_names_the_field_that_cannot_be_encoded() {
    let mut adapter = Adapter::start();
    for (packet, field) in [
        (json!({"type": "puback", "packet_id": 0}), "packet_id: "),
        (json!({"type": "puback"}), "packet_id: "),
        (json!({"type": "puback", "packet_id": 1, "reason": 0}), "reason: "),
        (json!({"type": "pub"}), "type: "),
        (json!({"type": "suback", "packet_id": 1, "codes": [0, "1"]}), "codes[1]: "),
        (json!([]), "packet: "),
        (
            json!({
                "type": "subscribe",
                "packet_id": 1,
                "subscriptions": [{"filter": "a", "qos": 1}, {"filter": "a#", "qos": 1}],
            }),
            "subscriptions[1].filter: ",
        ),
        (
            json!({
                "type": "publish", "dup": false, "qos": 0, "retain": false, "topic": "a",
                "packet_id": 7, "payload": "",
            }),
            "packet_id: ",
        ),
    ] {
        let request = json!({"op": "encode", "id": "e", "version": "3.1.1", "packet": packet});
        let answer = adapter.ask(&request);
        assert_eq!(answer["result"], "error", "{request}");
        let native = answer["native"].as_str().unwrap();
        assert!(native.starts_with(field), "{request}: {native}");
    }
    adapter.stop();
}

/// Packets of 5.0 as bytes and as JSON: properties of every form, a will, options, reasons.
fn packets_5() -> [(&'static str, Value); 4] {
    [
        (
            "322f0001610007270101020000003c0300017408000172090002ff000bc8012300052600016b0000\
             2600016b0001766869",
            json!({
                "type": "publish", "dup": false, "qos": 1, "retain": false, "topic": "a",
                "packet_id": 7, "payload": "6869",
                "properties": {
                    "payload_format_indicator": 1, "message_expiry_interval": 60,
                    "content_type": "t", "response_topic": "r", "correlation_data": "ff00",
                    "subscription_identifier": [200], "topic_alias": 5,
                    "user_property": [["k", ""], ["k", "v"]],
                },
            }),
        ),
        (
            "101f00044d5154540506003c051100000009000163051800000003000177000178",
            json!({
                "type": "connect", "protocol_version": "5.0", "clean_start": true,
                "keep_alive": 60, "client_id": "c",
                "will": {
                    "topic": "w", "payload": "78", "qos": 0, "retain": false,
                    "properties": {"will_delay_interval": 3},
                },
                "user_name": null, "password": null,
                "properties": {"session_expiry_interval": 9},
            }),
        ),
        (
            "82070001000001612d",
            json!({
                "type": "subscribe", "packet_id": 1,
                "subscriptions": [{
                    "filter": "a", "qos": 1, "no_local": true, "retain_as_published": true,
                    "retain_handling": 2,
                }],
                "properties": {},
            }),
        ),
        ("e0018b", json!({"type": "disconnect", "reason_code": 0x8b, "properties": {}})),
    ]
}

#[test]
fn it_speaks_5_0() {
    let mut adapter = Adapter::start();
    for (hex, packet) in packets_5() {
        let request = json!({"op": "decode", "id": "d", "version": "5.0", "hex": hex});
        assert_eq!(adapter.ask(&request)["packet"], packet);
        let request = json!({"op": "encode", "id": "e", "version": "5.0", "packet": packet});
        assert_eq!(adapter.ask(&request)["hex"], hex);
    }
    adapter.stop();
}

#[test]
fn it_tells_what_the_peer_may_be_told() {
    let mut adapter = Adapter::start();
    for (hex, code, reason) in [
        // A topic alias of zero, a property that does not exist, one that is not of PUBLISH, a
        // repeated one, reserved flags.
        ("300700016103230000", "property.value", "0x94"),
        ("3006000161020000", "property.unknown", "0x81"),
        ("3006000161021701", "property.not_allowed", "0x81"),
        ("30080001610401000100", "property.duplicate", "0x82"),
        ("e100", "frame.reserved_flags", "0x81"),
    ] {
        let request = json!({"op": "decode", "id": "d", "version": "5.0", "hex": hex});
        let answer = adapter.ask(&request);
        assert_eq!(
            (&answer["code"], &answer["v5_reason"]),
            (&json!(code), &json!(reason)),
            "{answer}"
        );
    }
    adapter.stop();
}

#[test]
fn it_names_the_property_that_cannot_be_encoded() {
    let mut adapter = Adapter::start();
    let mut encode = |packet_type: &str, properties: Value| {
        let packet = json!({
            "type": packet_type, "packet_id": 1, "reason_code": 0, "properties": properties,
        });
        let request = json!({"op": "encode", "id": "e", "version": "5.0", "packet": packet});
        let answer = adapter.ask(&request);
        assert_eq!(answer["result"], "error", "{answer}");
        answer["native"].as_str().unwrap().to_owned()
    };
    for (properties, field) in [
        (json!({"colour": 1}), "properties.colour: is no property"),
        (json!({"reason_string": 1}), "properties.reason_string: "),
        (json!({"user_property": [["a", "b"], ["a"]]}), "properties.user_property[1]: "),
        (json!([]), "properties: "),
    ] {
        let native = encode("puback", properties);
        assert!(native.starts_with(field), "{native}");
    }
    // A property that the packet cannot have is for the codec to refuse.
    let native = encode("puback", json!({"topic_alias": 1}));
    assert!(native.contains("topic alias"), "{native}");
    adapter.stop();
}

#[test]
fn it_matches_and_checks_topics() {
    let mut adapter = Adapter::start();
    let mut topic = |filter: Option<&str>, topic: Option<&str>| {
        let request = json!({"op": "topic", "id": "t", "filter": filter, "topic": topic});
        let answer = adapter.ask(&request);
        let field = |name: &str| answer.get(name).cloned().unwrap_or_default();
        (field("result"), field("match"), field("code"))
    };
    let ok = json!("ok");
    let error = |code: &str| (json!("error"), Value::Null, json!(code));
    assert_eq!(topic(Some("a/+"), Some("a/b")), (ok.clone(), json!(true), Value::Null));
    assert_eq!(topic(Some("#"), Some("$SYS/x")), (ok.clone(), json!(false), Value::Null));
    assert_eq!(topic(Some("a/#"), None), (ok.clone(), Value::Null, Value::Null));
    assert_eq!(topic(None, Some("a")), (ok, Value::Null, Value::Null));
    assert_eq!(topic(Some("a#"), None), error("topic.filter_wildcard"));
    assert_eq!(topic(None, Some("a/+")), error("topic.name_has_wildcard"));
    assert_eq!(topic(Some(""), None), error("topic.empty"));
    assert_eq!(topic(None, Some("a\0")), error("string.has_nul"));
    adapter.stop();
}

fn topic_request(case: &TopicCase, version: Version) -> Value {
    let mut request = json!({"op": "topic", "id": case.id, "version": version.to_string()});
    match &case.question {
        Question::Match { filter, topic, .. } => {
            request["filter"] = json!(filter);
            request["topic"] = json!(topic);
        }
        Question::Validate(Validate { kind, bytes, .. }) => {
            let name = if *kind == Kind::Filter { "filter" } else { "topic" };
            match String::from_utf8(bytes.clone()) {
                Ok(text) => request[name] = json!(text),
                Err(_) => request[format!("{name}_hex")] = json!(hex::encode(bytes)),
            }
        }
    }
    request
}

/// The answer that a case about topics asks for. Where any of some codes is right it is given one.
fn topic_answer(case: &TopicCase, given: &Value) -> Value {
    let mut answer = json!({"id": case.id, "result": "ok"});
    match &case.question {
        Question::Match { matches, .. } => answer["match"] = json!(matches),
        Question::Validate(Validate { is_valid: false, codes, .. }) => {
            answer["result"] = json!("error");
            let is_given = codes.iter().any(|code| given["code"] == code.as_str());
            answer["code"] = if is_given { given["code"].clone() } else { json!(codes.first()) };
            answer["native"] = given["native"].clone();
        }
        Question::Validate(Validate { kind: Kind::Filter, share, .. }) => {
            let parts = share.as_ref();
            answer["share"] =
                json!(parts.map(|(name, filter)| json!({"name": name, "filter": filter})));
        }
        Question::Validate(_) => {}
    }
    answer
}

#[test]
fn it_answers_every_case_about_topics() {
    let mut adapter = Adapter::start();
    let cases = topic_case::load();
    let mut wrong = Vec::new();
    for case in &cases {
        for &version in &case.versions {
            let answer = adapter.ask(&topic_request(case, version));
            if answer != topic_answer(case, &answer) {
                let answer: String = answer.to_string().chars().take(300).collect();
                wrong.push(format!("{} of {version}: {answer}", case.id));
            }
        }
    }
    adapter.stop();
    assert!(cases.len() > 400, "where are the cases?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn it_feeds_streams_in_pieces() {
    let mut adapter = Adapter::start();
    let connect = "100d00044d51545404020000000163";
    for (hex, plan, told, result, after) in [
        (format!("{connect}c000"), json!([]), false, "ok", json!([2])),
        (format!("{connect}c000"), json!([15, 1]), false, "ok", json!([1, 1, 2])),
        (format!("{connect}c0"), json!([16]), false, "incomplete", json!([1])),
        ("c000c001".to_owned(), json!([2, 0, 1]), true, "error", json!([1, 1, 1, 1])),
    ] {
        let request = json!({
            "op": "stream", "id": "s", "version": "3.1.1", "to": "server", "level": "decode",
            "hex": hex, "plan": plan, "told": told,
        });
        let answer = adapter.ask(&request);
        assert_eq!((&answer["result"], &answer["after"]), (&json!(result), &after), "{request}");
    }
    adapter.stop();
}

#[test]
fn it_runs_traces_step_by_step() {
    let mut adapter = Adapter::start();
    let begin = json!({"role": "client", "version": "3.1.1", "config": {"keep_alive": 10}});
    let request = json!({"op": "session", "id": "s", "begin": begin});
    assert_eq!(adapter.ask(&request)["result"], "ok");
    let mut step = |at: u64, input: Value, hex: &str| {
        let request = json!({"op": "session", "id": "s", "at": at, "in": input, "hex": hex});
        let answer = adapter.ask(&request);
        assert_eq!(answer["result"], "ok", "{answer}");
        answer["out"].clone()
    };
    assert_eq!(step(0, json!({"open": {}}), "")[0]["send"]["keep_alive"], 10);
    assert_eq!(step(1, json!({"recv": {}}), "20020000")[0]["event"], "connected");
    assert_eq!(step(10_001, json!({"tick": {}}), ""), json!([{"send": {"type": "pingreq"}}]));
    // What is no input ends the trace, not the adapter.
    let request = json!({"op": "session", "id": "s", "at": 2, "in": {"dance": {}}});
    assert_eq!(adapter.ask(&request)["result"], "bad_request");
    let request = json!({"op": "session", "id": "s", "at": 2, "in": {"tick": {}}});
    assert_eq!(adapter.ask(&request)["result"], "bad_request");
    let begin = json!({"role": "server", "version": "5.0", "config": {"colour": 1}});
    let request = json!({"op": "session", "id": "s", "begin": begin});
    assert_eq!(adapter.ask(&request)["result"], "skip");
    adapter.stop();
}

#[test]
fn it_skips_what_it_does_not_know() {
    let mut adapter = Adapter::start();
    for request in [
        json!({"op": "dance", "id": 1}),
        json!({"op": "decode", "id": 2, "version": "6.0", "hex": "c000"}),
        json!({"op": "topic", "id": 5, "version": "6.0", "filter": "a"}),
        json!({"op": "decode", "id": 3, "version": "3.1.1", "hex": "c000", "options": {"x": 1}}),
        json!({
            "op": "decode", "id": 4, "version": "3.1.1", "hex": "c000",
            "options": {"strictness": {"x": "accept"}},
        }),
    ] {
        assert_eq!(adapter.ask(&request)["result"], "skip", "{request}");
    }
    adapter.stop();
}

#[test]
fn it_survives_bad_requests() {
    let mut adapter = Adapter::start();
    for line in [
        &b"{"[..],
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        br#"{"op":7}"#,
        br#"{"op":"decode"}"#,
        br#"{"op":"decode","version":"3.1.1"}"#,
        br#"{"op":"decode","version":"3.1.1","hex":"c"}"#,
        br#"{"op":"decode","version":"3.1.1","hex":"c000","options":{"max_packet_size":-1}}"#,
        br#"{"op":"topic"}"#,
        br#"{"op":"session"}"#,
        br#"{"op":"session","begin":{"version":"5.0"}}"#,
        br#"{"op":"stream","version":"5.0","hex":"c000"}"#,
        br#"{"op":"topic","filter":1}"#,
        br#"{"op":"topic","filter_hex":"6"}"#,
        br#"{"op":"topic","filter":"a","filter_hex":"61"}"#,
    ] {
        let answer = adapter.ask_line(line);
        assert_eq!(answer["result"], "bad_request", "{answer}");
        assert!(answer["why"].is_string());
    }
    let request = json!({"op": "decode", "id": "x", "version": "3.1.1", "hex": "c000"});
    assert_eq!(adapter.ask(&request)["packet"], json!({"type": "pingreq"}));
    adapter.stop();
}
