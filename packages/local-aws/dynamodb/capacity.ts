import { channel } from 'node:diagnostics_channel';

/** Node's diagnostics channel for {@link CapacityConsumed}. */
export const CAPACITY_CHANNEL = 'local-aws.dynamodb.capacity';

/** Published for each request, whether or not it asks for its capacity: for those who count costs. */
export interface CapacityConsumed {
  readonly tableName: string;
  readonly kind: 'read' | 'write';
  /** Of the table and its indexes. */
  readonly units: number;
}

const consumption = channel(CAPACITY_CHANNEL);

/** The values of `ReturnConsumedCapacity`. */
export type CapacityReport = 'TOTAL' | 'INDEXES' | 'NONE' | undefined;

/** Write units of an item or an index entry: one for each KB, and one when there is none. */
export function writeUnits(sizeInBytes: number): number {
  return Math.max(1, Math.ceil(sizeInBytes / 1024));
}

/** Read units of everything that a request read: one for 4 KB, half of it for eventually consistent reads. */
export function readUnits(sizeInBytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(sizeInBytes / 4096)) * (consistent ? 1 : 0.5);
}

/** Counts the capacity that a request consumes of a table and its indexes. */
export class ConsumedCapacity {
  readonly #tableName: string;
  readonly #indexUnits = new Map<string, number>();
  readonly #kind: CapacityConsumed['kind'];
  #tableUnits = 0;

  constructor(tableName: string, kind: CapacityConsumed['kind']) {
    this.#tableName = tableName;
    this.#kind = kind;
  }

  add(units: number): void {
    this.#tableUnits += units;
  }

  addOfIndex(indexName: string, units: number): void {
    this.#indexUnits.set(indexName, (this.#indexUnits.get(indexName) ?? 0) + units);
  }

  /** The `ConsumedCapacity` of the response; undefined unless it was requested. Called once a request. */
  report(wanted: CapacityReport): object | undefined {
    const total = [...this.#indexUnits.values()].reduce((sum, units) => sum + units, this.#tableUnits);
    consumption.publish({
      tableName: this.#tableName,
      kind: this.#kind,
      units: total,
    } satisfies CapacityConsumed);
    if (wanted === undefined || wanted === 'NONE') return undefined;
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
