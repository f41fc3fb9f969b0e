"""The interface of a model: a name, a revision, and a stream of clips."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mgeval.audio import Audio
from mgeval.errors import ModelError
from mgeval.models.sampling import Sampling


def no_codes() -> np.ndarray:
    """Return the codes of a clip without a codec: int16 of shape ``(0, 0)``."""
    return np.zeros((0, 0), np.int16)


@dataclass(frozen=True, eq=False)
class Request:
    """One clip to generate."""

    prompt: str
    sampling: Sampling
    audio_prompt: Audio | None = None
    melody: Audio | None = None


@dataclass(frozen=True, eq=False)
class Generated:
    """One clip from a model.

    Parameters
    ----------
    audio : Audio
        The clip.
    codes : numpy.ndarray
        The codec's codes, int16 ``(codebooks, frames)``; in a stereo model even rows are left and
        odd rows right. ``(0, 0)`` where the model has no codec.
    seconds : float
        Wall time in seconds; for clips that were generated together, this clip's share.
    record : dict of str to numpy.ndarray
        Statistics of the decoder's prediction for each code, float32 ``(codebooks, frames)``; NaN for codes that
        came from an audio prompt. ``log_likelihood`` of the code and ``entropy``, in nats, of the guided prediction
        before temperature and filters; ``distance``, the total variation between the guided and the
        unguided prediction, 0 to 1, NaN without guidance. Empty if the model records none.
    seams : tuple of int
        Frames at which a further window begins; empty for a clip of a single window.
    slots : int
        Most clips that decoded together; 0 if the model does not batch clips.
    halved : bool
        Whether memory ran out and the clip was generated again with fewer slots.
    started : float
        Start of its generation, in seconds of Unix time; NaN if unknown.
    """

    audio: Audio
    codes: np.ndarray = field(default_factory=no_codes)
    seconds: float = float("nan")
    record: dict[str, np.ndarray] = field(default_factory=dict)
    seams: tuple[int, ...] = ()
    slots: int = 0
    halved: bool = False
    started: float = float("nan")


class Model(ABC):
    """A loaded model, as `mgeval.load_model` returns it.

    Attributes
    ----------
    name : str
        The name given to `mgeval.load_model`.
    revision : str
        Identifies this version of the model: a commit on the hub, or a hash of the files in a folder.
    device, dtype : str
        Device and number format of its computations.
    rate : int
        Samples per second of its clips, in Hz.
    threads : int
        CPU threads; another number can change the last digits. 0 if it does not matter.
    """

    name: str
    revision: str
    device: str = "cpu"
    dtype: str = "float32"
    rate: int = 32000
    threads: int = 0

    @abstractmethod
    def stream(self, requests: Sequence[Request]) -> Iterator[tuple[int, Generated | Exception]]:
        """Yield each clip as soon as it is finished, with the index of its request.

        A request that fails yields its error and does not stop the others.
        """

    def generate(
        self,
        prompts: str | Sequence[str],
        samplings: Sampling | Sequence[Sampling],
        audio_prompts: Sequence[Audio | None] | None = None,
        melodies: Sequence[Audio | None] | None = None,
        progress: bool = True,
    ) -> list[Generated]:
        """Generate one clip per prompt.

        Parameters
        ----------
        prompts : str or sequence of str
            Texts; the empty text generates unconditionally.
        samplings : Sampling or sequence of Sampling
            One for all, or one per prompt.
        audio_prompts : sequence of Audio or None, optional
            Clips to continue, one per prompt; the result begins with them.
        melodies : sequence of Audio or None, optional
            Melodies to follow, one per prompt; for melody checkpoints only.
        progress : bool
            Show a progress bar with the remaining time.

        Returns
        -------
        list of Generated
            In the order of the prompts.

        Raises
        ------
        ModelError
            The lists differ in length, or a clip failed.
        """
        requests = pair_requests(prompts, samplings, audio_prompts, melodies)
        done: dict[int, Generated] = {}
        for index, result in with_progress(self.stream(requests), len(requests), progress):
            if isinstance(result, Exception):
                raise result
            done[index] = result
        return [done[index] for index in range(len(requests))]


def pair_requests(
    prompts: str | Sequence[str],
    samplings: Sampling | Sequence[Sampling],
    audio_prompts: Sequence[Audio | None] | None = None,
    melodies: Sequence[Audio | None] | None = None,
) -> list[Request]:
    """Return one request per prompt from the arguments of `Model.generate`.

    Raises
    ------
    ModelError
        An argument has the wrong length, or a prompt is not a text.
    """
    prompts = [prompts] if isinstance(prompts, str) else list(prompts)
    if isinstance(samplings, Sampling):
        samplings = [samplings] * len(prompts)
    columns = {"samplings": samplings, "audio_prompts": audio_prompts, "melodies": melodies}
    full = {name: [None] * len(prompts) if column is None else list(column) for name, column in columns.items()}
    for name, column in full.items():
        if len(column) != len(prompts):
            raise ModelError(f"{len(prompts)} prompts but {len(column)} {name}: give one per prompt")
    for prompt in prompts:
        if not isinstance(prompt, str):
            raise ModelError(f"a prompt must be a text ('' generates unconditionally), got {prompt!r}")
    return [Request(*row) for row in zip(prompts, *full.values(), strict=True)]


def with_progress(stream: Iterator, total: int, progress: bool) -> Iterator:
    """Show a progress bar with the remaining time while a stream of clips is consumed."""
    from tqdm.auto import tqdm

    return tqdm(stream, desc="generating", total=total, unit="clip", disable=not progress)
