"""The decoding engine compared with transformers: a mixed sweep on MusicGen-stereo-small's architecture.

    python benchmarks/generate.py

The architecture is full-size and the weights are random: speed does not depend on their values, so no weights
are downloaded. Both sides run in this process, in turn, on the same network in bfloat16: the engine generates
the whole sweep of 8 settings x 4 prompts; transformers generates some of the same clips, one by one and the
prompts of one setting together. Prints medians over the rounds and ends with one line of JSON:
`vs_serial`, `vs_batch4` and `alone` are audio per second, the engine's over transformers'; `vs_floor` is
the engine's step over the bare matrix products of a step (on a GPU, over reading weights and cache once
at the measured copy bandwidth); `record_share` is the share of a step that the record of log-likelihood, entropy and
distance takes; the peak of memory is that of the whole process during the engine's sweeps, including transformers'
network and the text encoder; the size of the decoder's weights is printed beside it.
"""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path

import numpy as np

from mgeval.errors import ModelError
from mgeval.hub import quiet_transformers
from mgeval.models import Request, Sampling, load_model
from mgeval.models.musicgen.clip import Clip
from mgeval.models.musicgen.devices import pick_device
from mgeval.models.musicgen.draw import record_draws
from mgeval.models.musicgen.model import MusicGen

PROMPTS = [
    "a slow piano ballad with soft strings, very wide stereo",
    "rock",
    "fast drum and bass with a synthesizer on the left",
    "solo violin in a large hall",
]
SETTINGS = [
    dict(),
    dict(temperature=0.8),
    dict(temperature=1.3, top_k=100),
    dict(top_k=0, top_p=0.9),
    dict(top_p=0.8),
    dict(guidance=1),
    dict(guidance=5),
    dict(guidance=7, temperature=0.9, top_k=50),
]
ROUNDS = 3
CLIP, CLIP_ON_GPU = 2.0, 10.0
STEPS = 12


class Words:
    """A substitute for the T5 tokenizer: one id per word; any id serves for timing."""

    def __call__(self, texts: list[str], return_tensors: str):
        """Return the ids of texts and their mask."""
        import torch
        from transformers import BatchEncoding

        rows = [[3 + len(word) for word in text.split()] + [1] for text in texts]
        ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        return BatchEncoding({"input_ids": ids, "attention_mask": (ids > 0).long()})


def network(dtype: str, device: str):
    """Build facebook/musicgen-stereo-small's architecture (its configuration as published)."""
    import torch
    import transformers as tf

    text = tf.T5Config(
        d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12, vocab_size=32128, is_encoder_decoder=False
    )
    codec = tf.EncodecConfig(
        sampling_rate=32000, upsampling_ratios=[8, 5, 4, 4], num_filters=64, hidden_size=128, codebook_size=2048,
        target_bandwidths=[2.2], use_causal_conv=False, normalize=False, chunk_length_s=None,
    )  # fmt: skip
    decoder = tf.MusicgenDecoderConfig(num_codebooks=8, audio_channels=2)
    config = tf.MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder)
    whole = tf.MusicgenForConditionalGeneration(config).eval()
    for part in (whole.text_encoder, whole.decoder, whole.enc_to_dec_proj):
        part.to(getattr(torch, dtype))
    return whole.to(device)


def sweep(duration: float, seeds: int) -> list[Request]:
    """Return all settings with all prompts; the seeds differ."""
    settings = [Sampling(**one, duration=duration, seed=seed) for seed in range(seeds) for one in SETTINGS]
    return [Request(prompt, sampling) for sampling in settings for prompt in PROMPTS]


def wait() -> None:
    """Wait until the device has finished its work."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def timed(function) -> float:
    """Return the seconds of a call, including the device's work."""
    start = time.perf_counter()
    function()
    wait()
    return time.perf_counter() - start


def ours(model: MusicGen, requests: list[Request]) -> float:
    """Return the seconds of audio per second of the engine."""
    return sum(r.sampling.duration for r in requests) / timed(lambda: list(model.stream(requests)))


def theirs(model: MusicGen, requests: list[Request]) -> float:
    """Return the seconds of audio per second of transformers, for prompts of one setting."""
    import torch

    sampling = requests[0].sampling
    text = model.tokenizer([r.prompt for r in requests], return_tensors="pt").to(model.device)

    def call() -> None:
        with quiet_transformers(), torch.inference_mode():
            model.network.generate(
                **text, do_sample=True, temperature=sampling.temperature, top_k=sampling.top_k,
                top_p=sampling.top_p or 1.0, guidance_scale=sampling.guidance,
                max_new_tokens=sampling.frames + model.codebooks // model.channels - 1,
            )  # fmt: skip

    return sampling.duration * len(requests) / timed(call)


def step_floor_record(model: MusicGen, duration: float) -> list[float]:
    """Return the median seconds of a step with full slots, of its floor and of its record, measured in turn."""
    import torch

    engine, marks, steps, floors, records = model.engine, [], [], [], []
    logits = torch.randn(2, engine.slots, model.codebooks, engine.decoder.codes, device=engine.device)
    codes, guidance = logits[0].argmax(-1), torch.full((engine.slots,), 3.0, device=engine.device)

    def watch(made: float, total: float) -> bool:
        wait()
        if marks:
            steps.append(time.perf_counter() - marks[0])
            floors.append(timed(lambda: floor(model)))
            records.append(timed(lambda: record_draws(*logits, guidance, codes)))
        marks[:] = [time.perf_counter()]
        return len(steps) > STEPS

    none = np.zeros((model.codebooks, 0), np.int16)
    clips = [Clip(PROMPTS[0], Sampling(duration=duration, seed=seed), lambda: none, 16) for seed in range(engine.slots)]
    list(engine.decode(clips, watch))
    return [statistics.median(times) for times in (steps, floors, records)]


def floor(model: MusicGen) -> None:
    """Compute only the matrix products of a step; on a GPU, copy as many bytes as the step must read."""
    import torch

    engine = model.engine
    decoder, rows, texts = engine.decoder, engine.pad(2 * engine.slots), engine.pad(engine.slots)
    with torch.inference_mode():
        if engine.device.type == "cuda":
            cache = 2 * 2 * engine.slots * len(decoder.layers) * decoder.width * decoder.round_up(STEPS)
            half = (sum(p.numel() for p in model.network.decoder.parameters()) + cache) // 2
            # A copy reads and writes: half the bytes move as many as one reading.
            torch.empty(half, dtype=decoder.dtype, device=engine.device).clone()
            return
        x, inner = torch.zeros(rows, decoder.width), torch.zeros(rows, decoder.layers[0].inner)
        for layer in decoder.layers:
            layer.qkv(x), layer.out(x), layer.text_q(x[:texts]), layer.text_out(x[:texts])
            layer.rise(x), layer.fall(inner)
        decoder.predict(x)


def peak_memory(reset: bool = False) -> float:
    """Return the largest memory in use since the last reset, in GiB; NaN if the system does not report it."""
    import torch

    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated() / 2**30
        if reset:
            torch.cuda.reset_peak_memory_stats()
        return peak
    if not Path("/proc/self/clear_refs").exists():
        return float("nan")
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20


def tiny_ratio() -> float | None:
    """Return how much faster 64 mixed clips of 5 s are on the tiny model than transformers clip by clip."""
    try:
        model = load_model("tiny")
    except ModelError as error:
        print(f"tiny model: not here ({error})")
        return None
    requests, ratios = sweep(5.0, 2), []
    ours(model, requests[:4]), theirs(model, requests[:1])
    for turn in range(ROUNDS):
        some = requests[turn :: len(requests) // 8][:8]
        serial = [theirs(model, [request]) for request in some]
        ratios.append(ours(model, requests) / statistics.harmonic_mean(serial))
    return statistics.median(ratios)


def main() -> None:
    """Time both sides in turn, print a table and end with JSON."""
    import torch

    device = pick_device()
    on_gpu = device.startswith("cuda")
    if not on_gpu:
        print("no CUDA GPU here: the figures are a processor's")
    duration = CLIP_ON_GPU if on_gpu else CLIP
    model = MusicGen("random", "none", network("bfloat16", device), Words(), device, "bfloat16")
    requests = sweep(duration, 2 if on_gpu else 1)
    weights = sum(p.numel() * p.element_size() for p in model.network.decoder.parameters()) / 2**30
    short = Request(PROMPTS[0], Sampling(duration=0.2))
    ours(model, [short]), theirs(model, [short])
    rows, peaks = [], []
    for turn in range(ROUNDS):
        print(f"round {turn + 1} of {ROUNDS}", flush=True)
        # Every round takes other clips of the sweep for the slow side: four settings alone, two in fours.
        alone = [requests[len(PROMPTS) * ((2 * i + turn) % len(SETTINGS)) + i % 4] for i in range(4)]
        fours = [requests[4 * index : 4 * index + 4] for index in (turn % 8, (turn + 4) % 8)]
        peak_memory(reset=True)
        engine = ours(model, requests)
        peaks.append(peak_memory())
        rows.append({
            "engine": engine,
            "engine_alone": statistics.harmonic_mean([ours(model, [request]) for request in alone[:2]]),
            "serial": (serial := [theirs(model, [request]) for request in alone]) and statistics.harmonic_mean(serial),
            "serial_alone": statistics.harmonic_mean(serial[:2]),
            "batch4": statistics.harmonic_mean([theirs(model, four) for four in fours]),
        })  # fmt: skip
    step, least, record = step_floor_record(model, duration)
    middle = {name: statistics.median(row[name] for row in rows) for name in rows[0]}

    def ratio(one: str, other: str) -> float:
        return round(statistics.median(row[one] / row[other] for row in rows), 2)

    for name, value in middle.items():
        print(f"{name:14} {value:8.3f} s of audio a second")
    print(f"step {1000 * step:.0f} ms, floor {1000 * least:.0f} ms with {model.engine.slots} slots")
    tiny = tiny_ratio()
    print(json.dumps({
        "device": device, "threads": torch.get_num_threads(), "slots": model.engine.slots, "rounds": ROUNDS,
        "vs_serial": ratio("engine", "serial"), "vs_batch4": ratio("engine", "batch4"),
        "alone": ratio("engine_alone", "serial_alone"), "vs_floor": round(step / least, 2),
        "tiny_vs_serial": None if tiny is None else round(tiny, 1),
        "audio_seconds_per_second": {name: round(value, 3) for name, value in middle.items()},
        "step_ms": round(1000 * step), "record_share": round(record / step, 4),
        "peak_memory_gib": round(statistics.median(peaks), 1), "weights_gib": round(weights, 2),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
