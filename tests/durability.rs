//! What is persisted before it is written: a crash at any moment loses nothing and sends nothing twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, DecodeOptions, Instant, Message, Packet, PacketId, QoS, Record,
    SessionOptions, Text, TopicName, Version,
};
use std::collections::BTreeSet;

/// Persists and writes until there is nothing more: what was sent by the journal, and on the wire.
fn recorded_and_written(
    client: &mut Client,
    now: Instant,
) -> (BTreeSet<PacketId>, BTreeSet<PacketId>) {
    let (mut recorded, mut written) = (BTreeSet::new(), BTreeSet::new());
    loop {
        for record in client.journal(now) {
            if let Record::Sent { packet_id, .. } = record {
                recorded.insert(packet_id);
            }
        }
        let out = client.transmit(now);
        if !out.has_remaining() {
            return (recorded, written);
        }
        let bytes = out.copy_to_bytes(out.remaining());
        let mut rest = &bytes[..];
        while let Some(packet) =
            Packet::read(&mut rest, DecodeOptions::new(Version::V3_1_1)).unwrap()
        {
            let Packet::Publish(publish) = packet else { continue };
            let id = publish.packet_id().unwrap();
            assert!(recorded.contains(&id), "{id} is written and not recorded");
            written.insert(id);
        }
    }
}

/// Messages wait because too much is to be written; when it has been, they are sent.
#[test]
fn what_waited_for_room_is_recorded_before_it_is_written() {
    let now = Instant::from_millis(0);
    let mut options = SessionOptions::new();
    options.max_outgoing = 64;
    let mut client = Client::new(options);
    client.keep_journal();
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.clean_session = false;
    client.opened(now, &connect).unwrap();
    let out = client.transmit(now);
    out.advance(out.remaining());
    let mut input: &[u8] = &[0x20, 2, 0, 0];
    assert!(matches!(client.receive(now, &mut input), Some(ClientAction::Connected(_))));
    for _ in 0..10 {
        let message = Message::new(TopicName::new("t").unwrap(), vec![b'm'; 50]);
        client.publish(now, message.with_qos(QoS::ExactlyOnce)).unwrap();
    }
    assert!(client.queued() > 5, "they do not wait: {}", client.queued());
    let (recorded, written) = recorded_and_written(&mut client, now);
    assert_eq!(written.len(), 10);
    assert_eq!(recorded, written);
}

/// A crash after the write: the restored session sends again what was sent, under the same identifiers.
#[test]
fn a_restored_session_sends_nothing_anew() {
    let now = Instant::from_millis(0);
    let mut options = SessionOptions::new();
    options.max_outgoing = 64;
    let mut client = Client::new(options);
    client.keep_journal();
    let mut stored = client.snapshot();
    let mut connect = Connect::new(Version::V3_1_1, Text::new("c").unwrap());
    connect.clean_session = false;
    let mut sent = BTreeSet::new();
    for connack in [[0x20, 2, 0, 0], [0x20, 2, 1, 0]] {
        client.opened(now, &connect).unwrap();
        let out = client.transmit(now);
        out.advance(out.remaining());
        let _ = client.receive(now, &mut &connack[..]);
        if client.in_flight() == 0 {
            for text in ["a", "b", "c"] {
                let message = Message::new(TopicName::new("t").unwrap(), text.repeat(60));
                client.publish(now, message.with_qos(QoS::ExactlyOnce)).unwrap();
            }
        }
        // Of the first connection, what one write takes; of the second, all.
        loop {
            for record in client.journal(now) {
                stored.apply(record).unwrap();
            }
            let out = client.transmit(now);
            if !out.has_remaining() {
                break;
            }
            let bytes = out.copy_to_bytes(out.remaining());
            let options = DecodeOptions::new(Version::V3_1_1);
            let mut rest = &bytes[..];
            while let Some(Packet::Publish(publish)) = Packet::read(&mut rest, options).unwrap() {
                let key = (publish.packet_id().unwrap(), publish.payload.to_vec());
                let is_new = sent.insert(key.clone());
                assert_eq!(is_new, !publish.dup(), "{key:?}");
            }
            if connack[2] == 0 && sent.len() == 2 {
                break;
            }
        }
        client = Client::restore(options, stored.clone()).unwrap();
        client.keep_journal();
    }
    assert_eq!(sent.len(), 3, "each under one identifier: {sent:?}");
}
