//! As many retained messages as the broker keeps, to clients that want them all.

use super::{scene::Scene, slow::WINDOW};
use crate::{
    client::{self, Client, Hello, acknowledge},
    failure::{Failure, Result},
    message::packet_id,
};
use mqtt_pure::{Packet, QoS};
use std::time::Duration;
use tokio::{
    task::spawn_local,
    time::{Instant, timeout},
};

pub const TOPICS: u64 = 100_000;
const IN_FLIGHT: u64 = 500;

/// How long it may take until everything has come.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn retained(scene: &mut Scene<'_>) -> Result<()> {
    let begin = Instant::now();
    let setting = timeout(PATIENCE, set(scene)).await;
    setting.map_err(|_| Failure::new("retained messages are not taken"))??;
    scene.found(format!("{TOPICS} set in {:.1} s", begin.elapsed().as_secs_f64()));
    let mut hello = Hello::new("slow");
    (hello.keep_alive, hello.window) = (0, Some(WINDOW));
    let mut slow = Client::connect(scene.address(), &hello).await?;
    slow.out.extend(client::subscribe(1, ["#"], QoS::AtLeastOnce)?);
    slow.flush().await?;
    let begin = Instant::now();
    let mut readers = Vec::new();
    for (number, qos) in
        [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::AtLeastOnce].into_iter().enumerate()
    {
        let hello = Hello::new(format!("reader-{number}"));
        let mut client = Client::connect(scene.address(), &hello).await?;
        client.out.extend(client::subscribe(1, ["#"], qos)?);
        readers.push(spawn_local(receive(client)));
    }
    for reader in readers {
        reader.await??;
    }
    scene.found(format!("all to 3 in {:.1} s", begin.elapsed().as_secs_f64()));
    // To the slow one too, once it reads.
    let begin = Instant::now();
    receive(slow).await?;
    scene.found(format!("to a slow one in {:.1} s", begin.elapsed().as_secs_f64()));
    Ok(())
}

/// Sets them all, and one that is too many.
async fn set(scene: &Scene<'_>) -> Result<()> {
    let mut client = Client::connect(scene.address(), &Hello::new("keeper")).await?;
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < TOPICS + 1 {
        while sent < (acknowledged + IN_FLIGHT).min(TOPICS + 1) {
            let topic = format!("retained/{}/{sent}", sent / 1_000);
            let payload = format!("{sent:032}");
            let id = Some(packet_id(sent));
            client.out.extend(client::publish(&topic, payload.as_bytes(), id, true)?);
            sent += 1;
        }
        client.flush().await?;
        client
            .read(|packet, _| acknowledged += u64::from(matches!(packet, Packet::Puback(_))))
            .await?;
    }
    Ok(())
}

/// Each comes once. Other messages may come between them.
async fn receive(mut client: Client) -> Result<()> {
    let count = usize::try_from(TOPICS).unwrap_or_default();
    let (mut has_come, mut left, mut wrong) = (vec![false; count], count, 0);
    let receive = async {
        while left > 0 {
            client.flush().await?;
            client
                .read(|packet, out| {
                    acknowledge(packet, out);
                    let Packet::Publish(publish) = packet else { return };
                    if !publish.retain {
                        return;
                    }
                    let number = std::str::from_utf8(publish.payload).ok();
                    let number = number.and_then(|text| text.parse::<usize>().ok());
                    match number.and_then(|number| has_come.get_mut(number)) {
                        Some(place) if !*place => {
                            *place = true;
                            left -= 1;
                        }
                        _ => wrong += 1,
                    }
                })
                .await?;
        }
        client.flush().await?;
        Ok::<_, Failure>(())
    };
    let done = timeout(PATIENCE, receive).await;
    match (done, wrong) {
        (Ok(result), 0) => result,
        (Ok(_), wrong) => Err(Failure(format!("{wrong} retained messages too many"))),
        (Err(_), _) => Err(Failure(format!("{left} of {TOPICS} retained messages did not come"))),
    }
}
