//! Measures all codecs over all cases and prints a table: `peers [CASE...]`.

use peers::{
    measure::{Case, Input, Target, V311, Work, minima, validate},
    v311,
};
use std::env;

/// The first rows are ours.
const OURS: usize = 3;

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let is_wanted = |case: &&Case| wanted.is_empty() || wanted.iter().any(|name| name == case.name);
    let is_lto = env::current_exe().is_ok_and(|path| path.iter().any(|part| part == "lto"));
    let mut peers = v311::all();
    let mut table = Vec::new();
    for case in V311.iter().filter(is_wanted) {
        let input = Input::new(case);
        peers.iter_mut().for_each(|peer| validate(peer.as_mut(), &input));
        table.push((case, minima(&mut peers, case, &input, 3)));
    }

    println!("Profile {}, nanoseconds for each packet\n", if is_lto { "lto" } else { "release" });
    print!("{:20}", "");
    table.iter().for_each(|(case, _)| print!("{:>8}", case.name));
    println!();
    for (at, peer) in peers.iter().enumerate() {
        print!("{:20}", peer.name());
        table.iter().for_each(|(_, ns)| print!("{:>8}", short(ns[at])));
        println!();
    }

    println!(
        "\n{:6}{:>9}{:>9}{:>7}  {:22}{:20}{:>10}",
        "", "ours", "others", "ratio", "", "", "target"
    );
    for (case, ns) in &table {
        let least = |all: &[f64], from: usize| {
            let all = all.iter().copied().zip(from..);
            all.fold((f64::INFINITY, 0), |best, next| if next.0 < best.0 { next } else { best })
        };
        // Decoding has nothing to do with the buffer that is written to.
        let rows = if case.work == Work::Encode { OURS } else { 1 };
        let (ours, own) = least(&ns[..rows], 0);
        let (best, at) = least(&ns[OURS..], OURS);
        let ratio = best / ours;
        let (target, met) = match case.target {
            Target::None => (String::new(), None),
            Target::TimesUnlessLto(_) if is_lto => (">= 1.0x".into(), Some(ratio >= 1.0)),
            Target::Times(times) | Target::TimesUnlessLto(times) => {
                (format!(">= {times:.1}x"), Some(ratio >= times))
            }
            Target::Nanoseconds(most) => (format!("<= {most:.0} ns"), Some(ours <= most)),
        };
        let verdict = met.map_or("", |met| if met { "pass" } else { "FAIL" });
        let [ours, best] = [ours, best].map(short);
        let [own, name] = [own, at].map(|at| peers[at].name());
        println!(
            "{:6}{ours:>9}{best:>9}{ratio:>7.2}  {own:22}{name:20}{target:>10}  {verdict}",
            case.name
        );
    }
}

fn short(ns: f64) -> String {
    match ns {
        10_000.0.. => format!("{:.0}k", ns / 1000.0),
        100.0.. => format!("{ns:.0}"),
        _ => format!("{ns:.1}"),
    }
}
