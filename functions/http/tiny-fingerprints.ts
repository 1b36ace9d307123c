/**
 * `POST /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints`, and the old `GET` with a query
 *
 * Pilot asks which of many files the library has.
 */
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { normaliseTinyFingerprint } from '../core/fingerprint.ts';
import type { MediaCatalog } from '../core/media-catalog.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { TinyFingerprintsInput } from '../protocol/tiny-fingerprints.ts';

export const tinyFingerprints =
  (catalog: MediaCatalog): HttpEndpoint<TinyFingerprintsInput> =>
  async ({ workspaceId, body: asked }) => {
    const existing = await catalog.findTinyFingerprints(
      workspaceId,
      new Set(asked.map(normaliseTinyFingerprint)),
    );
    return {
      tiny_fingerprints: [...new Set(asked)].filter((tiny) => existing.has(normaliseTinyFingerprint(tiny))),
    };
  };

export const handler = httpEndpoint(
  TinyFingerprintsInput,
  tinyFingerprints(dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME))),
);
