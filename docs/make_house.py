"""Draw docs/images/house.svg: the parts of mgeval on their floors, and which part imports which.

The floors and the imports are those that tests/test_imports.py checks, the texts in the boxes are the table of
docs/design.md. An import that follows from a chain of other arrows is left out, and so are imports of the ground floor.

python docs/make_house.py
"""

from __future__ import annotations

import re
import sys
import textwrap
from html import escape
from itertools import pairwise, product
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from test_imports import FLOOR, FLOORS, NAMES, imports, part, target  # noqa: E402

PICTURE = ROOT / "docs/images/house.svg"
PAGE = ROOT / "docs/design.md"

COLUMNS = {
    "cli": 3.0, "__init__": 2.0,
    "panels": 3.0, "reporting": 1.0,
    "scoring": 2.0,
    "embed": 3.0, "runs": 2.0,
    "models": 3.0, "plots": 1.0,
    "stats": 0.0, "synth": 2.5,
    "tables": 0.0, "metrics": 1.0, "audio": 2.0, "prompts": 3.0, "hub": 4.0,
    "errors": 0.0, "files": 1.0, "wording": 2.0, "version": 3.0,
}  # fmt: skip
"""The place of each part on its floor, in boxes from the left."""

LEFT, TOP, WIDE, HIGH = 52, 24, 172, 76
"""Pixels: margins, and the size of a box."""

PITCH = (188, 118)
"""Pixels from box to box and from floor to floor."""

CLEAR, LANE = 12, 11
"""Pixels between an arrow and a box that it passes, and between two arrows."""

BEND = 60
"""How many pixels of a detour one bend is worth."""

INK, GREY, PALE, ARROW, BORDER, GROUND = "#1a1a1a", "#5f6b76", "#8b97a3", "#0072B2", "#7a8794", "#eef1f4"

Point = tuple[float, float]


def draw() -> str:
    """Return the picture as SVG."""
    width = LEFT + 5 * PITCH[0] + 10
    height = 2 * TOP + len(FLOORS) * PITCH[1] - (PITCH[1] - HIGH)
    bands = [_band(number, width) for number in range(len(FLOORS))]
    arrows = [f'<path d="{path}"/>' for path in _paths(direct_imports())]
    boxes = [_box(name, text) for name, text in contents().items()]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        ' font-family="Helvetica, Arial, sans-serif" aria-label="The parts of mgeval on their floors">',
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0.8 L7.5 4 L0 7.2 Z" fill="{ARROW}" stroke="none"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *bands,
        f'<g fill="none" stroke="{ARROW}" stroke-width="1.3" marker-end="url(#tip)">',
        *arrows,
        "</g>",
        *boxes,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def contents() -> dict[str, str]:
    """Return the contents of each part, from the table of docs/design.md."""
    rows = re.findall(r"^\| \d \| `(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: text.replace("`", "") for name, text in rows}


def part_imports() -> dict[str, set[str]]:
    """Return the parts that each part imports."""
    graph: dict[str, set[str]] = {name: set() for name in FLOOR}
    for name, path in NAMES.items():
        graph[part(name)] |= {part(target(*pair)) for pair in imports(path)} - {part(name)}
    return graph


def direct_imports() -> list[tuple[str, str]]:
    """Return the imports to draw: none of the ground floor, none that follows from others."""
    graph = {name: {other for other in others if FLOOR[other]} for name, others in part_imports().items()}

    def below(name: str) -> set[str]:
        return graph[name].union(*(below(other) for other in graph[name]))

    return [
        (name, other)
        for name, others in sorted(graph.items())
        for other in sorted(others)
        if not any(other in below(third) for third in others - {other})
    ]


def size(name: str) -> str:
    """Return how many files and lines a part has, the lines to the next hundred."""
    files = [path for module, path in NAMES.items() if part(module) == name]
    lines = sum(path.read_text(encoding="utf-8").count("\n") for path in files)
    return f"{len(files)} file{'s' * (len(files) > 1)}, {max(round(lines, -2), 100):,} lines"


def _x(name: str) -> float:
    return LEFT + COLUMNS[name] * PITCH[0] + PITCH[0] / 2


def _y(floor: int) -> float:
    """Return the top of the boxes of a floor."""
    return TOP + (len(FLOORS) - 1 - floor) * PITCH[1]


def _band(floor: int, width: int) -> str:
    y = _y(floor)
    notes = [] if floor else ["every part", "may import these"]
    return "\n".join(
        [
            f'<rect x="8" y="{y - 14}" width="{width - 16}" height="{HIGH + 28}" rx="6" fill="{GROUND}"/>',
            _text(24, y + HIGH / 2 + 8, str(floor + 1), 24, PALE),
            *[_text(LEFT + 4 * PITCH[0] + 20, y + HIGH / 2 + 17 * i, note, 13, GREY) for i, note in enumerate(notes)],
        ]
    )


def _box(name: str, text: str) -> str:
    x, y = _x(name) - WIDE / 2, _y(FLOOR[name])
    folder = any(path.parent.name == name for path in NAMES.values())
    dashed = "" if folder else ' stroke-dasharray="4 3"'
    title = "mgeval/__init__" if name == "__init__" else name
    lines = textwrap.wrap(text, 25)
    return "\n".join(
        [
            f'<rect x="{x:.1f}" y="{y}" width="{WIDE}" height="{HIGH}" rx="4" fill="#fff" stroke="{BORDER}"{dashed}/>',
            _text(x + 8, y + 19, title, 15, INK, "bold"),
            *[_text(x + 8, y + 36 + 14 * i, line, 12, INK) for i, line in enumerate(lines)],
            _text(x + 8, y + HIGH - 8, size(name), 10.5, GREY),
        ]
    )


def _text(x: float, y: float, text: str, points: float, fill: str, weight: str = "normal") -> str:
    look = f'font-size="{points}" fill="{fill}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{escape(text)}</text>'


def _paths(edges: list[tuple[str, str]]) -> list[str]:
    """Return a path for each import, straight down through the floors between and past their boxes."""
    level = [edge for edge in edges if FLOOR[edge[0]] == FLOOR[edge[1]]]
    falling = [edge for edge in edges if edge not in level]
    starts, ends = _ports(falling, 0), _ports(falling, 1)
    _straighten(ends, starts, 1)
    _straighten(starts, ends, 0)
    lanes = _lanes(falling, starts, ends)
    paths = []
    for edge in falling:
        points = [(starts[edge], _y(FLOOR[edge[0]]) + HIGH)]
        for floor in range(FLOOR[edge[0]] - 1, FLOOR[edge[1]], -1):
            x = lanes[floor][edge]
            points += [(x, _y(floor) - 6), (x, _y(floor) + HIGH + 6)]
        points.append((ends[edge], _y(FLOOR[edge[1]])))
        paths.append(_curve(points))
    for name, other in level:
        side = WIDE / 2 if _x(other) > _x(name) else -WIDE / 2
        y = _y(FLOOR[name]) + HIGH / 2
        paths.append(f"M{_x(name) + side:.1f} {y} L{_x(other) - side:.1f} {y}")
    return paths


def _curve(points: list[Point]) -> str:
    path = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x, y), (to_x, to_y) in pairwise(points):
        middle = (y + to_y) / 2
        path += f" C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
    return path


def _ports(edges: list[tuple[str, str]], end: int) -> dict[tuple[str, str], float]:
    """Return where arrows leave (end 0) or reach (end 1) the boxes, in the order of the boxes at their other end."""
    places = {}
    for name in COLUMNS:

        def order(edge: tuple[str, str], name: str = name) -> tuple[float, int]:
            # Of two boxes in one column, the arrow of the nearer one is further out.
            other = edge[1 - end]
            distance = abs(FLOOR[name] - FLOOR[other])
            return _x(other), -distance if _x(other) > _x(name) else distance

        ordered = sorted((edge for edge in edges if edge[end] == name), key=order)
        for index, edge in enumerate(ordered):
            places[edge] = _x(name) + (index - (len(ordered) - 1) / 2) * min(30, WIDE / (len(ordered) + 1))
    return places


def _straighten(ports: dict[tuple[str, str], float], others: dict[tuple[str, str], float], end: int) -> None:
    """Move an arrow that is the only one at its box straight above or below its other end, if the box reaches there."""
    boxes = [edge[end] for edge in ports]
    for edge in ports:
        if boxes.count(edge[end]) == 1 and abs(others[edge] - _x(edge[end])) < WIDE / 2 - CLEAR:
            ports[edge] = others[edge]


def _lanes(
    edges: list[tuple[str, str]], starts: dict[tuple[str, str], float], ends: dict[tuple[str, str], float]
) -> list[dict[tuple[str, str], float]]:
    """Return, for each floor, where the arrows pass that neither begin nor end there."""
    lanes: list[dict[tuple[str, str], float]] = [{} for _ in FLOORS]
    for edge in sorted(edges, key=lambda edge: (FLOOR[edge[1]] - FLOOR[edge[0]], edge)):
        between = range(FLOOR[edge[0]] - 1, FLOOR[edge[1]], -1)
        for floor, x in zip(between, _way(starts[edge], ends[edge], [FLOORS[floor] for floor in between]), strict=True):
            lanes[floor][edge] = x
    for lane in lanes:
        # Arrows that would cover each other run side by side, in the order of their ends.
        before = float("-inf")
        for edge in sorted(lane, key=lambda edge: (lane[edge], ends[edge])):
            before = lane[edge] = max(lane[edge], before + LANE)
    return lanes


def _way(start: float, end: float, floors: list[set[str]]) -> tuple[float, ...]:
    """Return where an arrow passes floors on its way down: with few bends, then short."""
    reach = WIDE / 2 + CLEAR
    places = []
    for parts in floors:
        boxes = [_x(name) for name in parts]
        near = [start, end, *(box + side for box in sorted(boxes) for side in (-reach, reach))]
        places.append([x for x in near if all(abs(x - box) >= reach for box in boxes)])

    def effort(way: tuple[float, ...]) -> float:
        steps = [abs(b - a) for a, b in pairwise((start, *way, end))]
        return sum(steps) + BEND * sum(step > 0 for step in steps)

    return min(product(*places), key=effort)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE.relative_to(ROOT))
