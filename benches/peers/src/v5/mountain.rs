use crate::{Peer, packet_len};
use mountain_mqtt::{
    codec::{
        mqtt_reader::{MqttBufReader, MqttReader},
        mqtt_writer::{MqttBufWriter, MqttWriter},
        read::Read,
        write::Write,
    },
    packets::packet_generic::PacketGeneric,
};
use std::hint::black_box;

/// With room for as many properties and filters as the inputs have, and no more, since room is moved
/// around: three properties, one of the will, and nine filters after the first.
type Packet<'a> = PacketGeneric<'a, 3, 1, 9>;

#[derive(Default)]
pub struct Mountain {
    buffers: Vec<Vec<u8>>,
    packets: Vec<Packet<'static>>,
    out: Vec<u8>,
    len: usize,
}

/// Decodes buffers of whole packets, since the codec is for those whose length is known.
fn drain(bytes: &[u8]) -> usize {
    let (mut reader, mut count) = (MqttBufReader::new(bytes), 0);
    while reader.position() < bytes.len() {
        let packet = Packet::read(&mut reader).unwrap();
        black_box(&packet);
        count += 1;
    }
    count
}

/// The length of the whole packets at the front.
fn whole_len(bytes: &[u8]) -> usize {
    let mut whole = 0;
    loop {
        let rest = &bytes[whole..];
        let is_known = rest.iter().skip(1).take(4).any(|&byte| byte < 0x80);
        if !is_known || packet_len(rest) > rest.len() {
            return whole;
        }
        whole += packet_len(rest);
    }
}

fn write<'w>(packet: &Packet<'_>, writer: &mut impl MqttWriter<'w>) {
    match packet {
        Packet::Connect(packet) => packet.write(writer),
        Packet::Connack(packet) => packet.write(writer),
        Packet::Publish(packet) => packet.write(writer),
        Packet::Puback(packet) => packet.write(writer),
        Packet::Pubrec(packet) => packet.write(writer),
        Packet::Pubrel(packet) => packet.write(writer),
        Packet::Pubcomp(packet) => packet.write(writer),
        Packet::Subscribe(packet) => packet.write(writer),
        Packet::Suback(packet) => packet.write(writer),
        Packet::Unsubscribe(packet) => packet.write(writer),
        Packet::Unsuback(packet) => packet.write(writer),
        Packet::Pingreq(packet) => packet.write(writer),
        Packet::Pingresp(packet) => packet.write(writer),
        Packet::Disconnect(packet) => packet.write(writer),
        Packet::Auth(packet) => packet.write(writer),
    }
    .unwrap();
}

impl Peer for Mountain {
    fn name(&self) -> &'static str {
        "mountain-mqtt"
    }

    fn load(&mut self, buffers: &[Vec<u8>]) {
        self.buffers = buffers.to_vec();
    }

    fn decode(&mut self) -> usize {
        self.buffers.iter().map(|buffer| drain(buffer)).sum()
    }

    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let (mut carry, mut count) = (Vec::new(), 0);
        for chunk in chunks {
            carry.extend_from_slice(chunk);
            let whole = whole_len(&carry);
            count += drain(&carry[..whole]);
            carry.drain(..whole);
        }
        count
    }

    fn keep(&mut self, packets: &'static [Vec<u8>]) {
        let read = |bytes: &'static Vec<u8>| Packet::read(&mut MqttBufReader::new(bytes)).unwrap();
        self.packets = packets.iter().map(read).collect();
        self.out = vec![0; packets.iter().map(Vec::len).sum()];
    }

    fn prepare(&mut self) {
        self.len = 0;
    }

    fn encode(&mut self) {
        let mut writer = MqttBufWriter::new(&mut self.out);
        for packet in &self.packets {
            write(packet, &mut writer);
        }
        self.len = writer.position();
        black_box(&self.out[..self.len]);
    }

    fn encoded(&self) -> Vec<u8> {
        self.out[..self.len].to_vec()
    }
}
