// Nest hands in its own rspack options for one application at a time. What comes out needs no node_modules, in
// dist/apps/<app>/:
//
//   main.js      checks Node's version and loads app.js (apps/launch.mjs)
//   app.js       the application; openapi.js beside it in the gateway prints the document without starting anything
//   vendor.js    the dependencies, readable but without comments; in vendor-*.js those that are loaded late
//   THIRD-PARTY-LICENSES.txt
//   files/, swagger-ui/
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const NODE_MODULES = join(import.meta.dirname, 'node_modules');

/** What dependencies load if it is installed. It is not, and a process must be the same whether or not it is. */
const OPTIONAL = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
  'class-validator',
  'file-type',
  'msgpackr-extract',
  'pg-cloudflare',
  'pg-native',
];

/** The files that Swagger UI's page names, and those that say whose they are. */
const SWAGGER_UI = [
  'absolute-path.js',
  'package.json',
  'LICENSE',
  'NOTICE',
  'favicon-*.png',
  'swagger-ui.css',
  'swagger-ui-{bundle,standalone-preset}.js',
  'swagger-ui-{bundle,standalone-preset}.js.LICENSE.txt',
];

export default (options, { rspack }) => {
  const main = String(Array.isArray(options.entry) ? options.entry[0] : options.entry);
  const app = /apps\/([^/]+)\//.exec(main)?.[1];
  const isGateway = app === 'gateway';
  const place = `apps/${app}`;
  return {
    ...options,
    entry: {
      [`${place}/app`]: main,
      ...(isGateway && { [`${place}/openapi`]: main.replace(/main(\.ts)?$/, 'openapi$1') }),
    },
    output: {
      ...options.output,
      // Where tools/build.mjs builds before it swaps.
      path: process.env.BUILD_DIR ?? options.output.path,
      filename: '[name].js',
      chunkFilename: `${place}/vendor-[name].js`,
      // What the code names by `new URL('./file', import.meta.url)`. The hash makes a changed file restart --watch.
      assetModuleFilename: `${place}/files/[name].[contenthash:8][ext]`,
    },
    externalsPresets: { node: true },
    // It finds its files beside itself, so it is copied and not bundled.
    externals: { 'swagger-ui-dist/absolute-path.js': 'node-commonjs ./swagger-ui/absolute-path.js' },
    node: { __dirname: 'node-module', __filename: 'node-module' },
    module: { ...options.module, parser: { javascript: { createRequire: true } } },
    // Maps of our code alone: those of 11 MB of dependencies would cost every start 0.3 s.
    devtool: false,
    optimization: {
      ...options.optimization,
      // Names of files above each module of vendor.js, for whoever follows a stack trace there.
      moduleIds: 'named',
      splitChunks: {
        minSize: 0,
        cacheGroups: {
          default: false,
          defaultVendors: false,
          vendor: { chunks: 'initial', test: /node_modules/, name: `${place}/vendor`, enforce: true },
        },
      },
      minimize: true,
      minimizer: [
        // Only to take the comments out. One of them may name a source map, which Node would look for at every start.
        new rspack.SwcJsMinimizerRspackPlugin({
          test: /\/vendor[^/]*\.js$/,
          extractComments: false,
          minimizerOptions: {
            minify: false,
            compress: false,
            mangle: false,
            format: { comments: false, beautify: true },
          },
        }),
      ],
    },
    plugins: [
      ...options.plugins,
      new rspack.SourceMapDevToolPlugin({
        include: /\/(app|openapi)\.js$/,
        filename: '[file].map',
        // From dist/apps/<app>/: a stack trace names files that an editor can open.
        moduleFilenameTemplate: '../../../[resource-path]',
      }),
      new rspack.IgnorePlugin({ resourceRegExp: new RegExp(`^(${OPTIONAL.join('|')})(/|$)`) }),
      new rspack.CopyRspackPlugin({
        patterns: [
          { from: 'apps/launch.mjs', to: `${place}/main.js` },
          ...(isGateway ? SWAGGER_UI : []).map((from) => ({
            context: join(NODE_MODULES, 'swagger-ui-dist'),
            from,
            to: `${place}/swagger-ui/[name][ext]`,
          })),
        ],
      }),
      licences(rspack, `${place}/THIRD-PARTY-LICENSES.txt`, isGateway ? ['swagger-ui-dist'] : []),
    ],
  };
};

/** Writes the licence of every package of which something is in the bundle, and of those in `copied`, into one file. */
function licences({ sources }, file, copied) {
  return {
    apply(compiler) {
      compiler.hooks.thisCompilation.tap('licences', (compilation) => {
        compilation.hooks.processAssets.tap('licences', () => {
          const directories = new Set(copied.map((name) => join(NODE_MODULES, name)));
          for (const { resource } of compilation.modules) {
            if (resource?.includes('node_modules')) directories.add(packageDirectory(resource));
          }
          const texts = [...new Set([...directories].map(licenceOf))].sort();
          compilation.emitAsset(file, new sources.RawSource(texts.join(`\n${'-'.repeat(80)}\n\n`)));
        });
      });
    },
  };
}

/** The nearest one above whose package.json names a package: some packages have further ones, without a name, inside. */
function packageDirectory(resource) {
  for (let directory = dirname(resource); directory !== dirname(directory); directory = dirname(directory)) {
    const name = readIfThere(join(directory, 'package.json'), JSON.parse)?.name;
    if (name !== undefined && directory.endsWith(join('node_modules', name))) return directory;
  }
  throw new Error(`${resource} belongs to no package`);
}

function licenceOf(directory) {
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const files = readdirSync(directory)
    .filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry))
    .sort();
  const texts = files.map((entry) => readFileSync(join(directory, entry), 'utf8').trim());
  return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`;
}

function readIfThere(file, read) {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
