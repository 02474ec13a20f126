//! From a captured frame to its TCP segment: link layer, IP, TCP. Knows nothing of MQTT.

use pcap_parser::{
    Linktype,
    data::{ETHERTYPE_IPV4, ETHERTYPE_IPV6, PacketData, get_packetdata},
};
use std::net::{IpAddr, SocketAddr};

const TCP: u8 = 6;
const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The link type of OpenBSD's loopback, and two numbers that raw IP has in some files.
const LOOP: Linktype = Linktype(108);
const RAW_BSD: [Linktype; 2] = [Linktype(12), Linktype(14)];

#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    pub source: SocketAddr,
    pub target: SocketAddr,
    pub sequence: u32,
    pub syn: bool,
    pub ack: bool,
    pub fin: bool,
    pub rst: bool,
    /// What was captured of the data.
    pub payload: &'a [u8],
}

/// Why a frame has no segment.
#[derive(Clone, Copy, Debug)]
pub enum Other {
    NotTcp,
    Fragment,
    UnknownLink(i32),
}

/// The segment in a frame.
pub fn segment(link: Linktype, frame: &[u8]) -> Result<Segment<'_>, Other> {
    if link == Linktype::NULL || link == LOOP {
        return ip(frame.get(4..).ok_or(Other::NotTcp)?);
    }
    if RAW_BSD.contains(&link) {
        return ip(frame);
    }
    match get_packetdata(frame, link, frame.len()) {
        Some(PacketData::L2(frame)) => {
            let (ether_type, packet) = ethernet(frame).ok_or(Other::NotTcp)?;
            internet(ether_type, packet)
        }
        Some(PacketData::L3(ether_type, packet)) => internet(ether_type, packet),
        Some(PacketData::Unsupported(_)) => Err(Other::UnknownLink(link.0)),
        Some(PacketData::L4(..)) | None => Err(Other::NotTcp),
    }
}

fn ethernet(frame: &[u8]) -> Option<(u16, &[u8])> {
    let mut rest = frame.get(12..)?;
    loop {
        let ether_type = be16(rest, 0)?;
        rest = rest.get(2..)?;
        if !VLAN_TAGS.contains(&ether_type) {
            return Some((ether_type, rest));
        }
        rest = rest.get(2..)?;
    }
}

fn internet(ether_type: u16, packet: &[u8]) -> Result<Segment<'_>, Other> {
    match ether_type {
        ETHERTYPE_IPV4 | ETHERTYPE_IPV6 => ip(packet),
        _ => Err(Other::NotTcp),
    }
}

fn ip(packet: &[u8]) -> Result<Segment<'_>, Other> {
    match packet.first().map(|byte| byte >> 4) {
        Some(4) => ipv4(packet),
        Some(6) => ipv6(packet),
        _ => Err(Other::NotTcp),
    }
}

fn ipv4(packet: &[u8]) -> Result<Segment<'_>, Other> {
    let header = packet.first_chunk::<20>().ok_or(Other::NotTcp)?;
    let [first, _, total_high, total_low, _, _, fragment_high, fragment_low, _, protocol, _, _, ..] =
        *header;
    if protocol != TCP {
        return Err(Other::NotTcp);
    }
    // All but the bit that forbids fragments: more of them follow, or this is not the first.
    if fragment_high & 0x3f != 0 || fragment_low != 0 {
        return Err(Other::Fragment);
    }
    let [.., a, b, c, d, e, f, g, h] = *header;
    let header_len = usize::from(first & 0x0f) * 4;
    let total = match u16::from_be_bytes([total_high, total_low]) {
        // The network card cuts the packet up later, so it has no length yet.
        0 => packet.len(),
        total => usize::from(total).min(packet.len()),
    };
    let payload = packet.get(header_len..total).ok_or(Other::NotTcp)?;
    tcp([a, b, c, d].into(), [e, f, g, h].into(), payload).ok_or(Other::NotTcp)
}

fn ipv6(packet: &[u8]) -> Result<Segment<'_>, Other> {
    let header = packet.first_chunk::<40>().ok_or(Other::NotTcp)?;
    let address = |at: usize| -> Option<IpAddr> {
        let bytes = header.get(at..)?.first_chunk::<16>()?;
        Some(IpAddr::from(*bytes))
    };
    let (source, target) = address(8).zip(address(24)).ok_or(Other::NotTcp)?;
    let [_, _, _, _, len_high, len_low, mut next, ..] = *header;
    let mut rest = packet.get(40..).unwrap_or_default();
    match u16::from_be_bytes([len_high, len_low]) {
        0 => {}
        len => rest = rest.get(..usize::from(len)).unwrap_or(rest),
    }
    loop {
        match (next, rest) {
            (TCP, _) => return tcp(source, target, rest).ok_or(Other::NotTcp),
            (44, _) => return Err(Other::Fragment),
            // Hop by hop, routing, destination options.
            (0 | 43 | 60, [after, len, ..]) => {
                next = *after;
                let len = usize::from(*len) * 8 + 8;
                rest = rest.get(len..).ok_or(Other::NotTcp)?;
            }
            _ => return Err(Other::NotTcp),
        }
    }
}

fn tcp(source: IpAddr, target: IpAddr, segment: &[u8]) -> Option<Segment<'_>> {
    let header = segment.first_chunk::<20>()?;
    let [_, _, _, _, a, b, c, d, _, _, _, _, data_offset, flags, ..] = *header;
    Some(Segment {
        source: SocketAddr::new(source, be16(segment, 0)?),
        target: SocketAddr::new(target, be16(segment, 2)?),
        sequence: u32::from_be_bytes([a, b, c, d]),
        fin: flags & 0x01 != 0,
        syn: flags & 0x02 != 0,
        rst: flags & 0x04 != 0,
        ack: flags & 0x10 != 0,
        payload: segment.get(usize::from(data_offset >> 4) * 4..)?,
    })
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes))
}
