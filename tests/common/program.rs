//! An example that runs, and what it says.

use crate::example;
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

const PATIENCE: Duration = Duration::from_secs(40);

type Lines = Arc<Mutex<Vec<String>>>;

pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines,
    errors: Lines,
    readers: Vec<JoinHandle<()>>,
}

/// A client that has subscribed.
pub fn subscriber(url: &str, filters: &[&str], arguments: &[&str]) -> Program {
    let program = Program::client(&[&["subscribe", "-v", url], filters, arguments].concat());
    program.wait_for_error("subscribed to");
    program
}

pub fn lines(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("message {number}")).collect()
}

/// Publishes lines with one process, and compares what another one prints.
pub fn round_trip(url: &str, version: &str, qos: &str, more: &[&str]) {
    let topic = format!("round/trip/{version}/{qos}");
    let lines = lines(50);
    let common = [&["--protocol", version, "--qos", qos], more].concat();
    let mut watcher = subscriber(url, &[&topic], &[&common[..], &["--count", "50"]].concat());
    let mut publisher =
        Program::client(&[&["publish", url, &topic, "--lines"], &common[..]].concat());
    publisher.give(&lines);
    assert_eq!(publisher.end(), 0, "{}", publisher.errors());
    assert_eq!(watcher.end(), 0, "{}", watcher.errors());
    let expected: Vec<_> = lines.iter().map(|line| format!("{topic} {line}")).collect();
    assert_eq!(watcher.output(), expected);
}

impl Program {
    pub fn client(arguments: &[&str]) -> Self {
        Self::start("client", arguments)
    }

    pub fn start(example: &str, arguments: &[&str]) -> Self {
        Self::run(Command::new(example::path(example)).args(arguments))
    }

    pub fn run(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (output, errors) = (Lines::default(), Lines::default());
        let readers = vec![
            read(child.stdout.take().unwrap(), &output),
            read(child.stderr.take().unwrap(), &errors),
        ];
        let input = child.stdin.take();
        Self { child, input, output, errors, readers }
    }

    /// Writes all lines to its standard input, and closes that. It need not read them all.
    pub fn give(&mut self, lines: &[String]) {
        let mut input = self.input.take().unwrap();
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        thread::spawn(move || input.write_all(text.as_bytes()));
    }

    pub fn give_slowly(&mut self, lines: &[String]) {
        let mut input = self.input.take().unwrap();
        slowly(&mut input, lines);
        self.input = Some(input);
    }

    pub fn give_slowly_in_the_background(&mut self, lines: &[String]) {
        let mut input = self.input.take().unwrap();
        let lines = lines.to_vec();
        thread::spawn(move || slowly(&mut input, &lines));
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args([&format!("-{name}"), &pid]).status();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end: its exit status, -1 if it was killed.
    pub fn end(&mut self) -> i32 {
        self.input = None;
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "it does not end:\n{}", self.errors());
            thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        status.code().unwrap_or(-1)
    }

    pub fn wait_for_lines(&self, count: usize) {
        self.wait_until("too few lines", |output| output.len() >= count);
    }

    /// Waits until its output is as wanted.
    pub fn wait_until(&self, what: &str, is_there: impl Fn(&[String]) -> bool) {
        self.wait(what, |output, _| is_there(output));
    }

    pub fn wait_for_error(&self, text: &str) {
        self.wait(text, |_, errors| errors.iter().any(|line| line.contains(text)));
    }

    fn wait(&self, what: &str, is_there: impl Fn(&[String], &[String]) -> bool) {
        let begin = Instant::now();
        while !is_there(&self.output.lock().unwrap(), &self.errors.lock().unwrap()) {
            let count = self.output.lock().unwrap().len();
            let errors = self.errors();
            assert!(begin.elapsed() < PATIENCE, "{what}: {count} lines, and\n{errors}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn output(&self) -> Vec<String> {
        self.output.lock().unwrap().clone()
    }

    pub fn errors(&self) -> String {
        self.errors.lock().unwrap().join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(from: impl Read + Send + 'static, to: &Lines) -> JoinHandle<()> {
    let to = Arc::clone(to);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            to.lock().unwrap().push(line);
        }
    })
}

fn slowly(input: &mut ChildStdin, lines: &[String]) {
    for line in lines {
        let _ = input.write_all(format!("{line}\n").as_bytes());
        thread::sleep(Duration::from_millis(5));
    }
}
