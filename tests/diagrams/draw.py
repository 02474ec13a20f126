#!/usr/bin/env python3
"""Draws the state diagrams of QoS 1 and 2 from the tables in src/session/transition.rs:
python3 tests/diagrams/draw.py, with --check to see whether they are up to date.

An arrow is a row of a table; what is in no arrow is a violation, or said below.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SESSION = ROOT / "src" / "session"

# What follows from a step: what is sent or told, and the state after it; `None` for the same.
SENDER = {
    "Done": ("done", "free"),
    "Failed": ("failed", "free"),
    "Release": ("PUBREL", "Pubcomp"),
    "ReleaseAgain": ("PUBREL again", None),
    "ReleaseUnknown": ("PUBREL 0x92", None),
}
RECEIVER = {
    "Deliver": None,
    "Repeated": {"Publish": ("no second delivery", None), "Pubrec": ("PUBREC again", None)},
    "Completed": ("PUBCOMP", "Nothing"),
    "CompletedUnknown": ("PUBCOMP 0x92", None),
}
# Delivering depends on the packet.
DELIVER = {"PublishQos1": ("deliver, PUBACK", None), "PublishQos2": ("deliver", "Publish")}

PACKETS = {
    "Puback": "PUBACK", "PubackFailure": "PUBACK \u2265 0x80", "Pubrec": "PUBREC",
    "PubrecFailure": "PUBREC \u2265 0x80", "Pubcomp": "PUBCOMP", "Suback": "SUBACK", "Unsuback": "UNSUBACK",
    "PublishQos1": "PUBLISH QoS 1", "PublishQos2": "PUBLISH QoS 2", "Pubrel": "PUBREL",
}

LEFT, LEFT_WIDTH = 165, 120
RIGHT, RIGHT_WIDTH = 530, 170
LINE, GAP, MARGIN = 34, 30, 14


def rows(name):
    """The rows of a table: state, packet and step, each by its name; `_` for any other."""
    source = (SESSION / "transition.rs").read_text(encoding="utf-8")
    body = re.search(rf"const fn {name}\(.*?\n}}\n", source, re.S)
    if not body:
        sys.exit(f"there is no table {name}")
    found = []
    for states, packets, step in re.findall(r"^ +\((.+), (.+)\) => \w+::(\w+),$", body[0], re.M):
        for state in states.split(" | "):
            for packet in packets.split(" | "):
                words = [re.sub(r"^Some\((.*)\)$", r"\1", word).split("::")[-1] for word in (state, packet)]
                found.append(("free" if words[0] == "None" else words[0], words[1], step))
    if len(found) < 8:
        sys.exit(f"the table {name} is not read any more")
    return found


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Drawing:
    def __init__(self, title):
        self.title, self.parts, self.bottom, self.right = title, [], MARGIN, 0

    def text(self, x, y, text, anchor="middle", style=""):
        self.parts.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}"{style}>{escape(text)}</text>')
        if anchor == "start":
            self.right = max(self.right, x + 8 * len(text))

    def box(self, x, y, width, height, lines):
        self.parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="9"/>')
        first = y + height / 2 + 5 - 9 * (len(lines) - 1)
        for at, line in enumerate(lines):
            self.text(x + width / 2, first + 18 * at, line, style=' font-weight="600"' if at == 0 else "")
        self.bottom, self.right = max(self.bottom, y + height), max(self.right, x + width)

    def arrow(self, points, label, x, y, anchor="middle"):
        path = " L".join(f"{a} {b}" for a, b in points)
        self.parts.append(f'<path d="M{path}" marker-end="url(#{self.title}-head)"/>')
        self.text(x, y, label, anchor)

    def loop(self, x, y, label, side=1):
        """From a box back to it."""
        out = x + side * 30
        self.parts.append(f'<path d="M{x} {y - 7} C{out} {y - 16} {out} {y + 16} {x} {y + 7}" '
                          f'marker-end="url(#{self.title}-head)"/>')
        self.text(x + side * 30, y + 4, label, "start" if side == 1 else "end")

    def note(self, text):
        self.bottom += 22
        self.text(MARGIN, self.bottom, text, "start")

    def svg(self):
        width, height = self.right + MARGIN, self.bottom + MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label="States of the {self.title}" style="max-width:100%;height:auto" '
            'font-family="sans-serif" font-size="13" fill="currentColor">\n'
            f'<defs><marker id="{self.title}-head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" '
            'markerHeight="8" orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 Z" fill="currentColor" stroke="none"/>'
            "</marker></defs>\n"
            '<style>svg[role=img] rect,svg[role=img] path{fill:none;stroke:currentColor;stroke-width:1.3}'
            "svg[role=img] marker path{fill:currentColor;stroke:none}</style>\n"
            + "\n".join(self.parts) + "\n</svg>\n")


def label(packet, effect):
    return f"{PACKETS[packet]} \u2192 {effect}"


def across(drawing, y, label_text, goes_right):
    ends = [(LEFT + LEFT_WIDTH, y), (RIGHT, y)]
    drawing.arrow(ends if goes_right else ends[::-1], label_text, (LEFT + LEFT_WIDTH + RIGHT) / 2, y - 6)


def states(drawing, order, first, arrows, loops, names, down):
    """The boxes at the right, one below the other, each with its arrows from and to the box at the left."""
    y, places = MARGIN, {}
    for state in order:
        lines = [(text, True) for text in first.get(state, [])] + [(text, False) for text in arrows.get(state, [])]
        height = max(2, len(lines), 2 * len(loops.get(state, []))) * LINE
        drawing.box(RIGHT, y, RIGHT_WIDTH, height, names[state])
        places[state] = (y, height)
        for at, (text, goes_right) in enumerate(lines):
            across(drawing, y + height * (at + 0.5) / len(lines) + 4, text, goes_right)
        for at, text in enumerate(loops.get(state, [])):
            drawing.loop(RIGHT + RIGHT_WIDTH, y + height * (at + 0.5) / len(loops[state]), text)
        y += height + GAP
        if state in down:
            middle = RIGHT + RIGHT_WIDTH / 2
            drawing.arrow([(middle, y - GAP), (middle, y + 12)], down[state], middle + 10, y - 4, "start")
            y += 12
    return places


def finish(drawing, left_name, left_loops):
    height = drawing.bottom - MARGIN
    drawing.box(LEFT, MARGIN, LEFT_WIDTH, height, left_name)
    return height, left_loops


def sender():
    drawing = Drawing("sender")
    names = {
        "Puback": ["PUBLISH QoS 1 sent", "waits for PUBACK"], "Pubrec": ["PUBLISH QoS 2 sent", "waits for PUBREC"],
        "Pubcomp": ["PUBREL sent", "waits for PUBCOMP"], "Suback": ["SUBSCRIBE sent", "waits for SUBACK"],
        "Unsuback": ["UNSUBSCRIBE sent", "waits for UNSUBACK"],
    }
    first = {"Puback": ["PUBLISH QoS 1"], "Pubrec": ["PUBLISH QoS 2"], "Suback": ["SUBSCRIBE"], "Unsuback": ["UNSUBSCRIBE"]}
    arrows, loops, down, of_free, notes = {}, {}, {}, [], []
    for state, packet, step in rows("answered"):
        if step == "Unknown":
            notes.append("Any other answer to a free identifier changes nothing, and is told.")
        elif step == "Wrong":
            notes.append("Any other answer to one in use is a violation: the connection is closed.")
        elif step in SENDER:
            effect, after = SENDER[step]
            text = label(packet, effect)
            if state == "free":
                of_free.append(text)
            elif after == "free":
                arrows.setdefault(state, []).append(text)
            elif after is None:
                loops.setdefault(state, []).append(text)
            else:
                down[state] = text
        else:
            sys.exit(f"what follows from {step} is not known here")
    states(drawing, ["Puback", "Pubrec", "Pubcomp", "Suback", "Unsuback"], first, arrows, loops, names, down)
    free(drawing, of_free)
    notes.append("On a new connection what is on its way is sent again: PUBLISH with DUP, or PUBREL.")
    for note in notes:
        drawing.note(note)
    return drawing.svg()


def free(drawing, loops):
    """The box at the left; what begins and ends there is as wide as its longest label."""
    height = drawing.bottom - MARGIN
    drawing.box(LEFT, MARGIN, LEFT_WIDTH, height, ["identifier", "is free"])
    for at, text in enumerate(loops):
        y = MARGIN + height * (at + 0.5) / len(loops)
        packet, effect = text.split(" \u2192 ")
        drawing.loop(LEFT, y, packet, -1)
        drawing.text(LEFT - 30, y + 20, f"\u2192 {effect}", "end")


def receiver():
    drawing = Drawing("receiver")
    names = {"Publish": ["delivered", "PUBREC is owed"], "Pubrec": ["PUBREC sent", "waits for PUBREL"]}
    first, arrows, loops, of_free, notes = {}, {}, {}, [], []
    violations = {"InUse": "PUBLISH QoS 1 with an identifier in use is a violation; 5.0 answers PUBACK 0x91.",
                  "Early": "PUBREL before PUBREC was sent is a violation: the connection is closed."}
    carried = "Without PUBREC a message of an older connection is known, until PUBREL \u2192 PUBCOMP 0x92 frees it."
    for state, packet, step in rows("taken"):
        if state == "Carried":
            continue
        if step in violations:
            if violations[step] not in notes:
                notes.append(violations[step])
            continue
        if step not in RECEIVER:
            sys.exit(f"what follows from {step} is not known here")
        follows = DELIVER[packet] if step == "Deliver" else RECEIVER[step]
        effect, after = follows[state] if isinstance(follows, dict) else follows
        text = label(packet, effect)
        if state == "Nothing" and after is None:
            of_free.append(text)
        elif state == "Nothing":
            first.setdefault(after, []).append(text)
        elif after == "Nothing":
            arrows.setdefault(state, []).append(text)
        else:
            loops.setdefault(state, []).append(text)
    down = {"Publish": "acknowledged \u2192 PUBREC"}
    states(drawing, ["Publish", "Pubrec"], first, arrows, loops, names, down)
    free(drawing, of_free)
    for note in [*notes, carried]:
        drawing.note(note)
    return drawing.svg()


def main():
    stale = []
    for name, drawn in (("sender", sender()), ("receiver", receiver())):
        path = SESSION / f"{name}.svg"
        if path.exists() and path.read_text(encoding="utf-8") == drawn:
            continue
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.write_text(drawn, encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(stale)}; run python3 tests/diagrams/draw.py")


if __name__ == "__main__":
    main()
