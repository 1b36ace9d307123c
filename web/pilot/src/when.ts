import { language, texts } from './language.ts';

const JUST_NOW_IN_SECONDS = 3;

/** Relative within the last hour, else the time of day, with the date when it was another day. */
export function when(iso: string, now: number): string {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return '';
  const seconds = Math.max(0, Math.round((now - time) / 1000));
  if (seconds < JUST_NOW_IN_SECONDS) return texts('time.now');
  if (seconds < 60) return texts('time.seconds', { count: seconds });
  if (seconds < 3600) return texts('time.minutes', { count: Math.floor(seconds / 60) });
  const date = new Date(time);
  const sameDay = date.toDateString() === new Date(now).toDateString();
  return date.toLocaleString(language === 'zh' ? 'zh-CN' : navigator.language, {
    hour: '2-digit',
    minute: '2-digit',
    ...(sameDay ? {} : { day: 'numeric', month: 'short' }),
  });
}
