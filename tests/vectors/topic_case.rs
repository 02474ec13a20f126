//! Reads the conformance vectors about topics. Knows what a case says, not how to check it.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use crate::case::{bytes_of, cases_in, codes_of, rule_of, text, texts, version_named, write_out};
use mqtt_pure::{Rule, Version};
use serde_json::Value;

/// One case.
pub struct TopicCase {
    pub id: String,
    /// It holds for each of these.
    pub versions: Vec<Version>,
    pub question: Question,
    pub json: Value,
}

pub enum Question {
    Validate(Validate),
    Match { filter: String, topic: String, matches: bool },
}

/// Whether something is a topic.
pub struct Validate {
    pub kind: Kind,
    pub bytes: Vec<u8>,
    pub is_valid: bool,
    /// The codes of the fault, of which any is right. None if no bytes can show it.
    pub codes: Vec<String>,
    /// The rule by which a receiver may refuse what is valid.
    pub rule: Option<Rule>,
    /// Group and filter of a shared subscription.
    pub share: Option<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Filter,
    Name,
}

/// Every case about topics.
pub fn load() -> Vec<TopicCase> {
    cases_in("topic/").into_iter().map(TopicCase::new).collect()
}

impl TopicCase {
    fn new(json: Value) -> Self {
        let id = text(&json["id"]);
        let versions = texts(&json["versions"]).iter().map(|name| version_named(name)).collect();
        let question = match &json["match"] {
            Value::Bool(matches) => Question::Match {
                filter: written_out(&json["filter"]),
                topic: written_out(&json["topic"]),
                matches: *matches,
            },
            _ => Question::Validate(Validate::new(&json)),
        };
        Self { id, versions, question, json }
    }

    /// The statements that the case names of this version.
    pub fn refs(&self, version: Version) -> Vec<String> {
        texts(&self.json["refs"][version.to_string()])
    }
}

impl Validate {
    fn new(json: &Value) -> Self {
        let kind = match text(&json["kind"]).as_str() {
            "filter" => Kind::Filter,
            "name" => Kind::Name,
            other => panic!("{}: kind {other}", json["id"]),
        };
        let bytes = match &json["text"] {
            Value::String(text) => text.clone().into_bytes(),
            _ => bytes_of(json),
        };
        let is_valid = json["valid"].as_bool().expect("valid");
        let share = json["share"].as_object();
        let share = share.map(|share| (text(&share["name"]), written_out(&share["filter"])));
        let rule = json["choice"].is_object().then(|| rule_of(json));
        Self { kind, bytes, is_valid, codes: codes_of(json), rule, share }
    }
}

/// The string, also if it stands there in parts.
fn written_out(value: &Value) -> String {
    let mut value = value.clone();
    write_out(&mut value, false);
    text(&value)
}
