import type { Environment, TrustchainEvent } from '@edmp/interface';
import { defer } from '@edmp/interface/implement';

/** Listeners to a chain's events. */
export interface EventHub {
  on(listener: (event: TrustchainEvent) => void): () => void;
  emit(event: TrustchainEvent): void;
}

/** An {@link EventHub}. A listener that throws stops neither the chain nor other listeners; its error is rethrown in a microtask of its own. */
export function eventHub(environment: Environment): EventHub {
  const listeners = new Set<(event: TrustchainEvent) => void>();
  return {
    on(listener) {
      const entry = (event: TrustchainEvent): void => listener(event);
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    emit(event) {
      if (listeners.size === 0) return;
      for (const listener of [...listeners]) {
        try {
          listener(event);
        } catch (error) {
          defer(environment, () => {
            throw error;
          });
        }
      }
    },
  };
}
