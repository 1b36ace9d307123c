import { createHash } from 'node:crypto';
import { plural } from '../../devices/common/summary.ts';
import { fileState, type MediaFile } from '../../functions/core/media-file.ts';
import type { FlightView, LibraryView, WorkspaceView } from './library-view.ts';

/** The addresses that the page shows and uses. */
export interface PageContext {
  readonly api: string;
  readonly s3: string;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);

const inMegabytes = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/** Images that browsers can show. */
const SHOWN = /\.(jpe?g|png|webp)$/i;

/** The path of an object on the page's server. */
const objectPath = (file: MediaFile): string =>
  `/object?key=${encodeURIComponent(file.objectKey)}${file.versionId ? `&version=${encodeURIComponent(file.versionId)}` : ''}`;

const fact = (label: string, value: string | undefined): string =>
  value === undefined ? '' : `<div><dt>${label}</dt><dd>${escapeHtml(value)}</dd></div>`;

const metres = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${value.toFixed(1)} m`;

const degrees = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : `${value.toFixed(1)}°`;

/** In UTC when the device sent an offset, else as the device wrote it. */
const timeOf = ({ capture: { capturedAt: time } }: MediaFile): string | undefined =>
  time?.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');

const positionOf = ({ capture: { shootPosition: position } }: MediaFile): string | undefined =>
  position && `${position.latitude.toFixed(5)}°, ${position.longitude.toFixed(5)}°`;

const INTEGRITY = {
  verified: 'The MD5 of the stored bytes is known, and no device contradicts it',
  unverified: 'Uploaded in parts, and not read yet',
  mismatch: 'The stored bytes differ from those of the device',
} as const;

const STATE = {
  arriving: 'In the bucket; its device has not reported it yet',
  unreported: 'In the bucket for 15 minutes, and no device has reported it',
  removed: 'Removed from the bucket',
} as const;

/** Sidecars have no position. */
const flightFacts = (file: MediaFile): string =>
  file.kind === 'sidecar'
    ? ''
    : fact('above take-off', metres(file.capture.relativeAltitude)) +
      fact('altitude', metres(file.capture.absoluteAltitude)) +
      fact('gimbal yaw', degrees(file.capture.gimbalYawDegree)) +
      fact('position', positionOf(file));

/** Shown only for files that no device has reported. */
function state(file: MediaFile): string {
  const told = fileState(file, Date.now());
  return told === 'reported'
    ? ''
    : `<span class="integrity unverified" title="${STATE[told]}">${told}</span>`;
}

function renderFile(file: MediaFile): string {
  const name = escapeHtml(file.name);
  const preview = SHOWN.test(file.name)
    ? `<img src="${escapeHtml(objectPath(file))}" alt="${name}" loading="lazy">`
    : `<span class="kind">${escapeHtml(file.name.slice(file.name.lastIndexOf('.') + 1).toUpperCase())}</span>`;
  return `<li>
<a class="preview" href="${escapeHtml(objectPath(file))}">${preview}</a>
<p class="name">${name}</p>${state(file)}<span class="integrity ${file.integrity}" title="${INTEGRITY[file.integrity]}">${file.integrity}</span>
<dl>${fact('taken', timeOf(file))}${flightFacts(file)}${fact('size', inMegabytes(file.sizeInBytes))}</dl>
</li>`;
}

function renderFlight({ flightId, files }: FlightView): string {
  const reporter = files[0]?.reporter;
  const from = reporter && `${reporter.kind === 'dock' ? 'Dock' : 'Pilot 2,'} ${reporter.name}`;
  const bytes = files.reduce((sum, file) => sum + file.sizeInBytes, 0);
  const title = flightId === undefined ? 'Without a flight' : `Flight ${flightId}`;
  return `<section class="flight"><h3>${escapeHtml(title)}</h3>
<p class="summary">${escapeHtml(from ?? '')} · ${plural(files.length, 'file')} · ${inMegabytes(bytes)}</p>
<ul>${files.map(renderFile).join('')}</ul></section>`;
}

const renderWorkspace = ({ workspaceId, flights }: WorkspaceView): string =>
  `<section><h2>Workspace ${escapeHtml(workspaceId)}</h2>${flights.map(renderFlight).join('')}</section>`;

const EMPTY = `<p class="empty">Nothing here yet. Upload a folder of photos:</p><pre>npm run pilot -- --from DIR</pre>`;

/** The part of the page that changes. */
const renderLibrary = ({ workspaces, truncated }: LibraryView): string =>
  (workspaces.length === 0 ? EMPTY : workspaces.map(renderWorkspace).join('')) +
  (truncated ? '<p class="empty">There are more files than this page shows.</p>' : '');

/** The whole page, with a tag that changes with the library. */
export function renderPage(library: LibraryView, { api, s3 }: PageContext): { html: string; tag: string } {
  const main = renderLibrary(library);
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>DJI media library, local stack</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/library.css"><script src="/library.js" defer></script></head>
<body><header><h1>DJI media library</h1><p>Local stack · API <code>${escapeHtml(api)}</code> · S3 <code>${escapeHtml(s3)}</code></p></header>
<main>${main}</main></body></html>`;
  return { html, tag: createHash('sha256').update(html).digest('hex').slice(0, 16) };
}
