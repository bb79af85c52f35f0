// What must hold of the image, of docker-compose.yml and of the Helm chart's pods, really built and run: npm run test:containers. The groups run in
// this order on one deployment, and each leaves it running.
import { configuration } from './configuration.mjs';
import { hardening } from './hardening.mjs';
import { image } from './image.mjs';
import { kubernetes } from './kubernetes.mjs';
import { networks } from './networks.mjs';
import { outages } from './outages.mjs';
import { secrets } from './secrets.mjs';
import { start } from './start.mjs';
import { upgrade } from './upgrade.mjs';

/** Without a group that is `required` the others say nothing, so it always runs. */
export const CHECKS = [
  { name: 'start', checks: start, required: true },
  { name: 'image', checks: image },
  { name: 'hardening', checks: hardening },
  { name: 'secrets', checks: secrets },
  { name: 'networks', checks: networks },
  { name: 'configuration', checks: configuration },
  { name: 'outages', checks: outages },
  { name: 'upgrade', checks: upgrade },
  { name: 'kubernetes', checks: kubernetes },
];
