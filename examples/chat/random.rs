//! Chance that is the same each time: splitmix64.

pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From one bound to the other, both included.
    pub fn between(&mut self, from: u64, to: u64) -> u64 {
        let count = to.saturating_sub(from).saturating_add(1);
        from.saturating_add(self.next().checked_rem(count).unwrap_or(0))
    }

    /// True so often out of 10,000.
    pub fn chance(&mut self, share: u32) -> bool {
        self.between(0, 9_999) < share.into()
    }
}
