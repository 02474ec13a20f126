//! The fuzz targets on recorded inputs: what once was found, all vectors, and variations of these.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    reason = "a test; a target needs only parts of the model"
)]

#[path = "../fuzz/src/arbitrary_properties.rs"]
mod arbitrary_properties;
#[path = "../fuzz/src/chunks.rs"]
mod chunks;
#[path = "../fuzz/src/decode.rs"]
mod decode;
#[path = "../fuzz/src/fixpoint.rs"]
mod fixpoint;
#[path = "../fuzz/src/model.rs"]
mod model;
#[path = "../fuzz/src/model5.rs"]
mod model5;
#[path = "../fuzz/src/properties5.rs"]
mod properties5;
#[path = "../fuzz/src/recorded.rs"]
mod recorded;
#[path = "../fuzz/src/session/mod.rs"]
mod session;
#[path = "../fuzz/src/strings.rs"]
mod strings;
#[path = "../fuzz/src/structured.rs"]
mod structured;
#[path = "../fuzz/src/tape5.rs"]
mod tape5;

use serde_json::Value;
use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The bytes of all vectors that are not too large.
fn vectors() -> Vec<Vec<u8>> {
    let manifest = fs::read_to_string(root().join("testdata/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let mut all = Vec::new();
    for file in manifest["files"].as_array().unwrap() {
        let path = root().join("testdata").join(file["path"].as_str().unwrap());
        if !path.components().any(|part| part.as_os_str() == "decode") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let cases: Value = serde_json::from_str(&text).unwrap();
        recorded::collect(&cases, &mut all);
    }
    all
}

/// Runs a target on everything; how many inputs that were.
fn replay(name: &str, target: fn(&[u8]), prefix: &[u8]) -> usize {
    let mut count = 0;
    for file in fs::read_dir(root().join("fuzz/regressions").join(name)).unwrap() {
        target(&fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 33) as usize % limit
    };
    for vector in vectors().iter().filter(|vector| (1..=2048).contains(&vector.len())) {
        let whole = [prefix, vector].concat();
        target(&whole);
        for _ in 0..3 {
            let mut varied = whole.clone();
            let at = below(varied.len());
            match below(3) {
                0 => varied[at] = below(256) as u8,
                1 => varied[at] ^= 1 << below(8),
                _ => varied.truncate(at),
            }
            target(&varied);
        }
        count += 4;
    }
    count
}

#[test]
fn decode_target() {
    assert!(replay("decode", decode::decode, b"") > 4000);
}

#[test]
fn fixpoint_target() {
    assert!(replay("fixpoint", fixpoint::fixpoint, b"") > 4000);
}

#[test]
fn chunks_target() {
    let of_3: [&[u8]; 4] = [b"\x00\x00", b"\x00\x02\x03\x01", b"\x50\x01\x02", b"\x71\x02\x01\x05"];
    let of_5_0: [&[u8]; 4] =
        [b"\x02\x02\x03\x01", b"\x52\x01\x02", b"\x62\x00", b"\xb3\x02\x01\x05"];
    for prefix in of_3.into_iter().chain(of_5_0) {
        assert!(replay("chunks", chunks::chunks, prefix) > 4000);
    }
}

#[test]
fn structured_target() {
    assert!(replay("structured", structured::structured, b"") > 4000);
}

/// What the targets of sessions read first: versions, choices and limits.
const SETUPS: [&[u8]; 8] = [
    b"\x00\x00\x00\x01",
    b"\x02\x00\x00\x02",
    b"\x01\x55\x04\x03",
    b"\x06\x00\x40\x05",
    b"\x3a\xd5\x01\x63",
    b"\x28\x80\x02\xf0",
    b"\x42\x2a\x30\x02",
    b"\x12\xbf\x0d\x04",
];

/// Runs a target of sessions on any events: the bytes of vectors are some, random ones are others.
fn replay_events(name: &str, target: fn(&[u8]), prefix: &[u8]) {
    assert!(replay(name, target, &[prefix, SETUPS[0]].concat()) > 4000);
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..400 {
        let events = (0..300).map(|_| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random >> 40) as u8
        });
        let setup = SETUPS[round % SETUPS.len()].iter().copied();
        target(&prefix.iter().copied().chain(setup).chain(events).collect::<Vec<_>>());
    }
}

#[test]
fn session_client_target() {
    replay_events("session_client", session::session_client, b"");
}

#[test]
fn session_server_target() {
    replay_events("session_server", session::session_server, b"");
}

#[test]
fn restore_target() {
    // Nothing is stored, and then what the vectors make of it.
    replay_events("restore", session::restore, b"\x00\x00\x00");
    assert!(replay("restore", session::restore, b"\x02\x00\x40") > 4000);
}
