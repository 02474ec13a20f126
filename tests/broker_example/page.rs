//! The page of the broker in a browser.

use crate::{has, server::Server};
use std::{env, fs, path::Path, process::Command};

const DEMANDED: &str = "MQTT_PURE_NEED_BROWSER";

/// A person's part is played by `page.py`.
#[test]
fn a_person_subscribes_and_publishes_in_a_browser() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !has("chromium", DEMANDED) || !has("python3", DEMANDED) {
        return;
    }
    if !root.join("examples/broker/page/vendor/mqtt.min.js").exists() {
        assert!(env::var_os(DEMANDED).is_none(), "run examples/broker/page/vendor.sh");
        eprintln!("skipped: examples/broker/page/vendor.sh has not been run");
        return;
    }
    let server = Server::start("page", &["--ws-listen", "127.0.0.1:0"]);
    let url = server.url("ws").replacen("ws", "http", 1);
    let shot = server.file("page.png");
    let mut command = Command::new("python3");
    command.arg(root.join("tests/broker_example/page.py")).args([&url, &shot]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(fs::metadata(shot).unwrap().len() > 1_000);
}
