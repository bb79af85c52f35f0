// Who may import whom: the table of docs/architecture.md, kept by `npm run check`.
const SHARED = ['config', 'observability', 'tracing', 'kernel'];
const MAY_IMPORT = {
  'apps/gateway': [
    'connections',
    'entities',
    'queue',
    'events',
    'sealing',
    'identity-provider',
    'egress',
    'trace-export',
    ...SHARED,
  ],
  'apps/worker': ['connections', 'entities', 'queue', 'sealing', 'cas-client', 'egress', 'trace-export', ...SHARED],
  'apps/cas-sandbox': SHARED,
  'apps/cli': ['connections', 'entities', 'queue', 'sealing', 'cas-client', 'identity-provider', 'egress', ...SHARED],
  'libs/entities': ['connections', 'tracing', 'kernel', 'config'],
  'libs/cas-client': ['egress', 'tracing', 'kernel', 'config'],
  'libs/identity-provider': ['egress', 'kernel', 'config'],
  'libs/egress': ['kernel', 'config'],
  'libs/queue': ['connections', 'tracing', 'kernel', 'config'],
  'libs/events': ['connections', 'kernel', 'config'],
  'libs/sealing': ['kernel', 'config'],
  'libs/connections': ['kernel', 'config'],
  'libs/config': ['kernel'],
  'libs/observability': ['tracing', 'kernel', 'config'],
  'libs/tracing': [],
  'libs/trace-export': ['egress', 'observability', 'tracing', 'kernel', 'config'],
  'libs/kernel': [],
};

const LIBS = Object.keys(MAY_IMPORT).flatMap((place) => (place.startsWith('libs/') ? [place.slice(5)] : []));

const libRules = Object.entries(MAY_IMPORT).map(([place, allowed]) => ({
  name: `${place.replace('/', '-')}-imports`,
  comment: `${place} may import: ${allowed.join(', ') || 'nothing'}`,
  severity: 'error',
  from: { path: `^${place}/` },
  to: { path: `^libs/(${LIBS.filter((lib) => !allowed.includes(lib) && place !== `libs/${lib}`).join('|')})/` },
}));

const onlyIn = (name, place, packages) => ({
  name,
  severity: 'error',
  from: { path: '^(apps|libs)/', pathNot: `^${place}/|\\.spec\\.ts$` },
  to: { path: `^node_modules/(${packages})/` },
});

export default {
  forbidden: [
    ...libRules,
    {
      name: 'libs-by-their-index',
      comment: 'A lib is entered through its index.ts',
      severity: 'error',
      from: { path: '^(apps|libs|test)/([^/]+)/' },
      to: { path: '^libs/([^/]+)/src/(?!index\\.ts$)', pathNot: '^libs/$2/' },
    },
    {
      name: 'apps-are-islands',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    { name: 'libs-know-no-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    {
      name: 'clients-know-no-server',
      comment: 'A client is taken out of this repository: it may import nothing else of it',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(apps|libs|tools|test)/' },
    },
    {
      name: 'clients-know-no-other-client',
      severity: 'error',
      from: { path: '^clients/([^/]+)/' },
      to: { path: '^clients/', pathNot: '^clients/$1/' },
    },
    {
      name: 'conformance-kit-has-no-dependencies',
      severity: 'error',
      from: { path: '^clients/conformance/' },
      to: { path: '^node_modules/' },
    },
    { name: 'servers-know-no-client', severity: 'error', from: { path: '^(apps|libs)/' }, to: { path: '^clients/' } },
    { name: 'code-knows-no-tools', severity: 'error', from: { path: '^(apps|libs)/' }, to: { path: '^(tools|test)/' } },
    {
      name: 'tools-know-no-code',
      severity: 'error',
      from: { path: '^tools/' },
      to: { path: '^(apps|clients|libs|test)/' },
    },
    onlyIn('typeorm-in-entities', 'libs/entities', 'typeorm|@nestjs/typeorm'),
    onlyIn('bullmq-in-queue', 'libs/queue', 'bullmq|@nestjs/bullmq'),
    onlyIn('opentelemetry-in-tracing', 'libs/(?:tracing|trace-export)', '@opentelemetry/[^/]+'),
    onlyIn('undici-in-egress-and-cas-client', 'libs/(?:egress|cas-client)', 'undici'),
    {
      name: 'no-dev-dependencies-in-the-product',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-folder-cycles',
      comment: 'Imports run downhill between folders too: two folders that import each other are one folder',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(apps|libs)/' },
      to: { circular: true },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      // The watch page and the console load these modules from their server, not from files beside them.
      to: { couldNotResolve: true, pathNot: '^[.]/(?:qrcode|uplot)[.]js$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^clients/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
