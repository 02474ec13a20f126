//! Runs the example `chat` as a user does, and checks what it counts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "common/example.rs"]
mod example;

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(example::path("chat")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// The numbers behind a name in the summary.
fn numbers(summary: &str, name: &str) -> Vec<u64> {
    let line = summary.lines().find_map(|line| line.trim().strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name:?} in:\n{summary}"));
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}

fn number(summary: &str, name: &str) -> u64 {
    *numbers(summary, name).first().unwrap()
}

#[test]
fn a_day_without_losses_is_uneventful() {
    let (status, out, _) = run(&[]);
    assert_eq!(status, 0);
    assert_eq!(number(&out, "connections made"), 3);
    assert_eq!(numbers(&out, "connections lost"), [0, 0]);
    assert_eq!((number(&out, "duplicates"), number(&out, "sent again (DUP)")), (0, 0));
    let published = number(&out, "messages published");
    assert!((30..200).contains(&published), "{published}");
    assert_eq!(numbers(&out, "messages delivered"), [2 * published, 2 * published]);
    // Three clients, a minute each, less where something else was sent.
    assert!((4_000..=4_320).contains(&number(&out, "pings")), "{out}");
    for part in ["alice --> PUBLISH    id 1 QoS 2, chat/alice: ", "PUBCOMP", "hears", "pings and"] {
        assert!(out.contains(part), "no {part:?}");
    }
    assert!(!out.contains("PINGREQ"));
    let (_, all, _) = run(&["--all", "--hours", "1"]);
    assert!(all.contains("--> PINGREQ") && all.contains("<-- PINGRESP"));
}

#[test]
fn qos_2_delivers_once_whatever_is_lost() {
    for seed in ["1", "2", "3", "4", "5"] {
        for version in ["3.1", "3.1.1", "5.0"] {
            let common = ["--quiet", "--drop", "40%", "--seed", seed, "--protocol", version];
            let (status, out, _) = run(&[&common[..], &["--hours", "12"]].concat());
            assert_eq!(status, 0, "{out}");
            let published = number(&out, "messages published");
            assert!(published > 15, "{out}");
            assert_eq!(numbers(&out, "messages delivered"), [2 * published, 2 * published]);
            assert_eq!(number(&out, "duplicates"), 0, "{out}");
            assert!(number(&out, "sent again (DUP)") > 20, "{out}");
            let lost = numbers(&out, "connections lost");
            assert!(lost.iter().all(|count| *count > 100), "{out}");
        }
    }
}

/// The same losses show with less of a promise, so that they would be seen.
#[test]
fn qos_1_repeats_and_qos_0_loses() {
    let (status, out, _) = run(&["--quiet", "--drop", "40%", "--qos", "1"]);
    assert_eq!(status, 0, "{out}");
    assert!(number(&out, "duplicates") > 5, "{out}");
    let (status, out, _) = run(&["--quiet", "--drop", "0.4", "--qos", "0"]);
    assert_eq!(status, 0, "{out}");
    let delivered = numbers(&out, "messages delivered");
    assert!(delivered.first() < delivered.last(), "{out}");
    assert_eq!(number(&out, "duplicates"), 0, "{out}");
}

#[test]
fn the_same_seed_gives_the_same_output() {
    let run = |seed| run(&["--drop", "20%", "--hours", "3", "--seed", seed]).1;
    let (one, again, other) = (run("7"), run("7"), run("8"));
    assert_eq!(one, again);
    assert_ne!(one, other);
    assert!(one.contains(" DUP QoS 2, "), "{one}");
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for (arguments, why) in [
        (["--drop", "200%"], "from 0% to 90%"),
        (["--drop", "much"], "20% or 0.2"),
        (["--qos", "3"], "0, 1 or 2"),
        (["--hours", "0"], "not in 1..=8760"),
    ] {
        let (status, out, err) = run(&arguments);
        assert_eq!((status, out.as_str()), (2, ""));
        assert!(err.contains(why), "{err}");
    }
    let (status, out, _) = run(&["--help"]);
    assert_eq!(status, 0);
    assert!(out.contains("--drop 20%"), "{out}");
}
