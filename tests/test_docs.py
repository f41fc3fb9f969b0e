"""What the texts show runs: code blocks, commands, sweep files; and the site builds strictly, asking nobody."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import pytest
import typer

import mgeval
from mgeval.metrics import METRICS
from mgeval.runs.sweep_file import load_sweep

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(?:^<!-- not run: (.+?) -->\n)?^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

NOT_RUN = {"scaling.md": ["needs a SLURM cluster; tests/slurm/ runs these lines on one of its own"]}
"""Blocks that are left out, by page, with the reason that stands there."""

MOST_PROMPTS, SECONDS = 3, 0.5
"""What a sweep of the texts is cut down to here."""

HOW_TO_LINES = 60


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    code: str
    line: int
    left_out: str


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(b[2], b[3], text[: b.start(3)].count("\n"), b[1] or "") for b in BLOCK.finditer(text)]


def python_of(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


def small_sweep(models, prompts, grid=(), **others):
    """Make a sweep of the same lines on fewer prompts and shorter clips."""
    table = mgeval.load_prompts(prompts)
    table = table.iloc[:: max(1, len(table) // MOST_PROMPTS)]
    grids = [grid] if isinstance(grid, Mapping) else list(grid)
    grids = [{**one, "duration": SECONDS} if "duration" in one else one for one in grids]
    return FULL_SWEEP(models, table, grids[0] if len(grids) == 1 else grids, **others)


FULL_SWEEP = mgeval.Sweep


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mgeval, "Sweep", small_sweep)
    known = dict(METRICS)
    yield tmp_path
    METRICS.clear()
    METRICS.update(known)
    plt.close("all")


@pytest.mark.parametrize("page", [page for page in PAGES if python_of(page)], ids=lambda page: page.stem)
def test_the_blocks_of_a_page_run_in_order(page, elsewhere):
    if any("workers=" in block.code for block in python_of(page)):
        pytest.importorskip("distributed", reason="workers need Dask: pip install 'mgeval[slurm]'")
    names: dict[str, object] = {"__name__": "page"}
    for block in python_of(page):
        if not block.left_out:
            # Errors name the page and its line.
            code = "\n" * block.line + block.code
            exec(compile(code, str(page), "exec"), names)
    if page.name == "README.md":
        assert (elsewhere / "runs/guidance/report/index.html").is_file()


def test_only_blocks_with_a_reason_are_left_out():
    left_out = {page.name: [block.left_out for block in blocks(page) if block.left_out] for page in PAGES}
    assert {name: reasons for name, reasons in left_out.items() if reasons} == NOT_RUN
    # A comment that stands before no block would leave nothing out, and hide that.
    for page in PAGES:
        assert page.read_text(encoding="utf-8").count("<!-- not run") == len(left_out[page.name]), page


def test_every_block_is_found_and_names_its_language():
    for page in PAGES:
        text = re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        fences = re.findall(r"^```.*$", text, re.MULTILINE)
        assert len(fences) == 2 * len(BLOCK.findall(text)), page
        assert {fence for fence in fences if fence != "```"} <= {"```python", "```yaml", "```toml"}, page


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made where the repository is read."""
    heads = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_work_where_the_repository_is_read(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_how_tos_are_short():
    how_tos = python_of(ROOT / "CONTRIBUTING.md")
    assert len(how_tos) == 3
    for block in how_tos:
        assert block.code.count("\n") < HOW_TO_LINES


def commands() -> list[tuple[str, str]]:
    """Return the shell commands of the texts, with their pages: lines set off by four blanks."""
    line = re.compile(r"^    ((?:mgeval|make) .+)$", re.MULTILINE)
    return [(page.name, command) for page in PAGES for command in line.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize(("page", "command"), commands(), ids=lambda text: text.split("  ")[0])
def test_commands_exist_with_these_options(page, command):
    program, *arguments = shlex.split(command, comments=True)
    if program == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return
    from mgeval.cli import app

    group = typer.main.get_command(app)
    verb = group.commands[arguments[0]]
    # Reads the arguments and runs nothing; what does not exist is an error.
    assert verb.make_context(arguments[0], arguments[1:]).params


def test_a_command_that_does_not_exist_would_be_noticed():
    from mgeval.cli import app

    verb = typer.main.get_command(app).commands["run"]
    with pytest.raises(Exception, match="--nonsense"):
        verb.make_context("run", ["sweep.yaml", "--out", "x", "--nonsense"])


def calls() -> list[tuple[str, str]]:
    """Return the calls of mgeval within sentences and tables, with their pages: ``mg.NAME(...)`` in backticks."""
    return [(p.name, c) for p in PAGES for c in re.findall(r"`(mg(?:eval)?\.[\w.]+\([^`]*\))", p.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "call"), calls(), ids=str)
def test_calls_within_sentences_fit_the_signature(page, call):
    tree = ast.parse(call, mode="eval").body
    thing = mgeval
    for name in ast.unparse(tree.func).split(".")[1:]:
        thing = getattr(thing, name)
    given = [ast.unparse(argument) for argument in tree.args]
    named = {keyword.arg: None for keyword in tree.keywords}
    signature = inspect.signature(thing)
    if "..." in given:
        assert named.keys() <= signature.parameters.keys()
    else:
        signature.bind(*given, **named)


def test_sweep_files_are_valid(tmp_path):
    texts = [block.code for page in PAGES for block in blocks(page) if block.language == "yaml"]
    assert len(texts) >= 2
    for text in texts:
        (tmp_path / "sweep.yaml").write_text(text)
        assert len(load_sweep(tmp_path / "sweep.yaml").prompts) == 128


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("material", reason="the site needs mkdocs-material: pip install -e '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_docstrings_become_markdown():
    pytest.importorskip("mkdocs", reason="the site needs mkdocs-material: pip install -e '.[docs]'")
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs/make_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tried = doctest.testmod(module)
    assert tried.attempted >= 3 and not tried.failed


def parameters(text: str) -> list[str]:
    """Return the names under a docstring's Parameters, or Attributes where a class has these."""
    section = re.search(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}\n|\Z)", text, re.M | re.S)
    heads = re.findall(r"^(\S.*?)(?: : .*)?$", section[1], re.MULTILINE) if section else []
    return [name.strip("* ") for head in heads for name in head.split(",")]


@pytest.mark.parametrize("name", sorted({*mgeval._HOMES, *(f"metrics.{row}" for row in METRICS)}))
def test_docstrings_name_the_parameters_that_there_are(name):
    thing = METRICS[name.partition(".")[2]].function if "." in name else getattr(mgeval, name)
    calls = [thing]
    if inspect.isclass(thing):
        calls += [f for n, f in vars(thing).items() if inspect.isfunction(f) and not n.startswith("_")]
    for call in calls:
        text = inspect.getdoc(call) or ""
        assert text, f"{call} has no docstring"
        told = parameters(text)
        if told:
            taken = inspect.signature(call).parameters
            assert told == [parameter for parameter in taken if parameter != "self"], call


def test_what_run_returns_is_said():
    from mgeval.tables import OUTCOME

    text = inspect.getdoc(mgeval.run).partition("Returns\n")[2]
    assert [name for name in OUTCOME if f"``{name}``" not in text] == []


def test_the_site_has_every_page_and_metric(site):
    for page in (ROOT / "docs").rglob("*.md"):
        assert (site / page.relative_to(ROOT / "docs")).with_suffix(".html").is_file(), page
    text = (site / "metrics.html").read_text(encoding="utf-8")
    for name in METRICS:
        assert f'<h3 id="{name}">' in text, name
    verbs = (site / "reference" / "mgeval.html").read_text(encoding="utf-8")
    for name in mgeval._HOMES:
        if not name.endswith("Error"):
            assert f'<h2 id="{name.lower()}">' in verbs, name
    assert not list(site.rglob("*.py"))


def test_the_site_describes_what_the_texts_name(site):
    told = set()
    for page in [site / "metrics.html", *(site / "reference").glob("*.html")]:
        told |= {name.rpartition(".")[2] for name in re.findall(r"<h[23] id=[^>]*>([\w.]+)<", page.read_text("utf-8"))}
    for page in PAGES:
        for name in re.findall(r"\b(?:mg|mgeval)((?:\.\w+)+)\(", page.read_text("utf-8")):
            assert name.rpartition(".")[2] in told, f"{page}: {name}"
        for line in re.findall(r"^from mgeval[\w.]* import (.+)$", page.read_text("utf-8"), re.MULTILINE):
            # CONTRIBUTING is for those who read the code.
            for name in line.split(", "):
                assert name in told or page.name == "CONTRIBUTING.md", f"{page}: {name}"
    assert {"curves", "key_name", "write_cards", "Handle", "evaluate"} <= told


def test_the_page_of_metrics_says_what_they_share(site):
    text = re.sub(r"\s+", " ", (site / "metrics.html").read_text(encoding="utf-8"))
    assert "above -70 dBFS and within 40 dB of the clip's loudest frame" in text
    assert 'id="stereoprofile"' in text and 'id="tokenscurves"' in text
    assert "mgeval.metrics.stereo.widths.width_low" in re.sub(r"<[^>]*>", "", text)


def test_the_site_shows_no_markup_and_no_internals(site):
    for page in [site / "metrics.html", *(site / "reference").glob("*.html")]:
        text = re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))
        for wrong in ("ForwardRef", "\\frac", ".. math", "&lt;factory", " object at 0x"):
            assert wrong not in text, f"{page.name}: {wrong}"
        assert not re.search(r"(?<![\w*])\*[A-Z][^*]*\*", re.sub(r"<[^>]*>|<pre.*?</pre>", "", text)), page.name


def test_the_thresholds_of_claims_are_those_of_the_code():
    from mgeval.metrics import adherence as code

    text = (ROOT / "docs/guides/prompts.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w, -]+) \| (`.+) \|$", text, re.MULTILINE))
    assert [kind for name in rows for kind in name.split(", ")] == list(code.CHECKS)
    numbers = {name: [float(n) for n in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", row)] for name, row in rows.items()}
    assert numbers == {
        "tempo": [100 * code.TEMPO_NEAR],
        "key, mode": [],
        "left, right": [-code.SIDE_DB, code.SIDE_DB],
        "centre": [code.CENTRE_WIDTH, code.CENTRE_DB, 0],
        "mono": [code.MONO_DB],
        "narrow": [code.NARROW],
        "wide": [code.WIDE, code.SIDE_DB, 0],
        "ping-pong": [code.SWING],
        "drums only, no drums": [code.ONLY_DRUMS, code.NO_DRUMS],
        "fades out": [code.FADE_DB],
    }
    for name, row in rows.items():
        measure = re.search(r"`(\w+)`", row)[1]
        assert {code.CHECKS[kind].measure for kind in name.split(", ")} == {measure}


def test_no_text_offers_a_checkpoint_that_loading_refuses():
    # Its text tower gives all texts one vector (embeddings-benchmark/mteb#5069).
    places = [*(ROOT / "mgeval").rglob("*.py"), *(ROOT / "notebooks").iterdir(), *PAGES]
    offered = {
        path.name for path in places if path.is_file() and "larger_clap_music" in path.read_text(encoding="utf-8")
    }
    assert offered == {"faq.md"}


def test_no_page_asks_another_server(site):
    asked = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        found = [tag for tag in asked.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not found, f"{page}: {found}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?https?:", sheet.read_text(encoding="utf-8")), sheet
