#!/usr/bin/env python3
"""Turns the JSON of bag_bench into compare.csv, compare.png and compare.svg.

    plot.py RESULTS.json FOLDER

One panel a table: columns are workloads, rows are what was done. Bars are medians, whiskers reach
from the slowest to the fastest round; the axis is logarithmic, since formats differ a
hundredfold.
"""
import csv
import json
import math
import pathlib
import re
import sys

import cairo

NAMES_WIDTH = 216     # of the longest format, left of the bars; all in pixels before scaling
BARS_WIDTH = 236
NUMBERS_WIDTH = 58    # the medians, right of the bars
GAP = 34              # between panels
MARGIN = 36
HEADER = 82
TITLE = 46            # of a panel, above its bars
BAR = 17              # from bar to bar
AXIS = 34             # below the bars
SCALE = 2             # of the PNG, for sharp text

INK = (0.13, 0.16, 0.20)
FAINT = (0.44, 0.48, 0.54)
GRID = (0.89, 0.91, 0.93)
PEER = (0.66, 0.71, 0.77)
OURS = {"zbag": (0.02, 0.45, 0.47), "zbag lz4": (0.20, 0.60, 0.60), "zbag zstd": (0.45, 0.74, 0.72)}


def thousands(value, decimals=0):
    """With thin spaces: 15 700."""
    return f"{value:,.{decimals}f}".replace(",", "\u2009")


def figures(value):
    """Three figures or more: 0.52, 12.3, 489, 15 700."""
    return thousands(value, 2 if value < 10 else 1 if value < 100 else 0)


class Panel:
    """A table of the results and its place: (what was done, workload)."""

    def __init__(self, table):
        self.what, self.workload, detail = re.fullmatch(r"(\w+) (.+?)(?:: (.*))?", table["title"]).groups()
        if detail:
            self.what += " " + detail
        self.rounds = table["rounds"]
        per_message = table["mb"] / table["messages"] * 1e3  # MB/s of a kmsg/s
        self.amount = f"{thousands(table['messages'])} messages of {thousands(per_message * 1e3)} B"
        self.bars = [(case["name"], case["mb_per_s"], case["kmsg_per_s_min"] * per_message,
                      case["kmsg_per_s_max"] * per_message) for case in table["cases"]]

    def height(self):
        return TITLE + BAR * len(self.bars) + AXIS


class Canvas:
    def __init__(self, surface):
        self.context = cairo.Context(surface)

    def text(self, x, y, words, size=11, ink=INK, bold=False, align=0.0):
        """Writes on the base line `y`; `align` is the share of the width left of `x`."""
        self.context.select_font_face("DejaVu Sans", cairo.FONT_SLANT_NORMAL,
                                      cairo.FONT_WEIGHT_BOLD if bold else cairo.FONT_WEIGHT_NORMAL)
        self.context.set_font_size(size)
        self.context.set_source_rgb(*ink)
        self.context.move_to(x - align * self.context.text_extents(words).x_advance, y)
        self.context.show_text(words)

    def box(self, x, y, width, height, ink):
        self.context.set_source_rgb(*ink)
        self.context.rectangle(x, y, width, height)
        self.context.fill()

    def line(self, x1, y1, x2, y2, ink, width=1.0):
        self.context.set_source_rgb(*ink)
        self.context.set_line_width(width)
        self.context.move_to(x1, y1)
        self.context.line_to(x2, y2)
        self.context.stroke()


def draw_axis(canvas, decades, x_of, top, bottom):
    for decade in range(decades[0], decades[1] + 1):
        x = x_of(10.0 ** decade)
        canvas.line(x, top, x, bottom, GRID)
        label = f"{10 ** (decade - 3)}k" if decade >= 4 else f"{10.0 ** decade:g}"
        canvas.text(x, bottom + 14, label, size=9, ink=FAINT, align=0.5)


def draw_panel(canvas, panel, x, y):
    canvas.text(x, y + 16, panel.workload, size=13, bold=True)
    canvas.text(x, y + 33, f"{panel.what}: {panel.amount}", size=11, ink=FAINT)
    left, top = x + NAMES_WIDTH, y + TITLE
    right, bottom = left + BARS_WIDTH, top + BAR * len(panel.bars)
    low = math.floor(math.log10(min(bar[2] for bar in panel.bars) * 0.8))
    high = math.ceil(math.log10(max(bar[3] for bar in panel.bars)))

    def x_of(value):
        return left + (math.log10(value) - low) / (high - low) * BARS_WIDTH

    draw_axis(canvas, (low, high), x_of, top, bottom)
    canvas.text(right + NUMBERS_WIDTH, top - 5, "MB/s", size=9, ink=FAINT, align=1.0)
    for place, (name, median, slowest, fastest) in enumerate(panel.bars):
        middle = top + BAR * (place + 0.5)
        ours = name in OURS
        canvas.text(left - 8, middle + 4, name, bold=ours, align=1.0)
        canvas.box(left, middle - 5.5, x_of(median) - left, 11, OURS.get(name, PEER))
        canvas.line(x_of(slowest), middle, x_of(fastest), middle, INK)
        for end in (slowest, fastest):
            canvas.line(x_of(end), middle - 3, x_of(end), middle + 3, INK)
        canvas.text(right + NUMBERS_WIDTH, middle + 4, figures(median), bold=ours, align=1.0)
    canvas.line(left, top, left, bottom, FAINT)


def draw(canvas, panels, size):
    canvas.box(0, 0, *size, (1, 1, 1))
    canvas.text(MARGIN, MARGIN + 14, "zbag beside other formats", size=22, bold=True)
    canvas.text(MARGIN, MARGIN + 36, "MB of frames a second; longer is better; the axis is logarithmic.", ink=FAINT)
    canvas.text(MARGIN, MARGIN + 52, f"Bars: median of {panels[0].rounds} interleaved rounds. "
                "Whiskers: slowest and fastest.", ink=FAINT)
    for panel, x, y in places(panels):
        draw_panel(canvas, panel, x, y)


def places(panels):
    """Every panel with its corner: a column a workload, a row for what was done."""
    columns = list(dict.fromkeys(panel.workload for panel in panels))
    y = MARGIN + HEADER
    for what in dict.fromkeys(panel.what for panel in panels):
        row = [panel for panel in panels if panel.what == what]
        for panel in row:
            width = NAMES_WIDTH + BARS_WIDTH + NUMBERS_WIDTH + GAP
            yield panel, MARGIN + columns.index(panel.workload) * width, y
        y += max(panel.height() for panel in row)


def write_plots(panels, folder):
    corners = list(places(panels))
    width = max(x for _, x, _ in corners) + NAMES_WIDTH + BARS_WIDTH + NUMBERS_WIDTH + MARGIN
    height = max(y + panel.height() for panel, _, y in corners) + MARGIN / 2
    size = (math.ceil(width), math.ceil(height))
    svg = cairo.SVGSurface(str(folder / "compare.svg"), *size)
    draw(Canvas(svg), panels, size)
    svg.finish()
    png = cairo.ImageSurface(cairo.FORMAT_RGB24, size[0] * SCALE, size[1] * SCALE)
    png.set_device_scale(SCALE, SCALE)
    draw(Canvas(png), panels, size)
    png.write_to_png(str(folder / "compare.png"))


def write_csv(tables, folder):
    with open(folder / "compare.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        columns = [key for key in tables[0]["cases"][0] if key != "name"]
        writer.writerow(["table", "case", "rounds"] + columns)
        for table in tables:
            for case in table["cases"]:
                writer.writerow([table["title"], case["name"], table["rounds"]]
                                + [f"{case[key]:.6g}" for key in columns])


def main():
    results, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    tables = json.loads(results.read_text(encoding="utf-8"))["tables"]
    write_csv(tables, folder)
    write_plots([Panel(table) for table in tables], folder)


if __name__ == "__main__":
    main()
