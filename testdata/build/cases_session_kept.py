"""Traces of what a server keeps for a client: messages, and the session while it is away."""

from sessions import CLOSE, Any, deliver, error, event, send, sent


def kept_traces(book):
    delivering(book)
    while_away(book)
    taking_over(book)
    session_end(book)


def delivering(book):
    least = {"3.1.1": "3.8.4-6", "5.0": "3.8.4-8"}
    for published in (0, 1, 2):
        for granted in (0, 1, 2):
            for s in book.server(f"deliver/qos{published}-granted-{granted}", least, "3.8.4"):
                qos = min(published, granted)
                s.establish()
                out = sent(qos) if qos else send("publish", qos=0, dup=False, packet_id=None)
                s.publish(None, out, qos=published, granted_qos=granted)
                if qos == 1:
                    s.ack("puback", "$p")
                elif qos == 2:
                    s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
                    s.ack("pubcomp", "$p")
    for s in book.server("deliver/to-itself", {"3.1.1": "3.3.1-3", "5.0": "3.3.1-3"}, "3.3.1.1",
                         comment="DUP is not copied: the message goes out for the first time"):
        s.establish()
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7), dup=True)
        s.publish(None, sent(1, dup=False))
    for s in book.server("deliver/retain", {"3.1.1": "3.3.1-8 3.3.1-9", "5.0": "3.3.1-13"},
                         "3.3.1.3", comment="RETAIN goes out as the application gives it"):
        s.establish()
        s.publish(None, send("publish", retain=True), qos=0, retain=True)
        s.publish(None, send("publish", retain=False), qos=0, retain=False)
    for s in book.server("deliver/properties", {"5.0": "3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 "
                                                       "3.3.2-18 3.3.2-20"},
                         "3.3.2.3", versions=["5.0"]):
        properties = {"payload_format_indicator": 1, "content_type": "text/plain",
                      "response_topic": "r", "correlation_data": b"\x01",
                      "user_property": [["b", "1"], ["a", "2"], ["b", "3"]],
                      "subscription_identifier": [5, 9]}
        s.establish()
        s.publish(None, send("publish", properties=properties), qos=0, **properties)


def while_away(book):
    waits = {"3.1.1": "3.1.2-5", "5.0": "4.1.0-1"}
    for s in book.server("deliver/while-away", waits, {"3.1.1": "3.1.2.4", "5.0": "4.1"},
                         persistent=True, queue_maximum=10,
                         comment="kept in order, sent for the first time when the client is back"):
        s.establish()
        s.lose()
        s.publish("a", payload=b"1")
        s.publish("b", qos=2, payload=b"2")
        s.publish("c", payload=b"3")
        s.resume(sent(1, "$p", payload=b"1"), sent(2, "$q", payload=b"2"),
                 sent(1, "$r", payload=b"3"))
        s.ack("puback", "$p", event("completed", token="a"))
    for s in book.server("deliver/behind-what-is-resent", waits,
                         {"3.1.1": "4.6", "5.0": "4.6"}, persistent=True, queue_maximum=10):
        s.establish()
        s.publish("a", sent(1, "$p", payload=b"1"), payload=b"1")
        s.lose()
        s.publish("b", payload=b"2")
        s.resume(sent(1, "$p", True, payload=b"1"), sent(1, "$q", False, payload=b"2"))
    for s in book.server("deliver/while-away-without-session", {},
                         {"3.1.1": "3.1.2.4", "5.0": "4.1"},
                         comment="the session ended with the connection: there is nobody to "
                                 "deliver to"):
        s.establish()
        s.lose()
        s.publish("a", Any([error("a")], [event("lost", token="a")]))
        s.establish()
    for s in book.server("deliver/queue-full", {}, "4.1", persistent=True, queue_maximum=2,
                         comment="what does not fit is reported; which one is dropped is open"):
        s.establish()
        s.lose()
        s.publish("a", payload=b"1")
        s.publish("b", payload=b"2")
        s.publish("c", Any([error("c")], [event("failed", token="c")], [event("failed", token="a")],
                           choice="which"), payload=b"3")
        first = [sent(1, "$p", payload=b"1"), sent(1, "$q", payload=b"2")]
        last = [sent(1, "$p", payload=b"2"), sent(1, "$q", payload=b"3")]
        s.resume(Any(first, first, last, choice="which"))
    for s in book.server("deliver/expired-while-away", {"5.0": "3.3.2-5 3.3.2-6"}, "3.3.2.3.3",
                         versions=["5.0"], persistent=True, queue_maximum=10,
                         comment="what has expired is not sent; of what has not the time that it "
                                 "waited is taken"):
        s.establish()
        s.lose(at=1_000)
        s.publish("a", message_expiry_interval=2, payload=b"1", at=1_000)
        s.publish("b", message_expiry_interval=10, payload=b"2", at=1_000)
        s.publish("c", payload=b"3", at=1_000)
        s.step("open", {}, Any([], [event("failed", token="a")], choice="when_told"), at=5_000)
        s.connect(at=5_000)
        rest = [sent(1, "$q", payload=b"2", properties={"message_expiry_interval": 6}),
                sent(1, "$r", payload=b"3", properties={"message_expiry_interval": None})]
        s.answer(Any([event("failed", token="a"), *rest], rest, choice="when_told"),
                 session_present=True, at=5_000)
    for s in book.server("deliver/expiry-at-resend", {"5.0": "3.3.2-6 4.3.3-7"}, "3.3.2.3.3",
                         versions=["5.0"], since="1.5.0", persistent=True,
                         comment="the time in the server counts, but what the client may already "
                                 "have is not dropped; there are servers that send the interval "
                                 "as it was"):
        s.establish()
        s.publish("a", sent(1, "$p", properties={"message_expiry_interval": 10}), at=1_000,
                  message_expiry_interval=10)
        s.publish("b", sent(2, "$q", properties={"message_expiry_interval": 2}), qos=2, at=1_000,
                  message_expiry_interval=2)
        s.lose(at=1_010)
        again = lambda left: [
            sent(1, "$p", True, properties={"message_expiry_interval": left}),
            sent(2, "$q", True)]
        s.resume(Any(again(6), again(10)), at=5_000)


def taking_over(book):
    section = {"3.1.1": "3.1.4", "5.0": "3.1.4"}
    refs = {"3.1.1": "3.1.4-2", "5.0": "3.1.4-3"}

    def leave(s, *events):
        sends = [send("disconnect", reason_code=0x8E)] if s.v5 else []
        return [*sends, CLOSE, *events]

    def changed(s, clean):
        return {"clean_start" if s.v5 else "clean_session": clean}

    for s in book.server("takeover/kept", refs, section, persistent=True,
                         comment="the old connection is closed, the session goes on in the new "
                                 "one"):
        s.establish()
        s.publish("a", sent(1))
        s.step("take_over", changed(s, False), *leave(s))
        s.message(1, 7)
        s.resume(sent(1, dup=True))
        s.ack("puback", "$p", event("completed", token="a"))
    for s in book.server("takeover/clean", refs, section):
        s.establish()
        s.publish("a", sent(1))
        s.step("take_over", changed(s, True), *leave(s, event("lost", token="a")))
        s.establish()
    for s in book.server("takeover/kept-by-clean", refs, section, persistent=True,
                         comment="the new connection wants none of the old session"):
        s.establish()
        s.publish("a", sent(1))
        lost = event("lost", token="a")
        s.step("take_over", changed(s, True), Any(leave(s, lost), leave(s), choice="when_dropped"))
        s.open()
        s.connect(**changed(s, True))
        s.answer(Any([], [lost], choice="when_dropped"))
    for s in book.server("takeover/before-accepted", refs, section,
                         comment="the old connection had no CONNACK yet: there is no DISCONNECT"):
        s.open()
        s.connect()
        s.step("take_over", changed(s, True), CLOSE)
    for s in book.server("takeover/nobody-there", {}, section, persistent=True,
                         comment="there is no connection to close"):
        s.establish()
        s.lose()
        s.step("take_over", changed(s, False))
        s.resume()


def session_end(book):
    for s in book.server("expiry/by-policy", {"3.1.1": "3.2.2-3 4.1.0-2", "5.0": "3.2.2-3"},
                         "4.1", persistent=True,
                         comment="the application drops the session of a client that is away"):
        s.establish()
        s.publish("a", sent(1))
        s.lose()
        s.step("expire_session", {}, event("lost", token="a"))
        s.establish()
        s.publish("b", sent(1, "$q"))
    for s in book.server("expiry/not-while-connected", {"3.1.1": "4.1.0-2", "5.0": "4.1.0-1"},
                         "4.1",
                         persistent=True, comment="the call is refused and changes nothing"):
        s.establish()
        s.publish("a", sent(1))
        s.step("expire_session", {}, error())
        s.ack("puback", "$p", event("completed", token="a"))
    expires = {"5.0": "4.1.0-2 3.1.2-23"}
    five = {"versions": ["5.0"], "section": "3.1.2.11.2"}

    def kept(interval):
        return {"connect": {"clean_start": False,
                            "properties": {"session_expiry_interval": interval}}}

    for s in book.server("expiry/a-moment-before", expires, **five, **kept(10)):
        s.establish()
        s.publish("a", sent(1))
        s.lose(at=1_000)
        s.tick(10_999)
        s.resume(sent(1, dup=True), at=10_999)
    for s in book.server("expiry/at-its-time", expires, **five, **kept(10)):
        s.establish()
        s.publish("a", sent(1))
        s.lose(at=1_000)
        s.tick(10_999)
        s.tick(11_000, event("lost", token="a"))
        s.establish()
    for s in book.server("expiry/without-a-tick", {"5.0": "4.1.0-2 3.2.2-3"}, **five, **kept(10),
                         comment="the time has passed though nobody said so in between"):
        s.establish()
        s.lose(at=1_000)
        s.establish(at=20_000)
    for s in book.server("expiry/0", expires | {"5.0": "4.1.0-2"}, **five, **kept(0),
                         comment="it ends with the connection"):
        s.establish()
        s.publish("a", sent(1))
        s.lose(event("lost", token="a"))
        s.establish()
    for s in book.server("expiry/never", expires, **five, **kept(0xFFFF_FFFF)):
        s.establish()
        s.lose(at=1_000)
        s.tick(5_000_000_000_000)
        s.resume(at=5_000_000_000_000)
    for s in book.server("expiry/counts-anew", expires, **five, **kept(10),
                         comment="each connection begins the interval anew"):
        s.establish()
        s.lose(at=1_000)
        s.resume(at=9_000)
        s.lose(at=18_000)
        s.tick(27_999)
        s.resume(at=27_999)
    for s in book.server("expiry/changed-by-disconnect", expires, **five, **kept(10)):
        s.establish()
        s.recv("disconnect", s.farewell(0), properties={"session_expiry_interval": 100}, at=1_000)
        s.lose(at=1_000)
        s.tick(100_999)
        s.resume(at=100_999)
    for s in book.server("expiry/changed-by-disconnect-to-0", expires, **five, **kept(10)):
        s.establish()
        s.publish("a", sent(1))
        s.recv("disconnect", s.farewell(0, event("lost", token="a")),
               properties={"session_expiry_interval": 0})
        s.lose()
        s.establish()
    for s in book.server("expiry/disconnect-from-0", {"5.0": "4.13.1-1"}, versions=["5.0"],
                         section="3.14.2.2.2", comment="not from 0 to another value"):
        s.establish()
        s.recv("disconnect", s.fault(0x82), properties={"session_expiry_interval": 10})
    for s in book.server("expiry/disconnect-from-0-of-the-client", {"5.0": "4.13.1-1"},
                         versions=["5.0"], since="1.5.0", section="3.14.2.2.2",
                         comment="the value of the CONNECT counts here, not that of the CONNACK"):
        s.establish(accept={"session_expiry_interval": 10})
        s.recv("disconnect", s.fault(0x82), properties={"session_expiry_interval": 10})
    for s in book.server("expiry/by-the-server", expires, **five, **kept(1000),
                         comment="the value of the CONNACK counts"):
        given = {"session_expiry_interval": 5}
        s.establish(accept=given)
        s.lose(at=1_000)
        s.tick(6_000)
        s.establish(at=6_000)
