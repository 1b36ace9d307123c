/**
 * `functions/ports.ts` in memory, with the same exports. All ports share one library in memory, and their
 * calls are recorded. `npm run invoke -- --fakes` loads handlers with this file instead of the other.
 */
import { mqttDockServices } from '../functions/adapters/mqtt-dock-services.ts';
import type * as Ports from '../functions/ports.ts';
import { InMemoryLibrary } from './in-memory-library.ts';
import { type PortCall, recorded } from './recorded.ts';

export { devicePolicies } from '../functions/adapters/device-policy.ts';

/** The library that all ports share. */
export const library = new InMemoryLibrary();

/** Every call of a port so far. */
export const calls: PortCall[] = [];

const catalog = recorded('catalog', library.catalog, calls);
const storage = recorded('storage', library.storage, calls);
const events = recorded('events', library.events, calls);
const watch = recorded('watch', library.watch, calls);
const digests = recorded('digests', library.digests, calls);
const digester = recorded('digester', library.digester, calls);
const registry = recorded('registry', library.registry, calls);
const publisher = recorded('publisher', library.publisher, calls);
const log = recorded('prioritizations', library.prioritizations, calls);
const issuer = recorded('issuer', library.issuer, calls);
const people = recorded('people', library.people, calls);
const store = recorded('sessions', library.sessions, calls);
const directory = recorded('directory', library.directory, calls);
const settings = recorded('settings', { read: async () => library.settings }, calls);

export const mediaCatalog: typeof Ports.mediaCatalog = () => catalog;
export const deviceRegistry: typeof Ports.deviceRegistry = () => registry;
export const prioritizationLog: typeof Ports.prioritizationLog = () => log;
export const flights: typeof Ports.flights = () => catalog;
export const tinyFingerprints: typeof Ports.tinyFingerprints = () => catalog;
export const objectDigester: typeof Ports.objectDigester = () => digester;
export const mediaLibrary: typeof Ports.mediaLibrary = () => ({ catalog, storage, events, watch, digests });
export const backgroundLibrary: typeof Ports.backgroundLibrary = mediaLibrary;
export const flightWatchPorts: typeof Ports.flightWatchPorts = () => ({ events, watch });
export const digestQueue: typeof Ports.digestQueue = () => digests;
export const credentialIssuer: typeof Ports.credentialIssuer = () => issuer;
export const sessionPorts: typeof Ports.sessionPorts = () => ({ people, store });
export const workspaceDirectory: typeof Ports.workspaceDirectory = () => directory;
export const mqttAddress: typeof Ports.mqttAddress = () => 'tcp://127.0.0.1:1883';
export const dockSettingsSource: typeof Ports.dockSettingsSource = () => settings;
export const dockPorts: typeof Ports.dockPorts = () => ({ registry, publisher });
export const prioritizeFlightPorts: typeof Ports.prioritizeFlightPorts = () => ({
  catalog,
  log,
  registry,
  docks: mqttDockServices(publisher),
});
