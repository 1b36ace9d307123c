/** Small letters in a corner, so that nobody takes a sample for a real photograph. */
import type { Picture } from './picture.ts';

/** Five columns a letter, the lowest bit on top. */
const LETTERS: Readonly<Record<string, readonly number[]>> = {
  A: [0x7e, 0x09, 0x09, 0x09, 0x7e],
  B: [0x7f, 0x49, 0x49, 0x49, 0x36],
  C: [0x3e, 0x41, 0x41, 0x41, 0x22],
  D: [0x7f, 0x41, 0x41, 0x41, 0x3e],
  E: [0x7f, 0x49, 0x49, 0x49, 0x41],
  F: [0x7f, 0x09, 0x09, 0x09, 0x01],
  G: [0x3e, 0x41, 0x49, 0x49, 0x3a],
  H: [0x7f, 0x08, 0x08, 0x08, 0x7f],
  I: [0x00, 0x41, 0x7f, 0x41, 0x00],
  K: [0x7f, 0x08, 0x14, 0x22, 0x41],
  L: [0x7f, 0x40, 0x40, 0x40, 0x40],
  M: [0x7f, 0x02, 0x0c, 0x02, 0x7f],
  N: [0x7f, 0x04, 0x08, 0x10, 0x7f],
  O: [0x3e, 0x41, 0x41, 0x41, 0x3e],
  P: [0x7f, 0x09, 0x09, 0x09, 0x06],
  R: [0x7f, 0x09, 0x19, 0x29, 0x46],
  S: [0x26, 0x49, 0x49, 0x49, 0x32],
  T: [0x01, 0x01, 0x7f, 0x01, 0x01],
  U: [0x3f, 0x40, 0x40, 0x40, 0x3f],
  Y: [0x03, 0x04, 0x78, 0x04, 0x03],
  ',': [0x00, 0x50, 0x30, 0x00, 0x00],
  '-': [0x08, 0x08, 0x08, 0x08, 0x08],
  ' ': [0, 0, 0, 0, 0],
};

/** Writes `text` (capitals) into the lower left corner, light on a darkened strip. */
export function writeCaption({ width, height, data }: Picture, text: string): void {
  const scale = Math.max(2, Math.round(Math.min(width, height) / 500));
  const textWidth = text.length * 6 * scale;
  const left = 6 * scale;
  const top = height - 15 * scale;
  for (let row = top - 3 * scale; row < top + 10 * scale; row++) {
    for (let column = left - 4 * scale; column < left + textWidth + 3 * scale; column++) {
      const at = (row * width + column) * 4;
      for (let channel = 0; channel < 3; channel++)
        data[at + channel] = (data[at + channel] as number) * 0.45;
    }
  }
  for (const [index, letter] of [...text].entries()) {
    const columns = LETTERS[letter] ?? [];
    for (const [offset, bits] of columns.entries()) {
      for (let bit = 0; bit < 7; bit++) {
        if ((bits >> bit) & 1) fillSquare(left + (index * 6 + offset) * scale, top + bit * scale);
      }
    }
  }

  function fillSquare(column: number, row: number): void {
    for (let y = row; y < row + scale; y++) {
      const start = (y * width + column) * 4;
      data.fill(238, start, start + scale * 4);
    }
  }
}
