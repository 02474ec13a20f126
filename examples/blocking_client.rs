//! A client with nothing but the standard library: subscribes, publishes, prints what comes.
//!
//! `cargo run --example blocking_client -- localhost:1883 a/b 1 hello` ends when the message has come
//! back; without a message it prints until it is interrupted. The loop in `converse` is all that a
//! [`Client`] needs.

use bytes::Buf;
use mqtt_pure::{
    Client, ClientAction, Connect, Disconnect, Instant, Message, Outgoing, Properties, QoS,
    SessionOptions, Subscription, Text, TopicFilter, TopicName, Version,
};
use std::{
    error::Error,
    io::{ErrorKind, IoSlice, Read, Write},
    net::TcpStream,
    process::ExitCode,
    time::Duration,
};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let qos = args.get(2).and_then(|qos| qos.parse().ok()).and_then(QoS::new);
    let (Some(server), Some(topic), Some(qos), 3 | 4) =
        (args.first(), args.get(1), qos, args.len())
    else {
        eprintln!("usage: blocking_client HOST:PORT TOPIC QOS [MESSAGE]");
        return ExitCode::from(2);
    };
    match converse(server, topic, qos, args.get(3)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn converse(
    server: &str,
    topic: &str,
    qos: QoS,
    text: Option<&String>,
) -> Result<(), Box<dyn Error>> {
    let filter = TopicFilter::new(topic)?;
    let mut message = match text {
        Some(text) => Some(Message::new(TopicName::new(topic)?, text.clone()).with_qos(qos)),
        None => None,
    };
    let id = format!("blocking-{}", std::process::id());
    let mut stream = TcpStream::connect(server)?;
    let start = std::time::Instant::now();
    let clock = || Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(0));

    let mut client = Client::new(SessionOptions::new());
    client.opened(clock(), &Connect::new(Version::V5_0, Text::new(&id)?))?;
    let (mut input, mut chunk) = (Vec::new(), [0; 4096]);
    let (mut came_back, mut is_leaving) = (false, false);
    loop {
        // Hand over what has come, and act on what it means.
        let (now, mut rest) = (clock(), &input[..]);
        while let Some(action) = client.receive(now, &mut rest) {
            match action {
                ClientAction::Connected(_) => {
                    let subscriptions = [Subscription::new(filter, qos)];
                    client.subscribe(now, &subscriptions, Properties::EMPTY)?;
                }
                ClientAction::Subscribed(_, suback) => {
                    if let Some(code) = suback.codes.iter().find(|code| code.is_failure()) {
                        return Err(format!("{topic}: {code}").into());
                    }
                    if let Some(message) = message.take() {
                        client.publish(now, message)?;
                    }
                }
                ClientAction::Message(received) => {
                    println!("{} {}", received.topic(), received.payload().escape_ascii());
                    came_back |= text.is_some_and(|text| received.payload() == text.as_bytes());
                }
                ClientAction::Refused(connack) => return Err(connack.reason.to_string().into()),
                ClientAction::Close(_) if is_leaving => {}
                ClientAction::Close(reason) => return Err(reason.into()),
                _ => {} // Answers: in_flight() tells when there are none to come.
            }
        }
        input.drain(..input.len().saturating_sub(rest.len()));
        if came_back && !is_leaving && client.in_flight() == 0 {
            client.disconnect(now, &Disconnect::new())?;
            is_leaving = true;
            continue; // To hear what there is to be said about it.
        }

        // Write what is to be written.
        transmit(&mut stream, client.transmit(now))?;
        if is_leaving {
            return Ok(());
        }

        // Wait for bytes, but not beyond the deadline.
        let wait = client.deadline().map(|(moment, _)| moment.millis_since(clock()).max(1));
        stream.set_read_timeout(wait.map(Duration::from_millis))?;
        match stream.read(&mut chunk) {
            Ok(0) => return Err("the server has closed the connection".into()),
            Ok(len) => input.extend_from_slice(chunk.get(..len).unwrap_or_default()),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        client.timeout(clock());
    }
}

/// All of it; large payloads are not copied.
fn transmit(stream: &mut TcpStream, out: &mut Outgoing) -> std::io::Result<()> {
    while out.has_remaining() {
        let mut slices = [IoSlice::new(&[]); 16];
        let count = out.chunks_vectored(&mut slices);
        match stream.write_vectored(slices.get(..count).unwrap_or_default()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(len) => out.advance(len),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
