import { useState } from 'preact/hooks';
import type { Upload } from '../../api.ts';
import { texts } from '../language.ts';
import type { Told } from '../state.ts';
import type { TextKey } from '../text/en.ts';
import { when } from '../when.ts';

const WAITS: { readonly [state: string]: TextKey } = {
  bytes: 'waits.bytes',
  report: 'waits.report',
  check: 'waits.check',
  upload: 'waits.upload',
};

/** What a file waits for; a word of a newer server is shown as it is. */
const waitText = (waitsFor: string): string => {
  const key = WAITS[waitsFor];
  return key ? texts(key) : waitsFor;
};

const EXTENSION = /\.(\w{1,5})$/;

const Picture = ({ file }: { readonly file: Upload }) => {
  const [broken, setBroken] = useState(false);
  const shown = file.thumbnail_url && !broken;
  return (
    <li class="upload">
      {shown ? (
        <img src={file.thumbnail_url ?? ''} alt={file.name} onError={() => setBroken(true)} />
      ) : (
        <span class="upload-kind">
          <span class="unseen">{file.name}</span>
          <span aria-hidden="true">{EXTENSION.exec(file.name)?.[1]?.toUpperCase() ?? '?'}</span>
        </span>
      )}
      {file.waits_for && <span class="upload-wait">{waitText(file.waits_for)}</span>}
    </li>
  );
};

interface UploadsProps {
  readonly uploads: Told<readonly Upload[]>;
  /** The server's time, in milliseconds. */
  readonly now: number;
}

/** What went up last, and what it waits for. */
export const Uploads = ({ uploads, now }: UploadsProps) => {
  if (uploads === 'unknown' || uploads === 'absent')
    return <p class="uploads-note">{texts(`home.uploads.${uploads}`)}</p>;
  const [last] = uploads;
  if (!last) return <p class="uploads-note">{texts('home.uploads.none')}</p>;
  const name = last.name.replace(EXTENSION, '');
  return (
    <section class="uploads" aria-label={texts('home.uploads')}>
      <p class="uploads-last">
        {texts('home.last', { name, when: when(last.recorded_at, now) })}
        {last.waits_for && ` · ${waitText(last.waits_for)}`}
      </p>
      <ul class="uploads-list">
        {uploads.map((file) => (
          <Picture key={`${file.file_id} ${file.thumbnail_url ?? ''}`} file={file} />
        ))}
      </ul>
    </section>
  );
};
