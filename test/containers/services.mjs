/** Services that run until they are stopped. */
export const LASTING = ['postgres', 'redis', 'cas-sandbox', 'worker', 'gateway'];
/** Services that do their work and end. */
export const ONCE = ['migrate', 'roles'];
/** Services that run a process of this project. */
export const OURS = ['migrate', 'cas-sandbox', 'worker', 'gateway'];
