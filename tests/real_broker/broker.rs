//! A mosquitto of our own: its port, its files, its life.

use crate::tools::{found, make_certificates};
use std::{
    env,
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    Tcp,
    Tls,
    WebSocket,
    WebSocketOverTls,
    /// Nobody may connect.
    Closed,
}

impl Listener {
    const fn scheme(self) -> &'static str {
        match self {
            Self::Tcp | Self::Closed => "mqtt",
            Self::Tls => "mqtts",
            Self::WebSocket => "ws",
            Self::WebSocketOverTls => "wss",
        }
    }

    const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::WebSocketOverTls)
    }
}

pub struct Broker {
    program: PathBuf,
    folder: PathBuf,
    listener: Listener,
    port: u16,
    child: Child,
}

impl Broker {
    /// Starts one; `None` if there is nothing to be started.
    pub fn start(name: &str, listener: Listener) -> Option<Self> {
        let Some(program) = found("mosquitto") else { return skipped("no mosquitto") };
        if listener.is_tls() && found("openssl").is_none() {
            return skipped("no openssl");
        }
        let folder = env::temp_dir().join(format!("mqtt-pure-{}-{name}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        if listener.is_tls() {
            make_certificates(&folder);
        }
        // Somebody else may take a port that was free.
        for _ in 0..3 {
            let port = free_port();
            fs::write(folder.join("mosquitto.conf"), config(&folder, listener, port)).unwrap();
            let mut child = spawn(&program, &folder);
            if is_up(&mut child, port) {
                return Some(Self { program, folder, listener, port, child });
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(folder.join("log")).unwrap();
        if log.to_lowercase().contains("websockets support not available") {
            return skipped("this mosquitto has no WebSocket");
        }
        panic!("mosquitto does not start:\n{log}");
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.listener.scheme(), self.address())
    }

    /// The path of a file in its folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Stops it as an administrator does, so that it stores its sessions, and starts it again.
    pub fn restart(&mut self) {
        self.stop();
        self.child = spawn(&self.program, &self.folder);
        assert!(is_up(&mut self.child, self.port), "mosquitto does not start again");
    }

    fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let begin = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if begin.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            eprintln!("mosquitto said:\n{log}");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn skipped(why: &str) -> Option<Broker> {
    assert!(env::var_os("MQTT_PURE_NEED_MOSQUITTO").is_none(), "{why}");
    eprintln!("skipped: {why}");
    None
}

fn config(folder: &Path, listener: Listener, port: u16) -> String {
    let folder = folder.to_str().unwrap();
    let mut text = format!(
        "user root\npersistence true\npersistence_location {folder}/\nlog_type all\n\
         max_queued_messages 0\nallow_anonymous {}\n",
        listener != Listener::Closed
    );
    if listener.scheme().starts_with("ws") {
        // With none but these mosquitto 2.0.11 says that it listens nowhere, and ends.
        text += &format!("listener {} 127.0.0.1\n", free_port());
    }
    text += &format!("listener {port} 127.0.0.1\n");
    if listener.scheme().starts_with("ws") {
        text += "protocol websockets\n";
    }
    if listener.is_tls() {
        text += &format!("certfile {folder}/server.pem\nkeyfile {folder}/server.key\n");
    }
    text
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn spawn(program: &Path, folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    Command::new(program)
        .arg("-c")
        .arg(folder.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// Whether it listens before it ends.
fn is_up(child: &mut Child, port: u16) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let is_open = TcpStream::connect(("127.0.0.1", port)).is_ok();
        thread::sleep(Duration::from_millis(20));
        if is_open {
            return child.try_wait().unwrap().is_none();
        }
    }
    false
}
