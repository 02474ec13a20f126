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

/// How many places may ask for the version, `types` and `wire` apart: sessions do when they learn it.
const PLACES: usize = 11;

/// The statements of the standards, each with the layer of the library that it concerns.
const STATEMENTS: [&str; 2] = ["testdata/statements-3.1.1.tsv", "testdata/statements-5.0.tsv"];

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

/// The modules that are named after `crate::`, alone or in a list in braces.
fn imports(code: &str) -> BTreeSet<String> {
    let code: String = code.lines().filter(|line| is_code(line)).collect::<Vec<_>>().join("\n");
    let word = |path: &str| -> String {
        path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut found = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        let Some(list) = path.strip_prefix('{') else {
            found.insert(word(path));
            continue;
        };
        let mut depth = 0;
        let mut is_start = true;
        for (at, character) in list.char_indices() {
            if is_start && depth == 0 && !character.is_whitespace() {
                found.insert(word(&list[at..]));
                is_start = false;
            }
            match character {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' => is_start = true,
                _ => {}
            }
        }
    }
    found.remove("");
    found
}

#[test]
fn imports_are_found() {
    let of = |code| imports(code).into_iter().collect::<Vec<_>>();
    assert_eq!(of("use crate::wire::Reader;\n// crate::no::Comment\n"), ["wire"]);
    assert_eq!(of("use crate::{types::Version, wire::Writer};"), ["types", "wire"]);
    let lines = "use crate::{\n    packet::{A, B},\n    wire::{text, Text},\n};\nfn x(y: T) {}";
    assert_eq!(of(lines), ["packet", "wire"]);
    assert_eq!(of("fn x() {\n    $crate::topic::y(crate::types::z)\n}"), ["topic", "types"]);
}

#[test]
fn nothing_points_back() {
    let allowed = |module: &str| -> &[&str] {
        match module {
            "wire" | "types" | "time" => &[],
            "topic" => &["types", "wire"],
            "packet" => &["topic", "types", "wire"],
            "session" => &["packet", "time", "topic", "types", "wire"],
            "broker" => &["packet", "session", "time", "topic", "types", "wire"],
            other => panic!("a new module: {other}"),
        }
    };
    let all = sources();
    let (_, root) = all.iter().find(|(name, _)| name == "lib.rs").unwrap();
    // `crate::Packet` is as much of `packet` as `crate::packet::Packet`.
    let home = |used: &str| -> String {
        let module = root.split("pub use ").skip(1).find_map(|line| {
            let (module, names) = line.split_once("::{")?;
            let (names, _) = names.split_once("};")?;
            names.split(',').any(|name| name.trim() == used).then_some(module)
        });
        module.unwrap_or(used).to_owned()
    };
    assert_eq!((home("TopicName"), home("wire")), ("topic".to_owned(), "wire".to_owned()));
    let mut count = 0;
    for (name, code) in &all {
        let Some((module, _)) = name.split_once('/') else { continue };
        for used in imports(code) {
            let used = home(&used);
            let is_fine = used == module || allowed(module).contains(&used.as_str());
            assert!(is_fine, "{name} uses {used}");
            count += 1;
        }
        // The way around `crate::`.
        let climbs = code.lines().any(|line| is_code(line) && line.contains("super::super"));
        assert!(!climbs, "{name} climbs out of its module");
    }
    assert!(count > 30, "{count} imports: are they still found?");
}

/// The functions: the line at which each begins, and how many lines of code it has.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut begin = None;
    for (at, line) in code.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let is_start =
            line.trim_start().split(' ').take(5).any(|word| word == "fn") && is_code(line);
        if is_start && begin.is_none_or(|(_, outer)| indent <= outer) {
            begin = Some((at, indent));
        }
        // What a trait asks for has no body.
        if begin.is_some_and(|(_, outer)| indent == outer) && line.trim_end().ends_with(';') {
            begin = None;
        }
        if let Some((start, outer)) = begin
            && line.trim_end() == format!("{}}}", " ".repeat(outer))
        {
            let body = code.lines().skip(start).take(at - start + 1);
            found.push((start + 1, body.filter(|line| is_code(line)).count()));
            begin = None;
        }
    }
    found
}

#[test]
fn functions_are_measured() {
    let code = "// no fn here\nfn a() {\n    b();\n\n    // why\n    fn inner() {\n    }\n}\n\
                impl X {\n    pub(crate) const fn c() {\n        d();\n    }\n}\n\
                trait Y {\n    fn e();\n    fn f(\n        g: u8,\n    ) -> H;\n}\n\
                impl Z {\n    fn i() {}\n    fn j() {\n    }\n}\n";
    assert_eq!(functions(code), [(2, 5), (10, 3), (22, 2)]);
}

#[test]
fn files_and_functions_stay_small() {
    let mut count = 0;
    for (name, code) in sources() {
        let lines = code.lines().filter(|line| is_code(line)).count();
        assert!(lines <= 400, "{name} has {lines} lines of code");
        for (line, len) in functions(&code) {
            assert!(len <= 60, "{name}:{line}: a function of {len} lines");
            count += 1;
        }
    }
    assert!(count > 150, "{count} functions: are they still found?");
}

/// What these tests leave out is the unit tests alone, which come last in a file.
#[test]
fn unit_tests_come_last() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (name, _) in sources() {
        let text = fs::read_to_string(root.join(&name)).unwrap();
        if let Some((_, rest)) = text.split_once("#[cfg(test)]") {
            assert!(rest.trim_start().starts_with("mod tests {"), "{name}");
            let end = rest.lines().position(|line| line == "}").unwrap();
            assert!(!rest.lines().skip(end + 1).any(is_code), "{name} has code after its tests");
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
    let tables = STATEMENTS.map(|table| fs::read_to_string(root.join(table)).unwrap());
    let lines = tables.iter().flat_map(|table| table.lines());
    let known: BTreeSet<&str> = lines.filter_map(|line| line.split('\t').next()).collect();
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

/// The text of all files below a folder.
fn texts(folder: &Path, out: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "json")
        {
            out.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn statements_about_the_codec_are_cited() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tables = STATEMENTS.map(|table| fs::read_to_string(root.join(table)).unwrap());
    let mut cited = String::new();
    for folder in ["src", "tests", "testdata/decode"] {
        texts(&root.join(folder), &mut cited);
    }
    let is_cited = |id: &str| {
        // Not as the beginning of a longer number.
        cited.split(id).skip(1).any(|after| !after.starts_with(|c: char| c.is_ascii_digit()))
    };
    let lines = tables.iter().flat_map(|table| table.lines());
    let codec: BTreeSet<&str> = lines.filter_map(|line| line.strip_suffix("\tcodec")).collect();
    assert!(codec.len() > 70, "{} statements", codec.len());
    let missing: Vec<_> = codec.into_iter().filter(|id| !is_cited(id)).collect();
    assert!(missing.is_empty(), "not cited anywhere: {missing:?}");
}

/// Whether a line of code asks for the version: names one, compares with one, or calls one of the
/// questions and facts that tell them apart in `types/version.rs`.
fn asks_for_the_version(line: &str) -> bool {
    const QUESTIONS: [&str; 10] = [
        "Version::V",
        "version() ==",
        "version() !=",
        "version ==",
        "version !=",
        "match version",
        "match self.version",
        ".is_5_0()",
        ".have_properties()",
        ".pick(",
    ];
    is_code(line) && QUESTIONS.iter().any(|question| line.contains(question))
}

/// Places that ask for the version are where versions drift apart. The number may fall.
#[test]
fn few_places_ask_for_the_version() {
    let mut places = Vec::new();
    for (name, code) in sources() {
        if !name.starts_with("types/") && !name.starts_with("wire/") {
            let lines = code.lines().filter(|line| asks_for_the_version(line));
            places.extend(lines.map(|line| format!("{name}: {}", line.trim())));
        }
    }
    assert!(places.len() <= PLACES, "{} places: {places:#?}", places.len());
    assert!(places.len() > 5, "are they still found?");
}
