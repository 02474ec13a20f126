//! What a store is for: nothing is lost and nothing comes twice, whoever is killed.

use crate::{
    lines,
    program::{Program, subscriber},
    server::Server,
};
use std::{fs, thread, time::Duration};

const STORE: [&str; 2] = ["--store", "FOLDER/store"];

#[test]
fn sessions_and_retained_messages_survive_a_restart() {
    let mut server = Server::start("restart", &STORE);
    let (url, stored) = (server.url("mqtt"), server.file("s.json"));
    let session = ["--client-id", "watcher", "--session", &stored, "--qos", "1"];
    let mut watcher = subscriber(&url, &["kept/+"], &session);
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    let publish = |topic, text, more: &[&str]| {
        let what = ["publish", &url, topic, "-m", text, "-q", "1"];
        let mut program = Program::client(&[&what[..], more].concat());
        assert_eq!(program.end(), 0, "{}", program.errors());
    };
    publish("kept/one", "1", &[]);
    publish("retained/one", "2", &["--retain"]);
    publish("retained/two", "3", &["--retain"]);
    server.restart();
    publish("kept/two", "4", &[]);
    publish("retained/two", "5", &["--retain"]);
    server.kill_and_start();
    let mut watcher = subscriber(&url, &["kept/+"], &session);
    assert!(watcher.errors().contains("the session is resumed"), "{}", watcher.errors());
    watcher.wait_for_lines(2);
    let mut other = subscriber(&url, &["retained/#"], &["--count", "2"]);
    assert_eq!(other.end(), 0, "{}", other.errors());
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    assert_eq!(watcher.output(), ["kept/one 1", "kept/two 4"]);
    assert_eq!(other.output(), ["retained/one 2", "retained/two 5"]);
}

#[test]
fn a_store_has_one_broker() {
    let server = Server::start("lock", &STORE);
    let store = server.file("store");
    let mut second = Program::start("broker", &["--listen", "127.0.0.1:0", "--store", &store]);
    assert_eq!(second.end(), 2);
    assert!(second.errors().contains("another broker has it open"), "{}", second.errors());
    fs::write(server.file("rubbish"), "this is no store").unwrap();
    let mut third =
        Program::start("broker", &["--listen", "127.0.0.1:0", "--store", &server.file("rubbish")]);
    assert_eq!(third.end(), 2);
    assert!(third.errors().contains("is not a store"), "{}", third.errors());
}

/// Waits until all lines have come, and a little for one that comes once too often.
fn all_come_once(watcher: &mut Program, lines: &[String]) {
    watcher.wait_for_lines(lines.len());
    thread::sleep(Duration::from_millis(500));
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    assert_eq!(watcher.output(), lines, "each once, and in order\n{}", watcher.errors());
}

/// Kills the broker again and again in the middle of a stream of QoS 2.
fn survives_kills_of_the_broker(version: &str) {
    // However slow the subscriber is, messages are to wait for it.
    let more = ["--max-queued", "10000"];
    let mut server = Server::start(&format!("kill-{version}"), &[STORE, more].concat());
    let lines = lines(3_000);
    let (url, stored, stored_too) =
        (server.url("mqtt"), server.file("s.json"), server.file("p.json"));
    let common = ["--protocol", version, "--qos", "2"];
    let session = ["--client-id", "watcher", "--session", &stored, "--payload"];
    let mut watcher = subscriber(&url, &["kill"], &[&common[..], &session].concat());
    let session = ["--client-id", "publisher", "--session", &stored_too, "--lines"];
    let mut publisher =
        Program::client(&[&["publish", "-v", &url, "kill"], &common[..], &session[..]].concat());
    publisher.give(&lines);
    let mut came = 0;
    let mut in_the_middle = 0;
    for pause in [150, 310, 90, 230, 170] {
        let before = came;
        watcher.wait_until("nothing comes any more", |output| output.len() > before);
        thread::sleep(Duration::from_millis(pause));
        came = watcher.output().len();
        in_the_middle += usize::from(came < lines.len());
        server.kill_and_start();
        if came >= lines.len() {
            break;
        }
    }
    assert!(in_the_middle >= 2, "it was too fast to be killed");
    assert_eq!(publisher.end(), 0, "{}", publisher.errors());
    all_come_once(&mut watcher, &lines);
}

#[test]
fn a_broker_that_is_killed_loses_and_repeats_nothing() {
    survives_kills_of_the_broker("5.0");
}

#[test]
fn a_broker_that_is_killed_loses_and_repeats_nothing_in_3_1_1() {
    survives_kills_of_the_broker("3.1.1");
}

/// A client that is killed gets the rest when it is back, and nothing again.
#[test]
fn a_subscriber_that_is_killed_loses_nothing() {
    let server = Server::start("resume", &[]);
    let (url, stored) = (server.url("mqtt"), server.file("s.json"));
    let session = ["--client-id", "watcher", "--session", &stored, "--qos", "2", "--payload"];
    let mut first = subscriber(&url, &["resume"], &session);
    let lines = lines(400);
    let mut publisher = Program::client(&["publish", &url, "resume", "--lines", "--qos", "2"]);
    publisher.give_slowly_in_the_background(&lines);
    first.wait_for_lines(50);
    first.signal("KILL");
    assert_eq!(first.end(), -1);
    thread::sleep(Duration::from_millis(300));
    let second = subscriber(&url, &["resume"], &session);
    assert!(second.errors().contains("the session is resumed"), "{}", second.errors());
    assert_eq!(publisher.end(), 0, "{}", publisher.errors());
    let last = lines.last().unwrap();
    second.wait_until("the last is missing", |output| output.last() == Some(last));
    let mut all = first.output();
    // What was printed but not yet taken down when it was killed comes once more, if it is one.
    let rest = second.output();
    if all.last() == rest.first() {
        all.pop();
    }
    all.extend(rest);
    assert_eq!(all, lines);
}

/// The file does not grow with what goes through it.
#[test]
fn the_store_stays_small() {
    let mut server = Server::start("small", &STORE);
    let url = server.url("mqtt");
    let session = ["--client-id", "watcher", "--session", &server.file("s.json")];
    let mut watcher =
        subscriber(&url, &["much"], &[&["--qos", "1", "--payload"], &session[..]].concat());
    for round in 1..=10 {
        let mut publisher =
            Program::client(&["publish", &url, "much", "--lines", "--qos", "1", "--retain"]);
        publisher.give(&vec!["x".repeat(50_000); 80]);
        assert_eq!(publisher.end(), 0, "{}", publisher.errors());
        watcher.wait_for_lines(round * 80);
    }
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    server.stop();
    // 40 MB have gone through it, and each of them twice.
    let len = fs::metadata(server.file("store")).unwrap().len();
    assert!(len < 40_000_000, "{len} bytes");
}
