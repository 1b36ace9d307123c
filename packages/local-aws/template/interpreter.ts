import { NO_VALUE, type ResolutionScope, resolve, resolveCondition, TemplateError } from './intrinsics.ts';
import {
  type Environment,
  Properties,
  type Resource,
  type ResourceType,
  type ResourceTypes,
} from './resource.ts';

/** A CloudFormation template, as `cdk synth` writes it. */
export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources?: Readonly<Record<string, ResourceDeclaration>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Condition?: string }>>;
}

interface ResourceDeclaration {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The environment and supported types of a template. */
export interface InterpreterOptions {
  readonly environment: Environment;
  readonly types: ResourceTypes;
  /** Values of parameters. @default the template's defaults */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** A template with all values resolved. */
export interface InterpretedTemplate {
  readonly environment: Environment;
  /** All resources of a type, in the order of the template. */
  ofType(type: string): Resource[];
  /** The resource of a type with this physical id. */
  find(type: string, physicalId: string): Resource | undefined;
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * Reads a template as CloudFormation would, but creates nothing: the services are made from the result.
 * Throws for types, properties and intrinsic functions that are not supported.
 */
export function interpretTemplate(template: Template, options: InterpreterOptions): InterpretedTemplate {
  const scope = new TemplateScope(template, options);
  const resources = scope.resources();
  const outputs: Record<string, string> = {};
  for (const [name, output] of Object.entries(template.Outputs ?? {})) {
    if (output.Condition && !scope.condition(output.Condition)) continue;
    outputs[name] = String(resolve(output.Value, scope, `Outputs.${name}`));
  }
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    environment: options.environment,
    ofType,
    find: (type, physicalId) => ofType(type).find((resource) => resource.physicalId === physicalId),
    outputs,
  };
}

class TemplateScope implements ResolutionScope {
  readonly #template: Template;
  readonly #options: InterpreterOptions;
  readonly #resources = new Map<string, Resource>();
  readonly #conditionsUnderway = new Set<string>();

  constructor(template: Template, options: InterpreterOptions) {
    this.#template = template;
    this.#options = options;
  }

  /** All resources whose condition is true. Properties are resolved, and names of properties checked. */
  resources(): Resource[] {
    const declarations = Object.entries(this.#template.Resources ?? {});
    const present = declarations.filter(
      ([, { Condition }]) => Condition === undefined || this.condition(Condition),
    );
    return present.map(([logicalId]) => {
      const resource = this.#resource(logicalId);
      void resource.physicalId;
      void resource.properties;
      return resource;
    });
  }

  reference(name: string): unknown {
    const { region, accountId, partition, urlSuffix, stackName } = this.#options.environment;
    const pseudoParameters: Record<string, unknown> = {
      'AWS::Region': region,
      'AWS::AccountId': accountId,
      'AWS::Partition': partition,
      'AWS::URLSuffix': urlSuffix,
      'AWS::StackName': stackName,
      'AWS::StackId': `arn:${partition}:cloudformation:${region}:${accountId}:stack/${stackName}/local`,
      'AWS::NoValue': NO_VALUE,
    };
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = this.#template.Parameters?.[name];
    if (parameter) return this.#parameter(name, parameter);
    return this.#resource(name).physicalId;
  }

  attribute(logicalId: string, attribute: string): unknown {
    return this.#resource(logicalId).attribute(attribute);
  }

  mapping(map: string, topLevelKey: string, secondLevelKey: string): unknown {
    const value = this.#template.Mappings?.[map]?.[topLevelKey]?.[secondLevelKey];
    if (value === undefined)
      throw new TemplateError(`Mappings has no ${map}.${topLevelKey}.${secondLevelKey}`);
    return value;
  }

  condition(name: string): boolean {
    const expression = this.#template.Conditions?.[name];
    if (expression === undefined) throw new TemplateError(`There is no condition ${name}`);
    if (this.#conditionsUnderway.has(name)) throw new TemplateError(`Condition ${name} refers to itself`);
    this.#conditionsUnderway.add(name);
    try {
      return resolveCondition(expression, this, `Conditions.${name}`);
    } finally {
      this.#conditionsUnderway.delete(name);
    }
  }

  #parameter(name: string, parameter: { readonly Type: string; readonly Default?: unknown }): unknown {
    const given = this.#options.parameters?.[name];
    if (given !== undefined) return given;
    if (parameter.Default === undefined) throw new TemplateError(`Parameter ${name} has no value`);
    // Its default is the name of a parameter in Parameter Store, which does not exist here.
    if (parameter.Type.startsWith('AWS::SSM::'))
      throw new TemplateError(`Parameter ${name} is of type ${parameter.Type}`);
    return parameter.Default;
  }

  #resource(logicalId: string): Resource {
    const known = this.#resources.get(logicalId);
    if (known) return known;
    const declaration = this.#template.Resources?.[logicalId];
    if (!declaration) throw new TemplateError(`There is no resource or parameter ${logicalId}`);
    const type = Object.hasOwn(this.#options.types, declaration.Type)
      ? this.#options.types[declaration.Type]
      : undefined;
    if (!type)
      throw new TemplateError(
        `${logicalId}: the local stack does not support the resource type ${declaration.Type}`,
      );
    const resource = new TemplateResource(logicalId, declaration, type, this, this.#options.environment);
    this.#resources.set(logicalId, resource);
    return resource;
  }
}

class TemplateResource implements Resource {
  readonly logicalId: string;
  readonly type: string;
  readonly environment: Environment;
  readonly #declaration: ResourceDeclaration;
  readonly #resourceType: ResourceType;
  readonly #scope: ResolutionScope;
  readonly #underway = new Set<string>();
  #physicalId: string | undefined;
  #properties: Properties | undefined;

  constructor(
    logicalId: string,
    declaration: ResourceDeclaration,
    resourceType: ResourceType,
    scope: ResolutionScope,
    environment: Environment,
  ) {
    this.logicalId = logicalId;
    this.type = declaration.Type;
    this.environment = environment;
    this.#declaration = declaration;
    this.#resourceType = resourceType;
    this.#scope = scope;
    const { properties } = resourceType;
    const unknown = Object.keys(declaration.Properties ?? {}).filter(
      (name) => properties !== 'any' && !properties.includes(name),
    );
    if (unknown.length > 0) {
      throw new TemplateError(
        `${logicalId}: the local stack does not support ${this.type}'s ${unknown.join(', ')}`,
      );
    }
  }

  get physicalId(): string {
    this.#physicalId ??= this.#once('Ref', () => this.#resourceType.physicalId(this));
    return this.#physicalId;
  }

  get properties(): Properties {
    this.#properties ??= this.#once('Properties', () => {
      const resolved = resolve(this.#declaration.Properties ?? {}, this.#scope, this.#path);
      return new Properties(resolved as Record<string, unknown>, this.#path);
    });
    return this.#properties;
  }

  attribute(name: string): string {
    const attributes = this.#resourceType.attributes ?? {};
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (!attribute)
      throw new TemplateError(
        `${this.logicalId}: the local stack does not support ${this.type}'s attribute ${name}`,
      );
    return this.#once(name, () => attribute(this));
  }

  property(name: string): unknown {
    return resolve(this.#declaration.Properties?.[name], this.#scope, `${this.#path}.${name}`);
  }

  get #path(): string {
    return `Resources.${this.logicalId}`;
  }

  /** Resources may refer to each other, but a value must not refer to itself. */
  #once<T>(what: string, compute: () => T): T {
    if (this.#underway.has(what)) throw new TemplateError(`${this.logicalId}: ${what} refers to itself`);
    this.#underway.add(what);
    try {
      return compute();
    } finally {
      this.#underway.delete(what);
    }
  }
}
