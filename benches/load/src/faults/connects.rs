//! Clients that fight for one name, floods of CONNECT, and more connections than there may be.

use super::scene::Scene;
use crate::{
    client::{Client, Hello, PINGREQ, in_time},
    failure::{Failure, Result},
};
use mqtt_pure::QoS;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

const FIGHTERS: usize = 50;
const CALLERS: usize = 50;

/// How many connections the broker takes, and how many there are.
pub const PLACES: usize = 500;
const CROWD: usize = 700;

fn fighter() -> Hello {
    let mut hello = Hello::new("the one");
    hello.clean_session = false;
    hello
}

pub async fn fight(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let mut fighters = JoinSet::new();
    for number in 0..FIGHTERS {
        fighters.spawn_local(connect_again_and_again(to, number, end));
    }
    let mut count = 0;
    while let Some(done) = fighters.join_next().await {
        count += done?;
    }
    scene.found(format!("connected {count} times"));
    scene.expect(count > 100, "there was no fight");
    // What those who are gone have sent before is still to be taken.
    sleep(Duration::from_secs(1)).await;
    scene.expect_service(&fighter()).await;
    Ok(())
}

/// How often it was the one.
async fn connect_again_and_again(to: SocketAddr, number: usize, end: Instant) -> usize {
    let mut count = 0;
    while Instant::now() < end {
        // Another one may take over at any time.
        let live = async {
            let mut client = Client::connect(to, &fighter()).await?;
            count += 1;
            client.subscribe(&format!("fight/{}", number % 10), QoS::AtLeastOnce).await?;
            client.read_until(|_| false).await
        };
        let _: std::result::Result<Result<()>, _> = timeout_at(end, live).await;
    }
    count
}

pub async fn connects(scene: &mut Scene<'_>) -> Result<()> {
    let (to, end) = (scene.address(), scene.end());
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        callers.spawn_local(call_again_and_again(to, number, end));
    }
    let (mut accepted, mut refused) = (0, 0);
    while let Some(done) = callers.join_next().await {
        let (yes, no) = done??;
        accepted += yes;
        refused += no;
    }
    scene.found(format!("{accepted} accepted, {refused} refused"));
    scene.expect(accepted > 100, "there was no flood");
    // With a name that has a session, since there may be as many as there may be.
    scene.expect_service(&Hello::new("call-0-1")).await;
    Ok(())
}

/// How often it was accepted, and refused. Every second session stays.
async fn call_again_and_again(
    to: SocketAddr,
    number: usize,
    end: Instant,
) -> Result<(usize, usize)> {
    let (mut accepted, mut refused) = (0, 0);
    let mut count = 0_usize;
    while Instant::now() < end {
        let mut hello = Hello::new(format!("call-{number}-{count}"));
        hello.clean_session = count.is_multiple_of(2);
        hello.from = Ipv4Addr::new(127, 0, 2, u8::try_from(number).unwrap_or_default() + 1);
        count += 1;
        let mut stream = hello.open(to).await?;
        // It ends at once, so that its port can be used again.
        stream.set_zero_linger()?;
        let mut packets = hello.packet()?;
        packets.extend(PINGREQ);
        stream.write_all(&packets).await?;
        let mut answer = [0; 4];
        in_time(stream.read_exact(&mut answer), "a CONNECT is not answered").await??;
        match answer {
            [0x20, 2, _, 0] => accepted += 1,
            [0x20, 2, 0, _] => refused += 1,
            other => return Err(Failure(format!("{other:02x?} is no CONNACK"))),
        }
    }
    Ok((accepted, refused))
}

pub async fn crowd(scene: &mut Scene<'_>) -> Result<()> {
    let mut inside = Vec::new();
    for number in 0..CROWD {
        if let Ok(client) =
            Client::connect(scene.address(), &Hello::new(format!("crowd-{number}"))).await
        {
            inside.push(client);
        }
    }
    let expected = PLACES - super::PROBES;
    scene.found(format!("{} of {CROWD} let in", inside.len()));
    scene.expect(inside.len() == expected, format!("{} of {PLACES} places taken", inside.len()));
    for client in &mut inside {
        if let Err(error) = client.ping().await {
            scene.expect(false, format!("who was let in is not served: {error}"));
        }
    }
    drop(inside);
    sleep(Duration::from_millis(500)).await;
    scene.expect_service(&Hello::new("after")).await;
    Ok(())
}
