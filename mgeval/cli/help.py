"""The help of the shell: every command with its whole first sentence, under the heading of its group."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

MAKE = "Make"
MEASURE = "Measure"
COMPARE = "Compare"
LOOK = "Look"
KEEP = "Keep"
GROUPS = (MAKE, MEASURE, COMPARE, LOOK, KEEP)
"""The headings, in this order. A command names its own: ``@commands.command(rich_help_panel=LOOK)``."""

WHOLE_SENTENCE = 1000
"""Letters up to which click prints a first sentence: more than any has, so that none is cut off."""


class GroupedHelp(TyperGroup):
    """The `mgeval` command, whose help lists the commands by group."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each group that has commands."""
        rows: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            rows[command.rich_help_panel].append((name, command.get_short_help_str(WHOLE_SENTENCE)))
        for group in filter(rows.get, GROUPS):
            with formatter.section(group):
                formatter.write_dl(rows[group])
