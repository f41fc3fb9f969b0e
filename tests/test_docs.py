"""The code blocks, commands and sweep files of the texts run, and the site builds strictly without the network."""

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
"""Blocks that do not run here, by page, with the reason that the page gives."""

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
"""Its blocks add something to the package; tests/test_contributing.py runs each of them and removes it again."""

MOST_PROMPTS, SECONDS = 3, 0.5
"""Size of a sweep of the texts in these tests: prompts at most, seconds of a clip."""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    code: str
    line: int
    reason: str
    """Why it does not run here; '' if it runs."""


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(b[2], b[3], text[: b.start(3)].count("\n"), b[1] or "") for b in BLOCK.finditer(text)]


def python_of(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.language == "python"]


def small_sweep(models, prompts, grid=(), **others):
    """Return a sweep of the same lines with fewer prompts and shorter clips."""
    table = mgeval.load_prompts(prompts)
    table = table.iloc[:: max(1, len(table) // MOST_PROMPTS)]
    grids = [grid] if isinstance(grid, Mapping) else list(grid)
    grids = [{**axes, "duration": SECONDS} if "duration" in axes else axes for axes in grids]
    return FULL_SWEEP(models, table, grids[0] if len(grids) == 1 else grids, **others)


FULL_SWEEP = mgeval.Sweep


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder, and sweeps cut down."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mgeval, "Sweep", small_sweep)
    yield tmp_path
    plt.close("all")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if python_of(page) and page != CONTRIBUTING], ids=lambda page: page.stem
)
def test_the_blocks_of_a_page_run_in_order(page, folder):
    if any("workers=" in block.code for block in python_of(page)):
        pytest.importorskip("distributed", reason="workers need Dask: pip install 'mgeval[slurm]'")
    names: dict[str, object] = {"__name__": "page"}
    for block in python_of(page):
        if not block.reason:
            # Errors name the page and its line.
            code = "\n" * block.line + block.code
            exec(compile(code, str(page), "exec"), names)
    if page.name == "README.md":
        assert (folder / "runs/guidance/report/index.html").is_file()


def test_a_block_that_does_not_run_gives_a_reason():
    reasons = {page.name: [block.reason for block in blocks(page) if block.reason] for page in PAGES}
    assert {name: texts for name, texts in reasons.items() if texts} == NOT_RUN
    # A comment without a block under it would have no effect, and nobody would notice.
    for page in PAGES:
        assert page.read_text(encoding="utf-8").count("<!-- not run") == len(reasons[page.name]), page


def test_every_block_is_parsed_and_names_its_language():
    for page in PAGES:
        text = re.sub(r"<!-- begin (\w+) -->.*?<!-- end \1 -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        fences = re.findall(r"^```.*$", text, re.MULTILINE)
        assert len(fences) == 2 * len(BLOCK.findall(text)), page
        assert {fence for fence in fences if fence != "```"} <= {"```python", "```yaml", "```toml"}, page


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as code hosts make them."""
    heads = re.findall(
        r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S), re.M
    )
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_work_in_the_repository(page):
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def commands() -> list[tuple[str, str]]:
    """Return the shell commands of the texts, with their pages: lines indented by four blanks."""
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
    # Parses the arguments and runs nothing; an unknown option is an error.
    assert verb.make_context(arguments[0], arguments[1:]).params


def test_an_option_that_does_not_exist_is_an_error():
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
    positional = [ast.unparse(argument) for argument in tree.args]
    keywords = {keyword.arg: None for keyword in tree.keywords}
    signature = inspect.signature(thing)
    if "..." in positional:
        assert keywords.keys() <= signature.parameters.keys()
    else:
        signature.bind(*positional, **keywords)


def test_sweep_files_are_valid(tmp_path):
    texts = [block.code for page in PAGES for block in blocks(page) if block.language == "yaml"]
    assert len(texts) >= 2
    for text in texts:
        (tmp_path / "sweep.yaml").write_text(text)
        assert len(load_sweep(tmp_path / "sweep.yaml").prompts) == 128


def script(name: str):
    """Import a script of docs/."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_sizes(picture: str) -> str:
    """Return the picture of the parts without their numbers of files and lines."""
    return re.sub(r">\d+ files?, [\d,]+ lines<", "><", picture)


def test_the_picture_of_the_parts_shows_the_imports():
    house = script("make_house")
    picture = (ROOT / "docs/images/house.svg").read_text(encoding="utf-8")
    assert without_sizes(picture) == without_sizes(house.draw()), "the picture is stale: make house"
    # Sizes change with every commit: the picture may lag behind by a tenth.
    lines = sum(int(number.replace(",", "")) for number in re.findall(r", ([\d,]+) lines<", picture))
    now = sum(int(number.replace(",", "")) for number in re.findall(r", ([\d,]+) lines<", house.draw()))
    assert abs(lines - now) < 0.1 * now, "the sizes in the picture are stale: make house"
    # One box for each part; arrows lead down, or from the shell to the facade.
    assert picture.count(" lines<") == len(house.FLOOR)
    arrows = re.findall(r'<path d="M[\d.]+ ([\d.]+) .* ([\d.]+)"/>', picture)
    assert len(arrows) == len(house.direct_imports()) and all(float(top) <= float(end) for top, end in arrows)


def test_the_arrows_and_the_ground_floor_stand_for_all_imports():
    house = script("make_house")
    reached: dict[str, set[str]] = {name: set() for name in house.FLOOR}
    arrows = sorted(house.direct_imports(), key=lambda arrow: (house.FLOOR[arrow[0]], arrow[0] == "cli"))
    for name, other in arrows:
        reached[name] |= {other, *reached[other]}
    for name, others in house.part_imports().items():
        assert {other for other in others if house.FLOOR[other]} <= reached[name], name


def test_the_design_page_lists_every_part_on_its_floor():
    from test_imports import FLOOR, FLOORS

    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", text, re.MULTILINE)
    assert {name: int(floor) - 1 for floor, name in rows} == FLOOR and len(rows) == len(FLOOR)
    assert [int(floor) for floor, _ in rows] == sorted((int(floor) for floor, _ in rows), reverse=True)
    assert len(FLOORS) == 8 and "one of eight floors" in text


@pytest.mark.parametrize("page", ["where", "design"])
def test_the_files_that_the_pages_for_developers_name_exist(page):
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    paths = re.findall(r"`([\w./]+/(?:[\w.]+\.(?:py|js|md))?)`", text)
    assert len(paths) >= 10
    for path in paths:
        # Within the decisions, paths begin in mgeval/; folders of a run are not ours.
        if path not in ("rows/", "plan/", "clips/"):
            assert (ROOT / path).exists() or (ROOT / "mgeval" / path).exists(), path


def test_the_page_of_files_answers_usual_wishes():
    text = (ROOT / "docs/where.md").read_text(encoding="utf-8")
    wishes, _, features = text.partition("## Feature by feature")
    row = re.compile(r"^\| [^|]+ \| `(\S+)` \|", re.MULTILINE)
    assert len(row.findall(wishes)) >= 10 and len(row.findall(features)) >= 25


def test_the_names_beside_a_file_are_in_it():
    text = (ROOT / "docs/where.md").read_text(encoding="utf-8").partition("## Feature by feature")[0]
    for path, there in re.findall(r"^\| [^|]+ \| `(\S+)` \| (.+) \|$", text, re.MULTILINE):
        code = (ROOT / path).read_text(encoding="utf-8")
        for name in re.findall(r"`@?([A-Za-z_]+)", there):
            assert name == "mgeval" or re.search(rf"\b{name}\b", code), f"{path}: {name}"


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
    module = script("make_reference")
    results = doctest.testmod(module)
    assert results.attempted >= 3 and not results.failed


def parameters(text: str) -> list[str]:
    """Return the names under a docstring's Parameters, or Attributes where a class has these."""
    section = re.search(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w[\w ]*\n-{3,}\n|\Z)", text, re.M | re.S)
    heads = re.findall(r"^(\S.*?)(?: : .*)?$", section[1], re.MULTILINE) if section else []
    return [name.strip("* ") for head in heads for name in head.split(",")]


@pytest.mark.parametrize("name", sorted({*mgeval._HOMES, *(f"metrics.{row}" for row in METRICS)}))
def test_docstrings_name_every_parameter(name):
    thing = METRICS[name.partition(".")[2]].function if "." in name else getattr(mgeval, name)
    calls = [thing]
    if inspect.isclass(thing):
        calls += [f for n, f in vars(thing).items() if inspect.isfunction(f) and not n.startswith("_")]
    for call in calls:
        text = inspect.getdoc(call) or ""
        assert text, f"{call} has no docstring"
        if documented := parameters(text):
            expected = [parameter for parameter in inspect.signature(call).parameters if parameter != "self"]
            assert documented == expected, call


def test_the_docstring_of_run_names_the_columns_it_returns():
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


def test_the_site_describes_the_names_in_the_texts(site):
    described = set()
    for page in [site / "metrics.html", *(site / "reference").glob("*.html")]:
        described |= {
            name.rpartition(".")[2] for name in re.findall(r"<h[23] id=[^>]*>([\w.]+)<", page.read_text("utf-8"))
        }
    for page in PAGES:
        for name in re.findall(r"\b(?:mg|mgeval)((?:\.\w+)+)\(", page.read_text("utf-8")):
            assert name.rpartition(".")[2] in described, f"{page}: {name}"
        for line in re.findall(r"^from mgeval[\w.]* import (.+)$", page.read_text("utf-8"), re.MULTILINE):
            # CONTRIBUTING also imports internals.
            for name in line.split(", "):
                assert name in described or page.name == "CONTRIBUTING.md", f"{page}: {name}"
    assert {"curves", "key_name", "write_cards", "Handle", "evaluate"} <= described


def test_the_page_of_metrics_explains_shared_terms(site):
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


def test_the_limits_of_claims_equal_the_code():
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


def test_no_text_offers_a_checkpoint_that_loading_rejects():
    # Its text tower gives all texts the same vector (embeddings-benchmark/mteb#5069).
    places = [*(ROOT / "mgeval").rglob("*.py"), *(ROOT / "notebooks").iterdir(), *PAGES]
    names = {path.name for path in places if path.is_file() and "larger_clap_music" in path.read_text(encoding="utf-8")}
    assert names == {"faq.md"}


def test_no_page_requests_another_server(site):
    request = re.compile(r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"')
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        tags = [tag for tag in request.findall(page.read_text(encoding="utf-8")) if 'rel="canonical"' not in tag]
        assert not tags, f"{page}: {tags}"
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?https?:", sheet.read_text(encoding="utf-8")), sheet
