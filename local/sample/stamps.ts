/** What stands on the ground: houses, trees, cars, pressed into a map one by one. */
import { hash2 } from './noise.ts';
import { type Car, cars, grain, type House, rough, type Tree } from './scene.ts';
import { linear, Material, type TerrainMap } from './terrain-map.ts';

/** Calls `visit` for each cell of a map within `reach` metres of a point. */
function eachCell(
  map: TerrainMap,
  centreX: number,
  centreY: number,
  reach: number,
  visit: (index: number, offsetX: number, offsetY: number) => void,
): void {
  const { columns, rows, cellSizeInMetres, minX, minY } = map;
  const firstColumn = Math.max(0, Math.floor((centreX - reach - minX) / cellSizeInMetres));
  const lastColumn = Math.min(columns - 1, Math.ceil((centreX + reach - minX) / cellSizeInMetres));
  const firstRow = Math.max(0, Math.floor((centreY - reach - minY) / cellSizeInMetres));
  const lastRow = Math.min(rows - 1, Math.ceil((centreY + reach - minY) / cellSizeInMetres));
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const offsetX = minX + (column + 0.5) * cellSizeInMetres - centreX;
      const offsetY = minY + (row + 0.5) * cellSizeInMetres - centreY;
      visit(row * columns + column, offsetX, offsetY);
    }
  }
}

/** Height of the ground at a point; things stand on it level. */
function groundAt(
  { columns, rows, cellSizeInMetres, minX, minY, height }: TerrainMap,
  x: number,
  y: number,
): number | undefined {
  const column = Math.floor((x - minX) / cellSizeInMetres);
  const row = Math.floor((y - minY) / cellSizeInMetres);
  return column >= 0 && row >= 0 && column < columns && row < rows
    ? height[row * columns + column]
    : undefined;
}

function paint(
  map: TerrainMap,
  index: number,
  red: number,
  green: number,
  blue: number,
  factor: number,
): void {
  map.red[index] = red * factor;
  map.green[index] = green * factor;
  map.blue[index] = blue * factor;
}

function stampHouse(map: TerrainMap, house: House, base: number): void {
  const cosine = Math.cos(house.turn);
  const sine = Math.sin(house.turn);
  const [red, green, blue] = house.roof.map(linear) as [number, number, number];
  const reach = Math.hypot(house.halfLength, house.halfWidth) + 0.5;
  eachCell(map, house.x, house.y, reach, (index, offsetX, offsetY) => {
    const along = offsetX * cosine + offsetY * sine;
    const across = offsetY * cosine - offsetX * sine;
    if (Math.abs(along) > house.halfLength || Math.abs(across) > house.halfWidth) return;
    const toRidge = house.spire
      ? 1 - Math.max(Math.abs(along), Math.abs(across)) / house.halfLength
      : 1 - Math.abs(across) / house.halfWidth;
    const courses = map.cellSizeInMetres < 0.3 ? 0.06 * Math.sin((across * 2 * Math.PI) / 0.9) : 0;
    const weather = 0.82 + 0.3 * rough.at(along * 3 + house.x * 7, across * 3 + house.y * 7) + courses;
    let height = base + house.eaves + (house.ridge - house.eaves) * toRidge;
    paint(map, index, red, green, blue, weather);
    if (!house.spire && Math.abs(across) < 0.22) paint(map, index, red, green, blue, 1.25);
    // Panels on the side that gets the sun, in a grid with thin frames.
    const southSide = across * cosine < 0;
    if (
      house.solar &&
      southSide &&
      toRidge > 0.16 &&
      toRidge < 0.86 &&
      Math.abs(along) < house.halfLength * 0.74
    ) {
      const frame =
        Math.abs((((along + 50) % 1.1) + 1.1) % 1.1) < 0.13 ||
        Math.abs((((across + 50) % 1.8) + 1.8) % 1.8) < 0.13;
      paint(map, index, linear(34), linear(44), linear(70), frame ? 2.1 : 0.9);
      height += 0.1;
    }
    const chimney =
      Math.abs(along - house.halfLength * 0.4) < 0.4 && Math.abs(across - house.halfWidth * 0.24) < 0.4;
    if (chimney && house.garden) {
      height += 1.3;
      paint(map, index, linear(136), linear(104), linear(90), 1);
    }
    map.height[index] = height;
    // A spire is roof all the way; only its lowest ring is the top of a wall.
    map.material[index] = house.spire && toRidge > 0.1 ? Material.paved : Material.building;
  });
}

/** Presses houses into the map. Maps too coarse for them get their roofs as single cells. */
export function stampHouses(map: TerrainMap, houses: readonly House[]): void {
  const bases = houses.map((house) => groundAt(map, house.x, house.y));
  for (const [index, house] of houses.entries()) {
    const base = bases[index];
    if (base !== undefined) stampHouse(map, house, base);
  }
}

const CROWNS: Readonly<Record<Tree['kind'], readonly (readonly [number, number, number])[]>> = {
  broadleaf: [
    [86, 106, 56],
    [104, 122, 64],
    [76, 96, 54],
    [122, 130, 72],
    [106, 110, 66],
  ],
  conifer: [
    [44, 70, 46],
    [52, 78, 48],
  ],
  blossom: [
    [232, 222, 220],
    [238, 206, 214],
    [226, 226, 212],
  ],
  bush: [
    [94, 108, 62],
    [82, 94, 56],
    [116, 118, 74],
  ],
};

function stampTree(map: TerrainMap, tree: Tree, base: number): void {
  const palette = CROWNS[tree.kind];
  const [red, green, blue] = (
    palette[Math.floor(tree.shade * palette.length)] ??
    palette[0] ?? [80, 100, 50]
  ).map(linear) as [number, number, number];
  const isCone = tree.kind === 'conifer';
  const own = hash2(Math.round(tree.x * 10), Math.round(tree.y * 10), 80) * 400;
  eachCell(map, tree.x, tree.y, tree.radius * 1.25, (index, offsetX, offsetY) => {
    // A crown is round only roughly: lobes, boughs, and leaves at the rim.
    const angle = Math.atan2(offsetY, offsetX);
    const lobes = 1 + 0.13 * Math.sin(angle * 3 + own) + 0.09 * Math.sin(angle * 5 + own * 2);
    const ragged = rough.at(offsetX * 11 + own, offsetY * 11 + own) - 0.5;
    const distance = Math.hypot(offsetX, offsetY) / (tree.radius * lobes) + 0.34 * ragged;
    if (distance > 1) return;
    const dome = isCone ? 1 - Math.max(0, distance) : (1 - distance * distance) ** 0.62;
    const boughs = rough.at(offsetX * 7 + own * 3, offsetY * 7 + own);
    const leaves = rough.at(offsetX * 23 + own, offsetY * 23 + own * 2);
    const stem = isCone ? 0.12 : 0.16;
    const bumps = (boughs - 0.5) * Math.min(3.2, tree.radius * 0.85) + (leaves - 0.5) * 1.1;
    const height = base + tree.height * (isCone ? 1 : 0.82) * (stem + (1 - stem) * dome) + bumps;
    if (height <= (map.height[index] as number)) return;
    map.height[index] = height;
    const speckle = grain.cell(Math.floor(offsetX / 0.21 + own), Math.floor(offsetY / 0.21 + own));
    const inner = 0.5 + 0.62 * boughs + 0.5 * (leaves - 0.5) + 0.42 * (speckle - 0.5);
    paint(map, index, red, green, blue, Math.max(0.2, inner) * (isCone ? 1 : 1.06));
    map.material[index] = Material.crown;
  });
}

/** Presses trees into the map. Only maps fine enough for crowns get them. */
export function stampTrees(map: TerrainMap, trees: readonly Tree[]): void {
  if (map.cellSizeInMetres > 1) return;
  // All of them first: a tree stands on the ground, not on its neighbour.
  const bases = trees.map((tree) => groundAt(map, tree.x, tree.y));
  for (const [index, tree] of trees.entries()) {
    const base = bases[index];
    if (base !== undefined) stampTree(map, tree, base);
  }
}

function stampCar(map: TerrainMap, car: Car, base: number): void {
  const cosine = Math.cos(car.turn);
  const sine = Math.sin(car.turn);
  const [red, green, blue] = car.colour.map(linear) as [number, number, number];
  eachCell(map, car.x, car.y, 2.6, (index, offsetX, offsetY) => {
    const along = offsetX * cosine + offsetY * sine;
    const across = Math.abs(offsetY * cosine - offsetX * sine);
    if (Math.abs(along) > 2.15 || across > 0.88) return;
    const cabin = along > -1.5 && along < 0.75;
    const glass = cabin && (along > 0.3 || along < -1.15 || across > 0.68);
    map.height[index] = base + (cabin ? 1.45 : 0.95);
    if (glass) paint(map, index, linear(40), linear(48), linear(56), 1);
    else paint(map, index, red, green, blue, 1.1);
    map.material[index] = Material.building;
  });
}

/** Presses the cars into the map. */
export function stampCars(map: TerrainMap): void {
  if (map.cellSizeInMetres > 0.6) return;
  for (const car of cars) {
    const base = groundAt(map, car.x, car.y);
    if (base !== undefined) stampCar(map, car, base);
  }
}
