//! What is durable, crashes, and what is left after them.

use super::{BROKER, Rules, account_of, name};
use crate::{
    brokers::world::World,
    counter::Sometimes,
    ground::{Next, Step, Undo},
};
use mqtt_pure::{Broker, BrokerRecord, BrokerSnapshot, Record};

impl World {
    /// What the broker has recorded becomes durable.
    pub(super) fn persist(&mut self) -> Step {
        let now = self.ground.instant();
        let records = self.host.broker.journal(now);
        self.host.torn.clone_from(&records);
        self.observe(None)?;
        self.ground.fuse(BROKER)?;
        self.host.torn.clear();
        for record in records {
            self.ground.log(|| format!("persists {record:?}"));
            if let BrokerRecord::Session { client_id, record: Record::WillOver } = &record
                && let Some(account) = account_of(client_id)
                && self.model.state.accounts[account].owes_will(self.ground.now)
            {
                return Err(format!("the will of {account} is over and not out (I12)").into());
            }
            let applied = self.host.stored.apply(record);
            applied.map_err(|error| format!("a record that does not apply: {error}"))?;
        }
        self.model.commit();
        let process = self.ground.process(BROKER);
        self.ground.undo[process].clear();
        if self.ground.events.is_multiple_of(4) {
            self.compare()?;
        }
        Ok(())
    }

    /// What is durable is what there is, the tokens apart.
    pub fn compare(&self) -> Step {
        let mut is = self.host.broker.snapshot();
        for (name, session) in &mut is.sessions {
            if let Some(stored) = self.host.stored.sessions.get(name) {
                session.session.next_token = stored.session.next_token;
            }
        }
        if is == self.host.stored {
            return Ok(());
        }
        Err(format!("stored {:?}\nis {is:?}", self.host.stored).into())
    }

    /// A restored broker is the same broker.
    pub fn restore_alike(&mut self) -> Step {
        let restore = |snapshot: BrokerSnapshot| {
            let (options, now) = (self.host.options.clone(), self.ground.instant());
            let again = Broker::restore(options, Rules::default(), snapshot, now);
            again.map_err(|error| format!("not restored: {error}"))
        };
        // Connections end by it, the first time.
        let mut first = restore(self.host.broker.snapshot())?;
        first.journal(self.ground.instant());
        let first = first.snapshot();
        let second = restore(first.clone())?.snapshot();
        self.ground.counters.see(Sometimes::RestoredAlike);
        if first != second {
            return Err(format!("{first:?}\nrestored as {second:?}").into());
        }
        Ok(())
    }

    /// A crash: what was not durable has not happened.
    pub fn crash_broker(&mut self) -> Step {
        let process = self.ground.process(BROKER);
        self.ground.fuses[process] = None;
        let undo = std::mem::take(&mut self.ground.undo[process]);
        if !undo.is_empty() {
            self.ground.see(Sometimes::CrashUndone);
        }
        for undo in undo.into_iter().rev() {
            if let Undo::Taken(id) = undo {
                self.ground.letters[id as usize].taken -= 1;
            }
        }
        self.ground.log(|| "the broker crashes".to_owned());
        self.model.roll_back();
        self.ground.see(Sometimes::CrashBroker);
        self.host.is_up = false;
        self.host.scheduled = None;
        self.host.links.clear();
        for connection in 0..self.ground.connections.len() {
            if self.ground.connections[connection].is_attached {
                let late = self.ground.rng.below(1_000);
                self.ground.close(connection, true, late);
            }
        }
        let millis = self.ground.rng.below(3_000);
        self.ground.after(millis, Next::Restart(BROKER));
        Ok(())
    }

    pub fn restart_broker(&mut self) -> Step {
        if self.host.is_up {
            return Ok(());
        }
        let now = self.ground.instant();
        let mut left = self.host.stored.clone();
        // Of the last records some may have been written, which count for nothing.
        let torn = std::mem::take(&mut self.host.torn);
        let count = self.ground.rng.index(torn.len().max(1));
        for record in torn.into_iter().take(count) {
            self.ground.see(Sometimes::TornJournal);
            left.apply(record).map_err(|error| format!("a torn record: {error}"))?;
        }
        let restored = Broker::restore(self.host.options.clone(), Rules::default(), left, now);
        self.host.broker = restored.map_err(|error| format!("not restored: {error}"))?;
        (self.host.is_up, self.host.dropped_full) = (true, 0);
        self.ground.up_since = self.ground.now;
        self.tick();
        for at in 0..self.model.state.accounts.len() {
            // What was over before is noticed now.
            let account = self.model.of(at);
            let was_online = account.online.is_some();
            if account.expired_at.is_some() || was_online && account.expiry == 0 {
                account.expired_at = Some(self.ground.now);
            }
            self.model.gone(at, self.ground.now, false);
            // What was being sent of the retained messages is sent anew.
            let stored = self.host.stored.sessions.get(&*name(at));
            let again = stored.into_iter().flat_map(|session| &session.subscriptions);
            for subscription in again.filter(|subscription| subscription.replays) {
                let wishes = &self.model.state.accounts[at].subscriptions;
                if let Some(wish) = wishes.get(&subscription.filter.filter).copied() {
                    self.model.owe_retained(at, wish, false);
                }
            }
        }
        self.settle_broker()
    }
}
