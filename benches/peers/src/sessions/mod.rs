//! States of sessions, driven alike: bytes in, bytes out.

mod flowsdk;
pub mod measure;
mod mqtt_protocol_core;
mod mqtt_pure;
mod rumqttc;
mod rumqttc_v5;

use ::mqtt_pure::{QoS, Version};
use std::hint::black_box;

/// Of every message.
pub const TOPIC: &str = "site/12/line/3/alarm";
pub const PAYLOAD: [u8; 64] = [b'x'; 64];

/// The state of a client that is connected.
pub trait Session {
    fn name(&self) -> &'static str;

    /// Its own bytes, without what it has on the heap.
    fn size(&self) -> usize;

    /// Sends so many messages, notes their identifiers, and writes what there is to be written.
    fn send(&mut self, qos: QoS, count: usize, ids: &mut Vec<u16>, wire: &mut Wire);

    /// Takes in whole packets, and writes what there is to be written. Returns how many messages have
    /// come, or have been acknowledged to the end.
    fn receive(&mut self, bytes: &[u8], wire: &mut Wire) -> usize;
}

/// Where the messages come from that are sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The application has the message in the form that is cheapest to send many times.
    Shared,
    /// The application has a topic and a payload in buffers of its own, which it needs again.
    Borrowed,
}

/// Takes what is written.
#[derive(Default)]
pub struct Wire {
    /// All of it, where it is to be looked at.
    pub log: Option<Vec<u8>>,
}

impl Wire {
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        black_box(bytes);
        if let Some(log) = &mut self.log {
            log.extend_from_slice(bytes);
        }
    }
}

/// The sessions of a version with so many messages on their way. The first is ours.
pub fn all(version: Version, window: u16, source: Source) -> Vec<Box<dyn Session>> {
    let mut sessions = vec![mqtt_pure::new(version, window, source)];
    if window > MOST_OF_OTHERS {
        return sessions;
    }
    sessions.push(if version == Version::V5_0 {
        rumqttc_v5::new(window, source)
    } else {
        rumqttc::new(window, source)
    });
    sessions.push(mqtt_protocol_core::new(version, source));
    sessions.push(flowsdk::new(version, source));
    sessions
}

/// With more messages on their way the others take too long, or do not work.
pub const MOST_OF_OTHERS: u16 = 1000;
