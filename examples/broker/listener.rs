//! Where clients come in: TCP, TLS over it, WebSocket over either.

use crate::{args::Options, connection, failure::Failure, hub::Hub, websocket};
use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpSocket, TcpStream, lookup_host},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};
use tracing::{debug, info, warn};

/// How long TLS and WebSocket may take to begin.
const TIMEOUT: Duration = Duration::from_secs(10);

/// After a failure to accept: there may be too many files open, which goes by.
const PAUSE: Duration = Duration::from_millis(100);

/// How many connections may wait until they are accepted; the system has a limit of its own. All clients
/// come back at once when a network does. With too little room Linux answers with SYN cookies, and then a
/// connection may begin without its first bytes, if its client sends a few at a time.
const BACKLOG: u32 = 4_096;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tcp,
    Tls,
    WebSocket,
    WebSocketOverTls,
}

impl Kind {
    const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::WebSocketOverTls)
    }

    const fn is_websocket(self) -> bool {
        matches!(self, Self::WebSocket | Self::WebSocketOverTls)
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::Tcp => "mqtt",
            Self::Tls => "mqtts",
            Self::WebSocket => "ws",
            Self::WebSocketOverTls => "wss",
        }
    }
}

/// What all listeners share.
pub struct Entrance {
    pub hub: Arc<Hub>,
    tls: Option<TlsAcceptor>,
    websocket: websocket::Rules,
    /// One for each connection that there may be, also while it begins.
    places: Arc<Semaphore>,
}

/// A place where clients come in.
pub struct Listener {
    kind: Kind,
    listener: TcpListener,
}

/// Opens everything that the command line names; tells where.
pub async fn open(options: &Options) -> Result<Vec<Listener>, Failure> {
    let named = [
        (Kind::Tcp, &options.listen),
        (Kind::Tls, &options.tls_listen),
        (Kind::WebSocket, &options.ws_listen),
        (Kind::WebSocketOverTls, &options.wss_listen),
    ];
    let all =
        named.iter().flat_map(|(kind, places)| places.iter().map(|place| (*kind, place.as_str())));
    let mut all: Vec<_> = all.collect();
    if all.is_empty() {
        all.push((Kind::Tcp, "127.0.0.1:1883"));
    }
    let mut listeners = Vec::new();
    for (kind, place) in all {
        let bad = |error: io::Error| Failure::Input(format!("cannot listen on {place}: {error}"));
        let mut addresses = lookup_host(place).await.map_err(bad)?;
        let address = addresses.next().ok_or_else(|| bad(io::ErrorKind::NotFound.into()))?;
        check(options, kind, address)?;
        let listener = listen(address).map_err(bad)?;
        listeners.push(Listener { kind, listener });
    }
    for Listener { kind, listener } in &listeners {
        println!("listening on {}://{}", kind.scheme(), listener.local_addr()?);
        if kind.is_websocket() {
            let scheme = if kind.is_tls() { "https" } else { "http" };
            println!("a page on {scheme}://{}", listener.local_addr()?);
        }
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Elsewhere than on Windows it lets a broker start again while its old connections linger.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A broker for everybody is not to be open to the world by mistake.
fn check(options: &Options, kind: Kind, address: SocketAddr) -> Result<(), Failure> {
    let knows_clients = options.passwords.is_some() || kind.is_tls() && options.client_ca.is_some();
    if address.ip().is_loopback() || knows_clients || options.allow_anonymous {
        return Ok(());
    }
    let why = "anybody could connect: give --passwords FILE, or --allow-anonymous if that is meant";
    Err(Failure::Input(format!("will not listen on {address}, where {why}")))
}

impl Entrance {
    pub fn new(options: &Options, hub: Arc<Hub>) -> Result<Arc<Self>, Failure> {
        let tls = match (&options.cert, &options.key) {
            (Some(cert), Some(key)) => Some(tls(cert, key, options.client_ca.as_deref())?),
            _ => None,
        };
        let websocket = websocket::Rules {
            origins: options.ws_origin.clone(),
            // What begins in a frame may end in it.
            max_message: hub.max_input,
        };
        let places = Arc::new(Semaphore::new(options.max_connections));
        Ok(Arc::new(Self { hub, tls, websocket, places }))
    }

    /// Takes in clients for ever.
    pub async fn run(self: Arc<Self>, listener: Listener) {
        let Listener { kind, listener } = listener;
        loop {
            let (stream, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!("cannot take in a client: {error}");
                    sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                info!("{from}: turned away: there are too many connections");
                continue;
            };
            // A PUBACK is not to wait for the packet behind it.
            if let Err(error) = stream.set_nodelay(true) {
                info!("{from}: {error}");
                continue;
            }
            if kind == Kind::Tcp {
                self.enter(kind, stream, from, place);
                continue;
            }
            let entrance = Arc::clone(&self);
            tokio::spawn(async move {
                if let Err(error) = entrance.welcome(kind, stream, from, place).await {
                    info!("{from}: {error}");
                }
            });
        }
    }

    /// What the client and the server have to say before MQTT.
    async fn welcome(
        &self,
        kind: Kind,
        stream: TcpStream,
        from: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> io::Result<()> {
        match &self.tls {
            Some(acceptor) if kind.is_tls() => {
                let stream = in_time(acceptor.accept(stream)).await?;
                self.prepare(kind, stream, from, place).await
            }
            _ => self.prepare(kind, stream, from, place).await,
        }
    }

    async fn prepare<S>(
        &self,
        kind: Kind,
        stream: S,
        from: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        if !kind.is_websocket() {
            self.enter(kind, stream, from, place);
            return Ok(());
        }
        match in_time(websocket::accept(stream, &self.websocket)).await? {
            Some(stream) => self.enter(kind, stream, from, place),
            None => debug!("{from}: wanted a page"),
        }
        Ok(())
    }

    /// From here on it has a task of its own, in which nothing has room that only the beginning of a
    /// connection needs, or one of another kind: most connections are idle.
    fn enter<S>(&self, kind: Kind, stream: S, from: SocketAddr, place: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let name = format!("{}://{from}", kind.scheme());
        if let Some(mut connection) = connection::open(&self.hub, stream, &name) {
            let task = async move {
                connection.run().await;
                drop(place);
            };
            tokio::spawn(task);
        }
    }
}

async fn in_time<T>(begin: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(TIMEOUT, begin).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it takes too long to begin")),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let bad = |error| Failure::file(path, format!("no certificates in the form of PEM: {error}"));
    let found = CertificateDer::pem_file_iter(path).map_err(bad)?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(bad)?;
    match found.is_empty() {
        true => Err(Failure::file(path, "no certificate in it")),
        false => Ok(found),
    }
}

fn tls(cert: &Path, key: &Path, client_ca: Option<&Path>) -> Result<TlsAcceptor, Failure> {
    let chain = certificates(cert)?;
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| Failure::file(key, format!("no private key: {error}")))?;
    let builder = ServerConfig::builder();
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| Failure::file(path, error))?;
            }
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            builder.with_client_cert_verifier(verifier.map_err(|e| Failure::file(path, e))?)
        }
    };
    let config = builder.with_single_cert(chain, private);
    let config = config.map_err(|error| Failure::file(cert, format!("with its key: {error}")))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
