/** The response headers of the pages in `web/`, for whoever serves them. */
export interface PageHeadersProps {
  /**
   * Origins that pictures come from: those of presigned addresses of the bucket.
   * @default - the page's own
   */
  readonly pictureOrigins?: readonly string[];
  /**
   * Origins of the API.
   * @default - the page's own
   */
  readonly apiOrigins?: readonly string[];
}

/** Nothing but the page's own files: no inline script or style, no `blob:`, no `data:`, no frame. */
const contentSecurityPolicy = ({ pictureOrigins = [], apiOrigins = [] }: PageHeadersProps): string =>
  Object.entries({
    'default-src': ["'none'"],
    'script-src': ["'self'"],
    'style-src': ["'self'"],
    'img-src': ["'self'", ...pictureOrigins],
    'connect-src': ["'self'", ...apiOrigins],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
  })
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ');

/** The headers of every answer that is a file of a page. */
export const pageHeaders = (props: PageHeadersProps = {}): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy(props),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  // Browsers heed it over HTTPS only.
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
});

/** Names of assets contain a digest of their content. All else is asked for again each time. */
export const cacheControlOf = (path: string): string =>
  /\/assets\/[^/]+$/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache';
