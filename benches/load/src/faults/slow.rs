//! Clients that subscribe to everything and do not read.

use super::scene::Scene;
use crate::{
    client::{self, Client, Hello},
    failure::Result,
    message::packet_id,
};
use mqtt_pure::{Packet, QoS};
use std::net::SocketAddr;
use tokio::{task::spawn_local, time::Instant};

pub const READERS: u64 = 20;
const PUBLISHERS: u16 = 4;
const IN_FLIGHT: u64 = 50;
const PAYLOAD: usize = 1_024;

/// What the system keeps for a client that does not read; the rest is kept by the broker.
pub const WINDOW: u32 = 4_096;

/// Clients that have subscribed, half of them with QoS 1, and read nothing from then on.
pub async fn readers(to: SocketAddr, count: u64) -> Result<Vec<Client>> {
    let mut readers = Vec::new();
    for number in 0..count {
        let mut hello = Hello::new(format!("slow-{number}"));
        // Nobody cuts it off for its silence.
        (hello.keep_alive, hello.window) = (0, Some(WINDOW));
        let mut reader = Client::connect(to, &hello).await?;
        let qos = if number % 2 == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        reader.subscribe("#", qos).await?;
        readers.push(reader);
    }
    Ok(readers)
}

pub async fn slow_readers(scene: &mut Scene<'_>) -> Result<()> {
    let mut readers = readers(scene.address(), READERS).await?;
    let (to, end) = (scene.address(), scene.end());
    let publishers: Vec<_> =
        (0..PUBLISHERS).map(|number| spawn_local(flood(to, number, end))).collect();
    let mut sent = 0;
    for publisher in publishers {
        sent += publisher.await??;
    }
    scene.found(format!("{sent} messages of 1 KiB acknowledged"));
    scene.expect(sent > 2_000, "there was no flood");
    // Whoever reads again is served again.
    for reader in &mut readers {
        if let Err(error) = reader.ping().await {
            scene.expect(false, format!("a reader that reads again is not served: {error}"));
        }
    }
    Ok(())
}

/// Publishes as fast as it is acknowledged.
async fn flood(to: SocketAddr, number: u16, end: Instant) -> Result<u64> {
    let mut client = Client::connect(to, &Hello::new(format!("flood-{number}"))).await?;
    let (topic, payload) = (format!("flood/{number}"), [0; PAYLOAD]);
    let (mut sent, mut acknowledged) = (0, 0);
    while Instant::now() < end || acknowledged < sent {
        while sent < acknowledged + IN_FLIGHT && Instant::now() < end {
            client.out.extend(client::publish(&topic, &payload, Some(packet_id(sent)), false)?);
            sent += 1;
        }
        client.flush().await?;
        let read = client.read(|packet, _| {
            acknowledged += u64::from(matches!(packet, Packet::Puback(_)));
        });
        client::in_time(read, "a publisher waits for ever for a slow reader").await??;
    }
    Ok(sent)
}
