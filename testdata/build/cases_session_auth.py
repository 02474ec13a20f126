"""Traces of enhanced authentication (section 4.12 of 5.0), of both roles."""

from sessions import CLOSE, Any, deliver, error, event, send, sent


def auth_traces(book):
    client_authentication(book)
    client_again(book)
    server_authentication(book)


def client_authentication(book):
    asks = {"connect": {"properties": {"authentication_method": "m", "authentication_data": b"1"}},
            "versions": ["5.0"]}
    more = {"authentication_method": "m", "authentication_data": b"2"}
    refs = {"5.0": "4.12.0-3 4.12.0-5"}
    for s in book.client("auth/challenge", refs, "4.12", **asks):
        s.step("open", {}, send("connect", properties={"authentication_method": "m",
                                                       "authentication_data": b"1"}))
        s.recv("auth", event("auth", reason_code=0x18, properties=more), reason_code=0x18,
               properties=more)
        answer = {"authentication_data": b"3"}
        s.step("auth", {"reason_code": 0x18, "properties": answer},
               send("auth", reason_code=0x18, properties={"authentication_method": "m", **answer}))
        s.answer(accept={"authentication_method": "m"})
    for s in book.client("auth/two-challenges", refs, "4.12", **asks):
        s.open()
        for _ in range(2):
            s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
            s.step("auth", {"reason_code": 0x18, "properties": {}},
                   send("auth", reason_code=0x18, properties={"authentication_method": "m"}))
        s.answer(accept={"authentication_method": "m"})
    for s in book.client("auth/refused", {"5.0": "4.13.2-1"}, "4.12", **asks):
        s.open()
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
        what = event("refused", reason_code=0x87)
        s.recv("connack", Any([what, CLOSE], [what]), reason_code=0x87)
    for s in book.client("auth/other-method", {"5.0": "4.12.0-5"}, "4.12", **asks):
        s.open()
        s.recv("auth", s.fault(0x82, 0x8C), reason_code=0x18,
               properties={"authentication_method": "other"})
    for s in book.client("auth/connack-without-method", {"5.0": "4.12.0-5"}, "4.12", **asks,
                         comment="a successful CONNACK repeats the method; a lenient client goes "
                                 "on"):
        s.open()
        s.recv("connack", s.fault(0x82).or_([event("connected", session_present=False)]))
    for s in book.client("auth/nothing-else-before-connack", {"5.0": "3.1.2-30"}, "3.1.2.11.9",
                         **asks, queue_maximum=10):
        s.open()
        s.publish("a", Any([], [error("a")], choice="early"))
        s.subscribe("b", [("f", 0)], Any([error("b")], []))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more)
        s.publish("c", Any([], [error("c")], choice="early"))
    for s in book.client("auth/unasked", {"5.0": "4.12.0-7 4.13.2-1"}, "4.12", versions=["5.0"],
                         comment="no method in the CONNECT: the server may not send AUTH"):
        s.open()
        s.recv("auth", s.fault(0x82), reason_code=0x18, properties=more)
    for s in book.client("auth/not-without-method", {"5.0": "4.12.0-7"}, "4.12", versions=["5.0"],
                         comment="the call is refused and changes nothing"):
        s.establish()
        s.step("auth", {"reason_code": 0x19, "properties": {}}, error())
        s.publish(None, send("publish", qos=0), qos=0)
    for s in book.client("auth/no-answer-in-time", {}, "4.12", **asks, connect_timeout=30_000,
                         comment="the deadline is for the CONNACK"):
        s.open(at=0)
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=more,
               at=20_000)
        s.tick(29_999)
        s.tick(30_000, Any([CLOSE], [send("disconnect"), CLOSE]))


def client_again(book):
    method = {"authentication_method": "m"}
    asks = {"connect": {"properties": method}, "accept": method, "versions": ["5.0"]}
    for s in book.client("auth/again", {"5.0": "4.12.1-1 4.12.0-5"}, "4.12.1", **asks,
                         comment="other packets flow in between"):
        s.establish()
        s.step("auth", {"reason_code": 0x19, "properties": {"authentication_data": b"1"}},
               send("auth", reason_code=0x19, properties=method | {"authentication_data": b"1"}))
        s.publish("a", sent(1))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=method)
        s.step("auth", {"reason_code": 0x18, "properties": {}},
               send("auth", reason_code=0x18, properties=method))
        s.ack("puback", "$p", event("completed", token="a"))
        s.recv("auth", event("auth", reason_code=0), reason_code=0, properties=method)
    for s in book.client("auth/again-failed", {"5.0": "4.12.1-2"}, "4.12.1", **asks):
        s.establish()
        s.step("auth", {"reason_code": 0x19, "properties": {}},
               send("auth", reason_code=0x19, properties=method))
        s.recv("disconnect", s.farewell(0x87), reason_code=0x87)
    for s in book.client("auth/again-refused-by-client", {"5.0": "4.12.1-2 3.14.4-1"}, "4.12.1",
                         **asks):
        s.establish()
        s.step("auth", {"reason_code": 0x19, "properties": {}},
               send("auth", reason_code=0x19, properties=method))
        s.recv("auth", event("auth", reason_code=0x18), reason_code=0x18, properties=method)
        s.disconnect(reason=0x83)
    for s in book.client("auth/left-out-for-size", {"5.0": "3.15.2-2 3.15.2-3"}, "3.15.2",
                         **asks, peer={"maximum_packet_size": 30}):
        s.establish()
        s.step("auth", {"reason_code": 0x19, "properties": {"reason_string": "x" * 40,
                                                            "user_property": [["k", "x" * 40]]}},
               send("auth", reason_code=0x19, properties=method | {"reason_string": None,
                                                                   "user_property": None}))


def server_authentication(book):
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
    for s in book.server("auth/left-before-connack", {"5.0": "3.1.2-30"}, "3.1.2.11.9",
                         since="1.5.0", connect={
                             "will": {"topic": "w", "qos": 0, "retain": False, "payload": b"x",
                                      "properties": {}}, **asks["connect"]}, versions=["5.0"],
                         comment="a client that waits for its CONNACK may send AUTH and "
                                 "DISCONNECT. The will is no part of a session yet"):
        s.open()
        s.connect()
        s.step("auth", challenge, send("auth", reason_code=0x18, properties=more))
        s.recv("disconnect", s.farewell())
        s.lose()
    for s in book.server("auth/not-without-method", {"5.0": "4.12.0-6"}, "4.12", versions=["5.0"],
                         comment="the client has named none: the call is refused, the CONNACK "
                                 "has none"):
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
