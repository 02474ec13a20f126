//! The example broker as a process: its ports, its files, its life.

use crate::program::Program;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

pub struct Server {
    program: Option<Program>,
    arguments: Vec<String>,
    folder: PathBuf,
    /// Where it listens, as it says.
    places: Vec<String>,
}

impl Server {
    /// Starts one that listens for TCP, and for what the arguments say.
    pub fn start(name: &str, arguments: &[&str]) -> Self {
        let folder = folder(name);
        Self::start_in(folder, arguments)
    }

    /// Starts one in a folder in which there are files for it.
    pub fn start_in(folder: PathBuf, arguments: &[&str]) -> Self {
        let path = |text: &&str| text.replace("FOLDER", folder.to_str().unwrap());
        let arguments = arguments.iter().map(path).collect();
        let mut server = Self { program: None, arguments, folder, places: Vec::new() };
        server.run("127.0.0.1:0");
        server
    }

    fn run(&mut self, listen: &str) {
        let mut arguments = vec!["-v", "--listen", listen];
        arguments.extend(self.arguments.iter().map(String::as_str));
        let program = Program::start("broker", &arguments);
        let count = arguments.iter().filter(|argument| argument.ends_with("listen")).count();
        let wanted = |output: &[String]| {
            output.iter().filter(|line| line.starts_with("listening on ")).count() == count
        };
        program.wait_until("it does not listen", wanted);
        let output = program.output();
        let places = output.iter().filter_map(|line| line.strip_prefix("listening on "));
        self.places = places.map(str::to_owned).collect();
        self.program = Some(program);
    }

    /// Where it listens for one of mqtt, mqtts, ws and wss, as a URL.
    pub fn url(&self, scheme: &str) -> String {
        let place = self.places.iter().find(|place| place.starts_with(&format!("{scheme}://")));
        place.unwrap().clone()
    }

    /// The port of that.
    pub fn port(&self, scheme: &str) -> String {
        self.url(scheme).rsplit(':').next().unwrap().to_owned()
    }

    /// The path of a file in its folder.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    pub fn program(&mut self) -> &mut Program {
        self.program.as_mut().unwrap()
    }

    /// Kills it, and starts it again at the same port.
    pub fn kill_and_start(&mut self) {
        self.program().signal("KILL");
        assert_eq!(self.program().end(), -1);
        self.start_again();
    }

    /// Ends it as an administrator does, and starts it again at the same port.
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    pub fn stop(&mut self) {
        self.program().signal("TERM");
        let status = self.program().end();
        assert_eq!(status, 0, "{}", self.program().errors());
    }

    fn start_again(&mut self) {
        let listen = format!("127.0.0.1:{}", self.port("mqtt"));
        self.run(&listen);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(program) = &self.program
        {
            eprintln!("the broker said:\n{}", program.errors());
        }
        self.program = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A folder of its own for a test.
pub fn folder(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("mqtt-pure-broker-{}-{name}", process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file with these users, whose passwords are their names and `!`.
pub fn write_passwords(file: &Path, users: &[&str]) {
    let mut lines = String::from("# made by a test\n");
    for user in users {
        let mut program = Program::start("broker", &["password", user]);
        program.give(&[format!("{user}!")]);
        assert_eq!(program.end(), 0, "{}", program.errors());
        lines += &format!("{}\n", program.output().concat());
    }
    assert!(!lines.contains('!'), "passwords are hashed");
    fs::write(file, lines).unwrap();
}

/// A program of mosquitto-clients, which is to write line by line.
pub fn mosquitto(program: &str, port: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("stdbuf");
    command
        .args(["-oL", program, "-h", "127.0.0.1", "-p", port])
        .args(arguments)
        .stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}
