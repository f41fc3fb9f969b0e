// @ts-check
// The types that several modules share. This file holds no code.

/** What a column of the table is drawn as. @typedef {"x" | "y" | "colour" | "shape"} Role */

/**
 * The name of the column in each role; empty or null where none is drawn.
 * @typedef {Partial<Record<Role, string | null>>} Fields
 */

/**
 * What the kernel says of a column.
 * @typedef {object} ColumnHeader
 * @property {string} name
 * @property {string} label
 * @property {string} unit
 * @property {boolean} metric
 * @property {string} [meaning]
 * @property {string[]} [levels] The texts of a column of texts; its values are indices into them.
 */

/**
 * A column of a table: NaN where a row has no value.
 * @typedef {ColumnHeader & { values: Float32Array }} Column
 */

/**
 * The mean of each metric over one kind of control clip.
 * @typedef {{ name: string, values: Record<string, number> }} Reference
 */

/**
 * A table of clips.
 * @typedef {object} Table
 * @property {string[]} keys
 * @property {string[]} prompts
 * @property {Reference[]} references
 * @property {number} size
 * @property {Map<string, Column>} columns
 * @property {Float32Array} promptOf The index of each row's prompt.
 */

/** Lower and upper end. @typedef {[number, number]} Range */

/** The part of both axes that a plot shows. @typedef {{ x: Range, y: Range }} View */

/**
 * The area inside a plot's axes, in CSS pixels.
 * @typedef {{ left: number, right: number, top: number, bottom: number, width: number, height: number }} Box
 */

/**
 * The distinct values of a column, and the index of each row's value in them (-1: none).
 * @typedef {{ names: string[], codes: Int16Array }} Levels
 */

/**
 * JupyterLab's colours as a canvas needs them.
 * @typedef {{ text: string, muted: string, line: string, back: string, accent: string, font: string }} Theme
 */

/** @typedef {{ buffer: AudioBuffer, channels: Float32Array[] }} DecodedAudio */

/**
 * A sound at its file's rate; samples are multiplied by `gain`.
 * @typedef {DecodedAudio & { rate: number, gain: number }} Sound
 */

/**
 * A clip in the player.
 * @typedef {Sound & { key: string, title: string, zoom: number, lufs?: number, loudness?: Promise<Loudness> }} Clip
 */

/** Loudness, or why there is none. @typedef {{ lufs?: number, reason?: string }} Loudness */

/** What is wrong with each field, by its name. @typedef {Record<string, string>} Problems */

/** A row of details: label, value and meaning. @typedef {[string, string, string]} DetailRow */

/** @typedef {{ kind: string, score: number | null, flagged: boolean, start_s: number, end_s: number }} Finding */

/** @typedef {{ prompt: string, reason: string, settings: DetailRow[], metrics: DetailRow[] }} Details */

/**
 * The metrics of a take; `waiting` while they are measured.
 * @typedef {{ key: string, waiting?: boolean, metrics: DetailRow[], reason: string }} TakeMetrics
 */

/** @typedef {{ key: string, prompt: string, seed: number, seconds: number, kept: boolean }} Take */

/**
 * A setting that a field edits.
 * @typedef {object} Control
 * @property {string} name
 * @property {string} label
 * @property {string} meaning
 * @property {string} valid
 * @property {string} default
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [step] Of its slider; none without one.
 */

/**
 * A blind trial; `trial` is null when no trial is left.
 * @typedef {object} Trial
 * @property {number | null} trial
 * @property {number} answered
 * @property {number} of
 * @property {number} skipped
 * @property {boolean} matched
 * @property {string} prompt
 * @property {"pairs" | "ratings"} kind
 * @property {string[]} letters
 * @property {number} next
 * @property {string[]} ahead The letters of the next trial.
 */

/** @typedef {{ level: string, text: string, mean: number | null, lo: number | null, hi: number | null }} ResultRow */

/** @typedef {{ columns: string[], rows: ResultRow[], range: Range | null, notes: string[] }} Results */

/**
 * The values of a metric in each pair: A, B, and B minus A.
 * @typedef {ColumnHeader & { a: Float32Array, b: Float32Array, d: Float32Array }} PairMetric
 */

/**
 * What the kernel says of the pairs of two settings.
 * @typedef {object} PairHeader
 * @property {string} a
 * @property {string} b
 * @property {[string, string][]} keys
 * @property {string[]} prompts
 * @property {number[]} promptOf
 * @property {string[]} notes
 */

/** @typedef {PairHeader & { metrics: PairMetric[] }} PairTable */

/**
 * A mean with its interval; null where it is not defined.
 * @typedef {[number | null, number | null, number | null]} Interval
 */

/**
 * What a sweep needs; without `clips` where a field is wrong.
 * @typedef {object} SweepEstimate
 * @property {Problems} wrong
 * @property {number} clips
 * @property {number} to_make
 * @property {number} audio_seconds
 * @property {number} disk_bytes
 * @property {number | null} seconds
 * @property {string} [yaml]
 */

/**
 * A table, and what is selected in it.
 * @typedef {object} TableAnswer
 * @property {ColumnHeader[]} columns
 * @property {string[]} keys
 * @property {string[]} prompts
 * @property {Reference[]} references
 * @property {string[]} selected
 * @property {[string, string] | null} [interval] The columns with the ends of a bar at each point.
 */

/**
 * What the kernel answers, by the kind of request.
 * @typedef {object} Answers
 * @property {object} hello
 * @property {TableAnswer} table
 * @property {{ rate: number, gain: number, title: string }} clip
 * @property {Loudness} loudness
 * @property {object} choose
 * @property {object} select
 * @property {object} fields
 * @property {{ details: Details, similar: { key: string, note: string }[] }} about
 * @property {{ findings: Finding[] }} findings
 * @property {Trial} trial
 * @property {Trial} answer
 * @property {Trial} skip
 * @property {Results} results
 * @property {PairHeader & { metrics: ColumnHeader[] }} pairs
 * @property {object} pair
 * @property {object} metric
 * @property {{ text: string, reason: string, ends: Interval }} summary
 * @property {SweepEstimate} form
 * @property {{ wrong: Problems }} generate
 * @property {object} cancel
 * @property {{ note: string }} keep
 * @property {TakeMetrics} numbers
 * @property {object} start
 * @property {object} pause
 * @property {object} resume
 * @property {object} stop
 */

/** The binary parts of a message. @typedef {{ buffers: DataView[] }} Buffers */

/**
 * The kernel's side of a widget, as anywidget hands it to the page.
 * @template {object} Traits
 * @typedef {object} WidgetModel
 * @property {<Name extends keyof Traits>(name: Name) => Traits[Name]} get
 * @property {<Name extends keyof Traits>(name: Name, value: Traits[Name]) => void} set
 * @property {(event: string, listener: (...values: any[]) => void) => void} on
 * @property {(message: object, callbacks?: object, buffers?: ArrayBuffer[]) => void} send
 */

/**
 * What anywidget passes to `render`; it aborts `signal` when the view goes.
 * @template {object} Traits
 * @typedef {{ model: WidgetModel<Traits>, el: HTMLElement, signal: AbortSignal }} RenderArguments
 */

export {};
