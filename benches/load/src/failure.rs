//! Why something can't be measured, or does not hold.

use std::{fmt, io};

pub type Result<T> = std::result::Result<T, Failure>;

#[derive(Debug)]
pub struct Failure(pub String);

impl Failure {
    pub fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        Self(error.to_string())
    }
}

impl From<mqtt_pure::DecodeError> for Failure {
    fn from(error: mqtt_pure::DecodeError) -> Self {
        Self(format!("the broker sent what is no packet: {error}"))
    }
}
