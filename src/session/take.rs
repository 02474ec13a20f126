//! What both roles do with bytes that have come.

use super::{
    action::{Common, Told},
    exchange::Exchange,
    fault::Fault,
    input::{Item, Plain},
};
use crate::{
    packet::{Packet, PacketType, Publish},
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

/// Takes packets off the front of the input until one is to be told. What mostly comes has functions of
/// its own, each with no more in its registers than it needs.
#[inline(always)]
pub(super) fn take<'b, S: Side>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    if !is_free(side) {
        take_any(side, now, input)
    } else if is_publish(input) {
        take_message(side, now, input)
    } else {
        take_answers(side, now, input)
    }
}

/// Whether packets of an accepted connection may be taken, and nothing is to be told before.
#[inline(always)]
fn is_free<S: Side>(side: &mut S) -> bool {
    side.is_online() && !side.exchange().has_pending() && !side.is_full()
}

#[inline(always)]
fn is_publish(input: &[u8]) -> bool {
    input.first().is_some_and(|first| first >> 4 == PacketType::Publish.number())
}

/// Acknowledgements come.
#[inline(never)]
fn take_answers<'b, S: Side>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    while let Some(plain) = side.exchange().plain_answer(now, input) {
        if let Plain::Done(token) = plain {
            return Some(S::Action::done(token));
        }
        if !is_free(side) {
            return take_any(side, now, input);
        }
        if input.is_empty() {
            return None;
        }
    }
    if is_publish(input) { take_message(side, now, input) } else { take_any(side, now, input) }
}

/// A message comes.
#[inline(always)]
fn take_message<'b, S: Side>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    // What is made for one of them knows that 3.1.1 has neither properties nor topic aliases.
    if side.exchange().peer.has_reasons {
        take_publish::<S, true>(side, now, input)
    } else {
        take_publish::<S, false>(side, now, input)
    }
}

#[inline(never)]
fn take_publish<'b, S: Side, const IS_5_0: bool>(
    side: &mut S,
    now: Instant,
    input: &mut &'b [u8],
) -> Option<S::Action<'b>> {
    if let Some(publish) = side.exchange().plain_publish::<IS_5_0>(now, input) {
        match side.check(&publish).and_then(|()| side.exchange().received(now, publish)) {
            Ok(Some(received)) => return Some(S::Action::message(received)),
            Ok(None) => {}
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
        let told = match side.exchange().next_item(now, input) {
            Ok(None) => return None,
            Ok(Some(item)) => handle(side, now, item),
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
        Item::Packet(packet) => {
            side.exchange().last_received = now;
            side.handle(now, packet)
        }
        Item::Skipped(skipped) if side.is_online() => {
            side.exchange().skipped(now, &skipped)?;
            Ok(Some(Common::Skipped(skipped).into()))
        }
        Item::Skipped(skipped) => Err(Fault::Unexpected(skipped.packet_type)),
    }
}
