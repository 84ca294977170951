// What goes wrong on the way, and hundreds of photos. Against the mock only: the real server does not break on demand.
import assert from 'node:assert/strict';
import {deflateSync} from 'node:zlib';
import {photo, tests} from './support.mjs';

async function mock(server, what, values)
{
    await fetch(`${server.url}mock/${what}`, {method: 'POST', body: JSON.stringify(values)});
}

function chunk(kind, data)
{
    const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]), size = Buffer.alloc(4), sum = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([size, body, sum]);
}

// Of a PNG's chunk. zlib has it, but only newer versions of Node give it out.
function crc(bytes)
{
    let sum = ~0;
    for (const byte of bytes) {
        sum ^= byte;
        for (let bit = 0; bit < 8; bit++)
            sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
    }
    return ~sum >>> 0;
}

// A grey picture of 8 by 8 pixels.
function tinyPicture(name)
{
    const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
    const rows = Buffer.alloc(8 * 9, 128).map((value, index) => index % 9 ? value : 0);
    return {name, mimeType: 'image/png', buffer: Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header),
        chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])};
}

const row = '.model[data-model="GPEN-BFR-512"]';

tests({
    'a model’s download asks for its licence, shows its progress, and is used': async (open) => {
        const page = await open({}, '#models');
        await page.click(`${row} button`);
        assert.match(await page.textContent('.confirm'), /non-commercial/);
        await page.keyboard.press('Escape');
        assert.ok(await page.isVisible(`${row} button`));
        await page.click(`${row} button`);
        await page.click('.confirm .primary');
        await page.waitForSelector(`${row} progress`);
        await page.waitForFunction((name) => document.querySelector(name).textContent.includes('in use'), row);
        await page.waitForSelector('#news .notice');
    },

    'uploads that break off are sent again, and nothing is there twice': async (open, server) => {
        const page = await open({}, '#batch');
        await mock(server, 'break-uploads', {count: 2});
        await page.setInputFiles('#batch-panel input[multiple]', [photo('a.jpg'), photo('b.jpg')]);
        await page.click('.staging .primary.large');
        await page.waitForFunction(() => /The line broke/.test(document.querySelector('.staging-said').textContent));
        await page.waitForSelector('.run:not([hidden])');
        await page.waitForFunction(() => /^Finished \| done: 2 \| failed: 0$/.test(document.querySelector('.run-line').textContent));
    },

    'a line that is lost is said, found again, and what was missed is seen': async (open, server) => {
        const page = await open({}, '#batch');
        await page.setInputFiles('#batch-panel input[multiple]', Array.from({length: 6}, (_, i) => photo(`${i}.jpg`)));
        await page.click('.staging .primary.large');
        await page.waitForSelector('.run:not([hidden])');
        await mock(server, 'lose', {seconds: 2});
        await page.waitForSelector('#line-lost', {state: 'visible'});
        await page.waitForSelector('#line-lost', {state: 'hidden'});
        await page.waitForFunction(() => /^Finished \| done: 6/.test(document.querySelector('.run-line').textContent));
    },

    'hundreds of photos cost no more cards than a screen holds': async (open) => {
        const page = await open({}, '#batch');
        const count = 400;
        await page.setInputFiles('#batch-panel input[multiple]', Array.from({length: count},
            (_, i) => tinyPicture(`roll ${Math.floor(i / 36)}/frame-${String(i).padStart(4, '0')}.png`)));
        assert.ok(await page.locator('.staged').count() < 120);
        await page.click('.staging .primary.large');
        await page.waitForFunction((all) => document.querySelector('.chip-count')?.textContent === String(all), count);
        await page.waitForFunction(() => document.querySelector('.staging').hidden);
        assert.ok(await page.locator('.card').count() < 120);
        await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
        await page.waitForFunction(() => [...document.querySelectorAll('.card-name')].some((name) => name.textContent === 'frame-0399.png'));
        assert.ok(await page.locator('.card').count() < 120);
        assert.equal(await page.getAttribute('.card >> nth=-1', 'aria-posinset'), String(count));
    },

    'a server that does not answer is said to, and the page stands': async (open) => {
        const page = await open();
        await page.route('**/api/v1/batches*', (route) => route.abort());
        await page.setInputFiles('#single-panel input[type="file"]', photo('a.jpg'));
        await page.waitForFunction(() => /Trying again/.test(document.querySelector('.photo-state').textContent));
        await page.unroute('**/api/v1/batches*');
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
    },

    'a locked server asks for its token once, and says when it is wrong': async (open) => {
        const page = await open();
        let locked = true;
        await page.route('**/api/v1/**', (route) => locked ? route.fulfill({status: 401, contentType: 'application/problem+json',
            body: JSON.stringify({type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'A token is needed.'})})
            : route.continue());
        await page.route('**/login', (route) => {
            const right = route.request().postDataJSON().token === 'sesame';
            locked = !right;
            return right ? route.fulfill({status: 204}) : route.fulfill({status: 403, contentType: 'application/problem+json',
                body: JSON.stringify({type: 'about:blank', title: 'Forbidden', status: 403, detail: 'That is not the token.'})});
        });
        await page.reload();
        await page.waitForSelector('#login[open]');
        await page.fill('#token', 'wrong');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => document.querySelector('#login-complaint').textContent === 'That is not the token.');
        await page.fill('#token', 'sesame');
        await page.keyboard.press('Enter');
        await page.waitForSelector('html[data-ready]');
        assert.ok(await page.isVisible('.example'));
    },

    'no request goes to any other host': async (open, server) => {
        const page = await open();
        const hosts = new Set();
        page.on('request', (request) => { if (/^https?:/.test(request.url())) hosts.add(new URL(request.url()).host); });
        await page.reload();
        await page.click('.example');
        for (const tab of ['batch', 'advanced', 'models', 'single'])
            await page.click(`#tab-${tab}`);
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
        assert.deepEqual([...hosts], [new URL(server.url).host]);
    },
}, {seconds: 0.03});
