"""Makes the run of mgeval 0.1 in tests/data/run-0.1, which tests/test_old_run.py opens.

Run it with mgeval 0.1 (git commit e05cf45), in an empty folder:

    python make_old_store.py run-0.1
"""

from __future__ import annotations

import sys
from pathlib import Path

import mgeval as mg

PROMPTS = ["slow piano in a minor key, very wide stereo", "drums, panned hard left"]


def main(out: Path) -> None:
    # As 0.1 called it.
    from mgeval.listening import add_answer, pair_trials

    store = mg.Store(out / "run")
    mg.run(mg.Sweep("tiny", PROMPTS, {"guidance": [1, 3], "duration": 1}, seeds=[0]).plan(), store, progress=False)
    mg.run(mg.Sweep("synth", PROMPTS, {"guidance": [3], "duration": 1}, seeds=[0]).plan(), store, progress=False)
    clips = store.table()
    scores = mg.measure(clips, store, ["all", "clap:tiny"], progress=False)
    scores.to_parquet(out / "scores.parquet")
    mg.save_reference(out / "statistics.npz", store, ["mel"], progress=False)
    distances = mg.distances(clips, store, out / "statistics.npz", ["mel"], progress=False)
    distances.to_csv(out / "distances.csv", index=False)
    trials = pair_trials(scores[scores.model == "tiny"], "guidance")
    for row in trials.drop(columns="prompt").to_dict("records"):
        add_answer(out / "answers.csv", {**row, "answer": "a", "listener": "one", "matched": True, "seconds": 2.5})
    mg.report(scores, store, out / "report")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
