//! The will of a client.

use super::message::Message;
use crate::time::Instant;
use alloc::boxed::Box;

/// What a client that has gone leaves; mostly nothing.
#[derive(Default)]
pub(super) struct Wills {
    will: Option<Box<Will>>,
}

struct Will {
    message: Message,
    /// In seconds.
    delay: u32,
    /// Since the client has gone.
    due: Instant,
}

impl Wills {
    pub(super) fn set(&mut self, will: Option<(Message, u32)>) {
        self.will =
            will.map(|(message, delay)| Box::new(Will { message, delay, due: Instant::NEVER }));
    }

    /// A will that was stored.
    pub(super) fn restore(&mut self, message: Message, delay: u32, due: Instant) {
        self.will = Some(Box::new(Will { message, delay, due }));
    }

    /// The will of a client that is there, or has gone, and its delay.
    pub(super) fn waiting(&self) -> Option<(Message, u32)> {
        self.will.as_ref().map(|will| (will.message.clone(), will.delay))
    }

    /// The client has gone without a word.
    pub(super) fn start(&mut self, now: Instant) {
        if let Some(will) = &mut self.will {
            will.due = now.plus_seconds(will.delay.into());
        }
    }

    pub(super) fn due(&self) -> Instant {
        self.will.as_ref().map_or(Instant::NEVER, |will| will.due)
    }

    /// The message, which is not waited for any more.
    pub(super) fn take(&mut self) -> Option<Message> {
        self.will.take().map(|will| will.message)
    }
}
