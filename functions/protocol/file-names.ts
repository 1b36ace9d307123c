/** What a file's name tells of its capture. Devices and server read it the same way. */

/** ISO 8601 without a zone, or undefined when there is no such day or hour. */
export function localTimeOf(fields: readonly string[]): string | undefined {
  const [year, month, day, hour, minute, second] = fields;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const parsed = new Date(`${text}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

const TIME_IN_NAME = /(?:^|_)(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})[_.]/;

/** The local time that a name such as `DJI_20260412093015_0001_V.JPG` tells, as {@link localTimeOf}. */
export function timeInName(name: string): string | undefined {
  const match = TIME_IN_NAME.exec(name);
  return match ? localTimeOf(match.slice(1)) : undefined;
}
