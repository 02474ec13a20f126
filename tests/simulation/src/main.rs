//! `simulation --help` tells what it does.

use simulation::{Counters, Outcome, Run, bugs, check, regression, shrink};
use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const HELP: &str = "\
simulation [--seeds N] [--from S] [--threads T] [--seconds T]   runs seeds; N is 1,000 by default
simulation --brokers ...  likewise, with whole brokers in place of sessions; put it first
simulation --chunks ...   cuts what is received otherwise, which is to change nothing
simulation --seed S       runs one seed and prints its options and last events
simulation --replay FILE  runs a regression
simulation --plant NAME   plants a bug; with the options above
simulation --bugs         plants each bug, and fails unless each is found within 1,000 seeds;
                          needs RUSTFLAGS=\"--cfg mqtt_pure_bugs\"
A failure is shrunk, printed, and written to regressions/ beside this crate.";

struct Arguments {
    seeds: u64,
    from: u64,
    threads: usize,
    seconds: u64,
    brokers: bool,
    chunks: bool,
    bug: Option<bugs::Bug>,
}

impl Arguments {
    fn run(&self, seed: u64) -> Run {
        let run = Run { brokers: self.brokers, chunks: self.chunks, ..Run::of(seed) };
        self.bug.as_ref().map_or(run.clone(), |bug| bug.in_run(run))
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments {
        seeds: 1_000,
        from: 0,
        threads: 2,
        seconds: u64::MAX,
        brokers: false,
        chunks: false,
        bug: None,
    };
    let all: Vec<String> = std::env::args().skip(1).collect();
    let mut rest = all.iter();
    let mut is_bugs = false;
    while let Some(name) = rest.next() {
        if name == "--bugs" {
            is_bugs = true;
            continue;
        }
        if name == "--chunks" {
            arguments.chunks = true;
            continue;
        }
        if name == "--brokers" {
            arguments.brokers = true;
            continue;
        }
        let value = rest.next().map(String::as_str).unwrap_or_default();
        let number = value.parse::<u64>();
        match (name.as_str(), number) {
            ("--seeds", Ok(number)) => arguments.seeds = number,
            ("--from", Ok(number)) => arguments.from = number,
            ("--threads", Ok(number)) => arguments.threads = number.max(1) as usize,
            ("--seconds", Ok(number)) => arguments.seconds = number,
            ("--seed", Ok(number)) => return one(arguments.run(number)),
            ("--plant", _) => {
                let Some(bug) =
                    bugs::all(arguments.brokers).into_iter().find(|bug| bug.name() == value)
                else {
                    eprintln!("no bug has this name: {value}");
                    return ExitCode::FAILURE;
                };
                bug.plant();
                arguments.bug = Some(bug);
            }
            ("--replay", _) => {
                return match regression::read(value.as_ref()) {
                    Ok(run) => one(run),
                    Err(error) => {
                        eprintln!("{error}");
                        ExitCode::FAILURE
                    }
                };
            }
            _ => {
                eprintln!("{HELP}");
                return ExitCode::FAILURE;
            }
        }
    }
    if is_bugs { find_bugs(&arguments) } else { many(&arguments) }
}

/// One run with its history.
fn one(run: Run) -> ExitCode {
    let outcome = Run { is_verbose: true, ..run.clone() }.run();
    report(&run, &outcome, usize::MAX);
    if outcome.result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(run: &Run, outcome: &Outcome, last: usize) {
    println!("seed {}, without {:?}", run.seed, run.skipped);
    println!("{}", simulation::describe(run));
    let lines: Vec<_> = outcome.history.lines().collect();
    for line in &lines[lines.len().saturating_sub(last)..] {
        println!("{line}");
    }
    println!("{:?}", outcome.result);
}

/// Seeds from one on, by so many threads, until the time is over or one fails.
fn many(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let run_of = |seed| arguments.run(seed);
    let limit = Duration::from_secs(arguments.seconds);
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from.saturating_add(arguments.seeds);
    let sum = Mutex::new((Counters::default(), 0_u64, 0_u64, 0_u64));
    let failed = Mutex::new(None::<u64>);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads {
            scope.spawn(|| {
                let (mut counters, mut runs, mut events, mut digest) =
                    (Counters::default(), 0, 0, 0);
                while !is_over.load(Ordering::Relaxed) && begin.elapsed() < limit {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let outcome = check(&run_of(seed));
                    counters.merge(&outcome.counters);
                    (runs, events) = (runs + 1, events + outcome.events);
                    digest ^= outcome.digest;
                    if outcome.result.is_err() {
                        is_over.store(true, Ordering::Relaxed);
                        if let Ok(mut failed) = failed.lock() {
                            failed.get_or_insert(seed);
                        }
                    }
                }
                if let Ok(mut sum) = sum.lock() {
                    sum.0.merge(&counters);
                    (sum.1, sum.2, sum.3) = (sum.1 + runs, sum.2 + events, sum.3 ^ digest);
                }
            });
        }
    });
    let Ok((counters, runs, events, digest)) = sum.into_inner() else { return ExitCode::FAILURE };
    let seconds = begin.elapsed().as_secs_f64();
    for (name, count) in counters.iter() {
        println!("{count:>12} {name}");
    }
    println!(
        "{runs} runs, {events} events in {seconds:.1} s: {:.0} runs/s, {:.0} events/s, digest {digest:016x}",
        runs as f64 / seconds,
        events as f64 / seconds
    );
    if let Ok(Some(seed)) = failed.into_inner() {
        let run = shrink(&run_of(seed));
        let outcome = Run { is_verbose: true, ..run.clone() }.run();
        report(&run, &outcome, 40);
        match regression::write(&run) {
            Ok(path) => println!("written to {}", path.display()),
            Err(error) => println!("not written: {error}"),
        }
        return ExitCode::FAILURE;
    }
    let missing = counters.missing(arguments.brokers);
    if runs >= 2_000 && !missing.is_empty() {
        println!("never happened: {missing:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Each planted bug is to be found.
fn find_bugs(arguments: &Arguments) -> ExitCode {
    const SAMPLE: u64 = 100;
    const LIMIT: u64 = 1_000;
    let all = bugs::all(arguments.brokers);
    if all.len() <= bugs::OF_THE_DRIVER.len() {
        eprintln!("built without --cfg mqtt_pure_bugs");
        return ExitCode::FAILURE;
    }
    let mut missed = Vec::new();
    for bug in &all {
        let begin = Instant::now();
        bug.plant();
        let (next, found) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..arguments.threads {
                scope.spawn(|| {
                    loop {
                        let at = next.fetch_add(1, Ordering::Relaxed);
                        let is_enough = found.lock().map_or(true, |found| !found.is_empty());
                        if at >= LIMIT || at >= SAMPLE && is_enough {
                            return;
                        }
                        let run = bug.in_run(arguments.run(arguments.from + at));
                        if let Err(text) = check(&run).result
                            && let Ok(mut found) = found.lock()
                        {
                            found.push((at, text));
                        }
                    }
                });
            }
        });
        let mut found = found.into_inner().unwrap_or_default();
        found.sort();
        let runs = next.into_inner().clamp(SAMPLE, LIMIT);
        match found.first() {
            Some((first, text)) => println!(
                "{:<30} found by {:>3} of {runs} seeds, first {first}, {:.1} s: {}",
                bug.name(),
                found.len(),
                begin.elapsed().as_secs_f64(),
                text.chars().take(100).collect::<String>().replace('\n', " ")
            ),
            None => {
                println!("{:<32} NOT FOUND in {LIMIT} seeds", bug.name());
                missed.push(bug.name());
            }
        }
    }
    bugs::none();
    println!("{} bugs planted, {} found", all.len(), all.len() - missed.len());
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
