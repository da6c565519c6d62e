/** A value that components can follow, and that outlives them. */

import { useSyncExternalStore } from "react";

export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  get = (): T => this.value;

  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of this.listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A store that is kept in this browser under a name; what does not parse is the default. */
export function persistedStore<T>(name: string, fallback: T, storage: () => Storage = () => localStorage): Store<T> {
  let first = fallback;
  try {
    const said = storage().getItem(name);
    if (said !== null) first = JSON.parse(said) as T;
  } catch {
    // A browser that keeps nothing, or something else under our name: the default stands.
  }
  const store = new Store(first);
  store.subscribe(() => {
    try {
      storage().setItem(name, JSON.stringify(store.get()));
    } catch {
      // Full or forbidden: the value holds until the page is left.
    }
  });
  return store;
}
