//! MQTT without I/O: pure functions from bytes to typed packets and back.
#![no_std]
#![deny(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod packet;
mod topic;
mod types;
mod wire;

pub use packet::{
    Connack, Connect, DecodeError, DecodeOptions, Disconnect, EncodeError, Entries, Entry,
    ErrorKind, ExplainedField, Explanation, Feed, Field, Frame, List, Oversize, Packet, PacketType,
    Pingreq, Pingresp, Properties, Puback, Pubcomp, Publish, Pubrec, Pubrel, Rule, Skipped, Split,
    StreamDecoder, StreamItem, Strictness, Suback, Subscribe, Subscription, SubscriptionOptions,
    Unsuback, Unsubscribe, Value, Will, explain, split,
};
pub use topic::{TopicError, TopicFilter, TopicName};
pub use types::{ConnectReturnCode, Delivery, PacketId, PacketIdZero, QoS, ReasonCode, Version};
pub use wire::{Binary, BinaryTooLong, Text, TextError};
