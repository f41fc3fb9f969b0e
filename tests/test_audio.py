"""Audio files: round trips, and every kind of invalid file."""

import numpy as np
import pytest
import soundfile
from signals import RATE, noise, tone

import mgeval as mg
from mgeval.audio import FORMATS, encode_audio, storage_gain


@pytest.fixture
def clip():
    return mg.Audio(np.stack([tone(1.0, 440, 0.5), tone(1.0, 550, 0.25)]), RATE)


def test_audio_knows_its_shape(clip):
    assert (clip.channels, clip.duration, clip.rate) == (2, 1.0, RATE)
    assert clip.samples.dtype == np.float32 and not clip.samples.flags.writeable
    assert mg.Audio(tone(0.5), RATE).samples.shape == (1, RATE // 2)
    assert repr(clip) == "Audio(stereo, 1.00 s, 32000 Hz)"


def test_audio_does_not_share_memory_with_its_source():
    source = np.zeros((1, 4), np.float32)
    clip = mg.Audio(source, RATE)
    source[:] = 1
    assert clip.peak == 0


def test_mono_is_the_mean(clip):
    assert np.allclose(clip.mono().samples[0], clip.samples.mean(axis=0))
    assert clip.mono().channels == 1 and clip.mono().mono().samples.shape == (1, RATE)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (np.zeros((3, 10)), "shape"),
        (np.zeros((10, 2)), "shape"),
        (np.zeros((2, 0)), "no samples"),
        (np.array([0.0, np.nan]), "1 of 2 samples are NaN or Inf"),
        (np.array([1e300]), "NaN or Inf"),
        (np.zeros(4, np.int16), "divide by 32768"),
        (np.array(["x"]), "floating point"),
    ],
)
def test_wrong_samples(samples, reason):
    with pytest.raises(mg.AudioError, match=reason):
        mg.Audio(samples, RATE)


@pytest.mark.parametrize("rate", [0, -1, 0.5, True])
def test_wrong_rates(rate):
    with pytest.raises(mg.AudioError, match="rate"):
        mg.Audio(np.zeros(4), rate)


@pytest.mark.parametrize("ending", [".wav", ".flac"])
@pytest.mark.parametrize("peak", [1e-3, 0.5, 1.0, 1.7, 31.0])
def test_lossless_round_trip_even_beyond_full_scale(tmp_path, clip, ending, peak):
    loud = mg.Audio(clip.samples * np.float32(peak / clip.peak), RATE)
    again = mg.load_audio(mg.save_audio(loud, tmp_path / f"clip{ending}"))
    assert again.rate == RATE and again.samples.shape == loud.samples.shape
    step = 0 if ending == ".wav" else storage_gain(peak) * 2.0**-23
    assert np.abs(again.samples - loud.samples).max() <= step


@pytest.mark.parametrize("ending", [".mp3", ".ogg", ".opus"])
@pytest.mark.parametrize("peak", [0.5, 1.7])
def test_lossy_round_trip_keeps_level_and_length(tmp_path, clip, ending, peak):
    loud = mg.Audio(clip.samples * np.float32(peak / clip.peak), RATE)
    again = mg.load_audio(mg.save_audio(loud, tmp_path / f"clip{ending}"))
    assert again.rate == (48000 if ending == ".opus" else RATE)
    # Opus files end with up to 20 ms of silence.
    assert 1.0 <= again.duration <= 1.02
    inner = again.resample(RATE).slice(0.1, 0.9).samples
    assert np.abs(inner).max() == pytest.approx(peak, rel=0.05)


def test_encoding_is_deterministic(clip):
    assert encode_audio(clip, ".flac") == encode_audio(clip, ".flac")


def test_the_storage_gain_is_the_smallest_power_of_two_that_fits():
    assert [storage_gain(peak) for peak in (0, 0.99, 1.0, 1.5, 2.0, 3.9)] == [1, 1, 2, 2, 4, 4]


def test_resampling_keeps_a_tone():
    clip = mg.Audio(tone(1.0, 1000), RATE).resample(48000)
    assert clip.rate == 48000 and clip.duration == pytest.approx(1.0, abs=1e-4)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    assert np.abs(clip.samples[0, 2400:-2400] - expected[2400:-2400]).max() < 1e-4


def test_slices(clip):
    assert clip.slice(0.25, 0.5).duration == pytest.approx(0.25)
    assert clip.slice(0.5, 99).duration == pytest.approx(0.5)
    with pytest.raises(mg.AudioError, match="between 2 s and 3 s"):
        clip.slice(2, 3)


def test_saving_leaves_nothing_half_written(tmp_path, clip):
    with pytest.raises(mg.AudioError, match=r"clip\.xyz.*valid: \.wav"):
        mg.save_audio(clip, tmp_path / "clip.xyz")
    with pytest.raises(mg.AudioError, match="96001 Hz"):
        mg.save_audio(mg.Audio(clip.samples, 96001), tmp_path / "clip.mp3")
    assert list(tmp_path.iterdir()) == []


def wrong_file(path, kind):
    good = mg.Audio(np.stack([noise(2.0, 1), noise(2.0, 2)]), RATE)
    if kind == "missing":
        return path / "missing.wav", "no such file"
    if kind == "folder":
        return path, "is a folder"
    if kind == "empty":
        (path / "empty.wav").write_bytes(b"")
        return path / "empty.wav", "the file is empty"
    if kind == "text":
        (path / "text.wav").write_text("this is no audio at all")
        return path / "text.wav", "not an intact audio file"
    if kind == "no samples":
        soundfile.write(path / "none.wav", np.zeros((0, 2)), RATE)
        return path / "none.wav", "no samples"
    if kind == "nan":
        soundfile.write(path / "nan.wav", np.full((10, 2), np.nan), RATE, subtype="FLOAT")
        return path / "nan.wav", "20 of 20 samples are NaN or Inf"
    if kind == "surround":
        soundfile.write(path / "six.wav", np.zeros((10, 6)), RATE)
        return path / "six.wav", "6 channels"
    ending, share = kind.split()
    file = path / f"cut{ending}"
    whole = encode_audio(good, ending)
    file.write_bytes(whole[: int(len(whole) * float(share))])
    return file, "truncated|not an intact"


KINDS = ["missing", "folder", "empty", "text", "no samples", "nan", "surround"]
KINDS += [f"{ending} {share}" for ending in FORMATS for share in (0.02, 0.5, 0.95)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_file_is_named_with_the_reason(tmp_path, kind):
    path, reason = wrong_file(tmp_path, kind)
    with pytest.raises(mg.AudioError, match=reason) as caught:
        mg.load_audio(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_streamed_wav_of_unknown_length_is_read(tmp_path, clip):
    data = bytearray(encode_audio(clip, ".wav"))
    position = data.index(b"data") + 4
    data[position : position + 4] = b"\xff\xff\xff\xff"
    data[4:8] = b"\xff\xff\xff\xff"
    (tmp_path / "pipe.wav").write_bytes(data)
    assert mg.load_audio(tmp_path / "pipe.wav").duration == pytest.approx(1.0, abs=0.01)


def test_the_real_clips_load(real_clips):
    clips = [mg.load_audio(path) for path in sorted(real_clips.glob("*.opus"))]
    assert len(clips) == 23
    assert sorted(clip.channels for clip in clips) == [1] * 16 + [2] * 7
    assert all(clip.duration == pytest.approx(10, abs=0.1) for clip in clips)
