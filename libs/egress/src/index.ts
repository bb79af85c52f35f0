export { AddressPolicy, AddressRefusedError, type Resolver } from './address-policy.js';
export { Egress, type EgressSettings } from './egress.js';
export { egressCause, publicEgressCause } from './egress-cause.js';
export { EgressClient, type EgressClientOptions, ReplyTooLargeError, type TextReply } from './egress-client.js';
export { EgressModule } from './egress.module.js';
export { ProxyError } from './proxy-error.js';
