//! What survives a crash, and what does not.

use super::Node;
use crate::{
    counter::Sometimes,
    ground::{Ground, Step, Undo},
    machine::Machine,
};
use std::sync::Arc;

impl<M: Machine> Node<M> {
    /// Takes what the session has recorded, which lets it send what it may.
    pub fn collect(&mut self, ground: &Ground) {
        let records = self.session.journal(ground.instant());
        self.records.extend(records);
    }

    /// What the session has recorded becomes durable.
    pub fn persist(&mut self, ground: &mut Ground) -> Step {
        let side = self.side;
        self.collect(ground);
        for record in std::mem::take(&mut self.records) {
            ground.log(|| format!("{side:?} persists {record:?}"));
            let applied = self.stored.apply(record);
            applied.map_err(|error| format!("{side:?}: a record that does not apply: {error}"))?;
        }
        Ok(())
    }

    /// What is durable is what there is, the tokens of requests apart.
    pub fn compare(&self) -> Step {
        let mut is = self.session.snapshot();
        if is.next_token.get() < self.stored.next_token.get() {
            return Err(format!("{:?}: tokens run backwards", self.side).into());
        }
        is.next_token = self.stored.next_token;
        if is == self.stored {
            return Ok(());
        }
        Err(format!("{:?}: stored {:?}\nis {is:?}", self.side, self.stored).into())
    }

    /// A restored session is the same session.
    pub fn restore_alike(&self, ground: &mut Ground) -> Step {
        let is = self.session.snapshot();
        if is.is_connected {
            return Ok(());
        }
        let again = M::restored(Arc::clone(&self.options), is.clone(), ground.instant());
        let again = again.map_err(|error| format!("{:?}: not restored: {error}", self.side))?;
        ground.see(Sometimes::RestoredAlike);
        if again.snapshot() != is {
            return Err(
                format!("{:?}: {is:?}\nrestored as {:?}", self.side, again.snapshot()).into()
            );
        }
        Ok(())
    }

    /// Everything but what is durable is gone.
    pub fn crash(&mut self, ground: &mut Ground) -> Step {
        let restored =
            M::restored(Arc::clone(&self.options), self.stored.clone(), ground.instant());
        self.session =
            restored.map_err(|error| format!("{:?}: not restored: {error}", self.side))?;
        self.session.keep_journal();
        self.records.clear();
        self.wire.restored(&self.stored);
        self.stored = self.session.snapshot();
        self.connection = None;
        self.input.clear();
        (self.visible, self.observed, self.scheduled) = (0, 0, None);
        (self.is_closing, self.is_sealed, self.ends_when_written) = (true, true, false);
        self.handed.clear();
        self.epoch += 1;
        self.tokens.retain(|_, named| named.is_some());
        Ok(())
    }

    /// Something that was not durable has not happened.
    pub fn undo(&mut self, undo: Undo) {
        match undo {
            Undo::TokenGiven(_, token) => {
                self.tokens.remove(&token);
            }
            Undo::TokenEnded(_, token, named) => {
                self.tokens.insert(token, named);
            }
            Undo::Delivered(_, id) => {
                self.delivered.remove(&id);
            }
            Undo::Forgotten(_, ids) => self.delivered = ids,
            _ => {}
        }
    }
}
