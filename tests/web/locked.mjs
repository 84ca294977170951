// Behind a proxy's path and with a token: the page asks for it once, says when it is wrong, and works.
import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ready, tests} from './support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'gpen-token-'));
const file = join(folder, 'token');
writeFileSync(file, 'open-sesame\n', {mode: 0o600});
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));

tests({
    'the token opens the page, another one does not': async (open, server) => {
        assert.match(server.url, /\/gpen\/$/);
        const page = await open({empty: true});
        await page.waitForSelector('#login[open]');
        await page.fill('#token', 'open-pepper');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => document.querySelector('#login-complaint').textContent !== '');
        await page.fill('#token', 'open-sesame');
        await page.keyboard.press('Enter');
        await ready(page);
        await page.click('.example');
        await page.waitForSelector('#single-panel .photo-head .primary:not([disabled])');
        await page.reload();
        await ready(page);
        assert.ok(await page.isHidden('#login'), 'it is asked for once');
    },
}, {options: ['--token-file', file, '--base-path', '/gpen']});
