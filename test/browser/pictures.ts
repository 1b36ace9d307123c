import jpeg from 'jpeg-js';

const WIDTH = 240;
const HEIGHT = 160;

/** A small picture: fields under a sky, in other colours for each number. */
export function samplePicture(number: number): Buffer {
  const data = Buffer.alloc(WIDTH * HEIGHT * 4, 255);
  for (let y = 0; y < HEIGHT; y += 1)
    for (let x = 0; x < WIDTH; x += 1) {
      const sky = y < 50 + 10 * Math.sin(x / 30 + number);
      const field = Math.floor((x + y * (0.4 + number / 6)) / 46) % 3;
      const colour = sky ? [150 + y, 185 + y / 2, 225] : [70 + field * 44, 104 + field * 22 + number * 6, 52];
      for (const [channel, value] of colour.entries()) data[(y * WIDTH + x) * 4 + channel] = value;
    }
  return Buffer.from(jpeg.encode({ data, width: WIDTH, height: HEIGHT }, 80).data);
}
