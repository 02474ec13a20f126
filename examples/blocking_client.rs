//! A client with the standard library alone: subscribes, publishes, prints what comes.
//!
//! `cargo run --example blocking_client -- localhost:1883 a/b 1 hello` ends when its message has come
//! back; without one it prints until it is interrupted. The loop of `run` is all a `Client` needs.
use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, Disconnect, Instant, Message, Outgoing, Properties, QoS,
    SessionOptions, Subscription, Text, TopicFilter, TopicName, Version,
};
use std::io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
use std::io::{IoSlice, Read, Write};
use std::{net::TcpStream, process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let qos = args.get(2).and_then(|qos| qos.parse().ok()).and_then(QoS::new);
    let ([server, topic, _] | [server, topic, _, _], Some(qos)) = (&args[..], qos) else {
        eprintln!("usage: blocking_client HOST:PORT TOPIC QOS [MESSAGE]");
        return ExitCode::from(2);
    };
    match run(server, topic, qos, args.get(3)) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => eprintln!("error: {error}"),
    }
    ExitCode::FAILURE
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn run(server: &str, topic: &str, qos: QoS, text: Option<&String>) -> Result<()> {
    let start = std::time::Instant::now();
    let clock = || Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(0));
    let client_id = format!("blocking-{}", std::process::id());
    let subscriptions = [Subscription::new(TopicFilter::new(topic)?, qos)];
    let mut message = match text {
        Some(text) => Some(Message::new(TopicName::new(topic)?, text.clone()).with_qos(qos)),
        None => None,
    };
    let (mut input, mut chunk, mut came_back) = (Vec::new(), [0; 4096], false);

    let mut stream = TcpStream::connect(server)?;
    let mut client = Client::new(SessionOptions::client());
    client.opened(clock(), &Connect::new(Version::V5_0, Text::new(&client_id)?))?;
    loop {
        // Receive, and act on what it means; what is left is the beginning of a packet.
        let (now, mut rest) = (clock(), &input[..]);
        while let Some(action) = client.receive(now, &mut rest) {
            match action {
                ClientAction::Connected(_) => {
                    client.subscribe(now, &subscriptions, Properties::EMPTY)?;
                }
                ClientAction::Subscribed(_, suback) => {
                    if let Some(code) = suback.codes.iter().find(|code| code.is_failure()) {
                        return Err(format!("{topic}: {code}").into());
                    }
                    message.take().map(|message| client.publish(now, message)).transpose()?;
                }
                ClientAction::Message(received) => {
                    println!("{} {}", received.topic(), received.payload().escape_ascii());
                    came_back |= text.is_some_and(|text| received.payload() == text.as_bytes());
                }
                ClientAction::Refused(connack) => return Err(connack.reason.to_string().into()),
                ClientAction::Close(reason) => return Err(reason.into()),
                _ => {} // Of messages that have arrived `in_flight` tells enough here.
            }
        }
        input.drain(..input.len().saturating_sub(rest.len()));
        let is_done = came_back && client.in_flight() == 0;
        if is_done {
            client.disconnect(now, &Disconnect::new())?;
        }
        // Transmit what is to be written.
        write(&mut stream, client.transmit(now))?;
        if is_done {
            while matches!(stream.read(&mut chunk), Ok(1..)) {} // The server closes.
            return Ok(());
        }
        // Wait for bytes, until the deadline.
        let wait = client.deadline().map(|(due, _)| due.millis_since(clock()).max(1));
        stream.set_read_timeout(wait.map(Duration::from_millis))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Err("the server has closed the connection".into()),
            Ok(len) => input.extend_from_slice(chunk.get(..len).unwrap_or_default()),
            Err(error) if matches!(error.kind(), WouldBlock | TimedOut | Interrupted) => {}
            Err(error) => return Err(error.into()),
        }
        client.timeout(clock());
    }
}

/// Large payloads are written from where they are.
fn write(stream: &mut TcpStream, out: &mut Outgoing) -> Result<()> {
    while out.has_remaining() {
        let mut slices = [IoSlice::new(&[]); 16];
        let count = out.chunks_vectored(&mut slices);
        out.advance(stream.write_vectored(slices.get(..count).unwrap_or_default())?);
    }
    Ok(())
}
