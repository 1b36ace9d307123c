import type { Finding } from '../api.ts';
import type { FailureId } from './failure.ts';
import type { PilotState } from './state.ts';
import type { TextKey } from './text/en.ts';
import type { Texts } from './text/texts.ts';

/** The one line of the page, and what stands below it. */
export interface Headline {
  readonly tone: 'busy' | 'good' | 'attention' | 'failure';
  readonly title: string;
  readonly meaning: string;
  readonly cure: string;
  /** What the office looks up; empty when nothing is wrong. */
  readonly code: string;
}

const plain = (tone: Headline['tone'], title: string, meaning = ''): Headline => ({
  tone,
  title,
  meaning,
  cure: '',
  code: '',
});

const MINUTE_IN_SECONDS = 60;
const HOUR_IN_MINUTES = 60;
const DAYS_FROM_MINUTES = 48 * HOUR_IN_MINUTES;

/** How far a clock is off, in words. */
function skewText(skewInSeconds: number, texts: Texts): string {
  const minutes = Math.round(Math.abs(skewInSeconds) / MINUTE_IN_SECONDS);
  if (minutes < HOUR_IN_MINUTES) return texts('skew.minutes', { minutes });
  if (minutes >= DAYS_FROM_MINUTES)
    return texts('skew.days', { days: Math.round(minutes / (24 * HOUR_IN_MINUTES)) });
  const hours = Math.floor(minutes / HOUR_IN_MINUTES);
  return texts('skew.hours', { hours, minutes: minutes % HOUR_IN_MINUTES });
}

const failed = (texts: Texts, id: FailureId, { clockSkewInSeconds }: PilotState): Headline => ({
  tone: 'failure',
  title: texts(`failure.${id}.title`, { skew: skewText(clockSkewInSeconds, texts) }),
  meaning: texts(`failure.${id}.meaning`),
  cure: texts(`failure.${id}.cure`),
  code: id,
});

const found = (tone: 'attention' | 'failure', { title, meaning, cure, code }: Finding): Headline => ({
  tone,
  title,
  meaning,
  cure,
  code,
});

const findingOf = ({ diagnosis }: PilotState, severity: string): Finding | undefined =>
  typeof diagnosis === 'string'
    ? undefined
    : diagnosis.findings.filter((one) => one.severity === severity)[0];

/** What is ready and what goes up by itself. */
function connected({ modules: { settings } }: PilotState, texts: Texts): Headline {
  if (!settings) return plain('busy', texts('line.media'));
  const what = `${settings.photos === 'off' ? '' : 'photos'}${settings.videos ? 'videos' : ''}`;
  if (!what)
    return plain('attention', texts('line.connected.nothing'), texts('line.connected.nothing.meaning'));
  return plain('good', texts(`line.connected.${what}` as TextKey));
}

/**
 * What is most important: what this page cannot do by itself comes before what the server has seen, since a
 * server sees nothing of a controller that is not connected.
 */
export function headlineOf(state: PilotState, texts: Texts): Headline {
  const failure = state.failure ?? state.modules.failure;
  if (failure) return failed(texts, failure.id, state);
  if (state.phase === 'starting') return plain('busy', texts('line.starting'));
  const { api, thing, media } = state.modules;
  if (api !== 'ready') return plain('busy', texts('line.api'));
  if (thing !== 'ready') return plain('busy', texts('line.thing'));
  if (media !== 'ready') return plain('busy', texts('line.media'));
  const worst = findingOf(state, 'failure');
  if (worst) return found('failure', worst);
  const line = connected(state, texts);
  const next = findingOf(state, 'attention');
  return next && line.tone === 'good' ? found('attention', next) : line;
}
