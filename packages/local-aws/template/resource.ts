import { createHash } from 'node:crypto';
import { TemplateError } from './intrinsics.ts';

/** The account, region and names of a stack. */
export interface Environment {
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
  /** `amazonaws.com` outside China. */
  readonly urlSuffix: string;
  readonly stackName: string;
}

/** A resource of the template. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly environment: Environment;
  /** The result of `Ref`. It is derived from the logical id, so that data is found after a restart. */
  readonly physicalId: string;
  /** The result of `Fn::GetAtt`. Throws when the type has no such attribute. */
  attribute(name: string): string;
  /** A property. It is resolved when it is read, so that resources may refer to each other. */
  property(name: string): unknown;
  readonly properties: Properties;
}

/** How a CloudFormation resource type is supported. */
export interface ResourceType {
  /** The physical id, which `Ref` returns. */
  physicalId(resource: Omit<Resource, 'physicalId' | 'attribute'>): string;
  /** Attributes for `Fn::GetAtt`. @default none */
  readonly attributes?: Readonly<Record<string, (resource: Resource) => string>>;
  /**
   * Properties that have an effect here, or need none. Any other stops the start, so that nothing unsupported
   * goes unnoticed. `any` is for types without effect here.
   */
  readonly properties: readonly string[] | 'any';
}

/** Resource types by their CloudFormation name. */
export type ResourceTypes = Readonly<Record<string, ResourceType>>;

/** An ARN in the account and region of a resource. */
export function arnOf(
  resource: { readonly environment: Environment },
  service: string,
  path: string,
): string {
  const { partition, region, accountId } = resource.environment;
  return `arn:${partition}:${service}:${region}:${accountId}:${path}`;
}

/** The name that CloudFormation would generate for a resource. */
export function generatedName(resource: Pick<Resource, 'environment' | 'logicalId'>): string {
  return `${resource.environment.stackName}-${resource.logicalId}`;
}

/** Letters and digits that depend only on the resource: physical ids must be the same after a restart. */
export function stableId(resource: Pick<Resource, 'environment' | 'logicalId'>, length: number): string {
  const digest = createHash('sha256')
    .update(`${resource.environment.stackName}/${resource.logicalId}`)
    .digest('hex');
  return BigInt(`0x${digest}`).toString(36).padStart(length, '0').slice(-length);
}

/** A UUID that depends only on the resource, for ids that AWS makes so. */
export function stableUuid({ environment, logicalId }: Pick<Resource, 'environment' | 'logicalId'>): string {
  const digest = createHash('sha256').update(`${environment.stackName}/${logicalId}`).digest('hex');
  return [0, 8, 12, 16, 20].map((start, index) => digest.slice(start, [8, 12, 16, 20, 32][index])).join('-');
}

/** The resolved properties of a resource, with the types that the caller expects. */
export class Properties {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(values: Readonly<Record<string, unknown>>, path: string) {
    this.#values = values;
    this.#path = path;
  }

  get names(): string[] {
    return Object.keys(this.#values);
  }

  value(name: string): unknown {
    return this.#values[name];
  }

  /** These properties, after a check that there are no others. */
  only(...names: readonly string[]): this {
    const unknown = this.names.filter((name) => !names.includes(name));
    if (unknown.length > 0)
      throw new TemplateError(`${this.#path}: the local AWS does not support ${unknown.join(', ')}`);
    return this;
  }

  /** A `TemplateError` about these properties. */
  error(reason: string): TemplateError {
    return new TemplateError(`${this.#path}: ${reason}`);
  }

  /** A text that is one of these. */
  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.text(name);
    return (
      choices.find((choice) => choice === value) ??
      this.#wrong(name, `one of ${choices.join(', ')}, but ${value}`)
    );
  }

  text(name: string): string {
    return this.optionalText(name) ?? this.#missing(name);
  }

  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    return this.#wrong(name, 'a text');
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : this.#wrong(name, 'a number');
  }

  optionalFlag(name: string): boolean | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'boolean') return value;
    return value === 'true' ? true : value === 'false' ? false : this.#wrong(name, 'true or false');
  }

  texts(name: string): string[] {
    return this.#list(name).map((value) =>
      typeof value === 'string' ? value : this.#wrong(name, 'a list of texts'),
    );
  }

  /** A nested object. A missing one is empty. */
  object(name: string): Properties {
    return this.#wrap(this.#values[name] ?? {}, name);
  }

  /** Nested objects. A missing list is empty. */
  objects(name: string): Properties[] {
    return this.#list(name).map((value, index) => this.#wrap(value, `${name}[${index}]`));
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  toJSON(): Readonly<Record<string, unknown>> {
    return this.#values;
  }

  #list(name: string): unknown[] {
    const value = this.#values[name] ?? [];
    return Array.isArray(value) ? value : this.#wrong(name, 'a list');
  }

  #wrap(value: unknown, name: string): Properties {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#wrong(name, 'an object');
    return new Properties(value as Record<string, unknown>, `${this.#path}.${name}`);
  }

  #missing(name: string): never {
    throw new TemplateError(`${this.#path}.${name} is missing`);
  }

  #wrong(name: string, expected: string): never {
    throw new TemplateError(`${this.#path}.${name} is not ${expected}`);
  }
}
