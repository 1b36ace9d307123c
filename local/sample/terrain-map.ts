/** A square of the landscape as a camera will see it: height and lit colour for each cell. */

/** What a cell is made of, for surfaces seen from the side and for fine detail. */
export const Material = { soil: 0, plants: 1, water: 2, paved: 3, building: 4, crown: 5 } as const;

/** Where a map lies and how fine it is. */
export interface MapExtent {
  readonly centreX: number;
  readonly centreY: number;
  /** West to east. */
  readonly widthInMetres: number;
  /** South to north. */
  readonly depthInMetres: number;
  readonly cellSizeInMetres: number;
}

/** Row 0 is the southern edge. Colours are linear light, 1 is white in full sun. */
export interface TerrainMap extends MapExtent {
  readonly columns: number;
  readonly rows: number;
  readonly minX: number;
  readonly minY: number;
  readonly height: Float32Array;
  readonly red: Float32Array;
  readonly green: Float32Array;
  readonly blue: Float32Array;
  readonly material: Uint8Array;
}

/** The linear light of an 8-bit screen value; 2.0 instead of 2.2 lets the way back be a square root. */
export const linear = (value: number): number => (value / 255) ** 2;

/** A map with nothing on it. */
export function emptyMap(extent: MapExtent): TerrainMap {
  const columns = Math.round(extent.widthInMetres / extent.cellSizeInMetres);
  const rows = Math.round(extent.depthInMetres / extent.cellSizeInMetres);
  const count = columns * rows;
  return {
    ...extent,
    columns,
    rows,
    minX: extent.centreX - extent.widthInMetres / 2,
    minY: extent.centreY - extent.depthInMetres / 2,
    height: new Float32Array(count),
    red: new Float32Array(count),
    green: new Float32Array(count),
    blue: new Float32Array(count),
    material: new Uint8Array(count),
  };
}
