//! One who chats: a client, its connection, and what the switch has of it.

use crate::link::Link;
use mqtt_pure::{
    Client, Connect, Instant, Properties, Property, QoS, Server, SessionOptions, Text, Version,
};
use std::sync::Arc;

pub struct Person {
    pub name: &'static str,
    pub client: Client,
    pub server: Server,
    pub link: Link,
    /// Bytes of packets that have not come whole.
    pub to_client: Vec<u8>,
    pub to_server: Vec<u8>,
    /// When to connect.
    pub connect_at: Option<Instant>,
    /// When to say something.
    pub speak_at: Instant,
    /// Whether the client knows that it has subscribed.
    pub is_subscribed: bool,
    /// What the switch has granted.
    pub granted: Option<QoS>,
    pub has_session: bool,
}

impl Person {
    pub fn new(name: &'static str, connect_at: Instant, speak_at: Instant) -> Self {
        let options = Arc::new(SessionOptions::new());
        Self {
            name,
            client: Client::new(Arc::clone(&options)),
            server: Server::new(options),
            link: Link::default(),
            to_client: Vec::new(),
            to_server: Vec::new(),
            connect_at: Some(connect_at),
            speak_at,
            is_subscribed: false,
            granted: None,
            has_session: false,
        }
    }

    /// A new connection on both sides.
    pub fn connect(&mut self, now: Instant, version: Version, keep_alive: u16) {
        self.connect_at = None;
        self.link = Link::default();
        self.to_client.clear();
        self.to_server.clear();
        let Ok(name) = Text::new(self.name) else { return };
        let expiry = [Property::SessionExpiryInterval(u32::MAX)];
        let mut connect = Connect::new(version, name);
        connect.keep_alive = keep_alive;
        // 5.0 begins with a clean start, and keeps the session nevertheless.
        connect.clean_session = version == Version::V5_0 && !self.has_session;
        if version == Version::V5_0 {
            connect.properties = Properties::from(&expiry);
        }
        // A name is short, so that there is nothing to refuse.
        let opened = self.client.opened(now, &connect);
        debug_assert_eq!(opened, Ok(()));
        // The old connection may still be there for the server.
        self.server.take_over(now, false);
    }

    /// When something is to be done next.
    pub fn next(&self) -> Option<Instant> {
        let deadlines = [self.client.deadline(), self.server.deadline()];
        let deadlines = deadlines.into_iter().flatten().map(|(at, _)| at);
        deadlines.chain(self.link.next()).chain(self.connect_at).min()
    }
}
