// Models and the machine: what is used, a file of one's own, a download with its licence, the person's presets.
import assert from 'node:assert/strict';
import {modelPath, photo, ready, tests} from './support.mjs';
import {readFileSync} from 'node:fs';

const weights = (name) => ({name, mimeType: 'application/octet-stream', buffer: readFileSync(modelPath)});
const row = (name) => `.model[data-model="${name}"]`;

tests({
    'what is used stands there, and bundled models are named as such': async (open) => {
        const page = await open({}, '#models');
        assert.match(await page.textContent('#use-restorer'), /gpen-mini/);
        assert.match(await page.textContent(row('gpen-mini')), /bundled/);
        assert.match(await page.textContent(row('gpen-mini')), /in use/);
        assert.ok(await page.isVisible('.at-work .hint-box'));
        assert.match(await page.textContent('.machine-facts'), /processor/);
    },

    'a model is imported, chosen, and still chosen after a reload': async (open) => {
        const page = await open({}, '#models');
        await page.setInputFiles('.import-drop input', weights('my-own.safetensors'));
        await page.waitForSelector(row('my-own'));
        await page.selectOption('#use-restorer', 'my-own');
        await page.waitForFunction((name) => document.querySelector(name).textContent.includes('in use'), row('my-own'));
        await page.reload();
        await ready(page);
        assert.equal(await page.inputValue('#use-restorer'), 'my-own');
        await page.selectOption('#use-restorer', '');
        await page.waitForFunction(() => document.querySelector('#use-restorer').value === '');
    },

    'a file that is no model is refused in words': async (open) => {
        const page = await open({}, '#models');
        await page.setInputFiles('.import-drop input', {name: 'broken.safetensors', mimeType: 'application/octet-stream',
            buffer: Buffer.from('no model')});
        await page.waitForSelector('#complaints .notice');
        assert.match(await page.textContent('#complaints'), /could not be installed: \S+/);
    },

    'the machine is used as the person says, and automatically again': async (open) => {
        const page = await open({}, '#models');
        await page.fill('#machine-threads', '1');
        await page.press('#machine-threads', 'Tab');
        await page.waitForSelector('#news .notice');
        await page.reload();
        await ready(page);
        assert.equal(await page.inputValue('#machine-threads'), '1');
        await page.fill('#machine-threads', '');
        await page.press('#machine-threads', 'Tab');
        await page.waitForSelector('#news .notice');
    },

    'what only a graphics card can do is not offered without one, and why': async (open, server) => {
        const page = await open({}, '#models');
        await page.waitForSelector('.machine-facts dd');
        assert.equal((await (await fetch(`${server.url}api/v1/system`)).json()).device, 'cpu');
        assert.ok(await page.isDisabled('#machine-batch_size'));
        const why = await page.getAttribute('#machine-batch_size', 'aria-describedby');
        assert.match(await page.textContent(`#${why}`), /no graphics card/);
        assert.ok(await page.isVisible(`#${why}`));
        assert.ok(await page.isDisabled('#machine-device option[value="cuda"]'));
        assert.ok(await page.isDisabled('#machine-precision option[value="fp16"]'));
        for (const id of ['precision', 'workers', 'threads'])
            assert.ok(await page.isEnabled(`#machine-${id}`), id);
        await page.route('**/api/v1/system*', async (route) => {
            const response = await route.fetch();
            await route.fulfill({response, json: {...await response.json(), device: 'cuda:0'}});
        });
        await page.reload();
        await ready(page);
        await page.waitForFunction(() => !document.querySelector('#machine-batch_size').disabled);
        assert.ok(await page.isHidden(`#${why}`));
    },

    'the space for photos is set, told, and room is made': async (open, server) => {
        const page = await open({}, '#models');
        await page.fill('#machine-kept_mib', '2');
        await page.press('#machine-kept_mib', 'Tab');
        await page.waitForSelector('#news .notice');
        const {chosen, storage} = await (await fetch(`${server.url}api/v1/system`)).json();
        assert.deepEqual([chosen.kept_mib, storage.most], [2048, 2 ** 31]);
        await page.fill('#machine-kept_mib', '');
        await page.press('#machine-kept_mib', 'Tab');
        await page.click('#tab-batch');
        await page.setInputFiles('#batch-panel input[multiple]', [photo('a.jpg'), photo('b.jpg')]);
        await page.click('.staging .primary.large');
        await page.waitForFunction(() => /^Finished/.test(document.querySelector('.run-line').textContent));
        await page.click('#batch-panel > .back');
        await page.waitForSelector('.room:not([hidden])');
        await page.selectOption('.room select', '0');
        await page.click('.room button');
        await page.click('.confirm .primary');
        await page.waitForSelector('.room', {state: 'hidden'});
        assert.match(await page.textContent('#news'), /are free/);
        assert.equal(await page.locator('.history-list li').count(), 0);
    },

    'a preset of the person’s own is kept, used and forgotten': async (open) => {
        const page = await open({}, '#advanced');
        const contrast = '#advanced-panel [data-setting="contrast"] input[type="range"]';
        await page.focus(contrast);
        for (let i = 0; i < 7; i++)
            await page.keyboard.press('ArrowRight');
        await page.fill('#preset-name', 'Album 1962 相册');
        await page.press('#preset-name', 'Enter');
        const mine = page.locator('.preset-use', {hasText: 'Album 1962 相册'});
        await mine.waitFor();
        assert.equal(await mine.getAttribute('aria-pressed'), 'true');
        await page.click('.presets-panel .panel-head .quiet');
        assert.equal(await page.inputValue(contrast), '0');
        await mine.click();
        assert.equal(await page.inputValue(contrast), '7');
        await page.reload();
        await ready(page);
        assert.equal(await page.inputValue(contrast), '7');
        await page.locator('.preset', {has: mine}).locator('.bare').click();
        await page.click('.confirm .primary');
        await mine.waitFor({state: 'detached'});
    },

    'a number out of range is refused where it stands': async (open) => {
        const page = await open({}, '#advanced');
        const field = '#advanced-panel [data-setting="max_edge"] input';
        await page.fill(field, '5');
        await page.press(field, 'Tab');
        assert.match(await page.textContent('#advanced-panel [data-setting="max_edge"] .complaint'), /16 to 65,500/);
        await page.fill(field, '2000');
        await page.press(field, 'Tab');
        assert.ok(await page.isHidden('#advanced-panel [data-setting="max_edge"] .complaint'));
    },
});
