//! Checks one case in every way in which its bytes can arrive. Knows no file.

use crate::{
    case::{Case, Verdict, text},
    json::{packet_to_json, with_packet},
};
use mqtt_pure::{
    DecodeError, DecodeOptions, Field, Packet, Split, StreamDecoder, StreamItem, Strictness,
    Version, split,
};
use serde_json::{Value, json};

/// A packet that may follow any other, in both directions.
const NEXT: &[u8] = &[0x40, 0x02, 0x00, 0x01];

/// Up to this size every cut is tried, which costs the square of it.
const SMALL: usize = 1024;
/// Up to this size bytes are fed one at a time.
const MEDIUM: usize = 1 << 19;

type Outcome = Result<(), String>;

macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(format!($($message)*));
        }
    };
}

pub fn check(case: &Case) -> Outcome {
    let bytes = case.bytes();
    let options = case.options();
    match case.verdict {
        Verdict::Valid => {
            check_accepted(case, &bytes, options)?;
            if case.json["options"]["strictness"].is_null() {
                // What the standard settles is not open to rules. A retry of 3.1 is refused by the
                // rule that asks for the bits of 3.1.1.
                check_read(case, &bytes, options.with_strictness(Strictness::TOLERANT))?;
                if !case.has_flag("RetryIn31") {
                    check_read(case, &bytes, options.with_strictness(Strictness::STRICT))?;
                }
            }
            Ok(())
        }
        Verdict::Acceptable => check_choice(case, &bytes, options),
        Verdict::Invalid => {
            check_refused(case, &bytes, options)?;
            if case.json["options"]["strictness"].is_null() {
                let error = read(&bytes, options.with_strictness(Strictness::STRICT)).err();
                ensure!(error.is_some(), "accepted by the strictest decoder");
            }
            Ok(())
        }
        Verdict::Incomplete => check_incomplete(case, &bytes, options),
    }
}

fn check_choice(case: &Case, bytes: &[u8], options: DecodeOptions) -> Outcome {
    let rule = case.rule();
    let with = |strictness| options.with_strictness(strictness);
    let accepting = with(Strictness::DEFAULT.accept(rule));
    let refusing = with(Strictness::DEFAULT.refuse(rule));
    check_accepted(case, bytes, accepting).map_err(|why| format!("{rule:?} accepted: {why}"))?;
    check_refused(case, bytes, refusing).map_err(|why| format!("{rule:?} refused: {why}"))?;
    check_read(case, bytes, with(Strictness::TOLERANT))
        .map_err(|why| format!("tolerant: {why}"))?;
    let code = read(bytes, with(Strictness::STRICT)).err().map(|error| error.code());
    let is_expected = code.is_some_and(|code| case.codes().iter().any(|known| known == code));
    ensure!(is_expected, "strict: {code:?}");
    match text(&case.json["choice"]["default"]).as_str() {
        "accept" => check_read(case, bytes, options).map_err(|why| format!("by default: {why}")),
        "refuse" => check_refused(case, bytes, options).map_err(|why| format!("by default: {why}")),
        other => Err(format!("choice.default: {other}")),
    }
}

fn read(mut bytes: &[u8], options: DecodeOptions) -> Result<Option<Packet<'_>>, DecodeError> {
    Packet::read(&mut bytes, options)
}

/// Whether this is the packet of the case.
fn compare(case: &Case, packet: &Packet<'_>) -> Outcome {
    let (expected, expected_payload) = case.packet();
    let mut without_payload = *packet;
    let mut payload: &[u8] = &[];
    if let Packet::Publish(publish) = &mut without_payload {
        payload = publish.payload;
        publish.payload = &[];
    }
    let found = packet_to_json(&without_payload, case.version);
    ensure!(found == expected, "the packet is {found}, not {expected}");
    ensure!(payload == expected_payload, "the payload differs");
    Ok(())
}

fn check_read(case: &Case, bytes: &[u8], options: DecodeOptions) -> Outcome {
    match read(bytes, options) {
        Ok(Some(packet)) => compare(case, &packet),
        Ok(None) => Err("incomplete".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn check_accepted(case: &Case, bytes: &[u8], options: DecodeOptions) -> Outcome {
    ensure!(case.json["consumed"] == bytes.len(), "consumed is not the number of bytes");
    let mut input = bytes;
    let packet = match Packet::read(&mut input, options) {
        Ok(Some(packet)) => packet,
        Ok(None) => return Err("read: incomplete".to_owned()),
        Err(error) => return Err(format!("read: {error}")),
    };
    ensure!(input.is_empty(), "read: {} bytes are left", input.len());
    compare(case, &packet)?;

    let Ok(Split::Whole(frame)) = split(bytes, options) else {
        return Err("split: not whole".to_owned());
    };
    ensure!(frame.packet_len() == bytes.len(), "split: {} bytes", frame.packet_len());
    ensure!(frame.packet_type() == packet.packet_type(), "split: another type");
    ensure!(Packet::decode(frame, options) == Ok(packet), "split and decode: another packet");

    check_prefixes_wait(bytes, options)?;
    check_accepted_in_pieces(bytes, &packet, options)?;
    check_encoded(case, bytes, &packet, options)
}

fn check_prefixes_wait(bytes: &[u8], options: DecodeOptions) -> Outcome {
    for cut in cuts(bytes.len(), 0) {
        let (prefix, missing) = (&bytes[..cut], bytes.len() - cut);
        match split(prefix, options) {
            Ok(Split::NeedMore(need)) => {
                ensure!((1..=missing).contains(&need), "{need} of {missing} missing at cut {cut}");
            }
            other => return Err(format!("split of the first {cut} bytes: {other:?}")),
        }
        let verdict = read(prefix, options);
        ensure!(verdict == Ok(None), "the first {cut} bytes: {verdict:?}");
    }
    Ok(())
}

/// Feeds the packet and one more in several ways; both have to come out as they are.
fn check_accepted_in_pieces(bytes: &[u8], packet: &Packet<'_>, options: DecodeOptions) -> Outcome {
    let is_huge = bytes.len() > 1 << 24;
    let with_next = if is_huge { bytes.to_vec() } else { [bytes, NEXT].concat() };
    let mut input = &with_next[..];
    ensure!(Packet::read(&mut input, options) == Ok(Some(*packet)), "another one if one follows");
    ensure!(is_huge || input == NEXT, "{} bytes are left for the next packet", input.len());

    for pieces in chunkings(&with_next, bytes.len()) {
        let mut decoder = StreamDecoder::new(options);
        let mut found = 0;
        for piece in &pieces {
            let mut feed = decoder.feed(piece);
            loop {
                match (feed.next(), found) {
                    (Ok(None), _) => break,
                    (Ok(Some(StreamItem::Packet(first))), 0) if first == *packet => found = 1,
                    (Ok(Some(StreamItem::Packet(Packet::Puback(_)))), 1) => found = 2,
                    (other, _) => {
                        let (first, count) = (pieces[0].len(), pieces.len());
                        let what = format!("{other:?}").chars().take(300).collect::<String>();
                        return Err(format!("{count} pieces, the first of {first}: {what}"));
                    }
                }
            }
        }
        ensure!(found == if is_huge { 1 } else { 2 }, "{} pieces: {found} packets", pieces.len());
        ensure!(decoder.buffered() == 0, "{} bytes are held", decoder.buffered());
    }
    Ok(())
}

fn check_encoded(
    case: &Case,
    bytes: &[u8],
    packet: &Packet<'_>,
    options: DecodeOptions,
) -> Outcome {
    let encode = |packet: &Packet<'_>| {
        let mut encoded = Vec::new();
        packet.encode(case.version, &mut encoded).map_err(|error| format!("encode: {error}"))?;
        let len = packet.encoded_len(case.version);
        ensure_len(len, encoded.len())?;
        Ok::<_, String>(encoded)
    };
    if case.has_flag("DecodeOnly") {
        // Such as an AUTH of length 0, which 5.0 allows in one place and forbids in another: it may
        // be read and is never written.
        let written = encode(packet);
        ensure!(written.is_err(), "it is to be read only, and was encoded as {written:?}");
        return Ok(());
    }
    let encoded = encode(packet)?;
    if case.is_canonical() {
        ensure!(encoded == bytes, "encoded as {}", short_hex(&encoded));
    }
    let again = read(&encoded, options);
    ensure!(
        again == Ok(Some(*packet)),
        "encoded as {}, which is another packet",
        short_hex(&encoded)
    );
    if bytes.len() > 1 << 20 {
        return Ok(());
    }
    let (mut json, payload) = case.packet();
    if json["type"] == "publish" {
        json["payload"] = json!(hex::encode(payload));
    }
    let from_json = with_packet(&json, case.version, encode)??;
    if case.is_canonical() || case.version != Version::V5_0 {
        ensure!(from_json == encoded, "encoded from JSON as {}", short_hex(&from_json));
        return Ok(());
    }
    // In JSON the order of properties is lost.
    match read(&from_json, options) {
        Ok(Some(packet)) => compare(case, &packet),
        other => Err(format!("encoded from JSON as {}: {other:?}", short_hex(&from_json))),
    }
}

fn ensure_len(len: Result<usize, mqtt_pure::EncodeError>, actual: usize) -> Outcome {
    ensure!(len == Ok(actual), "encoded_len is {len:?}, {actual} bytes were written");
    Ok(())
}

fn check_refused(case: &Case, bytes: &[u8], options: DecodeOptions) -> Outcome {
    let codes = case.codes();
    let is_expected = |error: &DecodeError| codes.iter().any(|code| code == error.code());
    let mut input = bytes;
    let error = match Packet::read(&mut input, options) {
        Err(error) => error,
        Ok(None) => return Err("read: incomplete".to_owned()),
        Ok(Some(packet)) => {
            return Err(format!("read: {}", packet_to_json(&packet, case.version)));
        }
    };
    ensure!(is_expected(&error), "{error}: the code is {}, not {codes:?}", error.code());
    ensure!(input.len() == bytes.len(), "the input has moved");
    let by_parts = match split(bytes, options) {
        Ok(Split::Whole(frame)) => Packet::decode(frame, options).err(),
        // Only reading looks into a packet that is not whole.
        Ok(Split::NeedMore(_)) if case.has_flag("EarlyVerdict") => Some(error),
        Ok(Split::NeedMore(_)) => None,
        Err(error) => Some(error),
    };
    ensure!(by_parts == Some(error), "split and decode: {by_parts:?}");
    check_error(case, bytes, &error)?;

    let with_next = [bytes, NEXT].concat();
    let followed = read(&with_next, options);
    ensure!(followed == Err(error), "{followed:?} if a packet follows, not {error:?}");
    for cut in cuts(bytes.len(), 0) {
        match read(&bytes[..cut], options) {
            Ok(None) => {}
            Err(early) if early == error => {}
            other => return Err(format!("the first {cut} bytes: {other:?}")),
        }
    }
    for pieces in chunkings(&with_next, bytes.len()) {
        let refused = refusal(&pieces, options);
        ensure!(
            refused == Ok(error),
            "{} pieces, the first of {}: {refused:?}",
            pieces.len(),
            pieces[0].len()
        );
    }
    Ok(())
}

/// Whether the version has a field of this name.
const fn has_field(version: Version, field: Field) -> bool {
    let is_5_0 = matches!(version, Version::V5_0);
    match field {
        Field::ReturnCode | Field::RequestedQos => !is_5_0,
        Field::ReasonCode
        | Field::SubscriptionOptions
        | Field::Properties
        | Field::PropertyLength
        | Field::WillPropertyLength
        | Field::Property(_) => is_5_0,
        _ => true,
    }
}

/// What the error says besides its code.
fn check_error(case: &Case, bytes: &[u8], error: &DecodeError) -> Outcome {
    if !case.has_flag("EarlyVerdict") {
        let offset = usize::try_from(error.offset()).expect("offset");
        ensure!(offset <= bytes.len(), "{error}: the offset is outside");
    }
    let (version, field) = (error.version(), error.field());
    ensure!(has_field(version, field), "{error}: {field:?} is no field of {version}");
    let refs = case.refs();
    if let Some(statement) = error.statement()
        && !refs.is_empty()
    {
        ensure!(refs.iter().any(|id| id == statement), "{error}: the references are {refs:?}");
    }
    if let Some(expected) = case.json.get("v5_reason") {
        let reason = json!(format!("0x{:02x}", error.reason_code().get()));
        ensure!(reason == *expected, "the reason code is {reason}, not {expected}");
    }
    if let Some(expected) = case.json.get("connack") {
        let code = error.return_code().map(mqtt_pure::ConnectReturnCode::get);
        ensure!(json!(code) == *expected, "the return code is {code:?}, not {expected}");
    }
    Ok(())
}

/// The error of a stream, which has to stay the same afterwards.
fn refusal(pieces: &[&[u8]], options: DecodeOptions) -> Result<DecodeError, String> {
    let mut decoder = StreamDecoder::new(options);
    for piece in pieces {
        let first = match decoder.feed(piece).next() {
            Ok(None) => continue,
            Ok(Some(item)) => return Err(format!("{item:?}")),
            Err(error) => error,
        };
        ensure_poisoned(&mut decoder, first)?;
        return Ok(first);
    }
    Err("no error".to_owned())
}

fn ensure_poisoned(decoder: &mut StreamDecoder, first: DecodeError) -> Outcome {
    let second = decoder.feed(NEXT).next().map(|item| format!("{item:?}"));
    ensure!(second == Err(first), "{second:?} after {first:?}");
    Ok(())
}

fn check_incomplete(case: &Case, bytes: &[u8], options: DecodeOptions) -> Outcome {
    let verdict = read(bytes, options);
    ensure!(verdict == Ok(None), "{verdict:?}");
    let need = match split(bytes, options) {
        Ok(Split::NeedMore(need)) => json!(need),
        other => return Err(format!("split: {other:?}")),
    };
    let expected = &case.json["need"];
    ensure!(*expected == Value::Null || need == *expected, "needs {need}, not {expected}");
    for pieces in chunkings(bytes, bytes.len()) {
        let mut decoder = StreamDecoder::new(options);
        for piece in pieces {
            let item = decoder.feed(piece).next().map(|item| item.map(|item| format!("{item:?}")));
            ensure!(item == Ok(None), "stream: {item:?}");
        }
        ensure!(decoder.buffered() == bytes.len(), "{} bytes are held", decoder.buffered());
    }
    Ok(())
}

/// Where to cut `len` bytes: everywhere, or for many bytes at places that matter.
fn cuts(len: usize, first: usize) -> Vec<usize> {
    if len <= SMALL {
        return (first..len).collect();
    }
    let near_start = first..12;
    let rest = [len / 3, len / 2, len - 3, len - 2, len - 1];
    if len > 1 << 24 { vec![5, len - 1] } else { near_start.chain(rest).collect() }
}

/// Ways to cut the bytes: not at all, in two at every place, byte by byte. `len` is the size of the
/// first packet.
fn chunkings(bytes: &[u8], len: usize) -> Vec<Vec<&[u8]>> {
    let mut ways = vec![vec![bytes]];
    ways.extend(cuts(len + 1, 1).into_iter().map(|cut| {
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        vec![first, second]
    }));
    let step = if bytes.len() <= MEDIUM { 1 } else { 1 << 16 };
    if bytes.len() <= 1 << 24 {
        ways.push(bytes.chunks(step).collect());
    }
    ways
}

fn short_hex(bytes: &[u8]) -> String {
    let end = bytes.len().min(64);
    format!("{} ({} bytes)", hex::encode(&bytes[..end]), bytes.len())
}
