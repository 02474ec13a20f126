//! A whole broker, with the crate's own clients as its peers, and with bytes that no client sends.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "broker/admin.rs"]
mod admin;
#[path = "broker/connecting.rs"]
mod connecting;
#[path = "broker/durability.rs"]
mod durability;
#[path = "broker/hostile.rs"]
mod hostile;
#[path = "broker/hub.rs"]
mod hub;
#[path = "allocations/measure.rs"]
mod measure;
#[path = "broker/memory.rs"]
mod memory;
#[path = "broker/policy.rs"]
mod policy;
#[path = "broker/retained.rs"]
mod retained;
#[path = "broker/routing.rs"]
mod routing;
#[path = "broker/shared.rs"]
mod shared;
#[path = "broker/wills.rs"]
mod wills;
