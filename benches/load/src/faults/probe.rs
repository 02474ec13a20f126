//! Two good clients at the side: one publishes with QoS 1 a hundred times a second, the other notes how
//! long each message took.

use crate::{
    client::{self, Client, Hello, acknowledge},
    failure::{Failure, Result},
    message::packet_id,
};
use mqtt_pure::{Packet, QoS};
use std::{
    cell::Cell,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::time::{MissedTickBehavior, interval, timeout};

const PAUSE: Duration = Duration::from_millis(10);
const TOPIC: &str = "probe/latency";

/// How long the last messages may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// When a message was sent, and how long it took.
type Sample = (Instant, Duration);

pub struct Probe {
    is_over: Arc<AtomicBool>,
    /// A thread of its own, so that it does not wait for the clients that are to be noticed.
    thread: JoinHandle<Result<Vec<Sample>>>,
}

/// How long messages took.
pub struct Latency {
    pub p95: Duration,
    pub p99: Duration,
    pub worst: Duration,
}

impl Probe {
    pub fn start(to: SocketAddr) -> Self {
        let is_over = Arc::<AtomicBool>::default();
        let flag = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(watch(to, &flag))
        });
        Self { is_over, thread }
    }

    /// Ends it: everything that was sent has come once, in order, or this is an error.
    pub fn end(self) -> Result<Vec<Sample>> {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.thread.join().map_err(|_| Failure::new("the probe panicked"))?;
        ended.map_err(|error| Failure(format!("other clients noticed: {error}")))
    }
}

impl Latency {
    /// Of the messages that were sent in this time.
    pub fn of(samples: &[Sample], from: Instant, to: Instant) -> Option<Self> {
        let sent = samples.iter().filter(|(at, _)| (from..to).contains(at));
        let mut all: Vec<_> = sent.map(|(_, took)| *took).collect();
        all.sort();
        let rank = |percent: usize| all.get((all.len() * percent / 100).min(all.len() - 1));
        let worst = *all.last()?;
        Some(Self { p95: *rank(95)?, p99: *rank(99)?, worst })
    }
}

/// What the two have done so far.
#[derive(Default)]
struct Progress {
    sent: Cell<u64>,
    acknowledged: Cell<u64>,
    come: Cell<u64>,
    /// When it was over, so that nothing more is sent.
    end: Cell<Option<Instant>>,
}

impl Progress {
    /// Whether everything has come; an error if it takes too long.
    fn is_done(&self) -> Result<bool> {
        let Some(end) = self.end.get() else { return Ok(false) };
        let (sent, come, acknowledged) =
            (self.sent.get(), self.come.get(), self.acknowledged.get());
        if (come, acknowledged) == (sent, sent) {
            return Ok(true);
        }
        match end.elapsed() > PATIENCE {
            true => Err(Failure(format!(
                "of {sent} messages {come} came, {acknowledged} were acknowledged"
            ))),
            false => Ok(false),
        }
    }
}

async fn watch(to: SocketAddr, is_over: &AtomicBool) -> Result<Vec<Sample>> {
    let mut reader = Client::connect(to, &Hello::new("probe-reader")).await?;
    reader.subscribe(TOPIC, QoS::AtLeastOnce).await?;
    let writer = Client::connect(to, &Hello::new("probe-writer")).await?;
    let (begin, progress) = (Instant::now(), Progress::default());
    let both =
        tokio::try_join!(write(writer, begin, is_over, &progress), read(reader, begin, &progress));
    Ok(both?.1)
}

async fn write(
    mut client: Client,
    begin: Instant,
    is_over: &AtomicBool,
    progress: &Progress,
) -> Result<()> {
    let mut ticks = interval(PAUSE);
    // After a long wait there is no burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !progress.is_done()? {
        let read = timeout(
            PAUSE,
            client.read(|packet, _| {
                if matches!(packet, Packet::Puback(_)) {
                    progress.acknowledged.set(progress.acknowledged.get() + 1);
                }
            }),
        );
        tokio::select! {
            _ = ticks.tick() => {}
            read = read => {
                read.unwrap_or(Ok(()))?;
                continue;
            }
        }
        if is_over.load(Ordering::Relaxed) {
            progress.end.set(progress.end.get().or_else(|| Some(Instant::now())));
            continue;
        }
        let number = progress.sent.get();
        let since = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let payload = [number.to_be_bytes(), since.to_be_bytes()].concat();
        client.out.extend(client::publish(TOPIC, &payload, Some(packet_id(number)), false)?);
        progress.sent.set(number + 1);
        client.flush().await?;
    }
    Ok(())
}

async fn read(mut client: Client, begin: Instant, progress: &Progress) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    while !progress.is_done()? {
        let mut is_right = true;
        let read = client.read(|packet, out| {
            if let Packet::Publish(publish) = packet {
                let number = publish.payload.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
                let since = publish.payload.last_chunk().map(|bytes| u64::from_be_bytes(*bytes));
                is_right &= number == Some(progress.come.get());
                let sent = begin + Duration::from_nanos(since.unwrap_or_default());
                samples.push((sent, sent.elapsed()));
                progress.come.set(progress.come.get() + 1);
            }
            acknowledge(packet, out);
        });
        timeout(PAUSE, read).await.unwrap_or(Ok(()))?;
        if !is_right {
            return Err(Failure::new("a message was lost, or came twice"));
        }
        client.flush().await?;
    }
    Ok(samples)
}
