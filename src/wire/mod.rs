//! Bytes and nothing else. Knows no packet.

pub(crate) mod plain;
mod reader;
pub(crate) mod text;
pub(crate) mod varint;
mod writer;

pub(crate) use reader::Reader;
pub use text::{Binary, BinaryTooLong, Text, TextError};
pub(crate) use writer::Writer;

/// Whether there is room for quick ways beside the thorough one. Small processors have better uses
/// for it; `--cfg mqtt_pure_small` makes a large one behave like them.
pub(crate) const HAS_ROOM: bool = cfg!(all(target_pointer_width = "64", not(mqtt_pure_small)));
