"""Plain implementations of other tools' distances, after their sources: plain arrays, one file at a time.

``hear`` stands for the tool's model: samples ``(time,)`` at its rate to vectors ``(windows, dim)``. All resample with
soxr, although fadtk uses torchaudio, audiocraft uses julius, and Google's program does not resample.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr
from scipy import linalg


def distance(mu_1, cov_1, mu_2, cov_2):
    """fadtk/fad.py `calc_frechet_distance`: the root by the eigenvectors of the product."""
    values, directions = linalg.eig(cov_1 @ cov_2)
    root = directions @ np.diag(np.sqrt(values.astype(complex))) @ linalg.inv(directions)
    shift = mu_1 - mu_2
    return float(shift @ shift + np.trace(cov_1) + np.trace(cov_2) - 2 * np.trace(root).real)


def fadtk_vectors(x, rate, model_rate, hear):
    """fadtk/fad.py `load_audio`, fadtk/model_loader.py `CLAPLaionModel`."""
    mono = soxr.resample(x.mean(axis=0), rate, model_rate, quality="VHQ")
    file = io.BytesIO()
    soundfile.write(file, mono, model_rate, subtype="PCM_16", format="WAV")
    file.seek(0)
    read, _ = soundfile.read(file, dtype="int16")
    wave = read / 32768.0
    wave = ((np.clip(wave, -1.0, 1.0) * 32767.0).astype(np.int16) / 32767.0).astype(np.float32)
    found = []
    for start in range(0, len(wave), model_rate):
        part = wave[start : start + 10 * model_rate]
        found.append(hear(np.concatenate([part, np.zeros(10 * model_rate - len(part), np.float32)])))
    return np.concatenate(found).astype(np.float16)


def fadtk_stats(files):
    """fadtk/utils.py `calculate_embd_statistics_online`: files of halves merged one by one."""
    total, mu, scatter = 0, 0.0, 0.0
    for file in files:
        own, count = file.mean(axis=0), len(file)
        delta = own - mu
        mu = mu + count / (total + count) * delta
        scatter = scatter + np.cov(file, rowvar=False) * (count - 1)
        scatter = scatter + np.outer(delta, delta) * total * count / (total + count)
        total += count
    return mu, scatter / (total - 1)


def fadtk(clips, reference, rate, model_rate, hear):
    sides = [fadtk_stats([fadtk_vectors(x, rate, model_rate, hear) for x in side]) for side in (reference, clips)]
    return distance(*sides[0], *sides[1])


def audiocraft_vectors(x, rate, model_rate, hear):
    """audiocraft/metrics/fad.py `update`, data/audio_utils.py `normalize_audio`, `i16_pcm`; audioset_model.py."""
    mono = np.stack([soxr.resample(row, rate, model_rate, quality="VHQ") for row in x]).mean(axis=0)
    mono = mono * (10 ** (-1 / 20) / np.abs(mono).max())
    whole = np.round(mono * 2**15)
    samples = whole.astype(np.int16).astype(np.float64)
    samples /= np.maximum(0.1, np.amax(samples))
    second = model_rate
    return [hear(samples[i : i + second]) for i in range(0, len(samples) - second + 1, second // 2)]


def audiocraft(clips, reference, rate, model_rate, hear):
    sides = []
    for side in (clips, reference):
        rows = np.concatenate([v for x in side for v in audiocraft_vectors(x, rate, model_rate, hear)])
        mu = rows.sum(axis=0) / len(rows)
        # Google's create_embeddings_beam.py sums squares and takes the mean off at the end.
        sides += [mu, rows.T @ rows / (len(rows) - 1) - np.outer(mu, mu) * len(rows) / (len(rows) - 1)]
    return distance(*sides)


def stable_audio_vectors(x, rate, model_rate, hear, stereo):
    """stable-audio-metrics src/openl3_fd.py `extract_embeddings`; openl3/core.py centres and pads."""
    x = x if stereo else x.mean(axis=0, keepdims=True)
    x = 10 ** (-1.0 / 20) / np.abs(x).max() * x
    found = []
    for row in x:
        wave = np.pad(soxr.resample(row, rate, model_rate, quality="VHQ"), (model_rate // 2, 0))
        hop = model_rate // 2
        beyond = len(wave) - model_rate
        missing = int(np.ceil(beyond / hop)) * hop - beyond if beyond >= 0 else -beyond
        wave = np.pad(wave, (0, missing))
        found.append(
            np.concatenate([hear(wave[i : i + model_rate]) for i in range(0, len(wave) - model_rate + 1, hop)])
        )
    return np.concatenate(found, axis=1)


def stable_audio(clips, reference, rate, model_rate, hear, stereo=False):
    sides = []
    for side in (clips, reference):
        rows = np.concatenate([stable_audio_vectors(x, rate, model_rate, hear, stereo) for x in side])
        sides += [rows.mean(axis=0), np.cov(rows, rowvar=False)]
    return distance(*sides)


def repeat_pad(x, samples):
    """laion_clap/training/data.py `get_audio_features`, "repeatpad"."""
    x = np.concatenate([x] * int(samples / len(x)))
    return np.concatenate([x, np.zeros(samples - len(x), x.dtype)])


def cosine(a, b):
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def audiocraft_score(x, rate, text, model_rate, hear):
    """audiocraft/metrics/clap_consistency.py; no round trip, as it is given tensors."""
    wave = np.stack([soxr.resample(row, rate, model_rate, quality="VHQ") for row in x]).mean(axis=0)
    return cosine(hear(repeat_pad(wave, 10 * model_rate))[0], text)


def stable_audio_score(x, rate, text, model_rate, hear):
    """stable-audio-metrics src/clap_score.py."""
    wave = soxr.resample(x.mean(axis=0), rate, model_rate, quality="VHQ")
    wave = 10 ** (-1.0 / 20) / np.abs(wave).max() * wave
    wave = ((np.clip(wave, -1.0, 1.0) * 32767.0).astype(np.int16) / 32767.0).astype(np.float32)
    return cosine(hear(repeat_pad(wave, 10 * model_rate))[0], text)
