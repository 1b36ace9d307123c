/** The template under test, and a reader that follows its references. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionEntries } from '../../lib/bundles.ts';
import { configurationOf } from '../../lib/configuration.ts';
import { MediaLibraryApp } from '../../lib/media-library-app.ts';
import { MediaLibraryStack } from '../../lib/media-library-stack.ts';

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of any shape
export type Json = any;

export interface Resource {
  readonly id: string;
  readonly Type: string;
  readonly Properties: Json;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: string[];
}

/** Runs `work` with an app that writes to a folder of its own, and with bundles that are stubs. */
export function withApp<Result>(
  configuration: Json,
  work: (app: MediaLibraryApp, stack: MediaLibraryStack) => Result,
): Result {
  // CDK's own check takes 1.7 s and has a test of its own.
  process.env['CDK_VALIDATION'] = 'false';
  const folder = mkdtempSync(join(tmpdir(), 'media-library-stack-'));
  try {
    const bundlesDirectory = join(folder, 'functions');
    for (const name of Object.keys(functionEntries())) {
      mkdirSync(join(bundlesDirectory, name), { recursive: true });
      writeFileSync(join(bundlesDirectory, name, 'index.mjs'), `export const handler = '${name}';`);
    }
    const app = new MediaLibraryApp({
      outdir: join(folder, 'cdk.out'),
      context: { 'media-library': configuration },
    });
    const stack = new MediaLibraryStack(app, 'MediaLibrary', {
      configuration: configurationOf(app.node),
      bundlesDirectory,
    });
    return work(app, stack);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The template that a configuration makes. */
export const synthesise = (configuration: Json = {}): Template =>
  withApp(
    configuration,
    (app) =>
      new Template(
        JSON.parse(readFileSync(join(app.synth().directory, 'MediaLibrary.template.json'), 'utf8')),
      ),
  );

export class Template {
  readonly json: Json;

  constructor(json: Json) {
    this.json = json;
  }

  get resources(): Resource[] {
    return Object.entries<Json>(this.json.Resources).map(([id, resource]) => ({ id, ...resource }));
  }

  ofType(type: string): Resource[] {
    return this.resources.filter(({ Type }) => Type === type);
  }

  /** The one resource of its type. */
  only(type: string): Resource {
    const [resource, ...others] = this.ofType(type);
    if (!resource || others.length > 0) throw new Error(`The template has not exactly one ${type}`);
    return resource;
  }

  /** The resource that a `Ref` or an `Fn::GetAtt` points at. */
  target(reference: Json): Resource {
    const id = reference.Ref ?? reference['Fn::GetAtt'][0];
    return { id, ...this.json.Resources[id] };
  }

  /** The function whose description starts with this name. */
  function(name: string): Resource {
    const found = this.ofType('AWS::Lambda::Function').filter(({ Properties }) =>
      Properties.Description.startsWith(`${name}: `),
    );
    if (found.length !== 1) throw new Error(`The template has ${found.length} functions ${name}`);
    return found[0] as Resource;
  }

  /** The names of all functions, in alphabetical order. */
  get functionNames(): string[] {
    return this.ofType('AWS::Lambda::Function')
      .map(({ Properties }) => Properties.Description.split(':')[0])
      .sort();
  }

  /** Everything that a template lets invoke the function of this name. */
  invokersOf(name: string): Json[] {
    const { id } = this.function(name);
    return this.ofType('AWS::Lambda::Permission')
      .map(({ Properties }) => Properties)
      .filter(({ FunctionName }) => this.target(FunctionName).id === id);
  }

  /** Every statement of a role: its inline policies, and the policies that are attached to it. */
  statementsOf(role: Resource): Json[] {
    const attached = this.ofType('AWS::IAM::Policy').filter(({ Properties }) =>
      Properties.Roles.some(({ Ref }: Json) => Ref === role.id),
    );
    return [...(role.Properties.Policies ?? []), ...attached.map(({ Properties }) => Properties)].flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    );
  }

  /** A value with its references written as `<Type>`, or `<Type.Attribute>`. */
  text(value: Json): string {
    if (typeof value === 'string') return value;
    if (value['Fn::Join']) {
      const [separator, parts] = value['Fn::Join'];
      return parts.map((part: Json) => this.text(part)).join(separator);
    }
    if (value.Ref) return `<${this.json.Resources[value.Ref]?.Type ?? value.Ref}>`;
    const [id, attribute] = value['Fn::GetAtt'];
    return `<${this.json.Resources[id].Type}.${attribute}>`;
  }
}

/** A list, whether CloudFormation got one or a single value. */
export const list = <Item>(value: Item | Item[]): Item[] => (Array.isArray(value) ? value : [value]);
