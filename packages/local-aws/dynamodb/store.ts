import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { WriteCount } from './write-count.ts';

/** Keys of a collection from `from` on, up to but without `before`. */
export interface KeyRange {
  readonly from: Buffer;
  readonly before: Buffer;
  readonly descending?: boolean;
}

/** The items of a table, or the entries of an index, in the order of their keys. */
export type CollectionId = number;

/** SQLite's codes; an extended code has one of them in its lowest byte. */
const SQLITE_BUSY = 5;
const SQLITE_IO_ERROR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOT_A_DATABASE = 26;

/** SQLite's cache; the operating system has its own. */
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
 * Ordered keys and values on disk, in SQLite. A write is one transaction: it is there as a whole or not at all, when the
 * process is killed and when the disk is full, and what was acknowledged is not touched by one that fails after it.
 */
export class Store {
  /** Writes that were acknowledged and are not in the database that was opened; 0 unless its files were damaged. */
  readonly lostWrites: number;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #writeCount: WriteCount | undefined;
  #changed = false;
  #broken: Error | undefined;

  /** Opens the database of a folder, which no other process may have open. @default directory in memory */
  constructor(directory?: string) {
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#database = open(directory);
    this.#statements = prepareStatements(this.#database);
    const { count } = this.#statements.countWrites.get() as { count: number };
    this.#writeCount = directory === undefined ? undefined : new WriteCount(join(directory, 'write-count'));
    this.lostWrites = Math.max(0, (this.#writeCount?.before ?? 0) - count);
    this.#writeCount?.set(count);
  }

  /** Runs `work` in a transaction: what it writes is there when this returns, and none of it when this throws. */
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

  /** The collection of that name; makes it when there is none yet. */
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

  /** Values in the order of their keys. The caller may stop at any time; it may not write meanwhile. */
  *values(collection: CollectionId, { from, before, descending = false }: KeyRange): Generator<string> {
    this.#refuseWhenBroken();
    const statement = descending ? this.#statements.descending : this.#statements.ascending;
    for (const row of statement.iterate(collection, from, before)) yield (row as { value: string }).value;
  }

  /** Every value of a collection. */
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

  /** A connection that cannot go back may show what was never written: nothing of it is believed any more. */
  #rollBack(): void {
    try {
      if (this.#database.isTransaction) this.#statements.rollback.run();
    } catch (error) {
      this.#broken = new Error('The database has failed; restart to go on with what it holds', {
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
    // One process only: SQLite then needs no memory that processes share.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    // A killed process loses nothing; a machine without power its last moments, as a whole.
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

/** Says of a failed write what SQLite says in a word. */
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
