//! Wakes a thread.

use std::{
    mem,
    sync::{Condvar, Mutex, PoisonError},
};

#[derive(Default)]
struct State {
    is_raised: bool,
    is_over: bool,
}

#[derive(Default)]
pub struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

impl Signal {
    /// There is something to do.
    pub fn raise(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_raised = true;
        self.changed.notify_one();
    }

    /// There will be nothing more to do.
    pub fn end(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to do; tells whether there is.
    pub fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.is_raised && !state.is_over {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        mem::take(&mut state.is_raised)
    }
}
