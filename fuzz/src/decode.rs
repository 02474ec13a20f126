//! Any bytes, every version and strictness: the verdict is that of the model, reading in parts and
//! explaining agree with reading, and nothing is moved that was not read.

use super::model::{Rules, complete, remaining_length};
use mqtt_pure::{DecodeOptions, Packet, Split, Strictness, Version, Versions, explain, split};

pub const PROFILES: [Strictness; 3] =
    [Strictness::DEFAULT, Strictness::STRICT, Strictness::TOLERANT];

/// The versions of which there is a model.
pub const MODELLED: [Version; 2] = [Version::V3_1, Version::V3_1_1];

/// The options of a decoder of these versions.
pub fn options(version: Version) -> DecodeOptions {
    DecodeOptions::new(version).with_versions(Versions::ALL.without(Version::V5_0))
}

/// The size limits of the trials: the default, and one that short inputs exceed.
const LIMITS: [u32; 2] = [1_048_576, 40];

pub fn decode(data: &[u8]) {
    for version in MODELLED {
        for strictness in PROFILES {
            for limit in LIMITS {
                let options = options(version).with_strictness(strictness);
                check(data, options.with_max_packet_size(limit));
            }
        }
    }
}

/// Holds reading these bytes against the model and against its siblings.
pub fn check(data: &[u8], options: DecodeOptions) {
    let mut input = data;
    let read = Packet::read(&mut input, options);
    let audit = explain(data, options);
    let parts = split(data, options);
    let model = complete(data, Rules::new(options));
    assert_eq!(audit.packet.is_some(), matches!(read, Ok(Some(_))), "{audit:?}");
    assert!(audit.len <= data.len());
    match read {
        Ok(Some(packet)) => {
            let len = data.len() - input.len();
            assert_eq!(&data[len..], input);
            assert_eq!(model.as_deref(), Some(&data[..len]), "the model refuses {packet:?}");
            let Ok(Split::Whole(frame)) = parts else { panic!("{parts:?} of {packet:?}") };
            assert_eq!((frame.packet_len(), frame.packet_type()), (len, packet.packet_type()));
            assert_eq!(
                (frame.first_byte(), frame.body().as_ptr_range().end),
                (data[0], input.as_ptr())
            );
            assert_eq!(Packet::decode(frame, options), Ok(packet));
            assert_eq!((audit.packet, audit.missing, audit.len), (Some(packet), 0, len));
            assert!(audit.violations.is_empty(), "{audit:?}");
            let spans: usize = audit.fields.iter().map(|field| field.span.len()).sum();
            assert_eq!(spans, len, "the fields leave bytes out: {audit:?}");
        }
        Ok(None) => {
            assert_eq!(input, data);
            let Ok(Split::NeedMore(missing)) = parts else { panic!("{parts:?} but need more") };
            assert!(missing > 0);
            assert_eq!(audit.missing, missing);
            assert!(audit.violations.is_empty(), "{audit:?}");
            if let Some(whole) = model {
                assert!(whole.starts_with(data) && whole.len() >= data.len() + missing);
                let mut input = &whole[..];
                let packet = Packet::read(&mut input, options);
                assert!(matches!(packet, Ok(Some(_))), "{packet:?} of {whole:02x?}");
                assert_eq!(input, b"");
            } else {
                // Lengths are judged when they are whole, a client identifier that is to be
                // refused is read because the server has an answer to it, and a CONNACK of three
                // bytes because it may be a refusal by 5.0.
                let length = remaining_length(&data[1..]);
                let is_connack_of_5_0 = data[0] >> 4 == 2
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
                assert!(
                    is_open || answer.is_some() || is_half(),
                    "nothing makes {data:02x?} a packet"
                );
            }
        }
        Err(error) => {
            assert_eq!(input, data);
            assert_eq!(model, None, "refused: {error}");
            let end = packet_end(data).unwrap_or(data.len()).max(data.len());
            let offset = usize::try_from(error.offset()).unwrap();
            assert!(offset <= end, "{error} is past the packet of {end} bytes");
            assert!(
                audit.violations.iter().any(|v| v.kind() == error.kind()),
                "{error}: {audit:?}"
            );
            if let Err(early) = parts {
                assert_eq!(early, error);
            }
            let _ = (error.to_string(), format!("{error:?} {audit:?}"));
        }
    }
}

/// Where the packet at the front ends, going by its Remaining Length.
fn packet_end(data: &[u8]) -> Option<usize> {
    let (len, bytes) = remaining_length(data.get(1..)?)?;
    Some(1 + bytes + len)
}
