"""The procedural composer as a model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from mgeval.errors import ModelError
from mgeval.models.base import Generated, Model, Request
from mgeval.models.kinds import ModelKind
from mgeval.models.sampling import FRAME_RATE
from mgeval.synth import VERSION, compose, parse


class Composer(Model):
    """`mgeval.synth` as a model: it plays exactly what the prompt says, in a tenth of a second.

    It is a positive control: a metric that cannot distinguish its wide clips from its narrow ones, or clips of
    different prompts, is broken. Duration and seed act as in any model, and a shorter clip is the
    beginning of a longer one of the same prompt and seed. Temperature, top_k, top_p, guidance and
    extend_stride are ignored, because the composer samples nothing.
    """

    name = "synth"
    revision = VERSION
    device = "cpu"
    dtype = "float32"
    rate = 32000

    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Generated | Exception]]:
        """Yield the clips in the order of the requests; a request with audio yields a `ModelError`."""
        for index, request in enumerate(requests):
            yield index, self._generate(request)

    def _generate(self, request: Request) -> Generated | ModelError:
        for name in ("audio_prompt", "melody"):
            if getattr(request, name) is not None:
                return ModelError(
                    f"the composer 'synth' takes text only and cannot use the {name}: leave it out, or load "
                    "facebook/musicgen-stereo-melody for melodies and any MusicGen checkpoint for audio prompts"
                )
        started, start = time.time(), time.perf_counter()
        spec = replace(parse(request.prompt), duration=request.sampling.frames / FRAME_RATE)
        audio, _ = compose(spec, request.sampling.seed)
        return Generated(audio, seconds=time.perf_counter() - start, started=started)


KIND = ModelKind(
    name="synth",
    load=lambda name, device, dtype, revision: Composer(),
    revision=lambda name: Composer.revision,
    meaning="the built-in composer, no weights",
    settings=("duration",),
)
