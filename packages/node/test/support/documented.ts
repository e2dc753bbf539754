import { openApiDocument } from '@edmp/node/http';

interface Described {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

const { paths } = openApiDocument('0.0.0') as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
};
const forms = Object.keys(paths)
  .map((path) => ({ path, form: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`) }))
  // Literal paths go before those with parameters.
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

/** What is wrong with an answer by the OpenAPI document; undefined where nothing is, or where it says nothing of the path. */
export function undocumented(method: string, url: string, answer: Response): string | undefined {
  const { pathname } = new URL(url, 'http://localhost');
  const path = forms.find(({ form }) => form.test(pathname))?.path;
  if (path === undefined) return undefined;
  const said = `${method} ${path} answered ${answer.status}`;
  const described = paths[path]?.[method.toLowerCase()];
  if (described === undefined) return answer.status === 405 || answer.status === 403 ? undefined : said;
  const response = described.responses[String(answer.status)];
  if (response === undefined) return `${said}, which is not documented`;
  const type = answer.headers.get('content-type')?.split(';')[0];
  const types = Object.keys(response.content ?? {}).map((each) => each.split(';')[0]);
  if (type === undefined || types.includes(type)) return undefined;
  return `${said} as ${type}; documented: ${types.join(', ')}`;
}
