#!/usr/bin/env python3
"""Draws benches/topics.svg from benches/peers/topics.tsv: python3 benches/plot_topics.py

With --check it draws nothing and fails if the picture is not what the figures say.
"""

import argparse
import csv
import math
import pathlib
import sys

BENCHES = pathlib.Path(__file__).resolve().parent
FIGURES = BENCHES / "peers" / "topics.tsv"
PICTURE = BENCHES / "topics.svg"

# The input that every index can answer.
PLUS = "sensor"

# Of medium brightness, so that the picture can stand on white and on black.
TEXT, GRID = "#7a828c", "#8b949e"
COLOURS = {
    "mqtt-pure": "#e8590c",
    "mqtt_topic_tree": "#1f83e0",
    "mqtt-topic-engine": "#2f9e55",
    "linear scan": "#a06cd5",
}
MARKS = {
    "mqtt-pure": '<circle cx="{x}" cy="{y}" r="4"/>',
    "mqtt_topic_tree": '<rect x="{x0}" y="{y0}" width="7" height="7"/>',
    "mqtt-topic-engine": '<path d="M{x} {top}l4.5 8h-9z"/>',
    "linear scan": '<path d="M{x} {high}l4.8 4.8l-4.8 4.8l-4.8-4.8z"/>',
}

WIDTH, HEIGHT = 1000, 400
PANELS = [("match_ns", "Match a topic", "time"), ("insert_ns", "Insert a subscription", "time"),
          ("bytes", "Memory for each subscription", "bytes")]
PANEL_WIDTH, PANEL_HEIGHT, TOP, LEFT, GAP = 212, 260, 92, 64, 118


def rows():
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["plus"] == PLUS]


def lines_of(figures, column):
    """The points of each index that has some, in the order of COLOURS."""
    lines = {}
    for row in figures:
        if row[column]:
            point = int(row["subscriptions"]), float(row[column])
            lines.setdefault(row["index"], []).append(point)
    assert lines.keys() <= COLOURS.keys(), f"no colour for one of {list(lines)}"
    return {index: sorted(lines[index]) for index in COLOURS if index in lines}


def quantity(number, unit):
    """A number of nanoseconds or bytes with two digits, as people read it."""
    steps = [(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1, " ns")] if unit == "time" else [(1, " B")]
    size, name = next((step for step in steps if number >= step[0]), steps[-1])
    number /= size
    digits = 1 if number < 9.95 and number != round(number) else 0
    return f"{number:,.{digits}f}{name}"


def count(number):
    return f"{number // 1_000_000} M" if number >= 1_000_000 else f"{number // 1000} k"


def text(x, y, content, anchor="middle", weight="normal", size=12, fill=TEXT):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}" fill="{fill}">{content}</text>')


def mark(index, x, y):
    places = {"x": f"{x:.1f}", "y": f"{y:.1f}", "x0": f"{x - 3.5:.1f}", "y0": f"{y - 3.5:.1f}",
              "top": f"{y - 5:.1f}", "high": f"{y - 4.8:.1f}"}
    return MARKS[index].format(**places)


def apart(labels, least=13):
    """Moves labels down that would cover the one above them."""
    placed = []
    for y, index, content in sorted(labels):
        y = max(y, placed[-1][0] + least) if placed else y
        placed.append((y, index, content))
    return placed


def panel(left, column, title, unit, figures):
    lines = lines_of(figures, column)
    points = [point for line in lines.values() for point in line]
    numbers = sorted({number for number, _ in points})
    low = math.floor(math.log10(min(value for _, value in points)))
    high = math.ceil(math.log10(max(value for _, value in points)))
    first, last = math.log10(numbers[0]), math.log10(numbers[-1])

    def place(number, value):
        across = (math.log10(number) - first) / ((last - first) or 1)
        up = (math.log10(value) - low) / ((high - low) or 1)
        return left + across * (PANEL_WIDTH - 16) + 12, TOP + PANEL_HEIGHT * (1 - up)

    out = [text(left + PANEL_WIDTH / 2, TOP - 16, title, weight="600", size=14)]
    for power in range(low, high + 1):
        _, y = place(numbers[0], 10.0 ** power)
        out.append(f'<path d="M{left} {y:.1f}h{PANEL_WIDTH}" stroke="{GRID}" '
                   f'stroke-opacity="0.35" stroke-width="1"/>')
        out.append(text(left - 8, y + 4, quantity(10.0 ** power, unit), "end"))
    for number in numbers:
        x, _ = place(number, 10.0 ** low)
        out.append(f'<path d="M{x:.1f} {TOP + PANEL_HEIGHT}v5" stroke="{GRID}"/>')
        out.append(text(x, TOP + PANEL_HEIGHT + 20, count(number)))
    out.append(text(left + PANEL_WIDTH / 2, TOP + PANEL_HEIGHT + 40, "subscriptions"))
    labels = []
    for index, line in lines.items():
        places = [place(*point) for point in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        out.append(f'<g fill="{COLOURS[index]}"><path d="M{path}" fill="none" '
                   f'stroke="{COLOURS[index]}" stroke-width="2.2" stroke-linejoin="round"/>')
        out += [mark(index, x, y) for x, y in places] + ["</g>"]
        x, y = places[-1]
        labels.append((y + 4, index, (x + 10, quantity(line[-1][1], unit))))
    for y, index, (x, content) in apart(labels):
        out.append(text(x, y, content, "start", "600", 11, COLOURS[index]))
    return out


def legend(figures):
    out, x = [], LEFT
    named = {row["index"] for row in figures}
    for index in (index for index in COLOURS if index in named):
        out.append(f'<g fill="{COLOURS[index]}"><path d="M{x} 30h26" stroke="{COLOURS[index]}" '
                   f'stroke-width="2.2"/>{mark(index, x + 13, 30)}</g>')
        out.append(text(x + 34, 34, index, "start", "600", 13, COLOURS[index]))
        x += 58 + 8 * len(index)
    return out


def picture(figures):
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" role="img" '
           f'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
           "<title>Indexes of topic filters: time and memory by the number of subscriptions</title>"]
    out += legend(figures)
    for at, (column, title, unit) in enumerate(PANELS):
        out += panel(LEFT + at * (PANEL_WIDTH + GAP), column, title, unit, figures)
    return "\n".join([*out, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description="Draws the figures of the indexes of topic filters.")
    parser.add_argument("--check", action="store_true", help="draw nothing, fail on a difference")
    drawn = picture(rows())
    if not parser.parse_args().check:
        PICTURE.write_text(drawn, encoding="utf-8")
        return 0
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == drawn:
        return 0
    print(f"{PICTURE.name} is not what the figures say", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
