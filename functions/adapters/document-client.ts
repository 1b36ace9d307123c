import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** DynamoDB's document client, with the SDK's standard configuration. */
export const documentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient({}));

/** Resolves to whether the condition of the write was true. Any other error is thrown. */
export async function whenConditionHolds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/** Builds an UpdateExpression. All names and values are placeholders, so reserved words can be used. */
export class UpdateExpression {
  readonly #set: string[] = [];
  readonly #remove: string[] = [];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  /** Sets attributes. Undefined ones are left out. */
  set(attributes: Readonly<Record<string, unknown>>): this {
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) this.#set.push(`#${this.#name(name)} = ${this.value(name, value)}`);
    }
    return this;
  }

  /** Sets attributes that do not exist yet. */
  setOnce(attributes: Readonly<Record<string, unknown>>): this {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined) continue;
      const place = `#${this.#name(name)}`;
      this.#set.push(`${place} = if_not_exists(${place}, ${this.value(name, value)})`);
    }
    return this;
  }

  remove(names: readonly string[]): this {
    for (const name of names) this.#remove.push(`#${this.#name(name)}`);
    return this;
  }

  /** The placeholder of a value, for a condition. */
  value(name: string, value: unknown): string {
    this.#values[`:${name}`] = value;
    return `:${name}`;
  }

  get input() {
    const clauses = [
      ...(this.#set.length > 0 ? [`SET ${this.#set.join(', ')}`] : []),
      ...(this.#remove.length > 0 ? [`REMOVE ${this.#remove.join(', ')}`] : []),
    ];
    return {
      UpdateExpression: clauses.join(' '),
      ExpressionAttributeNames: this.#names,
      ...(Object.keys(this.#values).length > 0 && { ExpressionAttributeValues: this.#values }),
    };
  }

  #name(name: string): string {
    this.#names[`#${name}`] = name;
    return name;
  }
}
