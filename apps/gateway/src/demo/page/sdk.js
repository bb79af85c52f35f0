// The vendor's Web SDK is private: it is loaded from the configured URL, or not at all.
let loading;

/** Loads it once, and again after a failure. */
function load({ url, integrity }) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    if (integrity !== null) {
      script.integrity = integrity;
      script.crossOrigin = 'anonymous';
    }
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

/** @param sdk its URL, and its Subresource Integrity or null */
export async function join(sdk, token, name) {
  await load(sdk);
  if (typeof window.WTSession?.connect !== 'function') throw new Error('The script has no WTSession.connect.');
  return window.WTSession.connect(token, name);
}
