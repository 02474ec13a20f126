//! A server in a run.

use super::{
    client::words,
    command::Command,
    side::{Given, Limits, Side, Told, What, hand_on},
};
use mqtt_pure::{
    CommandError, Deadline, Disconnect, Instant, Outgoing, Properties, Property, Published, QoS,
    ReasonCode, Record, Role, Server, ServerAction, SessionOptions, Snapshot, SnapshotError,
    Suback, Unsuback, Version,
};
use std::{num::NonZeroU16, sync::Arc};

impl Side for Server {
    const ROLE: Role = Role::Server;

    fn again(
        options: Arc<SessionOptions>,
        snapshot: Snapshot,
        now: Instant,
    ) -> Result<Self, SnapshotError> {
        Self::restore(options, snapshot, now)
    }

    fn command(&mut self, now: Instant, command: &Command) -> Given {
        let nothing = |()| (None, None);
        match *command {
            Command::Open { .. } => self.opened(now),
            Command::Publish { ref message, granted } => {
                return self.publish(now, message.clone(), granted).map(
                    |published| match published {
                        Published::Sent { token, packet_id } => (Some(token), Some(packet_id)),
                        other => (other.token(), None),
                    },
                );
            }
            Command::Acknowledge { id, qos, reason, has_words } => {
                let words = words();
                let properties =
                    if has_words { Properties::from(&words) } else { Properties::EMPTY };
                return self.acknowledge(now, id, qos, reason, properties).map(nothing);
            }
            Command::Authenticate { reason, has_words } => {
                let words = words();
                let properties =
                    if has_words { Properties::from(&words) } else { Properties::EMPTY };
                return self.authenticate(now, reason, properties).map(nothing);
            }
            Command::Disconnect { reason, expiry } => {
                let values: Vec<_> =
                    expiry.map(Property::SessionExpiryInterval).into_iter().collect();
                let properties = Properties::from(&values[..]);
                let disconnect = Disconnect { reason, properties };
                return self.disconnect(now, &disconnect).map(nothing);
            }
            Command::Accept { flags } => return accept(self, now, flags).map(nothing),
            Command::Refuse { reason } => {
                return self.refuse(now, reason, Properties::EMPTY).map(nothing);
            }
            Command::Grant { id, codes } => {
                let codes = vec![ReasonCode::granted(QoS::AtLeastOnce); codes];
                return self.grant(now, &Suback::new(id, &codes[..])).map(nothing);
            }
            Command::Remove { id, codes } => {
                let codes = vec![ReasonCode::SUCCESS; codes];
                return self.remove(now, &Unsuback::with_codes(id, &codes[..])).map(nothing);
            }
            Command::TakeOver { clean_session } => self.take_over(now, clean_session),
            Command::Expire => return self.expire_session().map(nothing),
            Command::Subscribe { .. } | Command::Unsubscribe { .. } => {
                return Err(CommandError::Unknown);
            }
        }
        Ok((None, None))
    }

    fn oblige(&mut self, now: Instant, told: &Told) {
        let success = ReasonCode::SUCCESS;
        let _ = match told.what {
            What::Message { qos, id: Some(id) } => {
                self.acknowledge(now, id, qos, success, Properties::EMPTY)
            }
            What::Connect { .. } => self.accept(now, Properties::EMPTY),
            What::Subscribe { id, count } => {
                let codes = vec![ReasonCode::granted(QoS::ExactlyOnce); count];
                self.grant(now, &Suback::new(id, &codes[..]))
            }
            What::Unsubscribe { id, count } => {
                let is_5_0 = self.version() == Version::V5_0;
                let codes = vec![success; if is_5_0 { count } else { 0 }];
                self.remove(now, &Unsuback::with_codes(id, &codes[..]))
            }
            _ => Ok(()),
        };
    }

    fn its_version(&self) -> Option<Version> {
        Some(self.version())
    }

    hand_on!(told);
}

fn accept(server: &mut Server, now: Instant, flags: u8) -> Result<(), CommandError> {
    let mut values = Vec::new();
    if flags & 1 != 0 {
        values.push(Property::SessionExpiryInterval(5));
    }
    if flags & 2 != 0 {
        values.push(Property::ServerKeepAlive(7));
    }
    if flags & 4 != 0 {
        values.extend(NonZeroU16::new(2).map(Property::ReceiveMaximum));
    }
    if flags & 8 != 0 {
        values.push(Property::TopicAliasMaximum(1));
    }
    if flags & 0x10 != 0 {
        values.extend(words());
    }
    server.accept(now, Properties::from(&values[..]))
}

fn told(action: &ServerAction<'_>) -> Told {
    let what = match action {
        ServerAction::Done { token, .. }
        | ServerAction::Failed { token, .. }
        | ServerAction::Lost { token } => What::Over(*token),
        ServerAction::Close(_) => What::Close,
        ServerAction::SessionEnded => What::SessionEnded,
        ServerAction::Will(_) => What::Will,
        ServerAction::Message(received) => {
            assert!(!received.topic().as_bytes().is_empty());
            let publish = received.publish;
            What::Message { qos: publish.qos(), id: publish.packet_id() }
        }
        ServerAction::Connect(connect) => {
            let properties = connect.properties;
            let size = properties.maximum_packet_size();
            What::Connect {
                limits: Limits::of(properties.receive_maximum(), size),
                has_will: connect.will.is_some(),
                clean_session: connect.clean_session,
            }
        }
        ServerAction::Subscribe(subscribe) => {
            What::Subscribe { id: subscribe.packet_id, count: subscribe.subscriptions.len() }
        }
        ServerAction::Unsubscribe(unsubscribe) => {
            What::Unsubscribe { id: unsubscribe.packet_id, count: unsubscribe.filters.len() }
        }
        ServerAction::Disconnected(d) if d.reason == ReasonCode::SUCCESS => What::Left,
        ServerAction::Auth(_) => What::Auth,
        ServerAction::Skipped(skipped) => What::Skipped(skipped.packet_len as usize),
        _ => What::Other,
    };
    Told { what, text: format!("{action:?}") }
}
