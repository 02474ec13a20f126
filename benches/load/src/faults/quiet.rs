//! Clients that say nothing, and those that speak very slowly.

use super::scene::Scene;
use crate::{
    client::{self, Hello},
    failure::{Failure, Result},
};
use mqtt_pure::{DecodeOptions, Packet, QoS, StreamDecoder, StreamItem, Version};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinSet, yield_now},
    time::{Instant, sleep, timeout},
};

const SILENT: usize = 100;
const DRIPPING: usize = 500;

/// When a client with a keep alive of a second is cut off [MQTT-3.1.2-24], and one that does not
/// finish its CONNECT, give or take what a busy machine needs.
const KEEP_ALIVE: (f64, f64) = (1.45, 3.0);
const CONNECT: (f64, f64) = (9.9, 12.0);

/// What a client does before it vanishes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Connected,
    HalfAConnect,
    Nothing,
}

/// Clients that vanish, and say nothing when their connection is closed either.
pub async fn half_open(scene: &mut Scene<'_>) -> Result<()> {
    let files = scene.server.open_files()?;
    let mut vanished = JoinSet::new();
    for number in 0..SILENT {
        for before in [Before::Connected, Before::HalfAConnect, Before::Nothing] {
            vanished.spawn_local(vanish(scene.address(), number, before));
        }
    }
    let mut streams = Vec::new();
    let (mut shortest, mut longest) = (f64::MAX, 0.0_f64);
    while let Some(cut) = vanished.join_next().await {
        let (before, stream, took) = cut??;
        let (least, most) = if before == Before::Connected { KEEP_ALIVE } else { CONNECT };
        let took = took.as_secs_f64();
        let holds = (least..most).contains(&took);
        scene.expect(holds, format!("cut off after {took:.2} s, not {least} to {most}"));
        if before == Before::Connected {
            (shortest, longest) = (shortest.min(took), longest.max(took));
        }
        streams.push(stream);
    }
    scene.found(format!("keep alive 1 s: closed after {shortest:.2} to {longest:.2} s"));
    // The broker does not wait for them to close their side.
    sleep(Duration::from_secs(3)).await;
    let left = scene.server.open_files()?.saturating_sub(files);
    scene.expect(left <= 2, format!("{left} connections of {} are left", streams.len()));
    Ok(())
}

/// How long it takes to be cut off, with the connection, whose other end is not to hear of its close.
async fn vanish(
    to: SocketAddr,
    number: usize,
    before: Before,
) -> Result<(Before, TcpStream, Duration)> {
    let mut hello = Hello::new(format!("silent-{number}"));
    hello.keep_alive = 1;
    let mut stream = hello.open(to).await?;
    let mut begin = Instant::now();
    let connect = hello.packet()?;
    match before {
        Before::Connected => {
            stream.write_all(&connect).await?;
            stream.read_exact(&mut [0; 4]).await?;
            begin = Instant::now();
        }
        Before::HalfAConnect => stream.write_all(&connect[..connect.len() / 2]).await?,
        Before::Nothing => {}
    }
    let cut = timeout(Duration::from_secs(20), stream.read(&mut [0; 16])).await;
    match cut {
        Ok(Ok(0) | Err(_)) => Ok((before, stream, begin.elapsed())),
        Ok(Ok(_)) => Err(Failure::new("a silent client was told something")),
        Err(_) => Err(Failure::new("a silent client is never cut off")),
    }
}

/// Clients that send a byte at a time are served like others.
pub async fn drip(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let mut writers = JoinSet::new();
    for number in 0..DRIPPING {
        writers.spawn_local(write_slowly(to, number, end));
    }
    let (mut messages, mut bytes) = (0, 0);
    while let Some(done) = writers.join_next().await {
        let (own, written) = done??;
        scene.expect(own > 0, "a client that writes slowly got nothing through");
        messages += own;
        bytes += written;
    }
    scene.found(format!("{messages} messages came back, of {bytes} bytes one by one"));
    Ok(())
}

/// How many messages came back, and how many bytes were written for it.
async fn write_slowly(to: SocketAddr, number: usize, end: Instant) -> Result<(usize, usize)> {
    let hello = Hello::new(format!("drip-{number}"));
    let mut stream = hello.open(to).await?;
    let topic = format!("drip/{number}");
    let message = client::publish(&topic, b"drop", Some(2), false)?;
    let mut next = hello.packet()?;
    next.extend(client::subscribe(1, [&topic[..]], QoS::AtMostOnce)?);
    let mut decoder = StreamDecoder::new(DecodeOptions::new(Version::V3_1_1));
    let (mut sent, mut come, mut acknowledged, mut written) = (0, 0, 0, 0);
    let mut buffer = [0; 512];
    let mut late = None;
    while Instant::now() < end || sent == 0 || (come, acknowledged) != (sent, sent) {
        if Instant::now() < end || sent == 0 {
            next.extend_from_slice(&message);
            sent += 1;
        } else if *late.get_or_insert_with(Instant::now) + client::PATIENCE < Instant::now() {
            return Err(Failure(format!("of {sent} messages written slowly {come} came back")));
        }
        for byte in next.drain(..) {
            stream.write_all(&[byte]).await?;
            written += 1;
            yield_now().await;
        }
        let read = timeout(Duration::from_millis(5), stream.read(&mut buffer)).await;
        let len = match read {
            Ok(Ok(0)) => return Err(Failure::new("a client that writes slowly was cut off")),
            Ok(len) => len?,
            Err(_) => continue,
        };
        let mut feed = decoder.feed(&buffer[..len]);
        while let Some(item) = feed.next()? {
            match item {
                StreamItem::Packet(Packet::Publish(_)) => come += 1,
                StreamItem::Packet(Packet::Puback(_)) => acknowledged += 1,
                _ => {}
            }
        }
    }
    Ok((come, written))
}
