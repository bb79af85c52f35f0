import { isScope, type Scope } from '@app/kernel';

export interface ScopeSettings {
  /** The name of the claim, or the path of a nested one. */
  scopeClaim: string;
  /** Removed from the names in the claim; names without it are ignored. Empty if they have none. */
  scopePrefix: string;
  /** Scopes granted by other names. */
  scopeMap: ReadonlyMap<string, readonly Scope[]>;
  /** Whether the claim may grant `admin`. */
  allowAdmin: boolean;
  /** Granted if the claim grants none. */
  defaultScopes: readonly Scope[];
}

/** The scopes of the user whose token has these claims. Names that grant nothing here, such as `openid`, are ignored. */
export function scopesOf(claims: object, settings: ScopeSettings): ReadonlySet<Scope> {
  const { scopeClaim, scopePrefix, scopeMap, allowAdmin, defaultScopes } = settings;
  const granted = namesIn(claimAt(claims, scopeClaim)).flatMap((full) => {
    if (!full.startsWith(scopePrefix)) return [];
    const name = full.slice(scopePrefix.length);
    return scopeMap.get(name) ?? (isScope(name) ? [name] : []);
  });
  const allowed = granted.filter((scope) => scope !== 'admin' || allowAdmin);
  return new Set(allowed.length > 0 ? allowed : defaultScopes);
}

/**
 * The value at a path of names joined by dots. Names may contain dots themselves (`https://example.com/roles`, Keycloak's
 * client ids): the longest that is there counts, so the whole path as one name comes first.
 */
export function claimAt(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const found = Object.hasOwn(value, name)
      ? claimAt((value as Record<string, unknown>)[name], path.slice(dot + 1))
      : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Space-separated text or a list, whose entries may contain spaces. */
function namesIn(claim: unknown): string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((name) => typeof name === 'string') : [];
}
