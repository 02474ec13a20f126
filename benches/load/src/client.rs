//! A client that knows no more than the packets: what it sends is up to who uses it.

use crate::failure::{Failure, Result};
use mqtt_pure::{
    Connect, DecodeOptions, Delivery, Packet, PacketId, Publish, QoS, ReasonCode, StreamDecoder,
    StreamItem, Subscribe, Subscription, Text, TopicFilter, TopicName, Version,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// How long a broker may take for an answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How a client introduces itself.
#[derive(Clone)]
pub struct Hello {
    pub client_id: String,
    pub keep_alive: u16,
    pub clean_session: bool,
    /// The address that it comes from; each has as many ports as there are.
    pub from: Ipv4Addr,
    /// How much the system keeps for it that it has not read; `None` for as much as it likes.
    pub window: Option<u32>,
}

impl Hello {
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            keep_alive: 60,
            clean_session: true,
            from: Ipv4Addr::LOCALHOST,
            window: None,
        }
    }

    /// The CONNECT.
    pub fn packet(&self) -> Result<Vec<u8>> {
        let mut connect = Connect::new(Version::V3_1_1, text(&self.client_id)?);
        (connect.keep_alive, connect.clean_session) = (self.keep_alive, self.clean_session);
        encoded(&Packet::Connect(connect))
    }

    /// A connection on which nothing was said.
    pub async fn open(&self, to: SocketAddr) -> Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        if let Some(window) = self.window {
            socket.set_recv_buffer_size(window)?;
        }
        if self.from != Ipv4Addr::LOCALHOST {
            socket.bind((self.from, 0).into())?;
        }
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

pub struct Client {
    pub stream: TcpStream,
    decoder: StreamDecoder,
    buffer: Vec<u8>,
    /// What is to be sent.
    pub out: Vec<u8>,
}

impl Client {
    /// Connects, and waits for the CONNACK.
    pub async fn connect(to: SocketAddr, hello: &Hello) -> Result<Self> {
        let mut client = Self {
            stream: hello.open(to).await?,
            decoder: StreamDecoder::new(DecodeOptions::new(Version::V3_1_1)),
            buffer: vec![0; CHUNK],
            out: hello.packet()?,
        };
        let mut code = None;
        client.flush().await?;
        client
            .read_until(|packet| {
                if let Packet::Connack(connack) = packet {
                    code = Some(connack.reason);
                }
                code.is_some()
            })
            .await?;
        match code {
            Some(ReasonCode::SUCCESS) => Ok(client),
            code => Err(Failure(format!("{} was refused: {code:?}", hello.client_id))),
        }
    }

    /// Subscribes to a filter, and waits for the SUBACK.
    pub async fn subscribe(&mut self, filter: &str, qos: QoS) -> Result<()> {
        self.out.extend(subscribe(1, [filter], qos)?);
        self.flush().await?;
        let mut is_granted = None;
        self.read_until(|packet| {
            if let Packet::Suback(suback) = packet {
                is_granted = Some(suback.codes.iter().all(|code| !code.is_failure()));
            }
            is_granted.is_some()
        })
        .await?;
        match is_granted {
            Some(true) => Ok(()),
            _ => Err(Failure(format!("no subscription to {filter}"))),
        }
    }

    /// Sends what is to be sent.
    pub async fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.out).await?;
        self.out.clear();
        Ok(())
    }

    /// Reads once. `handle` gets the packets, and what answers them goes to what is to be sent.
    pub async fn read(&mut self, mut handle: impl FnMut(&Packet<'_>, &mut Vec<u8>)) -> Result<()> {
        let len = self.stream.read(&mut self.buffer).await?;
        if len == 0 {
            return Err(Failure::new("the broker has closed the connection"));
        }
        let mut feed = self.decoder.feed(&self.buffer[..len]);
        while let Some(item) = feed.next()? {
            if let StreamItem::Packet(packet) = item {
                handle(&packet, &mut self.out);
            }
        }
        Ok(())
    }

    /// Reads until a packet is the one that is waited for. QoS 1 is acknowledged.
    pub async fn read_until(&mut self, mut is_it: impl FnMut(&Packet<'_>) -> bool) -> Result<()> {
        let read = async {
            let mut is_found = false;
            while !is_found {
                self.read(|packet, out| {
                    acknowledge(packet, out);
                    is_found |= is_it(packet);
                })
                .await?;
                self.flush().await?;
            }
            Ok(())
        };
        in_time(read, "the broker does not answer").await?
    }

    /// Whether a PINGREQ is answered.
    pub async fn ping(&mut self) -> Result<()> {
        self.out.extend(PINGREQ);
        self.flush().await?;
        self.read_until(|packet| matches!(packet, Packet::Pingresp(_))).await
    }
}

/// Waits for something that the broker has to bring about before patience ends.
pub async fn in_time<T>(what: impl Future<Output = T>, else_said: &str) -> Result<T> {
    timeout(PATIENCE, what).await.map_err(|_| Failure::new(else_said))
}

pub const PINGREQ: [u8; 2] = [0xc0, 0];
pub const PINGRESP: [u8; 2] = [0xd0, 0];

/// Puts the PUBACK of a message of QoS 1 behind what is to be sent.
pub fn acknowledge(packet: &Packet<'_>, out: &mut Vec<u8>) {
    if let Packet::Publish(publish) = packet
        && let Some(id) = publish.packet_id()
    {
        let [high, low] = id.get().to_be_bytes();
        out.extend([0x40, 2, high, low]);
    }
}

/// A SUBSCRIBE.
pub fn subscribe<'a>(
    id: u16,
    filters: impl IntoIterator<Item = &'a str>,
    qos: QoS,
) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for filter in filters {
        let filter = TopicFilter::new(filter).map_err(|error| Failure(error.to_string()))?;
        all.push(Subscription::new(filter, qos));
    }
    encoded(&Packet::Subscribe(Subscribe::new(packet_id(id)?, &all[..])))
}

/// A PUBLISH of QoS 0, or of QoS 1 with an identifier.
pub fn publish(topic: &str, payload: &[u8], id: Option<u16>, retain: bool) -> Result<Vec<u8>> {
    let topic = TopicName::new(topic).map_err(|error| Failure(error.to_string()))?;
    let mut publish = Publish::new(topic, payload);
    publish.retain = retain;
    if let Some(id) = id {
        publish.delivery = Delivery::AtLeastOnce { packet_id: packet_id(id)?, dup: false };
    }
    encoded(&Packet::Publish(publish))
}

pub fn encoded(packet: &Packet<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let done = packet.encode(Version::V3_1_1, &mut bytes);
    done.map_err(|error| Failure(error.to_string()))?;
    Ok(bytes)
}

fn packet_id(id: u16) -> Result<PacketId> {
    PacketId::new(id).ok_or_else(|| Failure::new("0 is no packet identifier"))
}

fn text(text: &str) -> Result<Text<'_>> {
    Text::new(text).map_err(|error| Failure(error.to_string()))
}
