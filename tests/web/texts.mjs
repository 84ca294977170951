// Every language says everything, with the same blanks; every text that the page asks for is there, and none is left over.
// Needs no browser.
import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import test from 'node:test';
const web = new URL('../../web/', import.meta.url);

// Read first, since older versions of Node take a .js file by itself for another kind of module.
async function texts(language)
{
    const source = readFileSync(new URL(`text/${language}.js`, web), 'utf8');
    return (await import(`data:text/javascript,${encodeURIComponent(source)}`)).default;
}

const english = await texts('en'), chinese = await texts('zh');

const forms = (text) => typeof text === 'string' ? [text] : Object.values(text);
const blanks = (text) => [...new Set(forms(text).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();

function code()
{
    const modules = readdirSync(new URL('code/', web)).map((name) => readFileSync(new URL(`code/${name}`, web), 'utf8'));
    return [...modules, readFileSync(new URL('index.html', web), 'utf8')].join('\n');
}

test('the languages have the same texts', () => {
    assert.deepEqual(Object.keys(chinese).sort(), Object.keys(english).sort());
});

test('a text has the same blanks in each language', () => {
    for (const key of Object.keys(english)) {
        const here = blanks(english[key]), there = blanks(chinese[key]);
        // A form for one may leave the number out, and so may a language.
        assert.deepEqual(there.filter((blank) => !here.includes(blank)), [], key);
        assert.deepEqual(here.filter((blank) => !there.includes(blank) && blank !== '{count}'), [], key);
    }
});

test('no text is empty, and Chinese ones are Chinese', () => {
    const names = /^[\w\s{}%·×:：（）/.|+-]*$/; // figures and names are the same everywhere
    for (const [key, text] of Object.entries(chinese))
        if (key !== 'plain.empty')
            for (const form of forms(text))
                assert.ok(form !== '' && (names.test(form) || /[一-鿿]/.test(form)), `${key}: ${form}`);
});

test('what the page asks for is there, and nothing is left over', () => {
    const text = code();
    const asked = new Set([...text.matchAll(/['"]([a-z]\w*(?:\.\w+)+|plain)['"]/g)].map((match) => match[1]));
    // `setting.${name}` and the like: whatever fits such a pattern may be asked for.
    const made = [...text.matchAll(/`((?:[\w.]|\$\{[^{}`]*\})+)`/g)].map((match) => match[1])
        .filter((pattern) => pattern.includes('.') && pattern.includes('${') && /\w\.|\.\w/.test(pattern.replace(/\$\{.*?\}/g, '')))
        .map((pattern) => new RegExp(`^${pattern.replace(/\./g, '\\.').replace(/\$\{.*?\}/g, '\\w+')}$`));
    const keys = Object.keys(english);
    const families = new Set(keys.map((key) => key.split('.')[0]));
    const missing = [...asked].filter((key) => families.has(key.split('.')[0]) && !(key in english));
    assert.deepEqual(missing, []);
    const unused = keys.filter((key) => !asked.has(key) && !made.some((pattern) => pattern.test(key)));
    assert.deepEqual(unused, []);
});
