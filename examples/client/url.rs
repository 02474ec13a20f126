//! Where the server is: mqtt://host:port and its like.

use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Mqtt,
    Mqtts,
    Ws,
    Wss,
}

impl Scheme {
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Mqtts | Self::Wss)
    }

    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    const fn port(self) -> u16 {
        match self {
            Self::Mqtt => 1883,
            Self::Mqtts => 8883,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    pub scheme: Scheme,
    /// Without the brackets of an IPv6 address.
    pub host: String,
    pub port: u16,
    /// The path and the query of a WebSocket.
    pub path: String,
}

impl Url {
    /// Host and port, as they are in a URL.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("mqtt", text));
        let scheme = match scheme {
            "mqtt" | "tcp" => Scheme::Mqtt,
            "mqtts" | "ssl" => Scheme::Mqtts,
            "ws" => Scheme::Ws,
            "wss" => Scheme::Wss,
            other => {
                return Err(format!("unknown scheme {other:?}: mqtt, mqtts, ws or wss is known"));
            }
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err("a URL with a user: use --user-name and --password-env".to_owned());
        }
        if !scheme.is_websocket() && !matches!(path, "" | "/") {
            return Err(format!("a path, {path:?}, which only ws and wss have"));
        }
        let (host, port) = host_and_port(authority)?;
        if host.is_empty() {
            return Err("no host".to_owned());
        }
        let port = match port {
            None => scheme.port(),
            Some(port) => port.parse().map_err(|_| format!("not a port: {port:?}"))?,
        };
        let path = if path.is_empty() { "/mqtt" } else { path };
        Ok(Self { scheme, host: host.to_owned(), port, path: path.to_owned() })
    }
}

fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), String> {
    let Some(address) = authority.strip_prefix('[') else {
        return match authority.split_once(':') {
            Some((_, port)) if port.contains(':') => {
                Err("an IPv6 address belongs in brackets, as in mqtt://[::1]:1883".to_owned())
            }
            Some((host, port)) => Ok((host, Some(port))),
            None => Ok((authority, None)),
        };
    };
    match address.split_once(']') {
        Some((host, "")) => Ok((host, None)),
        Some((host, port)) if port.starts_with(':') => Ok((host, port.strip_prefix(':'))),
        _ => Err("an IPv6 address without its closing bracket".to_owned()),
    }
}
