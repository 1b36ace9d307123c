/** A camera that looks straight down, and one that looks in any direction. */
import {
  addHaze,
  emptyPicture,
  expose,
  hazeShare,
  type Light,
  type Picture,
  pixelNoise,
  skyLight,
  skyRow,
} from './picture.ts';
import { grain, rough } from './scene.ts';
import { Material, type TerrainMap } from './terrain-map.ts';

/**
 * Position and direction of a camera. Angles are in degrees, as DJI's gimbals report them: yaw is clockwise
 * from north, and a pitch of -90 is down.
 */
export interface Pose {
  readonly x: number;
  readonly y: number;
  /** Above the river's plain. */
  readonly altitude: number;
  readonly yawInDegrees: number;
  readonly pitchInDegrees: number;
}

const RADIANS = Math.PI / 180;
/** Half the horizontal field of view of a wide camera, 24 mm in small-picture terms. */
export const TAN_HALF_VIEW = 0.72;

/** Colour of a map between its cells, as `light`; outside it is the edge's. */
function sample(map: TerrainMap, x: number, y: number, light: Light): void {
  const { columns, rows, cellSizeInMetres, red, green, blue } = map;
  const across = Math.max(0, Math.min(columns - 1.001, (x - map.minX) / cellSizeInMetres - 0.5));
  const along = Math.max(0, Math.min(rows - 1.001, (y - map.minY) / cellSizeInMetres - 0.5));
  const column = across | 0;
  const row = along | 0;
  const right = across - column;
  const up = along - row;
  const index = row * columns + column;
  const above = index + columns;
  const southWest = (1 - right) * (1 - up);
  const southEast = right * (1 - up);
  const northWest = (1 - right) * up;
  const northEast = right * up;
  light.red =
    (red[index] as number) * southWest +
    (red[index + 1] as number) * southEast +
    (red[above] as number) * northWest +
    (red[above + 1] as number) * northEast;
  light.green =
    (green[index] as number) * southWest +
    (green[index + 1] as number) * southEast +
    (green[above] as number) * northWest +
    (green[above + 1] as number) * northEast;
  light.blue =
    (blue[index] as number) * southWest +
    (blue[index + 1] as number) * southEast +
    (blue[above] as number) * northWest +
    (blue[above + 1] as number) * northEast;
}

/** The cell under a point; the nearest one outside the map. */
function cellAt(map: TerrainMap, x: number, y: number): number {
  const column = Math.max(0, Math.min(map.columns - 1, ((x - map.minX) / map.cellSizeInMetres) | 0));
  const row = Math.max(0, Math.min(map.rows - 1, ((y - map.minY) / map.cellSizeInMetres) | 0));
  return row * map.columns + column;
}

const BLOCK = 12;

/**
 * The highest point of each block of cells and of the blocks around it: above that a ray may take long steps.
 */
function ceilings({ columns, rows, height }: TerrainMap): {
  columns: number;
  rows: number;
  values: Float32Array;
} {
  const blockColumns = Math.ceil(columns / BLOCK);
  const blockRows = Math.ceil(rows / BLOCK);
  const own = new Float32Array(blockColumns * blockRows).fill(-1000);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const block = ((row / BLOCK) | 0) * blockColumns + ((column / BLOCK) | 0);
      const here = height[row * columns + column] as number;
      if (here > (own[block] as number)) own[block] = here;
    }
  }
  const values = new Float32Array(own.length);
  for (let row = 0; row < blockRows; row++) {
    for (let column = 0; column < blockColumns; column++) {
      let highest = -1000;
      for (let y = Math.max(0, row - 1); y <= Math.min(blockRows - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(blockColumns - 1, column + 1); x++) {
          highest = Math.max(highest, own[y * blockColumns + x] as number);
        }
      }
      values[row * blockColumns + column] = highest;
    }
  }
  return { columns: blockColumns, rows: blockRows, values };
}

/**
 * What an upright surface shows at a height: plaster and windows under a roof, boughs and shade under leaves.
 */
function shadeWall(
  light: Light,
  material: number,
  x: number,
  y: number,
  z: number,
  below: number,
  facesSun: boolean,
): void {
  if (material === Material.building) {
    const alongWall = (((x + y) * 0.62) % 1) + 1;
    const aboveFloor = (z / 2.9 + 40) % 1;
    const isWindow = alongWall % 1 < 0.36 && aboveFloor > 0.3 && aboveFloor < 0.74;
    const brightness = (facesSun ? 0.66 : 0.27) * (isWindow ? 0.3 : 0.94 + 0.12 * grain.cell(x * 4, z * 4));
    light.red = brightness;
    light.green = brightness * 0.96;
    light.blue = brightness * (facesSun ? 0.87 : 1);
  } else {
    const boughs = 0.5 + rough.at((x + y) * 9, z * 9 + (x - y) * 3);
    const darkness = Math.max(0.3, 1 - 0.13 * below) * boughs * (facesSun ? 1.16 : 0.72);
    light.red *= darkness;
    light.green *= darkness;
    light.blue *= darkness;
  }
}

/** Water reflects the sky, more so at flat angles. */
function addReflection(light: Light, x: number, y: number, flatness: number): void {
  const ripples = 0.75 + 0.5 * rough.at(x * 7, y * 7);
  const share = (0.04 + 0.8 * flatness ** 3) * ripples;
  light.red += (0.4 - light.red) * share;
  light.green += (0.52 - light.green) * share;
  light.blue += (0.68 - light.blue) * share;
}

const vignette = (column: number, row: number, width: number, height: number): number => {
  const offCentre = ((column / width - 0.5) ** 2 + ((row / height - 0.5) ** 2 * height) / width) * 2;
  return 1.02 - 0.26 * offCentre;
};

/** A picture looking straight down on a fine map. */
export function photographDown(map: TerrainMap, pose: Pose, width: number, height: number): Picture {
  const picture = emptyPicture(width, height);
  const top = ceilings(map);
  const light: Light = { red: 0, green: 0, blue: 0 };
  const sine = Math.sin(pose.yawInDegrees * RADIANS);
  const cosine = Math.cos(pose.yawInDegrees * RADIANS);
  const blockSizeInMetres = BLOCK * map.cellSizeInMetres;
  const haze = hazeShare(pose.altitude * 1.6);
  let highest = -1000;
  for (const value of top.values) highest = Math.max(highest, value);
  for (let row = 0; row < height; row++) {
    const up = ((height / 2 - row - 0.5) / (width / 2)) * TAN_HALF_VIEW;
    for (let column = 0; column < width; column++) {
      const right = ((column + 0.5 - width / 2) / (width / 2)) * TAN_HALF_VIEW;
      // Metres sideways for each metre down.
      const stepX = right * cosine + up * sine;
      const stepY = up * cosine - right * sine;
      const slant = Math.hypot(stepX, stepY) + 0.001;
      const fine = Math.min(0.8, (map.cellSizeInMetres * 1.4) / slant);
      let down = pose.altitude - highest;
      let cell = 0;
      for (;;) {
        const x = pose.x + stepX * down;
        const y = pose.y + stepY * down;
        const z = pose.altitude - down;
        const cellColumn = Math.max(
          0,
          Math.min(map.columns - 1, ((x - map.minX) / map.cellSizeInMetres) | 0),
        );
        const cellRow = Math.max(0, Math.min(map.rows - 1, ((y - map.minY) / map.cellSizeInMetres) | 0));
        cell = cellRow * map.columns + cellColumn;
        const ceiling = top.values[
          ((cellRow / BLOCK) | 0) * top.columns + ((cellColumn / BLOCK) | 0)
        ] as number;
        if (z > ceiling) {
          down += Math.max(0.02, Math.min(blockSizeInMetres / slant, z - ceiling));
        } else if (z > (map.height[cell] as number) + 0.05) {
          down += Math.min(fine, Math.max(0.03, z - (map.height[cell] as number)));
        } else break;
        if (z < -20) break;
      }
      sample(map, pose.x + stepX * down, pose.y + stepY * down, light);
      const below = (map.height[cell] as number) - (pose.altitude - down);
      const material = map.material[cell] as number;
      if (below > 0.75 && material >= Material.building) {
        const x = pose.x + stepX * down;
        shadeWall(light, material, x, pose.y + stepY * down, pose.altitude - down, below, stepX < 0);
      }
      addHaze(light, haze);
      const noise = pixelNoise(column, row, material === Material.water ? 0.05 : 0.12);
      expose(picture, row * width + column, light, noise * vignette(column, row, width, height));
    }
  }
  return picture;
}

/** A map with half, a quarter … of the resolution, for distant ground. */
export function coarser(map: TerrainMap): TerrainMap {
  const columns = map.columns >> 1;
  const rows = map.rows >> 1;
  const half = (source: Float32Array): Float32Array => {
    const target = new Float32Array(columns * rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const at = 2 * row * map.columns + 2 * column;
        const south = (source[at] as number) + (source[at + 1] as number);
        const north = (source[at + map.columns] as number) + (source[at + map.columns + 1] as number);
        target[row * columns + column] = (south + north) / 4;
      }
    }
    return target;
  };
  return {
    ...map,
    columns,
    rows,
    cellSizeInMetres: map.cellSizeInMetres * 2,
    red: half(map.red),
    green: half(map.green),
    blue: half(map.blue),
  };
}

/** Part of the sphere around a camera: each column a direction, each row an elevation, evenly spaced. */
export interface SphereView {
  readonly x: number;
  readonly y: number;
  readonly altitude: number;
  readonly firstAzimuth: number;
  readonly lowestElevation: number;
  readonly radiansPerPixel: number;
  readonly width: number;
  readonly height: number;
}

/** The landscape around the flight: fine near by, coarse far away. */
export interface Surroundings {
  readonly near: TerrainMap;
  /** `near` at half and at a quarter of its fineness. */
  readonly nearLevels: readonly TerrainMap[];
  readonly far: TerrainMap;
}

/**
 * Paints a part of the sphere, column by column from the ground below outwards: what rises above everything
 * nearer is visible. The whole horizon costs less than a ray for each pixel would.
 */
export function paintSphere(around: Surroundings, view: SphereView): Picture {
  const { width, height, radiansPerPixel, altitude } = view;
  const picture = emptyPicture(width, height);
  const { near, far } = around;
  const light: Light = { red: 0, green: 0, blue: 0 };
  const slopes = Float64Array.from({ length: height }, (_, row) =>
    Math.tan(view.lowestElevation + (row + 0.5) * radiansPerPixel),
  );
  const nearMargin = near.cellSizeInMetres * 2;
  const maxX = near.minX + near.widthInMetres - nearMargin;
  const maxY = near.minY + near.depthInMetres - nearMargin;
  const farthest = far.widthInMetres / 2 - Math.hypot(view.x - far.centreX, view.y - far.centreY) - 10;
  const sky = Array.from({ length: height }, (_, row) =>
    skyRow(view.lowestElevation + (row + 0.5) * radiansPerPixel),
  );
  for (let column = 0; column < width; column++) {
    const azimuth = view.firstAzimuth + (column + 0.5) * radiansPerPixel;
    const directionX = Math.sin(azimuth);
    const directionY = Math.cos(azimuth);
    let row = 0;
    let step = 0;
    let distance = Math.max(0.5, (altitude - 4) / -Math.min(-0.05, (slopes[0] as number) || -0.05) - 30);
    while (row < height && distance < farthest) {
      const x = view.x + directionX * distance;
      const y = view.y + directionY * distance;
      const isNear = x > near.minX + nearMargin && x < maxX && y > near.minY + nearMargin && y < maxY;
      const map = isNear ? near : far;
      const cell = cellAt(map, x, y);
      const top = map.height[cell] as number;
      const slope = (top - altitude) / distance;
      const pixelSizeInMetres = (radiansPerPixel * (distance * distance + altitude * altitude)) / altitude;
      if ((slopes[row] as number) <= slope) {
        const footprint = Math.min(pixelSizeInMetres * 0.6, distance * 0.01);
        const level = isNear
          ? footprint > near.cellSizeInMetres * 3
            ? 2
            : footprint > near.cellSizeInMetres * 1.5
              ? 1
              : 0
          : 0;
        const coloured = isNear && level > 0 ? (around.nearLevels[level - 1] ?? near) : map;
        const material = map.material[cell] as number;
        sample(coloured, x, y, light);
        const { red, green, blue } = light;
        const strength =
          (material === Material.water ? 0.05 : material >= Material.building ? 0.13 : 0.16) /
          (1 + distance / 500);
        const haze = hazeShare(distance);
        // A roof rises by as much from one step to the next; a wall by more.
        const wallFrom = 0.6 + 1.3 * step;
        for (; row < height && (slopes[row] as number) <= slope; row++) {
          const below = top - (altitude + (slopes[row] as number) * distance);
          light.red = red;
          light.green = green;
          light.blue = blue;
          if (below > wallFrom && material >= Material.building) {
            shadeWall(light, material, x, y, top - below, below, directionX < 0);
          } else if (material === Material.water) {
            addReflection(light, x, y, 1 / Math.sqrt(1 + (slopes[row] as number) ** 2));
          }
          addHaze(light, haze);
          const target = (height - 1 - row) * width + column;
          expose(picture, target, light, pixelNoise(column, row, strength));
        }
      }
      step = Math.max(map.cellSizeInMetres * 0.45, Math.min(pixelSizeInMetres * 0.7, distance * 0.006));
      distance += step;
    }
    for (; row < height; row++) {
      skyLight(light, sky[row] as (typeof sky)[number], directionX, directionY);
      expose(picture, (height - 1 - row) * width + column, light, pixelNoise(column, row, 0.02));
    }
  }
  return picture;
}

/** A picture in any direction but straight down: taken from the part of the sphere that it shows. */
export function photograph(around: Surroundings, pose: Pose, width: number, height: number): Picture {
  const yaw = pose.yawInDegrees * RADIANS;
  const pitch = pose.pitchInDegrees * RADIANS;
  const direction = (column: number, row: number): { azimuth: number; elevation: number } => {
    const right = ((column + 0.5 - width / 2) / (width / 2)) * TAN_HALF_VIEW;
    const up = ((height / 2 - row - 0.5) / (width / 2)) * TAN_HALF_VIEW;
    const ahead = Math.cos(pitch) - up * Math.sin(pitch);
    const z = Math.sin(pitch) + up * Math.cos(pitch);
    return { azimuth: Math.atan2(right, ahead), elevation: Math.atan2(z, Math.hypot(ahead, right)) };
  };
  const corners = [
    direction(0, 0),
    direction(0, height - 1),
    direction(width / 2, 0),
    direction(width / 2, height - 1),
  ];
  const elevations = corners.map((corner) => corner.elevation);
  const halfAzimuth = Math.max(...corners.map((corner) => Math.abs(corner.azimuth))) + 0.01;
  const lowestElevation = Math.min(...elevations) - 0.005;
  // As fine as the picture is in its middle.
  const radiansPerPixel = TAN_HALF_VIEW / (width / 2);
  const view: SphereView = {
    x: pose.x,
    y: pose.y,
    altitude: pose.altitude,
    firstAzimuth: yaw - halfAzimuth,
    lowestElevation,
    radiansPerPixel,
    width: Math.ceil((2 * halfAzimuth) / radiansPerPixel),
    height: Math.ceil((Math.max(...elevations) + 0.005 - lowestElevation) / radiansPerPixel),
  };
  const sphere = paintSphere(around, view);
  const picture = emptyPicture(width, height);
  // Where a pixel lies on the sphere changes so evenly that every eighth one is computed.
  const step = 8;
  for (let row = 0; row < height; row += step) {
    for (let column = 0; column < width; column += step) {
      const corner = (right: number, down: number): { across: number; down: number } => {
        const { azimuth, elevation } = direction(column + right, row + down);
        return {
          across: (azimuth + halfAzimuth) / radiansPerPixel - 0.5,
          down: view.height - 0.5 - (elevation - lowestElevation) / radiansPerPixel,
        };
      };
      const corners = [corner(0, 0), corner(step, 0), corner(0, step), corner(step, step)] as const;
      for (let y = 0; y < step && row + y < height; y++) {
        const low = y / step;
        const leftAcross = corners[0].across * (1 - low) + corners[2].across * low;
        const rightAcross = corners[1].across * (1 - low) + corners[3].across * low;
        const leftDown = corners[0].down * (1 - low) + corners[2].down * low;
        const rightDown = corners[1].down * (1 - low) + corners[3].down * low;
        for (let x = 0; x < step && column + x < width; x++) {
          const across = leftAcross + ((rightAcross - leftAcross) * x) / step;
          const down = leftDown + ((rightDown - leftDown) * x) / step;
          const factor = vignette(column + x, row + y, width, height);
          copyPixel(sphere, across, down, picture, (row + y) * width + column + x, factor);
        }
      }
    }
  }
  return picture;
}

/** Takes a colour between four pixels of `source`. */
function copyPixel(
  source: Picture,
  x: number,
  y: number,
  target: Picture,
  pixel: number,
  factor: number,
): void {
  const column = Math.max(0, Math.min(source.width - 2, Math.floor(x)));
  const row = Math.max(0, Math.min(source.height - 2, Math.floor(y)));
  const right = Math.max(0, Math.min(1, x - column));
  const down = Math.max(0, Math.min(1, y - row));
  const at = (row * source.width + column) * 4;
  const below = at + source.width * 4;
  const { data } = source;
  for (let channel = 0; channel < 3; channel++) {
    const upper = (data[at + channel] as number) * (1 - right) + (data[at + 4 + channel] as number) * right;
    const lower =
      (data[below + channel] as number) * (1 - right) + (data[below + 4 + channel] as number) * right;
    target.data[pixel * 4 + channel] = Math.min(255, (upper * (1 - down) + lower * down) * factor);
  }
}
