//! What was measured, for the eyes and as the file from which the plot is drawn.

use super::{
    input::Plus,
    measure::Row,
    pairs::{MATCHERS, Relation, minima},
};
use std::{fmt::Write as _, fs, io, path::Path};

/// Prints the rows of one number of subscriptions.
pub fn print(rows: &[Row]) {
    println!("{:20}{:>12}{:>12}{:>12}{:>12}", "", "insert ns", "match ns", "bytes", "peak bytes");
    for row in rows {
        let matched = row.match_ns.map_or("-".to_owned(), |ns| format!("{ns:.0}"));
        println!(
            "{:20}{:>12.0}{matched:>12}{:>12.0}{:>12.0}",
            row.index, row.insert_ns, row.bytes, row.peak_bytes
        );
    }
}

/// Measures one filter against one name and prints it.
pub fn print_pairs() {
    println!("One filter against one name, nanoseconds\n");
    print!("{:12}", "");
    MATCHERS.iter().for_each(|name| print!("{name:>12}"));
    println!("{:>12}", "ratio");
    for relation in Relation::ALL {
        let minima = minima(relation);
        print!("{:12}", relation.name());
        minima.iter().for_each(|ns| print!("{ns:>12.1}"));
        let best = minima[1..].iter().copied().fold(f64::INFINITY, f64::min);
        println!("{:>12.2}", best / minima[0]);
    }
}

/// Writes everything that was measured.
pub fn write(rows: &[Row]) -> io::Result<()> {
    let mut text =
        String::from("plus\tindex\tsubscriptions\tinsert_ns\tmatch_ns\tbytes\tpeak_bytes\n");
    for row in rows {
        let Row { index, plus, subscriptions, insert_ns, match_ns, bytes, peak_bytes } = row;
        let matched = match_ns.map_or(String::new(), |ns| format!("{ns:.0}"));
        let plus = Plus::name(*plus);
        let line = format!("{plus}\t{index}\t{subscriptions}\t{insert_ns:.0}\t{matched}");
        let _ = writeln!(text, "{line}\t{bytes:.0}\t{peak_bytes:.0}");
    }
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("topics.tsv"), text)
}
