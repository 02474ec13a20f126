//! Garbage, and floods of what has to be answered.

use super::{
    scene::{Noise, Scene},
    slow::WINDOW,
};
use crate::{
    client::{self, Client, Hello, PINGREQ},
    failure::{Failure, Result},
};
use mqtt_pure::{Packet, QoS};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::{JoinSet, spawn_local},
    time::{Instant, timeout, timeout_at},
};

const TALKERS: usize = 50;
pub const FLOODERS: u64 = 10;

/// So many of those who send do not read what comes back.
pub const DEAF: u64 = 2;

/// How many PINGREQs are sent at once.
const PINGS: usize = 32_768;

/// How many filters a SUBSCRIBE has, and how many a client may subscribe to.
const FILTERS: usize = 500;
const MOST: usize = 1_000;

/// How long one may send and not read, when the others have stopped.
const SILENCE: Duration = Duration::from_secs(12);

/// How long the broker may take to see that something is no packet.
const SOON: Duration = Duration::from_secs(2);

pub async fn garbage(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let mut talkers = JoinSet::new();
    for number in 0..TALKERS {
        talkers.spawn_local(talk(to, number, end));
    }
    let (mut count, mut open) = (0, 0);
    while let Some(done) = talkers.join_next().await {
        let (own, left) = done??;
        count += own;
        open += left;
    }
    scene.found(format!("{count} connections with garbage"));
    scene.expect(count > 100, "there was no flood");
    scene.expect(open == 0, format!("{open} of them were not cut off"));
    scene.expect_service(&Hello::new("after")).await;
    Ok(())
}

/// How many connections there were, and how many of them the broker did not close.
async fn talk(to: SocketAddr, number: usize, end: Instant) -> Result<(usize, usize)> {
    let mut noise = Noise::new(u64::try_from(number).unwrap_or_default() + 1);
    let (mut count, mut open) = (0, 0);
    while Instant::now() < end {
        let hello = Hello::new(format!("garbage-{number}"));
        let mut stream = hello.open(to).await?;
        let len = usize::try_from(noise.number() % 4_096).unwrap_or_default() + 1;
        let mut bytes = noise.bytes(len);
        // No packet begins with this, nor do any but CONNECT come first.
        bytes[0] &= 0x0f;
        if count % 2 == 0 {
            bytes.splice(0..0, hello.packet()?);
        }
        // It may be closed before everything is written.
        let _ = stream.write_all(&bytes).await;
        let closed = async {
            let mut rest = [0; 256];
            while stream.read(&mut rest).await.is_ok_and(|len| len > 0) {}
        };
        open += usize::from(timeout(SOON, closed).await.is_err());
        count += 1;
    }
    Ok((count, open))
}

pub async fn pings(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let pings = PINGREQ.repeat(PINGS);
    let deaf = (0..DEAF).map(|number| spawn_local(deaf(to, number, pings.clone(), end)));
    let deaf: Vec<_> = deaf.collect();
    let readers = (0..FLOODERS).map(|number| spawn_local(ping_reading(to, number, end)));
    let readers: Vec<_> = readers.collect();
    let (mut sent, mut answered) = (0, 0);
    for flooder in deaf {
        sent += flooder.await?? / PINGREQ.len();
    }
    for reader in readers {
        answered += reader.await??;
    }
    scene.found(format!("{answered} answered; {sent} until those who do not read were cut off"));
    scene.expect(answered > 100_000, "there was no flood");
    Ok(())
}

/// Sends the same again and again and does not read: what the system keeps of that and of the answers is
/// full after a while, and then the broker takes no more. Tells how many bytes were sent until it was
/// cut off for its silence.
async fn deaf(to: SocketAddr, number: u64, bytes: Vec<u8>, end: Instant) -> Result<usize> {
    let mut hello = Hello::new(format!("deaf-{number}"));
    (hello.keep_alive, hello.window) = (1, Some(WINDOW));
    let mut client = Client::connect(to, &hello).await?;
    let mut sent = 0;
    while Instant::now() < end + SILENCE {
        let rest = &bytes[sent % bytes.len()..];
        match timeout_at(end + SILENCE, client.stream.write(rest)).await {
            Ok(Ok(len)) => sent += len,
            Ok(Err(_)) => return Ok(sent),
            Err(_) => break,
        }
    }
    Err(Failure::new("who sends and does not read is not cut off"))
}

/// Sends PINGREQs and reads what comes; how many were answered, which is all of them.
async fn ping_reading(to: SocketAddr, number: u64, end: Instant) -> Result<usize> {
    let mut client = Client::connect(to, &Hello::new(format!("pings-{number}"))).await?;
    let pings = PINGREQ.repeat(PINGS);
    let (mut input, mut output) = client.stream.split();
    let mut answers = vec![0; 65_536];
    let (mut sent, mut come) = (0, 0);
    let mut read_from = async |wanted: usize, until: Instant| {
        while come < wanted {
            match timeout_at(until, input.read(&mut answers)).await {
                Ok(Ok(0) | Err(_)) => {
                    return Err(Failure::new("who sends many PINGREQs is cut off"));
                }
                Ok(Ok(len)) => come += len,
                Err(_) => break,
            }
        }
        Ok(come)
    };
    while Instant::now() < end {
        let write = async { Ok(timeout(client::PATIENCE, output.write_all(&pings)).await) };
        // Both at once, or each side would wait for the other one to read.
        let (written, _) = tokio::try_join!(write, read_from(sent + pings.len(), end))?;
        written.map_err(|_| Failure::new("a PINGREQ is not taken"))??;
        sent += pings.len();
    }
    let come = read_from(sent, Instant::now() + client::PATIENCE).await?;
    match come == sent {
        true => Ok(come / PINGREQ.len()),
        false => Err(Failure(format!("of {sent} bytes of PINGREQ {come} are answered"))),
    }
}

pub async fn subscribes(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let mut deaf_ones = Vec::new();
    for number in 0..DEAF {
        // Half of them are more than it may have.
        let filters: Vec<_> = (0..4 * FILTERS).map(|at| format!("{number}{at:x}")).collect();
        let mut packets = Vec::new();
        for some in filters.chunks(FILTERS) {
            packets.extend(client::subscribe(
                1,
                some.iter().map(String::as_str),
                QoS::AtLeastOnce,
            )?);
        }
        deaf_ones.push((packets.len(), spawn_local(deaf(to, number, packets.repeat(8), end))));
    }
    let (granted, refused) = subscribe_reading(to, end).await?;
    scene.found(format!("{granted} granted and {refused} refused to one that reads"));
    scene.expect(granted == MOST && refused > MOST, "it may have more than 1,000 subscriptions");
    let mut sent = 0;
    for (len, flooder) in deaf_ones {
        let bytes = flooder.await??;
        sent += bytes * 4 * FILTERS / len;
    }
    scene.found(format!("{sent} filters until those who do not read were cut off"));
    let filters: Vec<_> = (0..=MOST).map(|number| format!("f/{number}")).collect();
    let mut greedy = Client::connect(to, &Hello::new("greedy")).await?;
    let filters = filters.iter().map(String::as_str);
    greedy.out.extend(client::subscribe(1, filters, QoS::AtMostOnce)?);
    greedy.flush().await?;
    let is_open = greedy.read_until(|packet| matches!(packet, Packet::Suback(_))).await.is_ok();
    scene.expect(!is_open, "1,001 filters in a SUBSCRIBE are taken");
    Ok(())
}

/// The SUBSCRIBE of a client with these filters, each of which it has not had yet.
fn many(number: u64, round: usize) -> Result<Vec<u8>> {
    let filters = (0..FILTERS).map(|at| format!("flood/{number}/{round}/{at}/+/#"));
    let filters: Vec<_> = filters.collect();
    client::subscribe(1, filters.iter().map(String::as_str), QoS::AtLeastOnce)
}

/// How many filters were granted and refused.
async fn subscribe_reading(to: SocketAddr, end: Instant) -> Result<(usize, usize)> {
    let mut client = Client::connect(to, &Hello::new("many")).await?;
    let (mut granted, mut refused) = (0, 0);
    for round in 0.. {
        if Instant::now() >= end && round > 4 {
            break;
        }
        client.out.extend(many(FLOODERS, round)?);
        client.flush().await?;
        client
            .read_until(|packet| {
                let Packet::Suback(suback) = packet else { return false };
                let failures = suback.codes.iter().filter(|code| code.is_failure()).count();
                granted += suback.codes.len() - failures;
                refused += failures;
                true
            })
            .await?;
    }
    Ok((granted, refused))
}
