//! One connection: moves bytes between a stream and a session, and keeps the time.
//!
//! Each turn does the same four things: hand over what has come, let the application work, persist
//! what the journal holds, and wait with what is to be written. Nothing is written before the records
//! of it are persisted.

use crate::{clock::Clock, failure::Failure, store::Store, transport::Stream};
use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, CloseReason, Connack, Connect, Disconnect, Fault, Instant, Outgoing,
    ReasonCode,
};
use std::{future, io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    time::{sleep, timeout},
};
use tracing::{debug, info, warn};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How long the last bytes and the server's end of the connection are waited for.
const LINGER: Duration = Duration::from_secs(2);

/// What is done over the connections of a session.
pub trait Application {
    /// The server has accepted the connection.
    fn connected(
        &mut self,
        client: &mut Client,
        now: Instant,
        session_present: bool,
    ) -> Result<(), Failure>;

    /// Something has happened.
    fn act(&mut self, action: ClientAction<'_>) -> Result<(), Failure>;

    /// Waits until there is work; may be dropped and called again.
    async fn ready(&mut self);

    /// Does what can be done now.
    fn work(
        &mut self,
        client: &mut Client,
        store: Option<&mut Store>,
        now: Instant,
    ) -> Result<(), Failure>;

    /// Whether everything is done.
    fn is_done(&self, client: &Client) -> bool;

    /// What has come of it.
    fn finish(&self) -> Result<(), Failure>;
}

/// How a connection has ended, if the program is to go on.
pub enum End {
    /// The application or the user has left.
    Left,
    Lost(String),
    /// The server does not want this client.
    Refused(String),
    /// The server has a session that this side does not know.
    UnknownSession,
}

/// What all connections have in common.
pub struct Session<'a, A> {
    pub client: Client,
    pub store: Option<Store>,
    pub application: A,
    pub clock: Clock,
    /// How the program leaves.
    pub leave: Disconnect<'a>,
    /// Whether the last connection was accepted.
    pub was_accepted: bool,
}

impl<A: Application> Session<'_, A> {
    /// Runs a connection from CONNECT to its end.
    pub async fn run(
        &mut self,
        stream: Box<dyn Stream>,
        connect: &Connect<'_>,
        interrupt: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<End, Failure> {
        self.was_accepted = false;
        self.client.opened(self.clock.now(), connect)?;
        let (reader, mut writer) = tokio::io::split(stream);
        let result = self.turns(reader, &mut writer, interrupt).await;
        // Whatever has happened, the session has to know that there is no connection any more.
        self.client.closed(self.clock.now());
        self.persist()?;
        result
    }

    async fn turns(
        &mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        writer: &mut WriteHalf<Box<dyn Stream>>,
        interrupt: &mut (impl Future<Output = ()> + Unpin),
    ) -> Result<End, Failure> {
        let mut input = Vec::with_capacity(CHUNK);
        loop {
            let now = self.clock.now();
            let mut end = self.act(now, &mut input)?;
            if end.is_none() && self.client.is_connected() {
                self.application.work(&mut self.client, self.store.as_mut(), now)?;
                if self.application.is_done(&self.client) {
                    self.client.disconnect(now, &self.leave)?;
                    end = self.act(now, &mut input)?;
                }
            }
            self.persist()?;
            if end.is_none()
                && let Some(action) = self.client.poll()
            {
                // A message that waited has come to its end instead of being sent.
                self.tell(now, action, &mut end)?;
                continue;
            }
            if let Some(end) = end {
                self.finish(reader, writer).await;
                return Ok(end);
            }
            let Self { client, application, clock, .. } = self;
            let (may_read, is_connected) = (!client.is_blocked(), client.is_connected());
            let deadline = client.deadline().map(|(moment, _)| clock.until(moment));
            tokio::select! {
                result = reader.read_buf(&mut input), if may_read => match result {
                    Ok(0) => return Ok(End::Lost("the server has closed it".to_owned())),
                    Ok(len) => debug!("read {len} bytes"),
                    Err(error) => return Ok(End::Lost(error.to_string())),
                },
                result = write(writer, client.transmit(now)) => match result {
                    Ok(len) => debug!("wrote {len} bytes"),
                    Err(error) => return Ok(End::Lost(error.to_string())),
                },
                () = wait(deadline) => client.timeout(clock.now()),
                () = application.ready(), if is_connected => {}
                () = &mut *interrupt => {
                    info!("interrupted");
                    client.disconnect(clock.now(), &self.leave)?;
                }
            }
        }
    }

    /// Hands over what has come and what has happened; tells whether that was the end.
    fn act(&mut self, now: Instant, input: &mut Vec<u8>) -> Result<Option<End>, Failure> {
        let mut rest = &input[..];
        let mut end = None;
        while let Some(action) = self.client.receive(now, &mut rest) {
            self.tell(now, action, &mut end)?;
            // What comes behind the last message that is wanted is left to the next connection.
            if self.client.is_connected() && self.application.is_done(&self.client) {
                break;
            }
        }
        let taken = input.len().saturating_sub(rest.len());
        input.drain(..taken);
        Ok(end)
    }

    fn tell(
        &mut self,
        now: Instant,
        action: ClientAction<'_>,
        end: &mut Option<End>,
    ) -> Result<(), Failure> {
        match action {
            ClientAction::Connected(connack) => {
                self.was_accepted = true;
                let present = connack.session_present;
                info!("connected{}", if present { ", the session is resumed" } else { "" });
                self.application.connected(&mut self.client, now, present)?;
            }
            ClientAction::Refused(connack) => *end = Some(refused(&connack)),
            // To take it back would only make the other one do the same.
            ClientAction::Disconnected(disconnect)
                if disconnect.reason == ReasonCode::SESSION_TAKEN_OVER =>
            {
                let text = "another client has connected by this client identifier";
                *end = Some(End::Refused(text.to_owned()));
            }
            ClientAction::Disconnected(disconnect) => {
                warn!("the server disconnects: {}", disconnect.reason);
            }
            ClientAction::Close(CloseReason::Disconnected) => *end = Some(End::Left),
            ClientAction::Close(CloseReason::Fault(Fault::SessionPresent)) => {
                *end = Some(End::UnknownSession);
            }
            ClientAction::Close(reason) => {
                end.get_or_insert(End::Lost(reason.to_string()));
            }
            action => self.application.act(action)?,
        }
        Ok(())
    }

    fn persist(&mut self) -> Result<(), Failure> {
        let records = self.client.journal(self.clock.now());
        match &mut self.store {
            Some(store) => store.persist(&mut self.client, records),
            None => Ok(()),
        }
    }

    /// Writes the last bytes, and waits for the server to close: a reset would swallow what is on its
    /// way.
    async fn finish(
        &mut self,
        mut reader: ReadHalf<Box<dyn Stream>>,
        writer: &mut WriteHalf<Box<dyn Stream>>,
    ) {
        let now = self.clock.now();
        let finish = async {
            writer.write_all_buf(self.client.transmit(now)).await?;
            writer.shutdown().await?;
            let mut rest = [0; 1024];
            while reader.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        match timeout(LINGER, finish).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!("at the end: {error}"),
            Err(_) => debug!("the server does not close the connection"),
        }
    }
}

/// Writes what there is, without copying large payloads if the stream takes several slices at once.
async fn write(writer: &mut WriteHalf<Box<dyn Stream>>, out: &mut Outgoing) -> io::Result<usize> {
    if out.has_remaining() {
        return writer.write_buf(out).await;
    }
    // TLS may hold something back.
    writer.flush().await?;
    future::pending().await
}

async fn wait(time: Option<Duration>) {
    match time {
        Some(time) => sleep(time).await,
        None => future::pending().await,
    }
}

fn refused(connack: &Connack<'_>) -> End {
    let mut text = match connack.return_code() {
        Some(code) => code.to_string(),
        None => connack.reason.to_string(),
    };
    if let Some(words) = connack.properties.reason_string() {
        text = format!("{text} ({})", words.as_str());
    }
    End::Refused(text)
}
