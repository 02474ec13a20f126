//! Who may connect, and whose session is whose.

use crate::{
    access::Person,
    hub::{Core, Hub},
    port::Order,
};
use mqtt_pure::{
    Accept, BrokerAction, Connect, ConnectionId, Instant, Properties, Property, ReasonCode,
    TopicName, Version, Will,
};
use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::Arc,
};
use tracing::{info, warn};

/// What has to be known of a CONNECT when its password was verified.
struct Login {
    person: Person,
    /// The client has no identifier of its own.
    is_assigned: bool,
    knows_properties: bool,
    will_topic: Option<String>,
}

impl Login {
    fn new(connect: &Connect<'_>, user: Option<String>) -> Self {
        let is_assigned = connect.client_id.as_str().is_empty();
        let client_id = match is_assigned {
            true => assigned(),
            false => connect.client_id.as_str().to_owned(),
        };
        Self {
            person: Person { user, client_id },
            is_assigned,
            knows_properties: connect.version == Version::V5_0,
            will_topic: connect.will.as_ref().map(|will: &Will<'_>| will.topic.as_str().to_owned()),
        }
    }
}

/// A name that nobody can guess, who could take the session by it.
fn assigned() -> String {
    // The standard library has no other randomness.
    let mut name = "auto-".to_owned();
    for _ in 0..2 {
        name += &format!("{:016x}", RandomState::new().build_hasher().finish());
    }
    name
}

impl Hub {
    /// Answers a question of the broker, at once or when the password is verified.
    pub fn answer(
        self: &Arc<Self>,
        core: &mut Core,
        now: Instant,
        id: ConnectionId,
        action: &BrokerAction<'_>,
    ) {
        let BrokerAction::Connect(connect) = action else {
            return refuse(core, now, id, ReasonCode::BAD_AUTHENTICATION_METHOD);
        };
        if connect.properties.authentication_method().is_some() {
            return refuse(core, now, id, ReasonCode::BAD_AUTHENTICATION_METHOD);
        }
        let user = connect.user_name.map(|name| name.as_str().to_owned());
        match (&self.passwords, user) {
            // A name that nobody vouches for is none.
            (None, _) => self.admit(core, now, id, &Login::new(connect, None)),
            (Some(_), None) if self.allow_anonymous => {
                self.admit(core, now, id, &Login::new(connect, None));
            }
            (Some(_), None) => {
                info!("{id}: refused, as it has no user name");
                refuse(core, now, id, ReasonCode::NOT_AUTHORIZED);
            }
            (Some(passwords), Some(user)) => {
                let password = connect.password.map_or(Vec::new(), |it| it.as_bytes().to_vec());
                let (hub, passwords) = (Arc::clone(self), Arc::clone(passwords));
                let login = Login::new(connect, Some(user.clone()));
                tokio::spawn(async move {
                    let is_right = passwords.verify(&user, password, || hub.is_there(id)).await;
                    hub.verified(id, &login, is_right);
                });
            }
        }
    }

    fn verified(&self, id: ConnectionId, login: &Login, is_right: bool) {
        self.with(|core, now| {
            if is_right {
                return self.admit(core, now, id, login);
            }
            warn!("{id}: wrong user name or password of {:?}", login.person.user);
            refuse(core, now, id, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
        });
        // Nothing was taken in while the answer was awaited.
        self.tell(id, Order::Again);
    }

    fn admit(&self, core: &mut Core, now: Instant, id: ConnectionId, login: &Login) {
        let Login { person, is_assigned, knows_properties, will_topic } = login;
        let topic = will_topic.as_ref().and_then(|topic| TopicName::new(topic).ok());
        if topic.is_some_and(|topic| !core.broker.policy().may_leave(person, topic)) {
            info!("{id}: refused, as it may not publish its will");
            return refuse(core, now, id, ReasonCode::NOT_AUTHORIZED);
        }
        let name = self.session_name(person);
        let user = person.user.clone();
        let person = Person { user, client_id: person.client_id.clone() };
        let mut properties = Vec::new();
        let client_id = person.client_id.clone();
        if let (true, true, Ok(text)) =
            (is_assigned, knows_properties, mqtt_pure::Text::new(&client_id))
        {
            properties.push(Property::AssignedClientIdentifier(text));
        }
        let mut accept = Accept::new(person);
        accept.client_id = Some(&name);
        accept.properties = Properties::from(&properties[..]);
        match core.broker.accept(now, id, accept) {
            Ok(()) => info!("{id}: connected as {name:?}"),
            Err(error) => info!("{id}: not accepted: {error}"),
        }
    }

    /// With users, clients of different ones never share a session, whatever they call themselves. A
    /// user name has no colon.
    fn session_name(&self, person: &Person) -> String {
        match (&self.passwords, &person.user) {
            (None, _) => person.client_id.clone(),
            (Some(_), user) => {
                format!("{}:{}", user.as_deref().unwrap_or_default(), person.client_id)
            }
        }
    }
}

fn refuse(core: &mut Core, now: Instant, id: ConnectionId, reason: ReasonCode) {
    // The connection may be gone by now.
    let _ = core.broker.refuse(now, id, Some(reason), Properties::EMPTY);
}
