//! Reads the conformance vectors. Knows what a case says, not how to check it.
#![allow(dead_code, reason = "each test that includes this file uses a part of it")]

use mqtt_pure::{DecodeOptions, Rule, Version};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

use crate::options;

/// One case.
pub struct Case {
    pub id: String,
    pub version: Version,
    pub verdict: Verdict,
    pub json: Value,
}

/// What a decoder is expected to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Valid,
    Invalid,
    Acceptable,
    Incomplete,
}

/// The directory of the vectors.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

pub fn read_json(path: &str) -> Value {
    let text = fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The paths of the files with cases in a folder, and how many cases the manifest says that each has.
pub fn files(folder: &str) -> Vec<(String, u64)> {
    let manifest = read_json("manifest.json");
    let files = manifest["files"].as_array().expect("files of the manifest").iter();
    let files = files.map(|file| (text(&file["path"]), file["cases"].as_u64().expect("cases")));
    files.filter(|(path, _)| path.starts_with(folder)).collect()
}

/// Every case of every file in the folder that the manifest names.
pub fn cases_in(folder: &str) -> Vec<Value> {
    let files = files(folder).into_iter().map(|(path, _)| read_json(&path));
    files
        .flat_map(|mut file| match file["cases"].take() {
            Value::Array(cases) => cases,
            other => panic!("cases: {other}"),
        })
        .collect()
}

/// Every case for a decoder.
pub fn load() -> Vec<Case> {
    cases_in("decode/").into_iter().map(Case::new).collect()
}

pub fn version_named(name: &str) -> Version {
    let version = Version::ALL.into_iter().find(|version| version.to_string() == name);
    version.unwrap_or_else(|| panic!("version {name}"))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}")).to_owned()
}

pub fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

impl Case {
    fn new(json: Value) -> Self {
        let id = text(&json["id"]);
        let version = version_named(&text(&json["version"]));
        let verdict = match text(&json["result"]).as_str() {
            "valid" => Verdict::Valid,
            "invalid" => Verdict::Invalid,
            "acceptable" => Verdict::Acceptable,
            "incomplete" => Verdict::Incomplete,
            other => panic!("{id}: result {other}"),
        };
        Self { id, version, verdict, json }
    }

    pub fn bytes(&self) -> Vec<u8> {
        bytes_of(&self.json)
    }

    /// The number of bytes, without making them.
    pub fn len(&self) -> u64 {
        match &self.json["hex"] {
            Value::String(hex) => hex.len() as u64 / 2,
            _ => self.json["hex_parts"].as_array().expect("hex_parts").iter().map(part_len).sum(),
        }
    }

    /// What the case says of the decoder.
    pub fn options(&self) -> DecodeOptions {
        let options = options::of(self.version, &self.json["level"], &self.json["to"]);
        options::read(&self.json["options"], options).expect("options").expect("known options")
    }

    /// The rule that decides an acceptable case.
    pub fn rule(&self) -> Rule {
        rule_of(&self.json)
    }

    pub fn codes(&self) -> Vec<String> {
        codes_of(&self.json)
    }

    pub fn refs(&self) -> Vec<String> {
        texts(&self.json["refs"])
    }

    pub fn flags(&self) -> Vec<String> {
        texts(&self.json["flags"])
    }

    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags().iter().any(|name| name == flag)
    }

    pub fn is_canonical(&self) -> bool {
        self.json["canonical"] == true
    }

    /// The packet with long content written out. The payload of a PUBLISH is given apart, as it may
    /// be too long for a string of hex digits.
    pub fn packet(&self) -> (Value, Vec<u8>) {
        let mut packet = self.json["packet"].clone();
        let mut payload = Vec::new();
        if packet["type"] == "publish" {
            payload = match &packet["payload"] {
                Value::String(_) => from_hex(&packet["payload"]),
                parts => join(&parts["parts"]),
            };
            packet["payload"] = json!("");
        }
        write_out(&mut packet, false);
        (packet, payload)
    }
}

/// What stands under `hex` or `hex_parts`.
pub fn bytes_of(case: &Value) -> Vec<u8> {
    match &case["hex"] {
        Value::Null => join(&case["hex_parts"]),
        hex => from_hex(hex),
    }
}

/// The codes of which any is right.
pub fn codes_of(case: &Value) -> Vec<String> {
    match &case["error"] {
        Value::Null => texts(&case["error_any"]),
        code => vec![text(code)],
    }
}

/// The rule by which a receiver decides.
pub fn rule_of(case: &Value) -> Rule {
    let name = text(&case["choice"]["rule"]);
    let rule = Rule::ALL.into_iter().find(|rule| rule.name() == name);
    rule.unwrap_or_else(|| panic!("{}: unknown rule {name}", case["id"]))
}

/// Replaces `{"parts": ..}` and `{"items": ..}` by what they stand for.
pub fn write_out(value: &mut Value, is_binary: bool) {
    match value {
        Value::Object(map) if map.contains_key("items") => {
            let items = map["items"].as_array().expect("items").iter();
            *value = items.flat_map(|item| vec![item[0].clone(); count(&item[1])]).collect();
        }
        Value::Object(map) if map.contains_key("parts") => {
            let bytes = join(&map["parts"]);
            let written = if is_binary {
                hex::encode(bytes)
            } else {
                String::from_utf8(bytes).expect("parts of a string")
            };
            *value = Value::String(written);
        }
        Value::Object(map) => {
            for (name, entry) in map {
                write_out(entry, is_binary_field(name));
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| write_out(entry, false)),
        _ => {}
    }
}

fn is_binary_field(name: &str) -> bool {
    matches!(name, "payload" | "password" | "correlation_data" | "authentication_data")
}

fn from_hex(value: &Value) -> Vec<u8> {
    hex::decode(text(value)).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn join(parts: &Value) -> Vec<u8> {
    let parts = parts.as_array().expect("parts").iter();
    let pieces = parts.map(|part| from_hex(&part[0]).repeat(count(&part[1])));
    pieces.collect::<Vec<_>>().concat()
}

/// How often something is repeated.
fn count(value: &Value) -> usize {
    value.as_u64().and_then(|count| count.try_into().ok()).expect("repeat")
}

fn part_len(part: &Value) -> u64 {
    text(&part[0]).len() as u64 / 2 * part[1].as_u64().expect("repeat")
}
