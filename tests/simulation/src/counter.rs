//! What is to happen sometimes: a simulation that never sees it proves nothing about it.

macro_rules! counters {
    ($($name:ident $text:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Sometimes { $($name,)* }

        /// All of them, with their names.
        pub const ALL: &[(Sometimes, &str)] = &[$((Sometimes::$name, $text),)*];
    };
}

counters! {
    Accepted "connection accepted",
    Refused "connection refused",
    Resumed "session resumed",
    ResentPublish "PUBLISH sent again",
    ResentPubrel "PUBREL sent again on a new connection",
    ReusedPastHeld "identifier reused while a later one is held",
    QueueFull "queue full",
    QuotaUsedUp "quota used up",
    AliasUsed "topic alias instead of a topic",
    WillPublished "will published at once",
    WillDelayed "delayed will published",
    WillCancelled "delayed will cancelled by a new connection",
    WillDropped "will dropped by DISCONNECT",
    CrashClient "crash of a client",
    CrashBroker "crash of the broker",
    CrashUndone "crash that undid what was not persisted",
    CrashBeforeWrite "crash between persist and write",
    CrashMidWrite "crash after part of a write",
    TakenOver "connection taken over",
    HalfOpen "half-open connection",
    CutMidPacket "connection cut inside a packet",
    LostInFlight "session lost with messages in flight",
    SessionExpired "session expired",
    KeepAliveFired "keep alive fired",
    PingSent "PINGREQ sent",
    PingLate "PINGRESP late",
    Expired "message expired in the queue",
    TooLarge "message dropped that is too large for a new connection",
    ManualLate "acknowledged on a later connection",
    RefusedMessage "message refused by the application",
    Blocked "nothing taken because of what waits to be written",
    Duplicate "message of QoS 1 delivered twice",
    CleanStart "state dropped by a clean start",
    Mutated "bytes changed on their way",
    HostileClosed "hostile peer thrown out",
    HostileTolerated "odd packet of a hostile peer ignored",
    RestoredAlike "snapshot restored and compared",
    SharedSent "message sent to a member of a group",
    RetainedSent "retained message sent",
    IdentifiersJoined "message with the identifiers of several subscriptions",
    TornJournal "crash after part of the last records",
}

/// What only sessions by themselves see.
const OF_SESSIONS: [Sometimes; 6] = [
    Sometimes::TooLarge,
    Sometimes::ManualLate,
    Sometimes::RefusedMessage,
    Sometimes::Mutated,
    Sometimes::HostileClosed,
    Sometimes::HostileTolerated,
];

/// What only whole brokers see.
const OF_BROKERS: [Sometimes; 4] = [
    Sometimes::SharedSent,
    Sometimes::RetainedSent,
    Sometimes::IdentifiersJoined,
    Sometimes::TornJournal,
];

#[derive(Clone, Debug)]
pub struct Counters([u64; ALL.len()]);

impl Default for Counters {
    fn default() -> Self {
        Self([0; ALL.len()])
    }
}

impl Counters {
    pub fn see(&mut self, what: Sometimes) {
        self.add(what, 1);
    }

    pub fn add(&mut self, what: Sometimes, count: u64) {
        self.0[what as usize] += count;
    }

    pub fn merge(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        ALL.iter().map(|(what, name)| (*name, self.0[*what as usize]))
    }

    /// What never happened, of what may happen to whole brokers or to sessions.
    pub fn missing(&self, brokers: bool) -> Vec<&'static str> {
        let others = if brokers { &OF_SESSIONS[..] } else { &OF_BROKERS[..] };
        let mine = ALL.iter().filter(|(what, _)| !others.contains(what));
        mine.filter(|(what, _)| self.0[*what as usize] == 0).map(|(_, name)| *name).collect()
    }
}
