import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from './interpreter.ts';
import { TemplateError } from './intrinsics.ts';

/** A cloud assembly, as `cdk synth` writes it, with the one stack of this project. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** The folder of a code asset, by its key in the asset bucket. */
  codeDirectory(assetKey: string): string;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<
      string,
      {
        readonly type: string;
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

/** Reads the assembly in a folder. */
export function readAssembly(directory: string): Assembly {
  const { artifacts } = readJson<Manifest>(directory, 'manifest.json');
  const [stack, ...others] = Object.entries(artifacts).filter(
    ([, { type }]) => type === 'aws:cloudformation:stack',
  );
  const templateFile = stack?.[1].properties?.templateFile;
  if (!stack || templateFile === undefined || others.length > 0) {
    throw new TemplateError('The local stack plays a CDK app with exactly one stack');
  }
  const assetFolders = new Map<string, string>();
  for (const { type, properties } of Object.values(artifacts)) {
    if (type !== 'cdk:asset-manifest' || properties?.file === undefined) continue;
    const { files } = readJson<AssetManifest>(directory, properties.file);
    for (const { source, destinations } of Object.values(files ?? {})) {
      for (const { objectKey } of Object.values(destinations)) {
        if (source.path !== undefined) assetFolders.set(objectKey, join(directory, source.path));
      }
    }
  }
  return {
    stackName: stack[1].properties?.stackName ?? stack[0],
    template: readJson<Template>(directory, templateFile),
    codeDirectory: (assetKey) => {
      const folder = assetFolders.get(assetKey);
      if (folder === undefined) throw new TemplateError(`The assembly has no asset ${assetKey}`);
      return folder;
    },
  };
}

function readJson<T>(directory: string, file: string): T {
  return JSON.parse(readFileSync(join(directory, file), 'utf8')) as T;
}
