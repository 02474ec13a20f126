//! Measures the states of sessions: `sessions [CASE...]`, such as `sessions S1 S3`.

use mqtt_pure::Version;
use peers::{
    sessions::{
        Source,
        measure::{Cycle, Row, measure, memory},
    },
    topics::memory::Counting,
};
use std::env;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Messages on their way. The last is for ours alone.
const WINDOWS: [u16; 5] = [1, 20, 100, 1000, u16::MAX];

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let is_lto = env::current_exe().is_ok_and(|path| path.iter().any(|part| part == "lto"));
    println!(
        "Profile {}, nanoseconds (allocations) for each cycle",
        if is_lto { "lto" } else { "release" }
    );
    for (version, title) in [(Version::V3_1_1, "MQTT 3.1.1"), (Version::V5_0, "MQTT 5.0")] {
        println!("\n{title}\n");
        for (name, cycle) in Cycle::ALL {
            if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
                cases(name, cycle, version);
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
}

fn cases(name: &str, cycle: Cycle, version: Version) {
    for source in [Source::Shared, Source::Borrowed] {
        let suffix = if source == Source::Borrowed { "b" } else { "" };
        for window in WINDOWS {
            let rows = measure(cycle, version, window, source);
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
