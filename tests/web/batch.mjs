// Many photos: chosen and thinned out, sent, followed, paused, found again after a reload; those that fail, with their reason and
// another try; the gallery and the zip.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {brokenPhoto, photo, ready, tests} from './support.mjs';

const chooser = '#batch-panel input[multiple]';
const count = 12, broken = 5;

function dozen()
{
    return Array.from({length: count}, (_, i) => {
        const name = `album-${String(i + 1).padStart(2, '0')}.jpg`;
        return i + 1 === broken ? brokenPhoto(name) : photo(name);
    });
}

async function bring(page, photos)
{
    await page.setInputFiles(chooser, photos);
    await page.waitForSelector('.staging:not([hidden])');
}

async function start(page, name)
{
    await page.fill('#batch-name', name);
    await page.click('.staging .primary.large');
    await page.waitForSelector('.run:not([hidden])');
}

const line = (page) => page.textContent('.run-line');
const finished = (page) => page.waitForFunction(() => /^(Finished|已完成)/.test(document.querySelector('.run-line').textContent),
    null, {timeout: 90000});
const figures = async (page) => (await line(page)).match(/\d+(?=\D*$)|\d+(?= \|)/g).map(Number);

tests({
    'twelve photos, one of them damaged: each is accounted for': async (open) => {
        const page = await open({}, '#batch');
        await bring(page, dozen());
        assert.match(await page.textContent('.staging h2'), /12 photos/);
        await start(page, 'A dozen');
        await page.waitForFunction(() => /^Working: photo \d+ \([\d.]+ s\) \| done: \d+ \| failed: \d+$/
            .test(document.querySelector('.run-line').textContent));
        await finished(page);
        assert.deepEqual(await figures(page), [11, 1]);
        assert.equal(await page.getAttribute('.run-bar', 'aria-valuenow'), '12');
        assert.equal(await page.locator('.card').count(), 12);
        assert.equal(await page.locator('.card.done .card-seconds').count(), 11);
        // The damaged one: what, why, what to do.
        const failed = page.locator('.failed-list .failed');
        assert.equal(await failed.count(), 1);
        const text = await failed.textContent();
        assert.match(text, /album-05\.jpg/);
        assert.match(text, /damaged and cannot be read/);
        assert.match(text, /copy it from its source/);
    },

    'a failed photo is tried again, and comes out with its reason again': async (open) => {
        const page = await open({}, '#batch');
        await page.click('.history-open >> nth=0');
        await page.waitForSelector('.failed-list .failed');
        const tried = page.waitForResponse((response) => /\/items\/\d+\/retry/.test(response.url()));
        await page.click('.failed-list .failed > button');
        assert.equal((await tried).status(), 200);
        await finished(page);
        await page.waitForSelector('.failed-list .failed');
        assert.deepEqual(await figures(page), [11, 1]);
    },

    'the gallery shows results before and after, from one to the next': async (open) => {
        const page = await open({}, '#batch');
        await page.click('.history-open >> nth=0');
        await page.click('.card.done .card-picture >> nth=0');
        await page.waitForFunction(() => document.querySelector('.viewer img.after').naturalWidth > 0);
        assert.match(await page.textContent('.viewer h2'), /album-01/);
        await page.keyboard.press('PageDown');
        assert.match(await page.textContent('.viewer h2'), /album-02/);
        for (let i = 0; i < 3; i++)
            await page.keyboard.press('PageDown');
        assert.match(await page.textContent('.viewer h2'), /album-06/, 'the damaged one is passed over');
        await page.keyboard.press('Escape');
        assert.ok(await page.isHidden('.viewer'));
    },

    'a photo of the batch can be worked on by itself': async (open) => {
        const page = await open({}, '#batch');
        await page.click('.history-open >> nth=0');
        await page.click('.card.done .card-picture >> nth=1');
        await page.click('.viewer header .quiet >> nth=0');
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
        assert.equal(await page.textContent('#single-panel .photo-name'), 'album-02.jpg');
    },

    'the zip holds the results, as an archive': async (open) => {
        const page = await open({}, '#batch');
        await page.click('.history-open >> nth=0');
        const coming = page.waitForEvent('download');
        await page.click('.run .primary:visible');
        const bytes = readFileSync(await (await coming).path());
        assert.equal(bytes.subarray(0, 4).toString('latin1'), 'PK\u0003\u0004');
        const names = new Set(bytes.toString('latin1').match(/album-\d\d\.jpg/g));
        assert.equal(names.size, 11);
    },

    'filters show what is in a state': async (open) => {
        const page = await open({}, '#batch');
        await page.click('.history-open >> nth=0');
        await page.click('.chip[data-filter="failed"]');
        await page.waitForFunction(() => document.querySelectorAll('.card').length === 1 && /album-05/.test(document.querySelector('.card').textContent));
        await page.click('.chip[data-filter="done"]');
        await page.waitForFunction(() => document.querySelectorAll('.card').length === 11);
    },

    'paused, nothing new begins; resumed, it finishes; a reload in the middle changes nothing': async (open) => {
        const page = await open({}, '#batch');
        await bring(page, dozen());
        await start(page, 'Stop and go');
        await page.click('.run button:has-text("Pause")');
        await page.waitForFunction(() => /^Paused/.test(document.querySelector('.run-line').textContent));
        const before = await line(page);
        assert.ok((await figures(page))[0] < 11, `it was paused too late to tell: ${before}`);
        await page.reload();
        await ready(page);
        await page.waitForSelector('.run:not([hidden])');
        assert.equal(await page.textContent('.run .photo-name'), 'Stop and go');
        assert.equal(await line(page), before);
        await page.click('.run button:has-text("Go on")');
        await page.waitForFunction(() => /^Working/.test(document.querySelector('.run-line').textContent));
        await page.reload();
        await ready(page);
        await finished(page);
        assert.deepEqual(await figures(page), [11, 1]);
    },

    'cancelled, what waited is cancelled and what is done stays': async (open) => {
        const page = await open({}, '#batch');
        await bring(page, [...dozen(), ...dozen().map(({name, ...rest}) => ({...rest, name: `more-${name}`}))]);
        await start(page, 'Enough');
        await page.click('.run button:has-text("Cancel")');
        await page.click('.confirm .primary');
        await page.waitForFunction(() => /^Cancelled/.test(document.querySelector('.run-line').textContent));
        assert.ok(await page.locator('.chip[data-filter="cancelled"]').isVisible());
    },

    'a photo can be left out before the start, and what is no photo is': async (open) => {
        const page = await open({}, '#batch');
        await bring(page, [photo('one.jpg'), photo('two.jpg'), {...photo('notes.txt'), mimeType: 'text/plain'}]);
        assert.match(await page.textContent('.staging h2'), /2 photos/);
        assert.match(await page.textContent('#news'), /no photo/);
        await page.click('.staged .bare >> nth=0');
        assert.match(await page.textContent('.staging h2'), /1 photo,/);
        assert.match(await page.textContent('.staged'), /two\.jpg/);
        await bring(page, [photo('three.jpg')]);
        assert.match(await page.textContent('.staging h2'), /2 photos/, 'what is added comes to what is there');
    },

    'several photos that are dropped on one go to the batch': async (open) => {
        const page = await open({}, '#single');
        await page.setInputFiles('#single-panel input[type="file"]', photo('a.jpg')).catch(() => {});
        await page.evaluate(() => {
            const transfer = new DataTransfer();
            for (const name of ['a.jpg', 'b.jpg'])
                transfer.items.add(new File(['x'], name, {type: 'image/jpeg'}));
            document.querySelector('#single-panel').dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true,
                cancelable: true}));
        });
        await page.waitForSelector('#batch-panel .staging:not([hidden])');
        assert.match(await page.textContent('.staging h2'), /2 photos/);
    },

    'single photos stand in the list only when they are asked for, and are marked there': async (open) => {
        const page = await open({}, '#single');
        await page.setInputFiles('#single-panel input[type="file"]', photo('by-itself.jpg'));
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
        await page.focus('#single-panel [data-setting="strength"] input[type="range"]');
        await page.keyboard.press('ArrowLeft');
        const saved = page.waitForEvent('download');
        await page.click('#single-panel .photo-head .primary'); // applied, it is there twice
        await saved;
        await page.reload();
        await ready(page);
        await page.click('#tab-batch');
        await page.waitForSelector('.history-list li');
        const named = page.locator('.history-list li', {hasText: 'by-itself.jpg'});
        assert.equal(await named.count(), 0);
        await page.check('#history-singles');
        await page.waitForFunction(() => [...document.querySelectorAll('.history-list li')]
            .filter((row) => row.textContent.includes('by-itself.jpg') && row.querySelector('.badge')).length === 2);
        await page.uncheck('#history-singles');
        await page.waitForFunction(() => ![...document.querySelectorAll('.history-list li')]
            .some((row) => row.textContent.includes('by-itself.jpg')));
    },

    'a batch is forgotten only after a yes': async (open) => {
        const page = await open({}, '#batch');
        await page.waitForSelector('.history-list li');
        const before = await page.locator('.history-list li').count();
        await page.click('.history-list li >> nth=0 >> .bare');
        await page.keyboard.press('Escape');
        assert.equal(await page.locator('.history-list li').count(), before);
        await page.click('.history-list li >> nth=0 >> .bare');
        await page.click('.confirm .primary');
        await page.waitForFunction((left) => document.querySelectorAll('.history-list li').length === left, before - 1);
    },
}, {seconds: 0.2});
