"""Files that other programs wrote or damaged: read completely, or an error with the reason, never read in part."""

import numpy as np
import pytest
import soundfile
from signals import RATE, noise

import mgeval as mg
from mgeval.audio import encode_audio
from mgeval.audio.containers import _mpeg_frames, mpeg_samples

CLIP = mg.Audio(np.stack([noise(2.0, 1), noise(2.0, 2)]), RATE)


def load(tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    return mg.load_audio(tmp_path / name)


def test_the_frames_of_an_mp3_are_counted():
    data = encode_audio(CLIP, ".mp3")
    frames = _mpeg_frames(data)
    assert frames[0][0] == 0 and frames[-1][0] + frames[-1][1] == len(data)
    assert 0 <= mpeg_samples(data) - 2 * RATE <= 3 * 1152


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_mp3_at_every_version_of_the_format(tmp_path, rate):
    clip = CLIP.resample(rate)
    again = load(tmp_path, encode_audio(clip, ".mp3"), "a.mp3")
    assert again.rate == rate and again.duration == pytest.approx(2.0, abs=0.01)


def test_an_mp3_that_hides_its_length_is_refused_not_read_short(tmp_path):
    data = encode_audio(CLIP, ".mp3")
    with pytest.raises(mg.AudioError, match="varying bit rate that does not state its length"):
        load(tmp_path, data[_mpeg_frames(data)[0][1] :], "a.mp3")


def test_an_mp3_that_overstates_its_length_is_read(tmp_path):
    # Silence first, so that the length estimated from the bit rate of the first frame is far too long.
    clip = mg.Audio(np.concatenate([np.zeros((2, 5 * RATE)), CLIP.samples], axis=1), RATE)
    data = encode_audio(clip, ".mp3")
    assert load(tmp_path, data[_mpeg_frames(data)[0][1] :], "a.mp3").duration == pytest.approx(7, abs=0.2)


def test_an_id3_tag_before_the_frames(tmp_path):
    tag = b"ID3\x03\x00\x00\x00\x00\x01\x00" + bytes(128)
    data = tag + encode_audio(CLIP, ".mp3")
    assert load(tmp_path, data, "a.mp3").duration == pytest.approx(2, abs=0.01)
    with pytest.raises(mg.AudioError, match="missing|it holds .* bytes"):
        load(tmp_path, data[:-300], "a.mp3")


def test_damaged_and_chained_ogg(tmp_path):
    data = encode_audio(CLIP, ".ogg")
    with pytest.raises(mg.AudioError, match="truncated or damaged|not an intact"):
        load(tmp_path, data[:8000] + bytes(1500) + data[9500:], "a.ogg")
    with pytest.raises(mg.AudioError, match="several Ogg streams"):
        load(tmp_path, data + data, "a.ogg")


def test_a_wav_with_other_chunks_of_odd_length(tmp_path):
    data = encode_audio(CLIP, ".wav")
    place = data.index(b"data")
    padded = data[:place] + b"note\x03\x00\x00\x00abc\x00" + data[place:]
    assert load(tmp_path, padded, "a.wav").duration == 2
    with pytest.raises(mg.AudioError, match="it holds .* bytes of audio"):
        load(tmp_path, padded[:-100], "a.wav")


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
def test_every_kind_of_wav(tmp_path, kind, subtype):
    soundfile.write(tmp_path / "a.wav", CLIP.samples.T, RATE, format=kind, subtype=subtype)
    assert np.abs(mg.load_audio(tmp_path / "a.wav").samples - CLIP.samples).max() < 2.0**-6


@pytest.mark.parametrize("kind", ["AIFF", "AU", "CAF", "W64", "RF64"])
def test_containers_whose_length_is_not_checked_are_refused(tmp_path, kind):
    soundfile.write(tmp_path / "a.x", CLIP.samples.T, RATE, format=kind)
    with pytest.raises(mg.AudioError, match="convert it to"):
        mg.load_audio(tmp_path / "a.x")


def test_a_flac_of_unknown_length(tmp_path):
    data = bytearray(encode_audio(CLIP, ".flac"))
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    with pytest.raises(mg.AudioError, match=r"does not state its length|not an intact"):
        load(tmp_path, bytes(data), "a.flac")


@pytest.mark.parametrize(
    "comment", ["mgeval gain 0", "mgeval gain -2", "mgeval gain 3", "mgeval gain 1e39", "mgeval gain x"]
)
def test_a_foreign_comment_is_no_gain(tmp_path, comment):
    with soundfile.SoundFile(tmp_path / "a.flac", "w", RATE, 2) as file:
        file.comment = comment
        file.write(CLIP.samples.T)
    assert mg.load_audio(tmp_path / "a.flac").peak == pytest.approx(CLIP.peak, abs=1e-3)


@pytest.mark.parametrize("samples", [48000, 96000, 96480, 96100, 96950])
def test_the_end_of_an_opus_file_is_clean(tmp_path, samples):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(samples) / 48000)
    again = load(tmp_path, encode_audio(mg.Audio(tone, 48000), ".opus"), "a.opus").samples[0]
    assert 0 <= len(again) - samples < 960
    assert np.abs(again[:samples] - tone).max() < 0.1 and np.abs(again[samples:]).max(initial=0) < 0.1


def test_long_files_are_written_in_blocks(tmp_path):
    clip = mg.Audio(np.stack([noise(5.0, 1), noise(5.0, 2)]), RATE)
    assert clip.samples.shape[1] > 2 * 65536
    assert np.abs(load(tmp_path, encode_audio(clip, ".flac"), "a.flac").samples - clip.samples).max() <= 2.0**-23
