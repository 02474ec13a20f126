//! What a session wants to have written: looked at, then put on its way.

use super::Node;
use crate::{
    counter::Sometimes,
    ground::{Ground, Step},
    letter::{Letter, Side},
    machine::Machine,
};
use bytes::Buf;
use mqtt_pure::Publish;

impl<M: Machine> Node<M> {
    /// Looks at what is newly to be written, then writes what there is room for.
    pub fn write(&mut self, ground: &mut Ground) -> Step {
        let (side, now) = (self.side, ground.instant());
        let out = self.session.transmit(now);
        let total = out.remaining();
        if total > self.observed {
            if self.is_sealed {
                return Err(format!("{side:?} writes after Close (I9)").into());
            }
            self.last_written = ground.now;
            let all = out.clone().copy_to_bytes(total);
            let (letters, millis) = (&ground.letters, ground.now);
            self.wire
                .write(&all[self.observed..], |publish| fresh_enough(letters, millis, publish))
                .map_err(|error| format!("{side:?}: {error}"))?;
        }
        if std::mem::take(&mut self.ends_when_written) {
            self.wire.session_ended();
        }
        self.is_sealed = self.is_closing;
        self.observed = total;
        let Some(connection) = self.connection else {
            out.advance(total);
            self.observed = 0;
            return Ok(());
        };
        let at_server = matches!(side, Side::Client(_));
        let capacity = if ground.is_healing { 1 << 16 } else { ground.plan.capacity };
        let pipe = ground.connections[connection].pipe(at_server);
        let room = match pipe.ends {
            Some(_) => usize::MAX,
            None => capacity.saturating_sub(pipe.bytes.len()),
        };
        let mut count = total.min(room);
        if count == 0 {
            return Ok(());
        }
        let process = ground.process(side);
        if ground.fuses[process] == Some(0) {
            count = ground.rng.index(count + 1);
            ground.see(Sometimes::CrashMidWrite);
        }
        self.was_full = total >= self.options.max_outgoing;
        let bytes = out.copy_to_bytes(count);
        self.observed = total - count;
        let pipe = ground.connections[connection].pipe(at_server);
        if pipe.ends.is_none() {
            pipe.bytes.extend(bytes);
            ground.set_out(connection, at_server);
        }
        ground.fuse(side)
    }

    /// Whether something that has come is not taken before something is written.
    pub fn waits_for_room(&mut self) -> bool {
        self.was_blocked = self.visible > 0 && self.session.is_blocked();
        self.was_blocked
    }

    /// Whether it may be taken now, or something more be sent.
    pub fn has_room_again(&mut self) -> bool {
        let was_full = std::mem::take(&mut self.was_full);
        let was_blocked = std::mem::take(&mut self.was_blocked) && self.visible > 0;
        (was_full || was_blocked) && !self.session.is_blocked()
    }

    pub const fn has_unwritten(&self) -> bool {
        self.observed > 0
    }
}

/// A message is not sent when it has expired, and what is left is what there was less the time that it
/// has waited, to the second.
fn fresh_enough(letters: &[Letter], now: u64, publish: &Publish<'_>) -> Result<(), String> {
    let left = publish.properties.message_expiry_interval();
    let (Some(left), Some(id)) = (left, Letter::id(publish.payload)) else { return Ok(()) };
    let of = letters.get(id as usize).ok_or("no letter")?;
    let given = of.expiry.unwrap_or_default();
    let waited = ((now - of.at) / 1_000) as u32;
    // What the peer may already have is not dropped.
    let most = given.saturating_sub(waited).max(publish.dup().into());
    let least = given.saturating_sub(waited + 1);
    if left == 0 || !(least..=most).contains(&left) {
        return Err(format!("letter {id} has {left} s left of {given} after {waited} s"));
    }
    Ok(())
}
