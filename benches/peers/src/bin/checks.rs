//! Which invalid packets each codec takes for valid ones.

use peers::v311;

const PROBES: [(&str, &[u8]); 11] = [
    ("bad UTF-8", b"\x30\x04\x00\x02a\xff"),
    ("NUL", b"\x30\x04\x00\x02a\0"),
    ("wildcard", b"\x30\x04\x00\x02a+"),
    ("empty topic", b"\x30\x02\x00\x00"),
    ("id 0", b"\x32\x05\x00\x01a\x00\x00"),
    ("QoS 3", b"\x36\x05\x00\x01a\x00\x01"),
    ("DUP QoS 0", b"\x38\x03\x00\x01a"),
    ("ack flags", b"\x41\x02\x00\x01"),
    ("ack length", b"\x40\x03\x00\x01\x00"),
    ("CONNECT bit 0", b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x3c\x00\x01a"),
    ("SUBSCRIBE QoS 3", b"\x82\x06\x00\x01\x00\x01a\x03"),
];

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    for (at, name) in v311::all().iter().map(|peer| peer.name()).enumerate() {
        // A new one for each probe, since an error may leave something behind.
        let accepted = PROBES.iter().filter(|(_, bytes)| {
            let mut peers = v311::all();
            v311::accepts(peers[at].as_mut(), bytes)
        });
        let accepted: Vec<&str> = accepted.map(|(what, _)| *what).collect();
        println!(
            "{name:22} {}",
            if accepted.is_empty() { "-".into() } else { accepted.join(", ") }
        );
    }
}
