import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const WORKFLOWS = join(import.meta.dirname, '..', '..', '.github', 'workflows');

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Record<string, { readonly steps: { readonly uses?: string; readonly run?: string }[] }>;
}

describe.each(readdirSync(WORKFLOWS))('the workflow %s', (file) => {
  const workflow: Workflow = parse(readFileSync(join(WORKFLOWS, file), 'utf8'));
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);

  it('pins every action by commit: a tag can be moved', () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  it('pins every package that it installs', () => {
    const installs = steps.flatMap(({ run }) => run?.match(/^(?:pipx|pip) install .*$/gm) ?? []);
    expect(installs.filter((command) => !/ install [\w-]+==[\d.]+$/.test(command))).toEqual([]);
  });

  it('may only read', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
  });
});
