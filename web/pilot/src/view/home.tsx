import type { Failure } from '../failure.ts';
import { headlineOf } from '../headline.ts';
import { texts } from '../language.ts';
import type { MediaSettings } from '../media-settings.ts';
import type { Pilot } from '../pilot.ts';
import type { PilotState } from '../state.ts';
import { Choice } from './choice.tsx';
import { StatusLine } from './status-line.tsx';
import { Uploads } from './uploads.tsx';

interface ViewProps {
  readonly state: PilotState;
  readonly pilot: Pilot;
}

interface SettingsProps {
  readonly settings: MediaSettings;
  readonly refused: boolean;
  readonly change: (settings: MediaSettings) => void;
}

const Settings = ({ settings, refused, change }: SettingsProps) => (
  <section class="settings">
    <Choice
      label={texts('home.photos')}
      options={[
        ['original', texts('home.photos.original')],
        ['preview', texts('home.photos.preview')],
        ['off', texts('home.photos.off')],
      ]}
      chosen={settings.photos}
      choose={(photos) => change({ ...settings, photos })}
    />
    <Choice
      label={texts('home.videos')}
      options={[
        [true, texts('home.on')],
        [false, texts('home.off')],
      ]}
      chosen={settings.videos}
      choose={(videos) => change({ ...settings, videos })}
    />
    <Choice
      label={texts('home.download')}
      options={[
        [true, texts('home.download.here')],
        [false, texts('home.download.other')],
      ]}
      chosen={settings.downloadsHere}
      choose={(downloadsHere) => change({ ...settings, downloadsHere })}
    />
    {refused && (
      <p class="settings-refused" role="alert">
        {texts('home.setting.refused')}
      </p>
    )}
  </section>
);

/** Whether the library does not answer: its sign must not be green then, although Pilot's module is loaded. */
const isUnanswered = (failure: Failure | undefined): boolean =>
  failure?.id === 'server-unreachable' || failure?.id === 'server-broken';

/** The page when somebody is signed in. */
export const Home = ({ state, pilot }: ViewProps) => {
  const { modules, uploads, settingRefused } = state;
  const headline = headlineOf(state, texts);
  return (
    <>
      <main>
        <StatusLine
          headline={headline}
          modules={isUnanswered(state.failure) ? { ...modules, api: 'failed' } : modules}
          tryAgain={() => pilot.tryAgain()}
          showCode={false}
        />
        <Uploads uploads={uploads} now={Date.now() - state.clockSkewInSeconds * 1000} />
        {modules.settings && (
          <Settings
            settings={modules.settings}
            refused={settingRefused}
            change={(settings) => pilot.change(settings)}
          />
        )}
      </main>
      <footer class="foot">
        <button type="button" class="button" onClick={() => pilot.open('trouble')}>
          {texts(headline.code ? 'home.details' : 'home.trouble')}
        </button>
        <span class="foot-name">{state.username}</span>
        <button type="button" class="button" onClick={() => pilot.open('leave')}>
          {texts('home.signout')}
        </button>
      </footer>
    </>
  );
};
