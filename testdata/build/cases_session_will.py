"""Traces of the will: when a server publishes it, and when it does not."""

from sessions import ALL, CLOSE, Any, deliver, event, send, sent, will

SECTION = "3.1.2.5"


def will_traces(book):
    published(book)
    discarded(book)
    by_disconnect(book)
    by_fault(book)
    at_take_over(book)
    delayed(book)
    delay_and_session(book)


def announced(s, *args, **options):
    """The client's will, and the event that it is to be published."""
    s.connect_fields["will"] = will(s.version, *args, **options)
    fields = {key: value for key, value in s.connect_fields["will"].items() if key != "properties"}
    return event("will", **fields)


def published(book):
    refs = {"3.1.1": "3.1.2-8", "5.0": "3.1.2-7 3.1.2-8"}
    for s in book.server("will/connection-lost", refs, SECTION, versions=ALL):
        what = announced(s)
        s.establish()
        s.lose(what)
        s.tick(100_000)
    for s in book.server("will/retained", {"3.1.1": "3.1.2-17", "5.0": "3.1.2-15"}, "3.1.2.7"):
        what = announced(s, 2, True)
        s.establish()
        s.lose(what)
    for s in book.server("will/not-retained", {"3.1.1": "3.1.2-16", "5.0": "3.1.2-14"}, "3.1.2.7"):
        what = announced(s, 1, False)
        s.establish()
        s.lose(what)
    for s in book.server("will/properties", {"5.0": "3.1.3-10"}, "3.1.3.2", versions=["5.0"]):
        properties = {"content_type": "text/plain", "message_expiry_interval": 9,
                      "user_property": [["b", "1"], ["a", "2"], ["b", "3"]]}
        announced(s, **properties)
        s.establish()
        s.lose(event("will", topic="w", properties=properties))
    for s in book.server("will/of-each-connection", refs, SECTION, persistent=True,
                         comment="the second CONNECT has another will, the third none"):
        what = announced(s, payload=b"1")
        s.establish()
        s.lose(what)
        what = announced(s, payload=b"2")
        s.resume()
        s.lose(what)
        del s.connect_fields["will"]
        s.resume()
        s.lose()
    for s in book.server("will/keep-alive", {"3.1.1": "3.1.2-24 3.1.2-8",
                                             "5.0": "3.1.2-22 3.1.2-8"},
                         "3.1.2.10", versions=ALL, connect={"keep_alive": 10},
                         comment="once, though more than one thing ends the connection"):
        what = announced(s)
        s.open(at=0)
        s.connect(at=0)
        s.answer(at=0)
        s.tick(14_999)
        s.tick(15_000, s.fault(0x8D).plus(what))
        s.lose(at=15_000)
        s.tick(15_000)
    for s in book.server("will/closed-by-the-server", refs, SECTION,
                         comment="the application ends the connection; the client has not left "
                                 "by itself"):
        what = announced(s)
        s.establish()
        if s.v5:
            s.disconnect(send("disconnect", reason_code=0x8B), CLOSE, what, reason=0x8B)
        else:
            s.disconnect(CLOSE, what)


def discarded(book):
    refs = {"3.1.1": "3.1.2-12", "5.0": "3.1.2-8"}
    for s in book.server("will/none", refs, SECTION):
        s.establish()
        s.lose()
    refs = {"3.1.1": "3.1.2-10 3.14.4-3", "5.0": "3.1.2-10 3.14.4-3"}
    for s in book.server("will/discarded-by-disconnect", refs, "3.14.4", versions=ALL):
        announced(s)
        s.establish()
        s.recv("disconnect", s.farewell())
        s.lose()
        s.tick(100_000)
    for s in book.server("will/refused-connect", {"3.1.1": "3.1.2-8", "5.0": "3.1.2-7"}, SECTION,
                         comment="the CONNECT was not accepted, so there is no will"):
        announced(s)
        s.open()
        s.connect()
        reason = {"reason_code": 0x87} if s.v5 else {"code": 5}
        s.step("refuse", reason, send("connack", **reason), CLOSE)
        s.lose()
    for s in book.server("will/lost-before-accepted", {"3.1.1": "3.1.2-8", "5.0": "3.1.2-7"},
                         SECTION):
        announced(s)
        s.open()
        s.connect()
        s.lose()
    for s in book.server("will/disconnect-then-loss-at-once", {"3.1.1": "3.14.4-3",
                                                               "5.0": "3.14.4-3"},
                         "3.14.4", comment="the DISCONNECT came before the end of the connection "
                                           "was seen, so it counts"):
        announced(s)
        s.establish()
        s.message(0, None, deliver(qos=0), at=100)
        s.recv("disconnect", s.farewell(), at=100)
        s.lose(at=100)


def by_disconnect(book):
    refs = {"5.0": "3.14.4-3 3.1.2-8"}
    for reason in (0x04, 0x80, 0x81, 0x83, 0x93):
        for s in book.server(f"will/disconnect-with-{reason:02x}", refs, "3.14.2.1",
                             versions=["5.0"], comment="a DISCONNECT other than 0x00"):
            what = announced(s)
            s.establish()
            ends = event("disconnect", reason_code=reason)
            # The will waits for the end of the connection, whoever closes it.
            s.recv("disconnect", Any([ends, CLOSE, what], [ends], choice="who_closes"),
                   reason_code=reason)
            s.lose(Any([], [what], choice="who_closes"))
            s.tick(100_000)
    for s in book.server("will/disconnect-not-valid", {"5.0": "3.1.2-8 4.13.1-1"}, "3.14.2.2.2",
                         versions=["5.0"],
                         comment="Session Expiry Interval from 0 to another value is a fault, so "
                                 "the DISCONNECT does not discard the will"):
        what = announced(s)
        s.establish()
        s.recv("disconnect", s.fault(0x82).plus(what), properties={"session_expiry_interval": 10})
    for s in book.server("will/disconnect-malformed", {"3.1.1": "3.1.2-8", "5.0": "3.1.2-8"},
                         "3.14.1",
                         comment="no valid DISCONNECT, so the will is published"):
        what = announced(s)
        s.establish()
        s.hex("e100", s.fault(0x81).plus(what))


def by_fault(book):
    refs = {"3.1.1": "3.1.2-8 4.8.0-1", "5.0": "3.1.2-8 4.13.1-1"}
    section = {"3.1.1": "4.8", "5.0": "4.13.1"}
    for s in book.server("will/malformed-packet", refs, section):
        what = announced(s)
        s.establish()
        s.hex("3000", s.fault(0x81).plus(what))
        s.lose()
    for s in book.server("will/second-connect", refs, section):
        what = announced(s)
        s.establish()
        s.connect(s.fault(0x82).plus(what))
    for s in book.server("will/session-survives-fault", refs, section, persistent=True):
        what = announced(s)
        s.establish()
        s.publish("a", sent(1))
        s.hex("3000", s.fault(0x81).plus(what))
        s.resume(sent(1, dup=True))


def at_take_over(book):
    def leave(s, *events):
        return [*([send("disconnect", reason_code=0x8E)] if s.v5 else []), CLOSE, *events]

    def new(s, clean):
        return {"clean_start" if s.v5 else "clean_session": clean}

    refs = {"3.1.1": "3.1.4-2 3.1.2-8", "5.0": "3.1.4-3 3.1.2-8"}
    for clean in (False, True):
        for s in book.server(f"will/taken-over-{'clean' if clean else 'kept'}", refs, "3.1.4",
                             persistent=True,
                             comment="the old client has not left by itself; without a delay its "
                                     "will is published"):
            what = announced(s)
            s.establish()
            s.step("take_over", new(s, clean), *leave(s, what))
            s.lose()
    for s in book.server("will/taken-over-with-delay", {"5.0": "3.1.4-3 3.1.3-9"}, "3.1.3.2.2",
                         versions=["5.0"], persistent=True,
                         comment="the new connection goes on with the session before the delay "
                                 "is over"):
        announced(s, will_delay_interval=5)
        s.establish()
        s.step("take_over", new(s, False), *leave(s))
        del s.connect_fields["will"]
        s.resume()
        s.tick(100_000)
    for s in book.server("will/taken-over-with-delay-clean", {"5.0": "3.1.4-3 3.1.2-8"},
                         "3.1.3.2.2",
                         versions=["5.0"], persistent=True,
                         comment="the new connection ends the session, and that ends the delay"):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.step("take_over", new(s, True), Any(leave(s, what), leave(s), choice="when_dropped"))
        del s.connect_fields["will"]
        s.open()
        s.connect(**new(s, True))
        s.answer(Any([], [what], choice="when_dropped"))
        s.tick(100_000)


def delayed(book):
    five = {"versions": ["5.0"], "persistent": True, "section": "3.1.3.2.2"}
    refs = {"5.0": "3.1.2-8"}
    for s in book.server("will/delay", refs, **five):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.lose(at=1_000)
        s.tick(5_999)
        s.tick(6_000, what)
        s.tick(100_000)
        del s.connect_fields["will"]
        s.resume(at=100_010)
    for s in book.server("will/delay-0", refs, **five):
        what = announced(s, will_delay_interval=0)
        s.establish()
        s.lose(what)
    for s in book.server("will/delay-cancelled", {"5.0": "3.1.3-9"}, **five,
                         comment="the client is back a moment before"):
        announced(s, will_delay_interval=5)
        s.establish()
        s.lose(at=1_000)
        s.tick(5_999)
        del s.connect_fields["will"]
        s.resume(at=5_999)
        s.tick(6_000)
        s.tick(100_000)
    for s in book.server("will/delay-not-cancelled-by-a-refused-connect", {"5.0": "3.1.2-8"},
                         **five,
                         comment="only a connection that is accepted goes on with the session"):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.lose(at=1_000)
        s.open(at=2_000)
        s.connect(at=2_000)
        s.step("refuse", {"reason_code": 0x87}, send("connack", reason_code=0x87), CLOSE, at=2_000)
        s.tick(5_999)
        s.tick(6_000, what)
    for s in book.server("will/delay-after-fault", refs, **five,
                         comment="the connection is closed by the server, the will waits"):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.hex("3000", s.fault(0x81), at=1_000)
        s.tick(5_999)
        s.tick(6_000, what)
    for s in book.server("will/delay-and-disconnect-04", refs, **five):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.recv("disconnect", s.farewell(4), reason_code=4, at=1_000)
        s.lose(at=1_000)
        s.tick(5_999)
        s.tick(6_000, what)
    for s in book.server("will/delay-and-clean-start", refs, **five,
                         comment="a new session ends the old one, and that ends the delay"):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.lose(at=1_000)
        del s.connect_fields["will"]
        s.open(at=2_000)
        s.connect(clean_start=True, at=2_000)
        s.answer(what, at=2_000)
        s.tick(100_000)


def delay_and_session(book):
    refs = {"5.0": "3.1.2-8 4.1.0-2"}

    def kept(interval):
        return {"connect": {"clean_start": False,
                            "properties": {"session_expiry_interval": interval}}}

    five = {"versions": ["5.0"], "section": "3.1.3.2.2"}
    for s in book.server("will/delay-longer-than-session", refs, **five, **kept(3),
                         comment="the session ends first, and that ends the delay"):
        what = announced(s, will_delay_interval=60)
        s.establish()
        s.lose(at=1_000)
        s.tick(3_999)
        s.tick(4_000, what)
        s.tick(100_000)
    for s in book.server("will/delay-without-session", refs, **five,
                         comment="the session ends with the connection: the will goes out at "
                                 "once"):
        what = announced(s, will_delay_interval=60)
        s.establish()
        s.lose(what)
    for s in book.server("will/delay-equal-to-session", refs, **five, **kept(5), comment="once"):
        what = announced(s, will_delay_interval=5)
        s.establish()
        s.lose(at=1_000)
        s.tick(5_999)
        s.tick(6_000, what)
        s.tick(6_000)
        s.tick(100_000)
    for s in book.server("will/delay-and-expired-by-policy", refs, **five, **kept(3600),
                         comment="the application drops the session"):
        what = announced(s, will_delay_interval=60)
        s.establish()
        s.lose()
        s.step("expire_session", {}, what)
        s.tick(100_000)
    for s in book.server("will/delay-kept-by-snapshot", {"5.0": "3.1.2-8"}, **five, **kept(3600)):
        what = announced(s, will_delay_interval=60)
        s.establish()
        s.lose(at=1_000)
        s.step("snapshot", {}, at=2_000)
        s.step("restore", {}, at=2_000)
        s.tick(60_999)
        s.tick(61_000, what)
    for s in book.server("expiry/kept-by-snapshot", {"5.0": "4.1.0-2"}, "3.1.2.11.2",
                         versions=["5.0"], **kept(10)):
        s.establish()
        s.lose(at=1_000)
        s.step("snapshot", {}, at=2_000)
        s.step("restore", {}, at=2_000)
        s.resume(at=10_999)
        s.lose(at=12_000)
        s.step("snapshot", {}, at=13_000)
        s.step("restore", {}, at=13_000)
        s.establish(at=22_000)
