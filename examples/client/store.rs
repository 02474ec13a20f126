//! The session in a file, which survives the program.
//!
//! The first line is a snapshot, each further one has the records of the session's journal since the
//! line before it. A line that a crash has cut counts as not written, and nothing that it would have
//! said was sent. How many messages were taken from the input is written with the records of the
//! messages, so that either both count or none.

use crate::failure::Failure;
use mqtt_pure::{Client, Record, SessionOptions, Snapshot};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// After so many lines the file is written anew.
const LINES: u32 = 1_000;

#[derive(Serialize, Deserialize)]
struct First {
    client_id: String,
    taken: u64,
    snapshot: Snapshot,
}

#[derive(Serialize, Deserialize)]
struct Line {
    taken: u64,
    records: Vec<Record>,
}

pub struct Store {
    path: PathBuf,
    file: File,
    client_id: String,
    /// How many messages were taken from the input of the last run.
    pub taken: u64,
    stored: u64,
    lines: u32,
}

impl Store {
    /// Opens the file of a session, or makes it, and restores the client.
    pub fn open(
        path: &Path,
        client_id: &str,
        options: SessionOptions,
    ) -> Result<(Self, Client), Failure> {
        let bad = |what: String| Failure::Input(format!("{}: {what}", path.display()));
        let (mut client, taken) = match fs::read(path) {
            Ok(bytes) => {
                let first = read(&bytes).map_err(bad)?;
                if first.client_id != client_id {
                    return Err(bad(format!("is the session of client {:?}", first.client_id)));
                }
                (Client::restore(options, first.snapshot)?, first.taken)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Client::new(options), 0),
            Err(error) => return Err(bad(error.to_string())),
        };
        client.keep_journal();
        let file = write_whole(path, client_id, taken, client.snapshot());
        let file = file.map_err(|error| bad(error.to_string()))?;
        let (path, client_id) = (path.to_owned(), client_id.to_owned());
        Ok((Self { path, file, client_id, taken, stored: taken, lines: 0 }, client))
    }

    /// Writes what has changed. It is on the disk when this returns.
    pub fn persist(&mut self, client: &mut Client, records: Vec<Record>) -> Result<(), Failure> {
        if records.is_empty() && self.taken == self.stored {
            return Ok(());
        }
        let bad = |error: io::Error| Failure::Input(format!("{}: {error}", self.path.display()));
        self.lines += 1;
        if self.lines > LINES {
            let file = write_whole(&self.path, &self.client_id, self.taken, client.snapshot());
            (self.file, self.lines) = (file.map_err(bad)?, 0);
        } else {
            let mut line = serde_json::to_vec(&Line { taken: self.taken, records })
                .map_err(|error| bad(error.into()))?;
            line.push(b'\n');
            self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(bad)?;
        }
        self.stored = self.taken;
        Ok(())
    }
}

/// The state that the lines of a file give together.
fn read(bytes: &[u8]) -> Result<First, String> {
    // What follows the last line end was cut by a crash.
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let mut lines = bytes.get(..end).unwrap_or_default().split(|byte| *byte == b'\n');
    let damaged = |error: String| format!("not a session: {error}");
    let first = lines.next().unwrap_or_default();
    let mut first: First = serde_json::from_slice(first).map_err(|e| damaged(e.to_string()))?;
    for line in lines {
        let line: Line = serde_json::from_slice(line).map_err(|e| damaged(e.to_string()))?;
        first.taken = line.taken;
        for record in line.records {
            first.snapshot.apply(record).map_err(|error| damaged(error.to_string()))?;
        }
    }
    Ok(first)
}

/// Writes a file that has the snapshot alone; there is always one that is whole.
fn write_whole(path: &Path, client_id: &str, taken: u64, snapshot: Snapshot) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Messages are not for everybody.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    let first = First { client_id: client_id.to_owned(), taken, snapshot };
    let mut line = serde_json::to_vec(&first)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    Ok(file)
}
