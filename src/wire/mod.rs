//! Bytes and nothing else. Knows no packet.

mod reader;
pub(crate) mod text;
pub(crate) mod varint;
mod writer;

pub(crate) use reader::Reader;
pub use text::{Binary, BinaryTooLong, Text, TextError};
pub(crate) use writer::Writer;
