/** DJI's MQTT topics (protocol section 4), spelled here and nowhere else. This file imports nothing. */

/** What devices say: the last levels of a topic. */
const UP_CHANNELS = {
  requests: 'thing',
  events: 'thing',
  services_reply: 'thing',
  state: 'thing',
  osd: 'thing',
  'property/set_reply': 'thing',
  'drc/up': 'thing',
  status: 'sys',
} as const;

/** What devices are told. */
const DOWN_CHANNELS = {
  requests_reply: 'thing',
  events_reply: 'thing',
  services: 'thing',
  state_reply: 'thing',
  'property/set': 'thing',
  'drc/down': 'thing',
  status_reply: 'sys',
} as const;

/** A channel that devices speak on. */
export type UpChannel = keyof typeof UP_CHANNELS;
/** A channel that devices listen on. */
export type DownChannel = keyof typeof DOWN_CHANNELS;

const FIRST_LEVEL = { ...UP_CHANNELS, ...DOWN_CHANNELS };

/** All channels that a device may speak on. */
export const EVERY_UP_CHANNEL = Object.keys(UP_CHANNELS) as UpChannel[];
/** All channels that a device may listen on. */
export const EVERY_DOWN_CHANNEL = Object.keys(DOWN_CHANNELS) as DownChannel[];
/** What a dock publishes under the serial number of its drone. */
export const TELEMETRY_CHANNELS = ['osd', 'state'] as const satisfies UpChannel[];

/** Where a channel is answered. The others are never answered. */
export const REPLY_CHANNEL = {
  requests: 'requests_reply',
  events: 'events_reply',
  status: 'status_reply',
} as const satisfies Partial<Record<UpChannel, DownChannel>>;

/** A channel whose messages are answered. */
export type AnsweredChannel = keyof typeof REPLY_CHANNEL;

/** The channel that answers, or undefined for one that is never answered. */
export const replyChannelOf = (channel: UpChannel): DownChannel | undefined =>
  Object.hasOwn(REPLY_CHANNEL, channel) ? REPLY_CHANNEL[channel as AnsweredChannel] : undefined;

/** The topic of one device. `+` for the serial number makes a topic filter of all devices, and `*` a pattern of IAM. */
export const topicOf = (sn: string, channel: UpChannel | DownChannel): string =>
  `${FIRST_LEVEL[channel]}/product/${sn}/${channel}`;

/** Topic filter of everything that is one level below a device's serial number. */
export const everyTopicBelow = (sn: string): string => `thing/product/${sn}/+`;
