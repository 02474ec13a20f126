//! Users, passwords, certificates and rules.

use crate::{
    has,
    program::{Program, subscriber},
    server::{Server, folder, mosquitto, write_passwords},
    tools,
};
use std::{fs, thread, time::Duration};

const RULES: &str = "\
# Alice may do everything in her house, Bob looks.
alice  both       house/#
bob    subscribe  house/+/seen
*      publish    log/%u/%c
*      subscribe  log/#
";

struct House {
    server: Server,
    url: String,
}

impl House {
    fn new(name: &str, more: &[&str]) -> Self {
        let folder = folder(name);
        write_passwords(&folder.join("passwords"), &["alice", "bob"]);
        fs::write(folder.join("rules"), RULES).unwrap();
        for user in ["alice", "bob", "eve"] {
            fs::write(folder.join(user), format!("{user}!\n")).unwrap();
        }
        let files = ["--passwords", "FOLDER/passwords", "--access", "FOLDER/rules"];
        let server = Server::start_in(folder, &[&files, more].concat());
        let url = server.url("mqtt");
        Self { server, url }
    }

    /// A client that publishes, with its exit status.
    fn publish(&self, user: &str, password: &str, topic: &str, version: &str) -> i32 {
        let password = self.server.file(password);
        let who = ["--user-name", user, "--password-file", &password, "--client-id", "here"];
        let what = ["publish", &self.url, topic, "-m", "x", "-q", "1", "--protocol", version];
        Program::client(&[&what[..], &who].concat()).end()
    }

    fn watch(&self, user: &str, filters: &[&str]) -> Program {
        let password = self.server.file(user);
        subscriber(&self.url, filters, &["--user-name", user, "--password-file", &password])
    }
}

#[test]
fn only_users_with_their_passwords_come_in() {
    let house = House::new("passwords", &[]);
    assert_eq!(house.publish("alice", "alice", "house/a", "5.0"), 0);
    for version in ["3.1", "3.1.1", "5.0"] {
        for (user, password) in [("alice", "bob"), ("eve", "eve"), ("bob", "alice")] {
            assert_eq!(house.publish(user, password, "house/a", version), 3, "{user}");
        }
        let mut nobody =
            Program::client(&["publish", &house.url, "a", "-m", "x", "--protocol", version]);
        assert_eq!(nobody.end(), 3, "{}", nobody.errors());
    }
}

#[test]
fn rules_say_who_may_publish_and_subscribe() {
    let house = House::new("rules", &[]);
    let log = house.watch("bob", &["log/#", "house/kitchen/seen"]);
    // In 5.0 whoever may not publish is told.
    assert_eq!(house.publish("bob", "bob", "house/kitchen/seen", "5.0"), 1);
    assert_eq!(house.publish("bob", "bob", "log/alice/here", "5.0"), 1);
    assert_eq!(house.publish("bob", "bob", "log/bob/there", "5.0"), 1);
    assert_eq!(house.publish("alice", "alice", "house/kitchen/seen", "3.1.1"), 0);
    assert_eq!(house.publish("bob", "bob", "log/bob/here", "3.1.1"), 0);
    log.wait_for_lines(2);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(log.output(), ["house/kitchen/seen x", "log/bob/here x"]);
    for (filter, is_allowed) in [
        ("house/#", false),
        ("#", false),
        ("house/+/+", false),
        ("house/+/seen", true),
        ("$share/g/house/a/seen", true),
        ("$share/g/house/a/heard", false),
    ] {
        let password = house.server.file("bob");
        let who = ["--user-name", "bob", "--password-file", &password];
        let mut program =
            Program::client(&[&["subscribe", "-v", &house.url, filter][..], &who].concat());
        if is_allowed {
            program.wait_for_error("subscribed to");
        } else {
            assert_eq!(program.end(), 1, "{filter}: {}", program.errors());
        }
    }
    log.signal("INT");
}

/// The same client identifier does not give Bob the session of Alice.
#[test]
fn sessions_belong_to_users() {
    let house = House::new("owners", &[]);
    let stored = [house.server.file("a.json"), house.server.file("b.json")];
    let as_user = |user: &str, stored: &str, more: &[&str]| {
        let password = house.server.file(user);
        let who = ["--user-name", user, "--password-file", &password];
        let session = ["--client-id", "same", "--session", stored];
        subscriber(&house.url, &["log/#"], &[&who[..], &session, more].concat())
    };
    let mut alice = as_user("alice", &stored[0], &[]);
    let mut bob = as_user("bob", &stored[1], &[]);
    assert!(!bob.errors().contains("resumed"), "{}", bob.errors());
    assert_eq!(house.publish("bob", "bob", "log/bob/here", "5.0"), 0);
    alice.wait_for_lines(1);
    bob.wait_for_lines(1);
    assert!(!alice.errors().contains("lost"), "{}", alice.errors());
    for program in [&mut alice, &mut bob] {
        program.signal("INT");
        assert_eq!(program.end(), 0, "{}", program.errors());
    }
}

#[test]
fn a_certificate_may_be_asked_for() {
    let demanded = "MQTT_PURE_NEED_MOSQUITTO";
    if !has("openssl", demanded) || !has("mosquitto_pub", demanded) {
        return;
    }
    let folder = folder("certificates");
    tools::make_certificates(&folder);
    let listen = ["--tls-listen", "127.0.0.1:0", "--client-ca", "FOLDER/ca.pem"];
    let files = ["--cert", "FOLDER/server.pem", "--key", "FOLDER/server.key"];
    let server = Server::start_in(folder, &[listen, files].concat());
    let (ca, port) = (server.file("ca.pem"), server.port("mqtts"));
    let (cert, key) = (server.file("client.pem"), server.file("client.key"));
    let publish = ["-t", "a", "-m", "x", "-q", "1", "--cafile", &ca];
    let with_it = [&publish[..], &["--cert", &cert, "--key", &key]].concat();
    let status = |arguments: &[&str]| {
        mosquitto("mosquitto_pub", &port, arguments).output().unwrap().status.success()
    };
    assert!(status(&with_it));
    assert!(!status(&publish));
}
