import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { WriteCount } from './write-count.ts';

/** The keys of a collection from `from` up to `before`, which is not included. */
export interface KeyRange {
  readonly from: Buffer;
  readonly before: Buffer;
  readonly descending?: boolean;
}

/** The items of a table, or the entries of an index, sorted by key. */
export type CollectionId = number;

/** SQLite's error codes; extended codes have them in their lowest byte. */
const SQLITE_BUSY = 5;
const SQLITE_IO_ERROR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOT_A_DATABASE = 26;

/** SQLite's cache. The operating system has its own. */
const CACHE_IN_KILOBYTES = 8192;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY, collection INTEGER NOT NULL, key BLOB NOT NULL, value TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS entries_by_key ON entries (collection, key);
  CREATE TABLE IF NOT EXISTS tables (name TEXT PRIMARY KEY, description TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS writes (count INTEGER NOT NULL);
  INSERT INTO writes SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM writes);
`;

/**
 * Sorted keys and values on disk, in SQLite. Each write is a transaction: it is stored completely or not at
 * all, also when the process is killed or the disk is full. A failed write does not affect those that were
 * acknowledged before.
 */
export class Store {
  /** Acknowledged writes that are missing in the database: 0 unless its files were damaged. */
  readonly lostWrites: number;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #writeCount: WriteCount | undefined;
  #changed = false;
  #broken: Error | undefined;

  /** Opens the database in a folder. No other process may have it open. @default directory in memory */
  constructor(directory?: string) {
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#database = open(directory);
    this.#statements = prepareStatements(this.#database);
    const { count } = this.#statements.countWrites.get() as { count: number };
    this.#writeCount = directory === undefined ? undefined : new WriteCount(join(directory, 'write-count'));
    this.lostWrites = Math.max(0, (this.#writeCount?.before ?? 0) - count);
    this.#writeCount?.set(count);
  }

  /** Runs `work` in a transaction: its writes are stored when this returns, and none when it throws. */
  atomically<Result>(work: () => Result): Result {
    this.#refuseWhenBroken();
    this.#changed = false;
    try {
      this.#statements.begin.run();
      const result = work();
      const count = this.#changed ? this.#countWrite() : undefined;
      this.#statements.commit.run();
      if (count !== undefined) this.#writeCount?.set(count);
      return result;
    } catch (error) {
      this.#rollBack();
      throw storeError(error);
    }
  }

  /** The collection of that name. It is created when there is none yet. */
  collection(name: string): CollectionId {
    this.#refuseWhenBroken();
    const found = this.#statements.findCollection.get(name) as { id: number } | undefined;
    if (found) return found.id;
    this.#changed = true;
    return Number(this.#statements.addCollection.run(name).lastInsertRowid);
  }

  get(collection: CollectionId, key: Buffer): string | undefined {
    this.#refuseWhenBroken();
    return (this.#statements.get.get(collection, key) as { value: string } | undefined)?.value;
  }

  put(collection: CollectionId, key: Buffer, value: string): void {
    this.#changed = true;
    this.#statements.put.run(collection, key, value);
  }

  delete(collection: CollectionId, key: Buffer): void {
    this.#changed = true;
    this.#statements.delete.run(collection, key);
  }

  clear(collection: CollectionId): void {
    this.#changed = true;
    this.#statements.clear.run(collection);
  }

  /** Values sorted by key. The caller may stop at any time, but must not write meanwhile. */
  *values(collection: CollectionId, { from, before, descending = false }: KeyRange): Generator<string> {
    this.#refuseWhenBroken();
    const statement = descending ? this.#statements.descending : this.#statements.ascending;
    for (const row of statement.iterate(collection, from, before)) yield (row as { value: string }).value;
  }

  /** All values of a collection. */
  *all(collection: CollectionId): Generator<string> {
    this.#refuseWhenBroken();
    for (const row of this.#statements.all.iterate(collection)) yield (row as { value: string }).value;
  }

  /** Descriptions of the tables by name. */
  tables(): Map<string, string> {
    const rows = this.#statements.tables.all() as unknown as { name: string; description: string }[];
    return new Map(rows.map(({ name, description }) => [name, description]));
  }

  putTable(name: string, description: string): void {
    this.#changed = true;
    this.#statements.putTable.run(name, description);
  }

  deleteTable(name: string): void {
    this.#changed = true;
    this.#statements.deleteTable.run(name);
  }

  close(): void {
    this.#database.close();
    this.#writeCount?.close();
  }

  #countWrite(): number {
    return (this.#statements.countWrite.get() as { count: number }).count;
  }

  /**
   * After a failed rollback, the connection may show data that was never written, so the store stops working.
   */
  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#statements.rollback.run();
    } catch (error) {
      this.#broken = new Error('The database has failed; restart to continue with the stored data', {
        cause: error,
      });
    }
  }

  #refuseWhenBroken(): void {
    if (this.#broken) throw this.#broken;
  }
}

function prepareStatements(database: DatabaseSync) {
  const statements = {
    begin: 'BEGIN IMMEDIATE',
    commit: 'COMMIT',
    rollback: 'ROLLBACK',
    countWrites: 'SELECT count FROM writes',
    countWrite: 'UPDATE writes SET count = count + 1 RETURNING count',
    findCollection: 'SELECT id FROM collections WHERE name = ?',
    addCollection: 'INSERT INTO collections (name) VALUES (?)',
    get: 'SELECT value FROM entries WHERE collection = ? AND key = ?',
    put:
      'INSERT INTO entries (collection, key, value) VALUES (?, ?, ?) ' +
      'ON CONFLICT (collection, key) DO UPDATE SET value = excluded.value',
    delete: 'DELETE FROM entries WHERE collection = ? AND key = ?',
    clear: 'DELETE FROM entries WHERE collection = ?',
    all: 'SELECT value FROM entries WHERE collection = ?',
    ascending: 'SELECT value FROM entries WHERE collection = ? AND key >= ? AND key < ? ORDER BY key',
    descending: 'SELECT value FROM entries WHERE collection = ? AND key >= ? AND key < ? ORDER BY key DESC',
    tables: 'SELECT name, description FROM tables',
    putTable:
      'INSERT INTO tables (name, description) VALUES (?, ?) ' +
      'ON CONFLICT (name) DO UPDATE SET description = excluded.description',
    deleteTable: 'DELETE FROM tables WHERE name = ?',
  };
  return Object.fromEntries(
    Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]),
  ) as Record<keyof typeof statements, StatementSync>;
}

function open(directory: string | undefined): DatabaseSync {
  try {
    const database = new DatabaseSync(
      directory === undefined ? ':memory:' : join(directory, 'tables.sqlite'),
    );
    // Only one process uses it, so SQLite needs no shared memory.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // A killed process loses nothing. After a power failure the last transactions may be missing.
    database.exec('PRAGMA synchronous = NORMAL');
    database.exec(`PRAGMA cache_size = -${CACHE_IN_KILOBYTES}`);
    database.exec(`BEGIN EXCLUSIVE; ${SCHEMA}; COMMIT`);
    return database;
  } catch (error) {
    throw openError(error, directory);
  }
}

function openError(error: unknown, directory: string | undefined): Error {
  switch (resultCode(error)) {
    case SQLITE_BUSY:
      return new Error(`The database in ${directory} is in use by another process`, { cause: error });
    case SQLITE_FULL:
      return new Error(`The database in ${directory} cannot be opened: the disk is full`, { cause: error });
    case SQLITE_CORRUPT:
    case SQLITE_NOT_A_DATABASE:
      return new Error(`The database in ${directory} is damaged; it has to be removed first`, {
        cause: error,
      });
    default:
      return new Error(`The database in ${directory} cannot be opened`, { cause: error });
  }
}

/** Describes common errors of SQLite. */
function storeError(error: unknown): unknown {
  switch (resultCode(error)) {
    case SQLITE_FULL:
      return new Error('The disk is full: nothing of this write was kept', { cause: error });
    case SQLITE_IO_ERROR:
      return new Error('The disk has failed: nothing of this write was kept', { cause: error });
    default:
      return error;
  }
}

function resultCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}
