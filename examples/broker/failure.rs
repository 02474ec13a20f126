//! Why the program ends, or does not begin.

use std::{fmt, io, path::Path};

#[derive(Debug)]
pub enum Failure {
    /// Arguments or files make no sense.
    Input(String),
    /// Something that the program needs does not work.
    Broken(String),
}

impl Failure {
    pub const fn status(&self) -> u8 {
        match self {
            Self::Broken(_) => 1,
            Self::Input(_) => 2,
        }
    }

    /// What is wrong with a file.
    pub fn file(path: &Path, what: impl fmt::Display) -> Self {
        Self::Input(format!("{}: {what}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
