"""Traces of what a client alone does: connect, keep alive, leave, heed the server."""

from packets import clean, code
from sessions import ALL, CLOSE, Any, deliver, error, event, send, sent, will


def client_traces(book):
    connecting(book)
    refused(book)
    unexpected(book)
    session_present(book)
    keep_alive(book)
    ping_response(book)
    disconnecting(book)
    server_disconnect(book)
    announced_by_server(book)


def connecting(book):
    first = {"3.1.1": "3.1.0-1", "5.0": "3.1.0-1"}
    for s in book.client("connect/first-packet", first, "3.1", versions=ALL,
                         connect={"client_id": "c1", "keep_alive": 60, "user_name": "u",
                                  "password": b"p"}):
        s.step("open", {}, send("connect", protocol_version=s.version, client_id="c1",
                                keep_alive=60, will=None, user_name="u", password=b"p",
                                **{clean(s.version): True}))
        s.answer()
    for s in book.client("connect/with-will", first, "3.1.2.5"):
        s.connect_fields["will"] = will(s.version, 1, True)
        s.open()
        s.answer()
    for s in book.client("connect/keeps-the-client-identifier",
                         {"3.1.1": "3.1.3-2", "5.0": "3.1.3-2"}, "3.1.3.1", persistent=True,
                         connect={"client_id": "c1"}):
        s.establish()
        s.lose()
        s.resume()
    for s in book.client("connect/nothing-before-open", first, "3.1", queue_maximum=10,
                         comment="a message waits, or is refused; CONNECT comes first"):
        s.publish("a", Any([], [error("a")], choice="early"))
        s.open()
        s.answer(Any([sent(1)], [], choice="early"))
    for s in book.client("connect/publish-before-connack", first, "3.1.4", queue_maximum=10,
                         comment="a client may send before the CONNACK; to wait is the safe way"):
        s.open()
        s.publish("a", Any([], [sent(1)], choice="early"))
        s.answer(Any([sent(1)], [], choice="early"))
        s.ack("puback", "$p", event("completed", token="a"))
    for s in book.client("connect/no-connack-in-time", {}, "3.2", connect_timeout=30_000,
                         comment="the standards say a reasonable time; the configuration says "
                                 "which"):
        s.open()
        s.tick(29_999)
        s.tick(30_000, CLOSE)
        s.tick(60_000)
    for s in book.client("connect/connack-in-time", {}, "3.2", connect_timeout=30_000):
        s.open()
        s.answer(at=29_999)
        s.tick(30_000)
        s.tick(90_000)
    for s in book.client("connect/assigned-client-identifier", {}, "3.2.2.3.7", versions=["5.0"],
                         connect={"client_id": ""}):
        s.open()
        given = {"assigned_client_identifier": "auto-1"}
        s.recv("connack", event("connected", session_present=False, properties=given),
               properties=given)


def refused(book):
    for version, reasons in (("3.1", (2, 4, 5)), ("3.1.1", (1, 2, 3, 4, 5)),
                             ("5.0", (0x80, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8C, 0x97, 0x9F))):
        for reason in reasons:
            for s in book.client(f"connect/refused-{reason:02x}", {"5.0": "4.13.2-1"}, "3.2.2",
                                 versions=[version]):
                what = event("refused", **{code(version): reason})
                s.open()
                s.recv("connack", Any([what, CLOSE], [what]), **{code(version): reason})
    for s in book.client("connect/refused-with-server-reference", {"5.0": "4.13.2-1"}, "4.11",
                         versions=["5.0"], comment="whether to follow is the application's "
                                                   "choice"):
        given = {"server_reference": "other:1883"}
        what = event("refused", reason_code=0x9C, properties=given)
        s.open()
        s.recv("connack", Any([what, CLOSE], [what]), reason_code=0x9C, properties=given)
    for s in book.client("connect/refused-keeps-the-session", {"3.1.1": "4.1.0-1"}, "3.2.2",
                         persistent=True, comment="what waits is sent at the next connection"):
        s.establish()
        s.publish("a", sent(1))
        s.lose()
        s.open()
        reason = 0x88 if s.v5 else 3
        what = event("refused", **{code(s.version): reason})
        s.recv("connack", Any([what, CLOSE], [what]), **{code(s.version): reason})
        s.lose()
        s.resume(sent(1, dup=True))


def unexpected(book):
    refs = {"3.1.1": "4.8.0-1", "5.0": "4.13.2-1"}
    section = {"3.1.1": "4.8", "5.0": "4.13.1"}
    for name, type_, fields in (
        ("publish", "publish", {}),
        ("puback", "puback", {"packet_id": 1}),
        ("suback", "suback", {"packet_id": 1}),
        ("pingresp", "pingresp", {}),
    ):
        for s in book.client(f"connect/received-{name}-before-connack", refs, "3.2"):
            if name == "suback":
                fields = {"packet_id": 1, "reason_codes" if s.v5 else "codes": [0]}
            s.open()
            s.recv(type_, s.fault(0x82), **fields)
    for s in book.client("connect/second-connack", refs, "3.2", persistent=True,
                         comment="it must not touch what is in flight"):
        s.establish()
        s.publish("a", sent(1))
        s.recv("connack", s.fault(0x82))
        s.resume(sent(1, dup=True))
    for name in ("pingreq", "connect", "subscribe", "unsubscribe", "disconnect"):
        versions = ["3.1.1"] if name == "disconnect" else ["3.1.1", "5.0"]
        for s in book.client(f"connect/{name}-from-server", refs, section, versions=versions,
                             comment="only a client sends it"):
            fields = {"subscribe": {"packet_id": 1, "subscriptions": [{"filter": "f", "qos": 0} | (
                {"no_local": False, "retain_as_published": False, "retain_handling": 0}
                if s.v5 else {})]}, "unsubscribe": {"packet_id": 1, "filters": ["f"]}}
            s.establish()
            s.recv(name, s.fault(0x82), **fields.get(name, {}))


def session_present(book):
    section = {"3.1.1": "3.2.2.2", "5.0": "3.2.2.1.1"}
    for s in book.client("session/present-after-clean", {"5.0": "3.2.2-4"}, section,
                         comment="the server may not say so; 3.1.1 does not tell the client what "
                                 "to do"):
        s.open()
        close = s.fault(0x82)
        s.recv("connack", close if s.v5 else
               Any([CLOSE], [event("connected", session_present=True)]), session_present=True)
    for s in book.client("session/present-without-state", {"5.0": "3.2.2-4"}, section,
                         persistent=True,
                         comment="the client wants to go on and has nothing, the server has a "
                                 "session: 3.1.1 lets it be"):
        s.open()
        s.recv("connack", s.fault(0x82) if s.v5 else
               Any([event("connected", session_present=True)], [CLOSE]), session_present=True)
    refs = {"3.1.1": "4.4.0-1", "5.0": "3.2.2-5"}
    for s in book.client("session/absent-with-state", refs, section, persistent=True,
                         comment="the server has lost the session. 5.0: everything is discarded; "
                                 "3.1.1 also allows to send it again or to leave. What was "
                                 "released is the server's"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(2, "$q"), qos=2)
        s.publish("c", sent(2, "$r"), qos=2)
        s.ack("pubrec", "$r", s.acked("pubrel", "$r"))
        s.lose()
        lost = [event("lost", token="a"), event("lost", token="b")]
        done, gone = event("completed", token="c"), event("lost", token="c")
        connected = event("connected", session_present=False)
        resent = [sent(1, "$p", True), sent(2, "$q", True)]
        others = [] if s.v5 else [[connected, *resent, s.acked("pubrel", "$r")], [CLOSE]]
        s.open()
        s.recv("connack", Any([connected, *lost, done], [connected, *lost, gone], *others),
               session_present=False)
    for s in book.client("session/absent-with-received", {"5.0": "3.2.2-5"}, section,
                         persistent=True,
                         comment="identifiers of the lost session are forgotten, or a new "
                                 "message that has one of them is lost"):
        s.establish()
        s.message_2(1, payload=b"A")
        s.lose()
        s.establish(session_present=False)
        s.message_2(1, payload=b"B")
        s.pubrel(1, payload=b"B")
    for s in book.client("session/absent-identifiers-free", {"3.1.1": "2.3.1-2", "5.0": "3.2.2-5"},
                         section, persistent=True,
                         comment="a stray PUBACK of the lost session completes nothing twice"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.lose()
        s.open()
        s.recv("connack", event("connected", session_present=False), event("lost", token="a"),
               session_present=False)
        s.publish("b", sent(1, "$q"))
        s.ack("puback", "$q", event("completed", token="b"))


def keep_alive(book):
    refs = {"3.1.1": "3.1.2-23", "5.0": "3.1.2-20"}
    ping = [send("pingreq")]

    def due(s, at, choice):
        """At the latest now; a client may be a little early."""
        s.tick(at - 1, Any([], ping, choice=choice))
        s.tick(at, Any(ping, [], choice=choice))

    for s in book.client("keepalive/idle", refs, "3.1.2.10", versions=ALL,
                         connect={"keep_alive": 30}):
        s.open(at=0)
        s.answer(at=10)
        due(s, 30_000, "early")
        s.recv("pingresp", at=30_010)
    for s in book.client("keepalive/received-packets-do-not-count", refs, "3.1.2.10",
                         connect={"keep_alive": 30},
                         comment="the interval is between packets that the client sends"):
        s.open(at=0)
        s.answer(at=10)
        for at in (10_000, 20_000, 29_000):
            s.message(0, None, deliver(qos=0), at=at)
        due(s, 30_000, "early")
    for s in book.client("keepalive/sent-packets-count", refs, "3.1.2.10",
                         connect={"keep_alive": 30},
                         comment="a PINGREQ that is not needed yet is allowed"):
        s.open(at=0)
        s.answer(at=10)
        s.publish(None, send("publish", qos=0), qos=0, at=20_000)
        s.tick(30_000, Any([], [], ping, choice="early"))
        s.tick(49_999, Any([], ping, [], choice="early"))
        s.tick(50_000, Any(ping, [], [], choice="early"))
    for s in book.client("keepalive/again-and-again", refs, "3.1.2.10", connect={"keep_alive": 10}):
        s.open(at=0)
        s.answer(at=10)
        for at in (10_000, 20_000, 30_000, 40_000):
            s.tick(at, *ping)
            s.recv("pingresp", at=at + 10)
    for s in book.client("keepalive/off", {}, "3.1.2.10",
                         comment="a Keep Alive of 0 turns it off; to ping is allowed all the "
                                 "same"):
        s.establish()
        s.tick(86_400_000, Any([], ping))
    for s in book.client("keepalive/of-the-server", {"5.0": "3.1.2-21 3.2.2-21"}, "3.2.2.3.14",
                         versions=["5.0"], connect={"keep_alive": 60},
                         accept={"server_keep_alive": 10}):
        s.open(at=0)
        s.answer(at=10)
        # From the CONNECT, which was the last packet that it sent.
        due(s, 10_000, "early")
        s.recv("pingresp", at=10_010)
        due(s, 20_000, "early")
    for s in book.client("keepalive/turned-off-by-the-server", {"5.0": "3.1.2-21 3.2.2-21"},
                         "3.2.2.3.14", versions=["5.0"], connect={"keep_alive": 60},
                         accept={"server_keep_alive": 0}):
        s.open(at=0)
        s.answer(at=10)
        s.tick(600_000, Any([], ping))
    for s in book.client("keepalive/own-again-at-the-next-connection", {"5.0": "3.1.2-20"},
                         "3.2.2.3.14", versions=["5.0"], connect={"keep_alive": 60},
                         comment="what one server said does not hold at the next connection"):
        s.establish(accept={"server_keep_alive": 10})
        s.lose(at=1_000)
        s.open(at=2_000)
        s.answer(at=2_010)
        due(s, 62_000, "early")
    for s in book.client("keepalive/not-before-connack", {"3.1.1": "3.1.0-1", "5.0": "3.1.0-1"},
                         "3.1.2.10", connect={"keep_alive": 10}, connect_timeout=60_000,
                         comment="without a connection there is nothing to keep alive"):
        s.open(at=0)
        s.tick(9_999)
        s.lose(at=10_000)
        s.tick(30_000)


def ping_response(book):
    for s in book.client("keepalive/no-response", {"5.0": "4.13.2-1"}, "3.1.2.10",
                         connect={"keep_alive": 30}, ping_timeout=5_000,
                         comment="the standards say a reasonable time; the configuration says "
                                 "which"):
        s.open(at=0)
        s.answer(at=10)
        s.tick(30_000, send("pingreq"))
        s.tick(34_999)
        s.tick(35_000, Any([CLOSE], [send("disconnect"), CLOSE]))
        s.tick(60_000)
    for s in book.client("keepalive/response-in-time", {}, "3.1.2.10",
                         connect={"keep_alive": 30}, ping_timeout=5_000):
        s.open(at=0)
        s.answer(at=10)
        s.tick(30_000, send("pingreq"))
        s.recv("pingresp", at=34_999)
        s.tick(35_000)
        s.tick(60_000, send("pingreq"))
    for s in book.client("keepalive/response-unasked", {}, "3.13",
                         comment="the standards say nothing of it; the recommendation is to "
                                 "ignore it"):
        s.establish()
        s.recv("pingresp", Any([], *s.fault(0x82).alternatives))


def disconnecting(book):
    refs = {"3.1.1": "3.14.4-1 3.14.4-2", "5.0": "3.14.4-1 3.14.4-2"}
    for s in book.client("disconnect/clean", refs, "3.14", versions=ALL):
        s.establish()
        s.disconnect()
        s.message(1, 7)
        s.tick(100_000)
    for s in book.client("disconnect/nothing-behind", refs, "3.14", queue_maximum=10,
                         connect={"keep_alive": 10},
                         comment="what is asked for behind it waits or is refused"):
        s.establish()
        s.disconnect()
        s.publish("a", Any([], [error("a")]))
        s.tick(10_000)
        s.disconnect(Any([error()], []))
    for s in book.client("disconnect/session-kept", refs, "3.14", persistent=True):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.disconnect()
        s.resume(sent(2, dup=True))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.client("disconnect/session-over", refs, "3.14"):
        s.establish()
        s.publish("a", sent(1))
        s.disconnect(send("disconnect"), CLOSE, event("lost", token="a"))
        s.establish()
    for s in book.client("disconnect/with-will", refs, "3.14.2.1", versions=["5.0"],
                         comment="reason 0x04 asks the server to publish the will"):
        s.connect_fields["will"] = will(s.version)
        s.establish()
        s.disconnect(reason=4)
    for s in book.client("disconnect/new-session-expiry", refs, "3.14.2.2.2", versions=["5.0"],
                         persistent=True, comment="from now on the session ends with the "
                                                  "connection"):
        s.establish()
        s.publish("a", sent(1))
        s.disconnect(send("disconnect", reason_code=0, properties={"session_expiry_interval": 0}),
                     CLOSE, event("lost", token="a"), session_expiry_interval=0)
    for s in book.client("disconnect/session-expiry-from-0", {"5.0": "4.13.2-1"}, "3.14.2.2.2",
                         versions=["5.0"], comment="not from 0 to another value; the call is "
                                                   "refused and changes nothing"):
        s.establish()
        s.disconnect(error(), session_expiry_interval=10)
        s.publish(None, send("publish", qos=0), qos=0)
    for s in book.client("disconnect/before-connack", {"3.1.1": "3.14.4-1", "5.0": "3.14.4-2"},
                         "3.14", comment="allowed, or the connection is closed without it"):
        s.open()
        s.disconnect(Any([send("disconnect"), CLOSE], [CLOSE]))


def server_disconnect(book):
    for reason in (0x00, 0x81, 0x8B, 0x8D, 0x8E, 0x98):
        for s in book.client(f"disconnect/from-server-{reason:02x}", {}, "3.14", versions=["5.0"]):
            s.establish()
            s.recv("disconnect", s.farewell(reason), reason_code=reason)
    for s in book.each("disconnect/short-form", {}, "3.14.2.1", versions=["5.0"],
                       comment="two bytes: the reason code 0x00 may be left out"):
        s.establish()
        s.hex("e000", s.farewell(0))
    for s in book.client("disconnect/from-server-session-kept", {"5.0": "4.4.0-1"}, "3.14",
                         versions=["5.0"], persistent=True):
        s.establish()
        s.publish("a", sent(1))
        s.recv("disconnect", s.farewell(0x8B), reason_code=0x8B)
        s.lose()
        s.resume(sent(1, dup=True))
    for s in book.client("disconnect/from-server-with-session-expiry", {"5.0": "4.13.2-1"},
                         "3.14.2.2.2", versions=["5.0"], comment="a server may not send it"):
        s.establish()
        s.recv("disconnect", s.fault(0x82, 0x81), reason_code=0x8B,
               properties={"session_expiry_interval": 5})


def announced_by_server(book):
    five = {"versions": ["5.0"]}
    for highest in (0, 1):
        for s in book.client(f"limits/maximum-qos-{highest}", {"5.0": "3.2.2-11"}, "3.2.2.3.4",
                             **five, accept={"maximum_qos": highest},
                             comment="refused; not sent with less than was asked for"):
            s.establish()
            s.publish("a", Any([error("a")], [event("failed", token="a")]), qos=highest + 1)
            if highest == 0:
                s.publish(None, send("publish", qos=0), qos=0)
            else:
                s.publish(None, sent(1), qos=1)
    for s in book.client("limits/retain-unavailable", {"5.0": "3.2.2-14"}, "3.2.2.3.5", **five,
                         accept={"retain_available": 0}):
        s.establish()
        s.publish("a", Any([error("a")], [event("failed", token="a")]), retain=True)
        s.publish(None, sent(1, retain=False))
    for s in book.client("limits/stored-above-maximum-qos", {"5.0": "3.2.2-11"}, "3.2.2.3.4",
                         **five,
                         persistent=True,
                         comment="the server allows less than when the message was sent: it is "
                                 "not sent, or the client leaves; PUBREL frees the identifier"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.lose()
        failed = event("failed", token="a")
        s.resume(Any([failed, s.acked("pubrel", "$p")], [failed], [event("lost", token="a")], [CLOSE],
                     [send("disconnect"), CLOSE]), accept={"maximum_qos": 1})
    for s in book.client("limits/subscribe-above-maximum-qos", {}, "3.2.2.3.4", **five,
                         accept={"maximum_qos": 0},
                         comment="Maximum QoS is about PUBLISH; a subscription may ask for more"):
        s.establish()
        s.subscribe("a", [("f", 2)], send("subscribe", packet_id="$p"))
        s.suback("$p", [0], token="a")
    for s in book.client("limits/session-expiry-by-the-server", {"5.0": "3.1.2-23"}, "3.2.2.3.2",
                         **five, persistent=True, accept={"session_expiry_interval": 0},
                         comment="the server's value counts: the session ends with the "
                                 "connection"):
        s.establish()
        s.publish("a", sent(1))
        s.lose(event("lost", token="a"))
