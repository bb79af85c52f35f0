const REDIRECTS = [301, 302, 303, 307, 308];
const UNAVAILABLE = [408, 425];

export type StatusMeans =
  'token' | 'redirect' | 'busy' | 'unavailable' | 'credentials-rejected' | 'rejected' | 'bad-reply';

/** Classifies a status code of CAS. Only 200 is documented, so all others are covered by convention. */
export function classifyStatus(status: number): StatusMeans {
  if (status === 200) return 'token';
  if (REDIRECTS.includes(status)) return 'redirect';
  if (status === 429) return 'busy';
  if (UNAVAILABLE.includes(status) || (status >= 500 && status <= 599)) return 'unavailable';
  if (status === 401 || status === 403) return 'credentials-rejected';
  if (status >= 400 && status <= 499) return 'rejected';
  return 'bad-reply';
}
