//! What both roles do with bytes that have come.

use super::{
    Arrival,
    action::{Common, Received, Told},
    exchange::Exchange,
    fault::Fault,
    input::{Item, Plain},
};
use crate::{
    packet::{Packet, Publish},
    time::Instant,
};

/// A role, as far as it differs from the other in this.
pub(super) trait Side {
    /// What its application is told.
    type Action<'b>: Told<'b>;

    fn exchange(&mut self) -> &mut Exchange;

    /// Whether the connection is accepted.
    fn is_online(&self) -> bool;

    /// Whether nothing of what has come is of interest any more.
    fn is_closed(&self) -> bool;

    /// Whether nothing is taken before something that waits is gone.
    fn is_full(&self) -> bool;

    /// Whether what comes next may be taken before the connection is accepted.
    fn may_take(&self, input: &[u8]) -> bool;

    /// Whether the message is within what the peer was told.
    fn check(&self, publish: &Publish<'_>) -> Result<(), Fault>;

    /// What follows from a packet.
    fn handle<'b>(
        &mut self,
        now: Instant,
        packet: Packet<'b>,
    ) -> Result<Option<Self::Action<'b>>, Fault>;

    /// The peer broke a rule.
    fn fail(&mut self, now: Instant, fault: Fault);
}

/// Takes packets off the front of the input until one is to be told.
#[inline(always)]
pub(super) fn take<'b, S: Side>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    // What mostly comes, and nothing to be told before.
    while side.is_online() && !side.exchange().has_pending() && !side.is_full() {
        match side.exchange().plain_answer(now, input) {
            Some(Plain::Done(token)) => return Some(S::Action::done(token)),
            Some(Plain::Taken) => continue,
            None if input.is_empty() => return None,
            None => {}
        }
        let Some(publish) = side.exchange().plain_publish(now, input) else { break };
        match side.check(&publish).and_then(|()| side.exchange().admit(now, &publish)) {
            Ok((Arrival::Deliver, topic)) => {
                return Some(S::Action::message(Received::new(publish, topic)));
            }
            Ok((Arrival::Repeated, _)) => {}
            Err(fault) => side.fail(now, fault),
        }
    }
    take_any(side, now, input)
}

/// Whatever comes, in whatever state.
#[inline(never)]
fn take_any<'b, S: Side>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    loop {
        if let Some(common) = side.exchange().next_pending() {
            return Some(common.into());
        }
        if side.is_closed() {
            *input = &[];
            return None;
        }
        if side.is_full() || !side.may_take(input) {
            return None;
        }
        let told = match side.exchange().next_item(input) {
            Ok(None) => return None,
            Ok(Some(item)) => {
                side.exchange().last_received = now;
                handle(side, now, item)
            }
            Err(error) => Err(error.into()),
        };
        match told {
            Ok(Some(action)) => return Some(action),
            Ok(None) => {}
            Err(fault) => side.fail(now, fault),
        }
    }
}

fn handle<'b, S: Side>(
    side: &mut S,
    now: Instant,
    item: Item<'b>,
) -> Result<Option<S::Action<'b>>, Fault> {
    match item {
        Item::Packet(packet) => side.handle(now, packet),
        Item::Skipped(skipped) if side.is_online() => {
            side.exchange().skipped(now, &skipped)?;
            Ok(Some(Common::Skipped(skipped).into()))
        }
        Item::Skipped(skipped) => Err(Fault::Unexpected(skipped.packet_type)),
    }
}
