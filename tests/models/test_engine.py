"""What the engine makes, judged by transformers' own `generate`, and that no clip depends on another."""

from __future__ import annotations

import contextlib
import functools
import gc
import re
import threading
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.hub import quiet_transformers
from mgeval.models import Request, Sampling
from mgeval.models.musicgen import decoder, model
from mgeval.models.musicgen.batch import Batch
from mgeval.models.musicgen.clip import Clip
from mgeval.models.musicgen.decoder import Cache
from mgeval.models.musicgen.engine import Engine
from mgeval.models.musicgen.model import capture_codes, load_musicgen, text_states

PROMPTS = ["a slow piano song", "rock", "a loud wide jazz song with drums and bass and guitar of the left", "quiet"]


def engine_of(model, slots):
    return Engine(model.network, functools.partial(text_states, model.network, model.tokenizer), slots)


@pytest.fixture(scope="module")
def networks(mono_folder, stereo_folder):
    """transformers' own, loaded apart from ours."""
    with quiet_transformers():
        kind = transformers.MusicgenForConditionalGeneration
        loaded = {"mono": kind.from_pretrained(mono_folder), "stereo": kind.from_pretrained(stereo_folder)}
    return {name: network.float().eval() for name, network in loaded.items()}


@pytest.fixture
def fresh(stereo_folder):
    """A model of one's own, whose engine may be tampered with."""

    def load(slots=None, dtype=None):
        model = load_musicgen(str(stereo_folder), device="cpu", dtype=dtype)
        model.engine = engine_of(model, slots)
        return model

    return load


def theirs(network, folder, prompts, frames, guidance, beginning=None):
    """Return the codes of transformers' greedy `generate`, one batch for all prompts."""
    text = transformers.AutoTokenizer.from_pretrained(folder)(prompts, return_tensors="pt", padding=True)
    delay = 3
    more, known = {}, 0
    if beginning is not None:
        known = beginning.shape[1]
        more = {"decoder_input_ids": torch.tensor(np.tile(beginning.astype(np.int64), (len(prompts), 1)))}
    with quiet_transformers(), capture_codes(network.audio_encoder) as pieces:
        network.generate(
            **text, **more, do_sample=False, guidance_scale=guidance, max_new_tokens=frames + delay - known,
            repetition_penalty=1.0, num_beams=1,
        )  # fmt: skip
    return torch.stack(pieces, dim=3)[0].reshape(len(prompts), -1, frames).numpy()


def made(model, requests):
    return dict(model.stream(requests))


@pytest.mark.parametrize("kind", ["mono", "stereo"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_greedy_codes_of_unlike_prompts_together_are_transformers(kind, guidance, networks, request):
    model, folder = request.getfixturevalue(kind), request.getfixturevalue(f"{kind}_folder")
    expected = theirs(networks[kind], folder, PROMPTS, 40, guidance)
    sampling = Sampling(duration=0.8, temperature=0, guidance=guidance)
    clips = model.generate(PROMPTS, sampling, progress=False)
    for clip, codes in zip(clips, expected, strict=True):
        np.testing.assert_array_equal(clip.codes, codes)
    assert len({clip.codes.tobytes() for clip in clips}) == len(PROMPTS)


def test_predictions_are_transformers(networks, stereo):
    """The logits, not only the largest: of a prompt's guided and unguided rows after a given beginning."""
    network, decoder = networks["stereo"], stereo.engine.decoder
    codes = torch.randint(0, 64, (8, 30), generator=torch.Generator().manual_seed(1))
    states = text_states(stereo.network, stereo.tokenizer, PROMPTS[0])
    cache = Cache(decoder, 4, 1, 40, 16)
    with torch.inference_mode():
        cache.read_text(0, decoder.read_text(states))
        decoder.prefill(codes[:, :29], cache, 0, 1)
        last = codes[:, 29].expand(4, 8)
        text = network.enc_to_dec_proj(states)[None]
        ours = decoder.step(last, torch.full((4,), 29), cache, 0, 1, 1, decoder.round_up(30))
        for row, states in enumerate((text, torch.zeros_like(text))):
            expected = network.decoder(input_ids=codes, encoder_hidden_states=states).logits[:, -1]
            torch.testing.assert_close(ours[row], expected, atol=1e-4, rtol=0)


def test_continuation_is_transformers(stereo, stereo_folder, networks):
    rng = np.random.default_rng(0)
    prompt = Audio(rng.uniform(-0.5, 0.5, (2, 12800)).astype(np.float32), 32000)
    sampling = Sampling(duration=0.8, temperature=0)
    clips = stereo.generate(PROMPTS[:2], sampling, audio_prompts=[prompt, None], progress=False)
    known = stereo.encode(prompt)
    np.testing.assert_array_equal(clips[0].codes[:, :20], known)
    expected = theirs(networks["stereo"], stereo_folder, PROMPTS[:1], 40, 3.0, known)[0]
    np.testing.assert_array_equal(clips[0].codes, expected)
    assert np.isnan(clips[0].record["entropy"][:, :20]).all() and not np.isnan(clips[0].record["entropy"][:, 20:]).any()


def test_windows_are_made_as_by_hand(stereo, stereo_folder, networks, monkeypatch):
    monkeypatch.setattr(model, "TRAINED_FRAMES", 75)
    samplings = [Sampling(duration=d, temperature=0, extend_stride=1) for d in (3, 1, 2)]
    clips = stereo.generate(PROMPTS[:3], samplings, progress=False)
    codes = theirs(networks["stereo"], stereo_folder, PROMPTS[:1], 75, 3.0)[0]
    for begin, end in ((50, 125), (100, 150)):
        window = theirs(networks["stereo"], stereo_folder, PROMPTS[:1], end - begin, 3.0, codes[:, begin:])[0]
        codes = np.concatenate([codes[:, :begin], window], axis=1)
    np.testing.assert_array_equal(clips[0].codes, codes)
    assert [clip.seams for clip in clips] == [(75, 125), (), (75,)]
    assert not any(np.isnan(clip.record["entropy"]).any() for clip in clips)


def pool():
    """Requests that differ in all that can differ."""
    rng = np.random.default_rng(0)
    sound = Audio(rng.uniform(-0.5, 0.5, (2, 6400)).astype(np.float32), 32000)
    rows = [
        ("a slow piano song", dict(duration=0.5), None),
        ("rock", dict(duration=0.3, guidance=1, top_k=0), None),
        (PROMPTS[2], dict(duration=0.9, top_p=0.8, seed=3), None),
        ("", dict(duration=0.4, temperature=1.5), None),
        ("rock", dict(duration=0.02, top_k=5), None),
        ("rock", dict(duration=0.7, temperature=0), sound),
        ("a slow piano song", dict(duration=2, extend_stride=1, guidance=7, seed=9), None),
        ("quiet", dict(duration=1.2, guidance=1, top_k=20, top_p=0.5), sound),
        # More words than a chunk: the others' texts are padded to two.
        ("drums and " * 40, dict(duration=0.4), None),
    ]
    return [Request(prompt, Sampling(**settings), audio) for prompt, settings, audio in rows]


@contextlib.contextmanager
def short_windows():
    """Let models generate 1.5 s in one go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "TRAINED_FRAMES", 75)
        yield


@pytest.fixture(scope="module")
def company(stereo_folder):
    """Models with different numbers of slots, the clips of the pool made alone, and where alone is kept."""
    models = {}
    for slots in (1, 2, 3, 5):
        models[slots] = load_musicgen(str(stereo_folder), device="cpu")
        models[slots].engine = engine_of(models[slots], slots)
    with short_windows():
        return models, [made(models[5], [request])[0] for request in pool()]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=9), st.sampled_from([1, 2, 3, 5]))
def test_a_clip_is_the_same_in_any_company_order_and_slot(company, order, slots):
    models, alone = company
    requests = pool()
    with short_windows():
        clips = made(models[slots], [requests[index] for index in order])
    for place, clip in clips.items():
        expected = alone[order[place]]
        np.testing.assert_array_equal(clip.codes, expected.codes)
        np.testing.assert_array_equal(clip.audio.samples, expected.audio.samples)
        for name, values in expected.record.items():
            np.testing.assert_array_equal(clip.record[name], values, err_msg=name)
        assert clip.seams == expected.seams


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_alone_is_among_others_in_every_number_format(fresh, dtype):
    model = fresh(dtype=dtype)
    together = made(model, pool())
    for index, request in enumerate(pool()):
        np.testing.assert_array_equal(made(model, [request])[0].codes, together[index].codes)


def test_a_shorter_clip_begins_a_longer_one_but_for_the_delay(stereo):
    short, long = (stereo.generate("rock", Sampling(duration=d), progress=False)[0].codes for d in (0.5, 1))
    np.testing.assert_array_equal(short[:, :22], long[:, :22])


def test_slots_are_recorded_and_do_not_depend_on_the_requests(fresh):
    model = fresh()
    assert [clip.slots for clip in made(model, pool()[:3]).values()] == [32] * 3


def test_stopping_keeps_what_is_finished(fresh):
    model, seen = fresh(2), []
    requests = [Request("rock", Sampling(duration=d)) for d in (1, 0.2, 0.8)]

    def watch(made, total):
        seen.append((made, total))
        return made > 1.7

    results = made(model, requests)
    stopped = dict(model.stream(requests, watch))
    assert set(stopped) == {2}
    np.testing.assert_array_equal(stopped[2].codes, results[2].codes)
    seconds = [made for made, _ in seen]
    assert seconds == sorted(seconds) and 0 <= seconds[0] < 0.1 and {total for _, total in seen} == {2.0}
    seen.clear()
    list(model.stream(requests, lambda made, total: seen.append((made, total))))
    assert seen[-1][0] == pytest.approx(2, abs=0.1)


def test_out_of_memory_halves_the_slots_and_marks_the_clips(fresh, monkeypatch):
    model = fresh(4)
    requests = [Request("rock", Sampling(duration=0.5, seed=seed)) for seed in range(6)]
    expected = made(model, requests)
    step = Batch.step

    def tight(batch):
        if batch.slots > 2 and batch.state["position"].max() > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        step(batch)

    monkeypatch.setattr(Batch, "step", tight)
    with pytest.warns(UserWarning, match="out of memory: continuing with 2 clips at a time"):
        results = made(model, requests)
    assert [results[index].halved for index in range(6)] == [True] * 4 + [False] * 2
    assert {clip.slots for clip in results.values()} == {2}
    for index, clip in results.items():
        np.testing.assert_array_equal(clip.codes, expected[index].codes)


def test_a_clip_too_large_for_memory_is_an_error_and_the_others_go_on(fresh, monkeypatch):
    model = fresh(1)
    admit = Batch.admit

    def tight(batch, clip):
        if clip.sampling.duration > 0.5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        admit(batch, clip)

    monkeypatch.setattr(Batch, "admit", tight)
    results = made(model, [Request("rock", Sampling(duration=d)) for d in (0.2, 0.6, 0.4)])
    assert isinstance(results[1], ModelError) and "out of memory with a single clip" in str(results[1])
    assert results[0].codes.shape == (8, 10) and results[2].codes.shape == (8, 20)


def test_other_errors_are_not_taken_for_memory(fresh, monkeypatch):
    def broken(batch):
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(Batch, "step", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        made(fresh(4), pool()[:2])


def test_record_is_of_the_guided_prediction_before_the_filters(stereo, networks, stereo_folder):
    """Against transformers' logits along the clip that was drawn."""
    clip = stereo.generate("rock", Sampling(duration=0.5, top_k=5, temperature=0.7), progress=False)[0]
    network = networks["stereo"]
    delays = np.arange(8) // 2
    columns = np.full((8, 29), 64)
    for book, delay in enumerate(delays):
        columns[book, delay + 1 : delay + 26] = clip.codes[book]
    with torch.inference_mode():
        text = network.enc_to_dec_proj(text_states(stereo.network, stereo.tokenizer, "rock"))[None]
        guided, plain = (
            network.decoder(input_ids=torch.tensor(columns), encoder_hidden_states=states).logits
            for states in (text, torch.zeros_like(text))
        )
    chances = torch.softmax(plain + 3 * (guided - plain), -1)
    distance = (chances - torch.softmax(plain, -1)).abs().sum(-1) / 2
    entropy = torch.special.entr(chances).sum(-1)
    for book, delay in enumerate(delays):
        steps = np.arange(25) + delay
        likely = chances[book, steps, clip.codes[book].astype(int)].log()
        for name, values in {
            "log_likelihood": likely,
            "entropy": entropy[book, steps],
            "distance": distance[book, steps],
        }.items():
            np.testing.assert_allclose(clip.record[name][book], values, atol=1e-4, err_msg=name)
    free = stereo.generate("rock", Sampling(duration=0.5, guidance=1), progress=False)[0]
    assert np.isnan(free.record["distance"]).all() and not np.isnan(free.record["entropy"]).any()


def test_captured_steps_are_the_same_steps(fresh, monkeypatch):
    """A GPU replays steps of all slots, whatever they hold; the recorder itself is stood in for."""
    model = fresh(3)
    expected = made(model, pool())

    stand_in(monkeypatch)
    model.engine.graphs = True
    for index, clip in made(model, pool()).items():
        np.testing.assert_array_equal(clip.codes, expected[index].codes)


def stand_in(monkeypatch):
    """Replay steps without a GPU; return the filters of every recording, as they come."""
    recordings = []

    class Recorded:
        def __init__(self, batch, *how):
            recordings.append(how[1])
            self.batch, self.how = batch, how

        def replay(self):
            self.batch._advance(0, self.batch.pad(2 * self.batch.slots), *self.how)

    monkeypatch.setattr(Batch, "_record_graph", lambda batch, *how: Recorded(batch, *how))
    return recordings


@pytest.mark.parametrize(
    "settings, recorded",
    [
        ([dict(top_k=k) for k in range(9, 17)], [(16, False)]),
        ([dict(top_k=k) for k in (33, 50, 63)], [(64, False)]),
        ([dict(top_k=1), dict(top_k=2)], [(1, False), (2, False)]),
        ([dict(top_k=0)], []),
        # A GPU's sums depend on how many there are: always all.
        ([dict(top_k=5, top_p=0.8), dict(top_k=0, top_p=0.5)], [(64, True)]),
    ],
)
def test_mixtures_of_filters_are_recorded_a_few_times_only(fresh, monkeypatch, settings, recorded):
    model = fresh(1)
    requests = [Request("rock", Sampling(duration=0.1, **more)) for more in settings]
    expected = made(model, requests)
    recordings = stand_in(monkeypatch)
    model.engine.graphs = True
    for index, clip in made(model, requests).items():
        np.testing.assert_array_equal(clip.codes, expected[index].codes)
    assert sorted((one.most, one.nucleus) for filters in recordings for one in filters) == recorded
    assert len(recordings) == max(len(recorded), 1)


def test_steps_are_recorded_on_the_engine_s_own_gpu(fresh, monkeypatch):
    """torch records on the current one; torch's own parts are stood in for."""
    model, current, recorded = fresh(2), [], []
    place = torch.device("cuda:1")

    @contextlib.contextmanager
    def device(one):
        current.append(one)
        yield
        current.pop()

    @contextlib.contextmanager
    def graph(one, pool=None, stream=None, capture_error_mode="global"):
        recorded.append((current[-1], stream, pool, capture_error_mode))
        yield

    class Graph:
        def replay(self):
            assert current == [place]

    fakes = dict(device=device, graph=graph, CUDAGraph=Graph)
    fakes |= dict(graph_pool_handle=lambda: "pool", Stream=lambda one: ("stream", one))
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    engine = model.engine
    batch = Batch(engine.resources(), 2, 5, 16)
    clip = Clip("", Sampling(duration=0.1), lambda: np.zeros((8, 0), np.int16), 1)
    clip.begin(8)
    batch.admit(clip)
    engine.device = place
    batch.resources = replace(batch.resources, device=place, graphs=True)
    batch.step()
    batch.step()
    assert recorded == [(place, ("stream", place), "pool", "thread_local")]


def test_transformers_is_as_it_was(stereo, stereo_folder, networks):
    """The engine reads the network's weights and changes none."""
    state = networks["stereo"].state_dict()
    for name, weight in stereo.network.state_dict().items():
        assert torch.equal(weight, state[name]), name


def test_the_codec_is_transformers(each):
    """Several clips at once, and each the same bits as alone."""
    codes = [torch.randint(0, 64, (each.codebooks, 30), generator=torch.Generator().manual_seed(s)) for s in range(5)]
    codec = each.network.audio_encoder
    for one, together in zip(codes, each._codec.decode(codes), strict=True):
        sides = one.reshape(-1, each.channels, 30).transpose(0, 1)
        with torch.inference_mode():
            expected = codec.decode(sides[None], [None]).audio_values[:, 0]
        torch.testing.assert_close(together, expected, atol=1e-5, rtol=1e-4)
        assert torch.equal(together, each._codec.decode([one])[0])


def test_a_dropped_model_is_freed(fresh):
    model = fresh()
    del model.engine
    assert model.engine.slots == 32
    gone = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_more_slots_than_at_first(fresh):
    model = fresh(2)
    expected = made(model, pool()[:3])
    model.engine.slots = 40
    for index, clip in made(model, pool()[:3] * 12).items():
        np.testing.assert_array_equal(clip.codes, expected[index % 3].codes)


def test_fewer_slots_take_fewer_rows_where_kernels_agree_on_no_number(fresh, monkeypatch):
    """A batch that another thread is at keeps its rows."""
    target = "mgeval.models.musicgen.engine.consistent_row_counts"
    monkeypatch.setattr(target, lambda products, rows, like: [-(-rows // 64) * 64])
    model = fresh(40)
    batch = Batch(model.engine.resources(), 40, 5, 16)
    model.engine.slots = 1
    assert (model.engine.pad(2), batch.pad(80)) == (64, 128)
    assert Batch(model.engine.resources(), 1, 5, 16).cache.keys.shape[1] < batch.cache.keys.shape[1]


def test_a_codec_error_is_one_clips(fresh, monkeypatch):
    model, decode = fresh(), None
    decode = model._decode

    def tight(codes):
        if any(one.shape[1] == 10 and (one == marked).all() for one in codes):
            raise RuntimeError("too much for the codec")
        return decode(codes)

    requests = [Request("rock", Sampling(duration=0.2, seed=seed)) for seed in range(4)]
    expected = made(model, requests)
    marked = expected[2].codes
    monkeypatch.setattr(model, "_decode", tight)
    results = made(model, requests)
    assert isinstance(results[2], RuntimeError)
    for index in (0, 1, 3):
        np.testing.assert_array_equal(results[index].audio.samples, expected[index].audio.samples)


def test_nan_stays_with_its_clip(fresh):
    model = fresh(2)
    requests = [Request(prompt, Sampling(duration=0.3)) for prompt in ("rock", "quiet", "jazz", "a song")]
    expected = made(model, requests)
    engine = model.engine
    states = engine.states
    engine.states = lambda prompt: states(prompt) * (np.nan if prompt == "quiet" else 1)
    engine._texts.clear()
    results = made(model, requests)
    assert isinstance(results[1], ModelError) and "NaN" in str(results[1])
    for index in (0, 2, 3):
        np.testing.assert_array_equal(results[index].codes, expected[index].codes)


def test_two_threads_may_share_a_model(fresh):
    model, results = fresh(3), [None, None]
    expected = made(model, pool()[:5])

    def work(place):
        results[place] = made(model, pool()[:5])

    threads = [threading.Thread(target=work, args=(place,)) for place in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in results:
        for index, clip in expected.items():
            np.testing.assert_array_equal(one[index].codes, clip.codes)


def test_memory_that_ends_with_one_large_clip_leaves_the_others(fresh, monkeypatch):
    model, begin = fresh(4), Batch.__init__

    def tight(batch, engine, slots, frames, words):
        if frames > 50:
            raise MemoryError("not enough memory")
        begin(batch, engine, slots, frames, words)

    monkeypatch.setattr(Batch, "__init__", tight)
    requests = [Request("rock", Sampling(duration=d)) for d in (0.1, 2, 0.2)]
    with pytest.warns(UserWarning, match="out of memory"):
        results = made(model, requests)
    assert isinstance(results[1], ModelError)
    assert results[0].codes.shape == (8, 5) and results[2].codes.shape == (8, 10)
    assert model.engine.slots >= 1


def test_memory_that_ends_with_one_long_prompt_leaves_the_others(fresh, monkeypatch):
    """Not the longest clip is to blame, and the others decode together again."""
    model, begin = fresh(4), Batch.__init__
    requests = [Request("rock", Sampling(duration=d)) for d in (0.5, 0.2, 0.4)]
    expected = made(model, requests)

    def tight(batch, engine, slots, frames, words):
        if words > 500:
            raise MemoryError("not enough memory")
        begin(batch, engine, slots, frames, words)

    monkeypatch.setattr(Batch, "__init__", tight)
    with pytest.warns(UserWarning, match="out of memory"):
        results = made(model, [*requests, Request("drums and " * 300, Sampling(duration=0.1))])
    assert isinstance(results[3], ModelError) and "try a shorter clip or prompt" in str(results[3])
    for index, clip in expected.items():
        np.testing.assert_array_equal(results[index].codes, clip.codes)
        assert results[index].slots == 4


def test_a_prompt_of_too_many_words_is_an_error_and_the_others_do_not_wait_for_it(fresh, melody, monkeypatch):
    model, endless = fresh(4), "drums " * 30_000
    monkeypatch.setattr(decoder, "free_memory", lambda: 10**8)
    results = made(model, [Request(prompt, Sampling(duration=0.1)) for prompt in (*PROMPTS[:3], endless)])
    assert [results[index].codes.shape for index in range(3)] == [(8, 5)] * 3
    said = r"a prompt can have at most 1024 tokens, got 3000\d: shorten it"
    for error in (results[3], made(melody, [Request(endless, Sampling(duration=0.1))])[0]):
        assert isinstance(error, ModelError) and re.fullmatch(said, str(error))
    assert model.engine.slots == 4


def test_a_processor_does_not_take_memory_that_it_has_not(fresh, monkeypatch):
    """Linux would give it, and kill the process later."""
    model = fresh(8)
    requests = [Request("rock", Sampling(duration=0.5, seed=seed)) for seed in range(8)]
    expected = made(model, requests)
    cache = Cache(model.engine.decoder, 16, 8, 32, 16)
    size = 2 * (cache.keys.nbytes + cache.text_keys.nbytes)
    monkeypatch.setattr(decoder, "free_memory", lambda: size * 2 // 3)
    with pytest.warns(UserWarning, match="continuing with 4 clips at a time: the cache of 8 clips takes"):
        results = made(model, requests)
    assert [(clip.slots, clip.halved) for clip in results.values()] == [(4, False)] * 8
    for index, clip in results.items():
        np.testing.assert_array_equal(clip.codes, expected[index].codes)


def test_slots_are_those_of_the_batch_that_made_the_clip(fresh):
    """Another thread may halve the engine's meanwhile."""
    model = fresh(4)

    def watch(made, total):
        model.engine.slots = 2

    clips = dict(model.stream([Request("rock", Sampling(duration=0.2))], watch))
    assert clips[0].slots == 4
