import type { Caller, Principal } from './caller.js';

type Kind = Principal['kind'];

/** Of a limit, what each kind of caller may hold together, so that none of them shuts out the others. */
const SHARE_OF_KIND: Record<Kind, number> = { key: 1, user: 0.75, ticket: 0.75, anonymous: 0.25 };

/** Of a limit, what one API key may hold: one runaway server leaves room for the others. */
const SHARE_OF_KEY = 0.9;
/** What one user, or one ticket, may hold: some devices with some tabs each. */
const PER_USER = 20;
/** What one address of anonymous callers may hold: a household, or a stadium behind one address. */
const PER_ADDRESS = 600;

/** What a caller may hold of a resource of which there are `limit`. */
export function shareOfCaller(kind: Kind, limit: number): number {
  switch (kind) {
    case 'key':
      return Math.ceil(limit * SHARE_OF_KEY);
    case 'user':
    case 'ticket':
      return Math.min(PER_USER, limit);
    case 'anonymous':
      return Math.min(PER_ADDRESS, limit);
  }
}

/** What all callers of a kind may hold together of a resource of which there are `limit`. */
export function shareOfKind(kind: Kind, limit: number): number {
  return Math.ceil(limit * SHARE_OF_KIND[kind]);
}

/** Counts a limited resource of this gateway: a cap for each caller and each kind of caller beside the global one. */
export class CallerQuota {
  private total = 0;
  private readonly ofKind: Record<Kind, number> = { key: 0, user: 0, ticket: 0, anonymous: 0 };
  private readonly ofCaller = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** How many are in use. */
  get used(): number {
    return this.total;
  }

  /** Takes one. @returns the function that gives it back (once), or null if a cap is reached */
  take({ quotaKey, principal: { kind } }: Pick<Caller, 'quotaKey' | 'principal'>): (() => void) | null {
    const own = this.ofCaller.get(quotaKey) ?? 0;
    const full =
      this.total >= this.limit ||
      this.ofKind[kind] >= shareOfKind(kind, this.limit) ||
      own >= shareOfCaller(kind, this.limit);
    if (full) return null;
    this.change(kind, quotaKey, 1);
    let held = true;
    return () => {
      if (held) this.change(kind, quotaKey, -1);
      held = false;
    };
  }

  private change(kind: Kind, quotaKey: string, by: 1 | -1): void {
    this.total += by;
    this.ofKind[kind] += by;
    const own = (this.ofCaller.get(quotaKey) ?? 0) + by;
    if (own === 0) this.ofCaller.delete(quotaKey);
    else this.ofCaller.set(quotaKey, own);
  }
}
