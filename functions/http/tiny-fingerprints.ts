/**
 * `POST /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints`, and the old `GET` with a query
 *
 * Pilot asks which of many files the library has.
 */
import type { TinyFingerprints } from '../core/media-catalog.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { tinyFingerprints as stored } from '../ports.ts';
import { TINY_FINGERPRINTS, toTinyFingerprints } from '../protocol/tiny-fingerprints.ts';

export const tinyFingerprints =
  (catalog: TinyFingerprints): HttpEndpoint<typeof TINY_FINGERPRINTS> =>
  async ({ workspaceId, body }) => {
    const asked = toTinyFingerprints(body);
    const existing = await catalog.findTinyFingerprints(workspaceId, new Set(asked.values()));
    return {
      tiny_fingerprints: [...asked].filter(([, tiny]) => existing.has(tiny)).map(([written]) => written),
    };
  };

export const handler = httpEndpoint(TINY_FINGERPRINTS, tinyFingerprints(stored()));
