//! The page that browsers get: a person subscribes and publishes with it, over the same port.

use std::{fs, io};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    task::spawn_blocking,
};

pub const BAD_REQUEST: &str = "400 Bad Request";
pub const FORBIDDEN: &str = "403 Forbidden";

/// Where `vendor.sh` puts the MQTT client for browsers.
const CLIENT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/broker/page/vendor/mqtt.min.js");

/// The page runs nothing but its own scripts, and talks to nobody but this broker.
const POLICY: &str =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:";

/// Answers a GET.
pub async fn serve(stream: &mut (impl AsyncWrite + Unpin), path: &str) -> io::Result<()> {
    let (kind, body) = match path {
        "/" => ("text/html", include_bytes!("page/index.html").to_vec()),
        "/page.css" => ("text/css", include_bytes!("page/page.css").to_vec()),
        "/page.js" => ("text/javascript", include_bytes!("page/page.js").to_vec()),
        "/mqtt.min.js" => match spawn_blocking(|| fs::read(CLIENT)).await {
            Ok(Ok(script)) => ("text/javascript", script),
            _ => return answer(stream, "404 Not Found", "run vendor.sh").await,
        },
        _ => return answer(stream, "404 Not Found", "there is only /").await,
    };
    write(stream, "200 OK", kind, &body).await
}

/// Answers with a status and words.
pub async fn answer(
    stream: &mut (impl AsyncWrite + Unpin),
    status: &str,
    words: &str,
) -> io::Result<()> {
    write(stream, status, "text/plain", format!("{words}\n").as_bytes()).await
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    status: &str,
    kind: &str,
    body: &[u8],
) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {}\r\n\
         Content-Security-Policy: {POLICY}\r\nX-Content-Type-Options: nosniff\r\n\
         Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}
