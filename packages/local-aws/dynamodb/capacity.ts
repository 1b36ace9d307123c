/** What a caller asks for with `ReturnConsumedCapacity`. */
export type CapacityReport = 'TOTAL' | 'INDEXES' | 'NONE' | undefined;

/** Write units of an item or an index entry: one a KB, and one for what is not there. */
export function writeUnits(sizeInBytes: number): number {
  return Math.max(1, Math.ceil(sizeInBytes / 1024));
}

/** Read units of all that a request looked at: one for 4 KB, half when the read need not be consistent. */
export function readUnits(sizeInBytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(sizeInBytes / 4096)) * (consistent ? 1 : 0.5);
}

/** Counts what a request consumes of one table and of its indexes. */
export class ConsumedCapacity {
  readonly #tableName: string;
  readonly #indexUnits = new Map<string, number>();
  #tableUnits = 0;

  constructor(tableName: string) {
    this.#tableName = tableName;
  }

  add(units: number): void {
    this.#tableUnits += units;
  }

  addOfIndex(indexName: string, units: number): void {
    this.#indexUnits.set(indexName, (this.#indexUnits.get(indexName) ?? 0) + units);
  }

  /** The answer's `ConsumedCapacity`; nothing unless it was asked for. */
  report(wanted: CapacityReport): object | undefined {
    if (wanted === undefined || wanted === 'NONE') return undefined;
    const total = [...this.#indexUnits.values()].reduce((sum, units) => sum + units, this.#tableUnits);
    const summary = { TableName: this.#tableName, CapacityUnits: total };
    if (wanted === 'TOTAL') return summary;
    const indexes = [...this.#indexUnits].map(([name, units]) => [name, { CapacityUnits: units }]);
    return {
      ...summary,
      Table: { CapacityUnits: this.#tableUnits },
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: Object.fromEntries(indexes) }),
    };
  }
}
