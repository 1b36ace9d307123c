/** DJI's MQTT topics (protocol section 4), in one place. This file imports nothing. */

/** What devices publish on: the last levels of the topics. */
const UP_CHANNELS = {
  requests: 'thing',
  events: 'thing',
  services_reply: 'thing',
  'property/set_reply': 'thing',
  'drc/up': 'thing',
  status: 'sys',
} as const;

/** What devices subscribe to. */
const DOWN_CHANNELS = {
  requests_reply: 'thing',
  events_reply: 'thing',
  services: 'thing',
  state_reply: 'thing',
  'property/set': 'thing',
  'drc/down': 'thing',
  status_reply: 'sys',
} as const;

/** A channel that devices publish on. */
export type UpChannel = keyof typeof UP_CHANNELS;
/** A channel that devices subscribe to. */
export type DownChannel = keyof typeof DOWN_CHANNELS;

const FIRST_LEVEL = { ...UP_CHANNELS, ...DOWN_CHANNELS };

/** All channels that devices may publish on. */
export const EVERY_UP_CHANNEL = Object.keys(UP_CHANNELS) as UpChannel[];
/** All channels that devices may subscribe to. */
export const EVERY_DOWN_CHANNEL = Object.keys(DOWN_CHANNELS) as DownChannel[];

/**
 * Telemetry. Every registered gateway may publish it for every device, so these channels are not among those
 * that functions handle: docs/decisions/0007-telemetry-of-any-device.md.
 */
const TELEMETRY_CHANNELS = ['osd', 'state', 'status'] as const;

/** The reply channel of each channel. Messages on others have no reply. */
export const REPLY_CHANNEL = {
  requests: 'requests_reply',
  events: 'events_reply',
  status: 'status_reply',
} as const satisfies Partial<Record<UpChannel, DownChannel>>;

/** A channel whose messages have replies. */
export type RepliedChannel = keyof typeof REPLY_CHANNEL;

/** The reply channel; undefined when there are no replies. */
export const replyChannelOf = (channel: UpChannel): DownChannel | undefined =>
  Object.hasOwn(REPLY_CHANNEL, channel) ? REPLY_CHANNEL[channel as RepliedChannel] : undefined;

/**
 * The topic of a device. With `+` as serial number it is a topic filter for all devices, with `*` a pattern
 * for IAM.
 */
export const topicOf = (sn: string, channel: UpChannel | DownChannel): string =>
  `${FIRST_LEVEL[channel]}/product/${sn}/${channel}`;

/** The telemetry topics of a device, or with `*` of all devices. */
export const telemetryTopicsOf = (sn: string): string[] =>
  TELEMETRY_CHANNELS.map((channel) => `thing/product/${sn}/${channel}`);

/** Topic filter for all topics one level below a device's serial number. */
export const everyTopicBelow = (sn: string): string => `thing/product/${sn}/+`;
