//! The flows of QoS 1 and 2: every answer in every state, and two sides over a bad network.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

use mqtt_pure::{
    Acknowledgement, Answer, Answered, Arrival, Awaited, Flow, Inbound, InboundError, Outbound,
    PacketId, ReasonCode, Request, Resend, Unsent, WhyUnsent, WrongAnswer,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

const ANSWERS: [Answer; 7] = [
    Answer::Puback,
    Answer::PubackFailure,
    Answer::Pubrec,
    Answer::PubrecFailure,
    Answer::Pubcomp,
    Answer::Suback,
    Answer::Unsuback,
];

/// Something that waits for the answer, under identifier 1.
fn waiting_for(awaited: Awaited) -> Outbound<&'static str> {
    let mut outbound = Outbound::new(10);
    outbound.connected(5);
    let given = match awaited {
        Awaited::Puback => outbound.publish(Flow::AtLeastOnce, "m"),
        Awaited::Pubrec | Awaited::Pubcomp => outbound.publish(Flow::ExactlyOnce, "m"),
        Awaited::Suback => outbound.request(Request::Subscribe, "m"),
        Awaited::Unsuback => outbound.request(Request::Unsubscribe, "m"),
    };
    assert_eq!(given, Ok(id(1)));
    if awaited == Awaited::Pubcomp {
        assert_eq!(outbound.answer(Answer::Pubrec, id(1)), Ok(Answered::Release));
    }
    assert_eq!(outbound.get(id(1)), Some((awaited, &"m")));
    outbound
}

/// What sections 4.3.2, 4.3.3, 3.8.4 and 3.10.4 of the standard say: what is not here is a violation.
#[test]
fn every_answer_in_every_state() {
    use Awaited as S;
    let table = [
        (S::Puback, Answer::Puback, Answered::Done("m"), None),
        (S::Puback, Answer::PubackFailure, Answered::Refused("m"), None),
        (S::Pubrec, Answer::Pubrec, Answered::Release, Some(S::Pubcomp)),
        (S::Pubrec, Answer::PubrecFailure, Answered::Refused("m"), None),
        (S::Pubcomp, Answer::Pubrec, Answered::ReleaseAgain, Some(S::Pubcomp)),
        (S::Pubcomp, Answer::Pubcomp, Answered::Done("m"), None),
        (S::Suback, Answer::Suback, Answered::Done("m"), None),
        (S::Unsuback, Answer::Unsuback, Answered::Done("m"), None),
    ];
    let mut legal = 0;
    for awaited in [S::Puback, S::Pubrec, S::Pubcomp, S::Suback, S::Unsuback] {
        for answer in ANSWERS {
            let mut outbound = waiting_for(awaited);
            let quota = outbound.quota();
            let row = table.iter().find(|row| (row.0, row.1) == (awaited, answer));
            let Some((_, _, expected, next)) = row else {
                let error = WrongAnswer { id: id(1), answer, awaited };
                assert_eq!(outbound.answer(answer, id(1)), Err(error));
                assert_eq!((outbound.get(id(1)), outbound.quota()), (Some((awaited, &"m")), quota));
                continue;
            };
            legal += 1;
            assert_eq!(outbound.answer(answer, id(1)).as_ref(), Ok(expected));
            assert_eq!(outbound.get(id(1)).map(|(state, _)| state), *next);
            let is_request = matches!(awaited, S::Suback | S::Unsuback);
            let given_back = u16::from(next.is_none() && !is_request);
            assert_eq!(outbound.quota(), quota + given_back, "{awaited:?} {answer:?}");
            assert_eq!(outbound.is_empty(), next.is_none());
        }
    }
    assert_eq!(legal, table.len());
    for answer in ANSWERS {
        // Nothing is known of identifier 2, nor of one that is far off, nor of one that is free again.
        let mut outbound = waiting_for(S::Puback);
        outbound.answer(Answer::Puback, id(1)).unwrap();
        let expected = match answer {
            Answer::Pubrec => Answered::ReleaseUnknown,
            _ => Answered::Unknown,
        };
        for unknown in [1, 2, u16::MAX] {
            assert_eq!(outbound.answer(answer, id(unknown)), Ok(expected.clone()));
            assert_eq!(outbound.quota(), 5);
        }
    }
}

/// What sections 4.3.2 and 4.3.3 of the standard say to the receiver.
#[test]
fn every_packet_in_every_state() {
    use Flow::{AtLeastOnce as One, ExactlyOnce as Two};
    // Nothing known; delivered, not acknowledged; acknowledged and answered by PUBREC.
    let nothing = || Inbound::new(10);
    let delivered = || {
        let mut inbound = nothing();
        assert_eq!(inbound.publish(id(1), Two), Ok(Arrival::Deliver));
        inbound
    };
    let answered = || {
        let mut inbound = delivered();
        assert!(inbound.acknowledge(id(1), Two, ReasonCode::SUCCESS));
        let answer = Acknowledgement { flow: Two, id: id(1), reason: ReasonCode::SUCCESS };
        assert_eq!((inbound.next_answer(), inbound.next_answer()), (Some(answer), None));
        inbound
    };
    assert_eq!(nothing().publish(id(1), One), Ok(Arrival::Deliver));
    assert_eq!(nothing().pubrel(id(1)), Ok(false));
    assert_eq!(delivered().publish(id(1), One), Err(InboundError::InUse(id(1))));
    assert_eq!(delivered().publish(id(1), Two), Ok(Arrival::Repeated));
    assert_eq!(delivered().pubrel(id(1)), Err(InboundError::Early(id(1))));
    assert_eq!(answered().publish(id(1), One), Err(InboundError::InUse(id(1))));
    assert_eq!(answered().publish(id(1), Two), Ok(Arrival::Repeated));
    let mut inbound = answered();
    assert_eq!((inbound.pubrel(id(1)), inbound.pubrel(id(1))), (Ok(true), Ok(false)));
    // The identifier is free: a new message.
    assert_eq!(inbound.publish(id(1), Two), Ok(Arrival::Deliver));
    assert_eq!(inbound.outstanding(), 1);
    // Of an older connection: it is known, but nobody has promised anything.
    let carried = || {
        let mut inbound = delivered();
        inbound.disconnected();
        inbound
    };
    assert_eq!(carried().publish(id(1), One), Err(InboundError::InUse(id(1))));
    assert_eq!(carried().publish(id(1), Two), Ok(Arrival::Repeated));
    let mut inbound = carried();
    assert_eq!(inbound.pubrel(id(1)), Ok(false));
    assert!(!inbound.acknowledge(id(1), Two, ReasonCode::SUCCESS));
    assert_eq!(inbound.publish(id(1), Two), Ok(Arrival::Deliver));
    let mut inbound = carried();
    assert_eq!(inbound.publish(id(1), Two), Ok(Arrival::Repeated));
    assert_eq!(inbound.pubrel(id(1)), Err(InboundError::Early(id(1))));
}

#[test]
fn an_answer_waits_for_the_older_ones_of_its_kind() {
    let mut inbound = Inbound::new(10);
    for (n, flow) in [(1, Flow::AtLeastOnce), (2, Flow::ExactlyOnce), (3, Flow::AtLeastOnce)] {
        inbound.publish(id(n), flow).unwrap();
    }
    assert!(inbound.acknowledge(id(3), Flow::AtLeastOnce, ReasonCode::SUCCESS));
    assert_eq!(inbound.next_answer(), None);
    // PUBREC and PUBACK do not wait for each other.
    assert!(inbound.acknowledge(id(2), Flow::ExactlyOnce, ReasonCode::SUCCESS));
    assert_eq!(inbound.next_answer().map(|answer| answer.id), Some(id(2)));
    assert!(inbound.acknowledge(id(1), Flow::AtLeastOnce, ReasonCode::SUCCESS));
    let rest: Vec<u16> = std::iter::from_fn(|| inbound.next_answer()).map(|a| a.id.get()).collect();
    assert_eq!(rest, [1, 3]);
    assert!(!inbound.acknowledge(id(1), Flow::AtLeastOnce, ReasonCode::SUCCESS));
    assert!(!inbound.acknowledge(id(2), Flow::ExactlyOnce, ReasonCode::SUCCESS));
}

/// A request is no message: it is not sent again, takes no quota and holds no message back.
#[test]
fn a_request_among_messages_that_are_sent_again() {
    let mut outbound = Outbound::new(100);
    assert_eq!(outbound.restore(id(1), Awaited::Puback, "a message"), Ok(()));
    let none = Unsent { message: "SUBSCRIBE", why: WhyUnsent::NotConnected };
    assert_eq!(outbound.request(Request::Subscribe, "SUBSCRIBE"), Err(none));
    outbound.connected(20);
    let request = outbound.request(Request::Subscribe, "SUBSCRIBE").unwrap();
    assert_eq!(outbound.next_resend(), Some(Resend::Publish { id: id(1), message: &"a message" }));
    assert_eq!(outbound.next_resend(), None);
    assert_eq!((outbound.is_resending(), outbound.quota()), (false, 19));
    // A second connection without the end of the first was told.
    outbound.connected(20);
    assert_eq!(outbound.next_resend(), Some(Resend::Publish { id: id(1), message: &"a message" }));
    assert_eq!(outbound.next_resend(), None);
    assert_eq!(outbound.answer(Answer::Suback, request), Ok(Answered::Done("SUBSCRIBE")));
}

#[test]
fn an_answer_without_a_connection_gives_no_quota() {
    let mut outbound = Outbound::new(10);
    outbound.connected(1);
    let id = outbound.publish(Flow::AtLeastOnce, 1).unwrap();
    outbound.disconnected(|_, _| ());
    assert_eq!(outbound.answer(Answer::Puback, id), Ok(Answered::Done(1)));
    assert_eq!(outbound.quota(), 0);
    let none = Unsent { message: 2, why: WhyUnsent::NotConnected };
    assert_eq!(outbound.publish(Flow::AtLeastOnce, 2), Err(none));
}

/// Whoever is refused must not be told later that the message was taken.
#[test]
fn a_refusal_that_was_not_sent_is_no_success() {
    let refused = ReasonCode::QUOTA_EXCEEDED;
    let mut inbound = Inbound::new(20);
    inbound.publish(id(1), Flow::ExactlyOnce).unwrap();
    inbound.publish(id(2), Flow::ExactlyOnce).unwrap();
    assert!(inbound.acknowledge(id(2), Flow::ExactlyOnce, refused));
    // It waits for the answer to the first one.
    assert_eq!(inbound.next_answer(), None);
    assert!(inbound.iter().all(|(_, is_taken)| !is_taken));
    inbound.disconnected();
    assert_eq!(inbound.iter().collect::<Vec<_>>(), [(id(1), false)]);
    assert_eq!(inbound.publish(id(2), Flow::ExactlyOnce), Ok(Arrival::Deliver));
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Repeated));
}

#[test]
fn a_refused_message_leaves_nothing() {
    let refused = ReasonCode::QUOTA_EXCEEDED;
    let mut inbound = Inbound::new(2);
    inbound.publish(id(1), Flow::ExactlyOnce).unwrap();
    assert!(inbound.acknowledge(id(1), Flow::ExactlyOnce, refused));
    assert_eq!(inbound.next_answer().map(|answer| answer.reason), Some(refused));
    assert_eq!((inbound.outstanding(), inbound.iter().count()), (0, 0));
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Deliver));
    // It came twice before it was refused: one answer frees the identifier.
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Repeated));
    assert!(inbound.acknowledge(id(1), Flow::ExactlyOnce, refused));
    assert!(inbound.next_answer().is_some());
    assert_eq!((inbound.next_answer(), inbound.outstanding()), (None, 0));
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Deliver));
    // Refused while there is no connection: it comes again, as a new one.
    inbound.disconnected();
    assert!(inbound.acknowledge(id(1), Flow::ExactlyOnce, refused));
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Deliver));
}

#[test]
fn more_than_the_maximum_is_told() {
    let mut inbound = Inbound::new(2);
    inbound.publish(id(1), Flow::ExactlyOnce).unwrap();
    inbound.publish(id(1), Flow::ExactlyOnce).unwrap();
    inbound.publish(id(7), Flow::AtLeastOnce).unwrap();
    assert_eq!(inbound.publish(id(2), Flow::ExactlyOnce), Err(InboundError::TooMany(2)));
    assert_eq!(inbound.publish(id(7), Flow::AtLeastOnce), Err(InboundError::TooMany(2)));
    // What comes again and again counts once, and is answered once.
    for _ in 0..10 {
        assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Repeated));
    }
    assert!(inbound.acknowledge(id(1), Flow::ExactlyOnce, ReasonCode::SUCCESS));
    assert_eq!(std::iter::from_fn(|| inbound.next_answer()).count(), 1);
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Ok(Arrival::Repeated));
    assert_eq!(std::iter::from_fn(|| inbound.next_answer()).count(), 1);
    // On a new connection, what is known from before counts when it comes.
    inbound.disconnected();
    assert_eq!(inbound.outstanding(), 0);
    inbound.publish(id(2), Flow::ExactlyOnce).unwrap();
    inbound.publish(id(3), Flow::ExactlyOnce).unwrap();
    assert_eq!(inbound.publish(id(1), Flow::ExactlyOnce), Err(InboundError::TooMany(2)));
}

/// All identifiers, each once; then none is left.
#[test]
fn identifiers_are_used_up_and_given_back() {
    let mut outbound = Outbound::new(u16::MAX);
    outbound.connected(u16::MAX);
    for n in 1..=u16::MAX {
        let given = match n % 3 {
            0 => outbound.request(Request::Subscribe, n),
            _ => outbound.publish(Flow::ExactlyOnce, n),
        };
        assert_eq!(given, Ok(id(n)));
    }
    let full = Unsent { message: 0, why: WhyUnsent::NoIdentifier };
    assert_eq!(outbound.publish(Flow::AtLeastOnce, 0), Err(full));
    assert_eq!(outbound.request(Request::Unsubscribe, 0), Err(full));
    assert_eq!(outbound.answer(Answer::Suback, id(300)), Ok(Answered::Done(300)));
    assert_eq!(outbound.answer(Answer::PubrecFailure, id(200)), Ok(Answered::Refused(200)));
    // The one that has been free for longest.
    assert_eq!(outbound.publish(Flow::AtLeastOnce, 1), Ok(id(300)));
    assert_eq!(outbound.request(Request::Subscribe, 2), Ok(id(200)));
    let mut left = 0;
    outbound.clear(|_, _, _| left += 1);
    assert_eq!((left, outbound.len()), (65_535, 0));
}

#[test]
fn an_identifier_is_not_used_again_at_once() {
    // Also while many others wait.
    for waiting in [0, 15, 60] {
        let mut outbound = Outbound::new(100);
        outbound.connected(100);
        for _ in 0..waiting {
            outbound.publish(Flow::ExactlyOnce, ()).unwrap();
        }
        let mut last = BTreeMap::new();
        for round in 0..1_000 {
            let id = outbound.publish(Flow::AtLeastOnce, ()).unwrap();
            let before = last.insert(id, round);
            assert!(before.is_none_or(|before| round - before >= 16), "{id} after {before:?}");
            assert_eq!(outbound.answer(Answer::Puback, id), Ok(Answered::Done(())));
        }
    }
}

#[test]
fn a_quota_holds_back_what_is_sent_again() {
    let mut outbound = Outbound::new(10);
    outbound.connected(10);
    for n in 0..5 {
        outbound.publish(Flow::ExactlyOnce, n).unwrap();
    }
    outbound.request(Request::Subscribe, 99).unwrap();
    outbound.answer(Answer::Pubrec, id(2)).unwrap();
    let mut lost = Vec::new();
    outbound.disconnected(|id, message| lost.push((id.get(), message)));
    assert_eq!(lost, [(6, 99)]);
    let none = Unsent { message: 7, why: WhyUnsent::NotConnected };
    assert_eq!(outbound.publish(Flow::AtLeastOnce, 7), Err(none));
    assert_eq!(outbound.request(Request::Subscribe, 7), Err(none));

    outbound.connected(2);
    assert_eq!(outbound.next_resend(), Some(Resend::Publish { id: id(1), message: &0 }));
    assert_eq!(outbound.next_resend(), Some(Resend::Pubrel { id: id(2) }));
    assert_eq!(outbound.next_resend(), None);
    let wait = Unsent { message: 7, why: WhyUnsent::Resending };
    assert_eq!(outbound.publish(Flow::AtLeastOnce, 7), Err(wait));
    assert_eq!(outbound.answer(Answer::Pubcomp, id(2)), Ok(Answered::Done(1)));
    // An answer to what was not sent again on this connection gives no quota.
    assert_eq!(outbound.answer(Answer::PubrecFailure, id(3)), Ok(Answered::Refused(2)));
    assert_eq!(outbound.quota(), 1);
    assert_eq!(outbound.next_resend(), Some(Resend::Publish { id: id(4), message: &3 }));
    assert_eq!(outbound.next_resend(), None);
    assert!(outbound.is_resending());
    outbound.answer(Answer::PubrecFailure, id(1)).unwrap();
    assert_eq!(outbound.next_resend(), Some(Resend::Publish { id: id(5), message: &4 }));
    assert!(!outbound.is_resending());
}

#[test]
fn what_was_recorded_goes_on() {
    let mut outbound = Outbound::new(50);
    outbound.connected(50);
    for n in 0..20_u32 {
        let flow = if n % 2 == 0 { Flow::AtLeastOnce } else { Flow::ExactlyOnce };
        outbound.publish(flow, n).unwrap();
    }
    for n in [2, 6, 10] {
        outbound.answer(Answer::Pubrec, id(n)).unwrap();
    }
    outbound.answer(Answer::Puback, id(5)).unwrap();
    let recorded: Vec<_> = outbound.iter().map(|(id, awaited, n)| (id, awaited, *n)).collect();
    let mut other = Outbound::new(50);
    for (id, awaited, n) in &recorded {
        assert_eq!(other.restore(*id, *awaited, *n), Ok(()));
    }
    assert!(other.iter().map(|(id, awaited, n)| (id, awaited, *n)).eq(recorded));
    // What no record can say.
    assert_eq!(other.restore(id(1), Awaited::Puback, 0), Err(0));
    assert_eq!(other.restore(id(51), Awaited::Puback, 0), Err(0));
    assert_eq!(other.restore(id(30), Awaited::Suback, 0), Err(0));
    let mut sent = Vec::new();
    for side in [&mut outbound, &mut other] {
        side.disconnected(|_, _| panic!("nothing is asked"));
        side.connected(u16::MAX);
        let all = std::iter::from_fn(|| side.next_resend().map(|resend| format!("{resend:?}")));
        sent.push(all.collect::<Vec<_>>());
        assert_eq!(sent.last().unwrap().len(), 19);
    }
    assert_eq!(sent[0], sent[1]);
    // Those that were not recorded are free, also the one in between.
    let free: Vec<u16> =
        (0..31).map(|n| other.publish(Flow::AtLeastOnce, n).unwrap().get()).collect();
    assert_eq!(free[..3], [21, 22, 23]);
    assert!(free.contains(&5) && free.iter().all(|id| *id == 5 || (21..=50).contains(id)));
    assert_eq!(other.len(), 50);
}

/// A packet on its way.
#[derive(Clone, Copy, Debug)]
enum Packet {
    Publish { id: PacketId, flow: Flow, number: u32, dup: bool },
    Answer(Answer, PacketId),
    Pubrel(PacketId),
}

/// Two sides and what is between them.
struct World {
    outbound: Outbound<(u32, Flow)>,
    inbound: Inbound,
    there: VecDeque<Packet>,
    back: VecDeque<Packet>,
    delivered: Vec<(u32, Flow)>,
    done: Vec<u32>,
    /// Delivered, and not yet acknowledged.
    held: Vec<(PacketId, Flow)>,
    /// Identifiers for which PUBREL was sent since they were last given out.
    released: BTreeMap<PacketId, bool>,
    next: u32,
}

impl World {
    fn new(window: u16) -> Self {
        let mut outbound = Outbound::new(window);
        outbound.connected(window);
        Self {
            outbound,
            inbound: Inbound::new(window),
            there: VecDeque::new(),
            back: VecDeque::new(),
            delivered: Vec::new(),
            done: Vec::new(),
            held: Vec::new(),
            released: BTreeMap::new(),
            next: 0,
        }
    }

    fn publish(&mut self, flow: Flow) {
        let number = self.next;
        if let Ok(id) = self.outbound.publish(flow, (number, flow)) {
            self.next += 1;
            self.released.insert(id, false);
            self.there.push_back(Packet::Publish { id, flow, number, dup: false });
        }
    }

    fn resend(&mut self) {
        while let Some(resend) = self.outbound.next_resend() {
            let packet = match resend {
                Resend::Publish { id, message: &(number, flow) } => {
                    Packet::Publish { id, flow, number, dup: true }
                }
                Resend::Pubrel { id } => Packet::Pubrel(id),
            };
            self.write(packet);
        }
    }

    fn write(&mut self, packet: Packet) {
        match packet {
            Packet::Pubrel(id) => drop(self.released.insert(id, true)),
            Packet::Publish { id, dup: true, .. } => {
                assert!(!self.released[&id], "PUBLISH {id} after its PUBREL");
            }
            _ => {}
        }
        self.there.push_back(packet);
    }

    /// The receiver reads a packet.
    fn receive(&mut self) {
        match self.there.pop_front() {
            Some(Packet::Publish { id, flow, number, dup }) => {
                match self.inbound.publish(id, flow).unwrap() {
                    Arrival::Deliver => {
                        self.delivered.push((number, flow));
                        self.held.push((id, flow));
                    }
                    Arrival::Repeated => assert!(dup, "{number} twice on one connection"),
                }
            }
            Some(Packet::Pubrel(id)) => {
                self.inbound.pubrel(id).unwrap();
                self.back.push_back(Packet::Answer(Answer::Pubcomp, id));
            }
            Some(other) => panic!("{other:?} to the receiver"),
            None => {}
        }
        self.answer();
    }

    /// The application acknowledges one of the messages that it holds.
    fn acknowledge(&mut self, nth: usize) {
        if !self.held.is_empty() {
            let (id, flow) = self.held.remove(nth % self.held.len());
            self.inbound.acknowledge(id, flow, ReasonCode::SUCCESS);
        }
        self.answer();
    }

    fn answer(&mut self) {
        while let Some(Acknowledgement { flow, id, .. }) = self.inbound.next_answer() {
            let answer = match flow {
                Flow::AtLeastOnce => Answer::Puback,
                Flow::ExactlyOnce => Answer::Pubrec,
            };
            self.back.push_back(Packet::Answer(answer, id));
        }
    }

    /// The sender reads an answer.
    fn hear(&mut self) {
        match self.back.pop_front() {
            Some(Packet::Answer(answer, id)) => match self.outbound.answer(answer, id).unwrap() {
                Answered::Done((number, _)) => self.done.push(number),
                Answered::Release | Answered::ReleaseAgain => self.write(Packet::Pubrel(id)),
                other => panic!("{other:?} for {answer:?} {id}"),
            },
            Some(other) => panic!("{other:?} to the sender"),
            None => {}
        }
        self.resend();
    }

    /// The connection is lost after some of what is on its way has come, and there is a new one.
    fn reconnect(&mut self, there: usize, back: usize, window: u16) {
        for _ in 0..there.min(self.there.len()) {
            self.receive();
        }
        for _ in 0..back.min(self.back.len()) {
            self.hear();
        }
        self.there.clear();
        self.back.clear();
        self.outbound.disconnected(|_, _| panic!("nothing is asked"));
        self.inbound.disconnected();
        // What was not acknowledged of QoS 1 comes again.
        self.held.retain(|(_, flow)| *flow == Flow::ExactlyOnce);
        self.outbound.connected(window);
        self.resend();
    }

    fn settle(&mut self) {
        for _ in 0..100_000 {
            self.receive();
            self.acknowledge(0);
            self.hear();
            if self.outbound.is_empty() && self.there.is_empty() && self.back.is_empty() {
                return;
            }
        }
        panic!("it does not come to rest: {:?}", self.outbound.iter().collect::<Vec<_>>());
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Publish(Flow),
    Receive,
    Acknowledge(usize),
    Hear,
    Reconnect(usize, usize),
}

fn event() -> impl Strategy<Value = Event> {
    let flow = prop_oneof![Just(Flow::AtLeastOnce), Just(Flow::ExactlyOnce)];
    prop_oneof![
        5 => flow.prop_map(Event::Publish),
        5 => Just(Event::Receive),
        4 => (0..4_usize).prop_map(Event::Acknowledge),
        5 => Just(Event::Hear),
        1 => (0..4_usize, 0..4_usize).prop_map(|(there, back)| Event::Reconnect(there, back)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn promises_hold_over_a_bad_network(
        events in proptest::collection::vec(event(), 1..120),
        window in 1..6_u16,
    ) {
        let mut world = World::new(window);
        for event in events {
            match event {
                Event::Publish(flow) => world.publish(flow),
                Event::Receive => world.receive(),
                Event::Acknowledge(nth) => world.acknowledge(nth),
                Event::Hear => world.hear(),
                Event::Reconnect(there, back) => world.reconnect(there, back, window),
            }
            prop_assert!(world.inbound.outstanding() <= usize::from(window));
            prop_assert!(world.outbound.len() <= usize::from(window));
        }
        world.settle();
        let mut times = BTreeMap::new();
        let mut first: BTreeMap<Flow, Vec<u32>> = BTreeMap::new();
        for &(number, flow) in &world.delivered {
            let count = times.entry(number).or_insert(0);
            *count += 1;
            prop_assert!(flow == Flow::AtLeastOnce || *count == 1, "{} twice", number);
            if *count == 1 {
                first.entry(flow).or_default().push(number);
            }
        }
        // Each at least once, and in the order in which they were sent.
        prop_assert_eq!(times.len(), usize::try_from(world.next).unwrap());
        prop_assert!(first.values().all(|numbers| numbers.is_sorted()));
        world.done.sort_unstable();
        prop_assert_eq!(world.done, (0..world.next).collect::<Vec<_>>());
        prop_assert_eq!(world.inbound.iter().count(), 0);
        prop_assert_eq!(world.outbound.quota(), window);
    }
}
