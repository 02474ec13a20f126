//! Byte streams to the server: TCP, TLS over it, WebSocket over either.

use crate::{args::ConnectionArgs, failure::Failure, url::Url};
use futures_util::{SinkExt, StreamExt};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// How long it may take to have one.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How many bytes are between a WebSocket and the session.
const PIPE: usize = 64 * 1024;

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// What is needed to open streams, again and again.
pub struct Transport {
    url: Url,
    tls: Option<TlsConnector>,
}

impl Transport {
    pub fn new(args: &ConnectionArgs) -> Result<Self, Failure> {
        let url = args.url.clone();
        if args.ca.is_some() && !url.scheme.is_tls() {
            return Err(Failure::Input("--ca goes with mqtts:// and wss:// alone".to_owned()));
        }
        let tls = if url.scheme.is_tls() { Some(tls(args.ca.as_deref())?) } else { None };
        Ok(Self { url, tls })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub async fn open(&self) -> io::Result<Box<dyn Stream>> {
        match timeout(TIMEOUT, self.open_now()).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
        }
    }

    async fn open_now(&self) -> io::Result<Box<dyn Stream>> {
        let tcp = TcpStream::connect((self.url.host.as_str(), self.url.port)).await?;
        // A PUBACK is not to wait for the packet behind it.
        tcp.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.tls {
            None => Box::new(tcp),
            Some(connector) => {
                let name = ServerName::try_from(self.url.host.clone()).map_err(io::Error::other)?;
                Box::new(connector.connect(name, tcp).await?)
            }
        };
        if self.url.scheme.is_websocket() { self.upgrade(stream).await } else { Ok(stream) }
    }

    async fn upgrade(&self, stream: Box<dyn Stream>) -> io::Result<Box<dyn Stream>> {
        let scheme = if self.url.scheme.is_tls() { "wss" } else { "ws" };
        let address = format!("{scheme}://{}{}", self.url.authority(), self.url.path);
        let mut request = address.into_client_request().map_err(io::Error::other)?;
        // [MQTT-6.0.0-3]
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("mqtt"));
        let (socket, _) = client_async(request, stream).await.map_err(io::Error::other)?;
        let (near, far) = tokio::io::duplex(PIPE);
        let (reader, writer) = tokio::io::split(far);
        tokio::spawn(async move {
            if let Err(error) = carry(socket, reader, writer).await {
                tracing::debug!("WebSocket: {error}");
            }
        });
        Ok(Box::new(near))
    }
}

/// Moves bytes between a WebSocket and a pipe until one of them ends. MQTT packets need not be aligned
/// to the frames [MQTT-6.0.0-2], so the session sees a stream like any other.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    mut reader: ReadHalf<DuplexStream>,
    mut writer: WriteHalf<DuplexStream>,
) -> io::Result<()> {
    let mut bytes = vec![0; PIPE];
    loop {
        tokio::select! {
            len = reader.read(&mut bytes) => match len? {
                0 => break,
                len => {
                    let frame = bytes.get(..len).unwrap_or_default().to_vec();
                    // [MQTT-6.0.0-1]
                    socket.send(Message::binary(frame)).await.map_err(io::Error::other)?;
                }
            },
            frame = socket.next() => match frame.transpose().map_err(io::Error::other)? {
                Some(Message::Binary(frame)) => writer.write_all(&frame).await?,
                Some(Message::Text(_)) => return Err(io::Error::other("a text frame")),
                Some(Message::Close(_)) | None => break,
                // Ping is answered by the library.
                Some(_) => {}
            },
        }
    }
    socket.close(None).await.map_err(io::Error::other)
}

fn tls(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    match ca {
        Some(path) => {
            let bad = |why: String| Failure::Input(format!("{}: {why}", path.display()));
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|e| bad(e.to_string()))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| bad(error.to_string()))?;
                roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(bad("no certificate in it".to_owned()));
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            if roots.is_empty() {
                let why = "the system trusts no certificates; name some by --ca";
                return Err(Failure::Input(why.to_owned()));
            }
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
