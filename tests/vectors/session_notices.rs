//! Whether the runner of traces takes what they say and notices what they do not: roles that know no
//! MQTT and say what they are told to.

use crate::{
    session_case::{Entry, SessionCase, Step},
    session_check::{Role, check},
    session_values,
    suite::Vectors,
};
use mqtt_pure::Version;
use serde_json::{Value, json};

#[path = "session_notices_table.rs"]
mod table;

type Outcome = Result<(), String>;

/// What is done to the outputs of a step.
type Spoil = fn(&mut Vec<Value>);

/// Says what the trace says: of alternatives the one of this number, or the last. A name has the same
/// value everywhere, no two have the same.
struct Replay {
    steps: std::vec::IntoIter<Step>,
    alternative: usize,
    spoil: Option<(usize, Spoil)>,
    done: usize,
}

impl Replay {
    fn new(case: &SessionCase, alternative: usize, spoil: Option<(usize, Spoil)>) -> Self {
        let mut all = Vec::new();
        for entry in &case.entries {
            match entry {
                Entry::Step(step) => all.push(step.clone()),
                Entry::Repeat { times, steps } => {
                    (0..*times).for_each(|_| all.extend_from_slice(steps));
                }
            }
        }
        Self { steps: all.into_iter(), alternative, spoil, done: 0 }
    }
}

impl Role for Replay {
    fn step(&mut self, at: u64, input: &str, body: &Value, bytes: &[u8]) -> Vec<Value> {
        let step = self.steps.next().expect("no more inputs than steps");
        assert_eq!((at, input), (step.at, &*step.input));
        assert_eq!(*body, numbered(&step.body));
        assert_eq!(bytes.is_empty(), input != "recv");
        let number = self.alternative.min(step.alternatives.len() - 1);
        let mut outputs: Vec<_> = step.alternatives[number].iter().map(numbered).collect();
        if let Some((_, spoil)) = self.spoil.filter(|(index, _)| *index == self.done) {
            spoil(&mut outputs);
        }
        self.done += 1;
        outputs
    }
}

fn numbered(value: &Value) -> Value {
    match value {
        Value::String(name) if name.starts_with('$') => {
            let digits = name.bytes().skip(1).map(|letter| u64::from(letter - b'a'));
            json!(digits.fold(1, |number, digit| number * 26 + digit))
        }
        Value::Array(values) => values.iter().map(numbered).collect(),
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), numbered(value))).collect()
        }
        other => other.clone(),
    }
}

fn replayed(case: &SessionCase, alternative: usize, spoil: Option<(usize, Spoil)>) -> Outcome {
    check(case, &|case| Box::new(Replay::new(case, alternative, spoil)))
}

/// Every trace is kept by a role that does what it says, by each of the alternatives.
pub fn takes(vectors: &Vectors) -> Outcome {
    for case in &vectors.session {
        // Many rounds are no different from a few here, only slow.
        let mut case = case.clone();
        for entry in &mut case.entries {
            if let Entry::Repeat { times, .. } = entry {
                *times = 3.min(*times);
            }
        }
        let most = case.steps().map(|step| step.alternatives.len()).max().unwrap_or_default();
        for alternative in 0..most {
            replayed(&case, alternative, None)
                .map_err(|why| format!("alternative {alternative}: {why}"))?;
        }
    }
    Ok(())
}

/// Ways to spoil outputs that no trace allows.
const SPOILS: [(&str, Spoil); 3] = [
    ("one more", |outputs| outputs.push(json!({"event": "connected", "token": "never"}))),
    ("none", Vec::clear),
    ("another", |outputs| {
        for output in outputs {
            *output = json!({"deliver": {"topic": "never"}});
        }
    }),
];

/// A step that is not kept is reported, and where it is.
pub fn notices(vectors: &Vectors) -> Outcome {
    table::notices()?;
    let mut count = 0;
    for case in vectors.session.iter().filter(|case| !case.has_repeat()) {
        for (index, step) in case.steps().enumerate() {
            let [outputs] = &step.alternatives[..] else { continue };
            for (name, spoil) in SPOILS {
                if outputs.is_empty() && name != "one more" {
                    continue;
                }
                let place = format!("{}: step {}: ", case.id, index + 1);
                match replayed(case, 0, Some((index, spoil))) {
                    Err(why) if why.starts_with(&place) => count += 1,
                    other => return Err(format!("{place}{name}: {other:?}")),
                }
            }
        }
    }
    if count > 10_000 { Ok(()) } else { Err(format!("only {count} spoilt steps")) }
}

/// The inputs are values of the crate, and outputs have the form that traces give them.
pub fn values(vectors: &Vectors) -> Outcome {
    for case in &vectors.session {
        let at = |what: &Value, why| format!("{}: {what}: {why}", case.id);
        session_values::Settings::new(&case.config);
        session_values::with_connect(&case.config, case.version, |_| ())
            .map_err(|why| at(&case.config, why))?;
        for step in case.steps() {
            let kind = match &*step.input {
                "recv" => step.body["type"].as_str(),
                "open" => Some("connect"),
                "accept" | "refuse" => Some("connack"),
                "grant" => Some("suback"),
                "remove" => Some("unsuback"),
                "acknowledge" => Some("puback"),
                kind @ ("publish" | "subscribe" | "unsubscribe" | "disconnect" | "auth") => {
                    Some(kind)
                }
                _ => None,
            };
            if let Some(kind) = kind {
                let body = numbered(&step.body);
                session_values::with_packet_of(kind, &body, case.version, |_| ())
                    .map_err(|why| at(&body, why))?;
            }
        }
    }
    outputs()
}

fn outputs() -> Outcome {
    let bytes = [0x40, 2, 0, 1, 0xc0, 0];
    let publish = json!({"topic": "t", "qos": 0, "retain": true, "payload": "6d", "token": "a"});
    let will = json!({"topic": "w", "payload": "31", "qos": 1, "retain": false});
    let config = json!({"will": will, "queue_maximum": 3});
    let version = Version::V3_1_1;
    let found = [
        session_values::sent(&bytes, version, mqtt_pure::Role::Client),
        vec![
            session_values::with_publish(&publish, version, |publish| {
                session_values::delivered(publish, version)
            })?,
            session_values::with_connect(&config, version, |connect| {
                session_values::will_event(&connect.will.expect("a will"), version)
            })?,
            session_values::error(session_values::token(&publish).as_deref()),
            json!(session_values::Settings::new(&config).queue_maximum),
        ],
    ];
    let expected = json!([
        {"send": {"type": "puback", "packet_id": 1}},
        {"send": {"type": "pingreq"}},
        {"deliver": {
            "dup": false,
            "qos": 0,
            "retain": true,
            "topic": "t",
            "packet_id": null,
            "payload": "6d",
        }},
        {"event": "will", "topic": "w", "payload": "31", "qos": 1, "retain": false},
        {"error": {"token": "a"}},
        3,
    ]);
    let found = Value::from(found.concat());
    if found == expected { Ok(()) } else { Err(format!("{found} instead of {expected}")) }
}
