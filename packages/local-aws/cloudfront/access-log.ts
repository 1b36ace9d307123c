import { headerText } from './headers.ts';
import type { ViewerRequest } from './origin-request.ts';

/** What the log says of a response. */
export interface LoggedResponse {
  readonly receivedAt: Date;
  readonly secondsTaken: number;
  /** The domain name of the distribution. */
  readonly domainName: string;
  readonly statusCode: number;
  readonly result: string;
  readonly bytesSent: number;
  readonly contentType: string | undefined;
  readonly contentLength: string | undefined;
}

const NONE = '-';

/** A line of CloudFront's standard log, version 1.0. What there is not here is `-`. */
export function edgeLogLine(request: ViewerRequest, response: LoggedResponse): string {
  const { method, uri, query, headers, ip, port, id, httpVersion } = request;
  const [date, time] = response.receivedAt.toISOString().split(/[TZ.]/);
  const taken = response.secondsTaken.toFixed(3);
  const header = (name: string): string | undefined => headerText(headers, name);
  return [
    date,
    time,
    'LOCAL',
    response.bytesSent,
    ip,
    method,
    response.domainName,
    uri,
    response.statusCode,
    header('referer'),
    header('user-agent'),
    query,
    // Cookies
    NONE,
    response.result,
    id,
    header('host'),
    'http',
    header('content-length'),
    taken,
    header('x-forwarded-for'),
    // TLS: protocol and cipher
    NONE,
    NONE,
    response.result,
    `HTTP/${httpVersion}`,
    // Field-level encryption
    NONE,
    NONE,
    port,
    taken,
    response.result,
    response.contentType,
    response.contentLength,
    // Range
    NONE,
    NONE,
  ]
    .map((field) => encoded(String(field ?? '') || NONE))
    .join('\t');
}

/** As in CloudFront's logs, other characters than these are percent-encoded. */
function encoded(text: string): string {
  return text.replace(/[^\x21-\x7e]|["'%]/g, (character) =>
    character === '%' ? '%' : encodeURIComponent(character),
  );
}
