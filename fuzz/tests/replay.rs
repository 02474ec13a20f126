//! The differential target on the vectors and on what it once found. The other targets need no other
//! codec; the crate itself replays them.

#[path = "../src/recorded.rs"]
mod recorded;

use std::{fs, path::Path};

#[test]
fn differential_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut inputs = Vec::new();
    for version in fs::read_dir(root.join("../testdata/decode")).unwrap() {
        for file in fs::read_dir(version.unwrap().path()).unwrap() {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            recorded::collect(&serde_json::from_str(&text).unwrap(), &mut inputs);
        }
    }
    assert!(inputs.len() > 1000, "where are the vectors?");
    for file in fs::read_dir(root.join("regressions/differential")).unwrap() {
        inputs.push(fs::read(file.unwrap().path()).unwrap());
    }
    inputs.iter().for_each(|input| mqtt_pure_fuzz::differential::differential(input));
}
