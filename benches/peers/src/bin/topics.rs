//! Measures indexes of topic filters, and one filter against one name: `topics [--write] [NUMBER...]`, by
//! default with 1,000, 100,000 and 1,000,000 subscriptions. `--write` keeps what it finds in `topics.tsv`.

use peers::topics::{Plus, measure::measure, memory::Counting, report};
use std::{env, io, process::ExitCode};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SUBSCRIPTIONS: [usize; 3] = [1000, 100_000, 1_000_000];

fn main() -> io::Result<ExitCode> {
    let mut is_written = false;
    let mut numbers = Vec::new();
    for argument in env::args().skip(1) {
        match argument.parse() {
            Ok(number) => numbers.push(number),
            Err(_) if argument == "--write" => is_written = true,
            Err(_) => {
                eprintln!("topics [--write] [NUMBER...]");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    if numbers.is_empty() {
        numbers.extend(SUBSCRIPTIONS);
    }
    report::print_pairs();
    let mut rows = Vec::new();
    for plus in Plus::ALL {
        for &subscriptions in &numbers {
            println!("\n{subscriptions} subscriptions, + for {}", plus.name());
            let found = measure(subscriptions, plus);
            report::print(&found);
            rows.extend(found);
        }
    }
    if is_written {
        report::write(&rows)?;
    }
    Ok(ExitCode::SUCCESS)
}
