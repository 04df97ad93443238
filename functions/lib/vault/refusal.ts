/** Vault understood and refused: a 4xx other than 404 to a function, any refusal of a single member. */
export class VaultRefusal extends Error {
  readonly status: number;

  /** @param reason what Vault said; the message holds it, and no part of the request but its path */
  constructor(status: number, reason: string, path: string) {
    super(`Vault refused ${path} with ${status}: ${reason}`);
    this.name = 'VaultRefusal';
    this.status = status;
  }
}
