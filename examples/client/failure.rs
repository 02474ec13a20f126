//! Why the program ends without having done what it was asked for.

use mqtt_pure::{CommandError, Fault, SnapshotError};
use std::{fmt, io};

#[derive(Debug)]
pub enum Failure {
    /// Arguments or files make no sense.
    Input(String),
    /// Something was not delivered, or not granted.
    NotDone(String),
    /// The server does not want this client.
    Refused(String),
    /// There is no connection.
    Connection(String),
    /// Nobody takes the output any more.
    OutputClosed,
}

impl Failure {
    pub const fn status(&self) -> u8 {
        match self {
            Self::NotDone(_) => 1,
            Self::Input(_) => 2,
            Self::Refused(_) => 3,
            Self::Connection(_) => 4,
            Self::OutputClosed => 0,
        }
    }

    pub fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Input(format!("cannot write the output: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text)
            | Self::NotDone(text)
            | Self::Refused(text)
            | Self::Connection(text) => f.write_str(text),
            Self::OutputClosed => f.write_str("nobody reads the output"),
        }
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::NotDone(error.to_string())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Connection(format!("the server breaks the rules: {fault}"))
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        Self::Input(format!("the session file is damaged: {error}"))
    }
}
