/** Loads a script that is not part of the first load. Tried again, it loads again after a failure. */
const load = <Content>({ file, global }: LazyScript): Promise<Content> =>
  new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = BASE + file;
    script.onload = () => resolve((window as unknown as Record<string, unknown>)[global] as Content);
    script.onerror = () => {
      script.remove();
      reject(new Error(file));
    };
    document.head.appendChild(script);
  });

export const loadQrCode = () => load<typeof import('./qr-code.ts')>(CHUNKS['qr-code']);

export const loadSimulator = () => load<typeof import('./simulator.ts')>(CHUNKS.simulator);
