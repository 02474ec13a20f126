//! The conformance vectors against this crate: a test for each case, named by its id, so that
//! `cargo test v311/connect` runs the cases of one packet.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a panic is how a test fails"
)]

#[path = "vectors/case.rs"]
mod case;
#[path = "vectors/check.rs"]
mod check;
#[path = "../examples/common/json.rs"]
mod json;
#[path = "../examples/common/options.rs"]
mod options;
#[path = "vectors/suite.rs"]
mod suite;

use libtest_mimic::{Arguments, Trial};
use std::{process::ExitCode, sync::Arc};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = Arc::new(case::load());
    let suite = suite::CHECKS.iter().map(|&(name, run)| {
        let cases = Arc::clone(&cases);
        Trial::test(name, move || run(&cases).map_err(Into::into))
    });
    let each = (0..cases.len()).map(|index| {
        let cases = Arc::clone(&cases);
        let id = cases[index].id.clone();
        Trial::test(id, move || check::check(&cases[index]).map_err(Into::into))
    });
    libtest_mimic::run(&arguments, suite.chain(each).collect()).exit_code()
}
