//! What a client and a server promise: every call at every moment, peers that are slow or wrong, clocks
//! that are wrong, and a client against a small model of the standard.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "sessions/clock.rs"]
mod clock;
#[path = "sessions/contract.rs"]
mod contract;
#[path = "sessions/end.rs"]
mod end;
#[path = "sessions/flows.rs"]
mod flows;
#[path = "sessions/limits.rs"]
mod limits;
#[path = "sessions/model.rs"]
mod model;
#[path = "sessions/order.rs"]
mod order;
#[path = "sessions/secrets.rs"]
mod secrets;
#[path = "sessions/skipped.rs"]
mod skipped;
