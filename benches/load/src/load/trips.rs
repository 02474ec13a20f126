//! Clients that publish with QoS 1 to themselves: a round trip is over when the message is acknowledged
//! and has come.

use super::meter::{Meter, Outcome};
use crate::{
    client::{Client, Hello, acknowledge, in_time},
    failure::{Failure, Result},
    message::{Batch, Ledger, packet_id},
    server::Server,
};
use mqtt_pure::{Packet, QoS};
use std::{rc::Rc, time::Duration};
use tokio::task::spawn_local;

/// So many clients, each with so many messages on their way.
pub async fn trips(server: &Server, time: Duration, clients: u16, window: u64) -> Result<Outcome> {
    let meter = Rc::new(Meter::default());
    let mut travellers = Vec::new();
    for number in 0..clients {
        let mut client =
            Client::connect(server.address, &Hello::new(format!("trip-{number}"))).await?;
        let topic = format!("load/trip/{number}");
        client.subscribe(&topic, QoS::AtLeastOnce).await?;
        let batch = Batch::new(&topic, 0, true, 1)?;
        let meter = Rc::clone(&meter);
        travellers.push(spawn_local(async move { travel(client, batch, window, &meter).await }));
    }
    let outcome = meter.measure(time, || server.busy()).await?;
    for traveller in travellers {
        in_time(traveller, "a message of QoS 1 was lost").await???;
    }
    Ok(outcome)
}

/// Nothing may be lost: it goes on until the last message has come.
async fn travel(
    mut client: Client,
    mut batch: Batch,
    window: u64,
    meter: &Rc<Meter>,
) -> Result<()> {
    let mut ledger = Ledger::new(1);
    let (mut sent, mut acknowledged, mut done) = (0, 0, 0);
    while !meter.is_over() || done < sent {
        while sent < done + window && !meter.is_over() {
            client.out.extend_from_slice(batch.from(sent));
            sent += 1;
        }
        client.flush().await?;
        let mut result = Ok(());
        client
            .read(|packet, out| match packet {
                Packet::Puback(puback) => {
                    if puback.packet_id.get() != packet_id(acknowledged) {
                        result = Err(Failure::new("an acknowledgement is out of order"));
                    }
                    acknowledged += 1;
                }
                Packet::Publish(publish) => {
                    if let Err(error) = ledger.note(publish.payload) {
                        result = Err(error);
                    }
                    acknowledge(packet, out);
                }
                _ => {}
            })
            .await?;
        result?;
        if ledger.received != ledger.next_of(0) {
            return Err(Failure::new("a message of QoS 1 was lost"));
        }
        let now = ledger.received.min(acknowledged);
        meter.arrived(now - done);
        done = now;
    }
    client.flush().await
}
