//! Bytes and nothing else. Knows no packet.

pub(crate) mod plain;
mod reader;
pub(crate) mod text;
pub(crate) mod varint;
mod writer;

pub(crate) use reader::Reader;
pub use text::{Binary, BinaryTooLong, Text, TextError};
pub(crate) use writer::Writer;
