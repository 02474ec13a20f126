//! Sessions under any order of calls, any bytes of a peer and any clock: what they promise holds.

mod client;
mod command;
mod machine;
mod model;
mod peer;
mod restore;
mod server;
mod side;

use machine::Machine;
use mqtt_pure::{Client, Server};
pub use restore::restore;

/// Drives a client.
pub fn session_client(data: &[u8]) {
    Machine::<Client>::run(data);
}

/// Drives a server.
pub fn session_server(data: &[u8]) {
    Machine::<Server>::run(data);
}
