//! Steps, what a role says to them, and whether it may.

use crate::{
    session_case::SessionCase,
    session_check::{Role, check},
};
use serde_json::{Value, json};

type Outcome = Result<(), String>;

/// Says what it was told to. Fails if a puback that it gets is not for this identifier.
struct Scripted {
    said: std::vec::IntoIter<Value>,
    acknowledged: Option<u64>,
}

impl Role for Scripted {
    fn step(&mut self, _: u64, input: &str, body: &Value, bytes: &[u8]) -> Vec<Value> {
        if input == "recv" {
            assert_eq!(body["packet_id"].as_u64(), self.acknowledged);
            assert_eq!(bytes.last().copied().map(u64::from), self.acknowledged);
        }
        self.said.next().and_then(|said| said.as_array().cloned()).expect("what is said")
    }
}

/// One row: the steps that expect something, what is said to each, and what is wrong with it.
struct Row {
    name: &'static str,
    entries: Value,
    said: Value,
    wrong: Option<&'static str>,
}

fn right(name: &'static str, entries: Value, said: Value) -> Row {
    Row { name, entries, said, wrong: None }
}

fn wrong(name: &'static str, entries: Value, said: Value, why: &'static str) -> Row {
    Row { name, entries, said, wrong: Some(why) }
}

/// A step that expects this.
fn out(outputs: Value) -> Value {
    json!({"at": 0, "in": {"tick": {}}, "out": outputs})
}

/// A step that expects any of these, by a choice.
fn any(alternatives: Value) -> Value {
    json!({"at": 0, "in": {"tick": {}}, "out_any": alternatives, "choice": "c"})
}

fn send(kind: &str, packet_id: impl Into<Value>) -> Value {
    json!({"send": {"type": kind, "packet_id": packet_id.into()}})
}

fn deliver(payload: &str) -> Value {
    json!({"deliver": {"payload": payload}})
}

fn event(name: &str, token: &str) -> Value {
    json!({"event": name, "token": token})
}

pub fn notices() -> Outcome {
    let rows = [counts(), orders(), fields(), wholes(), names(), rounds(), choices()];
    for row in rows.into_iter().flatten() {
        let case = SessionCase::new(&json!({
            "id": "s311/client/runner/row",
            "role": "client",
            "version": "3.1.1",
            "config": {},
            "refs": [],
            "steps": row.entries,
        }));
        let said = row.said.as_array().expect("what is said").clone();
        let outcome = check(&case, &|_| {
            Box::new(Scripted { said: said.clone().into_iter(), acknowledged: Some(5) })
        });
        let is_told = match (&outcome, row.wrong) {
            (Ok(()), None) => true,
            (Err(why), Some(part)) => why.starts_with(&case.id) && why.contains(part),
            _ => false,
        };
        if !is_told {
            return Err(format!("{}: {outcome:?} instead of {:?}", row.name, row.wrong));
        }
    }
    Ok(())
}

fn counts() -> Vec<Row> {
    let one = || json!([out(json!([send("puback", 1)]))]);
    let closed = || json!([out(json!([{"close": {}}, event("lost", "a")]))]);
    vec![
        right("as expected", one(), json!([[send("puback", 1)]])),
        wrong("missing", one(), json!([[]]), "0 send instead of 1"),
        wrong("one more", one(), json!([[send("puback", 1), send("puback", 2)]]), "2 send"),
        wrong("one more event", one(), json!([[send("puback", 1), event("lost", "a")]]), "1 event"),
        wrong("close", one(), json!([[send("puback", 1), {"close": {}}]]), "1 close"),
        wrong("error", one(), json!([[send("puback", 1), {"error": {}}]]), "1 error"),
        wrong("no output", one(), json!([[send("puback", 1), {"said": 1}]]), "is no output"),
        right("event behind a close", closed(), json!([[{"close": {}}, event("lost", "a")]])),
        right("event before a close", closed(), json!([[event("lost", "a"), {"close": {}}]])),
        wrong("two closes", closed(), json!([[{"close": {}}, {"close": {}}]]), "behind a close"),
        wrong(
            "the second step",
            json!([out(json!([])), out(json!([]))]),
            json!([[], [{"close": {}}]]),
            "step 2: at 0, {\"tick\":{}}\n  expected []: 1 close instead of 0\n  came out [{",
        ),
    ]
}

fn orders() -> Vec<Row> {
    let two = |a: Value, b: Value| json!([out(json!([a, b]))]);
    let said = |a: Value, b: Value| json!([[a, b]]);
    let (first, second) = (|| send("puback", 1), || send("puback", 2));
    vec![
        right("sends", two(first(), second()), said(first(), second())),
        wrong("sends reversed", two(first(), second()), said(second(), first()), "packet_id: 2"),
        wrong(
            "deliveries reversed",
            two(deliver("31"), deliver("32")),
            said(deliver("32"), deliver("31")),
            "payload: \"32\" instead of \"31\"",
        ),
        right(
            "events reversed",
            two(event("lost", "a"), event("lost", "b")),
            said(event("lost", "b"), event("lost", "a")),
        ),
        right("kinds", two(first(), deliver("31")), said(deliver("31"), first())),
        wrong(
            "send behind a close",
            two(first(), json!({"close": {}})),
            said(json!({"close": {}}), first()),
            "behind a close",
        ),
        wrong(
            "delivery behind a close",
            two(deliver("31"), json!({"close": {}})),
            said(json!({"close": {}}), deliver("31")),
            "behind a close",
        ),
        right(
            "the event with less fields first",
            two(json!({"event": "failed"}), event("failed", "a")),
            said(event("failed", "a"), event("failed", "b")),
        ),
        wrong(
            "one event for two",
            two(json!({"event": "lost"}), event("lost", "a")),
            said(event("lost", "a"), event("failed", "b")),
            "event: \"failed\" instead of \"lost\"",
        ),
        wrong(
            "the same event twice",
            two(event("lost", "a"), event("lost", "b")),
            said(event("lost", "a"), event("lost", "a")),
            "token: \"a\" instead of \"b\"",
        ),
    ]
}

fn fields() -> Vec<Row> {
    let expected = || {
        json!([out(json!([
            {"send": {"type": "publish", "packet_id": null, "properties": {"a": 1, "b": null}}}
        ]))])
    };
    let said = |packet: Value| json!([[{"send": packet}]]);
    let token = || json!([out(json!([{"error": {"token": "a"}}]))]);
    vec![
        right(
            "null",
            expected(),
            said(json!({"type": "publish", "properties": {"a": 1, "b": null}})),
        ),
        right("more", expected(), said(json!({"type": "publish", "properties": {"a": 1, "c": 2}}))),
        wrong(
            "not absent",
            expected(),
            said(json!({"type": "publish", "packet_id": 1, "properties": {"a": 1}})),
            "send: packet_id: 1 instead of null",
        ),
        wrong(
            "not absent inside",
            expected(),
            said(json!({"type": "publish", "properties": {"a": 1, "b": 2}})),
            "send: properties: b: 2 instead of null",
        ),
        wrong(
            "another value",
            expected(),
            said(json!({"type": "publish", "properties": {"a": 2}})),
            "send: properties: a: 2 instead of 1",
        ),
        wrong("no value", expected(), said(json!({"type": "publish"})), "properties: null"),
        wrong("another packet", expected(), said(json!({"type": "puback"})), "type: \"puback\""),
        right("token", token(), json!([[{"error": {"token": "a"}}]])),
        wrong("no token", token(), json!([[{"error": {}}]]), "error: token: null"),
        wrong("another token", token(), json!([[{"error": {"token": "b"}}]]), "token: \"b\""),
        wrong(
            "another event",
            json!([out(json!([event("lost", "a")]))]),
            json!([[event("failed", "a")]]),
            "event: \"failed\"",
        ),
    ]
}

/// Lists are compared as a whole.
fn wholes() -> Vec<Row> {
    let codes = || json!([out(json!([{"event": "completed", "codes": [0, 1]}]))]);
    let list = || json!([out(json!([{"event": "subscribe", "subscriptions": [{"qos": 1}]}]))]);
    let said = |list: Value| json!([[{"event": "subscribe", "subscriptions": list}]]);
    let said_codes = |codes: Value| json!([[{"event": "completed", "codes": codes}]]);
    vec![
        right("list", codes(), said_codes(json!([0, 1]))),
        wrong("longer list", codes(), said_codes(json!([0, 1, 2])), "codes: [0,1,2]"),
        wrong("shorter list", codes(), said_codes(json!([0])), "codes: [0]"),
        wrong("list in another order", codes(), said_codes(json!([1, 0])), "codes: 1 instead of 0"),
        right("object in a list", list(), said(json!([{"qos": 1, "no_local": null}]))),
        wrong(
            "more in a list",
            list(),
            said(json!([{"qos": 1, "no_local": true}])),
            "no_local is true, not absent",
        ),
    ]
}

fn names() -> Vec<Row> {
    let bound = || json!([out(json!([send("publish", "$p")])), out(json!([send("pubrel", "$p")]))]);
    let said = |first: Value, second: Value| json!([[first], [second]]);
    let two = |distinct: Value| {
        let mut step = out(json!([send("publish", "$p"), send("publish", "$q")]));
        step["distinct"] = distinct;
        json!([step])
    };
    let twice =
        |first: u64, second: u64| json!([[send("publish", first), send("publish", second)]]);
    let answer = json!({"at": 1, "in": {"recv": {"type": "puback", "packet_id": "$p"}}, "out": []});
    let listed = json!([out(json!([{"event": "completed", "ids": ["$p", "$p"]}]))]);
    vec![
        right("bound", bound(), said(send("publish", 300), send("pubrel", 300))),
        wrong(
            "another value",
            bound(),
            said(send("publish", 1), send("pubrel", 2)),
            "packet_id: 2 instead of 1, which $p is",
        ),
        wrong(
            "no value",
            bound(),
            said(send("publish", Value::Null), json!({})),
            "instead of \"$p\"",
        ),
        right("same value", two(json!([])), twice(1, 1)),
        right("distinct", two(json!(["$p", "$q"])), twice(1, 2)),
        wrong("not distinct", two(json!(["$p", "$q"])), twice(1, 1), "$p and $q are both 1"),
        right(
            "given back",
            json!([out(json!([send("publish", "$p")])), answer]),
            json!([[send("publish", 5)], []]),
        ),
        wrong("never bound", json!([answer]), json!([[]]), "nothing gave $p a value"),
        right("in a list", listed.clone(), json!([[{"event": "completed", "ids": [1, 1]}]])),
        wrong(
            "another in a list",
            listed,
            json!([[{"event": "completed", "ids": [1, 2]}]]),
            "2 instead of 1, which $p is",
        ),
    ]
}

/// What a repeat binds is new each time.
fn rounds() -> Vec<Row> {
    let entries = || {
        let mut inner = out(json!([send("publish", "$p")]));
        inner["distinct"] = json!(["$h", "$p"]);
        let repeat = json!({"repeat": 2, "steps": [inner, out(json!([send("pubrel", "$p")]))]});
        json!([out(json!([send("publish", "$h")])), repeat, out(json!([send("pubrel", "$h")]))])
    };
    let said = |values: [u64; 6]| {
        let kinds = ["publish", "publish", "pubrel", "publish", "pubrel", "pubrel"];
        let sends = kinds.iter().zip(values).map(|(kind, value)| json!([send(kind, value)]));
        sends.collect::<Value>()
    };
    vec![
        right("new each round", entries(), said([3, 1, 1, 2, 2, 3])),
        right("the same each round", entries(), said([3, 1, 1, 1, 1, 3])),
        wrong("not in a round", entries(), said([3, 1, 1, 2, 1, 3]), "step 2, round 2, step 2: "),
        wrong("the outer one", entries(), said([3, 1, 1, 3, 3, 3]), "$h and $p are both 3"),
        wrong("the outer one later", entries(), said([3, 1, 1, 2, 2, 2]), "step 3: "),
    ]
}

fn choices() -> Vec<Row> {
    let (a, b) = (|| deliver("61"), || deliver("62"));
    let step = || any(json!([[a()], [b()]]));
    let free = || json!({"at": 0, "in": {"tick": {}}, "out_any": [[a()], [b()]]});
    let open = || any(json!([[], []]));
    // Which packet has which name is told by the step after.
    let swapped = || {
        any(json!([
            [send("puback", "$p"), send("puback", "$q")],
            [send("puback", "$q"), send("puback", "$p")],
        ]))
    };
    let told = || any(json!([[send("pubrel", "$q")], [send("pubcomp", "$q")]]));
    let last = || out(json!([send("publish", "$p")]));
    let all = || json!([swapped(), told(), last()]);
    let said = |kind: &str, value: u64, last: u64| {
        let both = [send("puback", 1), send("puback", 2)];
        json!([both, [send(kind, value)], [send("publish", last)]])
    };
    let answer = json!({"at": 1, "in": {"recv": {"type": "puback", "packet_id": "$p"}}, "out": []});
    vec![
        right("first", json!([step(), step()]), json!([[a()], [a()]])),
        right("second", json!([step(), step()]), json!([[b()], [b()]])),
        wrong("another than before", json!([step(), step()]), json!([[a()], [b()]]), "step 2: "),
        wrong("neither", json!([step()]), json!([[deliver("63")]]), "expected [{"),
        right("without a choice", json!([free(), free()]), json!([[a()], [b()]])),
        right("told later", json!([open(), step(), step()]), json!([[], [b()], [b()]])),
        wrong(
            "another than was told",
            json!([open(), step(), open(), step()]),
            json!([[], [b()], [], [a()]]),
            "step 4: ",
        ),
        right("names of the first", all(), said("pubrel", 2, 1)),
        right("names of the second", all(), said("pubcomp", 1, 2)),
        wrong("names of the other", all(), said("pubrel", 1, 1), "step 2: "),
        wrong("names of the other later", all(), said("pubcomp", 1, 1), "step 3: "),
        wrong(
            "an input with a name that is open",
            json!([swapped(), answer]),
            json!([[send("puback", 1), send("puback", 2)], []]),
            "leaves open what $p is",
        ),
    ]
}
