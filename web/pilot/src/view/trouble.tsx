import { headlineOf } from '../headline.ts';
import { texts } from '../language.ts';
import type { ModuleState } from '../modules.ts';
import type { Pilot } from '../pilot.ts';
import type { PilotState } from '../state.ts';
import { when } from '../when.ts';
import { Icon } from './icon.tsx';
import { SIGN_OF_STATE, StatusLine } from './status-line.tsx';

interface StepProps {
  readonly title: string;
  readonly state: ModuleState;
  readonly note: string;
}

const Step = ({ title, state, note }: StepProps) => (
  <li class="step">
    <Icon sign={SIGN_OF_STATE[state]} size="small" />
    <span class="step-title">{title}</span>
    <span class="step-note">{note}</span>
  </li>
);

/** The steps that this page takes itself. */
const ControllerSteps = ({ state }: { readonly state: PilotState }) => {
  const { modules, username, workspace } = state;
  return (
    <ul class="steps">
      <Step title={texts('trouble.licence')} state="ready" note={texts('state.ready')} />
      <Step title={texts('trouble.signin')} state="ready" note={username} />
      <Step
        title={texts('trouble.workspace')}
        state={workspace ? 'ready' : 'loading'}
        note={workspace?.name ?? texts('state.loading')}
      />
      {(['api', 'thing', 'media'] as const).map((name) => (
        <Step
          key={name}
          title={texts(`trouble.${name}`)}
          state={modules[name]}
          note={texts(`state.${modules[name]}`)}
        />
      ))}
    </ul>
  );
};

/** Anything but these is a step that has not been seen. */
const STATES: { readonly [state: string]: ModuleState } = {
  ok: 'ready',
  failed: 'failed',
  waiting: 'loading',
};

/** The steps that the server has seen. */
const LibrarySteps = ({ state }: { readonly state: PilotState }) => {
  const { diagnosis } = state;
  if (typeof diagnosis === 'string') return <p class="steps-note">{texts(`trouble.${diagnosis}`)}</p>;
  if (diagnosis.steps.length === 0) return <p class="steps-note">{texts('trouble.nothing.seen')}</p>;
  const now = Date.now() - state.clockSkewInSeconds * 1000;
  return (
    <ul class="steps">
      {diagnosis.steps.map(({ step, title, state: seen, at }) => (
        <Step
          key={step}
          title={title}
          state={STATES[seen] ?? 'waiting'}
          note={at ? when(at, now) : texts(seen === 'failed' ? 'state.failed' : 'trouble.never')}
        />
      ))}
    </ul>
  );
};

/** What the office asks for on the phone. */
const ForTheOffice = ({ state }: { readonly state: PilotState }) => {
  const detail = (state.failure ?? state.modules.failure)?.detail;
  const rows = [
    [texts('trouble.detail'), detail],
    [texts('trouble.serial'), state.serialNumber],
    [texts('trouble.pilot'), state.appVersion],
    [texts('trouble.page'), VERSION],
    [texts('trouble.browser'), navigator.userAgent],
  ];
  return (
    <dl class="office">
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name} class="office-row">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
};

/** "Something wrong?": each step with its state, and the cure of the one that fails. */
export const Trouble = ({ state, pilot }: { readonly state: PilotState; readonly pilot: Pilot }) => {
  const headline = headlineOf(state, texts);
  const wrong = headline.code !== '';
  return (
    <main class="sheet">
      <div class="sheet-head">
        <button type="button" class="button" onClick={() => pilot.back()}>
          {texts('trouble.back')}
        </button>
        <h2>{texts('trouble.title')}</h2>
      </div>
      {wrong ? (
        <StatusLine
          headline={headline}
          modules={undefined}
          tryAgain={() => pilot.tryAgain()}
          showCode={true}
        />
      ) : (
        <p class="sheet-fine">{headline.tone === 'busy' ? headline.title : texts('trouble.fine')}</p>
      )}
      <div class="columns">
        <section class="column">
          <h3>{texts('trouble.controller')}</h3>
          <ControllerSteps state={state} />
        </section>
        <section class="column">
          <h3>{texts('trouble.library')}</h3>
          <LibrarySteps state={state} />
        </section>
      </div>
      <h3>{texts('trouble.office')}</h3>
      <ForTheOffice state={state} />
    </main>
  );
};
