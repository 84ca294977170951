// The server is killed in the middle of a batch and started again: the page says so, finds it by itself, and every photo is
// accounted for.
import assert from 'node:assert/strict';
import {brokenPhoto, photo, tests} from './support.mjs';

tests({
    'killed and started again, the server loses no photo, and the page finds it': async (open, server) => {
        const page = await open({}, '#batch');
        const photos = Array.from({length: 24}, (_, i) => i === 9 ? brokenPhoto('torn.jpg') : photo(`print-${i}.jpg`));
        await page.setInputFiles('#batch-panel input[multiple]', photos);
        await page.click('.staging .primary.large');
        await page.waitForSelector('.run:not([hidden])');
        await page.waitForFunction(() => document.querySelectorAll('.card.done').length > 0);
        await server.kill();
        await page.waitForSelector('#line-lost', {state: 'visible'});
        await server.again();
        await page.waitForSelector('#line-lost', {state: 'hidden'});
        await page.waitForFunction(() => document.querySelector('.run-line').textContent === 'Finished | done: 23 | failed: 1');
        assert.equal(await page.locator('.failed-list .failed').count(), 1);
        assert.equal(await page.locator('.run-bar').getAttribute('aria-valuenow'), '24');
    },
});
