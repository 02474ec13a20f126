//! Bad clients, and whether good ones notice them.
//!
//! Each fault has a broker of its own, with two good clients at its side. How much memory the broker may
//! take up is computed from its limits, as `--help` of the broker and `BrokerOptions` tell them.

mod connects;
mod floods;
mod probe;
mod quiet;
mod retained;
mod scene;
mod slow;

use crate::{
    args::Args,
    failure::Result,
    server::{Server, memory},
    table::Table,
};
use probe::{Latency, Probe};
use scene::Scene;
use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// Connections of the good clients.
const PROBES: usize = 2;

/// How long 99 of 100 messages of the good clients may take.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long it is watched before and after a fault, unless that is shorter.
const QUIET: Duration = Duration::from_secs(1);

const KIB: u64 = 1;
const MIB: u64 = 1_024;

/// What the broker needs for itself, and what the allocator does not give back.
const SLACK: u64 = 16 * MIB;

/// A connection with little to do.
const CONNECTION: u64 = 16 * KIB;

/// What is being written to a client, and what waits behind it: `max_outgoing` for each.
const OUTGOING: u64 = 2 * 256 * KIB;

/// What a client has sent and the broker has not taken, when that is small packets.
const INPUT: u64 = 2 * 64 * KIB;

/// `--max-queued-bytes`
const QUEUE: u64 = 4 * MIB;

/// A subscription, with the filter, and a retained message, with what finds it.
const SUBSCRIPTION: u64 = KIB;

struct Fault {
    name: &'static str,
    arguments: &'static [&'static str],
    /// How many KiB the broker may need for it.
    allowed: u64,
    kind: Kind,
    /// Counters of the broker that show that it did what it is said to do.
    counted: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Kind {
    SlowReaders,
    HalfOpen,
    Drip,
    Garbage,
    Pings,
    Subscribes,
    Retained,
    Fight,
    Connects,
    Crowd,
}

const fn fault(name: &'static str, kind: Kind, allowed: u64) -> Fault {
    Fault { name, arguments: &[], allowed: allowed + SLACK, kind, counted: &[] }
}

const FAULTS: [Fault; 10] = [
    Fault {
        counted: &["dropped_slow", "dropped_full"],
        ..fault("slow-readers", Kind::SlowReaders, slow::READERS * (OUTGOING + QUEUE))
    },
    fault("half-open", Kind::HalfOpen, 300 * CONNECTION),
    fault("drip", Kind::Drip, 500 * CONNECTION),
    Fault { counted: &["faults"], ..fault("garbage", Kind::Garbage, 50 * CONNECTION) },
    fault("pings", Kind::Pings, (floods::FLOODERS + floods::DEAF) * (OUTGOING + INPUT)),
    Fault {
        counted: &["subscriptions_full"],
        ..fault(
            "subscribes",
            Kind::Subscribes,
            (floods::DEAF + 1) * (OUTGOING + INPUT + 1_000 * SUBSCRIPTION),
        )
    },
    Fault {
        counted: &["retained_full"],
        ..fault("retained", Kind::Retained, 64 * MIB + 4 * (OUTGOING + QUEUE))
    },
    Fault { counted: &["taken_over"], ..fault("fight", Kind::Fight, 50 * CONNECTION) },
    fault("connects", Kind::Connects, 10_000 * 4 * KIB + 50 * CONNECTION),
    Fault {
        arguments: &["--max-connections", "500"],
        ..fault("crowd", Kind::Crowd, 700 * CONNECTION)
    },
];

pub fn names() -> impl Iterator<Item = &'static str> {
    FAULTS.iter().map(|fault| fault.name)
}

/// Lets all faults happen; what does not hold comes back.
pub async fn run(args: &Args, program: &Path) -> Result<Vec<String>> {
    println!("\nFaults, of {:?} each\n", args.time());
    let head = [
        "fault",
        "what happened",
        "what the broker did",
        "MiB before",
        "most",
        "allowed",
        "after",
        "ms before: 95 %",
        "worst",
        "ms: 95 %",
        "99 %",
        "worst",
    ];
    let mut table = Table::new(head.map(str::to_owned).to_vec());
    let mut wrong = Vec::new();
    for fault in FAULTS.iter().filter(|fault| args.wants_named(fault.name)) {
        let begin = Instant::now();
        let (row, faults) = happen(fault, program, args.time()).await?;
        eprintln!("{}: {:.1} s", fault.name, begin.elapsed().as_secs_f64());
        table.row(row);
        wrong.extend(faults.into_iter().map(|what| format!("{}: {what}", fault.name)));
    }
    table.print();
    Ok(wrong)
}

async fn happen(
    fault: &Fault,
    program: &Path,
    time: Duration,
) -> Result<(Vec<String>, Vec<String>)> {
    let arguments: Vec<_> = ["-v"].iter().chain(fault.arguments).copied().collect();
    let mut server = Server::ours(fault.name, program, &arguments)?;
    let probe = Probe::start(server.address);
    let (start, quiet) = (Instant::now(), QUIET.min(time));
    sleep(quiet).await;
    let before = memory(server.pid(), "VmRSS")?;
    let mut scene = Scene { server: &server, time, findings: Vec::new(), wrong: Vec::new() };
    let begin = Instant::now();
    let done = fault.kind.happen(&mut scene).await;
    let end = Instant::now();
    let Scene { findings, mut wrong, .. } = scene;
    wrong.extend(done.err().map(|error| error.to_string()));
    sleep(quiet).await;
    let (most, after) = (memory(server.pid(), "VmHWM")?, memory(server.pid(), "VmRSS")?);
    let probed = probe.end();
    if let Err(error) = server.end() {
        wrong.push(error.to_string());
    }
    let allowed = before + fault.allowed;
    if most > allowed {
        wrong.push(format!("{} MiB are more than {}", most / MIB, allowed / MIB));
    }
    let said = server.said();
    for name in fault.counted {
        if counter(&said, name) == 0 {
            wrong.push(format!("the broker has counted no {name}"));
        }
    }
    let mib = |kib: u64| format!("{:.1}", kib as f64 / MIB as f64);
    let mut row = vec![fault.name.to_owned(), findings.join("; "), did(&said)];
    row.extend([before, most, allowed, after].map(mib));
    match probed {
        Ok(samples) => {
            let (quiet, during) =
                (Latency::of(&samples, start, begin), Latency::of(&samples, begin, end));
            row.extend(latencies(quiet, during, &mut wrong));
        }
        Err(error) => wrong.push(error.to_string()),
    }
    Ok((row, wrong))
}

impl Kind {
    async fn happen(self, scene: &mut Scene<'_>) -> Result<()> {
        match self {
            Self::SlowReaders => slow::slow_readers(scene).await,
            Self::HalfOpen => quiet::half_open(scene).await,
            Self::Drip => quiet::drip(scene).await,
            Self::Garbage => floods::garbage(scene).await,
            Self::Pings => floods::pings(scene).await,
            Self::Subscribes => floods::subscribes(scene).await,
            Self::Retained => retained::retained(scene).await,
            Self::Fight => connects::fight(scene).await,
            Self::Connects => connects::connects(scene).await,
            Self::Crowd => connects::crowd(scene).await,
        }
    }
}

fn latencies(
    quiet: Option<Latency>,
    during: Option<Latency>,
    wrong: &mut Vec<String>,
) -> Vec<String> {
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1_000.0);
    let (Some(quiet), Some(during)) = (quiet, during) else {
        wrong.push("other clients got nothing".to_owned());
        return Vec::new();
    };
    if during.p99 > PATIENCE {
        wrong.push(format!("other clients wait for {} ms", ms(during.p99)));
    }
    [quiet.p95, quiet.worst, during.p95, during.p99, during.worst].map(ms).to_vec()
}

/// A counter of the broker, which it tells at the end.
fn counter(said: &BTreeMap<String, usize>, name: &str) -> u64 {
    let line = said.keys().find(|line| line.starts_with("Counters {"));
    let value = line.and_then(|line| line.split_once(&format!(" {name}: ")));
    let digits = value.and_then(|(_, rest)| rest.split([',', ' ']).next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// How connections ended, and what was thrown away.
fn did(said: &BTreeMap<String, usize>) -> String {
    let ends = ["closed: ", "lost: ", "turned away: ", "not accepted: ", "refused"];
    let is_end = |line: &str| ends.iter().any(|end| line.starts_with(end));
    let mut ended: Vec<_> = said.iter().filter(|(line, _)| is_end(line)).collect();
    ended.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let mut did: Vec<_> =
        ended.iter().take(3).map(|(line, count)| format!("{count} {line}")).collect();
    for name in ["dropped_slow", "dropped_full", "retained_full", "subscriptions_full"] {
        let count = counter(said, name);
        did.extend((count > 0).then(|| format!("{name} {count}")));
    }
    did.join("; ")
}
