"""The same verbs from a shell. Bad input is one line on stderr and exit code 2."""

from __future__ import annotations

import io
import sys
from typing import NoReturn

import typer

from mgeval.cli import doctor, folders, notebooks, reports, runs, tables
from mgeval.cli.help import GroupedHelp
from mgeval.errors import MgevalError
from mgeval.files import FULL, expand_path

INTERRUPTED = 130

# Newer versions of typer contain their own copy of click; this is the base class of the errors of either.
ShellError = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    cls=GroupedHelp,
    add_completion=False,
    rich_markup_mode=None,
    help="Generate, measure and explore stereo text-to-music.",
    epilog="mgeval COMMAND --help describes a command and its options. Exit codes: 0 all is well, 1 clips failed, are "
    "damaged or differ, 2 the input was wrong, 130 interrupted.",
)
for module in (runs, tables, folders, reports, notebooks, doctor):
    app.add_typer(module.commands)


def main() -> None:
    """Run the command line; every error that the user can mend ends as one line."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names can hold characters that the terminal cannot show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = app([_expand_home(argument) for argument in sys.argv[1:]] or ["--help"], standalone_mode=False) or 0
    except MgevalError as error:
        _exit_with_error(str(error))
    except ShellError as error:
        context = getattr(error, "ctx", None)
        usage = context.command_path if context else "mgeval"
        _exit_with_error(f"{error.format_message().rstrip('.')} (see {usage} --help)")
    except OSError as error:
        advice = "; free some space and run the same command to continue" if error.errno in FULL else ""
        _exit_with_error(f"{error.filename or 'disk'}: {error.strerror or error}{advice}")
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("mgeval: stopped; finished clips are kept, and the same command continues the run", file=sys.stderr)
    sys.exit(code)


def _expand_home(argument: str) -> str:
    """Return an argument with ``~`` expanded, which shells leave in --option=~/folder."""
    option, equals, path = argument.partition("=")
    if equals and path.startswith("~"):
        return f"{option}={expand_path(path)}"
    return str(expand_path(argument)) if argument.startswith("~") else argument


def _exit_with_error(message: str) -> NoReturn:
    print("mgeval:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)
