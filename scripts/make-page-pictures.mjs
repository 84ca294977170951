// Makes docs/images/page-*.png: each tab of the page, in English by day and in Chinese by night, as `gpen serve` shows it, and one
// tab on a phone. The photos in them are the two public-domain pictures of assets/example, aged in the browser.
//
//     GPEN_WEB_MODULES=build/web-modules node scripts/make-page-pictures.mjs build/gpen
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {launch, openPage, photo, root, startServer} from '../tests/web/support.mjs';

const out = join(root, 'docs', 'images');
const kinds = [{language: 'en', locale: 'en-US', colorScheme: 'light'}, {language: 'zh', locale: 'zh-CN', colorScheme: 'dark'}];
const screen = {width: 1280, height: 800}, phone = {width: 390, height: 780};

// What happened to each print, as a canvas filter; where it was cut, in parts of the picture; how it was turned.
const prints = [
    ['wedding', 'sepia(0.7) contrast(0.8) brightness(1.1)', [0.16, 0.02, 0.56, 0.56], 1],
    ['passport', 'grayscale(1) blur(1.6px)', [0.26, 0.04, 0.38, 0.38], 1],
    ['holiday', 'saturate(0.5) contrast(0.7) brightness(1.2)', [0, 0, 1, 1], -1],
    ['office', 'grayscale(1) contrast(1.2)', [0.1, 0, 0.7, 0.7], -1],
    ['album', 'sepia(0.5) blur(2px)', [0.2, 0, 0.5, 0.5], 1],
    ['portrait', 'blur(2.4px)', [0.22, 0, 0.46, 0.46], 1],
    ['garden', 'hue-rotate(12deg) saturate(0.7) blur(1px)', [0.05, 0, 0.8, 0.8], 1],
    ['newspaper', 'grayscale(1) contrast(1.6) blur(1px)', [0.18, 0.02, 0.5, 0.5], -1],
    ['slide', 'saturate(1.3) blur(1.4px) brightness(0.9)', [0, 0, 0.9, 0.9], 1],
    ['school', 'sepia(0.35) saturate(0.8)', [0.24, 0.03, 0.42, 0.42], -1],
    ['faded', 'contrast(0.6) brightness(1.3) sepia(0.2)', [0.12, 0, 0.62, 0.62], 1],
];

async function age(page, [name, filter, cut, turn])
{
    const url = `data:image/png;base64,${readFileSync(join(root, 'assets', 'example', 'astronaut.png')).toString('base64')}`;
    const made = await page.evaluate(async ([source, how, [x, y, w, h], way]) => {
        const picture = new Image();
        picture.src = source;
        await picture.decode();
        const canvas = document.createElement('canvas'), context = canvas.getContext('2d'), side = picture.naturalWidth;
        canvas.width = 640;
        canvas.height = Math.round(640 * h / w);
        context.filter = how;
        context.translate(way < 0 ? canvas.width : 0, 0);
        context.scale(way, 1);
        context.drawImage(picture, x * side, y * side, w * side, h * side, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL('image/jpeg', 0.75).split(',')[1];
    }, [url, filter, cut, turn]);
    return photo(`1962/${name}.jpg`, Buffer.from(made, 'base64'));
}

const shoot = async (page, name) => {
    await page.waitForTimeout(700); // pictures fade in
    await page.screenshot({path: join(out, `page-${name}.png`)});
};

async function showPhoto(page)
{
    await page.click('.example');
    await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])', {timeout: 90000});
    await page.evaluate(() => document.querySelector('#news').replaceChildren());
}

async function showBatch(page)
{
    const photos = [];
    for (const print of prints)
        photos.push(await age(page, print));
    photos.splice(6, 0, photo('1962/torn.jpg', photos[0].buffer.subarray(0, 9000)));
    await page.setInputFiles('#batch-panel input[multiple]', photos);
    await page.fill('#batch-name', page.url().includes('zh') ? '1962 年相册' : 'Album of 1962');
    await page.click('.staging .primary.large');
    await page.waitForFunction(() => document.querySelectorAll('.card.done').length >= 9, null, {timeout: 90000});
    await page.waitForSelector('.failed-list .failed');
}

async function pictures(browser, url, {language, ...options})
{
    const page = await openPage(browser, `${url}?${language}`, {...options, viewport: screen, reducedMotion: 'reduce'});
    await showPhoto(page);
    await shoot(page, `single-${language}`);
    await page.click('#tab-advanced');
    await shoot(page, `advanced-${language}`);
    await page.click('#tab-models');
    await shoot(page, `models-${language}`);
    await page.click('#tab-batch');
    await showBatch(page);
    await shoot(page, `batch-${language}`);
    await page.context().close();
}

const server = await startServer(), browser = await launch();
try {
    for (const kind of kinds)
        await pictures(browser, server.url, kind);
    const page = await openPage(browser, server.url, {...kinds[0], viewport: phone, deviceScaleFactor: 2, isMobile: true, hasTouch: true});
    await showPhoto(page);
    await shoot(page, 'phone');
} finally {
    await browser.close();
    await server.stop();
}
