"""``vggish``: AudioSet's VGG, the embedder of most published Frechet distances."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mgeval.audio import Audio
from mgeval.embed.base import Embedder, check_clips, mono_at
from mgeval.embed.checks import check_audio
from mgeval.embed.clap.laion_weights import read_tensors
from mgeval.errors import ModelError, first_line
from mgeval.hub import local_folder, weights_hash

FORMS = ("vggish", "vggish:FILE")
"""How its embedders are called."""

URL = "https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth"
"""Google's weights, ported by torchvggish; the number is the beginning of the file's SHA-256."""

RATE = 16000
FRAME, HOP, FFT = 400, 160, 512
"""Length and distance of the frames of the spectrogram, and length with zero padding, in samples: 25 ms and 10 ms."""

BANDS = 64
LOWEST, HIGHEST = 125.0, 7500.0
"""Hz: edges of the lowest and the highest band."""

OFFSET = 0.01
"""Added to the magnitude of a band before the logarithm."""

FRAMES = 96
"""Frames of a window: 0.96 s."""

SHORTEST = 1.0
"""Seconds to which shorter clips are padded with silence, as in fadtk."""

CONVOLUTIONS = {0: True, 3: True, 6: False, 8: True, 11: False, 13: True}
"""Indices of the convolutions in torchvggish's ``features``, and whether pooling follows."""

BATCH = 16


class Vggish(Embedder):
    """VGGish (Hershey et al., ICASSP 2017), its raw 128 outputs: no PCA, no quantising, no last ReLU.

    As in fadtk: 16 kHz, mean of the channels, consecutive windows of 0.96 s, the remainder at the end ignored,
    clips under 1 s padded with silence. Unlike in fadtk, clips are not rounded to 16 bits and
    rows not to float16.

    Parameters
    ----------
    file : pathlib.Path
        torchvggish's weights.

    Raises
    ------
    ModelError
        The file holds other weights or is damaged, or the network does not distinguish sounds.
    """

    def __init__(self, file: Path) -> None:
        self.tensors = {name: value.float() for name, value in read_tensors(file).items()}
        numbers = [f"features.{i}" for i in CONVOLUTIONS] + [f"embeddings.{i}" for i in (0, 2, 4)]
        names = {f"{layer}.{part}" for layer in numbers for part in ("weight", "bias")}
        if absent := sorted(names - set(self.tensors)):
            raise ModelError(f"{file}: not torchvggish's weights, {len(absent)} are missing, such as {absent[0]}")
        self.id = f"vggish@{weights_hash([file])}"
        self.rate, self.dim = RATE, len(self.tensors["embeddings.4.bias"])
        self.recipe = "16 kHz, mono mean, windows of 0.96 s every 0.96 s, no PCA, last ReLU removed"
        self.filters = mel_filters()
        check_audio(self, file)

    def audio(self, clips: Sequence[Audio]) -> list[np.ndarray]:
        """Embed clips: for each float32 ``(windows, 128)``; see `Embedder.audio`."""
        return [self._clip(clip) for clip in check_clips(clips)]

    def _clip(self, clip: Audio) -> np.ndarray:
        import torch

        x = mono_at(clip, RATE)
        x = np.pad(x, (0, max(0, round(SHORTEST * RATE) - len(x))))
        mel = log_mel(x, self.filters)
        windows = torch.from_numpy(mel[: len(mel) // FRAMES * FRAMES].reshape(-1, 1, FRAMES, BANDS))
        with torch.inference_mode():
            return torch.cat([self._network(windows[i : i + BATCH]) for i in range(0, len(windows), BATCH)]).numpy()

    def _network(self, x: Any) -> Any:
        from torch.nn import functional

        for number, pooled in CONVOLUTIONS.items():
            weight, bias = (self.tensors[f"features.{number}.{part}"] for part in ("weight", "bias"))
            x = functional.relu(functional.conv2d(x, weight, bias, padding=1))
            x = functional.max_pool2d(x, 2) if pooled else x
        # The weights were trained with TensorFlow's order of axes.
        x = x.permute(0, 2, 3, 1).flatten(1)
        for number in (0, 2, 4):
            weight, bias = (self.tensors[f"embeddings.{number}.{part}"] for part in ("weight", "bias"))
            x = functional.linear(x, weight, bias)
            x = functional.relu(x) if number < 4 else x
        return x


def log_mel(x: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """Return VGGish's log-mel spectrogram: ln(mel magnitude + 0.01), natural logarithm.

    Periodic Hann frames of 25 ms every 10 ms, none past the ends; magnitudes, not powers.

    Parameters
    ----------
    x : numpy.ndarray
        ``(time,)`` at 16 kHz, at least one frame long.
    filters : numpy.ndarray
        `mel_filters`.

    Returns
    -------
    numpy.ndarray
        float32 ``(frames, 64)``.
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(x, np.float64), FRAME)[::HOP]
    magnitude = np.abs(np.fft.rfft(frames * hann, FFT, axis=1))
    return np.log(magnitude @ filters + OFFSET).astype(np.float32)


def mel_filters() -> np.ndarray:
    """Return triangular filters of unit height on the mel axis 1127 ln(1 + f/700), ``(257, 64)``.

    The edges of the whole band are 125 Hz and 7.5 kHz; the bin at 0 Hz belongs to no filter.
    """
    hertz = np.fft.rfftfreq(FFT, 1 / RATE)
    mel = 1127 * np.log1p(hertz / 700)[:, None]
    first, last = 1127 * np.log1p(np.array([LOWEST, HIGHEST]) / 700)
    edges = np.linspace(first, last, BANDS + 2)
    rising = (mel - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - mel) / np.diff(edges)[1:]
    filters = np.maximum(0, np.minimum(rising, falling))
    filters[0] = 0
    return filters


def load_vggish(name: str, revision: str | None = None) -> Vggish:
    """Load ``vggish``, from torch.hub's cache or torchvggish's release, or ``vggish:FILE``.

    Raises
    ------
    ModelError
        The file does not exist, or the release cannot be downloaded.
    """
    path = name.removeprefix("vggish").removeprefix(":")
    file = local_folder(path) if path else _download_published()
    if file is None or not file.is_file():
        raise ModelError(f"{name}: no such file; torchvggish publishes it at {URL}")
    return Vggish(file)


def _download_published() -> Path:
    import torch

    file = Path(torch.hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        print(f"vggish: downloading 289 MB to {file.parent}", file=sys.stderr)
        try:
            torch.hub.download_url_to_file(URL, str(file), hash_prefix="10086976", progress=False)
        # The exceptions for a dead network depend on the HTTP client.
        except Exception as error:
            raise ModelError(
                f"vggish: cannot download {URL} ({first_line(error)}); copy the file here and load 'vggish:FILE'"
            ) from None
    return file
