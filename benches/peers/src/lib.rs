//! Other codecs of MQTT, driven alike, over the same bytes.

#[path = "../../inputs/mod.rs"]
pub mod inputs;
pub mod measure;
pub mod v311;

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
