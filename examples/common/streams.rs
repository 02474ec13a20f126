//! A stream that is fed in pieces, and what comes out. Knows neither files nor cases.
#![allow(dead_code, reason = "each program that includes this file uses a part of it")]

use crate::json::packet_to_json;
use mqtt_pure::{DecodeError, DecodeOptions, Packet, StreamDecoder, StreamItem};
use serde_json::{Value, json};

/// What came out of a stream.
pub struct Fed {
    /// The packets as JSON.
    pub packets: Vec<Value>,
    /// The number of packets that had come out after each piece.
    pub after: Vec<usize>,
    /// The error that ended the stream.
    pub error: Option<DecodeError>,
    /// How many bytes wait for the rest of their packet.
    pub held: usize,
}

/// Cuts the bytes as a plan says: sizes, of which the last is used until nothing is left. An empty
/// plan does not cut.
pub fn cut<'a>(mut bytes: &'a [u8], plan: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut sizes = plan.iter().copied();
    let mut size = bytes.len();
    while !bytes.is_empty() {
        size = sizes.next().unwrap_or(size);
        if size == 0 && sizes.len() == 0 {
            size = bytes.len();
        }
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Feeds the pieces one by one. The options name the version until a CONNECT does.
pub fn feed(pieces: &[&[u8]], options: DecodeOptions) -> Fed {
    let mut decoder = StreamDecoder::new(options);
    let mut version = options.version;
    let mut fed = Fed { packets: Vec::new(), after: Vec::new(), error: None, held: 0 };
    for piece in pieces {
        let mut feed = decoder.feed(piece);
        loop {
            match feed.next() {
                Ok(Some(StreamItem::Packet(packet))) => {
                    if let Packet::Connect(connect) = &packet {
                        version = connect.version;
                    }
                    fed.packets.push(packet_to_json(&packet, version));
                }
                Ok(Some(other)) => fed.packets.push(json!({"other": format!("{other:?}")})),
                Ok(None) => break,
                Err(error) => {
                    fed.error = Some(error);
                    break;
                }
            }
        }
        drop(feed);
        fed.after.push(fed.packets.len());
    }
    fed.held = decoder.buffered();
    fed
}
