/**
 * `POST /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints`, and the old `GET` with a query
 *
 * Pilot asks which of many files the library has.
 */
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import type { MediaCatalog } from '../core/media-catalog.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { TinyFingerprintsInput, toTinyFingerprints } from '../protocol/tiny-fingerprints.ts';

export const tinyFingerprints =
  (catalog: MediaCatalog): HttpEndpoint<TinyFingerprintsInput> =>
  async ({ workspaceId, body }) => {
    const asked = toTinyFingerprints(body);
    const existing = await catalog.findTinyFingerprints(workspaceId, new Set(asked.values()));
    return {
      tiny_fingerprints: [...asked].filter(([, tiny]) => existing.has(tiny)).map(([written]) => written),
    };
  };

export const handler = httpEndpoint(
  TinyFingerprintsInput,
  tinyFingerprints(dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME))),
);
