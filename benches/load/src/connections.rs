//! Idle connections, and what each of them costs.

use crate::{
    args::Args,
    client::{Hello, PINGREQ, PINGRESP, in_time},
    failure::{Failure, Result},
    server::{Server, memory},
    table::{Table, thousands},
};
use std::{net::Ipv4Addr, path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep},
};

/// Files that a broker, or this program, has open for other purposes.
const SPARE: usize = 64;

/// How many connect at a time.
const AT_ONCE: usize = 100;

/// What an idle connection may cost the example broker.
const KIB_EACH: f64 = 2.5;

const ACCEPTED: [u8; 4] = [0x20, 2, 0, 0];

/// What was seen of one broker.
struct Seen {
    connecting: Duration,
    /// In KiB: before, with the connections, when each has sent a PINGREQ, when they are gone.
    memory: [u64; 4],
    pinging: Duration,
}

/// Holds connections with both brokers, one after the other.
pub async fn run(args: &Args, program: &Path) -> Result<Vec<String>> {
    let (limit, _) = rlimit::getrlimit(rlimit::Resource::NOFILE)?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(SPARE);
    let count = args.connections.min(most);
    println!("\n{} idle connections\n", thousands(count as f64));
    if count < args.connections {
        println!("No more, as the system lets a process have {limit} files open.\n");
    }
    let room = (count + SPARE).to_string();
    let arguments = ["--max-connections", &room];
    let ours = Server::ours("broker", program, &arguments)?;
    let servers = [Some(ours), Server::mosquitto(&args.mosquitto)?];
    let head = [
        "",
        "seconds to connect",
        "MiB before",
        "held",
        "after PINGREQ",
        "closed",
        "KiB for each",
        "after PINGREQ",
        "seconds for all PINGRESP",
    ];
    let mut table = Table::new(head.map(str::to_owned).to_vec());
    let mut faults = Vec::new();
    for mut server in servers.into_iter().flatten() {
        let seen = hold(&server, count).await?;
        let [before, held, pinged, gone] = seen.memory;
        let each = |now: u64| now.saturating_sub(before) as f64 / count as f64;
        let mib = |kib: u64| format!("{:.1}", kib as f64 / 1_024.0);
        table.row(vec![
            server.name.clone(),
            format!("{:.2}", seen.connecting.as_secs_f64()),
            mib(before),
            mib(held),
            mib(pinged),
            mib(gone),
            format!("{:.2}", each(held)),
            format!("{:.2}", each(pinged)),
            format!("{:.2}", seen.pinging.as_secs_f64()),
        ]);
        if server.name == "broker" && each(pinged) > KIB_EACH {
            faults.push(format!("a connection costs more than {KIB_EACH} KiB"));
        }
        server.end()?;
    }
    table.print();
    Ok(faults)
}

async fn hold(server: &Server, count: usize) -> Result<Seen> {
    let now = || memory(server.pid(), "VmRSS");
    let before = now()?;
    let begin = Instant::now();
    let mut held = Vec::with_capacity(count);
    while held.len() < count {
        let mut opening = JoinSet::new();
        for number in held.len()..count.min(held.len() + AT_ONCE) {
            opening.spawn_local(open(server.address, number));
        }
        while let Some(opened) = opening.join_next().await {
            let opened = opened?;
            let place = format!("{}: connection {}", server.name, held.len());
            held.push(opened.map_err(|error| Failure(format!("{place}: {error}")))?);
        }
    }
    let connecting = begin.elapsed();
    sleep(Duration::from_secs(1)).await;
    let with_all = now()?;
    let begin = Instant::now();
    for stream in &mut held {
        stream.write_all(&PINGREQ).await?;
    }
    for stream in &mut held {
        let mut answer = [0; 2];
        let none = format!("{}: no PINGRESP", server.name);
        in_time(stream.read_exact(&mut answer), &none).await??;
        if answer != PINGRESP {
            return Err(Failure(format!("{}: {answer:02x?} is no PINGRESP", server.name)));
        }
    }
    let pinging = begin.elapsed();
    let pinged = now()?;
    drop(held);
    sleep(Duration::from_secs(1)).await;
    Ok(Seen { connecting, memory: [before, with_all, pinged, now()?], pinging })
}

/// A client that has connected.
async fn open(to: std::net::SocketAddr, number: usize) -> Result<TcpStream> {
    let mut hello = Hello::new(format!("idle-{number}"));
    hello.keep_alive = 600;
    // An address has fewer ports than there may be connections.
    hello.from = Ipv4Addr::new(127, 0, 1, u8::try_from(number % 16).unwrap_or_default() + 1);
    let mut stream = hello.open(to).await?;
    stream.write_all(&hello.packet()?).await?;
    let mut answer = [0; 4];
    in_time(stream.read_exact(&mut answer), "no CONNACK").await??;
    match answer == ACCEPTED {
        true => Ok(stream),
        false => Err(Failure(format!("{answer:02x?} is not the CONNACK that was expected"))),
    }
}
