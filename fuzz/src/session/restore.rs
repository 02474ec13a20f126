//! What is stored may be anything: it is refused, or is a session for which all holds that does for
//! others.

use super::{
    command::{PAYLOADS, Setup, TOPICS, Tape, pick, qos},
    machine::{Machine, check_same},
    side::Side,
};
use arbitrary::{Arbitrary, Unstructured};
use mqtt_pure::{
    Client, Instant, Message, PacketId, Properties, Property, QueuedMessage, SentMessage, Server,
    SessionOptions, Snapshot, StoredWill, Token, TopicName,
};

/// How many events a session lives through after it was restored.
const EVENTS: usize = 50;

/// What a snapshot is made of. Small numbers, so that they meet.
#[derive(Arbitrary, Debug)]
struct Plan {
    format: u8,
    flags: u8,
    expiry: u32,
    end: Option<u64>,
    next_token: u32,
    sent: Vec<(u8, u8, Option<u8>)>,
    received: Vec<u8>,
    queued: Vec<(u8, u8, u16)>,
    will: Option<(u8, u16, Option<u64>)>,
}

fn message(number: u8) -> Message {
    let topic = TopicName::new(pick(&TOPICS, number >> 2)).unwrap();
    Message::new(topic, pick(&PAYLOADS, number >> 4))
        .with_qos(qos(number))
        .with_retain(number & 0x80 != 0)
}

impl Plan {
    fn snapshot(self) -> Option<Snapshot> {
        let id = |number: u8| PacketId::new(number.into());
        let token = |number: u8| Token::new(number.into());
        let mut snapshot = Client::new(SessionOptions::new()).snapshot();
        if self.format > 0xf0 {
            snapshot.format = self.format.into();
        }
        (snapshot.has_session, snapshot.is_connected) = (self.flags & 1 != 0, self.flags & 2 != 0);
        // Far away, or as if the clock had gone on.
        let next = if self.flags & 4 == 0 { self.next_token } else { self.next_token % 300 };
        snapshot.next_token = Token::new(next)?;
        snapshot.expiry = if self.flags & 8 == 0 { self.expiry } else { self.expiry % 10 };
        snapshot.end = self.end.map(Instant::from_millis);
        for (packet_id, name, content) in self.sent {
            let (packet_id, token) = (id(packet_id)?, token(name)?);
            let mut message = content.map(message);
            let mut since = None;
            if let Some(lasting) = message.as_mut().filter(|_| name % 3 == 0) {
                let interval = [Property::MessageExpiryInterval(name.into())];
                let properties = Properties::from(&interval[..]);
                *lasting = lasting.clone().with_properties(properties).unwrap();
                since = Some(Instant::from_millis(u64::from(name) * 1_000));
            }
            let token = Some(token);
            snapshot.sent.push(SentMessage { packet_id, token, message, since });
        }
        for number in self.received {
            snapshot.received.push(id(number)?);
        }
        for (name, content, since) in self.queued {
            let (token, message) = (token(name)?, message(content));
            let since = Instant::from_millis(since.into());
            snapshot.queued.push(QueuedMessage { token, message, since });
        }
        snapshot.will = self.will.map(|(content, delay, due)| StoredWill {
            message: message(content),
            delay: delay.into(),
            due: due.map(Instant::from_millis),
        });
        Some(snapshot)
    }
}

/// The first byte chooses form and role, the next two how many bytes are the snapshot; behind them
/// come the options and the events.
pub fn restore(data: &[u8]) {
    let [kind, high, low, rest @ ..] = data else { return };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    let (stored, events) = rest.split_at(len.min(rest.len()));
    let Some(snapshot) = (if kind & 1 == 0 { of_plan(stored) } else { of_json(stored) }) else {
        return;
    };
    if kind & 2 == 0 {
        take_up::<Client>(&snapshot, events);
    } else {
        take_up::<Server>(&snapshot, events);
    }
}

fn of_plan(stored: &[u8]) -> Option<Snapshot> {
    Plan::arbitrary(&mut Unstructured::new(stored)).ok()?.snapshot()
}

#[cfg(feature = "serde")]
fn of_json(stored: &[u8]) -> Option<Snapshot> {
    let snapshot: Snapshot = serde_json::from_slice(stored).ok()?;
    let again = serde_json::to_vec(&snapshot).unwrap();
    assert_eq!(serde_json::from_slice::<Snapshot>(&again).unwrap(), snapshot);
    Some(snapshot)
}

#[cfg(not(feature = "serde"))]
fn of_json(_: &[u8]) -> Option<Snapshot> {
    None
}

fn take_up<S: Side>(snapshot: &Snapshot, events: &[u8]) {
    let mut tape = Tape::new(events);
    let setup = Setup::read(&mut tape);
    let now = Instant::from_millis(u64::from(tape.byte()) * 1_000);
    let Ok(machine) = Machine::<S>::again(setup, snapshot, now) else { return };
    check_same(snapshot, &machine.snapshot());
    machine.check_restored();
    machine.go(&mut tape, EVENTS);
}
