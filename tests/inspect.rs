//! Runs the example `inspect` as a user does: its output, its exit status, what it hides.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

use mqtt_pure::PropertyId;
#[path = "common/example.rs"]
mod example;

use std::{
    env, fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

/// A CONNECT of 3.1.1 with the user name `u` and the password `secret`.
const LOGIN: &str = "10 18 00 04 4d 51 54 54 04 c2 00 3c 00 01 61 00 01 75 00 06 73 65 63 72 65 74";

fn run(arguments: &[&str], stdin: &[u8]) -> (i32, String, String) {
    let mut child = Command::new(example::path("inspect"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// The output for a capture.
fn run_file(name: &str, capture: &[u8], arguments: &[&str]) -> (i32, String) {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, capture).unwrap();
    let file = path.to_str().unwrap();
    let (status, out, _) = run(&[&[file], arguments].concat(), b"");
    (status, out)
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn without_arguments_it_shows_the_recorded_session() {
    let (status, out, err) = run(&[], b"");
    assert_eq!((status, err.as_str()), (0, ""));
    let parts = [
        "CONNECT \"watcher\"",
        "MQTT 3.1,",
        "will to \"house/lamp/state\"",
        "refused: not authorized",
        "session present",
        "SUBACK id 1: granted QoS 2",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "PINGRESP",
        "UNSUBACK",
        "without a DISCONNECT",
        "§3.1.2.3",
        "no violation",
    ];
    assert_has(&out, &parts);
    let (status, summary, _) = run(&["--summary"], b"");
    assert_eq!(status, 0);
    assert!(summary.lines().count() < out.lines().count() / 3);
}

#[test]
fn the_reserved_connect_flag_is_marked() {
    let (status, out, _) = run(&["100d00044d5154540403003c000161"], b"");
    assert_eq!(status, 1);
    assert_has(&out, &["connect.reserved_flag", "MQTT-3.1.2-3", "at byte 9", "1 violation"]);
    let lines: Vec<_> = out.lines().collect();
    let at = lines.iter().position(|line| line.contains("^^")).unwrap();
    assert_eq!(lines[at].find("^^"), lines[at - 1].find("03"));
}

#[test]
fn every_violation_is_listed_and_the_next_packet_is_read() {
    let (status, out, _) = run(&["32 07 00 03 61 2f 2b 00 00", "c0 00"], b"");
    assert_eq!(status, 1);
    assert_has(&out, &["topic.name_has_wildcard", "packet_id.zero", "PINGREQ", "2 violations"]);
}

#[test]
fn packets_come_in_many_forms() {
    let packets = ["0x300x07 00:03:61:2f:62 68 69", "3007 0003612F62 6869"];
    let (status, expected, _) = run(&[packets[1], packets[1]], b"");
    assert_eq!(status, 0);
    assert_eq!(run(&[packets[0], packets[1]], b"").1, expected);
    let text = [packets[0], packets[1]].join("\n");
    assert_eq!(run(&["-"], text.as_bytes()).1, expected);
    assert_eq!(run(&["-"], b"\x30\x07\x00\x03a/bhi\x30\x07\x00\x03a/bhi").1, expected);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("two_packets");
    fs::write(&path, b"\x30\x07\x00\x03a/bhi\x30\x07\x00\x03a/bhi").unwrap();
    assert_eq!(run(&[&format!("@{}", path.display())], b"").1, expected);
}

#[test]
fn wrong_input_is_refused_with_the_reason() {
    let cases: [(&[&str], &str); 7] = [
        (&["30z7"], "'z' at character 3"),
        (&["30 0"], "character 4"),
        (&["no/such/file"], "there is no file"),
        (&["@no_such_file"], "no_such_file"),
        (&["-", "c000"], "only input"),
        (&["--protocol", "6.0"], "5.0"),
        (&["-"], "empty"),
    ];
    for (arguments, reason) in cases {
        let (status, out, err) = run(arguments, b"");
        assert_eq!((status, out.as_str()), (2, ""), "{arguments:?}");
        assert_has(&err, &[reason]);
    }
    assert_eq!(run_file("not_a_capture.pcap", b"\x30\x07\x00\x03a/bhi", &[]).0, 2);
}

#[test]
fn what_is_missing_is_counted() {
    let (status, out, _) = run(&["30 07 00 03 61"], b"");
    assert_eq!(status, 1);
    assert_has(&out, &["at least 4 more bytes"]);
}

#[test]
fn passwords_are_hidden() {
    let whole: Vec<_> = LOGIN.split(' ').collect();
    // Cut off, and with flags by which the password is a surplus.
    let cut = whole[..whole.len() - 1].to_vec();
    let mut surplus = whole.clone();
    surplus[9] = "82";
    for words in [whole, cut, surplus] {
        for style in ["--color=never", "--summary", "--json", "--full"] {
            let (_, out, _) = run(&[&words[..], &[style]].concat(), b"");
            let squeezed = out.replace(' ', "").to_lowercase();
            assert!(!squeezed.contains("secre") && !squeezed.contains("7365637265"), "{out}");
        }
    }
    let (_, out, _) = run(&[LOGIN, "--show-secrets"], b"");
    assert_has(&out, &["\"secret\"", "73 65"]);
    for style in ["--color=never", "--json"] {
        let (_, out, _) = run(&[style], b"");
        assert!(!out.contains("not-a-real") && !out.contains("guessed"));
        assert!(!out.contains("6e 6f 74 2d 61") && !out.contains("6e6f742d61"));
    }
}

#[test]
fn json_has_an_object_on_each_line() {
    let (status, out, _) = run(&["--json"], b"");
    assert_eq!(status, 0);
    let objects: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(|object| object["packet"]["type"].is_string()));
    let (status, out, _) = run(&["--json", "100d00044d5154540403003c000161"], b"");
    assert_eq!(status, 1);
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["errors"][0]["code"], "connect.reserved_flag");
    assert_eq!(object["errors"][0]["statement"], "MQTT-3.1.2-3");
    assert_eq!(object["errors"][0]["offset"], 9);
}

#[test]
fn version_and_strictness_can_be_chosen() {
    let padded = "c0 80 00";
    assert_eq!(run(&[padded], b"").0, 0);
    assert_eq!(run(&[padded, "--strictness", "strict"], b"").0, 1);
    // A PINGREQ with a flag that only 3.1 leaves open.
    assert_eq!(run(&["c1 00"], b"").0, 1);
    assert_eq!(run(&["c1 00", "--protocol", "3.1"], b"").0, 0);
}

#[test]
fn colors_are_for_terminals() {
    assert!(!run(&["c000"], b"").1.contains('\x1b'));
    assert!(run(&["c000", "--color", "always"], b"").1.contains('\x1b'));
}

/// A segment from the client (to port 1883) or the server, in a raw IPv4 packet.
struct Segment<'a> {
    from_client: bool,
    sequence: u32,
    payload: &'a [u8],
}

fn capture(segments: &[Segment<'_>], port: u16) -> Vec<u8> {
    let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 101].map(u32::to_le_bytes).concat();
    for (second, segment) in (0_u32..).zip(segments) {
        let total = 40 + u16::try_from(segment.payload.len()).unwrap();
        let mut packet = vec![0x45, 0];
        packet.extend(total.to_be_bytes());
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        let (ports, hosts) = if segment.from_client {
            ([50_000, port], [10, 0, 0, 1, 10, 0, 0, 2])
        } else {
            ([port, 50_000], [10, 0, 0, 2, 10, 0, 0, 1])
        };
        packet.extend(hosts);
        packet.extend(ports.map(u16::to_be_bytes).concat());
        packet.extend(segment.sequence.to_be_bytes());
        packet.extend([0, 0, 0, 0, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(segment.payload);
        let len = u32::from(total);
        file.extend([second, 0, len, len].map(u32::to_le_bytes).concat());
        file.extend(packet);
    }
    file
}

/// The packets alone, without times.
fn packets(json: &str) -> Vec<serde_json::Value> {
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    json.lines().map(|line| parse(line)["packet"].clone()).collect()
}

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a";
const STREAM: &[u8] = b"\x30\x07\x00\x03a/bhi\x32\x08\x00\x03c/d\x00\x01!\xc0\x00\xe0\x00";

/// The client's stream, from just below the wrap of the sequence numbers on.
fn client(from: usize, to: usize) -> Segment<'static> {
    let first = (u32::MAX - 5).wrapping_add(u32::try_from(CONNECT.len()).unwrap());
    let sequence = first.wrapping_add(u32::try_from(from).unwrap());
    Segment { from_client: true, sequence, payload: &STREAM[from..to] }
}

fn connect() -> Segment<'static> {
    Segment { from_client: true, sequence: u32::MAX - 5, payload: CONNECT }
}

#[test]
fn segments_are_put_in_order() {
    let end = STREAM.len();
    let in_order = capture(&[connect(), client(0, end)], 1883);
    let (status, expected) = run_file("in_order.pcap", &in_order, &["--json"]);
    assert_eq!(status, 0);
    assert_eq!(packets(&expected).len(), 5);
    // Late, repeated, overlapping, and a keep-alive probe that repeats a byte.
    let jumbled = [
        connect(),
        client(12, 20),
        client(3, 7),
        connect(),
        client(18, end),
        client(0, 4),
        client(5, 12),
        client(5, 14),
        client(end - 1, end),
    ];
    let (status, out) = run_file("jumbled.pcap", &capture(&jumbled, 1883), &["--json"]);
    assert_eq!(status, 0, "{out}");
    assert_eq!(packets(&out), packets(&expected));
    // Another port, which the CONNECT gives away, and one where nothing does.
    let elsewhere = capture(&[connect(), client(0, end)], 4000);
    assert_eq!(run_file("elsewhere.pcap", &elsewhere, &["--json"]), (0, expected));
    let nothing = capture(&[client(0, end)], 4000);
    let (_, out) = run_file("nothing.pcap", &nothing, &[]);
    assert_has(&out, &["no MQTT connection", "--port"]);
    assert_has(&run_file("nothing.pcap", &nothing, &["--port", "4000"]).1, &["\"a/b\""]);
}

#[test]
fn a_gap_is_reported_and_left_behind() {
    let segments = [connect(), client(0, 4), client(9, 19), client(19, STREAM.len())];
    let (status, out) = run_file("gap.pcap", &capture(&segments, 1883), &[]);
    assert_eq!(status, 1);
    assert_has(&out, &["5 bytes are not in the capture", "\"c/d\"", "PINGREQ", "DISCONNECT"]);
}

#[test]
fn another_version_is_not_guessed_at() {
    let mut connect = CONNECT.to_vec();
    connect[8] = 6;
    let server = b"\x20\x03\x00\x00\x00";
    let segments = [
        Segment { from_client: true, sequence: 1, payload: &connect },
        Segment { from_client: false, sequence: 1, payload: server },
    ];
    let (status, out) = run_file("version_6.pcap", &capture(&segments, 1883), &[]);
    assert_eq!(status, 1);
    assert_has(&out, &["connect.protocol_level", "not decoded"]);
    assert!(!out.contains("CONNACK"), "{out}");
}

/// The recorded conversation of 5.0.
const SESSION_5: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/captures/session-v5.pcap");

#[test]
fn the_recorded_session_of_5_0_is_explained() {
    let (status, out, err) = run(&[SESSION_5], b"");
    assert_eq!((status, err.as_str()), (0, ""));
    for property in PropertyId::ALL {
        assert_has(&out, &[&format!(" {} ", property.name())]);
    }
    let parts = [
        "5, MQTT 5.0",
        "clean start",
        "session kept 3600 s",
        "§3.1.2.11 session expiry interval",
        "§3.1.3.2  will property length",
        "§3.1.3.2  user property",
        "will to \"house/freezer/state\" at QoS 1 after 1 s",
        "\"shelf\" = \"2\"",
        "0x00, normal disconnection",
        "0x87, not authorized",
        "PUBACK id 1, no matching subscribers",
        "QoS 1, no local, retain as published, without retained messages",
        "QoS 0, with retained messages if it is new",
        "$share/kitchen/house/orders",
        "alias 5 at QoS 1",
        "guest-1 ← CONNACK accepted",
        "AUTH continue authentication, by \"riddle\"",
        "DISCONNECT, disconnect with will message, \"battery is empty\"",
        "DISCONNECT, use another server, go to \"other.example:1883\", \"the house is closed\"",
        "UNSUBACK id 2: no subscription existed",
        "no violation",
    ];
    assert_has(&out, &parts);
    assert!(!out.contains("not decoded") && !out.contains("clean session"));
    let (status, out, _) = run(&[SESSION_5, "--json"], b"");
    assert_eq!(status, 0);
    let packets = packets(&out);
    assert!(packets.iter().all(|packet| packet["type"].is_string()));
    let freezer = packets.iter().find(|packet| packet["client_id"] == "freezer").unwrap();
    assert_eq!(freezer["clean_start"], true);
    assert_eq!(freezer["properties"]["session_expiry_interval"], 60);
    assert_eq!(freezer["will"]["properties"]["will_delay_interval"], 1);
}

/// A CONNECT of 5.0 with the authentication data `1+1`.
const AUTHENTICATION: &str = "10 1c 00 04 4d 51 54 54 05 02 00 3c 0f 15 00 06 72 69 64 64 6c 65 \
    16 00 03 31 2b 31 00 00";

#[test]
fn authentication_data_is_hidden() {
    let words: Vec<_> = AUTHENTICATION.split_whitespace().collect();
    let cut = words[..words.len() - 3].to_vec();
    for words in [words.clone(), cut] {
        for style in ["--color=never", "--summary", "--json", "--full"] {
            let (_, out, _) = run(&[&words[..], &[style]].concat(), b"");
            let squeezed = out.replace(' ', "").to_lowercase();
            assert!(!squeezed.contains("1+1") && !squeezed.contains("312b"), "{out}");
        }
    }
    let (status, out, _) = run(&[AUTHENTICATION, "--show-secrets"], b"");
    assert_eq!(status, 0);
    assert_has(&out, &["authentication data   \"1+1\"", "16 00 03 31 2b 31"]);
    for style in ["--color=never", "--json", "--full"] {
        let (_, out, _) = run(&[SESSION_5, style], b"");
        let squeezed = out.replace(' ', "").to_lowercase();
        // What the butler asks, and what the watcher logs in with.
        for secret in [&b"what walks"[..], b"sphinx", b"not-a-real", b"guessed"] {
            assert!(!squeezed.contains(&hex::encode(secret)), "{style}");
        }
    }
}

#[test]
fn what_the_peer_may_be_told_is_shown_in_5_0() {
    let publish = "30 08 00 01 61 03 23 00 00 78";
    let (status, out, _) = run(&[publish, "--protocol", "5.0"], b"");
    assert_eq!(status, 1);
    assert_has(&out, &["property.value", "MQTT-3.3.2-8", "0x94, topic alias invalid"]);
    let (_, out, _) = run(&[publish, "--protocol", "5.0", "--summary"], b"");
    assert_has(&out, &["the peer may be told 0x94"]);
    let (_, out, _) = run(&[publish, "--protocol", "5.0", "--json"], b"");
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["version"], "5.0");
    assert_eq!(object["errors"][0]["field"], "topic alias");
    assert_eq!(object["errors"][0]["reason_code"], 0x94);
    // 3.1.1 has nothing to tell it with.
    let (_, out, _) = run(&["36 05 00 01 61 00 01", "--json"], b"");
    let object: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(
        object["errors"][0]["code"].is_string() && object["errors"][0]["reason_code"].is_null()
    );
}

#[test]
fn a_connection_is_read_by_the_version_of_its_connect() {
    // A DISCONNECT with a reason, which only 5.0 has.
    let disconnect = "e0 01 8b";
    assert_eq!(run(&[disconnect], b"").0, 1);
    let (status, out, _) = run(&[disconnect, "--protocol", "5.0"], b"");
    assert_eq!(status, 0);
    assert_has(&out, &["0x8B, server shutting down"]);
    let connect = "10 0e 00 04 4d 51 54 54 05 02 00 3c 00 00 01 61";
    assert_eq!(run(&[connect, disconnect], b"").0, 0);
    let server = Segment { from_client: false, sequence: 1, payload: b"\xe0\x01\x8b" };
    let without = capture(&[server], 1883);
    assert_eq!(run_file("without.pcap", &without, &[]).0, 1);
    let (status, out) = run_file("without.pcap", &without, &["--protocol", "5.0", "--summary"]);
    assert_eq!(status, 0);
    assert_has(&out, &["DISCONNECT, server shutting down"]);
}

#[test]
fn a_capture_that_is_cut_off_is_reported() {
    let whole = capture(&[connect()], 1883);
    let (status, out) = run_file("cut.pcap", &whole[..whole.len() - 3], &[]);
    assert_eq!(status, 1);
    assert_has(&out, &["within a record"]);
}
