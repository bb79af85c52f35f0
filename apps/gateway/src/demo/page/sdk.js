// The vendor's Web SDK is private: it is loaded from the configured URL, or not at all.
let loading;

/** Loads it once, and again after a failure. */
function load(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.addEventListener('load', resolve);
    script.addEventListener('error', () => {
      loading = undefined;
      script.remove();
      reject(new Error('The SDK could not be loaded.'));
    });
    document.head.append(script);
  });
  return loading;
}

export async function join(url, token, name) {
  await load(url);
  if (typeof window.WTSession?.connect !== 'function') throw new Error('The script has no WTSession.connect.');
  return window.WTSession.connect(token, name);
}
