import { useState } from 'preact/hooks';
import { texts } from '../language.ts';
import type { Pilot } from '../pilot.ts';
import type { PilotState, SignInProblem } from '../state.ts';
import { Icon } from './icon.tsx';

const problemText = (problem: SignInProblem): string => {
  if (problem.id === 'refused') return texts('signin.refused', { message: problem.message });
  if (problem.id === 'busy') return texts('signin.busy.server');
  return texts(`signin.${problem.id}`);
};

/** The form is read when it is sent: the page keeps no password. */
export const SignIn = ({ state, pilot }: { readonly state: PilotState; readonly pilot: Pilot }) => {
  const [shown, setShown] = useState(false);
  const send = (event: Event): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const value = (name: string): string => (form.elements.namedItem(name) as HTMLInputElement).value;
    pilot.signIn(value('username').trim(), value('password'));
  };
  const { signInProblem, signingIn } = state;
  return (
    <main class="signin">
      <form class="signin-form" onSubmit={send}>
        <h2>{texts('signin.title')}</h2>
        {signInProblem && (
          <p class={`notice notice-${signInProblem.id === 'ended' ? 'attention' : 'failure'}`} role="alert">
            <Icon sign={signInProblem.id === 'ended' ? 'attention' : 'failure'} size="small" />
            {problemText(signInProblem)}
          </p>
        )}
        <label class="field">
          <span>{texts('signin.username')}</span>
          <input name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required />
        </label>
        <div class="field">
          <label for="password">{texts('signin.password')}</label>
          <div class="field-with-button">
            <input
              id="password"
              name="password"
              {...(shown ? { type: 'text' as const } : { type: 'password' as const })}
              autocomplete="current-password"
              autocapitalize="none"
              spellcheck={false}
              required
            />
            <button type="button" class="button" aria-pressed={shown} onClick={() => setShown(!shown)}>
              {texts(shown ? 'signin.hide' : 'signin.show')}
            </button>
          </div>
        </div>
        <button type="submit" class="button button-strong button-wide" disabled={signingIn}>
          {texts(signingIn ? 'signin.busy' : 'signin.button')}
        </button>
      </form>
    </main>
  );
};
