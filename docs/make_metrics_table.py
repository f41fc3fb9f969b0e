"""Write README's table of metrics from the rows in `METRICS`.

python docs/make_metrics_table.py            # rewrite the block between the markers
python docs/make_metrics_table.py --check    # exit with status 1 if the block is not up to date
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from mgeval.metrics import METRICS, Metric

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- begin metrics -->\n", "<!-- end metrics -->"


def unit_and_range(row: Metric) -> str:
    """Return the unit and the range of a metric in one cell."""
    if row.kind == "flag":
        return "flag, 0 or 1"
    low, high = f"{row.low:g}", f"{row.high:g}"
    if math.isfinite(row.low) and math.isfinite(row.high):
        span = f"{low}..{high}"
    elif math.isfinite(row.low):
        span = f">= {low}"
    else:
        span = f"<= {high}" if math.isfinite(row.high) else ""
    return ", ".join(part for part in (row.unit, span) if part)


def table() -> str:
    """Return the table, one line per metric."""
    lines = ["| metric | unit, range | meaning | caveat |", "| --- | --- | --- | --- |"]
    for row in METRICS.values():
        caveat = f" {row.caveat} " if row.caveat else " "
        lines.append(f"| `{row.name}` | {unit_and_range(row)} | {row.meaning} |{caveat}|")
    return "\n".join(lines) + "\n"


def insert_table(page: str) -> str:
    """Return a page with the table between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"README.md must have the lines {BEGIN.strip()} and {END}")
    return before + begin + table() + end + after


def main() -> None:
    """Rewrite README, or check it."""
    page = README.read_text(encoding="utf-8")
    if "--check" not in sys.argv[1:]:
        README.write_text(insert_table(page), encoding="utf-8")
    elif insert_table(page) != page:
        sys.exit("README.md: the table of metrics is not up to date; run `make tables`")


if __name__ == "__main__":
    main()
