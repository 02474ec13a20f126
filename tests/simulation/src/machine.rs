//! The two roles behind one face, and what they tell as plain data.

use mqtt_pure::{
    Client, ClientAction, CloseReason, CommandError, Dropped, Failure, Fault, Instant, Message,
    Outgoing, PacketId, Properties, Published, QoS, ReasonCode, Received, Record, Role, Server,
    ServerAction, SessionOptions, Snapshot, SnapshotError, Token,
};
use std::sync::Arc;

/// What a session tells its application.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub enum Told {
    Connected { session_present: bool, keep_alive: Option<u16> },
    Refused,
    Answered(Token),
    Left,
    Message { payload: Vec<u8>, topic: String, id: Option<PacketId>, qos: QoS, dup: bool },
    Done(Token),
    Failed(Token, Option<Dropped>),
    Lost(Token),
    Ignored,
    Close(Why),
    SessionEnded,
    Connect { clean: bool, keep_alive: u16, expiry: u32, will: Option<(Vec<u8>, u32)> },
    Subscribe { id: PacketId, filters: Vec<(String, QoS)> },
    Unsubscribe { id: PacketId, filters: Vec<String> },
    DisconnectOf { keeps_will: bool, expiry: Option<u32> },
    Will(Vec<u8>),
    Other,
}

impl Told {
    /// Whether it may still be told when the connection is to be closed.
    pub const fn is_of_the_end(&self) -> bool {
        matches!(
            self,
            Self::Done(_)
                | Self::Failed(..)
                | Self::Lost(_)
                | Self::SessionEnded
                | Self::Will(_)
                | Self::DisconnectOf { .. }
                | Self::Left
                | Self::Refused
        )
    }
}

/// Why a connection is to be closed.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub enum Why {
    Late(mqtt_pure::Deadline),
    SessionPresent,
    Fault(String),
    Expected,
}

impl Why {
    fn of(reason: CloseReason) -> Self {
        match reason {
            CloseReason::Fault(Fault::Late(deadline)) => Self::Late(deadline),
            CloseReason::Fault(Fault::SessionPresent) => Self::SessionPresent,
            CloseReason::Fault(fault) => Self::Fault(fault.to_string()),
            _ => Self::Expected,
        }
    }
}

fn message(received: &Received<'_>) -> Told {
    Told::Message {
        payload: received.payload().to_vec(),
        topic: received.topic().as_str().to_owned(),
        id: received.publish.packet_id(),
        qos: received.publish.qos(),
        dup: received.publish.dup(),
    }
}

fn failed(token: Token, failure: Failure<'_>) -> Told {
    match failure {
        Failure::Dropped(why) => Told::Failed(token, Some(why)),
        _ => Told::Failed(token, None),
    }
}

impl From<ClientAction<'_>> for Told {
    fn from(action: ClientAction<'_>) -> Self {
        match action {
            ClientAction::Connected(connack) => Self::Connected {
                session_present: connack.session_present,
                keep_alive: connack.properties.server_keep_alive(),
            },
            ClientAction::Refused(_) => Self::Refused,
            ClientAction::Subscribed(token, _) | ClientAction::Unsubscribed(token, _) => {
                Self::Answered(token)
            }
            ClientAction::Disconnected(_) => Self::Left,
            ClientAction::Message(received) => message(&received),
            ClientAction::Done { token, .. } => Self::Done(token),
            ClientAction::Failed { token, failure } => failed(token, failure),
            ClientAction::Lost { token } => Self::Lost(token),
            ClientAction::Ignored { .. } => Self::Ignored,
            ClientAction::Close(reason) => Self::Close(Why::of(reason)),
            ClientAction::SessionEnded => Self::SessionEnded,
            _ => Self::Other,
        }
    }
}

impl From<ServerAction<'_>> for Told {
    fn from(action: ServerAction<'_>) -> Self {
        match action {
            ServerAction::Connect(connect) => Self::Connect {
                clean: connect.clean_session,
                keep_alive: connect.keep_alive,
                expiry: connect.properties.session_expiry_interval().unwrap_or(0),
                will: connect.will.map(|will| {
                    let delay = will.properties.will_delay_interval().unwrap_or(0);
                    (will.payload.as_bytes().to_vec(), delay)
                }),
            },
            ServerAction::Subscribe(packet) => Self::Subscribe {
                id: packet.packet_id,
                filters: packet
                    .subscriptions
                    .iter()
                    .map(|s| (s.filter.as_str().to_owned(), s.options.qos))
                    .collect(),
            },
            ServerAction::Unsubscribe(packet) => Self::Unsubscribe {
                id: packet.packet_id,
                filters: packet.filters.iter().map(|f| f.as_str().to_owned()).collect(),
            },
            ServerAction::Will(message) => Self::Will(message.payload().to_vec()),
            ServerAction::Disconnected(packet) => Self::DisconnectOf {
                keeps_will: packet.reason != ReasonCode::SUCCESS,
                expiry: packet.properties.session_expiry_interval(),
            },
            ServerAction::Message(received) => message(&received),
            ServerAction::Done { token, .. } => Self::Done(token),
            ServerAction::Failed { token, failure } => failed(token, failure),
            ServerAction::Lost { token } => Self::Lost(token),
            ServerAction::Ignored { .. } => Self::Ignored,
            ServerAction::Close(reason) => Self::Close(Why::of(reason)),
            ServerAction::SessionEnded => Self::SessionEnded,
            _ => Self::Other,
        }
    }
}

/// A session of either role.
pub trait Machine: Sized {
    /// The side that it is.
    const ROLE: Role;

    fn fresh(options: Arc<SessionOptions>) -> Self;
    fn restored(
        options: Arc<SessionOptions>,
        stored: Snapshot,
        now: Instant,
    ) -> Result<Self, SnapshotError>;
    fn receive(&mut self, now: Instant, input: &mut &[u8]) -> Option<Told>;
    fn poll(&mut self) -> Option<Told>;
    fn transmit(&mut self, now: Instant) -> &mut Outgoing;
    fn keep_journal(&mut self);
    fn journal(&mut self, now: Instant) -> Vec<Record>;
    fn snapshot(&self) -> Snapshot;
    fn deadline(&self) -> Option<(Instant, mqtt_pure::Deadline)>;
    fn timeout(&mut self, now: Instant);
    fn closed(&mut self, now: Instant);
    fn is_blocked(&self) -> bool;
    fn publish(&mut self, now: Instant, message: Message) -> Result<Published, CommandError>;
    fn acknowledge(
        &mut self,
        now: Instant,
        id: PacketId,
        qos: QoS,
        reason: ReasonCode,
    ) -> Result<(), CommandError>;
    fn in_flight(&self) -> usize;
    fn queued(&self) -> usize;
    fn is_connected(&self) -> bool;
}

macro_rules! machine {
    ($name:ident, |$options:ident, $stored:ident, $now:ident| $restore:expr,
     |$this:ident, $at:ident, $message:ident| $publish:expr) => {
        impl Machine for $name {
            const ROLE: Role = Role::$name;

            fn fresh(options: Arc<SessionOptions>) -> Self {
                Self::new(options)
            }
            fn restored(
                $options: Arc<SessionOptions>,
                $stored: Snapshot,
                $now: Instant,
            ) -> Result<Self, SnapshotError> {
                $restore
            }
            fn receive(&mut self, now: Instant, input: &mut &[u8]) -> Option<Told> {
                self.receive(now, input).map(Told::from)
            }
            fn poll(&mut self) -> Option<Told> {
                self.poll().map(Told::from)
            }
            fn transmit(&mut self, now: Instant) -> &mut Outgoing {
                self.transmit(now)
            }
            fn keep_journal(&mut self) {
                self.keep_journal();
            }
            fn journal(&mut self, now: Instant) -> Vec<Record> {
                self.journal(now)
            }
            fn snapshot(&self) -> Snapshot {
                self.snapshot()
            }
            fn deadline(&self) -> Option<(Instant, mqtt_pure::Deadline)> {
                self.deadline()
            }
            fn closed(&mut self, now: Instant) {
                self.closed(now);
            }
            fn timeout(&mut self, now: Instant) {
                self.timeout(now);
            }
            fn is_blocked(&self) -> bool {
                self.is_blocked()
            }
            fn publish(
                &mut self,
                $at: Instant,
                $message: Message,
            ) -> Result<Published, CommandError> {
                let $this = self;
                $publish
            }
            fn acknowledge(
                &mut self,
                now: Instant,
                id: PacketId,
                qos: QoS,
                reason: ReasonCode,
            ) -> Result<(), CommandError> {
                self.acknowledge(now, id, qos, reason, Properties::EMPTY)
            }
            fn in_flight(&self) -> usize {
                self.in_flight()
            }
            fn queued(&self) -> usize {
                self.queued()
            }
            fn is_connected(&self) -> bool {
                self.is_connected()
            }
        }
    };
}

machine!(Client, |options, stored, _now| Self::restore(options, stored), |this, now, message| this
    .publish(now, message));
machine!(
    Server,
    |options, stored, now| Self::restore(options, stored, now),
    |this, now, message| this.publish(now, message, QoS::ExactlyOnce)
);
