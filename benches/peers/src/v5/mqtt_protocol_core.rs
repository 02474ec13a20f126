use crate::Peer;
use mqtt_protocol_core::mqtt::{
    common::Cursor,
    connection::{PacketBuildResult, PacketBuilder, PacketData, RawPacket},
    packet::{GenericPacketTrait, Packet, v5_0 as v},
};
use std::hint::black_box;

/// The packet builder with the parsers of the packets, that is, without the state of a connection.
#[derive(Default)]
pub struct ProtocolCore {
    buffers: Vec<Vec<u8>>,
    packets: Vec<Packet>,
    out: Vec<u8>,
}

fn parse(raw: RawPacket) -> Packet {
    match raw.packet_type() {
        1 => raw.parse_exact(v::Connect::parse).map(Into::into),
        2 => raw.parse_exact(v::Connack::parse).map(Into::into),
        3 => {
            let flags = raw.flags();
            let PacketData::Publish(data) = raw.data else { panic!("no PUBLISH") };
            v::Publish::parse(flags, data).map(|(packet, _)| packet.into())
        }
        4 => raw.parse_exact(v::Puback::parse).map(Into::into),
        5 => raw.parse_exact(v::Pubrec::parse).map(Into::into),
        6 => raw.parse_exact(v::Pubrel::parse).map(Into::into),
        7 => raw.parse_exact(v::Pubcomp::parse).map(Into::into),
        8 => raw.parse_exact(v::Subscribe::parse).map(Into::into),
        9 => raw.parse_exact(v::Suback::parse).map(Into::into),
        10 => raw.parse_exact(v::Unsubscribe::parse).map(Into::into),
        11 => raw.parse_exact(v::Unsuback::parse).map(Into::into),
        12 => raw.parse_exact(v::Pingreq::parse).map(Into::into),
        13 => raw.parse_exact(v::Pingresp::parse).map(Into::into),
        14 => raw.parse_exact(v::Disconnect::parse).map(Into::into),
        _ => raw.parse_exact(v::Auth::parse).map(Into::into),
    }
    .unwrap()
}

fn drain(builder: &mut PacketBuilder, bytes: &[u8]) -> usize {
    let (mut cursor, mut count) = (Cursor::new(bytes), 0);
    loop {
        match builder.feed(&mut cursor) {
            PacketBuildResult::Complete(raw) => {
                black_box(&parse(raw));
                count += 1;
            }
            PacketBuildResult::Incomplete => return count,
            PacketBuildResult::Error(error) => panic!("{error:?}"),
        }
    }
}

impl Peer for ProtocolCore {
    fn name(&self) -> &'static str {
        "mqtt-protocol-core"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.to_vec();
    }

    fn decode(&mut self) -> usize {
        let mut builder = PacketBuilder::new();
        self.buffers.iter().map(|buffer| drain(&mut builder, buffer)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let mut builder = PacketBuilder::new();
        chunks.map(|chunk| drain(&mut builder, chunk)).sum()
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read = |bytes: &Vec<u8>| {
            let mut builder = PacketBuilder::new();
            match builder.feed(&mut Cursor::new(&bytes[..])) {
                PacketBuildResult::Complete(raw) => parse(raw),
                other => panic!("{other:?}"),
            }
        };
        self.packets = packets.iter().map(read).collect();
        self.out.reserve(packets.iter().map(Vec::len).sum());
    }

    fn prepare(&mut self) {
        self.out.clear();
    }

    /// A large payload stays where it is, since `to_buffers` can do that.
    fn encode(&mut self) {
        for packet in &self.packets {
            for slice in packet.to_buffers() {
                if slice.len() >= 1 << 20 {
                    black_box(&slice[..]);
                } else {
                    self.out.extend_from_slice(&slice);
                }
            }
        }
        black_box(&self.out[..]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.packets.iter().flat_map(|packet| packet.to_continuous_buffer()).collect()
    }
}
