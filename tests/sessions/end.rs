//! One end of a connection, with what a test asks of it.

use bytes::Buf;
use mqtt_pure::{
    Client, Connect, DecodeOptions, Instant, Message, Packet, PacketId, Properties, Property, QoS,
    Role, Server, SessionOptions, Text, TopicName, Version,
};

pub fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

pub fn message(qos: QoS, payload: &str) -> Message {
    Message::new(TopicName::new("t").unwrap(), payload.to_owned()).with_qos(qos)
}

/// What is told while these bytes come, as `Debug` shows it.
pub trait End {
    fn hear(&mut self, now: Instant, bytes: &[u8]) -> Vec<String>;
    /// What is told without further bytes.
    fn told(&mut self) -> Vec<String>;
    /// What is written, all of it.
    fn written(&mut self, now: Instant) -> Vec<u8>;
}

macro_rules! end {
    ($($side:ty)*) => {$(
        impl End for $side {
            fn hear(&mut self, now: Instant, mut bytes: &[u8]) -> Vec<String> {
                let mut told = Vec::new();
                while let Some(action) = self.receive(now, &mut bytes) {
                    told.push(format!("{action:?}"));
                }
                told
            }

            fn told(&mut self) -> Vec<String> {
                std::iter::from_fn(|| self.poll()).map(|action| format!("{action:?}")).collect()
            }

            fn written(&mut self, now: Instant) -> Vec<u8> {
                let outgoing = self.transmit(now);
                outgoing.copy_to_bytes(outgoing.remaining()).to_vec()
            }
        }
    )*};
}
end!(Client Server);

/// A CONNECT that keeps its session, in 5.0 for ever.
pub fn with_connect<T>(version: Version, clean: bool, run: impl FnOnce(Connect<'_>) -> T) -> T {
    let for_ever = [Property::SessionExpiryInterval(u32::MAX)];
    let mut connect = Connect::new(version, Text::new("c").unwrap());
    connect.clean_session = clean;
    if version == Version::V5_0 {
        connect.properties = Properties::from(&for_ever);
    }
    run(connect)
}

/// A CONNACK without properties.
pub fn connack(version: Version, session_present: bool) -> Vec<u8> {
    let present = u8::from(session_present);
    if version == Version::V5_0 { vec![0x20, 3, present, 0, 0] } else { vec![0x20, 2, present, 0] }
}

/// Makes a connection, and leaves nothing to be written or told.
pub fn connect(client: &mut Client, version: Version, clean: bool, session_present: bool) {
    with_connect(version, clean, |connect| client.opened(at(0), &connect)).unwrap();
    assert_eq!(client.written(at(0))[0], 0x10);
    client.hear(at(0), &connack(version, session_present));
    assert!(client.is_connected());
}

pub fn online(version: Version, options: SessionOptions) -> Client {
    let mut client = Client::new(options);
    connect(&mut client, version, false, false);
    client.told();
    client
}

/// The bytes of a CONNECT.
pub fn connect_bytes(version: Version, clean: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    with_connect(version, clean, |connect| connect.encode(version, &mut bytes)).unwrap();
    bytes
}

pub fn accept(server: &mut Server, version: Version, clean: bool) {
    server.opened(at(0));
    let told = server.hear(at(0), &connect_bytes(version, clean));
    assert!(told[0].starts_with("Connect("), "{told:?}");
    server.accept(at(0), Properties::EMPTY).unwrap();
    assert_eq!(server.written(at(0))[0], 0x20);
}

pub fn serving(version: Version, options: SessionOptions) -> Server {
    let mut server = Server::new(options);
    accept(&mut server, version, false);
    server
}

/// A PUBLISH, in 5.0 with these properties.
pub fn publish(
    version: Version,
    first: u8,
    topic: &str,
    id: u16,
    properties: &[u8],
    payload: &str,
) -> Vec<u8> {
    let mut body = vec![0, u8::try_from(topic.len()).unwrap()];
    body.extend(topic.as_bytes());
    if first & 6 != 0 {
        body.extend(id.to_be_bytes());
    }
    if version == Version::V5_0 {
        body.push(u8::try_from(properties.len()).unwrap());
        body.extend(properties);
    }
    body.extend(payload.as_bytes());
    assert!(body.len() < 128);
    [vec![first, u8::try_from(body.len()).unwrap()], body].concat()
}

/// What was written, packet by packet, as `Debug` shows it.
pub fn packets(mut bytes: &[u8], version: Version, sender: Role) -> Vec<String> {
    let options = DecodeOptions::new(version).with_sender(sender);
    let mut all = Vec::new();
    while let Some(packet) = Packet::read(&mut bytes, options).unwrap() {
        all.push(format!("{packet:?}"));
    }
    assert!(bytes.is_empty());
    all
}

/// The payloads of the PUBLISHes that were written.
pub fn payloads(mut bytes: &[u8], version: Version, sender: Role) -> Vec<String> {
    let options = DecodeOptions::new(version).with_sender(sender);
    let mut all = Vec::new();
    while let Some(packet) = Packet::read(&mut bytes, options).unwrap() {
        if let Packet::Publish(publish) = packet {
            all.push(String::from_utf8(publish.payload.to_vec()).unwrap());
        }
    }
    all
}
