// Everybody can use it: both languages, keyboard alone, a phone, screen readers (axe-core).
import assert from 'node:assert/strict';
import {axeSource, photo, ready, tests} from './support.mjs';

const tabs = ['single', 'batch', 'advanced', 'models'];
const phone = {viewport: {width: 375, height: 720}, isMobile: true, hasTouch: true, deviceScaleFactor: 2};
const grave = new Set(['serious', 'critical']);

async function violations(page, rules)
{
    const found = await page.evaluate((options) => window.axe.run(document, {resultTypes: ['violations'], ...options}), rules);
    return found.violations.filter(({impact}) => grave.has(impact))
        .map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join('\n    ')}`);
}

// What axe finds that is serious or worse: all that it knows by day, and by night, when nothing but the colours is different, of those; and
// what has no name.
async function check(page, where)
{
    if (!await page.evaluate(() => Boolean(window.axe)))
        await page.addScriptTag({content: axeSource});
    await page.emulateMedia({colorScheme: 'light'});
    assert.deepEqual(await violations(page, {}), [], `${where}, by day`);
    await page.emulateMedia({colorScheme: 'dark'});
    assert.deepEqual(await violations(page, {runOnly: ['color-contrast', 'link-in-text-block']}), [], `${where}, by night`);
    await nameless(page, where);
}

const used = new Set(['button', 'link', 'checkbox', 'switch', 'radio', 'slider', 'textbox', 'combobox', 'spinbutton', 'tab', 'progressbar',
    'meter', 'dialog', 'option', 'tabpanel', 'tablist', 'radiogroup', 'listbox']);

// What can be used, or tells something, and has no name for who cannot see it.
async function nameless(page, where)
{
    const line = await page.context().newCDPSession(page);
    const {nodes} = await line.send('Accessibility.getFullAXTree');
    await line.detach();
    const known = nodes.filter(({ignored, role}) => !ignored && used.has(role?.value?.toLowerCase()));
    assert.ok(known.length > 2, `${where}: only ${known.length} elements`);
    const bad = [];
    for (const {role, name, backendDOMNodeId} of known)
        if (!name?.value?.trim())
            bad.push(`${role.value} ${backendDOMNodeId}`);
    assert.deepEqual(bad, [], where);
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

// axe is brought in as a script of the test's, which the page's own rules forbid. Colours that are on their way to others count as neither,
// so nothing moves.
const audited = {bypassCSP: true, reducedMotion: 'reduce'};

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
        await page.waitForSelector('#batch-panel', {state: 'visible'});
        assert.equal(new URL(page.url()).hash, '#batch');
        await page.keyboard.press('End');
        await page.waitForSelector('#models-panel', {state: 'visible'});
        await page.goBack();
        await page.waitForSelector('#batch-panel', {state: 'visible'});
    },

    'progress is read out politely: now and then, and at once when it ends': async (open) => {
        const page = await open({}, '#batch');
        const live = await page.evaluate(() => [...document.querySelectorAll('[aria-live], [role="status"], [role="log"], [role="timer"]')]
            .filter((element) => (element.getAttribute('aria-live') ?? 'polite') !== 'polite').length);
        assert.equal(live, 0);
        await page.evaluate(() => {
            window.read = [];
            window.seen = new Set();
            const note = () => {
                for (const element of document.querySelectorAll('main [role="status"], main [aria-live]'))
                    if (element.textContent && element.textContent !== window.read.at(-1) && element.checkVisibility())
                        window.read.push(element.textContent);
                window.seen.add(document.querySelector('.run-line')?.textContent);
                window.seen.add(document.querySelector('.photo-state')?.textContent);
            };
            new MutationObserver(note).observe(document.querySelector('main'), {subtree: true, childList: true, characterData: true});
        });
        await page.setInputFiles('#batch-panel input[multiple]', Array.from({length: 12}, (_, i) => photo(`${i}.jpg`)));
        await page.click('.staging .primary.large');
        await page.waitForFunction(() => /^Finished/.test(document.querySelector('.run-line').textContent));
        await page.click('#tab-single');
        await openExample(page);
        const [read, seen] = await page.evaluate(() => [window.read, window.seen.size]);
        assert.ok(read.some((text) => /^Finished \| done: 12/.test(text)), read.join('\n'));
        assert.match(read.at(-1), /^Restored in/);
        // Every figure that is seen would be far too much to hear.
        assert.ok(seen > 12 && read.length < seen / 2 && read.length <= 9, `${seen} seen, read: ${read.join('\n')}`);
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

    'axe finds nothing serious by day and by night, and everything that can be used has a name': async (open) => {
        const page = await open(audited);
        for (const tab of tabs) {
            await page.click(`#tab-${tab}`);
            await check(page, tab);
        }
        await page.click('#tab-advanced');
        await page.check('#advanced-panel [data-setting="save_faces"] input');
        await page.click('#tab-single');
        await openExample(page);
        await check(page, 'a photo');
        await page.click('.faces > button');
        await check(page, 'marking a face');
        await page.keyboard.press('Escape');
        await page.click('#tab-advanced');
        await check(page, 'advanced with a photo');
        await page.click('#tab-batch');
        await page.setInputFiles('#batch-panel input[multiple]', [photo('a.jpg')]);
        await check(page, 'photos chosen');
        await page.click('.staging .panel-head .quiet');
        await fillBatch(page);
        await check(page, 'a batch');
        await page.click('.card.done .card-picture');
        await page.waitForFunction(() => document.querySelector('.viewer img.after').naturalWidth > 0);
        await check(page, 'the gallery');
        await page.keyboard.press('Escape');
        await page.click('.run button:has-text("Forget")');
        await check(page, 'a question');
        await page.keyboard.press('Escape');
        await page.click('#batch-panel > .back');
        await page.check('#history-singles');
        await check(page, 'earlier batches');
    },
});
