//! The conformance vectors against this crate: a test for each case, named by its id, so that
//! `cargo test v311/connect` runs the cases of one packet and `cargo test topic/` those about topics.
//! The ids of traces of sessions begin with `s31/`, `s311/` and `s50/`, those of streams with `stream/`.
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
#[path = "vectors/session_case.rs"]
mod session_case;
#[path = "vectors/session_check.rs"]
mod session_check;
#[path = "vectors/session_notices.rs"]
mod session_notices;
#[path = "../examples/common/session_role.rs"]
mod session_role;
#[path = "../examples/common/session_values.rs"]
mod session_values;
#[path = "../examples/common/streams.rs"]
mod stream;
#[path = "vectors/stream_check.rs"]
mod stream_check;
#[path = "vectors/suite.rs"]
mod suite;
#[path = "vectors/topic_case.rs"]
mod topic_case;
#[path = "vectors/topic_check.rs"]
mod topic_check;
#[path = "../examples/common/topics.rs"]
mod topics;

use libtest_mimic::{Arguments, Trial};
use std::{process::ExitCode, sync::Arc};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let vectors = suite::Vectors {
        decode: case::load(),
        topic: topic_case::load(),
        session: session_case::load(),
        stream: case::cases_in("stream/"),
    };
    let vectors = Arc::new(vectors);
    let suite = suite::CHECKS.iter().map(|&(name, run)| {
        let vectors = Arc::clone(&vectors);
        Trial::test(name, move || run(&vectors).map_err(Into::into))
    });
    let decode = (0..vectors.decode.len()).map(|index| {
        let vectors = Arc::clone(&vectors);
        let id = vectors.decode[index].id.clone();
        Trial::test(id, move || check::check(&vectors.decode[index]).map_err(Into::into))
    });
    let topic = (0..vectors.topic.len()).map(|index| {
        let vectors = Arc::clone(&vectors);
        let id = vectors.topic[index].id.clone();
        Trial::test(id, move || topic_check::check(&vectors.topic[index]).map_err(Into::into))
    });
    let session = (0..vectors.session.len()).map(|index| {
        let vectors = Arc::clone(&vectors);
        let id = vectors.session[index].id.clone();
        Trial::test(id, move || {
            let make = |case: &session_case::SessionCase| {
                session_role::role(case.role, case.version, &case.config)
            };
            session_check::check(&vectors.session[index], &make).map_err(Into::into)
        })
    });
    let stream = (0..vectors.stream.len()).map(|index| {
        let vectors = Arc::clone(&vectors);
        let id = case::text(&vectors.stream[index]["id"]);
        Trial::test(id, move || stream_check::check(&vectors.stream[index]).map_err(Into::into))
    });
    let trials = suite.chain(decode).chain(topic).chain(session).chain(stream).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
