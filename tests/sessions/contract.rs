//! Any call at any time works, or answers an error that changes nothing.

use crate::end::{End, at, connect_bytes, id, message, online, serving, with_connect};
use bytes::Buf;
use mqtt_pure::{
    Client, CommandError, Connect, Disconnect, Instant, Properties, Property, QoS, ReasonCode,
    Server, SessionOptions, Suback, Subscription, Text, TopicFilter, Unsuback, Version,
};

const NOW: Instant = Instant::from_millis(1);
const NONE: Properties<'static> = Properties::EMPTY;
const SUCCESS: ReasonCode = ReasonCode::SUCCESS;

use CommandError::{Connected, NoAuthenticationMethod, NoSession, NotConnected, Unknown};

type Call<S> = (&'static str, fn(&mut S) -> Result<(), CommandError>);

const CLIENT: [Call<Client>; 8] = [
    ("opened", |client| with_connect(client_version(), false, |c| client.opened(NOW, &c))),
    ("publish 0", |client| client.publish(NOW, message(QoS::AtMostOnce, "0")).map(drop)),
    ("publish 1", |client| client.publish(NOW, message(QoS::AtLeastOnce, "1")).map(drop)),
    ("subscribe", |client| {
        let filter = TopicFilter::new("#").unwrap();
        client.subscribe(NOW, &[Subscription::new(filter, QoS::AtMostOnce)][..], NONE).map(drop)
    }),
    ("unsubscribe", |client| {
        client.unsubscribe(NOW, &[TopicFilter::new("#").unwrap()][..], NONE).map(drop)
    }),
    ("acknowledge", |client| client.acknowledge(NOW, id(9), QoS::AtLeastOnce, SUCCESS, NONE)),
    ("authenticate", |client| client.authenticate(NOW, ReasonCode::CONTINUE_AUTHENTICATION, NONE)),
    ("disconnect", |client| client.disconnect(NOW, &Disconnect::new())),
];

const fn client_version() -> Version {
    Version::V5_0
}

#[test]
fn a_client_at_every_moment() {
    let new = || Client::new(SessionOptions::new());
    let connecting = || {
        let mut client = new();
        with_connect(client_version(), false, |c| client.opened(NOW, &c)).unwrap();
        client
    };
    let is_online = || online(client_version(), SessionOptions::new());
    let left = || {
        let mut client = is_online();
        client.disconnect(NOW, &Disconnect::new()).unwrap();
        client
    };
    let failed = || {
        let mut client = is_online();
        assert!(client.hear(NOW, b"\0\0")[0].starts_with("Close("));
        client
    };
    let gone = || {
        let mut client = is_online();
        client.closed(NOW);
        client
    };
    let away = [
        Ok(()),
        Err(NotConnected),
        Ok(()),
        Err(NotConnected),
        Err(NotConnected),
        Err(Unknown),
        Err(NotConnected),
        Err(NotConnected),
    ];
    let mut asking = away;
    (asking[6], asking[7]) = (Err(NoAuthenticationMethod), Ok(()));
    let mut all = [Ok(()); 8];
    (all[5], all[6]) = (Err(Unknown), Err(NoAuthenticationMethod));
    check_client("new", new, away);
    check_client("connecting", connecting, asking);
    check_client("online", is_online, all);
    check_client("left", left, away);
    check_client("failed", failed, away);
    check_client("gone", gone, away);
}

fn check_client(
    moment: &str,
    at_moment: impl Fn() -> Client,
    expected: [Result<(), CommandError>; 8],
) {
    for ((name, call), expected) in CLIENT.iter().zip(expected) {
        let mut client = at_moment();
        let (snapshot, deadline) = (client.snapshot(), client.deadline());
        let len = client.transmit(NOW).remaining();
        let pending = at_moment().told();
        assert_eq!(call(&mut client), expected, "{name} of a client that is {moment}");
        if expected.is_err() {
            assert_eq!(client.snapshot(), snapshot, "{name}, {moment}");
            assert_eq!(client.deadline(), deadline, "{name}, {moment}");
            assert_eq!(client.transmit(NOW).remaining(), len, "{name}, {moment}");
            assert_eq!(client.told(), pending, "{name}, {moment}");
        }
    }
}

const SERVER: [Call<Server>; 12] = [
    ("opened", |server| {
        server.opened(NOW);
        Ok(())
    }),
    ("accept", |server| server.accept(NOW, NONE)),
    ("refuse", |server| server.refuse(NOW, Some(ReasonCode::NOT_AUTHORIZED), NONE)),
    ("authenticate", |server| server.authenticate(NOW, ReasonCode::CONTINUE_AUTHENTICATION, NONE)),
    ("take over", |server| {
        server.take_over(NOW, false);
        Ok(())
    }),
    ("disconnect", |server| server.disconnect(NOW, &Disconnect::new())),
    ("expire session", |server| server.expire_session()),
    ("publish 0", |server| {
        server.publish(NOW, message(QoS::AtMostOnce, "0"), QoS::ExactlyOnce).map(drop)
    }),
    ("publish 1", |server| {
        server.publish(NOW, message(QoS::AtLeastOnce, "1"), QoS::ExactlyOnce).map(drop)
    }),
    ("acknowledge", |server| server.acknowledge(NOW, id(9), QoS::ExactlyOnce, SUCCESS, NONE)),
    ("grant", |server| server.grant(NOW, &Suback::new(id(9), &[SUCCESS][..]))),
    ("remove", |server| server.remove(NOW, &Unsuback::with_codes(id(9), &[SUCCESS][..]))),
];

#[test]
fn a_server_at_every_moment() {
    let version = Version::V5_0;
    let new = || Server::new(SessionOptions::new());
    let opened = || {
        let mut server = new();
        server.opened(NOW);
        server
    };
    let asked = || {
        let mut server = opened();
        assert_eq!(server.hear(NOW, &connect_bytes(version, false)).len(), 1);
        server
    };
    let is_online = || serving(version, SessionOptions::new());
    let closing = || {
        let mut server = is_online();
        server.disconnect(NOW, &Disconnect::new()).unwrap();
        server
    };
    let away = [
        Ok(()),
        Err(NotConnected),
        Err(NotConnected),
        Err(NotConnected),
        Ok(()),
        Err(NotConnected),
        Ok(()),
        Err(NotConnected),
        Err(NoSession),
        Err(Unknown),
        Err(Unknown),
        Err(Unknown),
    ];
    let mut of_opened = away;
    of_opened[5] = Ok(());
    let mut of_asked = of_opened;
    (of_asked[1], of_asked[2], of_asked[3]) = (Ok(()), Ok(()), Err(NoAuthenticationMethod));
    let mut of_online = of_opened;
    (of_online[3], of_online[6]) = (Err(NoAuthenticationMethod), Err(Connected));
    (of_online[7], of_online[8]) = (Ok(()), Ok(()));
    let mut of_closing = away;
    of_closing[8] = Ok(());
    check_server("new", new, away);
    check_server("opened", opened, of_opened);
    check_server("asked", asked, of_asked);
    check_server("online", is_online, of_online);
    check_server("closing", closing, of_closing);
}

fn check_server(
    moment: &str,
    at_moment: impl Fn() -> Server,
    expected: [Result<(), CommandError>; 12],
) {
    for ((name, call), expected) in SERVER.iter().zip(expected) {
        let mut server = at_moment();
        let (snapshot, deadline) = (server.snapshot(), server.deadline());
        let len = server.transmit(NOW).remaining();
        let pending = at_moment().told();
        assert_eq!(call(&mut server), expected, "{name} of a server that is {moment}");
        if expected.is_err() {
            assert_eq!(server.snapshot(), snapshot, "{name}, {moment}");
            assert_eq!(server.deadline(), deadline, "{name}, {moment}");
            assert_eq!(server.transmit(NOW).remaining(), len, "{name}, {moment}");
            assert_eq!(server.told(), pending, "{name}, {moment}");
        }
    }
}

/// What the encoder would take, since either side may send it, is not sent by the wrong one.
#[test]
fn what_only_the_other_side_may_say_is_refused() {
    let mut client = online(Version::V5_0, SessionOptions::new());
    let mut server = serving(Version::V5_0, SessionOptions::new());
    let taken_over =
        Disconnect { reason: ReasonCode::SESSION_TAKEN_OVER, properties: Properties::EMPTY };
    assert!(matches!(client.disconnect(NOW, &taken_over), Err(CommandError::Encode(_))));
    let with_will = Disconnect {
        reason: ReasonCode::DISCONNECT_WITH_WILL_MESSAGE,
        properties: Properties::EMPTY,
    };
    assert!(matches!(server.disconnect(NOW, &with_will), Err(CommandError::Encode(_))));
    assert_eq!(server.disconnect(NOW, &taken_over), Ok(()));
    assert_eq!(client.disconnect(NOW, &with_will), Ok(()));
}

/// One that can't be written does not leave the message without an answer.
#[test]
fn an_acknowledgement_that_may_not_be_sent_is_refused() {
    let mut options = SessionOptions::new();
    options.manual_acknowledgement = true;
    let mut client = online(Version::V5_0, options);
    assert_eq!(client.hear(NOW, b"\x32\x06\0\x01t\0\x07\0").len(), 1);
    let mut acknowledge = |reason, properties: &[Property<'_>]| {
        client.acknowledge(NOW, id(7), QoS::AtLeastOnce, reason, Properties::from(properties))
    };
    // A client does not know whether there are subscribers.
    for reason in [ReasonCode::NO_MATCHING_SUBSCRIBERS, ReasonCode::new(0x18)] {
        assert!(matches!(acknowledge(reason, &[]), Err(CommandError::Encode(_))), "{reason:?}");
    }
    let expiry = [Property::SessionExpiryInterval(1)];
    assert!(matches!(acknowledge(SUCCESS, &expiry), Err(CommandError::Encode(_))));
    assert_eq!(acknowledge(SUCCESS, &[]), Ok(()));
    assert_eq!(client.written(NOW), [0x40, 2, 0, 7]);
}

#[test]
fn a_client_may_take_its_leave_while_it_authenticates() {
    let mut server = Server::new(SessionOptions::new());
    server.opened(at(0));
    let method = [Property::AuthenticationMethod(Text::new("m").unwrap())];
    let mut connect = Connect::new(Version::V5_0, Text::new("c").unwrap());
    connect.properties = Properties::from(&method[..]);
    let mut bytes = Vec::new();
    connect.encode(Version::V5_0, &mut bytes).unwrap();
    server.hear(at(0), &bytes);
    let (next, none) = (ReasonCode::CONTINUE_AUTHENTICATION, Properties::EMPTY);
    server.authenticate(at(0), next, none).unwrap();
    // [MQTT-3.1.2-30]
    let told = server.hear(at(0), &[0xe0, 0]);
    assert!(told[0].starts_with("Disconnected("), "{told:?}");
    assert_eq!(told[1], "Close(PeerDisconnected)");
    assert!(server.accept(at(0), none).is_err());
}

#[test]
fn a_session_that_was_to_end_with_its_connection_can_t_be_kept_in_the_end() {
    let mut client = Client::new(SessionOptions::client());
    client.opened(at(0), &Connect::new(Version::V5_0, Text::new("c").unwrap())).unwrap();
    client.written(at(0));
    client.hear(at(0), &[0x20, 8, 0, 0, 5, 0x11, 0, 0, 0, 100]);
    let expiry = [Property::SessionExpiryInterval(50)];
    let mut disconnect = Disconnect::new();
    disconnect.properties = Properties::from(&expiry[..]);
    assert_eq!(client.disconnect(at(1), &disconnect), Err(CommandError::SessionExpiry));
    assert!(client.is_connected() && client.written(at(1)).is_empty());
}
