//! MQTT without I/O: pure functions from bytes to typed packets and back, for MQTT 3.1, 3.1.1 and 5.0.
//!
//! The crate opens no socket, reads no clock and starts no thread. Whoever uses it brings those:
//! any runtime or none, a broker, a client, a gateway, a test tool or firmware.
//!
//! ```
//! use mqtt_pure::{DecodeOptions, Delivery, Packet, PacketId, Puback, Publish, TopicName, Version};
//!
//! // To bytes: values are checked when they are made, so encoding has little left to refuse.
//! let mut publish = Publish::new(TopicName::new("site/12/temperature")?, b"21.5");
//! publish.delivery = Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false };
//! let mut out = Vec::new();
//! publish.encode(Version::V3_1_1, &mut out)?;
//!
//! // And back: the packet borrows the bytes.
//! let mut input = &out[..];
//! while let Some(packet) = Packet::read(&mut input, DecodeOptions::new(Version::V3_1_1))? {
//!     if let Packet::Publish(publish) = packet {
//!         assert_eq!(publish.topic.map(TopicName::as_str), Some("site/12/temperature"));
//!         if let Some(packet_id) = publish.packet_id() {
//!             Puback::new(packet_id).encode(Version::V3_1_1, &mut Vec::new())?;
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which layer
//!
//! | You have | Use |
//! |---|---|
//! | the bytes of a connection, in pieces | [`StreamDecoder`]: packets, streamed payloads, skipped giants |
//! | a slice with packets in it | [`Packet::read`] in a loop |
//! | your own framing | [`split`] and [`Packet::decode`] |
//! | a packet to send | its `encode` into any [`bytes::BufMut`], [`Packet::encode_to_slice`]; [`Publish::encode_header`] leaves the payload where it is |
//! | bytes that you want to understand | [`explain`]: every field, every broken rule |
//! | topics | [`TopicName`], [`TopicFilter::matches`] |
//! | many subscriptions | [`FilterTree`]: all that match a topic name |
//! | many retained messages | [`TopicTree`]: all that a filter matches, in parts if need be |
//! | a transport to a server | [`Client`]: connects, publishes, subscribes, resumes |
//! | a transport from a client | [`Server`]: one client as a server sees it |
//! | many clients | [`Broker`]: sessions, subscriptions, retained messages, wills, take-over |
//! | a store that survives crashes | [`Snapshot`] and [`Record`]s of a session |
//! | messages of QoS 1 and 2 | [`Outbound`], [`Inbound`]: identifiers, answers, what to send again |
//!
//! # Versions
//!
//! There is one packet model for all of them: what a version lacks is empty in its packets, and to
//! write what it cannot express is an error. 5.0 adds [`Properties`] to most packets, a [`ReasonCode`]
//! to every answer, [`SubscriptionOptions`], shared subscriptions ([`TopicFilter::share`]) and
//! [`Auth`]; a [`Publish`] may leave its topic to a topic alias, so the topic is an `Option`.
//!
//! ```
//! use mqtt_pure::{DecodeOptions, Packet, Properties, Property, Publish, TopicName, Version};
//!
//! let values = [Property::MessageExpiryInterval(60)];
//! let mut publish = Publish::new(TopicName::new("a/b")?, b"hi");
//! publish.properties = Properties::from(&values);
//! let mut out = Vec::new();
//! publish.encode(Version::V5_0, &mut out)?;
//! assert!(publish.encode(Version::V3_1_1, &mut Vec::new()).is_err());
//!
//! let read = Packet::read(&mut &out[..], DecodeOptions::new(Version::V5_0))?;
//! let Some(Packet::Publish(publish)) = read else { return Err("no PUBLISH".into()) };
//! assert_eq!(publish.properties.message_expiry_interval(), Some(60));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Sessions
//!
//! [`Client`] and [`Server`] take *events* (the transport is there, bytes came, time has passed, the
//! transport is gone) and *commands* of the application, and give *actions*. Both are driven alike:
//!
//! | Call | When |
//! |---|---|
//! | [`opened`](Client::opened) | there is a transport |
//! | [`receive`](Client::receive) | bytes came; again until it gives `None`, keeping what it leaves of the input |
//! | [`poll`](Client::poll) | after any other call: what is to be told without bytes |
//! | [`transmit`](Client::transmit) | after any call: what is to be written, a [`bytes::Buf`] |
//! | [`deadline`](Client::deadline), [`timeout`](Client::timeout) | wake up then, and say so |
//! | [`closed`](Client::closed) | the transport is gone |
//!
//! An action borrows the input and never the session, so that the application may act while it holds a
//! message. On [`ClientAction::Close`] the transport is closed after what is to be written has been;
//! nothing more comes out before the next one is opened. Every message and request of QoS 1 and 2 has a
//! [`Token`], which one later action names: done, failed, or lost with its session.
//!
//! *Durability* is one rule: persist what [`journal`](Client::journal) gives before writing what
//! `transmit` gives. Then [`Snapshot::apply`] and [`Client::restore`] bring the session back after a
//! crash, without a message lost or, at QoS 2, delivered twice, where the peer has kept its session too;
//! where it has not, what was lost with it is told.
//!
//! # What holds
//!
//! * No input and no order of calls makes it panic, and there is no unsafe code.
//! * A session holds no more than its [`SessionOptions`] allow, whatever the peer sends and however slowly
//!   it reads; a limit that is reached is told. After a fault of the peer it says what the peer is to be
//!   told, closes, and is silent.
//! * Decoding and encoding allocate nothing. [`StreamDecoder`] keeps what has arrived of a packet that
//!   is cut, with room for an eighth more at most; [`explain`] returns lists; [`FilterTree`] and
//!   [`TopicTree`] allocate when something is added. They need `alloc`, which the crate always uses.
//! * *Need more bytes* is not an error. A verdict is the same however the bytes are cut, and a packet
//!   that breaks a rule is refused with the byte that settles it, see [`Packet::read`].
//! * Every statement of the standard about the form of packets is enforced. What it leaves open is a
//!   named [`Rule`] of a [`Strictness`].
//! * Errors are data: [`DecodeError`] tells kind, byte, field, packet, the statement that is broken,
//!   the return code that a server of 3.1.1 answers and the reason code that a peer of 5.0 may be told.
//!   Passwords, authentication data and payloads are in no `Debug` or `Display`.
//! * What a version cannot express is an [`EncodeError`] before the first byte is written.
//!
//! # Features
//!
//! * `std` (default): `bytes` and `thiserror` with `std`. Without it the crate is `no_std` with
//!   `alloc`.
//! * `broker` (default): [`Broker`].
//! * `serde`: [`Snapshot`], [`Record`] and [`Message`] can be serialized, and those of a broker.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

/// The examples of the README are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

#[cfg(mqtt_pure_bugs)]
#[doc(hidden)]
#[macro_use]
pub mod planted;
#[cfg(not(mqtt_pure_bugs))]
#[macro_use]
mod planted;

#[cfg(feature = "broker")]
mod broker;
mod packet;
mod session;
mod time;
mod topic;
mod types;
mod wire;

#[cfg(feature = "broker")]
#[cfg_attr(docsrs, doc(cfg(feature = "broker")))]
pub use broker::{
    Accept, AllowAll, Broker, BrokerAction, BrokerError, BrokerOptions, BrokerRecord,
    BrokerSnapshot, ClientId, ConnectionId, Counters, Forwarding, Granted, Overlapping, Policy,
    Publication, RefusedPublish, RestoreError, SessionInfo, StoredFilter, StoredRetained,
    StoredSession, StoredSubscription, Subject,
};
pub use packet::{
    Auth, Connack, Connect, DecodeError, DecodeOptions, Disconnect, EncodeError, Entries, Entry,
    ErrorKind, ExplainedField, Explanation, Feed, Field, Frame, List, Oversize, Packet, PacketType,
    Pingreq, Pingresp, Properties, Property, PropertyId, Puback, Pubcomp, Publish, Pubrec, Pubrel,
    RetainHandling, Rule, Skipped, Split, StreamDecoder, StreamItem, Strictness, Suback, Subscribe,
    Subscription, SubscriptionOptions, Unsuback, Unsubscribe, UserProperty, Value, Will, explain,
    split,
};
pub use session::{
    Acknowledgement, Answer, Answered, Arrival, Awaited, Client, ClientAction, CloseReason,
    CommandError, Deadline, Dropped, Failure, Fault, Flow, Inbound, InboundError, Message,
    Outbound, Outgoing, Published, QueuedMessage, Received, Record, Request, Requested, Resend,
    SentMessage, Server, ServerAction, SessionOptions, Snapshot, SnapshotError, StoredWill, Token,
    Unsent, WhyUnsent, WrongAnswer,
};
pub use time::Instant;
pub use topic::{
    FilterTree, Match, Matches, OutOfSteps, RoundRobin, Share, ShareGroup, SubscribedTo,
    TopicCursor, TopicEntry, TopicError, TopicFilter, TopicMatches, TopicName, TopicTree,
    TreeError, TreeLimits, Within,
};
pub use types::{
    ConnectReturnCode, Delivery, PacketId, PacketIdZero, QoS, ReasonCode, Role, SubscriptionId,
    Version, Versions,
};
pub use wire::{Binary, BinaryTooLong, Text, TextError};
