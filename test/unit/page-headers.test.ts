import { describe, expect, it } from 'vitest';
import { cacheControlOf, pageHeaders } from '../../lib/page-headers.ts';

const policyOf = (...props: Parameters<typeof pageHeaders>): string =>
  pageHeaders(...props)['content-security-policy'] ?? '';

describe('the headers of the pages', () => {
  it('allow nothing inline, no blob:, no data:, no frame and no other origin', () => {
    const policy = policyOf();
    expect(policy).toMatch(/^default-src 'none'; /);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|blob:|data:|https?:|\*/);
  });

  it('allow pictures of the bucket and requests to an API elsewhere when they are named', () => {
    const policy = policyOf({
      pictureOrigins: ['https://bucket.s3.eu-central-1.amazonaws.com'],
      apiOrigins: ['https://api.example.com'],
    });
    expect(policy).toContain("; img-src 'self' https://bucket.s3.eu-central-1.amazonaws.com; ");
    expect(policy).toContain("; connect-src 'self' https://api.example.com; ");
    expect(policy).toContain("; script-src 'self'; ");
  });

  it('keep for ever only what has a digest in its name', () => {
    expect(cacheControlOf('/pilot/assets/index-V7akDaBE.js')).toBe('public, max-age=31536000, immutable');
    for (const path of ['/pilot/', '/pilot/index.html', '/pilot/config.json', '/assets/'])
      expect(cacheControlOf(path)).toBe('no-cache');
  });
});
