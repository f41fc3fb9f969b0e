"""The architecture and the initial weights of the network: a small MusicGen-stereo."""

from __future__ import annotations

from typing import Any

from training.musicgen_tiny.layout import CODEBOOKS, CODES, KEYS, ROWS, TABLE_OF_CODEBOOK

WIDTH = 128
LAYERS = 4
TEXT_WIDTH = 96
LATENT = 256
SPREAD = 0.35
"""Initial standard deviation of the embeddings of the codes."""

FOLLOW = 0.8
"""Initial strength of the prediction of a code's usual successor."""

COPY = 0.6
"""Initial strength with which the later side of a voice predicts the code of the earlier side."""


def new_config(words: int) -> Any:
    """Return the configuration of the whole network for a tokenizer of ``words`` tokens."""
    import transformers as tf

    text = tf.T5Config(
        vocab_size=words, d_model=TEXT_WIDTH, d_kv=24, d_ff=256, num_layers=2, num_heads=4, dropout_rate=0.0,
        is_encoder_decoder=False,
    )  # fmt: skip
    codec = tf.EncodecConfig(
        sampling_rate=32000, audio_channels=1, upsampling_ratios=[8, 5, 4, 4], num_filters=LATENT // 16,
        hidden_size=LATENT, codebook_size=CODES, target_bandwidths=[2.0], use_causal_conv=False, normalize=False,
        chunk_length_s=None, kernel_size=1, last_kernel_size=1, residual_kernel_size=1, num_lstm_layers=1,
        use_conv_shortcut=False,
    )  # fmt: skip
    decoder = tf.MusicgenDecoderConfig(
        vocab_size=CODES, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=4, ffn_dim=2 * WIDTH,
        dropout=0.0, attention_dropout=0.0, activation_dropout=0.0, layerdrop=0.0, num_codebooks=CODEBOOKS,
        audio_channels=2, pad_token_id=CODES, bos_token_id=CODES,
    )  # fmt: skip
    return tf.MusicgenConfig(text_encoder=text, audio_encoder=codec, decoder=decoder)


def new_network(words: int, seed: int) -> Any:
    """Return an untrained network that can already continue a note.

    Most codes have one usual successor, the next 20 ms of the same note. The initial heads predict it,
    so that training only has to learn the music: when a note begins, and which one.
    """
    import torch
    import transformers as tf

    from training.musicgen_tiny.score import next_codes

    torch.manual_seed(seed)
    network = tf.MusicgenForConditionalGeneration(new_config(words))
    successors = [torch.tensor(table) for table in next_codes()]
    decoder = network.decoder
    with torch.no_grad():
        for book in range(CODEBOOKS):
            following = successors[_table(book)]
            embedding, head = decoder.model.decoder.embed_tokens[book].weight, decoder.lm_heads[book].weight
            torch.nn.init.normal_(embedding, std=SPREAD)
            head.index_add_(0, following, FOLLOW * embedding[:CODES])
            # Silence follows many codes; the sum over all of them would dominate.
            head[0] = FOLLOW * embedding[0]
        for voice in ROWS.values():
            earlier, later = sorted(voice, key=lambda row: row // 2)
            audible = torch.tensor([code for code, key in enumerate(KEYS[_table(later)], 1) if key[0] != "count"])
            embedding = decoder.model.decoder.embed_tokens[earlier].weight
            decoder.lm_heads[later].weight[audible] += COPY * embedding[audible]
    return network


def _table(row: int) -> int:
    return TABLE_OF_CODEBOOK[row // 2]
