"""Prompt sets as tables: one row per prompt, with its claims in further columns."""

from __future__ import annotations

import csv
import hashlib
import itertools
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mgeval.errors import PromptError, nearest
from mgeval.files import expand_path

if TYPE_CHECKING:
    import pandas as pd

SPATIAL = {
    "none": "{scene}",
    "mono": "{scene}, a mono recording, everything in the centre",
    "narrow": "{scene}, with a narrow stereo image",
    "wide": "{scene}, with a very wide stereo image",
    "left": "{scene}, panned hard to the left",
    "right": "{scene}, panned hard to the right",
    "ping-pong": "{scene}, ping-pong between the left and right speakers",
    "reverberant": "{scene}, drenched in the reverb of a large hall",
}
"""The wording of each spatial claim; 'none' is the control without a claim."""

SCENE = "{genre} with {instrument}"
GENRES = ("calm ambient music", "upbeat pop", "a slow jazz ballad", "energetic rock")
INSTRUMENTS = ("piano", "plucked guitar", "strings", "organ")

DEMO_CLAIMS = ("mono", "narrow", "wide", "left", "right", "ping-pong")
DEMO_SCENES = (
    "a slow piano ballad in a minor key with soft strings",
    "upbeat pop at 120 bpm with plucked guitar, bass and drums",
    "calm ambient music with bells and organ, no drums",
    "a fast and happy piano tune with drums",
)

GENRE_PROMPTS = {
    "ambient": "slow ambient pads with distant bells, no drums",
    "baroque": "baroque chamber music for strings and harpsichord in a minor key",
    "blues": "slow twelve-bar blues with electric guitar, organ and brushed drums",
    "bossa nova": "gentle bossa nova with nylon guitar, soft percussion and upright bass",
    "classical": "a classical string quartet playing a lively allegro in D major",
    "country": "bright country tune with acoustic guitar, fiddle and a walking bass",
    "disco": "funky disco at 118 bpm with strings, slap bass and four-on-the-floor drums",
    "drum and bass": "fast drum and bass at 174 bpm with deep sub bass and chopped breaks",
    "electronic": "melodic electronic music with arpeggiated synthesizers and a steady kick",
    "film score": "epic orchestral film score with swelling strings, brass and timpani",
    "folk": "intimate folk song with fingerpicked guitar and a quiet flute",
    "funk": "tight funk groove with clavinet, slap bass and syncopated drums",
    "gospel": "uplifting gospel with organ, piano and hand claps",
    "hip hop": "laid-back hip hop beat at 85 bpm with dusty piano and vinyl noise",
    "house": "deep house at 122 bpm with warm chords and a rolling bass line",
    "jazz": "swinging jazz trio with piano, upright bass and brushes",
    "lo-fi": "lo-fi study beat with mellow electric piano and soft drums",
    "metal": "heavy metal with distorted guitars, double kick drums and a fast riff",
    "pop": "catchy pop with plucked guitar, bright synths, bass and drums",
    "reggae": "relaxed reggae with offbeat guitar, deep bass and organ",
    "rock": "energetic rock with electric guitars, bass and loud drums",
    "salsa": "lively salsa with brass, piano montuno and congas",
    "soul": "smooth soul with electric piano, strings and a warm bass",
    "techno": "hypnotic techno at 130 bpm with a pounding kick and dark synth stabs",
}

MUSICCAPS = ("ytid", "start_s", "aspect_list", "caption")


def factorial(template: str, **factors: Sequence[str]) -> pd.DataFrame:
    """Fill a template with every combination of its factors.

    Parameters
    ----------
    template : str
        Text with a ``{name}`` for each factor.
    **factors : sequence of str
        The values of each factor.

    Returns
    -------
    pandas.DataFrame
        ``prompt_id``, ``prompt`` and a column per factor; the last factor varies fastest.

    Raises
    ------
    PromptError
        The template has a factor that is not given.

    Examples
    --------
    >>> factorial("{mood} {what}", mood=["sad"], what=["piano", "organ"])["prompt"].tolist()
    ['sad piano', 'sad organ']
    """
    rows = [dict(zip(factors, values, strict=True)) for values in itertools.product(*factors.values())]
    try:
        return _prompt_table([{"prompt": template.format(**row), **row} for row in rows])
    except (KeyError, IndexError) as error:
        raise PromptError(f"the template {template!r} needs a factor {error}, given: {', '.join(factors)}") from None
    except (ValueError, AttributeError) as error:
        raise PromptError(f"the template {template!r} cannot be filled: {error}") from None


def load_prompts(source: str | os.PathLike[str] | Iterable[str] | pd.DataFrame) -> pd.DataFrame:
    """Load a prompt set.

    Parameters
    ----------
    source : str, path, iterable of str, or DataFrame
        A built-in set - ``demo`` (24 prompts, each with a spatial claim), ``genres`` (24),
        ``spatial`` (8 spatial claims x 4 genres x 4 instruments) -, a CSV file with a ``prompt``
        column, MusicCaps' CSV file, a list of texts, or a table with a ``prompt`` column. The empty
        text is the unconditional prompt.

    Returns
    -------
    pandas.DataFrame
        ``prompt_id`` (unique), ``prompt``, and further columns of the source, such as the
        claims (``spatial``, ``genre``, ``instrument``). A source without ``prompt_id`` gets
        ids made from the texts.

    Raises
    ------
    PromptError
        The set or file does not exist, has no ``prompt`` column, repeats an id, or has no prompts.

    Examples
    --------
    >>> load_prompts(["warm piano", "wide strings"])["prompt"].tolist()
    ['warm piano', 'wide strings']
    """
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        return _check_prompts(source.copy(), "the table of prompts")
    if not isinstance(source, Iterable) and not isinstance(source, os.PathLike):
        raise PromptError(f"prompts must be the name of a set, a CSV file or a list of texts, got {source!r}")
    if isinstance(source, (str, os.PathLike)):
        if not str(source).strip():
            raise PromptError(
                'prompts is empty: use the name of a set, a CSV file or a list of texts; [""] is the '
                "unconditional prompt"
            )
        if str(source) in BUILT_IN:
            return BUILT_IN[str(source)]()
        return _load_csv(expand_path(source))
    texts = list(source)
    for text in texts:
        if not isinstance(text, str) or not _is_encodable(text):
            raise PromptError(f"every prompt must be a text, got {text!r}")
    return _check_prompts(_prompt_table([{"prompt": text} for text in texts]), "the list of prompts")


def _demo() -> pd.DataFrame:
    claims = [
        {"prompt": SPATIAL[claim].format(scene=scene), "spatial": claim}
        for claim in DEMO_CLAIMS
        for scene in DEMO_SCENES
    ]
    return _prompt_table(claims)


def _genres() -> pd.DataFrame:
    return _prompt_table([{"prompt": prompt, "genre": genre} for genre, prompt in GENRE_PROMPTS.items()])


def _spatial() -> pd.DataFrame:
    scenes = factorial(SCENE, genre=GENRES, instrument=INSTRUMENTS).drop(columns="prompt_id").to_dict("records")
    return _prompt_table(
        [
            {**scene, "prompt": phrase.format(scene=scene["prompt"]), "spatial": claim}
            for claim, phrase in SPATIAL.items()
            for scene in scenes
        ]
    )


BUILT_IN = {"demo": _demo, "genres": _genres, "spatial": _spatial}


def _load_csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not os.path.isfile(path):
        if path.suffix == ".csv":
            raise PromptError(f"{path}: no such file")
        valid = nearest(str(path), BUILT_IN)
        raise PromptError(
            f"there is no prompt set {str(path)!r}: {valid}, or a CSV file; a single prompt is written ['...']"
        )
    table = pd.DataFrame(_read_csv_rows(path))
    for column in table.columns.difference(["prompt", "prompt_id", "caption", "ytid"]):
        numbers = pd.to_numeric(table[column].where(table[column] != ""), errors="coerce")
        if (numbers.notna() | (table[column] == "")).all() and numbers.notna().any():
            table[column] = numbers
    if set(MUSICCAPS) <= set(table.columns):
        # One video can have several excerpts.
        names = table["ytid"].where(
            ~table["ytid"].duplicated(keep=False), table["ytid"] + "-" + table["start_s"].map("{:g}".format)
        )
        table = table.rename(columns={"caption": "prompt"}).assign(prompt_id=names)
    return _check_prompts(table, str(path))


def _read_csv_rows(path: Path) -> list[dict[str, str]]:
    # pandas would read 'NA' as missing, and the first half of a text with a comma as an index.
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restkey="", restval=None, strict=True)
            header, rows = reader.fieldnames or [], []
            for row in reader:
                if "" in row or None in row.values():
                    count = len(header) + len(row.get("", [])) - list(row.values()).count(None)
                    raise PromptError(
                        f"{path}: line {reader.line_num} has {count} fields, the header {len(header)}: "
                        'put "quotes" around texts with commas'
                    )
                rows.append(row)
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise PromptError(f"{path}: not a CSV file in UTF-8 with a 'prompt' column ({error})") from None
    if not rows:
        raise PromptError(f"{path}: there is no prompt in it")
    return rows


def _prompt_table(rows: list[dict[Any, Any]]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["prompt"])
    return _order_columns(table.assign(prompt_id=[prompt_id(text) for text in table["prompt"]]))


def _order_columns(table: pd.DataFrame) -> pd.DataFrame:
    first = ["prompt_id", "prompt"]
    return table[first + [column for column in table.columns if column not in first]]


def _check_prompts(table: pd.DataFrame, where: str) -> pd.DataFrame:
    if "prompt" not in table.columns:
        raise PromptError(f"{where}: there is no column 'prompt', only {', '.join(map(str, table.columns)) or 'none'}")
    if len(table) == 0:
        raise PromptError(f"{where}: there is no prompt in it")
    for row, text in enumerate(table["prompt"]):
        if not isinstance(text, str) or not _is_encodable(text):
            raise PromptError(f"{where}: prompt {row + 1} must be a text, got {text!r}")
    if "prompt_id" not in table.columns:
        table["prompt_id"] = [prompt_id(text) for text in table["prompt"]]
    table["prompt_id"] = table["prompt_id"].map(str)
    repeated = table["prompt_id"].duplicated(keep=False)
    if repeated.any():
        first = table["prompt_id"][repeated].iloc[0]
        rows = [i + 1 for i, same in enumerate(table["prompt_id"] == first) if same]
        raise PromptError(
            f"{where}: prompts {', '.join(map(str, rows))} are the same; keep one, or give each a prompt_id"
        )
    return _order_columns(table.reset_index(drop=True))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a pair of UTF-16 characters
        return False
    return True


def prompt_id(text: str) -> str:
    """Return a prompt's id: its first words and eight digits that distinguish similar prompts.

    Examples
    --------
    >>> prompt_id("Warm piano, slow")
    'warm-piano-slow-e777d9e2'
    """
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    short = words if len(words) <= 32 else words[:32].rsplit("-", 1)[0]
    return f"{short or 'empty'}-{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()[:8]}"
