// What the page's tests share: a server to stand on, a browser to drive, photos to bring.
//
//     node TEST.mjs mock               against tests/web/mock_server.py
//     node TEST.mjs PROGRAM            against `PROGRAM serve`
//
// playwright-core and axe-core are looked for below the folder that GPEN_WEB_MODULES names (scripts/install.sh test puts them
// there), the browser by GPEN_CHROMIUM or by its usual names. Where one is missing the test skips, and says so.
import {spawn, spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import test from 'node:test';

const here = fileURLToPath(new URL('.', import.meta.url));
export const root = join(here, '..', '..');
const skipped = 77; // meson's status for it
export const program = process.argv[2] ?? 'mock';
export const isMock = program === 'mock';

function skip(why)
{
    console.log(`skipped: ${why}`);
    process.exit(skipped);
}

function requireModule(name)
{
    const folder = resolve(process.env.GPEN_WEB_MODULES ?? '');
    try {
        return createRequire(join(folder, 'node_modules', 'x.js'))(name);
    } catch {
        return skip(`${name} is not installed in '${folder}'; scripts/install.sh test installs it`);
    }
}

function findBrowser()
{
    // The one without windows, where there is it, does the same for half of the work.
    for (const name of [process.env.GPEN_CHROMIUM, 'chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)) {
        const found = spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], {encoding: 'utf8'}).stdout.trim();
        if (found)
            return found;
    }
    return skip('there is no Chromium on this machine');
}

if (process.env.GPEN_SANITIZED)
    skip('with sanitizers the server is tested by tests/http; the page would only be slower');
const {chromium} = requireModule('playwright-core');
export const axeSource = requireModule('axe-core').source;

// ---------------------------------------------------------------- a server

// Resolves with the first match of a pattern in what the process prints.
function printed(child, stream, pattern)
{
    return new Promise((resolve, reject) => {
        let text = '';
        child[stream].on('data', (data) => {
            text += data;
            const match = text.match(pattern);
            if (match)
                resolve(match[1]);
        });
        child.on('exit', (status) => reject(new Error(`the server stopped with status ${status}: ${text}`)));
    });
}

async function startMock(seconds)
{
    const child = spawn('python3', [join(here, 'mock_server.py'), '--seconds', String(seconds)],
        {stdio: ['ignore', 'pipe', 'inherit'], env: {...process.env, PYTHONDONTWRITEBYTECODE: '1'}});
    const port = await printed(child, 'stdout', /^(\d+)\n/);
    return {url: `http://127.0.0.1:${port}/`, stop: () => child.kill()};
}

// Starts the program on a folder and a port (0: any), until it says where it is.
async function serve(data, port, options)
{
    const child = spawn(program, ['serve', '--port', String(port), '--data', data, ...options],
        {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, GPEN_HOME: join(data, 'home')}});
    const address = /(http:\/\/[\d.]+:\d+\/\S*)/;
    const url = await Promise.race([printed(child, 'stdout', address), printed(child, 'stderr', address)]);
    return {child, url, stopped: new Promise((resolve) => { child.on('exit', resolve); })};
}

async function startProgram(options)
{
    const data = mkdtempSync(join(tmpdir(), 'gpen-web-'));
    let running = await serve(data, 0, options);
    const {url} = running;
    const end = async (signal) => {
        running.child.kill(signal);
        await running.stopped;
    };
    return {
        url,
        kill: () => end('SIGKILL'),
        again: async () => { running = await serve(data, new URL(url).port, options); },
        stop: async () => {
            await end('SIGTERM');
            rmSync(data, {recursive: true, force: true});
        },
    };
}

// seconds: what a photo takes, where that can be chosen.
export function startServer({seconds = 0.15, options = []} = {})
{
    return isMock ? startMock(seconds) : startProgram(options);
}

// ---------------------------------------------------------------- a browser

export function launch()
{
    return chromium.launch({executablePath: findBrowser(), args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu']});
}

// A page that was opened, and, unless it is to stay empty, filled. What it complains about in its console, beyond what the browser
// says of refused addresses, fails the test.
export async function openPage(browser, url, {empty = false, ...options} = {})
{
    const context = await browser.newContext({viewport: {width: 1280, height: 860}, locale: 'en-US', acceptDownloads: true, ...options});
    const page = await context.newPage();
    page.setDefaultTimeout(90000);
    page.complaints = [];
    page.on('console', (message) => {
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
            page.complaints.push(message.text());
    });
    page.on('pageerror', (error) => page.complaints.push(error.stack));
    await page.goto(url);
    if (!empty)
        await ready(page);
    return page;
}

export function ready(page)
{
    return page.waitForSelector('html[data-ready]', {timeout: 90000});
}

// Runs a file's tests one after the other, each with a server's address and a browser; stops both in the end.
export function tests(cases, serverOptions = {})
{
    test('page', async (t) => {
        const server = await startServer(serverOptions);
        const browser = await launch();
        try {
            for (const [name, run] of Object.entries(cases))
                await t.test(name, async () => {
                    const pages = [];
                    const open = async (options = {}, hash = '') => {
                        pages.push(await openPage(browser, server.url + hash, options));
                        return pages.at(-1);
                    };
                    try {
                        await run(open, server);
                        for (const page of pages)
                            if (page.complaints.length)
                                throw new Error(`the page complained: ${page.complaints.join('\n')}`);
                    } finally {
                        for (const page of pages)
                            await page.context().close();
                    }
                });
        } finally {
            await browser.close();
            await server.stop();
        }
    });
}

// ---------------------------------------------------------------- photos

export const examplePath = join(root, 'assets', 'example', 'photo-degraded.jpg');
export const example = readFileSync(examplePath);

export function photo(name, buffer = example)
{
    return {name, mimeType: 'image/jpeg', buffer};
}

// Its second half is missing.
export function brokenPhoto(name)
{
    return photo(name, example.subarray(0, example.length / 2));
}

export const modelPath = join(root, 'assets', 'weights', 'gpen-mini.safetensors');
if (!existsSync(modelPath))
    skip('the bundled model is not there');
