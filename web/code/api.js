// Asking the server. Whatever goes wrong becomes a Problem, whose message is a sentence for the person.
import {language, words} from './words.js';

const passing = new Set([0, 408, 429, 502, 503, 504]); // worth another try: no connection, or a server that is busy

export class Problem extends Error {
    constructor(status, message, reason = null)
    {
        super(message);
        this.status = status; // of HTTP; 0: no answer came
        this.reason = reason; // gpen_status_name, or null
        this.mayPass = passing.has(status);
    }
}

let askForToken = null;

// `ask` has the person give the token and resolves once the server took it.
export function whenLockedOut(ask)
{
    askForToken = ask;
}

export function address(path, query = {})
{
    const url = new URL(`api/v1${path}`, document.baseURI);
    for (const [name, value] of Object.entries({...query, lang: language()}))
        if (value !== null && value !== undefined)
            url.searchParams.set(name, value);
    return url.href;
}

export function unreachable()
{
    return new Problem(0, words('problem.unreachable'));
}

export function problemOf(status, body)
{
    try {
        const problem = JSON.parse(body);
        return new Problem(status, problem.detail || problem.title, problem.reason ?? null);
    } catch {
        return new Problem(status, words('problem.status', {status: String(status)}));
    }
}

async function request(method, url, body)
{
    const headers = body === undefined ? {} : {'Content-Type': 'application/json'};
    let response;
    try {
        response = await fetch(url, {method, headers, body: body === undefined ? undefined : JSON.stringify(body)});
    } catch {
        throw unreachable();
    }
    if (response.ok)
        return response;
    if (response.status === 401 && askForToken) {
        await askForToken();
        return request(method, url, body);
    }
    throw problemOf(response.status, await response.text().catch(() => ''));
}

// The line may break within an answer, too.
function wholeOf(reading)
{
    return reading.catch(() => { throw unreachable(); });
}

async function json(method, path, body, query)
{
    const response = await request(method, address(path, query), body);
    return response.status === 204 ? null : wholeOf(response.json());
}

export const get = (path, query) => json('GET', path, undefined, query);
export const post = (path, body) => json('POST', path, body);
export const put = (path, body) => json('PUT', path, body);
export const remove = (path) => json('DELETE', path);

export async function postForPicture(path, body)
{
    const response = await request('POST', address(path), body);
    return wholeOf(response.blob());
}

export async function login(token)
{
    const url = new URL('login', document.baseURI).href;
    const response = await fetch(url, {
        method: 'POST',
        headers: {'Content-Type': 'application/json', 'Accept-Language': language()},
        body: JSON.stringify({token}),
    }).catch(() => { throw unreachable(); });
    if (!response.ok)
        throw problemOf(response.status, await response.text());
}
