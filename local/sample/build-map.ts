/** From the scene to a map: ground, what stands on it, light. */
import { type Place, paintGroundCell } from './ground-paint.ts';
import { light } from './lighting.ts';
import {
  groundHeight,
  houses,
  laneY,
  type Parcel,
  parcelAt,
  riverHalfWidth,
  riverY,
  roadX,
  type Tree,
  woodland,
} from './scene.ts';
import { stampCars, stampHouses, stampTrees } from './stamps.ts';
import { emptyMap, type MapExtent, type TerrainMap } from './terrain-map.ts';

/** Paints the ground, stands everything on it, and lights the whole. */
export function buildMap(extent: MapExtent, trees: readonly Tree[]): TerrainMap {
  const map = emptyMap(extent);
  paintGround(map);
  stampHouses(map, houses);
  stampTrees(map, trees);
  stampCars(map);
  light(map);
  return map;
}

function paintGround(map: TerrainMap): void {
  const { columns, rows, cellSizeInMetres, minX, minY } = map;
  // The wide shapes are computed on a coarse grid: they do not change within four cells.
  const coarse = 4;
  const coarseCells = Math.ceil(columns / coarse) + 2;
  const coarseRows = Math.ceil(rows / coarse) + 2;
  const coarseHeight = new Float32Array(coarseCells * coarseRows);
  const coarseWoods = new Float32Array(coarseCells * coarseRows);
  for (let row = 0; row < coarseRows; row++) {
    for (let column = 0; column < coarseCells; column++) {
      const x = minX + column * coarse * cellSizeInMetres;
      const y = minY + row * coarse * cellSizeInMetres;
      coarseHeight[row * coarseCells + column] = groundHeight(x, y);
      coarseWoods[row * coarseCells + column] = woodland(x, y);
    }
  }
  const knownOfColumn = Array.from({ length: columns }, (_, column) => {
    const x = minX + (column + 0.5) * cellSizeInMetres;
    return { x, riverY: riverY(x), riverHalfWidth: riverHalfWidth(x), laneY: laneY(x) };
  });
  const parcel: Parcel = { along: 0, across: 0, border: 0, hedge: false, crop: 0, length: 0 };
  const place: Place = { x: 0, y: 0, riverY: 0, riverHalfWidth: 0, laneY: 0, roadX: 0, woods: 0, parcel };
  for (let row = 0; row < rows; row++) {
    place.y = minY + (row + 0.5) * cellSizeInMetres;
    place.roadX = roadX(place.y);
    const coarseRow = Math.floor(row / coarse);
    const down = row / coarse - coarseRow;
    for (let column = 0; column < columns; column++) {
      const known = knownOfColumn[column] as (typeof knownOfColumn)[number];
      place.x = known.x;
      place.riverY = known.riverY;
      place.riverHalfWidth = known.riverHalfWidth;
      place.laneY = known.laneY;
      const coarseColumn = Math.floor(column / coarse);
      const right = column / coarse - coarseColumn;
      const at = coarseRow * coarseCells + coarseColumn;
      const index = row * columns + column;
      map.height[index] = between(coarseHeight, at, coarseCells, right, down);
      place.woods = between(coarseWoods, at, coarseCells, right, down);
      parcelAt(place.x, place.y, parcel);
      paintGroundCell(map, index, place);
    }
  }
}

function between(values: Float32Array, at: number, cells: number, right: number, down: number): number {
  const lower = (values[at] as number) * (1 - right) + (values[at + 1] as number) * right;
  const upper = (values[at + cells] as number) * (1 - right) + (values[at + cells + 1] as number) * right;
  return lower * (1 - down) + upper * down;
}
