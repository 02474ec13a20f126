//! What outlives the program, in a file of redb.
//!
//! Each commit appends what the broker has recorded to a log. When the log is long, what the records
//! were about is written as it is now, a row for each session and each retained topic, and the log is
//! emptied; so the file is bounded by twice what there is to be kept. A crash at any moment leaves
//! either all of a commit or nothing.

use crate::failure::Failure;
use mqtt_pure::{BrokerRecord, BrokerSnapshot, ClientId, StoredRetained, StoredSession};
use redb::{
    Database, DatabaseError, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};
use serde::de::DeserializeOwned;
use std::{collections::BTreeSet, fmt, path::Path};

const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const SESSIONS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("sessions");
const RETAINED: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("retained");
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");

const FORMAT: &str = "format";
const NEXT_ASSIGNED: &str = "next assigned";

/// The form of what this program writes.
const VERSION: u64 = 1;

/// A log that is shorter is left as it is.
const SHORT: usize = 4 * 1_048_576;

/// How much of the file is kept in memory.
const CACHE: usize = 32 * 1_048_576;

pub struct Store {
    database: Database,
    /// What the file says. It shares its messages with the broker.
    state: BrokerSnapshot,
    next: u64,
    /// How many bytes the log has.
    log: usize,
    /// How many were written when it was emptied the last time.
    written: usize,
    sessions: BTreeSet<ClientId>,
    topics: BTreeSet<String>,
}

impl Store {
    /// Opens a file, or makes it.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let database = Database::builder().set_cache_size(CACHE).create(path);
        let database = database.map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => Failure::file(path, "another broker has it open"),
            error => Failure::file(path, format!("is not a store: {error}")),
        })?;
        private(path);
        let mut store = Self {
            database,
            state: BrokerSnapshot::new(),
            next: 0,
            log: 0,
            written: 0,
            sessions: BTreeSet::new(),
            topics: BTreeSet::new(),
        };
        store.load().map_err(|error| Failure::file(path, format!("is damaged: {error}")))?;
        Ok(store)
    }

    /// What was stored.
    pub const fn state(&self) -> &BrokerSnapshot {
        &self.state
    }

    fn load(&mut self) -> Result<(), Error> {
        let transaction = self.database.begin_write()?;
        let mut batches: Vec<Vec<BrokerRecord>> = Vec::new();
        {
            let mut numbers = transaction.open_table(NUMBERS)?;
            let format = numbers.get(FORMAT)?.map(|number| number.value());
            if format.is_some_and(|format| format != VERSION) {
                return Err(Error("another version of this program wrote it".to_owned()));
            }
            numbers.insert(FORMAT, VERSION)?;
            let next = numbers.get(NEXT_ASSIGNED)?.map(|number| number.value());
            self.state.next_assigned = next.unwrap_or(self.state.next_assigned);
            for row in transaction.open_table(SESSIONS)?.iter()? {
                let (name, session) = row?;
                let session: StoredSession = decode(session.value())?;
                self.state.sessions.insert(name.value().into(), session);
            }
            for row in transaction.open_table(RETAINED)?.iter()? {
                let (topic, retained) = row?;
                let retained: StoredRetained = decode(retained.value())?;
                self.state.retained.insert(topic.value().to_owned(), retained);
            }
            for row in transaction.open_table(LOG)?.iter()? {
                let (number, batch) = row?;
                self.next = number.value().saturating_add(1);
                self.log += batch.value().len();
                batches.push(decode(batch.value())?);
            }
        }
        transaction.commit()?;
        for record in batches.into_iter().flatten() {
            self.apply(record)?;
        }
        Ok(())
    }

    /// Brings the state up to date, and remembers what has changed in it.
    fn apply(&mut self, record: BrokerRecord) -> Result<(), Error> {
        match &record {
            BrokerRecord::Session { client_id, .. }
            | BrokerRecord::Begun { client_id }
            | BrokerRecord::Confirmed { client_id }
            | BrokerRecord::Subscribed { client_id, .. }
            | BrokerRecord::Replayed { client_id, .. }
            | BrokerRecord::Unsubscribed { client_id, .. }
            | BrokerRecord::UnsubscribedAll { client_id }
            | BrokerRecord::Forgotten { client_id } => {
                self.sessions.insert(client_id.clone());
            }
            BrokerRecord::Retained(retained) => {
                self.topics.insert(retained.message.topic().as_str().to_owned());
            }
            BrokerRecord::RetainedGone { topic } => {
                self.topics.insert(topic.clone());
            }
            _ => {}
        }
        Ok(self.state.apply(record)?)
    }

    /// Persists what has happened. It is on the disk when this returns.
    pub fn commit(&mut self, records: Vec<BrokerRecord>) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let batch = postcard::to_stdvec(&records)?;
        for record in records {
            self.apply(record)?;
        }
        let transaction = self.database.begin_write()?;
        if self.log.saturating_add(batch.len()) > SHORT.max(self.written) {
            self.written = self.write_state(&transaction)?;
            (self.log, self.next) = (0, 0);
            self.sessions.clear();
            self.topics.clear();
        } else {
            transaction.open_table(LOG)?.insert(self.next, &batch[..])?;
            (self.log, self.next) = (self.log + batch.len(), self.next + 1);
        }
        Ok(transaction.commit()?)
    }

    /// Writes what has changed since the last time, in place of the log; tells how many bytes.
    fn write_state(&self, transaction: &WriteTransaction) -> Result<usize, Error> {
        let mut written = 0;
        let mut table = transaction.open_table(SESSIONS)?;
        for name in &self.sessions {
            match self.state.sessions.get(name) {
                Some(session) => {
                    let row = postcard::to_stdvec(session)?;
                    table.insert(name.as_str(), &row[..])?;
                    written += row.len();
                }
                None => drop(table.remove(name.as_str())?),
            }
        }
        let mut table = transaction.open_table(RETAINED)?;
        for topic in &self.topics {
            match self.state.retained.get(topic) {
                Some(retained) => {
                    let row = postcard::to_stdvec(retained)?;
                    table.insert(topic.as_str(), &row[..])?;
                    written += row.len();
                }
                None => drop(table.remove(topic.as_str())?),
            }
        }
        transaction.open_table(NUMBERS)?.insert(NEXT_ASSIGNED, self.state.next_assigned)?;
        let mut log = transaction.open_table(LOG)?;
        if !log.is_empty()? {
            log.retain(|_, _| false)?;
        }
        Ok(written)
    }
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    Ok(postcard::from_bytes(bytes)?)
}

/// Messages are not for everybody.
#[cfg(unix)]
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn private(_: &Path) {}

/// Why the store can't be read or written.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
