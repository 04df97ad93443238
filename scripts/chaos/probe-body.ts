/** What a prober stores: a body that says which put it is of. */

export function bodyOf(id: string): Buffer {
  return Buffer.from(JSON.stringify({ put: id }));
}

/** The put whose body it is; undefined when it is none of a prober. */
export function putOf(body: Uint8Array): string | undefined {
  try {
    const { put } = JSON.parse(Buffer.from(body).toString()) as { put?: unknown };
    return typeof put === 'string' ? put : undefined;
  } catch {
    return undefined;
  }
}
