"""Small, complete MusicGen checkpoints with random weights: network, tokenizer, processor.

    from checkpoints import mono_checkpoint, stereo_checkpoint, melody_checkpoint

Each has the components of the published ones (T5, EnCodec at 50 frames a second, 4 or 8 codebooks, a
projection between text and decoder) and generates a second of audio in about half a second.
"""

from __future__ import annotations

import json
from pathlib import Path

from mgeval.hub import quiet_transformers

CODES = 64
CHROMA_FRAMES = 24
WORDS = "a slow fast loud quiet piano guitar drums bass left right wide narrow rock jazz song with and of the".split()  # noqa: SIM905


def mono_checkpoint(path: str | Path, **decoder: object) -> Path:
    """Save a checkpoint with 4 codebooks; ``decoder`` overrides settings of the decoder."""
    return _save(Path(path), 1, False, decoder)


def stereo_checkpoint(path: str | Path, **decoder: object) -> Path:
    """Save a checkpoint with 8 codebooks, left and right in turn."""
    return _save(Path(path), 2, False, decoder)


def melody_checkpoint(path: str | Path, **decoder: object) -> Path:
    """Save a stereo checkpoint that follows a melody."""
    return _save(Path(path), 2, True, decoder)


def _save(path: Path, channels: int, melody: bool, overrides: dict) -> Path:
    import torch
    import transformers as tf

    tokenizer = small_tokenizer()
    text = tf.T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, is_encoder_decoder=False
    )
    codec = tf.EncodecConfig(
        sampling_rate=32000, upsampling_ratios=[8, 5, 4, 4], num_filters=4, hidden_size=8, num_lstm_layers=1,
        codebook_size=CODES, target_bandwidths=[1.2], use_causal_conv=False, normalize=False, chunk_length_s=None,
    )  # fmt: skip
    settings = dict(
        vocab_size=CODES, hidden_size=24, num_hidden_layers=2, num_attention_heads=2, ffn_dim=32, dropout=0.0,
        num_codebooks=4 * channels, audio_channels=channels, pad_token_id=CODES, bos_token_id=CODES,
    ) | overrides  # fmt: skip
    with torch.random.fork_rng(devices=[]), quiet_transformers():
        torch.manual_seed(0)
        if melody:
            decoder = tf.MusicgenMelodyDecoderConfig(**settings)
            config = tf.MusicgenMelodyConfig(
                text_encoder=text, audio_encoder=codec, decoder=decoder, num_chroma=12, chroma_length=CHROMA_FRAMES
            )
            network = tf.MusicgenMelodyForConditionalGeneration(config)
        else:
            decoder = tf.MusicgenDecoderConfig(**settings)
            config = tf.MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder)
            network = tf.MusicgenForConditionalGeneration(config)
        _liven(network)
    # Generation settings, as in the published checkpoints: they must not affect clips.
    network.generation_config = tf.GenerationConfig(
        do_sample=True, top_k=5, temperature=0.7, guidance_scale=2.0, max_length=77, repetition_penalty=1.3,
        pad_token_id=CODES, bos_token_id=CODES, decoder_start_token_id=CODES,
    )  # fmt: skip
    with quiet_transformers():
        network.save_pretrained(path)
    if melody:
        # The melody processor cannot be built without torchaudio; these are its files.
        tokenizer.save_pretrained(path)
        extractor = {
            "feature_extractor_type": "MusicgenMelodyFeatureExtractor", "processor_class": "MusicgenMelodyProcessor",
            "sampling_rate": 32000, "n_fft": 16384, "hop_length": 4096, "num_chroma": 12, "chunk_length": 3,
        }  # fmt: skip
        (path / "preprocessor_config.json").write_text(json.dumps(extractor))
    else:
        extractor = tf.EncodecFeatureExtractor(feature_size=channels, sampling_rate=32000, padding_side="left")
        tf.MusicgenProcessor(extractor, tokenizer).save_pretrained(path)
    return path


def _liven(network: object) -> None:
    """Enlarge the weights so that text, melody and history all affect the output."""
    import torch

    for name, weight in network.named_parameters():
        if not name.startswith("audio_encoder") and weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.4 if "embed" in name or "shared" in name else weight.shape[-1] ** -0.5)
    for name, weight in network.audio_encoder.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.zeros_(weight)
        elif name.endswith("original0"):
            # The gains of the convolutions: with the default ones, all signals are almost the same.
            weight.data *= 2
    for depth, layer in enumerate(network.audio_encoder.quantizer.layers):
        # transformers initialises the codebooks with zeros: every code would sound the same.
        torch.nn.init.normal_(layer.codebook.embed, std=0.5**depth)


def small_tokenizer() -> object:
    """Return a T5 tokenizer of whole words and single letters."""
    import transformers as tf

    pieces = ["▁" + word for word in WORDS] + list("▁abcdefghijklmnopqrstuvwxyz,.-'0123456789")
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(piece, -1.0 if len(piece) > 2 else -5.0) for piece in dict.fromkeys(pieces)]
    return tf.T5TokenizerFast(vocab=vocabulary, extra_ids=4)
