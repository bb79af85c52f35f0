// Nest hands in its own rspack options for one application at a time. What comes out needs no node_modules, in
// dist/apps/<app>/:
//
//   main.js      checks Node's version and loads app.js (apps/launch.mjs)
//   app.js       the application; print-openapi.js beside it in the gateway prints the document without starting anything
//   vendor.js    the dependencies, readable but without comments; in vendor-*.js those that are loaded late
//   THIRD-PARTY-LICENSES.txt
//   files/, swagger-ui/, bull-board/
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const NODE_MODULES = join(import.meta.dirname, 'node_modules');
/** Of the package that a file belongs to. Greedy: a package may have its own node_modules. */
const PACKAGE_DIRECTORY = /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/;
/** Rebuilds are worth more than smooth starts then. */
const IS_WATCHING = process.argv.includes('--watch');

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
  'supports-color',
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

/** BullMQ's board: the page that only the gateway serves, and the code behind it. */
const BULL_BOARD_UI = join(NODE_MODULES, '@bull-board', 'ui', 'dist');

export default (options, { rspack }) => {
  const main = String(Array.isArray(options.entry) ? options.entry[0] : options.entry);
  const app = /apps\/([^/]+)\//.exec(main)?.[1];
  const isGateway = app === 'gateway';
  const place = `apps/${app}`;
  return {
    ...options,
    entry: {
      [`${place}/app`]: main,
      ...(isGateway && { [`${place}/print-openapi`]: main.replace(/main(\.ts)?$/, 'print-openapi$1') }),
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
    module: {
      ...options.module,
      parser: { javascript: { createRequire: true } },
      rules: [
        ...(options.module?.rules ?? []),
        // Its files are found beside it, so both have a place without a hash.
        {
          test: join(BULL_BOARD_UI, 'index.ejs'),
          type: 'asset/resource',
          generator: { filename: `${place}/bull-board/index.ejs` },
        },
        // It would bring a second BullMQ along, the one for CommonJS.
        {
          test: /@bull-board[\\/]api/,
          resolve: { alias: { bullmq$: join(NODE_MODULES, 'bullmq', 'dist', 'esm', 'index.js') } },
        },
      ],
    },
    // Maps of our code alone: those of 11 MB of dependencies would cost every start 0.3 s.
    devtool: false,
    optimization: {
      ...options.optimization,
      // A build with errors writes nothing, so that --watch keeps serving the previous one.
      emitOnErrors: false,
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
      minimize: !IS_WATCHING,
      minimizer: [
        // Takes the comments out, and escapes what is not ASCII: with one such character V8 keeps all of it in twice the
        // memory, 12 MB more. The last that names a source map would be believed, and cost each start 60 ms.
        new rspack.SwcJsMinimizerRspackPlugin({
          test: /\/vendor[^/]*\.js$/,
          extractComments: false,
          minimizerOptions: {
            minify: false,
            compress: false,
            mangle: false,
            format: { comments: false, beautify: true, ascii_only: true },
          },
        }),
      ],
    },
    plugins: [
      ...options.plugins,
      new rspack.SourceMapDevToolPlugin({
        include: /\/(app|print-openapi)\.js$/,
        filename: '[file].map',
        // From dist/apps/<app>/: a stack trace names files that an editor can open.
        moduleFilenameTemplate: '../../../[resource-path]',
      }),
      new rspack.IgnorePlugin({
        resourceRegExp: new RegExp(`^(${[...OPTIONAL, ...(isGateway ? [] : ['@bull-board/api'])].join('|')})(/|$)`),
      }),
      new rspack.CopyRspackPlugin({
        patterns: [
          { from: 'apps/launch.mjs', to: `${place}/main.js` },
          ...(isGateway ? SWAGGER_UI : []).map((from) => ({
            context: join(NODE_MODULES, 'swagger-ui-dist'),
            from,
            to: `${place}/swagger-ui/[name][ext]`,
          })),
          ...(isGateway ? [{ from: join(BULL_BOARD_UI, 'static'), to: `${place}/bull-board/static` }] : []),
        ],
      }),
      licences(rspack, `${place}/THIRD-PARTY-LICENSES.txt`, isGateway ? ['swagger-ui-dist', '@bull-board/ui'] : []),
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
            const directory = PACKAGE_DIRECTORY.exec(resource ?? '')?.[0];
            if (directory !== undefined) directories.add(directory);
          }
          const texts = [...new Set([...directories].map(licenceOf))].sort();
          compilation.emitAsset(file, new sources.RawSource(texts.join(`\n${'-'.repeat(80)}\n\n`)));
        });
      });
    },
  };
}

function licenceOf(directory) {
  const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const { name, version, license, author, homepage } = manifest;
  const files = readdirSync(directory).filter((entry) => /^(licen[cs]e|copying|notice)/i.test(entry));
  const texts = files.sort().map((entry) => readFileSync(join(directory, entry), 'utf8').trim());
  // Some packages state their licence by its name alone.
  if (texts.length === 0) texts.push([author?.name ?? author, homepage].filter(Boolean).join(', '));
  return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`;
}
