import { useEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../language.ts';
import { loadQrCode } from '../lazy.ts';

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Without query and fragment: what a person types. */
const addressOfPage = (): string => window.location.origin + window.location.pathname;

const QrCode = ({ text }: { readonly text: string }) => {
  const place = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    loadQrCode()
      .then(({ drawQrCode }) => place.current?.appendChild(drawQrCode(text, texts('outside.qr'))))
      .catch(() => setFailed(true));
  }, [text]);
  return (
    <div class="qr-code" ref={place}>
      {failed && texts('outside.qr.failed')}
    </div>
  );
};

/** The page in a browser that is not Pilot's. */
export const Outside = ({ simulate }: { readonly simulate: () => Promise<void> }) => {
  const [failed, setFailed] = useState(false);
  const address = addressOfPage();
  return (
    <main class="outside">
      <div class="outside-text">
        <h2>{texts('outside.title')}</h2>
        <p class="sheet-text">{texts('outside.meaning')}</p>
        <ol>
          <li>{texts('outside.step.1')}</li>
          <li>
            {texts('outside.step.2')}
            <code class="address">{address}</code>
            {LOOPBACK.test(window.location.hostname) && (
              <p class="outside-note">{texts('outside.loopback')}</p>
            )}
          </li>
          <li>{texts('outside.step.3')}</li>
        </ol>
        <button
          type="button"
          class="button button-wide"
          onClick={() => {
            setFailed(false);
            simulate().catch(() => setFailed(true));
          }}
        >
          {texts('outside.simulate')}
        </button>
        {failed && (
          <p class="notice notice-failure" role="alert">
            {texts('outside.simulate.failed')}
          </p>
        )}
      </div>
      <QrCode text={address} />
    </main>
  );
};
