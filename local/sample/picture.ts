/** Pixels, and what a camera does to light on the way into them. */
import { grain, smooth, sun } from './scene.ts';

/** RGBA, 8 bits each, as the JPEG encoder takes it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A black picture. */
export function emptyPicture(width: number, height: number): Picture {
  return { width, height, data: new Uint8Array(width * height * 4).fill(255) };
}

/** Linear light on its way to a pixel. One object serves all pixels. */
export interface Light {
  red: number;
  green: number;
  blue: number;
}

/**
 * Screen values by linear light in steps of 1/1024, up to 2: a soft shoulder keeps white roofs from burning
 * out.
 */
const TONE = Uint8Array.from({ length: 2049 }, (_, step) => {
  const light = step / 1024;
  const exposed = light * 1.22;
  const shoulder = exposed < 0.5 ? exposed : 0.5 + 0.5 * (1 - Math.exp(-(exposed - 0.5) / 0.5));
  const screen = Math.sqrt(shoulder);
  // A little contrast, as cameras give their JPEGs.
  const contrast =
    screen + 0.16 * (screen - 0.5) * (1 - Math.abs(2 * screen - 1)) + 0.05 * screen * (screen - 1);
  return Math.max(0, Math.min(255, Math.round(255 * contrast)));
});

/** Colours a little less pure than paint, with sensor noise, into the picture. */
export function expose({ data }: Picture, pixel: number, light: Light, noise: number): void {
  const grey = 0.3 * light.red + 0.55 * light.green + 0.15 * light.blue;
  const factor = noise * 1024;
  const at = pixel * 4;
  data[at] = TONE[Math.max(0, Math.min(2048, ((light.red * 0.84 + grey * 0.16) * factor) | 0))] as number;
  data[at + 1] = TONE[
    Math.max(0, Math.min(2048, ((light.green * 0.84 + grey * 0.16) * factor) | 0))
  ] as number;
  data[at + 2] = TONE[
    Math.max(0, Math.min(2048, ((light.blue * 0.84 + grey * 0.16) * factor) | 0))
  ] as number;
}

/** Sensor noise and the fine structure that the maps are too coarse for, around 1. */
export function pixelNoise(column: number, row: number, strength: number): number {
  const here = grain.cell(column, row + (column >> 9) * 97);
  const wide = grain.cell((column >> 1) + 131, (row >> 1) + 57);
  return 1 + strength * (here + 0.7 * wide - 0.85);
}

/** How much of what a camera sees is air, over a distance. */
export const hazeShare = (distance: number): number => 1 - Math.exp(-distance / 4600);

/** Light that the air adds and takes away. */
export function addHaze(light: Light, share: number): void {
  light.red += (0.56 - light.red) * share;
  light.green += (0.66 - light.green) * share;
  light.blue += (0.79 - light.blue) * share;
}

/** One elevation of the sky: what is the same all around. */
export interface SkyRow {
  readonly elevation: number;
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly cosine: number;
  readonly sine: number;
  /** How far away the clouds are that one sees here. */
  readonly reach: number;
  readonly haze: number;
}

/** The sky at an elevation: blue above, pale at the horizon. */
export function skyRow(elevation: number): SkyRow {
  const height = Math.max(0, elevation);
  const pale = Math.exp(-height * 5.2);
  return {
    elevation,
    red: 0.13 + 0.46 * pale,
    green: 0.3 + 0.37 * pale,
    blue: 0.68 + 0.12 * pale,
    cosine: Math.cos(elevation),
    sine: Math.sin(elevation),
    reach: 26 / (Math.sin(height) + 0.06),
    haze: hazeShare(9000 * Math.exp(-22 * height)),
  };
}

/** The sky in a direction: brighter towards the sun, with fair-weather clouds. */
export function skyLight(light: Light, sky: SkyRow, x: number, y: number): void {
  const towardsSun = Math.max(
    0,
    ((x * sun.x + y * sun.y) / Math.cos(sun.elevation)) * sky.cosine * 0.8 + sky.sine * 0.6,
  );
  const square = towardsSun * towardsSun;
  const glow = 0.34 * square * square * square;
  light.red = sky.red + glow;
  light.green = sky.green + glow * 0.94;
  light.blue = sky.blue + glow * 0.82;
  if (sky.elevation > 0.008) {
    const cloud = smooth.at(x * sky.reach + 70, y * sky.reach + 310);
    const share = Math.max(0, Math.min(0.85, (cloud - 0.56) * 3.4)) * Math.min(1, sky.elevation * 9);
    const bright = 0.86 - 0.16 * Math.max(0, cloud - 0.66);
    light.red += (bright - light.red) * share;
    light.green += (bright - light.green) * share;
    light.blue += (bright * 1.02 - light.blue) * share;
  }
  addHaze(light, sky.haze);
}
