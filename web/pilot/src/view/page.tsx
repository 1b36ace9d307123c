import { useState } from 'preact/hooks';
import { headlineOf } from '../headline.ts';
import { texts } from '../language.ts';
import type { Pilot } from '../pilot.ts';
import type { SimulatedController } from '../simulator.ts';
import type { PilotState } from '../state.ts';
import { Home } from './home.tsx';
import { Outside } from './outside.tsx';
import { Closed, Leave, Workspaces } from './sheets.tsx';
import { SignIn } from './sign-in.tsx';
import { StatusLine } from './status-line.tsx';
import { Trouble } from './trouble.tsx';

/** Marks a simulated controller on every view, and lets a person act on it. */
const SimulatedBand = ({ controller }: { readonly controller: SimulatedController }) => {
  const [network, setNetwork] = useState(true);
  return (
    <aside class="simulated">
      <p>
        <strong>{texts('simulated.title', { serial: controller.serialNumber })}</strong>{' '}
        {texts('simulated.meaning')}
      </p>
      <button type="button" class="button" onClick={() => controller.pressBack()}>
        {texts('simulated.back')}
      </button>
      <button
        type="button"
        class="button"
        onClick={() => {
          controller.setNetwork(!network);
          setNetwork(!network);
        }}
      >
        {texts(network ? 'simulated.lose' : 'simulated.restore')}
      </button>
    </aside>
  );
};

const SIGNED_IN_VIEWS = { home: Home, trouble: Trouble, leave: Leave, workspaces: Workspaces };

interface PageProps {
  readonly state: PilotState;
  readonly pilot: Pilot;
  readonly controller: SimulatedController | undefined;
  readonly simulate: () => Promise<void>;
}

const View = ({ state, pilot, simulate }: PageProps) => {
  if (state.phase === 'outside') return <Outside simulate={simulate} />;
  if (state.phase === 'stopped') return <Closed />;
  if (state.phase === 'signed-in') {
    const SignedIn = SIGNED_IN_VIEWS[state.view];
    return <SignedIn state={state} pilot={pilot} />;
  }
  if (state.phase === 'signed-out') return <SignIn state={state} pilot={pilot} />;
  return (
    <main>
      <StatusLine
        headline={headlineOf(state, texts)}
        modules={undefined}
        tryAgain={() => pilot.tryAgain()}
        showCode={true}
      />
    </main>
  );
};

export const Page = (props: PageProps) => {
  const { state, pilot, controller } = props;
  const { title, phase, view, workspace, workspaces } = state;
  const several = phase === 'signed-in' && view === 'home' && workspaces.length > 1;
  return (
    <div class="page">
      {controller && <SimulatedBand controller={controller} />}
      <header class="head">
        <h1>{title}</h1>
        {several ? (
          <button type="button" class="button head-workspace" onClick={() => pilot.open('workspaces')}>
            <span class="unseen">{texts('home.workspace')} </span>
            {workspace?.name ?? texts('home.workspace')}
            <span class="caret" aria-hidden="true" />
          </button>
        ) : (
          <span class="head-workspace">{workspace?.name}</span>
        )}
      </header>
      <View {...props} />
    </div>
  );
};
