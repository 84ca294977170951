// Everybody can use it: both languages, keyboard alone, a phone, screen readers (axe-core).
import assert from 'node:assert/strict';
import {axeSource, photo, ready, tests} from './support.mjs';

const tabs = ['single', 'batch', 'advanced', 'models'];
const phone = {viewport: {width: 375, height: 720}, isMobile: true, hasTouch: true, deviceScaleFactor: 2};
const grave = new Set(['serious', 'critical']);

// What axe finds that is serious or worse.
async function check(page, where)
{
    await page.waitForTimeout(350); // colours that are on their way to others count as neither
    await page.addScriptTag({content: axeSource}).catch(() => {});
    const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations']}));
    const bad = violations.filter(({impact}) => grave.has(impact))
        .map(({id, nodes}) => `${where}: ${id}: ${nodes.map(({html}) => html).join('\n    ')}`);
    assert.deepEqual(bad, []);
}

async function noSidewaysScroll(page, where)
{
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(wide <= window, `${where} is ${wide} wide on a screen of ${window}`);
}

async function openExample(page)
{
    await page.click('.example');
    await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
}

async function fillBatch(page)
{
    await page.setInputFiles('#batch-panel input[multiple]', [photo('a.jpg'), photo('b.jpg', Buffer.from('no picture'))]);
    await page.click('.staging .primary.large');
    await page.waitForSelector('.failed-list .failed');
}

// axe is brought in as a script of the test's, which the page's own rules forbid.
const audited = {bypassCSP: true};

tests({
    'the browser’s language is taken, switched, and remembered': async (open) => {
        const page = await open({locale: 'zh-CN'});
        assert.equal(await page.textContent('#tab-single span'), '单图增强');
        assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
        await openExample(page);
        await page.click('#tab-batch');
        await page.click('[data-choose-language="en"]');
        for (const [tab, name] of [['single', 'Single photo'], ['batch', 'Batch'], ['advanced', 'Advanced'], ['models', 'Models']])
            assert.equal(await page.textContent(`#tab-${tab} span`), name);
        await page.waitForTimeout(300); // the server's sentences follow a moment later
        for (const tab of tabs) {
            await page.click(`#tab-${tab}`);
            const left = await page.evaluate(() => [...document.querySelectorAll('main *, .top *')]
                .filter((element) => element.offsetParent && !element.closest('[lang]:not(html)') && [...element.childNodes]
                    .some((node) => node.nodeType === 3 && /[一-鿿]/.test(node.data))).map((element) => element.textContent));
            assert.deepEqual(left.filter((text) => !text.includes('示例.jpg')), [], tab);
        }
        await page.reload();
        await ready(page);
        assert.equal(await page.getAttribute('html', 'lang'), 'en');
    },

    'light and dark are chosen and remembered': async (open) => {
        const page = await open({colorScheme: 'light'});
        const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        const light = await ground();
        await page.click('[data-choose-theme="dark"]');
        assert.notEqual(await ground(), light);
        await page.reload();
        await ready(page);
        assert.notEqual(await ground(), light);
    },

    'by keyboard alone: open the example, move the line, tick a face off, save': async (open) => {
        const page = await open();
        const until = async (want, key = 'Tab', most = 60) => {
            for (let i = 0; i < most; i++) {
                if (await page.evaluate((selector) => document.activeElement.matches(selector), want))
                    return;
                await page.keyboard.press(key);
            }
            assert.fail(`${want} was not reached`);
        };
        await until('.example');
        await page.keyboard.press('Enter');
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
        await until('.split');
        await page.keyboard.press('ArrowRight');
        assert.equal(await page.getAttribute('#single-panel .split', 'aria-valuenow'), '52');
        await until('[data-setting="strength"] input[type="range"]');
        await page.keyboard.press('ArrowLeft');
        assert.equal(await page.inputValue('#single-panel [data-setting="strength"] input[type="range"]'), '79');
        await until('#face-0');
        const rendered = page.waitForRequest((request) => request.url().includes('/render') &&
            request.postDataJSON().settings.face_off?.length === 1);
        await page.keyboard.press('Space');
        await rendered;
        await until('.photo-head .primary', 'Shift+Tab');
        const saved = page.waitForEvent('download');
        await page.keyboard.press('Enter');
        await saved;
    },

    'tabs follow arrow keys, and the address': async (open) => {
        const page = await open();
        await page.focus('#tab-single');
        await page.keyboard.press('ArrowRight');
        assert.ok(await page.isVisible('#batch-panel'));
        assert.equal(new URL(page.url()).hash, '#batch');
        await page.keyboard.press('End');
        assert.ok(await page.isVisible('#models-panel'));
        await page.goBack();
        assert.ok(await page.isVisible('#batch-panel'));
    },

    'on a phone nothing scrolls sideways, and all is there': async (open) => {
        const page = await open({...phone, ...audited});
        for (const tab of tabs) {
            await page.tap(`#tab-${tab}`);
            await noSidewaysScroll(page, tab);
        }
        await page.tap('#tab-single');
        await openExample(page);
        await noSidewaysScroll(page, 'a photo');
        await check(page, 'a photo, on a phone');
        await page.tap('#tab-batch');
        await fillBatch(page);
        await noSidewaysScroll(page, 'a batch');
        await check(page, 'a batch, on a phone');
        await page.tap('.card.done .card-picture');
        await page.waitForFunction(() => document.querySelector('.viewer img.after').naturalWidth > 0);
        await noSidewaysScroll(page, 'the gallery');
        await check(page, 'the gallery, on a phone');
    },

    ...Object.fromEntries(['light', 'dark'].map((colorScheme) => [`axe finds nothing serious, ${colorScheme}`, async (open) => {
        const page = await open({colorScheme, ...audited});
        for (const tab of tabs) {
            await page.click(`#tab-${tab}`);
            await check(page, tab);
        }
        await page.click('#tab-single');
        await openExample(page);
        await check(page, 'a photo');
        if (await page.isVisible('.faces > button')) {
            await page.click('.faces > button');
            await check(page, 'marking a face');
            await page.keyboard.press('Escape');
        }
        await page.click('#tab-advanced');
        await check(page, 'advanced with a photo');
        await page.click('#tab-batch');
        await page.setInputFiles('#batch-panel input[multiple]', [photo('a.jpg')]);
        await check(page, 'photos chosen');
        await page.click('.staging .panel-head .quiet');
        await fillBatch(page);
        await check(page, 'a batch');
    }])),
});
