//! Where a fault happens, and what was seen of it.

use crate::{
    client::{Client, Hello},
    failure::Result,
    server::Server,
};
use std::{net::SocketAddr, time::Duration};
use tokio::time::Instant;

pub struct Scene<'a> {
    pub server: &'a Server,
    pub time: Duration,
    /// What is told.
    pub findings: Vec<String>,
    /// What does not hold.
    pub wrong: Vec<String>,
}

impl Scene<'_> {
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// When a fault has gone on for long enough.
    pub fn end(&self) -> Instant {
        Instant::now() + self.time
    }

    pub fn found(&mut self, finding: String) {
        self.findings.push(finding);
    }

    pub fn expect(&mut self, holds: bool, what: impl Into<String>) {
        let what = what.into();
        // Of many clients one is enough.
        if !holds && !self.wrong.contains(&what) {
            self.wrong.push(what);
        }
    }

    /// Whether somebody new is still served.
    pub async fn expect_service(&mut self, hello: &Hello) {
        let served = async {
            let mut client = Client::connect(self.address(), hello).await?;
            client.ping().await
        };
        let served: Result<()> = served.await;
        if let Err(error) = served {
            self.wrong.push(format!("{} is not served after it: {error}", hello.client_id));
        }
    }
}

/// Bytes that look like nothing, and are the same in every run.
pub struct Noise(u64);

impl Noise {
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub const fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let numbers = std::iter::repeat_with(|| self.number().to_be_bytes());
        numbers.flatten().take(len).collect()
    }
}
