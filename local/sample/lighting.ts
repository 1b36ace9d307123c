/** Light on a map: sun, shadows, sky. */
import { sun } from './scene.ts';
import type { TerrainMap } from './terrain-map.ts';

/** Sunlight with shadows, and skylight that reaches less into the corners. */
export function light(map: TerrainMap): void {
  const { columns, rows, cellSizeInMetres, height } = map;
  const shadow = castShadows(map);
  const surroundings = blurred(map, Math.max(1, Math.round(2.6 / cellSizeInMetres)));
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const index = row * columns + column;
      const west = column > 0 ? index - 1 : index;
      const east = column < columns - 1 ? index + 1 : index;
      const south = row > 0 ? index - columns : index;
      const north = row < rows - 1 ? index + columns : index;
      const slopeX = clampSlope(
        ((height[east] as number) - (height[west] as number)) / (2 * cellSizeInMetres),
      );
      const slopeY = clampSlope(
        ((height[north] as number) - (height[south] as number)) / (2 * cellSizeInMetres),
      );
      const facing =
        (sun.z - slopeX * sun.x - slopeY * sun.y) / Math.sqrt(1 + slopeX * slopeX + slopeY * slopeY);
      const here = height[index] as number;
      const direct =
        Math.max(0, facing) * (1 - Math.max(0, Math.min(1, ((shadow[index] as number) - here) / 0.35)));
      const enclosed = Math.max(0, Math.min(0.62, ((surroundings[index] as number) - here) * 0.16));
      const sky = 1 - enclosed;
      map.red[index] = (map.red[index] as number) * (1.62 * direct + 0.25 * sky);
      map.green[index] = (map.green[index] as number) * (1.52 * direct + 0.3 * sky);
      map.blue[index] = (map.blue[index] as number) * (1.32 * direct + 0.4 * sky);
    }
  }
}

const clampSlope = (slope: number): number => Math.max(-1.9, Math.min(1.9, slope));

/** For each cell the height below which the sun does not reach, swept over the map away from the sun. */
function castShadows({ columns, rows, cellSizeInMetres, height }: TerrainMap): Float32Array {
  const shadow = new Float32Array(columns * rows).fill(-1000);
  // The sun stands more in the east than in the south: columns are swept from the east.
  const rowsPerColumn = sun.y / sun.x;
  const drop = (Math.tan(sun.elevation) * cellSizeInMetres) / Math.cos(Math.atan(rowsPerColumn));
  for (let column = columns - 2; column >= 0; column--) {
    for (let row = 0; row < rows; row++) {
      const from = row + rowsPerColumn;
      const lowerRow = Math.floor(from);
      if (lowerRow < 0 || lowerRow + 1 >= rows) continue;
      const share = from - lowerRow;
      const lower = lowerRow * columns + column + 1;
      const upper = lower + columns;
      const lowerTop = Math.max(shadow[lower] as number, height[lower] as number);
      const upperTop = Math.max(shadow[upper] as number, height[upper] as number);
      shadow[row * columns + column] = lowerTop * (1 - share) + upperTop * share - drop;
    }
  }
  return shadow;
}

/** Heights averaged over a square of `2 * radius + 1` cells. */
function blurred({ columns, rows, height }: TerrainMap, radius: number): Float32Array {
  const across = new Float32Array(height.length);
  const both = new Float32Array(height.length);
  const width = 2 * radius + 1;
  const insideColumn = (value: number): number => Math.max(0, Math.min(columns - 1, value));
  const insideRow = (value: number): number => Math.max(0, Math.min(rows - 1, value));
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let sum = 0;
    for (let offset = -radius; offset <= radius; offset++)
      sum += height[start + insideColumn(offset)] as number;
    for (let column = 0; column < columns; column++) {
      across[start + column] = sum / width;
      const entering = height[start + insideColumn(column + radius + 1)] as number;
      sum += entering - (height[start + insideColumn(column - radius)] as number);
    }
  }
  const sums = new Float64Array(columns);
  const add = (row: number, factor: number): void => {
    const start = insideRow(row) * columns;
    for (let column = 0; column < columns; column++) {
      sums[column] = (sums[column] as number) + factor * (across[start + column] as number);
    }
  };
  for (let offset = -radius; offset <= radius; offset++) add(offset, 1);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      both[row * columns + column] = (sums[column] as number) / width;
    add(row + radius + 1, 1);
    add(row - radius, -1);
  }
  return both;
}
