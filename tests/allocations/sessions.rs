//! Sessions: little memory for one that is idle, none to send and receive again and again.

use super::measure::{allocations, live};
use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, Instant, Message, Properties, Published, QoS, Server,
    ServerAction, SessionOptions, Text, TopicName, Version,
};
use std::sync::Arc;

const NOW: Instant = Instant::from_millis(1);
const VERSIONS: [Version; 3] = [Version::V3_1, Version::V3_1_1, Version::V5_0];

fn connack(version: Version) -> &'static [u8] {
    if version == Version::V5_0 { b"\x20\x03\0\0\0" } else { b"\x20\x02\0\0" }
}

fn client(options: &Arc<SessionOptions>, version: Version) -> Client {
    let mut client = Client::new(Arc::clone(options));
    client.opened(NOW, &Connect::new(version, Text::new("c").unwrap())).unwrap();
    written(client.transmit(NOW));
    let mut input = connack(version);
    assert!(matches!(client.receive(NOW, &mut input), Some(ClientAction::Connected(_))));
    client
}

fn server(options: &Arc<SessionOptions>, version: Version) -> Server {
    let mut connect = Vec::new();
    Connect::new(version, Text::new("c").unwrap()).encode(version, &mut connect).unwrap();
    let mut server = Server::new(Arc::clone(options));
    server.opened(NOW);
    let mut input = &connect[..];
    assert!(matches!(server.receive(NOW, &mut input), Some(ServerAction::Connect(_))));
    server.accept(NOW, Properties::EMPTY).unwrap();
    server
}

fn written(out: &mut impl Buf) -> usize {
    let len = out.remaining();
    out.advance(len);
    len
}

/// The struct itself and what it has on the heap.
const IDLE: usize = 300;

#[test]
fn an_idle_session_is_small() {
    let options = Arc::new(SessionOptions::new());
    for version in VERSIONS {
        let before = live();
        let mut client = client(&options, version);
        written(client.transmit(NOW));
        written(client.transmit(NOW));
        let heap = usize::try_from(live() - before).unwrap();
        assert!(heap == 0 && size_of::<Client>() <= IDLE, "{heap} + {}", size_of::<Client>());
        drop(client);

        let before = live();
        let mut server = server(&options, version);
        assert!(written(server.transmit(NOW)) > 0);
        written(server.transmit(NOW));
        let heap = usize::try_from(live() - before).unwrap();
        assert!(heap == 0 && size_of::<Server>() <= IDLE, "{heap} + {}", size_of::<Server>());
    }
}

fn message(qos: QoS) -> Message {
    Message::new(TopicName::new("a/b").unwrap(), "hello").with_qos(qos)
}

/// Publishes, and is answered until the message is over.
fn cycle(client: &mut Client, message: &Message, answers: &[u8]) {
    let Ok(Published::Sent { packet_id, .. }) = client.publish(NOW, message.clone()) else {
        panic!("not sent");
    };
    written(client.transmit(NOW));
    let [high, low] = packet_id.get().to_be_bytes();
    for first_byte in answers {
        let packet = [*first_byte, 2, high, low];
        let mut input = &packet[..];
        let told = client.receive(NOW, &mut input);
        assert_eq!(told.is_some(), *first_byte != 0x50, "{told:?}");
        written(client.transmit(NOW));
    }
}

#[test]
fn sending_a_message_again_and_again_allocates_nothing() {
    let options = Arc::new(SessionOptions::new());
    for version in VERSIONS {
        for (qos, answers) in [(QoS::AtLeastOnce, &[0x40][..]), (QoS::ExactlyOnce, &[0x50, 0x70])] {
            let mut client = client(&options, version);
            let message = message(qos);
            // Until there is room for the identifiers that are used in turn.
            (0..40).for_each(|_| cycle(&mut client, &message, answers));
            let run = || (0..1_000).for_each(|_| cycle(&mut client, &message, answers));
            assert_eq!(allocations(run).0, 0, "{version:?} {qos:?}");
        }
    }
}

#[test]
fn receiving_a_message_again_and_again_allocates_nothing() {
    let options = Arc::new(SessionOptions::new());
    for version in VERSIONS {
        let properties: &[u8] = if version == Version::V5_0 { b"\0" } else { b"" };
        let len = u8::try_from(properties.len()).unwrap() + 6;
        for first_byte in [0x32, 0x34] {
            let publish = [&[first_byte, len, 0, 1, b't', 0, 7], properties, b"x"].concat();
            let mut server = server(&options, version);
            let mut round = || {
                let mut input = &publish[..];
                let told = server.receive(NOW, &mut input);
                assert!(matches!(told, Some(ServerAction::Message(_))), "{told:?}");
                if first_byte == 0x34 {
                    assert_eq!(server.receive(NOW, &mut &b"\x62\x02\0\x07"[..]), None);
                }
                assert!(written(server.transmit(NOW)) >= 4);
            };
            round();
            let run = || (0..1_000).for_each(|_| round());
            assert_eq!(allocations(run).0, 0, "{version:?} {first_byte:#x}");
        }
    }
}
