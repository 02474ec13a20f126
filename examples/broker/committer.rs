//! The thread that writes the store: what came together is written together, and the clients hear of it
//! when it is on the disk.

use crate::{hub::Hub, signal::Signal, store::Store};
use std::{
    process,
    sync::Arc,
    thread::{self, JoinHandle},
};
use tracing::{debug, error};

pub struct Committer {
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
}

impl Committer {
    pub fn start(hub: Arc<Hub>, signal: Arc<Signal>, mut store: Store) -> Self {
        let wake = Arc::clone(&signal);
        let thread = thread::spawn(move || {
            while wake.wait() {
                commit(&hub, &mut store);
            }
            debug!("the store is written");
        });
        // What the last run has left to be recorded.
        signal.raise();
        Self { signal, thread }
    }

    /// Ends it when everything is written.
    pub fn end(self) {
        self.signal.end();
        let _ = self.thread.join();
    }
}

fn commit(hub: &Hub, store: &mut Store) {
    let (records, handed) = hub.round();
    if let Err(error) = store.commit(records) {
        // Nothing may be said to anybody that is not on the disk.
        error!("cannot write the store, so nothing goes on: {error}");
        process::exit(1);
    }
    for (port, order) in handed {
        port.give(order);
    }
}
