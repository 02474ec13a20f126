"""Opens the page of the runner in a browser: python3 testdata/build/page_test.py [SCREENSHOT]

Three adapters of known behaviour are run; the numbers of each have to be in the page that chromium
shows, and the screenshot has to have the colours of what passed and what did not.
"""

import collections
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
GOOD, BAD = bytes.fromhex("d8f0d8"), bytes.fromhex("fbe3c8")


def browse(browser, folder, *arguments):
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
               f"--user-data-dir={folder / 'profile'}", "--window-size=1100,1400", *arguments,
               (folder / "page.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120).stdout


def colours(path):
    """The colours of a PNG of 8 bits, and how many pixels have each."""
    content, at, packed = path.read_bytes(), 8, b""
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at:at + 8])
        part = content[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, form = struct.unpack(">IIBB", part[:10])
            assert depth == 8 and form in (2, 6), "another kind of picture"
            size = 3 if form == 2 else 4
        packed += part if kind == b"IDAT" else b""
        at += length + 12
    rows, before, found = zlib.decompress(packed), bytes(width * size), collections.Counter()
    for row in range(height):
        begin = row * (width * size + 1)
        before = unfiltered(rows[begin], rows[begin + 1:begin + 1 + width * size], before, size)
        found.update(before[x:x + 3] for x in range(0, len(before), size))
    return found


def unfiltered(kind, line, above, size):
    out = bytearray(line)
    for x in range(len(out)):
        left, up = out[x - size] if x >= size else 0, above[x]
        corner = above[x - size] if x >= size else 0
        near = min((left, up, corner), key=lambda each: abs(left + up - corner - each))
        out[x] = (out[x] + (0, left, up, (left + up) // 2, near)[kind]) & 0xFF
    return bytes(out)


def main():
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if not browser:
        sys.exit("there is no browser")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        command = [sys.executable, FOLDER.parent / "run.py", "--json", folder / "out.json",
                   "--html", folder / "page.html", "--filter", "v311/puback/*", "--filter", "v50/auth/*",
                   "--filter", "topic/*"]
        for fault in ("none", "refuse", "skip"):
            command += ["--adapter", f"{sys.executable} {FOLDER / 'oracle.py'} {fault}"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        shown = browse(browser, folder, "--dump-dom")
        shot = folder / "shot.png"
        browse(browser, folder, f"--screenshot={shot}")
        runs = json.loads((folder / "out.json").read_text())
        rows = dict(re.findall(r"<tr><t[dh]>(.*?)</t[dh]>(.*?)</tr>", shown))
        for group in ["all cases", *{result["group"] for result in runs[0]["results"]}]:
            cells = re.findall(r"<td[^>]*>(.*?)</td>", rows[group])
            wanted = [counted(one, group) for one in runs]
            assert cells == wanted, f"{group}: {cells} instead of {wanted}"
        assert "oracle &lt;none&gt;" in shown and len(rows) > 5
        found = colours(shot)
        assert found[GOOD] > 1000 and found[BAD] > 1000, found.most_common(5)
        if len(sys.argv) > 1:
            shutil.copy(shot, sys.argv[1])
    print(f"{len(rows) - 1} rows, {found[GOOD]} pixels of what passed, {found[BAD]} of what did not")


def counted(one, group):
    """Passed of those that were run."""
    ran = [result["status"] for result in one["results"]
           if group in ("all cases", result["group"]) and result["status"] != "skip"]
    return f"{ran.count('pass')}/{len(ran)}" if ran else "-"


if __name__ == "__main__":
    main()
