// Shows files as they come in: asks for the page again and swaps what has changed.
const INTERVAL_IN_MILLISECONDS = 3000;
let tag;

async function refresh() {
  if (document.hidden) return;
  const response = await fetch('/', tag ? { headers: { 'if-none-match': tag } } : {});
  if (response.status !== 200) return;
  const changed = tag !== undefined && response.headers.get('etag') !== tag;
  tag = response.headers.get('etag');
  if (!changed) return;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  document.querySelector('main').replaceWith(page.querySelector('main'));
}

refresh();
setInterval(() => refresh().catch(() => {}), INTERVAL_IN_MILLISECONDS);
