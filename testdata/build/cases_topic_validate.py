"""What is a topic name and what a topic filter (section 4.7), and the parts of a shared subscription."""

from strings import CUT, DISCOURAGED, GOOD, ILL_FORMED
from topics import BEFORE_5_0, LATER, ONLY_5_0
from wire import data, repeat

EMPTY, FILTER, NAME = "topic.empty", "topic.filter_wildcard", "topic.name_has_wildcard"
SHARE, UTF8, NUL = "topic.shared_subscription", "string.ill_formed_utf8", "string.has_nul"


def validate_cases(table):
    filters(table)
    shared_filters(table)
    names(table)
    for kind in ("filter", "name"):
        strings(table, kind)
        lengths(table, kind)


def filters(t):
    for id, text in [("hash", "#"), ("hash-last", "sport/tennis/#"), ("slash-hash", "/#"),
                     ("slashes-hash", "//#"), ("dollar-hash", "$SYS/#")]:
        t.good("filter", id, text, rules=["empty", "hash"], section="4.7.1.2")
    for id, text in [("plus", "+"), ("plus-first", "+/a"), ("plus-inside", "sport/+/player1"),
                     ("plus-last", "sport/+"), ("slash-plus", "/+"), ("plus-slash", "+/"),
                     ("plus-plus", "+/+"), ("plus-between-slashes", "/+/"),
                     ("plus-with-empty-level", "+//+"), ("plus-everywhere", "+/+/+/+/+")]:
        t.good("filter", id, text, rules=["empty", "plus"], section="4.7.1.3")
    for id, text in [("plus-hash", "+/#"), ("plus-then-hash", "+/tennis/#"),
                     ("slash-plus-hash", "/+/#"), ("plus-slash-hash", "+//#")]:
        t.good("filter", id, text, rules=["empty", "hash", "plus"], section="4.7.1.2")
    for id, text in [("hash-after-text", "sport/tennis#"), ("hash-before-text", "#a"),
                     ("hash-begins-level", "a/#b"), ("hash-inside-level", "a/b#c/d")]:
        t.bad("filter", id, text, FILTER, ["hash"], "4.7.1.2")
    for id, text in [("hash-not-last", "sport/tennis/#/ranking"), ("hash-before-slash", "#/"),
                     ("hash-last-before-slash", "a/#/"), ("hash-hash", "#/#"),
                     ("hash-plus", "#/+")]:
        t.bad("filter", id, text, FILTER, ["hash"], "4.7.1.2",
              comment="# is the last character")
    for id, text in [("hash-twice", "##"), ("hash-twice-last", "a/##"), ("hash-after-plus", "+#"),
                     ("plus-after-hash", "#+"), ("hash-after-space", "a/ #"),
                     ("hash-before-space", "a/# "), ("hash-after-dollar", "$#")]:
        t.bad("filter", id, text, FILTER, ["hash"] + (["plus"] if "+" in text else []), "4.7.1.2")
    for id, text in [("plus-after-text", "sport+"), ("plus-before-text", "+a"),
                     ("plus-after-text-first", "a+/b"), ("plus-begins-level", "a/+b"),
                     ("plus-ends-level", "a/b+"), ("plus-inside-level", "a/b+c/d"),
                     ("plus-twice", "++"), ("plus-twice-inside", "a/++/b"),
                     ("plus-after-space", "a/ +"), ("plus-after-dollar", "$+"),
                     ("plus-good-then-bad", "+/+a")]:
        t.bad("filter", id, text, FILTER, ["plus"], "4.7.1.3")
    t.bad("filter", "plus-after-accent", "\u00e9+", FILTER, ["plus"], "4.7.1.3", flags=["Utf8"])
    t.bad("filter", "empty", "", EMPTY, ["empty"])
    for id, text in PLAIN:
        t.good("filter", id, text)
    for id, text, what in LOOKALIKES:
        t.good("filter", id, text, flags=["Utf8"], comment=f"{what} is no wildcard")


# Legal as a name and as a filter.
PLAIN = [
    ("one-letter", "a"), ("slash", "/"), ("slashes", "//"), ("slash-first", "/finance"),
    ("slash-last", "finance/"), ("empty-level", "a//b"), ("space", " "), ("space-inside", "a b"),
    ("spaces-around", " a / b "), ("dollar", "$"), ("dollar-sys", "$SYS/monitor/Clients"),
    ("dollar-other", "$x/y"), ("dollar-inside", "a/$x"), ("upper-case", "ACCOUNTS"),
    ("accent", "caf\u00e9/\u00fcber"), ("accent-first", "\u00e9/b"),
    ("decomposed", "cafe\u0301"), ("punctuation", "!\"%&'()*,-.:;<=>?@[\\]^_`{|}~"),
    ("many-levels", "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20"),
]

# What looks like a wildcard, or has its bytes in UTF-16, and is a character like others.
LOOKALIKES = [
    ("wide-plus", "a/\uff0bb", "U+FF0B"),
    ("wide-hash", "a/\uff03/b", "U+FF03"),
    ("wildcards-in-utf16", "a\u2b23b", "U+2B23"),
]


def names(t):
    for id, text in [("hash", "#"), ("hash-last", "a/#"), ("hash-inside-level", "a#b"),
                     ("hash-not-last", "a/#/b"), ("plus", "+"), ("plus-inside", "a/+/b"),
                     ("plus-inside-level", "a+b"), ("plus-last", "a/+"), ("plus-after-slash", "/+")]:
        t.bad("name", id, text, NAME, ["no wildcard"], "4.7.1")
    t.bad("name", "empty", "", EMPTY, ["empty"],
          comment="a PUBLISH of 5.0 with a Topic Alias has no topic name rather than an empty one")
    for id, text in PLAIN + [("share", "$share/g/a")]:
        t.good("name", id, text, rules=["empty", "no wildcard"])
    for id, text, what in LOOKALIKES:
        t.good("name", id, text, rules=["no wildcard"], section="4.7.1", flags=["Utf8"],
               comment=f"{what} is no wildcard")


def strings(t, kind):
    """The edges of UTF-8; what a decoder does with all of them is in decode/."""
    text = {"flags": ["Utf8"]}
    pick = lambda entries, *codes: [entry for entry in entries if entry[0] in codes]
    for code, what in pick(GOOD, "dfbf", "ed9fbf", "ee8080", "efbfbd", "f0908080", "f0aa9b94"):
        t.good(kind, f"utf8-{code}", f"a{bytes.fromhex(code).decode()}z", rules=["utf8"],
               comment=what, **text)
    for id, string in [("first", "\ufeffa"), ("inside", "a\ufeffb"), ("alone", "\ufeff")]:
        t.good(kind, f"bom-{id}", string, rules=["bom"], versions=LATER, comment="U+FEFF is kept",
               **text)
    for code, what in pick(DISCOURAGED, "01", "1f", "7f", "c280", "efb790", "efbfbf", "f48fbfbf"):
        t.discouraged(kind, f"discouraged-{code}", f"a{bytes.fromhex(code).decode()}z",
                      comment=what, **text)
    for id, string in [("alone", "\0"), ("first", "\0a"), ("inside", "a/\0/b"), ("last", "a\0")]:
        t.bad(kind, f"nul-{id}", string, NUL, ["nul", "nul in string"], **text)
    for code, what in pick(ILL_FORMED, "80", "c080", "e09fbf", "eda080", "edbfbf", "eda081edb080",
                           "f4908080", "ff", "e28241"):
        t.bad(kind, f"ill-formed-{code}", b"a" + bytes.fromhex(code) + b"z", UTF8, ["utf8"],
              versions=LATER, comment=what, **text)
    for code, what in CUT:
        t.bad(kind, f"ill-formed-{code}-at-end", b"a" + bytes.fromhex(code), UTF8, ["utf8"],
              versions=LATER, comment=what, **text)


def lengths(t, kind):
    long = {"versions": LATER, "flags": ["Limit"]}
    deep = {"versions": LATER, "flags": ["Limit", "Dos"]}
    over = "no bytes can show it, as the length field cannot say so much; there is no code for it"
    t.good(kind, "65535", repeat(b"t", 65535), rules=["length"], **long)
    t.bad(kind, "65536", repeat(b"t", 65536), None, ["length"], comment=over, **long)
    t.good(kind, "65535-in-32768-characters", repeat("\u00e9".encode(), 32767) + b"a",
           rules=["length"], comment="bytes count, not characters", **long)
    t.bad(kind, "65536-in-32768-characters", repeat("\u00e9".encode(), 32768), None, ["length"],
          comment=over, **long)
    t.good(kind, "65535-slashes", repeat(b"/", 65535), rules=["length"],
           comment="65,536 empty levels", **deep)
    if kind == "filter":
        t.good(kind, "32768-pluses", data(b"+") + repeat(b"/+", 32767), rules=["length", "plus"],
               **deep)
        t.good(kind, "65534-slashes-then-hash", repeat(b"/", 65534) + b"#",
               rules=["length", "hash"], **deep)
        t.bad(kind, "hash-at-the-end-of-65535", repeat(b"t", 65534) + b"#", FILTER,
              ["length", "hash"], "4.7.1.2", **long)
        t.bad(kind, "plus-at-the-end-of-65535", repeat(b"/t", 32767) + b"+", FILTER,
              ["length", "plus"], "4.7.1.3", **long)
    else:
        t.bad(kind, "plus-at-the-end-of-65535", repeat(b"t/", 32767) + b"+", NAME,
              ["length", "no wildcard"], "4.7.1", **long)


def shared_filters(t):
    form = {"rules": ["share name", "share form"], "section": "4.8.2", "versions": ONLY_5_0}
    before = {"versions": BEFORE_5_0, "section": "4.7.1",
              "comment": "no version before 5.0 has shared subscriptions"}
    for id, name, inner in [("plus", "g", "sport/tennis/+"), ("slash", "g", "/finance"),
                            ("slash-alone", "g", "/"), ("hash", "g", "#"), ("sys", "g", "$SYS/#"),
                            ("accent", "\u00e9", "a"), ("dollar-name", "$g", "a"),
                            ("space-name", " ", "a"), ("long-name", "0123456789 abc", "a/b/c"),
                            ("in-share", "g", "$share/h/a"), ("short-in-share", "g", "$share/h")]:
        t.good("filter", f"share-{id}", f"$share/{name}/{inner}",
               share={"name": name, "filter": inner}, **form)
    t.good("filter", "share-65535", data(b"$share/g/") + repeat(b"t", 65526),
           share={"name": "g", "filter": repeat(b"t", 65526)}, flags=["Limit"], **form)
    for id, text, error in BAD_SHARES:
        wildcards = ["hash"] * ("#" in text) + ["plus"] * ("+" in text)
        rules = [*form["rules"], *(wildcards if isinstance(error, tuple) else [])]
        t.bad("filter", f"share-{id}", text, error, rules, "4.8.2", versions=ONLY_5_0)
    t.bad("filter", "share-filter-nul", "$share/g/a\0", NUL, ["nul", "nul in string"],
          versions=ONLY_5_0)
    for id, text in [("plus", "$share/g/sport/tennis/+"), ("without-filter", "$share/g"),
                     ("filter-empty", "$share/g/"), ("name-empty", "$share//a"),
                     ("name-plus", "$share/+/a"), ("name-hash-alone", "$share/#")]:
        t.good("filter", f"share-{id}-before-5.0", text, rules=["empty"], **before)
    for id, text in [("upper-case", "$SHARE/g/a"), ("longer", "$shared/g/a"),
                     ("not-first", "a/$share/g/a"), ("after-slash", "/$share/g/a"),
                     ("without-dollar", "share/g/a"), ("cut", "$shar/g/a")]:
        t.good("filter", f"no-share-{id}", text, section="4.8.2",
               comment="an ordinary filter, also in 5.0")
    t.good("filter", "no-share-alone", "$share", section="4.8.2",
           comment="an ordinary filter by the letter of 5.0, though servers differ")


# Either fault may be the first that a receiver sees.
BAD_SHARES = [
    ("without-filter", "$share/g", SHARE),
    ("filter-empty", "$share/g/", SHARE),
    ("name-empty", "$share//a", SHARE),
    ("name-empty-filter-slash", "$share//", SHARE),
    ("name-missing", "$share/", SHARE),
    ("name-plus", "$share/+/a", SHARE),
    ("name-hash-alone", "$share/#", SHARE),
    ("name-plus-alone", "$share/+", SHARE),
    ("name-has-plus", "$share/g+/a", (SHARE, FILTER)),
    ("name-has-hash", "$share/g#/a", (SHARE, FILTER)),
    ("name-hash", "$share/#/a", (SHARE, FILTER)),
    ("filter-hash-not-last", "$share/g/#/a", (SHARE, FILTER)),
    ("filter-hash-after-text", "$share/g/a#", (SHARE, FILTER)),
    ("filter-plus-in-level", "$share/g/a+", (SHARE, FILTER)),
]
