//! What all actors stand on: time, events, connections, letters, and what is noted.

use crate::{
    counter::{Counters, Sometimes},
    letter::{Id, Letter, Side},
    plan::{Fault, Plan},
    rng::{Digest, Rng},
};
use mqtt_pure::{Instant, PacketId, QoS, Token};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write,
    hash::Hash,
    num::NonZeroU32,
};

/// How many of the last events are kept.
const HISTORY: usize = 100_000;

/// What the driver of a process does with a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driver {
    /// Takes the journal, hears what is told, persists, and writes.
    #[default]
    Right,
    /// Writes before it persists.
    WritesBeforePersisting,
}

/// Why a step came to its end before its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// An invariant does not hold.
    Violation(String),
    /// The process has crashed.
    Crash,
}

pub type Step<T = ()> = Result<T, Halt>;

impl From<&str> for Halt {
    fn from(text: &str) -> Self {
        Self::Violation(text.to_owned())
    }
}

impl From<String> for Halt {
    fn from(text: String) -> Self {
        Self::Violation(text)
    }
}

/// What happens next.
#[derive(Clone, Debug)]
pub enum Next {
    Script(usize),
    /// Bytes arrive on this connection, at the server or the client.
    Arrive {
        connection: usize,
        at_server: bool,
    },
    /// One side learns that the connection is gone.
    Closed {
        connection: usize,
        at_server: bool,
    },
    Timer(Side),
    Connect(usize),
    Acknowledge {
        side: Side,
        id: PacketId,
        letter: Id,
        qos: QoS,
        epoch: u32,
        connection: usize,
    },
    /// The process of this client, or of the broker, comes up again.
    Restart(Side),
    Heal,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub struct Pipe {
    pub bytes: VecDeque<u8>,
    pub is_arriving: bool,
    pub stalled_until: u64,
    /// Nothing more is written; the reader learns it at this moment.
    pub ends: Option<u64>,
}

#[derive(Debug)]
pub struct Connection {
    pub client: usize,
    pub to_server: Pipe,
    pub to_client: Pipe,
    pub rng: Rng,
    /// What the server has before it knows whose connection it is.
    pub start: Vec<u8>,
    pub is_attached: bool,
    /// What the server has to say about the session.
    pub session_present: Option<bool>,
}

impl Connection {
    pub fn pipe(&mut self, at_server: bool) -> &mut Pipe {
        if at_server { &mut self.to_server } else { &mut self.to_client }
    }
}

/// What is undone by a crash, in reverse order.
#[derive(Debug)]
pub enum Undo {
    TokenGiven(Side, Token),
    TokenEnded(Side, Token, Option<Id>),
    Delivered(Side, Id),
    Forgotten(Side, BTreeSet<Id>),
    Taken(Id),
    Accepted(Id),
    Excused(Id),
    Account(usize, Box<Account>),
}

/// What the broker knows of a client, by the standard alone.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Whether there is a session, and when it ends if the client is away.
    pub session: Option<u64>,
    /// How often its end is to be told by the end of this step.
    pub ends: u32,
    pub is_online: bool,
    pub expiry: u32,
    pub will: Option<Vec<u8>>,
    pub will_delay: u32,
    pub will_due: Option<u64>,
    /// Wills that are to be published by the end of this step.
    pub due: Vec<Vec<u8>>,
    pub subscriptions: BTreeMap<usize, QoS>,
    /// The session is new, and the client may not know it: how many packets it had sent by then.
    pub unconfirmed: Option<u64>,
    /// It has gone without a sign that it does.
    pub is_forsaken: bool,
}

pub struct Ground {
    pub plan: Plan,
    pub now: u64,
    pub rng: Rng,
    pub letters: Vec<Letter>,
    pub connections: Vec<Connection>,
    pub counters: Counters,
    /// By process: each client, and the broker last.
    pub undo: Vec<Vec<Undo>>,
    /// The process that crashes after so many more calls.
    pub fuses: Vec<Option<u32>>,
    pub accounts: Vec<Account>,
    pub digest: Digest,
    pub events: u64,
    pub is_healing: bool,
    /// When the broker came up.
    pub up_since: u64,
    /// How received bytes are cut into calls, which is to change nothing.
    pub chunks: Option<Rng>,
    pub driver: Driver,
    heap: BTreeMap<(u64, u64), Next>,
    sequence: u64,
    log: VecDeque<String>,
    pub is_verbose: bool,
}

impl Ground {
    pub fn new(seed: u64, plan: Plan) -> Self {
        let count = plan.clients.len();
        Self {
            now: 0,
            rng: Rng::of(seed, 2),
            letters: Vec::new(),
            connections: Vec::new(),
            counters: Counters::default(),
            undo: (0..=count).map(|_| Vec::new()).collect(),
            fuses: vec![None; count + 1],
            accounts: vec![Account::default(); count],
            digest: Digest::default(),
            events: 0,
            is_healing: false,
            up_since: 0,
            chunks: None,
            driver: Driver::Right,
            heap: BTreeMap::new(),
            sequence: 0,
            log: VecDeque::new(),
            is_verbose: false,
            plan,
        }
    }

    pub const fn instant(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    pub fn has(&self, fault: Fault) -> bool {
        !self.is_healing && self.plan.has(fault)
    }

    pub fn see(&mut self, what: Sometimes) {
        self.counters.see(what);
    }

    /// Something happens so much later.
    pub fn after(&mut self, millis: u64, next: Next) {
        self.sequence += 1;
        self.heap.insert((self.now + millis, self.sequence), next);
    }

    pub fn next(&mut self) -> Option<Next> {
        let ((at, _), next) = self.heap.pop_first()?;
        self.now = at;
        self.events += 1;
        Some(next)
    }

    /// The last events are printed if something is wrong.
    pub fn log(&mut self, text: impl FnOnce() -> String) {
        if self.is_verbose {
            if self.log.len() == HISTORY {
                self.log.pop_front();
            }
            let text = text();
            self.log.push_back(format!("{:>8} {text}", self.now));
        }
    }

    pub fn history(&self) -> String {
        self.log.iter().fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "{line}");
            all
        })
    }

    pub fn digest(&mut self, value: impl Hash) {
        value.hash(&mut self.digest);
    }

    /// The process of a side.
    pub fn process(&self, side: Side) -> usize {
        match side {
            Side::Client(at) => at,
            Side::Peer(_) => self.plan.clients.len(),
        }
    }

    pub fn undo(&mut self, side: Side, undo: Undo) {
        let process = self.process(side);
        self.undo[process].push(undo);
    }

    /// A call of the driver: the process may crash at it.
    pub fn fuse(&mut self, side: Side) -> Step {
        let process = self.process(side);
        match &mut self.fuses[process] {
            Some(0) => {
                self.fuses[process] = None;
                Err(Halt::Crash)
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    // Letters.

    /// A message is accepted for sending.
    pub fn accept(&mut self, letter: Letter) -> Id {
        let id = self.letters.len() as Id;
        self.undo(letter.from, Undo::Accepted(id));
        self.letters.push(letter);
        id
    }

    /// The receiver has taken it.
    pub fn taken(&mut self, by: Side, id: Id) {
        self.undo(by, Undo::Taken(id));
        self.letters[id as usize].taken += 1;
    }

    /// The Maximum Packet Size on a connection.
    pub fn max_packet_size(&self, connection: usize) -> Option<NonZeroU32> {
        let is_small = self.has(Fault::SmallPackets);
        NonZeroU32::new([0, 60, 30][connection % 3]).filter(|_| is_small)
    }

    /// The sender was told that it may not have arrived.
    pub fn excuse(&mut self, id: Id) {
        let letter = &mut self.letters[id as usize];
        if !letter.is_excused {
            letter.is_excused = true;
            let from = letter.from;
            self.undo(from, Undo::Excused(id));
        }
    }

    /// The account of a client is about to change.
    pub fn account(&mut self, client: usize) -> &mut Account {
        let old = Box::new(self.accounts[client].clone());
        self.undo(Side::Peer(client), Undo::Account(client, old));
        &mut self.accounts[client]
    }

    /// Bytes are on their way.
    pub fn set_out(&mut self, connection: usize, at_server: bool) {
        let (now, most) = (self.now, if self.is_healing { 1 } else { self.plan.delay });
        let connection_of = &mut self.connections[connection];
        let delay = 1 + connection_of.rng.below(most + 1);
        let pipe = connection_of.pipe(at_server);
        if !pipe.is_arriving {
            pipe.is_arriving = true;
            let delay = delay.max(pipe.stalled_until.saturating_sub(now));
            self.after(delay, Next::Arrive { connection, at_server });
        }
    }

    /// A connection is cut: of what is on its way some still arrives.
    pub fn cut(&mut self, connection: usize, is_half: bool, rng: &mut Rng) {
        let now = self.now;
        let late = if is_half { rng.range(1_000, 40_000) } else { 0 };
        let server_is_late = rng.chance(500);
        if is_half {
            self.see(Sometimes::HalfOpen);
        }
        for at_server in [false, true] {
            let pipe = self.connections[connection].pipe(at_server);
            let kept = rng.index(pipe.bytes.len() + 1);
            pipe.bytes.truncate(kept);
            let late = if at_server == server_is_late { late } else { 0 };
            pipe.ends.get_or_insert(now + late);
            self.set_out(connection, at_server);
        }
    }

    /// The faults end.
    pub fn mend(&mut self) {
        self.is_healing = true;
        self.fuses.fill(None);
        for connection in 0..self.connections.len() {
            let now = self.now;
            for at_server in [false, true] {
                let pipe = self.connections[connection].pipe(at_server);
                pipe.stalled_until = 0;
                if let Some(ends) = &mut pipe.ends {
                    *ends = now.min(*ends);
                    self.set_out(connection, at_server);
                }
                // What waits for a late arrival is not late any more.
                self.after(1, Next::Arrive { connection, at_server });
            }
        }
    }

    /// The bytes that arrive now at one side, unless the connection has stalled.
    pub fn arrived(&mut self, connection: usize, at_server: bool) -> Option<Vec<u8>> {
        let (now, is_split) = (self.now, self.has(Fault::Split));
        let of = &mut self.connections[connection];
        let count = {
            let len = if at_server { of.to_server.bytes.len() } else { of.to_client.bytes.len() };
            if is_split && len > 0 { 1 + of.rng.index(len.min(40)) } else { len }
        };
        let pipe = of.pipe(at_server);
        pipe.is_arriving = false;
        if pipe.stalled_until > now {
            self.set_out(connection, at_server);
            return None;
        }
        let bytes: Vec<u8> = pipe.bytes.drain(..count).collect();
        if !pipe.bytes.is_empty() {
            self.set_out(connection, at_server);
        } else if let Some(ends) = pipe.ends {
            let millis = ends.saturating_sub(now);
            self.after(millis, Next::Closed { connection, at_server });
        }
        Some(bytes)
    }

    /// A client tries again after a while.
    pub fn retry(&mut self, at: usize) {
        let most = if self.is_healing { 10 } else { 5_000 };
        let millis = self.rng.below(most);
        self.after(millis, Next::Connect(at));
    }

    /// Nothing arrives at one side of a connection for a while.
    pub fn stall(&mut self, connection: Option<usize>, rng: &mut Rng) {
        let until = self.now + rng.range(100, 20_000);
        if let Some(connection) = connection {
            self.connections[connection].pipe(rng.chance(500)).stalled_until = until;
        }
    }

    /// A side closes the connection, after what it has written.
    pub fn close(&mut self, connection: usize, by_server: bool, late: u64) {
        let ends = self.now + late;
        for at_server in [false, true] {
            let pipe = self.connections[connection].pipe(at_server);
            if at_server == by_server {
                pipe.bytes.clear();
            }
            if pipe.ends.is_none() {
                pipe.ends = Some(ends);
                if !pipe.is_arriving && at_server != by_server {
                    self.set_out(connection, at_server);
                }
            }
        }
    }
}
