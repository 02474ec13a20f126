//! Who may do what, out of a file; `--help` describes it.

use crate::failure::Failure;
use mqtt_pure::{
    Forwarding, Policy, Publication, QoS, ReasonCode, Subject, Subscription, TopicFilter, TopicName,
};
use std::{fs, path::Path};

/// What is known of a client that was accepted.
#[derive(Debug)]
pub struct Person {
    /// Its name, if it has said who it is by a password.
    pub user: Option<String>,
    /// As in its CONNECT, or as it was assigned.
    pub client_id: String,
}

/// What is allowed; without a file everything is.
#[derive(Debug, Default)]
pub struct Access {
    rules: Option<Vec<Rule>>,
}

#[derive(Debug)]
struct Rule {
    who: Who,
    publish: bool,
    subscribe: bool,
    levels: Vec<Level>,
}

#[derive(Debug, PartialEq, Eq)]
enum Who {
    Everybody,
    Anonymous,
    User(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Level {
    Text(String),
    /// %u
    User,
    /// %c
    Client,
    /// +
    Any,
    /// #
    Rest,
}

/// Who wants something.
#[derive(Clone, Copy)]
struct Asking<'a> {
    user: Option<&'a str>,
    client_id: &'a str,
}

impl<'a> From<&'a Person> for Asking<'a> {
    fn from(person: &'a Person) -> Self {
        Self { user: person.user.as_deref(), client_id: &person.client_id }
    }
}

impl Access {
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        let mut rules = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let rule = Rule::parse(line)
                .map_err(|why| Failure::file(path, format!("line {number}: {why}")))?;
            rules.push(rule);
        }
        Ok(Self { rules: Some(rules) })
    }

    /// Whether one of the rules for a client, of those that are about this, fits.
    fn allows(
        &self,
        asking: Asking<'_>,
        is_about: impl Fn(&Rule) -> bool,
        fits: impl Fn(&[Level]) -> bool,
    ) -> bool {
        let Some(rules) = &self.rules else { return true };
        let mut mine = rules.iter().filter(|rule| is_about(rule) && rule.who.is(asking.user));
        mine.any(|rule| fits(&rule.levels))
    }

    fn may_publish(&self, asking: Asking<'_>, topic: TopicName<'_>) -> bool {
        self.allows(asking, |rule| rule.publish, |levels| covers(levels, topic.as_str(), asking))
    }

    fn may_read(&self, asking: Asking<'_>, topic: TopicName<'_>) -> bool {
        self.allows(asking, |rule| rule.subscribe, |levels| covers(levels, topic.as_str(), asking))
    }

    /// A filter is allowed if nothing matches it that is not.
    fn may_subscribe(&self, asking: Asking<'_>, filter: TopicFilter<'_>) -> bool {
        let filter = filter.share().map_or(filter, |share| share.filter);
        self.allows(asking, |rule| rule.subscribe, |levels| covers(levels, filter.as_str(), asking))
    }

    /// Whether a client may leave this will. It is asked again when the will is published, unless the
    /// broker was started anew since.
    pub fn may_leave(&self, person: &Person, topic: TopicName<'_>) -> bool {
        self.may_publish(person.into(), topic)
    }
}

impl Rule {
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.split_whitespace();
        let (Some(who), Some(what), Some(topics), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("is not WHO WHAT TOPICS".to_owned());
        };
        let who = match who {
            "*" => Who::Everybody,
            "anonymous" => Who::Anonymous,
            user => Who::User(user.to_owned()),
        };
        let (publish, subscribe) = match what {
            "publish" => (true, false),
            "subscribe" => (false, true),
            "both" => (true, true),
            other => return Err(format!("{other:?} is not publish, subscribe or both")),
        };
        TopicFilter::new(topics).map_err(|error| format!("{topics:?}: {error}"))?;
        let levels = topics.split('/').map(Level::parse).collect::<Result<_, _>>()?;
        Ok(Self { who, publish, subscribe, levels })
    }
}

impl Who {
    fn is(&self, user: Option<&str>) -> bool {
        match self {
            Self::Everybody => true,
            Self::Anonymous => user.is_none(),
            Self::User(name) => user == Some(name),
        }
    }
}

impl Level {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "+" => Ok(Self::Any),
            "#" => Ok(Self::Rest),
            "%u" => Ok(Self::User),
            "%c" => Ok(Self::Client),
            text if text.contains("%u") || text.contains("%c") => {
                Err(format!("%u and %c are whole levels, which {text:?} is not"))
            }
            text => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Whether everything that a level of a topic or filter stands for is allowed.
    fn covers(&self, asked: &str, asking: Asking<'_>) -> bool {
        // A name with wildcards must not turn into a filter.
        let is = |name: &str| !name.is_empty() && name == asked && !name.contains(['+', '#', '/']);
        match self {
            Self::Text(text) => text == asked,
            Self::User => asking.user.is_some_and(is),
            Self::Client => is(asking.client_id),
            Self::Any => asked != "#",
            Self::Rest => true,
        }
    }
}

/// Whether a rule covers all that a topic or a filter stands for.
fn covers(levels: &[Level], asked: &str, asking: Asking<'_>) -> bool {
    // [MQTT-4.7.2-1]
    if asked.starts_with('$') && !matches!(levels.first(), Some(Level::Text(_))) {
        return false;
    }
    let mut asked = asked.split('/');
    for level in levels {
        if *level == Level::Rest {
            // `a/#` is about `a` too.
            return true;
        }
        match asked.next() {
            Some(part) if level.covers(part, asking) => {}
            _ => return false,
        }
    }
    asked.next().is_none()
}

impl Policy for Access {
    type Client = Person;

    fn publish(
        &mut self,
        by: Subject<'_, Person>,
        publication: &Publication<'_>,
    ) -> Result<(), ReasonCode> {
        // A will of before a restart; its client was asked when it connected.
        let Some(person) = by.client else { return Ok(()) };
        match self.may_publish(person.into(), publication.topic) {
            true => Ok(()),
            false => Err(ReasonCode::NOT_AUTHORIZED),
        }
    }

    fn subscribe(
        &mut self,
        by: Subject<'_, Person>,
        subscription: &Subscription<'_>,
    ) -> Result<QoS, ReasonCode> {
        let is_allowed =
            by.client.is_some_and(|person| self.may_subscribe(person.into(), subscription.filter));
        match is_allowed {
            true => Ok(subscription.options.qos),
            false => Err(ReasonCode::NOT_AUTHORIZED),
        }
    }

    fn receive(&mut self, to: Subject<'_, Person>, forwarding: &Forwarding<'_>) -> bool {
        // For a client that has not been back since a restart messages wait; it is asked when it is.
        let Some(person) = to.client else { return true };
        self.may_read(person.into(), forwarding.message.topic())
    }
}
