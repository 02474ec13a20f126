"""Traces of what a server alone does with one client: it accepts or refuses, answers, keeps time."""

from packets import code
from sessions import ALL, CLOSE, Any, deliver, error, event, send, sent, will


def server_traces(book):
    accepting(book)
    refusing(book)
    client_identifiers(book)
    bad_connects(book)
    early_packets(book)
    unexpected(book)
    keep_alive(book)
    subscriptions(book)
    unsubscriptions(book)
    delivering(book)
    while_away(book)
    taking_over(book)
    session_end(book)
    announced_by_server(book)
    optional_properties(book)
    authentication(book)


def accepting(book):
    refs = {"3.1.1": "3.1.4-3 3.1.4-4 3.2.0-1 3.2.2-1", "5.0": "3.1.4-4 3.1.4-5 3.2.0-1 3.2.0-2 3.2.2-2"}
    for s in book.server("connect/accepted-clean", refs, "3.1.4", versions=ALL):
        s.establish()
    refs = {"3.1.1": "3.1.2-4 3.2.2-3", "5.0": "3.1.2-6 3.2.2-3"}
    for s in book.server("connect/accepted-without-state", refs, "3.2.2", persistent=True):
        s.establish()
    refs = {"3.1.1": "3.1.2-4 3.2.2-2 3.1.3-2", "5.0": "3.1.2-5 3.2.2-3 3.1.3-2"}
    for s in book.server("connect/accepted-with-state", refs, "3.2.2", persistent=True):
        s.establish()
        s.lose()
        s.resume()
        s.lose()
        s.resume()
    refs = {"3.1.1": "3.1.2-6 3.2.2-1 3.2.2-3", "5.0": "3.1.2-4 3.2.2-2 3.2.2-3"}
    for s in book.server("connect/kept-clean-kept", refs, "3.2.2", persistent=True,
                         comment="the clean session is not kept, so there is nothing to go on with"):
        s.establish()
        s.lose()
        name = "clean_start" if s.v5 else "clean_session"
        properties = {"properties": {}} if s.v5 else {}
        s.establish(changed={name: True, **properties})
        s.lose()
        s.establish()
    for s in book.server("connect/clean-start-then-kept", {"5.0": "3.1.2-23 3.2.2-3"}, "3.2.2",
                         versions=["5.0"], connect={"properties": {"session_expiry_interval": 3600}},
                         comment="Clean Start says what becomes of the old session, not of the new"):
        s.establish()
        s.lose()
        s.resume(changed={"clean_start": False})
    for s in book.server("connect/asked-with-everything", {"3.1.1": "3.1.4-4", "5.0": "3.1.4-5"},
                         "3.1.4", connect={"client_id": "c1", "keep_alive": 60, "user_name": "u",
                                           "password": b"p"}):
        s.connect_fields["will"] = will(s.version, 1, True)
        s.open()
        s.connect(event("connect", client_id="c1", keep_alive=60, user_name="u", password=b"p",
                        will=will(s.version, 1, True),
                        **{"clean_start" if s.v5 else "clean_session": True}))
        s.answer()


def refusing(book):
    for version, reasons in (("3.1", (2, 4, 5)), ("3.1.1", (2, 3, 4, 5)),
                             ("5.0", (0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x97))):
        for reason in reasons:
            refs = {"3.1.1": "3.2.2-5" + " 3.1.3-9" * (reason == 2),
                    "5.0": "3.2.2-7 4.13.2-1" + " 3.1.3-8" * (reason == 0x85)}
            for s in book.server(f"connect/refused-{reason:02x}", refs, "3.2.2", versions=[version]):
                s.open()
                s.connect()
                s.step("refuse", {code(version): reason},
                       send("connack", **s.present(False), **{code(version): reason}), CLOSE)
    for s in book.server("connect/refused-without-connack", {"3.1.1": "3.2.2-6", "5.0": "4.13.2-1"},
                         "3.2.2", comment="no code says it, or the server does not want to say"):
        s.open()
        s.connect()
        s.step("refuse", {}, CLOSE)
    for s in book.server("connect/refused-with-state", {"3.1.1": "3.2.2-5", "5.0": "3.2.2-7"},
                         "3.2.2.2", persistent=True,
                         comment="Session Present is 0 in a refusal, and the session is still there"):
        s.establish()
        s.publish("a", sent(1))
        s.lose()
        s.open()
        s.connect()
        reason = 0x88 if s.v5 else 3
        s.step("refuse", {code(s.version): reason},
               send("connack", session_present=False, **{code(s.version): reason}), CLOSE)
        s.resume(sent(1, dup=True))


def client_identifiers(book):
    for s in book.server("connect/empty-client-identifier", {}, "3.1.3.1", versions=["3.1.1"],
                         connect={"client_id": ""}):
        s.establish()
    refs = {"3.1.1": "3.1.3-8 3.2.2-5"}
    for s in book.server("connect/empty-client-identifier-kept", refs, "3.1.3.1",
                         versions=["3.1.1"], persistent=True, connect={"client_id": ""},
                         comment="refused without asking the application"):
        s.open()
        s.connect(send("connack", session_present=False, code=2), CLOSE)
    for s in book.server("connect/empty-client-identifier", {}, "3.1", versions=["3.1"],
                         connect={"client_id": ""}):
        s.open()
        s.connect(send("connack", code=2), CLOSE)
    refs = {"5.0": "3.1.3-7 3.2.2-16"}
    given = {"assigned_client_identifier": "auto-1"}
    for clean in (True, False):
        for s in book.server(f"connect/assigned-client-identifier-{'clean' if clean else 'kept'}",
                             refs, "3.1.3.1", versions=["5.0"],
                             connect={"client_id": "", "clean_start": clean},
                             comment="the application gives the identifier, whatever Clean Start is"):
            s.open()
            s.connect()
            s.step("accept", {"properties": given},
                   send("connack", session_present=False, reason_code=0, properties=given))


def bad_connects(book):
    refs = {"3.1.1": "3.1.2-2 3.2.2-5", "5.0": "3.1.2-2"}
    for name, level in (("6", "06"), ("0", "00"), ("bridge", "84")):
        for s in book.server(f"connect/level-{name}", refs, "3.1.2.2"):
            s.open()
            bytes_ = f"100d00044d515454{level}02003c000163"
            refusal = [send("connack", code=1), CLOSE]
            s.hex(bytes_, Any([send("connack", reason_code=0x84), CLOSE], [CLOSE]) if s.v5
                  else Any(refusal))
    for id, three, five in (
        ("reserved-flag", "100d00044d5154540403003c000163", "100e00044d5154540503003c00000163"),
        ("surplus-bytes", "100e00044d5154540402003c000163ff",
         "100f00044d5154540502003c00000163ff"),
        ("cut", "100c00044d5154540402003c0001", "100d00044d5154540502003c000001"),
        ("bad-will", "101200044d5154540406003c00016300012b0000",
         "101400044d5154540506003c000001630000012b0000"),
    ):
        refs = {"3.1.1": "3.1.4-1", "5.0": "3.1.4-1 4.13.1-1"}
        for s in book.server(f"connect/malformed-{id}", refs, "3.1.4",
                             comment="before 5.0 there is no CONNACK; the application is not asked"):
            s.open()
            refusals = [[send("connack", session_present=False, reason_code=reason), CLOSE]
                        for reason in (0x81, 0x82, 0x90)]
            s.hex(five if s.v5 else three, Any([CLOSE], *refusals) if s.v5 else CLOSE)
            s.lose()
    for s in book.server("connect/wrong-protocol-name", {"3.1.1": "3.1.4-1", "5.0": "3.1.4-1"},
                         "3.1.2.1"):
        s.open()
        s.hex("100e00054d515454580402003c000163",
              Any([CLOSE], [send("connack", reason_code=0x84), CLOSE]) if s.v5 else CLOSE)
    refs = {"3.1.1": "3.1.0-2 4.8.0-1", "5.0": "3.1.0-2 4.13.1-1"}
    for s in book.server("connect/twice", refs, "3.1"):
        s.establish()
        s.connect(s.fault(0x82))
    for s in book.server("connect/twice-before-accepted", refs, "3.1",
                         comment="there is no CONNACK yet, so there is no DISCONNECT"):
        s.open()
        s.connect()
        second = [] if not s.v5 else [[send("connack", reason_code=0x82), CLOSE]]
        s.connect(Any([CLOSE], *second))
    for s in book.server("connect/none-in-time", {}, "3.1", connect_timeout=10_000,
                         comment="the standards say a reasonable time; the configuration says which"):
        s.open(at=0)
        s.tick(9_999)
        s.tick(10_000, CLOSE)
        s.tick(20_000)
    for s in book.server("connect/in-time", {}, "3.1", connect_timeout=10_000,
                         comment="the deadline is for the CONNECT; the application has its own time"):
        s.open(at=0)
        s.connect(at=9_999)
        s.tick(10_000)
        s.answer(at=30_000)
        s.tick(60_000)


def early_packets(book):
    refs = {"3.1.1": "3.1.0-1 4.8.0-1", "5.0": "3.1.0-1 3.14.0-1"}
    for name, fields in (("publish", {}), ("pingreq", {}), ("subscribe", None),
                         ("puback", {"packet_id": 1}), ("disconnect", {})):
        for s in book.server(f"connect/{name}-first", refs, "3.1",
                             comment="nothing is sent, as the client has not connected"):
            given = fields
            if given is None:
                entry = {"filter": "f", "qos": 0}
                if s.v5:
                    entry |= {"no_local": False, "retain_as_published": False,
                              "retain_handling": 0}
                given = {"packet_id": 1, "subscriptions": [entry]}
            s.open()
            s.recv(name, CLOSE, **given)
    refs = {"3.1.1": "3.2.0-1", "5.0": "3.2.0-1"}
    for s in book.server("connect/packets-before-accepted", refs, "3.1.4",
                         comment="a client may send on before the CONNACK; all of it is answered "
                                 "behind the CONNACK"):
        s.open()
        s.connect()
        s.message(1, 7)
        s.message(0, None, payload=b"0")
        s.recv("pingreq")
        s.answer(deliver(qos=1), deliver(qos=0), s.acked("puback", 7), send("pingresp"))
    refs = {"3.1.1": "3.1.4-5 3.2.2-5", "5.0": "3.1.4-6 3.2.2-7"}
    for s in book.server("connect/packets-before-refused", refs, "3.1.4",
                         comment="nothing of it is looked at"):
        s.open()
        s.connect()
        s.message(1, 7)
        s.recv("pingreq")
        reason = 0x87 if s.v5 else 5
        s.step("refuse", {code(s.version): reason},
               send("connack", **{code(s.version): reason}), CLOSE)
        s.message(1, 8)
    for s in book.server("connect/lost-before-accepted", {}, "3.1.4",
                         comment="the decision comes too late and changes nothing"):
        s.connect_fields["will"] = will(s.version)
        s.open()
        s.connect()
        s.lose()
        s.step("accept", {}, Any([error()], []))
        s.establish()


def unexpected(book):
    refs = {"3.1.1": "4.8.0-1", "5.0": "4.13.1-1 4.13.2-1"}
    section = {"3.1.1": "4.8", "5.0": "4.13.1"}
    for name in ("connack", "suback", "unsuback", "pingresp"):
        for s in book.server(f"faults/{name}-from-client", refs, section,
                             comment="only a server sends it"):
            codes = {"reason_codes" if s.v5 else "codes": [0]}
            fields = {"suback": {"packet_id": 1, **codes},
                      "unsuback": {"packet_id": 1, **(codes if s.v5 else {})}}.get(name, {})
            s.establish()
            s.recv(name, s.fault(0x82), **fields)
    for s in book.server("faults/call-of-the-application", {}, section,
                         comment="a call that does not fit is refused and changes nothing"):
        s.step("accept", {}, error())
        s.establish()
        s.step("accept", {}, error())
        s.step("refuse", {code(s.version): 0x87 if s.v5 else 5}, error())
        s.grant(7, [0], error())
        s.recv("pingreq", send("pingresp"))


def keep_alive(book):
    refs = {"3.1.1": "3.1.2-24", "5.0": "3.1.2-22"}
    over = lambda s: s.fault(0x8D)
    for seconds, last in ((10, 15_000), (1, 1_500), (65_535, 98_302_500)):
        for s in book.server(f"keepalive/idle-{seconds}", refs, "3.1.2.10",
                             versions=ALL if seconds == 10 else ("3.1.1", "5.0"),
                             connect={"keep_alive": seconds},
                             comment="one and a half times the Keep Alive"):
            s.open(at=0)
            s.connect(at=0)
            s.answer(at=0)
            s.tick(last - 1)
            s.tick(last, over(s))
    for s in book.server("keepalive/every-packet-counts", refs, "3.1.2.10",
                         connect={"keep_alive": 10}):
        s.open(at=0)
        s.connect(at=0)
        s.answer(at=0)
        s.recv("pingreq", send("pingresp"), at=14_000)
        s.message(0, None, deliver(qos=0), at=28_000)
        s.ack("pubrel", 7, Any([s.acked("pubcomp", 7, 0x92)], [s.acked("pubcomp", 7, 0)])
              if s.v5 else s.acked("pubcomp", 7), at=42_000)
        s.tick(56_999)
        s.tick(57_000, over(s))
    for s in book.server("keepalive/sent-packets-do-not-count", refs, "3.1.2.10",
                         connect={"keep_alive": 10}):
        s.open(at=0)
        s.connect(at=0)
        s.answer(at=0)
        s.publish(None, send("publish", qos=0), qos=0, at=14_000)
        s.tick(14_999)
        s.tick(15_000, over(s))
    for s in book.server("keepalive/off", {}, "3.1.2.10",
                         comment="a Keep Alive of 0 turns it off"):
        s.establish()
        s.tick(86_400_000)
        s.recv("pingreq", send("pingresp"))
    for s in book.server("keepalive/off-after-on", refs, "3.1.2.10",
                         connect={"keep_alive": 10},
                         comment="what one connection asked for does not hold at the next"):
        s.establish()
        s.lose()
        s.establish(changed={"keep_alive": 0})
        s.tick(3_600_000)
    for s in book.server("keepalive/half-a-packet", refs, "3.1.2.10", connect={"keep_alive": 10},
                         comment="bytes that are no whole packet: the standards speak of packets, a "
                                 "server may be patient"):
        s.open(at=0)
        s.connect(at=0)
        s.answer(at=0)
        s.hex("320a0001", at=14_000)
        s.tick(14_999)
        s.tick(15_000, over(s).or_([]))
    for s in book.server("keepalive/of-the-server", {"5.0": "3.1.2-22"}, "3.2.2.3.14",
                         versions=["5.0"], connect={"keep_alive": 600},
                         comment="the value of the CONNACK counts"):
        s.open(at=0)
        s.connect(at=0)
        s.step("accept", {"properties": {"server_keep_alive": 10}},
               send("connack", reason_code=0, properties={"server_keep_alive": 10}), at=0)
        s.tick(14_999)
        s.tick(15_000, over(s))
    for s in book.server("keepalive/of-the-client", {"5.0": "3.2.2-22 3.1.2-22"}, "3.2.2.3.14",
                         versions=["5.0"], connect={"keep_alive": 20},
                         comment="the CONNACK has none, so that of the CONNECT counts"):
        s.open(at=0)
        s.connect(at=0)
        s.step("accept", {}, send("connack", properties={"server_keep_alive": None}), at=0)
        s.tick(29_999)
        s.tick(30_000, over(s))
    refs = {"3.1.1": "3.12.4-1", "5.0": "3.12.4-1"}
    for s in book.server("keepalive/pingreq", refs, "3.12.4", versions=ALL):
        s.establish()
        for _ in range(3):
            s.recv("pingreq", send("pingresp"))


def subscriptions(book):
    answer = {"3.1.1": "3.8.4-1 3.8.4-2 3.8.4-5 2.3.1-7", "5.0": "3.8.4-1 3.8.4-2 3.8.4-6 3.8.4-7 2.2.1-6"}
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
                         comment="3.1 has no code for it: the requested QoS is answered, or 0x80 as "
                                 "in 3.1.1"):
        s.establish()
        s.subscribed(10, [("a", 1)])
        s.grant(10, [0x80], Any([send("suback", packet_id=10, codes=[1])],
                                [send("suback", packet_id=10, codes=[0x80])]))
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


def unsubscriptions(book):
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
    for s in book.server("deliver/properties", {"5.0": "3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-18 3.3.2-20"},
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
                         comment="the session ended with the connection: there is nobody to deliver "
                                 "to"):
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


def taking_over(book):
    section = {"3.1.1": "3.1.4", "5.0": "3.1.4"}
    refs = {"3.1.1": "3.1.4-2", "5.0": "3.1.4-3"}

    def leave(s, *events):
        sends = [send("disconnect", reason_code=0x8E)] if s.v5 else []
        return [*sends, CLOSE, *events]

    def changed(s, clean):
        return {"clean_start" if s.v5 else "clean_session": clean}

    for s in book.server("takeover/kept", refs, section, persistent=True,
                         comment="the old connection is closed, the session goes on in the new one"):
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
    for s in book.server("expiry/not-while-connected", {"3.1.1": "4.1.0-2", "5.0": "4.1.0-1"}, "4.1",
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
    for s in book.server("expiry/by-the-server", expires, **five, **kept(1000),
                         comment="the value of the CONNACK counts"):
        given = {"session_expiry_interval": 5}
        s.establish(accept=given)
        s.lose(at=1_000)
        s.tick(6_000)
        s.establish(at=6_000)


def announced_by_server(book):
    five = {"versions": ["5.0"]}
    for highest in (0, 1):
        own = {"own": {"maximum_qos": highest}, **five}
        for s in book.server(f"limits/maximum-qos-{highest}", {"5.0": "3.2.2-9 3.2.2-11"},
                             "3.2.2.3.4", **own):
            s.open()
            s.connect()
            s.step("accept", {}, send("connack", reason_code=0, properties={"maximum_qos": highest}))
            s.message(highest + 1, 7, s.fault(0x9B, 0x82))
        for s in book.server(f"limits/will-above-maximum-qos-{highest}", {"5.0": "3.2.2-12"},
                             "3.2.2.3.4", **own):
            s.connect_fields["will"] = will("5.0", highest + 1)
            s.open()
            s.connect(Any([send("connack", session_present=False, reason_code=0x9B), CLOSE],
                          [CLOSE]))
    own = {"own": {"retain_available": 0}, **five}
    for s in book.server("limits/retain-unavailable", {"5.0": "3.2.2-14 4.13.2-1"}, "3.2.2.3.5",
                         **own):
        s.establish()
        s.message(0, None, s.fault(0x9A, 0x82), retain=True)
    for s in book.server("limits/will-retain-unavailable", {"5.0": "3.2.2-13"}, "3.2.2.3.5", **own):
        s.connect_fields["will"] = will("5.0", 0, True)
        s.open()
        s.connect(Any([send("connack", session_present=False, reason_code=0x9A), CLOSE], [CLOSE]))
    for s in book.server("limits/no-response-information", {"5.0": "3.1.2-28"}, "3.1.2.11.6", **five,
                         comment="the client has not asked for it"):
        s.open()
        s.connect()
        s.step("accept", {"properties": {"response_information": "r/"}},
               Any([send("connack", reason_code=0, properties={"response_information": None})],
                   [error()]))
    for s in book.server("limits/response-information", {"5.0": "3.1.2-28"}, "3.1.2.11.6", **five,
                         connect={"properties": {"request_response_information": 1}}):
        given = {"response_information": "r/"}
        s.open()
        s.connect()
        s.step("accept", {"properties": given}, send("connack", reason_code=0, properties=given))


def optional_properties(book):
    long = {"reason_string": "x" * 40, "user_property": [["k", "x" * 40]]}
    short = {"reason_string": "why"}
    absent = {"reason_string": None, "user_property": None}
    small = {"versions": ["5.0"], "peer": {"maximum_packet_size": 30}}
    for s in book.server("size/connack-properties-left-out", {"5.0": "3.2.2-19 3.2.2-20"}, "3.2.2.3",
                         **small):
        s.open()
        s.connect()
        s.step("accept", {"properties": long}, send("connack", reason_code=0, properties=absent))
    for s in book.server("size/suback-properties-left-out", {"5.0": "3.9.2-1 3.9.2-2"}, "3.9.2",
                         **small):
        s.establish()
        s.subscribed(10, [("a", 1)])
        s.grant(10, [1], send("suback", packet_id=10, reason_codes=[1], properties=absent), **long)
    for s in book.server("size/unsuback-properties-left-out", {"5.0": "3.11.2-1 3.11.2-2"}, "3.11.2",
                         **small):
        s.establish()
        s.recv("unsubscribe", event("unsubscribe", packet_id=10, filters=["a"]), packet_id=10,
               filters=["a"])
        s.remove(10, [0], send("unsuback", packet_id=10, reason_codes=[0], properties=absent),
                 **long)
    quiet = {"versions": ["5.0"], "connect": {"properties": {"request_problem_information": 0}}}
    for s in book.server("size/no-problem-information", {"5.0": "3.1.2-29"}, "3.1.2.11.7", **quiet,
                         acknowledge="manual",
                         comment="the client wants reasons in PUBLISH, CONNACK and DISCONNECT alone"):
        s.establish()
        s.subscribed(10, [("a", 1)])
        s.grant(10, [1], send("suback", packet_id=10, properties=absent), **short)
        s.message(1, 7, deliver(qos=1))
        s.acknowledge(7, send("puback", packet_id=7, reason_code=0x87, properties=absent),
                      reason=0x87, **short)
        s.message(2, 8, deliver(qos=2))
        s.acknowledge(8, send("pubrec", packet_id=8, reason_code=0x87, properties=absent),
                      reason=0x87, user_property=[["k", "v"]])
        s.publish(None, send("publish", properties={"user_property": [["k", "v"]]}), qos=0,
                  user_property=[["k", "v"]])
    for s in book.server("size/no-problem-information-in-refusal", {"5.0": "3.1.2-29"},
                         "3.1.2.11.7", **quiet, comment="a CONNACK may say why all the same"):
        s.open()
        s.connect()
        reasons = [[send("connack", reason_code=0x87, properties={"reason_string": text}), CLOSE]
                   for text in ("why", None)]
        s.step("refuse", {"reason_code": 0x87, "properties": short}, Any(*reasons))
    for s in book.server("disconnect/by-the-server", {"5.0": "3.14.4-1 3.14.4-2"}, "3.14",
                         versions=["5.0"]):
        s.establish()
        s.disconnect(reason=0x8B)
        s.message(1, 7)
        s.tick(100_000)
    for s in book.server("disconnect/before-connack", {"5.0": "3.14.0-1"}, "3.14", versions=["5.0"],
                         comment="no DISCONNECT before the CONNACK: closed without, or refused"):
        s.open()
        s.connect()
        s.disconnect(Any([CLOSE], [error()], [send("connack", reason_code=0x8B), CLOSE]),
                     reason=0x8B)
    for s in book.server("disconnect/by-a-server-of-3.1.1", {"3.1.1": "3.14.4-2"}, "3.14",
                         versions=["3.1.1"], comment="the packet is the client's alone: the server "
                                                     "closes the connection"):
        s.establish()
        s.disconnect(CLOSE)


def authentication(book):
    method = {"authentication_method": "m"}
    asks = {"connect": {"properties": method | {"authentication_data": b"1"}}, "versions": ["5.0"]}
    more = method | {"authentication_data": b"2"}
    challenge = {"reason_code": 0x18, "properties": {"authentication_data": b"2"}}
    asked = event("connect", properties=method | {"authentication_data": b"1"})
    for s in book.server("auth/challenge", {"5.0": "4.12.0-2 4.12.0-5 3.2.0-1"}, "4.12", **asks):
        s.open()
        s.connect(asked)
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
        s.step("accept", {}, send("connack", reason_code=0, properties=method))
    for s in book.server("auth/refused", {"5.0": "4.12.0-1 3.2.2-7"}, "4.12", **asks,
                         comment="a method that the server does not have"):
        s.open()
        s.connect()
        s.step("refuse", {"reason_code": 0x8C}, send("connack", reason_code=0x8C), CLOSE)
    for s in book.server("auth/refused-at-the-second-step", {"5.0": "4.12.0-4"}, "4.12", **asks):
        s.open()
        s.connect()
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
        s.step("refuse", {"reason_code": 0x87}, send("connack", reason_code=0x87), CLOSE)
    for s in book.server("auth/other-method", {"5.0": "4.12.0-5 4.13.1-1"}, "4.12", **asks):
        s.open()
        s.connect()
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        refusals = [[send("connack", reason_code=reason), CLOSE] for reason in (0x82, 0x8C)]
        s.recv("auth", Any([CLOSE], *refusals), reason_code=0x18,
               properties={"authentication_method": "other"})
    for s in book.server("auth/other-packet-before-connack", {"5.0": "3.1.2-30"}, "3.1.2.11.9",
                         **asks):
        s.open()
        s.connect()
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        s.message(0, None, Any([CLOSE], [send("connack", reason_code=0x82), CLOSE]))
    for s in book.server("auth/not-without-method", {"5.0": "4.12.0-6"}, "4.12", versions=["5.0"],
                         comment="the client has named none: the call is refused, the CONNACK has "
                                 "none"):
        s.open()
        s.connect()
        s.step("auth", challenge, error())
        s.step("accept", {}, send("connack", properties={"authentication_method": None}))
    for s in book.server("auth/unasked", {"5.0": "4.12.0-7 4.13.1-1"}, "4.12", versions=["5.0"]):
        s.establish()
        s.recv("auth", s.fault(0x82), reason_code=0x19, properties=method)
    again = {"connect": {"properties": method}, "versions": ["5.0"]}
    for s in book.server("auth/again", {"5.0": "4.12.1-1 4.12.0-5"}, "4.12.1", **again,
                         comment="other packets flow in between"):
        s.establish()
        s.recv("auth", event("auth", reason_code=0x19), reason_code=0x19, properties=more)
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        s.message(1, 7, deliver(qos=1), s.acked("puback", 7))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
        s.step("auth", {"reason_code": 0, "properties": {}},
               send("auth", reason_code=0, properties=method))
    for s in book.server("auth/again-failed", {"5.0": "4.12.1-2"}, "4.12.1", **again):
        s.establish()
        s.recv("auth", event("auth", reason_code=0x19), reason_code=0x19, properties=more)
        s.disconnect(reason=0x87)
    for s in book.server("auth/again-with-other-method", {"5.0": "4.12.1-1 4.13.1-1"}, "4.12.1",
                         **again):
        s.establish()
        s.recv("auth", s.fault(0x82, 0x8C), reason_code=0x19,
               properties={"authentication_method": "other"})
    for s in book.server("auth/left-out-for-size", {"5.0": "3.15.2-2 3.15.2-3"}, "3.15.2", **asks,
                         peer={"maximum_packet_size": 30}):
        s.open()
        s.connect()
        s.step("auth", {"reason_code": 0x18, "properties": {"reason_string": "x" * 40,
                                                            "user_property": [["k", "x" * 40]]}},
               send("auth", reason_code=0x18, properties=method | {"reason_string": None,
                                                                   "user_property": None}))
