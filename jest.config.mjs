export default {
  testMatch: ['apps', 'clients', 'libs', 'test'].map((place) => `<rootDir>/${place}/**/*.spec.ts`),
  roots: ['<rootDir>/apps', '<rootDir>/clients', '<rootDir>/libs', '<rootDir>/test'],
  // The soak has a command of its own, which sets its length: npm run test:soak.
  testPathIgnorePatterns: ['/node_modules/', ...(process.env.SOAK_S === undefined ? ['<rootDir>/test/soak/'] : [])],
  testEnvironment: 'node',
  // For machines that do much else; nothing is tested against it.
  testTimeout: 60_000,
  // Twice the cores of the smallest machine: tests with real processes spend much of their time waiting.
  maxWorkers: 4,
  globalSetup: '<rootDir>/test/global-setup.mjs',
  globalTeardown: '<rootDir>/test/global-teardown.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@app/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    // Sources import `./x.js`, as Node wants it; here the file is still x.ts.
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        module: { type: 'es6' },
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
          experimental: { keepImportAttributes: true },
        },
      },
    ],
  },
};
