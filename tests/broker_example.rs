//! Runs the example `broker` as a user does, with the example client and with those of mosquitto: over
//! TCP, TLS and WebSocket, with clients and a broker that are killed.
//!
//! Tests that need a program that is not there are skipped, unless `MQTT_PURE_NEED_MOSQUITTO` or, for
//! the page, `MQTT_PURE_NEED_BROWSER` is set.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a panic is how a test fails"
)]

#[path = "broker_example/access.rs"]
mod access;
#[path = "common/example.rs"]
mod example;
#[path = "broker_example/files.rs"]
mod files;
#[path = "broker_example/mosquitto.rs"]
mod mosquitto;
#[path = "broker_example/page.rs"]
mod page;
#[path = "common/program.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod program;
#[path = "broker_example/server.rs"]
mod server;
#[path = "broker_example/store.rs"]
mod store;
#[path = "common/tools.rs"]
mod tools;

use program::{Program, lines, round_trip, subscriber};
use server::{Server, folder};
use std::{
    env, fs,
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

const VERSIONS: [&str; 3] = ["3.1", "3.1.1", "5.0"];

/// Whether a test has what it needs.
fn has(program: &str, demanded_by: &str) -> bool {
    if tools::found(program).is_some() {
        return true;
    }
    assert!(env::var_os(demanded_by).is_none(), "there is no {program}");
    eprintln!("skipped: there is no {program}");
    false
}

#[test]
fn messages_arrive_in_order_at_every_qos_in_every_version() {
    let server = Server::start("tcp", &["--ws-listen", "127.0.0.1:0"]);
    for version in VERSIONS {
        for qos in ["0", "1", "2"] {
            round_trip(&server.url("mqtt"), version, qos, &[]);
        }
        round_trip(&server.url("ws"), version, "2", &[]);
    }
}

#[test]
fn messages_arrive_over_tls() {
    if !has("openssl", "MQTT_PURE_NEED_MOSQUITTO") {
        return;
    }
    let folder = folder("tls");
    tools::make_certificates(&folder);
    let listen = ["--tls-listen", "127.0.0.1:0", "--wss-listen", "127.0.0.1:0"];
    let files = ["--cert", "FOLDER/server.pem", "--key", "FOLDER/server.key"];
    let server = Server::start_in(folder, &[listen, files].concat());
    let ca = server.file("ca.pem");
    for scheme in ["mqtts", "wss"] {
        round_trip(&server.url(scheme), "5.0", "2", &["--ca", &ca]);
        round_trip(&server.url(scheme), "3.1.1", "1", &["--ca", &ca]);
    }
}

#[test]
fn the_end_is_told_and_clean() {
    let mut server = Server::start("end", &[]);
    let url = server.url("mqtt");
    let new = subscriber(&url, &["a"], &[]);
    let old = subscriber(&url, &["a"], &["--protocol", "3.1.1"]);
    server.program().signal("TERM");
    assert_eq!(server.program().end(), 0, "{}", server.program().errors());
    new.wait_for_error("the server disconnects: server shutting down");
    old.wait_for_error("no connection");
    let mut server = Server::start("interrupted", &[]);
    server.program().signal("INT");
    assert_eq!(server.program().end(), 0, "{}", server.program().errors());
}

#[test]
fn what_makes_no_sense_is_refused_with_advice() {
    for (arguments, why) in [
        (&["--listen", "0.0.0.0:0"][..], "--allow-anonymous"),
        (&["--tls-listen", "127.0.0.1:0"], "--cert"),
        (&["--cert", "a", "--key", "b"], "--tls-listen"),
        (&["--passwords", "/no/such/file"], "/no/such/file"),
        (&["--access", "/no/such/file"], "/no/such/file"),
        (&["--store", "/no/such/folder/file"], "/no/such/folder/file"),
        (&["--max-packet-size", "1G"], "16M"),
        (&["--listen", "here"], "here"),
        (&["password", "a:b"], "colon"),
        (&["password", "anonymous"], "anonymous"),
    ] {
        let mut program = Program::start("broker", arguments);
        assert_eq!(program.end(), 2, "{arguments:?}: {}", program.errors());
        assert!(program.errors().contains(why), "{arguments:?}: {}", program.errors());
    }
}

#[test]
fn help_is_there() {
    let mut program = Program::start("broker", &["--help"]);
    assert_eq!(program.end(), 0);
    let help = program.output().join("\n");
    for word in ["127.0.0.1:1883", "%u", "%c", "--store", "broker password alice", "SIGTERM"] {
        assert!(help.contains(word), "no {word:?} in:\n{help}");
    }
}

/// What a client of 3.1.1 sends to connect and to subscribe to `flood` at QoS 0.
const HELLO: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01z\x82\x0a\0\x01\0\x05flood\0";

/// Memory in bytes, where the system tells.
fn memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1_024)
}

/// Who does not read costs the broker little, and the others nothing.
#[test]
fn a_client_that_does_not_read_is_no_trouble() {
    let mut server = Server::start("slow", &[]);
    let url = server.url("mqtt");
    let mut lazy = TcpStream::connect(format!("127.0.0.1:{}", server.port("mqtt"))).unwrap();
    lazy.write_all(HELLO).unwrap();
    lazy.read_exact(&mut [0; 9]).unwrap();
    let mut watcher = subscriber(&url, &["flood"], &["--qos", "1", "--payload"]);
    for round in 1..=10 {
        let mut publisher = Program::client(&["publish", &url, "flood", "--lines", "--qos", "1"]);
        publisher.give(&vec!["x".repeat(100_000); 30]);
        assert_eq!(publisher.end(), 0, "{}", publisher.errors());
        // No more than may wait for it.
        watcher.wait_for_lines(round * 30);
    }
    watcher.signal("INT");
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    if let Some(bytes) = memory(server.program().pid()) {
        assert!(bytes < 60_000_000, "{bytes} bytes");
    }
    server.stop();
}

/// How many connections the system lets wait until they are accepted.
fn waiting_room() -> usize {
    let limit = fs::read_to_string("/proc/sys/net/core/somaxconn");
    limit.ok().and_then(|limit| limit.trim().parse().ok()).unwrap_or(0)
}

/// All clients of a broker come back at once when the network does.
#[test]
fn a_crowd_waits_until_the_broker_has_time() {
    const CROWD: usize = 400;
    if waiting_room() <= CROWD {
        eprintln!("skipped: the system does not let so many wait");
        return;
    }
    let mut server = Server::start("crowd", &[]);
    let address = format!("127.0.0.1:{}", server.port("mqtt")).parse().unwrap();
    server.program().signal("STOP");
    let mut clients = Vec::new();
    for _ in 0..CROWD {
        let client = TcpStream::connect_timeout(&address, Duration::from_millis(500));
        let mut client = client.expect("there is room to wait");
        client.set_nodelay(true).unwrap();
        for byte in b"\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0" {
            client.write_all(&[*byte]).unwrap();
        }
        clients.push(client);
    }
    server.program().signal("CONT");
    for mut client in clients {
        let mut answer = [0; 4];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(answer, *b"\x20\x02\0\0");
    }
    server.stop();
}

/// Whoever sends byte by byte is understood, whoever sends garbage is closed.
#[test]
fn odd_clients_are_dealt_with() {
    let server = Server::start("odd", &["--ws-listen", "127.0.0.1:0"]);
    let connect =
        |scheme| TcpStream::connect(format!("127.0.0.1:{}", server.port(scheme))).unwrap();
    let mut slow = connect("mqtt");
    slow.set_nodelay(true).unwrap();
    for byte in HELLO {
        slow.write_all(&[*byte]).unwrap();
        thread::sleep(Duration::from_millis(1));
    }
    let mut answer = [0; 9];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"\x20\x02\0\0\x90\x03\0\x01\0");
    for scheme in ["mqtt", "ws"] {
        let mut rude = connect(scheme);
        rude.write_all(b"\xf7\xff\xff\xff\xff\xff\r\n\r\n").unwrap();
        let begin = Instant::now();
        let _ = rude.read_to_end(&mut Vec::new());
        assert!(begin.elapsed() < Duration::from_secs(5), "{scheme}");
    }
    // A page from elsewhere may not use the broker of this machine.
    let mut page = connect("ws");
    let request = "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
        Sec-WebSocket-Protocol: mqtt\r\nOrigin: https://example.org\r\n\r\n";
    page.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    page.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("--ws-origin https://example.org"), "{answer}");
}
