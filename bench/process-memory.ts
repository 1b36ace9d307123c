/** What a process takes of the machine's memory, as Linux tells it: all threads, heaps, buffers and code included. */
import { readFileSync } from 'node:fs';

/** Memory of a process. */
export interface ProcessMemory {
  /** Now. */
  readonly residentInBytes: number;
  /** The most that it ever was. */
  readonly peakInBytes: number;
}

/** Reads it; needs Linux. */
export function readMemory(processId: number): ProcessMemory {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  const field = (name: string): number => {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (kibibytes === undefined) throw new Error(`Process ${processId} has no ${name}: has it ended?`);
    return Number(kibibytes) * 1024;
  };
  return { residentInBytes: field('VmRSS'), peakInBytes: field('VmHWM') };
}

/** Samples what a process takes while something else goes on. */
export class MemorySampler {
  readonly samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(processId: number, intervalInMilliseconds = 100) {
    this.#timer = setInterval(
      () => this.samples.push(readMemory(processId).residentInBytes),
      intervalInMilliseconds,
    );
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
