//! The bodies of the fuzz targets. Each takes bytes and panics if a promise of the codec is broken,
//! so one body serves the fuzzer and the replay of recorded inputs under `cargo test`.

pub mod chunks;
pub mod decode;
pub mod differential;
pub mod fixpoint;
pub mod model;
pub mod structured;
