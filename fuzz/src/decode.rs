//! Any bytes, every version and strictness: the verdict is that of the model, reading in parts and
//! explaining agree with reading, and nothing is moved that was not read.

use super::model::{Rules, complete, remaining_length};
use mqtt_pure::{
    DecodeError, DecodeOptions, Explanation, Packet, Role, Split, Strictness, Version, explain,
    split,
};

pub const PROFILES: [Strictness; 3] =
    [Strictness::DEFAULT, Strictness::STRICT, Strictness::TOLERANT];

/// Whose packets are taken.
pub const SENDERS: [Option<Role>; 3] = [None, Some(Role::Client), Some(Role::Server)];

/// How much of a packet is looked at when it is cut everywhere.
const LONGEST_CUT: usize = 300;

pub fn decode(data: &[u8]) {
    for version in Version::ALL {
        for strictness in PROFILES {
            for sender in SENDERS {
                let mut options = DecodeOptions::new(version).with_strictness(strictness);
                options.sender = sender;
                check(data, options);
            }
        }
        // Limits that short inputs exceed.
        let options = DecodeOptions::new(version).with_max_packet_size(40);
        check(data, options.with_max_user_properties(1));
    }
}

/// Holds reading these bytes against the model and against its siblings.
pub fn check(data: &[u8], options: DecodeOptions) {
    let mut input = data;
    let read = Packet::read(&mut input, options);
    let audit = explain(data, options);
    let model = complete(data, Rules::new(options));
    assert_eq!(audit.packet.is_some(), matches!(read, Ok(Some(_))), "{audit:?}");
    assert!(audit.len <= data.len());
    match read {
        Ok(Some(packet)) => {
            let len = data.len() - input.len();
            assert_eq!(&data[len..], input);
            assert_eq!(model.as_deref(), Some(&data[..len]), "the model refuses {packet:?}");
            check_packet(&data[..len], packet, &audit, options);
        }
        Ok(None) => {
            assert_eq!(input, data);
            check_part(data, model.as_deref(), &audit, options);
        }
        Err(error) => {
            assert_eq!(input, data);
            assert_eq!(model, None, "refused: {error}");
            check_error(data, error, &audit, options);
        }
    }
}

/// Whatever reads a packet reads the same.
fn check_packet(data: &[u8], packet: Packet<'_>, audit: &Explanation<'_>, options: DecodeOptions) {
    let parts = split(data, options);
    let Ok(Split::Whole(frame)) = parts else { panic!("{parts:?} of {packet:?}") };
    assert_eq!((frame.packet_len(), frame.packet_type()), (data.len(), packet.packet_type()));
    let end = data.as_ptr_range().end;
    assert_eq!((frame.first_byte(), frame.body().as_ptr_range().end), (data[0], end));
    assert_eq!(Packet::decode(frame, options), Ok(packet));
    assert_eq!((audit.packet, audit.missing, audit.len), (Some(packet), 0, data.len()));
    assert!(audit.violations.is_empty(), "{audit:?}");
    let spans: usize = audit.fields.iter().map(|field| field.span.len()).sum();
    assert_eq!(spans, data.len(), "the fields leave bytes out: {audit:?}");
    if options.strictness == Strictness::DEFAULT && options.sender.is_none() {
        for len in 0..data.len().min(LONGEST_CUT) {
            let read = Packet::read(&mut &data[..len], options);
            assert_eq!(read, Ok(None), "of {len} bytes of {data:02x?}");
        }
    }
}

/// What waits for more bytes can become a packet, and what the model completes becomes one.
///
/// It may wait for longer than need be in these cases. Lengths are judged when they are whole: of
/// packets, fields and properties. Whether properties fill their block, and whether those are among
/// them that must be, is judged as they come. A client identifier that is to be refused is read
/// because the server has an answer to it, and a CONNACK of three bytes because it may be a refusal
/// by 5.0. Not looked at are large packets, of which the model finds no end in reasonable time.
fn check_part(data: &[u8], model: Option<&[u8]>, audit: &Explanation<'_>, options: DecodeOptions) {
    let parts = split(data, options);
    let Ok(Split::NeedMore(missing)) = parts else { panic!("{parts:?} but need more") };
    assert!(missing > 0);
    assert_eq!(audit.missing, missing);
    assert!(audit.violations.is_empty(), "{audit:?}");
    if let Some(whole) = model {
        assert!(whole.starts_with(data) && whole.len() >= data.len() + missing);
        let mut input = whole;
        let packet = Packet::read(&mut input, options);
        assert!(matches!(packet, Ok(Some(_))), "{packet:?} of {whole:02x?}");
        assert_eq!(input, b"");
        return;
    }
    let length = remaining_length(&data[1..]);
    let is_connack_of_5_0 = data[0] >> 4 == 2
        && options.version != Version::V5_0
        && length.is_some_and(|(len, bytes)| len == 3 && data.len() < 1 + bytes + 2);
    // The model fills one field at most, of which the largest has 65,535 bytes.
    let is_large = length.is_some_and(|(len, _)| len > 65_000);
    let is_half = || {
        (0..=u8::MAX).all(|low| {
            let longer = [data, &[low]].concat();
            Packet::read(&mut &longer[..], options).is_err()
        })
    };
    let is_open = length.is_none() && data.len() <= 4 || is_connack_of_5_0 || is_large;
    let answer = complete(data, Rules::new(options).waiting());
    assert!(is_open || answer.is_some() || is_half(), "nothing makes {data:02x?} a packet");
}

/// An error is the same whoever finds it, and lies within the packet.
fn check_error(data: &[u8], error: DecodeError, audit: &Explanation<'_>, options: DecodeOptions) {
    let end = packet_end(data).unwrap_or(data.len()).max(data.len());
    let offset = usize::try_from(error.offset()).unwrap();
    assert!(offset <= end, "{error} is past the packet of {end} bytes");
    assert!(audit.violations.iter().any(|v| v.kind() == error.kind()), "{error}: {audit:?}");
    match split(data, options) {
        Ok(Split::Whole(frame)) => assert_eq!(Packet::decode(frame, options), Err(error)),
        // It looks at the fixed header alone.
        Ok(Split::NeedMore(missing)) => assert!(missing > 0 && data.len() < end),
        Err(early) => assert_eq!(early, error),
    }
    // That it can be shown is the same for all options.
    if options.sender.is_none() && options.strictness == Strictness::STRICT {
        let _ = (error.to_string(), format!("{error:?} {audit:?}"));
    }
}

/// Where the packet at the front ends, going by its Remaining Length.
fn packet_end(data: &[u8]) -> Option<usize> {
    let (len, bytes) = remaining_length(data.get(1..)?)?;
    Some(1 + bytes + len)
}
