/** What the bare ground looks like: fields, river, road, lane, gardens. */
import { hash2, smoothstep } from './noise.ts';
import {
  grain,
  LANE_END_X,
  LANE_HALF_WIDTH,
  laneY,
  nearestHouse,
  type Parcel,
  ROAD_HALF_WIDTH,
  rough,
  smooth,
} from './scene.ts';
import { linear, Material, type TerrainMap } from './terrain-map.ts';

type Colour = readonly [number, number, number];

const colour = (red: number, green: number, blue: number): Colour => [
  linear(red),
  linear(green),
  linear(blue),
];

const GRASS = colour(110, 124, 70);
const LAWN = colour(108, 130, 72);
const VERGE = colour(132, 132, 88);
const SOIL = colour(148, 122, 96);
const DARK_SOIL = colour(116, 96, 78);
const WHEAT = colour(90, 118, 62);
const BARLEY = colour(122, 138, 78);
const RAPE = colour(196, 178, 72);
const STUBBLE = colour(182, 166, 124);
const FOREST_FLOOR = colour(76, 76, 50);
const FOREST_CANOPY = colour(72, 88, 54);
const ASPHALT = colour(112, 112, 114);
const LINE = colour(226, 226, 220);
const GRAVEL = colour(176, 164, 142);
const SAND = colour(200, 182, 144);
const WATER = colour(58, 84, 78);
const SHALLOWS = colour(112, 122, 92);
const PAVING = colour(168, 158, 148);

let red = 0;
let green = 0;
let blue = 0;

function set(source: Colour): void {
  red = source[0];
  green = source[1];
  blue = source[2];
}

function mix(source: Colour, share: number): void {
  red += (source[0] - red) * share;
  green += (source[1] - green) * share;
  blue += (source[2] - blue) * share;
}

function scale(factor: number): void {
  red *= factor;
  green *= factor;
  blue *= factor;
}

/** Stripes of `width` metres, from -1 to 1; flat where cells are too coarse to hold them. */
const stripes = (position: number, width: number, cellSizeInMetres: number): number =>
  cellSizeInMetres > width / 3 ? 0 : Math.sin((position * 2 * Math.PI) / width);

function paintField(x: number, y: number, parcel: Parcel, cellSizeInMetres: number): number {
  const { crop, along, across, length, border } = parcel;
  // At its ends a field is worked crosswise, where the tractor turns.
  const headland = Math.min(along, length - along) < 9;
  const position = headland ? along : across;
  const patch = smooth.at(x * 1.3 + 31, y * 1.3 + 77);
  const fine = rough.at(x * 2.1, y * 2.1);
  let tramlines = 0;
  let relief = 0;
  if (crop < 0.24) {
    set(WHEAT);
    mix(BARLEY, 0.5 * patch);
    scale(1 + 0.07 * stripes(position, 1.1, cellSizeInMetres));
    tramlines = 0.55;
    relief = 0.35;
  } else if (crop < 0.42) {
    set(RAPE);
    mix(WHEAT, 0.55 * (1 - smoothstep(0.25, 0.6, patch * 0.6 + fine * 0.4)));
    tramlines = 0.65;
    relief = 0.7;
  } else if (crop < 0.58) {
    set(SOIL);
    mix(DARK_SOIL, smoothstep(0.35, 0.75, patch));
    scale(1 + 0.11 * stripes(position, 1.7, cellSizeInMetres));
  } else if (crop < 0.72) {
    set(SOIL);
    mix(BARLEY, 0.34 + 0.2 * stripes(position, 1.4, cellSizeInMetres) + 0.25 * patch);
    tramlines = 0.3;
  } else if (crop < 0.8) {
    set(STUBBLE);
    scale(1 + 0.08 * stripes(position, 2.6, cellSizeInMetres) + 0.1 * (patch - 0.5));
  } else {
    set(GRASS);
    mix(VERGE, 0.55 * patch);
    // Mown in swaths, and here and there dandelions.
    scale(1 + 0.05 * stripes(position, 5.4, cellSizeInMetres));
    mix(RAPE, 0.3 * smoothstep(0.66, 0.9, fine) * patch);
    relief = 0.2;
  }
  if (tramlines > 0 && !headland) {
    const track = Math.abs(((across + 500) % 21) - 10.5);
    mix(SOIL, tramlines * (1 - smoothstep(0.22, 0.4, Math.abs(track - 0.9))));
  }
  mix(VERGE, 1 - smoothstep(0.7, 1.6, border + 0.8 * fine));
  scale(0.84 + 0.2 * patch + 0.22 * fine);
  return relief * smoothstep(1, 2.2, border);
}

function paintRiver(map: TerrainMap, index: number, x: number, fromCentre: number, fromBank: number): void {
  const depth = smoothstep(0, 5, -fromBank);
  set(SHALLOWS);
  mix(WATER, depth);
  const flow = rough.at(x * 0.9 + 40, fromCentre * 2.6);
  scale(0.82 + 0.26 * flow + 0.1 * smooth.at(x * 2, fromCentre * 2));
  map.height[index] = (map.height[index] as number) - 2.1;
  map.material[index] = Material.water;
}

function paintRoad(
  map: TerrainMap,
  index: number,
  x: number,
  y: number,
  fromMiddle: number,
  overWater: boolean,
): void {
  if (overWater) map.height[index] = (map.height[index] as number) + 0.9;
  if (fromMiddle > ROAD_HALF_WIDTH) {
    // The bridge has parapets, the road a verge of gravel.
    set(overWater ? PAVING : GRAVEL);
    if (overWater) map.height[index] = (map.height[index] as number) + 0.9;
    scale(0.85 + 0.3 * rough.at(x * 3, y * 3));
  } else {
    set(ASPHALT);
    scale(0.86 + 0.16 * smooth.at(x * 4, y) + 0.1 * rough.at(x * 4, y * 0.7));
    mix(DARK_SOIL, 0.16 * (1 - smoothstep(0.25, 0.6, Math.abs(fromMiddle - 1.55))));
    const dash = fromMiddle < 0.13 && ((y % 9) + 9) % 9 < 5;
    const edge = Math.abs(fromMiddle - ROAD_HALF_WIDTH + 0.32) < 0.1;
    if ((dash || edge) && map.cellSizeInMetres < 1) mix(LINE, 0.8);
  }
  map.material[index] = Material.paved;
}

function paintGarden(map: TerrainMap, index: number, x: number, y: number): boolean {
  const near = nearestHouse(x, y);
  if (!near) return false;
  const { house, along, across } = near;
  const outside = Math.max(Math.abs(along) - house.halfLength, Math.abs(across) - house.halfWidth);
  const fine = rough.at(x * 2.3, y * 2.3);
  if (!house.garden) {
    if (outside > (house.green ?? 3)) return false;
    set(house.green ? LAWN : GRAVEL);
    if (house.green) mix(VERGE, 0.4 * smooth.at(x * 3, y * 3));
    scale(0.8 + 0.4 * fine);
    return true;
  }
  const reach = Math.max(Math.abs(along) - house.halfLength, Math.abs(across) - house.halfWidth);
  set(LAWN);
  mix(VERGE, 0.5 * smooth.at(x * 3, y * 3));
  scale(0.8 + 0.35 * fine);
  const towardsLane = (y - house.y) * (laneY(house.x) - house.y) > 0;
  if (
    reach > house.garden - 1.5 &&
    reach <= house.garden - 0.2 &&
    !(towardsLane && Math.abs(x - house.x) < 2.6)
  ) {
    set(FOREST_CANOPY);
    scale(0.8 + 0.5 * fine);
    map.height[index] = (map.height[index] as number) + 1.25 + 0.4 * fine;
    map.material[index] = Material.crown;
  } else if (reach < 2.2 && hash2(Math.round(house.x), 1, 70) > 0.35 && along * across > 0) {
    set(PAVING);
    scale(0.88 + 0.2 * fine);
    map.material[index] = Material.paved;
  } else if (towardsLane && Math.abs(x - house.x) < 1.7) {
    set(GRAVEL);
    scale(0.9 + 0.2 * fine);
    map.material[index] = Material.paved;
  } else {
    map.material[index] = Material.plants;
  }
  return true;
}

/** A cell on its way to be painted, and what is known of its column and row. One object serves all cells. */
export interface Place {
  x: number;
  y: number;
  riverY: number;
  riverHalfWidth: number;
  laneY: number;
  roadX: number;
  /** As `woodland` tells it. */
  woods: number;
  readonly parcel: Parcel;
}

/** Paints one cell of bare ground, and adjusts its height. */
export function paintGroundCell(map: TerrainMap, index: number, place: Place): void {
  const { cellSizeInMetres } = map;
  const { x, y, parcel } = place;
  const bank = 1.6 * (rough.at(x * 0.7, y * 0.7) - 0.5);
  const fromBank = Math.abs(y - place.riverY) - place.riverHalfWidth + bank;
  const fromRoad = Math.abs(x - place.roadX);
  const overWater = fromBank < 3.5;
  map.material[index] = Material.plants;

  if (fromRoad < ROAD_HALF_WIDTH + 0.9) {
    paintRoad(map, index, x, y, fromRoad, overWater);
  } else if (fromBank < 0) {
    paintRiver(map, index, x, y - place.riverY, fromBank);
  } else if (x > place.roadX && x < LANE_END_X && Math.abs(y - place.laneY) < LANE_HALF_WIDTH) {
    set(x < 190 ? ASPHALT : GRAVEL);
    mix(GRAVEL, 0.35);
    scale(0.85 + 0.25 * rough.at(x * 2, y * 3));
    map.material[index] = Material.paved;
  } else if (!paintGarden(map, index, x, y)) {
    if (place.woods > 0.5) {
      const isCanopy = cellSizeInMetres > 1;
      set(isCanopy ? FOREST_CANOPY : FOREST_FLOOR);
      const bumps = grain.cell(Math.floor(x / 4), Math.floor(y / 4));
      scale(0.65 + 0.7 * rough.at(x * 1.7, y * 1.7));
      if (isCanopy) map.height[index] = (map.height[index] as number) + 9 + 6 * bumps;
      map.material[index] = isCanopy ? Material.crown : Material.plants;
    } else {
      const relief = paintField(x, y, parcel, cellSizeInMetres);
      map.height[index] = (map.height[index] as number) + relief * (0.6 + 0.6 * rough.at(x * 5, y * 5));
      if (parcel.crop >= 0.42 && parcel.crop < 0.58) map.material[index] = Material.soil;
      if (cellSizeInMetres > 1 && parcel.hedge && parcel.border < 2.6) {
        const growth = grain.cell(Math.floor(x / 7), Math.floor(y / 7));
        set(FOREST_CANOPY);
        scale(0.7 + 0.7 * rough.at(x * 3, y * 3));
        map.height[index] = (map.height[index] as number) + Math.max(0.5, 8 * growth - 1);
        map.material[index] = Material.crown;
      }
    }
    // Grass comes down to the water, gravel lies where the river bends.
    mix(GRASS, 0.8 * (1 - smoothstep(5, 9, fromBank)));
    if (fromBank < 4.5) {
      const inside = Math.sin(x / 57 + 2.1) * Math.sign(y - place.riverY);
      mix(SAND, smoothstep(0.15, 0.7, inside) * (1 - smoothstep(1.5, 4.5, fromBank)) * 0.9);
    }
    map.height[index] = (map.height[index] as number) - 1.5 * (1 - smoothstep(0, 3.2, fromBank));
  }
  const speckle = 0.93 + 0.14 * grain.cell(Math.floor(x / 0.24), Math.floor(y / 0.24));
  map.red[index] = red * speckle;
  map.green[index] = green * speckle;
  map.blue[index] = blue * speckle;
}
