//! Counts what has arrived while a case goes on.

use crate::failure::{Failure, Result};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// More messages than these end a measurement before its time.
const MOST: u64 = 20_000_000;

/// How long nothing arrives until what has not is taken for lost.
const SILENCE: Duration = Duration::from_millis(500);

#[derive(Default)]
pub struct Meter {
    pub arrived: Cell<u64>,
    is_over: Cell<bool>,
    /// What went wrong first.
    wrong: RefCell<Option<Failure>>,
    /// Something has arrived, or it is over.
    pub moved: Notify,
}

/// What a case has shown of one broker in one turn.
#[derive(Clone, Copy)]
pub struct Outcome {
    /// Messages a second.
    pub rate: f64,
    pub lost: u64,
    /// Microseconds of a processor for each message.
    pub busy: f64,
}

impl Meter {
    pub fn is_over(&self) -> bool {
        self.is_over.get()
    }

    pub fn arrived(&self, count: u64) {
        self.arrived.set(self.arrived.get() + count);
    }

    /// Remembers what went wrong.
    pub fn check<T>(&self, result: Result<T>) -> Option<T> {
        let error = match result {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        // At the end everybody is sent away.
        if !self.is_over() {
            self.wrong.borrow_mut().get_or_insert(error);
        }
        self.end();
        None
    }

    fn end(&self) {
        self.is_over.set(true);
        self.moved.notify_waiters();
    }

    /// Waits until something has happened, though not for long.
    pub async fn wait(&self) -> bool {
        timeout(SILENCE, self.moved.notified()).await.is_ok()
    }

    /// Messages a second for some time, after a tenth of that in which nothing is counted.
    pub async fn measure(
        self: &Rc<Self>,
        time: Duration,
        busy: impl Fn() -> Result<Duration>,
    ) -> Result<Outcome> {
        sleep(time / 10).await;
        let (begin, before, busy_before) = (Instant::now(), self.arrived.get(), busy()?);
        while begin.elapsed() < time && self.arrived.get() - before < MOST && !self.is_over() {
            sleep(Duration::from_millis(5)).await;
        }
        let elapsed = begin.elapsed();
        let arrived = (self.arrived.get() - before) as f64;
        let busy = busy()?.saturating_sub(busy_before);
        self.end();
        if let Some(wrong) = self.wrong.borrow_mut().take() {
            return Err(wrong);
        }
        let busy = busy.as_secs_f64() * 1e6 / arrived;
        Ok(Outcome { rate: arrived / elapsed.as_secs_f64(), lost: 0, busy })
    }

    /// Waits for the last messages; tells how many of all did not come.
    pub async fn missing(&self, sent: u64) -> Result<u64> {
        let mut last = (self.arrived.get(), Instant::now());
        while self.arrived.get() < sent && last.1.elapsed() < SILENCE {
            sleep(Duration::from_millis(10)).await;
            if self.arrived.get() != last.0 {
                last = (self.arrived.get(), Instant::now());
            }
        }
        let arrived = self.arrived.get();
        let more = || Failure(format!("{arrived} messages came of {sent} that were sent"));
        sent.checked_sub(arrived).ok_or_else(more)
    }
}
