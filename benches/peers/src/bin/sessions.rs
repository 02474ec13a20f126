//! Measures the states of sessions: `sessions [--piece N] [CASE...]`, such as `sessions S1 S3`.

use mqtt_pure::Version;
use peers::{
    sessions::{
        Source,
        measure::{Cycle, PIECE, Row, measure, memory},
    },
    topics::memory::Counting,
};
use std::{env, process::ExitCode};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Messages on their way. The last is for ours alone.
const WINDOWS: [u16; 5] = [1, 20, 100, 1000, u16::MAX];

fn main() -> ExitCode {
    let mut wanted: Vec<String> = env::args().skip(1).collect();
    let piece_len = match wanted.iter().position(|argument| argument == "--piece") {
        None => PIECE,
        Some(at) => {
            let value = wanted.drain(at..wanted.len().min(at + 2)).nth(1);
            match value.and_then(|value| value.parse().ok()) {
                Some(len @ 1..=65_535) => len,
                _ => {
                    eprintln!("--piece wants how many packets come at once, 1 to 65535");
                    return ExitCode::FAILURE;
                }
            }
        }
    };
    let is_known =
        |wanted: &String| wanted == "memory" || Cycle::ALL.iter().any(|(name, _)| wanted == name);
    if let Some(unknown) = wanted.iter().find(|wanted| !is_known(wanted)) {
        eprintln!("no case {unknown}");
        return ExitCode::FAILURE;
    }
    let is_lto = env::current_exe().is_ok_and(|path| path.iter().any(|part| part == "lto"));
    println!(
        "Profile {}, nanoseconds (allocations) for each cycle",
        if is_lto { "lto" } else { "release" }
    );
    for (version, title) in [(Version::V3_1_1, "MQTT 3.1.1"), (Version::V5_0, "MQTT 5.0")] {
        println!("\n{title}\n");
        for (name, cycle) in Cycle::ALL {
            if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
                cases(name, cycle, version, piece_len);
            }
        }
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == "memory") {
            println!("bytes: itself, heap when idle, heap for each message shared, borrowed");
            for row in memory(version) {
                let [shared, borrowed] = row.in_flight;
                println!(
                    "{:20}{:>8}{:>8}{shared:>8.0}{borrowed:>8.0}",
                    row.name, row.size, row.idle
                );
            }
        }
    }
    ExitCode::SUCCESS
}

fn cases(name: &str, cycle: Cycle, version: Version, piece_len: usize) {
    for source in [Source::Shared, Source::Borrowed] {
        let suffix = if source == Source::Borrowed { "b" } else { "" };
        for window in WINDOWS {
            let rows = measure(cycle, version, window, source, piece_len);
            print(&format!("{name}{suffix} w{window}"), &rows);
        }
        if !cycle.sends() {
            return;
        }
    }
}

fn print(name: &str, rows: &[Row]) {
    print!("{name:12}");
    for Row { name, ns, allocations } in rows {
        print!("  {name} {} ({allocations:.1})", short(*ns));
        if *name != rows[0].name {
            print!(" {:.1}x", ns / rows[0].ns);
        }
    }
    println!();
}

fn short(ns: f64) -> String {
    if ns < 100.0 { format!("{ns:.1}") } else { format!("{ns:.0}") }
}
