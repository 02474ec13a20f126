//! A client against a model that is written from the standard: which messages are pending, which
//! identifiers are in use, and what has to be sent, to the packet.

use crate::end::{End, at, connack, id, message, with_connect};
use mqtt_pure::{
    Client, DecodeOptions, Packet, PacketId, QoS, ReasonCode, Role, SessionOptions, Token, Version,
};
use proptest::prelude::*;
use std::collections::{BTreeSet, VecDeque};

/// How many messages the server takes at one time.
const WINDOW: usize = 3;

#[derive(Clone, Debug)]
enum Event {
    Publish(QoS),
    /// The server answers one of those that were sent on this connection.
    Answer(usize),
    /// The server sends a message of QoS 2, or its PUBREL.
    Receive(u16),
    Release(u16),
    Lose,
    Connect {
        keeps: bool,
    },
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => prop_oneof![Just(QoS::AtLeastOnce), Just(QoS::ExactlyOnce)].prop_map(Event::Publish),
        6 => (0..WINDOW).prop_map(Event::Answer),
        1 => (1..4_u16).prop_map(Event::Receive),
        1 => (1..4_u16).prop_map(Event::Release),
        1 => Just(Event::Lose),
        3 => prop::bool::weighted(0.8).prop_map(|keeps| Event::Connect { keeps }),
        1 => Just(Event::Restart),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// QoS 1: waits for PUBACK.
    First,
    /// QoS 2: waits for PUBREC.
    Second,
    /// Waits for PUBCOMP.
    Third,
}

#[derive(Clone, Debug)]
struct Pending {
    number: usize,
    token: Token,
    stage: Stage,
    id: PacketId,
    /// Whether it was sent, or sent again, on this connection.
    is_sent: bool,
}

#[derive(Default)]
struct Model {
    /// On their way, in the order in which they were first sent.
    pending: Vec<Pending>,
    waiting: VecDeque<(usize, Token, QoS)>,
    received: BTreeSet<u16>,
    is_online: bool,
    has_session: bool,
    count: usize,
}

/// What has to be sent, in order; of a new message the identifier is the client's choice.
#[derive(Debug, PartialEq, Eq)]
enum Sent {
    Publish { number: usize, dup: bool, id: Option<PacketId> },
    Pubrel(PacketId),
    Pubrec(u16),
    Pubcomp(u16),
}

impl Model {
    /// What may be sent now: first what is to be sent again [MQTT-4.4.0-1] [MQTT-4.6.0-1], then what
    /// waits, and no more than the server takes.
    fn send(&mut self, sent: &mut Vec<Sent>) {
        let mut room = WINDOW - self.pending.iter().filter(|pending| pending.is_sent).count();
        for pending in self.pending.iter_mut().filter(|pending| !pending.is_sent) {
            if !self.is_online || room == 0 {
                return;
            }
            (pending.is_sent, room) = (true, room - 1);
            sent.push(match pending.stage {
                Stage::Third => Sent::Pubrel(pending.id),
                _ => Sent::Publish { number: pending.number, dup: true, id: Some(pending.id) },
            });
        }
        while self.is_online && room > 0 {
            let Some((number, token, qos)) = self.waiting.pop_front() else { return };
            let stage = if qos == QoS::AtLeastOnce { Stage::First } else { Stage::Second };
            // Its identifier is learnt when it is seen.
            let id = PacketId::MAX;
            self.pending.push(Pending { number, token, stage, id, is_sent: true });
            sent.push(Sent::Publish { number, dup: false, id: None });
            room -= 1;
        }
    }
}

struct Run {
    client: Client,
    model: Model,
    version: Version,
}

fn options() -> SessionOptions {
    let mut options = SessionOptions::new();
    options.max_in_flight = u16::try_from(WINDOW).unwrap();
    options
}

impl Run {
    fn step(&mut self, event: &Event) {
        let (mut sent, mut told) = (Vec::new(), Vec::new());
        match *event {
            Event::Publish(qos) => {
                let number = self.model.count;
                self.model.count += 1;
                let given = self.client.publish(at(0), message(qos, &number.to_string())).unwrap();
                self.model.waiting.push_back((number, given.token().unwrap(), qos));
                self.model.send(&mut sent);
            }
            Event::Answer(which) => self.answer(which, &mut sent, &mut told),
            Event::Receive(number) if self.model.is_online => {
                let mut bytes = vec![0x34, 5, 0, 1, b't', 0, u8::try_from(number).unwrap()];
                if self.version == Version::V5_0 {
                    bytes[1] = 6;
                    bytes.push(0);
                }
                let heard = self.client.hear(at(0), &bytes);
                let is_new = self.model.received.insert(number);
                assert_eq!(heard.len(), usize::from(is_new), "{heard:?}");
                sent.push(Sent::Pubrec(number));
            }
            Event::Release(number) if self.model.is_online => {
                let bytes = [0x62, 2, 0, u8::try_from(number).unwrap()];
                assert_eq!(self.client.hear(at(0), &bytes), [""; 0]);
                self.model.received.remove(&number);
                sent.push(Sent::Pubcomp(number));
            }
            Event::Receive(_) | Event::Release(_) => {}
            Event::Lose => {
                self.client.closed(at(0));
                self.model.is_online = false;
            }
            Event::Connect { keeps } => self.connect(keeps, &mut sent, &mut told),
            Event::Restart => {
                self.client = Client::restore(options(), self.client.snapshot()).unwrap();
                self.model.is_online = false;
            }
        }
        told.extend(self.client.told());
        self.check_written(&sent);
        self.check_state();
    }

    fn connect(&mut self, keeps: bool, sent: &mut Vec<Sent>, told: &mut Vec<String>) {
        let version = self.version;
        with_connect(version, false, |connect| self.client.opened(at(0), &connect)).unwrap();
        assert_eq!(self.client.written(at(0))[0], 0x10);
        let is_present = keeps && self.model.has_session;
        *told = self.client.hear(at(0), &connack(version, is_present));
        let mut over = Vec::new();
        if !is_present {
            // [MQTT-3.2.2-5] of 5.0: what was on its way is lost, or was taken by the server before.
            over = self.model.pending.drain(..).map(|p| (p.token, p.stage)).collect();
            self.model.received.clear();
        }
        for (token, stage) in over {
            let name = if stage == Stage::Third { "Done" } else { "Lost" };
            let is_told = |told: &String| told.starts_with(&format!("{name} {{ token: {token:?}"));
            assert_eq!(told.iter().filter(|told| is_told(told)).count(), 1, "{token:?}: {told:?}");
        }
        self.model.pending.iter_mut().for_each(|pending| pending.is_sent = false);
        (self.model.is_online, self.model.has_session) = (true, true);
        self.model.send(sent);
    }

    fn answer(&mut self, which: usize, sent: &mut Vec<Sent>, told: &mut Vec<String>) {
        let mut on_wire =
            (0..self.model.pending.len()).filter(|at| self.model.pending[*at].is_sent);
        let Some(place) = on_wire.nth(which).filter(|_| self.model.is_online) else { return };
        let pending = self.model.pending[place].clone();
        let [high, low] = pending.id.get().to_be_bytes();
        let first = match pending.stage {
            Stage::First => 0x40,
            Stage::Second => 0x50,
            Stage::Third => 0x70,
        };
        *told = self.client.hear(at(0), &[first, 2, high, low]);
        if pending.stage == Stage::Second {
            assert_eq!(*told, [""; 0]);
            self.model.pending[place].stage = Stage::Third;
            sent.push(Sent::Pubrel(pending.id));
            return;
        }
        self.model.pending.remove(place);
        let done = format!("Done {{ token: {:?}, reason: {:?}", pending.token, ReasonCode::SUCCESS);
        assert!(told.len() == 1 && told[0].starts_with(&done), "{told:?} but {done}");
        self.model.send(sent);
    }

    fn check_written(&mut self, expected: &[Sent]) {
        let bytes = self.client.written(at(0));
        let mut input = &bytes[..];
        let options = DecodeOptions::new(self.version).with_sender(Role::Client);
        for expected in expected {
            let packet = Packet::read(&mut input, options).unwrap();
            let sent = match packet {
                Some(Packet::Publish(publish)) => {
                    let number = std::str::from_utf8(publish.payload).unwrap().parse().unwrap();
                    let new_id = publish.packet_id().unwrap();
                    let is_new = matches!(expected, Sent::Publish { id: None, .. });
                    if is_new {
                        let in_use = self.model.pending.iter().any(|p| p.id == new_id);
                        assert!(!in_use, "{new_id} is in use");
                        let mut all = self.model.pending.iter_mut();
                        all.find(|pending| pending.number == number).unwrap().id = new_id;
                    }
                    let id = Some(new_id).filter(|_| !is_new);
                    Sent::Publish { number, dup: publish.dup(), id }
                }
                Some(Packet::Pubrel(pubrel)) => Sent::Pubrel(pubrel.packet_id),
                Some(Packet::Pubrec(pubrec)) => Sent::Pubrec(pubrec.packet_id.get()),
                Some(Packet::Pubcomp(pubcomp)) => Sent::Pubcomp(pubcomp.packet_id.get()),
                other => panic!("{other:?}, but {expected:?}"),
            };
            assert_eq!(sent, *expected);
        }
        assert!(input.is_empty(), "{input:02x?} is too much");
    }

    fn check_state(&self) {
        let snapshot = self.client.snapshot();
        let of_model = self.model.pending.iter();
        let sent: Vec<_> =
            of_model.map(|p| (Some(p.token), p.id, p.stage == Stage::Third)).collect();
        let of_client = snapshot.sent.iter();
        let kept: Vec<_> = of_client.map(|s| (s.token, s.packet_id, s.message.is_none())).collect();
        assert_eq!(kept, sent);
        let waiting: Vec<_> = self.model.waiting.iter().map(|waiting| waiting.1).collect();
        let queued: Vec<_> = snapshot.queued.iter().map(|queued| queued.token).collect();
        assert_eq!(queued, waiting);
        let received: Vec<_> = self.model.received.iter().map(|number| id(*number)).collect();
        assert_eq!(snapshot.received, received);
        assert_eq!(snapshot.is_connected, self.model.is_online);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_client_does_what_the_model_does(
        is_5_0 in any::<bool>(),
        events in prop::collection::vec(event(), 1..80),
    ) {
        let version = if is_5_0 { Version::V5_0 } else { Version::V3_1_1 };
        let client = Client::new(options());
        let mut run = Run { client, model: Model::default(), version };
        for event in &events {
            run.step(event);
        }
    }
}
