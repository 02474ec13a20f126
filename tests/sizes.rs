//! Memory is a feature: the sizes of public types, and what they can be used for.

use mqtt_pure::{
    Binary, BinaryTooLong, Connack, Connect, DecodeError, DecodeOptions, Delivery, EncodeError,
    Entries, Explanation, Feed, Frame, Packet, PacketId, PacketIdZero, Puback, Publish,
    StreamDecoder, StreamItem, Strictness, Suback, Subscribe, Subscription, Text, TextError,
    TopicError, TopicFilter, TopicName, Unsubscribe, Will,
};
use std::{
    error::Error,
    panic::{RefUnwindSafe, UnwindSafe},
};

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes() {
    let sizes = [
        ("Packet", size_of::<Packet<'_>>(), 136),
        ("a read packet", size_of::<Result<Option<Packet<'_>>, DecodeError>>(), 136),
        ("Publish", size_of::<Publish<'_>>(), 56),
        ("Connect", size_of::<Connect<'_>>(), 136),
        ("Will", size_of::<Will<'_>>(), 56),
        ("Subscribe", size_of::<Subscribe<'_>>(), 48),
        ("Suback", size_of::<Suback<'_>>(), 48),
        ("Unsubscribe", size_of::<Unsubscribe<'_>>(), 48),
        ("Puback", size_of::<Puback<'_>>(), 24),
        ("Connack", size_of::<Connack<'_>>(), 24),
        ("DecodeError", size_of::<DecodeError>(), 12),
        ("EncodeError", size_of::<EncodeError>(), 24),
        ("DecodeOptions", size_of::<DecodeOptions>(), 8),
        ("Strictness", size_of::<Strictness>(), 1),
        ("Delivery", size_of::<Delivery>(), 6),
        ("no PacketId", size_of::<Option<PacketId>>(), 2),
        ("Text", size_of::<Text<'_>>(), 16),
        ("Binary", size_of::<Binary<'_>>(), 16),
        ("TopicName", size_of::<TopicName<'_>>(), 16),
        ("TopicFilter", size_of::<TopicFilter<'_>>(), 16),
        ("StreamDecoder", size_of::<StreamDecoder>(), 88),
        ("StreamItem", size_of::<StreamItem<'_>>(), 136),
    ];
    let grown: Vec<_> = sizes.iter().filter(|(_, is, was)| is != was).collect();
    assert!(grown.is_empty(), "name, size, expected: {grown:?}");
}

#[test]
fn everything_can_be_sent_shared_and_unwound() {
    fn check<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    check::<Packet<'_>>();
    check::<Frame<'_>>();
    check::<Explanation<'_>>();
    check::<StreamDecoder>();
    check::<StreamItem<'_>>();
    check::<DecodeOptions>();
    check::<DecodeError>();
    check::<EncodeError>();
    check::<TopicFilter<'_>>();
    check::<Entries<'_, Subscription<'_>>>();
    fn check_sent<T: Send + Sync + Unpin>() {}
    check_sent::<Feed<'_, '_>>();
}

#[test]
fn errors_are_errors() {
    fn check<T: Error + Send + Sync + 'static>() {}
    check::<DecodeError>();
    check::<EncodeError>();
    check::<TopicError>();
    check::<TextError>();
    check::<BinaryTooLong>();
    check::<PacketIdZero>();
}
