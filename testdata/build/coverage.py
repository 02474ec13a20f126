"""Which cases and tests check each numbered statement, or why no library can be checked for it."""

import re

# What has no case with the statement in its references: what checks it all the same, or why not.
# A case is given by its id, a test by its file and name.
BROKER_ROUTES = "which sessions a message goes to is for the broker that holds the subscriptions"
RETAINED = "a broker stores retained messages; the library hands over the RETAIN flag as it came"
WEBSOCKET = "WebSockets are a matter of the transport, which the library does not have"
TRANSPORT = "which transport there is is for whoever opens it; the library takes and gives bytes"
SUBSCRIPTIONS = "a broker keeps the subscriptions; the library asks it with every SUBSCRIBE"
ORDERED = "from which publisher a message came, and for whom it is, is known to the broker alone"
SHARED = "a broker chooses who of a shared subscription gets a message"

WITHOUT = {
    "3.1.1": {
        "3.1.2-7": RETAINED,
        "3.1.3-6": "a server makes up the identifier; case v311/connect/client-id-empty",
        "3.3.1-5": RETAINED, "3.3.1-6": RETAINED, "3.3.1-7": RETAINED, "3.3.1-10": RETAINED,
        "3.3.1-11": RETAINED, "3.3.1-12": RETAINED,
        "3.3.2-3": f"{BROKER_ROUTES}; the rules of matching are in topic/match.json and "
                   "test tests/topic_trees.rs::filters_are_found_as_in_a_list",
        "3.3.5-1": BROKER_ROUTES,
        "3.3.5-2": "who may publish is for the application, which acknowledges or closes; "
                   "case s311/server/order/pubacks-acknowledged-out-of-order",
        "3.8.3-2": "whether wildcards are supported is for the broker, which answers with 0x80; "
                   "case s311/server/subscribe/failure",
        "3.8.4-3": SUBSCRIPTIONS,
        "3.8.4-4": f"{SUBSCRIPTIONS}; one answer: case s311/server/subscribe/several-filters",
        "3.10.4-1": f"{SUBSCRIPTIONS}; a tree of filters removes what is the same: "
                    "test tests/topic_trees.rs::filters_are_found_as_in_a_list",
        "3.10.4-2": BROKER_ROUTES, "3.10.4-6": SUBSCRIPTIONS, "4.5.0-1": BROKER_ROUTES,
        "4.6.0-5": ORDERED, "4.6.0-6": ORDERED,
        "6.0.0-1": WEBSOCKET, "6.0.0-3": WEBSOCKET, "6.0.0-4": WEBSOCKET,
        "7.0.0-1": "it is about programs; the library has both roles, each with traces of its own",
        "7.0.0-2": "it is about programs; the library has no extension to switch on",
        "7.1.1-1": TRANSPORT, "7.1.2-1": TRANSPORT,
    },
    "5.0": {
        "3.1.2-25": "a message that is too large is dropped; case s50/server/size/stored-too-large",
        "3.1.3-5": "a server decides which identifiers it takes; the library hands over all",
        "3.1.3-6": "a server makes up the identifier; "
                   "case s50/server/connect/assigned-client-identifier-kept",
        "3.1.4-2": "the application decides and refuses; case s50/server/connect/refused-87",
        "3.2.2-10": "the application grants less; case s50/server/deliver/qos2-granted-1",
        "3.3.1-5": RETAINED, "3.3.1-6": RETAINED, "3.3.1-7": RETAINED, "3.3.1-8": RETAINED,
        "3.3.1-9": RETAINED, "3.3.1-10": RETAINED, "3.3.1-11": RETAINED,
        "3.3.1-12": "a broker clears RETAIN when it forwards; case s50/server/deliver/retain",
        "3.3.2-3": f"{BROKER_ROUTES}; the rules of matching are in topic/match.json and "
                   "test tests/topic_trees.rs::filters_are_found_as_in_a_list",
        "3.3.4-2": BROKER_ROUTES, "3.3.4-3": BROKER_ROUTES, "3.3.4-4": BROKER_ROUTES,
        "3.3.4-5": BROKER_ROUTES, "3.8.3-3": BROKER_ROUTES,
        "3.8.4-3": SUBSCRIPTIONS, "3.8.4-4": SUBSCRIPTIONS,
        "3.8.4-5": f"{SUBSCRIPTIONS}; one answer: case s50/server/subscribe/several-filters",
        "3.10.4-1": f"{SUBSCRIPTIONS}; a tree of filters removes what is the same: "
                    "test tests/topic_trees.rs::filters_are_found_as_in_a_list",
        "3.10.4-2": BROKER_ROUTES, "3.10.4-6": SUBSCRIPTIONS,
        "4.2.0-1": TRANSPORT, "4.5.0-1": BROKER_ROUTES, "4.6.0-5": ORDERED, "4.6.0-6": ORDERED,
        "4.8.2-3": "the grant is one of the client; case s50/server/deliver/qos2-granted-1",
        "4.8.2-4": SHARED, "4.8.2-5": SHARED, "4.8.2-6": SHARED,
        "6.0.0-1": WEBSOCKET, "6.0.0-3": WEBSOCKET, "6.0.0-4": WEBSOCKET,
    },
}
# Statements of the layer codec that no bytes can break, as the same bytes mean something else.
BOM = "U+FEFF is a character like others wherever it stands; who removes it has another packet"
NO_IDENTIFIER = "what would be an identifier is the beginning of the payload"
WITHOUT_INVALID = {
    "3.1.1": {"1.5.3-3": BOM, "2.3.1-5": NO_IDENTIFIER},
    "5.0": {"1.5.4-3": BOM, "2.2.1-2": NO_IDENTIFIER},
}
HEAD = """# Which statements are checked

Every numbered statement of MQTT 3.1.1 and 5.0, with the cases that name it, or the reason why a
library cannot be checked for it. The layer tells what a statement is about; those of the layers
`broker`, `transport` and `application` are checked as far as a library has a part in them. Those of
the layer `codec` have a valid and an invalid case, or the reason why there can be none.

Written by `build/build.py` from the references of the cases and the table in `build/coverage.py`.
"""
KINDS = ("decode", "direction", "topic", "stream", "session")


def named(files):
    """The cases that name a statement: by version, statement and kind."""
    found = {"3.1.1": {}, "5.0": {}}
    ids = set()
    for op, case in files:
        ids.add(case["id"])
        kind = case["level"] if op == "decode" else op
        by_version = case["refs"] if isinstance(case["refs"], dict) else {case["version"]: case["refs"]}
        for version, refs in by_version.items():
            for ref in refs:
                found[version].setdefault(ref, {}).setdefault(kind, []).append(case)
    return found, ids


def text(statements, files, root):
    """The table. `files`: pairs of operation and case. Fails where the table here is out of date."""
    found, ids = named(files)
    lines = [HEAD]
    for version, layers in statements.items():
        cases, reasons = found[version], WITHOUT[version]
        unknown = cases.keys() - layers.keys()
        assert not unknown, f"{version}: no such statement: {sorted(unknown)}"
        missing = {id.removeprefix("MQTT-") for id in layers if id not in cases}
        assert missing == reasons.keys(), (version, sorted(missing ^ reasons.keys()))
        lines += [f"## {version}", "",
                  f"{len(layers)} statements: {len(layers) - len(missing)} are named by cases, "
                  f"{len(missing)} are not.", "",
                  "| Statement | Layer | Cases | For example, or why not |", "|---|---|---|---|"]
        for id, layer in layers.items():
            if id in cases:
                counts, examples = summary(cases[id])
                if layer == "codec":
                    examples += one_sided(cases[id], WITHOUT_INVALID[version].get(id.removeprefix("MQTT-")), id)
            else:
                reason = reasons[id.removeprefix("MQTT-")]
                exists(reason, ids, root)
                counts, examples = "-", re.sub(r"(case|test) (\S+)", r"see `\2`", reason)
            lines.append(f"| {id} | {layer} | {counts} | {examples} |")
        lines.append("")
    return "\n".join(lines)


def verdict(case):
    return case.get("result", "valid" if case.get("valid", True) else "invalid")


def one_sided(by_kind, reason, id):
    """Why there is no invalid case, which has to be said if and only if there is none."""
    found = {verdict(case) for kind in ("decode", "direction", "topic") for case in by_kind.get(kind, [])}
    assert "valid" in found, f"no valid case: {id}"
    assert ("invalid" in found) == (reason is None), f"an invalid case or the reason why there is none: {id}"
    return f"; none is invalid: {reason}" if reason else ""


def summary(by_kind):
    counts, examples = [], []
    for kind in KINDS:
        cases = by_kind.get(kind, [])
        if not cases:
            continue
        verdicts = [verdict(case) for case in cases]
        if kind in ("decode", "direction"):
            parts = [f"{verdicts.count(name)} {name}"
                     for name in ("valid", "acceptable", "invalid", "incomplete") if name in verdicts]
            counts.append(f"{kind}: {', '.join(parts)}")
            firsts = [verdicts.index(name) for name in ("valid", "invalid") if name in verdicts]
        else:
            counts.append(f"{kind}: {len(cases)}")
            firsts = [0]
        examples += [f"`{cases[first]['id']}`" for first in firsts]
    return "; ".join(counts), ", ".join(examples[:3])


def exists(reason, ids, root):
    """What a reason names has to be there."""
    for kind, name in re.findall(r"(case|test) (\S+)", reason):
        if kind == "case":
            assert name in ids, f"no such case: {name}"
        else:
            path, function = name.split("::")
            assert f"fn {function}(" in (root.parent / path).read_text(), f"no such test: {name}"
