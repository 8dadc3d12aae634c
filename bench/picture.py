"""Draws the results of growth.py: picture.py FILE.json > performance.svg"""
import html
import json
import math
import statistics
import sys

from measuring import size

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 480, 320, 52, 40, 132, 56

# Readable on white and on black.
INK = "#808080"
COLOURS = ["#2f81f7", "#d9730d", "#2da44e", "#a371f7", "#bf8700"]
AGAIN = ", again"


def grouped(number):
    return f"{number:,.0f}" if number >= 1 else f"{number:g}"


def ticks(low, high, base):
    """The powers of a base, from the last one below the range to the first one above it."""
    first, last = math.floor(math.log(low, base) + 1e-9), math.ceil(math.log(high, base) - 1e-9)
    return [base ** power for power in range(first, max(last, first + 1) + 1)]


def text(x, y, content, **attributes):
    written = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{written}>{html.escape(content)}</text>'


class Panel:
    """A diagram: named lines of points on two logarithmic axes."""

    def __init__(self, y_title, y_base, x_title, x_base, x_label, lines):
        self.y_title, self.x_title, self.x_label = y_title, x_title, x_label
        self.lines = {name: sorted(points) for name, points in lines.items() if points}
        points = [point for line in self.lines.values() for point in line]
        self.xs = ticks(min(x for x, _ in points), max(x for x, _ in points), x_base)
        self.ys = ticks(min(y for _, y in points), max(y for _, y in points), y_base)

    def place(self, x, y):
        share = lambda value, marks: math.log(value / marks[0]) / math.log(marks[-1] / marks[0])
        return LEFT + share(x, self.xs) * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - share(y, self.ys) * (HEIGHT - TOP - BOTTOM)

    def draw(self):
        yield text(LEFT, 20, self.y_title, fill=INK, font_weight="bold")
        yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 36, self.x_title, fill=INK, font_weight="bold", text_anchor="middle")
        for x in self.xs:
            at, _ = self.place(x, self.ys[0])
            yield f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{INK}" stroke-opacity=".25"/>'
            yield text(at, HEIGHT - BOTTOM + 16, self.x_label(x), fill=INK, text_anchor="middle")
        for y in self.ys:
            _, at = self.place(self.xs[0], y)
            yield f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-opacity=".25"/>'
            yield text(LEFT - 6, at + 4, grouped(y), fill=INK, text_anchor="end")
        servers = list(dict.fromkeys(name.removesuffix(AGAIN) for name in self.lines))
        ends = []
        for name, line in self.lines.items():
            colour, dashes = COLOURS[servers.index(name.removesuffix(AGAIN)) % len(COLOURS)], ' stroke-dasharray="5 4"' if name.endswith(AGAIN) else ""
            points = [self.place(x, y) for x, y in line]
            yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
            yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
            ends.append((points[-1][1], points[-1][0], colour, name))
        # The names of lines that end close to each other are placed below each other, but not below the axis.
        lowest = 0
        for number, (y, x, colour, name) in enumerate(sorted(ends)):
            lowest = max(min(y + 4, HEIGHT - BOTTOM - 14 * (len(ends) - 1 - number)), lowest + 14)
            yield text(x + 8, lowest, name, fill=colour)


def panels(rows):
    def lines(series, figure, again=False):
        found = {}
        for row in rows:
            if row["series"] == series and (again or not row["again"]):
                name = row["server"].replace(".dev0", "") + (AGAIN if row["again"] else "")
                found.setdefault(name, []).append((row["x"], figure(row)))
        return found

    median = lambda row, name: statistics.median(one[name] for one in row["runs"])
    seconds = lambda row: median(row, "seconds")
    for *axes, found in [
        ("seconds", 10, "files of 1 KiB", 10, grouped, lines("files", seconds, again=True)),
        ("memory, MiB", 2, "files of 1 KiB", 10, grouped, lines("files", lambda row: median(row, "memory"), again=True)),
        ("seconds", 10, "size of one file", 1024, size, lines("bytes", seconds)),
        ("seconds", 10, "connections at most, for 1000 files of 1 KiB", 2, grouped, lines("connections", seconds)),
    ]:
        if found:
            yield Panel(*axes, found)


def main():
    with open(sys.argv[1]) as file:
        drawn = list(panels(json.load(file)["rows"]))
    rows = (len(drawn) + 1) // 2
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDTH} {rows * HEIGHT}" font-family="sans-serif" font-size="12">')
    for number, panel in enumerate(drawn):
        print(f'<g transform="translate({number % 2 * WIDTH} {number // 2 * HEIGHT})">')
        print("\n".join(panel.draw()))
        print("</g>")
    print("</svg>")


if __name__ == "__main__":
    main()
