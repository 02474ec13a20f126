//! A client in a run.

use super::{
    command::{Command, EXPIRIES, pick},
    side::{Given, Limits, Side, Told, What, hand_on},
};
use mqtt_pure::{
    Client, ClientAction, CommandError, Connect, Deadline, Disconnect, Instant, Outgoing,
    Properties, Property, Published, QoS, Record, Role, SessionOptions, Snapshot, SnapshotError,
    Subscription, Text, TopicFilter, Version,
};
use std::{
    num::{NonZeroU16, NonZeroU32},
    sync::Arc,
};

impl Side for Client {
    const ROLE: Role = Role::Client;

    fn again(
        options: Arc<SessionOptions>,
        snapshot: Snapshot,
        _: Instant,
    ) -> Result<Self, SnapshotError> {
        Self::restore(options, snapshot)
    }

    fn command(&mut self, now: Instant, command: &Command) -> Given {
        match *command {
            Command::Open { version, flags, keep_alive } => {
                open(self, now, version, flags, keep_alive).map(|()| (None, None))
            }
            Command::Publish { ref message, .. } => {
                self.publish(now, message.clone()).map(|published| match published {
                    Published::Sent { token, packet_id } => (Some(token), Some(packet_id)),
                    other => (other.token(), None),
                })
            }
            Command::Subscribe { count, has_properties } => {
                let filters = ["a/+", "#", "$share/g/t"].map(|filter| {
                    Subscription::new(TopicFilter::new(filter).unwrap(), QoS::ExactlyOnce)
                });
                let words = words();
                let properties =
                    if has_properties { Properties::from(&words) } else { Properties::EMPTY };
                let given = self.subscribe(now, &filters[..count], properties)?;
                Ok((Some(given.token), Some(given.packet_id)))
            }
            Command::Unsubscribe { count } => {
                let filters = ["a/+", "#", "t"].map(|filter| TopicFilter::new(filter).unwrap());
                let given = self.unsubscribe(now, &filters[..count], Properties::EMPTY)?;
                Ok((Some(given.token), Some(given.packet_id)))
            }
            Command::Acknowledge { id, qos, reason, has_words } => {
                let words = words();
                let properties =
                    if has_words { Properties::from(&words) } else { Properties::EMPTY };
                self.acknowledge(now, id, qos, reason, properties).map(|()| (None, None))
            }
            Command::Authenticate { reason, has_words } => {
                let words = words();
                let properties =
                    if has_words { Properties::from(&words) } else { Properties::EMPTY };
                self.authenticate(now, reason, properties).map(|()| (None, None))
            }
            Command::Disconnect { reason, expiry } => {
                let values: Vec<_> =
                    expiry.map(Property::SessionExpiryInterval).into_iter().collect();
                let properties = Properties::from(&values[..]);
                self.disconnect(now, &Disconnect { reason, properties }).map(|()| (None, None))
            }
            _ => Err(CommandError::Unknown),
        }
    }

    fn oblige(&mut self, now: Instant, told: &Told) {
        if let What::Message { qos, id: Some(id) } = told.what {
            let success = mqtt_pure::ReasonCode::SUCCESS;
            let _ = self.acknowledge(now, id, qos, success, Properties::EMPTY);
        }
    }

    fn its_version(&self) -> Option<Version> {
        None
    }

    hand_on!(told);
}

pub fn words() -> [Property<'static>; 1] {
    [Property::ReasonString(Text::new("because it is so").unwrap())]
}

fn open(
    client: &mut Client,
    now: Instant,
    version: Version,
    flags: u8,
    keep_alive: u16,
) -> Result<(), CommandError> {
    let mut connect = Connect::new(version, Text::new("c").unwrap());
    (connect.clean_session, connect.keep_alive) = (flags & 1 != 0, keep_alive);
    let mut values = Vec::new();
    if version == Version::V5_0 {
        values.extend(pick(&EXPIRIES, flags >> 1).map(Property::SessionExpiryInterval));
        let most = u16::from(flags >> 3 & 3);
        values.extend(NonZeroU16::new(most).map(Property::ReceiveMaximum));
        if flags & 0x20 != 0 {
            values.extend(NonZeroU32::new(60).map(Property::MaximumPacketSize));
        }
        if flags & 0x40 != 0 {
            values.push(Property::TopicAliasMaximum(2));
        }
        if flags & 0x80 != 0 {
            values.push(Property::AuthenticationMethod(Text::new("m").unwrap()));
        }
    }
    connect.properties = Properties::from(&values[..]);
    client.opened(now, &connect)
}

fn told(action: &ClientAction<'_>) -> Told {
    let what = match action {
        ClientAction::Done { token, .. }
        | ClientAction::Failed { token, .. }
        | ClientAction::Lost { token }
        | ClientAction::Subscribed(token, _)
        | ClientAction::Unsubscribed(token, _) => What::Over(*token),
        ClientAction::Close(_) => What::Close,
        ClientAction::SessionEnded => What::SessionEnded,
        ClientAction::Message(received) => {
            assert!(!received.topic().as_bytes().is_empty());
            let publish = received.publish;
            What::Message { qos: publish.qos(), id: publish.packet_id() }
        }
        ClientAction::Connected(connack) => {
            let properties = connack.properties;
            What::Connected(Limits::of(
                properties.receive_maximum(),
                properties.maximum_packet_size(),
            ))
        }
        ClientAction::Auth(_) => What::Auth,
        ClientAction::Skipped(skipped) => What::Skipped(skipped.packet_len as usize),
        _ => What::Other,
    };
    Told { what, text: format!("{action:?}") }
}
