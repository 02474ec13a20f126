"""How a case about topics looks, and which rules it is about.

Cases hold for all versions where nothing else is said. 3.1 says less: nothing of `$` in front, of
characters to avoid or of a length that it does not contradict elsewhere, so such cases leave it out.
"""

from suite import parts_of
from wire import Data, data

SINCE = "1.2.0"
ALL = ("3.1", "3.1.1", "5.0")
LATER = ("3.1.1", "5.0")
BEFORE_5_0 = ("3.1", "3.1.1")
ONLY_5_0 = ("5.0",)

# The same rule has another number in each version.
STATEMENTS = {
    "no wildcard": {"3.1.1": "MQTT-4.7.1-1", "5.0": "MQTT-4.7.0-1"},
    "hash": {"3.1.1": "MQTT-4.7.1-2", "5.0": "MQTT-4.7.1-1"},
    "plus": {"3.1.1": "MQTT-4.7.1-3", "5.0": "MQTT-4.7.1-2"},
    "dollar": {"3.1.1": "MQTT-4.7.2-1", "5.0": "MQTT-4.7.2-1"},
    "empty": {"3.1.1": "MQTT-4.7.3-1", "5.0": "MQTT-4.7.3-1"},
    "nul": {"3.1.1": "MQTT-4.7.3-2", "5.0": "MQTT-4.7.3-2"},
    "nul in string": {"3.1.1": "MQTT-1.5.3-2", "5.0": "MQTT-1.5.4-2"},
    "length": {"3.1.1": "MQTT-4.7.3-3", "5.0": "MQTT-4.7.3-3"},
    "exact": {"3.1.1": "MQTT-4.7.3-4", "5.0": "MQTT-4.7.3-4"},
    "utf8": {"3.1.1": "MQTT-1.5.3-1", "5.0": "MQTT-1.5.4-1"},
    "bom": {"3.1.1": "MQTT-1.5.3-3", "5.0": "MQTT-1.5.4-3"},
    "share name": {"5.0": "MQTT-4.8.2-1"},
    "share form": {"5.0": "MQTT-4.8.2-2"},
}


def refs_of(rules, versions):
    """The statements of each version that has numbers for them."""
    refs = {version: [STATEMENTS[rule][version] for rule in rules if version in STATEMENTS[rule]]
            for version in versions}
    return {version: ids for version, ids in refs.items() if ids}


def text_of(text):
    """The text as a field of a validate case."""
    if isinstance(text, str):
        return {"text": text}
    if isinstance(text, Data):
        return {"hex_parts": parts_of(text)}
    return {"hex": text.hex()}


class Table:
    """Adds cases. `rules` are keys of STATEMENTS."""

    def __init__(self):
        self.validate = []
        self.match = []

    def check(self, kind, id, text, fields, rules, section, versions=ALL, flags=(), comment=None):
        case = {"id": f"topic/{kind}/{id}", "kind": kind, "versions": list(versions),
                **text_of(text), **fields}
        self.validate.append(finished(case, rules, section, flags, comment))

    def good(self, kind, id, text, *, share=None, rules=("empty",), section="4.7.3", **other):
        fields = {"valid": True} | ({"share": share} if kind == "filter" else {})
        self.check(kind, id, text, fields, rules, section, **other)

    def discouraged(self, kind, id, text, **other):
        """The receiver may refuse it."""
        fields = {"valid": True} | ({"share": None} if kind == "filter" else {})
        fields |= {"error": "string.disallowed_codepoint",
                   "choice": {"rule": "discouraged_characters", "default": "accept"}}
        self.check(kind, id, text, fields, (), "4.7.3", versions=LATER, **other)

    def bad(self, kind, id, text, error, rules, section="4.7.3", **other):
        """`error` is a code, a tuple of them if more than one is right, or None if there is none."""
        name = "error_any" if isinstance(error, tuple) else "error"
        error = list(error) if isinstance(error, tuple) else error
        self.check(kind, id, text, {"valid": False, name: error}, rules, section, **other)

    def pair(self, id, filter_, topic, match, *, rules=None, section=None, versions=ALL, flags=(),
             comment=None):
        found, where = rules_of(filter_, topic)
        case = {"id": f"topic/match/{id}", "versions": list(versions), "filter": filter_,
                "topic": topic, "match": match}
        self.match.append(finished(case, rules or found, section or where, flags, comment))


def finished(case, rules, section, flags, comment):
    case |= {"refs": refs_of(rules, case["versions"]), "section": section, "flags": list(flags),
             "since": SINCE}
    return case | ({"comment": comment} if comment else {})


def rules_of(filter_, topic):
    """The rules that decide about a pair, and their section: by the wildcards that are there."""
    pieces_of = lambda text: [piece for piece, _ in
                              (text if isinstance(text, Data) else data(text.encode())).parts]
    filter_, topic = pieces_of(filter_), pieces_of(topic)
    has = lambda wildcard: any(wildcard in piece for piece in filter_)
    rules = ["hash"] * has(b"#") + ["plus"] * has(b"+")
    if topic[0].startswith(b"$") and filter_[0].startswith((b"+", b"#")):
        return ["dollar", *rules], "4.7.2"
    if has(b"#"):
        return rules, "4.7.1.2"
    return (rules, "4.7.1.3") if rules else (["exact"], "4.7.3")
