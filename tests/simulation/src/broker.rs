//! The application of the servers: a broker that knows just enough, and what the standard says of its
//! sessions and wills.

use crate::{
    counter::Sometimes,
    customer::clean_session_of,
    ground::Step,
    letter::{Id, Letter, Side},
    machine::{Told, Why},
    plan::{ClientPlan, Fault, Plan},
    world::World,
};
use mqtt_pure::{
    CommandError, PacketId, Properties, Property, QoS, ReasonCode, SessionOptions, Suback,
    Unsuback, Version,
};

impl World {
    pub fn peer_options(client: &ClientPlan, plan: &Plan) -> SessionOptions {
        let mut options = SessionOptions::new();
        options.max_in_flight = client.peer_in_flight;
        options.receive_maximum = match client.version {
            Version::V5_0 => client.peer_receive_maximum,
            // Before 5.0 it can't be told, and who sends more is thrown out.
            _ => u16::MAX,
        };
        options.max_queued = client.peer_queued;
        options.manual_acknowledgement = client.peer_is_manual;
        options.max_outgoing = plan.max_outgoing;
        options.session_expiry = client.peer_expiry;
        options.topic_alias_maximum = client.aliases;
        options
    }

    /// The first bytes of a connection tell whose it is.
    pub fn introduce(&mut self, connection: usize, bytes: &[u8]) -> Step {
        let of = &mut self.ground.connections[connection];
        of.start.extend_from_slice(bytes);
        let at = of.client;
        let Some(is_clean) = clean_session_of(&of.start)? else { return Ok(()) };
        let start = std::mem::take(&mut of.start);
        of.is_attached = true;
        let (side, now) = (Side::Peer(at), self.ground.instant());
        if self.peers[at].connection.is_some() {
            self.ground.see(Sometimes::TakenOver);
            self.peers[at].session.take_over(now, is_clean);
            self.gone(at, false);
            if is_clean {
                self.session_over(at);
            }
            self.settle(side)?;
        }
        self.due(side);
        let node = &mut self.peers[at];
        node.session.opened(now);
        node.connected(connection);
        self.take_in(side, &start)
    }

    pub fn peer_told(&mut self, at: usize, told: Told) -> Step {
        match told {
            Told::Connect { clean, keep_alive, expiry, will } => {
                self.decide(at, clean, keep_alive, expiry, will)
            }
            Told::Subscribe { id, filters } => {
                let account = self.ground.account(at);
                for (filter, qos) in &filters {
                    account.subscriptions.extend(Letter::publisher(filter).map(|of| (of, *qos)));
                }
                let codes: Vec<_> =
                    filters.iter().map(|(_, qos)| ReasonCode::granted(*qos)).collect();
                let granted = self.peers[at]
                    .session
                    .grant(self.ground.instant(), &Suback::new(id, &codes[..]));
                granted.map_err(|error| format!("SUBACK is refused: {error}").into())
            }
            Told::Unsubscribe { id, filters } => self.unsubscribed(at, id, &filters),
            Told::Message { payload, topic, id, qos, .. } => {
                let node = &mut self.peers[at];
                let letter = node.message(&mut self.ground, &payload, &topic, id, qos)?;
                let is_later = node.options.manual_acknowledgement && id.is_some();
                if is_later { Ok(()) } else { self.route(at, letter) }
            }
            Told::Will(payload) => self.will_told(at, payload),
            Told::DisconnectOf { keeps_will, expiry } => {
                let most = self.peers[at].options.session_expiry;
                let account = self.ground.account(at);
                account.expiry = expiry.map_or(account.expiry, |expiry| expiry.min(most));
                if !keeps_will && account.will.take().is_some() {
                    self.ground.see(Sometimes::WillDropped);
                }
                self.gone(at, !keeps_will);
                Ok(())
            }
            Told::Close(Why::Fault(fault)) => {
                Err(format!("the server of client {at} finds a fault: {fault}").into())
            }
            Told::Close(Why::Late(_)) => {
                self.ground.see(Sometimes::KeepAliveFired);
                let node = &self.peers[at];
                let plan = &self.ground.plan.clients[at];
                let seconds = plan.peer_keep_alive.filter(|_| plan.version == Version::V5_0);
                let seconds = u64::from(seconds.unwrap_or(plan.keep_alive));
                if self.ground.now < node.last_taken + seconds * 1_500 {
                    return Err("keep alive fires too early".to_owned().into());
                }
                self.gone(at, false);
                Ok(())
            }
            Told::Close(_) => Ok(()),
            Told::SessionEnded => {
                let account = self.ground.account(at);
                let Some(left) = account.ends.checked_sub(1) else {
                    return Err(format!("session {at} ends before its time (I13)").into());
                };
                account.ends = left;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn unsubscribed(&mut self, at: usize, id: PacketId, filters: &[String]) -> Step {
        let account = self.ground.account(at);
        for filter in filters {
            if let Some(of) = Letter::publisher(filter) {
                account.subscriptions.remove(&of);
            }
        }
        let codes = vec![ReasonCode::SUCCESS; filters.len()];
        let packet = if self.peers[at].version == Version::V5_0 {
            Unsuback::with_codes(id, &codes[..])
        } else {
            Unsuback::new(id)
        };
        let removed = self.peers[at].session.remove(self.ground.instant(), &packet);
        removed.map_err(|error| format!("UNSUBACK is refused: {error}").into())
    }

    /// Accepts a client, or refuses it.
    fn decide(
        &mut self,
        at: usize,
        clean: bool,
        keep_alive: u16,
        expiry: u32,
        will: Option<(Vec<u8>, u32)>,
    ) -> Step {
        let now = self.ground.instant();
        let plan = &self.ground.plan.clients[at];
        let (version, peer_expiry, peer_keep_alive) =
            (plan.version, plan.peer_expiry, plan.peer_keep_alive);
        if self.ground.has(Fault::Refuse) && self.ground.rng.chance(150) {
            self.ground.see(Sometimes::Refused);
            let refused = self.peers[at].session.refuse(
                now,
                Some(ReasonCode::SERVER_UNAVAILABLE),
                Properties::EMPTY,
            );
            return refused.map_err(|error| format!("not refused: {error}").into());
        }
        let is_5_0 = version == Version::V5_0;
        let mut properties = Vec::new();
        if is_5_0 {
            properties.extend(peer_keep_alive.map(Property::ServerKeepAlive));
            let connection = self.peers[at].connection.unwrap_or_default();
            let most = self.ground.max_packet_size(connection / 3);
            properties.extend(most.map(Property::MaximumPacketSize));
        }
        let _ = keep_alive;
        self.forsake(at);
        let heard = self.peers[at].wire.heard;
        // Section 3.1.2.4 and 3.1.2.5 of the standard.
        let account = self.ground.account(at);
        let is_there = account.session.is_some_and(|end| end > now.as_millis());
        let is_resumed = is_there && !clean;
        let mut seen = Vec::new();
        if is_resumed {
            if account.will.is_some() && account.will_due.is_some_and(|due| due > now.as_millis()) {
                seen.push(Sometimes::WillCancelled);
            } else if account.will_due.is_some() {
                account.due.extend(account.will.take());
            }
            seen.push(Sometimes::Resumed);
        } else {
            if account.will_due.is_some() {
                account.due.extend(account.will.take());
            }
            if is_there {
                seen.push(Sometimes::CleanStart);
            }
            account.ends += u32::from(account.session.is_some());
            account.subscriptions.clear();
        }
        if !is_resumed {
            account.unconfirmed = Some(heard);
        }
        account.will_delay = will.as_ref().map_or(0, |(_, delay)| *delay);
        account.will = will.map(|(payload, _)| payload);
        account.will_due = None;
        account.expiry = match (is_5_0, clean) {
            (true, _) => expiry.min(peer_expiry),
            (false, true) => 0,
            (false, false) => peer_expiry,
        };
        (account.session, account.is_online) = (Some(u64::MAX), true);
        let connection = self.peers[at].connection.unwrap_or_default();
        let has_bit = version != Version::V3_1;
        self.ground.connections[connection].session_present = Some(is_resumed && has_bit);
        for what in seen {
            self.ground.see(what);
        }
        self.ground.see(Sometimes::Accepted);
        let accepted = self.peers[at].session.accept(now, Properties::from(&properties[..]));
        accepted.map_err(|error| format!("not accepted: {error}").into())
    }

    /// The connection of a client has ended.
    pub fn gone(&mut self, at: usize, is_clean: bool) {
        let now = self.ground.now;
        if !self.ground.accounts[at].is_online {
            return;
        }
        let heard = self.peers[at].wire.heard;
        let has_bit = self.peers[at].version != Version::V3_1;
        let account = self.ground.account(at);
        let unconfirmed = account.unconfirmed;
        account.is_online = false;
        let seconds = |seconds: u32| u64::from(seconds) * 1_000;
        account.session = match account.expiry {
            0 => None,
            u32::MAX => Some(u64::MAX),
            expiry => Some(now + seconds(expiry)),
        };
        if is_clean {
            account.will = None;
        }
        if account.will.is_some() {
            account.will_due = Some(now + seconds(account.will_delay.min(account.expiry)));
        }
        // Should the CONNACK be lost that says so, or the CONNECT have come late from a connection that
        // the client has given up, the next CONNACK would tell it that its old session goes on, though
        // the identifiers mean something else now.
        // In 3.1 it is not told, so that nothing helps.
        account.is_forsaken = unconfirmed.is_some_and(|then| then == heard) && has_bit;
        if account.session.is_none() {
            account.ends += 1;
            account.subscriptions.clear();
        }
    }

    /// A session of which the client may not know that it is another one is not presented to it.
    fn forsake(&mut self, at: usize) {
        if !self.ground.accounts[at].is_forsaken {
            return;
        }
        self.ground.account(at).is_forsaken = false;
        if self.peers[at].session.expire_session().is_ok() {
            self.session_over(at);
        }
    }

    /// The session of a client that is away has ended.
    pub fn session_over(&mut self, at: usize) {
        let now = self.ground.now;
        let account = self.ground.account(at);
        account.ends += u32::from(account.session.take().is_some());
        account.subscriptions.clear();
        if let Some(due) = &mut account.will_due {
            *due = now.min(*due);
        }
    }

    /// Time has passed for the client of a session.
    pub fn due(&mut self, side: Side) {
        let Side::Peer(at) = side else { return };
        let account = &self.ground.accounts[at];
        if !account.is_online && account.session.is_some_and(|end| end <= self.ground.now) {
            self.ground.see(Sometimes::SessionExpired);
            self.session_over(at);
        }
    }

    /// I12: a will that is told is one that is due.
    fn will_told(&mut self, at: usize, payload: Vec<u8>) -> Step {
        let now = self.ground.now;
        let account = self.ground.account(at);
        if let Some(place) = account.due.iter().position(|due| *due == payload) {
            account.due.remove(place);
        } else if account.will.as_ref() == Some(&payload)
            && account.will_due.is_some_and(|due| due <= now)
        {
            (account.will, account.will_due) = (None, None);
        } else {
            let text = String::from_utf8_lossy(&payload);
            return Err(format!("\"{text}\" is published: {account:?} (I12)").into());
        }
        let is_delayed = account.will_delay > 0;
        self.ground.see(if is_delayed { Sometimes::WillDelayed } else { Sometimes::WillPublished });
        Ok(())
    }

    /// I12: a will that is due is told, at the latest when its timer fires.
    pub fn wills_are_out(&mut self) -> Step {
        for (at, account) in self.ground.accounts.iter().enumerate() {
            let waited =
                |due: u64| self.ground.now - due.max(self.ground.up_since).min(self.ground.now);
            let is_late = account
                .will_due
                .is_some_and(|due| account.will.is_some() && waited(due) > self.ground.plan.late);
            if is_late || !account.due.is_empty() || account.ends > 0 {
                return Err(format!(
                    "the will or the end of session {at} is late: {account:?} (I12)"
                )
                .into());
            }
        }
        Ok(())
    }

    /// A message that the broker has taken goes to everybody who wants it.
    pub fn route(&mut self, publisher: usize, letter: Id) -> Step {
        for at in 0..self.peers.len() {
            let account = &self.ground.accounts[at];
            let Some(granted) = account.subscriptions.get(&publisher).copied() else { continue };
            // A server that is told the time looks at it.
            self.due(Side::Peer(at));
            let of = &self.ground.letters[letter as usize];
            let next = Letter {
                from: Side::Peer(at),
                publisher,
                topic: of.topic,
                qos: of.qos.min(granted),
                at: self.ground.now,
                expiry: of.expiry.filter(|_| self.peers[at].version == Version::V5_0),
                is_promised: false,
                is_excused: false,
                taken: 0,
            };
            let aliases = self.ground.plan.clients[at].aliases;
            let alias = aliases.min(1 + u16::from(of.topic));
            let is_at_most_once = next.qos == QoS::AtMostOnce;
            let len = 10 + 10 * usize::from(of.topic);
            match self.peers[at].publish(&mut self.ground, next, alias, len)? {
                Ok(_) | Err(CommandError::QueueFull | CommandError::NoSession) => {}
                Err(CommandError::NotConnected | CommandError::OutgoingFull) if is_at_most_once => {
                }
                Err(CommandError::TooLarge { .. }) if self.ground.plan.has(Fault::SmallPackets) => {
                }
                Err(error) => return Err(format!("a message is refused: {error}").into()),
            }
        }
        Ok(())
    }

    /// The server closes a connection.
    pub fn throw_out(&mut self, at: usize) -> Step {
        let mut packet = mqtt_pure::Disconnect::new();
        packet.reason = ReasonCode::ADMINISTRATIVE_ACTION;
        match self.peers[at].session.disconnect(self.ground.instant(), &packet) {
            Ok(()) => self.gone(at, false),
            Err(CommandError::NotConnected) => {}
            Err(error) => return Err(format!("not thrown out: {error}").into()),
        }
        self.settle(Side::Peer(at))
    }
}
