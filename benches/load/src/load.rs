//! Messages a second, of the brokers in turns.

mod fan;
mod meter;
mod trips;

use crate::{
    args::Args,
    failure::{Failure, Result},
    server::Server,
    table::{Table, thousands},
};
use meter::Outcome;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// What is sent before it has come, by each of those that send with QoS 0: together less than a broker
/// may throw away.
const WINDOW: u64 = 250;

/// So much more than it may have to keep, but no more than it takes a second or so to get rid of.
const FLOOD: u64 = 5_000;

#[derive(Clone, Copy)]
enum Work {
    FanIn { window: u64 },
    FanOut,
    Trips { clients: u16, window: u64 },
}

struct Case {
    name: &'static str,
    what: &'static str,
    work: Work,
    /// Whether it counts for the bound.
    counts: bool,
}

const CASES: [Case; 6] = [
    Case {
        name: "fan-in",
        what: "QoS 0, 10 to 1, 250 on their way from each",
        work: Work::FanIn { window: WINDOW },
        counts: true,
    },
    Case {
        name: "flood",
        what: "QoS 0, 10 to 1, 20 times as far ahead",
        work: Work::FanIn { window: FLOOD },
        counts: false,
    },
    Case { name: "fan-out", what: "QoS 1 in, QoS 0 to 100", work: Work::FanOut, counts: true },
    Case {
        name: "trip-1",
        what: "QoS 1 there and back, 1 client",
        work: Work::Trips { clients: 1, window: 1 },
        counts: true,
    },
    Case {
        name: "trip-50",
        what: "QoS 1 there and back, 50 clients",
        work: Work::Trips { clients: 50, window: 1 },
        counts: true,
    },
    Case {
        name: "trip-10x20",
        what: "the same, 10 clients with 20 each",
        work: Work::Trips { clients: 10, window: 20 },
        counts: true,
    },
];

pub fn names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|case| case.name)
}

/// Measures all cases; what is not good enough comes back.
pub async fn run(args: &Args, program: &Path) -> Result<Vec<String>> {
    let mut servers = vec![Server::ours("broker", program, &[])?];
    if !args.plain {
        servers.push(Server::ours("--threads 1", program, &["--threads", "1"])?);
        servers.push(Server::ours("--store", program, &["--store", "STORE"])?);
    }
    let peer = Server::mosquitto(&args.mosquitto)?;
    let has_peer = peer.is_some();
    servers.extend(peer);
    println!(
        "\nMessages a second that have come; medians of {} turns of {:?}\n",
        args.rounds,
        args.time()
    );
    let (mut rates, mut busy) = (head(&servers, has_peer), head(&servers, has_peer));
    let mut faults = Vec::new();
    for case in CASES.iter().filter(|case| args.wants_named(case.name)) {
        let begin = Instant::now();
        let mut outcomes = vec![Vec::new(); servers.len()];
        for round in 0..args.rounds.into() {
            for turn in 0..servers.len() {
                // Nobody always comes first.
                let at = (turn + round) % servers.len();
                let outcome = measure(case, &servers[at], args.time()).await;
                let named =
                    |error| Failure(format!("{} of {}: {error}", case.name, servers[at].name));
                outcomes[at].push(outcome.map_err(named)?);
            }
        }
        eprintln!("{}: {:.1} s", case.name, begin.elapsed().as_secs_f64());
        let (rate, line) = rate_line(case, &outcomes, has_peer);
        rates.row(line);
        busy.row(busy_line(case, &outcomes, has_peer));
        if let (Some(bound), Some(ratio)) = (args.bound, rate)
            && case.counts
            && (ratio < bound || ratio.is_nan())
        {
            faults.push(format!(
                "{}: {ratio:.2} of mosquitto, which is less than {bound}",
                case.name
            ));
        }
    }
    rates.print();
    println!("\nMicroseconds of a processor for each message\n");
    busy.print();
    if !has_peer {
        println!("\nThere is no mosquitto to compare with.");
        faults.extend(args.bound.map(|_| "there is no mosquitto to compare with".to_owned()));
    }
    for server in &mut servers {
        server.end()?;
    }
    Ok(faults)
}

async fn measure(case: &Case, server: &Server, time: Duration) -> Result<Outcome> {
    match case.work {
        Work::FanIn { window } => fan::fan_in(server, time, window).await,
        Work::FanOut => fan::fan_out(server, time).await,
        Work::Trips { clients, window } => trips::trips(server, time, clients, window).await,
    }
}

fn head(servers: &[Server], has_peer: bool) -> Table {
    let mut head = vec!["case".to_owned(), String::new()];
    head.extend(servers.iter().map(|server| server.name.clone()));
    head.extend(has_peer.then(|| "ratio".to_owned()));
    Table::new(head)
}

/// The ratio of ours to mosquitto, and all rates.
fn rate_line(case: &Case, all: &[Vec<Outcome>], has_peer: bool) -> (Option<f64>, Vec<String>) {
    let mut line = vec![case.name.to_owned(), case.what.to_owned()];
    let rates: Vec<_> = all.iter().map(|turns| median(turns, |turn| turn.rate)).collect();
    for (rate, turns) in rates.iter().zip(all) {
        let lost: u64 = turns.iter().map(|turn| turn.lost).sum();
        let lost = match lost {
            0 => String::new(),
            lost => format!(" ({} lost)", thousands(lost as f64)),
        };
        line.push(thousands(*rate) + &lost);
    }
    let ratio = has_peer.then(|| rates[0] / rates[rates.len() - 1]);
    line.extend(ratio.map(|ratio| format!("{ratio:.2}")));
    (ratio, line)
}

fn busy_line(case: &Case, all: &[Vec<Outcome>], has_peer: bool) -> Vec<String> {
    let mut line = vec![case.name.to_owned(), case.what.to_owned()];
    let busy: Vec<_> = all.iter().map(|turns| median(turns, |turn| turn.busy)).collect();
    line.extend(busy.iter().map(|busy| format!("{busy:.2}")));
    line.extend(has_peer.then(|| format!("{:.2}", busy[0] / busy[busy.len() - 1])));
    line
}

fn median(turns: &[Outcome], value: impl Fn(&Outcome) -> f64) -> f64 {
    let mut values: Vec<_> = turns.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
