"""Traces of packet identifiers, order, the session across connections, and faults: either role."""

from sessions import Any, deliver, error, event, send, sent


def order_traces(book):
    identifiers(book)
    many_identifiers(book)
    acknowledgement_order(book)
    resend_order(book)
    kept_sessions(book)
    snapshots(book)
    faults(book)
    after_the_end(book)


def identifiers(book):
    section = {"3.1.1": "2.3.1", "5.0": "2.2.1"}
    for s in book.each("ids/same-number-both-ways", {"3.1.1": "2.3.1-6", "5.0": "2.2.1-5"}, section,
                       comment="each side has identifiers of its own"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.message_2("$p", payload=b"n")
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.pubrel("$p", payload=b"n")
        s.ack("pubcomp", "$p", event("completed", token="a"))
    refs = {"3.1.1 client": "2.3.1-2", "3.1.1 server": "2.3.1-4", "5.0 client": "2.2.1-3",
            "5.0 server": "2.2.1-4", "5.0": "4.3.2-1 4.3.3-1"}
    for s in book.each("ids/many-in-flight", refs, section):
        s.establish()
        names = [f"${letter}" for letter in "abcdef"]
        for at, name in enumerate(names):
            qos = 1 + at % 2
            s.publish(None, sent(qos, name), qos=qos, distinct=names[:at + 1])
    for s in book.each("ids/held-across-resume", refs, section, persistent=True):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(2, "$q"), qos=2)
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.lose()
        s.resume(Any([sent(1, "$p", True), s.acked("pubrel", "$q")],
                     [s.acked("pubrel", "$q"), sent(1, "$p", True)]))
        s.publish(None, sent(1, "$r"), distinct=["$p", "$q", "$r"])
        s.publish(None, sent(2, "$s"), qos=2, distinct=["$p", "$q", "$r", "$s"])
    zero = {"puback": "40020000", "publish-qos1": "3206000174000061", "pubrel": "62020000"}
    zero_5 = {"puback": "40020000", "publish-qos1": "320700017400000061", "pubrel": "62020000"}
    for name in zero:
        for s in book.each(f"ids/zero-in-{name}", {"3.1.1": "4.8.0-1", "5.0 server": "4.13.1-1"},
                           section):
            s.establish()
            s.hex((zero_5 if s.v5 else zero)[name], s.fault(0x82, 0x81))
    refs = {"3.1.1": "2.3.1-2 2.3.1-3", "5.0": "2.2.1-3"}
    for s in book.client("ids/one-pool", refs, section,
                         comment="PUBLISH, SUBSCRIBE and UNSUBSCRIBE share the identifiers"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.subscribe("b", [("f", 1)], send("subscribe", packet_id="$q"), distinct=["$p", "$q"])
        s.unsubscribe("c", ["f"], send("unsubscribe", packet_id="$r"),
                      distinct=["$p", "$q", "$r"])
        s.publish("d", sent(2, "$s"), qos=2, distinct=["$p", "$q", "$r", "$s"])
        s.suback("$q", [1], token="b")
        s.publish("e", sent(1, "$t"), distinct=["$p", "$r", "$s", "$t"])
    for s in book.client("ids/subscribe-beside-held-identifier", refs, section,
                         comment="an identifier that waits for PUBCOMP is in use for SUBSCRIBE "
                                 "too"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.subscribe("b", [("f", 1)], send("subscribe", packet_id="$q"), distinct=["$p", "$q"])
        s.ack("pubcomp", "$p", event("completed", token="a"))
        s.suback("$q", [1], token="b")


def many_identifiers(book):
    section = {"3.1.1": "2.3.1", "5.0": "2.2.1"}
    refs = {"3.1.1 client": "2.3.1-2 2.3.1-3", "3.1.1 server": "2.3.1-4", "5.0 client": "2.2.1-3",
            "5.0 server": "2.2.1-4"}
    for s in book.each("ids/wrap", refs, section,
                       comment="more messages than identifiers, one after the other"):
        s.establish()
        s.repeat(70_000, lambda s=s: (s.publish(None, sent(1)), s.ack("puback", "$p")))
        s.publish("a", sent(1))
        s.ack("puback", "$p", event("completed", token="a"))
    for s in book.each("ids/wrap-past-a-held-one", refs, section,
                       comment="one message is not acknowledged while others take every number"):
        s.establish()
        s.publish("h", sent(1, "$h"))
        s.repeat(70_000, lambda s=s: (s.publish(None, sent(1), distinct=["$h", "$p"]),
                                      s.ack("puback", "$p")))
        s.ack("puback", "$h", event("completed", token="h"))
    for s in book.each("ids/all-in-use", refs, section, in_flight_maximum=65_535,
                       queue_maximum=10,
                       comment="the next message waits, or is refused; no identifier is used "
                               "twice"):
        s.establish()
        s.repeat(65_535, lambda s=s: s.publish(None, sent(1)))
        s.publish("a", Any([], [error("a")], choice="full"))
        s.publish(None, send("publish", qos=0), qos=0)
        s.ack("puback", 7, Any([sent(1, 7)], [], choice="full"))


def acknowledgement_order(book):
    refs = {"3.1.1 client": "4.6.0-4", "5.0 client": "4.6.0-4"}
    for s in book.each("order/pubrels", refs, "4.6",
                       comment="PUBREL in the order of the PUBRECs; PUBCOMP has none"):
        s.establish()
        for name in ("$p", "$q", "$r"):
            s.publish(None, sent(2, name), qos=2)
        for name in ("$p", "$q", "$r"):
            s.ack("pubrec", name, s.acked("pubrel", name))
        for name in ("$r", "$p", "$q"):
            s.ack("pubcomp", name)
    for s in book.each("order/pubrecs-out-of-order", refs, "4.6"):
        s.establish()
        for token, name in (("a", "$p"), ("b", "$q"), ("c", "$r")):
            s.publish(token, sent(2, name), qos=2)
        for name in ("$r", "$p", "$q"):
            s.ack("pubrec", name, s.acked("pubrel", name))
        for token, name in (("b", "$q"), ("c", "$r"), ("a", "$p")):
            s.ack("pubcomp", name, event("completed", token=token))
    for s in book.each("order/pubacks-out-of-order", {}, "4.6",
                       comment="a peer should not; each answer completes its own message"):
        s.establish()
        for token, name in (("a", "$p"), ("b", "$q"), ("c", "$r")):
            s.publish(token, sent(1, name))
        for token, name in (("c", "$r"), ("a", "$p"), ("b", "$q")):
            s.ack("puback", name, event("completed", token=token))
    for qos, type_, number in ((1, "puback", 2), (2, "pubrec", 3)):
        refs = {"3.1.1 client": f"4.6.0-{number}", "5.0 client": f"4.6.0-{number}"}
        for s in book.each(f"order/{type_}s", refs, "4.6"):
            s.establish()
            for packet_id in (9, 3, 5):
                if qos == 1:
                    s.message(1, packet_id, deliver(qos=1), s.acked("puback", packet_id, 0))
                else:
                    s.message_2(packet_id)
        for s in book.each(f"order/{type_}s-acknowledged-out-of-order", refs, "4.6",
                           acknowledge="manual",
                           comment="the application acknowledges in any order; the answers keep "
                                   "that of arrival"):
            s.establish()
            for packet_id in (9, 3, 5):
                s.message(qos, packet_id, deliver(qos=qos))
            s.acknowledge(5)
            s.acknowledge(9, s.acked(type_, 9, 0))
            s.acknowledge(3, s.acked(type_, 3, 0), s.acked(type_, 5, 0))
    for s in book.each("order/puback-beside-pubrec", {}, "4.6", acknowledge="manual",
                       comment="PUBACK and PUBREC have no order among each other"):
        s.establish()
        s.message(1, 1, deliver(qos=1))
        s.message(2, 2, deliver(qos=2))
        s.acknowledge(2, Any([s.acked("pubrec", 2)], [], choice="one_queue"))
        s.acknowledge(1, Any([s.acked("puback", 1)], [s.acked("puback", 1), s.acked("pubrec", 2)],
                             choice="one_queue"))
    for s in book.each("order/acknowledged-twice", {}, "4.6", acknowledge="manual",
                       comment="the second time there is nothing to acknowledge"):
        s.establish()
        s.message(1, 7, deliver(qos=1))
        s.acknowledge(7, s.acked("puback", 7))
        s.acknowledge(7, Any([error()], []))
        s.acknowledge(8, Any([error()], []))


def resend_order(book):
    refs = {"3.1.1": "4.4.0-1 3.3.1-1", "3.1.1 client": "4.6.0-1", "5.0": "4.4.0-1 3.3.1-1",
            "5.0 client": "4.6.0-1"}
    for s in book.each("order/resend-qos1-and-qos2", refs, "4.6", persistent=True):
        s.establish()
        for qos, name in ((1, "$p"), (2, "$q"), (1, "$r"), (2, "$s")):
            s.publish(None, sent(qos, name), qos=qos)
        s.lose()
        s.resume(sent(1, "$p", True), sent(2, "$q", True), sent(1, "$r", True),
                 sent(2, "$s", True))
    for s in book.each("order/resend-what-is-left", refs, "4.6", persistent=True,
                       comment="eight messages, some acknowledged in between"):
        s.establish()
        names = [f"${letter}" for letter in "abcdefgh"]
        for at, name in enumerate(names):
            s.publish(None, sent(1, name, payload=bytes([at])), payload=bytes([at]))
        for name in ("$b", "$e"):
            s.ack("puback", name)
        left = [sent(1, name, True, payload=bytes([at])) for at, name in enumerate(names)
                if name not in ("$b", "$e")]
        s.lose()
        s.resume(*left)
        s.lose()
        s.resume(*left)
    for s in book.each("order/resend-with-reused-identifiers", refs, "4.6", persistent=True,
                       comment="the order is that of sending, not of the identifiers"):
        s.establish()
        s.publish(None, sent(1, "$a"))
        s.publish("b", sent(1, "$b", payload=b"b"), payload=b"b")
        s.ack("puback", "$a")
        s.publish("c", sent(1, "$c", payload=b"c"), payload=b"c")
        s.lose()
        s.resume(sent(1, "$b", True, payload=b"b"), sent(1, "$c", True, payload=b"c"))
    for s in book.each("order/resend-publish-and-pubrel", refs, "4.6", persistent=True,
                       comment="PUBLISH and PUBREL have no order among each other; each is sent "
                               "in the form that it has come to"):
        s.establish()
        for qos, name in ((2, "$p"), (1, "$q"), (2, "$r")):
            s.publish(None, sent(qos, name), qos=qos)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubrec", "$r", s.acked("pubrel", "$r"))
        s.lose()
        p, q, r = s.acked("pubrel", "$p"), sent(1, "$q", True), s.acked("pubrel", "$r")
        s.resume(Any([p, q, r], [p, r, q], [q, p, r]))
    for s in book.each("order/new-behind-resent", refs, "4.6", persistent=True,
                       in_flight_maximum=2, queue_maximum=10,
                       comment="what was never sent goes out behind, without DUP"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(1, "$q"))
        s.publish("c")
        s.lose()
        s.resume(sent(1, "$p", True), sent(1, "$q", True))
        s.ack("puback", "$p", event("completed", token="a"), sent(1, "$r", False),
              distinct=["$q", "$r"])
        s.ack("puback", "$q", event("completed", token="b"))
        s.ack("puback", "$r", event("completed", token="c"))
    for s in book.each("order/window", {}, "4.6", in_flight_maximum=1, queue_maximum=10,
                       comment="a window of 1 keeps the order of messages over reconnections"):
        s.establish()
        s.publish("a", sent(1, "$p", payload=b"1"), payload=b"1")
        s.publish("b", qos=2, payload=b"2")
        s.publish("c", payload=b"3")
        s.ack("puback", "$p", event("completed", token="a"), sent(2, "$q", payload=b"2"))
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("pubcomp", "$q", event("completed", token="b"), sent(1, "$r", payload=b"3"))
        s.ack("puback", "$r", event("completed", token="c"))
    for s in book.each("order/released-from-the-queue", {"3.1.1": "4.4.0-1", "5.0": "4.4.0-1"},
                       "4.6",
                       persistent=True, in_flight_maximum=1, queue_maximum=10,
                       comment="what a PUBCOMP lets go is in flight like any other message"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.publish("b", qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"), sent(2, "$q"))
        s.lose()
        s.resume(sent(2, "$q", True))
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("pubcomp", "$q", event("completed", token="b"))
    for s in book.each("order/queue-full", {}, "4.6", in_flight_maximum=1, queue_maximum=2,
                       comment="what does not fit is refused; what waits is not lost"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b")
        s.publish("c")
        s.publish("d", Any([error("d")], [event("failed", token="d")]))
        s.ack("puback", "$p", event("completed", token="a"), sent(1, "$q"))
        s.ack("puback", "$q", event("completed", token="b"), sent(1, "$r"))
        s.ack("puback", "$r", event("completed", token="c"))


def kept_sessions(book):
    clean = {"3.1.1": "3.1.2-6", "5.0": "4.1.0-1"}
    for s in book.each("session/ends-with-the-connection", clean,
                       {"3.1.1": "3.1.2.4", "5.0": "3.1.2.11.2"},
                       comment="messages that wait end with it, each is reported"):
        s.establish()
        s.publish("a", sent(1))
        s.publish("b", sent(2, "$q"), qos=2)
        s.lose(event("lost", token="a"), event("lost", token="b"))
        s.establish()
        s.publish("c", sent(1, "$r"))
        s.ack("puback", "$r", event("completed", token="c"))
    kept = {"3.1.1": "3.1.2-4 4.1.0-1", "5.0": "3.1.2-23 4.1.0-1", "5.0 server": "3.1.2-5"}
    for s in book.each("session/kept-over-connections", kept,
                       {"3.1.1": "3.1.2.4", "5.0": "3.1.2.11.2"}, persistent=True):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(2, "$q"), qos=2)
        s.message_2(40)
        s.lose()
        s.tick(1_000_000)
        s.resume(sent(1, "$p", True), sent(2, "$q", True))
        s.ack("puback", "$p", event("completed", token="a"))
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.message(2, 40, s.acked("pubrec", 40), dup=True)
        s.pubrel(40)
        s.ack("pubcomp", "$q", event("completed", token="b"))
    for s in book.each("session/never-dropped-while-connected", {"3.1.1": "4.1.0-2",
                                                                 "5.0": "4.1.0-1"},
                       "4.1", persistent=True,
                       comment="longer than the Session Expiry Interval, which runs without a "
                               "connection only"):
        s.establish()
        s.publish("a", sent(1))
        s.tick(4_000_000)
        s.lose(at=4_000_010)
        s.resume(sent(1, dup=True))
    reset = {"3.1.1": "3.1.2-6", "5.0": "3.1.2-4"}
    for s in book.each("session/clean-after-kept", reset, "3.1.2.4", persistent=True,
                       comment="the old session is dropped when the client asks for a new one"):
        s.establish()
        s.publish("a", sent(1))
        s.lose()
        lost = event("lost", token="a")
        changed = {"clean_start" if s.v5 else "clean_session": True}
        if s.is_client:
            fields = {"clean_start" if s.v5 else "clean_session": True}
            request = send("connect", **fields)
            s.open(Any([request, lost], [request], choice="when_dropped"), **changed)
            s.answer(Any([], [lost], choice="when_dropped"))
        else:
            s.step("open", {})
            s.connect(**changed)
            s.answer(lost)
        s.publish("b", sent(1, "$q"))
        s.ack("puback", "$q", event("completed", token="b"))
    for s in book.each("session/kept-after-clean", reset, "3.1.2.4",
                       comment="a session that ended with its connection does not come back"):
        s.establish()
        s.publish("a", sent(1))
        s.lose(event("lost", token="a"))
        changed = {"clean_start": False, "properties": {"session_expiry_interval": 3600}} if s.v5 \
            else {"clean_session": False}
        s.establish(changed=changed)
        s.publish("b", sent(1, "$q"))
    for s in book.each("session/no-session-present", {}, "3.1.2.4", versions=["3.1"],
                       persistent=True,
                       comment="3.1 has no Session Present: what is left is sent again"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.publish("b", sent(1, "$q"))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.message_2(40)
        s.lose()
        p, q = s.acked("pubrel", "$p"), sent(1, "$q", True)
        s.resume(Any([p, q], [q, p]))
        s.message(2, 40, s.acked("pubrec", 40), dup=True)
        s.pubrel(40)
    for s in book.each("session/connection-lost-inside-a-packet", {}, "4.8", persistent=True,
                       comment="the first half of a packet has nothing to do with the next "
                               "connection"):
        s.establish()
        s.hex("320a0001")
        s.lose()
        s.resume()
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))


def snapshots(book):
    refs = {"3.1.1": "4.1.0-1 4.4.0-1", "5.0": "4.1.0-1 4.4.0-1"}
    for s in book.each("session/snapshot-of-what-is-sent", refs, "4.1", persistent=True):
        s.establish()
        for qos, name in ((2, "$p"), (1, "$q"), (2, "$r")):
            s.publish(None, sent(qos, name), qos=qos)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.step("snapshot", {})
        s.step("restore", {})
        p, q, r = s.acked("pubrel", "$p"), sent(1, "$q", True), sent(2, "$r", True)
        s.resume(Any([p, q, r], [q, r, p]))
        s.publish(None, sent(1, "$s"), distinct=["$p", "$q", "$r", "$s"])
        s.ack("pubcomp", "$p")
        s.ack("puback", "$q")
        s.ack("pubrec", "$r", s.acked("pubrel", "$r"))
    for s in book.each("session/snapshot-of-what-is-received", refs, "4.1", persistent=True):
        s.establish()
        s.message_2(7)
        s.step("snapshot", {})
        s.step("restore", {})
        s.resume()
        s.message(2, 7, s.acked("pubrec", 7), dup=True)
        s.pubrel(7)
        s.message_2(7, payload=b"2")
    for s in book.each("session/older-snapshot", refs, "4.1", persistent=True,
                       comment="a crash loses what came after the snapshot: the message is sent "
                               "again and its new answer completes it"):
        s.establish()
        s.publish(None, sent(1, "$p"))
        s.step("snapshot", {})
        s.ack("puback", "$p")
        s.step("restore", {})
        s.resume(sent(1, "$p", True))
        s.ack("puback", "$p")
        s.lose()
        s.resume()


def faults(book):
    refs = {"3.1.1": "4.8.0-1", "5.0 server": "4.13.1-1", "5.0": "4.13.2-1"}
    section = {"3.1": "4.2", "3.1.1": "4.8", "5.0": "4.13.1"}
    for id, bytes_ in (("reserved-type", "0000"), ("malformed-publish", "3000"),
                       ("topic-with-wildcard", "30060003612f2300"), ("qos-3", "360700017400070078"),
                       ("surplus-bytes", "c001ff"), ("ill-formed-topic", "30050002c08000")):
        for s in book.each(f"faults/{id}", refs, section):
            s.establish()
            s.hex(bytes_, s.fault(0x81, 0x82, 0x90))
    for s in book.each("faults/nothing-behind-a-fault", refs, section,
                       comment="what comes behind is not looked at; nothing more is sent"):
        s.establish()
        s.message(0, None, deliver(qos=0))
        s.hex("3000", s.fault(0x81))
        s.message(1, 7)
        s.recv("pingreq" if not s.is_client else "pingresp")
        s.lose()
        s.establish()
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))
    for s in book.each("faults/too-large", {"3.1.1": "4.8.0-2"}, section, versions=["3.1.1"],
                       maximum_packet_size=20, comment="a limit of this role, of which the peer "
                                                       "cannot be told before 5.0"):
        s.establish()
        s.message(0, None, deliver(qos=0, payload=b"m" * 15), payload=b"m" * 15)
        s.message(0, None, s.fault(0x95), payload=b"m" * 16)
    for s in book.each("faults/session-survives", {"3.1.1": "4.1.0-1", "5.0": "4.1.0-1"}, section,
                       persistent=True,
                       comment="a fault ends the connection, not the session"):
        s.establish()
        s.publish("a", sent(1))
        s.hex("3000", s.fault(0x81))
        s.resume(sent(1, dup=True))
        s.ack("puback", "$p", event("completed", token="a"))


def after_the_end(book):
    section = "4.8"
    for s in book.each("session/publish-without-connection", {}, {"3.1.1": "4.1", "5.0": "4.1"},
                       persistent=True, queue_maximum=10,
                       comment="it waits, or is refused; it goes out without DUP"):
        s.establish()
        s.lose()
        s.publish("a", Any([], [error("a")], choice="offline"))
        s.resume(Any([sent(1)], [], choice="offline"))
    for s in book.each("session/qos0-without-connection", {}, {"3.1.1": "4.1", "5.0": "4.1"},
                       persistent=True, comment="kept, refused or dropped"):
        s.establish()
        s.lose()
        s.publish(None, Any([], [error()], [], choice="offline"), qos=0)
        s.resume(Any([], [], [send("publish", qos=0, dup=False)], choice="offline"))
    for s in book.each("session/closed-twice", {}, section, comment="there is nothing to close"):
        s.establish()
        s.lose()
        s.lose()
        s.establish()
    for s in book.each("session/time-stands-still", {}, section,
                       comment="the same moment twice is no fault"):
        s.establish()
        s.tick(30)
        s.tick(30)
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7), at=30)
