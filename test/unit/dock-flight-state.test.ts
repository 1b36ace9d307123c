import { describe, expect, it } from 'vitest';
import {
  type Flight,
  flightState,
  type Prioritization,
  prioritizationState,
  STALLED_AFTER_IN_SECONDS,
  UNANSWERED_AFTER_IN_SECONDS,
} from '../../functions/core/flight.ts';
import { toFlightOutput } from '../../functions/protocol/flight.ts';
import { WORKSPACE } from '../fixtures/library.ts';

const HEARD = '2026-04-12T09:30:00.000Z';
/** Milliseconds at so many seconds after it was heard. */
const at = (seconds: number) => Date.parse(HEARD) + seconds * 1000;
const QUIET = STALLED_AFTER_IN_SECONDS + 1;

const flight = (changes: Partial<Flight> = {}): Flight => ({
  expectedFileCount: 3,
  uploadedFileCount: 0,
  receivedFileCount: 1,
  receivedInBytes: 1,
  missing: [],
  workspaceId: WORKSPACE,
  flightId: 'flight-1',
  owner: 'pilot',
  lastHeardAt: HEARD,
  ...changes,
});

const wish = (changes: Partial<Prioritization> = {}): Prioritization => ({
  gatewaySn: '4TADKAQ000002J',
  tid: 't',
  bid: 'b',
  requestedAt: HEARD,
  ...changes,
});

describe('a flight', () => {
  it('is uploading when the latest message is recent', () => {
    expect(flightState(flight(), at(0))).toBe('uploading');
    expect(flightState(flight(), at(STALLED_AFTER_IN_SECONDS - 1))).toBe('uploading');
  });

  it('is stalled when files are missing and the latest message is older', () => {
    expect(flightState(flight(), at(QUIET))).toBe('stalled');
  });

  it('is uploading again after another message', () => {
    const later = flight({ lastHeardAt: new Date(at(QUIET)).toISOString() });
    expect(flightState(later, at(QUIET + 1))).toBe('uploading');
  });

  it.each([0, QUIET, 365 * 24 * 3600])(
    'is complete when all files are stored, also after %i s',
    (seconds) => {
      expect(flightState(flight({ receivedFileCount: 3 }), at(seconds))).toBe('complete');
      expect(flightState(flight({ receivedFileCount: 4 }), at(seconds))).toBe('complete');
    },
  );

  it.each(['pilot', 'dock'] as const)('is not complete by the message of a %s alone', (owner) => {
    const told = flight({ uploadedFileCount: 3, receivedFileCount: 1, owner });
    expect(flightState(told, at(0))).toBe('reported-complete');
    expect(flightState(told, at(QUIET))).toBe('reported-complete');
    expect(flightState({ ...told, receivedFileCount: 3 }, at(QUIET))).toBe('complete');
  });

  it('without an expected count is complete after a time without messages', () => {
    const untold = flight({ expectedFileCount: 0 });
    expect(flightState(untold, at(STALLED_AFTER_IN_SECONDS - 1))).toBe('uploading');
    expect(flightState(untold, at(QUIET))).toBe('complete');
  });

  it('without files is stalled', () => {
    expect(flightState(flight({ expectedFileCount: 0, receivedFileCount: 0 }), at(QUIET))).toBe('stalled');
  });

  it('with a recent request for priority is not stalled', () => {
    const { lastHeardAt: _never, ...silent } = flight({ expectedFileCount: 0, receivedFileCount: 0 });
    const asked = { ...silent, prioritization: wish() };
    expect(flightState(asked, at(5))).toBe('uploading');
    expect(flightState(asked, at(QUIET))).toBe('stalled');
    expect(flightState(silent, at(0))).toBe('stalled');
  });
});

describe('a request for priority', () => {
  it.each<[string, Partial<Prioritization>, number]>([
    ['requested', {}, UNANSWERED_AFTER_IN_SECONDS],
    ['unanswered', {}, UNANSWERED_AFTER_IN_SECONDS + 1],
    ['accepted', { result: 0 }, 5],
    ['accepted', { result: 0 }, QUIET],
    ['refused', { result: 314003 }, 5],
    ['refused', { result: -1 }, QUIET],
    ['uploading-first', { result: 0, startedAt: HEARD }, QUIET],
    ['uploading-first', { startedAt: HEARD }, 5],
  ])('is %s with %j after %i s', (state, changes, seconds) => {
    expect(prioritizationState(wish(changes), at(seconds))).toBe(state);
  });

  it('is returned with the flight', () => {
    const output = toFlightOutput('f', flight({ prioritization: wish({ result: 7 }) }), at(0));
    expect(output).toEqual({
      flight_id: 'f',
      state: 'uploading',
      expected_file_count: 3,
      uploaded_file_count: 0,
      received_file_count: 1,
      missing_files: [],
      last_heard_at: HEARD,
      prioritization: { state: 'refused', gateway_sn: '4TADKAQ000002J', requested_at: HEARD, result: 7 },
    });
  });
});
