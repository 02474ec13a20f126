//! A stream gives the same items and the same error however it is cut: whole packets, streamed
//! payloads, skipped giants.

use mqtt_pure::{
    DecodeOptions, Oversize, Packet, ReasonCode, Skipped, Split, StreamDecoder, StreamItem,
    Strictness, Version, split,
};

/// One thing that a stream said, free of how its payload was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Packet(String, Vec<u8>),
    Publish(String, usize),
    Payload(Vec<u8>),
    Skipped(String),
    Error(&'static str, u32),
}

/// The first byte chooses the mode, the second how many cuts there are; then come the cuts, as
/// sizes of pieces that repeat, and the stream.
pub fn chunks(data: &[u8]) {
    let [mode, count, rest @ ..] = data else { return };
    let Some((cuts, stream)) = rest.split_at_checked(usize::from(count % 8)) else { return };
    let whole = say(decoder(*mode), [stream]);
    if mode & 0x30 == 0 {
        let read = one_by_one(stream, options(*mode));
        // Of the part of a packet that a stream ends with, the stream decoder looks at every byte of
        // the first 256 only.
        let is_late = read.len() == whole.len() + 1 && stream.len() > 256;
        let known = if is_late { whole.len() } else { read.len() };
        assert_eq!(whole, read[..known], "at once, but a packet at a time");
    }
    if mode & 0x30 == 0x20 {
        check_skipped(stream, options(*mode));
    }
    let single = say(decoder(*mode), stream.chunks(1));
    assert_eq!(single, whole, "byte by byte, but at once, mode {mode:#x}");
    let mut sizes = cuts.iter().map(|cut| usize::from(*cut)).cycle();
    let mut left = stream;
    let pieces = std::iter::from_fn(|| {
        let size = sizes.next().unwrap_or(left.len()).min(left.len());
        // A size of zero is a read that brings nothing.
        let size = if cuts.iter().all(|cut| *cut == 0) { left.len() } else { size };
        let (piece, rest) = left.split_at(size);
        (!left.is_empty()).then(|| {
            left = rest;
            piece
        })
    });
    let cut = say(decoder(*mode), pieces);
    assert_eq!(cut, whole, "cut by {cuts:?}, but at once, mode {mode:#x}");
}

fn options(mode: u8) -> DecodeOptions {
    let (version, strictness) = match mode & 7 {
        0 => (Version::V3_1_1, Strictness::DEFAULT),
        1 => (Version::V3_1, Strictness::DEFAULT),
        2 => (Version::V5_0, Strictness::DEFAULT),
        3 => (Version::V5_0, Strictness::TOLERANT),
        4 => (Version::V3_1_1, Strictness::STRICT),
        5 => (Version::V3_1, Strictness::STRICT),
        6 => (Version::V3_1_1, Strictness::TOLERANT),
        _ => (Version::V3_1, Strictness::TOLERANT),
    };
    let limit = match mode >> 6 {
        0 => 1_048_576,
        1 => 12,
        2 => 24,
        _ => 100,
    };
    DecodeOptions::new(version).with_strictness(strictness).with_max_packet_size(limit)
}

fn decoder(mode: u8) -> StreamDecoder {
    let decoder = StreamDecoder::new(options(mode));
    let decoder = if mode & 0x10 == 0 {
        decoder
    } else {
        decoder.with_streaming(if mode & 8 == 0 { DecodeOptions::MAX_PACKET_SIZE } else { 60 })
    };
    if mode & 0x20 == 0 { decoder } else { decoder.with_oversize(Oversize::Skip) }
}

/// Feeds the pieces and writes down what comes out.
pub fn say<'p>(
    mut decoder: StreamDecoder,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Vec<Said> {
    let mut said = Vec::new();
    let mut fed = 0_usize;
    for piece in pieces {
        fed += piece.len();
        let mut feed = decoder.feed(piece);
        loop {
            match feed.next() {
                Ok(Some(item)) => note(&mut said, &item),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(feed.next(), Err(error), "the error is for good");
                    drop(feed);
                    assert_eq!(decoder.feed(b"\xc0\x00").next(), Err(error), "for good");
                    assert_eq!(decoder.buffered(), 0);
                    said.push(Said::Error(error.code(), error.offset()));
                    return said;
                }
            }
        }
        drop(feed);
        assert!(decoder.buffered() <= fed);
    }
    assert_eq!(decoder.feed(b"").next(), Ok(None), "nothing fed, nothing new");
    said
}

fn note(said: &mut Vec<Said>, item: &StreamItem<'_>) {
    let text = format!("{item:?}");
    said.push(match item {
        StreamItem::Packet(packet) => Said::Packet(text, encoded(packet)),
        StreamItem::Publish { publish, payload_len } => {
            assert!(publish.payload.is_empty());
            Said::Publish(format!("{publish:?}"), *payload_len)
        }
        StreamItem::Payload { bytes, left } => {
            assert!(!bytes.is_empty());
            match said.last_mut() {
                Some(Said::Payload(before)) => before.extend_from_slice(bytes),
                _ => said.push(Said::Payload(bytes.to_vec())),
            }
            let so_far = match &said[..] {
                [.., Said::Publish(_, announced), Said::Payload(payload)] => {
                    announced.checked_sub(payload.len())
                }
                _ => panic!("a payload that nobody announced: {said:?}"),
            };
            assert_eq!(so_far, Some(*left));
            return;
        }
        StreamItem::Skipped(_) => Said::Skipped(text),
        other => panic!("an item of a kind that is not known here: {other:?}"),
    });
}

/// The payload does not show in `Debug`, so the bytes are kept too.
fn encoded(packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Packet::Auth(auth) = packet
        && auth.properties.is_empty()
    {
        // The empty one is read and never written.
        assert_eq!(auth.reason, ReasonCode::SUCCESS);
        return out;
    }
    for version in Version::ALL.into_iter().rev() {
        // Session Present is the one thing that 3.1.1 can say and 3.1 cannot.
        if packet.encode(version, &mut out).is_ok() {
            return out;
        }
    }
    panic!("no version can write {packet:?}");
}

/// The same stream through `Packet::read`, with the version that a CONNECT names.
fn one_by_one(mut stream: &[u8], mut options: DecodeOptions) -> Vec<Said> {
    let mut said = Vec::new();
    loop {
        match Packet::read(&mut stream, options) {
            Ok(Some(packet)) => {
                if let Packet::Connect(connect) = &packet {
                    options.version = connect.version;
                }
                note(&mut said, &StreamItem::Packet(packet));
            }
            Ok(None) => {
                assert!(matches!(split(stream, options), Ok(Split::NeedMore(1..))));
                return said;
            }
            Err(error) => {
                said.push(Said::Error(error.code(), error.offset()));
                return said;
            }
        }
    }
}

/// What is said of packets that are skipped is what they are.
fn check_skipped(mut stream: &[u8], mut options: DecodeOptions) {
    let limit = options.max_packet_size;
    let mut decoder = StreamDecoder::new(options).with_oversize(Oversize::Skip);
    let mut feed = decoder.feed(stream);
    options.max_packet_size = DecodeOptions::MAX_PACKET_SIZE;
    while let Ok(Some(item)) = feed.next() {
        let before = stream.len();
        // Of what is skipped the rest may be anything, and end anywhere.
        let Ok(Some(packet)) = Packet::read(&mut stream, options) else { return };
        match item {
            StreamItem::Packet(same) => assert_eq!(same, packet),
            StreamItem::Skipped(skipped) => {
                let len = u32::try_from(before - stream.len()).unwrap();
                assert!(len > limit && skipped.packet_len == len, "{skipped:?} of {packet:?}");
                check_one_skipped(skipped, packet, limit, options.version);
            }
            other => panic!("neither streamed nor skipped: {other:?}"),
        }
        if let Packet::Connect(connect) = packet
            && matches!(item, StreamItem::Packet(_))
        {
            options.version = connect.version;
        }
    }
}

fn check_one_skipped(skipped: Skipped<'_>, packet: Packet<'_>, limit: u32, version: Version) {
    assert_eq!(skipped.packet_type, packet.packet_type());
    let Packet::Publish(publish) = packet else {
        let nothing = (skipped.qos, skipped.topic, skipped.topic_alias);
        assert_eq!(nothing, (None, None, None), "{packet:?}");
        return;
    };
    assert_eq!(skipped.qos, Some(publish.qos()));
    assert_eq!(skipped.packet_id, publish.packet_id());
    let topic_len = publish.topic.map_or(0, |topic| topic.as_bytes().len());
    let properties_len: usize = publish.encoded_len(Version::V5_0).unwrap() - publish.payload.len();
    // What a Remaining Length is longer than it has to be counts too.
    let len = usize::try_from(skipped.packet_len).unwrap();
    let properties_len = properties_len + len - publish.encoded_len(version).unwrap();
    let limit = usize::try_from(limit).unwrap();
    if properties_len <= limit {
        assert_eq!(
            (skipped.topic, skipped.topic_alias),
            (publish.topic, publish.properties.topic_alias())
        );
    } else if topic_len + 9 <= limit {
        assert_eq!(skipped.topic, publish.topic);
        let alias = skipped.topic_alias;
        assert!(alias.is_none() || alias == publish.properties.topic_alias());
    }
}
