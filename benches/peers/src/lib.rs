//! Other codecs of MQTT, driven alike, over the same bytes; other states of
//! sessions, and other indexes of topic filters.

mod flowsdk;
#[path = "../../inputs/mod.rs"]
pub mod inputs;
pub mod measure;
mod mqtt_pure;
pub mod sessions;
pub mod topics;
pub mod v311;
pub mod v5;
pub mod validate;

/// The largest packet that codecs accept which want to know.
const MAX_SIZE: usize = 1 << 22;

/// One codec at work on one case. Only `decode`, `feed` and `encode` are timed.
pub trait Peer {
    fn name(&self) -> &'static str;

    /// Takes the buffers in, in the form that the codec wants them.
    fn load(&mut self, buffers: &[Vec<u8>]);

    /// Decodes what was loaded, uses each packet and drops it. Returns how many there were.
    fn decode(&mut self) -> usize;

    /// Decodes a stream that comes in pieces.
    fn feed(&mut self, chunks: &mut dyn Iterator<Item = &[u8]>) -> usize;

    /// Decodes these packets and keeps them for `encode`.
    fn keep(&mut self, packets: &'static [Vec<u8>]);

    /// Copies the packets for codecs that consume what they encode, and empties the output.
    fn prepare(&mut self);

    /// Encodes the packets, one after the other.
    fn encode(&mut self);

    /// What `encode` wrote.
    fn encoded(&self) -> Vec<u8>;
}

/// The length of the packet at the front, which is known to be whole.
fn packet_len(bytes: &[u8]) -> usize {
    let (mut len, mut shift, mut at) = (0, 0, 1);
    loop {
        let byte = bytes[at];
        len |= usize::from(byte & 0x7f) << shift;
        at += 1;
        if byte < 0x80 {
            return at + len;
        }
        shift += 7;
    }
}
