//! One session and its twin, which is given the same bytes in other pieces.

use super::{
    command::{Command, Setup, Tape, id, pick},
    model::Model,
    peer,
    side::{Side, Told, What},
};
use bytes::Buf;
use mqtt_pure::{
    DecodeOptions, Delivery, Instant, Oversize, Packet, PacketId, Record, Snapshot, SnapshotError,
    Version,
};
use std::{collections::BTreeSet, sync::Arc};

/// More events make it slow and show nothing new.
const EVENTS: usize = 400;

/// What commands and answers may add to what waits to be written, beyond the limit.
const SLACK: usize = 40_000;

const STEPS: [u64; 10] =
    [0, 1, 999, 1_000, 1_500, 10_000, 90_000, 3_600_000, u64::MAX / 2, u64::MAX];

pub struct Machine<S> {
    setup: Setup,
    side: S,
    twin: S,
    now: Instant,
    version: Version,
    /// What was kept of the journal, now and before the last event, and what that recorded.
    stored: Snapshot,
    stored_before: Snapshot,
    records: Vec<Record>,
    /// What has come and is not taken.
    input: Vec<u8>,
    input_of_twin: Vec<u8>,
    /// How much of what is to be written has been looked at.
    seen: usize,
    /// What is still to come of a packet that is passed over.
    to_skip: usize,
    model: Model,
    most_in_flight: usize,
}

impl<S: Side> Machine<S> {
    pub fn run(data: &[u8]) {
        let mut tape = Tape::new(data);
        let setup = Setup::read(&mut tape);
        let options = Arc::new(setup.options);
        let sides = [S::begin(Arc::clone(&options)), S::begin(options)];
        Self::new(setup, sides, Instant::from_millis(1_000)).go(&mut tape, EVENTS);
    }

    pub fn new(setup: Setup, [mut side, mut twin]: [S; 2], now: Instant) -> Self {
        side.start_journal();
        twin.start_journal();
        let stored = side.now_snapshot();
        Self {
            setup,
            now,
            version: setup.version,
            stored_before: stored.clone(),
            records: Vec::new(),
            input: Vec::new(),
            input_of_twin: Vec::new(),
            seen: 0,
            to_skip: 0,
            model: Model::new(&stored, &setup.options),
            most_in_flight: stored.sent.len().max(setup.options.max_in_flight.into()),
            stored,
            side,
            twin,
        }
    }

    pub fn go(mut self, tape: &mut Tape<'_>, events: usize) {
        for _ in 0..events {
            if tape.is_empty() {
                break;
            }
            self.event(tape);
            self.settle();
        }
        self.poll();
        self.model.check_all_told(&self.side.now_snapshot());
        self.check_restored();
    }

    fn event(&mut self, tape: &mut Tape<'_>) {
        let number = tape.byte() % 42;
        if number == 41 {
            return self.crash_at_once(tape.byte());
        }
        self.stored_before = self.stored.clone();
        self.records.clear();
        let version = self.version();
        let sender = peer::other(S::ROLE);
        match number {
            number if number < Command::COUNT => {
                self.command(&Command::read(number, tape, self.setup.version));
            }
            18..=22 => {
                let packet = self.packet(tape);
                self.feed(&packet);
            }
            23 => {
                let mut packet = self.packet(tape);
                let [at, how, value] = [tape.byte(), tape.byte(), tape.byte()];
                if let Some(byte) = packet.get_mut(usize::from(at)) {
                    *byte = if how & 1 == 0 { value } else { *byte ^ 1 << (value % 8) };
                } else {
                    packet.truncate(usize::from(how));
                }
                self.feed(&packet);
            }
            24 => {
                let len = usize::from(tape.byte() % 16);
                self.feed(tape.bytes(len));
            }
            25..=29 => self.answer(tape.byte()),
            30 => {
                if let Some(id) = self.model.request(tape.byte()) {
                    let packet = peer::packet(version, sender, 7 + tape.byte() % 2, id, 1, 0);
                    self.feed(&packet);
                }
            }
            31 | 32 => self.now = self.now.plus_millis(pick(&STEPS, tape.byte())),
            33 => {
                let back = pick(&STEPS, tape.byte());
                self.now = Instant::from_millis(self.now.as_millis().saturating_sub(back));
            }
            34 => {
                if let Some((due, _)) = self.side.next_deadline() {
                    self.now = due.max(self.now);
                }
                self.pass_time();
            }
            35 => self.pass_time(),
            36 => self.write(usize::from(tape.byte())),
            37 => self.write(usize::MAX),
            38 => self.poll(),
            39 => {
                self.side.lose(self.now);
                self.twin.lose(self.now);
                self.lost();
                self.model.closed();
            }
            _ => self.crash(self.stored.clone()),
        }
    }

    fn version(&self) -> Version {
        self.side.its_version().unwrap_or(self.version)
    }

    /// A packet of the peer. The identifier is mostly one that means something.
    fn packet(&self, tape: &mut Tape<'_>) -> Vec<u8> {
        let [number, which, a, b] = [(); 4].map(|()| tape.byte());
        let snapshot = self.side.now_snapshot();
        let place = usize::from(which & 0x3f);
        let nth = |len: usize| place.checked_rem(len).unwrap_or(0);
        let chosen = match which >> 6 {
            0 | 1 => None,
            2 => snapshot.sent.get(nth(snapshot.sent.len())).map(|sent| sent.packet_id),
            _ => snapshot.received.get(nth(snapshot.received.len())).copied(),
        };
        let is_connect = number % 14 == 0;
        let version =
            if is_connect && !self.side.is_online() { self.setup.version } else { self.version() };
        peer::packet(version, peer::other(S::ROLE), number, chosen.unwrap_or(id(which)), a, b)
    }

    /// The peer answers a message as it should.
    fn answer(&mut self, place: u8) {
        let snapshot = self.side.now_snapshot();
        let Some(sent) = snapshot.sent.get(usize::from(place) % snapshot.sent.len().max(1)) else {
            return;
        };
        let qos = sent.message.as_ref().map(|message| message.qos());
        self.feed(&peer::answer(self.version(), sent.packet_id, qos));
    }

    fn command(&mut self, command: &Command) {
        self.look_at_both();
        let (snapshot, deadline) = (self.side.now_snapshot(), self.side.next_deadline());
        let given = self.side.command(self.now, command);
        assert_eq!(self.twin.command(self.now, command), given, "{command:?}");
        if given.is_err() {
            let is_due = deadline.is_some_and(|(due, _)| due <= self.now);
            if !is_due {
                assert_eq!(self.side.now_snapshot(), snapshot, "{command:?}: {given:?}");
                assert_eq!(self.side.next_deadline(), deadline, "{command:?}: {given:?}");
                let len = self.side.outgoing(self.now).remaining();
                assert_eq!(len, self.seen, "{command:?}: {given:?}");
            }
            return;
        }
        if let Command::Open { version, .. } = *command {
            self.version = version;
            self.lost();
            self.model.opened(&snapshot);
        }
        let is_request = matches!(command, Command::Subscribe { .. } | Command::Unsubscribe { .. });
        self.model.given(&given, is_request);
        self.look_at_both();
    }

    /// The old transport is gone, and what was on it.
    fn lost(&mut self) {
        self.input.clear();
        self.input_of_twin.clear();
        (self.seen, self.to_skip) = (0, 0);
    }

    fn pass_time(&mut self) {
        self.side.pass_time(self.now);
        self.twin.pass_time(self.now);
        let next = self.side.next_deadline();
        assert!(next.is_none_or(|(due, _)| due > self.now), "{next:?} at {:?}", self.now);
        self.look_at_both();
    }

    fn write(&mut self, len: usize) {
        for side in [&mut self.side, &mut self.twin] {
            let outgoing = side.outgoing(self.now);
            let len = len.min(outgoing.remaining());
            outgoing.advance(len);
        }
        self.seen = self.seen.saturating_sub(len);
        self.look_at_both();
    }

    /// Sends what may be sent, on both sides.
    fn look_at_both(&mut self) {
        self.look_at_twin();
        self.look();
    }

    fn look_at_twin(&mut self) {
        self.twin.records(self.now);
        self.twin.outgoing(self.now);
    }

    /// Keeps what is recorded, which lets what may be sent be sent, and looks at what is new among what
    /// is to be written.
    fn look(&mut self) {
        let version = self.version();
        for record in self.side.records(self.now) {
            self.records.push(record.clone());
            self.model.recorded(&record, &self.stored, self.now);
            self.stored.apply(record).unwrap();
        }
        let outgoing = self.side.outgoing(self.now);
        let len = outgoing.remaining();
        assert!(len >= self.seen, "{} bytes are gone", self.seen - len);
        if len == self.seen {
            return;
        }
        let mut new = outgoing.clone();
        new.advance(self.seen);
        let new = new.copy_to_bytes(new.remaining());
        self.model.written(&new, version, S::ROLE, &self.side.now_snapshot());
        self.seen = len;
    }

    fn poll(&mut self) {
        self.look_at_both();
        while let Some(told) = self.side.next_told() {
            assert_eq!(self.twin.next_told().as_ref(), Some(&told));
            self.model.told(&told);
        }
        assert_eq!(self.twin.next_told(), None);
    }

    /// Bytes come, for the twin in pieces.
    fn feed(&mut self, bytes: &[u8]) {
        self.look_at_both();
        let mut told = Vec::new();
        self.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.input);
        let mut left = &input[..];
        while let Some(next) = self.hear(&mut left) {
            told.push(next);
        }
        self.input = left.to_vec();
        self.look();
        let mut told_to_twin = Vec::new();
        let mut input = std::mem::take(&mut self.input_of_twin);
        for piece in bytes.chunks(self.setup.piece).chain([&[][..]]) {
            input.extend_from_slice(piece);
            let mut left = &input[..];
            while let Some(next) = self.twin.hear(self.now, &mut left) {
                self.look_at_twin();
                if self.setup.is_obliging {
                    self.twin.oblige(self.now, &next);
                }
                self.look_at_twin();
                told_to_twin.push(next);
            }
            input = left.to_vec();
        }
        self.look_at_twin();
        self.input_of_twin = input;
        assert_eq!(told_to_twin, told, "in pieces of {}: {bytes:02x?}", self.setup.piece);
        // Of a packet that is skipped the rest waits if there is no room for more answers.
        let is_waiting = self.setup.options.oversize == Oversize::Skip && self.twin.is_stuck();
        assert!(self.input_of_twin == self.input || is_waiting, "pieces of {}", self.setup.piece);
    }

    fn hear(&mut self, left: &mut &[u8]) -> Option<Told> {
        let before = *left;
        let was_online = self.side.is_online();
        let known = (was_online && !before.is_empty()).then(|| self.side.now_snapshot().received);
        let told = self.side.hear(self.now, left);
        if let Some(known) = known {
            let taken = &before[..before.len() - left.len()];
            self.check_taken(taken, known.into_iter().collect(), told.as_ref());
        }
        if let Some(told) = &told {
            if told.what == What::Close {
                // What is written before the transport is closed.
                self.look();
            }
            self.model.told(told);
            if let What::Connect { clean_session, .. } = told.what {
                let has_session = self.side.now_snapshot().has_session;
                self.model.asked_for_session(has_session && !clean_session);
            }
            self.look();
            if self.setup.is_obliging {
                self.side.oblige(self.now, told);
            }
        }
        self.look();
        told
    }

    /// What was taken in one step: only the last packet of it may be one to be told.
    fn check_taken(
        &mut self,
        mut taken: &[u8],
        mut known: BTreeSet<PacketId>,
        told: Option<&Told>,
    ) {
        let skipped = self.to_skip.min(taken.len());
        self.to_skip -= skipped;
        taken = &taken[skipped..];
        let options = DecodeOptions::new(self.version())
            .with_max_packet_size(self.setup.options.max_packet_size)
            .with_sender(peer::other(S::ROLE));
        let of_setup = self.setup.options;
        let is_plain = !of_setup.manual_acknowledgement && of_setup.oversize == Oversize::Fail;
        while let Ok(Some(packet)) = Packet::read(&mut taken, options) {
            self.model.taken(&packet);
            let is_new = match packet {
                Packet::Publish(publish) => match publish.delivery {
                    Delivery::AtMostOnce => true,
                    Delivery::AtLeastOnce { packet_id, .. } => !known.contains(&packet_id),
                    Delivery::ExactlyOnce { packet_id, .. } => known.insert(packet_id),
                },
                Packet::Pubrel(pubrel) => {
                    known.remove(&pubrel.packet_id);
                    false
                }
                _ => false,
            };
            let is_told = taken.is_empty()
                && told.is_some_and(|told| matches!(told.what, What::Message { .. }));
            let is_over = told.is_some_and(|told| told.what == What::Close);
            assert!(!is_plain || is_over || is_told == is_new, "{packet:?}, but {told:?}");
        }
        if let Some(What::Skipped(len)) = told.map(|told| &told.what) {
            self.to_skip = len - taken.len();
        }
    }

    /// Two of a session that was stored.
    pub fn again(setup: Setup, stored: &Snapshot, now: Instant) -> Result<Self, SnapshotError> {
        let options = Arc::new(setup.options);
        let again = || S::again(Arc::clone(&options), stored.clone(), now);
        let model = Model::new(stored, &setup.options);
        Ok(Self { model, ..Self::new(setup, [again()?, again()?], now) })
    }

    fn crash(&mut self, stored: Snapshot) {
        let machine = Self::again(self.setup, &stored, self.now).unwrap();
        let most_in_flight = machine.most_in_flight.max(self.most_in_flight);
        *self = Self { most_in_flight, ..machine };
    }

    /// Of the records of the last event only some were persisted, and what it wrote was not sent.
    fn crash_at_once(&mut self, persisted: u8) {
        let mut stored = self.stored_before.clone();
        let count = usize::from(persisted) % (self.records.len() + 1);
        self.records.drain(..count).for_each(|record| stored.apply(record).unwrap());
        self.crash(stored);
    }

    fn settle(&mut self) {
        if !self.setup.is_slow {
            self.write(usize::MAX);
        }
        self.feed(&[]);
        if !self.setup.is_lazy {
            self.poll();
        }
        self.look_at_both();
        let snapshot = self.side.now_snapshot();
        // Requests have tokens and are not recorded.
        self.stored.next_token = snapshot.next_token;
        assert_eq!(self.stored, snapshot, "stored, but the session is");
        assert_eq!(self.twin.now_snapshot(), snapshot);
        let [mut out, mut out_of_twin] =
            [&mut self.side, &mut self.twin].map(|side| side.outgoing(self.now).clone());
        let len = out.remaining();
        assert_eq!(out.copy_to_bytes(len), out_of_twin.copy_to_bytes(out_of_twin.remaining()));
        self.model.check(&snapshot);
        let most = self.setup.options;
        let (in_flight, queued) = self.side.counts();
        assert!(in_flight >= snapshot.sent.len() && queued == snapshot.queued.len());
        assert!(snapshot.sent.len() <= self.most_in_flight);
        assert!(queued <= usize::try_from(most.max_queued).unwrap());
        assert!(len <= most.max_outgoing.saturating_add(SLACK), "{len} bytes wait");
        let is_plain = !most.manual_acknowledgement && most.oversize == Oversize::Fail;
        if !self.side.is_stuck() {
            self.model.check_moves(&snapshot, is_plain);
        }
        let is_full = len >= most.max_outgoing;
        assert!(!is_full || self.side.is_stuck());
    }

    /// A session that is taken up again is the same, without its connection.
    pub fn check_restored(&self) {
        let snapshot = self.side.now_snapshot();
        let again = Self::again(self.setup, &snapshot, self.now).unwrap();
        let restored = again.side.now_snapshot();
        if snapshot.is_connected {
            check_same(&snapshot, &restored);
        } else {
            assert_eq!(restored, snapshot);
        }
    }

    pub fn snapshot(&self) -> Snapshot {
        self.side.now_snapshot()
    }
}

/// What the second holds is what the first did, unless the session was to end with its connection.
pub fn check_same(snapshot: &Snapshot, restored: &Snapshot) {
    assert!(!restored.is_connected);
    assert_eq!((restored.format, restored.next_token), (snapshot.format, snapshot.next_token));
    if restored.has_session || !snapshot.has_session {
        assert_eq!(restored.sent, snapshot.sent);
        assert_eq!(restored.received, snapshot.received);
        assert_eq!(restored.queued, snapshot.queued);
        assert_eq!(restored.expiry, snapshot.expiry);
    } else {
        assert_eq!(snapshot.expiry, 0, "{snapshot:?}");
        assert!(restored.sent.is_empty() && restored.received.is_empty());
    }
}
