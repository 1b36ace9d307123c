/** What the page remembers: tokens until the web view closes, choices for longer. Passwords never. */
class Memory {
  private readonly storage: () => Storage;

  constructor(storage: () => Storage) {
    this.storage = storage;
  }

  read<Value>(name: string): Value | undefined {
    try {
      return JSON.parse(this.storage().getItem(`pilot.${name}`) ?? '') as Value;
    } catch {
      return undefined;
    }
  }

  /** A web view without storage, or a full one: the page then asks again next time. */
  write(name: string, value: unknown): void {
    try {
      if (value === undefined) this.storage().removeItem(`pilot.${name}`);
      else this.storage().setItem(`pilot.${name}`, JSON.stringify(value));
    } catch {
      // Nothing depends on it.
    }
  }
}

/** Ends with the web view. */
export const sessionMemory = new Memory(() => window.sessionStorage);

/** Stays on the controller. */
export const controllerMemory = new Memory(() => window.localStorage);
