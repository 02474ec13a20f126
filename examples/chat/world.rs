//! The people, the switch between them, and the time that passes for all of them.

use crate::{
    args::Args,
    ledger::Ledger,
    link::{Arrival, Side},
    person::Person,
    random::Random,
    trace::{BAD, GOOD, Trace},
};
use anstyle::{AnsiColor, Style};
use bytes::Buf;
use mqtt_pure::{
    ClientAction, CloseReason, Instant, Message, Properties, QoS, ReasonCode, ServerAction, Suback,
    Subscription, TopicFilter, TopicName, Version,
};
use std::io::{self, Write};

const NOTICE: Style = AnsiColor::Yellow.on_default();
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const WORDS: [&str; 8] = [
    "who is there?",
    "coffee?",
    "it works here",
    "have you read the standard?",
    "section 4.3.3 is the best part",
    "back in a minute",
    "good idea",
    "say that again, please",
];

/// How often one of them says something, in milliseconds.
const SILENCE: (u64, u64) = (600_000, 7_200_000);

/// So long after the end at most until everything has arrived.
const REST: u64 = 48 * 3_600_000;

#[derive(Default)]
struct Counts {
    said: u64,
    connections: u64,
    lost: u64,
    silently: u64,
    pings: u64,
    repeated: u64,
    bytes: u64,
}

pub struct World<W> {
    now: Instant,
    end: Instant,
    people: Vec<Person>,
    random: Random,
    ledger: Ledger,
    trace: Trace<W>,
    counts: Counts,
    version: Version,
    qos: QoS,
    keep_alive: u16,
    drop: u32,
    hours: u64,
    seed: u64,
}

impl<W: Write> World<W> {
    pub fn new(args: &Args, out: W) -> Self {
        let mut random = Random::new(args.seed);
        let version = args.protocol.version();
        let people = NAMES.into_iter().map(|name| {
            let connect_at = Instant::from_millis(random.between(0, 2_000));
            let speak_at = Instant::from_millis(random.between(60_000, 1_800_000));
            Person::new(name, connect_at, speak_at)
        });
        Self {
            now: Instant::default(),
            end: Instant::from_millis(args.hours.saturating_mul(3_600_000)),
            people: people.collect(),
            random,
            ledger: Ledger::default(),
            trace: Trace::new(out, args.quiet, args.all, version),
            counts: Counts::default(),
            version,
            qos: args.qos,
            keep_alive: args.keep_alive,
            drop: args.drop,
            hours: args.hours,
            seed: args.seed,
        }
    }

    /// Lets the time pass, from one event to the next.
    pub fn run(&mut self) -> io::Result<()> {
        loop {
            let is_over = self.now >= self.end;
            let speak = self.people.iter().map(|person| person.speak_at);
            let speak = speak.min().filter(|at| !is_over && *at < self.end);
            let next = self.people.iter().filter_map(Person::next).chain(speak).min();
            let next = next.unwrap_or(self.end);
            // With nothing lost any more, what is on its way arrives.
            if is_over && (self.is_settled() || self.now > self.end.plus_millis(REST)) {
                return Ok(());
            }
            self.now = if is_over { next } else { next.min(self.end) }.max(self.now);
            for who in 0..self.people.len() {
                self.visit(who)?;
            }
        }
    }

    fn is_settled(&self) -> bool {
        self.people.iter().all(|person| {
            let (client, server) = (&person.client, &person.server);
            let waiting =
                client.in_flight() + client.queued() + server.in_flight() + server.queued();
            waiting == 0 && person.link.next().is_none() && client.is_connected()
        })
    }

    /// Everything that is due for one of them.
    fn visit(&mut self, who: usize) -> io::Result<()> {
        let now = self.now;
        let person = &mut self.people[who];
        if person.connect_at.is_some_and(|at| at <= now) {
            person.connect(now, self.version, self.keep_alive);
            self.counts.connections += 1;
            // What the server had to say about the old connection goes nowhere.
            while person.server.poll().is_some() {}
            person.server.closed(now);
            person.server.opened(now);
        }
        if person.speak_at <= now && now < self.end {
            self.speak(who)?;
        }
        let person = &mut self.people[who];
        person.client.timeout(now);
        person.server.timeout(now);
        while let Some(arrival) = self.people[who].link.take(now, Side::Server) {
            match arrival {
                Arrival::Bytes(bytes) => self.people[who].to_server.extend(bytes),
                Arrival::Cut => self.people[who].server.closed(now),
            }
            self.serve(who)?;
        }
        while let Some(arrival) = self.people[who].link.take(now, Side::Client) {
            match arrival {
                Arrival::Bytes(bytes) => self.people[who].to_client.extend(bytes),
                Arrival::Cut => self.gone(who),
            }
            self.live(who)?;
        }
        self.serve(who)?;
        self.live(who)
    }

    /// The client sees that its connection is gone, and will make another one.
    fn gone(&mut self, who: usize) {
        let now = self.now;
        let person = &mut self.people[who];
        person.client.closed(now);
        let pause = self.random.between(200, 5_000);
        person.connect_at.get_or_insert(now.plus_millis(pause));
    }

    /// Somebody says something.
    fn speak(&mut self, who: usize) -> io::Result<()> {
        let now = self.now;
        let pause = self.random.between(SILENCE.0, SILENCE.1);
        let is_everybody_here = self.people.iter().all(|person| person.is_subscribed);
        let person = &mut self.people[who];
        // Who has not subscribed is promised nothing.
        person.speak_at = now.plus_millis(if is_everybody_here { pause } else { 60_000 });
        if !is_everybody_here || self.qos == QoS::AtMostOnce && !person.client.is_connected() {
            return Ok(());
        }
        let word = usize::try_from(self.random.between(0, 7)).unwrap_or(0);
        let text = format!("{} (message {})", WORDS[word], self.counts.said + 1);
        let name = person.name;
        let topic = format!("chat/{name}");
        let Ok(topic) = TopicName::new(&topic) else { return Ok(()) };
        let message = Message::new(topic, text.clone()).with_qos(self.qos);
        match person.client.publish(now, message) {
            Ok(_) => {
                self.counts.said += 1;
                let others = NAMES.into_iter().filter(|other| *other != name);
                self.ledger.said(&format!("{name}: {text}"), others);
            }
            Err(error) => self.trace.note(now, name, BAD, &format!("is not taken: {error}"))?,
        }
        Ok(())
    }

    /// The client's turn: what has come, what follows, what is to be written.
    fn live(&mut self, who: usize) -> io::Result<()> {
        let now = self.now;
        let bytes = std::mem::take(&mut self.people[who].to_client);
        let mut input = &bytes[..];
        let (mut heard, mut closes) = (Vec::new(), None);
        let person = &mut self.people[who];
        while let Some(action) = person.client.receive(now, &mut input) {
            match action {
                ClientAction::Connected(_) => {
                    person.has_session = true;
                    if !person.is_subscribed {
                        let Ok(filter) = TopicFilter::new("chat/#") else { continue };
                        let subscriptions = [Subscription::new(filter, self.qos)];
                        // If it can't be sent now, the connection is at its end.
                        let _ = person.client.subscribe(now, &subscriptions, Properties::EMPTY);
                    }
                }
                ClientAction::Subscribed(..) => person.is_subscribed = true,
                ClientAction::Message(received) => {
                    let from = received.topic().as_str().trim_start_matches("chat/").to_owned();
                    heard.push(format!("{from}: {}", received.payload().escape_ascii()));
                }
                ClientAction::SessionEnded => person.has_session = false,
                ClientAction::Close(reason) => closes = Some(reason),
                _ => {}
            }
        }
        let rest = input.to_vec();
        self.people[who].to_client = rest;
        for text in heard {
            let name = self.people[who].name;
            let (style, again) = match self.ledger.heard(&text, name) {
                1 => (GOOD, ""),
                _ => (BAD, ", again"),
            };
            self.trace.note(now, name, style, &format!("    hears {text}{again}"))?;
        }
        self.write(who, Side::Client)?;
        if let Some(reason) = closes {
            self.close(who, Side::Client, reason)?;
        }
        Ok(())
    }

    /// The turn of the server of one of them, and of the switch behind it.
    fn serve(&mut self, who: usize) -> io::Result<()> {
        let now = self.now;
        let bytes = std::mem::take(&mut self.people[who].to_server);
        let mut input = &bytes[..];
        let (mut said, mut closes) = (Vec::new(), None);
        let person = &mut self.people[who];
        while let Some(action) = person.server.receive(now, &mut input) {
            match action {
                ServerAction::Connect(_) => {
                    // There is room for an answer at the beginning of a connection.
                    let _ = person.server.accept(now, Properties::EMPTY);
                }
                ServerAction::Subscribe(subscribe) => {
                    let codes = subscribe.subscriptions.iter().map(|subscription| {
                        person.granted = Some(subscription.options.qos);
                        ReasonCode::granted(subscription.options.qos)
                    });
                    let codes: Vec<_> = codes.collect();
                    let _ = person.server.grant(now, &Suback::new(subscribe.packet_id, &codes[..]));
                }
                ServerAction::Message(received) => said.push(received.to_message()),
                ServerAction::Close(reason) => closes = Some(reason),
                _ => {}
            }
        }
        let rest = input.to_vec();
        self.people[who].to_server = rest;
        self.write(who, Side::Server)?;
        for message in said {
            self.switch(who, &message)?;
        }
        if let Some(reason) = closes {
            self.close(who, Side::Server, reason)?;
        }
        Ok(())
    }

    /// What one of them has said is for the others.
    fn switch(&mut self, who: usize, message: &Message) -> io::Result<()> {
        let now = self.now;
        for other in (0..self.people.len()).filter(|other| *other != who) {
            let person = &mut self.people[other];
            let Some(granted) = person.granted else { continue };
            match person.server.publish(now, message.clone(), granted) {
                Ok(_) => self.write(other, Side::Server)?,
                // QoS 0 to one who is away.
                Err(_) if self.qos == QoS::AtMostOnce => {}
                Err(error) => {
                    self.trace.note(now, person.name, BAD, &format!("is not sent: {error}"))?;
                }
            }
        }
        Ok(())
    }

    /// Hands to the network what one side has to write.
    fn write(&mut self, who: usize, from: Side) -> io::Result<()> {
        let (now, drop) = (self.now, if self.now < self.end { self.drop } else { 0 });
        let person = &mut self.people[who];
        let out = match from {
            Side::Client => person.client.transmit(now),
            Side::Server => person.server.transmit(now),
        };
        if !out.has_remaining() {
            return Ok(());
        }
        let bytes = out.copy_to_bytes(out.remaining());
        let len = bytes.len();
        self.counts.bytes += u64::try_from(len).unwrap_or(0);
        let (pings, repeated) = self.trace.written(now, person.name, from, &bytes)?;
        self.counts.pings += pings;
        self.counts.repeated += repeated;
        match person.link.send(now, from, bytes.to_vec(), drop, &mut self.random) {
            None => {}
            Some(is_silent) => {
                self.counts.lost += 1;
                self.counts.silently += u64::from(is_silent);
                let how = if is_silent { ", and nobody is told" } else { "" };
                let text = format!("the connection breaks in the middle of these {len} bytes{how}");
                self.trace.note(now, person.name, NOTICE, &text)?;
            }
        }
        Ok(())
    }

    /// One side closes the connection.
    fn close(&mut self, who: usize, side: Side, reason: CloseReason) -> io::Result<()> {
        let now = self.now;
        let name = self.people[who].name;
        let whose = if side == Side::Client { "client" } else { "server" };
        self.trace.note(now, name, NOTICE, &format!("the {whose} closes: {reason}"))?;
        self.people[who].link.close(now, side);
        match side {
            Side::Client => self.gone(who),
            Side::Server => self.people[who].server.closed(now),
        }
        Ok(())
    }

    /// Writes what has come of it: whether the promise was kept, and the output.
    pub fn summary(mut self) -> io::Result<(bool, W)> {
        let balance = self.ledger.balance();
        let is_settled = self.is_settled();
        let is_kept = balance.is_kept(self.qos) && (is_settled || self.qos == QoS::AtMostOnce);
        let Counts { connections, lost, silently, pings, repeated, bytes, .. } = self.counts;
        let out = &mut self.trace.out;
        let percent = format!("{}.{:02}", self.drop / 100, self.drop % 100);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        writeln!(
            out,
            "{} h of MQTT {} at QoS {}, {percent}% of what is written is cut off, seed {}",
            self.hours, self.version, self.qos, self.seed,
        )?;
        writeln!(out, "  messages published   {}", balance.published)?;
        writeln!(out, "  messages delivered   {} of {}", balance.delivered, balance.expected)?;
        writeln!(out, "  duplicates           {}", balance.duplicates)?;
        writeln!(out, "  sent again (DUP)     {repeated}")?;
        writeln!(out, "  connections made     {connections}")?;
        writeln!(out, "  connections lost     {lost}, {silently} of them silently")?;
        writeln!(out, "  pings                {pings}")?;
        writeln!(out, "  bytes written        {bytes}")?;
        let promise = match self.qos {
            QoS::AtMostOnce => "at most once",
            QoS::AtLeastOnce => "at least once",
            QoS::ExactlyOnce => "exactly once",
        };
        if is_kept {
            writeln!(out, "{GOOD}every message was delivered {promise}{GOOD:#}")?;
        } else {
            writeln!(out, "{BAD}not every message was delivered {promise}{BAD:#}")?;
        }
        out.flush()?;
        Ok((is_kept, self.trace.out))
    }
}
