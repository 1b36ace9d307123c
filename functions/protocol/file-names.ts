/** The capture time in a file's name, for devices and server. */

/** ISO 8601 without a zone; undefined for an invalid date or time. */
export function localTimeOf(fields: readonly string[]): string | undefined {
  const [year, month, day, hour, minute, second] = fields;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const parsed = new Date(`${text}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

const TIME_IN_NAME = /(?:^|_)(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})[_.]/;

/** The local time in a name such as `DJI_20260412093015_0001_V.JPG`, in the form of {@link localTimeOf}. */
export function timeInName(name: string): string | undefined {
  const match = TIME_IN_NAME.exec(name);
  return match ? localTimeOf(match.slice(1)) : undefined;
}
