import { createHash } from 'node:crypto';
import { TemplateError } from './intrinsics.ts';

/** The account that the local stack plays. */
export interface Environment {
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
  /** `amazonaws.com` outside China. */
  readonly urlSuffix: string;
  readonly stackName: string;
}

/** A resource of the template, its intrinsic functions replaced. */
export interface Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly environment: Environment;
  /** What `Ref` answers: derived from the logical id, so that data survives a restart. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` answers. Throws when the type has no such attribute. */
  attribute(name: string): string;
  /** A property, resolved when it is asked for, so that resources may refer to each other. */
  property(name: string): unknown;
  readonly properties: Properties;
}

/** What the local stack knows of a CloudFormation resource type. */
export interface ResourceType {
  /** The physical id, which `Ref` answers. */
  physicalId(resource: Omit<Resource, 'physicalId' | 'attribute'>): string;
  /** Attributes for `Fn::GetAtt`. @default none */
  readonly attributes?: Readonly<Record<string, (resource: Resource) => string>>;
  /**
   * Properties that the local stack acts on, or may leave alone because nothing behind it differs. Any other
   * stops the start: what is not played here must not pass here. `any` for types that do nothing locally.
   */
  readonly properties: readonly string[] | 'any';
}

/** Resource types by their CloudFormation name. */
export type ResourceTypes = Readonly<Record<string, ResourceType>>;

/** An ARN in the environment of a resource. */
export function arnOf(
  resource: { readonly environment: Environment },
  service: string,
  path: string,
): string {
  const { partition, region, accountId } = resource.environment;
  return `arn:${partition}:${service}:${region}:${accountId}:${path}`;
}

/** A name that CloudFormation would make up for a resource that has none. */
export function generatedName(resource: Pick<Resource, 'environment' | 'logicalId'>): string {
  return `${resource.environment.stackName}-${resource.logicalId}`;
}

/** Letters and digits that depend on the resource alone: physical ids must be the same after a restart. */
export function stableId(resource: Pick<Resource, 'environment' | 'logicalId'>, length: number): string {
  const digest = createHash('sha256')
    .update(`${resource.environment.stackName}/${resource.logicalId}`)
    .digest('hex');
  return BigInt(`0x${digest}`).toString(36).padStart(length, '0').slice(-length);
}

/** The resolved properties of a resource, read with the type that the caller expects. */
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

  /** A nested object; an absent one reads as empty. */
  object(name: string): Properties {
    return this.#wrap(this.#values[name] ?? {}, name);
  }

  /** Nested objects; an absent list reads as empty. */
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
