//! Runs the example clients against a real broker, mosquitto, as a user does: over TCP, TLS and
//! WebSocket, with a broker that is started again and a client that is killed.
//!
//! Without mosquitto the tests are skipped, unless `MQTT_PURE_NEED_MOSQUITTO` is set.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a panic is how a test fails"
)]

#[path = "real_broker/broker.rs"]
mod broker;
#[path = "common/example.rs"]
mod example;
#[path = "common/program.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod program;
#[path = "common/tools.rs"]
mod tools;

use broker::{Broker, Listener};
use program::{Program, lines, round_trip, subscriber};
use std::{thread, time::Duration};

const VERSIONS: [&str; 3] = ["3.1", "3.1.1", "5.0"];

#[test]
fn messages_arrive_in_order_at_every_qos_in_every_version() {
    let Some(broker) = Broker::start("tcp", Listener::Tcp) else { return };
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            round_trip(&broker.url(), version, qos, &[]);
        }
    }
}

#[test]
fn messages_arrive_over_a_websocket() {
    let Some(broker) = Broker::start("ws", Listener::WebSocket) else { return };
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            round_trip(&broker.url(), version, qos, &[]);
        }
    }
}

#[test]
fn messages_arrive_over_tls() {
    let Some(broker) = Broker::start("tls", Listener::Tls) else { return };
    let ca = broker.file("ca.pem");
    for version in VERSIONS {
        round_trip(&broker.url(), version, "2", &["--ca", &ca]);
    }
    // A server that nobody vouches for is no server.
    let mut stranger = Program::client(&["publish", &broker.url(), "a", "-m", "x"]);
    assert!(matches!(stranger.end(), 2 | 4), "{}", stranger.errors());
    assert!(stranger.errors().contains("certificate"), "{}", stranger.errors());
}

#[test]
fn messages_arrive_over_a_websocket_over_tls() {
    let Some(broker) = Broker::start("wss", Listener::WebSocketOverTls) else { return };
    round_trip(&broker.url(), "5.0", "2", &["--ca", &broker.file("ca.pem")]);
}

#[test]
fn the_blocking_client_gets_its_message_back() {
    let Some(broker) = Broker::start("blocking", Listener::Tcp) else { return };
    for qos in ["0", "1", "2"] {
        let mut program =
            Program::start("blocking_client", &[&broker.address(), "back/again", qos, "hello"]);
        assert_eq!(program.end(), 0, "{}", program.errors());
        assert_eq!(program.output(), ["back/again hello"]);
    }
}

/// Waits until all lines have come, and a little for one that comes once too often.
fn all_come_once(watcher: &mut Program, lines: &[String]) {
    watcher.wait_for_lines(lines.len());
    thread::sleep(Duration::from_millis(500));
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    let mut output = watcher.output();
    let in_order = output.clone();
    output.sort();
    let mut expected = lines.to_vec();
    expected.sort();
    assert_eq!(output, expected, "\n{}", watcher.errors());
    assert_eq!(in_order, lines, "in order");
}

fn survives_a_restart_of_the_broker(version: &str) {
    let Some(mut broker) = Broker::start(&format!("restart-{version}"), Listener::Tcp) else {
        return;
    };
    let lines = lines(300);
    let (url, stored, stored_too) = (broker.url(), broker.file("s.json"), broker.file("p.json"));
    let common = ["--protocol", version, "--qos", "2"];
    let session = ["--client-id", "watcher", "--session", &stored, "--payload"];
    let mut watcher = subscriber(&url, &["restart"], &[&common[..], &session].concat());
    let session = ["--client-id", "publisher", "--session", &stored_too];
    let mut publisher =
        Program::client(&[&["publish", "-v", &url, "restart"], &common[..], &session[..]].concat());
    let (before, after) = lines.split_at(100);
    publisher.give_slowly(before);
    publisher.give_slowly_in_the_background(after);
    for _ in 0..2 {
        broker.restart();
        thread::sleep(Duration::from_millis(700));
    }
    assert_eq!(publisher.end(), 0, "{}", publisher.errors());
    assert!(publisher.errors().contains("the session is resumed"), "{}", publisher.errors());
    all_come_once(&mut watcher, &lines);
}

#[test]
fn a_restart_of_the_broker_loses_and_repeats_nothing() {
    survives_a_restart_of_the_broker("5.0");
}

#[test]
fn a_restart_of_the_broker_loses_and_repeats_nothing_in_3_1_1() {
    survives_a_restart_of_the_broker("3.1.1");
}

fn survives_a_kill_of_the_publisher(version: &str) {
    let Some(broker) = Broker::start(&format!("kill-{version}"), Listener::Tcp) else { return };
    let lines = lines(1_500);
    let (url, stored) = (broker.url(), broker.file("p.json"));
    let watch = ["--protocol", version, "--qos", "2", "--payload"];
    let mut watcher = subscriber(&url, &["kill"], &watch);
    let publish = [
        "publish",
        &url,
        "kill",
        "--qos",
        "2",
        "--protocol",
        version,
        "--client-id",
        "publisher",
        "--session",
        &stored,
        "--resume",
        "-v",
    ];
    let mut kills = 0;
    for millis in [60, 90, 150, 230, 120, 300, 180, 100] {
        let mut publisher = Program::client(&publish);
        publisher.give(&lines);
        publisher.wait_for_error("connected");
        thread::sleep(Duration::from_millis(millis));
        publisher.signal("KILL");
        kills += usize::from(publisher.end() == -1);
    }
    assert!(kills >= 2, "it was too fast to be killed");
    let mut publisher = Program::client(&publish);
    publisher.give(&lines);
    assert_eq!(publisher.end(), 0, "{}", publisher.errors());
    all_come_once(&mut watcher, &lines);
}

#[test]
fn a_publisher_that_is_killed_loses_and_repeats_nothing() {
    survives_a_kill_of_the_publisher("5.0");
}

#[test]
fn a_publisher_that_is_killed_loses_and_repeats_nothing_in_3_1_1() {
    survives_a_kill_of_the_publisher("3.1.1");
}

/// Who is killed leaves a will, who is interrupted leaves none.
#[test]
fn the_will_of_a_killed_client_is_published() {
    let Some(broker) = Broker::start("will", Listener::Tcp) else { return };
    let url = broker.url();
    let mut heir = subscriber(&url, &["will"], &["--payload"]);
    let will = |id, text| {
        subscriber(&url, &["nothing"], &["-i", id, "--will-topic", "will", "--will-message", text])
    };
    let (mut leaves, mut dies) = (will("leaves", "no"), will("dies", "gone"));
    leaves.signal("TERM");
    assert_eq!(leaves.end(), 0, "{}", leaves.errors());
    dies.signal("KILL");
    let _ = dies.end();
    heir.wait_for_lines(1);
    heir.signal("INT");
    assert_eq!(heir.end(), 0);
    assert_eq!(heir.output(), ["gone"]);
}

#[test]
fn who_is_refused_is_told_why() {
    let Some(broker) = Broker::start("refused", Listener::Closed) else { return };
    for (version, why) in [("3.1.1", "not authorized"), ("5.0", "authorized")] {
        let publish = ["publish", &broker.url(), "a", "-m", "x", "--protocol", version];
        let mut program = Program::client(&publish);
        assert_eq!(program.end(), 3, "{}", program.errors());
        assert!(program.errors().to_lowercase().contains(why), "{}", program.errors());
    }
}
