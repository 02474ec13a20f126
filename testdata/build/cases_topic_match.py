"""Which topic filter matches which topic name (sections 4.7 and 4.8.2)."""

from topics import ALL, BEFORE_5_0, LATER, ONLY_5_0
from wire import data, repeat


def match_cases(table):
    hash_pairs(table)
    plus_pairs(table)
    empty_level_pairs(table)
    dollar_pairs(table)
    exact_pairs(table)
    expression_pairs(table)
    shared_pairs(table)
    long_pairs(table)


def hash_pairs(t):
    for id, filter_, topic, match in [
        ("hash-parent-level", "sport/tennis/player1/#", "sport/tennis/player1", True),
        ("hash-one-level", "sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("hash-two-levels", "sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("hash-longer-level", "sport/tennis/player1/#", "sport/tennis/player10", False),
        ("hash-above-parent", "sport/tennis/player1/#", "sport/tennis", False),
        ("hash-shorter-level", "sport/tennis/player1/#", "sport/tennis/player", False),
        ("hash-parent-of-one", "sport/#", "sport", True),
        ("hash-empty-level", "sport/#", "sport/", True),
        ("hash-empty-levels", "sport/#", "sport//", True),
        ("hash-longer-parent", "sport/#", "sports", False),
        ("hash-longer-parent-with-level", "sport/#", "sports/tennis", False),
        ("hash-parent-not-first", "sport/#", "/sport", False),
        ("hash-alone-letter", "#", "a", True),
        ("hash-alone-slash", "#", "/", True),
        ("hash-alone-slashes", "#", "//", True),
        ("hash-alone-levels", "#", "a/b/c", True),
        ("hash-alone-slash-first", "#", "/a", True),
        ("hash-other-parent", "a/b/#", "a/c", False),
        ("hash-other-first-level", "a/b/#", "b/b/c", False),
        ("slash-hash-slash", "/#", "/", True),
        ("slash-hash-levels", "/#", "/a/b", True),
        ("slash-hash-no-slash", "/#", "a", False),
        ("slash-hash-slash-last", "/#", "a/", False),
        ("plus-hash-letter", "+/#", "a", True),
        ("plus-hash-slash", "+/#", "/", True),
        ("plus-hash-levels", "+/#", "a/b/c", True),
        ("plus-hash-too-short", "a/+/#", "a", False),
        ("plus-hash-parent", "a/+/#", "a/b", True),
        ("plus-hash-below", "a/+/#", "a/b/c", True),
        ("plus-hash-empty-parent", "a/+/#", "a/", True),
        ("two-pluses-hash-one-level", "+/+/#", "a", False),
        ("two-pluses-hash-two-levels", "+/+/#", "a/b", True),
        ("two-pluses-hash-empty-levels", "+/+/#", "/", True),
        ("plus-inside-hash", "a/+/b/#", "a/x/b", True),
        ("plus-inside-hash-other", "a/+/b/#", "a/x/c", False),
        ("plus-inside-hash-shifted", "a/+/b/#", "a/x/y/b", False),
    ]:
        t.pair(id, filter_, topic, match)


def plus_pairs(t):
    for id, filter_, topic, match in [
        ("plus-last", "sport/tennis/+", "sport/tennis/player1", True),
        ("plus-last-level-more", "sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("plus-last-empty-level", "sport/tennis/+", "sport/tennis/", True),
        ("plus-last-no-parent", "sport/tennis/+", "sport/tennis", False),
        ("plus-last-empty-level-more", "sport/tennis/+", "sport/tennis//", False),
        ("plus-no-parent-of-one", "sport/+", "sport", False),
        ("plus-empty-level-of-one", "sport/+", "sport/", True),
        ("plus-longer-parent", "sport/+", "sports/tennis", False),
        ("plus-alone-level", "+", "finance", True),
        ("plus-alone-slash-first", "+", "/finance", False),
        ("plus-alone-slash", "+", "/", False),
        ("plus-alone-slash-last", "+", "finance/", False),
        ("plus-alone-two-levels", "+", "a/b", False),
        ("plus-first", "+/b", "a/b", True),
        ("plus-first-empty-level", "+/b", "/b", True),
        ("plus-first-other", "+/b", "a/c", False),
        ("plus-first-longer", "+/b", "a/bc", False),
        ("plus-first-too-short", "+/b", "b", False),
        ("plus-inside", "a/+/c", "a/b/c", True),
        ("plus-inside-other", "a/+/c", "a/b/d", False),
        ("plus-inside-not-two", "a/+/c", "a/b/b/c", False),
        ("plus-inside-not-none", "a/+/c", "a/c", False),
        ("plus-inside-twice-the-end", "a/+/c", "a/b/c/c", False),
        ("plus-inside-same-text", "a/+/a", "a/a/a", True),
        ("plus-inside-empty-level", "a/+/b", "a//b", True),
        ("two-pluses-inside", "a/+/b/+/c", "a/1/b/2/c", True),
        ("two-pluses-inside-shifted", "a/+/b/+/c", "a/1/1/b/c", False),
        ("two-pluses-together", "a/+/+/b", "a/1/2/b", True),
        ("two-pluses-together-one-level", "a/+/+/b", "a/1/b", False),
        ("two-pluses", "+/+", "a/b", True),
        ("two-pluses-slash-first", "+/+", "/finance", True),
        ("two-pluses-three-levels", "+/+", "a/b/c", False),
        ("two-pluses-one-level", "+/+", "a", False),
        ("plus-everywhere", "+/+/+/+/+", "site/12/line/3/x", True),
        ("plus-everywhere-level-less", "+/+/+/+/+", "site/12/line/3", False),
        ("plus-level-of-many-bytes", "a/+", "a/0123456789012345678901234567890123456789", True),
        ("plus-level-of-spaces", "a/+/b", "a/   /b", True),
    ]:
        t.pair(id, filter_, topic, match)
    t.pair("plus-level-of-one-character", "a/+/b", "a/\U0001f600/b", True, flags=["Utf8"],
           comment="one character of four bytes")


def empty_level_pairs(t):
    for id, filter_, topic, match in [
        ("slash", "/", "/", True),
        ("slash-two-slashes", "/", "//", False),
        ("slashes-slash", "//", "/", False),
        ("slashes", "//", "//", True),
        ("empty-level", "a//b", "a//b", True),
        ("empty-level-missing", "a//b", "a/b", False),
        ("empty-level-more", "a/b", "a//b", False),
        ("empty-level-not-any", "a//b", "a/x/b", False),
        ("slash-last-missing", "a/", "a", False),
        ("slash-last-more", "a", "a/", False),
        ("slash-last", "a/", "a/", True),
        ("slash-first-missing", "/finance", "finance", False),
        ("slash-first-more", "finance", "/finance", False),
        ("slash-first", "/finance", "/finance", True),
        ("slash-plus", "/+", "/finance", True),
        ("slash-plus-empty-level", "/+", "/", True),
        ("slash-plus-no-slash", "/+", "finance", False),
        ("slash-plus-two-levels", "/+", "/a/b", False),
        ("plus-slash", "+/", "a/", True),
        ("plus-slash-empty-level", "+/", "/", True),
        ("plus-slash-no-slash", "+/", "a", False),
        ("plus-slash-level-more", "+/", "a/b", False),
        ("two-pluses-slash", "+/+", "/", True),
        ("three-pluses-empty-level", "+/+/+", "a//b", True),
        ("three-pluses-slashes", "+/+/+", "//", True),
        ("three-pluses-slash", "+/+/+", "/", False),
        ("plus-between-slashes", "/+/", "//", True),
        ("plus-between-slashes-missing", "/+/", "/", False),
        ("plus-around-empty-level", "+//+", "a//b", True),
        ("plus-around-empty-level-not-any", "+//+", "a/b/c", False),
        ("slashes-hash-slash", "//#", "/", True),
        ("slashes-hash-slashes", "//#", "//", True),
        ("slashes-hash-level", "//#", "/a", False),
        ("empty-level-hash-parent", "a//#", "a/", True),
        ("empty-level-hash-no-parent", "a//#", "a", False),
        ("empty-level-hash-other-parent", "a//#", "a/b", False),
        ("empty-level-hash-below", "a//#", "a//b", True),
    ]:
        section = None if "+" in filter_ or "#" in filter_ else "4.7.1.1"
        t.pair(id, filter_, topic, match, section=section)


def dollar_pairs(t):
    """3.1 does not know that a `$` in front is special."""
    for id, filter_, topic, match in [
        ("dollar-hash", "#", "$SYS/x", False),
        ("dollar-hash-alone", "#", "$", False),
        ("dollar-hash-other", "#", "$x", False),
        ("dollar-plus", "+", "$SYS", False),
        ("dollar-plus-alone", "+", "$", False),
        ("dollar-plus-hash", "+/#", "$SYS/x", False),
        ("dollar-plus-hash-parent", "+/#", "$SYS", False),
        ("dollar-two-pluses", "+/+", "$SYS/x", False),
        ("dollar-plus-then-literal", "+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("dollar-hash-share-name", "#", "$share/g/a", False),
    ]:
        t.pair(id, filter_, topic, match, versions=LATER)
    for id, filter_, topic, match in [
        ("dollar-sys-hash-parent", "$SYS/#", "$SYS", True),
        ("dollar-sys-hash-empty-level", "$SYS/#", "$SYS/", True),
        ("dollar-sys-hash", "$SYS/#", "$SYS/monitor/Clients", True),
        ("dollar-sys-hash-longer", "$SYS/#", "$SYSTEM/x", False),
        ("dollar-sys-hash-case", "$sys/#", "$SYS/x", False),
        ("dollar-sys-plus", "$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("dollar-sys-plus-two-levels", "$SYS/+", "$SYS/a/b", False),
        ("dollar-sys-plus-inside", "$SYS/+/Clients", "$SYS/monitor/Clients", True),
        ("dollar-sys-plus-hash", "$SYS/+/#", "$SYS/monitor/Clients", True),
        ("dollar-sys-literal", "$SYS/x", "$SYS/x", True),
        ("dollar-sys-without-dollar", "SYS/x", "$SYS/x", False),
        ("dollar-alone", "$", "$", True),
        ("dollar-alone-longer", "$", "$SYS", False),
        ("dollar-alone-hash-parent", "$/#", "$", True),
        ("dollar-alone-hash-longer", "$/#", "$SYS/x", False),
    ]:
        t.pair(id, filter_, topic, match, versions=LATER, section="4.7.2")
    for id, filter_, topic in [
        ("dollar-inside-literal", "a/$x", "a/$x"), ("dollar-inside-plus-first", "+/$x", "a/$x"),
        ("dollar-inside-plus", "a/+", "a/$x"), ("dollar-inside-hash", "a/#", "a/$x/y"),
        ("dollar-inside-hash-alone", "#", "a/$x"), ("dollar-after-slash-hash", "/#", "/$SYS/x"),
        ("dollar-after-slash-plus", "/+", "/$SYS"), ("dollar-after-slash-hash-alone", "#", "/$SYS"),
        ("dollar-after-slash-plus-first", "+/$SYS", "/$SYS"),
        ("dollar-after-space", "#", " $SYS"), ("dollar-in-level", "+", "a$"),
    ]:
        t.pair(id, filter_, topic, True, section="4.7.2",
               comment="only the first character is special")
    t.pair("dollar-wide", "#", "\uff04SYS/x", True, versions=LATER, section="4.7.2", flags=["Utf8"],
           comment="U+FF04 is no dollar sign")


def exact_pairs(t):
    for id, filter_, topic, match in [
        ("same", "a/b", "a/b", True), ("same-letter", "a", "a", True),
        ("other-last-level", "a/b", "a/c", False), ("other-first-level", "a/b", "c/b", False),
        ("case", "Accounts", "ACCOUNTS", False), ("case-of-a-level", "a/B", "a/b", False),
        ("begins-with-filter", "a", "ab", False), ("begins-with-levels", "a/b", "a/bc", False),
        ("begins-with-levels-and-more", "a/b", "a/b/c", False), ("filter-longer", "ab", "a", False),
        ("filter-level-longer", "a/bc", "a/b", False), ("filter-level-more", "a/b/c", "a/b", False),
        ("ends-with-filter", "b", "a/b", False), ("levels-swapped", "a/b", "b/a", False),
        ("space-last", "a", "a ", False), ("space-first", "a", " a", False),
        ("space-of-filter", "a ", "a", False), ("space-in-level", "a/ b", "a/b", False),
        ("spaces-same", " a / b ", " a / b ", True), ("space-alone", " ", " ", True),
        ("tab-is-no-space", "a\tb", "a b", False), ("escaped-slash", "a%2Fb", "a/b", False),
        ("backslash", "a\\b", "a/b", False), ("share-word", "share/g/a", "a", False),
    ]:
        versions = LATER if "\t" in filter_ else ALL
        t.pair(id, filter_, topic, match, versions=versions)
    for id, filter_, topic, match, comment in [
        ("composed-against-decomposed", "caf\u00e9", "cafe\u0301", False, "U+00E9 against e, U+0301"),
        ("decomposed-against-composed", "cafe\u0301", "caf\u00e9", False, "e, U+0301 against U+00E9"),
        ("composed-same", "caf\u00e9", "caf\u00e9", True, "U+00E9"),
        ("decomposed-same", "cafe\u0301", "cafe\u0301", True, "e, U+0301"),
        ("angstrom", "\u212b", "\u00c5", False, "U+212B, which normalisation makes U+00C5"),
        ("wide-letter", "\uff21", "A", False, "U+FF21 against U+0041"),
        ("ligature", "\ufb01n", "fin", False, "U+FB01 against f, i"),
        ("sharp-s", "STRASSE", "stra\u00dfe", False, "no case folding"),
        ("dotless-i", "\u0131", "i", False, "U+0131 against U+0069"),
        ("sigma", "\u03c3", "\u03c2", False, "U+03C3 against U+03C2"),
        ("accent-last-byte", "\u00e9", "\u00e8", False, "they differ in the last byte of two"),
        ("accent-begins", "\u00e9", "\u00e9\u00e9", False, "the name begins with the filter"),
        ("no-break-space", "a\u00a0b", "a b", False, "U+00A0 against a space"),
        ("zero-width-space", "a\u200bb", "ab", False, "U+200B is a character"),
        ("soft-hyphen", "a\u00adb", "ab", False, "U+00AD is a character"),
        ("astral-same", "a/\U0001f600", "a/\U0001f600", True, "U+1F600"),
        ("astral-other", "a/\U0001f600", "a/\U0001f601", False, "U+1F600 against U+1F601"),
        ("astral-low-half", "\U0001f600", "\uf600", False,
         "U+1F600 against U+F600, whose lower 16 bits are the same"),
        ("division-slash", "a/+", "a\u2215b", False, "U+2215 does not separate levels"),
        ("wide-slash", "+/+", "a\uff0fb", False, "U+FF0F does not separate levels"),
        ("wide-plus", "a/\uff0b", "a/b", False, "U+FF0B is no wildcard"),
        ("wide-hash", "a/\uff03", "a/b", False, "U+FF03 is no wildcard"),
        ("bom-first", "a", "\ufeffa", False, "U+FEFF is kept"),
        ("bom-of-filter", "\ufeffa", "a", False, "U+FEFF is kept"),
        ("bom-same", "\ufeffa", "\ufeffa", True, "U+FEFF is kept"),
        ("bom-plus", "+", "\ufeff", True, "a level of U+FEFF alone"),
        ("bom-plus-literal", "\ufeff/+", "\ufeff/a", True, "U+FEFF is kept"),
        ("bom-before-dollar", "#", "\ufeff$SYS", True, "the first character is U+FEFF"),
    ]:
        rules = ["exact"] + (["bom"] if "\ufeff" in filter_ + topic else [])
        t.pair(id, filter_, topic, match, rules=rules, versions=LATER, section="4.7.3",
               flags=["Utf8"], comment=comment)
    for id, filter_, topic, match in [
        ("control-same", "a\x01", "a\x01", True), ("control-other", "a\x01", "a\x02", False),
        ("control-plus", "a/+", "a/\x7f", True), ("line-end-last", "a", "a\n", False),
        ("line-end-in-level", "a/+", "a/b\nc", True), ("line-end-hash", "a/#", "a/b\n/c", True),
    ]:
        t.pair(id, filter_, topic, match, versions=LATER,
               comment="only where control characters are accepted")


def expression_pairs(t):
    """What a matcher gets wrong that makes regular expressions or globs out of filters."""
    for id, filter_, topic, match in [
        ("dot", "a.c", "abc", False), ("star", "a/*", "a/b", False), ("star-twice", "**", "a", False),
        ("question-mark", "a?c", "abc", False), ("set", "[ab]", "a", False),
        ("choice", "a|b", "a", False), ("group", "(a)", "a", False), ("repeat", "a{2}", "aa", False),
        ("anchors", "^a", "a", False), ("dollar-last", "a$", "a", False),
        ("escape", "\\a", "a", False), ("digits", "\\d", "1", False), ("percent", "a%", "ab", False),
        ("expression-same", "^(a|b).*[c]\\d{2}?$", "^(a|b).*[c]\\d{2}?$", True),
        ("expression-plus", "(a/+", "(a/b", True), ("expression-hash", "[/#", "[/b/c", True),
        ("star-in-name", "a/b", "a/*", False), ("dots", "a/../b", "b", False),
    ]:
        t.pair(id, filter_, topic, match)


def shared_pairs(t):
    for id, filter_, topic, match in [
        ("share", "$share/g/sport/tennis/+", "sport/tennis/player1", True),
        ("share-other", "$share/g/sport/tennis/+", "sport/golf/player1", False),
        ("share-itself", "$share/g/a", "$share/g/a", False),
        ("share-with-group", "$share/g/a", "g/a", False),
        ("share-slash", "$share/g//finance", "/finance", True),
        ("share-slash-missing", "$share/g//finance", "finance", False),
        ("share-hash", "$share/g/#", "a/b", True),
        ("share-hash-dollar", "$share/g/#", "$SYS/x", False),
        ("share-plus", "$share/g/+", "a", True),
        ("share-plus-dollar", "$share/g/+/x", "$SYS/x", False),
        ("share-hash-parent", "$share/g/a/#", "a", True),
        ("share-sys", "$share/g/$SYS/#", "$SYS/x", True),
        ("share-in-share", "$share/g/$share/h/a", "$share/h/a", True),
        ("share-in-share-inner", "$share/g/$share/h/a", "a", False),
        ("share-accent", "$share/\u00e9/a", "a", True),
    ]:
        t.pair(id, filter_, topic, match, rules=["share form"], section="4.8.2", versions=ONLY_5_0)
    for id, filter_, topic, match in [
        ("share-itself-before-5.0", "$share/g/a", "$share/g/a", True),
        ("share-before-5.0", "$share/g/a", "a", False),
        ("share-hash-before-5.0", "$share/#", "$share/g/a", True),
        ("share-plus-name-before-5.0", "$share/+/a", "$share/g/a", True),
        ("share-hash-in-it-before-5.0", "$share/g/#", "a", False),
    ]:
        t.pair(id, filter_, topic, match, versions=BEFORE_5_0,
               comment="no version before 5.0 has shared subscriptions")
    for id, filter_, topic, match in [
        ("no-share-upper-case", "$SHARE/g/a", "a", False),
        ("no-share-upper-case-itself", "$SHARE/g/a", "$SHARE/g/a", True),
        ("no-share-longer", "$shared/g/a", "a", False),
        ("no-share-longer-itself", "$shared/g/+", "$shared/g/a", True),
        ("no-share-not-first", "a/$share/g/b", "a/$share/g/b", True),
        ("no-share-alone", "$share", "$share", True),
    ]:
        t.pair(id, filter_, topic, match, section="4.8.2")


def long_pairs(t):
    long = {"versions": LATER, "flags": ["Limit"]}
    deep = {"versions": LATER, "flags": ["Limit", "Dos"]}
    t.pair("long-same", repeat(b"t", 65535), repeat(b"t", 65535), True, **long)
    t.pair("long-last-byte", repeat(b"t", 65534) + b"u", repeat(b"t", 65535), False, **long)
    t.pair("long-filter-shorter", repeat(b"t", 65534), repeat(b"t", 65535), False, **long)
    t.pair("long-hash", "#", repeat(b"t", 65535), True, **long)
    t.pair("long-plus", "+", repeat(b"t", 65535), True, **long)
    t.pair("long-plus-then-level", "+/a", repeat(b"t", 65533) + b"/a", True, **long)
    t.pair("deep-same", repeat(b"/", 65535), repeat(b"/", 65535), True, **deep)
    t.pair("deep-level-less", repeat(b"/", 65535), repeat(b"/", 65534), False, **deep)
    t.pair("deep-hash", "#", repeat(b"/", 65535), True, **deep)
    t.pair("deep-hash-below", repeat(b"/", 65534) + b"#", repeat(b"/", 65535), True, **deep)
    t.pair("deep-hash-parent", repeat(b"/", 65534) + b"#", repeat(b"/", 65533), True, **deep)
    t.pair("deep-hash-above-parent", repeat(b"/", 65534) + b"#", repeat(b"/", 65532), False, **deep)
    pluses = data(b"+") + repeat(b"/+", 32767)
    t.pair("deep-pluses", pluses, repeat(b"/", 32767), True, **deep)
    t.pair("deep-pluses-letters", pluses, repeat(b"a/", 32767) + b"a", True, **deep)
    t.pair("deep-pluses-level-less", pluses, repeat(b"/", 32766), False, **deep)
    t.pair("deep-pluses-level-more", pluses, repeat(b"/", 32768), False, **deep)
    t.pair("deep-pluses-last-level", repeat(b"+/", 32767) + b"a", repeat(b"a/", 32767) + b"b",
           False, **deep)
