//! What a session may take up, and how long it waits.

use crate::{
    packet::{Oversize, Strictness},
    types::{QoS, Versions},
};

/// The limits and choices of a session; many sessions share one by an `Arc`.
///
/// Every limit that is reached is reported, none is silently applied. The defaults are safe for a
/// server that is open to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The largest packet that is taken. A client of 5.0 tells its server by the Maximum Packet Size
    /// of its CONNECT, of which the smaller one counts; a server of 5.0 says so in its CONNACK. By default
    /// 1 MiB.
    pub max_packet_size: u32,
    /// What happens to a packet that is larger: the connection is closed, or a PUBLISH is skipped as
    /// it arrives, reported and acknowledged. A peer of 5.0 that was told the limit is always refused,
    /// and so is a topic that alone is over the limit. By default the connection is closed, of
    /// [`Self::client`] it is skipped.
    pub oversize: Oversize,
    /// How many messages of QoS 1 and 2 are sent before one is acknowledged, at least 1. In 5.0 the
    /// peer may want fewer. By default 20.
    pub max_in_flight: u16,
    /// How many messages of QoS 1 and 2 may be received before they are acknowledged, at least 1: the
    /// Receive Maximum of a server of 5.0. A client of 5.0 says it in its CONNECT; one of 3.1 and 3.1.1,
    /// which can't, takes what comes. By default 65,535.
    pub receive_maximum: u16,
    /// How many messages wait behind those in flight, or for a peer that is away. By default 1,000.
    pub max_queued: u32,
    /// How many bytes these take up together. By default 1 MiB.
    pub max_queued_bytes: usize,
    /// How many bytes wait to be written before nothing more is taken in or sent. By default 256 KiB.
    pub max_outgoing: usize,
    /// How many SUBSCRIBEs and UNSUBSCRIBEs a server holds that the application has not answered, at
    /// least one. By default 64.
    pub max_requests: u16,
    /// Whether the application acknowledges messages itself. By default it does not.
    pub manual_acknowledgement: bool,
    /// Milliseconds from the opening of the transport to the CONNACK, or, of a server, to the CONNECT. By
    /// default 10,000, of [`Self::client`] 30,000.
    pub connect_timeout: Option<u64>,
    /// Milliseconds from a PINGREQ to the PINGRESP, of a client. They begin anew as long as what is before
    /// the PINGREQ is still being written. `None` waits for ever. By default 10,000.
    pub ping_timeout: Option<u64>,
    /// The rules that the standard leaves open. By default [`Strictness::DEFAULT`].
    pub strictness: Strictness,
    /// How many user properties a packet may have. By default 64.
    pub max_user_properties: u32,
    /// The versions that a server accepts. By default all.
    pub versions: Versions,
    /// How many topic aliases a server of 5.0 takes. By default none.
    pub topic_alias_maximum: u16,
    /// How many bytes the topics take up together for which the peer's aliases stand. By default 16 KiB.
    pub max_alias_bytes: usize,
    /// The highest QoS that a server of 5.0 takes. By default 2.
    pub maximum_qos: QoS,
    /// Whether a server of 5.0 retains messages. By default it does.
    pub retain_available: bool,
    /// For how many seconds a server keeps the session of a client that is away; `u32::MAX` for ever. A
    /// client of 5.0 may want it to be shorter, and is told if it wants more. By default for ever.
    pub session_expiry: u32,
}

impl SessionOptions {
    /// For a client: it skips what is too large, which the server would send it again and again if it
    /// closed the connection, and waits half a minute for the CONNACK.
    pub const fn client() -> Self {
        Self { oversize: Oversize::Skip, connect_timeout: Some(30_000), ..Self::new() }
    }

    /// The defaults, for a server.
    pub const fn new() -> Self {
        Self {
            max_packet_size: 1_048_576,
            oversize: Oversize::Fail,
            max_in_flight: 20,
            receive_maximum: u16::MAX,
            max_queued: 1_000,
            max_queued_bytes: 1_048_576,
            max_outgoing: 262_144,
            max_requests: 64,
            manual_acknowledgement: false,
            connect_timeout: Some(10_000),
            ping_timeout: Some(10_000),
            strictness: Strictness::DEFAULT,
            max_user_properties: 64,
            versions: Versions::ALL,
            topic_alias_maximum: 0,
            max_alias_bytes: 16_384,
            maximum_qos: QoS::ExactlyOnce,
            retain_available: true,
            session_expiry: u32::MAX,
        }
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self::new()
    }
}
