"""Composition: from a spec and a seed to notes.

A piece consists of periods of eight bars, A A B A, each with its own random streams, so that a
shorter piece is the beginning of a longer one. The stereo image and the duration are not in the keys of the
streams: the same seed gives the same notes in every image.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgeval.synth.genres import GENRES, PLAIN
from mgeval.synth.instruments import INSTRUMENTS
from mgeval.synth.notes import DRUMS, FRAMES_PER_SECOND, Note, stream
from mgeval.synth.rhythm import BEATS, FILL, STEPS, bass_bar, drum_bar, motif_steps
from mgeval.synth.spec import KEYS, Spec, draw

SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10)}

# Scale degrees of the roots; 0 is the tonic. Progressions stay close to the tonic, so that the key is clear after
# ten seconds; contrasts leave it.
PROGRESSIONS = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (0, 3, 4, 0), (0, 4, 0, 3)),
    "minor": ((0, 5, 6, 0), (0, 3, 4, 0), (0, 3, 0, 4), (0, 6, 5, 0), (0, 5, 3, 4)),
}
CONTRASTS = {
    "major": ((3, 4, 2, 5), (5, 2, 3, 4), (1, 4, 0, 4), (3, 0, 3, 4)),
    "minor": ((3, 6, 2, 5), (5, 6, 0, 4), (2, 6, 3, 4), (3, 0, 5, 4)),
}

PERIOD = 8
"""Bars of a period: two each of A, A, B, A."""

STRUCK = {
    "blocks": ((0, 8), (8, 8)),
    "pulse": ((0, 4), (4, 4), (8, 4), (12, 4)),
    "off-beat": ((2, 2), (6, 2), (10, 2), (14, 2)),
    "push": ((0, 6), (6, 6), (12, 4)),
    "charleston": ((0, 5), (6, 8)),
}
"""Rhythms of struck chords in a bar, as (step, length)."""


def compose_notes(spec: Spec, seed: int, frames: int) -> list[Note]:
    """Compose the notes of a piece.

    Parameters
    ----------
    spec : Spec
        Its duration has no effect.
    seed : int
        Selects one of many pieces for the spec.
    frames : int
        All notes start before this frame of 20 ms; the last ones may end after it.

    Returns
    -------
    list of Note
        Sorted by start.
    """
    piece = _Piece(spec, seed)
    notes: list[Note] = []
    for bar in range(int(np.ceil(frames / piece.frame(STEPS)))):
        for voice in spec.voices:
            notes += getattr(piece, voice)(bar)
    return sorted((n for n in notes if n.start < frames), key=lambda n: n.start)


class _Piece:
    """The constants of a piece, and one method per voice that writes a bar of it."""

    def __init__(self, spec: Spec, seed: int) -> None:
        self.spec = spec
        self.habits = GENRES[spec.genre] if spec.genre else PLAIN
        stereo = ("image", "pan", "spread", "decorrelation", "duration")
        self.key = [int(seed), {k: v for k, v in spec.asdict().items() if k not in stereo}]
        self.tonic = KEYS.index(spec.key)
        self.scale = SCALES[spec.mode]
        # In slow music the chord changes twice per bar.
        self.chord_steps = STEPS // 2 if spec.tempo < 90 else STEPS
        rng = self.rng("plan")
        self.home = draw(rng, PROGRESSIONS[spec.mode])
        self.away = draw(rng, CONTRASTS[spec.mode])
        beat = self.habits.beat if spec.genre else draw(rng, ("rock", "rock", "hip-hop", "soft"))
        self.beat = draw(rng, BEATS[beat])
        self.comping = self._choose_comping(rng)

    def rng(self, *key: Any) -> np.random.Generator:
        """Return the random stream of one part of the piece."""
        return stream("score", *self.key, *key)

    def frame(self, step: float) -> int:
        """Return the frame of a position in steps from the start, with swing if the genre has it."""
        if self.habits.swing and self.spec.genre and step % 4 == 2:
            step += 2 / 3
        return round(step * 15 / self.spec.tempo * FRAMES_PER_SECOND)

    def note(self, voice: str, instrument: str, pitch: int, step: float, steps: float, velocity: float) -> Note:
        """Return a note from a position and length in steps."""
        start = self.frame(step)
        length = max(self.frame(step + steps) - start, 2)
        return Note(voice, instrument, pitch, start, length, round(float(min(max(velocity, 0.1), 1)), 3))

    def pitch(self, index: int) -> int:
        """Return the MIDI pitch of a scale index: 0 is the tonic in the octave of middle C."""
        return 60 + self.tonic + 12 * (index // 7) + self.scale[index % 7]

    def root(self, bar: int, step: int = 0) -> int:
        """Return the scale degree of the chord's root at a position."""
        index = (bar % PERIOD * STEPS + step) // self.chord_steps
        progression = self.away if bar % PERIOD in (4, 5) else self.home
        return progression[index % 4]

    def chord(self, bar: int, step: int = 0) -> list[int]:
        """Return the scale degrees of the chord at a position."""
        count = 4 if self.habits.sevenths and self.spec.genre else 3
        return [(self.root(bar, step) + 2 * third) % 7 for third in range(count)]

    def _choose_comping(self, rng: np.random.Generator) -> str:
        if self.spec.genre == "jazz":
            return "charleston"
        if self.spec.genre == "electronic":
            return "off-beat"
        if self.spec.density < 0.35:
            return "blocks"
        return draw(rng, ("arpeggio", "pulse", "push")) if self.spec.density < 0.7 else draw(rng, ("arpeggio", "push"))

    # The voices.

    def melody(self, bar: int) -> list[Note]:
        """Write a bar of melody: motif A or B, adapted to the chords of the bar."""
        half, name = bar % 2, self.spec.melody
        assert name is not None, "the spec has a melody"
        steps, offsets = self.motif(bar)
        rng = self.rng("melody", bar)
        # Melodies circle the tonic.
        centre = 7 * round((INSTRUMENTS[name].centre - 60 - self.tonic) / 12)
        # The second bar of a motif omits its last notes, so that the phrase ends with a rest.
        contour = [(s, o) for s, o in zip(steps, offsets[half], strict=True) if not half or s <= 10]
        notes: list[Note] = []
        index: int | None = None
        last: int | None = None
        for i, (step, offset) in enumerate(contour):
            end = contour[i + 1][0] if i + 1 < len(contour) else (14 if half else STEPS)
            # If the motif moves, the melody moves too, whatever the chord.
            avoided = index if offset != last else None
            index, last = centre + offset, offset
            if step % 4 == 0 or end - step > 3:
                index = self._nearest_chord_tone(index, avoided, bar, step)
            accent = 0.8 if step % 8 == 0 else 0.7 if step % 4 == 0 else 0.6
            velocity = accent + rng.normal(0, 0.04)
            notes.append(self.note("melody", name, self.pitch(index), bar * STEPS + step, min(end - step, 8), velocity))
        return notes

    def motif(self, bar: int) -> tuple[list[int], list[list[int]]]:
        """Return the motif of a bar: the steps of its notes, and for both bars of it the scale steps from the centre.

        A is the same in the whole piece, each period has its own B.
        """
        name = f"B{bar // PERIOD}" if bar % PERIOD in (4, 5) else "A"
        rng = self.rng("motif", name)
        steps = motif_steps(rng, self.spec.density, self.spec.tempo)
        position, contours = int(draw(rng, (-3, 0, 0, 2))) + 2 * (name != "A"), []
        for _ in range(2):
            contour = []
            for _ in steps:
                contour.append(position)
                move = int(rng.choice((-3, -2, -1, 0, 1, 2, 3), p=(0.03, 0.12, 0.3, 0.08, 0.3, 0.12, 0.05)))
                # Turn back four scale steps from the centre.
                position += -move if abs(position + move) > 4 else move
            contours.append(contour)
        return steps, contours

    def _nearest_chord_tone(self, index: int, avoided: int | None, bar: int, step: int) -> int:
        """Return the nearest scale index that belongs to the chord, except the avoided one."""
        triad = self.chord(bar, step)[:3]
        nearby = (index + move for move in (0, -1, 1, -2, 2, -3, 3))
        return next(i for i in nearby if i % 7 in triad and i != avoided)

    def chords(self, bar: int) -> list[Note]:
        """Write a bar of chords: sustained, struck or broken."""
        name, rng = self.spec.chords, self.rng("chords", bar)
        assert name is not None, "the spec has chords"
        sustained = INSTRUMENTS[name].sustained
        if not sustained and self.comping == "arpeggio":
            return self._arpeggio(name, bar, rng)
        changes = tuple((step, self.chord_steps) for step in range(0, STEPS, self.chord_steps))
        notes = []
        for step, steps in changes if sustained else STRUCK[self.comping]:
            for order, pitch in enumerate(self._voicing(bar, step)):
                # Slightly quieter towards the top, so that the melody stands out.
                velocity = 0.62 - 0.03 * order + rng.normal(0, 0.03) + 0.05 * (step == 0)
                notes.append(self.note("chords", name, pitch, bar * STEPS + step, steps, velocity))
        return notes

    def _arpeggio(self, name: str, bar: int, rng: np.random.Generator) -> list[Note]:
        """Write a bar of broken chords: up and down in eighths, each note overlapping the next one."""
        notes = []
        for step in range(0, STEPS, 2):
            pitches = self._voicing(bar, step)
            up_and_down = pitches + pitches[-2:0:-1]
            pitch = up_and_down[step // 2 % len(up_and_down)]
            velocity = 0.78 + 0.07 * (step % 8 == 0) + rng.normal(0, 0.03)
            notes.append(self.note("chords", name, pitch, bar * STEPS + step, 4, velocity))
        return notes

    def _voicing(self, bar: int, step: int) -> list[int]:
        """Return the pitches of the chord in close position around the G below middle C."""
        low = 53
        pitches = [self.pitch(degree) for degree in self.chord(bar, step)]
        return sorted(low + (pitch - low) % 12 for pitch in pitches)

    def bass(self, bar: int) -> list[Note]:
        """Write a bar of bass."""
        name, rng = self.spec.bass, self.rng("bass", bar)
        assert name is not None, "the spec has a bass"
        notes = []
        for step, steps, tone in bass_bar(self.habits.walk, self.spec.density):
            root = self.root(bar, step)
            if tone == "approach":
                degree = self.root(bar + 1) - 1
            else:
                degree = root + {"root": 0, "octave": 0, "third": 2, "fifth": 4}[tone]
            # From E1 to D#2, or one octave higher.
            pitch = 28 + (self.pitch(degree) - 28) % 12 + 12 * (tone == "octave")
            velocity = 0.8 + 0.1 * (step == 0) + rng.normal(0, 0.04)
            notes.append(self.note("bass", name, pitch, bar * STEPS + step, steps * 0.9, velocity))
        return notes

    def drums(self, bar: int) -> list[Note]:
        """Write a bar of drums; the last bar of four may be a fill."""
        rng = self.rng("drums", bar)
        fills = bar % 4 == 3 and self.beat.keys() & {"snare"} and self.spec.density > 0.3 and rng.random() < 0.6
        notes = []
        for step, piece, velocity in drum_bar(FILL if fills else self.beat, self.spec.density):
            loudness = velocity * (1 + rng.normal(0, 0.05))
            notes.append(self.note("drums", piece, DRUMS[piece], bar * STEPS + step, 1, loudness))
        return notes
