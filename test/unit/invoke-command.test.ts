import { describe, expect, it } from 'vitest';
import { runInvoke } from '../../local/invoke/command.ts';

async function invoke(args: readonly string[]) {
  let output = '';
  let errors = '';
  const exitCode = await runInvoke(
    args,
    { write: (text: string) => (output += text) },
    { write: (text: string) => (errors += text) },
  );
  return { exitCode, output, errors };
}

describe('npm run invoke', () => {
  it.each([
    [['slow-upload'], /There is no function "slow-upload"\. The functions are:\n {2}login {2,}/],
    [[], /Name a function\. The functions are:\n {2}login {2,}/],
    [['flight', '--fakes'], /flight needs --path flight_id=VALUE/],
    [['sts', '--fakes', '--path', 'flight_id=F'], /--path flight_id: the route is POST \/storage/],
    [['authorizer', '--fakes'], /authorizer needs --password PASSWORD/],
    [['take-in-changes', '--fakes'], /take-in-changes needs --object KEY, or --body MESSAGE/],
    [['config', '--fakes', '--body', '{'], /--body is not JSON/],
    [['sts', '--fakes', '--route', 'GET /x'], /sts has no route "GET \/x"\. It has:\n {2}POST \/storage/],
    [['sts', '--fakes', '--workspace', 'Survey'], /A workspace id is a lower-case UUID/],
    [['sts', '--fakes', '--query', 'x'], /Write NAME=VALUE/],
    [['sts', '--fakes', '--body', '@/nowhere.json'], /\/nowhere\.json cannot be read/],
    [['sts', '--fakes', '--event', '/nowhere.json'], /\/nowhere\.json cannot be read/],
    [['sts', '--fakes', '--recorded', '{}'], /--recorded has no object_key/],
    [['sts', '--stored', 'a'], /--stored and --recorded need --fakes/],
    [['sts', '--colour'], /unknown option '--colour'/],
  ])('refuses %j with a sentence and exit code 2', async (args, sentence) => {
    const { exitCode, output, errors } = await invoke(args);
    expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
    expect(errors).toMatch(sentence);
  });

  it('lists options and functions with --help', async () => {
    const { exitCode, output, errors } = await invoke(['--help']);
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    expect(output).toContain('--gateway-sn <serial>');
    expect(output).toMatch(/\n {2}fast-upload {2,}\w/);
  });
});
