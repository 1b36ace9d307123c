import { describe, expect, it } from 'vitest';
import { PRICES } from '../../lib/prices.ts';
import { type Json, synthesise, type Template } from './synthesise.ts';

const template = synthesise();

/** The dashboard's body with references written as `<Type>`. */
const bodyOf = (made: Template): Json =>
  JSON.parse(
    made
      .only('AWS::CloudWatch::Dashboard')
      .Properties.DashboardBody['Fn::Join'][1].map((part: Json) =>
        typeof part === 'string' ? part : made.text(part),
      )
      .join(''),
  );

const body = bodyOf(template);
const widget = (title: string, of = body): Json =>
  of.widgets.find(({ properties }: Json) => properties.title?.startsWith(title))?.properties;

/** Names of the metrics of a widget. */
const namesIn = (title: string, of = body): string[] =>
  widget(title, of).metrics.map(([namespace, name]: Json) => `${namespace} ${name}`);

describe('the dashboard', () => {
  it('shows uploads and bytes', () => {
    expect(namesIn('Uploads')).toEqual(['MediaLibrary Upload', 'MediaLibrary UploadedBytes']);
    for (const metric of widget('Uploads').metrics)
      expect(metric.slice(2, 4)).toEqual(['service', 'MediaLibrary']);
  });

  it('shows flights by state', () => {
    expect(namesIn('Flights')).toEqual([
      'MediaLibrary FlightUploading',
      'MediaLibrary FlightComplete',
      'MediaLibrary FlightReportedComplete',
      'MediaLibrary FlightStalled',
    ]);
  });

  it('shows refusals, those of docks only where there are docks', () => {
    const ofDocks = ['MediaLibrary DockMessageRefused', 'MediaLibrary DeviceRefused'];
    expect(namesIn('Refusals')).toEqual(expect.arrayContaining(ofDocks));
    const withoutDocks = namesIn('Refusals', bodyOf(synthesise({ dock: { endpoint: 'none' } })));
    expect(withoutDocks.filter((name) => ofDocks.includes(name))).toEqual([]);
    expect(withoutDocks).toContain('AWS/ApiGateway 4xx');
  });

  it('shows the status of every alarm', () => {
    const { alarms } = body.widgets.at(-1).properties;
    expect(alarms).toHaveLength(template.ofType('AWS::CloudWatch::Alarm').length);
  });

  it('is there for a second stack too, with its own metrics', () => {
    const staging = synthesise({ stackName: 'Staging' });
    expect(staging.only('AWS::CloudWatch::Dashboard').Properties.DashboardName).toBeUndefined();
    expect(widget('Uploads', bodyOf(staging)).metrics[0].slice(2, 4)).toEqual(['service', 'Staging']);
  });
});

describe('the cost estimate', () => {
  const rows: Json[] = widget('Cost estimate').metrics;
  const expressions = rows.flatMap(([first]) => (typeof first === 'object' ? [first] : []));
  const ids = rows.flatMap((row) => row.at(-1).id ?? []);
  const shown = expressions.filter(({ visible }) => visible !== false);
  const factorOf = (expression: string): number => Number(expression.split(' ')[0]);

  it('is by service', () => {
    expect(shown.map(({ label }) => label)).toEqual([
      'HTTP API',
      'Functions',
      'Table',
      'Queues',
      'Logs',
      'Uploads',
      'Storage',
    ]);
  });

  it.each([
    ['HTTP API', PRICES.apiRequest],
    ['Queues', PRICES.queueRequest],
    ['Logs', PRICES.logByte],
    ['Uploads', PRICES.s3Put],
  ])('multiplies the metrics of %s by their price', (title, price) => {
    const { expression } = shown.find(({ label }) => label === title);
    expect(factorOf(expression)).toBeCloseTo(price, 15);
    const terms = /^[\d.]+ \* SUM\(\[(.+)\]\)$/.exec(expression)?.[1]?.split(',') ?? [];
    expect(terms.length).toBeGreaterThan(0);
    expect(ids).toEqual(expect.arrayContaining(terms));
  });

  it('has every function, by its memory', () => {
    const durations = rows.filter(([namespace, name]) => namespace === 'AWS/Lambda' && name === 'Duration');
    expect(durations).toHaveLength(template.functionNames.length);
    const memories = template
      .ofType('AWS::Lambda::Function')
      .map(({ Properties: { MemorySize } }) => (PRICES.functionGbSecond * MemorySize) / 1024 / 1000);
    const factors = expressions
      .filter(({ id }) => /^functions[1-9]$/.test(id))
      .map(({ expression }) => factorOf(expression).toPrecision(6));
    expect(factors.sort()).toEqual([...new Set(memories.map((factor) => factor.toPrecision(6)))].sort());
  });

  it('stays below the limits of CloudWatch: expressions of 2,048 characters, 500 metrics', () => {
    for (const { expression } of expressions) expect(expression.length).toBeLessThan(2048);
    expect(rows.length).toBeLessThan(500);
  });

  it('writes prices without exponents', () => {
    for (const { expression } of expressions) expect(expression).not.toMatch(/\de-/);
  });
});

describe('the monthly budget', () => {
  it('is not there unless it is configured', () => {
    expect(template.ofType('AWS::Budgets::Budget')).toEqual([]);
  });

  it('sends an email at 80 % spent, and when more than all of it is forecast', () => {
    const { Budget, NotificationsWithSubscribers } = synthesise({
      alarmEmail: 'ops@example.com',
      monthlyBudgetInUsd: 50,
    }).only('AWS::Budgets::Budget').Properties;
    expect(Budget).toEqual({
      BudgetType: 'COST',
      TimeUnit: 'MONTHLY',
      BudgetLimit: { Amount: 50, Unit: 'USD' },
    });
    const above = (NotificationType: string, Threshold: number) => ({
      Notification: {
        NotificationType,
        Threshold,
        ThresholdType: 'PERCENTAGE',
        ComparisonOperator: 'GREATER_THAN',
      },
      Subscribers: [{ SubscriptionType: 'EMAIL', Address: 'ops@example.com' }],
    });
    expect(NotificationsWithSubscribers).toEqual([above('ACTUAL', 80), above('FORECASTED', 100)]);
  });
});
