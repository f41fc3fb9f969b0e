"""Clips of another system, served as if a model generated them now."""

from __future__ import annotations

import contextlib
import csv
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mgeval.audio import FORMATS, audio_files, load_audio
from mgeval.errors import AudioError, MgevalError, ModelError
from mgeval.hub import files_hash
from mgeval.models.base import Generated, Model, Request
from mgeval.models.kinds import ModelKind, resolve_folder

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "folder:"
PROMPTS = "prompts.csv"
REQUIRED_COLUMNS = ("file", "prompt")


class Folder(Model):
    """The audio files of one folder, each the response to a prompt.

    ``prompts.csv`` in the folder assigns the prompts: columns ``file``, ``prompt`` and optionally ``seed``.
    Without a seed column, the clips of a prompt have the seeds 0, 1, 2 ... in the order of the rows.
    Without ``prompts.csv``, the prompt of a clip is its file name without the extension. Files that
    ``prompts.csv`` does not list and files in subfolders are ignored.

    A clip longer than the requested duration is cut to it; a shorter one stays as it is. No other
    sampling setting has any effect.

    Parameters
    ----------
    name : str
        ``folder:PATH``.

    Attributes
    ----------
    table : pandas.DataFrame
        Columns file, prompt, seed; one row per clip.
    rate : int
        Of the first readable clip, in Hz; each clip keeps its own rate.
    revision : str
        Hash of the files' names and contents, 16 digits.

    Raises
    ------
    ModelError
        The folder does not exist or holds no audio, or ``prompts.csv`` does not match it.
    """

    def __init__(self, name: str) -> None:
        import pandas as pd

        self.name = name
        self.folder = Path(name.removeprefix(PREFIX)).expanduser()
        if name == PREFIX or not self.folder.is_dir():
            raise ModelError(f"{self.folder}: no such folder")
        try:
            files = audio_files(self.folder, recursive=False)
        except AudioError as error:
            raise ModelError(str(error)) from None
        prompts = self.folder / PROMPTS
        rows = read_prompts(prompts) if prompts.is_file() else number_clips((f.name, f.stem) for f in files)
        self.table: pd.DataFrame = pd.DataFrame(rows, columns=["file", "prompt", "seed"])
        self.rate = self._find_rate([file for file, _, _ in rows])
        self.revision = files_hash([*files, *([prompts] if prompts.is_file() else [])])[:16]
        self._files = {(prompt, seed): file for file, prompt, seed in rows}

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Generated | Exception]]:
        """Yield each clip as it is read; see `Model.stream`."""
        for index, request in enumerate(requests):
            started, start = time.time(), time.perf_counter()
            try:
                audio = load_audio(self._find(request))
                if audio.duration > request.sampling.duration:
                    audio = audio.slice(0, request.sampling.duration)
                result: Generated | Exception = Generated(audio, seconds=time.perf_counter() - start, started=started)
            except MgevalError as error:
                result = error
            yield index, result

    def _find_rate(self, files: Sequence[str]) -> int:
        for file in files:
            # A broken file fails one clip, not the whole model.
            with contextlib.suppress(MgevalError):
                return load_audio(self.folder / file).rate
        raise ModelError(f"{self.folder}: none of its {len(files)} audio files can be read")

    def _find(self, request: Request) -> Path:
        if request.audio_prompt is not None or request.melody is not None:
            raise ModelError(f"{self.folder}: its clips are finished, they cannot follow an audio prompt or a melody")
        seed = request.sampling.seed
        if (request.prompt, seed) in self._files:
            return self.folder / self._files[request.prompt, seed]
        seeds = [seed for prompt, seed in self._files if prompt == request.prompt]
        if seeds:
            available = f"its seeds are {_first_few(map(str, seeds))}"
        else:
            available = f"its prompts are {_first_few(map(repr, dict.fromkeys(prompt for prompt, _ in self._files)))}"
        raise ModelError(f"{self.folder}: no clip for prompt {request.prompt!r}, seed {seed}; {available}")


def read_prompts(path: Path) -> list[tuple[str, str, int]]:
    """Read the file name, prompt and seed of each row of ``prompts.csv``.

    Raises
    ------
    ModelError
        A column is missing, a row does not name an audio file of the folder, a seed is not a whole number, or
        two rows have the same prompt and seed; the message names the file and the row.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            if missing := [column for column in REQUIRED_COLUMNS if column not in columns]:
                raise ModelError(f"{path}: missing column {' and column '.join(missing)}, expected file,prompt[,seed]")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from None
    if not rows:
        raise ModelError(f"{path}: has no rows")
    for line, row in rows:
        name = row["file"] or ""
        if Path(name).name != name or Path(name).suffix.lower() not in FORMATS or not (path.parent / name).is_file():
            raise ModelError(f"{path}, line {line}: {name!r} is not an audio file in this folder")
    if "seed" not in columns:
        return number_clips((row["file"], row["prompt"] or "") for _, row in rows)
    lines: dict[tuple[str, int], int] = {}
    result = []
    for line, row in rows:
        prompt, seed = row["prompt"] or "", _read_seed(row["seed"], path, line)
        if (first := lines.setdefault((prompt, seed), line)) != line:
            raise ModelError(f"{path}, line {line}: prompt {prompt!r} with seed {seed} is already in line {first}")
        result.append((row["file"], prompt, seed))
    return result


def number_clips(clips: Iterable[tuple[str, str]]) -> list[tuple[str, str, int]]:
    """Give each prompt's clips (file name, prompt) the seeds 0, 1, 2 ... in order."""
    counts: Counter[str] = Counter()
    rows = []
    for name, prompt in clips:
        rows.append((name, prompt, counts[prompt]))
        counts[prompt] += 1
    return rows


def _read_seed(text: str | None, path: Path, line: int) -> int:
    if text is None or not text.strip().isdecimal():
        raise ModelError(f"{path}, line {line}: seed must be a whole number from 0, got {text!r}")
    return int(text)


def _first_few(items: Iterable[str], limit: int = 8) -> str:
    items = list(items)
    return ", ".join(items[:limit]) + (f" and {len(items) - limit} more" if len(items) > limit else "")


KIND = ModelKind(
    name="folder",
    load=lambda name, device, dtype, revision: Folder(name),
    revision=lambda name: Folder(name).revision,
    meaning="clips of another system",
    argument=True,
    settings=("duration",),
    identity=lambda name: PREFIX,
    resolve=lambda name: resolve_folder(name, PREFIX),
    external=True,
)
