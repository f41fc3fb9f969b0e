// What a player draws of a clip's samples: waveform and correlation.
import { COLOURS } from "./dom.js";

const FRAME = 0.4;

// The lowest and the highest sample of each column, for every channel.
export function peaks(channels, columns) {
  return channels.map((samples) => {
    const low = new Float32Array(columns), high = new Float32Array(columns), step = samples.length / columns;
    for (let column = 0; column < columns; column++) {
      const end = Math.min(samples.length, Math.max(Math.floor((column + 1) * step), Math.floor(column * step) + 1));
      let least = Infinity, most = -Infinity;
      for (let i = Math.floor(column * step); i < end; i++) {
        const value = samples[i];
        if (value < least) least = value;
        if (value > most) most = value;
      }
      low[column] = least === Infinity ? 0 : least;
      high[column] = most === -Infinity ? 0 : most;
    }
    return { low, high };
  });
}

// One lane per channel at the level of the file: a lane ends at full scale, or beyond it where the clip does.
export function drawWaves(pen, width, height, shown, gain, colours) {
  const lanes = shown.length, room = height / lanes, reach = Math.max(1, gain);
  pen.clearRect(0, 0, width, height);
  shown.forEach(({ low, high }, lane) => {
    const middle = room * (lane + 0.5), scale = ((room / 2 - 3) * gain) / reach;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(0, Math.round(middle) + 0.5);
    pen.lineTo(width, Math.round(middle) + 0.5);
    pen.stroke();
    if (reach > 1) limits(pen, width, middle, (room / 2 - 3) / reach, colours);
    pen.fillStyle = lanes === 2 ? COLOURS[lane] : COLOURS[2];
    for (let column = 0; column < low.length; column++) {
      const top = middle - high[column] * scale, bottom = middle - low[column] * scale;
      pen.fillRect(column, top, 1, Math.max(bottom - top, 1));
    }
  });
}

function limits(pen, width, middle, reach, colours) {
  pen.setLineDash([3, 3]);
  pen.strokeStyle = colours.muted;
  for (const y of [middle - reach, middle + reach]) {
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(width, y);
    pen.stroke();
  }
  pen.setLineDash([]);
}

// How much a scope magnifies a clip: the power of two that brings its peak to the upper half.
export function magnified(channels, gain) {
  let peak = 0;
  for (const samples of channels) {
    for (let i = 0; i < samples.length; i++) {
      const size = Math.abs(samples[i]);
      if (size > peak) peak = size;
    }
  }
  peak *= gain;
  return peak > 0 ? 2 ** Math.max(-8, Math.min(12, Math.floor(Math.log2(1 / peak)))) : 1;
}

// Of the 400 ms before this moment; null where it is not defined, as for a silent channel.
export function correlation(channels, at, rate) {
  if (channels.length < 2) return null;
  const [left, right] = channels, from = Math.max(0, at - Math.round(FRAME * rate));
  let both = 0, lefts = 0, rights = 0;
  for (let i = from; i < at; i++) {
    both += left[i] * right[i];
    lefts += left[i] * left[i];
    rights += right[i] * right[i];
  }
  const power = (at - from) * 1e-12;
  return lefts <= power || rights <= power ? null : both / Math.sqrt(lefts * rights);
}
