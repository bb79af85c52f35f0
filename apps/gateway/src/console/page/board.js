/**
 * Runs in the frame of BullMQ's board, before its own scripts: adds the key of the console to what they ask for. The key
 * stays in the memory of the page around the frame, which hands it out for each request; a page of another site cannot.
 */
{
  const data = new URL('api/', document.baseURI).href;
  const open = XMLHttpRequest.prototype.open;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    open.call(this, method, url, ...rest);
    const authorization = window.frameElement?.authorization?.() ?? null;
    const isData = new URL(url, document.baseURI).href.startsWith(data);
    if (isData && authorization !== null) this.setRequestHeader('authorization', authorization);
  };
}
