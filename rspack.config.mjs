// Nest hands in its own rspack options for one application at a time. The gateway gets a second entry, which writes
// openapi.json without starting anything.
export default (options) => {
  const main = Array.isArray(options.entry) ? options.entry[0] : options.entry;
  const app = /apps\/([^/]+)\//.exec(String(main))?.[1];
  const entry = { [`apps/${app}/main`]: main };
  if (app === 'gateway') entry['apps/gateway/openapi'] = String(main).replace(/main(\.ts)?$/, 'openapi$1');
  return { ...options, entry, output: { ...options.output, filename: '[name].js' } };
};
