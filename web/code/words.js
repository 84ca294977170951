// The page's words in the language of the person: said once, said again when the language changes. Texts stand in
// text/en.js and text/zh.js and nowhere else.
import {keep, recall} from './memory.js';
import english from '../text/en.js';
import chinese from '../text/zh.js';

const languages = {en: english, zh: chinese};
const listeners = new Set();
const said = new WeakMap(); // element -> Map(attribute or '' -> {key, values})
let current = recall('language') ?? (navigator.languages.some((tag) => /^zh\b/i.test(tag)) ? 'zh' : 'en');
if (!languages[current])
    current = 'en';

export function language()
{
    return current;
}

// A text may have a form for one and one for others; `count` decides.
function form(text, values)
{
    if (typeof text === 'string')
        return text;
    return text[new Intl.PluralRules(current).select(Number(values.count))] ?? text.other;
}

// {name} in a text stands for values.name; a value may be a function, asked again in each language.
export function words(key, values = {})
{
    const text = languages[current][key];
    if (text === undefined)
        throw new Error(`no text is called ${key}`);
    const asked = Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, typeof value === 'function' ? value() : value]));
    return form(text, asked).replace(/\{(\w+)\}/g, (whole, name) => {
        const value = asked[name] ?? whole;
        return typeof value === 'number' ? number(value) : value;
    });
}

function speak(element, attribute, {key, values})
{
    if (attribute)
        element.setAttribute(attribute, words(key, values));
    else
        element.textContent = words(key, values);
}

// Puts a text into an element, or into one of its attributes, and keeps it in the language of the page.
export function say(element, key, values = {}, attribute = '')
{
    if (!said.has(element))
        said.set(element, new Map());
    said.get(element).set(attribute, {key, values});
    element.dataset.said = '';
    speak(element, attribute, {key, values});
}

// For what a page file says by data-text="key", data-label="key", data-title="key", data-hint="key".
export function sayPage()
{
    const places = {text: '', label: 'aria-label', title: 'title', hint: 'placeholder'};
    for (const [name, attribute] of Object.entries(places))
        for (const element of document.querySelectorAll(`[data-${name}]`))
            say(element, element.dataset[name], {}, attribute);
    document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
    document.title = words('page.title');
}

export function chooseLanguage(chosen)
{
    if (chosen === current || !languages[chosen])
        return;
    current = chosen;
    keep('language', chosen);
    sayPage();
    for (const element of document.querySelectorAll('[data-said]'))
        for (const [attribute, word] of said.get(element) ?? [])
            speak(element, attribute, word);
    listeners.forEach((listener) => listener(chosen));
}

export function onLanguage(listener)
{
    listeners.add(listener);
}

// ---------------------------------------------------------------- numbers as people write them

export function number(value, digits = 0)
{
    return new Intl.NumberFormat(current, {minimumFractionDigits: digits, maximumFractionDigits: digits}).format(value);
}

export function bytes(value)
{
    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let unit = 0;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1024;
        unit++;
    }
    return `${number(value, unit > 1 && value < 100 ? 1 : 0)} ${units[unit]}`;
}

// Seconds that something took.
export function seconds(value)
{
    return words('time.short', {seconds: number(value, value < 100 ? 1 : 0)});
}

// Seconds that something will take; nobody wants these exactly.
export function remaining(value)
{
    if (value < 55)
        return words('time.seconds', {count: Math.max(5, Math.ceil(value / 5) * 5)});
    if (value < 55 * 60)
        return words('time.minutes', {count: Math.max(1, Math.round(value / 60))});
    return words('time.hours', {hours: number(value / 3600, 1)});
}

export function moment(milliseconds)
{
    return new Intl.DateTimeFormat(current, {dateStyle: 'medium', timeStyle: 'short'}).format(milliseconds);
}
