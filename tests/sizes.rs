//! Memory is a feature: the sizes of public types, and what they can be used for.

use mqtt_pure::{
    Auth, Binary, BinaryTooLong, Client, ClientAction, Connack, Connect, DecodeError,
    DecodeOptions, Delivery, Disconnect, EncodeError, Entries, Explanation, Feed, FilterTree,
    Frame, Inbound, Matches, Message, Outbound, Packet, PacketId, PacketIdZero, Properties,
    Property, Puback, Publish, Server, ServerAction, SessionOptions, StreamDecoder, StreamItem,
    Strictness, Suback, Subscribe, Subscription, Text, TextError, TopicCursor, TopicError,
    TopicFilter, TopicMatches, TopicName, TopicTree, Unsuback, Unsubscribe, Will,
};
use std::{
    error::Error,
    panic::{RefUnwindSafe, UnwindSafe},
};

#[test]
#[cfg(target_pointer_width = "64")]
fn sizes() {
    let sizes = [
        ("Packet", size_of::<Packet<'_>>(), 160),
        ("a read packet", size_of::<Result<Option<Packet<'_>>, DecodeError>>(), 160),
        ("Publish", size_of::<Publish<'_>>(), 64),
        ("Connect", size_of::<Connect<'_>>(), 152),
        ("Will", size_of::<Will<'_>>(), 64),
        ("Subscribe", size_of::<Subscribe<'_>>(), 56),
        ("Suback", size_of::<Suback<'_>>(), 56),
        ("Unsubscribe", size_of::<Unsubscribe<'_>>(), 56),
        ("Puback", size_of::<Puback<'_>>(), 32),
        ("Connack", size_of::<Connack<'_>>(), 32),
        ("Unsuback", size_of::<Unsuback<'_>>(), 56),
        ("Disconnect", size_of::<Disconnect<'_>>(), 32),
        ("Auth", size_of::<Auth<'_>>(), 32),
        ("Properties", size_of::<Properties<'_>>(), 24),
        ("Property", size_of::<Property<'_>>(), 40),
        ("Subscription", size_of::<Subscription<'_>>(), 24),
        ("DecodeError", size_of::<DecodeError>(), 12),
        ("EncodeError", size_of::<EncodeError>(), 24),
        ("DecodeOptions", size_of::<DecodeOptions>(), 16),
        ("Strictness", size_of::<Strictness>(), 2),
        ("Delivery", size_of::<Delivery>(), 6),
        ("no PacketId", size_of::<Option<PacketId>>(), 2),
        ("Text", size_of::<Text<'_>>(), 16),
        ("Binary", size_of::<Binary<'_>>(), 16),
        ("TopicName", size_of::<TopicName<'_>>(), 16),
        ("TopicFilter", size_of::<TopicFilter<'_>>(), 16),
        ("StreamDecoder", size_of::<StreamDecoder>(), 96),
        ("StreamItem", size_of::<StreamItem<'_>>(), 160),
        ("FilterTree", size_of::<FilterTree<u32, u8>>(), 536),
        ("Matches", size_of::<Matches<'_, '_, u32, u8>>(), 240),
        ("TopicTree", size_of::<TopicTree<u32>>(), 184),
        ("TopicMatches", size_of::<TopicMatches<'_, '_, u32>>(), 64),
        ("TopicCursor", size_of::<TopicCursor>(), 32),
        ("Outbound", size_of::<Outbound<u32>>(), 48),
        ("Client", size_of::<Client>(), 280),
        ("Server", size_of::<Server>(), 296),
        ("Message", size_of::<Message>(), 16),
        ("ClientAction", size_of::<ClientAction<'_>>(), 80),
        ("ServerAction", size_of::<ServerAction<'_>>(), 152),
        ("SessionOptions", size_of::<SessionOptions>(), 88),
        ("Inbound", size_of::<Inbound>(), 48),
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
