//! The command line that all clients here have: `sub` or `pub`, then `name=value`.

use std::time::Duration;

pub struct Args {
    pub subscribes: bool,
    pub host: String,
    pub port: u16,
    pub transport: String,
    pub ca: String,
    pub version: String,
    pub id: String,
    pub is_clean: bool,
    pub qos: u8,
    pub filters: Vec<String>,
    pub will: Option<(String, String)>,
    pub retain: bool,
    /// Topics with their payloads.
    pub messages: Vec<(String, Vec<u8>)>,
    pub pace: Duration,
}

impl Args {
    pub fn read() -> Self {
        let words: Vec<String> = std::env::args().skip(1).collect();
        let pairs: Vec<_> = words.iter().filter_map(|word| word.split_once('=')).collect();
        let get = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1);
        let text = |name| get(name).unwrap_or_default().to_owned();
        let number = |name| get(name).map_or(0, |value| value.parse().unwrap());
        let all = |name: &str| -> Vec<String> {
            pairs.iter().filter(|pair| pair.0 == name).map(|pair| pair.1.to_owned()).collect()
        };
        let payloads: Vec<Vec<u8>> = match (get("file"), get("message")) {
            (Some(path), _) => vec![std::fs::read(path).unwrap()],
            (None, Some(message)) => vec![message.into()],
            (None, None) => (0..number("count")).map(|at| format!("m{at}").into()).collect(),
        };
        Self {
            subscribes: words[0] == "sub",
            host: text("host"),
            port: u16::try_from(number("port")).unwrap(),
            transport: text("transport"),
            ca: text("ca"),
            version: text("version"),
            id: text("id"),
            is_clean: get("clean") != Some("0"),
            qos: u8::try_from(number("qos")).unwrap(),
            filters: all("filter"),
            will: get("will").map(|topic| (topic.to_owned(), text("will_message"))),
            retain: get("retain") == Some("1"),
            messages: all("topic").into_iter().cycle().zip(payloads).collect(),
            pace: Duration::from_millis(number("pace")),
        }
    }

    pub fn transport(&self) -> rumqttc::Transport {
        match self.transport.as_str() {
            "tls" => rumqttc::Transport::tls(std::fs::read(&self.ca).unwrap(), None, None),
            "ws" => rumqttc::Transport::Ws,
            _ => rumqttc::Transport::Tcp,
        }
    }

    /// What rumqttc calls the host: of a WebSocket it is the whole URL.
    pub fn broker(&self) -> String {
        match self.transport.as_str() {
            "ws" => format!("ws://{}:{}/mqtt", self.host, self.port),
            _ => self.host.clone(),
        }
    }
}
