/**
 * The sample flight's landscape, which exists nowhere: a river between fields, a road over a bridge, a
 * village with a church, woods and hills. Metres; x to the east, y to the north, z up from the river's plain.
 */
import { fractalTile, grainTile, hash2, type NoiseTile, smoothstep } from './noise.ts';

/** Noise that the whole scene shares: wide and smooth, with finer detail in it, and white. */
export const smooth: NoiseTile = fractalTile(11, 4, 5);
export const rough: NoiseTile = fractalTile(23, 32, 4);
export const grain: NoiseTile = grainTile(5);

/** Towards the sun: a spring morning, from the east-south-east. */
const SUN_AZIMUTH = (118 * Math.PI) / 180;
const SUN_ELEVATION = (37 * Math.PI) / 180;
export const sun = {
  x: Math.sin(SUN_AZIMUTH) * Math.cos(SUN_ELEVATION),
  y: Math.cos(SUN_AZIMUTH) * Math.cos(SUN_ELEVATION),
  z: Math.sin(SUN_ELEVATION),
  azimuth: SUN_AZIMUTH,
  elevation: SUN_ELEVATION,
} as const;

/** Centre of the river at `x`. */
export const riverY = (x: number): number =>
  62 + 42 * Math.sin(x / 132 + 0.7) + 16 * Math.sin(x / 57 + 2.1) + 60 * Math.sin(x / 610);
/** Half its width. */
export const riverHalfWidth = (x: number): number => 8.5 + 2.2 * Math.sin(x / 47 + 1);
/** Centre of the main road at `y`. */
export const roadX = (y: number): number => -46 + 30 * Math.sin(y / 170 + 0.4) + 90 * Math.sin(y / 900);
/** Centre of the village lane at `x`. */
export const laneY = (x: number): number => -64 + 11 * Math.sin(x / 105 + 0.3);
/** Where the lane ends in the fields. */
export const LANE_END_X = 205;
export const ROAD_HALF_WIDTH = 3.3;
export const LANE_HALF_WIDTH = 2.1;

/** Rolling ground, hills far away in the north and the west. */
export function groundHeight(x: number, y: number): number {
  const rolling = (smooth.at(x / 4.2 + 90, y / 4.2 + 30) - 0.5) * 5;
  const distance = Math.hypot(x, y);
  const hills = smoothstep(650, 1900, distance) * (18 + 120 * smooth.at(x / 19 + 300, y / 19 + 210) ** 1.6);
  return rolling + hills * (y > 0 ? 1 : smoothstep(-2600, 0, y) * 0.55 + 0.2);
}

/** A field of the patchwork, as a point in it sees it. */
export interface Parcel {
  /** Position within the field, along and across its rows. */
  along: number;
  across: number;
  /** Distance to the nearest border. */
  border: number;
  /** Whether that border carries a hedge. */
  hedge: boolean;
  /** A number in [0, 1) that decides what grows here. */
  crop: number;
  length: number;
}

const FIELD_TURN = (17 * Math.PI) / 180;
const FIELD_COS = Math.cos(FIELD_TURN);
const FIELD_SIN = Math.sin(FIELD_TURN);
const FIELD_DEPTH = 84;

/** The field of the last point: the next point is most likely in the same one. */
const last = {
  row: Number.NaN,
  column: Number.NaN,
  length: 0,
  shift: 0,
  crop: 0,
  hedges: [false, false, false, false],
};

const isHedge = (first: number, second: number, seed: number): boolean => hash2(first, second, seed) > 0.58;

function rememberRow(row: number): void {
  last.row = row;
  last.column = Number.NaN;
  last.length = 62 + 88 * hash2(row, 7, 1);
  last.shift = 200 * hash2(row, 3, 2);
}

function rememberColumn(column: number, row: number): void {
  last.column = column;
  last.crop = hash2(column, row, 5);
  last.hedges = [
    isHedge(row, 91, 3),
    isHedge(row + 1, 91, 3),
    isHedge(column, row, 4),
    isHedge(column + 1, row, 4),
  ];
}

/**
 * Writes the field at a point into `parcel`. All points share one object, since there are millions of them.
 */
export function parcelAt(x: number, y: number, parcel: Parcel): void {
  const bend = (smooth.at(x / 7 + 17, y / 7 + 400) - 0.5) * 34;
  const along = x * FIELD_COS + y * FIELD_SIN + bend + 5000;
  const across = y * FIELD_COS - x * FIELD_SIN + bend * 0.7 + 5000;
  const row = Math.floor(across / FIELD_DEPTH);
  if (row !== last.row) rememberRow(row);
  const { length } = last;
  const shifted = along + last.shift;
  const column = Math.floor(shifted / length);
  if (column !== last.column) rememberColumn(column, row);
  parcel.along = shifted - column * length;
  parcel.across = across - row * FIELD_DEPTH;
  parcel.length = length;
  const alongBorder = Math.min(parcel.along, length - parcel.along);
  const acrossBorder = Math.min(parcel.across, FIELD_DEPTH - parcel.across);
  parcel.border = Math.min(alongBorder, acrossBorder);
  const side =
    acrossBorder < alongBorder
      ? parcel.across < FIELD_DEPTH / 2
        ? 0
        : 1
      : parcel.along < length / 2
        ? 2
        : 3;
  parcel.hedge = last.hedges[side] as boolean;
  parcel.crop = last.crop;
}

/** A house, barn or church part: a box under a gable, or under a pyramid when `spire` is set. */
export interface House {
  readonly x: number;
  readonly y: number;
  /** Direction of the ridge. */
  readonly turn: number;
  readonly halfLength: number;
  readonly halfWidth: number;
  readonly eaves: number;
  readonly ridge: number;
  readonly roof: readonly [number, number, number];
  readonly spire?: boolean;
  readonly solar?: boolean;
  /** Distance from the house to the hedge around its garden; none without. */
  readonly garden?: number;
  /** How far an open lawn reaches around it. */
  readonly green?: number;
}

const ROOFS = [
  [152, 92, 74],
  [162, 104, 82],
  [138, 82, 68],
  [124, 86, 74],
  [92, 92, 98],
  [112, 104, 98],
  [146, 98, 82],
] as const;

function lotsAlongLane(): House[] {
  const houses: House[] = [];
  for (let lot = 0; lot < 22; lot++) {
    const side = lot % 2 === 0 ? 1 : -1;
    const x = -18 + Math.floor(lot / 2) * 20.5 + hash2(lot, 1, 40) * 5 + (side > 0 ? 0 : 8);
    // The church stands here.
    if (side > 0 && x > 20 && x < 76) continue;
    const slope = (laneY(x + 1) - laneY(x - 1)) / 2;
    const set = 14.5 + hash2(lot, 2, 40) * 4;
    const acrossLane = hash2(lot, 3, 40) > 0.7 ? Math.PI / 2 : 0;
    houses.push({
      x: x - slope * set * side,
      y: laneY(x) + set * side,
      turn: Math.atan(slope) + acrossLane + (hash2(lot, 4, 40) - 0.5) * 0.12,
      halfLength: 5.4 + hash2(lot, 5, 40) * 1.8,
      halfWidth: 4 + hash2(lot, 6, 40) * 0.8,
      eaves: 3.4 + hash2(lot, 7, 40) * 1.6,
      ridge: 6.6 + hash2(lot, 8, 40) * 1.8,
      roof: ROOFS[Math.floor(hash2(lot, 9, 40) * ROOFS.length)] as House['roof'],
      solar: hash2(lot, 10, 40) > 0.66,
      garden: 8.6,
    });
  }
  return houses;
}

/** Everything with a roof. */
export const houses: readonly House[] = [
  ...lotsAlongLane(),
  // The church, on its green by the lane.
  {
    x: 52,
    y: -42,
    turn: 0.12,
    halfLength: 10.5,
    halfWidth: 4.6,
    eaves: 7,
    ridge: 12,
    roof: [120, 66, 52],
    green: 12,
  },
  {
    x: 38.6,
    y: -43.6,
    turn: 0.12,
    halfLength: 2.9,
    halfWidth: 2.9,
    eaves: 16,
    ridge: 29,
    roof: [84, 92, 98],
    spire: true,
  },
  // A farm west of the road.
  {
    x: -92,
    y: -66,
    turn: 0.3,
    halfLength: 15,
    halfWidth: 7,
    eaves: 5,
    ridge: 9,
    roof: [126, 76, 60],
    solar: true,
  },
  {
    x: -112,
    y: -44,
    turn: 1.87,
    halfLength: 12,
    halfWidth: 5.5,
    eaves: 4.5,
    ridge: 8,
    roof: [108, 104, 100],
  },
  {
    x: -84,
    y: -38,
    turn: 0.3,
    halfLength: 6.6,
    halfWidth: 4.6,
    eaves: 4.6,
    ridge: 8.4,
    roof: [164, 86, 60],
    garden: 8,
  },
];

/** Where a house and its garden are, for quick look-ups. */
interface Lot {
  readonly house: House;
  readonly cosine: number;
  readonly sine: number;
  readonly margin: number;
}

const LOT_CELL = 10;
const lotKey = (column: number, row: number): number => (column + 2000) * 4000 + row + 2000;

/** Houses by the squares that they reach into: most points of the landscape have none nearby. */
const lots = new Map<number, Lot[]>();
for (const house of houses) {
  const margin = house.garden ?? house.green ?? 3;
  const lot: Lot = { house, margin, cosine: Math.cos(house.turn), sine: Math.sin(house.turn) };
  const reach = Math.hypot(house.halfLength, house.halfWidth) + margin * Math.SQRT2;
  for (
    let column = Math.floor((house.x - reach) / LOT_CELL);
    column * LOT_CELL <= house.x + reach;
    column++
  ) {
    for (let row = Math.floor((house.y - reach) / LOT_CELL); row * LOT_CELL <= house.y + reach; row++) {
      const key = lotKey(column, row);
      lots.set(key, [...(lots.get(key) ?? []), lot]);
    }
  }
}

/** A point on somebody's ground, in the directions of the house. */
export interface PlaceByHouse {
  readonly house: House;
  readonly along: number;
  readonly across: number;
}

/** The house whose ground a point is on. */
export function nearestHouse(x: number, y: number): PlaceByHouse | undefined {
  const candidates = lots.get(lotKey(Math.floor(x / LOT_CELL), Math.floor(y / LOT_CELL)));
  if (!candidates) return undefined;
  for (const { house, cosine, sine, margin } of candidates) {
    const along = (x - house.x) * cosine + (y - house.y) * sine;
    const across = (y - house.y) * cosine - (x - house.x) * sine;
    if (Math.abs(along) <= house.halfLength + margin && Math.abs(across) <= house.halfWidth + margin) {
      return { house, along, across };
    }
  }
  return undefined;
}

/** Which way a crown grows, and in what colour. */
export type TreeKind = 'broadleaf' | 'conifer' | 'blossom' | 'bush';

export interface Tree {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly height: number;
  readonly kind: TreeKind;
  readonly shade: number;
}

/** How strongly a point belongs to the woods: above 0.5 it does. */
export function woodland(x: number, y: number): number {
  const wish = smooth.at(x / 5.6 + 140, y / 5.6 + 260);
  const farFromPeople = smoothstep(70, 150, Math.hypot((x - 60) / 1.5, y + 50));
  const farFromRoad = smoothstep(14, 24, Math.abs(x - roadX(y)));
  return wish * farFromPeople * farFromRoad * (0.86 + 0.3 * smoothstep(300, 1500, Math.hypot(x, y)));
}

const ORCHARD = { x: 112, y: 2, halfWidth: 34, halfDepth: 17 } as const;

function treeAt(x: number, y: number, column: number, row: number, parcel: Parcel): Tree | undefined {
  const chance = hash2(column, row, 60);
  const size = hash2(column, row, 61);
  const shade = hash2(column, row, 62);
  const toRiver = Math.abs(y - riverY(x)) - riverHalfWidth(x);
  if (toRiver < 1.5 || Math.abs(x - roadX(y)) < ROAD_HALF_WIDTH + 3.5) return undefined;
  if (Math.abs(y - laneY(x)) < LANE_HALF_WIDTH + 2.5 && x < LANE_END_X + 4 && x > roadX(y)) return undefined;
  const tree = (kind: TreeKind, radius: number, height: number): Tree => ({
    x,
    y,
    kind,
    radius,
    height,
    shade,
  });

  const near = nearestHouse(x, y);
  if (near) {
    const outside = Math.max(
      Math.abs(near.along) - near.house.halfLength,
      Math.abs(near.across) - near.house.halfWidth,
    );
    if (!near.house.garden || outside < 3.4 || chance > 0.17) return undefined;
    return chance > 0.11
      ? tree('blossom', 1.5 + size, 3 + 2 * size)
      : tree('broadleaf', 1.6 + 1.4 * size, 4 + 3 * size);
  }
  if (Math.abs(x - ORCHARD.x) < ORCHARD.halfWidth && Math.abs(y - ORCHARD.y) < ORCHARD.halfDepth)
    return undefined;
  if (woodland(x, y) > 0.5) {
    if (chance > 0.93) return undefined;
    const conifer = smooth.at(x / 9 + 50, y / 9 + 50) + 0.25 * shade > 0.72;
    return conifer
      ? tree('conifer', 2 + size, 11 + 7 * size)
      : tree('broadleaf', 2.6 + 2.4 * size, 9 + 6 * size);
  }
  if (toRiver < 11 && chance < 0.6 * smooth.at(x / 3 + 10, y / 3 + 10) + 0.1) {
    return tree(size < 0.35 ? 'bush' : 'broadleaf', 1.6 + 3 * size, 2.4 + 9 * size);
  }
  parcelAt(x, y, parcel);
  if (parcel.border < 2.2 && parcel.hedge && toRiver > 14 && chance < 0.78) {
    return tree(
      size < 0.62 ? 'bush' : 'broadleaf',
      1.4 + 2 * size,
      size < 0.62 ? 2 + 2 * size : 4 + 5 * size,
    );
  }
  // A few stand alone in the meadows.
  return chance < 0.004 && parcel.border > 6 ? tree('broadleaf', 4 + 1.5 * size, 9 + 4 * size) : undefined;
}

/** Trees within `reach` metres of the middle. */
export function plantTrees(reach: number): Tree[] {
  const trees: Tree[] = [];
  const parcel: Parcel = { along: 0, across: 0, border: 0, hedge: false, crop: 0, length: 0 };
  const spacing = 4.4;
  const cells = Math.ceil(reach / spacing);
  for (let row = -cells; row <= cells; row++) {
    for (let column = -cells; column <= cells; column++) {
      const x = (column + 0.15 + 0.7 * hash2(column, row, 63)) * spacing;
      const y = (row + 0.15 + 0.7 * hash2(column, row, 64)) * spacing;
      const tree = treeAt(x, y, column, row, parcel);
      if (tree) trees.push(tree);
    }
  }
  for (let x = ORCHARD.x - ORCHARD.halfWidth + 4; x < ORCHARD.x + ORCHARD.halfWidth - 2; x += 6.2) {
    for (let y = ORCHARD.y - ORCHARD.halfDepth + 4; y < ORCHARD.y + ORCHARD.halfDepth - 2; y += 6.2) {
      const size = hash2(Math.round(x), Math.round(y), 65);
      if (size < 0.94)
        trees.push({ x, y, kind: 'blossom', radius: 1.7 + 0.7 * size, height: 3.4 + size, shade: size });
    }
  }
  for (const [x, y] of [
    [66, -37],
    [60, -30],
    [44, -31],
    [30, -38],
    [31, -50],
  ] as const) {
    if (!nearestHouse(x, y)?.house.spire)
      trees.push({ x, y, kind: 'broadleaf', radius: 3.4, height: 9.5, shade: hash2(x, y, 67) });
  }
  // The avenue along the road.
  for (let y = -230; y < 230; y += 11.5) {
    const size = hash2(Math.round(y), 1, 66);
    if (Math.abs(y - riverY(roadX(y))) < 20 || Math.abs(y - laneY(roadX(y))) < 12 || size < 0.12) continue;
    for (const side of [-1, 1]) {
      const x = roadX(y) + side * (ROAD_HALF_WIDTH + 3.4);
      if (!nearestHouse(x, y))
        trees.push({ x, y, kind: 'broadleaf', radius: 2.5 + size, height: 7 + 3 * size, shade: size });
    }
  }
  return trees;
}

/** A car, seen from above: a coloured box. */
export interface Car {
  readonly x: number;
  readonly y: number;
  readonly turn: number;
  readonly colour: readonly [number, number, number];
}

const onRoad = (y: number, lane: number, colour: Car['colour']): Car => ({
  x: roadX(y) + lane * 1.6,
  y,
  turn: Math.PI / 2 - Math.atan((roadX(y + 1) - roadX(y - 1)) / 2),
  colour,
});

export const cars: readonly Car[] = [
  onRoad(-12, 1, [196, 40, 36]),
  onRoad(24, -1, [232, 232, 230]),
  onRoad(118, 1, [54, 66, 92]),
  onRoad(-128, -1, [214, 214, 218]),
  { x: 74, y: laneY(74) + 0.9, turn: 0.05, colour: [60, 62, 66] },
  { x: 20, y: laneY(20) - 0.9, turn: 0.02, colour: [70, 104, 158] },
  { x: 60, y: -53, turn: 1.5, colour: [222, 222, 222] },
  { x: 63.2, y: -53, turn: 1.5, colour: [120, 30, 34] },
];
