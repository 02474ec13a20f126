//! Measures all codecs over all cases and prints a table for each version: `peers [CASE...]`.

use peers::{
    Peer,
    measure::{Case, Input, Target, V5, V311, Work, minima},
    v5, v311,
    validate::validate,
};
use std::{collections::BTreeSet, env};

/// The first rows are ours.
const OURS: usize = 3;

/// A case, and the nanoseconds of each codec.
type Row<'c> = (&'c Case, Vec<f64>);

fn main() {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let is_lto = env::current_exe().is_ok_and(|path| path.iter().any(|part| part == "lto"));
    println!("Profile {}, nanoseconds for each packet", if is_lto { "lto" } else { "release" });
    measure("MQTT 3.1.1", v311::all(), &V311, &wanted, is_lto);
    measure("MQTT 5.0", v5::all(), &V5, &wanted, is_lto);
}

fn measure(
    title: &str,
    mut peers: Vec<Box<dyn Peer>>,
    cases: &[Case],
    wanted: &[String],
    is_lto: bool,
) {
    let is_wanted = |case: &&Case| wanted.is_empty() || wanted.iter().any(|name| name == case.name);
    let (mut table, mut differences) = (Vec::new(), BTreeSet::new());
    for case in cases.iter().filter(is_wanted) {
        let input = Input::new(case);
        for peer in &mut peers {
            let found = validate(peer.as_mut(), case, &input);
            differences.extend(found.into_iter().map(|what| (peer.name(), what)));
        }
        table.push((case, minima(&mut peers, case, &input, 3)));
    }
    if table.is_empty() {
        return;
    }
    println!("\n{title}\n");
    print_all(&peers, &table);
    print_ratios(&peers, &table, is_lto);
    for (name, what) in differences {
        println!("{name} {what}");
    }
}

fn print_all(peers: &[Box<dyn Peer>], table: &[Row<'_>]) {
    print!("{:20}", "");
    table.iter().for_each(|(case, _)| print!("{:>8}", case.name));
    println!();
    for (at, peer) in peers.iter().enumerate() {
        print!("{:20}", peer.name());
        table.iter().for_each(|(_, ns)| print!("{:>8}", short(ns[at])));
        println!();
    }
}

/// Ours against the best of the others, and where it is among them against mountain-mqtt, which like
/// ours borrows and allocates nothing.
fn print_ratios(peers: &[Box<dyn Peer>], table: &[Row<'_>], is_lto: bool) {
    let mountain = peers.iter().position(|peer| peer.name() == "mountain-mqtt");
    println!(
        "\n{:6}{:>9}{:>9}{:>7}  {:22}{:20}{:>10}",
        "",
        "ours",
        "others",
        "ratio",
        "",
        "",
        if mountain.is_some() { "mountain" } else { "target" }
    );
    for (case, ns) in table {
        let least = |all: &[f64], from: usize| {
            let all = all.iter().copied().zip(from..);
            all.fold((f64::INFINITY, 0), |best, next| if next.0 < best.0 { next } else { best })
        };
        // Decoding has nothing to do with the buffer that is written to.
        let rows = if case.work == Work::Encode { OURS } else { 1 };
        let (ours, own) = least(&ns[..rows], 0);
        let (best, at) = least(&ns[OURS..], OURS);
        let ratio = best / ours;
        let last = match mountain {
            Some(mountain) => format!("{:>10.2}", ns[mountain] / ours),
            None => verdict(case.target, ours, ratio, is_lto),
        };
        let [ours, best] = [ours, best].map(short);
        let [own, name] = [own, at].map(|at| peers[at].name());
        println!("{:6}{ours:>9}{best:>9}{ratio:>7.2}  {own:22}{name:20}{last}", case.name);
    }
}

/// The target, and whether it is met.
fn verdict(target: Target, ours: f64, ratio: f64, is_lto: bool) -> String {
    let (target, met) = match target {
        Target::None => return String::new(),
        Target::TimesUnlessLto(_) if is_lto => (">= 1.0x".into(), ratio >= 1.0),
        Target::Times(times) | Target::TimesUnlessLto(times) => {
            (format!(">= {times:.1}x"), ratio >= times)
        }
        Target::Nanoseconds(most) => (format!("<= {most:.0} ns"), ours <= most),
    };
    format!("{target:>10}  {}", if met { "pass" } else { "FAIL" })
}

fn short(ns: f64) -> String {
    match ns {
        10_000.0.. => format!("{:.0}k", ns / 1000.0),
        100.0.. => format!("{ns:.0}"),
        _ => format!("{ns:.1}"),
    }
}
