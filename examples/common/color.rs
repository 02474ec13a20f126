//! Whether the standard output has colors.

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use std::io::{self, BufWriter, StdoutLock};

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// The standard output, which is not written line by line.
    pub fn stdout(self) -> BufWriter<AutoStream<StdoutLock<'static>>> {
        let stdout = io::stdout();
        let choice = match self {
            Self::Auto => AutoStream::choice(&stdout),
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        BufWriter::new(AutoStream::new(stdout.lock(), choice))
    }
}
