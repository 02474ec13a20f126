//! Runs one trace and compares what comes out with what it says. Knows no implementation.

pub use crate::session_role::Driven as Role;
use crate::{
    case::bytes_of,
    json::with_packet,
    session_case::{Entry, SessionCase, Step},
};
use mqtt_pure::Version;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

type Outcome = Result<(), String>;
/// What the names of packet identifiers stand for.
type Names = BTreeMap<String, Value>;

/// Outputs that have an order among their own kind, and those that have none.
const ORDERED: [&str; 2] = ["send", "deliver"];
const UNORDERED: [&str; 3] = ["event", "close", "error"];

pub fn check(case: &SessionCase, make: &dyn Fn(&SessionCase) -> Box<dyn Role>) -> Outcome {
    let readings = vec![Reading::default()];
    let mut run = Run { version: case.version, role: make(case), readings };
    for (index, entry) in case.entries.iter().enumerate() {
        let place = format!("{}: step {}", case.id, index + 1);
        match entry {
            Entry::Step(step) => run.step(step).map_err(|why| format!("{place}: {why}"))?,
            Entry::Repeat { times, steps } => {
                let outer = run.known();
                for round in 1..=*times {
                    for (index, step) in steps.iter().enumerate() {
                        run.step(step).map_err(|why| {
                            format!("{place}, round {round}, step {}: {why}", index + 1)
                        })?;
                    }
                    run.forget_all_but(&outer);
                }
            }
        }
    }
    Ok(())
}

/// The role, and what fits to all that came out of it so far.
struct Run {
    version: Version,
    role: Box<dyn Role>,
    readings: Vec<Reading>,
}

/// One way to read what came out: a trace may allow several, and a later step tells which it was.
#[derive(Clone, Default, PartialEq)]
struct Reading {
    names: Names,
    /// The alternative that was taken of each choice.
    choices: BTreeMap<String, usize>,
}

impl Run {
    fn step(&mut self, step: &Step) -> Outcome {
        let body = self.numbered(&step.body)?;
        let bytes = if step.input == "recv" { received(&body, self.version)? } else { Vec::new() };
        let found = self.role.step(step.at, &step.input, &body, &bytes);
        let mut readings = Vec::new();
        let mut misfits = Vec::new();
        let has_form = well_formed(&found);
        for reading in &self.readings {
            for (number, expected) in step.alternatives.iter().enumerate() {
                if !reading.allows(step, number) {
                    continue;
                }
                let next = has_form.clone().and_then(|()| reading.after(step, number, &found));
                match next {
                    Ok(next) if readings.contains(&next) => {}
                    Ok(next) => readings.push(next),
                    Err(why) => misfits.push(format!("\n  expected {}: {why}", shown(expected))),
                }
            }
        }
        if readings.is_empty() {
            let input = json!({ &step.input: body });
            let (at, misfits) = (step.at, misfits.concat());
            return Err(format!("at {at}, {input}{misfits}\n  came out {}", shown(&found)));
        }
        self.readings = readings;
        Ok(())
    }

    /// The value with numbers in the place of names.
    fn numbered(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(name) if is_name(name) => self.value_of(name)?,
            Value::Array(values) => {
                values.iter().map(|value| self.numbered(value)).collect::<Result<_, _>>()?
            }
            Value::Object(map) => {
                let fields = map.iter();
                let fields = fields.map(|(name, value)| Ok((name.clone(), self.numbered(value)?)));
                Value::Object(fields.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// An input can be given only once, so all readings have to agree on what it names.
    fn value_of(&self, name: &str) -> Result<Value, String> {
        let mut values = self.readings.iter().map(|reading| reading.names.get(name));
        let first = values.next().flatten();
        match first {
            Some(first) if values.all(|value| value == Some(first)) => Ok(first.clone()),
            Some(_) => Err(format!("what came out leaves open what {name} is")),
            None => Err(format!("nothing gave {name} a value")),
        }
    }

    fn known(&self) -> BTreeSet<String> {
        self.readings.iter().flat_map(|reading| reading.names.keys().cloned()).collect()
    }

    /// What a repeat binds is new in each round.
    fn forget_all_but(&mut self, outer: &BTreeSet<String>) {
        let mut readings = Vec::new();
        for mut reading in self.readings.drain(..) {
            reading.names.retain(|name, _| outer.contains(name));
            if !readings.contains(&reading) {
                readings.push(reading);
            }
        }
        self.readings = readings;
    }
}

/// The bytes of a packet, or those that are given as such.
pub fn received(body: &Value, version: Version) -> Result<Vec<u8>, String> {
    if body["hex"].is_string() {
        return Ok(bytes_of(body));
    }
    with_packet(body, version, |packet| {
        let mut bytes = Vec::new();
        let done = packet.encode(version, &mut bytes);
        done.map(|()| bytes).map_err(|error| error.to_string())
    })?
}

impl Reading {
    /// Whether the alternative is the one that was taken of this choice before.
    fn allows(&self, step: &Step, number: usize) -> bool {
        let taken = step.choice.as_ref().and_then(|choice| self.choices.get(choice));
        taken.is_none_or(|taken| *taken == number)
    }

    /// The reading by which this alternative is what came out.
    fn after(&self, step: &Step, number: usize, found: &[Value]) -> Result<Self, String> {
        let mut next = self.clone();
        if let Some(choice) = &step.choice {
            next.choices.insert(choice.clone(), number);
        }
        fit(&mut next.names, &step.alternatives[number], found)?;
        let mut seen: Vec<(&String, &Value)> = Vec::new();
        for name in &step.distinct {
            let value = next.names.get(name).ok_or_else(|| format!("{name} has no value"))?;
            if let Some((other, _)) = seen.iter().find(|(_, other)| *other == value) {
                return Err(format!("{other} and {name} are both {value}"));
            }
            seen.push((name, value));
        }
        Ok(next)
    }
}

/// What holds of outputs whatever the trace says.
fn well_formed(found: &[Value]) -> Outcome {
    let mut is_closed = false;
    for output in found {
        let kind = kind_of(output).ok_or_else(|| format!("{output} is no output"))?;
        if is_closed && (ORDERED.contains(&kind) || kind == "close") {
            return Err(format!("{output} comes behind a close"));
        }
        is_closed |= kind == "close";
    }
    Ok(())
}

fn kind_of(output: &Value) -> Option<&'static str> {
    let mut kinds = ORDERED.into_iter().chain(UNORDERED);
    kinds.find(|kind| output.get(kind).is_some())
}

fn fit(names: &mut Names, expected: &[Value], found: &[Value]) -> Outcome {
    fn of<'a>(kind: &str, outputs: &'a [Value]) -> Vec<&'a Value> {
        outputs.iter().filter(|output| kind_of(output) == Some(kind)).collect()
    }
    for kind in ORDERED.into_iter().chain(UNORDERED) {
        let (expected, found) = (of(kind, expected), of(kind, found));
        if expected.len() != found.len() {
            return Err(format!("{} {kind} instead of {}", found.len(), expected.len()));
        }
        if ORDERED.contains(&kind) {
            for (expected, found) in expected.into_iter().zip(found) {
                same(names, expected, found, false)?;
            }
        } else if !expected.is_empty() {
            *names = paired(names, &expected, &found)?;
        }
    }
    Ok(())
}

/// The names after each of what is expected has found its own, in any order. Not the first that
/// fits: what names few fields could take what another needs.
fn paired(names: &Names, expected: &[&Value], found: &[&Value]) -> Result<Names, String> {
    let Some((first, rest)) = expected.split_first() else { return Ok(names.clone()) };
    let mut why = format!("nothing is left for {first}");
    for (index, candidate) in found.iter().enumerate() {
        let mut names = names.clone();
        let mut others = found.to_vec();
        others.remove(index);
        let result = same(&mut names, first, candidate, false);
        match result.and_then(|()| paired(&names, rest, &others)) {
            Ok(names) => return Ok(names),
            Err(misfit) => why = format!("{first}: {misfit}"),
        }
    }
    Err(why)
}

/// Whether the value is what is expected: of an object the fields that are listed, or all of them if
/// it `is_whole`, as everything in a list is.
fn same(names: &mut Names, expected: &Value, found: &Value, is_whole: bool) -> Outcome {
    let differs = || Err(format!("{found} instead of {expected}"));
    match (expected, found) {
        (Value::String(name), _) if is_name(name) => match names.get(name) {
            Some(bound) if bound == found => Ok(()),
            Some(bound) => Err(format!("{found} instead of {bound}, which {name} is")),
            None if found.is_u64() => {
                names.insert(name.clone(), found.clone());
                Ok(())
            }
            None => differs(),
        },
        (Value::Object(expected), Value::Object(found)) => {
            for (name, expected) in expected {
                let found = found.get(name).unwrap_or(&Value::Null);
                same(names, expected, found, is_whole).map_err(|why| format!("{name}: {why}"))?;
            }
            let is_more = |(name, value): &(&String, &Value)| {
                !value.is_null() && !expected.contains_key(*name)
            };
            match found.iter().find(is_more) {
                Some((name, value)) if is_whole => Err(format!("{name} is {value}, not absent")),
                _ => Ok(()),
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found);
            pairs.try_for_each(|(expected, found)| same(names, expected, found, true))
        }
        _ if expected == found => Ok(()),
        _ => differs(),
    }
}

/// Whether a string is the name of a packet identifier.
fn is_name(text: &str) -> bool {
    let letters = text.strip_prefix('$').unwrap_or_default();
    !letters.is_empty() && letters.chars().all(|letter| letter.is_ascii_lowercase())
}

fn shown(outputs: &[Value]) -> Value {
    Value::from(outputs.to_vec())
}
