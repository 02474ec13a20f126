//! One connection: moves bytes between a stream and the broker.
//!
//! Reading and writing go on side by side in one task. What was read is given to the broker out of a
//! buffer that all connections of a thread share, so that a connection that is idle has none; only what
//! the broker does not take is kept. While it takes nothing, as the client does not read or is not
//! accepted yet, nothing is read.

use crate::{
    hub::Hub,
    port::{Order, Port},
};
use bytes::Buf;
use mqtt_pure::{CloseReason, ConnectionId, DecodeOptions, Outgoing, Split, split};
use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    task::yield_now,
    time::{Sleep, sleep, timeout},
};
use tracing::{debug, info};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// So much is a good part of what others do in a turn.
const MUCH: usize = 4 * 1024;

/// How many pieces are written at once.
const PIECES: usize = 64;

/// Larger ones are given back when they are empty.
const KEPT: usize = 64 * 1024;

/// How long the last bytes, and the client's end of the connection, are waited for.
const LINGER: Duration = Duration::from_secs(2);

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; CHUNK]);
}

pub struct Connection<S> {
    hub: Arc<Hub>,
    id: ConnectionId,
    port: Arc<Port>,
    stream: S,
    /// What came and was not taken.
    input: Vec<u8>,
    /// The broker takes nothing for now.
    is_stuck: bool,
    out: Outgoing,
    is_writing: bool,
    /// It is the turn of the input, which a client that gets much would wait for in vain else.
    is_read_due: bool,
    /// When it is too late to write.
    end: Option<Pin<Box<Sleep>>>,
}

/// What has happened.
enum Event {
    Read(usize),
    Written,
    Told(Order),
    /// The client has closed its side.
    Ended,
    Failed(io::Error),
    TooLate,
}

/// A client that has connected; nothing if there is no place for it.
pub fn open<S>(hub: &Arc<Hub>, stream: S, from: &str) -> Option<Connection<S>> {
    let (id, port) = match hub.opened() {
        Ok(opened) => opened,
        Err(error) => {
            info!("{from}: turned away: {error}");
            return None;
        }
    };
    debug!("{id}: from {from}");
    Some(Connection {
        hub: Arc::clone(hub),
        id,
        port,
        stream,
        input: Vec::new(),
        is_stuck: false,
        out: Outgoing::default(),
        is_writing: false,
        is_read_due: false,
        end: None,
    })
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Runs it to its end.
    pub async fn run(&mut self) {
        let id = self.id;
        match self.serve().await {
            Ok(reason) => {
                // It needs much that those that go on do not.
                Box::pin(self.finish()).await;
                info!("{id}: closed: {reason}");
            }
            Err(error) => info!("{id}: lost: {error}"),
        }
        self.hub.closed(id);
    }

    /// Until the broker closes the connection, or it is lost.
    async fn serve(&mut self) -> io::Result<CloseReason> {
        loop {
            match poll_fn(|context| self.poll(context)).await {
                // There is more to come, and others have waited: without this one that sends as fast as
                // it can would go on for a hundred turns.
                Event::Read(len) if len >= MUCH => yield_now().await,
                Event::Read(_) => {}
                Event::Written => self.written(),
                Event::Told(Order::Write(out)) => (self.out, self.is_writing) = (out, true),
                Event::Told(Order::Close(reason)) => return Ok(reason),
                Event::Told(Order::Again) => self.offer(),
                Event::Told(Order::Hurry) => {
                    self.end.get_or_insert_with(|| Box::pin(sleep(LINGER)));
                }
                Event::Ended => return Err(io::Error::other("the client has closed it")),
                Event::Failed(error) => return Err(error),
                Event::TooLate => return Err(io::Error::other("the client does not read")),
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if mem::take(&mut self.is_read_due)
            && let Poll::Ready(event) = self.poll_input(context)
        {
            return Poll::Ready(event);
        }
        if self.is_writing
            && let Poll::Ready(result) = self.poll_write(context)
        {
            return Poll::Ready(match result {
                Ok(()) => Event::Written,
                Err(error) => Event::Failed(error),
            });
        }
        if let Poll::Ready(order) = self.port.poll(context) {
            return Poll::Ready(Event::Told(order));
        }
        if let Poll::Ready(event) = self.poll_input(context) {
            return Poll::Ready(event);
        }
        match &mut self.end {
            Some(end) => end.as_mut().poll(context).map(|()| Event::TooLate),
            None => Poll::Pending,
        }
    }

    fn poll_input(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if self.is_stuck {
            return Poll::Pending;
        }
        self.poll_read(context).map(|result| match result {
            Ok(0) => Event::Ended,
            Ok(len) => Event::Read(len),
            Err(error) => Event::Failed(error),
        })
    }

    /// Writes until everything is written, without copies of large payloads.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.out.has_remaining() {
            let mut pieces = [IoSlice::new(&[]); PIECES];
            let count = self.out.chunks_vectored(&mut pieces);
            let pieces = pieces.get(..count).unwrap_or_default();
            let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
            match ready!(written)? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                len => self.out.advance(len),
            }
        }
        // TLS and WebSocket hold something back.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Reads once, and gives the broker what has come.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let new = buffer.filled();
            if self.input.is_empty() {
                let mut rest = new;
                self.hub.receive(self.id, &mut rest);
                self.input.extend_from_slice(rest);
                self.look();
            } else {
                self.input.extend_from_slice(new);
                self.offer();
            }
            Poll::Ready(Ok(new.len()))
        })
    }

    /// Gives the broker what is left of the input.
    fn offer(&mut self) {
        let mut rest = &self.input[..];
        if !rest.is_empty() {
            self.hub.receive(self.id, &mut rest);
            let left = rest.len();
            self.keep(left);
        }
    }

    /// Everything is written, so that the broker may take more.
    fn written(&mut self) {
        (self.out, self.is_writing) = (Outgoing::default(), false);
        self.is_read_due = true;
        let mut rest = &self.input[..];
        self.hub.written(self.id, &mut rest);
        let left = rest.len();
        self.keep(left);
    }

    /// Keeps what the broker has left.
    fn keep(&mut self, left: usize) {
        self.input.drain(..self.input.len().saturating_sub(left));
        if self.input.is_empty() && self.input.capacity() > KEPT {
            self.input = Vec::new();
        }
        self.look();
    }

    /// If there is a whole packet that the broker has not taken, it takes none.
    fn look(&mut self) {
        // Its size is the broker's to judge.
        let options = DecodeOptions::default().with_max_packet_size(DecodeOptions::MAX_PACKET_SIZE);
        let is_whole = matches!(split(&self.input, options), Ok(Split::Whole(_)));
        self.is_stuck = is_whole || self.input.len() > self.hub.max_input;
    }

    /// Closes this side, and waits for the client to do likewise: a reset would swallow what is on its
    /// way to it.
    async fn finish(&mut self) {
        let stream = &mut self.stream;
        let mut rest = vec![0; 1_024];
        let finish = async {
            stream.shutdown().await?;
            while stream.read(&mut rest).await? > 0 {}
            io::Result::Ok(())
        };
        match timeout(LINGER, finish).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!("{}: at the end: {error}", self.id),
            Err(_) => debug!("{}: the client does not close it", self.id),
        }
    }
}
