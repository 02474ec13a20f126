//! The rules of the house, kept by reading the sources.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test"
)]

use std::{collections::BTreeSet, fs, path::Path};

/// The sources, by their path below `src`, without their unit tests.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
                found.push((name, code));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20, "where are the sources?");
    found
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

#[test]
fn nothing_points_back() {
    let allowed = |module: &str| -> &[&str] {
        match module {
            "wire" | "types" => &[],
            "topic" => &["types", "wire"],
            "packet" => &["topic", "types", "wire"],
            other => panic!("a new module: {other}"),
        }
    };
    for (name, code) in sources() {
        let Some((module, _)) = name.split_once('/') else { continue };
        // `use crate::{a, b::c}` and `crate::a::b` alike.
        let inner = code.replace("$crate", "").replace("crate::{", "crate::{\n");
        let mut in_list = false;
        for line in inner.lines().filter(|line| is_code(line)) {
            let mut paths: Vec<&str> =
                line.match_indices("crate::").map(|(at, m)| &line[at + m.len()..]).collect();
            if in_list && line.starts_with("    ") && !line.starts_with("     ") {
                paths.push(line.trim());
            }
            in_list = line.ends_with("crate::{") || in_list && !line.starts_with('}');
            for path in paths {
                let used: String =
                    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let is_module = ["wire", "types", "topic", "packet"].contains(&used.as_str());
                let is_fine = used == module || allowed(module).contains(&used.as_str());
                assert!(!is_module || is_fine, "{name} uses {used}: {line}");
            }
        }
    }
}

#[test]
fn files_and_functions_stay_small() {
    for (name, code) in sources() {
        let lines = code.lines().filter(|line| is_code(line)).count();
        assert!(lines <= 400, "{name} has {lines} lines of code");
        let mut begin = None;
        for (at, line) in code.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_start =
                line.trim_start().split(' ').take(5).any(|word| word == "fn") && is_code(line);
            if is_start && begin.is_none_or(|(_, outer)| indent <= outer) {
                begin = Some((at, indent));
            }
            if let Some((start, outer)) = begin
                && line.trim_end() == format!("{}}}", " ".repeat(outer))
            {
                let body = code.lines().skip(start).take(at - start + 1);
                let len = body.filter(|line| is_code(line)).count();
                assert!(len <= 60, "{name}:{}: a function of {len} lines", start + 1);
                begin = None;
            }
        }
    }
}

#[test]
fn nothing_is_left_for_later() {
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|word| word.concat());
    for (name, code) in sources() {
        for word in &words {
            assert!(!code.contains(word.as_str()), "{name} contains {word}");
        }
    }
}

#[test]
fn cited_statements_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(root.join("testdata/statements-3.1.1.tsv")).unwrap();
    let known: BTreeSet<&str> = table.lines().filter_map(|line| line.split('\t').next()).collect();
    let mut count = 0;
    for (name, code) in sources() {
        for part in code.split("MQTT-").skip(1) {
            let id: String =
                part.chars().take_while(|c| c.is_ascii_digit() || ".-".contains(*c)).collect();
            let id = format!("MQTT-{}", id.trim_end_matches(['.', '-']));
            assert!(known.contains(id.as_str()), "{name} cites {id}");
            count += 1;
        }
    }
    assert!(count > 80, "{count} citations");
}

/// Modules that ask for the version are where versions drift apart. The number may fall.
#[test]
fn few_places_ask_for_the_version() {
    let asks = |line: &&str| is_code(line) && line.contains("Version::V3") && !line.contains("=>");
    let mut places = Vec::new();
    for (name, code) in sources() {
        if name.starts_with("packet/") {
            places.extend(code.lines().filter(asks).map(|line| format!("{name}: {}", line.trim())));
        }
    }
    assert!(places.len() <= 22, "{} places: {places:#?}", places.len());
}
