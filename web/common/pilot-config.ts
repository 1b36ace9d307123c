import * as v from 'valibot';

const text = (atMost: number) => v.pipe(v.string(), v.trim(), v.nonEmpty(), v.maxLength(atMost));

/** Scheme and host, as in `https://api.example.com`: no path, and no slash at the end. */
const Origin = v.pipe(v.string(), v.regex(/^https?:\/\/[^/?#@\s]+$/));

/** The title of a page whose host names none. */
export const DEFAULT_TITLE = 'Media library';

/**
 * `/pilot/config.json`: what the Pilot page has to know before anyone has signed in. Its host serves the
 * file, so that the build of the page is the same everywhere. Everybody can read it.
 */
export const PilotConfig = v.object({
  /**
   * Heading of the page, and name of the platform in Pilot.
   * @default 'Media library'
   */
  title: v.optional(text(60), DEFAULT_TITLE),
  /**
   * Where the API is.
   * @default - at the address of the page
   */
  api_address: v.optional(Origin),
  /**
   * Your "Cloud API" app on DJI's developer site. Pilot answers no page without one.
   * @default - none: the page says what is missing
   */
  licence: v.optional(v.object({ app_id: text(256), app_key: text(256), app_license: text(4096) })),
});

/** The configuration, with defaults. */
export type PilotConfig = v.InferOutput<typeof PilotConfig>;

/** What a host writes. */
export type PilotConfigFile = v.InferInput<typeof PilotConfig>;
