//! Runs the example `client` without a server: what it says about arguments, files and no connection.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

#[path = "common/example.rs"]
mod example;

use std::{
    env, fs,
    io::{Read, Write},
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
};

fn run(arguments: &[&str]) -> (i32, String) {
    let Output { status, stderr, .. } = Command::new(example::path("client"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

#[track_caller]
fn assert_refused(arguments: &[&str], expected: i32, why: &str) {
    let (status, err) = run(arguments);
    assert_eq!(status, expected, "{err}");
    assert!(err.contains(why), "no {why:?} in:\n{err}");
}

#[test]
fn urls_that_make_no_sense_are_refused() {
    for (url, why) in [
        ("http://localhost", "unknown scheme"),
        ("mqtt://localhost:port", "not a port"),
        ("mqtt://", "no host"),
        ("mqtt://::1:1883", "brackets"),
        ("mqtt://[::1:1883", "closing bracket"),
        ("mqtt://me:secret@localhost", "--user-name"),
        ("mqtt://localhost/mqtt", "only ws and wss"),
    ] {
        assert_refused(&["publish", url, "a", "-m", "x"], 2, why);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let publish = |more: &[&str], why| {
        assert_refused(
            &[&["publish", "mqtt://127.0.0.1:1", "a", "-m", "x"], more].concat(),
            2,
            why,
        );
    };
    publish(&["--qos", "3"], "0, 1 or 2");
    publish(&["--lines"], "cannot be used with");
    publish(&["--session", "s"], "--client-id");
    publish(&["--resume"], "--session");
    publish(&["--password-env", "P"], "--user-name");
    publish(&["-u", "me", "--password-env", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE");
    publish(&["-u", "me", "--password-file", "/no/such/file"], "/no/such/file");
    publish(&["--will-topic", "w"], "--will-message");
    publish(&["--will-topic", "w/#", "--will-message", "x"], "will topic");
    publish(&["--ca", "ca.pem"], "mqtts://");
    assert_refused(&["publish", "localhost", "a/#", "-m", "x"], 2, "MQTT-4.7.1-1");
    assert_refused(&["publish", "localhost", "a", "-f", "/no/such/file"], 2, "/no/such/file");
    assert_refused(&["subscribe", "localhost", "a/#/b"], 2, "filter \"a/#/b\"");
    assert_refused(&["publish", "mqtts://localhost", "a", "--ca", "/no/ca"], 2, "/no/ca");
}

#[test]
fn without_a_server_there_is_no_connection() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["mqtt", "ws"] {
        let url = format!("{scheme}://{free}");
        assert_refused(&["publish", &url, "a", "-m", "x"], 4, "cannot connect to 127.0.0.1");
    }
}

#[test]
fn a_file_that_is_no_session_is_refused_and_left_alone() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-session.json");
    let file = path.to_str().unwrap();
    let publish = ["publish", "127.0.0.1:1", "a", "-m", "x", "--session", file, "-i"];
    for (text, why) in
        [("", "not a session"), ("hello\n", "not a session"), ("{}\n", "not a session")]
    {
        fs::write(&path, text).unwrap();
        assert_refused(&[&publish[..], &["me"]].concat(), 2, why);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    assert_refused(&[&publish[..], &["me"]].concat(), 4, "cannot connect");
    assert_refused(&[&publish[..], &["you"]].concat(), 2, "is the session of client \"me\"");
    // A line that a crash has cut does not count.
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"taken\":1,\"rec");
    fs::write(&path, text).unwrap();
    assert_refused(&[&publish[..], &["me"]].concat(), 4, "cannot connect");
}

#[test]
fn a_session_that_is_taken_over_is_left_to_the_other() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let len = stream.read(&mut [0; 256]).unwrap();
        assert!(len > 0);
        // CONNACK, and DISCONNECT with session taken over.
        stream.write_all(&[0x20, 3, 0, 0, 0, 0xe0, 2, 0x8e, 0]).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert_refused(&["subscribe", &url, "a", "-i", "c"], 3, "another client has connected");
    server.join().unwrap();
}
