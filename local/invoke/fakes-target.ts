import { createHash } from 'node:crypto';
import { registerHooks } from 'node:module';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { MANIFEST } from '../../functions/manifest.ts';
import { DEFAULT_GATEWAY, DEFAULT_ORIGIN, DEFAULT_WORKSPACE } from './call-handler.ts';
import { type Call, toPlain } from './call-log.ts';
import { eventOf, parseJson } from './events.ts';
import { runFunction } from './run.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

const ORIGIN = { ...DEFAULT_ORIGIN, environment: { AWS_REGION: DEFAULT_ORIGIN.region } };

/** What is there before the function runs. */
export interface FakesOptions {
  /** Keys of objects in the bucket, each with the MD5 of its bytes behind a `=`, or without one. */
  readonly stored: readonly string[];
  /** Bodies of `upload-callback`s that came before. */
  readonly recorded: readonly string[];
}

/** Handlers get ports in memory in place of those that lead to AWS. */
function replacePorts(): void {
  const real = new URL('../../functions/ports.ts', import.meta.url).href;
  const fake = new URL('../../fakes/ports.ts', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      const resolved = nextResolve(specifier, context);
      return resolved.url === real ? { ...resolved, url: fake } : resolved;
    },
  });
}

/** The function with every port in memory. */
export async function openFakesTarget({ stored, recorded }: FakesOptions): Promise<Target> {
  replacePorts();
  const { library, calls } = await import('../../fakes/ports.ts');
  const store = (objectKey: string, md5: string | undefined): void => {
    library.storage.put(objectKey, {
      sizeInBytes: 4_194_304,
      // That of an object which came in parts is no MD5 of its bytes.
      eTag: md5 ?? `${createHash('md5').update(objectKey).digest('hex')}-2`,
      contentType: 'image/jpeg',
    });
  };

  const record = async (text: string, workspaceId: string): Promise<void> => {
    const body = parseJson(text, '--recorded') as { object_key?: unknown; fingerprint?: unknown } | null;
    if (typeof body?.object_key !== 'string') throw new UsageError('--recorded has no object_key');
    store(body.object_key, typeof body.fingerprint === 'string' ? body.fingerprint : undefined);
    const row = MANIFEST.find(({ name }) => name === 'upload-callback');
    if (!row) throw new Error('There is no function upload-callback');
    const input = { workspaceId, user: 'pilot', body: text, pathParameters: {}, query: [], headers: {} };
    const { response, error } = await runFunction(row, eventOf(row, input, ORIGIN), ORIGIN);
    if (error) throw error;
    const { body: refusal, statusCode } = response as { body: string; statusCode: number };
    if (statusCode !== 200) throw new UsageError(`--recorded is refused: ${refusal}`);
  };

  return {
    title: 'fakes',
    origin: ORIGIN,
    calls: () =>
      calls.map((call): Call => ({ ...call, input: toPlain(call.input), output: toPlain(call.output) })),
    prepare: async (input) => {
      const workspaceId = (input.workspaceId ?? DEFAULT_WORKSPACE) as WorkspaceId;
      const gatewaySn = (input.gatewaySn ?? DEFAULT_GATEWAY) as GatewaySn;
      library.people.workspaceIds = [workspaceId];
      await library.addGateway(gatewaySn, workspaceId);
      for (const text of stored) {
        const [, key = '', md5] = /^(.*?)(?:=([0-9a-f]{32}))?$/is.exec(text) ?? [];
        store(key, md5?.toLowerCase());
      }
      for (const text of recorded) await record(text, workspaceId);
      return { ...input, workspaceId, gatewaySn };
    },
    check: async () => {},
    begin: () => {
      calls.length = 0;
    },
  };
}
