import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from './interpreter.ts';
import { TemplateError } from './intrinsics.ts';

/** A stack of a cloud assembly, as `cdk synth` writes it. */
export interface Assembly {
  readonly stackName: string;
  /** The account in the app. @default the app names none */
  readonly accountId?: string | undefined;
  readonly region?: string | undefined;
  readonly template: Template;
  /** The folder or file of an asset, by its key in the asset bucket. */
  assetPath(assetKey: string): string;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<
      string,
      {
        readonly type: string;
        /** `aws://account/region` */
        readonly environment?: string;
        readonly properties?: {
          readonly templateFile?: string;
          readonly file?: string;
          readonly stackName?: string;
        };
      }
    >
  >;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/**
 * Reads the stack of that name from the assembly in a folder. The name can be left out when there is only
 * one.
 */
export function readAssembly(directory: string, stackName?: string): Assembly {
  const { artifacts } = readJson<Manifest>(directory, 'manifest.json');
  const stacks = Object.entries(artifacts)
    .filter(([, { type }]) => type === 'aws:cloudformation:stack')
    .map(([id, artifact]) => ({ name: artifact.properties?.stackName ?? id, ...artifact }));
  const [stack, ...others] = stacks.filter(({ name }) => stackName === undefined || name === stackName);
  const templateFile = stack?.properties?.templateFile;
  if (!stack || templateFile === undefined || others.length > 0) {
    const names = stacks.map(({ name }) => name).join(', ') || 'none';
    throw new TemplateError(
      stackName === undefined
        ? `Name the stack to run: the assembly has ${names}`
        : `The assembly has no stack ${stackName}: it has ${names}`,
    );
  }
  const assetPaths = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) continue;
    const { files } = readJson<AssetManifest>(directory, properties.file);
    for (const { source, destinations } of Object.values(files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) {
        if (source.path !== undefined) assetPaths.set(objectKey, join(directory, source.path));
      }
    }
  }
  return {
    stackName: stack.name,
    ...environmentOf(stack.environment),
    template: readJson<Template>(directory, templateFile),
    assetPath: (assetKey) => {
      const path = assetPaths.get(assetKey);
      if (path === undefined) throw new TemplateError(`The assembly has no asset ${assetKey}`);
      return path;
    },
  };
}

/** CDK writes `unknown-account` and `unknown-region` when the app names none. */
function environmentOf(environment = ''): Pick<Assembly, 'accountId' | 'region'> {
  const [, account, region] = /^aws:\/\/([^/]+)\/([^/]+)$/.exec(environment) ?? [];
  const known = (value: string | undefined) => (value?.startsWith('unknown-') ? undefined : value);
  return { accountId: known(account), region: known(region) };
}

function readJson<T>(directory: string, file: string): T {
  return JSON.parse(readFileSync(join(directory, file), 'utf8')) as T;
}
