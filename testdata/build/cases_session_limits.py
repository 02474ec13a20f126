"""Traces of what the sides of a connection of 5.0 announce to each other: Receive Maximum, Topic
Alias Maximum, Maximum Packet Size. Either role."""

from sessions import CLOSE, Any, deliver, error, event, send, sent

ONLY_5_0 = {"versions": ["5.0"]}
LONG = "x" * 40


def limits_traces(book):
    send_quota(book)
    quota_and_the_rest(book)
    quota_over_connections(book)
    receive_maximum(book)
    aliases_out(book)
    aliases_in(book)
    packet_sizes(book)
    optional_properties(book)


def quota_refs(more=""):
    return {"5.0": f"4.9.0-2 {more}", "5.0 client": "3.3.4-7", "5.0 server": "3.3.4-9"}


def send_quota(book):
    for s in book.each("flow/receive-maximum-1", quota_refs("4.9.0-1"), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(1, "$p", payload=b"1"), payload=b"1")
        s.publish("b", payload=b"2")
        s.publish("c", payload=b"3")
        s.ack("puback", "$p", event("completed", token="a"), sent(1, "$q", payload=b"2"))
        s.ack("puback", "$q", event("completed", token="b"), sent(1, "$r", payload=b"3"))
        s.ack("puback", "$r", event("completed", token="c"))
    for s in book.each("flow/receive-maximum-3", quota_refs("4.9.0-1"), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 3}, queue_maximum=10):
        s.establish()
        for name in ("$p", "$q", "$r"):
            s.publish(None, sent(1, name))
        s.publish(None, qos=2)
        s.ack("puback", "$q", sent(2, "$s"), distinct=["$p", "$r", "$s"])
        s.publish(None)
        s.ack("puback", "$p", sent(1, "$t"), distinct=["$r", "$s", "$t"])
    for s in book.each("flow/qos2-until-pubcomp", quota_refs(), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10,
                       comment="a PUBREC below 0x80 gives nothing back"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.publish("b")
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.publish("c")
        s.ack("pubcomp", "$p", event("completed", token="a"), sent(1, "$q"))
    for s in book.each("flow/pubrec-failure-gives-back", quota_refs("4.4.0-2"), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.publish("b", qos=2)
        s.ack("pubrec", "$p", event("failed", token="a", reason_code=0x87), sent(2, "$q"),
              reason=0x87)
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("pubcomp", "$q", event("completed", token="b"))
    for s in book.each("flow/puback-failure-gives-back", quota_refs("4.4.0-2"), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b")
        s.ack("puback", "$p", event("failed", token="a", reason_code=0x97), sent(1, "$q"),
              reason=0x97)
    for s in book.each("flow/stray-acknowledgements-give-nothing", quota_refs(), "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10,
                       comment="the quota never rises above what it began with; where such "
                               "acknowledgements are faults the connection ends"):
        s.establish()
        s.publish(None, sent(1, "$p"))
        s.ack("puback", "$p")
        ends = s.fault(0x82).alternatives
        s.ack("puback", "$p", Any([], *ends, *ends, choice="strays"))
        refused = [error("a")], [error("a")]
        s.publish("a", Any([sent(1, "$q")], [], [], *refused, choice="strays"))
        refused = [error("b")], [error("b")]
        s.publish("b", Any([], [], [], *refused, choice="strays"))


def quota_and_the_rest(book):
    refs = {"5.0": "4.9.0-2 4.9.0-3"}
    for s in book.each("flow/qos0-without-quota", refs, "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10,
                       comment="QoS 0 may go on, or wait to keep its place"):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish(None, Any([send("publish", qos=0)], [], choice="qos0"), qos=0)
        s.ack("puback", "$p", Any([event("completed", token="a")],
                                  [event("completed", token="a"), send("publish", qos=0)],
                                  choice="qos0"))
    refs = {"5.0": "4.9.0-3", "5.0 client": "3.3.4-8", "5.0 server": "3.3.4-10"}
    for s in book.each("flow/acknowledgements-without-quota", refs, "4.9", **ONLY_5_0,
                       peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.publish("b")
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))
        s.message_2(8)
        s.pubrel(8)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
    for s in book.client("flow/requests-without-quota", refs, "4.9", **ONLY_5_0,
                         peer={"receive_maximum": 1}, queue_maximum=10, connect={"keep_alive": 30}):
        s.establish()
        s.publish("a", sent(1, "$p"), at=100)
        s.publish("b", at=110)
        s.subscribe("c", [("f", 1)], send("subscribe", packet_id="$q"), at=120)
        s.unsubscribe("d", ["g"], send("unsubscribe", packet_id="$r"), at=130)
        s.tick(30_130, send("pingreq"))
        s.disconnect(event("lost", token="c"), event("lost", token="d"), event("lost", token="a"),
                     event("lost", token="b"), send("disconnect", reason_code=0),
                     CLOSE, at=30_140)
    for s in book.server("flow/answers-without-quota", refs, "4.9", **ONLY_5_0,
                         peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b")
        s.recv("pingreq", send("pingresp"))
        s.subscribed(3, [("f", 1)])
        s.grant(3, [1])


def quota_over_connections(book):
    for s in book.each("flow/more-stored-than-quota", quota_refs("4.4.0-1"), "4.9", **ONLY_5_0,
                       persistent=True, queue_maximum=10,
                       comment="the new connection allows less than the old one: the rest is "
                               "resent as the quota comes back, in order and with DUP"):
        s.establish()
        for token, name in (("a", "$p"), ("b", "$q"), ("c", "$r")):
            s.publish(token, sent(1, name))
        s.lose()
        s.resume(sent(1, "$p", True), **s.announced(receive_maximum=1))
        s.ack("puback", "$p", event("completed", token="a"), sent(1, "$q", True))
        s.ack("puback", "$q", event("completed", token="b"), sent(1, "$r", True))
        s.ack("puback", "$r", event("completed", token="c"))
    for s in book.each("flow/quota-set-anew", quota_refs("4.9.0-1"), "4.9", **ONLY_5_0,
                       persistent=True, peer={"receive_maximum": 1}, queue_maximum=10,
                       comment="after ten losses the quota is still that of Receive Maximum"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        for _ in range(10):
            s.lose()
            s.resume(sent(2, "$p", True))
        s.publish("b", qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.ack("pubcomp", "$p", event("completed", token="a"), sent(2, "$q"))
        s.publish("c")
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.ack("pubcomp", "$q", event("completed", token="b"), sent(1, "$r"))
    for s in book.each("flow/larger-after-reconnection", quota_refs("4.9.0-1"), "4.9", **ONLY_5_0,
                       persistent=True, peer={"receive_maximum": 1}, queue_maximum=10):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b")
        s.publish("c")
        s.lose()
        s.resume(sent(1, "$p", True), sent(1, "$q", False), **s.announced(receive_maximum=2))
        s.ack("puback", "$p", event("completed", token="a"), sent(1, "$r", False))
    for s in book.each("flow/pubcomp-does-not-overshoot", quota_refs(), "4.9", **ONLY_5_0,
                       persistent=True, queue_maximum=10,
                       comment="whether a PUBREL from before takes quota is left open; its "
                               "PUBCOMP never makes it larger than Receive Maximum"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p"), **s.announced(receive_maximum=1))
        s.ack("pubcomp", "$p", event("completed", token="a"))
        s.publish("b", sent(1, "$q"))
        s.publish("c")
        s.ack("puback", "$q", event("completed", token="b"), sent(1, "$r"))
    for s in book.each("flow/publish-beside-resent-pubrel", quota_refs(), "4.9", **ONLY_5_0,
                       persistent=True, queue_maximum=10,
                       comment="by the letter the PUBREL takes no quota; to count it is the safe "
                               "way"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2)
        s.ack("pubrec", "$p", s.acked("pubrel", "$p"))
        s.lose()
        s.resume(s.acked("pubrel", "$p"), **s.announced(receive_maximum=1))
        s.publish("b", Any([], [sent(1, "$q")], choice="counted"))
        s.ack("pubcomp", "$p", Any([event("completed", token="a"), sent(1, "$q")],
                                   [event("completed", token="a")], choice="counted"))
        s.publish("c")
        s.ack("puback", "$q", event("completed", token="b"), sent(1, "$r"))


def receive_maximum(book):
    refs = {"5.0": "4.13.2-1", "5.0 client": "3.3.4-9", "5.0 server": "3.3.4-7 4.13.1-1"}
    for s in book.each("flow/exceeded-at-qos1", refs, "3.3.4", **ONLY_5_0,
                       own={"receive_maximum": 2}, acknowledge="manual"):
        s.establish()
        s.message(1, 1, deliver(qos=1))
        s.message(1, 2, deliver(qos=1))
        s.message(1, 3, s.fault(0x93))
    for s in book.each("flow/exceeded-at-qos2", refs, "3.3.4", **ONLY_5_0,
                       own={"receive_maximum": 1},
                       comment="a QoS 2 message counts until its PUBCOMP"):
        s.establish()
        s.message_2(1)
        s.message(2, 2, s.fault(0x93))
    for s in book.server("flow/exceeded-as-accepted", refs, "3.3.4", **ONLY_5_0, since="1.5.0",
                         accept={"receive_maximum": 1}, acknowledge="manual",
                         comment="the application decides it with the CONNACK"):
        s.establish()
        s.message(1, 1, deliver(qos=1))
        s.message(1, 2, s.fault(0x93))
    for s in book.each("flow/not-exceeded", refs, "3.3.4", **ONLY_5_0, own={"receive_maximum": 1}):
        s.establish()
        s.message(1, 1, deliver(qos=1), s.acked("puback", 1))
        s.message(1, 2, deliver(qos=1), s.acked("puback", 2))
        s.message_2(3)
        s.message(0, None, deliver(qos=0))
        s.pubrel(3)
        s.message_2(4)
    for s in book.each("flow/not-exceeded-by-what-was-refused", refs, "3.3.4", **ONLY_5_0,
                       own={"receive_maximum": 1}, acknowledge="manual"):
        s.establish()
        for packet_id in (1, 2, 3):
            s.message(2, packet_id, deliver(qos=2))
            s.acknowledge(packet_id, s.acked("pubrec", packet_id, 0x87), reason=0x87)
    for s in book.each("flow/not-exceeded-by-a-repeat", refs, "3.3.4", **ONLY_5_0, persistent=True,
                       own={"receive_maximum": 1}, comment="the same message is not counted "
                                                           "twice"):
        s.establish()
        s.message_2(1)
        s.lose()
        s.resume()
        s.message(2, 1, s.acked("pubrec", 1), dup=True)
        s.pubrel(1)
        s.message_2(2)


def aliases_out(book):
    maximum = {"5.0 client": "3.2.2-17 3.3.2-9", "5.0 server": "3.1.2-26 3.3.2-11"}
    none = {"5.0 client": "3.2.2-18", "5.0 server": "3.1.2-27"}
    plain = send("publish", topic="t", properties={"topic_alias": None})
    for s in book.each("alias/peer-wants-none", none, "3.3.2.3.4", **ONLY_5_0,
                       comment="no Topic Alias Maximum: refused, or sent without the alias"):
        s.establish()
        s.publish(None, Any([error()], [plain]), qos=0, topic_alias=1)
    for s in book.each("alias/peer-wants-0", none, "3.3.2.3.4", **ONLY_5_0,
                       peer={"topic_alias_maximum": 0}):
        s.establish()
        s.publish(None, Any([error()], [plain]), qos=0, topic_alias=1)
    for s in book.each("alias/send-above-maximum", maximum, "3.3.2.3.4", **ONLY_5_0,
                       peer={"topic_alias_maximum": 2}):
        s.establish()
        s.publish(None, Any([error()], [plain]), qos=0, topic_alias=3)
    for s in book.each("alias/send", maximum, "3.3.2.3.4", **ONLY_5_0,
                       peer={"topic_alias_maximum": 2},
                       comment="once the peer knows the alias the topic may be left out"):
        s.establish()
        for alias, topic in ((1, "t"), (2, "u")):
            s.publish(None, send("publish", topic=topic, properties={"topic_alias": alias}), qos=0,
                      topic=topic, topic_alias=alias)
        known = [[send("publish", topic=each, properties={"topic_alias": 1})] for each in ("", "t")]
        s.publish(None, Any(*known), qos=0, topic="t", topic_alias=1)
        s.publish(None, send("publish", topic="v", properties={"topic_alias": 1}), qos=0, topic="v",
                  topic_alias=1)
    for s in book.each("alias/not-relied-on-at-resend", {"5.0": "3.3.2-7 4.4.0-1"}, "3.3.2.3.4",
                       **ONLY_5_0, persistent=True, peer={"topic_alias_maximum": 2},
                       comment="the peer has forgotten the alias, so the topic is there again"):
        s.establish()
        s.publish(None, send("publish", topic="t", properties={"topic_alias": 1}), qos=0,
                  topic_alias=1)
        s.publish("a", Any([sent(1, "$p", topic="", properties={"topic_alias": 1})],
                           [sent(1, "$p", topic="t", properties={"topic_alias": 1})]),
                  topic_alias=1)
        s.lose()
        s.resume(sent(1, "$p", True, topic="t"))
    for s in book.each("alias/peer-wants-none-at-resend", none, "3.3.2.3.4", **ONLY_5_0,
                       persistent=True, comment="the new connection allows no alias"):
        s.establish(**s.announced(topic_alias_maximum=2))
        s.publish("a", sent(1, "$p", topic="t", properties={"topic_alias": 1}), topic_alias=1)
        s.lose()
        s.resume(sent(1, "$p", True, topic="t", properties={"topic_alias": None}),
                 **s.announced(topic_alias_maximum=0))


def aliases_in(book):
    own = {"own": {"topic_alias_maximum": 2}, **ONLY_5_0}
    refs = {"5.0 client": "3.3.2-10", "5.0 server": "3.3.2-12"}
    for s in book.each("alias/receive", refs, "3.3.2.3.4", **own):
        s.establish()
        for alias, topic in ((1, "a"), (2, "b"), (1, "")):
            s.message(0, None, deliver(topic=topic or "a"), topic=topic, topic_alias=alias)
        s.message(0, None, deliver(topic="c"), topic="c", topic_alias=1)
        s.message(0, None, deliver(topic="c"), topic="", topic_alias=1)
        s.message(0, None, deliver(topic="b"), topic="", topic_alias=2)
    for s in book.each("alias/receive-at-qos1", refs, "3.3.2.3.4", **own):
        s.establish()
        s.message(1, 7, deliver(topic="a", qos=1), s.acked("puback", 7), topic="a", topic_alias=2)
        s.message(1, 8, deliver(topic="a", qos=1), s.acked("puback", 8), topic="", topic_alias=2)
    fault = {"5.0": "4.13.2-1", "5.0 server": "4.13.1-1"}
    for s in book.each("alias/receive-unknown", fault, "3.3.2.3.4", **own):
        s.establish()
        s.message(0, None, s.fault(0x82, 0x94), topic="", topic_alias=1)
    above = {"5.0": "4.13.2-1", "5.0 client": "3.3.2-11", "5.0 server": "3.3.2-9"}
    for s in book.each("alias/receive-above-maximum", above, "3.3.2.3.4", **own):
        s.establish()
        s.message(0, None, s.fault(0x94, 0x82), topic="a", topic_alias=3)
    for s in book.server("alias/receive-as-accepted", refs | above, "3.3.2.3.4", **ONLY_5_0,
                         since="1.5.0", accept={"topic_alias_maximum": 1},
                         comment="the application decides it with the CONNACK"):
        s.establish()
        s.message(0, None, deliver(topic="a"), topic="a", topic_alias=1)
        s.message(0, None, deliver(topic="a"), topic="", topic_alias=1)
        s.message(0, None, s.fault(0x94, 0x82), topic="b", topic_alias=2)
    for s in book.each("alias/receive-unannounced", above, "3.3.2.3.4", **ONLY_5_0,
                       comment="no Topic Alias Maximum is one of 0"):
        s.establish()
        s.message(0, None, s.fault(0x94, 0x82), topic="a", topic_alias=1)
    for s in book.each("alias/forgotten-with-the-connection", {"5.0": "3.3.2-7"}, "3.3.2.3.4",
                       **own,
                       persistent=True):
        s.establish()
        s.message(0, None, deliver(topic="a"), topic="a", topic_alias=1)
        s.lose()
        s.resume()
        s.message(0, None, s.fault(0x82, 0x94), topic="", topic_alias=1)


def packet_sizes(book):
    refs = {"5.0 client": "3.2.2-15", "5.0 server": "3.1.2-24"}
    for s in book.each("size/send-fits", refs, "3.1.2.11.4", **ONLY_5_0,
                       peer={"maximum_packet_size": 20}):
        s.establish()
        s.publish(None, send("publish", qos=0, payload=b"m" * 14), qos=0, payload=b"m" * 14)
    for s in book.each("size/send-too-large", refs, "3.1.2.11.4", **ONLY_5_0,
                       peer={"maximum_packet_size": 20},
                       comment="refused, or reported as done without being sent"):
        s.establish()
        s.publish("a", Any([error("a")], [event("failed", token="a")]), payload=b"m" * 15)
        s.publish("b", sent(1, payload=b"m"))
    for s in book.each("size/stored-too-large", refs, "3.1.2.11.4", **ONLY_5_0, persistent=True,
                       comment="the new connection allows less: the message is dropped as if it "
                               "were done, and the next one goes out"):
        s.establish()
        s.publish("a", sent(1, "$p"), payload=b"m" * 40)
        s.publish("b", sent(1, "$q"))
        s.lose()
        s.resume(event("failed", token="a"), sent(1, "$q", True),
                 **s.announced(maximum_packet_size=30))
        s.ack("puback", "$q", event("completed", token="b"))
    for s in book.each("size/stored-too-large-at-qos2", refs, "3.1.2.11.4", **ONLY_5_0,
                       since="1.5.0", persistent=True,
                       comment="by the letter the message is done; a peer that has it would take "
                               "another with its identifier for a repeat, so that to send PUBREL "
                               "is the safe way"):
        s.establish()
        s.publish("a", sent(2, "$p"), qos=2, payload=b"m" * 40)
        s.lose()
        failed = event("failed", token="a")
        s.resume(Any([failed, s.acked("pubrel", "$p")], [failed]),
                 **s.announced(maximum_packet_size=30))
        s.publish("b", sent(1, "$q"))
        s.ack("puback", "$q", event("completed", token="b"))
    refs = {"5.0": "4.13.2-1", "5.0 client": "3.1.2-24", "5.0 server": "3.2.2-15 4.13.1-1"}
    for s in book.each("size/receive-too-large", refs, "3.1.2.11.4", **ONLY_5_0,
                       own={"maximum_packet_size": 30}):
        s.establish()
        s.message(0, None, deliver(qos=0, payload=b"m" * 24), payload=b"m" * 24)
        s.message(0, None, s.fault(0x95), payload=b"m" * 25)
    for s in book.server("size/receive-too-large-as-accepted", refs, "3.1.2.11.4", **ONLY_5_0,
                         since="1.5.0", accept={"maximum_packet_size": 30},
                         comment="the application decides it with the CONNACK"):
        s.establish()
        s.message(0, None, deliver(qos=0, payload=b"m" * 24), payload=b"m" * 24)
        s.message(0, None, s.fault(0x95), payload=b"m" * 25)


def optional_properties(book):
    absent = {"reason_string": None, "user_property": None}
    small = {"peer": {"maximum_packet_size": 30}, "acknowledge": "manual", **ONLY_5_0}
    for qos, name, section in ((1, "puback", "3.4.2"), (2, "pubrec", "3.5.2")):
        refs = {"5.0": f"{section}-2 {section}-3"}
        for s in book.each(f"size/{name}-properties-left-out", refs, section, **small):
            s.establish()
            s.message(qos, 7, deliver(qos=qos))
            s.acknowledge(7, send(name, packet_id=7, reason_code=0x87, properties=absent),
                          reason=0x87, reason_string=LONG, user_property=[("k", LONG)])
        for s in book.each(f"size/{name}-properties-sent", refs, section, acknowledge="manual",
                           **ONLY_5_0):
            s.establish()
            s.message(qos, 7, deliver(qos=qos))
            s.acknowledge(7, send(name, packet_id=7, reason_code=0x87,
                                  properties={"reason_string": "why"}),
                          reason=0x87, reason_string="why")
    tiny = {"peer": {"maximum_packet_size": 12}, **ONLY_5_0}
    for asked, name, section in (("pubrec", "pubrel", "3.6.2"), ("pubrel", "pubcomp", "3.7.2")):
        refs = {"5.0": f"{section}-2 {section}-3"}
        for s in book.each(f"size/{name}-properties-left-out", refs, section, **tiny,
                           comment="a role may say why of its own accord, where there is room"):
            answers = [[send(name, packet_id=7, reason_code=reason, properties=absent)]
                       for reason in (0x92, 0)]
            s.establish()
            s.ack(asked, 7, Any(*answers, *([[]] if asked == "pubrec" else [])))
    for s in book.each("size/disconnect-properties-left-out", {"5.0": "3.14.2-3 3.14.2-4"},
                       "3.14.2",
                       peer={"maximum_packet_size": 30}, **ONLY_5_0):
        s.establish()
        s.disconnect(send("disconnect", reason_code=0x83, properties=absent), CLOSE,
                     reason=0x83, reason_string=LONG, user_property=[("k", LONG)])
