//! What holds whenever the broker is at rest.

use super::{account_of, name};
use crate::{
    brokers::{plan::TOPICS, world::World},
    ground::Step,
    letter::Letter,
};
use mqtt_pure::TopicName;
use std::collections::BTreeMap;

impl World {
    /// Counts that are never to be exceeded, and what there is where there may be one.
    pub(super) fn within_limits(&mut self) -> Step {
        let counters = self.host.broker.counters();
        let accounts = &self.model.state.accounts;
        if counters.connections as usize != self.host.links.len()
            || counters.sessions as usize > accounts.len()
            || counters.retained as usize > TOPICS.len()
        {
            return Err(format!("{counters:?}, with {} connections", self.host.links.len()).into());
        }
        let most = self.host.options.session.max_queued as usize;
        let in_flight = usize::from(self.host.options.session.max_in_flight);
        for session in self.host.broker.sessions() {
            if session.queued > most || session.in_flight > in_flight {
                return Err(format!("{}: {} queued (I8)", session.client_id, session.queued).into());
            }
            let account = account_of(session.client_id).ok_or("a session of nobody")?;
            let online = session.connection;
            let expected = accounts[account].online.and_then(|at| self.host.links.get(&at));
            if online != expected.map(|link| link.id) {
                return Err(format!("{account} is at {online:?}, not {expected:?} (I13)").into());
            }
        }
        Ok(())
    }

    /// Subscriptions and retained messages are those that the standard says.
    pub fn inspect(&mut self) -> Step {
        self.tick();
        for (at, account) in self.model.state.accounts.iter().enumerate() {
            let mut all = BTreeMap::new();
            self.host.broker.for_each_subscription(&name(at), |to, granted| {
                all.insert(format!("{to:?}"), *granted);
            });
            let is_haunted =
                account.expired_at.is_some_and(|then| then + self.model.late >= self.ground.now);
            let has_session = self.host.broker.session(&name(at)).is_some();
            if has_session != account.session.is_some() && !is_haunted {
                return Err(format!("{at} has a session: {has_session}, {account:?} (I13)").into());
            }
            if all.len() != account.subscriptions.len() && !is_haunted {
                return Err(format!("{at} has {all:?}, not {:?}", account.subscriptions).into());
            }
        }
        for (topic, kept) in &self.model.state.retained {
            let name = TopicName::new(topic).map_err(|error| error.to_string())?;
            let is = self.host.broker.retained(name).and_then(|of| Letter::id(of.payload()));
            if is != Some(kept.letter) && !kept.may_expire {
                return Err(format!("{is:?} is retained of {topic}, not {kept:?}").into());
            }
        }
        if self.host.broker.counters().retained as usize > self.model.state.retained.len() {
            return Err("more is retained than was published".to_owned().into());
        }
        Ok(())
    }
}
