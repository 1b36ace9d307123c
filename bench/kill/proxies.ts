/** Proxies in front of every service that functions and devices talk to, with addresses that outlive the stack. */
import type { Endpoints } from '../../local/endpoints.ts';
import type { Addresses } from '../../packages/local-aws/index.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { type ErrorForm, type Exchange, type Fault, ServiceProxy } from '../service-proxy.ts';
import { TcpProxy } from '../tcp-proxy.ts';

const ERROR_FORMS = {
  api: 'api',
  s3: 's3-xml',
  dynamodb: 'json',
  sts: 'sts-xml',
  sqs: 'json',
  iot_data: 'json',
} as const satisfies Partial<Record<keyof Endpoints, ErrorForm>>;

/** Functions keep credentials, so they ask STS for some after a start only. */
const STS_FACTOR = 3;

/** A service behind a proxy. */
export type ProxiedService = keyof typeof ERROR_FORMS;

/** Who hears of what was answered. */
export type Listeners = Partial<Readonly<Record<ProxiedService, (exchange: Exchange) => void>>>;

/** Counts the requests to all services together. */
class RequestCounter {
  #left = 0;
  #reached: (() => void) | undefined;

  count(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#reached?.();
    this.#reached = undefined;
  }

  reach(number: number): Promise<void> {
    this.#left = number;
    return new Promise((resolve) => {
      this.#reached = resolve;
    });
  }
}

/** All proxies. */
export class Proxies {
  readonly #services: ReadonlyMap<ProxiedService, ServiceProxy>;
  readonly #mqtt: TcpProxy;
  readonly #counter: RequestCounter;

  private constructor(
    services: ReadonlyMap<ProxiedService, ServiceProxy>,
    mqtt: TcpProxy,
    counter: RequestCounter,
  ) {
    this.#services = services;
    this.#mqtt = mqtt;
    this.#counter = counter;
  }

  static async listen(random: SeededRandom, listeners: Listeners): Promise<Proxies> {
    const services = new Map<ProxiedService, ServiceProxy>();
    const counter = new RequestCounter();
    const onRequest = (): void => counter.count();
    for (const [name, errorForm] of Object.entries(ERROR_FORMS) as [ProxiedService, ErrorForm][]) {
      const onExchange = listeners[name];
      const options = { errorForm, random: random.fork(name), onRequest, ...(onExchange && { onExchange }) };
      services.set(name, await ServiceProxy.listen(options));
    }
    return new Proxies(services, await TcpProxy.listen(), counter);
  }

  /** Where functions find the services. */
  get addressesForFunctions(): Addresses {
    return Object.fromEntries([...this.#services].map(([name, { address }]) => [name, address]));
  }

  /** Where Pilot finds the API. */
  get api(): string {
    return this.#services.get('api')?.address ?? '';
  }

  /** Where docks find the broker. */
  get mqtt(): string {
    return `mqtt://127.0.0.1:${this.#mqtt.port}`;
  }

  /** What has happened to requests, by service. */
  get faults(): ReadonlyMap<ProxiedService, ReadonlyMap<Fault, number>> {
    return new Map([...this.#services].map(([name, { faults }]) => [name, faults]));
  }

  /** Sets the share of the requests that something happens to. */
  setFaultRate(rate: number): void {
    for (const [name, service] of this.#services)
      service.faultRate = rate * (name === 'sts' ? STS_FACTOR : 1);
  }

  /** Resolves at the n-th request from now on, before anything happens to it. */
  nextRequest(number: number): Promise<void> {
    return this.#counter.reach(number);
  }

  /** Follows the stack; undefined while it is gone. */
  lead(endpoints: Endpoints | undefined): void {
    for (const [name, service] of this.#services) service.lead(endpoints?.[name]);
    this.#mqtt.lead(endpoints?.mqtt);
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
    this.#mqtt.close();
  }
}
