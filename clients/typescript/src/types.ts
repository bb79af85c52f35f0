import type { components } from './generated/schema.js';

export type Product = components['schemas']['Session']['products'][number];
/** A seat that was taken or renewed. */
export type Seat = components['schemas']['HeldSeat'];
export type Problem = components['schemas']['Problem'];

/** A credential that a browser may hold. */
export type Ticket = components['schemas']['Ticket'];
export type TicketScope = NonNullable<components['schemas']['RoomTicketRequest']['scopes']>[number];

/** By product. A token of `P` is present; of other products it may be. */
export type Tokens<P extends Product = never> = Partial<Record<Product, string>> & Record<P, string>;

/** `P`: the products that were requested, if known. */
export type Session<P extends Product = never> = Omit<components['schemas']['Session'], 'tokens'> & {
  /** Present only while the session is ready and the credential has the scope `tokens:read`. Pass them on unchanged. */
  tokens?: Tokens<P>;
};

/** A session with its tokens. */
export type ReadySession<P extends Product = never> = Session<P> & { status: 'ready'; tokens: Tokens<P> };

/** Of a list whose elements are known when it is compiled; of any other list, and of none, `never`. */
export type ProductsIn<List extends readonly Product[]> = number extends List['length'] ? never : List[number];

/** A user's token of the public chat. */
export type ChatToken = components['schemas']['ChatToken'];

export type ReadyChatToken = ChatToken & { status: 'ready'; token: string; expiresAt: string };

/** Whether the session is ready and its tokens were returned. */
export function isReady<S extends Session>(session: S): session is S & ReadySession {
  return session.status === 'ready' && session.tokens !== undefined;
}
