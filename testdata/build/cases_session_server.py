"""Traces of what a server alone does with a client: accept or refuse, answer, keep time."""

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
    announced_by_server(book)
    optional_properties(book)


def accepting(book):
    refs = {"3.1.1": "3.1.4-3 3.1.4-4 3.2.0-1 3.2.2-1", "5.0": "3.1.4-4 3.1.4-5 3.2.0-1 3.2.0-2 "
                                                               "3.2.2-2"}
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
                         comment="the clean session is not kept, so there is nothing to go on "
                                 "with"):
        s.establish()
        s.lose()
        name = "clean_start" if s.v5 else "clean_session"
        properties = {"properties": {}} if s.v5 else {}
        s.establish(changed={name: True, **properties})
        s.lose()
        s.establish()
    for s in book.server("connect/clean-start-then-kept", {"5.0": "3.1.2-23 3.2.2-3"}, "3.2.2",
                         versions=["5.0"],
                         connect={"properties": {"session_expiry_interval": 3600}},
                         comment="Clean Start says what becomes of the old session, not of the "
                                 "new"):
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
            for s in book.server(f"connect/refused-{reason:02x}", refs, "3.2.2",
                                 versions=[version]):
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
                         comment="Session Present is 0 in a refusal, and the session is still "
                                 "there"):
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
                         versions=["3.1.1"],
                         comment="refused without asking the application"):
        s.open()
        s.hex("100c00044d515454040000000000", send("connack", session_present=False, code=2), CLOSE)
    for s in book.server("connect/empty-client-identifier", {}, "3.1", versions=["3.1"]):
        s.open()
        s.hex("100e00064d5149736470030200000000", send("connack", code=2), CLOSE)
    refs = {"5.0": "3.1.3-7 3.2.2-16"}
    given = {"assigned_client_identifier": "auto-1"}
    for clean in (True, False):
        for s in book.server(f"connect/assigned-client-identifier-{'clean' if clean else 'kept'}",
                             refs, "3.1.3.1", versions=["5.0"],
                             connect={"client_id": "", "clean_start": clean},
                             comment="the application gives the identifier, whatever Clean Start "
                                     "is"):
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
                             comment="before 5.0 there is no CONNACK; the application is not "
                                     "asked"):
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
                         comment="the standards say a reasonable time; the configuration says "
                                 "which"):
        s.open(at=0)
        s.tick(9_999)
        s.tick(10_000, CLOSE)
        s.tick(20_000)
    for s in book.server("connect/in-time", {}, "3.1", connect_timeout=10_000,
                         comment="the deadline is for the CONNECT; the application has its own "
                                 "time"):
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
                         comment="bytes that are no whole packet: the standards speak of "
                                 "packets, a server may be patient"):
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


def announced_by_server(book):
    five = {"versions": ["5.0"]}
    for highest in (0, 1):
        own = {"own": {"maximum_qos": highest}, **five}
        for s in book.server(f"limits/maximum-qos-{highest}", {"5.0": "3.2.2-9 3.2.2-11"},
                             "3.2.2.3.4", **own):
            s.open()
            s.connect()
            s.step("accept", {}, send("connack", reason_code=0,
                                      properties={"maximum_qos": highest}))
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
    for s in book.server("limits/no-response-information", {"5.0": "3.1.2-28"}, "3.1.2.11.6",
                         **five,
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
    for s in book.server("size/connack-properties-left-out", {"5.0": "3.2.2-19 3.2.2-20"},
                         "3.2.2.3",
                         **small):
        s.open()
        s.connect()
        s.step("accept", {"properties": long}, send("connack", reason_code=0, properties=absent))
    for s in book.server("size/suback-properties-left-out", {"5.0": "3.9.2-1 3.9.2-2"}, "3.9.2",
                         **small):
        s.establish()
        s.subscribed(10, [("a", 1)])
        s.grant(10, [1], send("suback", packet_id=10, reason_codes=[1], properties=absent), **long)
    for s in book.server("size/unsuback-properties-left-out", {"5.0": "3.11.2-1 3.11.2-2"},
                         "3.11.2",
                         **small):
        s.establish()
        s.recv("unsubscribe", event("unsubscribe", packet_id=10, filters=["a"]), packet_id=10,
               filters=["a"])
        s.remove(10, [0], send("unsuback", packet_id=10, reason_codes=[0], properties=absent),
                 **long)
    quiet = {"versions": ["5.0"], "connect": {"properties": {"request_problem_information": 0}}}
    for s in book.server("size/no-problem-information", {"5.0": "3.1.2-29"}, "3.1.2.11.7", **quiet,
                         acknowledge="manual",
                         comment="the client wants reasons in PUBLISH, CONNACK and DISCONNECT "
                                 "alone"):
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
                         versions=["3.1.1"], comment="the packet is the client's alone: the "
                                                     "server closes the connection"):
        s.establish()
        s.disconnect(CLOSE)
