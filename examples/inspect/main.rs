//! Shows what MQTT bytes mean, byte by byte, and every rule that they break.
//!
//! Without arguments it shows a recorded conversation that comes with it; `--help` tells the rest.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of bytes in memory; what comes from the input is added saturating"
)]

mod args;
mod capture;
#[path = "../common/color.rs"]
mod color;
mod columns;
mod conversations;
mod framing;
mod input;
#[path = "../common/json.rs"]
mod json;
mod net;
#[path = "../common/protocol.rs"]
mod protocol;
mod reassembly;
mod report;
mod summary;
mod values;

use args::Args;
use clap::Parser;
use conversations::Conversations;
use framing::Framing;
use input::Input;
use report::{Context, Report};
use std::{
    io::{self, IsTerminal, Read, Write},
    process::ExitCode,
};

/// Why the program stops early.
enum Failure {
    /// The arguments or the input make no sense.
    Input(String),
    /// Nobody takes the output any more, or it cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let is_live = io::stdout().is_terminal();
    let out = args.color.stdout();
    let mut report = Report::new(out, &args, is_live);
    let result = run(&args, &mut report).and_then(|()| Ok(report.finish()?));
    match result {
        Ok(()) => {}
        // A pager or `head` that has seen enough is no failure.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(Failure::Output(error)) => return fail(&format!("cannot write: {error}")),
        Err(Failure::Input(message)) => {
            let _ = report.flush();
            return fail(&message);
        }
    }
    ExitCode::from(u8::from(report.has_findings()))
}

fn fail(message: &str) -> ExitCode {
    anstream::eprintln!("{}error:{:#} {message}", columns::BAD, columns::BAD);
    ExitCode::from(2)
}

fn run<W: Write>(args: &Args, report: &mut Report<W>) -> Result<(), Failure> {
    match input::open(args)? {
        Input::Capture(reader) => {
            let mut conversations = Conversations::new(args, report);
            let end = capture::read(reader, |time, segment| conversations.see(time, &segment))?;
            conversations.finish()?;
            report.end_of_capture(&end)?;
        }
        Input::Bytes(reader) => read_bytes(args, reader, report)?,
    }
    Ok(())
}

/// Packets one after the other, without anything around them.
fn read_bytes<W: Write>(
    args: &Args,
    mut reader: Box<dyn Read + Send>,
    report: &mut Report<W>,
) -> Result<(), Failure> {
    let mut context = Context::new(args.options());
    let mut framing = Framing::default();
    let mut buffer = vec![0; 65_536];
    loop {
        let len = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::Input(format!("cannot read the input: {error}"))),
        };
        framing.feed(buffer.get(..len).unwrap_or_default());
        framing.report_packets(&mut context, report)?;
    }
    framing.report_rest(&mut context, report)?;
    Ok(())
}
