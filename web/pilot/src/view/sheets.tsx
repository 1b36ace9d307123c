import { texts } from '../language.ts';
import type { Pilot } from '../pilot.ts';
import type { PilotState } from '../state.ts';
import { Icon } from './icon.tsx';

interface ViewProps {
  readonly state: PilotState;
  readonly pilot: Pilot;
}

export const Leave = ({ pilot }: ViewProps) => (
  <main class="sheet sheet-narrow">
    <h2>{texts('leave.title')}</h2>
    <p class="sheet-text">{texts('leave.meaning')}</p>
    <button type="button" class="button button-strong button-wide" onClick={() => pilot.back()}>
      {texts('leave.stay')}
    </button>
    <button type="button" class="button button-wide" onClick={() => pilot.signOut()}>
      {texts('leave.signout')}
    </button>
    <button type="button" class="button button-wide" onClick={() => pilot.leave()}>
      {texts('leave.close')}
    </button>
  </main>
);

export const Workspaces = ({ state, pilot }: ViewProps) => (
  <main class="sheet sheet-narrow">
    <div class="sheet-head">
      <button type="button" class="button" onClick={() => pilot.back()}>
        {texts('trouble.back')}
      </button>
      <h2>{texts('workspaces.title')}</h2>
    </div>
    <p class="sheet-text">{texts('workspaces.meaning')}</p>
    {state.workspaces.map(({ id, name }) => (
      <button
        key={id}
        type="button"
        class="button button-wide"
        aria-pressed={id === state.workspace?.id}
        onClick={() => pilot.chooseWorkspace(id)}
      >
        {name}
      </button>
    ))}
  </main>
);

export const Closed = () => (
  <main class="sheet">
    <section class="line line-attention">
      <Icon sign="attention" size="large" />
      <div class="line-text" role="status">
        <p class="line-title">{texts('stopped.title')}</p>
        <p class="line-meaning">{texts('stopped.meaning')}</p>
      </div>
    </section>
  </main>
);
