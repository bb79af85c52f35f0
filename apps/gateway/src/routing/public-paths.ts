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

/**
 * Whether a registered path outside the table of routes may be served without a credential: the documentation, the
 * watch page and, in development, the list of what is here. Everything else must be in `ROUTES`.
 */
export function isPublicPath(path: string): boolean {
  return (
    path === '/' ||
    path === '/openapi.json' ||
    path === '/docs' ||
    path.startsWith('/docs/') ||
    path === '/demo' ||
    path.startsWith('/demo/')
  );
}
