//! Decodes and encodes every packet type of all versions, as firmware would: what the peer sent is
//! unknown to the compiler, and so is whether anyone looks at the answer.

#![no_std]
#![no_main]

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::asm,
    cell::UnsafeCell,
    hint::black_box,
    panic::PanicInfo,
    ptr,
};
use mqtt_pure::{
    Auth, Binary, Connack, Connect, ConnectReturnCode, DecodeOptions, Delivery, Disconnect, Packet,
    PacketId, Pingreq, Pingresp, Properties, Property, Puback, Pubcomp, Publish, Pubrec, Pubrel,
    QoS, ReasonCode, StreamDecoder, StreamItem, Suback, Subscribe, Subscription, Text, TopicFilter,
    TopicName, Unsuback, Unsubscribe, UserProperty, Version, Will,
};

const HEAP: usize = 16 * 1024;

/// Hands out memory from one end to the other and takes none back.
struct Bump(UnsafeCell<([u8; HEAP], usize)>);

// There is one thread.
unsafe impl Sync for Bump {}

unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (heap, used) = unsafe { &mut *self.0.get() };
        let start = used.next_multiple_of(layout.align());
        match heap.get_mut(start..start + layout.size()) {
            Some(place) => {
                *used = start + layout.size();
                place.as_mut_ptr()
            }
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Bump = Bump(UnsafeCell::new(([0; HEAP], 0)));

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(false)
}

/// Ends an emulator by semihosting; a debugger stops here.
fn exit(is_right: bool) -> ! {
    let reason: u32 = if is_right { 0x20026 } else { 0x20023 };
    unsafe { asm!("bkpt 0xab", in("r0") 0x18, in("r1") reason) };
    loop {}
}

/// The packet that 3.1 has in another form.
const RECEIVED_3_1: [&[u8]; 1] = [b"\x10\x10\0\x06MQIsdp\x03\x02\0\x3c\0\x02c1"];

/// One packet of each type, of 3.1.1.
const RECEIVED: [&[u8]; 14] = [
    b"\x10\x1c\0\x04MQTT\x04\xce\0\x0a\0\x02c1\0\x01w\0\x03bye\0\x01u\0\x01p",
    b"\x20\x02\x01\0",
    b"\x3d\x09\0\x03a/b\0\x0ahi",
    b"\x40\x02\0\x0a",
    b"\x50\x02\0\x0a",
    b"\x62\x02\0\x0a",
    b"\x70\x02\0\x0a",
    b"\x82\x0e\0\x0a\0\x03a/b\x01\0\x03c/d\x02",
    b"\x90\x05\0\x0a\0\x02\x80",
    b"\xa2\x0c\0\x0a\0\x03a/b\0\x03c/d",
    b"\xb0\x02\0\x0a",
    b"\xc0\0",
    b"\xd0\0",
    b"\xe0\0",
];

/// The same of 5.0.
const RECEIVED_5_0: [&[u8]; 15] = [
    b"\x10\x28\0\x04MQTT\x05\xc6\0\x3c\x05\x11\0\0\0\x0a\0\x02c1\x05\x18\0\0\0\x05\0\x01w\0\x03bye\0\x01u\0\x01p",
    b"\x20\x06\0\0\x03\x21\0\x14",
    b"\x32\x16\0\x03a/b\0\x0a\x0c\x02\0\0\0\x3c\x26\0\x01k\0\x01vhi",
    b"\x40\x03\0\x0a\x87",
    b"\x50\x0a\0\x0a\x80\x06\x1f\0\x03why",
    b"\x62\x03\0\x0a\x92",
    b"\x70\x02\0\x0a",
    b"\x82\x0b\0\x0a\x02\x0b\x01\0\x03a/b\x2d",
    b"\x90\x05\0\x0a\0\x01\x87",
    b"\xa2\x08\0\x0a\0\0\x03a/b",
    b"\xb0\x04\0\x0a\0\x11",
    b"\xc0\0",
    b"\xd0\0",
    b"\xe0\x01\x82",
    b"\xf0\x15\x18\x13\x15\0\x0bSCRAM-SHA-1\x16\0\x02\x01\x02",
];

/// Reads each packet and writes it again: it has to be the same bytes.
fn rewrite(received: &[&[u8]], version: Version) -> bool {
    let options = black_box(DecodeOptions::new(version));
    received.iter().all(|bytes| {
        let mut input = black_box(*bytes);
        let mut buffer = [0; 64];
        let written = match Packet::read(&mut input, options) {
            Ok(Some(packet)) => {
                if let Packet::Publish(publish) = &packet {
                    publish.properties.iter().for_each(|property| {
                        black_box(property);
                    });
                }
                packet.encode_to_slice(version, &mut buffer).ok()
            }
            Ok(None) => None,
            Err(error) => {
                // What would be reported.
                black_box((error.code(), error.statement(), error.offset()));
                None
            }
        };
        written.is_some_and(|len| black_box(&buffer[..len]) == *bytes)
    })
}

/// Feeds all of it byte by byte.
fn stream(received: &[&[u8]], types: u32) -> bool {
    let mut decoder = StreamDecoder::new(black_box(DecodeOptions::default()));
    let mut count = 0;
    for byte in received.iter().copied().flatten() {
        let chunk = [black_box(*byte)];
        let mut feed = decoder.feed(&chunk);
        loop {
            match feed.next() {
                Ok(Some(StreamItem::Packet(packet))) => {
                    count += u32::from(packet.packet_type().number())
                }
                Ok(Some(_)) | Err(_) => return false,
                Ok(None) => break,
            }
        }
    }
    count == types
}

/// Writes each packet from values.
fn compose() -> Option<usize> {
    let id = PacketId::new(black_box(10))?;
    let topic = TopicName::new(black_box("a/b")).ok()?;
    let filter = TopicFilter::new(black_box("a/+")).ok()?;
    let mut connect = Connect::new(black_box(Version::V3_1), Text::new(black_box("c1")).ok()?);
    connect.user_name = Some(Text::new(black_box("u")).ok()?);
    connect.password = Some(Binary::new(black_box(b"p")).ok()?);
    connect.will = Some(Will {
        topic,
        payload: Binary::new(black_box(b"bye")).ok()?,
        qos: QoS::AtLeastOnce,
        retain: true,
        properties: Default::default(),
    });
    let mut publish = Publish::new(topic, black_box(b"hi"));
    publish.delivery = Delivery::ExactlyOnce { packet_id: id, dup: black_box(false) };
    let subscriptions = [Subscription::new(filter, black_box(QoS::ExactlyOnce))];
    let codes = [black_box(ReasonCode::GRANTED_QOS_2)];
    let filters = [filter];
    let packets = [
        Packet::Connect(connect),
        Packet::Connack(Connack::new(black_box(ConnectReturnCode::NotAuthorized))),
        Packet::Publish(publish),
        Packet::Puback(Puback::new(id)),
        Packet::Pubrec(Pubrec::new(id)),
        Packet::Pubrel(Pubrel::new(id)),
        Packet::Pubcomp(Pubcomp::new(id)),
        Packet::Subscribe(Subscribe::new(id, &subscriptions)),
        Packet::Suback(Suback::new(id, &codes)),
        Packet::Unsubscribe(Unsubscribe::new(id, &filters)),
        Packet::Unsuback(Unsuback::new(id)),
        Packet::Pingreq(Pingreq),
        Packet::Pingresp(Pingresp),
        Packet::Disconnect(Disconnect::new()),
    ];
    let mut buffer = [0; 512];
    let mut out = &mut buffer[..];
    for packet in black_box(&packets) {
        packet.encode(black_box(Version::V3_1_1), &mut out).ok()?;
    }
    let values = [
        black_box(Property::AuthenticationMethod(Text::new("SCRAM-SHA-1").ok()?)),
        Property::UserProperty(UserProperty::new(Text::new("k").ok()?, Text::new("v").ok()?)),
    ];
    let properties = Properties::from(black_box(&values));
    let mut connect = Connect::new(Version::V5_0, connect.client_id);
    connect.properties = properties;
    connect.encode(black_box(Version::V5_0), &mut out).ok()?;
    let auth = Auth::new(black_box(ReasonCode::CONTINUE_AUTHENTICATION), properties);
    Packet::Auth(auth).encode(black_box(Version::V5_0), &mut out).ok()?;
    let mut header = &mut out[..];
    publish.encode_header(black_box(Version::V3_1_1), 1000, &mut header).ok()?;
    let left = header.len();
    black_box(&buffer);
    Some(512 - left)
}

#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let types = (1..=14).sum::<u32>();
    let is_right = rewrite(&RECEIVED_3_1, Version::V3_1)
        && rewrite(&RECEIVED, Version::V3_1_1)
        && rewrite(&RECEIVED_5_0, Version::V5_0)
        && stream(&RECEIVED, types)
        && stream(&RECEIVED_5_0, types + 15);
    exit(is_right && compose().is_some_and(|len| len > 150))
}
