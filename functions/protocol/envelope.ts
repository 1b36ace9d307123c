/** The body of all HTTP responses (protocol section 2): `code` 0 is success, and `data` is never absent. */
export interface Envelope {
  readonly code: number;
  readonly message: string;
  readonly data: unknown;
}

export const success = (data: unknown): Envelope => ({ code: 0, message: 'success', data: data ?? {} });

export const failure = (code: number, message: string): Envelope => ({ code, message, data: {} });
