import type { Headline } from '../headline.ts';
import { texts } from '../language.ts';
import type { ModuleState, ModulesState } from '../modules.ts';
import { Icon, type Sign } from './icon.tsx';

export const SIGN_OF_STATE: { readonly [state in ModuleState]: Sign } = {
  ready: 'good',
  loading: 'busy',
  waiting: 'waiting',
  failed: 'failure',
};

const ModuleSigns = ({ modules }: { readonly modules: ModulesState }) => (
  <ul class="modules">
    {(['api', 'thing', 'media'] as const).map((name) => (
      <li key={name} class="module">
        <Icon sign={SIGN_OF_STATE[modules[name]]} size="small" />
        {texts(`module.${name}`)}
        <span class="unseen"> {texts(`state.${modules[name]}`)}</span>
      </li>
    ))}
  </ul>
);

interface StatusLineProps {
  readonly headline: Headline;
  readonly modules: ModulesState | undefined;
  readonly tryAgain: () => void;
  /** Where no other view has it. */
  readonly showCode: boolean;
}

/** The one line: green or not; when not, the step that fails and what to do. */
export const StatusLine = ({ headline, modules, tryAgain, showCode }: StatusLineProps) => {
  const { tone, title, meaning, cure, code } = headline;
  return (
    <section class={`line line-${tone}`}>
      <Icon sign={tone} size="large" />
      <div class="line-text" role="status">
        <p class="line-title">{title}</p>
        {meaning && <p class="line-meaning">{meaning}</p>}
        {cure && <p class="line-cure">{cure}</p>}
        {code && showCode && <p class="line-code">{texts('home.code', { code })}</p>}
        {modules && <ModuleSigns modules={modules} />}
      </div>
      {tone === 'failure' && (
        <button type="button" class="button button-strong" onClick={tryAgain}>
          {texts('home.again')}
        </button>
      )}
    </section>
  );
};
