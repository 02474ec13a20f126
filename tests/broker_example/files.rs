//! How many files the system lets the broker have open, of which each connection is one.

use crate::{example, program::Program};
use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    time::Duration,
};

/// Starts a broker with what `ulimit` is told; with it comes where it listens.
fn start(limit: &str) -> (Program, String) {
    let script = format!("ulimit {limit} && exec \"$0\" \"$@\"");
    let broker = example::path("broker");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(broker).args(["--listen", "127.0.0.1:0"]);
    let program = Program::run(&mut command);
    program.wait_for_lines(1);
    let place = program.output().concat();
    (program, place.rsplit('/').next().unwrap().to_owned())
}

/// A client that has sent its CONNECT.
fn connect(place: &str, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let name = format!("c{number:03}");
    stream.write_all(&[b"\x10\x10\0\x04MQTT\x04\x02\0\0\0\x04", name.as_bytes()].concat()).unwrap();
    stream
}

fn is_accepted(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).is_ok() && answer == *b"\x20\x02\0\0"
}

#[test]
fn more_clients_connect_than_files_are_allowed_at_first() {
    let (_program, place) = start("-S -n 64");
    let mut clients: Vec<_> = (0..200).map(|number| connect(&place, number)).collect();
    assert!(clients.iter_mut().all(is_accepted));
}

#[test]
fn who_has_connected_does_not_notice_that_there_are_too_many() {
    let (program, place) = start("-n 128");
    program.wait_for_error("the system lets this process have 128 files open");
    let mut clients: Vec<_> = (0..200).map(|number| connect(&place, number)).collect();
    assert!(clients.iter_mut().take(64).all(is_accepted));
    program.wait_for_error("cannot take in a client");
    let mut first = clients.swap_remove(0);
    first.write_all(b"\xc0\0").unwrap();
    let mut answer = [0; 2];
    first.read_exact(&mut answer).unwrap();
    assert_eq!(answer, *b"\xd0\0");
    // Those who wait come in when there is room.
    let mut last = clients.split_off(150);
    drop(clients);
    assert!(last.iter_mut().all(is_accepted));
}
