//! Checks the suite as a whole: that its files fit together and that nothing is missing.

use crate::{
    case::{Case, Verdict, codes_of, files, read_json, root, text, texts},
    session_case::SessionCase,
    session_check, session_notices,
    topic_case::TopicCase,
};
use mqtt_pure::{ErrorKind, Rule, Version};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// All cases.
pub struct Vectors {
    pub decode: Vec<Case>,
    pub topic: Vec<TopicCase>,
    pub session: Vec<SessionCase>,
    pub stream: Vec<Value>,
}

type Outcome = Result<(), String>;
type Check = fn(&Vectors) -> Outcome;

/// The checks and their names.
pub const CHECKS: [(&str, Check); 15] = [
    ("suite/ids-are-well-formed-and-unique", ids),
    ("suite/manifest-lists-the-files", manifest),
    ("suite/there-are-many-cases", size),
    ("suite/error-codes-are-those-of-the-crate", error_codes),
    ("suite/flags-are-described-and-used", flags),
    ("suite/truncated-cases-come-in-pairs", pairs),
    ("suite/every-rule-has-a-case", rules),
    ("suite/every-statement-has-a-valid-and-an-invalid-case", statements),
    ("suite/every-statement-about-topics-has-a-case", topic_statements),
    ("suite/every-statement-about-sessions-has-a-trace", session_statements),
    ("suite/the-table-of-statements-is-up-to-date", coverage),
    ("suite/the-bytes-of-traces-are-their-packets", session_bytes),
    ("suite/the-inputs-of-traces-are-values-of-the-crate", session_notices::values),
    ("suite/the-runner-of-traces-takes-what-they-say", session_notices::takes),
    ("suite/the-runner-of-traces-notices", session_notices::notices),
];

/// A standard with numbered statements. The numbers of one mean something else in another.
struct Standard {
    version: Version,
    /// The layer that each statement concerns.
    table: &'static str,
    /// What the statements of a code are called in the table of codes.
    refs: &'static str,
    /// Statements of the codec that cannot have a valid and an invalid case, and why.
    one_sided: &'static [(&'static str, &'static str)],
}

const STANDARDS: [Standard; 2] = [
    Standard {
        version: Version::V3_1_1,
        table: "statements-3.1.1.tsv",
        refs: "refs",
        one_sided: &[
            ("MQTT-1.5.3-3", "U+FEFF is to be kept, so no bytes can break it"),
            ("MQTT-2.3.1-5", "bytes in the place of an identifier are payload at QoS 0"),
            ("MQTT-4.7.3-3", "a two-byte length cannot say more than 65,535"),
        ],
    },
    Standard {
        version: Version::V5_0,
        table: "statements-5.0.tsv",
        refs: "refs_5_0",
        one_sided: &[
            ("MQTT-1.5.4-3", "U+FEFF is to be kept, so no bytes can break it"),
            ("MQTT-2.2.1-2", "bytes in the place of an identifier are properties at QoS 0"),
            ("MQTT-4.7.3-3", "a two-byte length cannot say more than 65,535"),
        ],
    },
];

fn none(wrong: Vec<String>) -> Outcome {
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn ids(vectors: &Vectors) -> Outcome {
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    let decode = vectors.decode.iter().map(|case| {
        let prefix = format!("v{}/", case.version.to_string().replace('.', ""));
        (&case.id, prefix, 3)
    });
    let topic = vectors.topic.iter().map(|case| (&case.id, "topic/".to_owned(), 3));
    let session = vectors.session.iter().map(|case| {
        let version = case.version.to_string().replace('.', "");
        let role = format!("{:?}", case.role).to_lowercase();
        (&case.id, format!("s{version}/{role}/"), 4)
    });
    let streams: Vec<_> = vectors.stream.iter().map(|case| text(&case["id"])).collect();
    let stream = streams.iter().map(|id| (id, "stream/v".to_owned(), 3));
    for (id, prefix, len) in decode.chain(topic).chain(session).chain(stream) {
        let is_letter = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '/' | '.' | '-');
        let parts = id.split('/').filter(|part| !part.is_empty()).count();
        if !id.starts_with(&prefix) || !id.chars().all(is_letter) || parts != len {
            wrong.push(format!("{id}: not well formed"));
        }
        if !seen.insert(id) {
            wrong.push(format!("{id}: not unique"));
        }
    }
    none(wrong)
}

fn manifest(_: &Vectors) -> Outcome {
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for (path, count) in ["decode/", "topic/", "session/", "stream/"].map(files).concat() {
        let file = read_json(&path);
        let found = file["cases"].as_array().map_or(0, Vec::len);
        if u64::try_from(found) != Ok(count) {
            wrong.push(format!("{path}: {found} cases, {count} in the manifest"));
        }
        listed.insert(root().join(path));
    }
    let versions = ["decode", "session/client", "session/server"]
        .into_iter()
        .flat_map(|folder| Version::ALL.map(|version| format!("{folder}/v{version}")));
    for folder in versions.chain(["topic", "stream"].map(str::to_owned)) {
        let directory = fs::read_dir(root().join(folder)).expect("directory");
        for entry in directory {
            let path = entry.expect("entry").path();
            if !listed.contains(&path) {
                wrong.push(format!("{}: not in the manifest", path.display()));
            }
        }
    }
    none(wrong)
}

fn size(vectors: &Vectors) -> Outcome {
    let counts = [
        &vectors.decode.len(),
        &vectors.topic.len(),
        &vectors.session.len(),
        &vectors.stream.len(),
    ];
    let is_enough = counts.iter().zip([3900, 400, 900, 170]).all(|(count, least)| **count >= least);
    if is_enough { Ok(()) } else { Err(format!("only {counts:?} cases")) }
}

/// The JSON of all cases.
fn jsons(vectors: &Vectors) -> impl Iterator<Item = &Value> {
    let decode = vectors.decode.iter().map(|case| &case.json);
    decode.chain(vectors.topic.iter().map(|case| &case.json)).chain(&vectors.stream)
}

fn error_codes(vectors: &Vectors) -> Outcome {
    let file = read_json("error-codes.json");
    let entries = file["codes"].as_array().expect("codes");
    let listed: BTreeSet<String> = entries.iter().map(|entry| text(&entry["code"])).collect();
    let known: BTreeSet<String> = ErrorKind::ALL.map(|kind| kind.code().to_owned()).into();
    let used: BTreeSet<String> = jsons(vectors).flat_map(codes_of).collect();
    let differ = |a: &BTreeSet<String>, b: &BTreeSet<String>, what: &str| {
        a.difference(b).map(|code| format!("{code}: {what}")).collect::<Vec<_>>()
    };
    none(
        [
            differ(&listed, &known, "not a code of the crate"),
            differ(&known, &listed, "not in error-codes.json"),
            differ(&used, &listed, "in a case, not in error-codes.json"),
            differ(&listed, &used, "in no case"),
        ]
        .concat(),
    )
}

fn flags(vectors: &Vectors) -> Outcome {
    let file = read_json("flags.json");
    let described: BTreeSet<String> =
        file["flags"].as_object().expect("flags").keys().cloned().collect();
    let used: BTreeSet<String> = jsons(vectors).flat_map(|json| texts(&json["flags"])).collect();
    let differ = described.symmetric_difference(&used);
    none(differ.map(|flag| format!("{flag}: not both described and used")).collect())
}

/// A field that is cut looks like one that waits unless something follows, and a decoder that reads
/// on is only found out by what follows.
fn pairs(vectors: &Vectors) -> Outcome {
    let cases = &vectors.decode;
    let by_id: BTreeMap<&str, &Case> = cases.iter().map(|case| (&*case.id, case)).collect();
    let mut wrong = Vec::new();
    for case in cases {
        let is_pair = |alone: &Case, followed: &Case| {
            let (alone_bytes, followed_bytes) = (alone.bytes(), followed.bytes());
            followed_bytes.len() > alone_bytes.len() && followed_bytes.starts_with(&alone_bytes)
        };
        if case.has_flag("FramingBleed") {
            let alone = case.id.strip_suffix("-then-packet").and_then(|id| by_id.get(id));
            if !alone.is_some_and(|alone| is_pair(alone, case)) {
                wrong.push(format!("{}: without the case that is followed by nothing", case.id));
            }
        } else if case.codes() == ["packet.truncated_field"] && !case.has_flag("EarlyVerdict") {
            let followed = by_id.get(&*format!("{}-then-packet", case.id));
            if !followed.is_some_and(|followed| is_pair(case, followed)) {
                wrong.push(format!("{}: without the case that a packet follows", case.id));
            }
        }
    }
    none(wrong)
}

fn rules(vectors: &Vectors) -> Outcome {
    let mut named = BTreeSet::new();
    for case in &vectors.decode {
        if case.verdict == Verdict::Acceptable {
            named.insert(case.rule().name().to_owned());
        }
        let strictness = case.json["options"]["strictness"].as_object();
        named.extend(strictness.into_iter().flat_map(|rules| rules.keys().cloned()));
    }
    let missing = Rule::ALL.into_iter().filter(|rule| !named.contains(rule.name()));
    none(missing.map(|rule| format!("{rule:?}: in no case")).collect())
}

fn statements(vectors: &Vectors) -> Outcome {
    none(STANDARDS.iter().flat_map(|standard| statements_of(standard, &vectors.decode)).collect())
}

/// The statements of section 4.7, also those that matter to a broker alone.
fn topic_statements(vectors: &Vectors) -> Outcome {
    let mut wrong = Vec::new();
    for Standard { version, table, .. } in &STANDARDS {
        let table = fs::read_to_string(root().join(table)).expect("table");
        let known: BTreeSet<&str> = layers_of(&table).into_keys().collect();
        let named: BTreeSet<String> =
            vectors.topic.iter().flat_map(|case| case.refs(*version)).collect();
        let unknown = named.iter().filter(|id| !known.contains(id.as_str()));
        wrong.extend(unknown.map(|id| format!("{version}: {id}: unknown")));
        let about_topics = known.into_iter().filter(|id| id.starts_with("MQTT-4.7."));
        let missing = about_topics.filter(|id| !named.contains(*id));
        wrong.extend(missing.map(|id| format!("{version}: {id}: in no case about topics")));
    }
    none(wrong)
}

fn session_statements(vectors: &Vectors) -> Outcome {
    let mut wrong = Vec::new();
    for Standard { version, table, .. } in &STANDARDS {
        let table = fs::read_to_string(root().join(table)).expect("table");
        let layers = layers_of(&table);
        let traces = vectors.session.iter().filter(|case| case.version == *version);
        let named: BTreeSet<&str> = traces.flat_map(|case| &case.refs).map(|id| &**id).collect();
        let unknown = named.iter().filter(|id| !layers.contains_key(*id));
        wrong.extend(unknown.map(|id| format!("{version}: {id}: unknown")));
        let about_sessions = layers.iter().filter(|(_, layer)| **layer == "session");
        let missing = about_sessions.filter(|(id, _)| !named.contains(*id));
        wrong.extend(missing.map(|(id, _)| format!("{version}: {id}: in no trace")));
    }
    none(wrong)
}

/// The table says of every statement which cases name it, or why none does.
fn coverage(vectors: &Vectors) -> Outcome {
    let text = fs::read_to_string(root().join("COVERAGE.md")).expect("COVERAGE.md");
    let parts: Vec<&str> = text.split("\n## ").collect();
    let mut wrong = Vec::new();
    for Standard { version, table, .. } in &STANDARDS {
        let title = format!("{version}\n");
        let part = parts.iter().find(|part| part.starts_with(&title)).expect("a part");
        let rows = part.lines().filter_map(|line| line.strip_prefix("| MQTT-"));
        let cells = rows.map(|row| row.trim_end_matches('|').split(" | ").map(str::trim).collect());
        let rows: Vec<Vec<&str>> = cells.collect();
        let table = fs::read_to_string(root().join(table)).expect("table");
        let listed: Vec<String> =
            rows.iter().map(|row| format!("MQTT-{}\t{}", row[0], row[1])).collect();
        if table.lines().skip(1).ne(listed.iter().map(String::as_str)) {
            wrong.push(format!("{version}: not the statements, or not their layers"));
        }
        let named = refs_of_all(vectors, *version);
        for row in rows {
            let count = named.get(&format!("MQTT-{}", row[0])).copied().unwrap_or(0);
            let words = row[2].split([' ', ':', ',', ';']);
            let told: usize = words.filter_map(|word| word.parse::<usize>().ok()).sum();
            if told != count || row[3].is_empty() {
                wrong.push(format!("{version}: {}: {count} cases, {told} in the table", row[0]));
            }
        }
    }
    none(wrong)
}

/// How many cases and traces name each statement of the version.
fn refs_of_all(vectors: &Vectors, version: Version) -> BTreeMap<String, usize> {
    let decode = vectors.decode.iter().filter(|case| case.version == version).map(Case::refs);
    let session = vectors.session.iter().filter(|case| case.version == version);
    let stream = vectors.stream.iter().filter(|case| case["version"] == version.to_string());
    let all = decode
        .chain(session.map(|case| case.refs.clone()))
        .chain(stream.map(|case| texts(&case["refs"])))
        .chain(vectors.topic.iter().map(|case| case.refs(version)));
    let mut counts = BTreeMap::new();
    for id in all.flatten() {
        *counts.entry(id).or_default() += 1;
    }
    counts
}

/// A runner needs no encoder: each packet that comes in is given in bytes as well.
fn session_bytes(vectors: &Vectors) -> Outcome {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in &vectors.session {
        for step in case.steps().filter(|step| step.input == "recv") {
            count += 1;
            // Any number does in the place of a name.
            let (mut hex, mut body) = (step.hex.clone(), step.body.clone());
            if let Some(name) = body["packet_id"].as_str() {
                hex = hex.replace(name, "0007");
                body["packet_id"] = Value::from(7);
            }
            let bytes = session_check::received(&body, case.version);
            if bytes.as_ref().map(hex::encode) != Ok(hex) {
                wrong.push(format!("{}: at {}: {bytes:?}", case.id, step.at));
            }
        }
    }
    if count < 2000 { Err(format!("only {count} packets")) } else { none(wrong) }
}

/// The layer that each statement of a table concerns.
fn layers_of(table: &str) -> BTreeMap<&str, &str> {
    table.lines().skip(1).filter_map(|line| line.split_once('\t')).collect()
}

fn statements_of(standard: &Standard, cases: &[Case]) -> Vec<String> {
    let table = fs::read_to_string(root().join(standard.table)).expect("table");
    let layers = layers_of(&table);
    let refs_of = |verdict| -> BTreeSet<String> {
        let is_meant = |case: &&Case| case.version == standard.version && case.verdict == verdict;
        cases.iter().filter(is_meant).flat_map(Case::refs).collect()
    };
    let (valid, invalid) = (refs_of(Verdict::Valid), refs_of(Verdict::Invalid));
    let mut wrong = Vec::new();
    for (&id, _) in layers.iter().filter(|(_, layer)| **layer == "codec") {
        let has_both = valid.contains(id) && invalid.contains(id);
        let is_one_sided = standard.one_sided.iter().any(|(one_sided, _)| *one_sided == id);
        if has_both == is_one_sided || !valid.contains(id) {
            let (valid, invalid) = (valid.contains(id), invalid.contains(id));
            wrong.push(format!("{id}: valid {valid}, invalid {invalid}, excused {is_one_sided}"));
        }
    }
    let is_unknown = |id: &String| !layers.contains_key(id.as_str());
    for code in read_json("error-codes.json")["codes"].as_array().expect("codes") {
        let refs = texts(&code[standard.refs]).into_iter();
        wrong.extend(
            refs.filter(is_unknown).map(|id| format!("{id}: unknown, in {}", code["code"])),
        );
    }
    let cases = cases.iter().filter(|case| case.version == standard.version);
    for case in cases {
        let refs = case.refs().into_iter();
        wrong.extend(refs.filter(is_unknown).map(|id| format!("{id}: unknown, in {}", case.id)));
    }
    let version = standard.version;
    wrong.into_iter().map(|what| format!("{version}: {what}")).collect()
}
