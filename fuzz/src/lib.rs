//! The bodies of the fuzz targets. Each takes bytes and panics if a promise of the codec is broken,
//! so one body serves the fuzzer and the replay of recorded inputs under `cargo test`.

pub mod arbitrary_properties;
pub mod chunks;
pub mod decode;
pub mod differential;
pub mod differential5;
pub mod fixpoint;
pub mod matching;
pub mod model;
pub mod model5;
pub mod properties5;
pub mod session;
pub mod strings;
pub mod structured;
pub mod tape5;
pub mod topics;
