//! The clients of mosquitto, which others wrote, with the example broker.

use crate::{
    has,
    program::Program,
    server::{Server, mosquitto},
};
use std::{fs, thread, time::Duration};

const DEMANDED: &str = "MQTT_PURE_NEED_MOSQUITTO";

const VERSIONS: [&str; 3] = ["mqttv31", "mqttv311", "mqttv5"];

fn is_there() -> bool {
    has("mosquitto_sub", DEMANDED) && has("mosquitto_pub", DEMANDED)
}

/// A mosquitto_sub that has subscribed; its output has lines of its own beside the messages.
fn watch(port: &str, arguments: &[&str]) -> Program {
    let more = ["-d", "-F", "> %t %q %r %p"];
    let mut command = mosquitto("mosquitto_sub", port, &[&more, arguments].concat());
    let program = Program::run(&mut command);
    program
        .wait_until("no SUBACK", |output| output.iter().any(|line| line.starts_with("Subscribed")));
    program
}

fn messages(program: &Program) -> Vec<String> {
    let output = program.output();
    output.iter().filter_map(|line| line.strip_prefix("> ")).map(str::to_owned).collect()
}

fn wait_for(program: &Program, count: usize) {
    program.wait_until("too few messages", |output| {
        output.iter().filter(|line| line.starts_with("> ")).count() >= count
    });
}

fn publish(port: &str, arguments: &[&str]) {
    let output = mosquitto("mosquitto_pub", port, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

#[test]
fn every_version_and_qos() {
    if !is_there() {
        return;
    }
    let server = Server::start("mosquitto", &[]);
    let port = server.port("mqtt");
    for from in VERSIONS {
        for to in VERSIONS {
            let mut watcher = watch(&port, &["-V", to, "-t", "a/b", "-q", "2", "-C", "3"]);
            for qos in ["0", "1", "2"] {
                publish(&port, &["-V", from, "-t", "a/b", "-m", "hello", "-q", qos]);
            }
            assert_eq!(watcher.end(), 0);
            assert_eq!(messages(&watcher), ["a/b 0 0 hello", "a/b 1 0 hello", "a/b 2 0 hello"]);
        }
    }
}

#[test]
fn retained_messages_and_wildcards() {
    if !is_there() {
        return;
    }
    let server = Server::start("retained", &[]);
    let port = server.port("mqtt");
    for topic in ["home/a/one", "home/b/one", "home/b/two", "home", "$hidden/one"] {
        publish(&port, &["-t", topic, "-m", topic, "-r", "-q", "1"]);
    }
    // Nothing retained any more.
    publish(&port, &["-t", "home/b/one", "-n", "-r", "-q", "1"]);
    for (filter, expected) in [
        ("home/+/one", &["home/a/one 1 1 home/a/one"][..]),
        ("home/#", &["home 1 1 home", "home/a/one 1 1 home/a/one", "home/b/two 1 1 home/b/two"]),
        ("+", &["home 1 1 home"]),
        ("#", &["home 1 1 home", "home/a/one 1 1 home/a/one", "home/b/two 1 1 home/b/two"]),
    ] {
        let watcher = watch(&port, &["-t", filter, "-q", "1"]);
        wait_for(&watcher, expected.len());
        thread::sleep(Duration::from_millis(100));
        let mut came = messages(&watcher);
        came.sort();
        assert_eq!(came, expected, "{filter}");
    }
}

#[test]
fn the_will_of_a_client_that_is_killed() {
    if !is_there() {
        return;
    }
    let server = Server::start("will", &[]);
    let port = server.port("mqtt");
    let heir = watch(&port, &["-t", "will/#", "-q", "2"]);
    for version in VERSIONS {
        let topic = format!("will/{version}");
        let will = ["--will-topic", &topic, "--will-payload", "gone", "--will-qos", "2"];
        let mut testator = watch(&port, &[&["-V", version, "-t", "nothing"], &will[..]].concat());
        testator.signal("KILL");
        let _ = testator.end();
    }
    wait_for(&heir, 3);
    let expected = VERSIONS.map(|version| format!("will/{version} 2 0 gone"));
    assert_eq!(messages(&heir), expected);
}

#[test]
fn a_share_is_shared() {
    if !is_there() {
        return;
    }
    let server = Server::start("share", &[]);
    let port = server.port("mqtt");
    let member = ["-V", "mqttv5", "-t", "$share/group/work", "-q", "1"];
    let members = [watch(&port, &member), watch(&port, &member)];
    let text: String = (0..20).map(|number| format!("{number}\n")).collect();
    let file = server.file("work");
    fs::write(&file, text).unwrap();
    let mut command = mosquitto("mosquitto_pub", &port, &["-t", "work", "-l", "-q", "1"]);
    let status = command.stdin(fs::File::open(file).unwrap()).status().unwrap();
    assert!(status.success());
    let begin = std::time::Instant::now();
    let count = || members.iter().map(|member| messages(member).len()).collect::<Vec<_>>();
    while count().iter().sum::<usize>() < 20 {
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", count());
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(count(), [10, 10], "they take turns");
}

#[test]
fn messages_wait_for_a_client_that_was_killed() {
    if !is_there() {
        return;
    }
    let server = Server::start("waits", &[]);
    let port = server.port("mqtt");
    for version in ["mqttv311", "mqttv5"] {
        let session = ["-V", version, "-i", version, "-c", "-t", "wait", "-q", "2"];
        let session = match version {
            "mqttv5" => [&session[..], &["-x", "600"]].concat(),
            _ => session.to_vec(),
        };
        let mut first = watch(&port, &session);
        first.signal("KILL");
        let _ = first.end();
        for text in ["one", "two", "three"] {
            publish(&port, &["-t", "wait", "-m", text, "-q", "2"]);
        }
        let mut second = watch(&port, &[&session[..], &["-C", "3"]].concat());
        assert_eq!(second.end(), 0);
        assert_eq!(messages(&second), ["wait 2 0 one", "wait 2 0 two", "wait 2 0 three"]);
    }
}

#[test]
fn large_messages() {
    if !is_there() {
        return;
    }
    for store in [&[][..], &["--store", "FOLDER/store"]] {
        let arguments = [&["--max-packet-size", "17M"], store].concat();
        let server = Server::start("large", &arguments);
        let port = server.port("mqtt");
        for len in [256 * 1024, 16 * 1024 * 1024] {
            let content: Vec<u8> = (0_u8..=250).cycle().take(len).collect();
            let file = server.file("large");
            fs::write(&file, &content).unwrap();
            for (from, to) in [("mqttv5", "mqttv311"), ("mqttv31", "mqttv5")] {
                let topic = format!("large/{len}/{from}");
                publish(&port, &["-V", from, "-t", &topic, "-f", &file, "-q", "1", "-r"]);
                let read = ["-V", to, "-t", &topic, "-q", "2", "-C", "1", "-N", "-W", "20"];
                let output = mosquitto("mosquitto_sub", &port, &read).output().unwrap();
                assert!(output.stdout == content, "{len}: {} bytes came", output.stdout.len());
            }
        }
    }
}
