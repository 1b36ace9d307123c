/** Signs that say the same as a colour. All of them stand beside a word that says it as well. */
const PATHS = {
  good: 'M7 12.5l3.5 3.5L17 8.5',
  failure: 'M8 8l8 8M16 8l-8 8',
  attention: 'M12 6.5v7M12 17v.5',
  busy: 'M12 5a7 7 0 1 1-7 7',
  waiting: 'M8 12h8',
} as const;

export type Sign = keyof typeof PATHS;

export const Icon = ({ sign, size }: { readonly sign: Sign; readonly size: 'large' | 'small' }) => (
  <svg class={`icon icon-${sign} icon-${size}`} viewBox="0 0 24 24" aria-hidden="true">
    <circle cx="12" cy="12" r="12" />
    <path d={PATHS[sign]} />
  </svg>
);
