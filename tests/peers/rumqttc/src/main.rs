//! rumqttc as one of the clients that `../run.py` runs against a broker.

mod args;
mod session;

use args::Args;
use sha2::{Digest, Sha256};
use std::process::ExitCode;

/// The largest packet, both ways.
const LARGEST: u32 = 17 * 1024 * 1024;

/// For how long a broker keeps a session that is not clean.
const EXPIRY: u32 = 600;

fn main() -> ExitCode {
    let args = Args::read();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let result = match args.version.as_str() {
        "3.1.1" => runtime.block_on(session::v3_1_1::run(args)),
        _ => runtime.block_on(session::v5_0::run(args)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn print(topic: &str, qos: u8, retain: bool, payload: &[u8]) {
    let body = match payload.len() {
        0..200 => String::from_utf8_lossy(payload).into_owned(),
        _ => format!("sha256:{:x}", Sha256::digest(payload)),
    };
    println!("message {topic} {qos} {} {body}", u8::from(retain));
}
