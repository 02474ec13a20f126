//! The connections of a capture: who is client and who is server, and what each of them says.

use crate::{
    Failure,
    args::Args,
    framing::{Framing, begins_sound, begins_with_connect},
    net::Segment,
    reassembly::{Delivery, Reassembly},
    report::{Context, Link, Report},
};
use mqtt_pure::DecodeOptions;
use std::{
    collections::HashMap,
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

/// So many connections are followed at a time; of more, those that were silent longest are dropped.
const MAX_CONNECTIONS: usize = 4096;

pub struct Conversations<'r, W: Write> {
    report: &'r mut Report<W>,
    port: u16,
    options: DecodeOptions,
    /// By client and server.
    connections: HashMap<(SocketAddr, SocketAddr), Connection>,
    time: Duration,
    count: u64,
}

struct Connection {
    context: Context,
    client: Side,
    server: Side,
    last_seen: Duration,
    is_closed: bool,
}

#[derive(Default)]
struct Side {
    reassembly: Reassembly,
    framing: Framing,
    /// How many bytes were passed over since the place in the stream was lost; `None` while known.
    lost: Option<u64>,
    has_ended: bool,
}

impl<'r, W: Write> Conversations<'r, W> {
    pub fn new(args: &Args, report: &'r mut Report<W>) -> Self {
        Self {
            report,
            port: args.port,
            options: args.options(),
            connections: HashMap::new(),
            time: Duration::ZERO,
            count: 0,
        }
    }

    /// Takes in the next segment of the capture.
    pub fn see(&mut self, time: Duration, segment: &Segment<'_>) -> Result<(), Failure> {
        self.time = time;
        let Some((key, from_client)) = self.connection_of(segment)? else { return Ok(()) };
        let Some(connection) = self.connections.get_mut(&key) else { return Ok(()) };
        connection.last_seen = time;
        if connection.is_closed {
            return Ok(());
        }
        connection.see(time, from_client, segment, self.report)?;
        Ok(())
    }

    /// Shows what is left when the capture ends.
    pub fn finish(mut self) -> Result<(), Failure> {
        let mut left: Vec<_> = self.connections.drain().map(|(_, connection)| connection).collect();
        left.sort_by_key(|connection| connection.context.link.as_ref().map(|link| link.number));
        for mut connection in left {
            connection.finish(self.report)?;
        }
        Ok(())
    }

    /// Finds the connection of a segment and whether its client sent it; opens a new one if it is
    /// to be followed.
    fn connection_of(
        &mut self,
        segment: &Segment<'_>,
    ) -> io::Result<Option<((SocketAddr, SocketAddr), bool)>> {
        let (forth, back) = ((segment.source, segment.target), (segment.target, segment.source));
        let opens = segment.syn && !segment.ack;
        let known = [(forth, true), (back, false)];
        let known = known.into_iter().find(|(key, _)| self.connections.contains_key(key));
        match known {
            Some((key, _)) if opens && self.is_over(key, segment) => {
                self.close(key)?;
            }
            Some(known) => return Ok(Some(known)),
            None => {}
        }
        let is_client = if begins_with_connect(segment.payload) {
            true
        } else if segment.target.port() == self.port {
            !(segment.syn && segment.ack)
        } else if segment.source.port() == self.port {
            opens
        } else {
            return Ok(None);
        };
        if segment.payload.is_empty() && !segment.syn {
            return Ok(None);
        }
        if self.connections.len() >= MAX_CONNECTIONS {
            let oldest = self
                .connections
                .iter()
                .min_by_key(|(_, connection)| (!connection.is_closed, connection.last_seen));
            if let Some(key) = oldest.map(|(key, _)| *key) {
                self.close(key)?;
            }
        }
        let key = if is_client { forth } else { back };
        self.count += 1;
        self.connections.insert(key, Connection::new(self.count, self.options, self.time));
        self.report.opened(self.time, self.count, key.0, key.1)?;
        Ok(Some((key, is_client)))
    }

    /// Whether a SYN opens a new connection between the same addresses and is no repeated one.
    fn is_over(&self, key: (SocketAddr, SocketAddr), segment: &Segment<'_>) -> bool {
        self.connections.get(&key).is_some_and(|connection| {
            connection.is_closed
                || connection.client.reassembly.first() != Some(segment.sequence.wrapping_add(1))
        })
    }

    fn close(&mut self, key: (SocketAddr, SocketAddr)) -> io::Result<()> {
        match self.connections.remove(&key) {
            Some(mut connection) => connection.finish(self.report),
            None => Ok(()),
        }
    }
}

impl Connection {
    fn new(number: u64, options: DecodeOptions, time: Duration) -> Self {
        let mut context = Context::new(options);
        context.link = Some(Link { number, name: String::new(), from_client: true });
        Self {
            context,
            client: Side::default(),
            server: Side::default(),
            last_seen: time,
            is_closed: false,
        }
    }

    fn see<W: Write>(
        &mut self,
        time: Duration,
        from_client: bool,
        segment: &Segment<'_>,
        report: &mut Report<W>,
    ) -> io::Result<()> {
        self.context.turn(time, from_client);
        let side = if from_client { &mut self.client } else { &mut self.server };
        let sequence = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.syn {
            side.reassembly.start(sequence);
        } else if side.reassembly.is_new()
            && !segment.payload.is_empty()
            && !begins_with_connect(segment.payload)
        {
            // The capture began later than the connection.
            side.lost = Some(0);
        }
        side.reassembly.push(sequence, segment.payload);
        if segment.fin {
            let len = u32::try_from(segment.payload.len()).unwrap_or(0);
            side.reassembly.end(sequence.wrapping_add(len));
        }
        side.drain(false, &mut self.context, report)?;
        if self.context.is_foreign {
            self.client.framing.stop();
            self.server.framing.stop();
        }
        let is_first_to_end = !self.client.has_ended && !self.server.has_ended;
        let side = if from_client { &mut self.client } else { &mut self.server };
        if (segment.fin || segment.rst) && !side.has_ended {
            side.has_ended = true;
            if is_first_to_end {
                report.closed(&self.context, segment.rst)?;
            }
        }
        if segment.rst || (self.client.has_ended && self.server.has_ended) {
            self.finish(report)?;
        }
        Ok(())
    }

    /// Shows what has arrived in part.
    fn finish<W: Write>(&mut self, report: &mut Report<W>) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        self.is_closed = true;
        for (from_client, side) in [(true, &mut self.client), (false, &mut self.server)] {
            self.context.turn(self.last_seen, from_client);
            side.drain(true, &mut self.context, report)?;
            if let Some(bytes @ 1..) = side.lost {
                let why = format!("{bytes} bytes in which no packet begins are not decoded");
                report.fault(&self.context, &why)?;
            }
            side.framing.report_rest(&mut self.context, report)?;
            *side = Side::default();
        }
        Ok(())
    }
}

impl Side {
    /// Shows the packets in what can be put in order.
    fn drain<W: Write>(
        &mut self,
        is_over: bool,
        context: &mut Context,
        report: &mut Report<W>,
    ) -> io::Result<()> {
        while let Some(delivery) = self.reassembly.pop(is_over) {
            match delivery {
                _ if self.framing.is_stopped() => {}
                Delivery::Gap(len) => {
                    self.framing.report_rest(context, report)?;
                    report.fault(context, &format!("{len} bytes are not in the capture"))?;
                    self.lost.get_or_insert(0);
                }
                Delivery::Data(data) => {
                    if !self.find_place(&data, context, report)? {
                        continue;
                    }
                    self.framing.feed(&data);
                    self.framing.report_packets(context, report)?;
                }
            }
        }
        Ok(())
    }

    /// After a gap a packet is looked for where a segment begins, which is where most senders put
    /// it; nothing else in the stream marks a beginning. False while none is found.
    fn find_place<W: Write>(
        &mut self,
        data: &[u8],
        context: &Context,
        report: &mut Report<W>,
    ) -> io::Result<bool> {
        let Some(passed) = self.lost else { return Ok(true) };
        if !begins_sound(data, context) {
            let len = u64::try_from(data.len()).unwrap_or(u64::MAX);
            self.lost = Some(passed.saturating_add(len));
            return Ok(false);
        }
        self.lost = None;
        if passed > 0 {
            let why = format!("goes on here after {passed} bytes that are not decoded");
            report.fault(context, &why)?;
        }
        Ok(true)
    }
}
