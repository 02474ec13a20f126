//! The application of a client: connects again and again, subscribes, publishes.

use crate::{
    counter::Sometimes,
    ground::Step,
    letter::{Letter, Side},
    machine::{Told, Why},
    plan::{ClientPlan, Fault, Plan, qos},
    rng::Rng,
    world::World,
};
use mqtt_pure::{
    Binary, CommandError, Connect, Packet, PacketType, Properties, Property, QoS, SessionOptions,
    Subscription, Text, TopicFilter, TopicName, Version, Will,
};

pub struct Customer {
    pub is_up: bool,
    /// It has dropped its state: the server is to do so too.
    pub is_clean_next: bool,
    /// Counts connections.
    connects: u32,
    /// A connection is to be made later.
    is_waiting: bool,
    wants: Vec<(usize, QoS)>,
    /// The next topic to be published to, so that topics are shared by messages.
    pub aliases: u16,
}

impl Customer {
    pub fn new(plan: &ClientPlan) -> Self {
        Self {
            is_up: true,
            is_clean_next: false,
            connects: 0,
            is_waiting: true,
            wants: plan.wants.clone(),
            aliases: plan.aliases,
        }
    }

    pub fn options(client: &ClientPlan, plan: &Plan) -> SessionOptions {
        let mut options = SessionOptions::new();
        options.max_in_flight = client.max_in_flight;
        options.max_queued = client.max_queued;
        options.manual_acknowledgement = client.is_manual;
        options.max_outgoing = plan.max_outgoing;
        options
    }
}

impl World {
    /// The client tries again after a while.
    pub fn retry(&mut self, at: usize) {
        let customer = &mut self.customers[at];
        if customer.is_up && !customer.is_waiting {
            customer.is_waiting = true;
            self.ground.retry(at);
        }
    }

    /// A new connection, whether or not there is one.
    pub fn connect(&mut self, at: usize) -> Step {
        self.customers[at].is_waiting = false;
        if !self.customers[at].is_up || self.clients[at].session.is_connected() {
            return Ok(());
        }
        self.open(at)
    }

    pub fn open(&mut self, at: usize) -> Step {
        let number = self.clients[at].dial(&mut self.ground, at);
        let (plan, customer) = (&self.ground.plan.clients[at], &mut self.customers[at]);
        customer.connects += 1;
        let is_clean = plan.is_clean || customer.is_clean_next;
        customer.is_clean_next |= is_clean;
        let name = format!("client-{at}");
        let text = |text| Text::new(text).map_err(|error| error.to_string());
        let mut connect = Connect::new(plan.version, text(&name)?);
        (connect.clean_session, connect.keep_alive) = (is_clean, plan.keep_alive);
        let is_5_0 = plan.version == Version::V5_0;
        let mut properties = plan.properties();
        if is_5_0 {
            properties.extend(self.ground.max_packet_size(number).map(Property::MaximumPacketSize));
        }
        connect.properties = Properties::from(&properties[..]);
        let payload = format!("will {at} {}", customer.connects);
        let delay = [Property::WillDelayInterval(plan.will.map_or(0, |(_, delay)| delay))];
        connect.will = match plan.will {
            Some((qos, _)) => Some(Will {
                topic: TopicName::new("will").map_err(|error| error.to_string())?,
                payload: Binary::new(payload.as_bytes()).map_err(|error| error.to_string())?,
                properties: if is_5_0 { Properties::from(&delay) } else { Properties::EMPTY },
                qos,
                retain: false,
            }),
            None => None,
        };
        let node = &mut self.clients[at];
        let opened = node.session.opened(self.ground.instant(), &connect);
        opened.map_err(|error| format!("CONNECT is refused: {error}"))?;
        node.connected(number);
        self.settle(Side::Client(at))
    }

    pub fn client_told(&mut self, at: usize, told: Told) -> Step {
        match told {
            Told::Connected { session_present, keep_alive } => {
                self.clients[at].accepted(&self.ground, session_present, keep_alive)?;
                self.customers[at].is_clean_next = false;
                for (publisher, qos) in self.customers[at].wants.clone() {
                    self.subscribe(at, publisher, Some(qos))?;
                }
                Ok(())
            }
            Told::Message { payload, topic, id, qos, .. } => {
                self.clients[at].message(&mut self.ground, &payload, &topic, id, qos).map(|_| ())
            }
            Told::Close(Why::SessionPresent) => {
                self.customers[at].is_clean_next = true;
                Ok(())
            }
            Told::Close(Why::Fault(fault)) => {
                Err(format!("client {at} finds a fault: {fault}").into())
            }
            Told::Close(Why::Late(_)) => {
                self.ground.see(Sometimes::PingLate);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Subscribes to the messages of a client, or not any more.
    pub fn subscribe(&mut self, at: usize, publisher: usize, qos: Option<QoS>) -> Step {
        let filter = Letter::filter(publisher);
        let filter = TopicFilter::new(&filter).map_err(|error| error.to_string())?;
        let (node, now) = (&mut self.clients[at], self.ground.instant());
        let result = match qos {
            Some(qos) => {
                let all = [Subscription::new(filter, qos)];
                node.session.subscribe(now, &all, Properties::EMPTY)
            }
            None => node.session.unsubscribe(now, &[filter], Properties::EMPTY),
        };
        node.requested(&mut self.ground, result)
    }

    /// Publishes some messages.
    pub fn publish(&mut self, at: usize, rng: &mut Rng) -> Step {
        let count = rng.pick(&[1, 1, 2, 3, 8]);
        let (qos_of_all, topic) = (qos(rng), rng.below(2) as u8);
        for _ in 0..count {
            let is_5_0 = self.ground.plan.clients[at].version == Version::V5_0;
            let letter = Letter {
                from: Side::Client(at),
                publisher: at,
                topic,
                qos: if rng.chance(500) { qos_of_all } else { qos(rng) },
                at: self.ground.now,
                expiry: (is_5_0 && rng.chance(200)).then(|| rng.range(1, 20) as u32),
                is_promised: false,
                is_excused: false,
                taken: 0,
            };
            let len = rng.pick(&[0, 0, 20, 20, 100, 700]);
            let alias = if rng.chance(500) {
                self.customers[at].aliases.min(1 + u16::from(topic))
            } else {
                0
            };
            let node = &mut self.clients[at];
            match node.publish(&mut self.ground, letter, alias, len)? {
                Ok(_)
                | Err(
                    CommandError::QueueFull
                    | CommandError::NotConnected
                    | CommandError::OutgoingFull,
                ) => {}
                Err(CommandError::TooLarge { .. }) if self.ground.plan.has(Fault::SmallPackets) => {
                }
                Err(error) => return Err(format!("a message is refused: {error}").into()),
            }
            self.ground.fuse(Side::Client(at))?;
        }
        self.settle(Side::Client(at))
    }

    /// The client says that it leaves.
    pub fn leave(&mut self, at: usize, rng: &mut Rng) -> Step {
        self.clients[at].leave(&self.ground, rng)?;
        self.settle(Side::Client(at))
    }
}

/// Whether these bytes hold a whole CONNECT, and whether it is one with a clean session.
pub fn clean_session_of(bytes: &[u8]) -> Result<Option<bool>, String> {
    let options =
        mqtt_pure::DecodeOptions::new(Version::V3_1_1).with_sender(mqtt_pure::Role::Client);
    match Packet::read(&mut &bytes[..], options) {
        Ok(Some(Packet::Connect(connect))) => Ok(Some(connect.clean_session)),
        Ok(None) => Ok(None),
        Ok(Some(other)) => {
            let what: PacketType = other.packet_type();
            Err(format!("a connection begins with {what}"))
        }
        Err(error) => Err(format!("a connection begins with no packet: {error}")),
    }
}
