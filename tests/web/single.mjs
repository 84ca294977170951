// One photo: brought, compared, its look changed, faces chosen, saved, and found again after a reload.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {examplePath, photo, tests} from './support.mjs';

const saveButton = '#single-panel .photo-head .primary';

async function openExample(page)
{
    await page.click('.example');
    await page.waitForSelector(`${saveButton}:not([disabled])`);
}

// The body of the next render that the page asks for.
function nextRender(page)
{
    return page.waitForRequest((request) => request.url().includes('/render')).then((request) => request.postDataJSON());
}

// Moves a slider as a person with a keyboard does.
async function press(page, selector, key, times)
{
    await page.focus(selector);
    for (let i = 0; i < times; i++)
        await page.keyboard.press(key);
}

const strength = '#single-panel [data-setting="strength"] input[type="range"]';
const split = (page) => page.getAttribute('#single-panel .split', 'aria-valuenow').then(Number);

tests({
    'the example is restored and shown before and after': async (open) => {
        const page = await open();
        await openExample(page);
        assert.match(await page.textContent('#single-panel .photo-title .help'), /512 × 512/);
        assert.match(await page.textContent('#single-panel .photo-state'), /Restored in/);
        for (const side of ['before', 'after'])
            await page.waitForFunction((name) => document.querySelector(`#single-panel img.${name}`).naturalWidth > 0, side);
    },

    'a photo that is chosen keeps its name, however long': async (open) => {
        const page = await open();
        const name = `${'a very long name of a photo '.repeat(6)}.jpg`;
        await page.setInputFiles('#single-panel input[type="file"]', photo(name));
        await page.waitForSelector(`${saveButton}:not([disabled])`);
        assert.equal(await page.textContent('#single-panel .photo-name'), name);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    },

    'a photo is taken by dropping and by pasting': async (open) => {
        const bytes = [...readFileSync(examplePath)];
        const give = ([data, how]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(data)], `${how}.jpg`, {type: 'image/jpeg'}));
            const target = how === 'drop' ? document.querySelector('#single-panel') : document;
            target.dispatchEvent(how === 'drop' ? new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true})
                                                : new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true}));
        };
        for (const how of ['drop', 'paste']) {
            const page = await open();
            await page.evaluate(give, [bytes, how]);
            await page.waitForSelector(`${saveButton}:not([disabled])`);
            assert.equal(await page.textContent('#single-panel .photo-name'), `${how}.jpg`);
        }
    },

    'the line between before and after moves by mouse and by keyboard': async (open) => {
        const page = await open();
        await openExample(page);
        assert.equal(await split(page), 50);
        await press(page, '#single-panel .split', 'ArrowLeft', 5);
        assert.equal(await split(page), 40);
        const frame = await page.locator('#single-panel .frame').boundingBox();
        await page.mouse.move(frame.x + 0.4 * frame.width, frame.y + frame.height / 2);
        await page.mouse.down();
        await page.mouse.move(frame.x + 0.6 * frame.width, frame.y + frame.height / 2, {steps: 4});
        await page.mouse.up();
        assert.equal(await split(page), 60);
        const clip = await page.evaluate(() => document.querySelector('#single-panel img.after').style.clipPath);
        assert.ok(Number(clip.match(/([\d.]+)%\)$/)[1]) > 50, clip);
    },

    'zoom and pan by keyboard and wheel': async (open) => {
        const page = await open();
        await openExample(page);
        const shown = () => page.evaluate(() => {
            const {width, left} = document.querySelector('#single-panel .stage').getBoundingClientRect();
            return {width, left};
        });
        const all = await shown();
        await press(page, '#single-panel .frame', '+', 6);
        const close = await shown();
        assert.ok(close.width > 2 * all.width);
        await page.keyboard.press('ArrowRight');
        assert.ok((await shown()).left < close.left);
        await page.keyboard.press('0');
        assert.equal((await shown()).width, all.width);
        await page.hover('#single-panel .frame');
        await page.mouse.wheel(0, -400);
        assert.ok((await shown()).width > all.width);
    },

    'moving a slider renders at once, and it is there after a reload': async (open) => {
        const page = await open();
        await openExample(page);
        const asked = nextRender(page);
        await press(page, strength, 'ArrowLeft', 10);
        assert.ok((await asked).settings.strength < 80);
        await page.waitForFunction(() => document.querySelector('#single-panel img.after').src.startsWith('blob:'));
        await page.reload();
        await page.waitForSelector(`${saveButton}:not([disabled])`);
        assert.equal(await page.inputValue(strength), '70');
        assert.equal(await page.textContent('#single-panel .photo-name'), 'example.jpg');
    },

    'a face that is ticked off, or has a strength of its own, is rendered so': async (open) => {
        const page = await open();
        await openExample(page);
        const off = nextRender(page);
        await page.uncheck('#face-0');
        assert.deepEqual((await off).settings.face_off, [0]);
        assert.ok(await page.isDisabled('.face-strength input'));
        const on = nextRender(page);
        await page.check('#face-0');
        assert.equal((await on).settings.face_off, undefined);
        const own = page.waitForRequest((request) => request.url().includes('/render') &&
            request.postDataJSON().settings.face_strength?.[0] === 75);
        await press(page, '.face-strength input', 'ArrowLeft', 5);
        await own;
    },

    'a face that was missed is marked by keyboard and restored': async (open, server) => {
        const page = await open();
        await openExample(page);
        const before = await page.locator('.face').count();
        const asked = page.waitForRequest((request) => request.url().endsWith('/apply?lang=en'));
        await page.click('.faces > button');
        await page.waitForFunction(() => document.activeElement.classList.contains('draft'));
        await page.keyboard.press('ArrowLeft');
        await page.keyboard.press('Shift+ArrowUp');
        await page.keyboard.press('Enter');
        const [box] = (await asked).postDataJSON().settings.extra_faces;
        assert.equal(box.length, 4);
        assert.ok(box[2] - box[0] > box[3] - box[1], String(box));
        await page.waitForFunction((count) => document.querySelectorAll('.face').length > count, before);
        // What came of it is the server's to say: a face where the box was drawn, which the model restored.
        const {item} = await page.evaluate(() => JSON.parse(localStorage.getItem('gpen.single')));
        const {faces} = await (await fetch(`${server.url}api/v1/items/${item}`)).json();
        const drawn = faces.filter((face) => face.box.every((side, i) => Math.abs(side - box[i]) <= 1));
        assert.deepEqual(drawn.map((face) => face.state), ['restored'], JSON.stringify(faces));
    },

    'marking is put down by Escape, and nothing is asked': async (open) => {
        const page = await open();
        await openExample(page);
        let applied = false;
        page.on('request', (request) => { applied ||= request.url().includes('/apply'); });
        await page.click('.faces > button');
        const tools = await page.locator('#single-panel .compare-tools').boundingBox();
        const bar = await page.locator('#single-panel .mark-bar').boundingBox();
        assert.ok(tools.y + tools.height <= bar.y, 'nothing lies over the buttons');
        await page.keyboard.press('Escape');
        assert.ok(await page.isHidden('.draft'));
        assert.equal(applied, false);
    },

    'saving applies the look that is seen, and brings the file': async (open) => {
        const page = await open();
        await openExample(page);
        await press(page, strength, 'ArrowLeft', 3);
        const applied = page.waitForRequest((request) => request.url().includes('/apply'));
        const coming = page.waitForEvent('download');
        await page.click(saveButton);
        assert.equal((await applied).postDataJSON().settings.strength, 77);
        const bytes = readFileSync(await (await coming).path());
        assert.equal(bytes.readUInt16BE(0), 0xffd8, 'a JPEG, as it came');
        await page.click('.receipt summary');
        assert.ok(await page.locator('.receipt dt').count() > 0);
    },

    'what is no photo is said so': async (open) => {
        const page = await open();
        await page.setInputFiles('#single-panel input[type="file"]', {...photo('notes.txt'), mimeType: 'text/plain'});
        await page.waitForSelector('#complaints .notice');
        assert.match(await page.textContent('#complaints'), /no picture/);
    },

    'faces saved by themselves are seen before and after, and fetched': async (open) => {
        const page = await open({}, '#advanced');
        await page.check('#advanced-panel [data-setting="save_faces"] input');
        await page.click('#tab-single');
        await openExample(page);
        await page.waitForFunction(() => [...document.querySelectorAll('#single-panel .saved-face img')]
            .filter((picture) => picture.naturalWidth > 0).length >= 2);
        const saved = {};
        for (const of of ['input', 'output']) {
            const coming = page.waitForEvent('download');
            await page.click(`#single-panel .saved-face >> nth=0 >> [data-of="${of}"]`);
            saved[of] = readFileSync(await (await coming).path());
            assert.ok(saved[of].length > 1000);
        }
        assert.notDeepEqual(saved.input, saved.output);
        await page.click('#tab-advanced');
        await page.uncheck('#advanced-panel [data-setting="save_faces"] input');
        await page.click('#tab-single');
        await page.setInputFiles('#single-panel input[type="file"]', photo('without.jpg'));
        await page.waitForSelector(`${saveButton}:not([disabled])`);
        assert.equal(await page.locator('#single-panel .saved-face').count(), 0);
    },

    'a photo that fails tells why, and what to do': async (open) => {
        const page = await open();
        await page.setInputFiles('#single-panel input[type="file"]', {name: 'broken.jpg', mimeType: 'image/jpeg',
            buffer: readFileSync(examplePath).subarray(0, 20000)});
        await page.waitForSelector('.trouble button');
        assert.match(await page.textContent('.trouble'), /damaged/);
        assert.match(await page.textContent('.trouble'), /copy it from its source/);
    },

    'presets set the sliders, and a mixture is named as such': async (open, server) => {
        const page = await open();
        const choice = page.locator('#single-panel select').first();
        await openExample(page);
        const {presets} = await (await fetch(`${server.url}api/v1/settings`)).json();
        const {settings} = presets.find(({name}) => name === 'classic');
        const asked = nextRender(page);
        await choice.selectOption('classic');
        for (const name of ['strength', 'denoise', 'sharpen'])
            assert.equal(await page.inputValue(`#single-panel [data-setting="${name}"] input[type="range"]`), String(settings[name]));
        const {strength: rendered, denoise} = (await asked).settings;
        assert.deepEqual([rendered, denoise], [settings.strength, settings.denoise]);
        await press(page, strength, 'ArrowRight', 1);
        assert.equal(await choice.inputValue(), '');
        assert.match(await choice.locator('option:checked').textContent(), /mixture/);
    },
}, {seconds: 0.1});
