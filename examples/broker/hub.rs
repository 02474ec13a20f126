//! The one broker, and the tasks around it.
//!
//! The broker is behind a mutex, which tasks hold for as long as it takes to give it some bytes: that
//! is less than what it takes to send the bytes to another task that owns the broker, and to be woken
//! by its answer, and the input need not be copied. What is to be written is taken out of the broker
//! under the same lock, and written without it. The mutex is never held across an await, nor while a
//! file is written.
//!
//! A connection is handed one thing to write at a time. What else there is for it stays with the
//! broker, which so knows who does not read.
//!
//! Without a store that happens at once. With one, the thread of `committer` takes the journal of all
//! that has happened since the last time, and with it what is to be written; when the journal is on the
//! disk, the connections get that.

use crate::{
    access::Access,
    clock::Clock,
    passwords::Passwords,
    port::{Order, Port},
    signal::Signal,
};
use bytes::Buf;
use mqtt_pure::{
    Broker, BrokerError, BrokerRecord, CloseReason, ConnectionId, Counters, Instant, Outgoing,
    ReasonCode,
};
use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::sleep};

/// A connection, as the hub sees it.
struct Seat {
    port: Arc<Port>,
    /// It has something to write.
    is_busy: bool,
}

pub struct Core {
    pub broker: Broker<Access>,
    seats: HashMap<ConnectionId, Seat>,
    /// Those that have written what they had.
    idle: Vec<ConnectionId>,
    /// When the task that keeps the time wakes up.
    alarm: Instant,
}

/// What a connection is handed.
pub type Handed = (Arc<Port>, Order);

pub struct Hub {
    core: Mutex<Core>,
    pub clock: Clock,
    pub passwords: Option<Arc<Passwords>>,
    pub allow_anonymous: bool,
    /// The longest input that a connection keeps: a packet and what came with it.
    pub max_input: usize,
    alarm: Notify,
    /// Wakes the thread that writes the store, if there is one.
    store: Option<Arc<Signal>>,
}

impl Hub {
    pub fn new(broker: Broker<Access>, clock: Clock, store: Option<Arc<Signal>>) -> Self {
        let core = Core { broker, seats: HashMap::new(), idle: Vec::new(), alarm: Instant::NEVER };
        Self {
            core: Mutex::new(core),
            clock,
            passwords: None,
            allow_anonymous: true,
            max_input: 0,
            alarm: Notify::new(),
            store,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the broker, and hands over what comes of it.
    pub fn with<R>(&self, act: impl FnOnce(&mut Core, Instant) -> R) -> R {
        let mut core = self.lock();
        let now = self.clock.now();
        let result = act(&mut core, now);
        match &self.store {
            Some(signal) => signal.raise(),
            None => {
                core.hand_over(now, |port, order| port.give(order));
                let due = core.broker.deadline();
                self.set_alarm(&mut core, due);
            }
        }
        result
    }

    fn set_alarm(&self, core: &mut Core, due: Option<Instant>) {
        if let Some(due) = due.filter(|due| *due < core.alarm) {
            core.alarm = due;
            self.alarm.notify_one();
        }
    }

    /// A client has connected.
    pub fn opened(&self) -> Result<(ConnectionId, Arc<Port>), BrokerError> {
        self.with(|core, now| {
            let id = core.broker.opened(now)?;
            let port = Arc::<Port>::default();
            let seat = Seat { port: Arc::clone(&port), is_busy: false };
            core.seats.insert(id, seat);
            Ok((id, port))
        })
    }

    /// A connection is gone.
    pub fn closed(&self, id: ConnectionId) {
        self.with(|core, now| {
            core.seats.remove(&id);
            core.broker.closed(now, id);
        });
    }

    /// Bytes have come; takes off what the broker takes.
    pub fn receive(self: &Arc<Self>, id: ConnectionId, input: &mut &[u8]) {
        self.with(|core, now| self.take_in(core, now, id, input));
    }

    /// A connection has written all that it was handed, so that there is room.
    pub fn written(self: &Arc<Self>, id: ConnectionId, input: &mut &[u8]) {
        self.with(|core, now| {
            if let Some(seat) = core.seats.get_mut(&id) {
                seat.is_busy = false;
                core.idle.push(id);
            }
            if !input.is_empty() {
                self.take_in(core, now, id, input);
            }
        });
    }

    fn take_in(
        self: &Arc<Self>,
        core: &mut Core,
        now: Instant,
        id: ConnectionId,
        input: &mut &[u8],
    ) {
        while let Some(action) = core.broker.receive(now, id, input) {
            self.answer(core, now, id, &action);
        }
    }

    /// Does for ever what is due.
    pub async fn keep_time(self: Arc<Self>) {
        loop {
            let due = self.next_alarm();
            let until = self.clock.until(due);
            tokio::select! {
                () = sleep(until), if due < Instant::NEVER => {
                    self.with(|core, now| {
                        core.alarm = Instant::NEVER;
                        if self.store.is_none() {
                            core.broker.timeout(now);
                        }
                    });
                    // There may be work without an end, of which each part is small.
                    tokio::task::yield_now().await;
                }
                () = self.alarm.notified() => {}
            }
        }
    }

    fn next_alarm(&self) -> Instant {
        let mut core = self.lock();
        if self.store.is_none() {
            core.alarm = core.broker.deadline().unwrap_or(Instant::NEVER);
        }
        core.alarm
    }

    /// What has happened since the last time: the journal, and what is to be handed over when that is
    /// persisted.
    pub fn round(&self) -> (Vec<BrokerRecord>, Vec<Handed>) {
        let mut core = self.lock();
        let now = self.clock.now();
        if core.broker.deadline().is_some_and(|due| due <= now) {
            core.broker.timeout(now);
        }
        let records = core.broker.journal(now);
        let mut handed = Vec::new();
        core.hand_over(now, |port, order| handed.push((Arc::clone(port), order)));
        match core.broker.deadline() {
            // There is work that goes on in another round.
            Some(due) if due <= now => self.store.iter().for_each(|signal| signal.raise()),
            due => self.set_alarm(&mut core, due),
        }
        (records, handed)
    }

    /// Tells the connections to try again, or to end.
    pub fn tell(&self, id: ConnectionId, order: Order) {
        let port = self.lock().seats.get(&id).map(|seat| Arc::clone(&seat.port));
        if let Some(port) = port {
            port.give(order);
        }
    }

    /// Whether a connection is there, and not about to be closed.
    pub fn is_there(&self, id: ConnectionId) -> bool {
        let core = self.lock();
        core.seats.contains_key(&id) && core.broker.closing(id).is_none()
    }

    pub fn counters(&self) -> Counters {
        self.lock().broker.counters()
    }

    /// Sends all clients away, and waits a while until they are gone.
    pub async fn shut_down(&self, patience: Duration) {
        self.with(|core, now| {
            let here = core.broker.sessions().filter(|session| session.connection.is_some());
            let here: Vec<_> = here.map(|session| session.client_id.clone()).collect();
            let reason = ReasonCode::SERVER_SHUTTING_DOWN;
            for client_id in here {
                // It has a connection, so that this can be done.
                let _ = core.broker.disconnect(now, &client_id, reason);
            }
            for (id, seat) in &core.seats {
                if core.broker.closing(*id).is_none() {
                    seat.port.give(Order::Close(CloseReason::Disconnected));
                }
            }
        });
        let gone = async {
            while !self.lock().seats.is_empty() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(patience, gone).await;
    }
}

impl Core {
    /// Hands each connection that has nothing to write what there is for it.
    fn hand_over(&mut self, now: Instant, mut hand: impl FnMut(&Arc<Port>, Order)) {
        for id in mem::take(&mut self.idle) {
            self.serve(now, id, false, &mut hand);
        }
        while let Some(id) = self.broker.next_ready() {
            self.serve(now, id, true, &mut hand);
        }
    }

    fn serve(
        &mut self,
        now: Instant,
        id: ConnectionId,
        is_ready: bool,
        hand: &mut impl FnMut(&Arc<Port>, Order),
    ) {
        let Some(seat) = self.seats.get_mut(&id) else { return };
        let closing = self.broker.closing(id);
        if seat.is_busy {
            if closing.is_some() {
                hand(&seat.port, Order::Hurry);
            }
            // It asks when that is written.
            return;
        }
        let out: Outgoing = mem::take(self.broker.transmit(now, id));
        if out.has_remaining() {
            seat.is_busy = true;
            hand(&seat.port, Order::Write(out));
        } else if let Some(reason) = closing {
            hand(&seat.port, Order::Close(reason));
        } else if is_ready {
            // The journal was full, and what it has sent was not taken.
            hand(&seat.port, Order::Again);
        }
    }
}
