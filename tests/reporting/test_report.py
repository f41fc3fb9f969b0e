"""The report: whole, self-contained, inert."""

import html
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile

import mgeval as mg
from mgeval.metrics import METRICS, columns
from mgeval.models.composer import Composer
from mgeval.reporting import clips, methods
from mgeval.reporting.facts import gather
from mgeval.reporting.sources import bibliography


def test_all_it_names_is_there_and_nothing_else_is_asked_for(run, index):
    page = index
    text = page.read_text()
    named = re.findall(r'src="([^"]+)"', text)
    named = [name for name in named + re.findall(r"(?:src|href)='([^'#]+)'", text) if name != "data:,"]
    assert len(named) >= 4 + 4 + 20
    for name in named:
        assert (page.parent / name).is_file(), name
    assert "http" not in text and "url(" not in text and "@import" not in text
    stems = {"all", "failures", "by--b-kind", "by-duration", "compare-duration"}
    files = {p.name for p in (page.parent / "tables").iterdir()}
    assert files == {"scores.csv"} | {f"{stem}.{ending}" for stem in stems for ending in ("csv", "tex")}
    drawn = {p.suffix for p in (page.parent / "figures").iterdir() if p.stem == "width"}
    assert drawn == {".png", ".pdf"} and (page.parent / "methods.md").is_file()
    assert pd.read_csv(page.parent / "tables/scores.csv")["width"].tolist() == pytest.approx(run[0]["width"].tolist())


def files_of(folder):
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_it_names_every_file_that_it_writes(index):
    text = index.read_text()
    named = {name for pair in re.findall(r"(?:src|href)=(?:'([^']+)'|\"([^\"]+)\")", text) for name in pair}
    assert files_of(index.parent) - named == {"index.html"}


def test_what_an_older_report_wrote_is_gone_and_nothing_else(run, tmp_path):
    scores, store = run
    folder, once = tmp_path / "report", tmp_path / "once"
    mg.report(scores, store, folder)
    short = scores[scores["duration"] == 0.5].drop(columns=["loudness", "image_angle"])
    mg.report(short, store, once, by="prompt")
    assert {"figures/loudness.pdf", "tables/compare-duration.tex"} <= files_of(folder) - files_of(once)
    theirs = ["figures/mine.png", "tables/notes.tex", "clips/mine.wav", "figures/deep/width.pdf", "../paper.pdf"]
    for name in theirs:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("mine")
    page = folder / "index.html"
    # What a page says that somebody edited, or a prompt says, is no file of a report's.
    more = "<a href='../paper.pdf'></a><a href='figures/../../paper.pdf'></a><a href='figures/deep/width.pdf'></a>"
    prompt = html.escape("<a href='figures/mine.png'>")
    page.write_text(page.read_text().replace("</main>", f"{more}<a href='/etc/hosts'></a>{prompt}</main>"))
    mg.report(short, store, folder, by="prompt")
    assert files_of(folder) == files_of(once) | set(theirs[:4]) and (tmp_path / "paper.pdf").is_file()


def test_what_another_page_names_stays(run, tmp_path):
    scores, store = run
    (tmp_path / "site/figures").mkdir(parents=True)
    (tmp_path / "site/figures/me.png").write_text("mine")
    (tmp_path / "site/index.html").write_text("<!doctype html><img src='figures/me.png'>")
    mg.report(scores, store, tmp_path / "site", by="duration")
    assert (tmp_path / "site/figures/me.png").read_text() == "mine"


def test_files_behind_a_link_stay(run, tmp_path):
    scores, store = run
    mg.report(scores, store, tmp_path / "report")
    (tmp_path / "report/figures").rename(tmp_path / "elsewhere")
    (tmp_path / "report/figures").symlink_to(tmp_path / "elsewhere")
    mg.report(scores.drop(columns="loudness"), store, tmp_path / "report", by="duration")
    assert (tmp_path / "elsewhere/loudness.pdf").is_file()


def test_a_report_in_the_runs_own_folder_leaves_the_runs_clips(tmp_path):
    """There the clips that the page names are those of the run."""
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan(), store, progress=False)
    scores = mg.measure(clips, store, ["width"], progress=False)
    mg.report(scores, store, store.path)
    mg.report(scores.head(1), store, store.path)
    assert store.verify().empty and all(store.file(key).is_file() for key in clips["key"])


def test_a_report_that_fails_leaves_the_older_one(run, tmp_path):
    scores, store = run
    mg.report(scores, store, tmp_path / "report")
    before = files_of(tmp_path / "report")
    with pytest.raises(mg.MetricError, match="nothing to report"):
        mg.report(scores.assign(status="failed"), store, tmp_path / "report")
    assert files_of(tmp_path / "report") == before


def test_texts_of_the_user_are_inert(index):
    text = index.read_text()
    assert "<img src=x" not in text and "&lt;img src=x onerror=" in text
    assert "<i>b" not in text and "<b>kind" not in text and "<title>Run run&lt;1&gt;</title>" in text


def test_a_table_that_was_read_from_a_file(tmp_path):
    """Its empty prompts are NaN, and its seeds may be anything."""
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["wide piano, in mono", ""], {"duration": [0.5]}).plan(), store, progress=False)
    mg.measure(clips, store, metrics=["width"], progress=False).to_csv(tmp_path / "scores.csv", index=False)
    scores = pd.read_csv(tmp_path / "scores.csv").assign(seed="<script>1</script>")
    assert scores["prompt"].isna().sum() == 1
    text = mg.report(scores, store, tmp_path / "report").read_text()
    assert "(no prompt)" in text and "<script>1" not in text
    assert mg.adherence(store, scores, progress=False)["claim"].tolist() == ["mono"]


def test_its_numbers_are_the_summarys(run, tmp_path):
    scores, store = run
    text = mg.report(scores, store, tmp_path / "report", by="duration").read_text()
    row = mg.summarise(scores, "duration").query("metric == 'crest'").iloc[0]
    shown = [f"{row[c]:.1f}".replace("-", "\N{MINUS SIGN}") for c in ("mean", "lo", "hi")]
    assert 10 <= row["mean"] < 100 and f"{shown[0]} [{shown[1]}, {shown[2]}]" in text
    assert ">By duration</h2>" in text and text.count(">By ") == 2


def test_settings_are_compared_and_attributes_of_prompts_are_not(run, index):
    scores, _ = run
    table = pd.read_csv(index.parent / "tables" / "compare-duration.csv")
    expected = mg.compare(scores, by="duration", metrics=list(table["metric"].unique()))
    assert table["difference"].tolist() == pytest.approx(expected["difference"].tolist())
    assert table["p_holm"].tolist() == pytest.approx(expected["p_holm"].tolist())
    assert (table["n_pairs"] > 0).all() and set(table["n_prompts"]) == {4}
    text = index.read_text()
    # A kind belongs to a prompt: no prompt has both.
    assert text.count("<h3>Comparisons</h3>") == 1
    # With four prompts no p is small, so nothing is marked; the test and its correction are named.
    assert "sign flip of prompts, exact; adjusted after Holm over the" in text and "]*</td>" not in text
    latex = (index.parent / "tables" / "compare-duration.tex").read_text()
    assert "p: sign flip of prompts, exact" in latex and "^{*}" not in latex
    # Four prompts can reach no small p, which page and table say.
    assert "With 4 prompts p cannot fall below 0.12." in text and "With 4 prompts p cannot fall below 0.12." in latex


def test_a_metric_of_somebody_else_is_reported_without_a_reference(run, tmp_path, monkeypatch):
    scores, store = run
    monkeypatch.setitem(METRICS, "theirs", replace(METRICS["width"], label="Their own"))
    page = mg.report(scores.assign(theirs=scores["width"]), store, tmp_path / "report")
    assert "Their own" in page.read_text() and "Their own" in (page.parent / "methods.md").read_text()


def test_failed_clips_are_said(run, tmp_path):
    scores, store = run
    failed = scores.assign(status=["failed", *scores["status"][1:]], error=["out of <tune>", *scores["error"][1:]])
    text = mg.report(failed, store, tmp_path / "report", by="duration").read_text()
    assert "1 clip could not be made and is left out: out of &lt;tune&gt; (1)." in text


def test_nothing_to_report(run, tmp_path):
    scores, store = run
    with pytest.raises(mg.MetricError, match="nothing to report"):
        mg.report(scores.assign(status="failed"), store, tmp_path / "report")
    with pytest.raises(mg.MetricError, match="did you mean 'duration'"):
        mg.report(scores, store, tmp_path / "report", by="durations")
    assert not (tmp_path / "report").exists()


def test_groups_without_a_value_are_in_it(run, tmp_path):
    scores, store = run
    marked = scores.assign(mood=["a", None] * 4)
    text = mg.report(marked, store, tmp_path / "report", by="mood").read_text()
    assert "(none) <small>4 clips, 4 prompts</small>" in text and "mood (none)" in text


@pytest.mark.parametrize(("kind", "value"), [("boolean", True), ("Int64", 1), ("string", "a")])
def test_gaps_may_be_pandas_own(run, kind, value):
    """As tables have them that were read with its nullable types."""
    scores, store = run
    facts = gather(scores.assign(mood=pd.array([value, None] * 4, dtype=kind)), store, by="mood")
    assert list(dict.fromkeys(facts.by["mood"]["mood"])) == [value, "(none)"]


def test_levels_that_are_numbers_ascend(run):
    scores, store = run
    facts = gather(scores.iloc[::-1].assign(dose=[3.0, None, 10.0, 2.0] * 2), store, by=["duration", "dose"])
    levels = {factor: list(dict.fromkeys(table[factor])) for factor, table in facts.by.items()}
    assert levels == {"duration": [0.5, 1], "dose": [2, 3, 10, "(none)"]}


def test_loud_clips_are_played_at_their_own_level(tmp_path):
    class Loud(Composer):
        def stream(self, requests):
            for index, result in super().stream(requests):
                yield index, replace(result, audio=mg.Audio(result.audio.samples * 2.5, 32000))

    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 1}).plan(), store, Loud(), progress=False)
    assert clips["peak"][0] > 1 and clips["gain"][0] == 2
    page = mg.report(mg.measure(clips, store, "crest", progress=False), store, tmp_path / "report")
    # As a browser reads it, which knows nothing of the gain.
    played, _ = soundfile.read(next((page.parent / "clips").glob("*.wav")), dtype="float32")
    assert np.abs(played).max() == pytest.approx(clips["peak"][0], rel=1e-5)


def test_a_clip_that_is_gone_is_said(run, tmp_path):
    scores, store = run
    lost = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan(), lost, progress=False)
    lost_scores = mg.measure(clips, lost, ["width", "crest"], progress=False)
    lost.file(clips["key"][0]).unlink()
    text = mg.report(lost_scores, lost, tmp_path / "report").read_text()
    assert "no such file" in text and "(cannot be read)" in text


def test_a_clip_that_is_damaged_is_said_and_not_copied(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan(), store, progress=False)
    damaged = clips["key"][0]
    store.file(damaged).write_bytes(store.file(damaged).read_bytes()[:-50])
    page = mg.report(mg.measure(clips, store, ["width", "crest"], progress=False), store, tmp_path / "report")
    assert f"{damaged}.flac: truncated" in page.read_text() or f"{damaged}.flac: not an intact" in page.read_text()
    assert not list((tmp_path / "report/clips").glob(f"{damaged}*"))


def test_scores_of_files_are_no_run(run, tmp_path):
    with pytest.raises(mg.MetricError, match="must be one of clips of a run"):
        mg.report(run[0].drop(columns="status"), run[1], tmp_path / "report")


def test_spreadsheets_meet_no_formula(run, tmp_path):
    scores, store = run
    risky = scores.assign(prompt=["=1+1", "@x", "+2", "-piano", "\tx", "a=b", "", "organ"])
    mg.report(risky, store, tmp_path / "report", by="duration")
    cells = pd.read_csv(tmp_path / "report/tables/scores.csv")["prompt"].fillna("").tolist()
    assert cells == ["'=1+1", "'@x", "'+2", "'-piano", "'\tx", "a=b", "", "organ"]


def test_nothing_swept(tmp_path):
    """No factor, a single prompt: no figure, no interval, and the page says so without falling over."""
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano"], {"duration": 0.5}).plan(), store, progress=False)
    page = mg.report(mg.measure(clips, store, ["width", "crest"], progress=False), store, tmp_path / "report")
    text = page.read_text()
    assert (
        not list((tmp_path / "report/figures").glob("width*"))
        and "1 clip, 1 prompt" in text
        and not re.search(r"\bnan\b", text)
    )


def test_it_says_why_levels_are_not_compared(run, tmp_path):
    """Of two grids that vary a setting each, the clips of the level in both differ in the other setting."""
    store = mg.Store(tmp_path / "run")
    grids = [{"guidance": [1, 3], "duration": [0.5]}, {"temperature": [0.5, 1.5], "duration": [0.5]}]
    clips = mg.run(mg.Sweep("synth", ["piano", "organ"], grids).plan(), store, progress=False)
    page = mg.report(mg.measure(clips, store, ["width"], progress=False), store, tmp_path / "report")
    why = "3.0 holds several clips of one prompt and seed, which differ in 'temperature': keep one of its values"
    assert f"Levels are not compared: {html.escape(why)}." in page.read_text()
    assert "<h3>Comparisons</h3>" not in page.read_text()
    text = (page.parent / "methods.md").read_text()
    assert "levels of temperature: 1.0 holds several clips" in text and f"; guidance: {why}." in text


def test_settings_that_change_together_are_not_compared(tmp_path):
    """In a latin design each guidance comes with a temperature of its own."""
    store = mg.Store(tmp_path / "run")
    ranges = {"guidance": [1.0, 6.0], "temperature": [0.5, 1.5]}
    sweep = mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}, ranges=ranges, points=3)
    clips = mg.run(sweep.plan(), store, progress=False)
    facts = gather(mg.measure(clips, store, ["width"], progress=False), store)
    assert facts.compared == {} and facts.uncompared == {
        "temperature": "the pairs also differ in 'guidance'",
        "guidance": "the pairs also differ in 'temperature'",
    }


def test_it_says_why_nothing_is_compared_by_a_column(run):
    scores, store = run
    # A kind belongs to a prompt, and each clip has a key of its own.
    facts = gather(scores, store, by=["<b>kind", "duration", "key"])
    assert list(facts.compared) == ["duration"] and facts.uncompared == {
        "<b>kind": "no two clips of one prompt and seed differ in it alone",
        "key": "it has 8 levels; a report compares 2 to 6",
    }
    text = methods.as_html(facts)
    assert "levels of &lt;b&gt;kind: no two clips" in text
    measured = columns(scores.columns)
    facts = gather(scores.drop(columns=[name for name in measured if name != "crest"]), store, by="duration")
    assert facts.uncompared["duration"].startswith("the metrics that a report compares were not measured (clap, ")


def test_clap_scores_are_told_as_they_were_recorded(run):
    scores, store = run
    heard = scores.assign(**{"clap:a": 0.1, "embedder": "clap:a@1; clap:gone@2"})
    told = gather(heard.assign(embedder_recipe="8 kHz, windows of 3 s; x"), store, by="duration")
    assert "CLAP scores are by clap:a@1 (8 kHz, windows of 3 s)." in methods.as_html(told)
    assert "clap:a@1 (preprocessing not recorded)." in methods.as_html(gather(heard, store, by="duration"))
    # The embedder's column alone is no score.
    assert "CLAP" not in methods.as_html(gather(heard.drop(columns="clap:a"), store, by="duration"))


def test_a_musicgen_and_its_codec_are_cited(run):
    scores, store = run
    assert "MusicGen" not in methods.as_html(gather(scores, store, by="duration"))
    mixed = gather(scores.assign(model=["facebook/musicgen-stereo-small", *scores["model"][1:]]), store, by="duration")
    assert "; MusicGen [@copet2023] with EnCodec [@defossez2023]), synth" in methods.as_markdown(mixed)
    text = methods.as_html(mixed)
    assert (
        "Simple and controllable music generation. Advances in Neural Information Processing Systems, 2023, arXiv:2306"
        in text
    )
    assert (
        "High fidelity neural audio compression. Transactions on Machine Learning Research, 2023, arXiv:2210.1343"
        in text
    )
    entries = bibliography(methods.references(mixed))
    assert re.findall(r"@\w+\{(\w+),", entries)[:3] == ["mgeval", "copet2023", "defossez2023"]


def test_what_somebodys_own_model_made_is_not_said_to_be_a_musicgens(run):
    scores, store = run
    text = methods.as_markdown(gather(scores.assign(model="tones", versions='{"mgeval": "0.0.9"}'), store, "duration"))
    assert "MusicGen" not in text and "random numbers" not in text
    # What made the clips may be an older mgeval than what measures them.
    assert "were made with mgeval [@mgeval] by tones (" in text and "Versions: mgeval 0.0.9." in text
    assert f"measured with mgeval {mg.__version__} " in text
    finetuned = scores.assign(model="./finetune", slots=8)
    assert "MusicGen [@copet2023]" in methods.as_markdown(gather(finetuned, store, "duration"))


def test_clips_of_another_system_are_not_said_to_be_made_with_the_runs_settings(run):
    scores, store = run
    text = methods.as_markdown(gather(scores.assign(model="folder:/theirs", guidance=7.25), store, by="<b>kind"))
    assert "7.25" not in text and "Seeds" not in text and "made with mgeval" not in text
    assert "8 clips of 4 prompts (0.1 minutes of audio) were made by another system" in text
    assert "taken from folder:/theirs (revision " in text and "cut at 0.5, 1 s." in text and "Varied: <" not in text
    assert r"Varied: \<b\>kind" in text.replace("&lt;", r"\<")
    both = scores.assign(model=["folder:/theirs", *scores["model"][1:]], guidance=[7.25, *scores["guidance"][1:]])
    text = methods.as_markdown(gather(both, store, by="model"))
    assert "7 clips of 4 prompts" in text and "1 clip of 1 prompt" in text and "7.25" not in text
    assert text.count("Varied: ") == 1 and "Varied: model (folder:/theirs, synth), duration (0.5, 1 s)." in text


def test_a_record_without_revision_device_and_versions_leaves_no_gaps_in_the_methods(run, tmp_path):
    scores, store = run
    bare = scores.assign(revision=float("nan"), device=None, dtype=None, versions=None)
    text = methods.as_markdown(gather(bare, store, by="duration"))
    assert "synth (revision not on record)" in text and "nan" not in text
    assert "Device" not in text and "Versions" not in text and " ." not in text
    page = mg.report(bare, store, tmp_path / "report", by="duration").read_text()
    assert ">nan<" not in page and ">None<" not in page


def test_controls_and_failures_are_in_the_methods(run, tmp_path):
    scores, store = run
    marked = scores.assign(status=["failed", *scores["status"][1:]], error=["*out* of tune", *scores["error"][1:]])
    control = scores.iloc[:1].assign(control="silence")
    mg.report(pd.concat([marked.assign(control=None), control]), store, tmp_path / "report", by="duration")
    text = (tmp_path / "report/methods.md").read_text()
    assert "1 clip could not be made and is left out: \\*out\\* of tune (1)." in text
    assert "1 row of controls (silence)" in text and "7 clips of 4 prompts" in text
    revision = scores["revision"][0]
    assert f"synth (revision {revision})" in text and "Seeds: 0." in text and "duration (0.5, 1 s)" in text


def test_settings_that_a_model_ignores_are_not_said_to_be_its_own(run):
    scores, store = run
    text = methods.as_markdown(gather(scores, store, by="duration"))
    assert "temperature" not in text and "extend\\_stride" not in text
    text = methods.as_markdown(gather(scores.assign(model="tiny"), store, by="duration"))
    assert "temperature 1" in text


def test_settings_of_many_values_are_not_said_to_be_held(run, tmp_path):
    scores, store = run
    many = scores.assign(guidance=np.linspace(1, 5, len(scores)), model="tiny")
    text = methods.as_markdown(gather(many, store, by="duration"))
    fixed = text[text.index("Fixed:") :].partition(". ")[0]
    assert "guidance" not in fixed and "guidance (" in text[text.index("Varied:") : text.index("Fixed:")]


def test_a_run_that_is_not_complete_says_so(tmp_path):
    store = mg.Store(tmp_path / "run")
    plan = mg.Sweep("synth", ["piano", "organ"], {"duration": [0.5, 1]}).plan()
    store.add_plan(plan)
    scores = mg.measure(mg.run(plan[:3], store, progress=False), store, ["width"], progress=False)
    page = mg.report(scores, store, tmp_path / "report")
    for text in (page.read_text(), (page.parent / "methods.md").read_text()):
        assert "The run is incomplete: 1 of 4 planned clips are missing." in text
    # What the table itself says was not run is told once.
    cancelled = pd.concat([scores, plan[3:].assign(status=None)])
    page = mg.report(cancelled, store, tmp_path / "cancelled")
    assert "incomplete" not in page.read_text()
    assert "1 clip could not be made and is left out: not run yet (1)." in page.read_text()
    # The plan of another model is none of this one's.
    store.add_plan(plan[3:].assign(key="other", model="tiny"))
    assert "1 of 4 planned clips" in mg.report(scores, store, tmp_path / "report").read_text()


def test_a_clip_that_cannot_be_read_is_not_said_to_be_undefined(tmp_path):
    store = mg.Store(tmp_path / "run")
    clips = mg.run(mg.Sweep("synth", ["piano", "organ"], {"duration": 0.5}).plan(), store, progress=False)
    store.file(clips["key"][1]).write_bytes(b"no audio")
    page = mg.report(mg.measure(clips, store, ["width"], progress=False), store, tmp_path / "report")
    for text in (page.read_text(), (page.parent / "methods.md").read_text()):
        assert "1 clip could not be read and is left out: not an intact audio file" in text
        assert "for which a measure is undefined" not in text


def test_groups_at_the_ends_are_of_several_prompts(run, tmp_path):
    scores, store = run
    lone = scores.assign(width=scores["width"].where(scores["<b>kind"] == "a"))
    lone.loc[0, ["<b>kind", "width"]] = "alone", -1
    short = mg.report(lone, store, tmp_path / "report", by="<b>kind").read_text().partition('id="failures"')[0]
    assert "alone: 1 clip" not in short


def test_fonts_in_its_figures_are_true_type(index):
    """Type 3 fonts are refused by many a conference."""
    for figure in (index.parent / "figures").glob("*.pdf"):
        assert b"/Type3" not in figure.read_bytes().replace(b" ", b"")


def test_many_levels_are_told_of_and_a_few_of_them_played(run, tmp_path):
    scores, store = run
    few = scores.drop(columns=["image_angle", "loudness", "failure_count", "tempo"]).head(2)
    many = pd.concat([few.assign(guidance=1 + place / 10) for place in range(30)], ignore_index=True)
    page = mg.report(many, store, tmp_path / "report", by="duration")
    assert "Varied over too many values to group by, unless by= names it: guidance (30)." in page.read_text()
    shown = clips.examples(gather(many, store, by="guidance"))["guidance"]
    assert len(shown) == clips.GROUPS and shown.is_monotonic_increasing and {shown.min(), shown.max()} == {1, 3.9}


def test_tables_without_what_a_report_reads_are_refused(run, tmp_path):
    scores, store = run
    for column in ("prompt_id", "seed", "elapsed", "peak", "error"):
        with pytest.raises(mg.MetricError, match=f"no column '{column}'"):
            mg.report(scores.drop(columns=column), store, tmp_path / "report")
    with pytest.raises(mg.MetricError, match="'crest' is a metric"):
        mg.report(scores, store, tmp_path / "report", by="crest")
    assert not (tmp_path / "report").exists()
