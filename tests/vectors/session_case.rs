//! Reads the traces of sessions. Knows what a trace says, not how to run it.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use crate::case::{cases_in, text, texts, version_named};
use mqtt_pure::{Role, Version};
use serde_json::Value;

/// One trace.
#[derive(Clone)]
pub struct SessionCase {
    pub id: String,
    pub role: Role,
    /// The only version that the role speaks.
    pub version: Version,
    pub config: Value,
    pub refs: Vec<String>,
    pub entries: Vec<Entry>,
}

/// What stands in the list of steps.
#[derive(Clone)]
pub enum Entry {
    Step(Step),
    Repeat { times: u64, steps: Vec<Step> },
}

#[derive(Clone)]
pub struct Step {
    /// The time in milliseconds.
    pub at: u64,
    /// The name of the input.
    pub input: String,
    /// Its fields, where names of packet identifiers may stand for numbers.
    pub body: Value,
    /// The bytes of a `recv`, where the name of a packet identifier may stand for its digits.
    pub hex: String,
    /// What has to come out: any of these, the recommended one first.
    pub alternatives: Vec<Vec<Value>>,
    /// The steps with the same choice take the same alternative.
    pub choice: Option<String>,
    /// Names whose values all differ.
    pub distinct: Vec<String>,
}

/// Every trace.
pub fn load() -> Vec<SessionCase> {
    cases_in("session/").iter().map(SessionCase::new).collect()
}

impl SessionCase {
    pub fn new(json: &Value) -> Self {
        let id = text(&json["id"]);
        let role = match text(&json["role"]).as_str() {
            "client" => Role::Client,
            "server" => Role::Server,
            other => panic!("{id}: role {other}"),
        };
        Self {
            role,
            version: version_named(&text(&json["version"])),
            config: json["config"].clone(),
            refs: texts(&json["refs"]),
            entries: list(&json["steps"]).iter().map(Entry::new).collect(),
            id,
        }
    }

    /// The steps, each of a repeat once.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.entries.iter().flat_map(|entry| match entry {
            Entry::Step(step) => std::slice::from_ref(step),
            Entry::Repeat { steps, .. } => steps,
        })
    }

    pub fn has_repeat(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Repeat { .. }))
    }
}

impl Entry {
    fn new(json: &Value) -> Self {
        match json["repeat"].as_u64() {
            None => Self::Step(Step::new(json)),
            Some(times) => {
                Self::Repeat { times, steps: list(&json["steps"]).iter().map(Step::new).collect() }
            }
        }
    }
}

impl Step {
    fn new(json: &Value) -> Self {
        let (input, body) = match json["in"].as_object().map(|map| map.iter().collect::<Vec<_>>()) {
            Some(inputs) if inputs.len() == 1 => (inputs[0].0.clone(), inputs[0].1.clone()),
            _ => panic!("not one input: {json}"),
        };
        let alternatives = match &json["out"] {
            Value::Null => list(&json["out_any"]).iter().map(list).collect(),
            only => vec![list(only)],
        };
        Self {
            at: json["at"].as_u64().expect("at"),
            input,
            body,
            hex: json["hex"].as_str().unwrap_or_default().to_owned(),
            alternatives,
            choice: json["choice"].as_str().map(str::to_owned),
            distinct: texts(&json["distinct"]),
        }
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}")).clone()
}
