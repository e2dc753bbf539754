import type { PublicKeyHex } from '@edmp/interface';

/** Authors that spend nothing more, in any currency: their forks, and what is proven elsewhere. */
export class Suspects {
  readonly #authors = new Set<PublicKeyHex>();

  add(author: PublicKeyHex): void {
    this.#authors.add(author);
  }

  has(author: PublicKeyHex): boolean {
    return this.#authors.has(author);
  }
}
