// Nest hands in its own rspack options for one application at a time. The gateway gets a second entry, which writes
// openapi.json without starting anything. BUILD_DIR is where tools/build.mjs builds before it swaps.
export default (options) => {
  const main = Array.isArray(options.entry) ? options.entry[0] : options.entry;
  const app = /apps\/([^/]+)\//.exec(String(main))?.[1];
  const entry = { [`apps/${app}/main`]: main };
  if (app === 'gateway') entry['apps/gateway/print-openapi'] = String(main).replace(/main(\.ts)?$/, 'print-openapi$1');
  const path = process.env.BUILD_DIR ?? options.output.path;
  const output = {
    ...options.output,
    path,
    filename: '[name].js',
    // What the code names by `new URL('./file', import.meta.url)`. The hash makes a changed file restart --watch.
    assetModuleFilename: `apps/${app}/files/[name].[contenthash:8][ext]`,
  };
  // A build with errors writes nothing, so that --watch keeps serving the previous one.
  return { ...options, entry, output, optimization: { ...options.optimization, emitOnErrors: false } };
};
