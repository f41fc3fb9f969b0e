"""What a clip of MusicGen-stereo-small costs on this machine: its full-size architecture, random weights.

    python benchmarks/generate.py

Speed does not depend on the values of the weights, so none are downloaded. Prints the seconds of
computing per second of audio for each number format, medians of 3 clips, and ends with one line of
JSON.
"""

from __future__ import annotations

import json
import resource
import statistics

from mgeval.models import Sampling
from mgeval.models.devices import pick_device
from mgeval.models.musicgen import MusicGen

CLIP = 2.0
RUNS = 3


class Words:
    """Stands in for the T5 tokenizer: one id per word, the text tower does not mind which."""

    def __call__(self, texts: list[str], return_tensors: str):
        import torch
        from transformers import BatchEncoding

        ids = torch.tensor([[3 + len(word) for word in texts[0].split()] + [1]])
        return BatchEncoding({"input_ids": ids, "attention_mask": torch.ones_like(ids)})


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


def seconds_per_second(dtype: str, device: str) -> tuple[float, int]:
    """Return the median cost of a second of audio, and the decoder's number of parameters."""
    whole = network(dtype, device)
    model = MusicGen("random", "none", whole, Words(), device, dtype)
    prompt = "a slow piano ballad with soft strings, very wide stereo"
    model.generate(prompt, Sampling(duration=0.2), progress=False)
    clips = [model.generate(prompt, Sampling(duration=CLIP, seed=s), progress=False)[0] for s in range(RUNS)]
    return statistics.median(clip.seconds for clip in clips) / CLIP, sum(p.numel() for p in whole.decoder.parameters())


def main() -> None:
    """Time each number format and end with JSON."""
    device = pick_device()
    figures = {}
    for dtype in ("bfloat16", "float32"):
        figures[dtype], parameters = seconds_per_second(dtype, device)
        print(f"{dtype:9} on {device}: {figures[dtype]:6.1f} s for each second of audio")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({
        "device": device, "decoder_parameters": parameters, "clip_seconds": CLIP, "peak_memory_gib": round(memory, 1),
        "seconds_per_second_of_audio": {name: round(value, 2) for name, value in figures.items()},
    }))  # fmt: skip


if __name__ == "__main__":
    main()
