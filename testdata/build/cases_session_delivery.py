"""Traces of the three ways of delivery: either role sends, and either role receives."""

from sessions import ALL, Any, deliver, error, event, send, sent

HOUR = 3_600_000


def delivery_traces(book):
    qos_0(book)
    qos_1_sender(book)
    qos_1_strays(book)
    qos_1_receiver(book)
    qos_2_sender(book)
    qos_2_losses(book)
    qos_2_strays(book)
    qos_2_receiver(book)
    qos_2_repeats(book)
    qos_2_reset(book)
    refusals(book)
    expiry(book)


def qos_0(book):
    refs = {"3.1.1": "4.3.1-1", "5.0": "4.3.1-1"}
    for s in book.each("qos0/send", refs, "4.3.1", versions=ALL):
        s.establish()
        s.publish(None, send("publish", qos=0, dup=False, packet_id=None, payload=b"m"), qos=0)
        s.publish(None, send("publish", qos=0, dup=False, packet_id=None, payload=b"n"), qos=0,
                  payload=b"n")
    for s in book.each("qos0/not-resent", refs, "4.3.1", persistent=True):
        s.establish()
        s.publish(None, send("publish", qos=0, dup=False, packet_id=None), qos=0)
        s.lose()
        s.resume()
    for s in book.each("qos0/receive", {"3.1.1": "3.3.4-1", "5.0": "3.3.4-1"}, "3.3.4"):
        s.establish()
        s.message(0, None, deliver(topic="t", qos=0, payload=b"m"))
        s.message(0, None, deliver(topic="t", qos=0, payload=b"m"))


def qos_1_sender(book):
    refs = {"3.1.1": "4.3.2-1", "3.1.1 client": "2.3.1-2", "3.1.1 server": "2.3.1-4",
            "5.0": "4.3.2-1 4.3.2-2 4.3.2-3", "5.0 client": "2.2.1-3", "5.0 server": "2.2.1-4"}
    for s in book.each("qos1/puback", refs, "4.3.2", versions=ALL):
        s.establish()
        s.publish("a", sent(1, topic="t", payload=b"m", retain=False))
        s.ack("puback", "$p", event("completed", token="a"))
    refs = {"3.1.1": "3.3.1-1 4.3.2-1 4.4.0-1", "3.1.1 client": "2.3.1-3",
            "3.1.1 server": "2.3.1-4",
            "5.0": "3.3.1-1 4.3.2-3 4.4.0-1"}
    for s in book.each("qos1/puback-lost", refs, "4.4", persistent=True, versions=ALL):
        s.establish()
        s.publish("a", sent(1))
        s.lose()
        s.resume(sent(1, dup=True, topic="t", payload=b"m"))
        s.ack("puback", "$p", event("completed", token="a"))
    for s in book.each("qos1/puback-lost-three-times", refs, "4.4", persistent=True):
        s.establish()
        s.publish("a", sent(1))
        for _ in range(3):
            s.lose()
            s.resume(sent(1, dup=True))
        s.ack("puback", "$p", event("completed", token="a"))
        s.lose()
        s.resume()
    refs = {"3.1.1": "4.4.0-1", "5.0": "4.4.0-1"}
    for s in book.each("qos1/no-retry-while-connected", refs, "4.4",
                       comment="3.1.1 demands a retry at a new connection alone and is silent "
                               "about others; 5.0 forbids them"):
        s.establish()
        s.publish("a", sent(1))
        silence = Any([]) if s.v5 else Any([], [sent(1, dup=True)])
        for at in (20_000, 60_000, HOUR):
            s.tick(at, silence)
        s.ack("puback", "$p", event("completed", token="a"), at=HOUR + 10)
    refs = {"3.1.1 client": "2.3.1-2 2.3.1-3", "3.1.1 server": "2.3.1-4",
            "5.0 client": "2.2.1-3", "5.0 server": "2.2.1-4", "5.0": "4.3.2-1"}
    for s in book.each("qos1/identifier-free-after-puback", refs, "4.3.2"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(1, "$q"), distinct=["$p", "$q"])
        s.ack("puback", "$p", event("completed", token="a"))
        s.publish("c", sent(1, "$r"), distinct=["$q", "$r"])
        s.ack("puback", "$r", event("completed", token="c"))
        s.ack("puback", "$q", event("completed", token="b"))


def qos_1_strays(book):
    refs = {"3.1.1": "4.8.0-1", "5.0 server": "4.13.1-1"}
    section = {"3.1.1": "4.8", "5.0": "4.13.1"}
    for s in book.each("qos1/puback-unknown", {}, "4.3.2",
                       comment="the standards are silent; the recommendation is to ignore it"):
        s.establish()
        s.ack("puback", 7, Any([], *s.fault(0x82).alternatives))
    for s in book.each("qos1/puback-twice", {}, "4.3.2",
                       comment="the second one is for no message"):
        s.establish()
        s.publish("a", sent(1))
        s.ack("puback", "$p", event("completed", token="a"))
        s.ack("puback", "$p", Any([], *s.fault(0x82).alternatives))
    for s in book.each("qos1/puback-for-qos2", refs, section, persistent=True,
                       comment="it must not complete the message; to ignore it is lenient"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("puback", "$p", s.fault(0x82).or_([]))
    for s in book.each("qos1/pubrec-for-qos1", refs, section, persistent=True,
                       comment="it must not be answered by PUBREL; to ignore it is lenient"):
        s.establish()
        s.publish("a", sent(1))
        s.ack("pubrec", "$p", s.fault(0x82).or_([]))
    for s in book.each("qos1/pubcomp-for-qos1", refs, section, persistent=True,
                       comment="it must not complete the message; to ignore it is lenient"):
        s.establish()
        s.publish("a", sent(1))
        s.ack("pubcomp", "$p", s.fault(0x82).or_([]))


def qos_1_receiver(book):
    refs = {"3.1.1": "4.3.2-2 3.3.4-1 2.3.1-6", "5.0": "4.3.2-4 3.3.4-1 2.2.1-5"}
    for s in book.each("qos1/receive", refs, "4.3.2", versions=ALL):
        s.establish()
        s.message(1, 7, deliver(topic="t", qos=1, payload=b"m"), s.acked("puback", 7, 0))
    for s in book.each("qos1/receive-with-dup", refs, "4.3.2",
                       comment="DUP says nothing about what the receiver knows"):
        s.establish()
        s.message(1, 7, deliver(topic="t", qos=1, payload=b"m"), s.acked("puback", 7, 0), dup=True)
    refs = {"3.1.1": "4.3.2-2", "5.0": "4.3.2-5"}
    for s in book.each("qos1/receive-same-identifier-again", refs, "4.3.2",
                       comment="after its PUBACK it is a new message, with DUP or without"):
        s.establish()
        for dup, payload in ((False, b"1"), (True, b"1"), (False, b"2")):
            s.message(1, 7, deliver(qos=1, payload=payload), s.acked("puback", 7, 0), dup=dup,
                      payload=payload)
    for s in book.each("qos1/receive-resent-after-resume", refs, "4.3.2", persistent=True,
                       comment="the PUBACK was lost: at QoS 1 it is delivered twice"):
        s.establish()
        s.message(1, 7, deliver(qos=1, payload=b"m"), s.acked("puback", 7, 0))
        s.lose()
        s.resume()
        s.message(1, 7, deliver(qos=1, payload=b"m"), s.acked("puback", 7, 0), dup=True)
    for s in book.each("qos1/owed-puback-forgotten", {"3.1.1": "4.3.2-2", "5.0": "4.3.2-4"},
                       "4.3.2",
                       persistent=True, acknowledge="manual",
                       comment="what was not acknowledged before the loss is sent again by the "
                               "peer"):
        s.establish()
        s.message(1, 7, deliver(qos=1, payload=b"m"))
        s.lose()
        s.resume()
        s.acknowledge(7, Any([error()], []))
        s.message(1, 7, deliver(qos=1, payload=b"m"), dup=True)
        s.acknowledge(7, s.acked("puback", 7, 0))


def qos_2_sender(book):
    refs = {"3.1.1": "4.3.3-1 2.3.1-6", "3.1.1 client": "2.3.1-2 2.3.1-3",
            "3.1.1 server": "2.3.1-4",
            "5.0": "4.3.3-1 4.3.3-2 4.3.3-3 4.3.3-4 4.3.3-5 2.2.1-5", "5.0 client": "2.2.1-3",
            "5.0 server": "2.2.1-4"}
    for s in book.each("qos2/send", refs, "4.3.3", versions=ALL):
        s.establish()
        s.publish("a", sent(2, topic="t", payload=b"m"), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p", 0))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    refs = {"3.1.1 client": "2.3.1-2 2.3.1-3", "3.1.1 server": "2.3.1-4", "3.1.1": "4.3.3-1",
            "5.0": "4.3.3-1 4.3.3-5"}
    for s in book.each("qos2/identifier-in-use-until-pubcomp", refs, "4.3.3"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.publish("b", sent(2, "$q"), qos=2, distinct=["$p", "$q"])
        s.publish("c", sent(1, "$r"), distinct=["$p", "$q", "$r"])
        s.ack("pubcomp", "$p", event("completed", token="a"))
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("puback", "$r", event("completed", token="c"))
        s.ack("pubcomp", "$q", event("completed", token="b"))
    for s in book.each("qos2/no-retry-while-connected", {"3.1.1": "4.4.0-1", "5.0": "4.4.0-1"},
                       "4.4", comment="3.1.1 is silent about retries on a connection that "
                                      "stands; 5.0 forbids them"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.tick(60_000, Any([]) if s.v5 else Any([], [sent(2, dup=True)]))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.tick(HOUR, Any([]) if s.v5 else Any([], [send("pubrel", packet_id="$p")]))
        s.ack("pubcomp", "$p", event("completed", token="a"))


def qos_2_losses(book):
    unacked = {"3.1.1": "4.3.3-1 4.4.0-1 3.3.1-1", "3.1.1 client": "2.3.1-3",
               "3.1.1 server": "2.3.1-4", "5.0": "4.3.3-3 4.4.0-1 3.3.1-1"}
    for s in book.each("qos2/publish-lost", unacked, "4.4", persistent=True, versions=ALL):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.lose()
        s.resume(sent(2, dup=True, topic="t", payload=b"m"))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    released = {"3.1.1": "4.3.3-1 4.4.0-1", "5.0": "4.3.3-5 4.3.3-6 4.4.0-1"}
    for s in book.each("qos2/pubrel-lost", released, "4.4", persistent=True, versions=ALL,
                       comment="after the PUBREL the PUBLISH is never sent again"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p", 0))
        s.ack("pubcomp", "$p", event("completed", token="a"))
        s.lose()
        s.resume()
    for s in book.each("qos2/pubcomp-lost", released, "4.4", persistent=True,
                       comment="the peer has forgotten the identifier: in 5.0 it says so"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p", 0))
        s.ack("pubcomp", "$p", event("completed", token="a"), reason=0x92 if s.v5 else 0)
    for s in book.each("qos2/loss-at-every-stage", released, "4.4", persistent=True):
        s.establish()
        s.publish("a", sent(2), qos=2)
        for _ in range(2):
            s.lose()
            s.resume(sent(2, dup=True))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        for _ in range(2):
            s.lose()
            s.resume(s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.each("qos2/pubrec-again-after-resume", released, "4.3.3", persistent=True):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p"))
        s.ack("pubrec", "$p", Any([s.acked("pubrel", "$p")], []))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.each("qos2/new-message-beside-pubrel", released, "4.4", persistent=True):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p"))
        s.publish("b", sent(2, "$q"), qos=2, distinct=["$p", "$q"])
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("pubcomp", "$q", event("completed", token="b"))
        s.ack("pubcomp", "$p", event("completed", token="a"))


def qos_2_strays(book):
    for s in book.each("qos2/pubrec-twice", {"3.1.1": "4.3.3-1", "5.0": "4.3.3-6"}, "4.3.3",
                       comment="the standards leave the answer open; the PUBLISH is not sent "
                               "again"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubrec", "$p", Any([s.acked("pubrel", "$p", 0)], []))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.each("qos2/pubrec-unknown", {}, "4.3.3",
                       comment="answered by PUBREL, so that the peer comes to an end; 3.1.1 is "
                               "silent, 5.0 has a reason code for it"):
        s.establish()
        s.ack("pubrec", 7, Any([s.acked("pubrel", 7, 0x92)], [s.acked("pubrel", 7, 0)], []))
        s.ack("pubcomp", 7)
    for s in book.each("qos2/pubrec-after-pubcomp", {}, "4.3.3"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
        s.ack("pubrec", "$p", Any([s.acked("pubrel", "$p", 0x92)], [s.acked("pubrel", "$p", 0)],
                                  []))
    for s in book.each("qos2/pubcomp-before-pubrec", {"3.1.1": "4.8.0-1", "5.0 server": "4.13.1-1"},
                       {"3.1.1": "4.8", "5.0": "4.13.1"},
                       persistent=True,
                       comment="it must not complete the message; to ignore it is lenient"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubcomp", "$p", s.fault(0x82).or_([]))
    for s in book.each("qos2/pubcomp-unknown", {}, "4.3.3",
                       comment="the standards are silent; the recommendation is to ignore it"):
        s.establish()
        s.ack("pubcomp", 7, Any([], *s.fault(0x82).alternatives))
    for s in book.client("qos2/pubrec-no-matching-subscribers", {"5.0": "4.3.3-4"}, "4.3.3",
                         versions=["5.0"],
                         comment="0x10 is below 0x80 and no failure; only a server may say it"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p", 0), reason=0x10)
        s.ack("pubcomp", "$p", event("completed", token="a"))


def qos_2_receiver(book):
    refs = {"3.1.1": "4.3.3-2 3.3.4-1 2.3.1-6", "5.0": "4.3.3-8 4.3.3-11 3.3.4-1 2.2.1-5"}
    for s in book.each("qos2/receive", refs, "4.3.3", versions=ALL):
        s.establish()
        s.message_2(7)
        s.pubrel(7)
    for s in book.each("qos2/receive-two", refs, "4.3.3"):
        s.establish()
        s.message_2(7, payload=b"1")
        s.message_2(8, payload=b"2")
        s.pubrel(8, payload=b"2")
        s.pubrel(7, payload=b"1")
    for s in book.each("qos2/receive-qos0-between", refs, "4.3.3",
                       comment="what has no identifier has nothing to do with it"):
        s.establish()
        s.message_2(7)
        s.message(0, None, deliver(qos=0, payload=b"0"), payload=b"0")
        s.pubrel(7)
    refs = {"3.1.1": "4.3.3-2", "5.0": "4.3.3-12"}
    for s in book.each("qos2/receive-same-identifier-after-pubcomp", refs, "4.3.3",
                       comment="after its PUBCOMP it is a new message, with DUP or without"):
        s.establish()
        for dup, payload in ((False, b"1"), (True, b"2"), (False, b"2")):
            s.message_2(7, payload=payload, dup=dup)
            s.pubrel(7, payload=payload)


def qos_2_repeats(book):
    refs = {"3.1.1": "4.3.3-2", "5.0": "4.3.3-10"}
    for name, repeats in (("dup", [(True, b"m")]), ("no-dup", [(False, b"m")]),
                          ("many-times", [(True, b"m")] * 5), ("other-content", [(False, b"n")])):
        comment = {"many-times": "no number of repeats is a fault",
                   "other-content": "the identifier decides, not the content"}.get(name)
        for s in book.each(f"qos2/receive-repeated-{name}", refs, "4.3.3", comment=comment):
            s.establish()
            s.message_2(7)
            for dup, payload in repeats:
                s.message(2, 7, s.acked("pubrec", 7, 0), dup=dup, payload=payload)
            s.pubrel(7)
    for s in book.each("qos2/receive-repeated-across-pubrec", refs, "4.3.3", versions=ALL,
                       since="1.5.0", acknowledge="manual",
                       comment="the peer has sent it again before it got the PUBREC. Whoever owes "
                               "an older PUBREC may answer the repeat behind that, and gets the "
                               "PUBREL all the same"):
        s.establish()
        s.message(2, 7, deliver(qos=2))
        s.acknowledge(7, s.acked("pubrec", 7, 0))
        s.message(2, 8, deliver(qos=2))
        s.message(2, 7, Any([], [s.acked("pubrec", 7, 0)]), dup=True)
        s.ack("pubrel", 7, s.acked("pubcomp", 7, 0))
        s.acknowledge(8, s.acked("pubrec", 8, 0))
    for s in book.each("qos2/receive-repeated-after-resume",
                       {"3.1.1": "4.3.3-2 4.4.0-1", "5.0": "4.3.3-10 4.4.0-1"}, "4.4",
                       persistent=True, comment="the PUBREC was lost; nothing is sent unasked"):
        s.establish()
        s.message_2(7)
        s.lose()
        s.resume()
        s.message(2, 7, s.acked("pubrec", 7, 0), dup=True)
        s.pubrel(7)
    for s in book.each("qos2/pubrel-after-resume", {"3.1.1": "4.3.3-2", "5.0": "4.3.3-11"}, "4.4",
                       persistent=True):
        s.establish()
        s.message_2(7)
        s.lose()
        s.resume()
        s.pubrel(7)
    refs = {"3.1.1": "4.3.3-2", "5.0": "4.3.3-11"}
    unknown = lambda s, id: Any([s.acked("pubcomp", id, 0x92)], [s.acked("pubcomp", id, 0)])
    for s in book.each("qos2/pubrel-unknown", refs, "4.3.3",
                       comment="always answered, or the peer sends it for ever"):
        s.establish()
        s.ack("pubrel", 7, unknown(s, 7) if s.v5 else s.acked("pubcomp", 7))
        s.message(0, None, deliver(qos=0))
    for s in book.each("qos2/pubrel-with-dup", {}, "3.6", versions=["3.1"],
                       comment="3.1 sets DUP when it sends a PUBREL again"):
        s.establish()
        s.message_2(7)
        s.pubrel(7)
        s.hex("6a020007", s.acked("pubcomp", 7))
    for s in book.each("qos2/pubrel-twice", refs, "4.3.3"):
        s.establish()
        s.message_2(7)
        s.pubrel(7)
        s.ack("pubrel", 7, unknown(s, 7) if s.v5 else s.acked("pubcomp", 7))
    for s in book.each("qos2/pubrel-again-after-resume", refs, "4.4", persistent=True,
                       comment="the PUBCOMP was lost"):
        s.establish()
        s.message_2(7)
        s.pubrel(7)
        s.lose()
        s.resume()
        s.ack("pubrel", 7, unknown(s, 7) if s.v5 else s.acked("pubcomp", 7))
    for s in book.each("qos2/qos1-with-the-same-identifier", {"3.1.1": "4.8.0-1"}, "4.3.3",
                       comment="the identifier is in use; it must not be delivered as if it were "
                               "not"):
        s.establish()
        s.message_2(7)
        in_use = [[s.acked("puback", 7, 0x91)]] if s.v5 else []
        s.message(1, 7, Any(*in_use, *s.fault(0x82).alternatives))


def qos_2_reset(book):
    refs = {"3.1.1": "3.1.2-6", "5.0": "3.1.2-4"}
    for s in book.each("qos2/receive-after-session-reset", refs, "4.3.3", persistent=True,
                       comment="the identifiers of the old session are forgotten, or the new "
                               "message is lost"):
        s.establish()
        s.message_2(7, payload=b"1")
        s.lose()
        changed = {"clean_start" if s.v5 else "clean_session": True}
        s.establish(changed=changed)
        s.message(2, 7, *([deliver(qos=2, payload=b"2"), s.acked("pubrec", 7, 0)] if s.v5 else
                          [Any([deliver(qos=2, payload=b"2"), s.acked("pubrec", 7)],
                               [s.acked("pubrec", 7)], choice="qos2_delivery")]), payload=b"2")
        s.pubrel(7, payload=b"2")
    for s in book.each("qos2/receive-after-connection-without-session",
                       {"3.1.1": "3.1.2-6", "5.0": "3.1.2-4"}, "4.3.3",
                       comment="two clean sessions, one after the other"):
        s.establish()
        s.message_2(7, payload=b"1")
        s.lose()
        s.establish()
        s.message_2(7, payload=b"2")
        s.pubrel(7, payload=b"2")


def refusals(book):
    for s in book.each("qos1/puback-failure", {"5.0": "4.4.0-2"}, "4.4", versions=["5.0"],
                       persistent=True,
                       comment="the message has come to its end: it is not resent"):
        s.establish()
        s.publish("a", sent(1))
        s.ack("puback", "$p", event("failed", token="a", reason_code=0x87), reason=0x87)
        s.lose()
        s.resume()
    for s in book.each("qos2/pubrec-failure", {"5.0": "4.4.0-2 4.3.3-4"}, "4.3.3", versions=["5.0"],
                       persistent=True, comment="no PUBREL, and it is not resent"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", event("failed", token="a", reason_code=0x97), reason=0x97)
        s.lose()
        s.resume()
    for s in book.each("qos2/pubrec-failure-after-success", {"5.0 server": "4.13.1-1"}, "4.13.1",
                       versions=["5.0"], persistent=True, comment="it contradicts the earlier "
                                                                  "PUBREC"):
        s.establish()
        s.publish("a", sent(2), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubrec", "$p", s.fault(0x82).or_([]), reason=0x87)
    for s in book.each("qos1/refuse", {"5.0": "4.3.2-4 4.3.2-5 2.2.1-5"}, "3.4.2.1",
                       versions=["5.0"],
                       acknowledge="manual"):
        s.establish()
        s.message(1, 7, deliver(qos=1))
        s.acknowledge(7, s.acked("puback", 7, 0x87), reason=0x87)
        s.message(1, 7, deliver(qos=1, payload=b"2"), payload=b"2")
        s.acknowledge(7, s.acked("puback", 7, 0))
    for s in book.each("qos2/refuse", {"5.0": "4.3.3-9"}, "4.3.3", versions=["5.0"],
                       acknowledge="manual",
                       comment="after a PUBREC of 0x80 or more the identifier is that of a new "
                               "message"):
        s.establish()
        s.message(2, 7, deliver(qos=2))
        s.acknowledge(7, s.acked("pubrec", 7, 0x97), reason=0x97)
        s.message(2, 7, deliver(qos=2, payload=b"2"), payload=b"2", dup=True)
        s.acknowledge(7, s.acked("pubrec", 7, 0))
        s.ack("pubrel", 7, s.acked("pubcomp", 7, 0))
    for s in book.each("qos2/refuse-then-pubrel", {"5.0": "4.3.3-11"}, "4.3.3", versions=["5.0"],
                       acknowledge="manual", comment="a careless peer releases what was refused"):
        s.establish()
        s.message(2, 7, deliver(qos=2))
        s.acknowledge(7, s.acked("pubrec", 7, 0x83), reason=0x83)
        s.ack("pubrel", 7, Any([s.acked("pubcomp", 7, 0x92)], [s.acked("pubcomp", 7, 0)]))


def expiry(book):
    for s in book.each("qos2/expiry-after-send", {"5.0": "4.3.3-7"}, "4.3.3", versions=["5.0"],
                       persistent=True, comment="no longer applies once the PUBLISH was sent"):
        s.establish()
        s.publish("a", sent(2), qos=2, message_expiry_interval=1)
        s.lose()
        s.tick(10_000)
        s.resume(sent(2, dup=True))
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.each("qos2/expiry-after-pubrel", {"5.0": "4.3.3-5 4.4.0-1"}, "4.3.3",
                       versions=["5.0"], persistent=True,
                       comment="the PUBREL is owed whatever has become of the message"):
        s.establish()
        s.publish("a", sent(2), qos=2, message_expiry_interval=1)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.tick(10_000)
        s.resume(s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"))
    for s in book.each("qos1/expiry-after-send", {"5.0": "4.4.0-1"}, "4.4", versions=["5.0"],
                       persistent=True,
                       comment="that expiry ends with sending is said of QoS 2 alone; to drop a "
                               "message of QoS 1 is not forbidden"):
        s.establish()
        s.publish("a", sent(1), message_expiry_interval=1)
        s.lose()
        s.tick(10_000, Any([], [event("failed", token="a")], [], choice="expiry"))
        s.resume(Any([sent(1, dup=True)], [], [event("failed", token="a")], choice="expiry"))
    for s in book.each("qos2/expiry-after-receipt", {"5.0": "4.3.3-13"}, "4.3.3", versions=["5.0"]):
        s.establish()
        s.message_2(7, message_expiry_interval=1)
        s.tick(10_000)
        s.message(2, 7, s.acked("pubrec", 7, 0), dup=True, message_expiry_interval=1)
        s.pubrel(7)
