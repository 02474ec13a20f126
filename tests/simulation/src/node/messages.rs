//! Messages that the application sends, and those that it gets.

use super::Node;
use crate::{
    counter::Sometimes,
    ground::{Ground, Next, Step, Undo},
    letter::{Id, Letter, Side},
    machine::Machine,
};
use mqtt_pure::{
    CommandError, Message, PacketId, Properties, Property, QoS, ReasonCode, TopicName, Version,
};
use std::num::NonZeroU16;

impl<M: Machine> Node<M> {
    /// The application sends a message. Tells whether it was taken.
    pub fn publish(
        &mut self,
        ground: &mut Ground,
        letter: Letter,
        alias: u16,
        len: usize,
    ) -> Step<Result<Id, CommandError>> {
        let topic = Letter::topic_name(letter.publisher, letter.topic);
        let (qos, expiry) = (letter.qos, letter.expiry);
        let id = ground.letters.len() as Id;
        let name = TopicName::new(&topic).map_err(|error| error.to_string())?;
        let mut properties = Vec::new();
        if self.version == Version::V5_0 {
            properties.extend(expiry.map(Property::MessageExpiryInterval));
            properties.extend(NonZeroU16::new(alias).map(Property::TopicAlias));
        }
        let message = Message::new(name, Letter::payload(id, len))
            .with_properties(Properties::from(&properties[..]))
            .map_err(|error| error.to_string())?
            .with_qos(qos);
        let (queued, room) = (self.session.queued(), self.options.max_queued);
        match self.session.publish(ground.instant(), message) {
            Ok(published) => {
                let side = self.side;
                ground.log(|| format!("{side:?} publishes letter {id} {qos:?}: {published:?}"));
                ground.accept(letter);
                if let Some(token) = published.token() {
                    self.token_given(ground, token, Some(id))?;
                }
                Ok(Ok(id))
            }
            Err(CommandError::QueueFull) => {
                ground.see(Sometimes::QueueFull);
                if queued < room as usize {
                    return Err(format!("queue full at {queued} of {room}").into());
                }
                Ok(Err(CommandError::QueueFull))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// A message has come. Gives the letter if it is to be acknowledged by the application later.
    pub fn message(
        &mut self,
        ground: &mut Ground,
        payload: &[u8],
        topic: &str,
        id: Option<PacketId>,
        qos: QoS,
    ) -> Step<Id> {
        let side = self.side;
        let Some(letter) = Letter::id(payload).filter(|id| (*id as usize) < ground.letters.len())
        else {
            return Err(format!("{side:?} gets a message that nobody sent").into());
        };
        let of = &ground.letters[letter as usize];
        let is_for = match of.from {
            Side::Client(at) => Side::Peer(at),
            Side::Peer(at) => Side::Client(at),
        };
        let (publisher, topic_number) = (of.publisher, of.topic);
        if is_for != side || of.qos != qos || Letter::topic_name(publisher, topic_number) != topic {
            return Err(format!("{side:?} gets letter {letter} at {topic}, {qos:?}: {of:?}").into());
        }
        // I4: the first deliveries come in order.
        if self.seen.insert(letter) {
            let last = self.last_seen.insert((publisher, topic_number, qos), letter);
            if last.is_some_and(|last| last > letter) {
                return Err(format!("letter {letter} comes after {last:?} (I4)").into());
            }
        } else if qos == QoS::AtMostOnce {
            return Err(format!("letter {letter} of QoS 0 comes twice (I3)").into());
        } else if qos == QoS::AtLeastOnce {
            ground.see(Sometimes::Duplicate);
        }
        if qos == QoS::ExactlyOnce
            && (self.delivered.contains(&letter) || !self.handed.insert(letter))
        {
            return Err(format!("letter {letter} of QoS 2 comes twice (I1)").into());
        }
        match id.filter(|_| self.options.manual_acknowledgement) {
            None => self.taken(ground, letter, qos),
            Some(id) => {
                let connection = self.connection.unwrap_or_default();
                let delay = if ground.is_healing { 1 } else { ground.plan.delay * 2 };
                let delay = 1 + ground.rng.below(delay + 30);
                let epoch = self.epoch;
                let next = Next::Acknowledge { side, id, letter, qos, epoch, connection };
                ground.after(delay, next);
            }
        }
        Ok(letter)
    }

    fn taken(&mut self, ground: &mut Ground, letter: Id, qos: QoS) {
        if qos == QoS::ExactlyOnce {
            self.handed.remove(&letter);
            self.delivered.insert(letter);
            ground.undo(self.side, Undo::Delivered(self.side, letter));
        }
        ground.taken(self.side, letter);
    }

    /// The application acknowledges a message that it was given. Tells whether it has taken it.
    pub fn acknowledge(
        &mut self,
        ground: &mut Ground,
        id: PacketId,
        letter: Id,
        qos: QoS,
        reason: ReasonCode,
    ) -> Step<bool> {
        let side = self.side;
        let result = self.session.acknowledge(ground.instant(), id, qos, reason);
        ground.log(|| format!("{side:?} acknowledges {id}, letter {letter}: {result:?}"));
        match result {
            Ok(()) if reason.is_failure() && self.version == Version::V5_0 => {
                self.handed.remove(&letter);
                ground.see(Sometimes::RefusedMessage);
                Ok(false)
            }
            Ok(()) => {
                self.taken(ground, letter, qos);
                Ok(true)
            }
            Err(_) if qos == QoS::AtLeastOnce => Ok(false),
            // The sender has given it up.
            Err(CommandError::Unknown) if ground.letters[letter as usize].is_excused => {
                self.handed.remove(&letter);
                Ok(false)
            }
            Err(error) => Err(format!("letter {letter} is not to be acknowledged: {error}").into()),
        }
    }
}
