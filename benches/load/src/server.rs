//! The brokers as processes: started at a free port, watched, and ended by their number.

use crate::failure::{Failure, Result};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// How long a broker may take to begin, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// Both have the limits on messages in flight and on threads that they have by default. Where the
/// example broker has a limit that mosquitto would reach in a measurement, mosquitto has none.
const MOSQUITTO: &str = "\
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 0
sys_interval 0
log_dest stderr
log_type error
log_type warning
connection_messages false
";

/// What a broker has said on standard error, by what it said, without who was meant.
pub type Tally = Arc<Mutex<BTreeMap<String, usize>>>;

pub struct Server {
    pub name: String,
    child: Child,
    pub address: SocketAddr,
    folder: PathBuf,
    pub tally: Tally,
}

impl Server {
    /// The example broker.
    pub fn ours(name: &str, program: &Path, arguments: &[&str]) -> Result<Self> {
        let folder = folder(name)?;
        let store = folder.join("store");
        let arguments =
            arguments.iter().map(|text| text.replace("STORE", &store.to_string_lossy()));
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure(format!("{}: {error}", program.display())))?;
        let tally = tally(&mut child);
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on mqtt://").map(str::parse);
        let Some(Ok(address)) = address else {
            return Err(Failure(format!("{name} does not listen: {:?}", said(&tally))));
        };
        Ok(Self { name: name.to_owned(), child, address, folder, tally })
    }

    /// Mosquitto, if it is there.
    pub fn mosquitto(program: &Path) -> Result<Option<Self>> {
        let Some(program) = found(program) else { return Ok(None) };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let folder = folder("mosquitto")?;
        let file = folder.join("mosquitto.conf");
        fs::write(&file, format!("{MOSQUITTO}listener {port} 127.0.0.1\n"))?;
        let mut child = Command::new(program)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let tally = tally(&mut child);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Self { name: "mosquitto".to_owned(), child, address, folder, tally };
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            if begin.elapsed() > PATIENCE {
                return Err(Failure(format!("mosquitto does not listen: {:?}", server.said())));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }

    /// What it has said, and how often.
    pub fn said(&self) -> BTreeMap<String, usize> {
        said(&self.tally)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many files it has open.
    pub fn open_files(&self) -> Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.pid()))?.count())
    }

    /// How long it has kept processors busy.
    pub fn busy(&self) -> Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.pid()))?;
        // The name, in parentheses, may have blanks.
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let ticks: u64 = fields.take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Ends it as an administrator does; the broker of ours is to end well.
    pub fn end(&mut self) -> Result<()> {
        let pid = self.pid().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return match status.success() {
                    true => Ok(()),
                    false => Err(Failure(format!("{} ended with {status}", self.name))),
                };
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(Failure(format!("{} does not end", self.name)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Memory of a process in KiB, by the name of the line in its status: `VmRSS`, or `VmHWM` for the most
/// that it ever had.
pub fn memory(pid: u32, line: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let number = value.and_then(|value| value.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| Failure(format!("no {line} of process {pid}")))
}

/// The release build of the example broker.
pub fn build() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--release", "--quiet", "--example", "broker"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let built = text.lines().filter(|line| line.contains("\"kind\":[\"example\"]"));
    let mut paths =
        built.filter_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    match paths.next_back() {
        Some(path) if output.status.success() => Ok(path.into()),
        _ => Err(Failure::new("the example broker can't be built")),
    }
}

/// A program by its path or name; some systems have servers where users do not look for programs.
fn found(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return program.exists().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.exists())
}

fn folder(name: &str) -> Result<PathBuf> {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let folder = std::env::temp_dir().join(format!("mqtt-pure-load-{}-{name}", process::id()));
    fs::create_dir_all(&folder)?;
    // Started by root, mosquitto reads its file as another user.
    #[cfg(unix)]
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(folder)
}

fn said(tally: &Tally) -> BTreeMap<String, usize> {
    tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn tally(child: &mut Child) -> Tally {
    let tally = Tally::default();
    if let Some(errors) = child.stderr.take() {
        let tally = Arc::clone(&tally);
        thread::spawn(move || {
            for line in BufReader::new(errors).lines().map_while(std::result::Result::ok) {
                let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                *tally.entry(gist(&line)).or_default() += 1;
            }
        });
    }
    tally
}

/// A line of a log without time and level, and without the connection that it is about.
fn gist(line: &str) -> String {
    let line = ["ERROR ", "WARN ", "INFO "]
        .iter()
        .find_map(|level| line.split_once(level).map(|(_, rest)| rest))
        .unwrap_or(line);
    match line.split_once(": ") {
        Some((who, what)) if who.parse::<u64>().is_ok() || who.contains("://") => what.to_owned(),
        _ => line.to_owned(),
    }
}
