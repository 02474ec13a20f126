"""Strings at the edges of what UTF-8 and the standards allow, by the bytes that they consist of."""

GOOD = [
    ("c2a0", "U+00A0, the first character after the C1 controls"),
    ("dfbf", "U+07FF, the last of two bytes"),
    ("e0a080", "U+0800, the first of three bytes"),
    ("ed9fbf", "U+D7FF, the last before the surrogates"),
    ("ee8080", "U+E000, the first after the surrogates"),
    ("efb78f", "U+FDCF, the last before the non-characters"),
    ("efb7b0", "U+FDF0, the first after the non-characters"),
    ("efbfbd", "U+FFFD, the replacement character, is a character like others"),
    ("f0908080", "U+10000, the first of four bytes"),
    ("f0aa9b94", "U+2A6D4, a character beyond the first plane"),
    ("f48fbfbd", "U+10FFFD, the last that is no non-character"),
]

# What the text tells a sender to avoid and lets a receiver refuse.
DISCOURAGED = [
    ("01", "U+0001"),
    ("1f", "U+001F"),
    ("7f", "U+007F"),
    ("c280", "U+0080"),
    ("c29f", "U+009F"),
    ("efb790", "U+FDD0, a non-character"),
    ("efb7af", "U+FDEF, a non-character"),
    ("efbfbe", "U+FFFE, a non-character"),
    ("efbfbf", "U+FFFF, a non-character"),
    ("f09fbfbe", "U+1FFFE, a non-character"),
    ("f48fbfbf", "U+10FFFF, a non-character"),
]

ILL_FORMED = [
    ("80", "a continuation byte alone"),
    ("bf", "a continuation byte alone"),
    ("c080", "U+0000 in two bytes"),
    ("c1bf", "U+007F in two bytes"),
    ("e08080", "U+0000 in three bytes"),
    ("e09fbf", "U+07FF in three bytes"),
    ("f08fbfbf", "U+FFFF in four bytes"),
    ("eda080", "U+D800, the first surrogate"),
    ("edbfbf", "U+DFFF, the last surrogate"),
    ("eda081edb080", "U+10400 as a pair of surrogates"),
    ("f4908080", "U+110000, beyond Unicode"),
    ("f5808080", "a byte that UTF-8 never uses"),
    ("f888808080", "a sequence of five bytes"),
    ("fe", "a byte that UTF-8 never uses"),
    ("ff", "a byte that UTF-8 never uses"),
    ("c341", "a sequence cut short by a letter"),
    ("e28241", "a sequence cut short by a letter"),
]

# Sequences that the end of the string cuts.
CUT = [
    ("c3", "one byte of two"),
    ("e282", "two bytes of three"),
    ("f09080", "three bytes of four"),
]

# A few for fields that use the same string reader as a topic.
SOME_ILL_FORMED = [entry for entry in ILL_FORMED if entry[0] in ("80", "c080", "eda080", "f4908080")]

GOOD_FILTERS = [
    ("hash", "#"), ("plus", "+"), ("slash", "/"), ("slashes", "//"), ("empty-level", "a//b"),
    ("slash-plus", "/+"), ("plus-slash", "+/"), ("plus-plus", "+/+"), ("plus-then-hash", "+/tennis/#"),
    ("plus-inside", "sport/+/player1"), ("hash-last", "sport/tennis/#"), ("space", "a b"),
    ("dollar-sys", "$SYS/#"), ("share", "$share/g/a"), ("plus-hash", "+/#"), ("slash-hash", "/#"),
]

BAD_FILTERS = [
    ("hash-after-text", "sport/tennis#", "MQTT-4.7.1-2"),
    ("hash-not-last", "sport/tennis/#/ranking", "MQTT-4.7.1-2"),
    ("hash-before-text", "#a", "MQTT-4.7.1-2"),
    ("hash-before-slash", "#/", "MQTT-4.7.1-2"),
    ("hash-twice", "##", "MQTT-4.7.1-2"),
    ("hash-begins-level", "a/#b", "MQTT-4.7.1-2"),
    ("hash-twice-in-level", "a/##", "MQTT-4.7.1-2"),
    ("plus-after-text", "sport+", "MQTT-4.7.1-3"),
    ("plus-before-text", "+a", "MQTT-4.7.1-3"),
    ("plus-after-text-inside", "a+/b", "MQTT-4.7.1-3"),
    ("plus-begins-level", "a/+b", "MQTT-4.7.1-3"),
    ("plus-twice", "++", "MQTT-4.7.1-3"),
]
