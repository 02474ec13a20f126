//! WebSockets as streams of bytes, and what else comes to their port: browsers that want the page.

use crate::page;
use futures_util::{Sink, Stream};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Bytes, Message,
        handshake::{
            machine::TryParse,
            server::{Request, create_response, write_response},
        },
        http::{HeaderMap, HeaderValue, header},
        protocol::{Role, WebSocketConfig},
    },
};

/// The longest head of a request.
const MAX_HEAD: usize = 16 * 1024;

/// How many bytes are put into a frame at most.
const FRAME: usize = 64 * 1024;

/// The subprotocol, and what clients of 3.1 call it.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];

/// How much is read at once.
const READ: usize = 16 * 1024;

/// What WebSockets are allowed.
pub struct Rules {
    /// Pages from elsewhere that may connect.
    pub origins: Vec<String>,
    pub max_message: usize,
}

/// A WebSocket, if the client wants one; otherwise it has got its answer.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    rules: &Rules,
) -> io::Result<Option<Bytestream<S>>> {
    let mut input = Vec::new();
    let (len, request) = loop {
        match Request::try_parse(&input) {
            Ok(Some(parsed)) => break parsed,
            Ok(None) if input.len() < MAX_HEAD => {}
            Ok(None) => return Err(io::Error::other("the head of the request is too long")),
            Err(error) => {
                page::answer(&mut stream, page::BAD_REQUEST, &error.to_string()).await?;
                return Err(io::Error::other(error));
            }
        }
        if stream.read_buf(&mut input).await? == 0 {
            return Ok(None);
        }
    };
    if !has_word(request.headers(), header::UPGRADE.as_str(), "websocket") {
        page::serve(&mut stream, request.uri().path()).await?;
        return Ok(None);
    }
    let protocol = match check(request.headers(), rules) {
        Ok(protocol) => HeaderValue::from_static(protocol),
        Err(why) => {
            page::answer(&mut stream, page::FORBIDDEN, &why).await?;
            return Err(io::Error::other(why));
        }
    };
    let mut response = create_response(&request).map_err(io::Error::other)?;
    // [MQTT-6.0.0-4]
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let mut head = Vec::new();
    write_response(&mut head, &response).map_err(io::Error::other)?;
    stream.write_all(&head).await?;
    stream.flush().await?;
    let rest = input.split_off(len);
    let mut config = WebSocketConfig::default();
    config.read_buffer_size = READ;
    config.max_message_size = Some(rules.max_message);
    config.max_frame_size = Some(rules.max_message);
    let socket =
        WebSocketStream::from_partially_read(stream, rest, Role::Server, Some(config)).await;
    Ok(Some(Bytestream { socket, frame: Bytes::new() }))
}

/// Whether a header that is a list has a word.
fn has_word(headers: &HeaderMap, name: &str, word: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// The subprotocol, if the client may have a WebSocket.
fn check(headers: &HeaderMap, rules: &Rules) -> Result<&'static str, String> {
    // [MQTT-6.0.0-3]
    let offered = |name: &&str| has_word(headers, header::SEC_WEBSOCKET_PROTOCOL.as_str(), name);
    let Some(protocol) = PROTOCOLS.into_iter().find(offered) else {
        return Err("the WebSocket subprotocol mqtt is missing".to_owned());
    };
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // Browsers tell whose page it is: any page could otherwise talk to a broker that only this machine
    // can reach.
    let Some(origin) = text(header::ORIGIN) else { return Ok(protocol) };
    let host = origin.split_once("://").map(|(_, host)| host);
    if host.is_some() && host == text(header::HOST) || rules.origins.iter().any(|one| one == origin)
    {
        return Ok(protocol);
    }
    Err(format!("pages of {origin} may not connect; --ws-origin {origin} lets them"))
}

/// The bytes in the frames of a WebSocket. MQTT packets need not be aligned to the frames
/// [MQTT-6.0.0-2].
pub struct Bytestream<S> {
    socket: WebSocketStream<S>,
    /// What is left of the frame that came.
    frame: Bytes,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Bytestream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.frame.is_empty() {
            let next = ready!(Pin::new(&mut self.socket).poll_next(context));
            match next.transpose().map_err(io::Error::other)? {
                Some(Message::Binary(frame)) => self.frame = frame,
                // [MQTT-6.0.0-1]
                Some(Message::Text(_)) => {
                    return Poll::Ready(Err(io::Error::other("a text frame")));
                }
                Some(Message::Close(_)) | None => return Poll::Ready(Ok(())),
                // Ping is answered by the library.
                Some(_) => {}
            }
        }
        let len = self.frame.len().min(buffer.remaining());
        buffer.put_slice(&self.frame.split_to(len));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Bytestream<S> {
    fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(context)).map_err(io::Error::other)?;
        let mut frame = Vec::new();
        for piece in pieces {
            let room = FRAME.saturating_sub(frame.len());
            frame.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
        let len = frame.len();
        let sent = Pin::new(&mut self.socket).start_send(Message::binary(frame));
        Poll::Ready(sent.map(|()| len).map_err(io::Error::other))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Bytestream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_send(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context).map_err(io::Error::other)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context).map_err(io::Error::other)
    }
}
