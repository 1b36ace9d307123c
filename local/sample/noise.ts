/** Noise that is the same on every run: the bytes of the sample pictures must always be the same. */

/** A number in [0, 1) that belongs to a pair of whole numbers. */
export function hash2(x: number, y: number, seed = 0): number {
  let bits = Math.imul(x | 0, 0x27d4eb2d) ^ Math.imul(y | 0, 0x165667b1) ^ Math.imul(seed, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 4294967296;
}

/** From 0 below `low` to 1 above `high`, smoothly. */
export function smoothstep(low: number, high: number, value: number): number {
  const share = Math.max(0, Math.min(1, (value - low) / (high - low)));
  return share * share * (3 - 2 * share);
}

const TILE = 512;
const MASK = TILE - 1;

/** A square of noise whose edges fit together, computed once and sampled in a few nanoseconds. */
export class NoiseTile {
  readonly #values: Float32Array;

  constructor(values: Float32Array) {
    this.#values = values;
  }

  /** The value of one cell, in [0, 1]. */
  cell(column: number, row: number): number {
    return this.#values[((row & MASK) << 9) | (column & MASK)] as number;
  }

  /** The value between cells, in [0, 1]. */
  at(x: number, y: number): number {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const right = x - column;
    const down = y - row;
    const values = this.#values;
    const upper = (row & MASK) << 9;
    const lower = ((row + 1) & MASK) << 9;
    const left = column & MASK;
    const next = (column + 1) & MASK;
    const top = (values[upper | left] as number) * (1 - right) + (values[upper | next] as number) * right;
    const bottom = (values[lower | left] as number) * (1 - right) + (values[lower | next] as number) * right;
    return top * (1 - down) + bottom * down;
  }
}

/** White noise: the value of a cell says nothing about its neighbours. */
export function grainTile(seed: number): NoiseTile {
  const values = new Float32Array(TILE * TILE);
  for (let row = 0; row < TILE; row++) {
    for (let column = 0; column < TILE; column++) values[(row << 9) | column] = hash2(column, row, seed);
  }
  return new NoiseTile(values);
}

/**
 * Fractal noise: `octaves` layers, the widest `TILE / firstCells` cells wide, each half as strong as the
 * last.
 */
export function fractalTile(seed: number, firstCells: number, octaves: number): NoiseTile {
  const values = new Float32Array(TILE * TILE);
  let strength = 1;
  let total = 0;
  for (let octave = 0; octave < octaves; octave++) {
    const cells = firstCells << octave;
    const scale = cells / TILE;
    for (let row = 0; row < TILE; row++) {
      const latticeY = row * scale;
      const cellY = Math.floor(latticeY);
      const down = smoothstep(0, 1, latticeY - cellY);
      for (let column = 0; column < TILE; column++) {
        const latticeX = column * scale;
        const cellX = Math.floor(latticeX);
        const right = smoothstep(0, 1, latticeX - cellX);
        const nextX = (cellX + 1) % cells;
        const nextY = (cellY + 1) % cells;
        const top =
          hash2(cellX, cellY, seed + octave) * (1 - right) + hash2(nextX, cellY, seed + octave) * right;
        const bottom =
          hash2(cellX, nextY, seed + octave) * (1 - right) + hash2(nextX, nextY, seed + octave) * right;
        const index = (row << 9) | column;
        values[index] = (values[index] as number) + strength * (top * (1 - down) + bottom * down);
      }
    }
    total += strength;
    strength /= 2;
  }
  // Sums of noise crowd around the middle; spread out again, thresholds are easier to choose.
  for (let index = 0; index < values.length; index++) {
    values[index] = Math.max(0, Math.min(1, ((values[index] as number) / total - 0.5) * 1.7 + 0.5));
  }
  return new NoiseTile(values);
}
