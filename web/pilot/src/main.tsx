/**
 * The page that DJI Pilot 2 opens on a controller ("Cloud Service → Other platforms"). It connects Pilot to
 * the library, and says what is connected, what went up, and what to do when nothing does.
 */
import { options, render } from 'preact';
import { Bridge, type DjiBridge } from './bridge.ts';
import { language } from './language.ts';
import { loadSimulator } from './lazy.ts';
import { Pilot } from './pilot.ts';
import type { SimulatedController } from './simulator.ts';
import type { PilotState } from './state.ts';
import { Page } from './view/page.tsx';

/** Some web views inject the bridge only after the page has begun to load. */
const BRIDGE_EXPECTED_IN_MILLISECONDS = 300;
/** Later than that, a bridge that appears is still taken, while nobody has done anything else. */
const BRIDGE_LOOKED_FOR_IN_MILLISECONDS = 10_000;
const LOOKS_IN_MILLISECONDS = 50;

const place = document.getElementById('page') as HTMLElement;
let controller: SimulatedController | undefined;

/** `?simulate` or `?simulate=SERIAL` starts with a simulated controller. */
const simulated = /[?&]simulate(?:=([A-Za-z0-9]{1,32}))?(?:&|$)/.exec(window.location.search);

const injected = (): DjiBridge | undefined => (window as { djiBridge?: DjiBridge }).djiBridge;

const show = (state: PilotState): void => {
  document.title = state.title;
  render(<Page state={state} pilot={pilot} controller={controller} simulate={simulate} />, place);
};

const pilot = new Pilot(language, show);

/** One line, for whoever debugs a web view: nobody has published which ones there are. */
const tellTheWebView = (bridge: DjiBridge): void => {
  const { appVersion, methods } = new Bridge(bridge);
  const { userAgent } = navigator;
  console.info(`Pilot page ${JSON.stringify({ page: VERSION, userAgent, pilot: appVersion, methods })}`);
};

function begin(bridge: DjiBridge): void {
  tellTheWebView(bridge);
  pilot.begin(bridge);
}

async function simulate(): Promise<void> {
  const { simulateController } = await loadSimulator();
  controller = simulateController(simulated?.[1]?.toUpperCase());
  begin(controller.bridge);
}

function lookForBridge(since: number): void {
  if (pilot.state.phase !== 'starting' && pilot.state.phase !== 'outside') return;
  if (controller) return;
  const bridge = injected();
  if (bridge) {
    begin(bridge);
    return;
  }
  const passed = Date.now() - since;
  if (passed > BRIDGE_EXPECTED_IN_MILLISECONDS && pilot.state.phase === 'starting') pilot.outside();
  if (passed < BRIDGE_LOOKED_FOR_IN_MILLISECONDS)
    window.setTimeout(() => lookForBridge(since), LOOKS_IN_MILLISECONDS);
}

// Preact takes queueMicrotask, which older engines lack.
options.debounceRendering = (work) => {
  Promise.resolve().then(work);
};

document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
place.textContent = '';
show(pilot.state);
if (simulated && !injected()) simulate().catch(() => pilot.outside());
else lookForBridge(Date.now());
