/** The files of Swagger UI that its page loads. Nothing else of the package is served. */
const SWAGGER_UI_FILES = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'swagger-ui-standalone-preset.js',
  'swagger-ui-init.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
];

const SWAGGER_UI_PATHS = new Set(['/docs', '/docs/', ...SWAGGER_UI_FILES.map((file) => `/docs/${file}`)]);

/** Whether a path is one of Swagger UI's page, in exactly this spelling. */
export function isSwaggerUiPath(path: string): boolean {
  return SWAGGER_UI_PATHS.has(path);
}

const WATCH_PAGE = [
  ...['/demo', '/demo/', '/demo/config.json', '/demo/page.css'],
  ...[
    'api',
    'dom',
    'follow',
    'page',
    'problem',
    'qrcode',
    'room',
    'sdk',
    'seat',
    'session-view',
    'sha256',
    'share',
    'token',
  ].map((file) => `/demo/${file}.js`),
];
const PUBLIC_PAGES = new Set(['/', '/openapi.json', '/docs', ...WATCH_PAGE]);

/**
 * Whether a registered route outside the table of routes may be served without a credential: the documentation, the
 * watch page and, in development, the list of what is here. Everything else must be in `ROUTES`. Swagger UI's module
 * registers every file of its package below `/docs/`; which of them are answered is decided by `isSwaggerUiPath`.
 */
export function isPublicRoute(method: string, path: string): boolean {
  if (method === 'POST') return path === '/demo/key';
  if (method !== 'GET' && method !== 'HEAD') return false;
  return PUBLIC_PAGES.has(path) || path.startsWith('/docs/');
}
