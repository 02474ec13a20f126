//! Many publishers and one subscriber, and one publisher and many subscribers.

use super::meter::{Meter, Outcome};
use crate::{
    client::{Client, Hello, in_time},
    failure::{Failure, Result},
    message::{Batch, Ledger, packet_id},
    server::Server,
};
use mqtt_pure::{Packet, QoS};
use std::{cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    task::{JoinHandle, spawn_local},
};

const PUBLISHERS: u16 = 10;
const SUBSCRIBERS: u64 = 100;

/// How many packets a publisher writes at once.
const BATCH: usize = 50;

/// How many messages the one with QoS 1 sends before one is acknowledged.
const IN_FLIGHT: u64 = 20;

/// Starts a client that receives all that is published; what it has received is in the ledger.
async fn receiver(
    to: SocketAddr,
    name: String,
    senders: u16,
    meter: &Rc<Meter>,
) -> Result<(Rc<RefCell<Ledger>>, JoinHandle<()>)> {
    let mut client = Client::connect(to, &Hello::new(name)).await?;
    client.subscribe("load/#", QoS::AtMostOnce).await?;
    let ledger = Rc::new(RefCell::new(Ledger::new(senders.into())));
    let (kept, meter) = (Rc::clone(&ledger), Rc::clone(meter));
    let task = spawn_local(async move {
        loop {
            let mut ledger = Ok(());
            let mut count = 0;
            let read = client
                .read(|packet, _| {
                    if let (Packet::Publish(publish), true) = (packet, ledger.is_ok()) {
                        ledger = kept.borrow_mut().note(publish.payload).map(drop);
                        count += 1;
                    }
                })
                .await;
            meter.arrived(count);
            meter.moved.notify_waiters();
            if meter.check(read.and(ledger)).is_none() {
                return;
            }
        }
    });
    Ok((ledger, task))
}

/// QoS 0 from 10 to 1, each of which sends no more than so many messages before they have come.
pub async fn fan_in(server: &Server, time: Duration, window: u64) -> Result<Outcome> {
    let meter = Rc::new(Meter::default());
    let (ledger, receiver) = receiver(server.address, "in".into(), PUBLISHERS, &meter).await?;
    let mut publishers = Vec::new();
    for number in 0..PUBLISHERS {
        let client = Client::connect(server.address, &Hello::new(format!("in-{number}"))).await?;
        let (meter, ledger) = (Rc::clone(&meter), Rc::clone(&ledger));
        publishers.push(spawn_local(async move {
            let sent = publish_all(client, number, window, &meter, &ledger).await;
            meter.check(sent).unwrap_or_default()
        }));
    }
    let outcome = meter.measure(time, || server.busy()).await;
    let mut sent = 0;
    for publisher in publishers {
        sent += in_time(publisher, "a publisher is stuck").await?.unwrap_or_default();
    }
    let lost = meter.missing(sent).await?;
    receiver.abort();
    Ok(Outcome { lost, ..outcome? })
}

async fn publish_all(
    mut client: Client,
    number: u16,
    window: u64,
    meter: &Meter,
    ledger: &RefCell<Ledger>,
) -> Result<u64> {
    let mut batch = Batch::new(&format!("load/in/{number}"), number, false, BATCH)?;
    let (mut sent, mut given_up) = (0, 0);
    while !meter.is_over() {
        let come = ledger.borrow().next_of(number.into()).max(given_up);
        if sent + BATCH as u64 > come + window {
            if !meter.wait().await {
                given_up = sent;
            }
            continue;
        }
        let written = client.stream.write_all(batch.from(sent));
        in_time(written, "the broker takes nothing").await??;
        sent += BATCH as u64;
    }
    Ok(sent)
}

/// QoS 1 from one, to 100 that have subscribed with QoS 0.
pub async fn fan_out(server: &Server, time: Duration) -> Result<Outcome> {
    let meter = Rc::new(Meter::default());
    let mut receivers = Vec::new();
    for number in 0..SUBSCRIBERS {
        let name = format!("out-{number}");
        receivers.push(receiver(server.address, name, 1, &meter).await?.1);
    }
    let client = Client::connect(server.address, &Hello::new("out")).await?;
    let publisher = spawn_local({
        let meter = Rc::clone(&meter);
        async move {
            let sent = publish_acknowledged(client, &meter).await;
            meter.check(sent).unwrap_or_default()
        }
    });
    let outcome = meter.measure(time, || server.busy()).await;
    let sent = in_time(publisher, "the publisher is stuck").await?.unwrap_or_default();
    let lost = meter.missing(sent * SUBSCRIBERS).await?;
    receivers.iter().for_each(JoinHandle::abort);
    Ok(Outcome { lost, ..outcome? })
}

async fn publish_acknowledged(mut client: Client, meter: &Meter) -> Result<u64> {
    let mut batch = Batch::new("load/out", 0, true, 1)?;
    let (mut sent, mut acknowledged) = (0, 0);
    while !meter.is_over() || acknowledged < sent {
        while sent < acknowledged + IN_FLIGHT && !meter.is_over() {
            client.out.extend_from_slice(batch.from(sent));
            sent += 1;
        }
        client.flush().await?;
        let mut is_right = true;
        client
            .read(|packet, _| {
                if let Packet::Puback(puback) = packet {
                    is_right &= puback.packet_id.get() == packet_id(acknowledged);
                    acknowledged += 1;
                }
            })
            .await?;
        if !is_right || acknowledged > sent {
            return Err(Failure::new("a message was acknowledged that is not on its way"));
        }
    }
    Ok(sent)
}
