//! The driver of the broker: hears what comes, makes it durable, writes; and holds all of it against
//! the model.

mod checks;
mod seen;
mod store;
mod writing;

use super::{model::Testament, plan::TOPICS, world::World};
use crate::{
    counter::Sometimes,
    ground::{Driver, Ground, Halt, Next, Step},
    letter::{Letter, Side},
    plan::Fault,
};
use mqtt_pure::{
    Accept, Broker, BrokerAction, BrokerOptions, BrokerRecord, BrokerSnapshot, CloseReason,
    Connect, ConnectionId, Instant, Policy, Properties, Publication as Asked, ReasonCode, Subject,
    Version,
};
use std::collections::{BTreeMap, VecDeque};

/// The broker as a process.
pub const BROKER: Side = Side::Peer(0);

/// How often the driver goes round before something is wrong.
const ROUNDS: u32 = 5_000;

/// The application: it allows everything, and notes the wills.
#[derive(Debug, Default)]
pub struct Rules {
    wills: VecDeque<(String, Vec<u8>)>,
}

impl Policy for Rules {
    type Client = ();

    fn publish(&mut self, by: Subject<'_, ()>, publication: &Asked<'_>) -> Result<(), ReasonCode> {
        if publication.is_will {
            self.wills.push_back((by.client_id.to_string(), publication.payload.to_vec()));
        }
        Ok(())
    }
}

/// What a CONNECT says.
#[derive(Clone, Copy, Debug)]
struct Greeting {
    is_clean: bool,
    expiry: u32,
    keep_alive: u16,
    will: Option<Testament>,
}

/// A connection, as the broker has it.
#[derive(Debug)]
pub struct Link {
    pub id: ConnectionId,
    pub account: usize,
    pub input: Vec<u8>,
    taken: Vec<u8>,
    written: Vec<u8>,
    /// How much of what is to be written was looked at.
    observed: usize,
    version: Version,
    greeting: Option<Greeting>,
    /// Another connection, or the application, has put an end to it.
    pub ends: Option<CloseReason>,
    /// The session that it belongs to.
    pub generation: Option<u32>,
    last_taken: u64,
    keep_alive: u16,
    /// The answers that are to come, by identifier.
    answers: BTreeMap<u16, Vec<u8>>,
    /// DISCONNECT has come, or has been written.
    is_over: bool,
    said: Option<ReasonCode>,
    pub is_waiting: bool,
}

pub struct Host {
    pub broker: Broker<Rules>,
    pub options: BrokerOptions,
    /// What is durable.
    pub stored: BrokerSnapshot,
    /// What a crash may have left of the last records.
    torn: Vec<BrokerRecord>,
    pub links: BTreeMap<usize, Link>,
    pub is_up: bool,
    pub scheduled: Option<u64>,
    dropped_full: u64,
}

impl Host {
    pub fn new(options: BrokerOptions) -> Self {
        let broker = Broker::new(options.clone(), Rules::default());
        Self {
            stored: broker.snapshot(),
            broker,
            options,
            torn: Vec::new(),
            links: BTreeMap::new(),
            is_up: true,
            scheduled: None,
            dropped_full: 0,
        }
    }
}

/// The name of an account.
pub fn name(account: usize) -> String {
    format!("client-{account}")
}

fn account_of(name: &str) -> Option<usize> {
    name.strip_prefix("client-")?.parse().ok()
}

fn topic_of(letter: u32, ground: &Ground) -> Result<&'static str, String> {
    let of = ground.letters.get(letter as usize).ok_or("a message that nobody sent")?;
    Ok(TOPICS[usize::from(of.topic)])
}

impl Greeting {
    fn new(connect: &Connect<'_>, ground: &Ground) -> Result<Self, String> {
        let is_5_0 = connect.version == Version::V5_0;
        let will = match connect.will {
            None => None,
            Some(will) => {
                let letter = Letter::id(will.payload.as_bytes()).ok_or("a will of nobody")?;
                Some(Testament {
                    letter,
                    topic: topic_of(letter, ground)?,
                    qos: will.qos,
                    retain: will.retain,
                    delay: will.properties.will_delay_interval().unwrap_or(0),
                })
            }
        };
        let expiry = match (is_5_0, connect.clean_session) {
            (true, _) => connect.properties.session_expiry_interval().unwrap_or(0),
            (false, true) => 0,
            (false, false) => u32::MAX,
        };
        let (is_clean, keep_alive) = (connect.clean_session, connect.keep_alive);
        Ok(Self { is_clean, expiry, keep_alive, will })
    }
}

impl World {
    /// Bytes come to the broker.
    pub fn broker_receives(&mut self, connection: usize, bytes: &[u8]) -> Step {
        let now = self.ground.instant();
        if !self.host.links.contains_key(&connection) {
            if self.ground.connections[connection].is_attached {
                // The broker has closed it.
                return Ok(());
            }
            self.ground.connections[connection].is_attached = true;
            let device = self.ground.connections[connection].client;
            let id = self.host.broker.opened(now).map_err(|error| error.to_string())?;
            let link = Link {
                id,
                account: self.setup.devices[device].account,
                input: Vec::new(),
                taken: Vec::new(),
                written: Vec::new(),
                observed: 0,
                version: Version::V3_1_1,
                greeting: None,
                ends: None,
                generation: None,
                last_taken: now.as_millis(),
                keep_alive: 0,
                answers: BTreeMap::new(),
                is_over: false,
                said: None,
                is_waiting: false,
            };
            self.host.links.insert(connection, link);
        }
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.input.extend_from_slice(bytes);
        }
        self.settle_broker()
    }

    /// Does what the driver does after each event, with the crash that may come of it.
    pub fn settle_broker(&mut self) -> Step {
        match self.drive() {
            Err(Halt::Crash) => self.crash_broker(),
            result => result,
        }
    }

    fn drive(&mut self) -> Step {
        for _ in 0..ROUNDS {
            self.observe(None)?;
            let open = self.host.links.iter().filter(|(_, link)| !link.input.is_empty());
            let open: Vec<usize> = open.map(|(at, _)| *at).collect();
            let mut is_more = false;
            for connection in open {
                is_more |= self.feed(connection)?;
            }
            self.ground.fuse(BROKER)?;
            if self.ground.driver == Driver::WritesBeforePersisting {
                self.write_all()?;
                self.ground.fuse(BROKER)?;
            }
            self.persist()?;
            if self.ground.fuses[self.ground.process(BROKER)] == Some(0) {
                self.ground.see(Sometimes::CrashBeforeWrite);
            }
            self.ground.fuse(BROKER)?;
            is_more |= self.write_all()?;
            self.model.wills_are_out(self.ground.now, self.ground.up_since)?;
            let now = self.ground.instant();
            match self.host.broker.deadline() {
                // There is work to go on with.
                Some(due) if due.as_millis() == 0 => self.broker_wakes()?,
                _ if !is_more => {
                    self.within_limits()?;
                    self.schedule(now);
                    return Ok(());
                }
                _ => {}
            }
        }
        Err("the broker never comes to an end".to_owned().into())
    }

    fn schedule(&mut self, now: Instant) {
        let deadline = self.host.broker.deadline().map(|due| due.as_millis());
        if deadline == self.host.scheduled {
            return;
        }
        self.host.scheduled = deadline;
        if let Some(due) = deadline {
            let late = self.ground.plan.late;
            let late =
                if self.ground.is_healing || late == 0 { 0 } else { self.ground.rng.below(late) };
            let millis = due.saturating_sub(now.as_millis()) + late;
            self.ground.after(millis, Next::Timer(BROKER));
        }
    }

    /// Time has passed.
    pub fn broker_wakes(&mut self) -> Step {
        let now = self.ground.instant();
        self.host.broker.timeout(now);
        match self.host.broker.deadline() {
            Some(due) if due <= now && due.as_millis() > 0 => {
                Err(format!("the broker is due at {due:?} after it (I10)").into())
            }
            _ => self.observe(None),
        }
    }

    /// Gives the broker what has come. Tells whether something was taken.
    fn feed(&mut self, connection: usize) -> Step<bool> {
        let now = self.ground.instant();
        let mut is_taken = false;
        let mut visible = 0;
        loop {
            let Some(link) = self.host.links.get_mut(&connection) else { return Ok(is_taken) };
            visible = match &mut self.ground.chunks {
                Some(cuts) => link.input.len().min(visible + 1 + cuts.index(40)),
                None => link.input.len(),
            };
            let is_closing = self.host.broker.closing(link.id).is_some();
            let mut rest = &link.input[..visible];
            let action = self.host.broker.receive(now, link.id, &mut rest);
            let count = visible - rest.len();
            let asks = match &action {
                Some(BrokerAction::Connect(connect)) => {
                    (link.version, link.greeting) =
                        (connect.version, Some(Greeting::new(connect, &self.ground)?));
                    if account_of(connect.client_id.as_str()) != Some(link.account) {
                        return Err("a CONNECT of somebody else".to_owned().into());
                    }
                    true
                }
                Some(BrokerAction::Auth(_)) => {
                    return Err("an AUTH of nobody".to_owned().into());
                }
                _ => false,
            };
            let bytes: Vec<u8> = link.input.drain(..count).collect();
            visible -= count;
            is_taken |= count > 0;
            if !is_closing {
                if count > 0 {
                    link.last_taken = now.as_millis();
                }
                link.taken.extend(bytes);
            }
            self.observe(Some(connection))?;
            if asks {
                self.ground.fuse(BROKER)?;
                self.decide(connection)?;
                self.ground.fuse(BROKER)?;
                continue;
            }
            let left = self.host.links.get(&connection).map_or(0, |link| link.input.len());
            if visible >= left {
                self.ground.fuse(BROKER)?;
                return Ok(is_taken);
            }
        }
    }

    /// Accepts a client, or refuses it.
    fn decide(&mut self, connection: usize) -> Step {
        let now = self.ground.instant();
        let Some(link) = self.host.links.get_mut(&connection) else { return Ok(()) };
        let (id, account, version) = (link.id, link.account, link.version);
        let Some(greeting) = link.greeting else { return Ok(()) };
        if self.ground.has(Fault::Refuse) && self.ground.rng.chance(150) {
            self.ground.see(Sometimes::Refused);
            link.ends = Some(CloseReason::Refused);
            let reason = Some(ReasonCode::SERVER_UNAVAILABLE);
            let refused = self.host.broker.refuse(now, id, reason, Properties::EMPTY);
            refused.map_err(|error| format!("not refused: {error}"))?;
            return self.observe(None);
        }
        self.tick();
        let older = self.model.state.accounts[account].online;
        if let Some(older) = older.and_then(|older| self.host.links.get_mut(&older)) {
            older.ends = Some(CloseReason::TakenOver);
            self.ground.see(Sometimes::TakenOver);
        }
        let was_due = self.model.state.accounts[account].will_due;
        let before = self.model.state.accounts[account].generation;
        let had_session = self.model.state.accounts[account].session.is_some();
        let is_resumed = self.model.accepted(
            account,
            now.as_millis(),
            connection,
            greeting.is_clean,
            greeting.expiry,
            greeting.will,
        );
        let of = &self.model.state.accounts[account];
        let generation = of.generation;
        for (is_seen, what) in [
            (is_resumed, Sometimes::Resumed),
            (was_due.is_some() && of.due.is_empty(), Sometimes::WillCancelled),
            (had_session && generation > before && greeting.is_clean, Sometimes::CleanStart),
            (true, Sometimes::Accepted),
        ] {
            if is_seen {
                self.ground.see(what);
            }
        }
        self.generations.insert(connection, generation);
        if let Some(link) = self.host.links.get_mut(&connection) {
            link.generation = Some(generation);
            let most = self.host.options.max_keep_alive;
            let is_long = most > 0 && (greeting.keep_alive == 0 || greeting.keep_alive > most);
            let is_told = version == Version::V5_0 && is_long;
            link.keep_alive = if is_told { most } else { greeting.keep_alive };
        }
        self.ground.connections[connection].session_present =
            Some(is_resumed && version != Version::V3_1);
        let accepted = self.host.broker.accept(now, id, Accept::new(()));
        accepted.map_err(|error| format!("not accepted: {error}"))?;
        self.observe(Some(connection))
    }
}
