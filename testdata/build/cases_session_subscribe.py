"""Traces of subscriptions: a client asks for them, a server answers."""

from sessions import ALL, Any, deliver, error, event, send, sent


def subscribe_traces(book):
    asking(book)
    bad_answers(book)
    granting(book)
    removing(book)


def asking(book):
    taken = {"3.1.1": "2.3.1-2 2.3.1-3", "5.0": "2.2.1-3"}
    for s in book.client("subscribe/suback", taken, "3.8", versions=ALL):
        s.establish()
        fields = {} if s.v5 else {"subscriptions": [{"filter": "a/+", "qos": 1}]}
        s.subscribe("a", [("a/+", 1)], send("subscribe", packet_id="$p", **fields))
        s.suback("$p", [1], token="a")
        s.message(1, 7, deliver(topic="a/b", qos=1), s.acked("puback", 7), topic="a/b")
    for s in book.client("subscribe/granted-less", taken, "3.9.3"):
        s.establish()
        s.subscribe("a", [("a", 2), ("b", 1), ("c", 0)], send("subscribe", packet_id="$p"))
        s.suback("$p", [1, 0, 0], token="a")
    for s in book.client("subscribe/failure", taken, "3.9.3",
                         comment="each filter has its own code; the others stand"):
        s.establish()
        s.subscribe("a", [("a", 1), ("b", 1), ("c", 1)], send("subscribe", packet_id="$p"))
        s.suback("$p", [1, 0x80, 0x87 if s.v5 else 0x80], token="a")
    for s in book.client("subscribe/unsuback", taken, "3.10"):
        s.establish()
        s.unsubscribe("a", ["a", "b"], send("unsubscribe", packet_id="$p", filters=["a", "b"]))
        codes = {"reason_codes": [0, 0x11]} if s.v5 else {}
        s.unsuback("$p", 2, event("completed", token="a", **codes), reasons=[0, 0x11])
    for s in book.client("subscribe/answers-out-of-order", taken, "3.8.4"):
        s.establish()
        s.subscribe("a", [("a", 1)], send("subscribe", packet_id="$p"))
        s.subscribe("b", [("b", 1)], send("subscribe", packet_id="$q"), distinct=["$p", "$q"])
        s.unsubscribe("c", ["c"], send("unsubscribe", packet_id="$r"), distinct=["$p", "$q", "$r"])
        codes = {"reason_codes": [0]} if s.v5 else {}
        s.unsuback("$r", 1, event("completed", token="c", **codes))
        s.suback("$q", [0], token="b")
        s.suback("$p", [1], token="a")
    for s in book.client("subscribe/message-before-suback", {}, "3.8.4",
                         comment="the server may begin to send before it answers"):
        s.establish()
        s.subscribe("a", [("t", 1)], send("subscribe", packet_id="$p"))
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))
        s.suback("$p", [1], token="a")
    for s in book.client("subscribe/message-behind-unsuback", {"3.1.1": "4.5.0-2",
                                                               "5.0": "4.5.0-2"},
                         "3.10.4", comment="what the server had begun comes to its end"):
        s.establish()
        s.unsubscribe("a", ["t"], send("unsubscribe", packet_id="$p"))
        s.unsuback("$p", 1, event("completed", token="a"))
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))
        s.message_2(8)
        s.pubrel(8)
    for s in book.client("subscribe/message-unasked", {"3.1.1": "4.5.0-2", "5.0": "4.5.0-2"}, "4.5",
                         comment="acknowledged, whether the application wants it or not"):
        s.establish()
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7), topic="never/asked")
        s.message(2, 8, Any([deliver(qos=2), s.acked("pubrec", 8)], [s.acked("pubrec", 8)]),
                  topic="never/asked")
    for s in book.client("subscribe/lost-with-the-connection", {}, "3.8.4", persistent=True,
                         comment="a request is no part of the session: it is not sent again, and "
                                 "its identifier is free"):
        s.establish()
        s.subscribe("a", [("a", 1)], send("subscribe", packet_id="$p"))
        s.unsubscribe("b", ["b"], send("unsubscribe", packet_id="$q"))
        s.lose(event("lost", token="a"), event("lost", token="b"))
        s.resume()
        s.subscribe("c", [("a", 1)], send("subscribe", packet_id="$r"))
        s.suback("$r", [1], token="c")


def bad_answers(book):
    refs = {"3.1.1": "4.8.0-1", "5.0": "4.13.2-1"}
    for s in book.client("subscribe/too-few-codes", refs, "3.9.3"):
        s.establish()
        s.subscribe(None, [("a", 1), ("b", 1)], send("subscribe", packet_id="$p"))
        s.suback("$p", [1], s.fault(0x82))
    for s in book.client("subscribe/too-many-codes", refs, "3.9.3"):
        s.establish()
        s.subscribe(None, [("a", 1)], send("subscribe", packet_id="$p"))
        s.suback("$p", [1, 1], s.fault(0x82))
    for s in book.client("subscribe/suback-unknown", {}, "3.9",
                         comment="the standards are silent; the recommendation is to ignore it"):
        s.establish()
        s.suback(7, [1], Any([], *s.fault(0x82).alternatives))
    for s in book.client("subscribe/suback-for-unsubscribe", refs, "3.9",
                         comment="it must not complete the request; to ignore it is lenient"):
        s.establish()
        s.unsubscribe("a", ["a"], send("unsubscribe", packet_id="$p"))
        s.suback("$p", [1], s.fault(0x82).plus(event("lost", token="a")).or_([]))
    for s in book.client("subscribe/puback-for-subscribe", refs, "3.9",
                         comment="it must not complete the request; to ignore it is lenient"):
        s.establish()
        s.subscribe("a", [("a", 1)], send("subscribe", packet_id="$p"))
        s.ack("puback", "$p", s.fault(0x82).plus(event("lost", token="a")).or_([]))
    for s in book.client("subscribe/suback-for-publish", refs, "3.9", persistent=True,
                         comment="it must not complete the message; to ignore it is lenient"):
        s.establish()
        s.publish("a", sent(1))
        s.suback("$p", [1], s.fault(0x82).or_([]))


def granting(book):
    answer = {"3.1.1": "3.8.4-1 3.8.4-2 3.8.4-5 2.3.1-7", "5.0": "3.8.4-1 3.8.4-2 3.8.4-6 3.8.4-7 "
                                                                 "2.2.1-6"}
    for s in book.server("subscribe/suback", answer, "3.8.4", versions=ALL):
        s.establish()
        s.subscribed(10, [("a/+", 1)])
        s.grant(10, [1])
    order = {"3.1.1": "3.9.3-1 3.8.4-5", "5.0": "3.9.3-1 3.8.4-6"}
    for s in book.server("subscribe/several-filters", order, "3.9.3"):
        s.establish()
        s.subscribed(10, [("a", 0), ("b", 1), ("c", 2), ("d", 2)])
        s.grant(10, [0, 1, 2, 0])
    for s in book.server("subscribe/failure", order, "3.9.3"):
        s.establish()
        s.subscribed(10, [("a", 0), ("b", 1), ("c", 2)])
        s.grant(10, [0, 0x87 if s.v5 else 0x80, 2])
    for s in book.server("subscribe/failure-in-3-1", {}, "3.9", versions=["3.1"],
                         comment="3.1 has no code for it: the requested QoS is answered, or 0x80 "
                                 "as in 3.1.1"):
        s.establish()
        s.subscribed(10, [("a", 1)])
        s.grant(10, [0x80], Any([send("suback", packet_id=10, codes=[1])],
                                [send("suback", packet_id=10, codes=[0x80])]))
    for s in book.server("subscribe/with-dup", {}, "3.8", versions=["3.1"],
                         comment="3.1 lets a client send it again with DUP: it is answered again"):
        s.establish()
        for bytes_ in ("8206000a00016101", "8a06000a00016101"):
            s.hex(bytes_, event("subscribe", packet_id=10,
                                subscriptions=[{"filter": "a", "qos": 1}]))
            s.grant(10, [1])
    for s in book.server("subscribe/wrong-number-of-codes", order, "3.9.3",
                         comment="the call is refused and changes nothing"):
        s.establish()
        s.subscribed(10, [("a", 0), ("b", 1)])
        s.grant(10, [0], error())
        s.grant(10, [0, 1, 2], error())
        s.grant(10, [0, 1])
        s.grant(10, [0, 1], error())
    for s in book.server("subscribe/two-at-once", answer, "3.8.4",
                         comment="the application decides in any order; SUBACKs have none"):
        s.establish()
        s.subscribed(10, [("a", 0)])
        s.subscribed(11, [("b", 1), ("c", 1)])
        late = send("suback", packet_id=11)
        both = [send("suback", packet_id=10), late]
        s.grant(11, [1, 1], Any([late], [], choice="one_queue"))
        s.grant(10, [0], Any(both[:1], both, choice="one_queue"))
    for s in book.server("subscribe/lost-before-granted", {}, "3.8.4", persistent=True,
                         comment="the answer belongs to the connection that asked"):
        s.establish()
        s.subscribed(10, [("a", 0)])
        s.lose()
        s.grant(10, [0], Any([error()], []))
        s.resume()
        s.subscribed(10, [("a", 0)])
        s.grant(10, [0])


def removing(book):
    answer = {"3.1.1": "3.10.4-4 2.3.1-7", "5.0": "3.10.4-4 2.2.1-6"}
    for s in book.server("subscribe/unsuback", answer, "3.10.4", versions=ALL):
        s.establish()
        s.recv("unsubscribe", event("unsubscribe", packet_id=12, filters=["a"]), packet_id=12,
               filters=["a"])
        s.remove(12, [0])
    none = {"3.1.1": "3.10.4-5", "5.0": "3.10.4-5 3.11.3-1"}
    for s in book.server("subscribe/unsuback-without-subscription", none, "3.10.4"):
        s.establish()
        filters = ["a", "never", "b"]
        s.recv("unsubscribe", event("unsubscribe", packet_id=12, filters=filters), packet_id=12,
               filters=filters)
        s.remove(12, [0, 0x11, 0])
    started = {"3.1.1": "3.10.4-3", "5.0": "3.10.4-3"}
    for s in book.server("subscribe/unsubscribe-while-delivering", started, "3.10.4",
                         persistent=True):
        s.establish()
        s.publish("a", sent(1, "$p"))
        s.publish("b", sent(2, "$q"), qos=2)
        s.recv("unsubscribe", event("unsubscribe", packet_id=12, filters=["t"]), packet_id=12,
               filters=["t"])
        s.remove(12, [0])
        s.ack("pubrec", "$q", s.acked("pubrel", "$q"))
        s.lose()
        s.resume(Any([sent(1, "$p", True), s.acked("pubrel", "$q")],
                     [s.acked("pubrel", "$q"), sent(1, "$p", True)]))
        s.ack("puback", "$p", event("completed", token="a"))
        s.ack("pubcomp", "$q", event("completed", token="b"))
    for s in book.server("subscribe/subscribe-then-unsubscribe", answer, "3.10.4",
                         comment="the client does not wait for the SUBACK"):
        s.establish()
        s.subscribed(10, [("a", 0)])
        s.recv("unsubscribe", event("unsubscribe", packet_id=11, filters=["a"]),
               packet_id=11, filters=["a"])
        s.grant(10, [0])
        s.remove(11, [0])
